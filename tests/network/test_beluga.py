"""Beluga's layers, positions and dropout, as published."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from danq.network.beluga import positions_of
from danq.network.models import build
from danq.network.outline import outline


def one_hot(n, length):
    generator = torch.Generator().manual_seed(3)
    bases = torch.randint(4, (n, length), generator=generator)
    return functional.one_hot(bases, 4).transpose(1, 2).float()


def published(network):
    """Return Beluga's layers as PyTorch has them, in the published order, with its weights."""
    pairs = [network.stem.conv, network.second, network.third]
    pairs += [network.fourth, network.fifth, network.sixth]
    layers = []
    for number, conv in enumerate(pairs):
        layers += [conv, nn.ReLU()]
        if number in (1, 3):
            layers += [nn.Dropout(0.2), nn.MaxPool1d(4, 4)]
    head = [nn.Dropout(0.5), nn.Flatten(), network.head.dense, nn.ReLU(), network.head.out]
    return nn.Sequential(*layers, *head).eval()


@torch.no_grad()
@pytest.mark.parametrize("window", [310, 313, 400, 777])
def test_its_logits_are_those_of_the_published_layers(window):
    torch.manual_seed(0)
    network = build("beluga", window, 4, 0.05).eval()
    for weight in network.parameters():
        weight.mul_(2)  # else the biases alone decide
    X = one_hot(3, window)
    expected = published(network)(X)
    assert expected.std(dim=0).min() > 1e-3
    assert torch.allclose(network(X), expected, rtol=1e-4, atol=1e-6)


def test_its_layers_are_the_published_ones():
    with torch.device("meta"):
        network = build("beluga", 2000, 2002)
    layers = outline(network, 2000)
    convolutions = [layer for layer in layers if layer["kind"] == "convolution"]
    assert [layer["channels"] for layer in convolutions] == [320, 320, 480, 480, 640, 640]
    assert {layer["width"] for layer in convolutions} == {8}
    positions = [layer["positions"] for layer in convolutions]
    assert positions == [1993, 1986, 489, 482, 113, 106]
    assert [layer["channels"] for layer in layers[6:]] == [2003, 2002]


@pytest.mark.parametrize("filter_width", [8, 20])
def test_positions_are_those_of_the_last_feature_map(filter_width):
    for window in (340, 341, 1000):
        network = build("beluga", window, 1, 0.01, filter_width=filter_width)
        last = outline(network, window)[5]
        assert last["positions"] == positions_of(window, filter_width)


def test_values_are_dropped_before_the_pool():
    """A pool over 4 positions still has 4 chances: fewer of its maxima are 0 than were dropped."""
    torch.manual_seed(0)
    network = build("beluga", 1000, 1, 0.1).train()
    for layer in (network.stem.conv, network.second):
        nn.init.uniform_(layer.weight, 0.01, 0.1)  # every ReLU lets its input through
        nn.init.ones_(layer.bias)
    seen = []
    network.third.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    network.drops[0].register_forward_hook(lambda layer, inputs, output: seen.append(output))
    weights = []
    inputs = network.stem(one_hot(8, 1000))
    network.trunk(inputs)
    (dropped,) = seen[:1]
    weights.append((dropped == 0).float().mean().item())
    maxima = functional.max_pool1d(dropped, 4)
    weights.append((maxima == 0).float().mean().item())
    assert weights == pytest.approx([0.2, 0.2**4], rel=0.2)
