"""Parts that the networks share: stem, dropout, the LSTM with the gates of 2016, and the two heads.

Nothing here knows data, losses or files. Feature maps are (N, P, C): windows, positions, channels.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from torch import nn
from torch.nn import functional

from danq.network import kernels

Rectifier = Callable[[torch.Tensor], torch.Tensor]
"""An activation, as ReLU or DeepSEA's."""


class StemOptions(NamedTuple):
    """How a stem differs from the published ones.

    Attributes
    ----------
    stem : {"relu", "exponential"}
        Its activation. The exponential (Koo and Ploenzke 2021,
        https://doi.org/10.1038/s42256-020-00291-x) comes after a batch normalisation (Ioffe and
        Szegedy 2015, https://arxiv.org/abs/1502.03167) of the pooled responses.
    filter_width : int or None
        Width of the filters (bp); None as published.
    """

    stem: str = "relu"
    filter_width: int | None = None


AS_PUBLISHED = StemOptions()
"""What the papers' stems are."""


class Stem(nn.Module):
    """The first convolution with its pool and activation: the responses of filters to a sequence.

    Parameters
    ----------
    filters, width : int
        Number of filters, and their width (bp).
    pool : int
        Neighbouring positions that are pooled into one, their highest response.
    rectifier : callable, optional
        The published activation.
    options : StemOptions, optional
        What is not as published.

    Attributes
    ----------
    conv : torch.nn.Conv1d
        The filters.
    """

    CEILING = 6.0
    """The exponential grows no further: a single site shall not outshout a whole window."""

    def __init__(
        self,
        filters: int,
        width: int,
        pool: int,
        rectifier: Rectifier = functional.relu,
        options: StemOptions = AS_PUBLISHED,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, filters, width)
        self.pool = pool
        self.rectifier = rectifier
        self.norm = nn.BatchNorm1d(filters) if options.stem == "exponential" else None

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, 4, L)
        """Return the pooled, activated responses (N, F, P) to one-hot sequences (N, 4, L)."""
        # The pool before the activation: the same numbers for a fraction of the work.
        Y = filter_maxima(self.conv, X, self.pool)  # (N, F, P)
        if self.norm is None:
            return self.rectifier(Y)
        return torch.exp(self._normalise(Y).clamp(max=self.CEILING))

    def bases(self, positions: int) -> int:
        """Return how many bases so many neighbouring positions of its feature map depend on."""
        return positions * self.pool + self.conv.kernel_size[0] - 1

    def site_responses(self, X: torch.Tensor) -> torch.Tensor:
        """Return the response of each filter at each position of the given strand.

        Parameters
        ----------
        X : torch.Tensor, shape (N, 4, L)
            One-hot sequences.

        Returns
        -------
        torch.Tensor, shape (N, F, L - w + 1)
            Before the activation: those above 0 pass a ReLU; normalised ones above 0 exceed what
            the filter has on average.
        """
        Y = responses(self.conv, X)
        return Y if self.norm is None else self._normalise(Y)

    def _normalise(self, Y: torch.Tensor) -> torch.Tensor:
        """Return responses (N, F, P) less their mean and by their spread, in the same shape."""
        norm = cast(nn.BatchNorm1d, self.norm)
        # Position by position, as a CPU has them in memory: there three times as fast.
        rows = Y.float().transpose(1, 2)  # (N, P, F)
        return norm(rows.flatten(0, 1)).view(rows.shape).transpose(1, 2)


def filter_maxima(conv: nn.Conv1d, X: torch.Tensor, pool: int) -> torch.Tensor:
    """Return the maximum of each filter over every `pool` neighbouring positions.

    Parameters
    ----------
    conv : torch.nn.Conv1d
        C channels in, F filters of width w, no padding.
    X : torch.Tensor, shape (N, C, L)
        One-hot sequences, or a feature map.
    pool : int
        Positions that are pooled into one; those left over at the end are dropped.

    Returns
    -------
    torch.Tensor, shape (N, F, (L - w + 1) // pool)
    """
    if X.device.type != "cpu":
        return functional.max_pool1d(conv(X), pool)
    Y = kernels.convolve(X, conv.weight)  # (N, F, L - w + 1)
    maxima = kernels.pool_maxima(Y.transpose(1, 2), pool, 1)  # (N, P, F)
    if conv.bias is not None:
        # After the pool: the same numbers for a fraction of the work.
        maxima = maxima + conv.bias.to(maxima.dtype)
    return maxima.transpose(1, 2)  # (N, F, P)


