"""What networks are made with."""

import pytest
import torch

from danq.network.base import Network, dropouts, make_head, refuse_short_window
from danq.network.layers import DenseHead, PoolHead
from tests.conftest import refuse


def test_dropout_rates_are_multiplied():
    rates = [layer.rate for layer in dropouts((0.2, 0.5), 0.5)]
    assert rates == pytest.approx([0.1, 0.25])


def test_a_head_takes_a_feature_map_to_logits():
    X = torch.rand(3, 7, 5)  # windows, positions, channels
    for name, kind in (("dense", DenseHead), ("pool", PoolHead)):
        head = make_head(name, 7, 5, n_targets=2, hidden=4)
        assert type(head) is kind and head(X).shape == (3, 2)


def test_a_window_without_a_position_is_refused():
    refuse_short_window(1, 20)
    message = "a window of 19 bp is too short for this model; use a longer extract.window"
    refuse(message, refuse_short_window, 0, 19)


def test_a_network_reads_the_whole_window_unless_it_says_otherwise():
    assert Network().reach is None
