"""What a network costs: parameters, and multiply-adds for one sequence."""

import copy

import torch
from torch import nn

from danq.network.bodies import Attention


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable parameters of a model."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def count_multiply_adds(model: nn.Module, window: int) -> int:
    """Count the multiply-adds of convolutions, recurrent and fully connected layers, and attention.

    Parameters
    ----------
    model : torch.nn.Module
        Not changed: a copy on PyTorch's meta device, which has shapes but no numbers, is run.
    window : int
        Length of the sequence (bp).

    Returns
    -------
    int
        For one sequence.
    """
    counts = []

    def count(layer: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        if isinstance(layer, nn.Conv1d):
            positions = output.shape[2]
        else:
            positions = inputs[0].shape[:-1].numel()
        for name, parameter in layer.named_parameters(recurse=False):
            if name.startswith("weight"):
                counts.append(positions * parameter.numel())

    def count_products(layer: Attention, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        counts.append(layer.multiply_adds(inputs[0].shape[2]))

    shapes = copy.deepcopy(model).to("meta").eval()
    for layer in shapes.modules():
        if isinstance(layer, nn.RNNBase | nn.Conv1d | nn.Linear):
            layer.register_forward_hook(count)
        elif isinstance(layer, Attention):
            layer.register_forward_hook(count_products)
    shapes(torch.zeros(1, 4, window, device="meta"))
    return sum(counts)
