import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    auc,
    average_precision_score,
    brier_score_loss,
    precision_recall_curve,
    roc_auc_score,
)

from danq import catalog
from danq.errors import DanqError
from danq.evaluation import metrics as module
from danq.evaluation.metrics import (
    METRICS,
    calibration,
    measure,
    precision_at,
    precision_curves,
)
from danq.evaluation.ranking import rankings

RANKED = METRICS[:5]


def scikit_learn(labels, scores):
    """Return the metrics of one target, from scikit-learn's functions and curves, in float64."""
    scores = np.asarray(scores, dtype=np.float64)
    precision, recall, _ = precision_recall_curve(labels, scores)
    area = average_precision_score(labels, scores)
    metrics = {
        "auroc": roc_auc_score(labels, scores),
        "auprc": area,
        "auprc_trapezoid": auc(recall, precision),
        "lift": area / np.mean(labels),
        "recall_at_fdr50": recall[precision >= 0.5].max(),
    }
    if scores.min() >= 0 and scores.max() <= 1:
        metrics |= {
            "brier": brier_score_loss(labels, scores),
            "ece": expected_calibration_error(labels, scores),
        }
    return metrics


def expected_calibration_error(labels, scores):
    """Return the error of Naeini et al. 2015, with the bins of scikit-learn's calibration_curve."""
    share, mean = calibration_curve(labels, scores, n_bins=10)
    counts = np.bincount(np.searchsorted(np.linspace(0, 1, 11)[1:-1], scores), minlength=10)
    return np.sum(counts[counts > 0] / len(scores) * np.abs(share - mean))


def assert_as_scikit_learn(labels, scores):
    metrics = measure(labels, scores)
    assert tuple(metrics) == METRICS
    for t in range(labels.shape[1]):
        expected = scikit_learn(labels[:, t], scores[:, t])
        for metric in METRICS:
            assert metrics[metric].dtype == np.float64 and metrics[metric].shape == (
                labels.shape[1],
            )
            assert metrics[metric][t] == pytest.approx(
                expected.get(metric, np.nan), rel=0, abs=1e-9, nan_ok=True
            ), metric


def columns(n, t, seed, prevalence=0.3, dtype=np.float32):
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, t)) < prevalence).astype(np.uint8)
    labels[0], labels[1] = 1, 0
    return labels, np.clip(
        rng.random((n, t)) * 0.8 + 0.2 * labels * rng.random((n, t)), 0, 1
    ).astype(dtype)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(-3, 6)), min_size=2, max_size=40),
    st.sampled_from([1, 5]),
    st.sampled_from([np.float32, np.float64]),
)
def test_any_ties_are_scikit_learns(windows, divisor, dtype):
    labels, scores = np.array(windows, dtype=np.int64).T
    assume(0 < labels.sum() < len(labels))
    assert_as_scikit_learn(labels[:, None].astype(bool), (scores[:, None] / divisor).astype(dtype))


