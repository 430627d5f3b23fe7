"""One self-contained page from the tables of a run, to say what the recurrent layer adds.

In go the tables and facts that the other stages left in a run's folder (results.py); out comes ``report.html``,
which needs no network and runs no script but its own. One function per section returns a `Section` of the pieces in
page.py.
"""

import json

import numpy as np
import pandas as pd

import danq
from danq.data.attributions import zoom
from danq.data.dataset import total_counts
from danq.genome.bins import SPLITS
from danq.genome.sequence import decode
from danq.plotting.inline import figure_svg
from danq.plotting.svg import Locus, interval_svg, locus_svg
from danq.report import figures as figures_of
from danq.report import page, results, words
from danq.report.page import Card, Cell, Figure, Section, table
from danq.report.words import interval, listed, number, plural, signed, title, versus

SHOWN = 24
"""Named filters drawn for each model."""

SHOWN_UNMATCHED = 6

LOCI, ZOOM = 8, 60
"""Targets of which a locus is drawn, at most, and its length (bp)."""


def report(folder, output, *, config=None):
    """Write the report of a run as one HTML file that needs no network.

    Parameters
    ----------
    folder : path
        ``results/<run>``, as `danq.report.results.read_run` reads it.
    output : path
        The page to make. The same inputs give the same bytes.
    config : path, optional
        The resolved configuration (YAML), shown as it is. Its ``motifs``, the known motifs that filters were
        compared with, are drawn below the filters that they name.

    Raises
    ------
    DanqError
        A table is missing, or lacks a column, or holds text where a number belongs.
    """
    run, settings = results.read_run(folder), "" if config is None else results.read_text(config)
    known = results.configured_motifs(settings)
    sections = [
        answer(run),
        data(run),
        comparison(run),
        *probe(run),
        *loci(run),
        training(run),
        filters(run, known),
        methods(run, settings),
    ]
    page.write_page(output, run.name, words.summary(run), sections, _precision_recall(run))


def _precision_recall(run):
    """Return what the page shows of a target that the reader clicks on; None for a run without curves."""
    names = {model: title(model) for model in (*run.networks, *run.baselines, *run.oracles)}
    return (
        None
        if run.curves is None
        else page.precision_recall(run.curves, names, run.targets, run.scores("auprc"))
    )


# --- the answer ---


def answer(run):
    """Answer the question: the first screen."""
    scores, pairs = run.scores("auprc"), run.main_pairs()
    twins = {"danq_conv": words.TWIN, "danq_dilated": words.DILATED}
    text = [
        " ".join(
            filter(
                None,
                [
                    words.pair_sentence(pair),
                    words.sure_sentence(pair),
                    words.seed_sentence(pair, run.metrics),
                    words.spread_sentence(pair),
                    twins.get(pair.b),
                ],
            )
        )
        for pair in pairs
    ]
    n_seeds = run.metrics["seed"].nunique()
    text.append(words.interval_sentence(n_seeds))
    cautions = [
        words.single_seed_sentence(run.trained),
        words.undertrained_sentence(run.trained),
        words.na_sentence(run.targets, scores[run.networks]),
    ]
    return Section(
        "answer",
        "The answer",
        words.lead_sentence(run.pairs, n_seeds),
        text,
        [*map(_pair_card, pairs), *_score_cards(scores, run)],
        words.loss_sentences(scores, run.targets["label"], run.networks, run.baselines),
        cautions,
    )


def _pair_card(pair):
    value, low, high = pair.mean[["difference", "low", "high"]]
    mark = words.verdict(low, high)
    chip = {
        "above": "higher",
        "below": "lower",
        "around": "no difference detected",
        "": "no interval",
    }[mark]
    return Card(
        f"{versus(pair)}, mean AUPRC",
        signed(value),
        interval(low, high),
        words.tally(pair),
        mark,
        chip,
        interval_svg(value, low, high, page.bound(pair.mean.to_frame().T)),
    )


def _score_cards(scores, run):
    cards, means = (
        [],
        scores[run.networks].mean().dropna().sort_values(ascending=False, kind="stable"),
    )
    if len(means):
        others = " · ".join(
            f"{title(name)} {number(value)}" for name, value in means.iloc[1:].items()
        )
        cards.append(
            Card("Highest mean AUPRC", number(means.iloc[0]), title(means.index[0]), others)
        )
    if run.baselines:
        both = scores[
            scores[run.networks].notna().any(axis=1) & scores[run.baselines].notna().any(axis=1)
        ]
        won = both[both[run.baselines].max(axis=1) > both[run.networks].max(axis=1)]
        cards.append(
            Card(
                "A baseline beats every network",
                f"{len(won)} of {len(both)}",
                "targets, by AUPRC",
                listed(run.targets.loc[won.index, "label"], 4),
            )
        )
    return cards


