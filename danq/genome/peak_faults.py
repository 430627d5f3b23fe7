"""What is wrong with a BED file or one of its lines, in words; and what it is instead."""

import re
from collections.abc import Sequence

from danq.errors import shown
from danq.genome.bed import LONGEST_NAME, MOST_DIGITS

_COMMAS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")
_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]+)?[eE]\+?[0-9]+")
# Columns of tables that count positions from 1, beside start and end.
_MACS = {"length", "abs_summit"}
_GRANGES = {"seqnames", "width"}


def file_fault(line: bytes) -> str | None:
    r"""Return what a file is, if not BED, by its first faulty line; None where that is not known.

    Examples
    --------
    >>> file_fault(b">chr1")
    'is a FASTA file, not peaks; give BED or narrowPeak'
    >>> file_fault(b"chr1\tx\t20") is None
    True
    """
    text = line.decode("latin-1").lstrip()
    columns = text.split("\t")
    if text.startswith("<"):
        return "is a web page, not peaks; download the file itself"
    if text.startswith(">"):
        return "is a FASTA file, not peaks; give BED or narrowPeak"
    if text.startswith(("fixedStep", "variableStep")):
        return "is a wiggle file: a signal, not peaks; give the peaks called from it"
    if len(columns) == 1 and text.count(",") >= 2:
        return "has commas between its columns, where BED has tabs; write it with tabs"
    return _other_table(columns)


def _other_table(columns: Sequence[str]) -> str | None:
    """Return which table of other columns, or that counts from 1, a line is of."""
    names = {column.strip('"').lower() for column in columns}
    if {"start", "end"} <= names and names & _MACS:
        what = "is a table that counts from 1, as MACS's .xls"
        return f"{what}; give its .narrowPeak or .broadPeak file"
    if {"start", "end"} <= names and names & _GRANGES:
        what = "is R's table of a GRanges, which counts from 1"
        return f"{what}; write BED (rtracklayer::export)"
    numbers = [_is_number(column) for column in columns]
    if len(columns) >= 8 and numbers[3] and numbers[4] and columns[6] in ("+", "-", ".", "?"):
        return "is GFF or GTF, which counts from 1; convert it to BED (BEDOPS' gff2bed)"
    is_allele = len(columns) >= 5 and re.fullmatch("[ACGTNacgtn]+", columns[3])
    if is_allele and numbers[1] and not numbers[2]:
        return "is a VCF: variants, not peaks; give BED or narrowPeak"
    is_second = len(columns) >= 4 and columns[1].strip('"').lower().startswith("chr")
    if is_second and numbers[2] and numbers[3]:
        what = (
            "has the interval in columns 2 to 4, not 1 to 3 (the bin of a UCSC table, row names of "
            "R, an identifier of HOMER's)"
        )
        return f"{what}; write it as BED (UCSC: cut -f 2-; HOMER: pos2bed.pl)"
    return None


def line_fault(line: bytes) -> str | None:
    """Return what is wrong with the text of a line: its columns, its name or its numbers."""
    columns = [column.decode("latin-1") for column in line.split(b"\t")]
    if len(columns) < 3:
        fix = "give chrom, start and end"
        if len(line.split()) >= 3:
            fix = "separate the columns by tabs"
        text = shown(line.decode("latin-1"))
        return f"expected at least 3 tab-separated columns, not {text}; {fix}"
    chrom, start, end = columns[:3]
    if not is_name(chrom.encode("latin-1")) or len(chrom) > LONGEST_NAME:
        return f"the chromosome {shown(chrom)} is not a name; fix the line"
    if not (_is_number(start) and _is_number(end)):
        numbers = f"{shown(start)} and {shown(end)}"
        return f"start and end must be whole numbers, not {numbers}; {_number_fix(start, end)}"
    return None


def _number_fix(*texts: str) -> str:
    """Return what to do about positions that are not whole numbers."""
    if any(map(_COMMAS.fullmatch, texts)):
        return "write them without commas"
    if any(map(_SCIENTIFIC.fullmatch, texts)):
        return "write all digits (in R: options(scipen = 999))"
    if any('"' in text for text in texts):
        return "write them without quotes (in R: quote = FALSE)"
    if any(re.fullmatch("-[0-9]+", text) for text in texts):
        return "clip the peaks (bedClip)"
    return "fix the line"


def _is_number(text: str) -> bool:
    """Return whether a text is a whole number that fits an int64."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def is_name(name: bytes) -> bool:
    """Return whether bytes can name a chromosome: printable UTF-8 without outer white space."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text.isprintable() and text != "" and name == name.strip()
