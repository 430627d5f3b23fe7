import json

import numpy as np
import pytest
import torch

from danq.data.dataset import open_dataset
from danq.errors import DanqError
from danq.network.recipes import CLIP
from danq.training import validate
from danq.training.validate import LABEL_BYTES, Validation, choose_rows, mean_loss
from tests.training.helpers import run


def test_weights_that_explode_in_the_last_step_are_an_error(toy_dataset, tmp_path):
    # One step an epoch: its loss is that of the first weights, still finite; only the validation
    # sees the new ones.
    with pytest.raises(DanqError, match=r"the predictions are no longer finite; lower train\.lr"):
        run(toy_dataset, tmp_path, "deepsea", batch_size=1000, lr=1e30)
    assert not (tmp_path / "model.ckpt").exists()


class OneSided:
    """A validation split whose only target is positive everywhere."""

    names = ("a",)

    def length(self, split):
        return 5

    def labels(self, split, rows):
        return np.ones((5, 1), np.uint8)[rows]


def test_a_target_with_both_labels_is_needed():
    with pytest.raises(DanqError, match="no target has both a positive and a negative window"):
        Validation(OneSided())


@pytest.mark.parametrize("n", [1, 4_000, 29_999, 750_000])
@pytest.mark.parametrize("memory", [0.0, 2e9, np.inf])
def test_a_validation_keeps_to_its_memory(n, memory):
    rows = choose_rows(n, 5_000, memory)
    fitting = max(validate.FEWEST, memory / LABEL_BYTES / 5_000)
    assert 1 <= len(rows) <= fitting
    assert rows[0] == 0 and n - rows.step <= rows[-1] < n
    assert len(rows) == n or 2 * len(rows) > fitting - 1  # a whole step wastes less than half


def test_all_windows_are_validated_where_they_fit():
    assert choose_rows(227_512, 919, np.inf) == range(227_512)
    assert choose_rows(4_000, 5_000, 0.0) == range(4_000)


def test_the_mean_loss_is_that_of_torch_to_the_bit():
    rng = np.random.default_rng(2)
    probabilities = rng.random((3_000, 37), dtype=np.float32)
    probabilities[0] = 0
    probabilities[1] = 1
    labels = (rng.random((3_000, 37)) < 0.1).astype(np.uint8)
    clipped = torch.from_numpy(probabilities).clamp(CLIP, 1 - CLIP)
    expected = torch.nn.functional.binary_cross_entropy(clipped, torch.from_numpy(labels).float())
    assert mean_loss(probabilities, labels) == expected.item()


def test_of_a_large_split_evenly_spaced_windows_are_validated(
    toy_dataset, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(validate, "FEWEST", 20)
    with open_dataset(toy_dataset) as data:
        n = data.length("valid")
        every = data.labels("valid")
        part = Validation(data, 0.0)
    step = -(-n // 20)
    assert step > 1 and part.facts() == {"windows": len(every[::step]), "of": n}
    assert (part.labels == every[::step]).all()
    run(toy_dataset, tmp_path, epochs=1, memory=1e-7)
    facts = json.loads((tmp_path / "train.json").read_text())
    assert facts["validation"] == part.facts()
    said = f"danq seed 3: validation by {len(part.rows)} of {n} windows, evenly spaced"
    assert said in capsys.readouterr().err
