"""Predict sequences of any length with trained models, row by row (`danq.genome.tiles`)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from danq.data.stretches import LostRows, Sequences, Skipped, skipped_rows
from danq.genome.sequence import Genome, packed_bytes
from danq.genome.tiles import (
    Rows,
    Stretch,
    Tiling,
    by_sequence,
    cover,
    row_means,
    rows_with_bins,
    usable_bins,
)
from danq.network.strands import BATCH, strand_probabilities

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float32]

_ROWS = 1 << 14  # predicted at once


class Predictor(Protocol):
    """What predicts: a `danq.network.trained.TrainedModel`."""

    @property
    def network(self) -> torch.nn.Module:
        """From one-hot (N, 4, L) to logits (N, T)."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    @property
    def targets(self) -> list[str]:
        """Names of the columns."""


class Coverage(NamedTuple):
    """The rows of some stretches that can be predicted, in the order of the input.

    Attributes
    ----------
    stretches : list of danq.genome.tiles.Stretch
        What is covered.
    rows : danq.genome.tiles.Rows
        All rows, and their bins.
    has_bin : numpy.ndarray, shape (all rows,), bool
        Which rows can be predicted.
    usable : numpy.ndarray, shape (bins,), bool
        Which bins can.
    stretch, start, end : numpy.ndarray, shape (n,), int64
        Of the rows that can be predicted: their stretch, and their bases (bp, 0-based half-open) in
        the sequence without what was put before it.
    skipped : list of danq.data.stretches.Skipped
        The other rows.
    """

    stretches: list[Stretch]
    rows: Rows
    has_bin: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    stretch: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    skipped: list[Skipped]


class Predicted(NamedTuple):
    """Predictions of the rows that can be predicted.

    Attributes
    ----------
    probabilities : numpy.ndarray, shape (n, T), float32
        The two strands averaged, all models averaged.
    spread : numpy.ndarray, shape (n, T), float32, or None
        Standard deviation over models (n - 1 in the denominator); None of a single one.
    """

    probabilities: Floats
    spread: Floats | None


def pieces(stretches: Sequence[Stretch], step: int, most_rows: int) -> Iterator[list[Stretch]]:
    """Divide stretches into groups of a limited number of rows; long stretches are cut.

    Parameters
    ----------
    stretches : sequence of danq.genome.tiles.Stretch
        What is to be covered.
    step : int
        Length of a row (bp).
    most_rows : int
        Rows of a group, at most.

    Yields
    ------
    list of danq.genome.tiles.Stretch
        In the same order; no row is cut.

    Examples
    --------
    >>> groups = pieces([Stretch("a", 100, 900), Stretch("b", 0, 200)], 200, 3)
    >>> [[stretch[:3] for stretch in group] for group in groups]
    [[('a', 100, 700)], [('a', 700, 900), ('b', 0, 200)]]
    """
    group: list[Stretch] = []
    room = most_rows
    for stretch in stretches:
        start = stretch.start
        while start < stretch.end:
            end = min(start + room * step, stretch.end)
            group.append(stretch._replace(start=start, end=end))
            room -= (end - start) // step
            start = end
            if room == 0:
                yield group
                group = []
                room = most_rows
    if group:
        yield group


def cover_stretches(sequences: Sequences, stretches: list[Stretch], tiling: Tiling) -> Coverage:
    """Find which rows of some stretches can be predicted.

    Parameters
    ----------
    sequences : danq.data.stretches.Sequences
        Where the stretches are cut from.
    stretches : list of danq.genome.tiles.Stretch
        What to predict.
    tiling : danq.genome.tiles.Tiling
        How they are covered.

    Returns
    -------
    Coverage
    """
    rows = cover(stretches, tiling)
    usable = usable_bins(rows, stretches, sequences.genome, tiling)
    has_bin = rows_with_bins(rows, usable.known, tiling) > 0
    fits = rows_with_bins(rows, usable.fits, tiling) > 0
    lost = LostRows(rows.stretch[~has_bin], rows.start[~has_bin], fits[~has_bin])
    start, end = _own_bases(sequences, stretches, rows, tiling.step)
    return Coverage(
        stretches=stretches,
        rows=rows,
        has_bin=has_bin,
        usable=usable.known,
        stretch=rows.stretch[has_bin],
        start=start[has_bin],
        end=end[has_bin],
        skipped=skipped_rows(sequences, stretches, lost, tiling.step),
    )


class Places(NamedTuple):
    """Where windows are.

    Attributes
    ----------
    names : list of str
        Sequences.
    sequence, start : numpy.ndarray, shape (n,), int64
        Place of each window's sequence in `names`, and its first base there (bp, 0-based).
    """

    names: list[str]
    sequence: NDArray[np.int64]
    start: NDArray[np.int64]


class Chooser(Protocol):
    """What chooses the models for each window: `danq.network.fold_models.Teams`."""

    def predict(self, windows: NDArray[np.uint8], places: Places, length: int) -> list[Floats]:
        """Predict packed windows; several arrays (n, T) are averaged.

        Parameters
        ----------
        windows : numpy.ndarray, shape (n, ceil(length/8), 4), uint8
            As of `predict_packed`.
        places : Places
            Where they are.
        length : int
            Their length (bp).

        Returns
        -------
        list of numpy.ndarray, shape (n, T), float32
        """


