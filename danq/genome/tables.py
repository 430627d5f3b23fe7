"""The door for tables and texts: targets, chromosome names, regions, configuration files.

What is wrong is refused with file, line and fix. FASTA enters by danq/genome/fasta.py, peaks by danq/genome/peaks.py.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import yaml

from danq.errors import DanqError, DanqErrors, shown
from danq.files import read_lines
from danq.genome import sources
from danq.genome.bins import MOST_TARGETS
from danq.genome.peaks import unknown_chromosome


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
        What the table says of the file: a path relative to the table, or a URL.
    checksums : dict of str to str
        What the table says of the file's bytes, by kind (sha256, md5); empty texts when unknown.
    widen : int
        Widen each interval by so much either way (bp).
    """

    name: str
    group: str
    file: str
    jaspar: str
    source: str
    checksums: dict
    widen: int


def read_targets(path, where=None, downloads=None):
    """Read `targets.tsv`: one row per target, columns found by their header.

    Parameters
    ----------
    path : str or path-like
        Tab-separated text with a header. Columns ``name`` and ``file`` (a path relative to the table, or a URL) are
        needed; ``group``, ``jaspar``, ``sha256``, ``md5`` (checksums of the file) and ``widen`` (bp, for files of
        summits) may be there, ``.`` or empty where there is nothing to say; others are for `where`.
    where : dict of str to str, optional
        Keep only the rows whose column has that value.
    downloads : path, optional
        Folder of fetched files, see `danq.genome.sources.local`; needed when `file` is a URL.

    Returns
    -------
    list of Target
        `file` is where it lies now.

    Raises
    ------
    DanqErrors
        A column is missing, a row has too few or too many columns, a value cannot be, a local peak file is missing (all
        of them are named), or no row is left.
    """
    where, targets, errors = where or {}, [], []
    for number, row in read_rows(path, ["name", "file", *where]):
        if all(row[column] == value for column, value in where.items()):
            try:
                targets.append(_target(path, number, row, downloads))
            except DanqError as error:
                errors.append(error)
    if errors:
        raise DanqErrors(errors)
    if not targets:
        raise DanqError(
            f"no target left where {where}; check the column's values"
            if where
            else "holds no target; add a row",
            path,
        )
    if len(targets) > MOST_TARGETS:
        raise DanqError(
            f"{len(targets)} targets; at most {MOST_TARGETS} can be kept: leave some out", path
        )
    return targets


def _target(path, number, row, downloads):
    """Turn a row of the table into a Target."""
    name, source, group = row["name"].strip(), row["file"], row.get("group", "").strip()
    if not name or not source:
        raise DanqError("a target needs a name and a file; complete the row", path, number)
    keys = ("jaspar", "sha256", "md5", "widen")
    extra = {key: "" if row.get(key) in (None, ".") else row[key].strip() for key in keys}
    for kind, length in (("sha256", 64), ("md5", 32)):
        if extra[kind] and not re.fullmatch(f"[0-9a-fA-F]{{{length}}}", extra[kind]):
            raise DanqError(
                f"{kind} {shown(extra[kind])} is not {length} hexadecimal digits; fix it",
                path,
                number,
            )
    if not re.fullmatch("[0-9]{0,6}", extra["widen"]):
        raise DanqError(
            f"widen {shown(extra['widen'])} is not a whole number of bp; fix it", path, number
        )
    sources.refuse_other_schemes(source, path, number)
    file = source if sources.is_url(source) else str(Path(path).parent / source)
    if not sources.is_url(file) and not Path(file).is_file():
        raise DanqError(
            f"there is no file {shown(file, 200)}; paths are relative to this table", path, number
        )
    if downloads is not None:
        file = sources.local(file, downloads)
    return Target(
        name,
        "all" if group in ("", ".") else group,
        file,
        extra["jaspar"],
        source,
        {kind: extra[kind] for kind in ("sha256", "md5")},
        int(extra["widen"] or 0),
    )


def read_aliases(path, names):
    """Read a table of chromosome names, as UCSC's ``chromAlias.txt``.

    Parameters
    ----------
    path : str or path-like
        Tab-separated; the genome's name in the first column, other names in further ones, empty cells allowed; lines
        that begin with ``#`` are skipped.
    names : list of str
        Chromosomes of the genome; rows of others are skipped.

    Returns
    -------
    dict of str to str
        The genome's name by other name.

    Raises
    ------
    DanqError
        One name for two chromosomes, or no row of the table is of this genome.
    """
    known, aliases = set(names), {}
    for number, raw in read_lines(path):
        words = _text(raw, path, number).split("\t")
        if words[0] not in known or raw.startswith(b"#"):
            continue
        for word in filter(None, words[1:]):
            if aliases.setdefault(word, words[0]) != words[0] or (
                word in known and word != words[0]
            ):
                raise DanqError(
                    f"{shown(word)} stands for two chromosomes; remove it from one of them",
                    path,
                    number,
                )
    if not aliases:
        raise DanqError(
            f"names no chromosome of the genome, which has {', '.join(map(shown, list(names)[:5]))}, in "
            "its first column; put the genome's own names there",
            path,
        )
    return aliases


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
            raise DanqError(
                f"{len(words)} columns where the header has {len(header)}; separate them by tabs",
                path,
                number,
            )
        else:
            yield number, dict(zip(header, words, strict=True))
    if header is None:
        raise DanqError(f"is empty; it needs a header with {', '.join(needed)}", path)


def _header(path, number, words, needed):
    missing = [column for column in needed if column not in words]
    if missing:
        raise DanqError(
            f"no column {shown(missing[0])} among {', '.join(map(shown, words[:8]))}; add it, separated "
            "by tabs",
            path,
            number,
        )
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
        region = None if text in lengths else parse_region(text)
        chrom, start, end = region or Region(text, 0, lengths.get(text, 0))
        if chrom not in lengths:
            raise DanqError(
                f"split region {shown(text)}: {unknown_chromosome(chrom, list(lengths))}"
            )
        if not 0 <= int(start) < int(end) <= lengths[chrom]:
            raise DanqError(
                f"split region {shown(text)} is empty or leaves {shown(chrom)} (0-{lengths[chrom]} bp); "
                "fix it"
            )
        regions.append((chrom, int(start), int(end)))
    return regions


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
    """Return the region of a text ``chrom:start-end`` (bp, 0-based half-open), or None for another text.

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


def find_target(word: str, names: Sequence[str]) -> int:
    """Return the index of the target that a word names.

    Parameters
    ----------
    word : str
        A name, or an index; a name of several targets is refused.
    names : list of str
        Of all targets.

    Returns
    -------
    int
        Where the target stands in `names`.

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
    last = len(names) - 1
    raise DanqError(
        f"no target is called {shown(word)}; give a name or an index (0 to {last}), as {shown(names[0])}"
    )


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
                    raise DanqError(
                        f"the key {shown(str(key.value))} is given twice; remove one",
                        path,
                        key.start_mark.line + 1,
                    )
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
