"""A genome with a planted motif grammar, its peaks, and the truth beside them.

Sites of eleven JASPAR motifs are planted in an AT-rich background. Seven targets, in six groups, read them:

========  =========  ==============================  ================================  =============================
target    group      parts                           positive when                     decoy when
========  =========  ==============================  ================================  =============================
CTCF      single     both halves of a CTCF site      the halves are in their order     the halves are swapped
ZNF143    single     both halves of a ZNF143 site    the halves are in their order     the halves are swapped
ELF4      count      a run of ELF4 sites             3 or more within 200 bp           1 or 2 within 200 bp
ONECUT3   order      ONECUT3 and HNF4A,              both on one strand, and ONECUT3   HNF4A comes first, or they lie
                     40 to 160 bp between them       comes first along it              on different strands
SRF       inhibitor  SRF                             no REST within 200 bp             REST within 200 bp
TFE3      insulator  TFE3 and TP53,                  no CTCF between them              CTCF between them
                     70 to 200 bp between them       (outside it may be)
GFI1      helix      GFI1 and ZIC1, their centres    their distance is nearer a whole  it is nearer a half turn, and
                     2.75 to 12.75 turns apart       turn: they face the same way      they face opposite ways
========  =========  ==============================  ================================  =============================

Distances are between the near edges of two sites, but between centres for the helix, whose turn is 10.5 bp
(measured in solution: 10.4 +- 0.1 bp, Wang 1979, https://doi.org/10.1073/pnas.76.1.200).

The rules read every planted site, whatever it was planted for: a REST that lies by chance within 200 bp of an SRF
turns that SRF into a decoy. So positives and decoys have the same parts in the same places, and a model that
knows only the parts cannot tell one from the other. What it is that a rule holds for is a 200-bp *element*,
centred on the parts; a positive element, moved a little, is a peak.

The motifs hold at least 15 bits, and only the better-scoring instances are planted, because weaker sites also occur
by chance in a genome of this size, and labels would then depend on more than what was planted.
"""

import gzip
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from Bio import bgzf
from tqdm import tqdm

from danq.errors import DanqError
from danq.files import atomic, write_table
from danq.genome.bins import Grid, coverage
from danq.genome.tables import read_rows
from danq.motif.meme import jaspar

MOTIFS = {
    "CTCF": "MA0139.2",
    "ZNF143": "MA0088.2",
    "ELF4": "MA0641.1",
    "ONECUT3": "MA0757.2",
    "HNF4A": "MA1494.2",
    "SRF": "MA0083.3",
    "REST": "MA0138.3",
    "TFE3": "MA0831.3",
    "TP53": "MA0106.3",
    "GFI1": "MA0038.3",
    "ZIC1": "MA0696.1",
}
"""Planted factors and their matrices in JASPAR 2024 (https://doi.org/10.1093/nar/gkad1059), 15 to 23 bits each."""

SWAPPED = "-swapped"
"""Marks a broken copy: ``CTCF-swapped`` is a CTCF site whose left and right half changed places."""

ELEMENT = 200
"""Length of an element and of a peak (bp)."""

JITTER = 20
"""A peak lies up to this far from its element (bp)."""

TURN = 10.5
"""Length of a turn of the double helix (bp)."""

_BEST = 0.3  # share of the sampled instances of a motif, by score, that are planted
_LETTERS = np.array([0.3, 0.2, 0.2, 0.3])  # A, C, G, T of the background
_SEGMENT = 1000  # the background grows in pieces of this length (bp), all at once
_SLOT = 400  # at most one cassette is planted in each stretch of this length (bp)
_LONE = 1 / 300  # sites outside cassettes, per bp
_LONE_FACTORS = (
    "ONECUT3",
    "HNF4A",
    "REST",
    "TFE3",
    "TP53",
    "GFI1",
    "ZIC1",
)  # a part of a rule, and no more than that


@dataclass(frozen=True)
class _Cassette:
    """Sites that are planted together, from left to right on either strand.

    Attributes
    ----------
    share : float
        Share of the slots that receive one.
    factors : tuple of str
        Keys of `MOTIFS`, or those with `SWAPPED` behind.
    gaps : tuple of sequences of int
        Between each site and the next, the distances to draw from (bp).
    one_strand : bool
        All sites on one strand; if not, each on its own.
    """

    share: float
    factors: tuple
    gaps: tuple = ()
    one_strand: bool = False


