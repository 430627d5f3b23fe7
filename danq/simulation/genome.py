"""Draws a simulated genome: the positions and bases of its sites, its peaks, and its files.

The motifs, the targets and their rules are in `danq.simulation.grammar`. The motifs hold at least
15 bits, and only the better-scoring instances are planted: weaker sites also occur by chance in a
genome of this size, and labels would then depend on more than what was planted.
"""

import gzip
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from Bio import bgzf
from numpy.typing import NDArray

from danq.config import Simulate
from danq.errors import DanqError
from danq.files import PathLike, atomic, hold_outputs, write_table
from danq.genome.sequence import decode, reverse_complement
from danq.motif.meme import Motif
from danq.motif.sites import draw_sites
from danq.progress import Bar
from danq.records import Made, file_input, recorded
from danq.simulation.grammar import MOTIFS, SWAPPED, TARGETS, TURN, planted_motifs
from danq.simulation.truth import elements, shift_inside

JITTER = 20
"""A peak is an element shifted by up to this much (bp)."""

_BEST = 0.3  # best-scoring share of the drawn instances of a motif: these are planted
_BASE_SHARES = np.array([0.3, 0.2, 0.2, 0.3])  # A, C, G, T of the background
_SEGMENT = 1000  # the background grows in pieces of this length (bp), all at once
_SLOT = 400  # at most one cassette is planted in each stretch of this length (bp)
_LINE = 60  # bases on a line of the FASTA
_LINES = 1000  # lines of the FASTA written at once
_LONE = 1 / 300  # lone sites, outside cassettes, per bp
# Factors of lone sites: none of them fulfils a rule on its own, only as a part of it.
_LONE_FACTORS = ("ONECUT3", "HNF4A", "REST", "TFE3", "TP53", "GFI1", "ZIC1")


@dataclass(frozen=True)
class _Cassette:
    """Sites that are planted together, from left to right on either strand.

    Attributes
    ----------
    share : float
        Share of the slots that receive one.
    factors : tuple of str
        Keys of `MOTIFS`, some with the suffix `SWAPPED`.
    gaps : tuple of sequences of int
        The distances between each site and the next to draw from (bp).
    one_strand : bool
        Whether all sites are on one strand; if not, the strand of each is drawn.
    """

    share: float
    factors: tuple[str, ...]
    gaps: tuple[Sequence[int], ...] = ()
    one_strand: bool = False


def _cassette(
    share: float, factors: str, *gaps: tuple[int, int], one_strand: bool = False
) -> _Cassette:
    """Return a cassette of space-separated factors; each gap is (least, largest), inclusive."""
    ranges = [range(least, largest + 1) for least, largest in gaps]
    return _Cassette(share, tuple(factors.split()), tuple(ranges), one_strand)


def _helix_gaps(first_turn: float) -> list[int]:
    """Return the gaps (bp) between GFI1 (11 bp) and ZIC1 (14 bp), centres turns apart, up to 13."""
    half_widths = (11 + 14) / 2
    gaps = []
    for turns in np.arange(first_turn, 13):
        gap = turns * TURN - half_widths
        gaps.append(round(gap))
    return gaps


