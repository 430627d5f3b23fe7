"""How a training went, as plain values: what the checkpoint and train.json say of it."""

import importlib.metadata
import platform
from typing import Any

import torch

import danq
from danq.network.cost import count_multiply_adds, count_parameters
from danq.training.learner import Learner
from danq.training.progress import Progress


def training_facts(
    learner: Learner, progress: Progress, window: int, threads: list[int]
) -> dict[str, Any]:
    """Return how a finished training went.

    Parameters
    ----------
    learner : danq.training.learner.Learner
        The network in training.
    progress : danq.training.progress.Progress
        How far the training has come.
    window : int
        Length of the training windows (bp).
    threads : list of int
        CPU threads of each process that worked on it, one after the other.

    Returns
    -------
    dict
        Plain values by name; ``options`` holds all that rebuilds the network.
    """
    options = learner.options
    seconds = sum(row["seconds"] for row in progress.history)
    return {
        "model": options.model,
        "seed": options.seed,
        "scale": options.settings.scale,
        "parameters": count_parameters(learner.network),
        "multiply_adds": count_multiply_adds(learner.network, window),
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
        "device": str(learner.device),
        "hardware": _hardware(learner.device),
        "precision": options.precision,
        "seconds": round(seconds, 1),
        "filters_initialised_from": learner.initialised_from,
        "versions": versions(),
        "options": options.to_dict(),
        "threads": threads,
    }


def versions() -> dict[str, str]:
    """Return the version of each piece of software that a training depends on, by its name."""
    return {
        "danq": danq.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "lightning_fabric": importlib.metadata.version("lightning-fabric"),
        "numpy": importlib.metadata.version("numpy"),
        "h5py": importlib.metadata.version("h5py"),
    }


def _hardware(device: torch.device) -> str:
    """Return the name of a GPU, or the kind of this machine's processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return platform.processor() or platform.machine()  # Linux often knows only the latter
