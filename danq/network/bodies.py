"""What stands in the place of DanQ's recurrent layer in its twins, at its cost.

Each body maps the stem's feature map (N, F, P), windows by filters by positions, to (N, P, 2 u),
where u is the number of units of either direction of the LSTM that it replaces. A step of that LSTM
costs ``8 u (F + u)`` multiply-adds a position; the channels within a body are chosen so that it
costs the same, as nearly as whole channels allow. Why each body is what it is: docs/models.md.
"""

import math
from collections.abc import Iterable
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from danq.network.layers import responses
from danq.network.recurrence import linear_recurrence

LOCAL = 3
"""Width of the local convolution of the bodies that reach further by a branch."""

NARROWEST = 8
"""Positions that the convolution in DanQ's place reads at the published size, and at any other."""

HEADS = 4
"""Attention heads."""

FALL = 4.0
"""How many times as far each head looks at first as the one before it."""


def lstm_cost(filters: int, units: int) -> int:
    """Return the multiply-adds of a bidirectional LSTM at one position.

    Parameters
    ----------
    filters, units : int
        Channels in, and units of each direction.

    Returns
    -------
    int

    Examples
    --------
    >>> lstm_cost(320, 320)
    1638400
    """
    return 8 * units * (filters + units)


def nearest_channels(a: float, b: float, cost: float) -> int:
    """Return the number of channels c, at least 1, for which ``a c**2 + b c`` is nearest to a cost.

    Parameters
    ----------
    a, b : float
        Not negative, and not both 0.
    cost : float
        What is wanted.

    Returns
    -------
    int

    Examples
    --------
    >>> nearest_channels(0, 2, 9), nearest_channels(1, 0, 50)
    (4, 7)
    """
    if a == 0:
        exact = cost / b
    else:
        root = math.sqrt(b * b + 4 * a * max(cost, 0))
        exact = (root - b) / (2 * a)

    def excess(c: int) -> float:
        return abs(a * c * c + b * c - cost)

    nearest = min(math.floor(exact), math.ceil(exact), key=excess)
    return max(1, nearest)


class Local(nn.Module):
    """A convolution: each output depends on neighbouring positions.

    At the published size it is `NARROWEST` positions wide, and a single layer costs what the LSTM
    costs. Where filters are many for the units, a layer of that cost would be narrower: there a
    bottleneck of fewer channels keeps the width.

    Parameters
    ----------
    filters, units : int
        As of the LSTM in whose place it stands.

    Attributes
    ----------
    width : int
        Positions that it reads.
    """

    def __init__(self, filters: int, units: int) -> None:
        super().__init__()
        outputs = 2 * units
        cost = lstm_cost(filters, units)
        exact = cost / (filters * outputs)  # width of a single layer of that cost
        self.width = max(NARROWEST, round(exact))
        if exact == self.width:
            layers = [nn.Conv1d(filters, outputs, self.width)]
        else:
            channels = nearest_channels(0, self.width * filters + outputs, cost)
            convolution = nn.Conv1d(filters, channels, self.width)
            layers = [convolution, nn.Conv1d(channels, outputs, 1)]
        self.layers = nn.ModuleList(layers)

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, F, P)
        """Return (N, P, 2 u)."""
        flanks = ((self.width - 1) // 2, self.width // 2)
        for layer in cast(Iterable[nn.Conv1d], self.layers):
            X = functional.relu(responses(layer, X, flanks))  # as many positions out as in
            flanks = (0, 0)
        return X.transpose(1, 2)


class Reaching(nn.Module):
    """A local convolution, and a branch over it that reads the whole window.

    What the branch adds is multiplied by a gain for each channel that is 0 at first (Bachlechner et
    al. 2021, ReZero, https://arxiv.org/abs/2003.04887): the filters learn through the local
    convolution alone, before what lies far away is mixed in.

    Parameters
    ----------
    filters, units : int
        As of the LSTM in whose place it stands.
    branch : torch.nn.Module
        From (N, 2 u, P) to the same shape.
    """

    def __init__(self, filters: int, units: int, branch: nn.Module) -> None:
        super().__init__()
        self.local = nn.Conv1d(filters, 2 * units, LOCAL, padding=LOCAL // 2)
        self.branch = branch
        self.gain = nn.Parameter(torch.zeros(2 * units, 1))

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, F, P)
        """Return (N, P, 2 u)."""
        near = functional.relu(responses(self.local, X))  # (N, 2 u, P)
        Y = near + self.gain * self.branch(near)
        return Y.transpose(1, 2)


def branch_cost(filters: int, units: int) -> int:
    """Return the multiply-adds at one position that the local convolution leaves to the branch.

    Parameters
    ----------
    filters, units : int
        As of the LSTM.

    Returns
    -------
    int
    """
    return lstm_cost(filters, units) - LOCAL * filters * 2 * units


class Dilated(nn.Module):
    """Dilated convolutions that let every position depend on every other.

    Convolutions 3 wide with dilations 2, 4, 8, ... (Yu and Koltun 2016,
    https://arxiv.org/abs/1511.07122), each added to what comes in (He et al. 2016,
    https://arxiv.org/abs/1512.03385), between convolutions 1 wide.

    Parameters
    ----------
    filters, units, positions : int
        As of the LSTM, and the positions of the feature map.
    """

    def __init__(self, filters: int, units: int, positions: int) -> None:
        super().__init__()
        # With the local convolution, n layers reach 2**n - 1 positions to either side.
        doublings = math.ceil(math.log2(max(positions, 1)))
        n_dilated = max(2, doublings) - 1
        outer = 2 * units
        cost = branch_cost(filters, units)
        inner = nearest_channels(3 * n_dilated, 2 * outer, cost)
        self.enter = nn.Conv1d(outer, inner, 1)
        self.leave = nn.Conv1d(inner, outer, 1)
        self.layers = nn.ModuleList()
        for i in range(n_dilated):
            dilation = 2 ** (i + 1)
            layer = nn.Conv1d(inner, inner, 3, padding=dilation, dilation=dilation)
            self.layers.append(layer)

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, 2 u, P)
        """Return (N, 2 u, P)."""
        X = responses(self.enter, X)
        for layer in cast(Iterable[nn.Conv1d], self.layers):
            X = X + functional.relu(responses(layer, X))
        return responses(self.leave, X)


