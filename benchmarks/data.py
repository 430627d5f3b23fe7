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
    """Run a task in a process of its own; return what it says."""
    process = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    return json.loads(process.stdout.splitlines()[-1])


def show(task, rows):
    """Print the rates of a task, and how many times those of the others danq's is."""
    for row in rows:
        own = rows[0]["units"] / rows[0]["cpu_s"]
        rate = row["units"] / row["cpu_s"]
        if (
            row["unit"] != rows[0]["unit"]
        ):  # the limit, in a unit of its own: only the times compare
            own = rate * row["cpu_s"] / rows[0]["cpu_s"]
        same = ""
        if row is not rows[0] and row.get("checksum") and row["unit"] == rows[0]["unit"]:
            same = (
                "same result"
                if row["checksum"] == rows[0]["checksum"]
                else ("same result, sampled" if row.get("agrees") is True else "OTHER RESULT")
            )
        print(
            f"{task:8} {row['task'] if row is not rows[0] else 'danq':27} {rate:14,.0f} "
            f"{row['unit']}/s{row['cpu_s']:10.3f} s CPU {row['rss_mb']:7.0f} MB  danq has "
            f"{own / rate:8.2f} times that  {same}",
            flush=True,
        )


def labels(data):
    """Label all bins for all targets, from the text of the peaks to bits."""
    from danq.genome.bins import Grid, Labels
    from danq.genome.peaks import Chromosomes, read_peaks

    lengths = chromosomes(data)
    files = sorted((data / "peaks").iterdir())

    def label():
        names = Chromosomes(lengths)
        found = Labels(Grid(names.lengths, 200), len(files))
        for peaks in read_peaks(files, names):
            found.add(peaks.file, peaks.chrom, peaks.start, peaks.end)
        return found, found.packed(0, found.grid.n)

    found, bits = label()
    checksum, memory = (
        sha256(bits[~found.grid.partial]),
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
    places = window_places(data)
    starts = {
        chrom: np.array([start for name, start, _ in places if name == chrom])
        for chrom in genome.lengths
    }

    def cut():
        return [genome.windows(chrom, own, WINDOW) for chrom, own in starts.items()]

    clock, packed = median_of(25, cut)
    return {
        "units": len(places),
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
            source.sequences_of(rows), source.labels_of(rows)

    clock, _ = median_of(3, epoch)
    first = source.sequences_of(slice(0, BATCH)).numpy().transpose(0, 2, 1)
    return {
        "units": ROWS,
        "unit": "samples",
        **clock,
        "checksum": sha256(np.ascontiguousarray(first), source.labels_of(slice(0, BATCH)).numpy()),
    }


class _Store:
    """What `Batches` asks of a dataset, from the synthetic file of the peers."""

    def __init__(self, file):
        self.window, self.names = (
            int(file["sequences_length"][()]),
            range(int(file["targets_length"][()])),
        )
        self._sequences, self._labels = file["sequences"][:], file["targets"][:]

    def packed_sequences(self, _):
        """Return all packed windows."""
        return self._sequences

    def packed_labels(self, _):
        """Return all packed labels."""
        return self._labels


def extract(data):
    """Run the whole step, as a user does.

    FASTA and peaks to dataset.h5, all bins kept; imports included.
    """
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
