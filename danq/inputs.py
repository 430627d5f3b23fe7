"""The door: every FASTA, BED, table and region text that a user brings is read and checked here.

What is wrong is refused with file, line and mend; nothing is dropped or repaired in silence.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from danq.errors import DanqError, shown
from danq.files import read_lines

_DNA = b"ACGTNRYSWKMBDHVacgtnryswkmbdhv"
_LINE = 60


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
    """

    name: str
    group: str
    file: str
    jaspar: str


def read_fasta(path):
    """Yield the records of a FASTA file, checked.

    Parameters
    ----------
    path : str or path-like
        The file: plain, gzip or BGZF.

    Yields
    ------
    tuple of (str, int, bytes)
        Name (the header up to the first white space), line number of the header, and the sequence.

    Raises
    ------
    DanqError
        Text before the first header, a record without a name or a sequence, a name used twice, a letter that is
        not a DNA or IUPAC letter, or a gzip file cut off.
    """
    header, lines, seen = None, [], {}
    for number, line in read_lines(path):
        if line.startswith(b">"):
            if header:
                yield _record(path, header, lines)
            header, lines = (_fasta_name(path, number, line, seen), number), []
        elif line:
            if header is None:
                raise DanqError("sequence before the first '>' header; is this a FASTA file?", path, number)
            _check_letters(path, number, line)
            lines.append(line)
    if header is None:
        raise DanqError("no FASTA record in the file; give a FASTA file", path)
    yield _record(path, header, lines)


def _record(path, header, lines):
    name, number = header
    if not lines:
        raise DanqError(f"{shown(name)} has no sequence; complete or remove it", path, number)
    return name, number, b"".join(lines)


def _fasta_name(path, number, line, seen):
    words = line[1:].split(None, 1)
    if not words or line[1:2].isspace():
        raise DanqError("'>' without a name; name the record", path, number)
    name = _text(words[0], path, number)
    if name in seen:
        raise DanqError(f"the name {shown(name)} is used again (first on line {seen[name]}); rename or remove one",
                        path, number)
    seen[name] = number
    return name


def _check_letters(path, number, line):
    strange = line.translate(None, _DNA)
    if strange:
        raise DanqError(f"{shown(strange[:1].decode('latin-1'))} is not a DNA letter; only ACGT, N and IUPAC codes "
                        "can be read", path, number)


def copy_fasta(path, plain):
    """Write a checked, evenly wrapped, uncompressed copy of a FASTA file, as pyfaidx wants it.

    Parameters
    ----------
    path : str or path-like
        The user's FASTA: plain, gzip or BGZF.
    plain : str or path-like
        The copy, a scratch file.

    Raises
    ------
    DanqError
        As `read_fasta`.
    """
    with open(plain, "wb") as copy:
        for name, _, sequence in read_fasta(path):
            copy.write(b">%s\n" % name.encode())
            copy.writelines(sequence[start:start + _LINE] + b"\n" for start in range(0, len(sequence), _LINE))


def read_bed(path, lengths):
    """Read the intervals of a BED or narrowPeak file.

    Parameters
    ----------
    path : str or path-like
        The file, plain or gzip; columns separated by tabs, the first three are read.
    lengths : dict of str to int
        Length of each chromosome of the genome (bp).

    Returns
    -------
    dict of str to numpy.ndarray, shape (n, 2), int64
        Start and end (bp, 0-based half-open) by chromosome, in the order of the file.

    Raises
    ------
    DanqError
        The first line that is not three tab-separated columns with whole numbers, starts before its end, and lies
        on a chromosome of the genome; or a file without any interval.
    """
    found = {}
    for number, line in read_lines(path):
        if line.strip() and not (line.startswith(b"#") or line.split()[0] in (b"track", b"browser")):
            chrom, start, end = _interval(path, number, line, lengths)
            found.setdefault(chrom, []).append((start, end))
    if not found:
        raise DanqError("holds no interval; give a file that has some, or leave it out", path)
    return {chrom: np.array(rows, dtype=np.int64) for chrom, rows in found.items()}


