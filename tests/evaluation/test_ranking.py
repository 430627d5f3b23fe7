import numpy as np
import pytest

from danq.evaluation import ranking as module
from danq.evaluation.metrics import measure
from danq.evaluation.ranking import Ranking, blocks_of_targets, rankings, read_targets


def test_counts_at_each_score_of_a_positive():
    # From above: a negative; a positive and a negative, tied; a negative; a positive.
    scores = np.array([0.95, 0.75, 0.75, 0.5, 0.25])
    ranking = Ranking(np.array([0, 1, 0, 0, 1], dtype=bool), scores)
    counts = ranking.thresholds
    assert counts.gained.tolist() == [1, 1]
    assert counts.true_positives.tolist() == [1, 2]
    assert counts.predicted.tolist() == [3, 5]
    assert counts.above.tolist() == [1, 4]
    assert counts.precision.tolist() == [1 / 3, 2 / 5]
    assert (ranking.n, ranking.n_positive, ranking.n_negative) == (5, 2, 3)


@pytest.mark.parametrize(
    ("labels", "scores", "is_defined", "is_probability"),
    [
        ([1, 0], [0.5, 1.0], True, True),
        ([1, 1], [0.5, 1.0], False, True),
        ([0, 0], [0.5, 1.0], False, True),
        ([1, 0], [0.5, 1.5], True, False),
        ([1, 0], [0.5, np.nan], False, False),
        ([], [], False, False),
    ],
)
def test_what_can_be_measured(labels, scores, is_defined, is_probability):
    ranking = Ranking(np.array(labels, dtype=bool), np.array(scores))
    assert ranking.is_defined is is_defined
    assert ranking.is_probability is is_probability


def test_a_score_on_a_border_lies_in_the_lower_bin():
    scores = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    ranking = Ranking(np.array([0, 1, 1, 0, 1], dtype=bool), scores)
    bins = ranking.binned(2)
    assert bins.score.tolist() == [0.75, 1.75]
    assert bins.positives.tolist() == [2, 1]
    assert bins.n.tolist() == [3, 2]


def test_blocks_hold_every_target_once():
    for n_targets in (0, 1, 16, 17, 40):
        blocks = blocks_of_targets(n_targets)
        targets = [target for block in blocks for target in range(n_targets)[block]]
        assert targets == list(range(n_targets))


def test_targets_are_rows_in_their_own_precision():
    labels = np.array([[1, 0, 0], [0, 0, 1]])
    for dtype, expected in ((np.float16, np.float32), (np.float64, np.float64)):
        scores = np.array([[1, 2, 3], [4, 5, 6]], dtype=dtype)
        columns = read_targets(labels, scores, slice(1, 3))
        assert columns.positive.tolist() == [[False, False], [False, True]]
        assert columns.scores.tolist() == [[2, 5], [3, 6]]
        assert columns.scores.dtype == expected
        assert [ranking.n_positive for ranking in rankings(labels, scores, slice(1, 3))] == [0, 1]


def test_targets_are_copied_a_few_at_a_time(monkeypatch):
    rng = np.random.default_rng(10)
    scores = rng.random((2000, 70), dtype=np.float32)
    sizes = []

    def read_counted(labels, scores, columns):
        sizes.append(columns.stop - columns.start)
        return read_targets(labels, scores, columns)

    monkeypatch.setattr(module, "read_targets", read_counted)
    measure(scores > 0.7, scores, threads=2)
    assert sum(sizes) == 70
    assert max(sizes) <= module.TARGETS_AT_ONCE
