"""Which alleles of a VCF a sample carries on which of its chromosomes: the phased genotypes."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.variant_text import variant_lines
from danq.genome.variants import Row, VcfLine, rows_of, vcf_lines

_FIRST = 9  # the column of the first sample


class Carried(NamedTuple):
    """An alternative allele, and where a sample carries it.

    Attributes
    ----------
    row : danq.genome.variants.Row
        The allele.
    copies : frozenset of int
        Which of the sample's copies of the chromosome carry it, from 1.
    phase_set : str
        Genotypes of one set are phased with one another; empty for all others, and "*" where all
        copies carry the allele, which fits every set.
    problem : str or None
        Why that is not known, or that no copy carries it.
    """

    row: Row
    copies: frozenset[int]
    phase_set: str
    problem: str | None


def read_carried(path: PathLike, sample: str | None) -> Iterator[Carried]:
    """Read the alternative alleles of a VCF with the phased genotypes of a sample.

    Parameters
    ----------
    path : str or path-like
        VCF or BCF.
    sample : str or None
        Its name; None: the only one of the file.

    Yields
    ------
    Carried
        In the order of the file.

    Raises
    ------
    DanqError
        No such sample, or a file that cannot be used.
    """
    column = sample_column(path, sample)
    for line in vcf_lines(path):
        for row in rows_of(line.number, line.fields[:5], path):
            yield _carried(row, line, column)


def sample_column(path: PathLike, sample: str | None) -> int:
    """Return the column of a sample.

    Parameters
    ----------
    path : str or path-like
        VCF or BCF.
    sample : str or None
        Its name; None: the only one of the file.

    Returns
    -------
    int
        From 0: 9 for the first sample.

    Raises
    ------
    DanqError
        No such sample.
    """
    names: list[str] = []
    for _, raw in variant_lines(path):
        if raw.startswith(b"#CHROM"):
            names = raw.decode("utf-8").split("\t")[_FIRST:]
            break
    if sample is None and len(names) == 1:
        return _FIRST
    if sample is None or sample not in names:
        there = ", ".join(shown(name) for name in names[:5]) or "none"
        what = f"its samples are {there}"
        raise DanqError(f"{what}; name one of them with --sample", path)
    return _FIRST + names.index(sample)


def _carried(row: Row, line: VcfLine, column: int) -> Carried:
    """Return an allele with the copies that carry it."""
    keys = line.fields[_FIRST - 1].split(":")
    texts = line.fields[column].split(":")
    values = dict(zip(keys, texts, strict=False))
    genotype = values.get("GT", ".").lstrip("|/")
    alleles = genotype.replace("|", "/").split("/")
    copies = frozenset(copy for copy, allele in enumerate(alleles, 1) if allele == str(row.allele))
    problem = None
    phase_set = values.get("PS", "").strip(".")
    if "." in alleles:
        problem = f"the genotype {shown(genotype)} is not known"
    elif not copies:
        problem = f"the genotype {shown(genotype)} does not carry it"
    elif len(copies) == len(alleles):
        phase_set = "*"
    elif "/" in genotype:
        problem = f"the genotype {shown(genotype)} is not phased"
    return Carried(row, copies, phase_set, problem)


class Neighbourhood(NamedTuple):
    """An allele, and those near it.

    Attributes
    ----------
    carried : Carried
        The allele.
    near : list of Carried
        The alleles of other lines near it.
    """

    carried: Carried
    near: list[Carried]


def neighbourhoods(
    carried: Iterable[Carried], reach: int, path: PathLike
) -> Iterator[Neighbourhood]:
    """Yield each allele with those that lie near it.

    Parameters
    ----------
    carried : iterable of Carried
        Sorted by position on each chromosome.
    reach : int
        How far away positions may be (bp).
    path : path
        Where they were read from, for the message.

    Yields
    ------
    Neighbourhood
        In their order.

    Raises
    ------
    DanqError
        They are not sorted.
    """
    near: deque[Carried] = deque()
    waiting: deque[Carried] = deque()
    done: set[str] = set()
    for entry in carried:
        row = entry.row
        last = waiting[-1].row if waiting else None
        if last is not None and row.chrom != last.chrom:
            yield from _emptied(waiting, near, reach)
            near.clear()
            done.add(last.chrom)
        is_behind = last is None or row.chrom != last.chrom or row.pos >= last.pos
        if row.chrom in done or not is_behind:
            what = "variants of a haplotype must be sorted by position"
            raise DanqError(f"{what}; sort the file with bcftools sort", path, row.number)
        near.append(entry)
        waiting.append(entry)
        while waiting[0].row.pos + reach < row.pos:
            yield _neighbourhood(waiting.popleft(), near, reach)
    yield from _emptied(waiting, near, reach)


def _emptied(waiting: deque[Carried], near: deque[Carried], reach: int) -> Iterator[Neighbourhood]:
    while waiting:
        yield _neighbourhood(waiting.popleft(), near, reach)


def _neighbourhood(entry: Carried, near: deque[Carried], reach: int) -> Neighbourhood:
    """Return an allele with those near it; drop from `near` what no later one needs."""
    pos = entry.row.pos
    while near[0].row.pos < pos - reach:
        near.popleft()
    others = []
    for other in near:
        if other.row.number != entry.row.number and other.row.pos <= pos + reach:
            others.append(other)
    return Neighbourhood(entry, others)
