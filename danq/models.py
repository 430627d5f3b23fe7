"""The networks that are compared, on one page.

Every model maps one-hot DNA of shape (N, 4, L), channels in the order A, C, G, T, to logits of shape (N, T). The
numbers of the papers are the defaults; `build` scales them. `first` is the layer whose filters
are read as motifs.

============ ================================================================= ===================================
name         layers                                                            parameters at 1,000 bp, 919 targets
============ ================================================================= ===================================
deepsea      three convolutions                                                52,843,119
danq         one convolution, a bidirectional LSTM over its pooled positions   46,929,039
danq_conv    danq with a convolution in the LSTM's place                       46,924,559
============ ================================================================= ===================================

`danq_conv` is the fair twin: the same multiply-adds per sequence as `danq` (200,578,075) and almost the same number
of parameters, so that what is left between the two is the recurrence, and its reach.
"""

import torch
from torch import nn
from torch.nn import functional

from danq.errors import DanqError


class DeepSEA(nn.Module):
    """DeepSEA (Zhou and Troyanskaya 2015, https://doi.org/10.1038/nmeth.3547).

    Parameters
    ----------
    window : int
        Length of the input (bp).
    n_targets : int
        Number of outputs.
    filters1, filters2, filters3 : int
        Filters of the three convolutions, each 8 wide.
    hidden : int
        Units of the fully connected layer (925 in the released weights).
    dropout : float
        Multiplies the published dropout rates (0.2, 0.2, 0.5).
    """

    WIDTHS = {"filters1": 320, "filters2": 480, "filters3": 960, "hidden": 925}  # noqa: RUF012
    FLOOR = 1e-6  # torch7's nn.Threshold(0, 1e-6): x if x > 0, else 1e-6

    def __init__(self, window, n_targets, filters1=320, filters2=480, filters3=960, hidden=925, dropout=1.0):
        super().__init__()
        self.dropout = dropout
        self.first = nn.Conv1d(4, filters1, 8)
        self.second = nn.Conv1d(filters1, filters2, 8)
        self.third = nn.Conv1d(filters2, filters3, 8)
        positions = ((window - 7) // 4 - 7) // 4 - 7
        _check_positions(positions, window)
        self.dense = nn.Linear(filters3 * positions, hidden)
        self.out = nn.Linear(hidden, n_targets)

    def forward(self, X):                                                    # (N, 4, L)
        """Return logits (N, T) for one-hot sequences (N, 4, L)."""
        X = functional.max_pool1d(self._rectify(self.first(X)), 4)           # (N, 320, 248) for L = 1,000
        X = functional.dropout(X, 0.2 * self.dropout, self.training)
        X = functional.max_pool1d(self._rectify(self.second(X)), 4)          # (N, 480, 60)
        X = functional.dropout(X, 0.2 * self.dropout, self.training)
        X = self._rectify(self.third(X))                                     # (N, 960, 53)
        X = functional.dropout(X, 0.5 * self.dropout, self.training)
        X = self._rectify(self.dense(X.flatten(1)))                          # (N, 925)
        return self.out(X)                                                   # (N, T)

    def _rectify(self, X):
        return functional.threshold(X, 0.0, self.FLOOR)


class DanQ(nn.Module):
    """DanQ (Quang and Xie 2016, https://doi.org/10.1093/nar/gkw226).

    Parameters
    ----------
    window : int
        Length of the input (bp).
    n_targets : int
        Number of outputs.
    filters : int
        Filters of the convolution, 26 wide, pooled by 13.
    units : int
        LSTM units of each direction.
    hidden : int
        Units of the fully connected layer.
    dropout : float
        Multiplies the published dropout rates (0.2, 0.5).
    """

    WIDTHS = {"filters": 320, "units": 320, "hidden": 925}  # noqa: RUF012

    def __init__(self, window, n_targets, filters=320, units=320, hidden=925, dropout=1.0):
        super().__init__()
        self.dropout = dropout
        self.first = nn.Conv1d(4, filters, 26)
        self.body = self._body(filters, units)
        positions = (window - 25) // 13
        _check_positions(positions, window)
        self.dense = nn.Linear(2 * units * positions, hidden)
        self.out = nn.Linear(hidden, n_targets)

    @staticmethod
    def _body(filters, units):
        return nn.LSTM(filters, units, bidirectional=True)

    def forward(self, X):                                                    # (N, 4, L)
        """Return logits (N, T) for one-hot sequences (N, 4, L)."""
        # The pool before the ReLU, which gives the same with a thirteenth of the work.
        X = functional.relu(functional.max_pool1d(self.first(X), 13))        # (N, 320, 75) for L = 1,000
        X = functional.dropout(X, 0.2 * self.dropout, self.training)
        X = functional.dropout(self._mix(X), 0.5 * self.dropout, self.training)  # (N, 75, 640)
        X = functional.relu(self.dense(X.flatten(1)))                        # (N, 925)
        return self.out(X)                                                   # (N, T)

    def _mix(self, X):
        """Let positions see each other: (N, C, P) to (N, P, 2 * units)."""
        Y, _ = self.body(X.permute(2, 0, 1))                                 # time first: (P, N, 2 * units)
        return Y.transpose(0, 1)


class DanQConv(DanQ):
    """DanQ's no-RNN twin: the LSTM gives way to a convolution of the same number of multiply-adds.

    A step of a bidirectional LSTM costs ``2 * 4 * units * (filters + units)`` multiply-adds a position, a convolution
    of width 8 to ``2 * units`` channels ``8 * filters * 2 * units``: the same when `filters` equals `units`.
    Parameters as `DanQ`.
    """

    @staticmethod
    def _body(filters, units):
        return nn.Conv1d(filters, 2 * units, 8)

    def _mix(self, X):
        X = functional.pad(X, (3, 4))                                        # as many positions out as in
        return functional.relu(self.body(X)).transpose(1, 2)                 # (N, P, 2 * units)


MODELS = {"deepsea": DeepSEA, "danq": DanQ, "danq_conv": DanQConv}
"""Every model by its name."""


def build(name, window, n_targets, scale=1.0, dropout=1.0):
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

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    DanqError
        No such model, or a window too short for it.
    """
    if name not in MODELS:
        raise DanqError(f"there is no model {name!r}; choose from {', '.join(MODELS)}")
    widths = {key: max(1, round(width * scale)) for key, width in MODELS[name].WIDTHS.items()}
    return MODELS[name](window, n_targets, **widths, dropout=dropout)


def count_parameters(model):
    """Return the number of trainable parameters (int)."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _check_positions(positions, window):
    if positions < 1:
        raise DanqError(f"a window of {window} bp is too short for this model; use a longer extract.window")


@torch.no_grad()
def strand_average(model, X):
    """Return probabilities (N, T), float32: the mean over both strands of each sequence in X (N, 4, L).

    The mean is taken over probabilities, as DeepSEA did. Flipping positions and channels gives the reverse complement
    because the alphabet reversed is its own complement.
    """
    return (torch.sigmoid(model(X).float()) + torch.sigmoid(model(X.flip(1, 2)).float())) / 2
