"""Which bins become windows: usable ones that the settings ask for, and sampled negatives.

Every bin that is left out is counted under its reason.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.config import Extract
from danq.data.counts import listed
from danq.data.inputs import Files, Row, regions_on
from danq.data.shortfalls import Shortfall, shortfalls
from danq.errors import DanqError, shown, warn
from danq.genome.bins import (
    NOWHERE,
    SPLITS,
    gc_stratum,
    matched_numbers,
    sample_matched,
    sample_negatives,
    split_codes,
)
from danq.genome.contig_names import copies_warning
from danq.genome.tables import Region, Target, read_regions
from danq.progress import Bar

DROPPED = (
    "chromosome_left_out",
    "beyond_chromosome_end",
    "blacklist",
    "unmappable",
    "border",
    "unknown_bases",
    "unlabelled",
)
"""Why bins are left out, in the order of the checks; each bin counts once, under the first."""

_TRAIN = SPLITS.index("train")

NEGATIVES = "training bins free of every target's peaks (extract.negatives)"
GC_STEPS = "steps of GC content with all their negatives (extract.match_gc)"


class Choice(NamedTuple):
    """Which bins become windows.

    Attributes
    ----------
    codes : numpy.ndarray, shape (grid.n,), uint8
        Split of each bin as in `danq.genome.bins.SPLITS`, or `danq.genome.bins.NOWHERE`.
    dropped : dict of str to int
        Bins left out, by reason.
    positives : numpy.ndarray, shape (3, T), int64
        Positive windows of each target in each split.
    shortfalls : list of danq.data.shortfalls.Shortfall
        What was asked for and not reached.
    held_out : numpy.ndarray, shape (grid.n,), bool, or None
        Of all folds together: the bins of both other splits, which are training bins as well.
    """

    codes: NDArray[np.uint8]
    dropped: dict[str, int]
    positives: NDArray[np.int64]
    shortfalls: list[Shortfall]
    held_out: NDArray[np.bool_] | None = None

    def bins_of(self, code: int, bins: slice = slice(None)) -> NDArray[np.bool_]:
        """Return which bins are windows of a split.

        Parameters
        ----------
        code : int
            Of the split.
        bins : slice
            Bins to look at.

        Returns
        -------
        numpy.ndarray, bool
        """
        if self.held_out is not None and code != _TRAIN:
            return self.held_out[bins]
        return self.codes[bins] == code

    def windows(self) -> dict[str, int]:
        """Return the number of windows of each split."""
        totals = [int(np.count_nonzero(self.bins_of(code))) for code in range(len(SPLITS))]
        return dict(zip(SPLITS, totals, strict=True))

    def lines(self) -> list[str]:
        """Return how many windows there are, and what was left out, as lines of a log."""
        dropped = {reason: number for reason, number in self.dropped.items() if number}
        lines = [f"windows: {listed(self.windows())}"]
        lines.append(f"bins left out: {listed(dropped) or 'none'}")
        return [*lines, *(f"fewer than asked for: {short.line}" for short in self.shortfalls)]

    def facts(self) -> dict[str, Any]:
        """Return what a dataset says of the choice, plain values."""
        rows = [shortfall._asdict() for shortfall in self.shortfalls]
        return {"dropped": self.dropped, "shortfalls": rows}


def choose(files: Files, settings: Extract, *, warns: bool = True) -> Choice:
    """Choose the bins that become windows.

    Parameters
    ----------
    files : danq.data.inputs.Files
        The user's files, read.
    settings : danq.config.Extract
        Which bins to keep.
    warns : bool
        Whether to warn of contigs that repeat others: once is enough of several folds.

    Returns
    -------
    Choice
        The split of each bin, and what was left out.

    Raises
    ------
    DanqError
        No bin can be used, or a chromosome or group that is not there.
    """
    _refuse_unknown_chromosomes(files, settings)
    dropped = Counter(dict.fromkeys(DROPPED, 0))
    codes = np.full(files.labels.grid.n, NOWHERE, dtype=np.uint8)
    for row in Bar(files.rows(), "windows", unit="chromosome"):
        if settings.chromosomes and row.chrom not in settings.chromosomes:
            dropped["chromosome_left_out"] += row.bins.stop - row.bins.start
        else:
            codes[row.bins] = _usable_codes(files, row, settings, dropped)
    usable = codes != NOWHERE
    if not usable.any():
        what = f"no usable window of {settings.window} bp in the genome"
        raise DanqError(f"{what}; dropped: {listed(dropped)}")
    keep = _wanted(files, codes, settings)
    missing: list[Shortfall] = []
    if settings.train_bins == "sampled":
        sample = _sampled(files, codes, keep, settings)
        keep |= sample.chosen
        missing = shortfalls(sample.asked)
    dropped["unlabelled"] = int(np.count_nonzero(usable & ~keep))
    codes[~keep] = NOWHERE
    if warns:
        _warn_of_copies(files, codes)
    positives = files.labels.counts(codes)[: len(SPLITS)]
    return Choice(codes, dict(dropped), positives, missing)


def _warn_of_copies(files: Files, codes: NDArray[np.uint8]) -> None:
    """Warn of contigs with windows whose names say that they repeat others."""
    used = [row.chrom for row in files.rows() if (codes[row.bins] != NOWHERE).any()]
    warning = copies_warning(list(dict.fromkeys(used)))
    if warning:
        warn(warning)


def choose_all(files: Files, settings: Extract, sets: Sequence[Sequence[Region]]) -> Choice:
    """Choose the bins of all folds together: every one is for training, and held out as well.

    Parameters
    ----------
    files : danq.data.inputs.Files
        The user's files, read, without a validation or test region.
    settings : danq.config.Extract
        Which bins to keep.
    sets : sequence of sequence of danq.genome.tables.Region
        What each fold tests on.

    Returns
    -------
    Choice
        Its training bins are those of a genome that is all for training. Of the two other splits,
        each has the bins that any fold tests.

    Raises
    ------
    DanqError
        As `choose`.
    """
    choice = choose(files, settings)
    tested = [region for regions in sets for region in regions]
    test_code = SPLITS.index("test")
    held_out = choose(files._replace(test=tested), settings, warns=False).codes == test_code
    codes = np.where(held_out, test_code, NOWHERE).astype(np.uint8)
    in_tests = files.labels.counts(codes)[test_code]
    positives = np.stack([choice.positives[_TRAIN], in_tests, in_tests])
    return choice._replace(positives=positives, held_out=held_out)


def labelled_bins(files: Files, settings: Extract) -> dict[str, int]:
    """Count the bins with a label on each chromosome that is used, of those side by side.

    Parameters
    ----------
    files : danq.data.inputs.Files
        The user's files, read.
    settings : danq.config.Extract
        Which bins to keep.

    Returns
    -------
    dict of str to int
        By chromosome, in the order of the genome. Bins on a blacklist, or that cannot be mapped, do
        not count.
    """
    _refuse_unknown_chromosomes(files, settings)
    labelled = files.labels.labelled(_in_groups(files.targets, settings.groups))
    usable = labelled & ~files.blacklist & ~files.unmappable
    counts = {}
    for row in files.rows():
        is_used = not settings.chromosomes or row.chrom in settings.chromosomes
        if is_used and row.shift == 0:
            counts[row.chrom] = int(np.count_nonzero(usable[row.bins]))
    return counts


def _refuse_unknown_chromosomes(files: Files, settings: Extract) -> None:
    lengths = files.genome.lengths
    unknown = [chrom for chrom in settings.chromosomes if chrom not in lengths]
    if unknown:
        read_regions(unknown[:1], lengths)  # raises the error that names the genome's chromosomes


def _usable_codes(
    files: Files, row: Row, settings: Extract, dropped: Counter[str]
) -> NDArray[np.uint8]:
    """Return the split codes of a row of bins, `NOWHERE` for unusable ones, which are counted."""
    length = files.genome.lengths[row.chrom]
    starts = row.window_starts(settings)
    ends = starts + settings.window
    inside = (starts >= 0) & (ends <= length)
    valid = regions_on(row.chrom, files.valid)
    test = regions_on(row.chrom, files.test)
    codes = split_codes(starts, settings.window, length, valid, test)
    reasons = {"beyond_chromosome_end": ~inside}
    reasons["blacklist"] = files.blacklist[row.bins]
    reasons["unmappable"] = files.unmappable[row.bins]
    reasons["border"] = codes == NOWHERE
    reasons["unknown_bases"] = _mostly_unknown(files, row.chrom, starts, inside, settings)
    # The rows that a stride adds are for training only: held-out bins never overlap.
    held_out = (codes != _TRAIN) & (codes != NOWHERE)
    usable = ~held_out | (row.shift == 0)
    for reason, applies in reasons.items():
        dropped[reason] += int(np.count_nonzero(usable & applies))
        usable &= ~applies
    codes[~usable] = NOWHERE
    return codes


def _mostly_unknown(
    files: Files,
    chrom: str,
    starts: NDArray[np.int64],
    inside: NDArray[np.bool_],
    settings: Extract,
) -> NDArray[np.bool_]:
    """Return which windows hold a larger share of bases other than ACGT than allowed."""
    too_many = np.zeros(len(starts), dtype=bool)
    counts = files.genome.unknown_bases(chrom, starts[inside], settings.window)
    shares = counts / settings.window
    too_many[inside] = shares > settings.max_n
    return too_many


def _wanted(files: Files, codes: NDArray[np.uint8], settings: Extract) -> NDArray[np.bool_]:
    """Return which usable bins are kept, bool (grid.n,), apart from sampled ones."""
    keep = codes != NOWHERE
    groups = _in_groups(files.targets, settings.groups)
    if settings.train_bins == settings.held_out_bins == "all":
        return keep
    labelled = files.labels.labelled(groups)
    train = codes == _TRAIN
    if settings.train_bins != "all":
        keep &= ~train | labelled
    if settings.held_out_bins != "all":
        keep &= train | labelled
    return keep


def _in_groups(targets: list[Target], groups: list[str]) -> NDArray[np.bool_] | None:
    """Return which targets belong to some groups, bool (T,), or None for all."""
    known = sorted({target.group for target in targets})
    for group in groups:
        if group not in known:
            choices = ", ".join(map(shown, known))
            what = f"no target of the group {shown(group)}; there are {choices}"
            raise DanqError(f"{what}; fix extract.groups, or the table of targets")
    if not groups:
        return None
    return np.array([target.group in groups for target in targets])


class _Sample(NamedTuple):
    """Sampled bins, bool (grid.n,), and what was asked for."""

    chosen: NDArray[np.bool_]
    asked: list[Shortfall]


def _sampled(
    files: Files, codes: NDArray[np.uint8], keep: NDArray[np.bool_], settings: Extract
) -> _Sample:
    """Sample training bins that no peak of any target touches."""
    rng = np.random.default_rng(settings.seed)
    train = codes == _TRAIN
    wanted = keep & train
    free = train & ~keep & ~files.labels.touched()
    if settings.match_gc:
        gc = _gc_content(files, wanted | free, settings)
        chosen = sample_matched(free, wanted, settings.negatives, gc, rng)
        numbers = matched_numbers(wanted, settings.negatives, gc)
        return _Sample(chosen, _matched(numbers, chosen, gc))
    number = round(settings.negatives * int(np.count_nonzero(wanted)))
    chosen = sample_negatives(free, number, rng)
    return _Sample(chosen, [Shortfall(NEGATIVES, number, int(np.count_nonzero(chosen)))])


def _matched(
    asked: NDArray[np.int64], chosen: NDArray[np.bool_], gc: NDArray[np.float64]
) -> list[Shortfall]:
    """Compare the numbers asked for in each step of GC content with the chosen bins."""
    reached = np.bincount(gc_stratum(gc[chosen]), minlength=len(asked))
    steps = asked > 0
    full = steps & (reached >= asked)
    return [
        Shortfall(NEGATIVES, int(asked.sum()), int(reached.sum())),
        Shortfall(GC_STEPS, int(np.count_nonzero(steps)), int(np.count_nonzero(full))),
    ]


def _gc_content(files: Files, bins: NDArray[np.bool_], settings: Extract) -> NDArray[np.float64]:
    """Return the GC content (0 to 1) of the windows of some bins; 0 for the other bins."""
    gc = np.zeros(len(bins))
    for row in files.rows():
        numbers = np.flatnonzero(bins[row.bins])
        starts = row.window_starts(settings)[numbers]
        counts = files.genome.gc(row.chrom, starts, settings.window)
        gc[row.bins][numbers] = counts / settings.window
    return gc