def _phases(turns):
    """Return the gaps (bp) that put the centres of a GFI1 (11 bp) and a ZIC1 (14 bp) these turns apart."""
    return [round(turn * TURN - (11 + 14) / 2) for turn in turns]


# With the pairs that lone sites form by chance, the shares give about as many decoys as positives of each target.
_CASSETTES = (
    _Cassette(0.010, ("CTCF",)),
    _Cassette(0.040, ("CTCF" + SWAPPED,)),
    _Cassette(0.080, ("ZNF143",)),
    _Cassette(0.040, ("ZNF143" + SWAPPED,)),
    _Cassette(0.030, ("ELF4",) * 3, (range(5, 83),) * 2),
    _Cassette(0.030, ("ELF4",) * 4, (range(5, 51),) * 3),
    _Cassette(0.025, ("ELF4",) * 5, (range(5, 36),) * 4),
    _Cassette(0.025, ("ELF4",)),
    _Cassette(0.025, ("ELF4",) * 2, (range(5, 83),)),
    _Cassette(0.070, ("ONECUT3", "HNF4A"), (range(40, 161),), one_strand=True),
    _Cassette(0.070, ("HNF4A", "ONECUT3"), (range(40, 161),), one_strand=True),
    _Cassette(0.090, ("SRF",)),
    _Cassette(0.060, ("SRF", "REST"), (range(10, 161),)),
    _Cassette(0.020, ("TFE3", "TP53"), (range(70, 201),)),
    _Cassette(0.010, ("CTCF", "TFE3", "TP53"), (range(10, 61), range(70, 201))),
    _Cassette(0.010, ("TFE3", "TP53", "CTCF"), (range(70, 201), range(10, 61))),
    _Cassette(0.070, ("TFE3", "CTCF", "TP53"), (range(28, 93),) * 2),
    _Cassette(0.060, ("GFI1", "ZIC1"), (_phases(range(3, 13)),)),
    _Cassette(0.060, ("GFI1", "ZIC1"), (_phases(np.arange(3.5, 13)),)),
)


def simulate(output, *, chromosomes=21, chromosome_length=500_000, seed=0):
    """Write a simulated genome, its targets, and the truth about them.

    Parameters
    ----------
    output : str or path-like
        The folder to fill; made when missing. The same arguments give the same bytes:

        - ``genome.fa.gz``: BGZF FASTA, chr1, chr2 and so on;
        - ``peaks/00.bed.gz`` and on: the peaks of each target (BED6);
        - ``sites.tsv.gz``: the planted sites, ``chrom start end strand motif factor``; broken copies of a motif
          are no sites of it, and stand only among the decoys below;
        - ``elements.tsv.gz``: where each target's parts are, ``chrom start end target kind``, with the target's
          index and ``positive`` (its rule holds) or ``decoy`` (it fails);
        - ``targets.tsv``: ``name group file jaspar``, with the target's own motif; written last.
    chromosomes : int, default=21
        Number of chromosomes.
    chromosome_length : int, default=500_000
        Length of each (bp), at least 400.
    seed : int, default=0
        Seed of everything random.

    Raises
    ------
    DanqError
        A genome too small to hold a site.
    """
    if chromosomes < 1 or chromosome_length < _SLOT:
        raise DanqError(
            f"{chromosomes} chromosomes of {chromosome_length} bp cannot hold a site; "
            f"ask for at least one of {_SLOT} bp"
        )
    output, rng = Path(output), np.random.default_rng(seed)
    motifs = dict(zip(MOTIFS, jaspar("JASPAR2024", names=list(MOTIFS.values())), strict=True))
    genome = _background(rng, chromosomes, chromosome_length)
    sites = _plan(
        rng,
        chromosomes,
        chromosome_length,
        {name: len(motif.matrix) for name, motif in motifs.items()},
    )
    _plant(rng, genome, sites, motifs)
    truth = elements(sites, chromosome_length)
    _write_fasta(output / "genome.fa.gz", genome)
    _write_packed(output / "sites.tsv.gz", _named(sites))
    _write_packed(output / "elements.tsv.gz", truth)
    _write_targets(output, _peaks(rng, truth, chromosome_length))