# With the pairs that lone sites form by chance, the shares give about as many decoys as positives
# of each target.
_SINGLE = (
    _cassette(0.010, "CTCF"),
    _cassette(0.040, "CTCF-swapped"),
    _cassette(0.080, "ZNF143"),
    _cassette(0.040, "ZNF143-swapped"),
)
_COUNT = (
    _cassette(0.030, "ELF4 ELF4 ELF4", (5, 82), (5, 82)),
    _cassette(0.030, "ELF4 ELF4 ELF4 ELF4", (5, 50), (5, 50), (5, 50)),
    _cassette(0.025, "ELF4 ELF4 ELF4 ELF4 ELF4", (5, 35), (5, 35), (5, 35), (5, 35)),
    _cassette(0.025, "ELF4"),
    _cassette(0.025, "ELF4 ELF4", (5, 82)),
)
_ORDER = (
    _cassette(0.070, "ONECUT3 HNF4A", (40, 160), one_strand=True),
    _cassette(0.070, "HNF4A ONECUT3", (40, 160), one_strand=True),
)
_INHIBITOR = (
    _cassette(0.090, "SRF"),
    _cassette(0.060, "SRF REST", (10, 160)),
)
_INSULATOR = (
    _cassette(0.020, "TFE3 TP53", (70, 200)),
    _cassette(0.010, "CTCF TFE3 TP53", (10, 60), (70, 200)),
    _cassette(0.010, "TFE3 TP53 CTCF", (70, 200), (10, 60)),
    _cassette(0.070, "TFE3 CTCF TP53", (28, 92), (28, 92)),
)
_HELIX = (
    _Cassette(0.060, ("GFI1", "ZIC1"), (_helix_gaps(3),)),
    _Cassette(0.060, ("GFI1", "ZIC1"), (_helix_gaps(3.5),)),
)
_CASSETTES = _SINGLE + _COUNT + _ORDER + _INHIBITOR + _INSULATOR + _HELIX


def simulate(output: PathLike, *, settings: Simulate) -> None:
    """Write a simulated genome, its targets, and the truth about them.

    Parameters
    ----------
    output : str or path-like
        The folder to fill; made when missing. The same settings give the same bytes:

        - ``genome.fa.gz``: BGZF FASTA, chr1, chr2 and so on;
        - ``peaks/00.bed.gz`` and on: the peaks of each target (BED6);
        - ``sites.tsv.gz``: the planted sites, ``chrom start end strand motif factor``, without
          the broken copies of motifs, which only give decoys;
        - ``elements.tsv.gz``: the elements of each target, ``chrom start end target kind``, with
          the target's index and ``positive`` (its rule holds) or ``decoy`` (it fails);
        - ``targets.tsv``: ``name group file jaspar``, with the target's own motif; written last.
    settings : danq.config.Simulate
        Number and length of the chromosomes, and the seed.

    Raises
    ------
    DanqError
        A genome too small to hold a site, or another process that fills this folder.
    """
    folder = Path(output)
    with hold_outputs([folder / "targets.tsv"]):
        simulation = draw(settings.chromosomes, settings.chromosome_length, settings.seed)
        _write_fasta(folder / "genome.fa.gz", simulation.genome)
        made = Made("simulate", [file_input("genome", folder / "genome.fa.gz")])
        with recorded(folder / "sites.tsv.gz", made) as file:
            _write_packed(file, _sites_to_publish(simulation.sites))
        with recorded(folder / "elements.tsv.gz", made) as file:
            _write_packed(file, simulation.elements)
        _write_targets(folder, simulation.peaks)


class Simulation(NamedTuple):
    """A simulated genome in memory.

    Attributes
    ----------
    genome : numpy.ndarray, shape (chromosomes, length), uint8
        Bases 0 to 3.
    sites : pandas.DataFrame
        All planted sites, broken copies included; columns as for
        `danq.simulation.truth.elements`.
    elements : pandas.DataFrame
        The elements of all targets, from `danq.simulation.truth.elements`.
    peaks : pandas.DataFrame
        The positive elements, each shifted a little; the same columns.
    """

    genome: NDArray[np.uint8]
    sites: pd.DataFrame
    elements: pd.DataFrame
    peaks: pd.DataFrame


