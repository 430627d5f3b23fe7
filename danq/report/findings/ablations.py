"""What models lose without the filters of a factor: one order and one scale for all models."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from danq.report.findings.motifs import MOST_ABLATED, similar_together
from danq.report.run_trainings import Trained

UNNAMED = "unnamed filters"
"""The column of filters that have the name of no factor."""

MOST_FACTORS = 24
"""Factors at most, beside the unnamed filters."""

FAINT = 0.02
"""Factors are left out whose largest effect is below this share of the largest of all."""


class Ablations(NamedTuple):
    """What targets lose without filters, by factor.

    Attributes
    ----------
    effects : dict of str to pandas.DataFrame
        By model, targets (index) by factors, the same for all models: the fall in log-odds of
        largest size among the filters of the factor, each ablated by itself; nan where the model
        has no such filter.
    limit : float
        The largest size of any effect.
    n_targets, n_factors : int
        How many there are, of which those with the largest effects are kept.
    """

    effects: dict[str, pd.DataFrame]
    limit: float
    n_targets: int
    n_factors: int


def ablations(trained: Sequence[Trained]) -> Ablations | None:
    """Return what models lose without the filters of each factor.

    Parameters
    ----------
    trained : sequence of Trained
        One training of each model.

    Returns
    -------
    Ablations or None
        None where no filter was ablated.
    """
    tables = {one.model: _by_factor(one) for one in trained if not one.ablation.empty}
    if not tables:
        return None
    sizes = pd.concat([table.abs() for table in tables.values()]).groupby(level=0).max()
    targets = _largest(sizes.max(axis=1), MOST_ABLATED)
    by_factor = sizes.drop(columns=UNNAMED, errors="ignore").max(axis=0)
    seen = by_factor[by_factor >= FAINT * sizes.max(axis=None)]
    factors = _largest(seen, MOST_FACTORS)
    kept = sizes.reindex(index=targets, columns=factors).fillna(0).to_numpy()
    rows = targets[similar_together(kept)]
    columns = list(factors[similar_together(kept.T)]) if len(factors) else []
    columns += [UNNAMED] if UNNAMED in sizes else []
    effects = {name: table.reindex(index=rows, columns=columns) for name, table in tables.items()}
    limit = max(float(np.nanmax(table.abs().to_numpy())) for table in effects.values())
    return Ablations(effects, limit, len(sizes), len(sizes.columns.difference([UNNAMED])))


def _by_factor(training: Trained) -> pd.DataFrame:
    """Return the effect of largest size for each target (index) and factor."""
    table = training.ablation.assign(factor=_factors(training))
    order = table["effect"].abs().sort_values(ascending=False, kind="stable").index
    largest = table.loc[order].drop_duplicates(["factor", "target"])
    return largest.pivot(index="target", columns="factor", values="effect")


def _factors(training: Trained) -> pd.Series:
    """Return the factor of each row of an ablation."""
    motifs = training.ablation["motif"]
    if training.matches.empty:
        return pd.Series(UNNAMED, index=motifs.index)
    named = training.named().drop_duplicates("name").set_index("name")["factor"]
    return motifs.map(named).fillna(UNNAMED)


def _largest(sizes: pd.Series, limit: int) -> pd.Index:
    ranked = sizes.dropna().sort_values(ascending=False, kind="stable")
    return ranked.index[:limit].sort_values()