# --- the data ---


def data(run):
    """Describe the data: splits, targets, what was dropped."""
    text = []
    if run.chromosomes:
        text.append(
            f"The genome has {sum(run.chromosomes.values()):,} bp on "
            f"{plural(len(run.chromosomes), 'chromosome')}."
        )
    if run.facts.get("bin_size") != run.facts.get("window"):
        text.append(
            f"A model reads {run.facts['window']:,} bp and predicts the labels of the "
            f"{run.facts['bin_size']:,} bp in their middle. A label is 1 when more than half of these lie in "
            "the target's peaks."
        )
    return Section(
        "data",
        "The data",
        text=text,
        figures=_drawn(figures_of.prevalence(run)),
        aside=[_split_table(run), _dropped_table(run)],
        tables=[*_audit_table(run), *_counts_table(run), _target_table(run)],
    )


def _split_table(run):
    regions = {"train": ["all other"], **run.source["splits"]} if "splits" in run.source else {}
    rows = [
        [
            split,
            f"{run.windows[split]:,}",
            f"{run.positives[split].sum():,}",
            listed(map(str, regions.get(split, [])), 30),
        ]
        for split in run.windows
    ]
    return table(
        "Splits",
        ["split", "windows", "positive labels", "regions"],
        rows,
        ("split", "regions"),
        "A window counts one label for each target of which it is positive.",
    )


def _dropped_table(run):
    reasons = {
        "beyond_chromosome_end": "the window would leave its chromosome",
        "blacklist": "blacklisted",
        "unmappable": "more than half unmappable",
        "chromosome_left_out": "on a chromosome that was not chosen",
        "unknown_bases": "too many bases other than ACGT",
        "border": "window on both sides of a border between splits",
        "unlabelled": "not labelled, and not sampled",
    }
    dropped = run.source.get("dropped", {})
    rows = [[reasons.get(reason, reason), words.plain(count)] for reason, count in dropped.items()]
    return table(
        "Dropped",
        ["reason", "bins"],
        rows,
        ("reason",),
        "Each bin counts once, for the first reason.",
    )


def _audit_table(run):
    """Return what the splits share, as counted window by window; nothing for a run without that count."""
    audit = run.description.get("audit")
    rows = [
        [
            f"{row['split']} in {row['against']}",
            *(
                words.plain(row[key])
                for key in ("windows", "overlapping", "identical", "reverse_complement")
            ),
        ]
        for row in audit or []
    ]
    note = (
        "Windows of the first split that share a base with a window of the second; whose bases are those of one; "
        "whose reverse complement is one. Repeats make the same bases at different places."
    )
    return (
        [
            table(
                "Leakage",
                ["splits", "windows", "overlapping", "identical", "reverse complement"],
                rows,
                ("splits",),
                note,
            )
        ]
        if rows
        else []
    )


def _counts_table(run):
    """Return the liberties taken in reading the input files, with their numbers; nothing when unknown."""
    rows = [
        [what, f"{n:,}", files] for what, (n, files) in sorted(total_counts(run.source).items())
    ]
    return (
        [
            table(
                "Read in the input files",
                ["what", "number", "files"],
                rows,
                ("what",),
                "What is written differently is read all the same, and counted; what cannot be right is refused.",
            )
        ]
        if rows
        else []
    )


def _target_table(run):
    splits = (
        SPLITS if run.positives and len(run.positives["train"]) > run.targets.index.max() else ()
    )
    rows = [
        [
            row.label,
            row.group,
            *(f"{run.positives[split][row.Index]:,}" for split in splits),
            Cell(words.percent(row.prevalence), mark="" if row.n_positive else "na"),
        ]
        for row in run.targets.itertuples()
    ]
    return table(
        "Targets",
        ["target", "group", *(f"positive, {split}" for split in splits), "prevalence, test"],
        rows,
        ("target", "group"),
    )


def _drawn(*drawings):
    """Return what a run could draw as the page's figures."""
    return [
        Figure(
            one.title,
            figure_svg(one.figure, one.name),
            one.note,
            one.legend,
            page.numbers(one.numbers),
        )
        for one in drawings
        if one is not None
    ]


# --- the comparison ---


