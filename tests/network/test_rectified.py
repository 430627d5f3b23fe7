"""Units that never fire: found in every network, and counted as by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from danq.catalog import MODELS
from danq.network.augment import reverse_complement
from danq.network.models import build
from danq.network.rectified import RectifiedLayer, rectified_layers

LENGTH, TARGETS = 320, 3  # Beluga reads no less than 310 bp


def one_hot(n=40):
    generator = torch.Generator().manual_seed(1)
    bases = torch.randint(4, (n, LENGTH), generator=generator)
    return functional.one_hot(bases, 4).transpose(1, 2).float()


def small(name, **options):
    torch.manual_seed(0)
    return build(name, LENGTH, TARGETS, scale=0.05, **options)


class Toy(nn.Module):
    """Two dense layers with a ReLU each, the second within a part of its own."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4 * LENGTH, 6)
        self.second = nn.Sequential(nn.Linear(6, 5), nn.ReLU())

    def forward(self, X):
        return self.second(functional.relu(self.first(X.flatten(1))))


def test_silent_units_are_those_that_fire_on_no_window_and_neither_strand():
    torch.manual_seed(0)
    network, X = Toy(), one_hot()
    with torch.no_grad():
        network.first.bias[:] = torch.tensor([-9.0, 0, 0, -9, -9, 0])
        network.second[0].bias[:] = torch.tensor([9.0, -9, 9, 9, 9])
        both = torch.cat([X, reverse_complement(X)]).flatten(1)
        first = network.first(both)
        second = network.second[0](functional.relu(first))
    expected = [
        RectifiedLayer("body", 6, int((first.amax(0) <= 0).sum())),
        RectifiedLayer("second", 5, int((second.amax(0) <= 0).sum())),
    ]
    assert rectified_layers(network, X) == expected
    assert [layer.silent for layer in expected] == [3, 1]


def test_a_unit_that_fires_on_the_other_strand_only_is_not_silent():
    network = nn.Sequential(nn.Conv1d(4, 3, 3), nn.ReLU(), nn.Flatten())
    X = torch.zeros(40, 4, 9)
    X[:, 0] = 1  # poly-A: its other strand is poly-T
    with torch.no_grad():
        network[0].weight.zero_()
        network[0].weight[1, 3] = 1  # 3 - 1 on T
        network[0].bias[:] = torch.tensor([0.0, -1.0, -1.0])
    # The first responds with 0, which a ReLU does not let pass.
    assert [(layer.units, layer.silent) for layer in rectified_layers(network, X)] == [(3, 2)]


@pytest.mark.parametrize("name", MODELS)
def test_the_units_of_every_network_are_its_channels_and_not_its_positions(name):
    """Their number does not depend on the length of the window."""
    found = []
    for length in (LENGTH, 2 * LENGTH):
        torch.manual_seed(0)
        network = build(name, length, TARGETS, scale=0.05)
        X = torch.cat([one_hot(), one_hot()], dim=2)[:, :, :length]
        layers = rectified_layers(network, X)
        # A longer window may have more layers of the same width: a network that must reach it.
        found.append({(layer.part, layer.units) for layer in layers if layer.part != "body"})
        sizes = {parameter.shape[0] for parameter in network.parameters()}
        assert {layer.units for layer in layers} <= sizes
        has_stem = layers[0].part == "stem"
        assert has_stem is MODELS[name].has_filters
        assert layers[-1].part == "head"
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["danq_conv", "deepsea", "mlp"])
def test_a_layer_that_is_dead_on_purpose_is_found(name):
    network = small(name)
    before = rectified_layers(network, one_hot())
    with torch.no_grad():
        network.head.dense.weight.zero_()
        network.head.dense.bias.fill_(-1)
    after = rectified_layers(network, one_hot())
    assert after[:-1] == before[:-1]
    assert before[-1].silent < before[-1].units == after[-1].silent


def test_an_exponential_has_no_unit_that_cannot_fire():
    layers = rectified_layers(small("danq_conv", stem="exponential"), one_hot())
    assert layers and "stem" not in {layer.part for layer in layers}


@pytest.mark.parametrize("training", [True, False])
def test_looking_changes_no_weight_no_mode_and_no_random_number(training):
    network = small("danq_conv", stem="exponential", dropout=1.0).train(training)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.random.get_rng_state()
    rectified_layers(network, one_hot())
    assert network.training is training and torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in network.modules())
