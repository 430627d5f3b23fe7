"""What the tests of this room share: small networks, and windows for them."""

import numpy as np
import torch
from torch import nn

from danq.genome.sequence import decode, encode
from danq.interpret.contributions import integrated_gradients, mutagenesis
from danq.motif.meme import Motif
from danq.network.models import build
from danq.network.trained import TrainedModel

LENGTH, TARGETS = 168, 3  # DeepSEA wants no less
CPU = torch.device("cpu")
METHODS = ("mutagenesis", "gradients")
OPTIONS = {
    "model": "danq",
    "scale": 0.02,
    "dropout": 1.0,
    "head": "dense",
    "gates": "sigmoid",
    "filter_scale": 1.0,
    "recipe": "modern",
}
"""Those of a small model, as its checkpoint holds them."""


class Linear(nn.Module):
    """A weight for each base and place."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(
            torch.randn(TARGETS, 4, LENGTH, generator=torch.Generator().manual_seed(1))
        )
        self.head = None

    def forward(self, X):
        return torch.einsum("ncl,tcl->nt", X, self.weight) + 3


class Curved(Linear):
    """Every second target is not linear in the bases."""

    def forward(self, X):
        return torch.tanh(super().forward(X) / 20) * torch.tensor([1.0, 10.0, -3.0])


def window(seed=0, unknown=()):
    """Return a random one-hot window (4, LENGTH), with an N at some places."""
    bases = torch.from_numpy(np.random.default_rng(seed).integers(0, 4, LENGTH))
    X = nn.functional.one_hot(bases, 4).T.float()
    X[:, list(unknown)] = 0
    return X


def small(name, length=LENGTH, **options):
    torch.manual_seed(0)
    model = build(name, length, TARGETS, scale=0.03, **options).eval()
    with (
        torch.no_grad()
    ):  # so that a small random model makes more of its input than rounding errors
        for parameter in model.parameters():
            parameter.mul_(2)
    return model


def explain(method, model, X, targets=(0, 1, 2), steps=50):
    if method == "mutagenesis":
        return mutagenesis(model, X, list(targets))
    return integrated_gradients(model, X, list(targets), steps)[0]


def trained_model(network, names=(), length=0):
    """Return a network as a trained model on the CPU."""
    return TrainedModel(network, {}, {"names": list(names), "window": length}, CPU)


# --- two motifs, and windows that hold them ---

ALPHA, BETA = "GATTACAGGCAT", "CCGTTAAGCTGACG"


def word_motif(name, word, alias=""):
    return Motif(name, alias, np.eye(4)[encode(word)])


PAIR = word_motif("alpha", ALPHA), word_motif("beta", BETA)


def random_windows(n, length, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (n, length), dtype=np.uint8)


def hand_made(windows, left, right, distance):
    """Write two words into windows about their middle."""
    bases = [decode(window) for window in windows]
    start = (len(bases[0]) - len(left) - distance - len(right)) // 2
    middle, end = start + len(left), start + len(left) + distance
    return [
        text[:start] + left + text[middle:end] + right + text[end + len(right) :] for text in bases
    ]


def other_strand(word):
    return word[::-1].translate(str.maketrans("ACGT", "TGCA"))


TURNED = other_strand(BETA)
IN_ORDER = [(ALPHA, BETA), (BETA, ALPHA), (ALPHA, TURNED), (TURNED, ALPHA)]
