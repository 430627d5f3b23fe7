"""What a training leaves: log lines and curves; at its end checkpoint, history and facts."""

import contextlib
import importlib.metadata
import importlib.util
import io
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

import danq
from danq.errors import warn
from danq.files import PathLike
from danq.network.checkpoint import write_checkpoint
from danq.network.cost import count_multiply_adds, count_parameters
from danq.network.outline import outline
from danq.records import Input, Made, file_input, record_table, record_text
from danq.training.learner import Learner

Row = dict[str, Any]
"""One epoch of the history: column to plain value."""


@dataclass(frozen=True)
class Record:
    """The files that a finished training leaves.

    Attributes
    ----------
    checkpoint : str or path-like
        The weights of the best epoch with all that rebuilds the model.
    history : str or path-like
        One row per epoch (TSV).
    facts : str or path-like
        How the training went (JSON).
    """

    checkpoint: PathLike
    history: PathLike
    facts: PathLike

    def write(
        self,
        weights: Mapping[str, torch.Tensor],
        rows: list[Row],
        summary: dict[str, Any],
        data_facts: Mapping[str, Any],
        inputs: Sequence[Input],
    ) -> None:
        """Write the files, the checkpoint first.

        Parameters
        ----------
        weights : dict of str to torch.Tensor
            Of the best epoch.
        rows : list of dict
            The history: one row per epoch.
        summary : dict
            As `training_facts` returns it.
        data_facts : dict
            `danq.data.dataset.Dataset.facts` of the training data.
        inputs : sequence of danq.records.Input
            The training data, and the checkpoint that it began with, where there is one.
        """
        write_checkpoint(self.checkpoint, weights, summary, data_facts)
        # Of the other two, the checkpoint says which training they are of.
        made = Made("train", [file_input("checkpoint", self.checkpoint), *inputs])
        record_table(self.history, pd.DataFrame(rows), made)
        record_text(self.facts, json.dumps(summary, indent=1) + "\n", made)


def training_facts(
    learner: Learner, history: list[Row], window: int, threads: list[int]
) -> dict[str, Any]:
    """Return how a finished training went.

    Parameters
    ----------
    learner : danq.training.learner.Learner
        The network in training.
    history : list of dict
        One row per epoch.
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
    seconds = sum(row["seconds"] for row in history)
    return {
        "model": options.model,
        "seed": options.seed,
        "scale": options.settings.scale,
        "parameters": count_parameters(learner.network),
        "multiply_adds": count_multiply_adds(learner.network, window),
        "reach": learner.network.reach or window,
        "layers": outline(learner.network, window),
        "epochs": len(history),
        "best_epoch": best_epoch(history),
        "device": str(learner.device),
        "hardware": _hardware(learner.device),
        "precision": options.precision,
        "seconds": round(seconds, 1),
        "filters_initialised_from": learner.initialised_from,
        "versions": versions(),
        "options": options.to_dict(),
        "chosen": {name: choice._asdict() for name, choice in options.choices.items()},
        "threads": threads,
        "sizes": options.sizes,
    }


def best_epoch(history: list[Row]) -> int:
    """Return the best epoch of a history, counted from 1; 0 before the first has ended."""
    for row in history:
        if row["best"] == "yes":
            return row["epoch"]
    return 0


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


class Curves:
    """Writes the rows of a history as TensorBoard's scalars.

    Parameters
    ----------
    folder : str
        Where TensorBoard finds them.
    first_epoch : int
        The first epoch, counted from 1, that will be added. Points from there on, which a training
        that was cut off wrote, are hidden.
    active : bool
        Whether this process writes at all.

    Notes
    -----
    Not by PyTorch's SummaryWriter: that writes in a thread, which on a full disk ends in a
    traceback of its own. Here a training goes on without curves.
    """

    def __init__(self, folder: str, first_epoch: int, active: bool) -> None:
        self._folder = Path(folder)
        self._first_epoch = first_epoch
        self._path: Path | None = None
        self._active = active and importlib.util.find_spec("tensorboard") is not None

    def add(self, row: Row) -> None:
        """Add a row of the history: each of its fractional numbers is a point of a curve."""
        if not self._active:
            return
        try:
            self._write(row)
        except OSError as error:
            self._active = False
            what = f"{self._folder}: the curves end here ({error.strerror})"
            warn(f"{what}; make room before the next training")

    def _write(self, row: Row) -> None:
        """Append the points of an epoch to the file, which is made for the first."""
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary

        now = time.time()
        events = []
        if self._path is None:
            # TensorBoard recognises the file by its name.
            name = f"events.out.tfevents.{time.time_ns()}.{os.getpid()}.danq"
            self._path = self._folder / name
            begin = SessionLog(status=SessionLog.START)
            events.append(Event(wall_time=now, file_version="brain.Event:2"))
            events.append(Event(wall_time=now, step=self._first_epoch, session_log=begin))
        for name, value in row.items():
            if isinstance(value, float):
                point = Summary(value=[Summary.Value(tag=name, simple_value=value)])
                events.append(Event(wall_time=now, step=row["epoch"], summary=point))
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(self._path, "ab") as file:
            file.write(_records(events))


def _records(events: Iterable[Any]) -> bytes:
    """Return events as TensorBoard keeps them in a file."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    image = io.BytesIO()
    writer = RecordWriter(image)
    for event in events:
        writer.write(event.SerializeToString())
    return image.getvalue()


def log(line: str) -> None:
    """Write a line of text to standard error at once, even if its reader is gone.

    Examples
    --------
    >>> log("danq seed 0: resuming at step 3 of 40")
    """
    with contextlib.suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)
