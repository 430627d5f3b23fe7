"""Genome and peaks to labelled windows: `windows.fa.gz`, `windows.tsv` and the run's own `targets.tsv`.

The general step between the user's files and the dataset. Every file is read and checked before the first byte is
written; every bin that is left out is counted under its reason.
"""

import json
import sys
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from Bio import bgzf
from tqdm import tqdm

from danq import bins, inputs
from danq.errors import DanqError, shown
from danq.files import atomic, sha256, write_table
from danq.sequence import decode, open_genome

FORMAT = "danq-windows"


@dataclass(frozen=True)
class Plan:
    """What the user's files say, checked.

    Attributes
    ----------
    targets : list of danq.inputs.Target
    peaks : list of dict of str to numpy.ndarray, shape (n, 2)
        Intervals of each target by chromosome (bp, 0-based half-open).
    blacklist : dict of str to numpy.ndarray, shape (n, 2)
    valid, test : list of tuple of (str, int, int)
        Regions of the two splits.
    """

    targets: list
    peaks: list
    blacklist: dict
    valid: list
    test: list


def extract(genome, targets, blacklist, windows, fasta, table, *, bin_size, window, valid, test, train_bins, negatives,
            max_n, seed, where=None, assembly="unknown"):
    """Cut labelled windows out of a genome.

    Parameters
    ----------
    genome : path
        Genome FASTA: plain, gzip or BGZF.
    targets : path
        `targets.tsv`, see `danq.inputs.read_targets`.
    blacklist : path or None
        BED of regions; a bin that shares a base with one is left out.
    windows, fasta, table : path
        Made: one row per window (`chrom start end split labels`, labels as comma-separated target indices, ``.`` for
        none), the windows' letters (BGZF FASTA, named ``chrom:start-end``), and the targets with their counts.
    bin_size, window : int
        Lengths (bp).
    valid, test : list of str
        Regions of the splits; training takes the rest.
    train_bins : {"labelled", "sampled", "all"}
        Which training bins are kept. Validation and test keep every usable bin.
    negatives : float
        With "sampled": bins free of every target's peaks, per labelled bin.
    max_n : float
        Largest share of letters other than ACGT in a kept window.
    seed : int
        Seed of the sampled bins.
    where : dict of str to str, optional
        Which rows of `targets` to take.
    assembly : str
        Name of the assembly, written into the dataset.

    Raises
    ------
    DanqError
        Anything wrong in the files, regions that overlap, or a target or split without what it needs.
    """
    with open_genome(genome) as opened:
        plan = _plan(opened.lengths, targets, blacklist, valid, test, where)
        frame, labels, dropped = _all_windows(opened, plan, bin_size, window, max_n)
        keep = _kept(frame, labels, train_bins, negatives, np.random.default_rng(seed))
        dropped["unlabelled"] = int((~keep).sum())
        frame, labels = _select(frame, labels, keep)
        counts = _count_positives(frame, labels, plan.targets)
        facts = {"format": FORMAT, "version": 1, "window": window, "bin_size": bin_size, "assembly": assembly,
                 "targets": [target.name for target in plan.targets],
                 "source": _source(opened, genome, targets, blacklist, dropped, valid, test)}
        with atomic(windows) as windows_part, atomic(fasta) as fasta_part:
            _write_windows(windows_part, frame, labels, facts)
            _write_fasta(fasta_part, opened, frame, window)
            write_table(table, _targets_table(plan, counts))


def _plan(lengths, targets, blacklist, valid, test, where):
    """Read and check every file that is not the genome."""
    chosen = inputs.read_targets(targets, where)
    regions = [inputs.read_regions(texts, lengths) for texts in (valid, test)]
    clash = bins.overlapping(*regions)
    if clash:
        raise DanqError(f"validation region {_region(clash[0])} and test region {_region(clash[1])} overlap; "
                        "separate them")
    peaks = [inputs.read_bed(target.file, lengths) for target in tqdm(chosen, "peaks", unit="file", disable=None)]
    return Plan(chosen, peaks, inputs.read_bed(blacklist, lengths) if blacklist else {}, *regions)


def _region(region):
    return "{}:{}-{}".format(*region)


def _all_windows(genome, plan, bin_size, window, max_n):
    """Return every usable window of the genome, its labels as (row, target) pairs, and the drops by reason."""
    frames, pairs, dropped, n_rows = [], [], Counter(), 0
    for chrom in tqdm(genome.lengths, "windows", unit="chromosome", disable=None):
        frame, rows, columns = _chromosome(genome, chrom, plan, bin_size, window, max_n, dropped)
        frames.append(frame)
        pairs.append(np.column_stack([rows + n_rows, columns]))
        n_rows += len(frame)
    if n_rows == 0:
        raise DanqError(f"no usable window of {window} bp in the genome; dropped: {dict(dropped)}")
    return pd.concat(frames, ignore_index=True), np.concatenate(pairs), dropped


def _chromosome(genome, chrom, plan, bin_size, window, max_n, dropped):
    length = genome.lengths[chrom]
    n_bins = length // bin_size
    starts = np.arange(n_bins) * bin_size - (window - bin_size) // 2
    inside = (starts >= 0) & (starts + window <= length)
    codes = bins.split_codes(starts, window, length, *[_on(regions, chrom) for regions in (plan.valid, plan.test)])
    black = bins.touched_bins(plan.blacklist.get(chrom, np.empty((0, 2))), n_bins, bin_size)
    unknown = _unknown_letters(genome.codes(chrom), starts, window, inside) > max_n * window
    usable = np.ones(n_bins, dtype=bool)
    for reason, bad in (("beyond chromosome end", ~inside), ("blacklist", black), ("border", codes == bins.NOWHERE),
                        ("N", unknown)):
        dropped[reason] += int((usable & bad).sum())
        usable &= ~bad
    rows, columns, free = _labels(plan.peaks, chrom, n_bins, bin_size)
    frame = pd.DataFrame({"chrom": chrom, "start": starts, "code": codes, "free": free})[usable]
    new_row = np.cumsum(usable) - 1
    return frame, new_row[rows[usable[rows]]], columns[usable[rows]]


