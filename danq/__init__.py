"""danq measures what a recurrent layer adds to a convolutional network that reads DNA.

The rooms, in the order in which data flows through them::

    genome       your files and coordinates: FASTA, peaks, tables, bins
    motif        motif matrices: files, comparison, names
    data         danq's own files: windows extracted and labelled into dataset.h5
    simulation   a genome with a planted motif grammar, for a first run without any data
    plotting     charts and small drawings of arrays
    network      build, load and run a model
    evaluation   metrics, intervals, comparisons, baselines
    training     one checkpoint per model and seed
    interpret    what a trained model has learnt: motifs, ablation, probe, attribution
    report       a finished run: read it, find what it says, show it

A room imports only from rooms above it in this list. `danq.load` opens a trained model,
`danq.read_run` a finished run. Coordinates are base pairs, 0-based and half-open, everywhere.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import torch

    from danq.network.trained import TrainedModel
    from danq.report.run import Run

__all__ = ["load", "read_run", "variants_table"]
__version__ = "0.2.0"

if sys.platform == "darwin" and "torch" not in sys.modules:
    # What PyTorch lacks on an Apple GPU is computed on the CPU; PyTorch looks while it is loaded.
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")


def load(
    checkpoint: str | os.PathLike[str],
    *,
    device: str | torch.device = "auto",
    threads: int | None = None,
) -> TrainedModel:
    """Open a trained model.

    Parameters
    ----------
    checkpoint : path
        The ``model.ckpt`` of a training.
    device : str or torch.device
        auto (a GPU if there is one), cpu, cuda or mps.
    threads : int, optional
        CPU threads; by default PyTorch's own number.

    Returns
    -------
    danq.network.trained.TrainedModel
        Its ``predict`` takes sequences as text or one-hot arrays.

    Raises
    ------
    DanqError
        The file is missing or not a whole checkpoint of danq, there is no such device, or no such
        number of threads.
    """
    from danq.network.trained import load as load_model  # PyTorch is slow to load

    return load_model(checkpoint, device=device, threads=threads)


def read_run(folder: str | os.PathLike[str]) -> Run:
    """Read a finished run.

    Parameters
    ----------
    folder : path
        ``results/<run>``.

    Returns
    -------
    danq.report.run.Run
        Its tables and facts.

    Raises
    ------
    DanqError
        A table is missing, or lacks a column, or holds text where a number belongs.
    """
    from danq.report.run import read_run as read

    return read(folder)


def variants_table(path: str | os.PathLike[str], targets: Sequence[str] = ()) -> pd.DataFrame:
    """Read the scores of ``danq variants --h5``.

    Parameters
    ----------
    path : path
        variants.h5.
    targets : sequence of str
        Names, or places from 0; empty: all.

    Returns
    -------
    pandas.DataFrame
        A row for each variant and target, with the columns of ``--table``.

    Raises
    ------
    DanqError
        Not such a file, an incomplete or damaged one, or no such target.
    """
    from danq.data.variant_store import variants_table as read

    return read(path, targets)