# --- the rules: a table of sites in, a table of elements out ---


def elements(sites, chromosome_length):
    """Apply every target's rule to all planted sites.

    Parameters
    ----------
    sites : pandas.DataFrame
        Columns chrom, start, end (bp, 0-based half-open), strand ("+" or "-") and factor, sorted by chrom and start.
    chromosome_length : int
        Length of each chromosome (bp); an element that would leave it is moved inside.

    Returns
    -------
    pandas.DataFrame
        Columns chrom, start, end (bp, 0-based half-open, 200 bp long), target (index into `TARGETS`) and kind
        ("positive" or "decoy"), sorted by position.
    """
    # An ordered category: sorted as text, chr10 would come before chr2.
    sites = sites.assign(
        chrom=pd.Categorical(sites["chrom"], sites["chrom"].unique(), ordered=True)
    )
    found = pd.concat(
        [target.rule(sites).assign(target=index) for index, target in enumerate(TARGETS)]
    )
    _move_inside(found, chromosome_length)
    return found.sort_values(["chrom", "start", "target", "kind"])[
        ["chrom", "start", "end", "target", "kind"]
    ]


def single(sites, factor):
    """Mark each site of `factor` as positive, each broken copy as decoy; tables as in `elements`."""
    rows = np.flatnonzero(sites["factor"].isin([factor, factor + SWAPPED]))
    return _regions(sites, rows, rows, sites["factor"].to_numpy()[rows] == factor)


def count(sites):
    """Mark runs of ELF4: positive where three lie within 200 bp; tables as in `elements`."""
    rows = _rows(sites, "ELF4")
    low, high = _flat(sites, rows)
    three = high[2:] - low[:-2] <= ELEMENT
    member = np.zeros(len(rows), dtype=bool)
    for place in range(3):
        member[place : place + len(three)] |= three
    # Neighbours belong to one run when a triple holds both, or when they are near and no triple holds either.
    linked = (high[1:] - low[:-1] <= ELEMENT) & ~member[1:] & ~member[:-1]
    linked[:-1] |= three
    linked[1:] |= three
    opens = np.append(True, ~linked)[: len(rows)]
    closes = np.append(~linked, True)[: len(rows)]
    return _regions(sites, rows[opens], rows[closes], member[opens])


def order(sites):
    """Mark pairs of ONECUT3 and HNF4A: positive where they follow in this order on one strand; as in `elements`."""
    onecut, hnf = _pairs(sites, "ONECUT3", "HNF4A", 40, 160)
    start, strand = sites["start"].to_numpy(), sites["strand"].to_numpy()
    first = (start[onecut] < start[hnf]) == (strand[onecut] == "+")
    return _regions(sites, onecut, hnf, first & (strand[onecut] == strand[hnf]))


def inhibitor(sites):
    """Mark each SRF: positive where no REST is within 200 bp; tables as in `elements`."""
    rows = _rows(sites, "SRF")
    blocked, _ = _pairs(sites, "SRF", "REST", 0, 200)
    return _regions(sites, rows, rows, ~np.isin(rows, blocked))


def insulator(sites):
    """Mark pairs of TFE3 and TP53: positive where no whole CTCF site is between them; tables as in `elements`."""
    tfe, tp = _pairs(sites, "TFE3", "TP53", 70, 200)
    low, high = _flat(sites, slice(None))
    left, right = np.minimum(high[tfe], high[tp]), np.maximum(low[tfe], low[tp])
    ctcf_low, ctcf_high = _flat(sites, _rows(sites, "CTCF"))
    blocked = np.searchsorted(ctcf_low, left) < np.searchsorted(ctcf_high, right, side="right")
    return _regions(sites, tfe, tp, ~blocked)


def helix(sites):
    """Mark pairs of GFI1 and ZIC1: positive where they face the same way; tables as in `elements`."""
    gfi, zic = _pairs(sites, "GFI1", "ZIC1", 0, round(13 * TURN))
    centre = (sites["start"] + sites["end"]).to_numpy() / 2
    turns = np.abs(centre[gfi] - centre[zic]) / TURN
    keep = (turns > 2.75) & (turns < 12.75)
    return _regions(sites, gfi[keep], zic[keep], (np.abs(turns - np.round(turns)) < 0.25)[keep])


