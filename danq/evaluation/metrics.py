"""How good scores are: exact metrics per target, for many targets on many windows.

A threshold that no positive reaches adds no recall, and a count of negatives needs no labels. So a target's scores are
sorted once, without their labels, its positives' scores apart, and two searches tell how many of either lie at or
above, and above, each threshold that counts. Everything else is arithmetic on these few numbers, ties included: no
order of all labels, no curve through all windows.

What is undefined is nan.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from tqdm import tqdm

from danq.errors import DanqError

METRICS = ("auroc", "auprc", "auprc_trapezoid", "lift", "recall_at_fdr50", "brier", "ece")
"""What `measure` returns, in this order."""

BINS = 10
"""Bins of the expected calibration error, as in its paper."""

TOGETHER = 16
"""Targets that are read together: where the scores of a window lie side by side, those of 16 fill a cache line."""

ROWS = 512
"""Windows that are read together: what is read of them stays in the cache until all targets have taken theirs."""

ROUNDING = 1e-12
"""How far a recall may fall short of the one that is asked for: 0.1 + 0.2 is 3 positives of 10, and not 4."""


def measure(labels, scores, threads=1):
    """Measure each target.

    Parameters
    ----------
    labels : numpy.ndarray, shape (N, T), 0/1
    scores : numpy.ndarray, shape (N, T)
        Higher is more positive; infinities rank as any other score. Compared in their own precision. Either array may
        be memory-mapped, and lie in memory in either order; `TOGETHER` targets are copied at a time.
    threads : int
        Targets are shared among as many threads. The result does not depend on it; memory grows with it, by about 25
        columns of float32 a thread.

    Returns
    -------
    dict of str to numpy.ndarray, shape (T,), float64
        Named as `METRICS`:

        - auroc: the share of pairs of a positive and a negative window in which the positive has the higher score;
          equal scores count half (Mann and Whitney 1947, https://doi.org/10.1214/aoms/1177730491). scikit-learn's
          ``roc_auc_score``.
        - auprc: average precision, the mean over positives of the precision at their score (Boyd et al. 2013,
          https://doi.org/10.1007/978-3-642-40994-3_29). scikit-learn's ``average_precision_score``.
        - auprc_trapezoid: area under straight lines between the points of the precision-recall curve, from precision 1
          at recall 0; scikit-learn's ``auc`` of ``precision_recall_curve``. For comparison with published tables only:
          such lines promise what no threshold gives (Davis and Goadrich 2006,
          https://doi.org/10.1145/1143844.1143874).
        - lift: auprc over the share of positives, which is what chance gives (Saito and Rehmsmeier 2015,
          https://doi.org/10.1371/journal.pone.0118432).
        - recall_at_fdr50: the largest recall at a precision of at least 0.5, 0 if there is none (the ENCODE-DREAM
          challenge's recall at a false discovery rate of 50 %, https://www.synapse.org/#!Synapse:syn6131484).
        - brier: mean of (score - label)^2 (Brier 1950,
          https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2). scikit-learn's ``brier_score_loss``.
        - ece: expected calibration error, the mean over windows of the distance between the mean score and the share
          of positives of their bin, of `BINS` bins of equal width (Naeini et al. 2015,
          https://doi.org/10.1609/aaai.v29i1.9602); bins as `calibration`.

        The first five are nan where a target has no positive, no negative, or a nan score. brier and ece need neither:
        they are nan where a score is nan or not in [0, 1], hence no probability.

    Raises
    ------
    DanqError
        Labels other than 0 and 1, or labels and scores of different shapes.

    Examples
    --------
    >>> found = measure(np.array([[1], [0], [1], [0]]), np.array([[0.9], [0.8], [0.4], [0.1]]))
    >>> float(found["auroc"][0])
    0.75
    """
    labels, scores = _matching(labels, scores, 2)
    n_targets, rows = labels.shape[1], []
    with ThreadPoolExecutor(threads) as pool:
        parts = _parts(n_targets, min(TOGETHER, -(-n_targets // threads)))
        with tqdm(
            total=n_targets, desc="measure", unit="target", leave=False, disable=None, delay=1
        ) as bar:
            for found in pool.map(lambda columns: _measure_part(labels, scores, columns), parts):
                rows += found
                bar.update(len(found))
    return dict(zip(METRICS, np.reshape(rows, (n_targets, len(METRICS))).T.copy(), strict=True))


def auprc(labels, scores):
    """Return the average precision of each target, float64 (T,); as `measure`."""
    return measure(labels, scores)["auprc"]


def auroc(labels, scores):
    """Return the area under the ROC curve of each target, float64 (T,); as `measure`."""
    return measure(labels, scores)["auroc"]


def precision_at(labels, scores, recalls):
    """Return the precision of one target where its recall reaches given values.

    A curve on a grid of recalls, to be averaged over seeds.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (N,)
        As `measure`.
    recalls : array_like, shape (R,)
        Between 0 and 1. At 0, the value of the smallest recall above it.

    Returns
    -------
    numpy.ndarray, shape (R,), float64
        Precision at the highest score that, as a threshold, gives at least this recall: the steps of scikit-learn's
        ``precision_recall_curve``. nan where the target's auprc is, and for a recall above 1.

    Raises
    ------
    DanqError
        As `measure`.

    Examples
    --------
    >>> precision_at(np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.4, 0.1]), [0.5, 1]).tolist()
    [1.0, 0.6666666666666666]
    """
    labels, scores = _matching(labels, scores, 1)
    (positive,), (scores,) = read_targets(labels[:, None], scores[:, None], slice(0, 1))
    ordered, hits = np.sort(scores), np.sort(scores[positive])
    precision = np.full(len(recalls), np.nan)
    if _defined(ordered, hits):
        _, found, above, _ = _counts(ordered, hits)
        place = np.searchsorted(found / len(hits), np.asarray(recalls) - ROUNDING)
        reached = place < len(found)
        precision[reached] = (found / above)[place[reached]]
    return precision


def calibration(labels, scores, bins=BINS):
    """Compare probabilities with what happened, all targets together.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (N,) or (N, T)
        As `measure`, scores between 0 and 1.
    bins : int
        Bins of equal width over [0, 1]. A score on the border of two belongs to the lower one.

    Returns
    -------
    tuple of numpy.ndarray, shape (bins,)
        Mean score and share of positives of each bin (float64, nan where it is empty), and number of scores in it
        (int64). scikit-learn's ``calibration_curve``, which leaves out empty bins.

    Raises
    ------
    DanqError
        As `measure`, or a score that is nan or not in [0, 1].

    Examples
    --------
    >>> calibration(np.array([0, 1, 1]), np.array([0.25, 0.75, 0.75]), bins=2)[1].tolist()
    [0.0, 1.0]
    """
    if np.ndim(labels) == 1:
        labels, scores = np.expand_dims(labels, 1), np.expand_dims(scores, 1)
    labels, scores = _matching(labels, scores, 2)
    sums, positives, counts = np.zeros(bins), np.zeros(bins), np.zeros(bins, dtype=np.int64)
    for columns in _parts(labels.shape[1], TOGETHER):
        for positive, column in zip(*read_targets(labels, scores, columns), strict=True):
            ordered, hits = np.sort(column), np.sort(column[positive])
            if len(ordered) and not _probabilities(ordered):
                raise DanqError(
                    "scores are not all between 0 and 1; give probabilities, of targets that have them"
                )
            for total, part in zip(
                (sums, positives, counts), _binned(ordered, hits, bins), strict=True
            ):
                total += part
    filled = counts > 0
    mean, share = (
        np.divide(total, counts, out=np.full(bins, np.nan), where=filled)
        for total in (sums, positives)
    )
    return mean, share, counts


def _matching(labels, scores, ndim):
    labels, scores = np.asarray(labels), np.asarray(scores)
    if labels.ndim != ndim or labels.shape != scores.shape:
        raise DanqError(
            f"labels of shape {labels.shape} and scores of shape {scores.shape} do not belong together; "
            f"both need the same, of {ndim} dimension{'s' * (ndim > 1)}"
        )
    return labels, scores


def _parts(n_targets, size):
    return [
        slice(first, min(first + size, n_targets)) for first in range(0, n_targets, max(size, 1))
    ]


def read_targets(labels, scores, columns):
    """Read some targets, window by window in one pass over both arrays.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (N, T)
        As `measure`.
    columns : slice
        C targets; up to `TOGETHER` cost about as much as one.

    Returns
    -------
    tuple of numpy.ndarray, shape (C, N)
        Which windows are positive (bool) and the scores, contiguous along N.

    Raises
    ------
    DanqError
        Labels other than 0 and 1.
    """
    marks = _transposed(labels, columns, labels.dtype)
    positive = marks == 1
    if not (positive | (marks == 0)).all():
        raise DanqError(
            f"labels of targets {columns.start} to {columns.stop - 1} are not all 0 or 1; "
            "give 1 for positive and 0 for negative"
        )
    return positive, _transposed(scores, columns, np.result_type(scores.dtype, np.float32))


def _transposed(array, columns, dtype):
    copied = np.empty((columns.stop - columns.start, len(array)), dtype)
    for first in range(0, len(array), ROWS):
        rows = slice(first, first + ROWS)
        copied[:, rows] = array[rows, columns].T
    return copied


def _measure_part(labels, scores, columns):
    return [
        _measure(*target) for target in zip(*read_targets(labels, scores, columns), strict=True)
    ]


def _measure(positive, scores):
    """Return the metrics of one target in the order of `METRICS`."""
    ordered, hits = np.sort(scores), np.sort(scores[positive])
    ranking = _ranking(ordered, hits) if _defined(ordered, hits) else (np.nan,) * 5
    if not _probabilities(ordered):
        return *ranking, np.nan, np.nan
    brier = np.square(np.subtract(scores, positive, dtype=np.float64)).mean()
    sums, positives, _ = _binned(ordered, hits, BINS)
    # A bin's share of the windows times the distance of its means is the distance of its sums, over all windows.
    return *ranking, brier, np.abs(sums - positives).sum() / len(ordered)


def _defined(ordered, hits):
    return 0 < len(hits) < len(ordered) and not np.isnan(ordered[-1])  # sorting puts nan last


def _probabilities(ordered):
    return len(ordered) > 0 and bool(ordered[0] >= 0 and ordered[-1] <= 1)  # nan is neither


def _ranking(ordered, hits):
    """Return auroc, auprc, auprc_trapezoid, lift and recall_at_fdr50 from all scores and the positives', sorted."""
    gained, found, above, beyond = _counts(ordered, hits)
    n, n_positive = len(ordered), len(hits)
    n_negative = n - n_positive
    # Whole numbers up to here: pairs won count two, equal scores one. Nothing is rounded but the last division.
    lower, equal = n_negative - (above - found), above - beyond - gained
    auroc = (gained * (2 * lower + equal)).sum() / (2 * n_positive * n_negative)
    precision = found / above
    auprc = (gained * precision).sum() / n_positive
    # The line that arrives at a new recall starts at the next higher score, whether or not a positive has it.
    start = np.divide(found - gained, beyond, out=np.ones(len(found)), where=beyond > 0)
    trapezoid = (gained * (start + precision)).sum() / (2 * n_positive)
    recall = found[2 * found >= above].max(initial=0) / n_positive
    return auroc, auprc, trapezoid, auprc * n / n_positive, recall


def _counts(ordered, hits):
    """Count at each score that a positive has, from the highest down.

    Returns positives at this score, positives at or above it, windows at or above it, and windows above it (int64).
    """
    thresholds, gained = np.unique(hits, return_counts=True)
    above, beyond = (
        len(ordered) - np.searchsorted(ordered, thresholds, side)[::-1]
        for side in ("left", "right")
    )
    return gained[::-1], np.cumsum(gained[::-1]), above, beyond


def _binned(ordered, hits, bins):
    """Return the sum of scores, the positives, and the windows of each bin of [0, 1], (bins,) each."""
    ordered = ordered.astype(
        np.float64
    )  # in which the borders of the bins are compared, and sums are made
    borders = np.linspace(0, 1, bins + 1)[1:-1]
    ends, hit_ends = (np.searchsorted(values, borders, "right") for values in (ordered, hits))
    sums = [ordered[first:last].sum() for first, last in pairwise([0, *ends, len(ordered)])]
    return (
        np.array(sums),
        np.diff(hit_ends, prepend=0, append=len(hits)),
        np.diff(ends, prepend=0, append=len(ordered)),
    )
