"""The comparison of two models: its verdict, its targets, and what makes it uncertain."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from danq.catalog import Model, question_pairs, twins
from danq.report.run_scores import Pair

SURE = 0.05
"""A target with a lower q-value counts as different."""

DOMINATES = 1.5
"""One source of spread dominates the other when its standard error is larger by this factor."""

Verdict = Literal["above", "below", "around", ""]
"""Where an interval lies: on one side of 0, or around it; empty for an undefined one."""

Source = Literal["seeds", "windows", "both", ""]
"""What makes a mean difference uncertain; empty where that is not known."""


def verdict(low: float, high: float) -> Verdict:
    """Judge a difference by its interval.

    Parameters
    ----------
    low, high : float
        The interval of the difference; nan when it is undefined.

    Returns
    -------
    {"above", "below", "around", ""}
        The side of 0 on which the interval lies.

    Examples
    --------
    >>> verdict(0.01, 0.03), verdict(-0.01, 0.03), verdict(0.0, 0.03), verdict(float("nan"), 0.03)
    ('above', 'around', 'around', '')
    """
    if not np.isfinite([low, high]).all():
        return ""
    if low > 0:
        return "above"
    return "below" if high < 0 else "around"


def find_pair(pairs: Sequence[Pair], a: str, b: str) -> Pair | None:
    """Return the comparison of two models.

    Parameters
    ----------
    pairs : sequence of Pair
        The comparisons of a run.
    a, b : str
        Names of the models, in the order of their difference.

    Returns
    -------
    Pair or None
        None where the two were not compared.
    """
    for pair in pairs:
        if pair.models == (a, b):
            return pair
    return None


class Twins(NamedTuple):
    """A recurrent model compared with its twins, by what these have in its recurrent layer's place.

    Attributes
    ----------
    model : str
        Name of the recurrent model; empty where none was compared with a twin.
    local : list of Pair
        With twins whose receptive field is a neighbourhood.
    reach : list of Pair
        With twins that read the whole window without recurrence: the controls for reach.
    recurrent : list of Pair
        With twins of another kind of recurrence.
    """

    model: str
    local: list[Pair]
    reach: list[Pair]
    recurrent: list[Pair]

    @property
    def pairs(self) -> list[Pair]:
        """All of them."""
        return self.local + self.reach + self.recurrent

    @property
    def models(self) -> list[str]:
        """Names of the recurrent model and of the twins that it was compared with."""
        return [self.model, *(pair.b for pair in self.pairs)] if self.model else []


def twin_pairs(pairs: Sequence[Pair]) -> Twins:
    """Return the comparisons of a model with its twins.

    Of the first model of the catalogue that was compared with its local twin; without one, of the
    first that was compared with any.
    """
    families = [_family(pairs, model) for model in dict.fromkeys(a for a, _ in question_pairs())]
    compared = [family for family in families if family.pairs]
    with_local = [family for family in compared if family.local]
    return [*with_local, *compared, Twins("", [], [], [])][0]


def _family(pairs: Sequence[Pair], model: str) -> Twins:
    """Return the comparisons of one model with its twins."""
    kinds: dict[str, list[Pair]] = {"local": [], "reach": [], "recurrent": []}
    for twin in twins(model):
        pair = find_pair(pairs, model, twin.name)
        if pair is not None:
            kinds[_kind(twin)].append(pair)
    return Twins(model, **kinds)


def _kind(twin: Model) -> str:
    """Say what a twin has in the place of the recurrent layer."""
    if twin.recurrent:
        return "recurrent"
    return "reach" if controls_reach(twin) else "local"


def controls_reach(twin: Model) -> bool:
    """Say whether a twin reads the whole window without recurrence."""
    return not twin.recurrent and twin.receptive_field == "window"


class Tally(NamedTuple):
    """Targets by the sign of their difference in AUPRC.

    Attributes
    ----------
    higher, lower, equal : int
        Targets on which model a is higher than model b, lower, or equal.
    total : int
        Targets with a defined difference.
    """

    higher: int
    lower: int
    equal: int
    total: int


def tally(pair: Pair) -> Tally:
    """Count the targets on which model a of a pair is higher and lower, by AUPRC."""
    return _tally(pair.rows["difference"].dropna())


def _tally(differences: pd.Series) -> Tally:
    higher = int((differences > 0).sum())
    lower = int((differences < 0).sum())
    equal = int((differences == 0).sum())
    return Tally(higher, lower, equal, len(differences))


def sure_tally(pair: Pair) -> Tally | None:
    """Count the targets with a q-value below `SURE`; None when no target has a q-value."""
    known = pair.rows.dropna(subset=["q"])
    if known.empty:
        return None
    sure = known["q"] < SURE
    return _tally(known.loc[sure, "difference"])


def main_source(pair: Pair) -> Source:
    """Say what makes the mean difference more uncertain: training seeds or test windows."""
    windows = pair.mean["sampling_sd"]
    seeds = pair.mean["seed_sd"]
    if not np.isfinite([windows, seeds]).all():
        return ""
    if seeds > DOMINATES * windows:
        return "seeds"
    return "windows" if windows > DOMINATES * seeds else "both"


def disagrees(pair: Pair) -> bool:
    """Say whether Wilcoxon's test over targets and the interval of the mean come apart.

    One of them finds a difference, at 5 %, and the other does not, or none on that side.
    """
    p = pair.mean["wilcoxon_p"]
    side = verdict(pair.mean["low"], pair.mean["high"])
    if np.isnan(p) or side == "":
        return False
    found = p < SURE
    return bool(found != (side != "around"))


def seed_differences(pair: Pair, metrics: pd.DataFrame) -> pd.Series:
    """Compute the mean difference in AUPRC of a pair seed by seed.

    Parameters
    ----------
    pair : Pair
        Two models.
    metrics : pandas.DataFrame
        metrics.tsv.

    Returns
    -------
    pandas.Series of float
        By seed, over the targets that are defined for both models; empty for models that share no
        seed.
    """
    compared = metrics["model"].isin([pair.a, pair.b])
    rows = metrics[compared].set_index(["seed", "target", "model"])
    table = rows["auprc"].unstack("model").dropna()
    if pair.a not in table or pair.b not in table:
        return pd.Series(dtype=float)
    differences = table[pair.a] - table[pair.b]
    return differences.groupby("seed").mean()