@dataclass(frozen=True)
class Target:
    """A task: its name (that of its main factor), the group of its grammar, and the rule that finds its elements."""

    name: str
    group: str
    rule: object


TARGETS = (
    Target("CTCF", "single", partial(single, factor="CTCF")),
    Target("ZNF143", "single", partial(single, factor="ZNF143")),
    Target("ELF4", "count", count),
    Target("ONECUT3", "order", order),
    Target("SRF", "inhibitor", inhibitor),
    Target("TFE3", "insulator", insulator),
    Target("GFI1", "helix", helix),
)
"""The targets, in the order of their index."""


def _rows(sites, factor):
    return np.flatnonzero(sites["factor"] == factor)


def _flat(sites, rows):
    """Return starts and ends of `rows` on one axis, on which chromosomes are too far apart to meet."""
    shift = pd.factorize(sites["chrom"])[0].astype(np.int64) << 40
    return (sites["start"].to_numpy() + shift)[rows], (sites["end"].to_numpy() + shift)[rows]


def _pairs(sites, factor, partner, nearest, farthest):
    """Return the rows of all sites of two factors with `nearest` to `farthest` bp (inclusive) between them."""
    rows, others = _rows(sites, factor), _rows(sites, partner)
    (low, high), (other_low, other_high) = _flat(sites, rows), _flat(sites, others)
    first = np.searchsorted(other_high, low - farthest)
    number = np.searchsorted(other_low, high + farthest, side="right") - first
    one = np.repeat(np.arange(len(rows)), number)
    other = np.arange(len(one)) - np.repeat(np.cumsum(number) - number - first, number)
    gap = np.maximum(0, np.maximum(other_low[other] - high[one], low[one] - other_high[other]))
    return rows[one[gap >= nearest]], others[other[gap >= nearest]]


def _regions(sites, one, other, positive):
    """Return the 200-bp regions centred on what rows `one` and `other` of `sites` span together."""
    start, end = sites["start"].to_numpy(), sites["end"].to_numpy()
    middle = (np.minimum(start[one], start[other]) + np.maximum(end[one], end[other])) // 2
    return pd.DataFrame(
        {
            "chrom": sites["chrom"].array[one],
            "start": middle - ELEMENT // 2,
            "end": middle + ELEMENT // 2,
            "kind": np.where(positive, "positive", "decoy"),
        }
    )


def _move_inside(regions, chromosome_length):
    regions["start"] = regions["start"].clip(0, chromosome_length - ELEMENT)
    regions["end"] = regions["start"] + ELEMENT


# --- the genome: where sites go, and what they read ---


