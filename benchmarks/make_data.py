"""The benchmarks' input: a random genome, peaks and their table.

The same arguments give the same bytes. Written to OUTPUT, chromosome by chromosome, in bounded
memory::

    genome.fa               chr1, chr2 ..., 60 bases a line; half of them lower case, 1 % N in
                            long runs
    peaks/target_000.bed    sorted BED3 (or BED6), 150 to 1500 bp; a few peaks of a file overlap
    targets.tsv             name, group, file

Peaks lie at hotspots, as in real data: one per 8 kb on average, which all targets share, so that
about a fifth of the 200-bp bins has a label (17 % in DeepSEA's data). The numbers of peaks of the
targets are log-uniform over a factor of 100, and add up to ``--peaks``. The defaults are a
hundredth of DeepSEA's training genome in five chromosomes; ``--genome-length 3100000000
--chromosomes 24 --peaks 41000000`` is the size of the whole published set.

    python benchmarks/make_data.py --output data/bench100

Needs numpy, nothing else.
"""

import argparse
from pathlib import Path

import numpy as np

LINE = 60  # bases in a line of the FASTA
BLOCK = 100_000 * LINE  # bases made at once
HOTSPOT = 8_000  # bp of genome per hotspot
SPREAD = 100  # standard deviation of a peak's centre around its hotspot (bp)
PEAK = (150, 1500)  # shortest and longest peak (bp), log-uniform between
GROUPS = {"DNase": 125, "TF": 690, "histone": 104}  # the 919 targets of DeepSEA
BASES = np.frombuffer(b"ACGT", dtype=np.uint8)


def main():
    """Read the command line and make the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--genome-length", type=int, default=100_000_000)
    parser.add_argument("--chromosomes", type=int, default=5)
    parser.add_argument("--targets", type=int, default=919)
    parser.add_argument("--peaks", type=int, default=1_820_000, help="of all targets together")
    parser.add_argument("--columns", type=int, choices=(3, 6), default=3, help="of the BED files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    make(**vars(arguments))


def make(*, genome_length, chromosomes, targets, peaks, columns, seed, output):
    """Make all files; see the module's docstring."""
    rng = np.random.default_rng(seed)
    files = [output / f"peaks/target_{index:03d}.bed" for index in range(targets)]
    (output / "peaks").mkdir(parents=True, exist_ok=True)
    for file in files:
        file.write_bytes(b"")
    write_table(output / "targets.tsv", files)
    lengths = chromosome_lengths(genome_length, chromosomes)
    counts = np.array(
        [
            rng.multinomial(count, lengths / lengths.sum())
            for count in peak_counts(rng, targets, peaks)
        ]
    )
    with open(output / "genome.fa", "wb") as fasta:
        for index, length in enumerate(lengths.tolist()):
            write_chromosome(rng, fasta, f"chr{index + 1}", length)
            write_peaks(rng, files, f"chr{index + 1}", length, counts[:, index], columns)


def chromosome_lengths(genome_length, chromosomes):
    """Return lengths from 1.6 down to 0.4 of their mean, whole kb; the first takes the rest."""
    shares = np.linspace(1.6, 0.4, chromosomes) if chromosomes > 1 else np.ones(1)
    lengths = (shares / shares.sum() * genome_length).astype(np.int64) // 1000 * 1000
    lengths[0] += genome_length - lengths.sum()
    return lengths


def peak_counts(rng, targets, peaks):
    """Return each target's number of peaks: log-uniform over a factor of 100, `peaks` in all."""
    shares = np.exp(rng.uniform(0, np.log(100), targets))
    counts = (shares / shares.sum() * peaks).astype(np.int64)
    counts[np.argmax(counts)] += peaks - counts.sum()
    return counts


def write_table(path, files):
    """Write `targets.tsv`, the groups in DeepSEA's order and shares."""
    edges = np.cumsum(list(GROUPS.values())) * len(files) / sum(GROUPS.values())
    groups = np.array(list(GROUPS))[np.searchsorted(edges, np.arange(len(files)), side="right")]
    rows = [
        f"{file.stem}\t{group}\tpeaks/{file.name}\n"
        for file, group in zip(files, groups, strict=True)
    ]
    path.write_text("name\tgroup\tfile\n" + "".join(rows))


# --- the genome ---


def write_chromosome(rng, fasta, name, length):
    """Write one record of the FASTA."""
    fasta.write(f">{name}\n".encode())
    for start in range(0, length, BLOCK):
        fasta.write(wrapped(bases(rng, min(BLOCK, length - start))))


def bases(rng, length):
    """Return random bases, uint8: stretches of both cases in turn, and one run of N (1 %)."""
    drawn = BASES[rng.integers(0, 4, length, dtype=np.uint8)]
    stretches = rng.integers(300, 3000, length // 1000 + 2)
    drawn |= np.repeat(np.arange(len(stretches), dtype=np.uint8) % 2 * 32, stretches)[:length]
    first = rng.integers(0, length - length // 100 + 1)
    drawn[first : first + length // 100] = ord("N")
    return drawn


def wrapped(drawn):
    """Return bases as the bytes of a FASTA, 60 on a line."""
    n_lines = len(drawn) // LINE
    full_lines = np.full((n_lines, LINE + 1), ord("\n"), dtype=np.uint8)
    full_lines[:, :LINE] = drawn[: n_lines * LINE].reshape(-1, LINE)
    last_line = drawn[n_lines * LINE :].tobytes()
    if last_line:
        last_line += b"\n"
    return full_lines.tobytes() + last_line


# --- the peaks ---


def write_peaks(rng, files, chrom, length, counts, columns):
    """Append the peaks of one chromosome to the file of each target."""
    hotspots = np.sort(rng.integers(0, length, max(length // HOTSPOT, 1)))
    line = f"{chrom}\t%d\t%d" + ("\t.\t0\t." if columns == 6 else "") + "\n"
    for file, count in zip(files, counts.tolist(), strict=True):
        with open(file, "a", encoding="ascii") as bed:
            bed.write("".join(map(line.__mod__, intervals(rng, hotspots, length, count))))


def intervals(rng, hotspots, length, count):
    """Return (start, end) of a target's peaks on a chromosome, sorted: at `count` hotspots."""
    centres = rng.choice(hotspots, count, replace=count > len(hotspots), shuffle=False)
    centres = centres + rng.normal(0, SPREAD, count).astype(np.int64)
    sizes = np.exp(rng.uniform(*np.log(PEAK), count)).astype(np.int64)
    starts = np.clip(centres - sizes // 2, 0, length - sizes)
    order = np.lexsort((sizes, starts))
    return zip(starts[order].tolist(), (starts + sizes)[order].tolist(), strict=True)


if __name__ == "__main__":
    main()
