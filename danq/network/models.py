"""The networks that are compared, on one page.

Every model maps one-hot DNA of shape (N, 4, L), channels in the order A, C, G, T, to logits of shape (N, T). The
numbers of the papers are the defaults; `build` scales them. `first` is the layer whose filters are read as motifs, or
None. A ladder, from no convolution and no recurrence to both:

===================== ======================================================== ===================================
name                  layers                                                   parameters at 1,000 bp, 919 targets
===================== ======================================================== ===================================
mlp                   two fully connected                                      5,408,469
blstm                 a bidirectional LSTM over the bases, pooled            46,678,479
deepsea               three convolutions                                       52,843,119
danq                  a convolution, a bidirectional LSTM over its positions   46,929,039
danq_forward          danq with two LSTMs that both read forward               46,929,039
danq_conv             danq with a convolution in the LSTM's place              46,924,559
danq_dilated          danq with dilated convolutions that reach everywhere     46,924,447
danq_jaspar           danq with 1,024 filters of 30 bp and 512 units           67,896,271
danq_jaspar_conv      ... and a convolution in the LSTM's place                67,889,103
danq_jaspar_dilated   ... and dilated convolutions                             67,891,663
===================== ======================================================== ===================================

`danq_conv` and `danq_dilated` are fair twins: the multiply-adds per sequence of `danq` (200,578,075; the dilated one's
as near as whole channels allow) and almost its parameters. `danq_conv` sees its neighbourhood only, `danq_dilated` the
whole window: danq's lead on the first may be recurrence or reach, its lead on the second is recurrence.
"""

import copy
import inspect
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from danq.errors import DanqError
from danq.network.layers import DenseHead, Dropout, PoolHead, filter_maxima, lstm