def comparison(run):
    """Compare the models, by target, by group and as a whole."""
    scores = run.scores("auprc")
    text = [
        "Each point is a target: above the diagonal, the model named on the vertical axis has the higher AUPRC. "
        "Bars are 95 % intervals of the difference; a point is filled when its interval excludes 0."
    ]
    if run.oracles:
        text.append(
            "This genome is simulated, so two oracles stand beside the models: both are told where the "
            "planted sites are, and only one of them the rule that makes a site count."
        )
    tables = [
        _means_table(run, scores),
        _measures_table(run),
        *_group_differences_table(run),
        *_difference_table(run),
        *_auroc_table(run),
        _groups_table(
            run,
            scores,
            "AUPRC by group",
            "Mean over the group's targets; in parentheses, their "
            "number where it is not the whole group.",
        ),
        *_decoy_table(run),
        _scores_table(run, scores),
    ]
    figures = _drawn(
        *(figures_of.scatter(run, pair) for pair in run.pairs),
        *(figures_of.effects(run, pair) for pair in run.main_pairs()),
        figures_of.reliability(run),
    )
    return Section("comparison", "The comparison", text=text, tables=tables, figures=figures)


def _measures_table(run):
    """Return the mean of every metric over targets, with the number of targets on which it is undefined."""
    rows = []
    for model in run.networks + run.baselines + run.oracles:
        own = (
            run.metrics[run.metrics["model"] == model]
            .groupby("target")[list(results.MEASURES)]
            .mean()
        )
        cells = [
            Cell(number(own[name].mean()), _undefined(own[name], len(run.targets)))
            for name in results.MEASURES
        ]
        rows.append([Cell(title(model), results.NAMES.get(model, ("", ""))[1]), *cells])
    return table(
        "Every metric, mean over targets",
        ["model", *results.MEASURES.values()],
        rows,
        ("model",),
        "Seeds averaged first; below a mean, the number of targets on which it is undefined. Lift: AUPRC over "
        "prevalence. Recall at 50 % FDR: the largest recall at a precision of at least one half. The "
        "trapezoid is probably what the published tables of these networks have. Scores that are no "
        "probabilities have no Brier score and no calibration error.",
    )


def _undefined(values, n_targets):
    missing = n_targets - values.notna().sum()
    return f"NA: {missing}" if 0 < missing < n_targets else ""


def _group_differences_table(run):
    """Return the mean difference of each pair over each group; nothing for a run of a single group."""
    groups = [
        group
        for group in dict.fromkeys(run.targets["group"])
        if any(group in pair.groups.index for pair in run.pairs)
    ]
    if not groups:
        return []
    limit = page.bound(pd.concat([pair.groups for pair in run.pairs]))
    rows = [
        [
            group,
            (run.targets["group"] == group).sum(),
            *(page.interval_cell(pair.groups.loc[group], limit) for pair in run.pairs),
        ]
        for group in groups
    ]
    return [
        table(
            "AUPRC differences by group",
            ["group", "targets", *map(versus, run.pairs)],
            rows,
            ("group",),
            "Mean over the group's targets; 95 % intervals in brackets.",
        )
    ]


def _means_table(run, scores):
    aurocs, partial, spread = (
        run.scores("auroc"),
        _partial(scores, run),
        words.seed_ranges(run.metrics),
    )
    columns = [
        "model",
        "seeds",
        "targets",
        "NA",
        "mean AUROC",
        "mean AUPRC",
        *(["AUPRC by seed"] if spread else []),
        *(
            f"mean AUPRC on the {len(shared)} targets of the {title(name)}"
            for name, shared in partial
        ),
    ]
    rows = []
    for model in scores:
        defined, seeds = scores[model].notna().sum(), sum(one.model == model for one in run.trained)
        rows.append(
            [
                Cell(title(model), results.NAMES.get(model, ("", ""))[1]),
                seeds or "–",
                defined,
                len(scores) - defined,
                number(aurocs[model].mean()),
                number(scores[model].mean()),
                *([spread.get(model, "–")] if spread else []),
                *(number(scores.loc[shared, model].mean()) for _, shared in partial),
            ]
        )
    note = "Over the targets with defined values, seeds averaged first."
    return table(
        "Means over targets",
        columns,
        rows,
        ("model",),
        f"{note} Means over different targets do not compare." if partial else note,
    )


def _partial(scores, run):
    """Return the baselines that are defined for fewer targets than the networks, with those targets."""
    whole = scores[run.networks].notna().any(axis=1).sum()
    targets = [(name, scores.index[scores[name].notna()]) for name in run.baselines]
    return [(name, shared) for name, shared in targets if 0 < len(shared) < whole]


def _difference_table(run):
    """Return the differences, one column per pair: their mean, then target by target; nothing without a pair."""
    if not run.pairs:
        return []
    limit = page.bound(pd.concat([pair.rows for pair in run.pairs]))
    found = [pair.rows.reindex(run.targets.index) for pair in run.pairs]
    rows = [
        ["mean over targets", *(page.interval_cell(pair.mean, limit) for pair in run.pairs)],
        *(
            [row.label, *(page.interval_cell(frame.loc[row.Index], limit) for frame in found)]
            for row in run.targets.itertuples()
        ),
    ]
    return [
        table(
            "AUPRC differences",
            ["target", *map(versus, run.pairs)],
            rows,
            ("target",),
            "95 % intervals in brackets. Those of targets are each its own; bold where the difference stays at a "
            f"false discovery rate of {100 * words.SURE:g} % over targets (Benjamini-Hochberg).",
        )
    ]


