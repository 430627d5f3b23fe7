"""How fast danq's data path is, beside other programs and the limits, measured in one run.

    python benchmarks/data.py --data FOLDER [--peers PYTHON]

FOLDER is made by `make_data.py`; PYTHON is an interpreter in whose environment the peers are
installed as `requirements-peers.txt` says (without it, only danq is measured). Each task is a fresh
process on one thread; times are CPU seconds (user and system, of the process and its children,
imports excluded; for the whole step, included). Results are compared by checksum before they are
compared by time.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
from peers import (
    BATCH,
    ROWS,
    WINDOW,
    chromosomes,
    h5_files,
    median_of,
    n_bins,
    sha256,
    window_places,
)

PEERS = {
    "labels": ["labels-limit", "labels-selene", "labels-polars-bio", "labels-bedtools"],
    "windows": [
        "windows-memcpy",
        "windows-selene",
        "windows-tangermeme",
        "windows-tangermeme-packed",
    ],
    "batches": ["batches-selene-packed", "batches-selene-uint8", "batches-selene-uint8-batch"],
}


def main():
    """Measure one task of danq, or everything and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder made by make_data.py")
    parser.add_argument("--peers", help="interpreter of the environment with the peers")
    parser.add_argument("--task", choices=TASKS, help="measure only this, and print JSON")
    arguments = parser.parse_args()
    if arguments.task:
        print(
            json.dumps(
                {"task": arguments.task, "peer": "danq", **TASKS[arguments.task](arguments.data)}
            )
        )
        return
    for task in TASKS:
        rows = [run(sys.executable, __file__, "--task", task, "--data", arguments.data)]
        if arguments.peers:
            script = Path(__file__).with_name("peers.py")
            rows += [
                run(arguments.peers, "-W", "ignore", script, peer, "--data", arguments.data)
                for peer in PEERS.get(task, [])
            ]
        show(task, rows)


def run(*command):
    """Run a task in a process of its own; return its results."""
    process = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    return json.loads(process.stdout.splitlines()[-1])


def show(task, rows):
    """Print the rates of a task, and how many times as high danq's rate is."""
    danq = rows[0]
    for row in rows:
        name = row["task"] if row is not danq else "danq"
        rate = row["units"] / row["cpu_s"]
        danq_rate = danq["units"] / danq["cpu_s"]
        if row["unit"] != danq["unit"]:  # a limit counts in another unit: compare the times
            danq_rate = rate * row["cpu_s"] / danq["cpu_s"]
        print(
            f"{task:8} {name:27} {rate:14,.0f} {row['unit']}/s{row['cpu_s']:10.3f} s CPU "
            f"{row['rss_mb']:7.0f} MB  danq has {danq_rate / rate:8.2f} times that  "
            f"{agreement(row, danq)}",
            flush=True,
        )


def agreement(row, danq):
    """Return whether a program has danq's result, in words; empty where the two do not compare."""
    if row is danq or not row.get("checksum") or row["unit"] != danq["unit"]:
        return ""
    if row["checksum"] == danq["checksum"]:
        return "same result"
    return "same result, sampled" if row.get("agrees") is True else "OTHER RESULT"


def labels(data):
    """Label all bins for all targets, from the text of the peaks to bits."""
    from danq.genome.bins import Grid, Labels
    from danq.genome.chromosomes import Chromosomes
    from danq.genome.peaks import read_peaks

    lengths = chromosomes(data)
    files = sorted((data / "peaks").iterdir())

    def label():
        names = Chromosomes(lengths)
        bin_labels = Labels(Grid(names.lengths, 200), len(files))
        for peaks in read_peaks(files, names):
            bin_labels.add(peaks.file, peaks.chrom, peaks.start, peaks.end)
        return bin_labels, bin_labels.packed(0, bin_labels.grid.n)

    bin_labels, bits = label()
    checksum, memory = (
        sha256(bits[~bin_labels.grid.partial]),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )
    clock, _ = median_of(7, label)
    return {
        "units": n_bins(lengths),
        "unit": "bins",
        **clock,
        "rss_mb": memory,
        "checksum": checksum,
    }


def windows(data):
    """Cut windows out of the packed genome, packed."""
    from danq.genome.fasta import read_genome
    from danq.genome.sequence import unpack_indices

    genome, _ = read_genome(data / "genome.fa")
    windows_of_bins = window_places(data)
    starts = {
        chrom: np.array([start for name, start, _ in windows_of_bins if name == chrom])
        for chrom in genome.lengths
    }

    def cut():
        return [
            genome.windows(chrom, chromosome_starts, WINDOW)
            for chrom, chromosome_starts in starts.items()
        ]

    clock, packed = median_of(25, cut)
    return {
        "units": len(windows_of_bins),
        "unit": "windows",
        **clock,
        "checksum": sha256(np.concatenate([unpack_indices(part, WINDOW) for part in packed])),
    }


def batches(data):
    """Expand shuffled batches to float32, with their labels, in memory."""
    import h5py
    import torch

    from danq.network.batches import Batches

    torch.set_num_threads(1)
    with h5py.File(h5_files(data)["packed"], "r") as file:
        store = _Store(file)
    source = Batches(store, "train", torch.device("cpu"))
    order = torch.from_numpy(np.random.default_rng(0).permutation(ROWS))

    def epoch():
        for rows in order.split(BATCH):
            source.sequences_of(rows)
            source.labels_of(rows)

    clock, _ = median_of(3, epoch)
    first = source.sequences_of(slice(0, BATCH)).numpy().transpose(0, 2, 1)
    return {
        "units": ROWS,
        "unit": "samples",
        **clock,
        "checksum": sha256(np.ascontiguousarray(first), source.labels_of(slice(0, BATCH)).numpy()),
    }


class _Store:
    """What `Batches` needs of a dataset, from the synthetic file of the peers."""

    def __init__(self, file):
        self.window = int(file["sequences_length"][()])
        self.names = range(int(file["targets_length"][()]))
        self._sequences = file["sequences"][:]
        self._labels = file["targets"][:]
        self.margin = 0

    def length(self, _):
        """Return the number of windows."""
        return len(self._sequences)

    def packed_sequences(self, _, rows=slice(None)):
        """Return packed windows."""
        return self._sequences[rows]

    def packed_labels(self, _, rows=slice(None)):
        """Return packed labels."""
        return self._labels[rows]


def extract(data):
    """Run danq extract as a user does: FASTA and peaks to dataset.h5, all bins."""
    names = list(chromosomes(data))
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "danq",
            "extract",
            "--genome",
            data / "genome.fa",
            "--targets",
            data / "targets.tsv",
            "--valid",
            names[-2],
            "--test",
            names[-1],
            "--output",
            f"{folder}/dataset.h5",
            "--table",
            f"{folder}/targets.tsv",
        ]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = os.path.getsize(f"{folder}/dataset.h5")
    n = n_bins(chromosomes(data))
    return {
        "units": n,
        "unit": "bins",
        "cpu_s": used.ru_utime + used.ru_stime,
        "rss_mb": used.ru_maxrss / 1024,
        "bytes_per_window": size / n,
    }


TASKS = {"labels": labels, "windows": windows, "batches": batches, "extract": extract}


if __name__ == "__main__":
    main()