@given(
    st.integers(0, 1000),
    st.sampled_from([2, 3, 10, 100]),
    st.sampled_from([0.02, 0.5, 0.95]),
    st.sampled_from([np.float32, np.float64]),
)
def test_tied_probabilities_are_scikit_learns(seed, levels, prevalence, dtype):
    # Tenths lie on the borders of the bins.
    labels, scores = columns(150, 3, seed, prevalence, np.float64)
    assert_as_scikit_learn(labels, (np.round(scores * levels) / levels).astype(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "prevalence", [0.0, 0.02, 0.5, 1.0]
)  # 0 and 1: one positive, or one negative, is left
def test_many_windows_are_scikit_learns(dtype, prevalence):
    assert_as_scikit_learn(*columns(20_000, 3, 1, prevalence, dtype))


def test_scores_of_any_size_are_ranked():
    labels, scores = columns(500, 2, 2, dtype=np.float64)
    assert_as_scikit_learn(labels, (scores - 0.5) * 1e300)
    infinite = scores.copy()
    infinite[0], infinite[1] = np.inf, -np.inf
    for metric, values in measure(
        labels, np.where(np.isinf(infinite), np.sign(infinite) * 9, infinite)
    ).items():
        np.testing.assert_array_equal(measure(labels, infinite)[metric], values)


def test_constant_scores_know_nothing():
    labels = np.array([[1], [0], [0], [0]])
    metrics = {
        metric: values.item() for metric, values in measure(labels, np.full((4, 1), 0.25)).items()
    }
    # One step of the curve: from precision 1 at recall 0 to precision 1/4 at recall 1.
    assert metrics == {
        "auroc": 0.5,
        "auprc": 0.25,
        "auprc_trapezoid": (1 + 0.25) / 2,
        "lift": 1,
        "recall_at_fdr50": 0,
        "brier": (0.75**2 + 3 * 0.25**2) / 4,
        "ece": 0,
    }


def test_by_hand():
    # From above: a negative; a positive and a negative, tied; a negative; a positive.
    scores, labels = np.array([0.95, 0.75, 0.75, 0.5, 0.25]), np.array([0, 1, 0, 0, 1])
    metrics = {
        metric: values.item()
        for metric, values in measure(labels[:, None], scores[:, None]).items()
    }
    # Of 2 x 3 pairs the first positive wins 1 and ties 1, the second none.
    assert metrics["auroc"] == pytest.approx(1.5 / 6)
    # Precision is 1/3 at the first positive's score, 2/5 at the second's; each is half of the
    # recall.
    assert metrics["auprc"] == pytest.approx((1 / 3 + 2 / 5) / 2)
    assert metrics["lift"] == pytest.approx((1 / 3 + 2 / 5) / 2 / (2 / 5))
    # Lines from precision 0 (the negative on top) to 1/3, and from 1/4 (at the score 0.5) to 2/5.
    assert metrics["auprc_trapezoid"] == pytest.approx(
        (0 + 1 / 3) / 2 / 2 + (1 / 4 + 2 / 5) / 2 / 2
    )
    assert metrics["recall_at_fdr50"] == 0
    assert metrics["brier"] == pytest.approx((0.95**2 + 0.25**2 + 0.75**2 + 0.5**2 + 0.75**2) / 5)
    # Four bins have windows: that of 0.75 two, a mean of 0.75 and a share of 1/2.
    assert metrics["ece"] == pytest.approx((0.95 + 2 * 0.25 + 0.5 + 0.75) / 5)
    assert precision_at(labels, scores, [0.5, 0.51, 1]).tolist() == pytest.approx(
        [1 / 3, 2 / 5, 2 / 5]
    )


def test_recall_counts_a_precision_of_exactly_half():
    def recall(*labels):  # by falling score
        return measure(np.array(labels)[:, None], -np.arange(len(labels))[:, None])[
            "recall_at_fdr50"
        ].item()

    assert recall(0, 1, 0, 0, 1) == 1 / 2  # precision 1/2 at the first positive, 2/5 at the second
    assert recall(0, 0, 1, 1, 0) == 1  # 1/3, then 2/4: what counts is the largest recall
    assert recall(0, 0, 1, 0, 1) == 0  # 1/3, 2/5
    assert recall(1, 1, 0, 0, 0, 0, 0, 1) == 2 / 3


def test_a_perfect_predictor():
    labels = np.array([[0], [1], [0], [1]])
    assert {
        metric: values.item()
        for metric, values in measure(labels, labels.astype(np.float32)).items()
    } == {
        "auroc": 1,
        "auprc": 1,
        "auprc_trapezoid": 1,
        "lift": 2,
        "recall_at_fdr50": 1,
        "brier": 0,
        "ece": 0,
    }


def test_float64_keeps_its_precision():
    # float32 would tie the two.
    labels, scores = np.array([[1], [0]]), np.array([[1 + 1e-12], [1.0]])
    assert measure(labels, scores)["auroc"] == [1] and measure(labels, scores.astype(np.float32))[
        "auroc"
    ] == [0.5]


def test_what_is_undefined_is_nan():
    labels, scores = columns(60, 5, 3)
    labels[:, 1], labels[:, 2], scores[7, 3], scores[:, 4] = 0, 1, np.nan, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics = measure(labels, scores)
    for metric in RANKED:
        assert np.isnan(metrics[metric]).tolist() == [False, True, True, True, True]
    for metric in ("brier", "ece"):
        assert np.isnan(metrics[metric]).tolist() == [False, False, False, True, True]
    assert metrics["brier"][1] == pytest.approx(np.mean(scores[:, 1].astype(float) ** 2))
    assert metrics["brier"][2] == pytest.approx(np.mean((1 - scores[:, 2].astype(float)) ** 2))
    assert metrics["ece"][1] == pytest.approx(
        np.mean(scores[:, 1].astype(float))
    )  # in each bin, nothing happened


@pytest.mark.parametrize("wrong", [-1e-6, 1 + 1e-6, np.inf])
def test_what_is_no_probability_has_no_calibration(wrong):
    labels, scores = columns(60, 2, 3, dtype=np.float64)
    scores[5, 1] = wrong
    metrics = measure(labels, scores)
    assert np.isnan(metrics["brier"]).tolist() == np.isnan(metrics["ece"]).tolist() == [False, True]
    assert not any(np.isnan(metrics[metric]).any() for metric in RANKED)


def test_nothing_to_measure():
    for shape in ((0, 3), (5, 0), (0, 0)):
        metrics = measure(np.zeros(shape), np.zeros(shape))
        assert all(
            values.shape == shape[1:] and np.isnan(values).all() for values in metrics.values()
        )


@pytest.mark.parametrize("n_targets", [1, 5, 40])
def test_threads_and_layout_do_not_change_a_bit(n_targets, tmp_path):
    labels, scores = columns(3000, n_targets, 4)
    expected = measure(labels, scores)
    labels.tofile(tmp_path / "labels"), scores.tofile(tmp_path / "scores")
    mapped = [
        np.memmap(tmp_path / name, dtype, "r", shape=labels.shape)
        for name, dtype in (("labels", np.uint8), ("scores", np.float32))
    ]
    variants = {
        "threads": measure(labels, scores, threads=2),
        "memory-mapped": measure(*mapped, threads=2),
        "by targets": measure(np.asfortranarray(labels), np.asfortranarray(scores)),
        "bool": measure(labels.astype(bool), scores),
        "int64": measure(labels.astype(np.int64), scores),
        "one by one": {
            metric: np.concatenate(
                [measure(labels[:, [t]], scores[:, [t]])[metric] for t in range(n_targets)]
            )
            for metric in METRICS
        },
    }
    for how, metrics in variants.items():
        for metric in METRICS:
            np.testing.assert_array_equal(
                metrics[metric], expected[metric], err_msg=f"{metric}, {how}"
            )


def test_inputs_are_left_alone():
    for order in "CF":
        labels, scores = (np.array(array, order=order) for array in columns(100, 20, 5))
        copies = labels.copy(), scores.copy()
        (
            measure(labels, scores),
            calibration(labels, scores),
            precision_at(labels[:, 0], scores[:, 0], [0.5]),
        )
        assert (labels == copies[0]).all() and (scores == copies[1]).all()


def test_some_metrics_alone():
    labels, scores = columns(200, 3, 6)
    values = measure(labels, scores)
    some = measure(labels, scores, names=["auprc", "auroc"])
    assert list(some) == ["auprc", "auroc"]
    for metric in some:
        assert (some[metric] == values[metric]).all()


def test_every_metric_of_the_catalogue_has_its_function():
    assert METRICS == tuple(catalog.METRICS)
    labels, scores = columns(200, 1, 6)
    (ranking,) = rankings(labels, scores, slice(0, 1))
    for metric, (value,) in measure(labels, scores).items():
        function = getattr(module, metric)
        assert function.__doc__
        assert function(ranking) == value


@given(st.integers(0, 1000), st.sampled_from([3, 20, 1000]))
def test_precision_is_that_of_the_highest_threshold_that_reaches_the_recall(seed, levels):
    labels, scores = (array[:, 0] for array in columns(80, 1, seed, dtype=np.float64))
    scores = np.round(scores * levels)
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    recalls = np.concatenate([np.linspace(0, 1, 12)[1:], recall[recall > 0]])
    highest = [
        np.flatnonzero(recall[: len(thresholds)] >= wanted - 1e-12).max() for wanted in recalls
    ]
    assert precision_at(labels, scores, recalls) == pytest.approx(precision[highest], abs=1e-12)


def test_recalls_at_the_ends():
    labels, scores = np.array([1, 0, 1]), np.array([0.8, 0.9, 0.7])
    assert precision_at(labels, scores, [0, 1, 1.01]).tolist() == pytest.approx(
        [1 / 2, 2 / 3, np.nan], nan_ok=True
    )


def test_a_recall_of_a_grid_is_met_in_spite_of_rounding():
    labels, scores = np.ones(11), np.arange(11.0)
    labels[7] = 0  # after three positives of ten
    assert precision_at(labels, scores, [0.1 + 0.2, 0.3001]).tolist() == [1, 4 / 5]


@pytest.mark.parametrize(
    "labels, scores", [([0, 0], [1, 2]), ([1, 1], [1, 2]), ([0, 1], [1, np.nan]), ([], [])]
)
def test_precision_is_nan_where_nothing_is_defined(labels, scores):
    assert np.isnan(precision_at(np.array(labels), np.array(scores), [0.5, 1])).all()


def test_curves_of_all_targets_are_those_of_each():
    labels, scores = columns(300, 20, 8)
    labels[:, 3] = 0
    recalls = [0.1, 0.5, 1]
    curves = precision_curves(labels, scores, recalls)
    assert curves.shape == (20, 3)
    assert np.isnan(curves[3]).all()
    for target, curve in enumerate(curves):
        expected = precision_at(labels[:, target], scores[:, target], recalls)
        np.testing.assert_array_equal(curve, expected)


@pytest.mark.parametrize("bins", [1, 5, 10, 15])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_calibration_is_scikit_learns(bins, dtype):
    labels, scores = columns(500, 20, 7, dtype=np.float64)
    scores = (np.round(scores * 20) / 20).astype(dtype)  # some on the borders of bins
    for targets in (slice(None), 3, slice(3, 4)):
        mean, share, counts = calibration(labels[:, targets], scores[:, targets], bins)
        expected_share, expected_mean = calibration_curve(
            labels[:, targets].ravel(), scores[:, targets].ravel(), n_bins=bins
        )
        filled = counts > 0
        assert mean[filled] == pytest.approx(expected_mean, abs=1e-9)
        assert share[filled] == pytest.approx(expected_share, abs=1e-9)
        assert np.isnan(mean[~filled]).all() and np.isnan(share[~filled]).all()
        assert (
            counts.sum() == scores[:, targets].size
            and counts.shape == (bins,)
            and counts.dtype == np.int64
        )


def test_calibration_says_what_each_bin_holds():
    mean, share, counts = calibration(
        np.array([0, 1, 0, 1]), np.array([0.0, 0.5, 0.625, 1.0]), bins=4
    )
    assert counts.tolist() == [1, 1, 1, 1]  # 0.5 is on a border, and in the lower bin
    assert mean.tolist() == [0, 0.5, 0.625, 1] and share.tolist() == [0, 1, 0, 1]
    mean, share, counts = calibration(np.array([0, 1, 1, 1]), np.full(4, 0.75), bins=2)
    assert (
        counts.tolist() == [0, 4]
        and mean[1] == share[1] == 0.75
        and np.isnan([mean[0], share[0]]).all()
    )
    assert all(
        np.isnan(values).all() for values in calibration(np.zeros((0, 2)), np.zeros((0, 2)))[:2]
    )


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1])
def test_only_probabilities_are_calibrated(wrong):
    labels, scores = columns(50, 3, 8)
    scores[4, 2] = wrong
    with pytest.raises(DanqError, match="not all between 0 and 1"):
        calibration(labels, scores)