def draw(chromosomes: int, length: int, seed: int) -> Simulation:
    """Draw a genome with planted sites, and the peaks of its targets.

    Parameters
    ----------
    chromosomes : int
        Number of chromosomes.
    length : int
        Length of each (bp), at least 400.
    seed : int
        Seed of everything random.

    Returns
    -------
    Simulation
        The genome, its sites, elements and peaks.

    Raises
    ------
    DanqError
        A genome too small to hold a site.
    """
    if chromosomes < 1 or length < _SLOT:
        size = f"{chromosomes} chromosomes of {length} bp"
        raise DanqError(f"{size} cannot hold a site; ask for at least one of {_SLOT} bp")
    rng = np.random.default_rng(seed)
    motifs = planted_motifs()
    genome = _draw_background(rng, chromosomes, length)
    sites = _draw_layout(rng, chromosomes, length, _widths(motifs))
    _plant(rng, genome, sites, motifs)
    regions = elements(sites, length)
    peaks = _draw_peaks(rng, regions, length)
    return Simulation(genome, sites, regions, peaks)


def _widths(motifs: Mapping[str, Motif]) -> dict[str, int]:
    """Return the width of every factor's site, and of its broken copy (bp)."""
    widths = {}
    for factor, motif in motifs.items():
        width = len(motif.matrix)
        widths[factor] = width
        widths[factor + SWAPPED] = width
    return widths


# --- the background ---


