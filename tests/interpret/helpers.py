"""What the tests of this room share: small networks, and windows for them."""

import numpy as np
import torch
from torch import nn

from danq.genome.sequence import decode, encode
from danq.interpret.contributions import integrated_gradients, mutagenesis
from danq.motif.meme import Motif
from danq.network.models import build
from danq.network.trained import TrainedModel

LENGTH = 168
"""Length of a window (bp): only Beluga needs more."""

BELUGA_LENGTH = 310
"""The shortest window of Beluga (bp)."""

TARGETS = 3
CPU = torch.device("cpu")
METHODS = ("mutagenesis", "gradients")
OPTIONS = {
    "model": "danq",
    "scale": 0.02,
    "dropout": 1.0,
    "head": "dense",
    "gates": "sigmoid",
    "stem": "relu",
    "filter_width": None,
    "filter_scale": 1.0,
    "recipe": "auto",
}
"""Options of a small model, as in its checkpoint."""


class Linear(nn.Module):
    """A weight for each base and position."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        weight = torch.randn(TARGETS, 4, LENGTH, generator=generator)
        self.weight = nn.Parameter(weight)
        self.head = None

    def forward(self, X):
        return torch.einsum("ncl,tcl->nt", X, self.weight) + 3

    def mean_weight(self):
        """Return the weights averaged over both strands."""
        reverse_complement = self.weight.flip(1, 2)
        return (self.weight + reverse_complement).detach() / 2


class Curved(Linear):
    """Every second target is not linear in the bases."""

    def forward(self, X):
        linear = super().forward(X)
        return torch.tanh(linear / 20) * torch.tensor([1.0, 10.0, -3.0])


def window(seed=0, unknown=(), length=LENGTH):
    """Return a random one-hot window (4, length), with an N at some positions."""
    rng = np.random.default_rng(seed)
    bases = torch.from_numpy(rng.integers(0, 4, length))
    X = nn.functional.one_hot(bases, 4).T.float()
    X[:, list(unknown)] = 0
    return X


def small(name, length=LENGTH, **options):
    """Return a small random network whose weights are doubled.

    So it makes more of its input than rounding errors.
    """
    torch.manual_seed(0)
    model = build(name, length, TARGETS, scale=0.03, **options).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
    return model


def explain(method, model, X, targets=(0, 1, 2), steps=50):
    """Return the hypothetical scores of a window by either method."""
    if method == "mutagenesis":
        return mutagenesis(model, X, list(targets))
    return integrated_gradients(model, X, list(targets), steps).scores


def trained_model(network, names=(), length=0):
    """Return a network as a trained model on the CPU."""
    data_facts = {"names": list(names), "window": length}
    return TrainedModel(network, {}, data_facts, CPU)


# --- two motifs, and windows that hold them ---

ALPHA = "GATTACAGGCAT"
BETA = "CCGTTAAGCTGACG"


def word_motif(name, word, alias=""):
    """Return a motif that is one word for sure."""
    return Motif(name, alias, np.eye(4)[encode(word)])


PAIR = (word_motif("alpha", ALPHA), word_motif("beta", BETA))


def random_windows(n, length, seed=0):
    """Return random base indices, uint8 (n, length)."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 4, (n, length), dtype=np.uint8)


def hand_made(windows, left, right, distance):
    """Write two words into windows about their middle; return the windows as text."""
    length = windows.shape[1]
    start = (length - len(left) - distance - len(right)) // 2
    middle = start + len(left)
    end = middle + distance
    texts = []
    for window in windows:
        text = decode(window)
        behind = text[end + len(right) :]
        texts.append(text[:start] + left + text[middle:end] + right + behind)
    return texts


def other_strand(word):
    """Return the reverse complement of a text."""
    return word[::-1].translate(str.maketrans("ACGT", "TGCA"))


BETA_REVERSE = other_strand(BETA)
IN_ORDER = [(ALPHA, BETA), (BETA, ALPHA), (ALPHA, BETA_REVERSE), (BETA_REVERSE, ALPHA)]
"""The words left and right in each of `danq.motif.sites.ARRANGEMENTS`."""