class Mlp(nn.Module):
    """A plain loader-forward network: fully connected layers over the bases, place by place. It has no filters.

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

    first = None

    def __init__(self, window, n_targets, hidden=925, dropout=1.0):
        super().__init__()
        self.dense = nn.Linear(4 * window, hidden)
        self.drops = nn.ModuleList(Dropout(rate * dropout) for rate in (0.2, 0.5))
        self.head = DenseHead(1, hidden, n_targets, hidden)

    def forward(self, X):  # (N, 4, L)
        """Return logits (N, T) for one-hot sequences (N, 4, L)."""
        X = functional.relu(self.dense(self.drops[0](X.flatten(1))))  # (N, 925)
        return self.head(self.drops[1](X))  # (N, T)


class Blstm(nn.Module):
    """A purely recurrent network: DanQ without its convolution. It has no filters.

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
        Of the LSTM.
    """

    first = None

    def __init__(
        self,
        window,
        n_targets,
        units=320,
        hidden=925,
        pool=13,
        dropout=1.0,
        head="dense",
        gates="sigmoid",
    ):
        super().__init__()
        self.body = lstm(4, units, gates)
        self.pool, self.drop = pool, Dropout(0.5 * dropout)
        self.head = _head(head, window // pool, 2 * units, n_targets, hidden, window)

    def forward(self, X):  # (N, 4, L)
        """Return logits (N, T) for one-hot sequences (N, 4, L)."""
        Y, _ = self.body(X.permute(2, 0, 1).contiguous())  # time first: (L, N, 640)
        X = functional.max_pool1d(Y.permute(1, 2, 0), self.pool)  # (N, 640, 76) for L = 1,000
        return self.head(self.drop(X.transpose(1, 2)))  # (N, T)


class DeepSEA(nn.Module):
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
    """

    FLOOR = 1e-6  # torch7's nn.Threshold(0, 1e-6): x if x > 0, else 1e-6

    def __init__(
        self,
        window,
        n_targets,
        filters1=320,
        filters2=480,
        filters3=960,
        hidden=925,
        dropout=1.0,
        head="dense",
    ):
        super().__init__()
        self.first = nn.Conv1d(4, filters1, 8)
        self.second = nn.Conv1d(filters1, filters2, 8)
        self.third = nn.Conv1d(filters2, filters3, 8)
        self.drops = nn.ModuleList(Dropout(rate * dropout) for rate in (0.2, 0.2, 0.5))
        self.head = _head(
            head, ((window - 7) // 4 - 7) // 4 - 7, filters3, n_targets, hidden, window, rectify
        )

    def forward(self, X):  # (N, 4, L)
        """Return logits (N, T) for one-hot sequences (N, 4, L)."""
        return self.rest(self.pooled(X))

    def pooled(self, X):
        """Return what the first filters answer, pooled: (N, 4, L) to (N, 320, 248) for L = 1,000."""
        return rectify(filter_maxima(self.first, X, 4))

    def rest(self, X):
        """Return logits (N, T) of what the first filters answer."""
        X = self.drops[0](X)
        X = self.drops[1](rectify(functional.max_pool1d(self.second(X), 4)))  # (N, 480, 60)
        X = self.drops[2](rectify(self.third(X)))  # (N, 960, 53)
        # Flattened channel by channel, as published.
        return self.head(X if isinstance(self.head, DenseHead) else X.transpose(1, 2))  # (N, T)


def rectify(X):
    """Return DeepSEA's activation: x if x > 0, else 1e-6."""
    return functional.threshold(X, 0.0, DeepSEA.FLOOR)


class DanQ(nn.Module):
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
        Of the LSTM; hard ones as published (slower).
    """

    def __init__(
        self,
        window,
        n_targets,
        filters=320,
        units=320,
        hidden=925,
        filter_width=26,
        pool=13,
        dropout=1.0,
        head="dense",
        gates="sigmoid",
    ):
        super().__init__()
        self.pool, positions = pool, (window - filter_width + 1) // pool
        self.first = nn.Conv1d(4, filters, filter_width)
        self.body = self._body(filters, units, positions, gates)
        self.drops = nn.ModuleList(Dropout(rate * dropout) for rate in (0.2, 0.5))
        self.head = _head(head, positions, 2 * units, n_targets, hidden, window)

    def forward(self, X):  # (N, 4, L)
        """Return logits (N, T) for one-hot sequences (N, 4, L)."""
        return self.rest(self.pooled(X))

    def pooled(self, X):
        """Return what the first filters answer, pooled: (N, 4, L) to (N, 320, 75) for L = 1,000."""
        # The pool before the ReLU, which gives the same with a thirteenth of the work.
        return functional.relu(filter_maxima(self.first, X, self.pool))

    def rest(self, X):
        """Return logits (N, T) of what the first filters answer."""
        X = self.drops[1](self._mix(self.drops[0](X)))  # (N, 75, 640)
        return self.head(X)  # (N, T)

    def _body(self, filters, units, positions, gates):
        return lstm(filters, units, gates)

    def _mix(self, X):
        """Let positions see each other: (N, C, P) to (N, P, 2 * units)."""
        Y, _ = self.body(X.permute(2, 0, 1).contiguous())  # time first: (P, N, 2 * units)
        return Y.transpose(0, 1)


class DanQForward(DanQ):
    """DanQ with two LSTMs that both read forward, as a reversal of the wrong axis makes it. Parameters as `DanQ`."""

    def _body(self, filters, units, positions, gates):
        return nn.ModuleList(lstm(filters, units, gates, bidirectional=False) for _ in range(2))

    def _mix(self, X):
        X = X.permute(2, 0, 1).contiguous()
        return torch.cat([body(X)[0] for body in self.body], dim=2).transpose(0, 1)


class DanQConv(DanQ):
    """DanQ's local no-RNN twin: the LSTM gives way to a convolution of the same number of multiply-adds.

    A step of a bidirectional LSTM costs ``2 * 4 * units * (filters + units)`` multiply-adds a position, a convolution
    of width w to ``2 * units`` channels ``w * filters * 2 * units``: the same for
    ``w = 4 (filters + units) / filters``, which is 8 in DanQ and 6 in DanQ-JASPAR. Parameters as `DanQ`.
    """

    def _body(self, filters, units, positions, gates):
        return nn.Conv1d(filters, 2 * units, max(1, round(4 * (filters + units) / filters)))

    def _mix(self, X):
        width = self.body.kernel_size[0]
        X = functional.pad(X, ((width - 1) // 2, width // 2))  # as many positions out as in
        return functional.relu(self.body(X)).transpose(1, 2)  # (N, P, 2 * units)


class DanQDilated(DanQ):
    """DanQ's no-RNN twin with the reach of the whole window: dilated convolutions of the same cost, or nearly.

    Convolutions 3 wide with dilations 1, 2, 4, ... (Yu and Koltun 2016, https://arxiv.org/abs/1511.07122), as many as
    let every position see every other; where channels are equal in number, what comes in is added to what comes out.
    Parameters as `DanQ`.
    """

    def _body(self, filters, units, positions, gates):
        n = max(2, math.ceil(math.log2(max(positions, 1))))  # reach to either side: 2**n - 1
        channels = self._channels(filters, units, n)
        sizes = [filters, *[channels] * (n - 1), 2 * units]
        return nn.ModuleList(
            nn.Conv1d(sizes[i], sizes[i + 1], 3, padding=2**i, dilation=2**i) for i in range(n)
        )

    @staticmethod
    def _channels(filters, units, n):
        """Solve ``3 f c + 3 (n - 2) c**2 + 6 u c = 8 u (f + u)``, the LSTM's multiply-adds a position, for c."""
        a, b, cost = 3 * (n - 2), 3 * filters + 6 * units, 8 * units * (filters + units)
        exact = cost / b if a == 0 else (math.sqrt(b * b + 4 * a * cost) - b) / (2 * a)
        return max(
            1, min(math.floor(exact), math.ceil(exact), key=lambda c: abs(a * c * c + b * c - cost))
        )

    def _mix(self, X):
        for layer in self.body:
            Y = functional.relu(layer(X))
            X = X + Y if X.shape == Y.shape else Y
        return X.transpose(1, 2)


LARGE = {"filters": 1024, "units": 512, "filter_width": 30, "pool": 15}
"""What DanQ-JASPAR has in place of DanQ's numbers; 525 of its filters began as JASPAR's motifs."""

MODELS = {
    "mlp": (Mlp, {}),
    "blstm": (Blstm, {}),
    "deepsea": (DeepSEA, {}),
    "danq": (DanQ, {}),
    "danq_forward": (DanQForward, {}),
    "danq_conv": (DanQConv, {}),
    "danq_dilated": (DanQDilated, {}),
    "danq_jaspar": (DanQ, LARGE),
    "danq_jaspar_conv": (DanQConv, LARGE),
    "danq_jaspar_dilated": (DanQDilated, LARGE),
}
"""Every model by its name: its class, and its numbers where they are not the class's own."""

SCALED = ("filters", "filters1", "filters2", "filters3", "units", "hidden")
FIRST = ("filters", "filters1")


def build(
    name, window, n_targets, scale=1.0, dropout=1.0, head="dense", gates="sigmoid", filter_scale=1.0
):
    """Build a model, its published widths and dropout rates multiplied by `scale` and `dropout`.

    Parameters
    ----------
    name : str
        A key of `MODELS`.
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
        Of models with an LSTM; the others have none.
    filter_scale : float
        Multiplies the number of first filters once more: what a network looks for, beside how it combines it.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    DanqError
        No such model, a head that it does not have, or a window too short for it.
    """
    if name not in MODELS:
        raise DanqError(f"there is no model {name!r}; choose from {', '.join(MODELS)}")
    kind, numbers = MODELS[name]
    taken = inspect.signature(kind).parameters
    numbers = {key: taken[key].default for key in SCALED if key in taken} | numbers
    numbers |= {
        key: max(1, round(numbers[key] * scale * (filter_scale if key in FIRST else 1)))
        for key in SCALED
        if key in numbers
    }
    numbers |= {"dropout": dropout} | ({"head": head} if "head" in taken else {})
    if "head" not in taken and head != "dense":
        raise DanqError(
            f"{name} reads fixed positions, which no head can pool; use train.head dense for it"
        )
    return kind(window, n_targets, **numbers, **({"gates": gates} if "gates" in taken else {}))


def _head(name, positions, channels, n_targets, hidden, window, rectify=functional.relu):
    """Return a head over a feature map, or refuse a window that leaves no position."""
    if positions < 1:
        raise DanqError(
            f"a window of {window} bp is too short for this model; use a longer extract.window"
        )
    if name == "pool":
        return PoolHead(positions, channels, n_targets)
    return DenseHead(positions, channels, n_targets, hidden, rectify)


class Layer(NamedTuple):
    """A layer whose filters can be read as motifs.

    Attributes
    ----------
    name : str
        ``filter`` for the first layer, ``second`` for the second: what its filters are called, with their number.
    activations : callable
        From one-hot (N, 4, L) to what the filters answer before their ReLU, (N, F, P).
    n_filters : int
    width, stride : int
        What one position of a filter sees, and from one position to the next (bp).
    """

    name: str
    activations: Callable
    n_filters: int
    width: int
    stride: int = 1


def motif_layers(model):
    """Return the layers of a model whose filters are read as motifs: its first; of DeepSEA the second, too.

    DeepSEA's first filters see 8 bp, less than most motifs; its second see 39, through a pool over 4 positions.
    """
    if model.first is None:
        return []
    layers = [Layer("filter", model.first, model.first.out_channels, *model.first.kernel_size)]
    if isinstance(model, DeepSEA):
        width = 4 * (model.second.kernel_size[0] - 1) + 3 + layers[0].width
        layers.append(
            Layer(
                "second",
                lambda X: model.second(model.drops[0](model.pooled(X))),
                model.second.out_channels,
                width,
                4,
            )
        )
    return layers


def takes_any_length(model):
    """Say whether a model accepts windows of other lengths than it was built for: those whose head pools."""
    return isinstance(model.head, PoolHead)


def count_parameters(model):
    """Return the number of trainable parameters (int)."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def count_multiply_adds(model, window):
    """Return the multiply-adds (int) of the convolutions, LSTMs and fully connected layers for one sequence.

    Counted from the shapes that the layers see when a copy of the model, without numbers, reads a window (bp).
    """
    counts = []

    def note(layer, inputs, output):
        steps = output.shape[2] if isinstance(layer, nn.Conv1d) else inputs[0].shape[:-1].numel()
        counts.append(
            steps
            * sum(
                weight.numel()
                for name, weight in layer.named_parameters(recurse=False)
                if name.startswith("weight")
            )
        )

    model = copy.deepcopy(model).to("meta").eval()
    for layer in model.modules():
        if isinstance(layer, nn.LSTM | nn.Conv1d | nn.Linear):
            layer.register_forward_hook(note)
    model(torch.zeros(1, 4, window, device="meta"))
    return sum(counts)


@torch.no_grad()
def strand_probabilities(model, X):
    """Return probabilities (2, N, T), float32, from either strand of each sequence in X (N, 4, L).

    Their mean is what is reported: the mean is taken over probabilities, as DeepSEA did. Flipping positions and
    channels gives the reverse complement because the alphabet reversed is its own complement.
    """
    return torch.stack([torch.sigmoid(model(strand).float()) for strand in (X, X.flip(1, 2))])
