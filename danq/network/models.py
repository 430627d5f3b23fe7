"""The networks that are compared.

Every model maps one-hot DNA of shape (N, 4, L), channels in the order A, C, G, T, to logits of
shape (N, T). The sizes of the papers are the defaults; `build` scales them. A model with filters
that can be read as motifs is a `stem`, their convolution with its pool, and a `trunk`, the rest;
the others have None for a stem. From no convolution and no recurrence to both, with the number of
parameters at 1,000 bp and 919 targets:

====================== =============================================== ==========
name                   layers                                          parameters
====================== =============================================== ==========
mlp                    two fully connected                             5,408,469
blstm                  a bidirectional LSTM over the bases, pooled     46,678,479
deepsea                three convolutions                              52,843,119
beluga                 six convolutions                                67,886,879
basset                 three convolutions, two fully connected         6,485,419
danq                   a convolution, a bidirectional LSTM over it     46,929,039
danq_forward           danq with two LSTMs that both read forward      46,929,039
danq_conv              danq with a convolution in the LSTM's place     46,924,559
danq_residual          ... a convolution and a dilated branch          46,930,809
danq_attention         ... a convolution and attention                 46,872,527
danq_mingru            ... a linear recurrence                         46,927,119
danq_jaspar            danq with 1,024 filters of 30 bp, 512 units     67,896,271
danq_jaspar_conv       ... and a convolution in the LSTM's place       67,892,858
danq_jaspar_residual   ... a convolution and a dilated branch          67,897,128
danq_jaspar_attention  ... a convolution and attention                 67,797,635
danq_jaspar_mingru     ... a linear recurrence                         67,893,199
====================== =============================================== ==========

The twins of `danq`, which have something else in its LSTM's place, cost its multiply-adds per
sequence (200,578,075 at the published size) to within 1 % at the sizes that a test goes through
(scales 0.1 to 2, filter scales 0.25 to 8, windows of 500 and 1,000 bp); small networks with long
windows deviate more. They separate what the LSTM has at once: `danq_conv` reads a neighbourhood of
it (`Network.reach`), `danq_residual` and `danq_attention` the whole window without recurrence,
`danq_mingru` the whole window by a recurrence that is linear in its state. docs/models.md says why
each is what it is.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from danq.catalog import MODELS
from danq.errors import DanqError
from danq.network.base import (
    ConvolutionalNetwork,
    Network,
    dropouts,
    make_head,
    refuse_short_window,
)
from danq.network.basset import Basset
from danq.network.beluga import Beluga
from danq.network.bodies import Attention, Dilated, Local, MinGRU, Reaching
from danq.network.layers import (
    AS_PUBLISHED,
    DenseHead,
    Dropout,
    PoolHead,
    Stem,
    StemOptions,
    filter_maxima,
    lstm,
    responses,
    step_maxima,
)


class Mlp(Network):
    """A plain feed-forward network: fully connected layers over the bases, position by position.

    Parameters
    ----------
    window : int
        Length of the input (bp).
    n_targets : int
        Number of outputs.
    hidden : int
        Units of both fully connected layers.
    dropout : float
        Multiplies the dropout rates (0.2, 0.5: DanQ's).
    """

    stem = None

    def __init__(
        self, window: int, n_targets: int, hidden: int = 925, dropout: float = 1.0
    ) -> None:
        super().__init__()
        self.dense = nn.Linear(4 * window, hidden)
        self.drops = dropouts((0.2, 0.5), dropout)
        self.head = DenseHead(1, hidden, n_targets, hidden)

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, 4, L)
        """Return logits (N, T) for one-hot sequences (N, 4, L)."""
        X = self.drops[0](X.flatten(1))  # (N, 4 L)
        X = functional.relu(self.dense(X))  # (N, 925)
        return self.head(self.drops[1](X))  # (N, T)


class Blstm(Network):
    """A purely recurrent network: DanQ without its convolution.

    Parameters
    ----------
    window, n_targets : int
        As `Mlp`.
    units, hidden : int
        LSTM units of each direction; units of the fully connected layer.
    pool : int
        Positions whose maximum is kept, to give the head as many as `DanQ` has.
    dropout : float
        Multiplies the dropout rate before the head (0.5, as in DanQ).
    head : {"dense", "pool"}
        Published head, or one that pools over positions.
    gates : {"sigmoid", "hard_sigmoid"}
        Gates of the LSTM.

    Raises
    ------
    DanqError
        The window leaves no position after the pool.
    """

    stem = None

    def __init__(
        self,
        window: int,
        n_targets: int,
        units: int = 320,
        hidden: int = 925,
        pool: int = 13,
        dropout: float = 1.0,
        head: str = "dense",
        gates: str = "sigmoid",
    ) -> None:
        super().__init__()
        self.body = lstm(4, units, gates)
        self.pool = pool
        self.drop = Dropout(0.5 * dropout)
        positions = window // pool
        refuse_short_window(positions, window)
        self.head = make_head(head, positions, 2 * units, n_targets, hidden)

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, 4, L)
        """Return logits (N, T) for one-hot sequences (N, 4, L)."""
        steps = X.permute(2, 0, 1).contiguous()  # time first: (L, N, 4)
        Y, _ = self.body(steps)  # (L, N, 640)
        X = step_maxima(Y, self.pool)  # (N, 76, 640) for L = 1,000
        return self.head(self.drop(X))  # (N, T)


class DeepSEA(ConvolutionalNetwork):
    """DeepSEA (Zhou and Troyanskaya 2015, https://doi.org/10.1038/nmeth.3547).

    Parameters
    ----------
    window, n_targets : int
        As `Mlp`.
    filters1, filters2, filters3 : int
        Filters of the three convolutions, each 8 wide.
    hidden : int
        Units of the fully connected layer (925 in the released weights).
    dropout : float
        Multiplies the published dropout rates (0.2, 0.2, 0.5).
    head : {"dense", "pool"}
        Published head, or one that pools over positions.
    stem : danq.network.layers.StemOptions
        How the stem differs from the published one.

    Raises
    ------
    DanqError
        The window leaves no position after the third convolution.
    """

    FLOOR = 1e-6  # torch7's nn.Threshold(0, 1e-6): x if x > 0, else 1e-6

    def __init__(
        self,
        window: int,
        n_targets: int,
        filters1: int = 320,
        filters2: int = 480,
        filters3: int = 960,
        hidden: int = 925,
        dropout: float = 1.0,
        head: str = "dense",
        stem: StemOptions = AS_PUBLISHED,
    ) -> None:
        super().__init__()
        width = stem.filter_width or 8
        self.stem = Stem(filters1, width, 4, rectify, stem)
        self.second = nn.Conv1d(filters1, filters2, 8)
        self.third = nn.Conv1d(filters2, filters3, 8)
        self.drops = dropouts((0.2, 0.2, 0.5), dropout)
        positions = ((window - width + 1) // 4 - 7) // 4 - 7
        refuse_short_window(positions, window)
        self.head = make_head(head, positions, filters3, n_targets, hidden, rectify)

    def trunk(self, X: torch.Tensor) -> torch.Tensor:  # (N, 320, 248) for L = 1,000
        """Return logits (N, T) for what the stem returns, (N, F, P)."""
        X = rectify(filter_maxima(self.second, self.drops[0](X), 4))  # (N, 480, 60)
        X = rectify(responses(self.third, self.drops[1](X)))  # (N, 960, 53)
        X = self.drops[2](X)
        if isinstance(self.head, PoolHead):
            X = X.transpose(1, 2)  # (N, 53, 960)
        return self.head(X)  # (N, T); the published head flattens channel by channel

    @property
    def reach(self) -> int:
        """Bases that one position of the last feature map depends on."""
        second = self.third.kernel_size[0]  # positions of the second pool
        first = 4 * second + self.second.kernel_size[0] - 1  # and of the first
        return self.stem.bases(first)

    def second_responses(self, X: torch.Tensor) -> torch.Tensor:  # (N, 320, 248)
        """Return the responses of the second filters, not yet pooled, to what the stem returns."""
        return responses(self.second, self.drops[0](X))  # (N, 480, 241)


def rectify(X: torch.Tensor) -> torch.Tensor:
    """Return DeepSEA's activation of X: x if x > 0, else 1e-6."""
    return functional.threshold(X, 0.0, DeepSEA.FLOOR)


class DanQ(ConvolutionalNetwork):
    """DanQ (Quang and Xie 2016, https://doi.org/10.1093/nar/gkw226).

    Parameters
    ----------
    window, n_targets : int
        As `Mlp`.
    filters, filter_width, pool : int
        Filters of the convolution, their width (bp), and how many positions are pooled into one.
    units : int
        LSTM units of each direction.
    hidden : int
        Units of the fully connected layer.
    dropout : float
        Multiplies the published dropout rates (0.2, 0.5).
    head : {"dense", "pool"}
        Published head, or one that pools over positions.
    gates : {"sigmoid", "hard_sigmoid"}
        Gates of the LSTM; hard ones as published (slower).
    stem : danq.network.layers.StemOptions
        How the stem differs from the published one.

    Raises
    ------
    DanqError
        The window leaves no position after the pool.
    """

    body: nn.Module

    def __init__(
        self,
        window: int,
        n_targets: int,
        filters: int = 320,
        units: int = 320,
        hidden: int = 925,
        filter_width: int = 26,
        pool: int = 13,
        dropout: float = 1.0,
        head: str = "dense",
        gates: str = "sigmoid",
        stem: StemOptions = AS_PUBLISHED,
    ) -> None:
        super().__init__()
        width = stem.filter_width or filter_width
        positions = (window - width + 1) // pool
        refuse_short_window(positions, window)
        self.stem = Stem(filters, width, pool, options=stem)
        self.body = self._make_body(filters, units, positions, gates)
        self.drops = dropouts((0.2, 0.5), dropout)
        self.head = make_head(head, positions, 2 * units, n_targets, hidden)

    def trunk(self, X: torch.Tensor) -> torch.Tensor:  # (N, 320, 75) for L = 1,000
        """Return logits (N, T) for what the stem returns, (N, F, P)."""
        X = self._mix(self.drops[0](X))  # (N, 75, 640)
        return self.head(self.drops[1](X))  # (N, T)

    def _make_body(self, filters: int, units: int, positions: int, gates: str) -> nn.Module:
        """Return the layer that combines positions: all in which DanQ and its twins differ."""
        return lstm(filters, units, gates)

    def _mix(self, X: torch.Tensor) -> torch.Tensor:
        """Let positions depend on each other: (N, C, P) to (N, P, 2 * units)."""
        steps = X.permute(2, 0, 1).contiguous()  # time first: (P, N, C)
        Y, _ = self.body(steps)  # (P, N, 2 * units)
        return Y.transpose(0, 1)  # (N, P, 2 * units)


class DanQForward(DanQ):
    """DanQ with two LSTMs that both read forward: what reversing the wrong axis makes of DanQ.

    Parameters as `DanQ`.
    """

    body: nn.ModuleList

    def _make_body(self, filters: int, units: int, positions: int, gates: str) -> nn.Module:
        bodies = [lstm(filters, units, gates, bidirectional=False) for _ in range(2)]
        return nn.ModuleList(bodies)

    def _mix(self, X: torch.Tensor) -> torch.Tensor:
        steps = X.permute(2, 0, 1).contiguous()  # time first: (P, N, C)
        outputs = [body(steps)[0] for body in self.body]  # twice (P, N, units)
        return torch.cat(outputs, dim=2).transpose(0, 1)  # (N, P, 2 * units)


class _Twin(DanQ):
    """DanQ with a body of the same cost in its LSTM's place."""

    def _mix(self, X: torch.Tensor) -> torch.Tensor:
        return self.body(X)


class DanQConv(_Twin):
    """DanQ's local twin: a convolution in the LSTM's place.

    Parameters as `DanQ`.
    """

    body: Local

    def _make_body(self, filters: int, units: int, positions: int, gates: str) -> nn.Module:
        return Local(filters, units)

    @property
    def reach(self) -> int:
        """Bases that one position of the last feature map depends on."""
        return self.stem.bases(self.body.width)


class DanQResidual(_Twin):
    """DanQ's twin that reaches the whole window by dilated convolutions, without recurrence.

    Parameters as `DanQ`.
    """

    def _make_body(self, filters: int, units: int, positions: int, gates: str) -> nn.Module:
        return Reaching(filters, units, Dilated(filters, units, positions))


class DanQAttention(_Twin):
    """DanQ's twin that reaches the whole window by attention, without recurrence.

    Parameters as `DanQ`.
    """

    def _make_body(self, filters: int, units: int, positions: int, gates: str) -> nn.Module:
        return Reaching(filters, units, Attention(filters, units, positions))


class DanQMinGRU(_Twin):
    """DanQ's twin with a linear recurrence.

    Parameters as `DanQ`.
    """

    def _make_body(self, filters: int, units: int, positions: int, gates: str) -> nn.Module:
        return MinGRU(filters, units)


_CLASSES: tuple[type[Network], ...] = (
    Mlp,
    Blstm,
    DeepSEA,
    Beluga,
    Basset,
    DanQ,
    DanQForward,
    DanQConv,
    DanQResidual,
    DanQAttention,
    DanQMinGRU,
)
_CLASS_OF = {network.__name__: network for network in _CLASSES}
"""What the entries of the catalog name, so that it can be read without loading PyTorch."""

WIDTHS = ("filters", "filters1", "filters2", "filters3", "units", "hidden")
"""Arguments of the networks that `build` scales."""

FIRST_FILTERS = ("filters", "filters1")
"""Those that are the number of filters of the stem."""

SIZES = (*WIDTHS, "filter_width", "pool")
"""Every size of a network, with those that `build` does not scale."""


def build(
    name: str,
    window: int,
    n_targets: int,
    scale: float = 1.0,
    dropout: float = 1.0,
    head: str = "dense",
    gates: str = "sigmoid",
    filter_scale: float = 1.0,
    stem: str = "relu",
    filter_width: int | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Network:
    """Build a model, its published widths and dropout rates multiplied by `scale` and `dropout`.

    Parameters
    ----------
    name : str
        A key of `danq.catalog.MODELS`.
    window : int
        Length of the input (bp).
    n_targets : int
        Number of outputs.
    scale : float
        1 for the published widths; every width is rounded, and at least 1.
    dropout : float
        1 for the published rates.
    head : {"dense", "pool"}
        The published head, or one that pools over positions; `mlp` has only the first.
    gates : {"sigmoid", "hard_sigmoid"}
        Gates of models with an LSTM; the others have none.
    filter_scale : float
        Multiplies the number of filters of the stem once more: what a network looks for, beside how
        it combines it.
    stem, filter_width
        See `danq.network.layers.StemOptions`; models without a stem have none of them.
    sizes : dict of str to int, optional
        What takes the place of the published sizes, see `published_sizes`: those of weights that
        came from elsewhere.

    Returns
    -------
    Network
        The model, with PyTorch's initial weights, in training mode.

    Raises
    ------
    DanqError
        No such model, a head or a size that it does not have, or a window too short for it.
    """
    if name not in MODELS:
        choices = ", ".join(MODELS)
        raise DanqError(f"there is no model {name!r}; choose from {choices}")
    model = MODELS[name]
    network = _CLASS_OF[model.network]
    options: dict[str, Any] = {"dropout": dropout}
    if model.takes_pool_head:
        options["head"] = head
    elif head != "dense":
        what = f"{name} reads fixed positions, which no head can pool"
        raise DanqError(f"{what}; use train.head dense for it")
    if model.recurrent:
        options["gates"] = gates
    if model.has_filters:
        options["stem"] = StemOptions(stem, filter_width)
    published = published_sizes(name)
    given = dict(sizes or {})
    unknown = sorted(set(given) - set(published))
    if unknown:
        raise DanqError(f"{name} has no size {unknown[0]!r}; its sizes are {', '.join(published)}")
    scaled = _scaled(published | given, scale, filter_scale)
    return network(window, n_targets, **scaled, **options)


def published_sizes(name: str) -> dict[str, int]:
    """Return the sizes of a model as published, by argument of its class.

    Parameters
    ----------
    name : str
        A key of `danq.catalog.MODELS`.

    Returns
    -------
    dict of str to int
        The widths that `build` scales, and those that stay: filter_width (bp) and pool.

    Examples
    --------
    >>> published_sizes("danq_jaspar")["filter_width"]
    30
    """
    model = MODELS[name]
    arguments = inspect.signature(_CLASS_OF[model.network]).parameters
    defaults = {size: arguments[size].default for size in SIZES if size in arguments}
    return defaults | model.sizes


def _scaled(sizes: dict[str, int], scale: float, filter_scale: float) -> dict[str, int]:
    """Return the sizes of a network with its widths scaled, the stem's by both factors."""
    scaled = dict(sizes)
    for name in WIDTHS:
        if name in sizes:
            factor = filter_scale if name in FIRST_FILTERS else 1
            width = round(sizes[name] * scale * factor)
            scaled[name] = max(1, width)
    return scaled


def takes_any_length(model: Network) -> bool:
    """Say whether a model reads windows of other lengths than its own: those whose head pools."""
    return isinstance(model.head, PoolHead)
