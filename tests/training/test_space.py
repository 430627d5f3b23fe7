import pytest

from danq.config import Train
from danq.training.space import SEARCHED, describe, distributions

optuna = pytest.importorskip("optuna")


def test_the_space_lies_around_what_was_given():
    space = distributions(optuna, lr=0.003, scale=0.02)
    assert tuple(space) == SEARCHED and set(SEARCHED) <= set(Train.model_fields)
    assert (space["lr"].low, space["lr"].high) == pytest.approx((0.001, 0.009))
    assert space["lr"].log and space["scale"].choices == (0.01, 0.02, 0.04)
    assert describe(space) == (
        "lr 0.001 to 0.009 (by its logarithm), dropout 0 to 1.5, scale 0.01, 0.02, 0.04, "
        "shift 0 to 40 bp"
    )