def _auroc_table(run):
    """Return the differences in AUROC, a column per pair: their mean, then target by target; nothing without pairs."""
    found = [pair.rows.reindex(run.targets.index) for pair in run.pairs]
    rows = [
        ["mean over targets", *(_auroc_cell(pair.mean) for pair in run.pairs)],
        *(
            [row.label, *(_auroc_cell(frame.loc[row.Index]) for frame in found)]
            for row in run.targets.itertuples()
        ),
    ]
    return (
        [
            table(
                "AUROC differences",
                ["target", *map(versus, run.pairs)],
                rows,
                ("target",),
                "95 % intervals in brackets, from DeLong's variance with blocks of the genome as clusters; bold as "
                "above.",
            )
        ]
        if run.pairs
        else []
    )


def _auroc_cell(row):
    return Cell(
        signed(row["auroc_difference"]),
        interval(row["auroc_low"], row["auroc_high"]),
        "sure" if row["auroc_q"] < words.SURE else "",
    )


def _groups_table(run, scores, name, note):
    """Return the mean of a metric over the targets of each group, for every model."""
    groups = run.targets["group"]
    rows = []
    for group in dict.fromkeys(groups):
        own = scores[groups == group]
        defined = own.notna().sum()
        counts = {model: f" ({count})" for model, count in defined.items() if 0 < count < len(own)}
        rows.append([group, len(own), *_score_cells(own.mean(), run, counts)])
    return table(name, ["group", "targets", *map(title, scores)], rows, ("group",), note)


def _decoy_table(run):
    if "decoy_auroc" not in run.metrics or run.metrics["decoy_auroc"].isna().all():
        return []
    return [
        _groups_table(
            run,
            run.scores("decoy_auroc"),
            "AUROC against decoys, by group",
            "Positive bins against decoy bins alone, which hold the same parts and break the rule: 0.5 "
            "is knowing the parts and not the rule.",
        )
    ]


def _scores_table(run, scores):
    rows = [
        [row.label, row.group, number(row.prevalence), *_score_cells(scores.loc[row.Index], run)]
        for row in run.targets.itertuples()
    ]
    return table(
        "AUPRC by target",
        ["target", "group", "prevalence", *map(title, scores)],
        rows,
        ("target", "group"),
        "Bold: the best network. Shaded: a baseline above every network. NA: undefined, or for the motif "
        "scan, no known motif.",
    )


def _score_cells(values, run, counts=None):
    """Return a cell per model, the best network marked, and a baseline that beats every network."""
    return [
        Cell(number(value) + (counts or {}).get(model, ""), mark=_mark(values, model, run))
        for model, value in values.items()
    ]


def _mark(values, model, run):
    best = values[run.networks].max()
    if np.isnan(values[model]):
        return "na"
    if model in run.networks:
        return "best" if values[model] == best else ""
    return "beats" if model in run.baselines and values[model] > best else ""


# --- the probe ---


def probe(run):
    """Show what each model does with pairs of motifs at growing distance; nothing where no pair was probed."""
    if run.grammar is None:
        return []
    pairs = run.grammar[["a", "b"]].drop_duplicates().itertuples(index=False, name=None)
    text = [
        "Does a network couple motifs, or does it add them up? Into random windows go two motifs, either alone, "
        "and neither: what the pair adds to the log-odds beyond its parts is their interaction. A curve at 0 is a "
        "sum; one that is the same in all four arrangements, whatever the distance, is saturation and no grammar; "
        "one that differs by order, strand or distance is a rule that the network knows."
    ]
    return [
        Section(
            "probe",
            "Pairs of motifs",
            text=text,
            figures=_drawn(*(figures_of.interactions(run, pair) for pair in pairs)),
            tables=_rule_tables(run),
        )
    ]


