"""How good scores are: exact metrics per target, for many targets on many windows.

Every metric of `danq.catalog.METRICS` is a function here, of the same name, of one `Ranking`: the
windows of one target with their scores sorted. `measure` computes them all, for all targets. To add
a metric is to add its function and its entry of the catalogue.

What is undefined is nan. auroc, auprc, auprc_trapezoid, lift and recall_at_fdr50 are undefined
where a target has no positive, no negative, or a nan score. brier and ece need neither positives
nor negatives; they are undefined where a score is nan or not in [0, 1], hence no probability.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danq import catalog
from danq.errors import DanqError
from danq.evaluation.ranking import TARGETS_AT_ONCE, Ranking, blocks_of_targets, rankings
from danq.progress import Bar

METRICS = tuple(catalog.METRICS)
"""What `measure` returns, in this order."""

BINS = 10
"""Bins of the expected calibration error, as in its paper."""


def measure(
    labels: ArrayLike, scores: ArrayLike, threads: int = 1, names: Sequence[str] = METRICS
) -> dict[str, NDArray[np.float64]]:
    """Measure each target.

    Parameters
    ----------
    labels : array_like, shape (N, T), 0/1
        1 where a window is positive.
    scores : array_like, shape (N, T)
        Higher is more positive; infinities rank as any other score. Compared in their own
        precision. Either array may be memory-mapped, and lie in memory in either order;
        `TARGETS_AT_ONCE` targets are copied at a time.
    threads : int
        Targets are shared among as many threads. The result does not depend on it; memory grows
        with it, by about 25 columns of float32 a thread.
    names : sequence of str
        Which of the `METRICS`.

    Returns
    -------
    dict of str to numpy.ndarray, shape (T,), float64
        Metrics by name, in the order of `names`.

    Raises
    ------
    DanqError
        Labels other than 0 and 1, or labels and scores of different shapes.

    Examples
    --------
    >>> values = measure(np.array([[1], [0], [1], [0]]), np.array([[0.9], [0.8], [0.4], [0.1]]))
    >>> float(values["auroc"][0])
    0.75
    """
    labels = np.asarray(labels)
    scores = np.asarray(scores)
    _refuse_mismatch(labels, scores, 2)
    functions = [globals()[name] for name in names]

    def measure_block(columns: slice) -> list[list[float]]:
        rows = []
        for ranking in rankings(labels, scores, columns):
            rows.append([metric(ranking) for metric in functions])
        return rows

    n_targets = labels.shape[1]
    targets_per_thread = -(-n_targets // threads)
    size = min(TARGETS_AT_ONCE, targets_per_thread)
    blocks = blocks_of_targets(n_targets, size)
    rows: list[list[float]] = []
    bar = Bar(total=n_targets, desc="measure", unit="target", delay=1)
    with bar, ThreadPoolExecutor(threads) as pool:
        for block in pool.map(measure_block, blocks):
            rows += block
            bar.update(len(block))
    table = np.reshape(rows, (n_targets, len(names))).T.copy()
    return dict(zip(names, table, strict=True))


def _refuse_mismatch(labels: NDArray, scores: NDArray, ndim: int) -> None:
    """Refuse labels and scores that differ in shape or have the wrong number of dimensions."""
    if labels.ndim == ndim and labels.shape == scores.shape:
        return
    pair = f"labels of shape {labels.shape} and scores of shape {scores.shape}"
    ending = "s" if ndim > 1 else ""
    need = f"both must have the same shape, of {ndim} dimension{ending}"
    raise DanqError(f"{pair} do not match; {need}")


# --- metrics of the catalogue ---


def auroc(ranking: Ranking) -> float:
    """Return the area under the ROC curve.

    The share of pairs of a positive and a negative window in which the positive has the higher
    score; equal scores count half (Mann and Whitney 1947,
    https://doi.org/10.1214/aoms/1177730491). scikit-learn's ``roc_auc_score``.
    """
    if not ranking.is_defined:
        return np.nan
    counts = ranking.thresholds
    false_positives = counts.predicted - counts.true_positives
    lower = ranking.n_negative - false_positives
    equal = counts.predicted - counts.above - counts.gained
    # In whole numbers, a pair won counts two and a tie one: only the division rounds.
    points = (counts.gained * (2 * lower + equal)).sum()
    return points / (2 * ranking.n_positive * ranking.n_negative)


def auprc(ranking: Ranking) -> float:
    """Return the average precision: the mean over positives of the precision at their score.

    Boyd et al. 2013, https://doi.org/10.1007/978-3-642-40994-3_29. scikit-learn's
    ``average_precision_score``.
    """
    if not ranking.is_defined:
        return np.nan
    counts = ranking.thresholds
    return (counts.gained * counts.precision).sum() / ranking.n_positive


def auprc_trapezoid(ranking: Ranking) -> float:
    """Return the area under straight lines between the points of the precision-recall curve.

    From precision 1 at recall 0; scikit-learn's ``auc`` of ``precision_recall_curve``. For
    comparison with published tables only: such lines promise what no threshold gives (Davis and
    Goadrich 2006, https://doi.org/10.1145/1143844.1143874).
    """
    if not ranking.is_defined:
        return np.nan
    counts = ranking.thresholds
    # The line to a new recall starts at the next higher score, whether or not a positive has it.
    before = counts.true_positives - counts.gained
    start = np.ones(len(before))
    np.divide(before, counts.above, out=start, where=counts.above > 0)
    twice_area = (counts.gained * (start + counts.precision)).sum()
    return twice_area / (2 * ranking.n_positive)


def lift(ranking: Ranking) -> float:
    """Return the average precision over the share of positives, which is what chance gives.

    Saito and Rehmsmeier 2015, https://doi.org/10.1371/journal.pone.0118432.
    """
    if not ranking.is_defined:
        return np.nan
    return auprc(ranking) * ranking.n / ranking.n_positive


def recall_at_fdr50(ranking: Ranking) -> float:
    """Return the largest recall at a precision of at least 0.5, 0 if there is none.

    The ENCODE-DREAM challenge's recall at a false discovery rate of 50 %,
    https://www.synapse.org/#!Synapse:syn6131484.
    """
    if not ranking.is_defined:
        return np.nan
    counts = ranking.thresholds
    precise = 2 * counts.true_positives >= counts.predicted
    return counts.true_positives[precise].max(initial=0) / ranking.n_positive


def brier(ranking: Ranking) -> float:
    """Return the mean of (score - label)^2.

    Brier 1950, https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2. scikit-learn's
    ``brier_score_loss``.
    """
    if not ranking.is_probability:
        return np.nan
    errors = np.subtract(ranking.scores, ranking.positive, dtype=np.float64)
    return np.square(errors).mean()


def ece(ranking: Ranking) -> float:
    """Return the expected calibration error.

    The mean over windows of the distance between the mean score and the share of positives of their
    bin, of `BINS` bins of equal width as those of `calibration` (Naeini et al. 2015,
    https://doi.org/10.1609/aaai.v29i1.9602).
    """
    if not ranking.is_probability:
        return np.nan
    bins = ranking.binned(BINS)
    # A bin's share of all windows times the distance between its means is the distance between its
    # sums, divided by the number of all windows.
    return np.abs(bins.score - bins.positives).sum() / ranking.n


# --- curves ---


def precision_curves(
    labels: ArrayLike, scores: ArrayLike, recalls: ArrayLike
) -> NDArray[np.float64]:
    """Return the precision of each target where its recall reaches given values.

    Curves on a grid of recalls, to be averaged over seeds.

    Parameters
    ----------
    labels, scores : array_like, shape (N, T)
        As `measure`.
    recalls : array_like, shape (R,)
        As `precision_at`.

    Returns
    -------
    numpy.ndarray, shape (T, R), float64
        As `precision_at`.

    Raises
    ------
    DanqError
        As `measure`.
    """
    labels = np.asarray(labels)
    scores = np.asarray(scores)
    _refuse_mismatch(labels, scores, 2)
    curves = []
    for columns in blocks_of_targets(labels.shape[1]):
        for ranking in rankings(labels, scores, columns):
            curves.append(ranking.precision_at(recalls))
    return np.array(curves)


def precision_at(labels: ArrayLike, scores: ArrayLike, recalls: ArrayLike) -> NDArray[np.float64]:
    """Return the precision of one target where its recall reaches given values.

    Parameters
    ----------
    labels, scores : array_like, shape (N,)
        As `measure`.
    recalls : array_like, shape (R,)
        Between 0 and 1. At 0, the value of the smallest recall above it.

    Returns
    -------
    numpy.ndarray, shape (R,), float64
        Precision at the highest score that, as a threshold, gives at least this recall: the steps
        of scikit-learn's ``precision_recall_curve``. nan where the target's auprc is, and for a
        recall above 1.

    Raises
    ------
    DanqError
        As `measure`.

    Examples
    --------
    >>> precision_at(np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.4, 0.1]), [0.5, 1]).tolist()
    [1.0, 0.6666666666666666]
    """
    labels = np.asarray(labels)
    scores = np.asarray(scores)
    _refuse_mismatch(labels, scores, 1)
    [curve] = precision_curves(labels[:, None], scores[:, None], recalls)
    return curve


class Calibration(NamedTuple):
    """Mean score and share of positives by bins of the score: the columns of reliability.tsv.

    Attributes
    ----------
    predicted : numpy.ndarray, shape (bins,), float64
        Mean score of each bin, nan where it is empty.
    observed : numpy.ndarray, shape (bins,), float64
        Its share of positives, nan where it is empty.
    n : numpy.ndarray, shape (bins,), int64
        Its number of scores.
    """

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    n: NDArray[np.int64]


def calibration(labels: ArrayLike, scores: ArrayLike, bins: int = BINS) -> Calibration:
    """Compare predicted probabilities with shares of positives, all targets together.

    Parameters
    ----------
    labels, scores : array_like, shape (N,) or (N, T)
        As `measure`, scores between 0 and 1.
    bins : int
        Bins of equal width over [0, 1]. A score on the border of two belongs to the lower one.

    Returns
    -------
    Calibration
        scikit-learn's ``calibration_curve``, which leaves out empty bins.

    Raises
    ------
    DanqError
        As `measure`, or a score that is nan or not in [0, 1].

    Examples
    --------
    >>> calibration(np.array([0, 1, 1]), np.array([0.25, 0.75, 0.75]), bins=2).observed.tolist()
    [0.0, 1.0]
    """
    labels = np.asarray(labels)
    scores = np.asarray(scores)
    if labels.ndim == 1:
        labels = np.expand_dims(labels, 1)
        scores = np.expand_dims(scores, 1)
    _refuse_mismatch(labels, scores, 2)
    sums = np.zeros(bins)
    positives = np.zeros(bins)
    n = np.zeros(bins, dtype=np.int64)
    for columns in blocks_of_targets(labels.shape[1]):
        for ranking in rankings(labels, scores, columns):
            _refuse_non_probabilities(ranking)
            target = ranking.binned(bins)
            sums += target.score
            positives += target.positives
            n += target.n
    return Calibration(_means(sums, n), _means(positives, n), n)


def _refuse_non_probabilities(ranking: Ranking) -> None:
    """Refuse scores that are not probabilities."""
    if ranking.n and not ranking.is_probability:
        advice = "give probabilities, of targets that have them"
        raise DanqError(f"scores are not all between 0 and 1; {advice}")


def _means(sums: NDArray[np.float64], n: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return means, nan where n is 0."""
    means = np.full(len(n), np.nan)
    return np.divide(sums, n, out=means, where=n > 0)