def _on(regions, chrom):
    return [(start, end) for name, start, end in regions if name == chrom]


def _unknown_letters(codes, starts, window, inside):
    """Count the letters other than ACGT in each window (0 for windows that leave the chromosome)."""
    before = np.concatenate([[0], np.cumsum(codes == 4)])
    counts = np.zeros(len(starts), dtype=np.int64)
    counts[inside] = before[starts[inside] + window] - before[starts[inside]]
    return counts


def _labels(peaks, chrom, n_bins, bin_size):
    """Return the labels of a chromosome as (bin, target) pairs, and the bins that no peak touches."""
    rows, columns, free = [], [], np.ones(n_bins, dtype=bool)
    for index, by_chrom in enumerate(peaks):
        intervals = by_chrom.get(chrom, np.empty((0, 2), dtype=np.int64))
        positive = bins.positive_bins(intervals, n_bins, bin_size)
        free &= ~bins.touched_bins(intervals, n_bins, bin_size)
        rows.append(positive)
        columns.append(np.full(len(positive), index))
    return np.concatenate(rows), np.concatenate(columns), free


def _kept(frame, labels, train_bins, negatives, rng):
    """Say which windows are kept (bool, shape (N,))."""
    labelled = np.zeros(len(frame), dtype=bool)
    labelled[labels[:, 0]] = True
    train = (frame["code"] == 0).to_numpy()
    keep = ~train | labelled
    if train_bins == "all":
        keep |= train
    elif train_bins == "sampled":
        free = train & ~labelled & frame["free"].to_numpy()
        keep |= bins.sample_negatives(free, round(negatives * int((train & labelled).sum())), rng)
    return keep


def _select(frame, labels, keep):
    new_row = np.cumsum(keep) - 1
    labels = labels[keep[labels[:, 0]]]
    labels = np.column_stack([new_row[labels[:, 0]], labels[:, 1]])
    return frame[keep].reset_index(drop=True), labels[np.lexsort((labels[:, 1], labels[:, 0]))]


def _count_positives(frame, labels, targets):
    """Count each target's positive windows by split, shape (3, T); refuse what cannot be trained or tested."""
    codes = frame["code"].to_numpy()
    totals = np.bincount(codes, minlength=len(bins.SPLITS))
    for split, total in zip(bins.SPLITS, totals, strict=True):
        if total == 0:
            raise DanqError(f"the {split} split has no usable window; change extract.valid or extract.test")
    counts = np.zeros((len(bins.SPLITS), len(targets)), dtype=np.int64)
    np.add.at(counts, (codes[labels[:, 0]], labels[:, 1]), 1)
    for split, total, positives in zip(bins.SPLITS, totals, counts, strict=True):
        for target, n_positive in zip(targets, positives, strict=True):
            if n_positive in (0, total):
                _tell_one_sided(target, split, "positive" if n_positive == 0 else "negative")
    return counts


def _tell_one_sided(target, split, missing):
    """Refuse a target that cannot be trained; warn of one that cannot be measured."""
    what = f"target {shown(target.name)} has no {missing} window in the {split} split"
    if split == "train":
        raise DanqError(f"{what}; remove it, or change the splits or extract.train_bins", target.file)
    print(f"warning: {target.file}: {what}; its metrics there will be NA; change the splits to measure it",
          file=sys.stderr)


def _source(genome, path, targets, blacklist, dropped, valid, test):
    """Return how the windows were made, as plain data for the dataset and the report."""
    files = {"genome": path, "targets": targets, "blacklist": blacklist}
    known = {name: {"path": str(file), "sha256": sha256(file)} for name, file in files.items() if file}
    return known | {"chromosomes": len(genome.lengths), "genome_length": sum(genome.lengths.values()),
                    "dropped": dict(dropped), "splits": {"valid": valid, "test": test}}


def _write_windows(path, frame, labels, facts):
    edges = np.searchsorted(labels[:, 0], np.arange(len(frame) + 1))
    columns = labels[:, 1].astype(str)
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"#{json.dumps(facts)}\nchrom\tstart\tend\tsplit\tlabels\n")
        for row, (chrom, start, code) in enumerate(zip(frame["chrom"], frame["start"], frame["code"], strict=True)):
            own = ",".join(columns[edges[row]:edges[row + 1]]) or "."
            out.write(f"{chrom}\t{start}\t{start + facts['window']}\t{bins.SPLITS[code]}\t{own}\n")


def _write_fasta(path, genome, frame, window):
    with bgzf.BgzfWriter(str(path), compresslevel=1) as out:
        for chrom, rows in tqdm(frame.groupby("chrom", sort=False), "letters", unit="chromosome", disable=None):
            letters = decode(genome.codes(chrom))
            for start in rows["start"]:
                out.write(f">{chrom}:{start}-{start + window}\n{letters[start:start + window]}\n")


def _targets_table(plan, counts):
    n_peaks = [sum(map(len, by_chrom.values())) for by_chrom in plan.peaks]
    return pd.DataFrame({
        "name": [target.name for target in plan.targets], "group": [target.group for target in plan.targets],
        "jaspar": [target.jaspar or "." for target in plan.targets],
        "file": [target.file for target in plan.targets], "sha256": [sha256(target.file) for target in plan.targets],
        "n_peaks": n_peaks, **dict(zip(bins.SPLITS, counts, strict=True))})