def _rule_tables(run):
    """Return each model's mean interaction where the planted rule makes one and where not; nothing without a truth."""
    rows = []
    for _, own in run.grammar.groupby(["a", "b"], sort=False):
        rule = figures_of.planted_rule(run, own)
        if rule.empty:
            continue
        target = figures_of.concerned(own, rule)
        places = ["order", "orientation", "distance", "target"]
        joined = own.merge(
            rule[[*places, "effect"]].rename(columns={"effect": "planted"}), on=places
        )
        joined = joined[joined["target"] == target]
        means = joined.groupby(["model", "planted"], sort=False)["effect"].mean().unstack()
        rows += [
            [
                own["pair"].iloc[0],
                run.targets.loc[target, "label"],
                title(model),
                *(signed(values.get(sign, np.nan)) for sign in (1, 0, -1)),
            ]
            for model, values in means.iterrows()
        ]
    return [
        table(
            "Interactions and the planted rules",
            [
                "pair",
                "target",
                "model",
                "rule makes the pair positive",
                "rule makes no difference",
                "rule makes the pair negative",
            ],
            rows,
            ("pair", "target", "model"),
            "Mean interaction (log-odds) over distances, arrangements and seeds. A model that knows the rule is "
            "above in the first column, below in the last, and near 0 in the middle.",
        )
    ]


# --- attributions ---


def loci(run):
    """Show which bases each of the main models reads, a locus for each target; nothing where none was explained."""
    main = {model for pair in run.main_pairs() for model in (pair.a, pair.b)}
    shown = [one for one in run.attributions if one.facts["model"] in main] or run.attributions
    targets = [
        target
        for target in run.targets.index
        if any((one.table["target"] == target).any() for one in shown)
    ]
    if not targets:
        return []
    few = f" The first {LOCI} of {len(targets)} targets are shown." if len(targets) > LOCI else ""
    text = [
        _EXPLAINED[shown[0].facts["method"]],
        f"Of the windows that were explained, each model shows here the one for which it predicts the target with "
        f"the highest probability, and in it the {ZOOM} bp with the highest total score. The models of a target "
        f"have one scale.{few}",
    ]
    return [
        Section(
            "loci",
            "One locus, base by base",
            text=text,
            figures=[_locus_figure(run, target, shown) for target in targets[:LOCI]],
        )
    ]


_EXPLAINED = {
    "mutagenesis": "Which bases does a prediction rest on? Every base of a window is replaced by each of the other "
    "three. A base is as high as the log-odds fall on average; one below the line lowers the prediction.",
    "gradients": "Which bases does a prediction rest on? Bases are integrated gradients: together they add up to "
    "what the window has in log-odds beyond equal shares of the four bases everywhere; one below the line lowers the "
    "prediction.",
}


def _locus_figure(run, target, shown):
    """Draw what the models make of their best windows of a target, as page.Figure."""
    rows = [
        (one, row) for one in shown for row in one.table[one.table["target"] == target].itertuples()
    ]
    drawn = [_locus(run, one, row) for one, row in rows]
    numbers = [
        _locus_numbers(one, row, locus) for (one, row), locus in zip(rows, drawn, strict=True)
    ]
    tallest = max(np.abs(locus.heights).max() for locus in drawn)
    errors = [
        row.completeness_error for _, row in rows if np.isfinite(row.completeness_error)
    ]  # of gradients
    error = f" Largest completeness error: {words.percent(max(errors))}." if errors else ""
    sites = (
        " Under the bases: planted sites, and their strands."
        if any(locus.sites for locus in drawn)
        else ""
    )
    return Figure(
        run.targets.loc[target, "label"],
        locus_svg(drawn),
        f"In parentheses: the probability. Tallest base: {number(tallest, 2)}. Shaded: the labelled bin."
        f"{sites}{error}",
        (),
        page.numbers(pd.concat(numbers)),
    )


def _locus(run, one, row):
    """Return the stretch of highest score of a row of attributions as Locus."""
    margin = (one.facts["window"] - one.facts["bin_size"]) // 2
    first, last = (row.start + place for place in zoom(one.scores[row.Index], ZOOM))
    heights = (one.one_hot[row.Index] * one.hypothetical[row.Index]).T[
        first - row.start : last - row.start
    ]
    sites = []  # that are known: of a simulated genome
    if run.sites is not None:
        own = run.sites[
            (run.sites["chrom"] == row.chrom)
            & (run.sites["start"] < last)
            & (run.sites["end"] > first)
        ]
        sites = [
            (int(site.start), int(site.end), f"{site.factor} {'←' if site.strand == '-' else '→'}")
            for site in own.itertuples()
        ]
    name = (
        f"{title(one.facts['model'])}, {row.chrom}:{first:,}-{last:,} ({number(row.probability)})"
    )
    return Locus(name, heights, first, (row.start + margin, row.end - margin), sites)


def _locus_numbers(one, row, locus):
    """Return the bases that are drawn, with their places and scores."""
    bases = one.one_hot[row.Index].T[locus.start - row.start :][: len(locus.heights)]
    return pd.DataFrame(
        {
            "model": title(one.facts["model"]),
            "chrom": row.chrom,
            "position": range(locus.start, locus.start + len(bases)),
            "base": [*decode(np.where(bases.any(axis=1), bases.argmax(axis=1), 4))],
            "score": locus.heights.sum(axis=1).round(4),
        }
    )


