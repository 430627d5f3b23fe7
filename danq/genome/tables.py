"""The user's tables and texts: targets, chromosome names, regions.

Errors name the file, the line and the fix. FASTA files are read by `danq.genome.fasta`, peaks
by `danq.genome.peaks`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from danq.errors import DanqError, DanqErrors, shown
from danq.files import PathLike
from danq.genome import sources
from danq.genome.bins import MOST_TARGETS
from danq.genome.chromosomes import unknown_chromosome
from danq.genome.fields import Fields, read_fields
from danq.wording import nearest

_CHECKSUM_DIGITS = {"sha256": 64, "md5": 32}


@dataclass(frozen=True)
class Target:
    """One task: a column of the labels.

    Attributes
    ----------
    name, group : str
        Free text; names need not be unique.
    file : str
        Path of its peaks.
    jaspar : str
        Identifier of the target's own known motif; empty when none is known.
    source : str
        The file as the table names it: a path relative to the table, or a URL.
    checksums : dict of str to str
        The file's checksums in the table, by kind (sha256, md5); empty texts when unknown.
    widen : int
        By how much to widen each interval either way (bp).
    """

    name: str
    group: str
    file: str
    jaspar: str
    source: str
    checksums: dict[str, str]
    widen: int


def read_targets(
    path: PathLike, where: Mapping[str, str] | None = None, downloads: PathLike | None = None
) -> list[Target]:
    """Read `targets.tsv`: one row per target, columns found by their header.

    Parameters
    ----------
    path : str or path-like
        Tab-separated text with a header. Columns ``name`` and ``file`` (a path relative to the
        table, or a URL) are needed; ``group``, ``jaspar``, ``sha256``, ``md5`` (checksums of the
        file) and ``widen`` (bp, for files of summits) are optional, ``.`` or empty where unknown;
        further columns are for `where`.
    where : mapping of str to str, optional
        Keep only the rows whose column has that value.
    downloads : path, optional
        Folder of fetched files, see `danq.genome.sources.local_path`; needed when `file` is a URL.

    Returns
    -------
    list of Target
        Their `file` is a local path.

    Raises
    ------
    DanqErrors
        A column is missing, a row has too few or too many columns, a value is not allowed, a local
        peak file is missing (all of them are named), or no row is left.
    """
    where = dict(where or {})
    targets = []
    errors = []
    for number, cells in read_rows(path, ["name", "file", *where]):
        if any(cells[column] != value for column, value in where.items()):
            continue
        try:
            targets.append(_target(path, number, cells, downloads))
        except DanqError as error:
            errors.append(error)
    if errors:
        raise DanqErrors(errors)
    if not targets and where:
        raise DanqError(_no_target_where(path, where), path)
    if not targets:
        raise DanqError("holds no target; add a row", path)
    n = len(targets)
    if n > MOST_TARGETS:
        what = f"{n} targets; at most {MOST_TARGETS} can be kept: leave some out"
        raise DanqError(what, path)
    return targets


def _no_target_where(path: PathLike, where: Mapping[str, str]) -> str:
    """Return what to say where no row has the values that are asked for."""
    asked = " and ".join(f"{column} is {shown(value)}" for column, value in where.items())
    hints = []
    for column, value in where.items():
        values = {cells[column] for _, cells in read_rows(path, [column])}
        if value not in values:
            listed = ", ".join(map(shown, sorted(values)[:5]))
            hints.append(f"{column} has {listed}{nearest(value, values)}")
    return f"no target is left where {asked}; {', and '.join(hints) or 'no row has all of it'}"


def _target(
    path: PathLike, number: int, cells: dict[str, str], downloads: PathLike | None
) -> Target:
    """Turn a row of the table into a Target."""
    name = cells["name"].strip()
    source = cells["file"]
    if not name or not source:
        what = "a target needs a name and a file; complete the row"
        raise DanqError(what, path, number)
    checksums = {}
    for kind in _CHECKSUM_DIGITS:
        checksums[kind] = _checksum(path, number, cells, kind)
    widen = _optional(cells, "widen")
    if not re.fullmatch("[0-9]{0,6}", widen):
        what = f"widen {shown(widen)} is not a whole number of bp; fix it"
        raise DanqError(what, path, number)
    file = _peak_file(path, number, source)
    if downloads is not None:
        file = sources.local_path(file, downloads)
    group = _optional(cells, "group") or "all"
    jaspar = _optional(cells, "jaspar")
    return Target(
        name=name,
        group=group,
        file=file,
        jaspar=jaspar,
        source=source,
        checksums=checksums,
        widen=int(widen or 0),
    )


def _optional(cells: dict[str, str], column: str) -> str:
    """Return what a row has in a column that need not be there; empty for ``.``."""
    cell = cells.get(column, "").strip()
    if cell == ".":
        return ""
    return cell


def _checksum(path: PathLike, number: int, cells: dict[str, str], kind: str) -> str:
    """Return a checksum of a row, empty when it has none."""
    checksum = _optional(cells, kind)
    digits = _CHECKSUM_DIGITS[kind]
    if checksum and not re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", checksum):
        what = f"{kind} {shown(checksum)} is not {digits} hexadecimal digits; fix it"
        raise DanqError(what, path, number)
    return checksum


def _peak_file(path: PathLike, number: int, source: str) -> str:
    """Return the URL or the path of a target's peaks; a path is relative to the table at `path`."""
    sources.refuse_other_schemes(source, path, number)
    if sources.is_url(source):
        return source
    file = Path(path).parent / source
    if not file.is_file():
        what = f"there is no file {shown(str(file), 200)}; paths are relative to this table"
        raise DanqError(what, path, number)
    return str(file)


