import copy
import json

import numpy as np
import pandas as pd
import pytest
import torch

from danq import train as module
from danq.dataset import open_dataset
from danq.errors import DanqError
from danq.models import MODELS
from danq.predict import predict
from danq.predictions import read_predictions, write_predictions
from danq.train import load_checkpoint, train

OPTIONS = {"seed": 3, "threads": 1, "scale": 0.02, "dropout": 1.0, "epochs": 3, "batch_size": 16, "lr": 0.003,
           "weight_decay": 0.01, "shift": 3, "patience": 9, "precision": "float32", "device": "cpu"}


def run(dataset, folder, model="danq", **changes):
    """Train on the toy dataset; return the checkpoint's content."""
    train(dataset, folder / "model.ckpt", folder / "history.tsv", folder / "train.json", model=model,
          **(OPTIONS | changes))
    return torch.load(folder / "model.ckpt", weights_only=True)


def same_weights(a, b):
    return all(torch.equal(a["weights"][key], b["weights"][key]) for key in a["weights"])


@pytest.mark.parametrize("model", sorted(MODELS))
def test_the_same_seed_gives_the_same_bits_and_another_does_not(model, toy_dataset, tmp_path):
    first, again = (run(toy_dataset, tmp_path / name, model) for name in ("a", "b"))
    other = run(toy_dataset, tmp_path / "c", model, seed=4)
    assert same_weights(first, again) and not same_weights(first, other)
    timeless = [pd.read_csv(tmp_path / name / "history.tsv", sep="\t").drop(columns=["seconds", "samples_per_s"])
                for name in ("a", "b")]
    assert timeless[0].equals(timeless[1]) and len(timeless[0]) == 3


class Killed(BaseException):
    """Stands for kill -9: nothing of ours may catch it."""


@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("epoch", [1, 2])
def test_a_killed_training_resumes_to_the_same_bits(model, epoch, toy_dataset, tmp_path, monkeypatch):
    whole = run(toy_dataset, tmp_path / "whole", model)
    step, calls = module._Loop._step, []

    def dying(loop, *arguments):
        calls.append(1)
        if len(calls) == epoch * loop.steps + 2:
            raise Killed
        return step(loop, *arguments)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(module._Loop, "_step", dying)
        run(toy_dataset, tmp_path / "cut", model)
    left = {path.name for path in (tmp_path / "cut").iterdir()}
    assert left == {"model.ckpt.resume"}
    torch.manual_seed(99)
    assert same_weights(whole, run(toy_dataset, tmp_path / "cut", model))
    assert not (tmp_path / "cut" / "model.ckpt.resume").exists()


def test_another_configuration_does_not_resume(toy_dataset, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patched:
        patched.setattr(module, "_write_checkpoint", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            run(toy_dataset, tmp_path, lr=0.001)
    assert same_weights(run(toy_dataset, tmp_path), run(toy_dataset, tmp_path / "fresh"))
    assert "damaged, or of another configuration, dataset or device; starting anew" in capsys.readouterr().err


def test_the_checkpoint_rebuilds_the_model_and_says_how_it_was_made(toy_dataset, tmp_path):
    saved = run(toy_dataset, tmp_path, "deepsea")
    model, facts = load_checkpoint(tmp_path / "model.ckpt")
    assert all(torch.equal(value, saved["weights"][key]) for key, value in model.state_dict().items())
    assert facts["dataset"]["names"] == ["Factor A", "<b>B</b>"] and facts["dataset"]["window"] == 400
    told = json.loads((tmp_path / "train.json").read_text())
    assert told == facts["facts"] and told["options"]["lr"] == 0.003 and told["versions"]["torch"] == torch.__version__
    history = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert told["best_epoch"] == history["valid_auprc"].idxmax() + 1
    assert (history["best"] == "yes").sum() == 1


def test_training_stops_when_nothing_gets_better(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path, epochs=60, patience=2, lr=1e-9)
    history = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert len(history) == history["valid_auprc"].idxmax() + 3 < 60


def test_a_loss_that_explodes_is_an_error_and_leaves_no_checkpoint(toy_dataset, tmp_path):
    with pytest.raises(DanqError, match=r"the loss is no longer finite; lower train\.lr"):
        run(toy_dataset, tmp_path, lr=1e30)
    assert not (tmp_path / "model.ckpt").exists()


def test_the_model_learns(tmp_path):
    # Windows with GATTACAGATTACA in their middle are positive: an easy rule, so a high validation AUPRC is due.
    from danq.encode import encode
    rng, records, rows = np.random.default_rng(0), [], ["name\tsplit\tbound"]
    for i in range(1400):
        letters, label = "".join(rng.choice(list("ACGT"), 100)), i % 2
        at = int(rng.integers(30, 56))
        letters = letters[:at] + "GATTACAGATTACA" + letters[at + 14:] if label else letters
        records.append(f">w{i}\n{letters}\n")
        rows.append(f"w{i}\t{'train' if i < 1000 else 'valid' if i < 1200 else 'test'}\t{label}")
    (tmp_path / "own.fa").write_text("".join(records))
    (tmp_path / "own.tsv").write_text("\n".join(rows) + "\n")
    encode(tmp_path / "own.fa", tmp_path / "own.tsv", tmp_path / "dataset.h5")
    run(tmp_path / "dataset.h5", tmp_path, epochs=8, scale=0.1, lr=0.005, shift=0)
    assert pd.read_csv(tmp_path / "history.tsv", sep="\t")["valid_auprc"].max() > 0.9


def test_damaged_and_foreign_checkpoints_are_refused(toy_dataset, tmp_path):
    saved = run(toy_dataset, tmp_path)
    path = tmp_path / "bad.ckpt"
    path.write_bytes((tmp_path / "model.ckpt").read_bytes()[:-2000])
    cases = [(None, "not a whole checkpoint")]
    cases += [({"weights": {}}, "not a checkpoint of version 1"),
              (saved | {"weights": {"first.bias": torch.zeros(1)}}, "its weights do not fit its model")]
    nan = copy.deepcopy(saved)
    next(iter(nan["weights"].values())).fill_(float("nan"))
    cases.append((nan, "its weights are not all finite"))
    for content, message in cases:
        if content is not None:
            torch.save(content, path)
        with pytest.raises(DanqError, match=f"bad.ckpt: {message}"):
            load_checkpoint(path)


def test_a_checkpoint_never_runs_code(tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "pwned"), "w"))

    for content in (pickle.dumps(Evil()), pickle.dumps({"format": "danq-checkpoint", "version": 1, "weights": Evil()})):
        (tmp_path / "evil.ckpt").write_bytes(content)
        with pytest.raises(DanqError, match="not a whole checkpoint"):
            load_checkpoint(tmp_path / "evil.ckpt")
    torch.save({"format": "danq-checkpoint", "version": 1, "weights": Evil()}, tmp_path / "evil.ckpt")
    with pytest.raises(DanqError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "evil.ckpt")
    assert not (tmp_path / "pwned").exists()


