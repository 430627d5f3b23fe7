"""How fast and how accurate the naming of motifs is.

Compared with memelite, on shuffled motifs, and with a planted truth.

    python benchmarks/motifs.py [--peers PYTHON] [--run FOLDER ...]

320 noisy copies of JASPAR's vertebrate motifs, of 20 to 300 sites and trimmed, are compared with
the whole collection, in CPU seconds of one thread; with --peers (an environment of
requirements-peers.txt) memelite compares the same, once to compile and once timed, and its p-values
are held against those of the Euclidean distance with its own least overlap of 1. For each run of
danq (results/<run>) and each training in it: of the motifs that were compared with known ones,
their columns shuffled 20 times, how many are named; and in a simulated run, how many planted motifs
are found, how many names are off-target, and what share of the sites of filters that recover a
planted motif lie on a planted site of that factor (one base in common is enough; the median over
filters, and of all their sites together).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.update(
    OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", NUMBA_NUM_THREADS="1"
)
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import pandas as pd
import yaml

from danq.files import read_table
from danq.motif.annotate import match_table, trim
from danq.motif.meme import Motif, jaspar, known_motifs, read_meme
from danq.motif.tomtom import tomtom
from danq.report.findings.motifs import expected_counts, expected_kinds

SHUFFLES = 20
MEMELITE = """
import json, sys, time, numpy, memelite
data = numpy.load(sys.argv[1])
queries, targets = ([data[name].T for name in data.files if name[0] == kind] for kind in "qt")
memelite.tomtom(queries, targets, n_jobs=1)
start = time.process_time()
p = memelite.tomtom(queries, targets, n_jobs=1)[0]
print(json.dumps({"seconds": time.process_time() - start}))
numpy.save(sys.argv[2], p)
"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", metavar="PYTHON", help="python of an environment with memelite")
    parser.add_argument(
        "--run", nargs="*", default=[], type=Path, metavar="FOLDER", help="results/<run>"
    )
    arguments = parser.parse_args()
    speed(arguments.peers)
    for run in arguments.run:
        settings = yaml.safe_load((run / "config.yaml").read_text())
        known = known_motifs(settings["motifs"])
        sites = run / "simulated" / "sites.tsv.gz"
        truth = read_table(sites) if sites.exists() else None
        for folder in sorted(path.parent for path in run.glob("*/seed*/matches.tsv")):
            shuffled(folder, known, settings["filters"])
            if truth is not None:
                planted(folder, truth, {motif.name: motif for motif in known})


def speed(peers):
    """Time Tomtom, and compare its p-values with memelite's."""
    rng = np.random.default_rng(0)
    targets = [motif.matrix for motif in jaspar("JASPAR2024", "vertebrates")]
    queries = [trim(noisy(rng, targets[row]), 0.25) for row in rng.integers(0, len(targets), 320)]
    for distance, least in (("pearson", 5), ("euclidean", 1)):
        start = time.process_time()
        matches = tomtom(queries, targets, least, distance)
        print(f"tomtom, {distance}, 320 x {len(targets)}: {time.process_time() - start:.2f} s")
    if peers is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        np.savez(
            f"{folder}/motifs.npz",
            **{
                f"{kind}{row:04}": matrix
                for kind, matrices in (("q", queries), ("t", targets))
                for row, matrix in enumerate(matrices)
            },
        )
        output = subprocess.run(
            [peers, "-c", MEMELITE, f"{folder}/motifs.npz", f"{folder}/p.npy"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        theirs = np.load(f"{folder}/p.npy")
    logs = [np.log10(np.maximum(p, 1e-12)).ravel() for p in (theirs, matches.p)]
    print(
        f"memelite, compiled before: {json.loads(output)['seconds']:.2f} s; log p: r = "
        f"{np.corrcoef(logs)[0, 1]:.5f}, median difference {np.median(logs[0] - logs[1]):.4f}; "
        f"same best match: {(theirs.argmin(axis=1) == matches.p.argmin(axis=1)).mean():.1%}"
    )


def noisy(rng, matrix):
    n = rng.integers(20, 300)
    return np.array([rng.multinomial(n, row / row.sum()) / n for row in matrix])


def shuffled(folder, known, knobs):
    """Print how many column-shuffled copies of a training's tested motifs are named."""
    table = read_table(folder / "matches.tsv")
    rng = np.random.default_rng(0)
    tested = set(table.loc[table["tested"] == "yes", "name"])
    motifs = [motif for motif in read_meme(folder / "motifs.meme") if motif.name in tested]
    named = 0
    for _ in range(SHUFFLES):
        copies = [
            Motif(motif.name, "", rng.permutation(motif.matrix), motif.n_sites) for motif in motifs
        ]
        # All of them, whatever the shuffle did to their best columns.
        table_of_copies = match_table(
            copies,
            known,
            min_bits=0,
            distance=knobs["distance"],
            q_value=knobs["q_value"],
            shuffles=0,
            rng=rng,
        )
        named += (table_of_copies["named"] == "yes").sum()
    total = SHUFFLES * len(motifs)
    print(f"{folder}: of {total} shuffled motifs {named} are named ({named / max(total, 1):.2%})")


def planted(folder, truth, known):
    """Print what a training found of the planted motifs, and where its sites lie."""
    best = read_table(folder / "matches.tsv").query("rank == 1 and named == 'yes'")
    kinds = expected_kinds(truth.drop_duplicates(["motif", "factor"]), best, known)
    counts = expected_counts(truth.drop_duplicates(["motif", "factor"]), best)
    bed = pd.read_csv(
        folder / "sites.bed.gz",
        sep="\t",
        names=["chrom", "start", "end", "name", "score", "strand"],
    )
    shares = []
    hits = []
    for row in best[kinds == "recovered"].itertuples():
        sites_of_factor = truth[
            (truth["motif"] == row.match)
            | (truth["factor"].str.casefold() == row.factor.casefold())
        ]
        hit = on_sites(bed[bed["name"] == row.name], sites_of_factor)
        shares.append(hit.mean())
        hits.append(hit)
    print(
        f"{folder}: {(counts > 0).sum()} of {len(counts)} planted motifs found; names: "
        f"{kinds.value_counts().to_dict()}; off-target: "
        f"{sorted(best.loc[kinds == 'off-target', 'factor'])}; on planted sites: median filter "
        f"{np.median(shares):.1%}, of all sites {np.concatenate(hits).mean():.1%}"
    )


def on_sites(bed, truth):
    """Return which intervals share a base with a planted site (bool)."""
    hit = np.zeros(len(bed), bool)
    for chrom, planted_sites in truth.groupby("chrom"):
        starts = np.sort(planted_sites["start"].to_numpy())
        ends = np.sort(planted_sites["end"].to_numpy())
        on_chromosome = (bed["chrom"] == chrom).to_numpy()
        # Begun before the interval's end, less those over before its start.
        hit[on_chromosome] = (
            np.searchsorted(starts, bed["end"][on_chromosome], "left")
            - np.searchsorted(ends, bed["start"][on_chromosome], "right")
        ) > 0
    return hit


if __name__ == "__main__":
    main()