# --- the training ---


def training(run):
    """Show how the models learned."""
    trained = [one for one in run.trained if not one.history.empty]
    if not trained:
        return Section("training", "The training", text=["This run has no training history."])
    return Section(
        "training",
        "The training",
        figures=_drawn(figures_of.validation(run), figures_of.loss(run)),
        tables=[_cost_table(trained), _training_table(trained)],
    )


def _cost_table(trained):
    """Return what each model costs, seeds averaged."""
    rows = []
    for model in dict.fromkeys(one.model for one in trained):
        own = [one for one in trained if one.model == model]
        speeds = [
            one.history["samples_per_s"].median() for one in own if "samples_per_s" in one.history
        ]
        waits = [
            one.history["seconds"].iloc[: results.best_epoch(one.history)].sum()
            for one in own
            if "seconds" in one.history
        ]
        rows.append(
            [
                Cell(title(model), results.NAMES.get(model, ("", ""))[1]),
                *(words.plain(own[0].facts.get(key)) for key in ("parameters", "multiply_adds")),
                f"{np.mean(speeds):,.0f}" if speeds else "NA",
                words.duration(np.mean(waits)) if waits else "NA",
                number(np.mean([one.history["valid_auprc"].max() for one in own])),
            ]
        )
    columns = [
        "model",
        "parameters",
        "multiply-adds per window",
        "training windows per second",
        "time to best epoch",
        "best validation AUPRC",
    ]
    return table(
        "What each model costs",
        columns,
        rows,
        ("model",),
        "Means over seeds. Speed and time depend on the machine, and on what else it does.",
    )


def _training_table(trained):
    rows = []
    for one in trained:
        values, best = one.history["valid_auprc"], results.best_epoch(one.history)
        rise = (
            values.iloc[-1] / values.iloc[-2] - 1
            if len(values) > 1 and values.iloc[-2] > 0
            else np.nan
        )
        speed = one.history["samples_per_s"].median() if "samples_per_s" in one.history else np.nan
        rows.append(
            [
                title(one.model),
                one.seed,
                len(values),
                best,
                number(values.iloc[best - 1]),
                "NA" if np.isnan(rise) else f"{100 * rise:+.1f} %".replace("-", "−"),
                "NA" if np.isnan(speed) else f"{speed:,.0f}",
            ]
        )
    return table(
        "Trainings",
        [
            "model",
            "seed",
            "epochs",
            "best epoch",
            "best validation AUPRC",
            "change in last epoch",
            "windows per second",
        ],
        rows,
        ("model",),
    )


# --- the motifs ---


def filters(run, known):
    """Show the motifs that filters learned, named and unmatched, and what each filter does."""
    trained = [one for one in run.trained if not one.matches.empty]
    if not trained:
        return Section("motifs", "The motifs", text=["This run has no motifs."])
    first = list({one.model: one for one in reversed(trained)}.values())[::-1]
    return Section(
        "motifs",
        "The motifs",
        text=_filter_text(trained, known),
        figures=_drawn(*(figures_of.ablation(run, one) for one in first)),
        tables=[
            _filter_table(trained),
            *_expected_table(run, trained, known),
            *_factor_table(run, trained, known),
        ],
        galleries=[
            gallery
            for one in first
            for name, part in one.layers()
            for gallery in _galleries(name, part, known)
        ],
    )


def _filter_text(trained, known):
    text = [
        "A filter's motif is made of the sites that activate it, and compared with known motifs by Tomtom. A "
        "filter is named when the q-value of its best match is low enough; the empirical FDR counts the matches "
        "as good as that among the same motifs with their columns shuffled, for each one among the motifs. A "
        "filter that resembles nothing known is a result too.",
        "Bases are up to 2 bits high. A filter that matches on the other strand is drawn turned, as its "
        f"reverse complement.{' Below it, paler, stands the known motif, aligned.' if known else ''} "
        "\u201cAblated\u201d says what the target on which a filter bears most loses or gains when it never "
        "fires, if that is more than twice its standard error: a name says what a filter looks like, this says "
        "what the network makes of it.",
    ]
    started = dict.fromkeys(
        f"{plural(len(one.initialised_from()), 'filter')} of {title(one.model)}"
        for one in trained
        if one.initialised_from()
    )
    if started:
        text.append(
            f"{listed(list(started))} started as known motifs. They are left out here: what was put in was not "
            "discovered."
        )
    return text


LAYERS = {"filter": "", "second": ", second layer"}
"""What is added to a model's name for the filters of a layer."""


