"""What models predict for both alleles of variants."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from danq.genome.alleles import AlleleWindows
from danq.genome.sequence import one_hot
from danq.network.devices import as_float64
from danq.network.strands import BATCH, strand_log_odds, strand_logits
from danq.network.tiled import Predictor

Floats = NDArray[np.float64]


class VariantScores(NamedTuple):
    """Predictions of n alternative alleles and of their reference alleles, for T targets.

    Attributes
    ----------
    ref, alt : numpy.ndarray, shape (n, T), float64
        Log-odds of the mean probability over strands and models.
    spread : numpy.ndarray, shape (n, T), float64, or None
        Standard deviation over models of their change of log-odds; None of a single model.
    by_model : numpy.ndarray, shape (M, n, T), float64, or None
        That change of each model; None of a single model.
    """

    ref: Floats
    alt: Floats
    spread: Floats | None
    by_model: Floats | None

    @property
    def change(self) -> Floats:
        """The change of log-odds, of the alternative allele less the reference, (n, T)."""
        return self.alt - self.ref


def probabilities(log_odds: Floats) -> Floats:
    """Return the probabilities of log-odds."""
    return 1 / (1 + np.exp(-log_odds))


def score_windows(
    models: Sequence[Predictor], windows: Sequence[AlleleWindows], columns: Sequence[int]
) -> VariantScores:
    """Predict the windows of both alleles; a window that occurs several times is predicted once.

    Parameters
    ----------
    models : sequence of danq.network.trained.TrainedModel
        Of the same targets.
    windows : sequence of danq.genome.alleles.AlleleWindows
        Of each variant.
    columns : sequence of int
        Which targets.

    Returns
    -------
    VariantScores
    """
    places: dict[bytes, int] = {}
    unique: list[NDArray[np.uint8]] = []
    rows = np.empty((2, len(windows)), dtype=np.int64)
    for number, pair in enumerate(windows):
        for side, bases in enumerate((pair.ref, pair.alt)):
            key = bases.tobytes()
            if key not in places:
                places[key] = len(unique)
                unique.append(bases)
            rows[side, number] = places[key]
    together, by_model = _predict(models, unique, list(columns))
    ref, alt = rows
    if len(models) == 1:
        return VariantScores(together[ref], together[alt], None, None)
    changes = by_model[:, alt] - by_model[:, ref]
    spread = changes.std(axis=0, ddof=1)
    return VariantScores(together[ref], together[alt], spread, changes)


@torch.no_grad()
def _predict(
    models: Sequence[Predictor], windows: Sequence[NDArray[np.uint8]], columns: list[int]
) -> tuple[Floats, Floats]:
    """Return log-odds of windows: of all models together (n, T), and of each (M, n, T)."""
    n = len(windows)
    together = np.empty((n, len(columns)))
    by_model = np.empty((len(models), n, len(columns)))
    for start in range(0, n, BATCH):
        part = slice(start, start + BATCH)
        channels = one_hot(np.stack(windows[part])).transpose(0, 2, 1)
        X = torch.from_numpy(np.ascontiguousarray(channels, dtype=np.float32))
        logits = []
        for number, model in enumerate(models):
            both = strand_logits(model.network, X.to(model.device))[:, :, columns]
            both = as_float64(both)
            logits.append(both.cpu())
            by_model[number, part] = strand_log_odds(both).cpu().numpy()
        together[part] = strand_log_odds(torch.cat(logits)).numpy()
    return together, by_model


def e_values(changes: Floats, background: Floats) -> Floats:
    """Return how unusual changes are beside those of a background.

    The empirical E-value of DeepSEA (https://doi.org/10.1038/nmeth.3547): the share of background
    variants whose change is at least as large, of either sign; the variant itself counts as one of
    them, so that it is never 0 (Phipson and Smyth 2010, https://doi.org/10.2202/1544-6115.1585).

    Parameters
    ----------
    changes : numpy.ndarray, shape (n, T)
        Changes of log-odds.
    background : numpy.ndarray, shape (m, T)
        Those of the background.

    Returns
    -------
    numpy.ndarray, shape (n, T)
        (rank + 1) / (m + 1).

    Examples
    --------
    >>> e_values(np.array([[-3.0], [0.5]]), np.array([[1.0], [-2.0], [4.0]])).tolist()
    [[0.5], [1.0]]
    """
    m = len(background)
    sorted_sizes = np.sort(np.abs(background), axis=0)
    ranks = np.empty(changes.shape)
    for target in range(changes.shape[1]):
        sizes = np.abs(changes[:, target])
        ranks[:, target] = m - np.searchsorted(sorted_sizes[:, target], sizes, side="left")
    return (ranks + 1) / (m + 1)
