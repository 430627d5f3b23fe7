"""What is wrong with a line of a BED file, in words."""

from danq.errors import shown
from danq.genome.bed import LONGEST_NAME, MOST_DIGITS


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
        return f"start and end must be whole numbers, not {numbers}; fix the line"
    return None


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
