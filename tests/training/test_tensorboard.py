import sys

import pandas as pd
import pytest

from tests.training.helpers import run


def test_tensorboard_finds_the_curves_and_is_not_needed(toy_dataset, tmp_path, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run(toy_dataset, tmp_path / "with")
    events = EventAccumulator(str(tmp_path / "with" / "model.ckpt.tensorboard")).Reload()
    history = pd.read_csv(tmp_path / "with" / "history.tsv", sep="\t")
    points = events.Scalars("valid_auprc")
    assert [point.step for point in points] == [1, 2, 3]
    assert [point.value for point in points] == pytest.approx(
        history["valid_auprc"].tolist(), rel=1e-6
    )
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    run(toy_dataset, tmp_path / "without")
    assert {path.name for path in (tmp_path / "without").iterdir()} == {
        "model.ckpt",
        "history.tsv",
        "train.json",
    }
