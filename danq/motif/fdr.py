"""False discovery rates of the matches after which motifs are named."""

import numpy as np
from numpy.typing import NDArray


def benjamini_hochberg(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return q-values over all entries of `p`, whatever its shape.

    Parameters
    ----------
    p : numpy.ndarray, float64
        p-values of all tests, not only of the promising ones.

    Returns
    -------
    numpy.ndarray, float64, shape of `p`
        Smallest false discovery rate at which each is significant (Benjamini and Hochberg 1995,
        https://doi.org/10.1111/j.2517-6161.1995.tb02031.x).

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    # scipy.stats has it, too, but takes half a second to load.
    flat = p.ravel()
    order = np.argsort(flat)
    ranks = np.arange(1, len(flat) + 1)
    rates = flat[order] * (len(flat) / ranks)
    lowest = np.minimum.accumulate(rates[::-1])[::-1]  # from each p-value on
    q = np.empty(len(flat))
    q[order] = np.minimum(lowest, 1)
    return q.reshape(p.shape)


def best_q_values(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the q-value of each motif's best match: the false discovery rate among named motifs.

    The best of T p-values is first corrected for their number (Sidak 1967,
    https://doi.org/10.1080/01621459.1967.10482935), then for the number of motifs (Benjamini and
    Hochberg). If all pairs of motif and known motif were corrected together instead, a true motif
    with many relatives would count as many discoveries, and shuffled motifs would pass.

    Parameters
    ----------
    p : numpy.ndarray, shape (F, T)
        p-value of each motif and known motif.

    Returns
    -------
    numpy.ndarray, shape (F,), float64
        q-value of each motif.
    """
    below_1 = np.nextafter(1, 0)  # the logarithm of 1 - 1 is not finite
    best = np.minimum(p.min(axis=1), below_1)
    n_targets = p.shape[1]
    log_none = n_targets * np.log1p(-best)
    return benjamini_hochberg(-np.expm1(log_none))


def empirical_fdr(
    p: NDArray[np.float64], best: NDArray[np.float64], null: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Estimate false discovery rates of motifs from shuffled ones.

    At a threshold t: the share of shuffled motifs whose best match has p <= t, over the share of
    real motifs whose best match has; at most 1, and the lowest over all thresholds that let `p`
    pass, so that it never falls as `p` grows. It accounts for what q-values ignore: filters share
    their composition with known motifs, and the p-values of one filter depend on each other. Its
    resolution is one in ``len(null)``.

    Parameters
    ----------
    p : numpy.ndarray, shape (M,)
        Where to estimate.
    best, null : numpy.ndarray, shapes (N,), (K,)
        Lowest p-value of each real and of each shuffled motif.

    Returns
    -------
    numpy.ndarray, float64, shape (M,)
        False discovery rate at each of `p`.

    Examples
    --------
    >>> best, null = np.array([1e-9, 1e-8, 1e-4, 0.02]), np.array([1e-4, 0.03, 0.04, 0.05])
    >>> empirical_fdr(np.array([1e-8, 1e-4, 0.02, 0.1]), best, null).round(3).tolist()
    [0.0, 0.25, 0.25, 1.0]
    """
    thresholds = np.unique(np.concatenate([p, best]))
    false = np.searchsorted(np.sort(null), thresholds, side="right")
    named = np.searchsorted(np.sort(best), thresholds, side="right")
    false_share = false / len(null)
    named_share = np.maximum(named, 1) / len(best)
    rates = false_share / named_share
    lowest = np.minimum.accumulate(rates[::-1])[::-1]  # from each threshold on
    estimates = np.minimum(lowest, 1)
    return estimates[np.searchsorted(thresholds, p)]
