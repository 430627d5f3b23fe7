"""Genome and peaks to `dataset.h5`: which bins, their labels, and the bases of their windows.

Every file is read and checked before the first byte is written; every bin that is left out is counted under its reason,
and every liberty taken in reading a file under its name. The genome stays packed in memory, and windows are slices of
it: nothing is written in between. `danq.data.check` asks the same questions and writes nothing.
"""

import os
import sys
from collections import Counter
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from danq.data.dataset import create_dataset
from danq.errors import DanqError, DanqErrors, shown
from danq.files import write_text
from danq.genome import bins, sources
from danq.genome import tables as inputs
from danq.genome.fasta import read_genome
from danq.genome.peaks import Chromosomes, read_peaks
from danq.genome.sequence import Genome

_BINS = 1 << 16  # bins labelled and written at once

DROPPED = (
    "chromosome left out",
    "beyond chromosome end",
    "blacklist",
    "unmappable",
    "border",
    "N",
    "unlabelled",
)
"""Why bins are left out, in the order in which the reasons are looked at; each bin counts once."""


class Files(NamedTuple):
    """The user's files, read and checked.

    Attributes
    ----------
    genome : danq.genome.sequence.Genome
    targets : list of danq.genome.tables.Target
    labels : danq.genome.bins.Labels
        Of all targets, in all bins.
    blacklist, unmappable : numpy.ndarray, shape (grid.n,), bool
        Bins that share a base with the blacklist; bins of which more than half is unmappable.
    valid, test : list of tuple of (str, int, int)
        Regions of the two splits.
    n_peaks : list of int
        Intervals in the file of each target.
    source : dict
        Path and checksum of each file, and what was counted in it.
    """

    genome: Genome
    targets: list
    labels: bins.Labels
    blacklist: np.ndarray
    unmappable: np.ndarray
    valid: list
    test: list
    n_peaks: list
    source: dict


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
    """

    codes: np.ndarray
    dropped: dict
    positives: np.ndarray


def extract(
    genome,
    targets,
    output,
    table,
    *,
    bin_size,
    window,
    valid,
    test,
    chromosomes,
    train_bins,
    held_out_bins,
    groups,
    negatives,
    match_gc,
    max_n,
    seed,
    stride=None,
    blacklist=(),
    unmappable=(),
    aliases=None,
    where=None,
    assembly="unknown",
    downloads=None,
    checksums=None,
):
    """Cut labelled windows out of a genome.

    Parameters
    ----------
    genome : path
        Genome FASTA: plain, gzip or BGZF.
    targets : path
        `targets.tsv`, see `danq.genome.tables.read_targets`.
    output, table : path
        Made: `dataset.h5`, and the targets with their counts (TSV).
    bin_size, window : int
        Lengths (bp).
    valid, test : list of str
        Regions of the splits; training takes the rest.
    chromosomes : list of str
        Chromosomes to take windows from; empty for all.
    train_bins : {"labelled", "sampled", "all"}
        Which training bins are kept.
    held_out_bins : {"labelled", "all"}
        Which validation and test bins are kept.
    groups : list of str
        Groups of targets whose labels make a bin labelled; empty for any.
    negatives : float
        With "sampled": bins free of every target's peaks, per labelled bin.
    match_gc : bool
        With "sampled": draw them with the GC content of the labelled ones.
    max_n : float
        Largest share of bases other than ACGT in a kept window.
    seed : int
        Seed of the sampled bins.
    stride : int, optional
        From the start of a training bin to that of the next (bp): a divisor of `bin_size`, which it is by default.
        Validation and test bins always lie side by side.
    blacklist, unmappable : list of path
        BED files; a bin that shares a base with the first, or has more than half of its bases in the second, is left
        out.
    aliases : path, optional
        Table of other chromosome names, see `danq.genome.tables.read_aliases`.
    where : dict of str to str, optional
        Which rows of `targets` to take.
    assembly : str
        Name of the assembly, written into the dataset.
    downloads : path, optional
        Folder of the files that `targets` names by URL.
    checksums : dict of str to dict, optional
        Checksums that files must have (path to kind to checksum), beside those in `targets`.

    Raises
    ------
    DanqError, DanqErrors
        Anything wrong in the files, all of it at once; regions that overlap, or a target or split without what it
        needs.
    """
    files = read_files(
        genome,
        targets,
        bin_size=bin_size,
        stride=stride,
        valid=valid,
        test=test,
        blacklist=blacklist,
        unmappable=unmappable,
        aliases=aliases,
        where=where,
        downloads=downloads,
        checksums=checksums,
    )
    choice = choose(
        files,
        window=window,
        chromosomes=chromosomes,
        train_bins=train_bins,
        held_out_bins=held_out_bins,
        groups=groups,
        negatives=negatives,
        match_gc=match_gc,
        max_n=max_n,
        seed=seed,
    )
    refuse_one_sided(files, choice)
    source = files.source | {"dropped": choice.dropped, "splits": {"valid": valid, "test": test}}
    grid = files.labels.grid
    rows = [
        np.add.reduceat(choice.codes == code, grid.offsets[: -1 : grid.rows], dtype=np.int64)
        for code in range(3)
    ]
    with create_dataset(
        output,
        window=window,
        bin_size=bin_size,
        chromosomes=files.genome.lengths,
        rows=rows,
        targets=[(target.name, target.group, target.jaspar) for target in files.targets],
        assembly=assembly,
        source=source,
    ) as writer:
        _write_windows(writer, files, choice.codes, window)
    write_text(table, _table(files, choice))


class _Errors:
    """Calls what may fail, and keeps what is wrong until all has been looked at."""

    def __init__(self):
        self.found = []

    def call(self, function, *arguments, **options):
        """Return what the function returns, or None when it refuses its input."""
        try:
            return function(*arguments, **options)
        except DanqError as error:
            self.found.append(error)
            return None

    def stop(self):
        """Refuse all that was found, if anything."""
        if self.found:
            # Two targets may have one file: what is wrong with it is said once.
            raise DanqErrors(
                dict.fromkeys(line for error in self.found for line in str(error).splitlines())
            )


def read_files(
    genome,
    targets,
    *,
    bin_size,
    valid,
    test,
    stride=None,
    blacklist=(),
    unmappable=(),
    aliases=None,
    where=None,
    downloads=None,
    checksums=None,
):
    """Read and check every file; parameters as `extract`.

    Returns
    -------
    Files

    Raises
    ------
    DanqErrors
        What is wrong in any of the files. Peaks are checked as text even when the genome cannot be read.
    """
    errors = _Errors()
    chosen = errors.call(inputs.read_targets, targets, where, downloads) or []
    others = {
        "genome": [genome],
        "targets": [targets],
        "blacklist": blacklist,
        "unmappable": unmappable,
        "aliases": [aliases] if aliases else [],
    }
    source = _provenance(others, chosen, checksums or {}, errors)
    errors.stop()
    packed, counted = errors.call(read_genome, genome) or (None, {})
    source["counts"] = {str(genome): counted}
    names = errors.call(_chromosomes, packed, aliases) if packed else None
    regions = errors.call(_regions, packed.lengths, valid, test) if packed else None
    grid = bins.Grid(names.lengths if names else [bin_size], bin_size, stride)
    labels, told = bins.Labels(grid, len(chosen)), []
    errors.call(_label, labels, chosen, names, told)
    excluded = [
        errors.call(_covered, paths, names, grid, source["counts"], what)
        for paths, what in ((blacklist, "blacklist"), (unmappable, "unmappable"))
    ]
    errors.stop()
    for target, counts in zip(chosen, told, strict=True):
        source["counts"].setdefault(target.file, dict(counts))
    return Files(
        packed,
        chosen,
        labels,
        excluded[0] > 0,
        2 * excluded[1] > bin_size,
        *regions,
        [counts["intervals"] for counts in told],
        source,
    )


def _provenance(others, targets, checksums, errors):
    """Return path and checksum of each file, having checked those that are known."""

    def describe(path, expected, **more):
        checksum = errors.call(sources.verified, path, expected)
        return {"path": str(path), "sha256": checksum, **more}

    given, found = {os.path.realpath(path): own for path, own in checksums.items()}, {}
    for role, paths in others.items():
        for place, path in enumerate(paths, 1):
            key = role if len(paths) == 1 else f"{role} {place}"
            found[key] = describe(path, given.pop(os.path.realpath(path), {}))
    peaks = [
        (target, target.checksums | given.get(os.path.realpath(target.file), {}))
        for target in targets
    ]
    found["peaks"] = [
        describe(target.file, expected, source=target.source)
        for target, expected in tqdm(peaks, "checksums", unit="file", disable=None)
    ]
    for path in given.keys() - {os.path.realpath(target.file) for target in targets}:
        errors.found.append(
            DanqError(
                "a checksum is given for this file, which is not among the files that are read; "
                "correct the path",
                path,
            )
        )
    return found


def _chromosomes(genome, aliases):
    known = inputs.read_aliases(aliases, list(genome.lengths)) if aliases else {}
    return Chromosomes(genome.lengths, known)


def _regions(lengths, valid, test):
    regions = [inputs.read_regions(texts, lengths) for texts in (valid, test)]
    clash = bins.overlapping(*regions)
    if clash:
        raise DanqError(
            f"validation region {_region(clash[0])} and test region {_region(clash[1])} overlap; "
            "separate them"
        )
    return regions


def _region(region):
    return "{}:{}-{}".format(*region)


def _label(labels, targets, names, told):
    """Read all peaks into the labels."""
    for peaks in read_peaks(
        [target.file for target in targets],
        names,
        told=told,
        widen=[target.widen for target in targets],
    ):
        labels.add(peaks.file, peaks.chrom, peaks.start, peaks.end)


def _covered(paths, names, grid, counts, what):
    """Return how many bases of each bin lie in the union of some BED files."""
    told, found = [], []
    for peaks in read_peaks(paths, names, told=told, progress=what, regions=True):
        found.append(peaks)
    for path, counted in zip(paths, told, strict=True):
        counts[str(path)] = dict(counted)
    if not found:
        return np.zeros(grid.n, dtype=np.int64)
    chrom, start, end = (
        np.concatenate(parts)
        for parts in zip(*((one.chrom, one.start, one.end) for one in found), strict=True)
    )
    return bins.coverage(chrom, start, end, grid)


def choose(
    files,
    *,
    window,
    chromosomes,
    train_bins,
    held_out_bins,
    groups,
    negatives,
    match_gc,
    max_n,
    seed,
):
    """Choose the bins that become windows; parameters as `extract`.

    Returns
    -------
    Choice

    Raises
    ------
    DanqError
        No bin can be used, or a chromosome or group that is not there.
    """
    grid, dropped = files.labels.grid, Counter(dict.fromkeys(DROPPED, 0))
    codes = np.full(grid.n, bins.NOWHERE, dtype=np.uint8)
    unknown = [name for name in chromosomes if name not in files.genome.lengths]
    if unknown:
        inputs.read_regions(
            unknown[:1], files.genome.lengths
        )  # refuses it, saying what the genome has
    for row, chrom in enumerate(tqdm(_rows(files), "windows", unit="chromosome", disable=None)):
        own = slice(grid.offsets[row], grid.offsets[row] + grid.counts[row])
        if chromosomes and chrom not in chromosomes:
            dropped["chromosome left out"] += int(grid.counts[row])
        else:
            codes[own] = _usable(files, chrom, own, int(grid.shifts[row]), window, max_n, dropped)
    if (codes == bins.NOWHERE).all():
        raise DanqError(f"no usable window of {window} bp in the genome; dropped: {dict(dropped)}")
    keep = _kept(files, codes, train_bins, held_out_bins, _in_groups(files.targets, groups))
    if train_bins == "sampled":
        keep |= _negatives(
            files, codes, keep, window, negatives, match_gc, np.random.default_rng(seed)
        )
    dropped["unlabelled"] = int(np.count_nonzero(~keep & (codes != bins.NOWHERE)))
    codes[~keep] = bins.NOWHERE
    return Choice(codes, dict(dropped), files.labels.counts(codes)[: len(bins.SPLITS)])


def _rows(files):
    """Return the chromosome of each row of the grid."""
    return [chrom for chrom in files.genome.lengths for _ in range(files.labels.grid.rows)]


def _usable(files, chrom, own, shift, window, max_n, dropped):
    """Return the split codes of a row of bins, `NOWHERE` for those that cannot be used, and count these."""
    length, size = files.genome.lengths[chrom], files.labels.grid.bin_size
    starts = _starts(own.stop - own.start, size, window) + shift
    inside = (starts >= 0) & (starts + window <= length)
    codes = bins.split_codes(
        starts, window, length, *[_on(regions, chrom) for regions in (files.valid, files.test)]
    )
    unknown = np.zeros(len(starts), dtype=bool)
    unknown[inside] = files.genome.unknown_bases(chrom, starts[inside], window) / window > max_n
    # The rows that a stride adds are for training: what lies in a held-out region is no bin of theirs.
    usable = (codes == 0) | (codes == bins.NOWHERE) | (shift == 0)
    for reason, bad in (
        ("beyond chromosome end", ~inside),
        ("blacklist", files.blacklist[own]),
        ("unmappable", files.unmappable[own]),
        ("border", codes == bins.NOWHERE),
        ("N", unknown),
    ):
        dropped[reason] += int(np.count_nonzero(usable & bad))
        usable &= ~bad
    codes[~usable] = bins.NOWHERE
    return codes


def _starts(n_bins, bin_size, window):
    """Return where the windows of bins side by side start (bp); they may leave the chromosome."""
    return np.arange(n_bins) * bin_size - (window - bin_size) // 2


def _on(regions, chrom):
    return [(start, end) for name, start, end in regions if name == chrom]


def _in_groups(targets, groups):
    """Return which targets belong to some groups (bool, (T,)), or None for all."""
    known = {target.group for target in targets}
    missing = [group for group in groups if group not in known]
    if missing:
        raise DanqError(
            f"no target of the group {shown(missing[0])}; there are {', '.join(map(shown, sorted(known)))}"
            "; fix extract.groups, or the table of targets"
        )
    return np.array([target.group in groups for target in targets]) if groups else None


def _kept(files, codes, train_bins, held_out_bins, targets):
    """Say which usable bins are kept (bool, (grid.n,)), apart from sampled ones."""
    keep, train = codes != bins.NOWHERE, codes == 0
    if train_bins == held_out_bins == "all":
        return keep
    labelled = files.labels.labelled(targets)
    if train_bins != "all":
        keep &= ~train | labelled
    if held_out_bins != "all":
        keep &= train | labelled
    return keep


def _negatives(files, codes, keep, window, ratio, match_gc, rng):
    """Sample training bins that no peak of any target touches (bool, (grid.n,))."""
    wanted = keep & (codes == 0)
    free = (codes == 0) & ~keep & ~files.labels.touched()
    if not match_gc:
        return bins.sample_negatives(free, round(ratio * int(np.count_nonzero(wanted))), rng)
    gc = np.zeros(len(codes))
    grid = files.labels.grid
    for row, chrom in enumerate(_rows(files)):
        own = slice(grid.offsets[row], grid.offsets[row] + grid.counts[row])
        rows = np.flatnonzero((wanted | free)[own])
        starts = (_starts(grid.counts[row], grid.bin_size, window) + grid.shifts[row])[rows]
        gc[own][rows] = files.genome.gc(chrom, starts, window) / window
    return bins.sample_matched(free, wanted, ratio, gc, rng)


def refuse_one_sided(files, choice):
    """Refuse splits and targets that cannot be trained on; warn of targets that cannot be measured.

    Raises
    ------
    DanqErrors
        A split without a window, or a target whose training windows are all positive or all negative: all of them.
    """
    totals = np.bincount(choice.codes, minlength=256)[: len(bins.SPLITS)]
    errors = [
        f"the {split} split has no usable window; change extract.valid or extract.test"
        for split, total in zip(bins.SPLITS, totals, strict=True)
        if total == 0
    ]
    if errors:
        raise DanqErrors(errors)
    warnings = []
    for split, total, positives in zip(bins.SPLITS, totals, choice.positives, strict=True):
        for index in np.flatnonzero((positives == 0) | (positives == total)):
            target = files.targets[index]
            what = "positive" if positives[index] == 0 else "negative"
            text = f"{target.file}: target {shown(target.name)} has no {what} window in the {split} split"
            if split == "train":
                errors.append(f"{text}; remove it, or change the splits or extract.train_bins")
            else:
                warnings.append(
                    f"warning: {text}; its metrics there will be NA; change the splits to measure it"
                )
    for warning in warnings:
        print(warning, file=sys.stderr)
    if errors:
        raise DanqErrors(errors)


def _write_windows(writer, files, codes, window):
    """Write the windows of all kept bins, chromosome by chromosome."""
    grid, names = files.labels.grid, _rows(files)
    with tqdm(total=grid.n, desc="write", unit="bin", unit_scale=True, disable=None) as bar:
        for first in range(0, grid.n, _BINS):
            last = min(first + _BINS, grid.n)
            labels = files.labels.packed(first, last)
            place = int(np.searchsorted(grid.offsets, first, side="right")) - 1
            while place < len(names) and grid.offsets[place] < last:
                own = slice(max(first, grid.offsets[place]), min(last, grid.offsets[place + 1]))
                starts = (
                    _starts(own.stop - grid.offsets[place], grid.bin_size, window)
                    + grid.shifts[place]
                )
                _write_row(
                    writer,
                    files.genome,
                    names[place],
                    labels[own.start - first : own.stop - first],
                    codes[own],
                    starts[own.start - grid.offsets[place] :],
                    window,
                )
                place += 1
            bar.update(last - first)


def _write_row(writer, genome, chrom, labels, codes, starts, window):
    """Write the windows that begin at `starts` on a chromosome, each to the split of its code."""
    for code, split in enumerate(bins.SPLITS):
        rows = np.flatnonzero(codes == code)
        if len(rows):
            writer.append(
                split, genome.windows(chrom, starts[rows], window), labels[rows], starts[rows]
            )


def _table(files, choice):
    """Return the run's own table of targets: what was asked for, what it is made of, and its counts."""
    lines = ["\t".join(("name", "group", "jaspar", "file", "sha256", "n_peaks", *bins.SPLITS))]
    for index, (target, known) in enumerate(zip(files.targets, files.source["peaks"], strict=True)):
        counts = [files.n_peaks[index], *choice.positives[:, index].tolist()]
        lines.append(
            "\t".join(
                (
                    target.name,
                    target.group,
                    target.jaspar or ".",
                    target.file,
                    known["sha256"],
                    *map(str, counts),
                )
            )
        )
    return "\n".join(lines) + "\n"
