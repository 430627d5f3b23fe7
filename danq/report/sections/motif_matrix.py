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
from danq.report.words import plural, sentence, title

MOST_FACTORS = 30
"""Rows at most; the logos of all are in the galleries."""

_HEADING = "Motifs by model"
_NOTE = (
    "For each model, of its first seed: the logo of the filter that fits the factor best (lowest "
    "q-value), how many of its filters have the name, and for which target log-odds fall most "
    "without that one. Below: in how many seeds a filter has the name."
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
        cells = [_cell(first[m], factor, known, int(found[m]), int(n_seeds[m])) for m in first]
        rows.append([Cell(factor, _kind(run, factor in expected)), *cells])
    limit = f"{MOST_FACTORS} of {plural(len(factors), 'factor')}."
    note = sentence(_NOTE, limit if len(factors) > MOST_FACTORS else "")
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


def _cell(training: Trained, factor: str, known: Known, count: int, n_seeds: int) -> Cell:
    """Return the best logo of a factor in one training, and in how many seeds it is found."""
    seeds = f"{count} of {plural(n_seeds, 'seed')}"
    named = training.named()
    of_factor = named[named["factor"] == factor]
    drawn = [row for _, row in of_factor.iterrows() if row["name"] in training.motifs]
    if not drawn:
        return Cell(seeds, mark="" if count else "na")
    best = drawn[0]
    effects = training.effects()
    effect = effects.loc[best["name"]] if best["name"] in effects.index else None
    motif: Motif = training.motifs[best["name"]]
    drawing = logo(motif, best, known.get(best["match"]), effect)
    ablated = [fact for fact in drawing.facts if fact.startswith("ablated")]
    note = " · ".join([plural(len(of_factor), "filter"), *ablated])
    return Cell(seeds, note, "motif", drawing.svg)
