"""Basset's layers and positions, as published but for the normalisation of batches."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from danq.network.basset import positions_of
from danq.network.models import build
from danq.network.outline import outline


def one_hot(n, length):
    generator = torch.Generator().manual_seed(3)
    bases = torch.randint(4, (n, length), generator=generator)
    return functional.one_hot(bases, 4).transpose(1, 2).float()


def published(network):
    """Return Basset's layers as PyTorch has them, in the published order, with its weights."""
    layers = []
    pools = (3, 4, 4)
    convolutions = (network.stem.conv, network.second, network.third)
    for conv, pool in zip(convolutions, pools, strict=True):
        layers += [conv, nn.ReLU(), nn.MaxPool1d(pool, pool)]
    layers.append(nn.Flatten())
    for dense in (network.dense, network.head.dense):
        layers += [dense, nn.ReLU(), nn.Dropout(0.3)]
    return nn.Sequential(*layers, network.head.out).eval()


@torch.no_grad()
@pytest.mark.parametrize("window", [168, 170, 300, 777])
def test_its_logits_are_those_of_the_published_layers(window):
    torch.manual_seed(0)
    network = build("basset", window, 4, 0.05).eval()
    for weight in network.parameters():
        weight.mul_(2)  # else the biases alone decide
    X = one_hot(3, window)
    expected = published(network)(X)
    assert expected.std(dim=0).min() > 1e-3
    assert torch.allclose(network(X), expected, rtol=1e-4, atol=1e-6)


def test_its_layers_are_the_published_ones():
    with torch.device("meta"):
        network = build("basset", 600, 164)
    layers = outline(network, 600)
    convolutions = layers[:3]
    assert [layer["channels"] for layer in layers] == [300, 200, 200, 1000, 1000, 164]
    assert [layer["width"] for layer in convolutions] == [19, 11, 7]
    assert [layer["positions"] for layer in convolutions] == [582, 184, 40]


@pytest.mark.parametrize("filter_width", [19, 26])
def test_positions_are_those_that_the_dense_layer_reads(filter_width):
    for window in (190, 341, 1000):
        network = build("basset", window, 1, 0.01, filter_width=filter_width)
        features = network.dense.in_features
        assert features == positions_of(window, filter_width) * network.third.out_channels


def test_both_dropout_layers_drop_in_training_and_nothing_else_is_random():
    torch.manual_seed(0)
    network = build("basset", 300, 2, 0.1)
    X = one_hot(4, 300)
    for layer in network.drops:
        network.train()
        others = [other for other in network.drops if other is not layer]
        others[0].eval()
        assert not torch.equal(network(X), network(X))
    network.eval()
    assert torch.equal(network(X), network(X))
