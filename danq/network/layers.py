"""Parts that the networks share: dropout, the LSTM with the gates of 2016, and the two heads.

Nothing here knows data, losses or files. Feature maps are (N, P, C): windows, positions, channels.
"""

import math

import torch
from torch import nn
from torch.nn import functional


class Dropout(nn.Module):
    """Dropout (Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html).

    Parameters
    ----------
    rate : float
        Share of the values that become 0 in training.

    Attributes
    ----------
    inverted : bool
        True: what is kept is divided by ``1 - rate`` in training, as PyTorch and torch7 do. False: values are
        multiplied by ``1 - rate`` outside training, as Keras 0.2 did.
    share : tuple of (int, int, int), or None
        Which rows of the whole batch this process has, and of how many: it then draws the mask of the whole batch and
        takes its rows, so that several processes do what one would.
    """

    def __init__(self, rate):
        super().__init__()
        self.rate, self.inverted, self.share = rate, True, None

    def forward(self, X):
        """Return X, of any shape, with values dropped in training."""
        if self.rate == 0 or not self.training:
            return X if self.inverted else X * (1 - self.rate)
        first, last, total = self.share or (0, len(X), len(X))
        # On a CPU several times as fast as torch.nn.functional.dropout, whose random bits are slow.
        mask = torch.rand((total, *X.shape[1:]), device=X.device)[first:last] >= self.rate
        return X * mask / (1 - self.rate) if self.inverted else X * mask


def filter_maxima(conv, X, pool):
    """Return the maximum of each filter over every `pool` neighbouring positions.

    Parameters
    ----------
    conv : torch.nn.Conv1d
        4 channels in, F filters of width w, no padding.
    X : torch.Tensor, shape (N, 4, L)
    pool : int
        Positions of which one is kept; those left over at the end are dropped.

    Returns
    -------
    torch.Tensor, shape (N, F, (L - w + 1) // pool)
    """
    if X.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return functional.max_pool1d(conv(X), pool)
    # In bfloat16 a CPU is slow at the backward pass of a convolution of so few channels, and quick at products.
    patches = X.to(torch.get_autocast_dtype("cpu")).unfold(
        2, conv.kernel_size[0], 1
    )  # (N, 4, L - w + 1, w)
    Y = functional.linear(patches.transpose(1, 2).flatten(2), conv.weight.flatten(1), conv.bias)
    positions = Y.shape[1] // pool
    return (
        Y[:, : positions * pool].unflatten(1, (positions, pool)).max(dim=2).values.transpose(1, 2)
    )


class HardLSTM(nn.LSTM):
    """An LSTM whose gates are Theano's ``hard_sigmoid``, ``clip(0.2 x + 0.5, 0, 1)``, as Keras 0.2 had by default.

    PyTorch's own `hardsigmoid` has another slope (1/6). Parameters are those of `torch.nn.LSTM`, layer 1 of 1, so that
    weights move freely between the two. A loop over positions: several times slower than `torch.nn.LSTM`.
    """

    def forward(self, X):
        """Return (outputs (P, N, D units), None) for X (P, N, C), D directions."""
        outputs = [self._run(X, "l0")]
        if self.bidirectional:
            outputs.append(self._run(X.flip(0), "l0_reverse").flip(0))
        return torch.cat(outputs, dim=2), None

    def _run(self, X, layer):
        W, U, b, c = (
            getattr(self, f"{kind}_{layer}")
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        inputs = functional.linear(X, W, b + c)  # (P, N, 4 units)
        hidden = cell = X.new_zeros(X.shape[1], self.hidden_size)
        outputs = []
        for step in inputs:
            i, f, g, o = (step + functional.linear(hidden, U)).chunk(
                4, dim=1
            )  # torch's order of the gates
            cell = hard_sigmoid(f) * cell + hard_sigmoid(i) * torch.tanh(g)
            hidden = hard_sigmoid(o) * torch.tanh(cell)
            outputs.append(hidden)
        return torch.stack(outputs)


def hard_sigmoid(x):
    """Return Theano's ``clip(0.2 x + 0.5, 0, 1)``.

    https://github.com/Theano/Theano/blob/master/theano/tensor/nnet/sigm.py
    """
    return (0.2 * x + 0.5).clamp(0, 1)


def lstm(inputs, units, gates, bidirectional=True):
    """Return an LSTM over (P, N, inputs), time first, with `gates` "sigmoid" or "hard_sigmoid"."""
    return (HardLSTM if gates == "hard_sigmoid" else nn.LSTM)(
        inputs, units, bidirectional=bidirectional
    )


class DenseHead(nn.Module):
    """The published head: all positions side by side, a fully connected layer, an output layer.

    Parameters
    ----------
    positions, channels : int
        Of the feature map.
    n_targets : int
        Outputs.
    hidden : int
        Units of the fully connected layer.
    rectify : callable, optional
        The activation of the fully connected layer.
    """

    def __init__(self, positions, channels, n_targets, hidden, rectify=functional.relu):
        super().__init__()
        self.dense = nn.Linear(positions * channels, hidden)
        self.out = nn.Linear(hidden, n_targets)
        self.rectify = rectify

    def forward(self, X):
        """Return logits (N, T) for a feature map (N, P, C), or (N, C, P): flattened as it comes."""
        return self.out(self.rectify(self.dense(X.flatten(1))))


class PoolHead(nn.Module):
    """A head that pools: logits at every position, and a smooth maximum of them, ``log(sum(exp(4 x))) / 4``.

    It says "somewhere in the window" with few parameters, and accepts windows of any length. The factor (Pinheiro and
    Collobert 2015, https://arxiv.org/abs/1411.6228) makes the few positions that matter learn first: with 1, filters
    that start at random find their motifs late. Each target prefers positions by a bias counted from the middle of the
    window; positions beyond those of training have the bias of the outermost.

    Parameters
    ----------
    positions, channels, n_targets : int
        As for `DenseHead`.
    """

    SHARPNESS = 4.0

    def __init__(self, positions, channels, n_targets):
        super().__init__()
        self.out = nn.Linear(channels, n_targets)
        # A label is rare at first: equal positions give a logit of -3/4 log(positions).
        self.place = nn.Parameter(torch.full((positions, n_targets), -math.log(positions)))

    def forward(self, X):
        """Return logits (N, T) for a feature map (N, P, C)."""
        # In bfloat16 neighbouring logits would often be the same number, and share what the highest one should learn.
        device = (
            X.device.type if torch.amp.is_autocast_available(X.device.type) else "cpu"
        )  # meta tensors have none
        with torch.autocast(device, enabled=False):
            logits = self.out(X.to(self.out.weight.dtype)) + self._places(X.shape[1])
            return torch.logsumexp(self.SHARPNESS * logits, dim=1) / self.SHARPNESS

    def _places(self, positions):
        """Return the bias (positions, T) of a window with that many positions, the middles aligned."""
        trained = len(self.place)
        source = torch.arange(positions, device=self.place.device) + (trained - positions) // 2
        return self.place[source.clamp(0, trained - 1)]
