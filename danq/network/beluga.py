"""Beluga: DeepSEA's successor, six convolutions over 2,000 bp."""

import torch
from torch import nn
from torch.nn import functional

from danq.network.base import ConvolutionalNetwork, dropouts, make_head, refuse_short_window
from danq.network.layers import (
    AS_PUBLISHED,
    PoolHead,
    Stem,
    StemOptions,
    responses,
    step_maxima,
)

WIDTH = 8
"""Positions that each of Beluga's filters reads."""

POOL = 4
"""Positions that are pooled into one, after the second and the fourth convolution."""


class Beluga(ConvolutionalNetwork):
    """Beluga, the network of ExPecto (Zhou et al. 2018, https://doi.org/10.1038/s41588-018-0160-6).

    Pairs of convolutions: after each of the first two pairs come dropout and a pool, in this order.
    Layers as in https://github.com/FunctionLab/ExPecto/blob/master/chromatin.py, whose last one,
    a sigmoid, is left to the loss.

    Parameters
    ----------
    window : int
        Length of the input (bp): 2,000 as published.
    n_targets : int
        Number of outputs: 2,002 as published.
    filters1, filters2, filters3 : int
        Filters of either convolution of the three pairs, each 8 wide.
    hidden : int
        Units of the fully connected layer.
    dropout : float
        Multiplies the published dropout rates (0.2, 0.2, 0.5).
    head : {"dense", "pool"}
        Published head, or one that pools over positions.
    stem : danq.network.layers.StemOptions
        How the stem, the first convolution without a pool, differs from the published one.

    Raises
    ------
    DanqError
        The window leaves no position after the last convolution.
    """

    def __init__(
        self,
        window: int,
        n_targets: int,
        filters1: int = 320,
        filters2: int = 480,
        filters3: int = 640,
        hidden: int = 2003,
        dropout: float = 1.0,
        head: str = "dense",
        stem: StemOptions = AS_PUBLISHED,
    ) -> None:
        super().__init__()
        width = stem.filter_width or WIDTH
        positions = positions_of(window, width)
        refuse_short_window(positions, window)
        self.stem = Stem(filters1, width, 1, options=stem)
        self.second = nn.Conv1d(filters1, filters1, WIDTH)
        self.third = nn.Conv1d(filters1, filters2, WIDTH)
        self.fourth = nn.Conv1d(filters2, filters2, WIDTH)
        self.fifth = nn.Conv1d(filters2, filters3, WIDTH)
        self.sixth = nn.Conv1d(filters3, filters3, WIDTH)
        self.drops = dropouts((0.2, 0.2, 0.5), dropout)
        self.head = make_head(head, positions, filters3, n_targets, hidden)

    def trunk(self, X: torch.Tensor) -> torch.Tensor:  # (N, 320, 1993) for L = 2,000
        """Return logits (N, T) for what the stem returns, (N, F, P)."""
        X = _rectified(self.second, X)  # (N, 320, 1986)
        X = _pooled(self.drops[0](X))  # (N, 320, 496)
        X = _rectified(self.third, X)  # (N, 480, 489)
        X = _rectified(self.fourth, X)  # (N, 480, 482)
        X = _pooled(self.drops[1](X))  # (N, 480, 120)
        X = _rectified(self.fifth, X)  # (N, 640, 113)
        X = _rectified(self.sixth, X)  # (N, 640, 106)
        X = self.drops[2](X)
        if isinstance(self.head, PoolHead):
            X = X.transpose(1, 2)  # (N, 106, 640)
        return self.head(X)  # (N, T); the published head flattens channel by channel

    @property
    def reach(self) -> int:
        """Bases that one position of the last feature map depends on."""
        both = 2 * (WIDTH - 1)  # positions that a pair of convolutions adds to those of its output
        second_pool = 1 + both
        first_pool = POOL * second_pool + both
        positions = POOL * first_pool + WIDTH - 1  # of the stem
        return self.stem.bases(positions)

    def second_responses(self, X: torch.Tensor) -> torch.Tensor:  # (N, 320, 1993)
        """Return the responses of the second filters to what the stem returns."""
        return responses(self.second, X)  # (N, 320, 1986)


def positions_of(window: int, filter_width: int = WIDTH) -> int:
    """Return the positions of Beluga's last feature map.

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
    >>> positions_of(2000)
    106
    """
    both = 2 * (WIDTH - 1)
    first_pair = window - filter_width + 1 - (WIDTH - 1)
    second_pair = first_pair // POOL - both
    return second_pair // POOL - both


def _rectified(conv: nn.Conv1d, X: torch.Tensor) -> torch.Tensor:
    """Return the responses of a convolution above 0, (N, F, P), to a feature map (N, C, P')."""
    return functional.relu(responses(conv, X))


def _pooled(X: torch.Tensor) -> torch.Tensor:
    """Return the maximum over every 4 neighbouring positions of (N, C, P): (N, C, P // 4)."""
    steps = X.permute(2, 0, 1)  # (P, N, C)
    return step_maxima(steps, POOL).transpose(1, 2)
