"""Variants of a simulated genome whose effect on every label is known.

A variant changes what is planted: it breaks a site, or leaves it as good as planted ones, or
changes the distance between two sites. The rules of `danq.simulation.grammar` are then asked twice,
with the sites as they were and as they are, so that what a variant does follows from the same rules
as the labels: breaking the REST beside an SRF makes SRF's label come up, breaking a site of a decoy
does nothing, and 5 bp between GFI1 and ZIC1 turn them away from one another, where 10 bp do not.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.config import Simulate
from danq.errors import DanqError
from danq.files import PathLike, write_text
from danq.genome.intervals import ranges
from danq.genome.sequence import decode, reverse_complement
from danq.motif.meme import Motif
from danq.records import Made, record_table
from danq.simulation.genome import draw
from danq.simulation.grammar import ELEMENT, SWAPPED, TARGETS, planted_motifs
from danq.simulation.truth import elements

REACH = 700
"""How far from a variant sites are looked for, on either side: farther ones are in no element with
it (bp)."""

CLEAR = 2.0
"""How much worse than every planted site a site must score to count as broken (nats)."""

UNCLEAR = 0.1
"""A bin is not used where an element covers it by half, give or take this share of the bin: peaks
lie up to 20 bp beside their elements."""

KINDS = ("break", "weaken", "delete", "insert", "shorten", "beside")
"""What a variant does: a base of a site is changed, for the worst, or so that the site stays one;
bases of a site are deleted; bases are inserted between two sites, or deleted there; a base beside
all sites is changed."""


SHARES = (0.4, 0.1, 0.2, 0.1, 0.1, 0.1)
"""How often each kind is tried."""

TRIED = 60
"""Variants of a chromosome that are tried for each target, in its positive elements, and as many in
its decoys."""


class Change(NamedTuple):
    """A variant, as its alleles and as what it does to the sites.

    Attributes
    ----------
    chrom : int
        Number of the chromosome.
    start : int
        Where `ref` begins (bp, 0-based).
    ref, alt : str
        Alleles with an anchoring base where one would be empty.
    kind : str
        One of `KINDS`.
    factor : str
        Of the site that is changed, or of the first of the two; empty beside all sites.
    broken : int
        Row of the site that is no longer one, or -1.
    """

    chrom: int
    start: int
    ref: str
    alt: str
    kind: str
    factor: str
    broken: int


class Drawer:
    """Draws variants of a simulated genome.

    Parameters
    ----------
    genome : numpy.ndarray, shape (chromosomes, length), uint8
        Bases 0 to 3.
    sites : pandas.DataFrame
        All planted sites, broken copies included, sorted; columns as for
        `danq.simulation.truth.elements`.
    motifs : mapping of str to danq.motif.meme.Motif
        By factor.
    rng : numpy.random.Generator
        Source of everything random.
    """

    def __init__(
        self,
        genome: NDArray[np.uint8],
        sites: pd.DataFrame,
        motifs: Mapping[str, Motif],
        rng: np.random.Generator,
    ) -> None:
        self.genome = genome
        self.sites = sites
        self.rng = rng
        self.chroms = sites["chrom"].cat.codes.to_numpy().astype(np.int64)
        self.names = {name: number for number, name in enumerate(sites["chrom"].cat.categories)}
        self.starts = sites["start"].to_numpy()
        self.ends = sites["end"].to_numpy()
        self.factors = sites["factor"].to_numpy()
        self.minus = (sites["strand"] == "-").to_numpy()
        self.logs = {name: np.log(motif.matrix + 1e-3) for name, motif in motifs.items()}
        self.lowest = {name: self._lowest_score(name) for name in motifs}

    def _bases(self, row: int) -> NDArray[np.uint8]:
        """Return the bases of a site along its own strand."""
        bases = self.genome[self.chroms[row], self.starts[row] : self.ends[row]]
        return reverse_complement(bases) if self.minus[row] else bases

    def _lowest_score(self, factor: str) -> float:
        """Return the lowest log-likelihood of the planted sites of a factor."""
        rows = np.flatnonzero(self.factors == factor)
        columns = np.arange(len(self.logs[factor]))
        scores = [self.logs[factor][columns, self._bases(row)].sum() for row in rows.tolist()]
        return min(scores, default=-np.inf)

    def draw(self, regions: pd.DataFrame, n: int) -> list[Change]:
        """Draw variants in elements: `n` of each target are tried, as many in decoys.

        Parameters
        ----------
        regions : pandas.DataFrame
            Elements, as of `danq.simulation.truth.elements`.
        n : int
            Variants of a target and kind of element that are tried; what does nothing clear is left
            out.

        Returns
        -------
        list of Change
        """
        changes = []
        for _, table in regions.groupby(["target", "kind"]):
            chosen = self.rng.choice(len(table), min(n, len(table)), replace=False)
            for place in np.sort(chosen):
                element = table.iloc[place]
                change = self._draw_in(element)
                if change is not None:
                    changes.append(change)
        return changes

    def _draw_in(self, element: pd.Series) -> Change | None:
        """Draw a variant of one of the sites of an element."""
        chrom = self.names[element["chrom"]]
        first, last = np.searchsorted(self.chroms, [chrom, chrom + 1])
        inside = (self.starts[first:last] < element["end"]) & (
            self.ends[first:last] > element["start"]
        )
        there = first + np.flatnonzero(inside)
        rows = [row for row in there.tolist() if not self.factors[row].endswith(SWAPPED)]
        if not rows:
            return None
        kind = str(self.rng.choice(KINDS, p=SHARES))
        return self._of_kind(kind, rows[self.rng.integers(len(rows))])

    def _of_kind(self, kind: str, row: int) -> Change | None:
        """Make a variant of a kind of a site, if there is one."""
        make = {
            "break": self._break,
            "weaken": self._weaken,
            "delete": self._delete,
            "insert": self._insert,
            "shorten": self._shorten,
            "beside": self._beside,
        }
        return make[kind](row)

    # --- a base of a site, or beside all sites ---

    def _substitution(self, row: int, column: int, base: int) -> tuple[int, str, str]:
        """Return start and alleles of a site with another base in a column of its motif."""
        place = self.ends[row] - 1 - column if self.minus[row] else self.starts[row] + column
        new = 3 - base if self.minus[row] else base
        ref = self.genome[self.chroms[row], place]
        return int(place), "ACGT"[ref], "ACGT"[new]

    def _scores_with(self, row: int) -> NDArray[np.float64]:
        """Return the score of a site with every base in every column, (width, 4)."""
        logs = self.logs[self.factors[row]]
        bases = self._bases(row)
        own = logs[np.arange(len(logs)), bases]
        return own.sum() - own[:, None] + logs

    def _break(self, row: int) -> Change | None:
        scores = self._scores_with(row)
        column, base = np.unravel_index(scores.argmin(), scores.shape)
        factor = self.factors[row]
        if scores.min() > self.lowest[factor] - CLEAR:
            return None
        place = self._substitution(row, int(column), int(base))
        return Change(int(self.chroms[row]), *place, "break", factor, row)

    def _weaken(self, row: int) -> Change | None:
        scores = self._scores_with(row)
        scores[np.arange(len(scores)), self._bases(row)] = -np.inf
        as_good = np.argwhere(scores >= self.lowest[self.factors[row]])
        if not len(as_good):
            return None
        column, base = as_good[self.rng.integers(len(as_good))]
        place = self._substitution(row, int(column), int(base))
        return Change(int(self.chroms[row]), *place, "weaken", self.factors[row], -1)

    def _beside(self, row: int) -> Change | None:
        chrom = int(self.chroms[row])
        place = int(self.starts[row] + self.rng.integers(-80, 80))
        if not 1 <= place < self.genome.shape[1] or self._is_site(chrom, place, place + 1):
            return None
        ref = int(self.genome[chrom, place])
        alt = (ref + int(self.rng.integers(1, 4))) % 4
        return Change(chrom, place, "ACGT"[ref], "ACGT"[alt], "beside", "", -1)

    def _is_site(self, chrom: int, start: int, end: int) -> bool:
        """Say whether a planted site holds a base of a region."""
        overlaps = (self.chroms == chrom) & (self.starts < end) & (self.ends > start)
        return bool(overlaps.any())

    # --- bases inserted or deleted ---

    def _delete(self, row: int) -> Change | None:
        """Delete the three bases in the middle of a site."""
        middle = int(self.starts[row] + self.ends[row]) // 2
        return self._deletion(row, middle - 1, 3, "delete", row)

    def _deletion(self, row: int, start: int, n: int, kind: str, broken: int) -> Change | None:
        chrom = int(self.chroms[row])
        if start < 1:
            return None
        ref = decode(self.genome[chrom, start - 1 : start + n])
        return Change(chrom, start - 1, ref, ref[0], kind, self.factors[row], broken)

    def _gap(self, row: int) -> int | None:
        """Return the middle of the gap between a site and the next one, if there are 20 bp."""
        if row + 1 == len(self.starts) or self.chroms[row + 1] != self.chroms[row]:
            return None
        gap = self.starts[row + 1] - self.ends[row]
        return int(self.ends[row] + gap // 2) if 20 <= gap <= 160 else None

    def _insert(self, row: int) -> Change | None:
        """Insert 5 or 10 bp between two sites."""
        place = self._gap(row)
        if place is None:
            return None
        chrom = int(self.chroms[row])
        n = 5 * int(self.rng.integers(1, 3))
        anchor = decode(self.genome[chrom, place - 1 : place])
        new = decode(self.rng.integers(0, 4, n).astype(np.uint8))
        return Change(chrom, place - 1, anchor, anchor + new, "insert", self.factors[row], -1)

    def _shorten(self, row: int) -> Change | None:
        """Delete 5 or 10 bp between two sites."""
        place = self._gap(row)
        if place is None:
            return None
        n = 5 * int(self.rng.integers(1, 3))
        return self._deletion(row, place - n // 2, n, "shorten", -1)


# --- what the rules say ---


def effects(changes: list[Change], sites: pd.DataFrame) -> NDArray[np.float64]:
    """Return what each variant does to the label of each target in the bin around it.

    Parameters
    ----------
    changes : list of Change
        Variants of the genome.
    sites : pandas.DataFrame
        All planted sites, as `Drawer` takes them.

    Returns
    -------
    numpy.ndarray, shape (n, T), float64
        1 where the label comes up, -1 where it goes, 0 where it stays; nan where the bin lies so
        that a label is not clear.
    """
    before = _labels(_around(changes, sites, changed=False), len(changes))
    after = _labels(_around(changes, sites, changed=True), len(changes))
    return after - before


def _around(changes: list[Change], sites: pd.DataFrame, *, changed: bool) -> pd.DataFrame:
    """Return the sites around each variant, each variant on a chromosome of its own.

    The variant lies at `REACH` on it, or the middle of its reference allele does.
    """
    chroms = sites["chrom"].cat.codes.to_numpy().astype(np.int64) << 40
    flat_start = sites["start"].to_numpy() + chroms
    flat_end = sites["end"].to_numpy() + chroms
    chrom = np.array([change.chrom for change in changes], dtype=np.int64) << 40
    start = np.array([change.start for change in changes], dtype=np.int64)
    n_ref = np.array([len(change.ref) for change in changes], dtype=np.int64)
    n_alt = np.array([len(change.alt) for change in changes], dtype=np.int64)
    middle = chrom + start + n_ref // 2
    first = np.searchsorted(flat_end, middle - REACH, side="right")
    counts = np.searchsorted(flat_start, middle + REACH) - first
    rows = ranges(first, counts)
    number = np.repeat(np.arange(len(changes)), counts)
    shift = REACH - middle[number]
    if changed:
        broken = np.array([change.broken for change in changes])
        kept = rows != broken[number]
        rows = rows[kept]
        number = number[kept]
        shift = shift[kept]
        is_behind = flat_start[rows] >= (chrom + start + n_ref)[number]
        shift = shift + np.where(is_behind, (n_alt - n_ref)[number], 0)
    table = sites.iloc[rows]
    return table.assign(
        chrom=number, start=flat_start[rows] + shift, end=flat_end[rows] + shift
    ).reset_index(drop=True)


def _labels(sites: pd.DataFrame, n: int) -> NDArray[np.float64]:
    """Return the labels of the bins around the variants, nan where they are unclear."""
    # On a longer chromosome no element is shifted inside.
    far = sites.assign(start=sites["start"] + ELEMENT, end=sites["end"] + ELEMENT)
    regions = elements(far, 2 * (REACH + ELEMENT) + ELEMENT)
    regions = regions[regions["kind"] == "positive"]
    bin_start = REACH + ELEMENT - ELEMENT // 2
    left = np.maximum(regions["start"], bin_start)
    right = np.minimum(regions["end"], bin_start + ELEMENT)
    overlap = ((right - left) / ELEMENT).clip(lower=0)
    best = np.zeros((n, len(TARGETS)))
    chrom = regions["chrom"].astype(int).to_numpy()
    np.maximum.at(best, (chrom, regions["target"].to_numpy()), overlap.to_numpy())
    labels = (best > 0.5).astype(float)
    labels[np.abs(best - 0.5) <= UNCLEAR] = np.nan
    return labels


# --- the files ---


def simulate_variants(
    vcf: PathLike, table: PathLike, *, settings: Simulate, on: Sequence[str]
) -> None:
    """Write variants of a simulated genome, and what each does to every label.

    Parameters
    ----------
    vcf : str or path-like
        VCF to make, its IDs v1, v2, ...
    table : str or path-like
        TSV to make: id, chrom, pos (1-based), ref, alt, kind (one of `KINDS`), factor, and for each
        target a column ``effect_<name>``: 1 where the label of the bin around the variant comes up,
        -1 where it goes, 0 where it stays.
    settings : danq.config.Simulate
        As of `danq.simulation.genome.simulate`: which genome.
    on : sequence of str
        On which of its chromosomes, such as those of the test split.

    Raises
    ------
    DanqError
        There is no such chromosome.
    """
    simulation = draw(settings.chromosomes, settings.chromosome_length, settings.seed)
    names = list(simulation.sites["chrom"].cat.categories)
    for name in on:
        if name not in names:
            raise DanqError(f"{name} is not in the simulated genome, which has {names[0]} and on")
    rng = np.random.default_rng([settings.seed, len(names)])
    drawer = Drawer(simulation.genome, simulation.sites, planted_motifs(), rng)
    changes = []
    for name in dict.fromkeys(on):
        regions = simulation.elements[simulation.elements["chrom"] == name]
        changes += drawer.draw(regions, TRIED)
    changes.sort(key=lambda change: (change.chrom, change.start, change.ref, change.alt))
    found = effects(changes, simulation.sites)
    clear = np.flatnonzero(~np.isnan(found).any(axis=1))
    truth = _table([changes[place] for place in clear], found[clear], names)
    write_text(vcf, _vcf(truth))
    record_table(table, truth, Made("simulate-variants"))


def _table(
    changes: Sequence[Change], found: NDArray[np.float64], names: Sequence[str]
) -> pd.DataFrame:
    """Return variants with what they do."""
    rows = []
    for number, change in enumerate(changes, 1):
        place = (f"v{number}", names[change.chrom], change.start + 1, change.ref, change.alt)
        rows.append((*place, change.kind, change.factor or "."))
    columns = ["id", "chrom", "pos", "ref", "alt", "kind", "factor"]
    table = pd.DataFrame(rows, columns=columns)
    for number, target in enumerate(TARGETS):
        table[f"effect_{target.name}"] = found[:, number].astype(int)
    return table


def _vcf(table: pd.DataFrame) -> str:
    """Return variants as the text of a VCF."""
    head = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    lines = []
    for row in table.itertuples():
        lines.append(f"{row.chrom}\t{row.pos}\t{row.id}\t{row.ref}\t{row.alt}\t.\t.\t.\n")
    return head + "".join(lines)
