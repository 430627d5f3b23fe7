"""The motifs that filters learned, named and unmatched, and what each filter does."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import pandas as pd

from danq.motif.meme import Motif
from danq.report.ablation_figure import ablation_drawings
from danq.report.findings.motifs import (
    RELATED,
    Known,
    Layer,
    best_of_each_factor_first,
    factors_by_model,
    filter_counts,
    layers,
    recovery,
    unmatched_filters,
)
from danq.report.findings.training import first_trainings
from danq.report.logos import logo
from danq.report.page import Cell, Column, Fold, Gallery, Logo, Section, Table, table, table_of
from danq.report.run import Run
from danq.report.run_trainings import WORD, Trained
from danq.report.sections.motif_matrix import motif_matrix
from danq.report.sections.pieces import page_figures
from danq.report.words import listed, number, plural, sentence, title

MOST_NAMED = 24
"""Named filters drawn for each layer, at most."""

MOST_UNMATCHED = 6
"""Unmatched filters drawn for each layer, at most."""

LAYERS = {"filter": "", "second": ", second layer"}
"""What is added to a model's name for the filters of a layer."""

_OF_KINDS = ("words", "named_words", "random_factors")
"""Columns that tell filters apart by how they began; nothing where all began at random."""

_BY_RANDOM = "found by filters begun at random"
"""Heading of what is found without the filters that began as words."""

_KINDS = "Begun as words: with a word that is enriched in the training windows of a target."


def filters(run: Run, known: Known) -> Section:
    """Show the motifs that filters learned, and what each filter does.

    Parameters
    ----------
    run : Run
        A finished run.
    known : dict of str to Motif
        The known motifs that filters were compared with, by name.

    Returns
    -------
    Section
    """
    trained = [training for training in run.trained if not training.matches.empty]
    if not trained:
        return Section("motifs", "The motifs", text=["This run has no motifs."])
    first = first_trainings(trained)
    logos: list[Gallery] = []
    for layer in layers(first):
        logos += galleries(layer, known)
    expected = expected_table(run, trained, known)
    counted = [filter_table(trained), expected, factor_table(run, trained, known)]
    return Section(
        anchor="motifs",
        title="The motifs",
        text=_text(trained, known),
        figures=page_figures(*ablation_drawings(run, first)),
        tables=[motif_matrix(run, trained, known)],
        folds=[
            Fold("Filters counted, and which seeds found what", tables=counted),
            Fold(_all_logos(logos), galleries=logos, printed=False),
        ],
    )


def _all_logos(galleries_of_all: Sequence[Gallery]) -> str:
    n_drawn = sum(len(gallery.logos) for gallery in galleries_of_all)
    return f"Every logo of the first seeds: {plural(n_drawn, 'filter')}, named and unmatched"


def _text(trained: Sequence[Trained], known: Known) -> list[str]:
    below = " Below it, paler, is the known motif, aligned." if known else ""
    text = [
        "A filter's motif is made of the sites that activate it, and compared with known motifs by "
        "Tomtom. A filter is named when the q-value of its best match is low enough; the empirical "
        "FDR is the share of motifs with shuffled columns that match as well, divided by the share "
        "of the motifs themselves that do. A filter that resembles no known motif is a result too.",
        "Bases are up to 2 bits high. A filter that matches on the other strand is drawn as its "
        f"reverse complement.{below} \u201cAblated\u201d is the change in log-odds when a filter "
        "never fires, for the target that changes most, if that is more than twice its standard "
        "error: a name says what a filter looks like, ablation what the network uses it for.",
    ]
    initialised = _filter_counts(trained, Trained.initialised_from)
    if initialised:
        text.append(
            f"{listed(initialised)} were initialised from known motifs. They are left out here, "
            "because a filter that was given its motif is not evidence of discovery."
        )
    taken = _filter_counts(trained, Trained.taken_filters)
    if taken:
        text.append(
            f"{listed(taken)} began as those of another training (train.start). They are left out "
            "here: what they look like was learnt there, not in this run."
        )
    if _has_words(trained):
        text.append(_words_text(trained))
    return text


def _has_words(trained: Iterable[Trained]) -> bool:
    return any(training.enriched_words() for training in trained)


