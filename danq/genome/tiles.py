"""Sequences of any length as windows of a model: which bases each prediction is for.

A model reads a window and predicts its bin, the middle of it. A sequence is covered by *rows*, side
by side, each a step long; the step is the bin, or a divisor of it. What is predicted for a row is
the mean probability of all bins that cover it: of one where the step is the bin, else of several,
each a step further on. A bin whose window leaves the sequence, or has too many unknown bases, is
left out; a row without any bin is skipped, with the reason.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.errors import DanqError
from danq.genome.bins import flank
from danq.genome.sequence import Genome

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

LEAVES = "its window leaves the sequence"
"""Why a row is skipped: every window of its bins has bases before the first or behind the last."""

UNKNOWN = "too few known bases"
"""Why a row is skipped: every window of its bins has too many bases other than ACGT."""


class Tiling(NamedTuple):
    """How sequences are covered.

    Attributes
    ----------
    window, bin_size, step : int
        Lengths (bp): what the model reads, what it predicts, and what a row covers.
    min_known : float
        The least share of a window's bases that must be A, C, G or T.
    """

    window: int
    bin_size: int
    step: int
    min_known: float

    @property
    def flank(self) -> int:
        """How far a bin lies behind the start of its window (bp)."""
        return flank(self.window, self.bin_size)

    @property
    def bins_per_row(self) -> int:
        """How many bins cover a row, at most."""
        return self.bin_size // self.step


def make_tiling(window: int, bin_size: int, step: int | None, min_known: float) -> Tiling:
    """Return how sequences are covered, or refuse a step or a share that cannot be.

    Parameters
    ----------
    window, bin_size : int
        Of the model (bp).
    step : int or None
        Length of a row (bp), a divisor of the bin; None: the bin.
    min_known : float
        The least share of known bases in a window, 0 to 1.

    Returns
    -------
    Tiling

    Raises
    ------
    DanqError
        The step is not a divisor of the bin, or the share is not within 0 and 1.

    Examples
    --------
    >>> make_tiling(1000, 200, None, 0.5)
    Tiling(window=1000, bin_size=200, step=200, min_known=0.5)
    """
    if step is None:
        step = bin_size
    if step < 1 or bin_size % step:
        divisors = [str(n) for n in range(1, bin_size + 1) if bin_size % n == 0]
        what = f"step {step} does not divide the bin of {bin_size} bp"
        raise DanqError(f"{what}; give one of {', '.join(divisors)}")
    if not 0 <= min_known <= 1:
        raise DanqError(f"min_known {min_known:g} is not a share; give 0 to 1")
    return Tiling(window, bin_size, step, min_known)


class Stretch(NamedTuple):
    """A part of a sequence that is to be covered: a whole number of rows.

    Attributes
    ----------
    sequence : str
        Name of the sequence, a key of the genome that it is cut from.
    start, end : int
        The part (bp, 0-based half-open); may begin or end beyond the sequence.
    name : str
        What the user calls it; may be empty.
    """

    sequence: str
    start: int
    end: int
    name: str = ""


def fitting_stretch(sequence: str, length: int, tiling: Tiling, *, on_grid: bool) -> Stretch | None:
    """Return the part of a whole sequence that bins with whole windows cover.

    Parameters
    ----------
    sequence : str
        Its name.
    length : int
        Its length (bp).
    tiling : Tiling
        How it is covered.
    on_grid : bool
        Whether rows begin at multiples of the step, as the bins of a dataset do; otherwise the
        first row begins where the bin of the first window does.

    Returns
    -------
    Stretch or None
        None where no window fits.

    Examples
    --------
    >>> tiling = make_tiling(500, 200, None, 0.5)
    >>> fitting_stretch("a", 1000, tiling, on_grid=False)
    Stretch(sequence='a', start=150, end=750, name='')
    >>> fitting_stretch("a", 1000, tiling, on_grid=True)
    Stretch(sequence='a', start=200, end=800, name='')
    """
    step = tiling.step
    first = tiling.flank
    if on_grid:
        first = -(-first // step) * step
    last = length - tiling.window + tiling.flank  # start of the last bin that fits
    if last < first:
        return None
    n_steps = (last - first) // step
    end = first + n_steps * step + tiling.bin_size
    return Stretch(sequence, first, end)


def covering_stretch(sequence: str, start: int, end: int, name: str, step: int) -> Stretch:
    """Return the rows that cover a region.

    Parameters
    ----------
    sequence : str
        Name of the sequence.
    start, end : int
        The region (bp, 0-based half-open).
    name : str
        What the user calls it.
    step : int
        Length of a row (bp).

    Returns
    -------
    Stretch
        Beginning with the region, and ending with it or behind it; a region shorter than a row lies
        in the middle of one.

    Examples
    --------
    >>> covering_stretch("a", 1000, 1250, "", 200)
    Stretch(sequence='a', start=1000, end=1400, name='')
    >>> covering_stretch("a", 1000, 1001, "summit", 200)
    Stretch(sequence='a', start=901, end=1101, name='summit')
    """
    missing = max(step - (end - start), 0)
    first = start - missing // 2
    n_rows = -(-(end - first) // step)
    return Stretch(sequence, first, first + n_rows * step, name)


class Rows(NamedTuple):
    """The rows of some stretches, one after the other, and the bins that cover them.

    Attributes
    ----------
    stretch : numpy.ndarray, shape (n,), int64
        Which stretch each row is of.
    start : numpy.ndarray, shape (n,), int64
        Where it begins in its sequence (bp, 0-based).
    first_bin : numpy.ndarray, shape (n,), int64
        Number of the first bin that covers it; its others follow.
    bin_stretch, bin_start : numpy.ndarray, shape (m,), int64
        Of the bins: their stretch, and where they begin in its sequence.
    """

    stretch: Integers
    start: Integers
    first_bin: Integers
    bin_stretch: Integers
    bin_start: Integers


def cover(stretches: list[Stretch], tiling: Tiling) -> Rows:
    """Cover stretches with rows, and those with bins.

    Parameters
    ----------
    stretches : list of Stretch
        What to cover.
    tiling : Tiling
        How.

    Returns
    -------
    Rows

    Examples
    --------
    >>> tiling = make_tiling(500, 200, 100, 0.5)
    >>> rows = cover([Stretch("a", 1000, 1300), Stretch("a", 0, 100)], tiling)
    >>> rows.stretch.tolist(), rows.start.tolist()
    ([0, 0, 0, 1], [1000, 1100, 1200, 0])
    >>> rows.first_bin.tolist(), rows.bin_start.tolist()
    ([0, 1, 2, 4], [900, 1000, 1100, 1200, -100, 0])
    """
    step = tiling.step
    extra = tiling.bins_per_row - 1
    starts = np.array([stretch.start for stretch in stretches], dtype=np.int64)
    ends = np.array([stretch.end for stretch in stretches], dtype=np.int64)
    n_rows = (ends - starts) // step
    row_stretch = np.repeat(np.arange(len(stretches)), n_rows)
    row_number = _counted(n_rows)
    bin_stretch = np.repeat(np.arange(len(stretches)), n_rows + extra)
    bin_number = _counted(n_rows + extra) - extra
    return Rows(
        stretch=row_stretch,
        start=starts[row_stretch] + step * row_number,
        first_bin=np.arange(len(row_stretch)) + extra * row_stretch,
        bin_stretch=bin_stretch,
        bin_start=starts[bin_stretch] + step * bin_number,
    )


def _counted(numbers: Integers) -> Integers:
    """Return 0 to n - 1 for each n, one after the other."""
    before = np.cumsum(numbers) - numbers
    return np.arange(numbers.sum()) - np.repeat(before, numbers)


class Usable(NamedTuple):
    """Which bins can be predicted.

    Attributes
    ----------
    fits : numpy.ndarray, shape (m,), bool
        Whether the window of a bin lies inside its sequence.
    known : numpy.ndarray, shape (m,), bool
        Whether it does, and enough of its bases are known.
    """

    fits: Flags
    known: Flags


def usable_bins(rows: Rows, stretches: list[Stretch], genome: Genome, tiling: Tiling) -> Usable:
    """Say which bins can be predicted.

    Parameters
    ----------
    rows : Rows
        As `cover` returns them.
    stretches : list of Stretch
        As given to it.
    genome : danq.genome.sequence.Genome
        The sequences.
    tiling : Tiling
        How they are covered.

    Returns
    -------
    Usable
    """
    window_start = rows.bin_start - tiling.flank
    lengths = np.array([genome.lengths[stretch.sequence] for stretch in stretches])
    fits = (window_start >= 0) & (window_start + tiling.window <= lengths[rows.bin_stretch])
    known = np.zeros(len(fits), dtype=bool)
    most_unknown = (1 - tiling.min_known) * tiling.window
    for sequence, bins in by_sequence(rows.bin_stretch, stretches, fits):
        n_unknown = genome.unknown_bases(sequence, window_start[bins], tiling.window)
        known[bins] = n_unknown <= most_unknown
    return Usable(fits, known)


def by_sequence(
    stretch_of: Integers, stretches: list[Stretch], chosen: Flags
) -> list[tuple[str, Integers]]:
    """Sort chosen bins or rows by their sequence.

    Parameters
    ----------
    stretch_of : numpy.ndarray, shape (n,), int64
        The stretch of each.
    stretches : list of Stretch
        What is covered.
    chosen : numpy.ndarray, shape (n,), bool
        Which to take.

    Returns
    -------
    list of (str, numpy.ndarray)
        Name of a sequence, and the ascending numbers of its bins; each sequence once, in the order
        of the stretches.
    """
    names = list(dict.fromkeys(stretch.sequence for stretch in stretches))
    numbers = {name: number for number, name in enumerate(names)}
    number_of = np.array([numbers[stretch.sequence] for stretch in stretches], dtype=np.int64)
    places = np.flatnonzero(chosen)
    sequences = number_of[stretch_of[places]]
    order = np.argsort(sequences, kind="stable")
    bounds = np.searchsorted(sequences[order], np.arange(len(names) + 1))
    found = []
    for name, first, last in zip(names, bounds[:-1], bounds[1:], strict=True):
        if first < last:
            found.append((name, places[order[first:last]]))
    return found


def rows_with_bins(rows: Rows, usable: Flags, tiling: Tiling) -> Integers:
    """Count the usable bins of each row.

    Parameters
    ----------
    rows : Rows
        As `cover` returns them.
    usable : numpy.ndarray, shape (m,), bool
        Which bins can be predicted.
    tiling : Tiling
        How the sequences are covered.

    Returns
    -------
    numpy.ndarray, shape (n,), int64
    """
    counts = np.zeros(len(rows.start), dtype=np.int64)
    for offset in range(tiling.bins_per_row):
        counts += usable[rows.first_bin + offset]
    return counts


def row_means(
    values: NDArray[np.floating], rows: Rows, usable: Flags, tiling: Tiling
) -> NDArray[np.floating]:
    """Average the predictions of the bins that cover each row.

    Parameters
    ----------
    values : numpy.ndarray, shape (..., m, T)
        Of every bin; those of unusable ones are not looked at.
    rows : Rows
        As `cover` returns them.
    usable : numpy.ndarray, shape (m,), bool
        Which bins were predicted.
    tiling : Tiling
        How the sequences are covered.

    Returns
    -------
    numpy.ndarray, shape (..., n, T)
        nan for a row without any bin.
    """
    if tiling.bins_per_row == 1:
        return np.where(usable[:, None], values, np.nan)
    shape = (*values.shape[:-2], len(rows.start), values.shape[-1])
    sums = np.zeros(shape, dtype=np.float64)
    for offset in range(tiling.bins_per_row):
        bins = rows.first_bin + offset
        sums += np.where(usable[bins, None], values[..., bins, :], 0)
    counts = rows_with_bins(rows, usable, tiling)
    means = np.full(shape, np.nan)
    np.divide(sums, counts[:, None], out=means, where=counts[:, None] > 0)
    return means.astype(values.dtype)
