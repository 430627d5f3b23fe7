import pytest

from danq.errors import DanqError
from tests.training.helpers import run


def test_a_loss_that_explodes_is_an_error_and_leaves_no_checkpoint(toy_dataset, tmp_path):
    with pytest.raises(DanqError, match=r"the loss is no longer finite; lower train\.lr"):
        run(toy_dataset, tmp_path, lr=1e30)
    assert not (tmp_path / "model.ckpt").exists() and not (tmp_path / "model.ckpt.resume").exists()