def _filter_table(trained):
    rows = []
    for one in trained:
        for name, part in one.layers():
            best, named = part.best_matches(), part.named()
            tested = best[best["tested"] == "yes"]
            rows.append(
                [
                    title(one.model) + LAYERS[name],
                    one.seed,
                    (best["n_sites"] > 0).sum(),
                    len(tested),
                    tested["cluster"].nunique(),
                    len(named),
                    len(tested) - len(named),
                    named["factor"].nunique(),
                    number(named["empirical_fdr"].max()),
                ]
            )
    return table(
        "Filters",
        [
            "model",
            "seed",
            "filters with sites",
            "tested",
            "motifs, copies as one",
            "named",
            "unmatched",
            "distinct factors",
            "highest empirical FDR of a named one",
        ],
        rows,
        ("model",),
        "Tested: with enough sites and information to compare. Unmatched: tested, and like nothing known.",
    )


def _expected_table(run, trained, known):
    """Return what was found of the planted motifs, or of the targets' own; nothing where there are none."""
    if run.expected is None:
        return []
    rows = []
    for one in trained:
        for name, part in one.layers():
            named = part.named()
            kinds, counts = (
                results.expected_kinds(run.expected, named, known),
                results.expected_counts(run.expected, named),
            )
            found, missed = counts[counts > 0], counts.index[counts == 0]
            names = listed(
                [f"{factor}\N{NO-BREAK SPACE}×{count}" for factor, count in found.items()], 20
            )
            rows.append(
                [
                    title(one.model) + LAYERS[name],
                    one.seed,
                    Cell(f"{len(found)} of {len(counts)}", names),
                    Cell(str(len(missed)), listed(missed, 20)),
                    (kinds == "recovered").sum(),
                    *(_kind_cell(named[kinds == kind]) for kind in ("relative", "off-target")),
                ]
            )
    what, kind, others = (
        ("Planted motifs", "a planted", "off-target")
        if run.planted
        else ("The targets' own motifs", "a target's own", "other names")
    )
    columns = ["model", "seed", "found", "missed", "filters that found them", "relatives", others]
    return [
        table(
            what,
            columns,
            rows,
            ("model", "found", "missed", "relatives", others),
            _EXPECTED_NOTE.format(kind=kind, others=others.capitalize(), related=results.RELATED),
        )
    ]


_EXPECTED_NOTE = (
    "Named filters by their best match. Found: it is {kind} motif, by JASPAR identifier or factor name "
    "(× how many filters). Relative: it is itself like {kind} motif, with a Tomtom E-value below "
    "{related:g}. {others}: neither."
)


def _factor_table(run, trained, known):
    """Return which model found which factor, in how many seeds; nothing for a single model."""
    table_of, models = (
        results.factor_seeds(trained),
        list(dict.fromkeys(one.model for one in trained)),
    )
    if len(models) < 2 or table_of.empty:
        return []
    seeds = pd.Series([one.model for one in trained]).value_counts()
    # A target may be called K562|CTCF, a filter only as the known motif is.
    own = (
        []
        if run.expected is None
        else [
            known[row.motif].alias if row.motif in known else row.factor
            for row in run.expected.itertuples()
        ]
    )
    expected = {factor.casefold() for factor in own}
    recurrent = [model for model in models if model in results.RECURRENT]
    rows = [
        [
            factor,
            "yes" if factor.casefold() in expected else "no",
            *(f"{counts[model]} of {seeds[model]}" for model in models),
            _found_by(counts, recurrent, models),
        ]
        for factor, counts in table_of.iterrows()
    ]
    absent = expected - {factor.casefold() for factor in table_of.index}
    rows += [
        [factor, "yes", *(f"0 of {seeds[model]}" for model in models), "none"]
        for factor in dict.fromkeys(own)
        if factor.casefold() in absent
    ]
    rows.sort(key=lambda row: (row[1] != "yes", _ORDER.index(row[-1]), row[0]))
    return [
        table(
            "Factors by model",
            [
                "factor",
                "planted" if run.planted else "a target's own",
                *map(title, models),
                "found",
            ],
            rows,
            ("factor", "planted", "a target's own", *map(title, models), "found"),
            "In how many seeds at least one filter has the name of the factor. With and without: by "
            "models with a recurrent layer and by models without one.",
        )
    ]


_ORDER = ["with and without", "only with recurrence", "only without", "none"]


def _found_by(counts, recurrent, models):
    """Say whether models with recurrence, without, or both found a factor at least once."""
    by = [
        any(counts[model] > 0 for model in models if (model in recurrent) is one)
        for one in (True, False)
    ]
    return _ORDER[[[True, True], [True, False], [False, True], [False, False]].index(by)]


def _kind_cell(named):
    return Cell(
        str(len(named)), listed([f"{row.name} ({row.factor})" for row in named.itertuples()], 20)
    )