def _interval(path, number, line, lengths):
    words = line.split(b"\t")
    if len(words) < 3:
        text = shown(line.decode("latin-1"))
        mend = "separate the columns by tabs" if len(line.split()) >= 3 else "give chrom, start and end"
        raise DanqError(f"expected at least 3 tab-separated columns, not {text}; {mend}", path, number)
    if not (words[1].isdigit() and words[2].isdigit() and words[1].isascii() and words[2].isascii()):
        raise DanqError(f"start and end must be whole numbers, not {shown(words[1].decode('latin-1'))} and "
                        f"{shown(words[2].decode('latin-1'))}; mend the line", path, number)
    chrom, start, end = _text(words[0], path, number), int(words[1]), int(words[2])
    if chrom not in lengths:
        raise DanqError(unknown_chromosome(chrom, lengths), path, number)
    if start >= end:
        raise DanqError(f"start {start} is not before end {end}; mend the line", path, number)
    if end > lengths[chrom]:
        raise DanqError(f"end {end} is beyond the end of {shown(chrom)} ({lengths[chrom]} bp); check that the peaks "
                        "and the genome are of the same assembly, or clip the peaks", path, number)
    return chrom, start, end


def unknown_chromosome(chrom, lengths):
    """Say that a chromosome is not in the genome, what both sides look like, and the likely mend.

    Examples
    --------
    >>> unknown_chromosome("chr1", {"1": 10, "2": 10})
    "'chr1' is not in the genome, which has '1', '2'; remove 'chr' from the names, or use a genome that has it"
    """
    names = ", ".join(shown(name) for name in list(lengths)[:5]) + (", ..." if len(lengths) > 5 else "")
    mend = "use files of one assembly"
    if chrom.removeprefix("chr") in lengths:
        mend = "remove 'chr' from the names, or use a genome that has it"
    elif "chr" + chrom in lengths:
        mend = "put 'chr' before the names, or use a genome without it"
    return f"{shown(chrom)} is not in the genome, which has {names}; {mend}"


def read_targets(path, where=None):
    """Read `targets.tsv`: one row per target, columns found by their header.

    Parameters
    ----------
    path : str or path-like
        Tab-separated text with a header. Columns ``name`` and ``file`` are needed, ``group`` and ``jaspar`` (``.``
        or empty: no known motif) may be there, others are for `where`.
    where : dict of str to str, optional
        Keep only the rows whose column has that value.

    Returns
    -------
    list of Target
        `file` joined to the folder of `path`.

    Raises
    ------
    DanqError
        A column is missing, a row has too few or too many columns, a peak file is missing, or no row is left.
    """
    where = where or {}
    targets = []
    for number, row in read_rows(path, ["name", "file", *where]):
        if all(row[column] == value for column, value in where.items()):
            file = Path(path).parent / row["file"]
            if not row["name"] or not row["file"]:
                raise DanqError("a target needs a name and a file; complete the row", path, number)
            if not file.is_file():
                raise DanqError(f"there is no file {shown(str(file), 200)}; paths are relative to this table",
                                path, number)
            jaspar = row.get("jaspar", "")
            targets.append(Target(row["name"], row.get("group") or "all", str(file), "" if jaspar == "." else jaspar))
    if not targets:
        raise DanqError(f"no target left where {where}; check the column's values" if where else
                        "holds no target; add a row", path)
    return targets


def read_rows(path, needed):
    """Yield ``(line number, dict)`` for each row of a tab-separated table with a header.

    Lines that begin with ``#`` before the header, and empty lines, are skipped.

    Parameters
    ----------
    path : str or path-like
        The table, UTF-8, plain or gzip.
    needed : list of str
        Columns that must be there.

    Raises
    ------
    DanqError
        A needed column is missing, a column name is used twice, or a row has another number of columns.
    """
    header = None
    for number, raw in read_lines(path):
        words = _text(raw, path, number).split("\t")
        if words == [""] or (header is None and words[0].startswith("#")):
            continue
        if header is None:
            header = _header(path, number, words, needed)
        elif len(words) != len(header):
            raise DanqError(f"{len(words)} columns where the header has {len(header)}; separate them by tabs",
                            path, number)
        else:
            yield number, dict(zip(header, words, strict=True))
    if header is None:
        raise DanqError(f"is empty; it needs a header with {', '.join(needed)}", path)


