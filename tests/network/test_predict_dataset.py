import numpy as np
import pytest
import torch

from danq.data.dataset import open_dataset
from danq.data.predictions import read_predictions
from danq.errors import DanqError
from danq.network.checkpoint import load_checkpoint
from danq.network.predict_dataset import predict_dataset
from danq.network.trained import load
from tests.training.helpers import run


def test_predictions_are_strand_averages_of_the_test_split(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path)
    predict_dataset(
        [tmp_path / "model.ckpt"],
        toy_dataset,
        tmp_path / "p.h5",
        split="test",
        device="cpu",
        threads=1,
    )
    name, seed, _, scores, *_ = read_predictions(tmp_path / "p.h5")
    assert (name, seed) == ("danq", "3")
    model = load_checkpoint(tmp_path / "model.ckpt").network
    with open_dataset(toy_dataset) as dataset, torch.no_grad():
        X = torch.from_numpy(dataset.one_hot("test", np.arange(dataset.length("test"))))
        expected = (torch.sigmoid(model(X)) + torch.sigmoid(model(X.flip(1, 2)))) / 2
    assert np.allclose(scores, expected.numpy(), atol=1e-6)


def test_a_model_refuses_other_data(toy, run_extract, toy_dataset, tmp_path):
    run(toy_dataset, tmp_path)
    folder = run_extract(toy, tmp_path / "other", where={"name": "Factor A"})
    with pytest.raises(DanqError, match=r"dataset\.h5: names: not what the model was trained on"):
        predict_dataset(
            [tmp_path / "model.ckpt"],
            folder / "dataset.h5",
            tmp_path / "p.h5",
            split="test",
            device="cpu",
            threads=1,
        )
    assert not (tmp_path / "p.h5").exists()


def test_a_model_does_not_predict_where_it_may_have_been_trained(
    toy, run_extract, toy_dataset, tmp_path
):
    # The same genome and targets, but the chromosome that the model was trained on is now the
    # test split.
    run(toy_dataset, tmp_path)
    folder = run_extract(toy, tmp_path / "other", valid=["chr3"], test=["chr1:0-12000"])
    with pytest.raises(DanqError, match="training windows: not what the model was trained on"):
        predict_dataset(
            [tmp_path / "model.ckpt"],
            folder / "dataset.h5",
            tmp_path / "p.h5",
            split="test",
            device="cpu",
            threads=1,
        )


def test_a_pooling_head_predicts_windows_of_another_length(toy, run_extract, toy_dataset, tmp_path):
    longer = run_extract(toy, tmp_path / "longer", window=600) / "dataset.h5"
    for head in ("pool", "dense"):
        run(toy_dataset, tmp_path / head, head=head)
        arguments = [tmp_path / head / "model.ckpt"], longer, tmp_path / head / "p.h5"
        if head == "dense":
            with pytest.raises(DanqError, match="window: not what the model was trained on"):
                predict_dataset(*arguments, split="test", device="cpu", threads=1)
        else:
            predict_dataset(*arguments, split="test", device="cpu", threads=1)
            with open_dataset(longer) as dataset:
                assert read_predictions(arguments[2])[3].shape == (dataset.length("test"), 2)


def test_a_pooling_head_does_not_predict_where_it_was_trained(
    toy, run_extract, toy_dataset, tmp_path
):
    run(toy_dataset, tmp_path, head="pool")
    folder = run_extract(toy, tmp_path / "other", window=600, test=["chr1:0-12000"], valid=["chr3"])
    with pytest.raises(DanqError, match="splits: not what the model was trained on"):
        predict_dataset(
            [tmp_path / "model.ckpt"],
            folder / "dataset.h5",
            tmp_path / "p.h5",
            split="test",
            device="cpu",
            threads=1,
        )
    with pytest.raises(DanqError, match="windows of 30 bp do not fit this model"):
        load(tmp_path / "model.ckpt", device="cpu").logits("A" * 30)
