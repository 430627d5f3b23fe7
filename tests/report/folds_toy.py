"""A made-up run in folds: that of `toy_run`, its trainings once in each fold."""

import shutil

import numpy as np

from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.evaluation.components import WINDOWS_SEEDS_AND_FOLDS
from danq.files import read_table, write_table
from danq.genome.bins import SPLITS
from tests.report.toy_run import make_records, write_run

SETS = [["chrIII:0-3000"], ["chrIII:3000-6000"], ["chrIII:6000-2157105"]]
SMALL = {"names": ["A", "B"], "groups": ["g", "g"], "undefined": (), "n_filters": 3}


def write_folds(folder, **options):
    """Write what the stages leave of a run in three folds; return its folder."""
    write_run(folder, **{**SMALL, **options})
    for made in [*folder.rglob(".made")]:
        shutil.rmtree(made)
    for training in [*folder.glob("*/seed*")]:
        for fold in range(len(SETS)):
            copy = folder / f"fold{fold}" / training.relative_to(folder)
            shutil.copytree(training, copy)
            if fold:
                (copy / "matches.tsv").unlink()
        shutil.rmtree(training)
    rng = np.random.default_rng(1)
    _add_folds(folder / "metrics.tsv", "auprc", rng)
    _add_folds(folder / "comparison.tsv", "difference", rng)
    comparison = read_table(folder / "comparison.tsv")
    covers = {"covers": WINDOWS_SEEDS_AND_FOLDS, "fold_sd": 0.01, "n_folds": 3}
    changed = comparison.assign(**covers, sampling_sd=np.nan)
    write_table(folder / "comparison.tsv", changed)
    _say_folds(folder / "dataset.h5")
    return make_records(folder)


def _add_folds(path, column, rng):
    """Add columns of each fold, whose mean is that column."""
    table = read_table(path)
    noise = rng.normal(0, 0.01, (len(SETS), len(table)))
    noise -= noise.mean(axis=0)
    for fold, shift in enumerate(noise):
        table[f"{column}_fold{fold}"] = table[column] + shift
    write_table(path, table)


def _say_folds(path):
    """Write the dataset anew as one of all folds."""
    old = path.with_name("old.h5")
    path.rename(old)
    with open_dataset(old) as data:
        rows = []
        for split in SPLITS:
            chrom = data.positions(split).chrom
            rows.append(np.bincount(chrom, minlength=len(data.chromosomes)))
        source = {**data.source, "folds": SETS}
        del source["splits"]
        with create_dataset(
            path,
            window=data.window,
            bin_size=data.bin_size,
            targets=list(zip(data.names, data.groups, data.jaspar, strict=True)),
            chromosomes=data.chromosomes,
            rows=rows,
            assembly=data.attributes["assembly"],
            source=source,
        ) as writer:
            for split in SPLITS:
                writer.append(split, *data.packed_windows(split))
    old.unlink()
