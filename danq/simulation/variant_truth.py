"""What the simulated variants do, read back, and what oracles make of them."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.variant_labels import VariantLabels
from danq.records import verified_if_recorded
from danq.simulation.grammar import TARGETS

PREFIX = "effect_"
"""How the columns of effects begin, before the name of the target."""

_PLACES = ["chrom", "pos", "ref", "alt"]
_BREAKING = ("break", "delete")  # kinds of variants after which a site is none


class VariantTruth(NamedTuple):
    """The truth of simulated variants.

    Attributes
    ----------
    labels : danq.genome.variant_labels.VariantLabels
        What each does to the label of each target.
    kinds, factors : numpy.ndarray, shape (n,), object
        What was changed, and the factor of that site, see `danq.simulation.variants.Change`.
    """

    labels: VariantLabels
    kinds: NDArray[np.object_]
    factors: NDArray[np.object_]

    def oracles(self) -> dict[str, NDArray[np.float64]]:
        """Return the changes that two oracles would predict, by name, each (n, T).

        One knows the rules. The other knows only on which factors the label of a target depends: it
        expects the label to go wherever a site of one of them is broken.
        """
        effects = self.labels.values
        is_broken = np.isin(self.kinds, _BREAKING)
        parts = np.zeros_like(effects)
        for target, effect in enumerate(effects.T):
            needed = set(self.factors[is_broken & (effect != 0)])
            parts[is_broken & np.isin(self.factors, list(needed)), target] = -1.0
        return {"oracle_rule": effects, "oracle_parts": parts}


def read_variant_truth(path: PathLike) -> VariantTruth:
    """Read the table of danq simulate-variants.

    Parameters
    ----------
    path : str or path-like
        The table.

    Returns
    -------
    VariantTruth
        Every variant once.

    Raises
    ------
    DanqError
        It is no such table, or was edited.
    """
    verified_if_recorded(path)
    advice = "make it again with danq simulate-variants"
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, na_filter=False)
        table = table.astype({"pos": np.int64}).drop_duplicates(_PLACES)
        names = [name for name in table if name.startswith(PREFIX)]
        effects = table[names].to_numpy(np.float64)
        known = VariantLabels(
            kind="effect",
            places=table[_PLACES].reset_index(drop=True),
            names=[name.removeprefix(PREFIX) for name in names],
            groups=_groups(names),
            values=effects,
        )
        return VariantTruth(known, table["kind"].to_numpy(), table["factor"].to_numpy())
    except (KeyError, ValueError, OSError):
        raise DanqError(f"is not a table of simulated variants; {advice}", path) from None


def _groups(columns: list[str]) -> list[str]:
    """Return the rule of the target of each column; an unknown one has none."""
    rules = {f"{PREFIX}{target.name}": target.group for target in TARGETS}
    return [rules.get(column, "") for column in columns]