def _words_text(trained: Sequence[Trained]) -> str:
    counts = _filter_counts(trained, Trained.enriched_words)
    layer_names = [layer.name for layer in layers(trained)]
    second = "Filters of a second layer read these, and count as neither, too."
    return sentence(
        f"{listed(counts)} began as words of bases that are enriched in the training windows of a "
        "target: the words come from counting in the training split, no database took part.",
        "Such a filter was given its word and then trained, so it counts neither as one that "
        "began at random nor as one of a known motif.",
        second if "second" in layer_names else "",
        "To measure what a network discovers by itself, train with "
        "train: {initialise_from: random, stem: exponential}.",
    )


def _filter_counts(
    trained: Sequence[Trained], filters_of: Callable[[Trained], Collection[str]]
) -> list[str]:
    """Say how many filters of which model are of one kind."""
    texts: dict[str, None] = {}
    for training in trained:
        count = len(filters_of(training))
        if count:
            text = f"{plural(count, 'filter')} of {title(training.model)}"
            texts[text] = None
    return list(texts)


def _layer_title(layer: Layer) -> str:
    return title(layer.training.model) + LAYERS[layer.name]


# --- tables ---


def filter_table(trained: Sequence[Trained]) -> Table:
    """Return how many filters of each layer are tested, named and unmatched."""
    rows = []
    for layer in layers(trained):
        counts = filter_counts(layer)
        rows.append({"model": _layer_title(layer), "seed": layer.training.seed, **counts})
    columns = [
        Column("model", "model", words=True),
        Column("seed", "seed"),
        Column("with_sites", "filters with sites"),
        Column("words", "of them begun as words"),
        Column("tested", "tested"),
        Column("motifs", "motifs, copies as one"),
        Column("named", "named"),
        Column("named_words", "named, begun as words"),
        Column("unmatched", "unmatched"),
        Column("factors", "distinct factors"),
        Column("random_factors", "distinct factors, begun at random"),
        Column("highest_fdr", "highest empirical FDR of a named one", number),
    ]
    note = (
        "Tested: with enough sites and information to compare. Unmatched: tested, and similar to "
        "no known motif."
    )
    if _has_words(trained):
        note = sentence(note, _KINDS)
    else:
        columns = [column for column in columns if column.name not in _OF_KINDS]
    return table_of("Filters", pd.DataFrame(rows), columns, note)


def expected_table(run: Run, trained: Sequence[Trained], known: Known) -> Table:
    """Return what was found of the planted motifs, or of the targets' own.

    Parameters
    ----------
    run : Run
        Says which motifs could be found.
    trained : sequence of Trained
        Trainings with filters.
    known : dict of str to Motif
        The known motifs, by name.

    Returns
    -------
    Table
        Empty where nothing could be found.
    """
    rows = []
    if run.expected is not None:
        for layer in layers(trained):
            rows.append(_expected_row(run.expected, layer, known, told_apart=_has_words(trained)))
    what = "Planted motifs" if run.planted else "The targets' own motifs"
    motif = "a planted motif" if run.planted else "a target's own motif"
    neither = "off-target" if run.planted else "other names"
    by_random = [_BY_RANDOM] if _has_words(trained) else []
    columns = ["model", "seed", "found", *by_random, "missed", "filters that found them"]
    columns += ["relatives", neither]
    words = ["model", "found", *by_random, "missed", "relatives", neither]
    note = (
        f"Named filters by their best match. Found: it is {motif}, by JASPAR identifier or factor "
        f"name (× how many filters). Relative: it is itself like {motif}, with a Tomtom E-value "
        f"below {RELATED:g}. {neither.capitalize()}: neither."
    )
    return table(what, columns, rows, words, note)


def _expected_row(
    expected: pd.DataFrame, layer: Layer, known: Known, *, told_apart: bool
) -> list[object]:
    """Return a row; `told_apart` adds what filters found that began at random."""
    named = layer.training.named()
    found = recovery(expected, named, known)
    row: list[object] = [_layer_title(layer), layer.training.seed, _found_cell(found.counts)]
    if told_apart:
        row.append(_found_cell(found.random_counts))
    missed = found.counts.index[found.counts == 0]
    row.append(Cell(str(len(missed)), listed(missed, 20)))
    row.append((found.kinds == "recovered").sum())
    for kind in ("relative", "off-target"):
        row.append(_kind_cell(named[found.kinds == kind]))
    return row


