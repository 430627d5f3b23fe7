"""Predict sequences, regions of a genome, or all of it, with one or several trained models."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.config import Predict
from danq.data.bins import BinsWriter, Block, Header
from danq.data.stretches import (
    Sequences,
    Skipped,
    sequences_of_fasta,
    sequences_of_genome,
    sequences_of_regions,
)
from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.tables import find_target
from danq.genome.tiles import Stretch, Tiling, make_tiling
from danq.network.fold_models import ALL, Teams, model_name, teams_of
from danq.network.tiled import Coverage, cover_stretches, pieces, predict_covered
from danq.network.trained import TrainedModel, load
from danq.progress import Bar
from danq.records import Input, combined, file_input

MOST_ROWS = 1 << 14
"""Rows of a block, at most: they are kept in memory, and what is lost by an interruption."""

MOST_LISTED = 10
"""Checkpoints that are listed one by one in the record of what is predicted."""

MOST_VALUES = 1 << 22
"""Predictions of a block, at most, over all bins of its rows."""


class Ensemble(NamedTuple):
    """Models whose predictions are averaged, and the targets that are kept.

    Attributes
    ----------
    models : list of danq.network.trained.TrainedModel
        All of the same targets, window and bin.
    columns : list of int
        Which targets.
    teams : danq.network.fold_models.Teams or None
        Which of the models predict what; None: all predict everything.
    """

    models: list[TrainedModel]
    columns: list[int]
    teams: Teams | None = None

    @property
    def has_spread(self) -> bool:
        """Whether several models are averaged everywhere."""
        return len(self.averaged) > 1

    @property
    def averaged(self) -> list[list[TrainedModel]]:
        """What is averaged everywhere; of several models in a list, a place has some."""
        if self.teams is None:
            return [[model] for model in self.models]
        return self.teams.members(ALL)

    @property
    def targets(self) -> list[str]:
        """Names of the targets that are kept."""
        return [self.models[0].targets[column] for column in self.columns]

    def tiling(self, step: int | None, min_known: float) -> Tiling:
        """Return how sequences are covered.

        Parameters
        ----------
        step : int or None
            Length of a row (bp); None: the bin.
        min_known : float
            Least share of known bases in a window.

        Returns
        -------
        danq.genome.tiles.Tiling

        Raises
        ------
        DanqError
            As `danq.genome.tiles.make_tiling`.
        """
        facts = self.models[0].data_facts
        return make_tiling(facts["window"], facts["bin_size"], step, min_known)


def load_models(checkpoints: Sequence[PathLike], device: str, threads: int) -> list[TrainedModel]:
    """Load models that can be averaged.

    Parameters
    ----------
    checkpoints : sequence of path
        Of ``danq train``.
    device : str
        auto, cpu, cuda or mps.
    threads : int
        CPU threads.

    Returns
    -------
    list of danq.network.trained.TrainedModel

    Raises
    ------
    DanqError
        One predicts other targets than the first, or for another window or bin; or a file cannot be
        used.
    """
    refuse_repeated(checkpoints)
    models = [load(path, device=device, threads=threads) for path in checkpoints]
    first = models[0].data_facts
    for model, path in zip(models, checkpoints, strict=True):
        for name, what in _ALIKE.items():
            if model.data_facts[name] != first[name]:
                problem = f"its {what} is not that of {checkpoints[0]}"
                raise DanqError(f"{problem}; give models of one dataset", path)
    return models


def refuse_repeated(checkpoints: Sequence[PathLike]) -> None:
    """Refuse checkpoints of which one is named twice: it would count twice in the mean.

    Raises
    ------
    DanqError
        It is there twice, whatever the way to it.
    """
    seen: set[str] = set()
    for path in checkpoints:
        place = os.path.realpath(path)
        if place in seen:
            raise DanqError(
                "is given twice, and would count twice in the mean; leave one out", path
            )
        seen.add(place)


_ALIKE = {"names": "list of targets", "window": "window", "bin_size": "bin"}
"""What averaged models must have in common, by key of their facts."""


def choose_columns(models: list[TrainedModel], targets: Sequence[str]) -> Ensemble:
    """Choose the targets that are kept.

    Parameters
    ----------
    models : list of danq.network.trained.TrainedModel
        As `load_models` returns them.
    targets : sequence of str
        Names, or indices from 0; empty: all.

    Returns
    -------
    Ensemble

    Raises
    ------
    DanqError
        No target is called that, or several are.
    """
    names = models[0].targets
    columns = [find_target(word, names) for word in targets]
    return Ensemble(models, list(dict.fromkeys(columns)) or list(range(len(names))))


def read_sequences(
    fasta: PathLike | None,
    bed: PathLike | None,
    genome: PathLike | None,
    settings: Predict,
    tiling: Tiling,
) -> Sequences:
    """Read what is to be predicted.

    Parameters
    ----------
    fasta, bed, genome : path or None
        Sequences; or regions and their genome; or a genome.
    settings : danq.config.Predict
        Its chromosomes are those of a genome that are predicted.
    tiling : danq.genome.tiles.Tiling
        How they are covered.

    Returns
    -------
    danq.data.stretches.Sequences

    Raises
    ------
    DanqError
        A file that cannot be used.
    """
    if fasta is not None:
        return sequences_of_fasta(fasta, tiling)
    if genome is None:
        raise DanqError("regions need their genome; give --genome genome.fa as well")
    if bed is not None:
        return sequences_of_regions(genome, bed, tiling)
    return sequences_of_genome(genome, settings.chromosomes or None, tiling)


def by_fold(ensemble: Ensemble, lengths: Mapping[str, int], step: str) -> Ensemble:
    """Let each place of a genome be predicted by the models that were not trained on it.

    Parameters
    ----------
    ensemble : Ensemble
        Models.
    lengths : mapping of str to int
        Length of each chromosome of the genome (bp).
    step : str
        Name of the step that says so on standard error.

    Returns
    -------
    Ensemble
        As it is where all models were trained on the same chromosomes.
    """
    teams = teams_of(ensemble.models, lengths)
    if teams is not None:
        print(f"{step}: {teams.describe()}", file=sys.stderr)
    return ensemble._replace(teams=teams)


class Work(NamedTuple):
    """What is to be predicted, divided into groups of rows.

    Attributes
    ----------
    sequences : danq.data.stretches.Sequences
        Where the rows are cut from.
    groups : list of list of danq.genome.tiles.Stretch
        What is covered at once.
    regions : list of numpy.ndarray, int32
        For each group, the number of each stretch's region; -1 where regions have no names.
    names : list of str
        Of the regions.
    n_rows : list of int
        Rows of each group that can be predicted.
    skipped : list of danq.data.stretches.Skipped
        What cannot be.
    """

    sequences: Sequences
    groups: list[list[Stretch]]
    regions: list[NDArray[np.int32]]
    names: list[str]
    n_rows: list[int]
    skipped: list[Skipped]


def plan_work(sequences: Sequences, tiling: Tiling, n_targets: int) -> Work:
    """Divide what is to be predicted, and find what cannot be.

    Parameters
    ----------
    sequences : danq.data.stretches.Sequences
        As read.
    tiling : danq.genome.tiles.Tiling
        How they are covered.
    n_targets : int
        Columns of a row.

    Returns
    -------
    Work
    """
    most_rows = min(MOST_ROWS, MOST_VALUES // (n_targets * tiling.bins_per_row))
    most_rows = max(1, most_rows)
    groups = list(pieces(sequences.stretches, tiling.step, most_rows))
    names = list(dict.fromkeys(s.name for s in sequences.stretches if s.name))
    numbers = {name: number for number, name in enumerate(names)}
    skipped = list(sequences.skipped)
    regions = []
    n_rows = []
    for group in groups:
        coverage = cover_stretches(sequences, group, tiling)
        skipped += coverage.skipped
        n_rows.append(len(coverage.start))
        regions.append(np.array([numbers.get(s.name, -1) for s in group], dtype=np.int32))
    return Work(sequences, groups, regions, names, n_rows, skipped)


def write_predictions(writer: BinsWriter, ensemble: Ensemble, work: Work, tiling: Tiling) -> None:
    """Predict all rows that are not there yet.

    Parameters
    ----------
    writer : danq.data.bins.BinsWriter
        Takes the rows.
    ensemble : Ensemble
        What predicts.
    work : Work
        What to predict.
    tiling : danq.genome.tiles.Tiling
        How the sequences are covered.
    """
    numbers = {name: number for number, name in enumerate(work.sequences.lengths)}
    total = sum(work.n_rows)
    if writer.n_done:
        print(f"predict: going on after {writer.n_done} of {total} rows", file=sys.stderr)
    with Bar(
        total=total, initial=writer.n_done, desc="predict", unit="row", unit_scale=True
    ) as bar:
        for group, regions in _to_do(work, writer.n_done):
            coverage = cover_stretches(work.sequences, group, tiling)
            writer.append(_block(ensemble, work.sequences, coverage, numbers, regions, tiling))
            bar.update(len(coverage.start))


def _to_do(work: Work, n_done: int) -> Iterator[tuple[list[Stretch], NDArray[np.int32]]]:
    """Yield the groups behind so many rows."""
    before = 0
    for group, regions, n_rows in zip(work.groups, work.regions, work.n_rows, strict=True):
        before += n_rows
        if before > n_done:
            yield group, regions


def _block(
    ensemble: Ensemble,
    sequences: Sequences,
    coverage: Coverage,
    numbers: dict[str, int],
    regions: NDArray[np.int32],
    tiling: Tiling,
) -> Block:
    """Predict the rows of a group."""
    predicted = predict_covered(
        ensemble.models, sequences, coverage, tiling, ensemble.columns, ensemble.teams
    )
    sequence_of = np.array([numbers[s.sequence] for s in coverage.stretches], dtype=np.int32)
    places: dict[str, NDArray[np.integer]] = {
        "sequence": sequence_of[coverage.stretch],
        "start": coverage.start,
        "end": coverage.end,
        "region": regions[coverage.stretch],
    }
    return Block(places, predicted.probabilities, predicted.spread)


def header_of(ensemble: Ensemble, work: Work, tiling: Tiling) -> Header:
    """Return what the rows are about.

    Parameters
    ----------
    ensemble : Ensemble
        What predicts.
    work : Work
        What is predicted.
    tiling : danq.genome.tiles.Tiling
        How the sequences are covered.

    Returns
    -------
    danq.data.bins.Header
    """
    names = ", ".join(model_name(model) for model in ensemble.models)
    made = {
        "models": names if ensemble.teams is None else ensemble.teams.describe(),
        "window": tiling.window,
        "bin_size": tiling.bin_size,
        "step": tiling.step,
        "min_known": tiling.min_known,
    }
    return Header(work.sequences.lengths, ensemble.targets, work.names, made)


def identity_of(
    checkpoints: Sequence[Any], header: Header, inputs: Sequence[Any]
) -> dict[str, Any]:
    """Return all that rows depend on, to know a partial file again.

    Parameters
    ----------
    checkpoints, inputs : sequence of path
        The files that are read.
    header : danq.data.bins.Header
        What the rows are about.

    Returns
    -------
    dict of str to plain values
    """
    files = inputs_of(checkpoints, inputs)
    return {
        "files": [[file.role, file.checksum] for file in files],
        "targets": header.targets,
        "facts": header.facts,
    }


def inputs_of(checkpoints: Sequence[PathLike], inputs: Sequence[PathLike]) -> list[Input]:
    """Return what rows are made from, with checksums.

    Parameters
    ----------
    checkpoints, inputs : sequence of path
        The files that are read.

    Returns
    -------
    list of danq.records.Input
    """
    models = [file_input("checkpoint", path) for path in checkpoints]
    if len(models) > MOST_LISTED:
        models = [combined("checkpoints", checkpoints, [model.checksum for model in models])]
    return models + [file_input("sequences", path) for path in inputs]


def say_what_was_skipped(work: Work) -> None:
    """Count on standard error what could not be predicted, and what was padded."""
    n_padded = len(work.sequences.padding)
    if n_padded:
        what = f"sequences shorter than the window, with unknown bases on either side: {n_padded}"
        print(f"predict: {what}", file=sys.stderr)
    bases: Counter[str] = Counter()
    for part in work.skipped:
        bases[part.reason] += part.end - part.start
    for reason, n_bases in bases.items():
        print(f"predict: {n_bases:,} bp skipped: {reason}", file=sys.stderr)
