"""Whether a training was still improving when it ended, by the validations of its epochs."""

from collections.abc import Sequence

import numpy as np

RISE = 0.02
"""A model may be undertrained when validation AUPRC rose by more than this in its last epoch."""


def last_gain(areas: Sequence[float]) -> float:
    """Return the share by which the AUPRC rose in the last epoch; nan where that is unknown.

    Examples
    --------
    >>> round(last_gain([0.1, 0.2, 0.21]), 3), last_gain([0.2])
    (0.05, nan)
    """
    if len(areas) < 2:
        return np.nan
    before, last = areas[-2:]
    return last / before - 1 if before > 0 else np.nan


def still_improving(areas: Sequence[float], best_is_last: bool) -> bool:
    """Say whether a training ended while its model was still improving.

    Parameters
    ----------
    areas : sequence of float
        Validation AUPRC after each epoch.
    best_is_last : bool
        Whether the last epoch is the best.

    Returns
    -------
    bool
        True when the best epoch is the last, and AUPRC rose by a share of more than `RISE`; after
        a single epoch, always.
    """
    if len(areas) < 2:
        return True
    before, last = areas[-2:]
    rose = last - before > RISE * before
    return bool(rose and best_is_last)
