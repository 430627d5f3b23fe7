"""Untrained models of short windows, and random sequences for them."""

import numpy as np
import torch

from danq.network.checkpoint import write_checkpoint
from danq.network.models import build
from danq.network.trained import load

WINDOW, BIN = 200, 40
TARGETS = ["a", "b c", "d"]
OPTIONS = {
    "model": "danq",
    "scale": 0.03,
    "dropout": 1.0,
    "head": "dense",
    "gates": "sigmoid",
    "stem": "relu",
    "filter_width": None,
    "filter_scale": 1.0,
    "recipe": "auto",
}


def write_model(path, seed=0, **facts):
    """Write an untrained model; `facts` change what it is said to be trained on."""
    data_facts = {
        "format_version": 2,
        "window": WINDOW,
        "bin_size": BIN,
        "alphabet": "ACGT",
        "assembly": "toy",
        "names": TARGETS,
        "groups": ["TF"] * len(TARGETS),
        "training_windows": "0" * 64,
        "splits": None,
    }
    data_facts |= facts
    torch.manual_seed(seed)
    network = build("danq", data_facts["window"], len(data_facts["names"]), scale=0.03)
    with torch.no_grad():
        network.head.out.weight *= 20  # so that probabilities differ from one another
    path.parent.mkdir(parents=True, exist_ok=True)
    made = {"model": "danq", "seed": seed, "options": OPTIONS}
    write_checkpoint(path, network.state_dict(), made, data_facts)
    return path


def load_model(path, seed=0):
    return load(write_model(path, seed), device="cpu", threads=1)


def bases(length, seed=0):
    indices = np.random.default_rng([seed, length]).integers(0, 4, length)
    return "".join("ACGT"[index] for index in indices)


def write_fasta(path, sequences):
    path.write_text("".join(f">{name}\n{text}\n" for name, text in sequences.items()))
    return path