def _galleries(layer, one, known):
    """Return the logos of a layer: its named filters, and on demand some that resemble nothing known."""
    best, named = one.best_matches(), one.named()
    # The best filter of each factor comes first, then the others: many filters look for the same motif.
    shown = (
        named.assign(again=named.duplicated("factor"))
        .sort_values("again", kind="stable")
        .head(SHOWN)
    )
    few = f", {SHOWN} shown, the best of each factor first" if len(named) > SHOWN else ""
    name = f"{title(one.model)}{LAYERS[layer]}, seed {one.seed}"
    found = [
        page.Gallery(
            f"{name}: {plural(len(named), 'named filter')}{few}", _logos(one, shown, known)
        )
    ]
    unmatched = best[(best["tested"] == "yes") & (best["named"] != "yes")]
    if len(unmatched):
        shown = unmatched.sort_values("n_sites", ascending=False, kind="stable").head(
            SHOWN_UNMATCHED
        )
        few = f", {SHOWN_UNMATCHED} shown" if len(unmatched) > SHOWN_UNMATCHED else ""
        found.append(
            page.Gallery(
                f"{name}: {plural(len(unmatched), 'unmatched filter')}{few}",
                _logos(one, shown, {}),
                folded=True,
            )
        )
    return found


def _logos(one, rows, known):
    effects, members = one.effects(), one.best_matches()["cluster"].value_counts()
    return [
        page.logo(
            one.motifs[row["name"]],
            row,
            known.get(row["match"]),
            effects.loc[row["name"]] if row["name"] in effects.index else None,
            int(members.get(row["cluster"], 1)) - 1,
        )
        for _, row in rows.iterrows()
        if row["name"] in one.motifs
    ]


# --- how it was made ---


def methods(run, settings):
    """Say how it was made: software, inputs, trainings, configuration."""
    trained = [one for one in run.trained if one.facts]
    options = [
        f"{one.model} seed {one.seed}: {json.dumps(one.facts['options'], ensure_ascii=False)}"
        for one in trained
        if "options" in one.facts
    ]
    peaks = [f"{checksum}  {path}" for role, path, checksum in run.files() if role == "peaks"]
    texts = {
        "Methods, as text for a paper": "\n\n".join(words.methods_paragraphs(run)),
        "How to cite": words.CITATION.format(version=danq.__version__),
        "Configuration": settings,
        "Commands": "\n".join(run.commands),
        "Training options": "\n".join(options),
        "Peak files": "\n".join(peaks),
    }
    return Section(
        "methods",
        "How it was made",
        tables=[
            _machines_table(trained),
            _steps_table(run),
            _versions_table(run, trained),
            _sources_table(run),
        ],
        details=[page.Details(name, text) for name, text in texts.items() if text],
    )


def _machines_table(trained):
    keys = ["parameters", "scale", "threads", "device", "hardware", "precision"]
    rows = []
    for one in trained:
        seconds = one.facts.get("seconds")
        rows.append(
            [
                title(one.model),
                one.seed,
                *(words.plain(one.facts.get(key)) for key in keys),
                words.duration(seconds) if isinstance(seconds, int | float) else "NA",
            ]
        )
    return table(
        "Models and machines",
        ["model", "seed", *keys, "time"],
        rows,
        ("model", "device", "hardware", "precision"),
    )


def _steps_table(run):
    rows = [
        [
            row.step.replace("_", " "),
            *(number(value, 1) for value in (row.seconds, row.cpu_seconds, row.memory)),
            number(row.asked_seconds, 0),
            number(row.asked_memory, 0),
            number(row.cpus, 0),
            number(row.gpus, 0),
        ]
        for row in run.steps.itertuples()
    ]
    return table(
        "Time and memory",
        [
            "step",
            "seconds",
            "CPU seconds",
            "highest memory (MB)",
            "time limit (seconds)",
            "memory asked (MB)",
            "CPUs",
            "GPUs",
        ],
        rows,
        ("step",),
        "Of each job, as Snakemake measured it; jobs run side by side. To the right, what a cluster was asked "
        "for; on one machine nothing limits them.",
    )


def _versions_table(run, trained):
    versions = {"dataset_made_by": {run.facts["created_by"]}} if "created_by" in run.facts else {}
    for one in trained:
        found = one.facts.get("versions")
        for name, version in found.items() if isinstance(found, dict) else ():
            versions.setdefault(name, set()).add(str(version))
    rows = [[name, ", ".join(sorted(texts))] for name, texts in versions.items()]
    return table("Software", ["name", "version"], rows, ("name", "version"))


def _sources_table(run):
    files = [row for row in run.files() if row[0] != "peaks"]
    return table("Input files", ["input", "path", "SHA-256"], files, ("input", "path", "SHA-256"))