def find_target(word: str, names: Sequence[str]) -> int:
    """Return the index of the target that a word names.

    Parameters
    ----------
    word : str
        A name or an index.
    names : sequence of str
        Names of all targets.

    Returns
    -------
    int
        Index of the target in `names`.

    Raises
    ------
    DanqError
        No target is called that, or several are.
    """
    indices = [index for index, name in enumerate(names) if name == word]
    if len(indices) == 1:
        return indices[0]
    if indices:
        listed = ", ".join(map(str, indices[:8]))
        raise DanqError(
            f"{len(indices)} targets are called {shown(word)}; give the index of one: {listed}"
        )
    if word.isdecimal() and int(word) < len(names):
        return int(word)
    last_index = len(names) - 1
    fix = f"give a name or an index (0 to {last_index}), as {shown(names[0])}"
    raise DanqError(f"no target is called {shown(word)}; {fix}{nearest(word, names)}")


class Row(NamedTuple):
    """A row of a table.

    Attributes
    ----------
    line : int
        Line number, from 1.
    cells : dict of str to str
        Text by column.
    """

    line: int
    cells: dict[str, str]


def read_rows(path: PathLike, needed: Sequence[str]) -> Iterator[Row]:
    """Yield each row of a tab-separated table with a header.

    Comments, quotes and a byte-order mark are read as `danq.genome.fields.read_fields` says.

    Parameters
    ----------
    path : str or path-like
        The table, UTF-8, plain or gzip.
    needed : sequence of str
        Columns that must be there.

    Yields
    ------
    Row
        Line number, and text by column.

    Raises
    ------
    DanqError
        A needed column is missing, a column name is used twice, or a row has another number of
        columns.
    """
    header = None
    for number, words in text_fields(path, set(needed).issubset):
        if header is not None:
            yield _row(path, number, header, words)
        else:
            header = _header(path, number, words, needed)
    if header is None:
        raise DanqError(f"is empty; it needs a header with {', '.join(needed)}", path)


