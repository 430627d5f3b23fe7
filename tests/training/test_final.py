"""A final model: on everything, without validation, for as long as the folds say."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from danq import cli, config
from danq.data.dataset import open_dataset
from danq.errors import DanqError
from danq.network import checkpoint
from danq.network.predict_dataset import predict_dataset
from danq.network.trained import load
from danq.records import Made, recorded
from danq.training import epoch, record
from danq.training.final import plan_final
from danq.training.train import train
from tests.data.test_folds import make_folds
from tests.training.helpers import KNOBS, dying, killed_at, run, same_weights

GIVEN = config.Train(device="cpu", precision="float32")


def write_facts(path, best_epoch, *, epochs=8, model="danq", seed=0, steps=None, **changes):
    """Write train.json of a training in a fold, with its record; return its path."""
    options = config.Train(**KNOBS).model_dump() | {"epochs": 8, "epoch_size": 1000}
    options |= {"batch_size": 100, "model": model, "seed": seed, **changes}
    health = [{"name": "steps", "value": steps}] if steps else []
    facts = {"model": model, "seed": seed, "options": options, "health": health}
    facts |= {"epochs": epochs, "best_epoch": best_epoch}
    with recorded(path, Made("train")) as file:
        file.write_text(json.dumps(facts))
    return path


def plan(paths, **options):
    return plan_final(paths, GIVEN, **{"model": "danq", "seed": 0, **options})


@pytest.mark.parametrize(
    ("best", "epochs"), [([2, 3, 7], 3), ([8, 8, 1], 8), ([1, 1, 1], 1), ([2, 3, 6, 8], 4)]
)
def test_it_ends_after_the_median_of_the_best_epochs(tmp_path, best, epochs):
    paths = [write_facts(tmp_path / f"{k}.json", at) for k, at in enumerate(best)]
    found = plan(paths)
    # Of 2, 3, 6 and 8 epochs the median is 4.5; Python rounds to the even number.
    assert (found.epochs, found.best_epochs, found.settings.epochs) == (epochs, best, 8)
    assert found.facts() == {"folds": len(best), "best_epochs": best}


def test_steps_count_and_not_epochs_of_unlike_size(tmp_path):
    sizes = [1000, 1000, 3000]
    paths = []
    for fold, size in enumerate(sizes):
        paths.append(write_facts(tmp_path / f"{fold}.json", 4, epoch_size=size))
    assert plan(paths).epochs == 4 and plan(paths).settings.epoch_size == 1000
    # By hand: 4 epochs of 10 steps, 4 of 10, and 8 of 30: the median is 40 steps.
    paths[2] = write_facts(tmp_path / "2.json", 8, epoch_size=3000)
    assert plan(paths).epochs == 4
    # A fold with fewer windows than asked for has shorter epochs: 4 of 5 steps, as it says.
    paths = [write_facts(tmp_path / f"{fold}.json", 4, steps=40) for fold in range(3)]
    assert (plan(paths).epochs, plan(paths).settings.epoch_size) == (4, 500)


def test_knobs_are_those_of_the_folds_and_where_they_differ_the_lower_median(tmp_path):
    rates = [0.001, 0.004, 0.002]
    paths = [
        write_facts(tmp_path / f"{fold}.json", 2, lr=lr, balance=fold == 0)
        for fold, lr in enumerate(rates)
    ]
    settings = plan(paths).settings
    assert (settings.lr, settings.balance, settings.scale) == (0.002, True, KNOBS["scale"])
    elsewhere = plan_final(paths, config.Train(memory=2.0, device="cpu"), model="danq", seed=0)
    assert (elsewhere.settings.memory, elsewhere.settings.precision) == (2.0, "auto")


def test_other_trainings_are_refused(tmp_path):
    paths = [write_facts(tmp_path / f"{fold}.json", 2) for fold in range(3)]
    with pytest.raises(DanqError, match=r"0\.json: is of danq, seed 0, not of mlp, seed 0; give"):
        plan(paths, model="mlp")
    with pytest.raises(DanqError, match="not of danq, seed 1"):
        plan(paths, seed=1)
    for number, changes in enumerate(({"best_epoch": 0}, {"best_epoch": 9}, {"model": "x"})):
        wrong = write_facts(tmp_path / f"wrong{number}.json", **{"best_epoch": 2, **changes})
        with pytest.raises(DanqError, match=r"wrong\d\.json: is "):
            plan([*paths[:2], wrong])
    paths[1].write_text("{}")
    with pytest.raises(DanqError, match=r"1\.json: is not the file that danq train wrote"):
        plan(paths)


# --- trained ---


@pytest.fixture(scope="module")
def folds(toy, tmp_path_factory):
    """Return the dataset of all folds, and train.json of a training in each."""
    folder = tmp_path_factory.mktemp("final")
    *parts, whole = make_folds(toy, folder, ["chr1:0-9000", "chr1:9000-20050", "chr2,chr3"])
    paths = []
    for number, dataset in enumerate(parts):
        run(dataset, folder / f"fold{number}")
        paths.append(folder / f"fold{number}" / "train.json")
    return whole, paths


def train_final(folds, folder):
    dataset, paths = folds
    final = plan_final(paths, GIVEN, model="danq", seed=3)
    files = [folder / name for name in ("model.ckpt", "history.tsv", "train.json")]
    known = {"model": "danq", "seed": 3, "motifs": "", "threads": 1}
    train(dataset, *files, settings=final.settings, final=final, **known)
    return final, torch.load(files[0], weights_only=True)


def test_it_is_marked_and_has_nothing_of_a_validation(folds, tmp_path, capsys):
    final, content = train_final(folds, tmp_path)
    history = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert len(history) == final.epochs and history["best"].tolist()[-1] == "yes"
    assert (history["best"] == "yes").sum() == 1
    assert not [column for column in history if column.startswith("valid")]
    facts = json.loads((tmp_path / "train.json").read_text())
    assert facts["final"] == {"folds": 3, "best_epochs": final.best_epochs}
    assert facts["best_epoch"] == facts["epochs"] == final.epochs
    assert "validation" not in facts
    names = {check["name"] for check in facts["health"]}
    assert names == {"silent_filters", "silent_units", "steps"}
    assert content["facts"]["final"] == facts["final"] and content["dataset"]["splits"] is None
    with open_dataset(folds[0]) as data:
        assert content["dataset"]["training_windows"] == data.split_checksum("train")
    assert "without validation; ends after epoch" in capsys.readouterr().err
    model = load(tmp_path / "model.ckpt", device="cpu", threads=1)
    assert np.isfinite(model.predict("ACGT" * 100).to_numpy()).all()


def test_a_killed_one_resumes_to_the_same_bits(folds, tmp_path, monkeypatch):
    monkeypatch.setattr(epoch, "SAVE_EVERY", 0)
    _, whole = train_final(folds, tmp_path / "whole")
    for where, name, calls in (
        (epoch, "save_state", 3),
        (checkpoint, "_save", 4),
        (record, "write_checkpoint", 1),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(where, name, dying(getattr(where, name), calls))
            assert killed_at(train_final, folds, tmp_path / "cut"), name
    _, resumed = train_final(folds, tmp_path / "cut")
    assert same_weights(whole, resumed)


def test_it_cannot_be_tested_on_what_it_was_trained_on(folds, tmp_path):
    train_final(folds, tmp_path)
    known = {"split": "test", "device": "cpu", "threads": 1}
    with pytest.raises(DanqError, match="a final model has been trained on every window"):
        predict_dataset([tmp_path / "model.ckpt"], folds[0], tmp_path / "p.h5", **known)


def test_only_all_folds_make_a_final_one_and_nothing_else(folds, toy_dataset, tmp_path):
    dataset, paths = folds
    with pytest.raises(DanqError, match="is not of all folds, on which a final model is trained"):
        train_final((toy_dataset, paths), tmp_path)
    with pytest.raises(DanqError, match="holds the same windows in every split"):
        run(dataset, tmp_path)


def test_from_the_command_line(folds, tmp_path, capsys):
    dataset, paths = folds
    words = ["train", "--model", "danq", "--seed", "3", "--device", "cpu", "--threads", "1"]
    words += ["--dataset", str(dataset), "--as-folds", *map(str, paths)]
    for option, name in (("checkpoint", "m"), ("history", "h"), ("facts", "f")):
        words += [f"--{option}", str(tmp_path / name)]
    assert cli.main([*words, "--profile"]) == 2
    assert "--as-folds has the knobs of the folds; leave out" in capsys.readouterr().err
    assert cli.main([*words, "--precision", "float32"]) == 0
    assert json.loads((tmp_path / "f").read_text())["final"]["folds"] == 3
