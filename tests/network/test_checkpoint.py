import copy
import pickle

import pytest
import torch

from danq.errors import DanqError
from danq.network.checkpoint import Resume, build_from, load_checkpoint
from danq.network.layers import Dropout
from tests.conftest import refuse
from tests.training.helpers import run

WHOLE = {
    "scale": 0.05,
    "dropout": 1.0,
    "head": "dense",
    "gates": "sigmoid",
    "filter_scale": 1.0,
    "stem": "relu",
    "filter_width": None,
}


def test_damaged_and_foreign_checkpoints_are_refused(toy_dataset, tmp_path):
    saved = run(toy_dataset, tmp_path)
    path = tmp_path / "bad.ckpt"
    path.write_bytes((tmp_path / "model.ckpt").read_bytes()[:-2000])
    cases = [(None, "not a whole checkpoint")]
    cases += [
        ({"weights": {}}, "not a checkpoint of version 5"),
        (
            saved | {"weights": {"stem.conv.bias": torch.zeros(1)}},
            "its weights do not fit its model",
        ),
    ]
    nan = copy.deepcopy(saved)
    next(iter(nan["weights"].values())).fill_(float("nan"))
    cases.append((nan, "its weights are not all finite"))
    for content, message in cases:
        if content is not None:
            torch.save(content, path)
        with pytest.raises(DanqError, match=f"bad.ckpt: {message}"):
            load_checkpoint(path)


def test_a_checkpoint_never_runs_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "pwned"), "w"))

    for content in (
        pickle.dumps(Evil()),
        pickle.dumps({"format": "danq-checkpoint", "version": 1, "weights": Evil()}),
    ):
        (tmp_path / "evil.ckpt").write_bytes(content)
        with pytest.raises(DanqError, match="not a whole checkpoint"):
            load_checkpoint(tmp_path / "evil.ckpt")
    torch.save(
        {"format": "danq-checkpoint", "version": 1, "weights": Evil()}, tmp_path / "evil.ckpt"
    )
    with pytest.raises(DanqError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "evil.ckpt")
    assert not (tmp_path / "pwned").exists()


def test_a_flipped_byte_in_a_checkpoint_is_noticed(toy_dataset, tmp_path):
    run(toy_dataset, tmp_path)
    raw = bytearray((tmp_path / "model.ckpt").read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "model.ckpt").write_bytes(raw)
    with pytest.raises(DanqError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "model.ckpt")


def test_a_checkpoint_of_an_older_version_is_refused(toy_dataset, tmp_path):
    saved = run(toy_dataset, tmp_path)
    torch.save(saved | {"version": 2}, tmp_path / "old.ckpt")
    refuse(
        f"{tmp_path / 'old.ckpt'}: not a checkpoint of version 5; train the model again with danq "
        "train",
        load_checkpoint,
        tmp_path / "old.ckpt",
    )


def test_a_checkpoint_gives_back_weights_and_facts(toy_dataset, tmp_path):
    saved = run(toy_dataset, tmp_path, model="deepsea", recipe="published", head="pool")
    checkpoint = load_checkpoint(tmp_path / "model.ckpt")
    weights = checkpoint.network.state_dict()
    assert list(weights) == list(saved["weights"]) and not checkpoint.network.training
    assert all(torch.equal(weights[name], value) for name, value in saved["weights"].items())
    assert (checkpoint.facts, checkpoint.data_facts) == (saved["facts"], saved["dataset"])


@pytest.mark.parametrize(("recipe", "inverted"), [("auto", True), ("published", False)])
def test_the_recipe_says_how_dropout_scales(recipe, inverted):
    options = {"model": "danq", "recipe": recipe, **WHOLE}
    layers = [
        layer for layer in build_from(options, 300, 2).modules() if isinstance(layer, Dropout)
    ]
    assert [layer.inverted for layer in layers] == [inverted] * 2


OPTIONS = {"model": "danq", "lr": 0.1}


def test_a_state_comes_back_as_it_was_saved(tmp_path):
    resume = Resume(tmp_path / "m.resume", OPTIONS, 2)
    assert resume.load() is None
    resume.save({"weights": {"w": torch.arange(3)}, "step": 7})
    state = Resume(tmp_path / "m.resume", OPTIONS, 2).load()
    assert state["step"] == 7 and state["weights"]["w"].tolist() == [0, 1, 2]
    resume.remove()
    assert resume.load() is None


def test_a_state_of_other_options_is_refused_and_left(tmp_path):
    Resume(tmp_path / "m.resume", OPTIONS, 1).save({})
    changed = Resume(tmp_path / "m.resume", OPTIONS | {"lr": 0.2, "scale": 1}, 1)
    refuse(
        f"{tmp_path / 'm.resume'}: holds an interrupted training with another lr (0.1, now "
        "0.2), scale (null, now 1); go on with the former, or remove this file to start anew",
        changed.load,
    )
    assert (tmp_path / "m.resume").exists()


def test_a_state_whose_weights_have_other_names_is_refused(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("danq.network.checkpoint.VERSION", 2)
        Resume(tmp_path / "m.resume", OPTIONS, 1).save({})
    with pytest.raises(DanqError, match=r"with another checkpoint_version \(2, now 5\);"):
        Resume(tmp_path / "m.resume", OPTIONS, 1).load()


def test_another_number_of_threads_is_announced_and_recorded(tmp_path, capsys):
    Resume(tmp_path / "m.resume", OPTIONS, 1).save({})
    resume = Resume(tmp_path / "m.resume", OPTIONS, 2)
    assert resume.load() == {} and resume.all_threads == [1, 2]
    assert "began with 1 threads, goes on with 2" in capsys.readouterr().err


def test_a_damaged_state_is_passed_over(tmp_path, capsys):
    (tmp_path / "m.resume").write_text("garbage")
    assert Resume(tmp_path / "m.resume", OPTIONS, 1).load() is None
    assert capsys.readouterr().err == f"{tmp_path / 'm.resume'}: damaged; starting anew\n"