class Attention(nn.Module):
    """Self-attention (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762) over positions.

    What a head adds to its scores for each distance is learned (Raffel et al. 2020,
    https://arxiv.org/abs/1910.10683); at first it falls with the distance, for each head at another
    rate (Press et al. 2022, https://arxiv.org/abs/2108.12409).

    Parameters
    ----------
    filters, units, positions : int
        As of the LSTM, and the positions of the feature map.
    """

    def __init__(self, filters: int, units: int, positions: int) -> None:
        super().__init__()
        outer = 2 * units
        cost = branch_cost(filters, units)
        # Queries, keys and values of a head have `size` and `depth` channels: two layers and a
        # product with the positions each.
        price = HEADS * (2 * outer + positions)
        both = max(2, round(cost / price))
        size = both // 2
        depth = both - size
        self.norm = nn.LayerNorm(outer)
        self.queries = nn.Linear(outer, HEADS * size)
        self.keys = nn.Linear(outer, HEADS * size)
        self.values = nn.Linear(outer, HEADS * depth)
        self.leave = nn.Linear(HEADS * depth, outer)
        self.distances = nn.Parameter(_falling(positions))

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, 2 u, P)
        """Return (N, 2 u, P)."""
        rows = self.norm(X.transpose(1, 2))  # (N, P, 2 u)
        queries = _by_head(self.queries(rows))
        keys = _by_head(self.keys(rows))
        values = _by_head(self.values(rows))
        bias = self._bias(X.shape[2]).to(queries.dtype)
        Y = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
        Y = Y.transpose(1, 2).flatten(2)  # (N, P, heads * depth)
        return self.leave(Y).transpose(1, 2)

    def _bias(self, positions: int) -> torch.Tensor:
        """Return what each head adds to its scores, (heads, positions, positions).

        Distances beyond those of training count as the largest of these.
        """
        places = torch.arange(positions, device=self.distances.device)
        largest = self.distances.shape[1] // 2
        distance = places.unsqueeze(1) - places
        return self.distances[:, distance.clamp(-largest, largest) + largest]

    def multiply_adds(self, positions: int) -> int:
        """Return those of the products of queries, keys and values, which no layer holds."""
        channels = self.queries.out_features + self.values.out_features
        return positions * positions * channels


def _by_head(X: torch.Tensor) -> torch.Tensor:
    """Return (N, P, heads * c) as (N, heads, P, c)."""
    return X.unflatten(2, (HEADS, -1)).transpose(1, 2)


def _falling(positions: int) -> torch.Tensor:
    """Return what a head adds at first for distances of -(P - 1) to P - 1, (heads, 2 P - 1)."""
    distance = torch.arange(1 - positions, positions).abs()
    slopes = FALL ** -torch.arange(HEADS)
    return -slopes.unsqueeze(1) * distance


class MinGRU(nn.Module):
    """A bidirectional linear recurrence whose gates depend on the input alone (minGRU).

    Feng et al. 2024, https://arxiv.org/abs/2410.01201: ``h = (1 - z) h + z c``, where z and c
    follow from the input at the same position. With 2 u states in either direction, and a layer
    that leads from them to 2 u channels, it costs exactly what the LSTM costs.

    Parameters
    ----------
    filters, units : int
        As of the LSTM in whose place it stands.
    """

    def __init__(self, filters: int, units: int) -> None:
        super().__init__()
        states = 2 * units  # in either direction
        self.gates = nn.Linear(filters, 2 * states)
        self.candidates = nn.Linear(filters, 2 * states)
        self.leave = nn.Linear(2 * states, 2 * units)

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, F, P)
        """Return (N, P, 2 u)."""
        steps = X.permute(2, 0, 1)  # time first: (P, N, F)
        gates = self.gates(steps)
        dtype = gates.dtype
        exact = torch.promote_types(dtype, torch.float32)  # the states of many steps add up
        update = torch.sigmoid(gates.to(exact))  # (P, N, 4 u)
        candidates = self.candidates(steps).to(exact)
        H = linear_recurrence(_reordered(1 - update), _reordered(update * candidates))
        Y = torch.tanh(self.leave(_reordered(H).to(dtype)))
        return Y.transpose(0, 1)


def _reordered(X: torch.Tensor) -> torch.Tensor:
    """Return X (P, N, C) with its second half of channels in the opposite order of positions."""
    forward, backward = X.chunk(2, dim=2)
    return torch.cat([forward, backward.flip(0)], dim=2)
