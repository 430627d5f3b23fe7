"""When a training counts as still improving, by arithmetic."""

import numpy as np
import pytest

from danq.evaluation.convergence import RISE, last_gain, still_improving


@pytest.mark.parametrize(
    ("areas", "best_is_last", "expected"),
    [
        ([0.1, 0.2, 0.21], True, True),
        ([0.1, 0.2, 0.203], True, False),
        ([0.1, 0.2, 0.21], False, False),
        ([0.1], True, True),
        ([0.0, 0.1], True, True),
    ],
)
def test_a_training_improves_still_when_its_last_epoch_is_the_best_by_far(
    areas, best_is_last, expected
):
    assert still_improving(areas, best_is_last) is expected


def test_the_gain_of_the_last_epoch():
    assert last_gain([0.1, 0.4, 0.5]) == pytest.approx(0.25)
    assert np.isnan(last_gain([0.4])) and np.isnan(last_gain([0.0, 0.4]))


@pytest.mark.parametrize("factor", [0.5, 0.99, 1.01, 3.0])
def test_both_agree_on_the_limit(factor):
    areas = [0.4, 0.4 * (1 + factor * RISE)]
    assert still_improving(areas, True) is (last_gain(areas) > RISE)
