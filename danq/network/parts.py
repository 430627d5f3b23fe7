"""Parts of a network: its stem, body and head, as they are taken from a checkpoint, or frozen.

The stem is the first filters. The head is the output layer alone, that has a row for each target:
what must begin anew for other targets. All between is the body, the fully connected layer of a
published head included, so that a network whose stem and body are frozen is a regression on fixed
numbers (a linear probe, Alain and Bengio 2017, https://arxiv.org/abs/1610.01644).
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import torch
from torch import nn

from danq.network.basset import Basset
from danq.network.beluga import Beluga
from danq.network.bodies import Local, MinGRU, Reaching
from danq.network.layers import DenseHead, Dropout
from danq.network.models import Blstm, DanQ, DeepSEA, Mlp, Network

PARTS = ("stem", "body", "head")
"""In the order in which a window passes through them."""


def part_of(name: str) -> str:
    """Return the part that a weight belongs to, by its name in the network's ``state_dict``.

    Examples
    --------
    >>> part_of("stem.conv.weight"), part_of("head.dense.bias"), part_of("head.out.bias")
    ('stem', 'body', 'head')
    """
    if name.startswith("stem."):
        return "stem"
    if name.startswith(("head.out.", "head.position_bias")):
        return "head"
    return "body"


def parts_up_to(part: str) -> tuple[str, ...]:
    """Return the parts from the first one to a given one.

    Examples
    --------
    >>> parts_up_to("body")
    ('stem', 'body')
    """
    return PARTS[: PARTS.index(part) + 1]


class Reader(NamedTuple):
    """A dropout layer, and what reads the numbers that it leaves.

    Attributes
    ----------
    dropout : danq.network.layers.Dropout
        The layer.
    layers : list of torch.nn.Module
        Linear, convolutional or recurrent layers behind it.
    """

    dropout: Dropout
    layers: list[nn.Module]

    def weights(self) -> list[nn.Parameter]:
        """Return the weights by which the numbers are multiplied."""
        found = []
        for layer in self.layers:
            for name, parameter in layer.named_parameters(recurse=False):
                if name == "weight" or name.startswith("weight_ih"):
                    found.append(parameter)
        return found


def dropout_readers(network: Network) -> list[Reader]:
    """Return every dropout layer of a network with the layers that read it.

    Parameters
    ----------
    network : danq.network.models.Network
        Any of `danq.catalog.MODELS`.

    Returns
    -------
    list of Reader
    """
    last = _first_layer(network.head)
    if isinstance(network, Blstm):
        return [Reader(network.drop, [last])]
    if isinstance(network, DeepSEA):
        layers: list[list[nn.Module]] = [[network.second], [network.third], [last]]
    elif isinstance(network, Beluga):
        layers = [[network.third], [network.fifth], [last]]
    elif isinstance(network, Basset):
        layers = [[last], [network.head.out]]
    elif isinstance(network, Mlp):
        layers = [[network.dense], [last]]
    else:
        assert isinstance(network, DanQ)
        layers = [list(_first_layers(network.body)), [last]]
    drops = [layer for layer in network.drops if isinstance(layer, Dropout)]
    return [Reader(drop, own) for drop, own in zip(drops, layers, strict=True)]


def _first_layer(head: nn.Module) -> nn.Module:
    """Return the layer of a head that reads the feature map."""
    layer = head.dense if isinstance(head, DenseHead) else head.out
    assert isinstance(layer, nn.Module)
    return layer


def _first_layers(body: nn.Module) -> Iterator[nn.Module]:
    """Yield the layers of a body that read the feature map of the stem."""
    if isinstance(body, nn.ModuleList):  # LSTMs side by side
        yield from body
    elif isinstance(body, Local):
        yield body.layers[0]
    elif isinstance(body, Reaching):
        yield body.local
    elif isinstance(body, MinGRU):
        yield body.gates
        yield body.candidates
    else:
        yield body


@torch.no_grad()
def fold_dropout(network: Network) -> None:
    """Put what dropout does outside training into the weights behind it, in place.

    Where `Dropout.inverted` is False, as in Keras 0.2, its layers multiply by ``1 - rate`` outside
    training. Afterwards none does, and the network computes the same.

    Parameters
    ----------
    network : danq.network.models.Network
        Any.
    """
    for reader in dropout_readers(network):
        if not reader.dropout.inverted:
            _multiply(reader, 1 - reader.dropout.rate)
            reader.dropout.inverted = True


@torch.no_grad()
def unfold_dropout(network: Network, parts: Collection[str]) -> None:
    """Divide the weights behind dropout layers by what these multiply by, in place.

    What `fold_dropout` does, the other way round: weights of a network without such factors then
    give the same in this one.

    Parameters
    ----------
    network : danq.network.models.Network
        Any.
    parts : collection of {"stem", "body", "head"}
        Parts whose weights are of a network without such factors.
    """
    names = {id(weight): name for name, weight in network.named_parameters()}
    for reader in dropout_readers(network):
        is_taken = all(part_of(names[id(weight)]) in parts for weight in reader.weights())
        if is_taken and not reader.dropout.inverted:
            _multiply(reader, 1 / (1 - reader.dropout.rate))


def _multiply(reader: Reader, factor: float) -> None:
    for weight in reader.weights():
        weight.mul_(factor)


def freeze(network: Network, parts: Collection[str]) -> None:
    """Let parts of a network have no gradient; see `train_mode`, too.

    Parameters
    ----------
    network : danq.network.models.Network
        Any.
    parts : collection of {"stem", "body", "head"}
        What stays as it is.

    Notes
    -----
    What an optimiser has no gradient of, it neither moves nor lets decay.
    """
    for name, parameter in network.named_parameters():
        if part_of(name) in parts:
            parameter.requires_grad_(False)
            parameter.grad = None


def train_mode(network: Network, frozen: Collection[str]) -> None:
    """Set a network to training, but its frozen parts to what they do outside training.

    A frozen normalisation keeps its means, and nothing is dropped of what a frozen layer reads.

    Parameters
    ----------
    network : danq.network.models.Network
        Any.
    frozen : collection of {"stem", "body", "head"}
        Parts that are frozen.
    """
    network.train()
    for name, module in network.named_modules():
        # An LSTM does the same in either mode; on a GPU, gradients pass through it in this one.
        if isinstance(module, nn.BatchNorm1d) and part_of(f"{name}.") in frozen:
            module.eval()
    for reader in dropout_readers(network):
        if not any(weight.requires_grad for weight in reader.weights()):
            reader.dropout.eval()
