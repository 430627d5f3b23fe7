"""What every network is, and what networks are made with: dropout, a head, and a long window."""

import torch
from torch import nn
from torch.nn import functional

from danq.errors import DanqError
from danq.network.layers import DenseHead, Dropout, PoolHead, Rectifier, Stem


class Network(nn.Module):
    """What every model is: a head over a feature map of one-hot DNA.

    Attributes
    ----------
    stem : Stem or None
        The first convolution with its pool; None where there are no filters to read.
    head : DenseHead or PoolHead
        From the last feature map to logits.
    """

    stem: Stem | None
    head: DenseHead | PoolHead

    @property
    def reach(self) -> int | None:
        """Bases that one position of the last feature map depends on; None: the whole window."""
        return None


class ConvolutionalNetwork(Network):
    """A network whose filters can be read as motifs: a stem, and a trunk over its responses."""

    stem: Stem

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, 4, L)
        """Return logits (N, T) for one-hot sequences (N, 4, L)."""
        return self.trunk(self.stem(X))  # (N, T)

    def trunk(self, X: torch.Tensor) -> torch.Tensor:
        """Return logits (N, T) for what the stem returns, (N, F, P)."""
        raise NotImplementedError


def dropouts(rates: tuple[float, ...], factor: float) -> nn.ModuleList:
    """Return the dropout layers of a model.

    Parameters
    ----------
    rates : tuple of float
        The published rates, in the order of the layers.
    factor : float
        What multiplies them.

    Returns
    -------
    torch.nn.ModuleList
    """
    return nn.ModuleList(Dropout(rate * factor) for rate in rates)


def refuse_short_window(positions: int, window: int) -> None:
    """Refuse a window that leaves the head no position.

    Parameters
    ----------
    positions : int
        Positions of the last feature map.
    window : int
        Length of the input (bp).

    Raises
    ------
    DanqError
        There are none.
    """
    if positions < 1:
        what = f"a window of {window} bp is too short for this model"
        raise DanqError(f"{what}; use a longer extract.window")


def make_head(
    name: str,
    positions: int,
    channels: int,
    n_targets: int,
    hidden: int,
    rectifier: Rectifier = functional.relu,
) -> DenseHead | PoolHead:
    """Return a head over a feature map.

    Parameters
    ----------
    name : {"dense", "pool"}
        The published head, or one that pools over positions.
    positions, channels : int
        Size of the feature map.
    n_targets : int
        Number of outputs.
    hidden : int
        Units of the fully connected layer of the published head.
    rectifier : callable, optional
        The activation of that layer.

    Returns
    -------
    danq.network.layers.DenseHead or danq.network.layers.PoolHead
    """
    if name == "pool":
        return PoolHead(positions, channels, n_targets)
    return DenseHead(positions, channels, n_targets, hidden, rectifier)