def _found_cell(counts: pd.Series) -> Cell:
    """Return how many of the expected factors were found, and by how many filters each."""
    recovered = counts[counts > 0]
    names = [f"{factor}\N{NO-BREAK SPACE}×{count}" for factor, count in recovered.items()]
    return Cell(f"{len(recovered)} of {len(counts)}", listed(names, 20))


def _kind_cell(named: pd.DataFrame) -> Cell:
    names = [f"{row.name} ({row.factor})" for row in named.itertuples()]
    return Cell(str(len(named)), listed(names, 20))


def factor_table(run: Run, trained: Sequence[Trained], known: Known) -> Table:
    """Return which model found which factor, in how many seeds.

    Parameters
    ----------
    run : Run
        Says which motifs could be found.
    trained : sequence of Trained
        Trainings with filters.
    known : dict of str to Motif
        The known motifs, by name.

    Returns
    -------
    Table
        Empty for a single model.
    """
    finding = factors_by_model(run, trained, known)
    if finding is None:
        return table("Factors by model", [], [])
    told_apart = _has_words(trained)
    rows = []
    for factor, counts in finding.counts.iterrows():
        expected = "yes" if finding.expected[factor] else "no"
        of_random = finding.random_counts.loc[factor] if told_apart else None
        seeds = [_seeds_cell(model, n, counts, of_random) for model, n in finding.n_seeds.items()]
        found_by = finding.finders[factor]
        rows.append([factor, expected, *seeds, found_by])
    wanted = "planted" if run.planted else "a target's own"
    columns = ["factor", wanted, *map(title, finding.n_seeds.index), "found"]
    note = (
        "In how many seeds at least one filter has the name of the factor. With and without: by "
        "models with a recurrent layer and by models without one."
    )
    if told_apart:
        note = sentence(note, "Smaller: by a filter that began at random.")
    return table("Factors by model", columns, rows, columns, note)


def _seeds_cell(model: str, n: int, counts: pd.Series, of_random: pd.Series | None) -> Cell:
    """Return in how many seeds of a model a factor was found, and where by a random filter."""
    count = counts[model]
    at_random = f"{of_random[model]} at random" if of_random is not None and count else ""
    return Cell(f"{count} of {n}", at_random)


# --- logos ---


def galleries(layer: Layer, known: Known) -> list[Gallery]:
    """Return the logos of a layer: its named filters, and, folded, some that match no known motif.

    Parameters
    ----------
    layer : Layer
        The filters of one layer.
    known : dict of str to Motif
        The known motifs, drawn below.

    Returns
    -------
    list of Gallery
    """
    name = f"{_layer_title(layer)}, {layer.training.label}"
    named = best_of_each_factor_first(layer.training)
    limit = ""
    if len(named) > MOST_NAMED:
        limit = f", {MOST_NAMED} shown, the best of each factor first"
    heading = f"{name}: {plural(len(named), 'named filter')}{_begun(named)}{limit}"
    logos = _logos(layer.training, named.head(MOST_NAMED), known)
    of_layer = [Gallery(heading, logos)]
    unmatched = unmatched_filters(layer.training)
    if len(unmatched):
        limit = f", {MOST_UNMATCHED} shown" if len(unmatched) > MOST_UNMATCHED else ""
        heading = f"{name}: {plural(len(unmatched), 'unmatched filter')}{_begun(unmatched)}{limit}"
        logos = _logos(layer.training, unmatched.head(MOST_UNMATCHED), {})
        of_layer.append(Gallery(heading, logos, folded=True))
    return of_layer


def _begun(matches: pd.DataFrame) -> str:
    """Say how many filters began as words; an empty string for none."""
    count = int((matches["began"] == WORD).sum())
    return f" ({count:,} begun as words)" if count else ""


def _logos(training: Trained, rows: pd.DataFrame, known: Mapping[str, Motif]) -> list[Logo]:
    effects = training.effects()
    words = training.enriched_words()
    members = training.best_matches()["cluster"].value_counts()
    logos = []
    for _, row in rows.iterrows():
        name = row["name"]
        if name in training.motifs:
            motif = training.motifs[name]
            effect = effects.loc[name] if name in effects.index else None
            copies = int(members.get(row["cluster"], 1)) - 1
            match = known.get(row["match"])
            word = words.get(name, "")
            logos.append(logo(motif, row, match, effect, copies, word))
    return logos
