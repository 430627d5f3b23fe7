"""Other names of chromosomes: tables of them in several forms, and what they make of regions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.fields import Fields
from danq.genome.tables import parse_region, text_fields

# Where UCSC's tables have names from, in the third column of the form of its database.
_SOURCES = {
    "assembly",
    "custom",
    "ensembl",
    "flybase",
    "genbank",
    "insdc",
    "ncbi",
    "refseq",
    "ucsc",
    "wormbase",
}
# Columns of NCBI's assembly report that hold names: Sequence-Name, GenBank-Accn, RefSeq-Accn and
# UCSC-style-name, of ten; the sixth says whether both accessions are the same sequence.
_REPORT_NAMES = (0, 4, 6, 9)
_REPORT_COLUMNS = 10
_REPORT_RELATION = 5


class _Group(NamedTuple):
    """Names of one sequence, and the line that says so; the genome's own is among them, or not."""

    line: int
    names: list[str]


def read_aliases(path: PathLike, names: Collection[str]) -> dict[str, str]:
    """Read a table of chromosome names.

    Parameters
    ----------
    path : str or path-like
        A row for each sequence with all its names, as UCSC's ``chromAlias.txt`` of a downloads
        folder; or a row for each alias (alias, chromosome, source), as that of UCSC's database; or
        NCBI's assembly report. The genome's own names may be in any column. Read as
        `danq.genome.fields.read_fields` says.
    names : collection of str
        Chromosomes of the genome; rows of others are skipped.

    Returns
    -------
    dict of str to str
        The genome's own name of each other name.

    Raises
    ------
    DanqError
        One name for two chromosomes, or no row of the table is of this genome.
    """
    known = set(names)
    aliases: dict[str, str] = {}
    rows = list(text_fields(path))
    for line, group in _groups(rows, known):
        own = next((name for name in group if name in known), None)
        for alias in [] if own is None else filter(None, group):
            chromosome = aliases.setdefault(alias, str(own))
            if chromosome != own or (alias in known and alias != own):
                what = f"{shown(alias)} stands for two chromosomes; remove it from one of them"
                raise DanqError(what, path, line)
    if not aliases:
        listed = ", ".join(map(shown, list(names)[:5]))
        what = f"names no chromosome of the genome, which has {listed}"
        raise DanqError(f"{what}; give the table of its assembly", path)
    return {alias: name for alias, name in aliases.items() if alias != name}


def _groups(rows: Sequence[Fields], known: Collection[str]) -> list[_Group]:
    """Return the names of each sequence in a table, those of the column of the genome's first."""
    if rows and all(_is_of_database(row.texts) for row in rows):
        return _database_groups(rows)
    if rows and all(_is_of_report(row.texts) for row in rows):
        groups = []
        for line, texts in rows:
            names = [texts[column] for column in _REPORT_NAMES if texts[column] != "na"]
            groups.append(_Group(line, names))
        return groups
    key = _key_column(rows, known)
    groups = []
    for line, texts in rows:
        # A name in another column is no reason to take a row that lacks one in the key's.
        if key < len(texts) and texts[key] in known:
            others = [*texts[:key], *texts[key + 1 :]]
            groups.append(_Group(line, [texts[key], *others]))
    return groups


def _is_of_database(texts: Sequence[str]) -> bool:
    """Return whether a row is of UCSC's database: alias, chromosome, sources of the alias."""
    return len(texts) == 3 and set(texts[2].lower().split(",")) <= _SOURCES


def _is_of_report(texts: Sequence[str]) -> bool:
    """Return whether a row is of NCBI's assembly report."""
    return len(texts) == _REPORT_COLUMNS and texts[_REPORT_RELATION] in ("=", "<>")


def _database_groups(rows: Iterable[Fields]) -> list[_Group]:
    """Return all names of each chromosome, with the line of its first alias."""
    groups: dict[str, _Group] = {}
    for line, (alias, chromosome, _) in rows:
        group = groups.setdefault(chromosome, _Group(line, [chromosome]))
        group.names.append(alias)
    return list(groups.values())


def _key_column(rows: Sequence[Fields], known: Collection[str]) -> int:
    """Return the column that holds most names of the genome's chromosomes; the first of several."""
    numbers: dict[int, int] = {}
    for _, texts in rows:
        for column, text in enumerate(texts):
            numbers[column] = numbers.get(column, 0) + (text in known)
    return max(numbers, key=lambda column: (numbers[column], -column), default=0)


def own_names(
    texts: Iterable[str], lengths: Mapping[str, int], aliases: Mapping[str, str]
) -> list[str]:
    """Replace aliases by the genome's own names, in chromosomes and regions.

    Parameters
    ----------
    texts : iterable of str
        Chromosome names, or ``chrom:start-end``.
    lengths : mapping of str to int
        The genome's chromosomes.
    aliases : mapping of str to str
        As of `read_aliases`.

    Returns
    -------
    list of str
        A text that is of the genome, or has no alias, is as it was.

    Examples
    --------
    >>> own_names(["1", "2:5-9", "chr3"], {"chr1": 100}, {"1": "chr1", "2": "chr2"})
    ['chr1', 'chr2:5-9', 'chr3']
    """
    replaced = []
    for text in texts:
        region = parse_region(text)
        if text not in lengths and text in aliases:
            replaced.append(aliases[text])
        elif text not in lengths and region is not None and region.chrom in aliases:
            _, _, positions = text.rpartition(":")
            replaced.append(f"{aliases[region.chrom]}:{positions}")
        else:
            replaced.append(text)
    return replaced
