"""The layers of a network whose filters can be read as motifs."""

from collections.abc import Callable
from typing import NamedTuple

import torch

from danq.network.beluga import Beluga
from danq.network.models import ConvolutionalNetwork, DeepSEA, Network


class Layer(NamedTuple):
    """A layer whose filters can be read as motifs.

    Attributes
    ----------
    name : str
        ``filter`` for the stem, ``second`` for the second convolution of DeepSEA and Beluga: what
        its filters are called, with their number.
    activations : callable
        From one-hot (N, 4, L) to the responses of the filters before their activation, (N, F, P).
    n_filters : int
        Number of filters, F.
    width : int
        Receptive field of a filter (bp).
    stride : int
        From one position to the next (bp).
    device : torch.device
        Where `activations` computes.
    """

    name: str
    activations: Callable[[torch.Tensor], torch.Tensor]
    n_filters: int
    width: int
    stride: int = 1
    device: torch.device = torch.device("cpu")


def motif_layers(model: Network) -> list[Layer]:
    """Return the layers of a model whose filters are read as motifs: the stem, and some second.

    The receptive field of the first filters of DeepSEA and Beluga is 8 bp, less than most motifs;
    that of DeepSEA's second 39 bp, through a pool over 4 positions, of Beluga's 15 bp.

    Parameters
    ----------
    model : danq.network.models.Network
        The model whose layers are wanted, on any device.

    Returns
    -------
    list of Layer
        Empty for a model without filters.
    """
    if not isinstance(model, ConvolutionalNetwork):
        return []
    conv = model.stem.conv
    device = conv.weight.device
    responses = model.stem.site_responses
    first = Layer("filter", responses, conv.out_channels, conv.kernel_size[0], device=device)
    if not isinstance(model, DeepSEA | Beluga):
        return [first]

    def second_activations(X: torch.Tensor) -> torch.Tensor:
        return model.second_responses(model.stem(X))

    conv = model.second
    pool = model.stem.pool
    pooled = pool * conv.kernel_size[0]  # positions of the first layer that one response depends on
    width = pooled - 1 + first.width
    second = Layer("second", second_activations, conv.out_channels, width, pool, device)
    return [first, second]
