"""The layers of a network in the order in which they run, for a reader: their kinds and shapes."""

import copy
from typing import Any

import torch
from torch import nn

from danq.network.bodies import Attention

_READ = (nn.Conv1d, nn.RNNBase, nn.Linear, Attention)


def outline(model: nn.Module, window: int) -> list[dict[str, Any]]:
    """List the layers with weights of a network, as they run on one sequence.

    Parameters
    ----------
    model : torch.nn.Module
        Not changed: a copy on PyTorch's meta device, which has shapes but no numbers, is run.
    window : int
        Length of the sequence (bp).

    Returns
    -------
    list of dict
        For each layer: name (in the network), kind (convolution, recurrent, attention or dense),
        channels (of its output), positions (of its output; 1 of a dense layer that has read them
        all) and width (positions that a convolution reads at once; else 0).
    """
    layers: list[dict[str, Any]] = []
    names: dict[nn.Module, str] = {}

    def note(layer: nn.Module, inputs: tuple[torch.Tensor], output: Any) -> None:
        layers.append({"name": names[layer], **_shape(layer, inputs[0], output)})

    shapes = copy.deepcopy(model).to("meta").eval()
    for name, layer in shapes.named_modules():
        if isinstance(layer, _READ):
            names[layer] = name
            layer.register_forward_hook(note)
    shapes(torch.zeros(1, 4, window, device="meta"))
    return layers


def _shape(layer: nn.Module, X: torch.Tensor, output: Any) -> dict[str, Any]:
    """Return the kind of a layer, and the shape of what it returns."""
    if isinstance(layer, nn.Conv1d):
        kind = {"kind": "convolution", "channels": layer.out_channels}
        return {**kind, "positions": output.shape[2], "width": layer.kernel_size[0]}
    if isinstance(layer, nn.RNNBase):
        directions = 2 if layer.bidirectional else 1
        kind = {"kind": "recurrent", "channels": directions * layer.hidden_size}
        return {**kind, "positions": X.shape[0], "width": 0}
    if isinstance(layer, Attention):
        return {"kind": "attention", "channels": X.shape[1], "positions": X.shape[2], "width": 0}
    positions = X.shape[:-1].numel()
    kind = {"kind": "dense", "channels": output.shape[-1]}
    return {**kind, "positions": positions, "width": 0}
