"""Fixtures of several tests of this room."""

import pytest
import torch

from danq.data.dataset import open_dataset
from danq.network.checkpoint import write_checkpoint
from danq.network.models import build
from tests.conftest import WINDOW
from tests.interpret.helpers import OPTIONS


@pytest.fixture(scope="session")
def untrained(tmp_path_factory, toy_dataset):
    """Return the checkpoint of a small model of the toy dataset that was never trained."""
    path = tmp_path_factory.mktemp("untrained") / "model.ckpt"
    torch.manual_seed(0)
    weights = build("danq", WINDOW, 2, scale=0.02).state_dict()
    facts = {"model": "danq", "seed": 7, "options": OPTIONS}
    with open_dataset(toy_dataset) as opened:
        write_checkpoint(path, weights, facts, opened.facts())
    return path
