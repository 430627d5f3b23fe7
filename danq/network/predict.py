"""danq predict: what trained models say of a dataset, of sequences, of regions, or of a genome."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from danq.config import Predict
from danq.data.bin_outputs import Outputs, refuse_outputs, write_outputs
from danq.data.bins import BinsWriter
from danq.errors import DanqError
from danq.files import PathLike, locked
from danq.network import predict_sequences as rows
from danq.network.predict_dataset import predict_dataset

_BUSY = "another danq predict works on it; wait for it, or name another file"
_ONE_INPUT = "give one of --dataset, --fasta, --bed with --genome, or --genome alone"


class Inputs(NamedTuple):
    """What is predicted: one of these, or regions of a genome.

    Attributes
    ----------
    fasta, bed, genome : path or None
        Sequences; regions of a genome; that genome, or all of one.
    """

    fasta: PathLike | None
    bed: PathLike | None
    genome: PathLike | None

    @property
    def files(self) -> list[PathLike]:
        """Those that are given."""
        return [path for path in self if path is not None]


def predict(
    checkpoint: Sequence[PathLike],
    *,
    settings: Predict,
    dataset: PathLike | None,
    split: str | None,
    output: PathLike | None,
    fasta: PathLike | None,
    bed: PathLike | None,
    genome: PathLike | None,
    table: PathLike | None,
    h5: PathLike | None,
    bigwig: PathLike | None,
    peaks: PathLike | None,
    thresholds: PathLike | None,
    skipped: PathLike | None,
    device: str,
    threads: int,
    average_folds: bool = False,
) -> None:
    """Predict with trained models, the two strands averaged, and the models.

    Parameters
    ----------
    checkpoint : sequence of path
        Of ``danq train``, all of one dataset.
    settings : danq.config.Predict
        The knobs.
    dataset : path or None
        dataset.h5, of which a split is predicted.
    split : str or None
        train, valid or test; None: test.
    output : path or None
        predictions.h5, of a dataset.
    fasta, bed, genome : path or None
        Sequences; regions of a genome, in BED; the genome, which is predicted as a whole where no
        regions are given.
    table, h5, bigwig, peaks, skipped : path or None
        What to make of sequences, regions or a genome: TSV, HDF5, a folder of bigWigs, a folder of
        narrowPeak files, and a TSV of what could not be predicted.
    thresholds : path or None
        For peaks: the table of ``danq thresholds``; None: thresholds.tsv beside the first
        checkpoint.
    device : str
        auto, cpu, cuda or mps.
    threads : int
        CPU threads.
    average_folds : bool
        Whether all models predict everything: otherwise, of models that were trained on unlike
        chromosomes of a genome, only those predict a place that were not trained on it.

    Raises
    ------
    DanqError
        Inputs or outputs that do not go together, models of several datasets, or a file that cannot
        be used.
    """
    inputs = Inputs(fasta, bed, genome)
    outputs = Outputs(table, h5, skipped, bigwig, peaks)
    if dataset is not None:
        if inputs.files:
            raise DanqError(f"two kinds of input; {_ONE_INPUT}")
        refuse_other_options(outputs, settings)
        if average_folds:
            raise DanqError("--average-folds is for a genome; leave it out")
        if output is None:
            raise DanqError("predictions of a dataset need a file; give --output")
        rows.refuse_repeated(checkpoint)
        split = split or "test"
        predict_dataset(checkpoint, dataset, output, split=split, device=device, threads=threads)
        return
    refuse_inputs(inputs, settings)
    if output is not None or split is not None:
        what = "--output and --split are for a dataset"
        raise DanqError(f"{what}; give --table, --h5, --bigwig or --peaks")
    models = rows.load_models(checkpoint, device, threads)
    ensemble = rows.choose_columns(models, settings.targets)
    if thresholds is None:
        thresholds = thresholds_beside(checkpoint[0])
    limits = refuse_outputs(outputs, ensemble.targets, thresholds)
    chooses = genome is not None and not average_folds
    _predict_rows(checkpoint, inputs, outputs, settings, ensemble, limits, chooses)


def thresholds_beside(checkpoint: PathLike) -> Path | None:
    """Return thresholds.tsv of a checkpoint's folder, if there is one."""
    path = Path(checkpoint).parent / "thresholds.tsv"
    return path if path.exists() else None


def refuse_inputs(inputs: Inputs, settings: Predict) -> None:
    """Refuse inputs that do not go together.

    Parameters
    ----------
    inputs : Inputs
        What is given.
    settings : danq.config.Predict
        The knobs.

    Raises
    ------
    DanqError
        None or several, regions without a genome, or chromosomes of something else.
    """
    if inputs.fasta is not None and len(inputs.files) > 1:
        raise DanqError(f"two kinds of input; {_ONE_INPUT}")
    if not inputs.files:
        raise DanqError(f"nothing to predict; {_ONE_INPUT}")
    if inputs.bed is not None and inputs.genome is None:
        raise DanqError("regions need their genome; give --genome genome.fa as well")
    if settings.chromosomes and (inputs.genome is None or inputs.bed is not None):
        raise DanqError("--chromosomes is for --genome alone; leave it out")


def refuse_other_options(outputs: Outputs, settings: Predict) -> None:
    """Refuse options that mean nothing for a dataset.

    Parameters
    ----------
    outputs : danq.data.bin_outputs.Outputs
        What is asked for.
    settings : danq.config.Predict
        The knobs.

    Raises
    ------
    DanqError
        One of them is given.
    """
    if any(path is not None for path in outputs) or settings != Predict():
        what = "a dataset has its windows, and its predictions one file"
        raise DanqError(f"{what}; give --split and --output only")


def _predict_rows(
    checkpoint: Sequence[PathLike],
    inputs: Inputs,
    outputs: Outputs,
    settings: Predict,
    ensemble: rows.Ensemble,
    limits: dict[str, float],
    chooses: bool,
) -> None:
    """Predict, while no other process does so into the same place."""
    with locked(f"{outputs.first}.lock", f"{outputs.first}: {_BUSY}"):
        _make_rows(checkpoint, inputs, outputs, settings, ensemble, limits, chooses)


def _make_rows(
    checkpoint: Sequence[PathLike],
    inputs: Inputs,
    outputs: Outputs,
    settings: Predict,
    ensemble: rows.Ensemble,
    limits: dict[str, float],
    chooses: bool,
) -> None:
    """Predict row by row into a file beside the first output, and make the outputs of it."""
    tiling = ensemble.tiling(settings.step, settings.min_known)
    sequences = rows.read_sequences(inputs.fasta, inputs.bed, inputs.genome, settings, tiling)
    if chooses:
        ensemble = rows.by_fold(ensemble, sequences.lengths, "predict")
    work = rows.plan_work(sequences, tiling, len(ensemble.targets))
    header = rows.header_of(ensemble, work, tiling)
    identity = rows.identity_of(checkpoint, header, inputs.files)
    dtype = np.dtype(np.float16 if settings.float16 else np.float32)
    n_rows = sum(work.n_rows)
    writer = BinsWriter(outputs.first, header, n_rows, dtype, ensemble.has_spread, identity)
    rows.write_predictions(writer, ensemble, work, tiling)
    predicted = writer.finish(rows.inputs_of(checkpoint, inputs.files))
    write_outputs(outputs, predicted, work.skipped, limits)
    if outputs.h5 is None:
        writer.remove()
    else:
        writer.keep()
    rows.say_what_was_skipped(work)