def _background(rng, chromosomes, length):
    """Return bases 0 to 3, uint8 (chromosomes, length), of a random order-2 Markov chain rich in A and T."""
    number = -(-chromosomes * length // _SEGMENT)
    cumulative = rng.dirichlet(50 * _LETTERS, size=16).cumsum(axis=1)[:, :3].astype(np.float32)
    bases = np.empty((_SEGMENT, number), dtype=np.uint8)
    bases[:2] = rng.choice(4, p=_LETTERS, size=(2, number))
    for step in tqdm(range(2, _SEGMENT), desc="background", leave=False, disable=None):
        before = 4 * bases[step - 2] + bases[step - 1]
        bases[step] = (rng.random(number, dtype=np.float32)[:, None] >= cumulative[before]).sum(
            axis=1
        )
    return bases.T.reshape(-1)[: chromosomes * length].reshape(chromosomes, length)


def _plan(rng, chromosomes, length, widths):
    """Return the table of all sites to plant, which never overlap; columns as in `elements`."""
    widths = widths | {name + SWAPPED: width for name, width in widths.items()}
    cassettes = _cassettes(rng, chromosomes, length, widths)
    sites = pd.concat([cassettes, _lone(rng, chromosomes, length, widths, cassettes)])
    sites = sites.sort_values("flat", ignore_index=True)
    chrom, start = np.divmod(sites["flat"].to_numpy(), length)
    names = [f"chr{index + 1}" for index in range(chromosomes)]
    return pd.DataFrame(
        {
            "chrom": pd.Categorical.from_codes(chrom, names, ordered=True),
            "start": start,
            "end": start + sites["factor"].map(widths).to_numpy(),
            "strand": np.where(sites["plus"], "+", "-"),
            "factor": sites["factor"],
        }
    )


def _cassettes(rng, chromosomes, length, widths):
    """Return flat (chromosome * length + start), plus (bool) and factor of the sites in cassettes, sorted."""
    slots = length // _SLOT
    # Evenly spaced quantiles, then shuffled: every chromosome has its share of every cassette.
    quantiles = (np.arange(slots) + rng.random((chromosomes, 1))) / slots
    shares = np.cumsum([cassette.share for cassette in _CASSETTES])
    drawn = rng.permuted(np.searchsorted(shares, quantiles, side="right"), axis=1)
    tables = []
    for index, cassette in enumerate(_CASSETTES):
        chrom, slot = np.nonzero(drawn == index)
        starts, plus = _lay(
            rng, cassette, len(slot), np.array([widths[factor] for factor in cassette.factors])
        )
        flat = (chrom * length + slot * _SLOT)[:, None] + starts
        tables.append(
            pd.DataFrame(
                {
                    "flat": flat.ravel(),
                    "plus": plus.ravel(),
                    "factor": np.tile(cassette.factors, len(slot)),
                }
            )
        )
    return pd.concat(tables).sort_values("flat", ignore_index=True)


def _lay(rng, cassette, number, widths):
    """Return starts in the slot (bp) and plus (bool), both (number, parts), of copies of one cassette."""
    gaps = [rng.choice(gap, number) for gap in cassette.gaps]
    steps = [
        np.zeros(number, dtype=np.int64),
        *(gap + width for gap, width in zip(gaps, widths[:-1], strict=True)),
    ]
    starts = np.cumsum(np.stack(steps, axis=1), axis=1)
    span = starts[:, -1:] + widths[-1]
    plus = np.full(starts.shape, True) if cassette.one_strand else rng.random(starts.shape) < 0.5
    turned = rng.random((number, 1)) < 0.5
    starts = np.where(turned, span - starts - widths, starts)
    return starts + rng.integers(0, _SLOT - span + 1), plus ^ turned


def _lone(rng, chromosomes, length, widths, cassettes):
    """Return a table like `_cassettes` of single sites anywhere; those that would touch another site are left out."""
    number = round(chromosomes * length * _LONE)
    sites = pd.DataFrame(
        {"plus": rng.random(number) < 0.5, "factor": rng.choice(_LONE_FACTORS, number)}
    )
    width = sites["factor"].map(widths)
    sites["flat"] = rng.integers(chromosomes, size=number) * length + rng.integers(
        0, length - width + 1
    )
    sites["end"] = sites["flat"] + width
    sites = sites.sort_values("flat", ignore_index=True)
    sites = sites[sites["flat"] >= sites["end"].cummax().shift(fill_value=0)]
    ends = (cassettes["flat"] + cassettes["factor"].map(widths)).to_numpy()
    starts = np.append(cassettes["flat"].to_numpy(), chromosomes * length)
    following = np.searchsorted(ends, sites["flat"], side="right")
    return sites.loc[sites["end"] <= starts[following], ["flat", "plus", "factor"]]


def _plant(rng, genome, sites, motifs):
    """Write an instance of its motif over the bases of `genome`, uint8 (chromosomes, length), at every site."""
    for factor, table in sites.groupby("factor"):
        motif = motifs[factor.removesuffix(SWAPPED)]
        bases = _instances(rng, motif.matrix, len(table))
        if factor.endswith(SWAPPED):
            bases = np.roll(bases, len(motif.matrix) // 2, axis=1)
        minus = (table["strand"] == "-").to_numpy()
        bases[minus] = 3 - bases[minus, ::-1]
        columns = table["start"].to_numpy()[:, None] + np.arange(len(motif.matrix))
        genome[table["chrom"].cat.codes.to_numpy()[:, None], columns] = bases


def _instances(rng, matrix, number):
    """Return bases 0 to 3, uint8 (number, width), drawn from a motif: the best-scoring share of what was drawn."""
    shape = (int(np.ceil(number / _BEST)), len(matrix))
    bases = (rng.random(shape)[..., None] >= matrix.cumsum(axis=1)[:, :3]).sum(
        axis=2, dtype=np.uint8
    )
    scores = np.log(matrix[np.arange(len(matrix)), bases]).sum(axis=1)
    return bases[rng.permutation(np.argsort(-scores, kind="stable")[:number])]


# --- the files ---


def _peaks(rng, truth, chromosome_length):
    """Return the positive elements, each moved by up to `JITTER` bp either way."""
    peaks = truth[truth["kind"] == "positive"].copy()
    peaks["start"] += rng.integers(-JITTER, JITTER + 1, len(peaks))
    _move_inside(peaks, chromosome_length)
    return peaks.sort_values(["chrom", "start"], kind="stable")


def _named(sites):
    """Return the table of sites as it is published: with matrix identifiers, without broken copies."""
    motif = sites["factor"].map(MOTIFS)
    return sites.assign(motif=motif)[motif.notna()][
        ["chrom", "start", "end", "strand", "motif", "factor"]
    ]


def _write_targets(output, peaks):
    rows = []
    for index, target in enumerate(TARGETS):
        own = peaks[peaks["target"] == index]
        name = [f"{target.name}_{number}" for number in range(1, len(own) + 1)]
        bed = own[["chrom", "start", "end"]].assign(name=name, score=1000, strand=".")
        file = f"peaks/{index:02d}.bed.gz"
        _write_packed(output / file, bed, header=False)
        rows.append((target.name, target.group, file, MOTIFS[target.name]))
    write_table(
        output / "targets.tsv", pd.DataFrame(rows, columns=["name", "group", "file", "jaspar"])
    )


def _write_packed(path, frame, header=True):
    text = frame.to_csv(sep="\t", index=False, header=header, lineterminator="\n")
    with atomic(path) as temporary:
        temporary.write_bytes(
            gzip.compress(text.encode(), 6, mtime=0)
        )  # a time inside would change the bytes


def _write_fasta(path, genome, width=60, lines=1000):
    """Write bases 0 to 3, uint8 (chromosomes, length), as BGZF FASTA with `width` bases a line."""
    with (
        atomic(path) as temporary,
        bgzf.BgzfWriter(str(temporary), "wb", compresslevel=1) as handle,
    ):
        for index, indices in enumerate(tqdm(genome, desc=path.name, leave=False, disable=None), 1):
            handle.write(f">chr{index}\n".encode())
            text = np.frombuffer(b"ACGT", dtype=np.uint8)[indices].tobytes()
            # Some lines at a time: the writer copies all that waits for every block it writes.
            for start in range(0, len(text), lines * width):
                part = text[start : start + lines * width]
                handle.write(
                    b"".join(part[at : at + width] + b"\n" for at in range(0, len(part), width))
                )


# --- reading the truth back ---


def element_coverage(dataset, elements, kinds):
    """Count the bases of each test bin that lie in planted elements of each target.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
    elements : path
        Table with columns chrom, start, end, target, kind.
    kinds : tuple of str
        Which kinds of element count.

    Returns
    -------
    numpy.ndarray, shape (N, T), int64
        Covered bases (bp).
    """
    found = {}
    for _, row in read_rows(elements, ["chrom", "start", "end", "target", "kind"]):
        if row["kind"] in kinds:
            found.setdefault((row["chrom"], int(row["target"])), []).append(
                (int(row["start"]), int(row["end"]))
            )
    chroms, starts = dataset.places("test")
    chroms = np.array(list(dataset.chromosomes))[chroms]
    bins = (starts + (dataset.window - dataset.bin_size) // 2) // dataset.bin_size
    covered = np.zeros((len(starts), len(dataset.names)), dtype=np.int64)
    for (chrom, target), intervals in found.items():
        here = np.flatnonzero(chroms == chrom)
        if len(here):
            start, end = np.array(intervals).T
            grid = Grid(
                [max(end.max(), bins[here].max() * dataset.bin_size + 1) + dataset.bin_size],
                dataset.bin_size,
            )
            covered[here, target] = coverage(np.zeros(len(start), dtype=int), start, end, grid)[
                bins[here]
            ]
    return covered
