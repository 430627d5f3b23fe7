"""Saved states with wrong parts: each is refused in one line, before the network is touched."""

import copy

import pytest
import torch

from danq.errors import DanqError
from danq.training.state import SavedState, read_state, unfit_state

NETWORK = {"w": torch.zeros(2, 3), "b": torch.zeros(2)}
ROW = {"epoch": 1, "train_loss": 0.5, "valid_auprc": 0.1, "best": "yes"}
STATE = {
    "weights": NETWORK,
    "optimizer": {"state": {}, "param_groups": []},
    "lr_scheduler": None,
    "step": 3,
    "loss_sum": torch.zeros(()),
    "seconds": 1.5,
    "history": [ROW],
    "best": NETWORK,
    "measured": None,
    "said": [],
}


def read(state):
    return read_state(state, "m.ckpt.resume", 7, NETWORK)


def test_a_whole_state_is_read():
    saved = read(STATE)
    assert isinstance(saved, SavedState)
    assert (saved.step, saved.seconds, saved.history) == (3, 1.5, [ROW])


def test_before_the_first_epoch_has_ended_there_is_no_best_one():
    assert read(STATE | {"history": [], "best": {}}).best == {}


WRONG = {
    "weights": [None, [], {}, {"w": 1}, {"w": torch.zeros(2, 3)}, {**NETWORK, "b": torch.ones(3)}],
    "best": [None, {}, {"w": torch.zeros(2, 3)}, "x"],
    "optimizer": [None, [], 3],
    "lr_scheduler": [3, []],
    "step": [-1, 8, 10**9, "3", None, 0.5, True],
    "loss_sum": [None, 0.0, torch.zeros(2)],
    "seconds": [-1.0, float("nan"), float("inf"), "1", None],
    "history": [None, {}, [1], [{}], [ROW, ROW], [{**ROW, "best": "maybe"}], [{**ROW, "x": []}]],
    "measured": [3, []],
    "said": [None, "gap", [1]],
    "surprise": [1],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_wrong_parts_are_refused(name, value):
    with pytest.raises(DanqError) as caught:
        read(STATE | {name: value})
    message = str(caught.value)
    assert message.startswith("m.ckpt.resume: holds a state from which this training cannot go on")
    assert message.endswith("; remove this file to start anew") and "\n" not in message


@pytest.mark.parametrize("name", ["weights", "optimizer", "step", "loss_sum", "history", "best"])
def test_missing_parts_are_refused(name):
    state = copy.copy(STATE)
    del state[name]
    with pytest.raises(DanqError, match="remove this file to start anew"):
        read(state)


def test_what_is_wrong_is_shown_in_one_line():
    assert "\n" not in str(unfit_state("a\nb", "x"))