def test_predictions_are_strand_averages_of_the_test_split(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path)
    predict(tmp_path / "model.ckpt", toy_dataset, tmp_path / "p.h5", split="test", device="cpu", threads=1)
    name, seed, _, found = read_predictions(tmp_path / "p.h5")
    assert (name, seed) == ("danq", "3")
    model, _ = load_checkpoint(tmp_path / "model.ckpt")
    with open_dataset(toy_dataset) as dataset, torch.no_grad():
        X = torch.from_numpy(dataset.one_hot("test", np.arange(dataset.length("test"))))
        expected = (torch.sigmoid(model(X)) + torch.sigmoid(model(X.flip(1, 2)))) / 2
    assert np.allclose(found, expected.numpy(), atol=1e-6)


def test_a_model_refuses_other_data(toy, run_extract, toy_dataset, tmp_path):
    run(toy_dataset, tmp_path)
    folder = run_extract(toy, tmp_path / "other", where={"name": "Factor A"})
    with pytest.raises(DanqError, match=r"dataset\.h5: names: not what the model was trained on"):
        predict(tmp_path / "model.ckpt", folder / "dataset.h5", tmp_path / "p.h5", split="test", device="cpu",
                threads=1)
    assert not (tmp_path / "p.h5").exists()


def test_predictions_keep_what_is_unknown(tmp_path):
    scores = np.array([[0.5, np.nan], [0.25, np.nan]])
    write_predictions(tmp_path / "p.h5", scores, "scan", "NA", "test", "digest")
    assert np.array_equal(read_predictions(tmp_path / "p.h5")[3], scores.astype(np.float32), equal_nan=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_missing_gpu_is_told(toy_dataset, tmp_path):
    with pytest.raises(DanqError, match="device cuda is not here: PyTorch sees 0 GPUs; use auto or cpu"):
        run(toy_dataset, tmp_path, device="cuda")


def test_a_flipped_byte_in_a_checkpoint_is_noticed(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path)
    raw = bytearray((tmp_path / "model.ckpt").read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "model.ckpt").write_bytes(raw)
    with pytest.raises(DanqError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "model.ckpt")


def test_a_damaged_resume_file_is_passed_over(toy_dataset, tmp_path, capsys):
    (tmp_path / "model.ckpt.resume").write_text("garbage")
    assert same_weights(run(toy_dataset, tmp_path), run(toy_dataset, tmp_path / "fresh"))
    assert "starting anew" in capsys.readouterr().err


def test_a_training_of_four_steps_works(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path, epochs=4, batch_size=512)
    assert len(pd.read_csv(tmp_path / "history.tsv", sep="\t")) == 4


def test_a_model_does_not_predict_where_it_may_have_been_trained(toy, run_extract, toy_dataset, tmp_path):
    # The same genome and targets, but the chromosome that the model was trained on is now the test split.
    run(toy_dataset, tmp_path)
    folder = run_extract(toy, tmp_path / "other", valid=["chr3"], test=["chr1:0-12000"])
    with pytest.raises(DanqError, match="training windows: not what the model was trained on"):
        predict(tmp_path / "model.ckpt", folder / "dataset.h5", tmp_path / "p.h5", split="test", device="cpu",
                threads=1)


def test_weights_that_explode_in_the_last_step_are_an_error(toy_dataset, tmp_path):
    # One step an epoch: its loss is that of the first weights, still finite; only the validation sees the new ones.
    with pytest.raises(DanqError, match=r"the predictions are no longer finite; lower train\.lr"):
        run(toy_dataset, tmp_path, batch_size=1000, lr=1e30)
    assert not (tmp_path / "model.ckpt").exists()
