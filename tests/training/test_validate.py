import numpy as np
import pytest

from danq.errors import DanqError
from danq.training.validate import Validation
from tests.training.helpers import run


def test_weights_that_explode_in_the_last_step_are_an_error(toy_dataset, tmp_path):
    # One step an epoch: its loss is that of the first weights, still finite; only the validation
    # sees the new ones.
    with pytest.raises(DanqError, match=r"the predictions are no longer finite; lower train\.lr"):
        run(toy_dataset, tmp_path, "deepsea", batch_size=1000, lr=1e30)
    assert not (tmp_path / "model.ckpt").exists()


class OneSided:
    """A validation split whose only target is positive everywhere."""

    def labels(self, split):
        return np.ones((5, 1), np.uint8)


def test_a_target_with_both_labels_is_needed():
    with pytest.raises(DanqError, match="no target has both a positive and a negative window"):
        Validation(OneSided())
