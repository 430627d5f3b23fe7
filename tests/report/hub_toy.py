"""A small genome, its peaks, and made-up predictions, as danq predict --bigwig leaves them."""

import numpy as np

from danq.data.bin_tracks import write_bigwigs
from danq.data.bins import Bins, Block, Header
from danq.files import write_text
from danq.genome.sources import Sources
from tests.conftest import write_fasta

LENGTHS = {"chr1": 4_000, "chr2": 2_000}
BIN = 200
NAMES = ["Factor A", '<b>"B" & 🧬</b>', "Factor A"]
PEAKS = ["chr1\t300\t700\nchr1\t2100\t2300\n", "2\t0\t250\n", "chr2\t1000\t1400\n"]


def predictions(seed, lengths=LENGTHS, targets=NAMES, spread=False):
    """Return predictions for every bin of a genome."""
    starts = {name: np.arange(0, length, BIN) for name, length in lengths.items()}
    sequence = np.concatenate(
        [np.full(len(start), number) for number, start in enumerate(starts.values())]
    )
    start = np.concatenate(list(starts.values()))
    region = np.full(len(start), -1, dtype=np.int32)
    places = {"sequence": sequence, "start": start, "end": start + BIN, "region": region}
    values = np.random.default_rng(seed).random((len(start), len(targets))).astype(np.float32)
    header = Header(dict(lengths), list(targets), [], {"models": "a, b", "step": BIN})
    return Bins(header, Block(places, values, values / 10 if spread else None))


def write_inputs(folder):
    """Write genome, peaks, targets and aliases; return them as sources."""
    rng = np.random.default_rng(3)
    bases = {name: "".join(rng.choice([*"ACGT"], size)) for name, size in LENGTHS.items()}
    write_fasta(folder / "genome.fa", bases)
    rows = ["name\tgroup\tfile"]
    for number, (name, text) in enumerate(zip(NAMES, PEAKS, strict=True)):
        write_text(folder / f"{number}.bed", text)
        rows.append(f"{name}\tTF\t{number}.bed")
    write_text(folder / "targets.tsv", "\n".join(rows) + "\n")
    write_text(folder / "aliases.tsv", "chr1\t1\nchr2\t2\n")
    return Sources(folder / "genome.fa", folder / "targets.tsv", aliases=folder / "aliases.tsv")


def write_predictions(folder, inputs=("genome", "mine"), models=("deepsea", "danq")):
    """Write bigWigs of each input and model; return their folders."""
    folders = []
    for number, name in enumerate(inputs):
        for seed, model in enumerate(models):
            tracks = folder / name / model / "tracks"
            write_bigwigs(tracks, predictions(10 * number + seed, spread=True))
            folders.append(tracks)
    return folders
