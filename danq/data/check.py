"""All of the user's files, looked at before anything long begins."""

import json

import numpy as np

from danq.data.dataset import total_counts
from danq.data.extract import choose, read_files, refuse_one_sided
from danq.files import write_text
from danq.genome import bins


def check(
    genome,
    targets,
    output,
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
    downloads=None,
    checksums=None,
):
    """Read every file as `danq.data.extract.extract` will, and say what is wrong in all of them at once.

    Parameters
    ----------
    genome, targets, bin_size, window, ..., checksums
        As `danq.data.extract.extract`.
    output : path
        Made when nothing is wrong: what was found (JSON).

    Raises
    ------
    DanqErrors
        Everything that is wrong, a line each.
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
    totals = np.bincount(choice.codes, minlength=256)[: len(bins.SPLITS)].tolist()
    found = {
        "windows": dict(zip(bins.SPLITS, totals, strict=True)),
        "dropped": choice.dropped,
        **files.source,
    }
    _tell(files, found)
    write_text(output, json.dumps(found, indent=1) + "\n")


def _tell(files, found):
    """Print what was found, in a few lines."""
    lengths = files.genome.lengths
    print(f"genome: {len(lengths)} chromosomes, {sum(lengths.values()):,} bp")
    print(f"targets: {len(files.targets)}, with {sum(files.n_peaks):,} peaks")
    print("windows: " + ", ".join(f"{split} {n:,}" for split, n in found["windows"].items()))
    print(
        "bins left out: "
        + (", ".join(f"{reason} {n:,}" for reason, n in found["dropped"].items() if n) or "none")
    )
    for what, (n, _) in total_counts(found).items():
        print(f"{what}: {n:,}")