def step_maxima(Y: torch.Tensor, pool: int) -> torch.Tensor:
    """Return the maximum of each channel over every `pool` neighbouring steps of an LSTM.

    Parameters
    ----------
    Y : torch.Tensor, shape (P, N, C)
        What an LSTM returns, time first.
    pool : int
        Steps that are pooled into one; those left over at the end are dropped.

    Returns
    -------
    torch.Tensor, shape (N, P // pool, C)
    """
    if Y.device.type != "cpu":
        return functional.max_pool1d(Y.permute(1, 2, 0), pool).transpose(1, 2)
    return kernels.pool_maxima(Y, pool, 0).transpose(0, 1)


def responses(conv: nn.Conv1d, X: torch.Tensor, flanks: tuple[int, int] = (0, 0)) -> torch.Tensor:
    """Return the responses of filters at every position.

    Parameters
    ----------
    conv : torch.nn.Conv1d
        C channels in, F filters out.
    X : torch.Tensor, shape (N, C, P)
        A feature map.
    flanks : tuple of (int, int)
        Zeros to add before the first position and after the last, beside the convolution's own.

    Returns
    -------
    torch.Tensor, shape (N, F, P')
        On a CPU position by position in memory, see `danq.network.kernels`.
    """
    if X.device.type != "cpu":
        return conv(functional.pad(X, flanks))
    own = int(conv.padding[0])
    all_flanks = (flanks[0] + own, flanks[1] + own)
    return kernels.convolve(X, conv.weight, conv.bias, all_flanks, conv.dilation[0])


