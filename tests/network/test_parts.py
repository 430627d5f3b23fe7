"""Parts of networks: which weights are whose, what freezing does, and dropout put into weights."""

import copy

import pytest
import torch

from danq.catalog import MODELS
from danq.network.checkpoint import build_from
from danq.network.layers import Dropout
from danq.network.parts import (
    PARTS,
    dropout_readers,
    fold_dropout,
    freeze,
    part_of,
    parts_up_to,
    train_mode,
    unfold_dropout,
)

WINDOW = 400


def network_of(model, head="dense", recipe="auto", stem="relu", n_targets=3):
    torch.manual_seed(1)
    options = {
        "model": model,
        "recipe": recipe,
        "scale": 0.02,
        "dropout": 1.0,
        "head": head if MODELS[model].takes_pool_head else "dense",
        "gates": "sigmoid",
        "filter_scale": 1.0,
        "stem": stem,
        "filter_width": None,
    }
    return build_from(options, WINDOW, n_targets)


def windows(n=4):
    bases = torch.randint(4, (n, WINDOW), generator=torch.Generator().manual_seed(2))
    return torch.nn.functional.one_hot(bases, 4).transpose(1, 2).float()


@pytest.mark.parametrize("head", ["dense", "pool"])
@pytest.mark.parametrize("model", MODELS)
def test_the_head_is_what_has_a_row_for_each_target(model, head):
    weights = network_of(model, head).state_dict()
    others = network_of(model, head, n_targets=5).state_dict()
    for name, weight in weights.items():
        assert (weight.shape != others[name].shape) == (part_of(name) == "head"), name
    without = set() if MODELS[model].has_filters else {"stem"}
    assert {part_of(name) for name in weights} == set(PARTS) - without


def test_parts_come_in_the_order_of_the_network():
    assert [parts_up_to(part) for part in PARTS] == [PARTS[:1], PARTS[:2], PARTS]


@pytest.mark.parametrize("head", ["dense", "pool"])
@pytest.mark.parametrize("model", MODELS)
def test_folded_dropout_computes_the_same(model, head):
    """Keras 0.2 multiplied by 1 - rate outside training; afterwards nothing does."""
    network = network_of(model, head, recipe="published").eval()
    layers = [layer for layer in network.modules() if isinstance(layer, Dropout)]
    for layer in layers:
        layer.inverted = False  # of DeepSEA as well
    before = network(windows())
    plain = copy.deepcopy(network)
    fold_dropout(plain)
    torch.testing.assert_close(plain.eval()(windows()), before, rtol=1e-5, atol=1e-6)
    assert all(layer.inverted for layer in plain.modules() if isinstance(layer, Dropout))
    assert len(dropout_readers(network)) == len(layers)
    # And back: plain weights in a network that multiplies, at another rate.
    for layer in layers:
        layer.rate = layer.rate / 2
    network.load_state_dict(plain.state_dict())
    unfold_dropout(network, PARTS)
    torch.testing.assert_close(network(windows()), before, rtol=1e-5, atol=1e-6)


def test_only_what_is_taken_is_unfolded():
    network = network_of("danq", "pool", recipe="published")
    before = copy.deepcopy(network.state_dict())
    unfold_dropout(network, ("stem", "body"))
    changed = {
        name for name, value in network.state_dict().items() if (value != before[name]).any()
    }
    assert changed == {"body.weight_ih_l0", "body.weight_ih_l0_reverse"}


@pytest.mark.parametrize("stem", ["relu", "exponential"])
def test_frozen_parts_compute_as_outside_training(stem):
    """With all but the head frozen, what the head reads does not depend on chance or batch."""
    network = network_of("danq", stem=stem)
    freeze(network, ("stem", "body"))
    train_mode(network, ("stem", "body"))
    assert network.training
    trained = {name for name, weight in network.named_parameters() if weight.requires_grad}
    assert trained == {"head.out.weight", "head.out.bias"}
    X = windows()
    first = network(X)
    assert torch.equal(first, network(X))
    torch.testing.assert_close(first[:2], network(X[:2]))
    torch.testing.assert_close(first, copy.deepcopy(network).eval()(X))


def test_what_an_unfrozen_layer_reads_is_dropped():
    network = network_of("danq", stem="exponential")
    freeze(network, ("stem",))
    train_mode(network, ("stem",))
    assert all(reader.dropout.training for reader in dropout_readers(network))
    assert not network.stem.norm.training
    assert not torch.equal(network(windows()), network(windows()))