@pytest.mark.parametrize("wrong", [2, -1, 0.5, np.nan])
def test_labels_are_0_or_1(wrong):
    labels, scores = columns(50, 40, 9)
    labels = labels.astype(np.float64)
    labels[3, 18] = wrong
    for threads in (1, 2):
        with pytest.raises(DanqError, match="labels of targets 16 to 31 are not all 0 or 1"):
            measure(labels, scores, threads)
    with pytest.raises(DanqError, match="not all 0 or 1"):
        calibration(labels, scores)
    with pytest.raises(DanqError, match="not all 0 or 1"):
        precision_at(labels[:, 18], scores[:, 18], [0.5])


def test_labels_and_scores_belong_together():
    for labels, scores in (((5, 2), (5, 3)), ((5, 2), (2, 5)), ((5,), (5,))):
        with pytest.raises(DanqError, match="do not match"):
            measure(np.zeros(labels), np.zeros(scores))
    with pytest.raises(DanqError, match=r"shape \(5, 2\).*of 1 dimension$"):
        precision_at(np.zeros((5, 2)), np.zeros((5, 2)), [0.5])
    with pytest.raises(DanqError, match="both must have the same shape, of 2 dimensions"):
        precision_curves(np.zeros(5), np.zeros(5), [0.5])
    with pytest.raises(DanqError, match="do not match"):
        calibration(np.zeros(5), np.zeros(6))
