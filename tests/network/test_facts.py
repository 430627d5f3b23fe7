"""Checkpoints of the right format with wrong facts: each is refused in one line."""

import copy

import pytest
import torch

from danq.errors import DanqError
from danq.network.checkpoint import load_checkpoint
from danq.network.facts import KNOBS
from tests.network.tiled_toy import write_model


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the content of a checkpoint."""
    path = write_model(tmp_path_factory.mktemp("model") / "model.ckpt")
    return torch.load(path, weights_only=True)


def set_in(*keys, value):
    """Return a change that sets the value under some keys."""

    def change(content):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def remove(*keys):
    """Return a change that removes what is under some keys."""

    def change(content):
        for key in keys[:-1]:
            content = content[key]
        del content[keys[-1]]

    return change


WRONG = {
    ("facts", "model"): ["", "lstm", 3, None, "DanQ"],
    ("facts", "seed"): [-1, "0", 0.5, None, True],
    ("facts", "options"): [None, [], {}, "danq"],
    ("facts", "options", "model"): ["deepsea", None, 1],
    ("facts", "options", "recipe"): ["mine", None, 1],
    ("facts", "options", "head"): ["sideways", None, 0],
    ("facts", "options", "gates"): ["soft", None],
    ("facts", "options", "stem"): ["tanh", None],
    ("facts", "options", "scale"): [0, -1, 1e9, float("nan"), float("inf"), None, "x", []],
    ("facts", "options", "dropout"): [-0.1, 5, None],
    ("facts", "options", "filter_scale"): [0, 1e6, None],
    ("facts", "options", "filter_width"): [0, -3, 10**9, "wide"],
    ("facts", "options", "surprise"): [1],
    ("facts", "surprise"): [1],
    ("facts", "epochs"): ["3", -1, 0.5],
    ("facts", "filters_initialised_from"): ["x", [1], {"a": 1}],
    ("facts", "health"): [3, [3]],
    ("facts", "final"): [True, 3, {"folds": 3}, {"folds": 3, "best_epochs": [-1]}],
    ("dataset", "window"): [0, -1, 10**12, "200", 200.0, None],
    ("dataset", "bin_size"): [0, None, "x"],
    ("dataset", "alphabet"): ["TGCA", None],
    ("dataset", "names"): [[], None, "abc", [1, 2, 3]],
    ("dataset", "groups"): [[], None, ["TF"], [1, 2, 3]],
    ("dataset", "training_windows"): ["", None, "x" * 64],
    ("dataset", "fold"): [3, [0, 3], {"number": 0}, {"number": -1, "of": 3}, {"number": "0"}],
    ("dataset", "surprise"): [1],
    ("facts",): [None, [], "x"],
    ("dataset",): [None, [], "x"],
    ("weights",): [None, [], {"a": 1}, {1: torch.zeros(1)}, torch.zeros(3)],
    ("surprise",): [1],
}
CASES = [(keys, value) for keys, values in WRONG.items() for value in values]
MISSING = [
    ("facts",),
    ("dataset",),
    ("weights",),
    ("facts", "model"),
    ("facts", "seed"),
    ("facts", "options"),
    ("facts", "options", "recipe"),
    *(("facts", "options", knob) for knob in KNOBS),
    *(("dataset", name) for name in ("window", "bin_size", "alphabet", "names", "groups")),
]


def refused(whole, change, path):
    content = copy.deepcopy(whole)
    change(content)
    torch.save(content, path)
    with pytest.raises(DanqError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message and ";" in message


@pytest.mark.parametrize(("keys", "value"), CASES)
def test_wrong_facts_are_refused(whole, tmp_path, keys, value):
    refused(whole, set_in(*keys, value=value), tmp_path / "model.ckpt")


@pytest.mark.parametrize("keys", MISSING)
def test_missing_facts_are_refused(whole, tmp_path, keys):
    refused(whole, remove(*keys), tmp_path / "model.ckpt")


def test_the_facts_of_another_model_do_not_fit_the_weights(whole, tmp_path):
    def change(content):
        content["facts"]["model"] = "deepsea"
        content["facts"]["options"]["model"] = "deepsea"

    refused(whole, change, tmp_path / "model.ckpt")


def test_the_same_content_unchanged_is_read(whole, tmp_path):
    torch.save(whole, tmp_path / "model.ckpt")
    assert load_checkpoint(tmp_path / "model.ckpt").facts == whole["facts"]