def text_fields(
    path: PathLike, is_header: Callable[[Sequence[str]], bool] | None = None
) -> Iterator[Fields]:
    """Yield the fields of each line of a table; refuse control characters.

    Parameters
    ----------
    path : str or path-like
        The table, UTF-8, plain or gzip.
    is_header : callable, optional
        As for `danq.genome.fields.read_fields`.

    Yields
    ------
    danq.genome.fields.Fields
        Line number and texts.

    Raises
    ------
    DanqError
        As `danq.genome.fields.read_fields`, or a control character.
    """
    for row in read_fields(path, is_header):
        control = re.search(r"[\x00-\x08\x0b-\x1f\x7f]", "\t".join(row.texts))
        if control:
            what = f"holds the control character {control.group()!r}; remove it"
            raise DanqError(what, path, row.line)
        yield row


def _row(path: PathLike, number: int, header: list[str], words: list[str]) -> Row:
    """Return a row with as many columns as the header."""
    if len(words) != len(header):
        what = f"{len(words)} columns where the header has {len(header)}; separate them by tabs"
        raise DanqError(what, path, number)
    return Row(number, dict(zip(header, words, strict=True)))


def _header(path: PathLike, number: int, words: list[str], needed: Sequence[str]) -> list[str]:
    """Return the columns of a table, with all that are needed and none twice."""
    for column in needed:
        if column not in words:
            listed = ", ".join(map(shown, words[:8]))
            what = f"no column {shown(column)} among {listed}; add it, separated by tabs"
            raise DanqError(what, path, number)
    if len(set(words)) < len(words):
        raise DanqError("a column name is used twice; rename one", path, number)
    return words


class Region(NamedTuple):
    """A stretch of a chromosome (bp, 0-based half-open).

    Attributes
    ----------
    chrom : str
        Name of the chromosome.
    start, end : int
        Where the region begins and ends (bp, 0-based half-open).
    """

    chrom: str
    start: int
    end: int


def parse_region(text: str) -> Region | None:
    """Return the region of a text ``chrom:start-end`` (bp, 0-based half-open); of others None.

    Examples
    --------
    >>> parse_region("chr7:30508600-35296800")
    Region(chrom='chr7', start=30508600, end=35296800)
    >>> parse_region("chr7") is None
    True
    """
    match = re.fullmatch(r"(.+):([0-9]{1,18})-([0-9]{1,18})", text)
    if match is None:
        return None
    chrom, start, end = match.groups()
    return Region(chrom, int(start), int(end))


def read_regions(texts: Iterable[str], lengths: Mapping[str, int]) -> list[Region]:
    """Turn region texts into intervals.

    Parameters
    ----------
    texts : iterable of str
        Chromosome names, or ``chrom:start-end`` (bp, 0-based half-open).
    lengths : mapping of str to int
        Length of each chromosome (bp).

    Returns
    -------
    list of Region
        Chromosome, start, end (bp, 0-based half-open).

    Raises
    ------
    DanqError
        A chromosome that the genome lacks, or a region that is empty or leaves its chromosome.

    Examples
    --------
    >>> regions = read_regions(["chr2", "chr1:100-200"], {"chr1": 1000, "chr2": 500})
    >>> regions[0]
    Region(chrom='chr2', start=0, end=500)
    >>> regions[1]
    Region(chrom='chr1', start=100, end=200)
    """
    return [_region(text, lengths) for text in texts]


def _region(text: str, lengths: Mapping[str, int]) -> Region:
    """Return a region of the genome: a whole chromosome, or a part of one."""
    if text in lengths:  # a chromosome may be called like a region
        region = Region(text, 0, lengths[text])
    else:
        region = parse_region(text) or Region(text, 0, 0)
    if region.chrom not in lengths:
        message = unknown_chromosome(region.chrom, lengths)
        raise DanqError(f"region {shown(text)}: {message}")
    length = lengths[region.chrom]
    if not region.start < region.end <= length:
        chromosome = f"{shown(region.chrom)} (0-{length} bp)"
        raise DanqError(f"region {shown(text)} is empty or leaves {chromosome}; fix it")
    return region
