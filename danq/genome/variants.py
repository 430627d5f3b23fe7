"""Variants as users write them: VCF, a table, or words. One record for each alternative allele.

What cannot be scored by its nature (a symbolic allele, an unknown base) is refused row by row, with
the reason; what is neither a VCF nor a table is refused as a file, with the line.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.chromosomes import unknown_chromosome
from danq.genome.fields import read_fields
from danq.genome.variant_text import is_vcf, variant_lines

_VERSION = re.compile(r"##fileformat=VCFv4\.\d+")
_COLUMNS = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
_TABLE = ("chrom", "pos", "ref", "alt")
_DNA = frozenset("ACGTacgt")
_WORD = re.compile(r"(.+):([0-9]+):([^:]*):([^:]*)")

MOST_DIGITS = 10
"""Digits of a position, at most."""


class Row(NamedTuple):
    """An alternative allele as the input has it.

    Attributes
    ----------
    number : int
        Its line in a file, or its place among words, from 1.
    allele : int
        Which of the row's alternative alleles, from 1.
    chrom : str
        As it is written.
    pos : int
        Position of the first base of `ref` (1-based).
    name : str
        The row's ID; may be empty.
    ref, alt : str
        The alleles as they are written, upper case.
    """

    number: int
    allele: int
    chrom: str
    pos: int
    name: str
    ref: str
    alt: str

    @property
    def word(self) -> str:
        """The variant as ``chrom:pos:ref:alt``."""
        return f"{self.chrom}:{self.pos}:{self.ref}:{self.alt}"


def read_variants(path: PathLike) -> Iterator[Row]:
    """Read the variants of a VCF, or of a table with a header: chrom, pos, ref, alt and perhaps id.

    Parameters
    ----------
    path : str or path-like
        VCF 4.x, BCF, or tab-separated text, plain, gzip or BGZF; positions are 1-based.

    Yields
    ------
    Row
        In the order of the file.

    Raises
    ------
    DanqError
        Neither of them, or a line that is none of its kind.
    """
    if is_vcf(path):
        for line in vcf_lines(path):
            yield from rows_of(line.number, line.fields[:5], path)
    else:
        yield from _table_rows(path)


class VcfLine(NamedTuple):
    """A line of a VCF that tells of a variant.

    Attributes
    ----------
    number : int
        From 1.
    fields : list of str
        Its columns.
    """

    number: int
    fields: list[str]


def vcf_lines(path: PathLike) -> Iterator[VcfLine]:
    """Yield the lines of a VCF behind its header, each with as many columns as that.

    Parameters
    ----------
    path : str or path-like
        The file.

    Yields
    ------
    VcfLine

    Raises
    ------
    DanqError
        Another version, no header line, or a line of another number of columns.
    """
    n_columns = 0
    for number, raw in variant_lines(path):
        text = _decoded(raw, path, number)
        if number == 1:
            text = text.removeprefix("\ufeff")
            if not _VERSION.fullmatch(text.strip()):
                what = f"{shown(text)} is not the first line of a VCF 4"
                raise DanqError(f"{what}; write ##fileformat=VCFv4.x there", path, number)
        elif n_columns == 0 and text.startswith("#CHROM"):
            n_columns = _check_header(text, path, number)
        elif n_columns == 0 and not text.startswith("##"):
            what = "no line #CHROM before this one"
            raise DanqError(f"{what}; complete the header of the VCF", path, number)
        elif n_columns and text:
            yield VcfLine(number, _columns_of(text, n_columns, path, number))
    if n_columns == 0:
        raise DanqError("a VCF without a line #CHROM; complete its header", path)


def _decoded(raw: bytes, path: PathLike, number: int) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise DanqError("not UTF-8 text; save the file as UTF-8", path, number) from None


def _check_header(text: str, path: PathLike, number: int) -> int:
    """Return the number of columns of a header, or refuse it."""
    names = text.split("\t")
    if names[: len(_COLUMNS)] != _COLUMNS:
        what = "the header is not #CHROM POS ID REF ALT QUAL FILTER INFO, between tabs"
        raise DanqError(f"{what}; fix it", path, number)
    return len(names)


def _columns_of(text: str, n_columns: int, path: PathLike, number: int) -> list[str]:
    fields = text.split("\t")
    if len(fields) != n_columns:
        what = f"{len(fields)} columns, where the header has {n_columns}"
        raise DanqError(f"{what}; separate columns by one tab each", path, number)
    return fields


def _table_rows(path: PathLike) -> Iterator[Row]:
    """Yield the variants of a table."""
    places: list[int] = []
    for fields in read_fields(path, is_header=is_table_header):
        if not places:
            names = [text.lower() for text in fields.texts]
            missing = [name for name in _TABLE if name not in names]
            if missing:
                what = f"neither a VCF nor a table with a column {missing[0]}"
                advice = "give columns chrom, pos, ref and alt, between tabs"
                raise DanqError(f"{what}; {advice}", path, fields.line)
            places = [names.index(name) for name in _TABLE]
            places.append(names.index("id") if "id" in names else -1)
            n_columns = len(names)
            continue
        if len(fields.texts) != n_columns:
            what = f"{len(fields.texts)} columns, where the header has {n_columns}"
            raise DanqError(f"{what}; separate columns by one tab each", path, fields.line)
        chrom, pos, ref, alt = (fields.texts[place] for place in places[:4])
        name = fields.texts[places[4]] if places[4] >= 0 else "."
        yield from rows_of(fields.line, [chrom, pos, name, ref, alt], path)
    if not places:
        what = "holds neither a VCF nor a table"
        raise DanqError(f"{what}; give a VCF, or columns chrom, pos, ref and alt", path)


def is_table_header(names: Sequence[str]) -> bool:
    """Say whether these are the names of the columns of a table of variants."""
    return set(_TABLE) <= {name.lower() for name in names}


def rows_of(number: int, fields: Sequence[str], path: PathLike) -> Iterator[Row]:
    """Yield the alternative alleles of a row.

    Parameters
    ----------
    number : int
        Its line.
    fields : sequence of str
        Chromosome, position, ID, REF, ALT.
    path : str or path-like
        Where they were read from, for messages.

    Yields
    ------
    Row

    Raises
    ------
    DanqError
        No chromosome, no position, or an empty allele.
    """
    chrom, pos, name, ref, alts = fields
    if not chrom or chrom.isspace():
        raise DanqError("no chromosome; complete the line", path, number)
    if not (pos.isascii() and pos.isdigit() and len(pos) <= MOST_DIGITS):
        what = f"{shown(pos)} is not a position; give a whole number from 1"
        raise DanqError(what, path, number)
    if not ref or not alts:
        raise DanqError("an empty allele; write both with at least one base", path, number)
    known = "" if name == "." else name
    for allele, alt in enumerate(alts.split(","), 1):
        yield Row(number, allele, chrom, int(pos), known, ref.upper(), alt.upper())


def parse_variants(words: Sequence[str]) -> list[Row]:
    """Read variants that are given as words.

    Parameters
    ----------
    words : sequence of str
        ``chrom:pos:ref:alt``, the position 1-based.

    Returns
    -------
    list of Row

    Raises
    ------
    DanqError
        A word of another form.

    Examples
    --------
    >>> parse_variants(["chr1:123:a:G"])
    [Row(number=1, allele=1, chrom='chr1', pos=123, name='', ref='A', alt='G')]
    """
    rows = []
    for number, word in enumerate(words, 1):
        match = _WORD.fullmatch(word)
        if match is None or len(match[2]) > MOST_DIGITS:
            what = f"{shown(word)} is not a variant; write it as chr1:123:A:G"
            raise DanqError(what)
        chrom, pos, ref, alt = match.groups()
        rows.append(Row(number, 1, chrom, int(pos), "", ref.upper(), alt.upper()))
    return rows


# --- what can be scored ---


def refusal(
    row: Row, lengths: Mapping[str, int], aliases: Mapping[str, str], longest: int
) -> str | None:
    """Return why an allele cannot be scored, as far as its text tells; None where it can.

    Parameters
    ----------
    row : Row
        The allele.
    lengths : mapping of str to int
        Length of each chromosome (bp).
    aliases : mapping of str to str
        Other names of chromosomes.
    longest : int
        Length of an allele, at most (bp).

    Returns
    -------
    str or None
        A few words, and what to do where something can be done.
    """
    chrom = aliases.get(row.chrom, row.chrom)
    if chrom not in lengths:
        return unknown_chromosome(row.chrom, lengths)
    for side, allele in (("REF", row.ref), ("ALT", row.alt)):
        problem = _allele_problem(allele)
        if problem:
            return f"{side} {shown(allele)}: {problem}"
        if len(allele) > longest:
            return f"{side} of {len(allele)} bp is longer than {longest}; raise --longest"
    if row.ref == row.alt:
        return "REF and ALT are the same"
    end = row.pos - 1 + len(row.ref)
    if row.pos < 1 or end > lengths[chrom]:
        return f"lies beyond {shown(chrom)} ({lengths[chrom]} bp); is this its genome?"
    return None


def _allele_problem(allele: str) -> str | None:
    """Return what an allele is that is not DNA."""
    if not allele:
        return "an empty allele; write both alleles with the base before them"
    if set(allele) <= _DNA:
        return None
    if allele == ".":
        return "a missing allele"
    if allele == "*":
        return "an allele that an upstream deletion spans"
    if allele.startswith("<"):
        return "a symbolic allele"
    if "[" in allele or "]" in allele or allele.startswith(".") or allele.endswith("."):
        return "a breakend"
    if set(allele) <= set("ACGTNRYSWKMBDHV"):
        return "unknown bases"
    return "not a DNA allele"


def mismatch(row: Row, bases: str) -> str | None:
    """Compare a row's REF with the genome.

    Parameters
    ----------
    row : Row
        The allele.
    bases : str
        What the genome has there, upper case.

    Returns
    -------
    str or None
        None where they are the same, or another text of both.
    """
    if row.ref == bases:
        return None
    return f"REF is {shown(row.ref)}, and the genome has {shown(bases)} there"


def share_of_mismatches(is_mismatch: Sequence[bool]) -> float:
    """Return which share of rows does not fit the genome; 0 of no rows."""
    return float(np.mean(is_mismatch)) if len(is_mismatch) else 0.0
