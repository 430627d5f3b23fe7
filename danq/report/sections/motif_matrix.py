"""Motifs by models: a row for each factor, with the best logo of each model."""

from collections.abc import Sequence

import pandas as pd

from danq.motif.meme import Motif
from danq.report.findings.motifs import Known, factor_seeds, factors_by_model
from danq.report.findings.training import first_trainings
from danq.report.logos import logo
from danq.report.page import Cell, Table, table
from danq.report.run import Run
from danq.report.run_trainings import Trained
from danq.report.words import percent, plural, sentence, title

MOST_FACTORS = 30
"""Rows at most; the logos of all are in the galleries."""

_HEADING = "Motifs by model"
_NOTE = (
    "For each model, of its first seed: the logo of the filter that fits the factor best (lowest "
    "q-value), how many of its filters have the name, and for which target log-odds fall most "
    "without that one. Below: in how many seeds a filter has the name."
)
_PLANTED_NOTE = (
    "Planted: the share of that filter's sites that lie on a planted site of the factor (they have "
    "half of the shorter one in common, or more)."
)


def motif_matrix(run: Run, trained: Sequence[Trained], known: Known) -> Table:
    """Return the factors that filters have the names of, with the best logo of each model.

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
        Without rows where no filter has a name.
    """
    counts = factor_seeds(trained)
    finding = factors_by_model(run, trained, known)
    expected = set() if finding is None else set(finding.expected.index[finding.expected])
    factors = _ordered(trained, counts, expected)
    first = {training.model: training for training in first_trainings(trained)}
    n_seeds = pd.Series([training.model for training in trained]).value_counts()
    rows = []
    for factor in factors[:MOST_FACTORS]:
        found = counts.loc[factor] if factor in counts.index else pd.Series(0, counts.columns)
        is_expected = factor in expected
        cells = []
        for model, training in first.items():
            seeds = _seeds(int(found[model]), int(n_seeds[model]))
            of_run = run if is_expected else None
            cells.append(_cell(training, factor, known, seeds, of_run))
        rows.append([Cell(factor, _kind(run, is_expected)), *cells])
    limit = f"{MOST_FACTORS} of {plural(len(factors), 'factor')}."
    planted = "" if run.planted_shares.empty else _PLANTED_NOTE
    note = sentence(_NOTE, planted, limit if len(factors) > MOST_FACTORS else "")
    columns = ["factor", *map(title, first)]
    return table(_HEADING, columns, rows, columns, note)


def _ordered(trained: Sequence[Trained], counts: pd.DataFrame, expected: set[str]) -> list[str]:
    """Return the factors: expected ones first, then those of most seeds, then the surest."""
    surest = [factor for training in trained for factor in training.named()["factor"]]
    found = list(dict.fromkeys(surest))
    absent = sorted(expected - set(found))
    totals = counts.sum(axis=1)

    def key(factor: str) -> tuple[bool, int]:
        return factor not in expected, -int(totals.get(factor, 0))

    return sorted([*found, *absent], key=key)


def _kind(run: Run, expected: bool) -> str:
    if not expected:
        return ""
    return "planted" if run.planted else "a target's own"


def _seeds(count: int, n_seeds: int) -> str:
    return f"{count} of {plural(n_seeds, 'seed')}"


def _planted_facts(run: Run, model: str, name: str, factor: str) -> list[str]:
    """Say which share of a filter's sites are planted ones of a factor, if that is known."""
    of_model = run.planted_shares[run.planted_shares["model"] == model]
    if of_model.empty:
        return []
    same_factor = of_model["factor"].str.casefold() == factor.casefold()
    rows = of_model[same_factor & (of_model["name"] == name)]
    shares = rows["n_planted"] / rows["n_sites"]
    return [f"planted: {percent(shares.sum())}"]  # no row: not a single site is a planted one


def _cell(training: Trained, factor: str, known: Known, seeds: str, planted: Run | None) -> Cell:
    """Return the best logo of a factor in one training, and in how many seeds it is found.

    `planted` knows how many sites are planted ones, if the factor is a planted one.
    """
    named = training.named()
    of_factor = named[named["factor"] == factor]
    drawn = [row for _, row in of_factor.iterrows() if row["name"] in training.motifs]
    if not drawn:
        return Cell(seeds, mark="na" if of_factor.empty else "")
    best = drawn[0]
    effects = training.effects()
    effect = effects.loc[best["name"]] if best["name"] in effects.index else None
    motif: Motif = training.motifs[best["name"]]
    drawing = logo(motif, best, known.get(best["match"]), effect)
    facts = [fact for fact in drawing.facts if fact.startswith("ablated")]
    if planted is not None:
        facts += _planted_facts(planted, training.model, best["name"], factor)
    note = " · ".join([plural(len(of_factor), "filter"), *facts])
    return Cell(seeds, note, "motif", drawing.svg)