def _header(path, number, words, needed):
    missing = [column for column in needed if column not in words]
    if missing:
        raise DanqError(f"no column {shown(missing[0])} among {', '.join(map(shown, words[:8]))}; add it, separated "
                        "by tabs", path, number)
    if len(set(words)) < len(words):
        raise DanqError("a column name is used twice; rename one", path, number)
    return words


def read_regions(texts, lengths):
    """Turn region texts into intervals.

    Parameters
    ----------
    texts : list of str
        Chromosome names, or ``chrom:start-end`` (bp, 0-based half-open).
    lengths : dict of str to int
        Length of each chromosome (bp).

    Returns
    -------
    list of tuple of (str, int, int)
        Chromosome, start, end.

    Raises
    ------
    DanqError
        A chromosome that the genome lacks, or a region that is empty or leaves its chromosome.

    Examples
    --------
    >>> read_regions(["chr2", "chr1:100-200"], {"chr1": 1000, "chr2": 500})
    [('chr2', 0, 500), ('chr1', 100, 200)]
    """
    regions = []
    for text in texts:
        match = re.fullmatch(r"(.+):([0-9]+)-([0-9]+)", text)
        chrom, start, end = match.groups() if match and text not in lengths else (text, 0, lengths.get(text, 0))
        if chrom not in lengths:
            raise DanqError(f"split region {shown(text)}: {unknown_chromosome(chrom, lengths)}")
        if not 0 <= int(start) < int(end) <= lengths[chrom]:
            raise DanqError(f"split region {shown(text)} is empty or leaves {shown(chrom)} (0-{lengths[chrom]} bp); "
                            "mend it")
        regions.append((chrom, int(start), int(end)))
    return regions


def find_key(paths, keys):
    """Find where a configuration gives a value.

    Parameters
    ----------
    paths : list of path
        YAML files, the later ones overriding the earlier.
    keys : tuple of str
        Keys that lead to the value, from the outermost.

    Returns
    -------
    tuple of (str, int or None)
        File and line of the innermost key that is there; the last file, without a line, when none is.
    """
    place, deepest = (str(paths[-1]) if paths else "config", None), 0
    for path in paths:
        with open(path, encoding="utf-8") as handle:
            node = yaml.compose(handle, Loader=yaml.SafeLoader)
        for depth, key in enumerate(keys, 1):
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            entry = next((pair for pair in pairs if pair[0].value == key), None)
            if entry is None:
                break
            node = entry[1]
            if depth >= deepest:
                place, deepest = (str(path), entry[0].start_mark.line + 1), depth
    return place


def refuse_double_keys(paths):
    """Refuse a key that a YAML file gives twice, of which YAML readers silently take the last.

    Parameters
    ----------
    paths : list of path
        YAML files.

    Raises
    ------
    DanqError
        With the line of the second.
    """
    for path in paths:
        with open(path, encoding="utf-8") as handle:
            nodes = [yaml.compose(handle, Loader=yaml.SafeLoader)]
        while nodes:
            node = nodes.pop()
            pairs, seen = (node.value if isinstance(node, yaml.MappingNode) else []), set()
            for key, value in pairs:
                if key.value in seen:
                    raise DanqError(f"the key {shown(str(key.value))} is given twice; remove one", path,
                                    key.start_mark.line + 1)
                seen.add(key.value)
                nodes.append(value)


def _text(raw, path, number):
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise DanqError("not UTF-8 text; save the file as UTF-8", path, number) from None
    control = re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    if control:
        raise DanqError(f"holds the control character {control.group()!r}; remove it", path, number)
    return text