class Dropout(nn.Module):
    """Dropout (Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html).

    Parameters
    ----------
    rate : float
        Share of the values that become 0 in training.

    Attributes
    ----------
    inverted : bool
        True: the remaining values are divided by ``1 - rate`` in training, as PyTorch and torch7
        do. False: values are multiplied by ``1 - rate`` outside training, as Keras 0.2 did.
    share : tuple of (int, int, int), or None
        First and last (exclusive) row of this process in the whole batch, and the rows of the whole
        batch: the process then draws the mask of the whole batch and takes its rows, so that
        several processes do what one would.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.inverted = True
        self.share: tuple[int, int, int] | None = None

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Return X, of any shape, with values dropped in training."""
        if self.rate == 0 or not self.training:
            return X if self.inverted else X * (1 - self.rate)
        if X.device.type == "cpu":
            return self._drop_on_cpu(X)
        mask = self._share_of(torch.rand(self._whole(X), device=X.device)) >= self.rate
        if self.inverted:
            return X * mask / (1 - self.rate)
        return X * mask

    def _drop_on_cpu(self, X: torch.Tensor) -> torch.Tensor:
        """Return X with values dropped, where the mask is best drawn in the order of the memory."""
        if X.dim() == 3 and X.transpose(1, 2).is_contiguous():
            return self._drop_in_order(X.transpose(1, 2)).transpose(1, 2)
        return self._drop_in_order(X.contiguous())

    def _drop_in_order(self, X: torch.Tensor) -> torch.Tensor:
        masks = self._share_of(kernels.random_masks(self._whole(X), self.rate))
        factor = 1 / (1 - self.rate) if self.inverted else 1.0
        return kernels.drop(X, masks, factor)

    def _whole(self, X: torch.Tensor) -> tuple[int, ...]:
        """Return the shape of the whole batch, of which this process may have a share."""
        n = len(X) if self.share is None else self.share[2]
        return (n, *X.shape[1:])

    def _share_of(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the rows of this process from what was drawn for the whole batch."""
        if self.share is None:
            return batch
        first, last, _ = self.share
        return batch[first:last]


class HardLSTM(nn.LSTM):
    """An LSTM with Theano's ``hard_sigmoid`` for its gates, as Keras 0.2 had by default.

    PyTorch's own `hardsigmoid` has another slope (1/6). Parameters are those of `torch.nn.LSTM`,
    layer 1 of 1, so that weights fit either. A loop over positions: several times slower than
    `torch.nn.LSTM`.
    """

    def forward(  # type: ignore[override]  # no state goes in or comes out
        self, X: torch.Tensor
    ) -> tuple[torch.Tensor, None]:
        """Return (outputs (P, N, D units), None) for X (P, N, C), D directions."""
        outputs = [self._run(X, "l0")]
        if self.bidirectional:
            outputs.append(self._run(X.flip(0), "l0_reverse").flip(0))
        return torch.cat(outputs, dim=2), None

    def _run(self, X: torch.Tensor, layer: str) -> torch.Tensor:
        """Return the outputs (P, N, units) of one direction, whose parameters end in `layer`."""
        W = getattr(self, f"weight_ih_{layer}")
        U = getattr(self, f"weight_hh_{layer}")
        b = getattr(self, f"bias_ih_{layer}")
        c = getattr(self, f"bias_hh_{layer}")
        inputs = functional.linear(X, W, b + c)  # (P, N, 4 units)
        hidden = cell = X.new_zeros(X.shape[1], self.hidden_size)
        outputs = []
        for step in inputs:
            gates = step + functional.linear(hidden, U)  # (N, 4 units)
            i, f, g, o = gates.chunk(4, dim=1)  # torch's order of the gates
            update = hard_sigmoid(i) * torch.tanh(g)
            cell = hard_sigmoid(f) * cell + update
            hidden = hard_sigmoid(o) * torch.tanh(cell)
            outputs.append(hidden)
        return torch.stack(outputs)


def hard_sigmoid(x: torch.Tensor) -> torch.Tensor:
    """Return Theano's ``clip(0.2 x + 0.5, 0, 1)`` of x.

    https://github.com/Theano/Theano/blob/master/theano/tensor/nnet/sigm.py
    """
    return (0.2 * x + 0.5).clamp(0, 1)


def lstm(inputs: int, units: int, gates: str, bidirectional: bool = True) -> nn.LSTM:
    """Return an LSTM over sequences of shape (P, N, inputs), time first.

    Parameters
    ----------
    inputs, units : int
        Channels in, and units of each direction.
    gates : {"sigmoid", "hard_sigmoid"}
        Activation of the gates.
    bidirectional : bool
        Whether it reads from either end.

    Returns
    -------
    torch.nn.LSTM
    """
    kind = HardLSTM if gates == "hard_sigmoid" else nn.LSTM
    return kind(inputs, units, bidirectional=bidirectional)


class DenseHead(nn.Module):
    """The published head: all positions side by side, a fully connected layer, an output layer.

    Parameters
    ----------
    positions, channels : int
        Size of the feature map.
    n_targets : int
        Number of outputs.
    hidden : int
        Units of the fully connected layer.
    rectifier : callable, optional
        The activation of the fully connected layer.
    """

    def __init__(
        self,
        positions: int,
        channels: int,
        n_targets: int,
        hidden: int,
        rectifier: Rectifier = functional.relu,
    ) -> None:
        super().__init__()
        self.dense = nn.Linear(positions * channels, hidden)
        self.out = nn.Linear(hidden, n_targets)
        self.rectifier = rectifier

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, P, C)
        """Return logits (N, T) for a feature map (N, P, C), or (N, C, P): flattened as it comes."""
        X = self.rectifier(self.dense(X.flatten(1)))  # (N, hidden)
        return self.out(X)  # (N, T)


class PoolHead(nn.Module):
    """A head that pools: logits at each position and their smooth maximum, ``log(sum(e**4x)) / 4``.

    It says "somewhere in the window" with few parameters, and accepts windows of any length. The
    factor (Pinheiro and Collobert 2015, https://arxiv.org/abs/1411.6228) makes the few positions
    that matter learn first: with 1, filters that start at random find their motifs late. Each
    target prefers positions by a bias counted from the middle of the window; positions beyond those
    of training have the bias of the outermost.

    Parameters
    ----------
    positions, channels : int
        Size of the feature map.
    n_targets : int
        Number of outputs.
    """

    SHARPNESS = 4.0

    def __init__(self, positions: int, channels: int, n_targets: int) -> None:
        super().__init__()
        self.out = nn.Linear(channels, n_targets)
        # A label is rare at first: equal positions give a logit of -3/4 log(positions).
        bias = torch.full((positions, n_targets), -math.log(positions))
        self.position_bias = nn.Parameter(bias)

    def forward(self, X: torch.Tensor) -> torch.Tensor:  # (N, P, C)
        """Return logits (N, T) for a feature map (N, P, C)."""
        device = X.device.type
        if not torch.amp.is_autocast_available(device):  # meta tensors, for example
            device = "cpu"
        # In bfloat16 neighbouring logits would often be the same number, and share what the highest
        # one should learn.
        with torch.autocast(device, enabled=False):
            logits = self.out(X.to(self.out.weight.dtype))  # (N, P, T)
            logits = logits + self._aligned_bias(X.shape[1])  # (N, P, T)
            return torch.logsumexp(self.SHARPNESS * logits, dim=1) / self.SHARPNESS  # (N, T)

    def _aligned_bias(self, positions: int) -> torch.Tensor:
        """Return the bias (positions, T) of a window with that many positions, middles aligned."""
        trained = len(self.position_bias)
        offset = (trained - positions) // 2
        source = torch.arange(positions, device=self.position_bias.device) + offset
        return self.position_bias[source.clamp(0, trained - 1)]