def predict_covered(
    models: Sequence[Predictor],
    sequences: Sequences,
    coverage: Coverage,
    tiling: Tiling,
    columns: Sequence[int],
    chooser: Chooser | None = None,
) -> Predicted:
    """Predict the rows that can be.

    Parameters
    ----------
    models : sequence of danq.network.trained.TrainedModel
        Of the same targets; their probabilities are averaged.
    sequences : danq.data.stretches.Sequences
        Where the rows are cut from.
    coverage : Coverage
        What to predict.
    tiling : danq.genome.tiles.Tiling
        How the sequences are covered.
    columns : sequence of int
        Which targets to keep.
    chooser : Chooser, optional
        In place of `models`, chooses the models of each window.

    Returns
    -------
    Predicted
    """
    windows = _cut(sequences.genome, coverage, tiling)
    shape = (len(coverage.usable), len(columns))
    predicted: Iterable[Floats] = (
        predict_packed(model, windows, tiling.window) for model in models
    )
    if chooser is not None:
        places = _places(coverage, tiling)
        predicted = chooser.predict(windows, places, tiling.window)
    by_model = []
    for probabilities in predicted:
        values = np.zeros(shape, dtype=np.float32)
        values[coverage.usable] = probabilities[:, columns]
        means = row_means(values, coverage.rows, coverage.usable, tiling)
        by_model.append(means[coverage.has_bin])
    stacked = np.stack(by_model).astype(np.float64)
    mean = stacked.mean(axis=0).astype(np.float32)
    if len(by_model) == 1:
        return Predicted(mean, None)
    return Predicted(mean, stacked.std(axis=0, ddof=1).astype(np.float32))


def predict_frame(model: Predictor, sequences: Sequences, tiling: Tiling) -> "pd.DataFrame":
    """Predict sequences as a table.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        What predicts.
    sequences : danq.data.stretches.Sequences
        What to predict.
    tiling : danq.genome.tiles.Tiling
        How they are covered.

    Returns
    -------
    pandas.DataFrame, shape (n, T), float32
        Probabilities, a column per target; the index is sequence, start, end (bp, 0-based
        half-open). Rows that cannot be predicted are left out.
    """
    import pandas as pd  # slow to load, and most steps ask for no table

    columns = range(len(model.targets))
    index: list[pd.DataFrame] = []
    values: list[Floats] = [np.empty((0, len(columns)), dtype=np.float32)]
    for group in pieces(sequences.stretches, tiling.step, _ROWS):
        covered = cover_stretches(sequences, group, tiling)
        names = [group[number].sequence for number in covered.stretch]
        index.append(pd.DataFrame({"sequence": names, "start": covered.start, "end": covered.end}))
        found = predict_covered([model], sequences, covered, tiling, columns)
        values.append(found.probabilities)
    if not index:
        index = [pd.DataFrame({"sequence": [], "start": [], "end": []})]
    places = pd.MultiIndex.from_frame(pd.concat(index, ignore_index=True))
    return pd.DataFrame(np.concatenate(values), index=places, columns=model.targets)


def _own_bases(
    sequences: Sequences, stretches: list[Stretch], rows: Rows, step: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return start and end of each row in its own sequence, cut off where that ends."""
    names = [stretch.sequence for stretch in stretches]
    padding = np.array([sequences.padding.get(name, 0) for name in names], dtype=np.int64)
    lengths = np.array([sequences.lengths[name] for name in names], dtype=np.int64)
    start = rows.start - padding[rows.stretch]
    end = np.minimum(start + step, lengths[rows.stretch])
    return np.maximum(start, 0), end


def _places(coverage: Coverage, tiling: Tiling) -> Places:
    """Return where the windows of the usable bins are."""
    names = list(dict.fromkeys(stretch.sequence for stretch in coverage.stretches))
    numbers = {name: number for number, name in enumerate(names)}
    of_stretch = np.array([numbers[stretch.sequence] for stretch in coverage.stretches], np.int64)
    rows = coverage.rows
    sequence = of_stretch[rows.bin_stretch[coverage.usable]]
    return Places(names, sequence, rows.bin_start[coverage.usable] - tiling.flank)


def _cut(genome: Genome, coverage: Coverage, tiling: Tiling) -> NDArray[np.uint8]:
    """Return the packed windows of the usable bins, in their order."""
    usable = coverage.usable
    rows = coverage.rows
    n = np.count_nonzero(usable)
    windows = np.empty((n, packed_bytes(tiling.window), 4), dtype=np.uint8)
    place = np.cumsum(usable) - 1
    for sequence, bins in by_sequence(rows.bin_stretch, coverage.stretches, usable):
        starts = rows.bin_start[bins] - tiling.flank
        windows[place[bins]] = genome.windows(sequence, starts, tiling.window)
    return windows


@torch.no_grad()
def predict_packed(model: Predictor, windows: NDArray[np.uint8], length: int) -> Floats:
    """Predict packed windows, the two strands averaged.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        What predicts.
    windows : numpy.ndarray, shape (n, ceil(length/8), 4), uint8
        Packed one-hot, see `danq.genome.sequence.pack`.
    length : int
        Length of the windows (bp).

    Returns
    -------
    numpy.ndarray, shape (n, T), float32
        Probabilities.
    """
    found = np.empty((len(windows), len(model.targets)), dtype=np.float32)
    for start in range(0, len(windows), BATCH):
        rows = slice(start, start + BATCH)
        planes = np.ascontiguousarray(windows[rows].transpose(0, 2, 1))  # (n, 4, ceil(length/8))
        one_hot = np.unpackbits(planes, axis=2, count=length)
        X = torch.from_numpy(one_hot).to(model.device).float()
        found[rows] = strand_probabilities(model.network, X).mean(dim=0).cpu().numpy()
    return found
