"""Basset: three convolutions over 600 bp, and two fully connected layers."""

import torch
from torch import nn
from torch.nn import functional

from danq.network.base import ConvolutionalNetwork, dropouts, refuse_short_window
from danq.network.layers import AS_PUBLISHED, DenseHead, Stem, StemOptions, filter_maxima

WIDTHS = (19, 11, 7)
"""Positions that a filter of each convolution reads."""

POOLS = (3, 4, 4)
"""Positions that are pooled into one after each convolution."""


class Basset(ConvolutionalNetwork):
    """Basset (Kelley, Snoek and Rinn 2016, https://doi.org/10.1101/gr.200535.115).

    Layers as in https://github.com/kipoi/models/tree/master/Basset. Basset normalises each batch
    after each layer but the last one. Outside training that multiplies and adds, which the layer
    before can do as well: here it is part of the weights, and there are no such layers.

    Parameters
    ----------
    window : int
        Length of the input (bp): 600 as published.
    n_targets : int
        Number of outputs: 164 as published.
    filters1, filters2, filters3 : int
        Filters of the three convolutions, which are 19, 11 and 7 wide.
    hidden : int
        Units of both fully connected layers.
    dropout : float
        Multiplies the published dropout rates (0.3, 0.3).
    stem : danq.network.layers.StemOptions
        How the stem differs from the published one.

    Raises
    ------
    DanqError
        The window leaves no position after the last pool.
    """

    head: DenseHead

    def __init__(
        self,
        window: int,
        n_targets: int,
        filters1: int = 300,
        filters2: int = 200,
        filters3: int = 200,
        hidden: int = 1000,
        dropout: float = 1.0,
        stem: StemOptions = AS_PUBLISHED,
    ) -> None:
        super().__init__()
        width = stem.filter_width or WIDTHS[0]
        positions = positions_of(window, width)
        refuse_short_window(positions, window)
        self.stem = Stem(filters1, width, POOLS[0], options=stem)
        self.second = nn.Conv1d(filters1, filters2, WIDTHS[1])
        self.third = nn.Conv1d(filters2, filters3, WIDTHS[2])
        self.dense = nn.Linear(positions * filters3, hidden)
        self.drops = dropouts((0.3, 0.3), dropout)
        # Between the second fully connected layer and the output layer.
        last = nn.Sequential(nn.ReLU(), self.drops[1])
        self.head = DenseHead(1, hidden, n_targets, hidden, last)

    def trunk(self, X: torch.Tensor) -> torch.Tensor:  # (N, 300, 194) for L = 600
        """Return logits (N, T) for what the stem returns, (N, F, P)."""
        X = functional.relu(filter_maxima(self.second, X, POOLS[1]))  # (N, 200, 46)
        X = functional.relu(filter_maxima(self.third, X, POOLS[2]))  # (N, 200, 10)
        X = functional.relu(self.dense(X.flatten(1)))  # (N, 1000), channel by channel
        return self.head(self.drops[0](X))  # (N, T)

    @property
    def reach(self) -> int:
        """Bases that one position of the last feature map depends on."""
        second_pool = POOLS[2] + WIDTHS[2] - 1
        first_pool = POOLS[1] * second_pool + WIDTHS[1] - 1
        return self.stem.bases(first_pool)


def positions_of(window: int, filter_width: int = WIDTHS[0]) -> int:
    """Return the positions of Basset's last feature map.

    Parameters
    ----------
    window : int
        Length of the input (bp).
    filter_width : int
        Width of the first filters (bp).

    Returns
    -------
    int
        Below 1 for a window that is too short.

    Examples
    --------
    >>> positions_of(600)
    10
    """
    positions = window
    for width, pool in zip((filter_width, *WIDTHS[1:]), POOLS, strict=True):
        positions = (positions - width + 1) // pool
    return positions