def _draw_background(rng: np.random.Generator, chromosomes: int, length: int) -> NDArray[np.uint8]:
    """Return bases of a random order-2 Markov chain rich in A and T, (chromosomes, length)."""
    n_segments = -(-chromosomes * length // _SEGMENT)
    transitions = rng.dirichlet(50 * _BASE_SHARES, size=16)
    cumulative = transitions.cumsum(axis=1)[:, :3]
    thresholds = cumulative.astype(np.float32)
    bases = np.empty((_SEGMENT, n_segments), dtype=np.uint8)
    bases[:2] = rng.choice(4, p=_BASE_SHARES, size=(2, n_segments))
    for step in Bar(range(2, _SEGMENT), desc="background"):
        state = 4 * bases[step - 2] + bases[step - 1]
        draws = rng.random(n_segments, dtype=np.float32)
        beyond = draws[:, None] >= thresholds[state]
        bases[step] = beyond.sum(axis=1)
    joined = bases.T.ravel()
    return joined[: chromosomes * length].reshape(chromosomes, length)


# --- the layout: the position of each site ---


def _draw_layout(
    rng: np.random.Generator, chromosomes: int, length: int, widths: Mapping[str, int]
) -> pd.DataFrame:
    """Return the table of all sites to plant, which never overlap; columns as in `elements`."""
    cassettes = _draw_cassettes(rng, chromosomes, length, widths)
    lone = _draw_lone(rng, chromosomes, length, widths)
    lone = _drop_overlaps(lone, cassettes, widths)
    sites = pd.concat([cassettes, lone]).sort_values("flat", ignore_index=True)
    chrom, start = np.divmod(sites["flat"], length)
    width = sites["factor"].map(widths)
    names = [f"chr{index + 1}" for index in range(chromosomes)]
    table = pd.DataFrame()
    table["chrom"] = pd.Categorical.from_codes(chrom, names, ordered=True)
    table["start"] = start
    table["end"] = start + width
    table["strand"] = np.where(sites["plus"], "+", "-")
    table["factor"] = sites["factor"]
    return table


def _draw_cassettes(
    rng: np.random.Generator, chromosomes: int, length: int, widths: Mapping[str, int]
) -> pd.DataFrame:
    """Return the sites in cassettes, sorted.

    Columns: flat (chromosome number * length + start), plus (bool) and factor.
    """
    choices = _choose_cassettes(rng, chromosomes, length // _SLOT)
    tables = []
    for index, cassette in enumerate(_CASSETTES):
        chrom, slot = np.nonzero(choices == index)
        layout = _lay_out(rng, cassette, len(slot), widths)
        slot_start = chrom * length + slot * _SLOT
        flat = slot_start[:, None] + layout.starts
        table = pd.DataFrame({"flat": flat.ravel()})
        table["plus"] = layout.plus.ravel()
        table["factor"] = np.tile(cassette.factors, len(slot))
        tables.append(table)
    return pd.concat(tables).sort_values("flat", ignore_index=True)


def _choose_cassettes(rng: np.random.Generator, chromosomes: int, slots: int) -> NDArray[np.intp]:
    """Return the index of each slot's cassette, (chromosomes, slots); len(_CASSETTES) means none.

    Evenly spaced quantiles, then shuffled, give every chromosome its share of every cassette.
    """
    phase = rng.random((chromosomes, 1))
    quantiles = (np.arange(slots) + phase) / slots
    shares = np.cumsum([cassette.share for cassette in _CASSETTES])
    choices = np.searchsorted(shares, quantiles, side="right")
    return rng.permuted(choices, axis=1)


class _Layout(NamedTuple):
    """Copies of one cassette: start in the slot (bp) and plus (bool) of each site, (n, sites)."""

    starts: NDArray[np.int64]
    plus: NDArray[np.bool_]


def _lay_out(
    rng: np.random.Generator, cassette: _Cassette, n: int, widths: Mapping[str, int]
) -> _Layout:
    """Draw the gaps, strands and position in the slot of `n` copies of a cassette."""
    site_widths = [widths[factor] for factor in cassette.factors]
    steps = [np.zeros(n, dtype=np.int64)]
    for gap, width in zip(cassette.gaps, site_widths[:-1], strict=True):
        steps.append(rng.choice(gap, n) + width)
    starts = np.stack(steps, axis=1).cumsum(axis=1)
    ends = starts + np.array(site_widths)
    span = ends[:, -1:]
    if cassette.one_strand:
        plus = np.full(starts.shape, True)
    else:
        plus = rng.random(starts.shape) < 0.5
    reverse = rng.random((n, 1)) < 0.5
    starts = np.where(reverse, span - ends, starts)
    position = rng.integers(0, _SLOT - span + 1)
    return _Layout(starts + position, plus ^ reverse)


def _draw_lone(
    rng: np.random.Generator, chromosomes: int, length: int, widths: Mapping[str, int]
) -> pd.DataFrame:
    """Return lone sites anywhere, sorted: columns as in `_draw_cassettes`, and end (flat)."""
    n = round(chromosomes * length * _LONE)
    plus = rng.random(n) < 0.5
    factor = pd.Series(rng.choice(_LONE_FACTORS, n))
    width = factor.map(widths)
    chrom = rng.integers(chromosomes, size=n)
    start = rng.integers(0, length - width + 1)
    sites = pd.DataFrame({"plus": plus, "factor": factor})
    sites["flat"] = chrom * length + start
    sites["end"] = sites["flat"] + width
    return sites.sort_values("flat", ignore_index=True)


def _drop_overlaps(
    lone: pd.DataFrame, cassettes: pd.DataFrame, widths: Mapping[str, int]
) -> pd.DataFrame:
    """Return the lone sites that overlap neither one another nor a site of a cassette."""
    end_before = lone["end"].cummax().shift(fill_value=0)
    lone = lone[lone["flat"] >= end_before]
    width = cassettes["factor"].map(widths)
    ends = cassettes["flat"] + width
    starts = np.append(cassettes["flat"], np.inf)
    following = np.searchsorted(ends, lone["flat"], side="right")
    clear = lone["end"] <= starts[following]
    return lone.loc[clear, ["flat", "plus", "factor"]]


# --- the bases of the sites ---


def _plant(
    rng: np.random.Generator,
    genome: NDArray[np.uint8],
    sites: pd.DataFrame,
    motifs: Mapping[str, Motif],
) -> None:
    """Write an instance of its motif over the bases of `genome` at every site."""
    for factor, table in sites.groupby("factor"):
        name = str(factor)
        matrix = motifs[name.removesuffix(SWAPPED)].matrix
        bases = _draw_instances(rng, matrix, len(table))
        if name.endswith(SWAPPED):
            half = len(matrix) // 2
            bases = np.roll(bases, half, axis=1)
        minus = (table["strand"] == "-").to_numpy()
        bases[minus] = reverse_complement(bases[minus])
        chroms = table["chrom"].cat.codes.to_numpy()
        starts = table["start"].to_numpy()
        positions = starts[:, None] + np.arange(len(matrix))
        genome[chroms[:, None], positions] = bases


def _draw_instances(
    rng: np.random.Generator, matrix: NDArray[np.float64], n: int
) -> NDArray[np.uint8]:
    """Draw sites of a motif and return the best-scoring share of them, (n, width)."""
    candidates = math.ceil(n / _BEST)
    bases = draw_sites(matrix, candidates, rng)
    columns = np.arange(len(matrix))
    logs = np.log(matrix[columns, bases])
    scores = logs.sum(axis=1)
    by_score = np.argsort(-scores, kind="stable")
    best = rng.permutation(by_score[:n])
    return bases[best]


def _draw_peaks(rng: np.random.Generator, regions: pd.DataFrame, length: int) -> pd.DataFrame:
    """Return the positive elements, each shifted by up to `JITTER` bp either way."""
    positive = regions[regions["kind"] == "positive"]
    shifts = rng.integers(-JITTER, JITTER + 1, size=len(positive))
    peaks = positive.assign(start=positive["start"] + shifts)
    return shift_inside(peaks, length).sort_values(["chrom", "start"], kind="stable")


# --- the files ---


def _sites_to_publish(sites: pd.DataFrame) -> pd.DataFrame:
    """Return the table of sites for the user: with matrix identifiers, without broken copies."""
    motif = sites["factor"].map(MOTIFS)
    table = sites.assign(motif=motif)
    planted = motif.notna()
    return table.loc[planted, ["chrom", "start", "end", "strand", "motif", "factor"]]


def _write_targets(folder: Path, peaks: pd.DataFrame) -> None:
    """Write each target's peaks, and then the table of targets."""
    rows = []
    for index, target in enumerate(TARGETS):
        file = f"peaks/{index:02d}.bed.gz"
        intervals = peaks[peaks["target"] == index]
        n = len(intervals)
        bed = intervals[["chrom", "start", "end"]].copy()
        bed["name"] = [f"{target.name}_{number}" for number in range(1, n + 1)]
        bed["score"] = 1000
        bed["strand"] = "."
        _write_packed(folder / file, bed, header=False)
        motif = MOTIFS[target.name]
        rows.append((target.name, target.group, file, motif))
    table = pd.DataFrame(rows, columns=["name", "group", "file", "jaspar"])
    write_table(folder / "targets.tsv", table)


def _write_packed(path: Path, table: pd.DataFrame, header: bool = True) -> None:
    """Write a table as gzipped TSV, without a time stamp, so that the bytes are reproducible."""
    text = table.to_csv(sep="\t", index=False, header=header, lineterminator="\n")
    packed = gzip.compress(text.encode(), 6, mtime=0)
    with atomic(path) as temporary:
        temporary.write_bytes(packed)


def _write_fasta(path: Path, genome: NDArray[np.uint8]) -> None:
    """Write a genome as BGZF FASTA, `_LINES` lines at a time.

    The writer copies its whole buffer for every block it writes, so each write is small.
    """
    block_size = _LINES * _LINE
    with (
        atomic(path) as temporary,
        open(
            temporary, "wb"
        ) as raw,  # closed even where the disk is full; Biopython leaves it open
        bgzf.BgzfWriter(fileobj=raw, compresslevel=1) as out,
    ):
        chromosomes = Bar(genome, desc=path.name)
        for number, indices in enumerate(chromosomes, 1):
            out.write(f">chr{number}\n".encode())
            for start in range(0, len(indices), block_size):
                text = decode(indices[start : start + block_size])
                out.write(_wrapped(text).encode())


def _wrapped(text: str) -> str:
    """Return text in lines of `_LINE` characters."""
    lines = []
    for start in range(0, len(text), _LINE):
        line = text[start : start + _LINE]
        lines.append(line + "\n")
    return "".join(lines)
