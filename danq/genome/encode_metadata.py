"""Makes a `targets.tsv` from the `metadata.tsv` of a search at ENCODE (https://www.encodeproject.org).

One row of metadata.tsv is a file; one row of targets.tsv is an experiment, with the best of its
files of peaks.
"""

import itertools
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.fields import Fields, read_fields
from danq.genome.targets import listed_text, numbers_text, refuse_unfit, write_targets

OUTPUT_TYPES = (
    "conservative IDR thresholded peaks",
    "IDR thresholded peaks",
    "optimal IDR thresholded peaks",
    "pseudoreplicated IDR thresholded peaks",
    "replicated peaks",
    "pseudoreplicated peaks",
    "stable peaks",
    "peaks",
)
"""What ENCODE calls sets of peaks, the most reproducible first.

Terms of ENCODE's file schema, and of older files."""

_GROUPS = ["DNase", "TF", "histone"]  # the order of DeepSEA's targets

# Columns of metadata.tsv, https://www.encodeproject.org/help/batch-download/
_NEEDED = (
    "File accession",
    "File format",
    "Output type",
    "File assembly",
    "Experiment accession",
    "Assay",
    "Biosample term name",
    "Experiment target",
    "File download URL",
    "File Status",
)
_COLUMNS = (
    *_NEEDED,
    "File format type",
    "Biosample treatments",
    "Biological replicate(s)",
    "md5sum",
    "s3_uri",
    "File analysis title",
)
# Reasons against a file of an experiment.
_OTHER_TYPE = "are of an experiment that has a better output type"
_OTHER_FILE = (
    "are of an experiment that has another file of that output type (a newer analysis, more "
    "replicates, or the first accession)"
)
_S3_BUCKET = "s3://encode-public/"
_HTTPS_BUCKET = "https://encode-public.s3.amazonaws.com/"


class _Row(NamedTuple):
    """A row of metadata.tsv: its line number, and text by column, empty for one that is missing."""

    line: int
    cells: dict[str, str]


def targets_from_encode(
    metadata: PathLike,
    output: PathLike,
    *,
    assembly: str = "GRCh38",
    output_types: Sequence[str] | None = None,
    biosample: str | None = None,
) -> None:
    """Make a targets.tsv of the experiments in ENCODE's metadata.tsv: a released file for each.

    Of the files of an experiment the one of the best output type is taken; among several of that
    type the newest ENCODE analysis, then the most biological replicates, then the first accession.
    What was kept and left out, and why, is printed on standard error.

    Parameters
    ----------
    metadata : path
        ``metadata.tsv`` of a search for experiments at https://www.encodeproject.org (first link in
        its files.txt).
    output : path
        Made: columns name (``biosample|target|treatment``, as DeepSEA names its targets: they need
        not be unique), group (DNase for DNase-seq and ATAC-seq, histone, TF), file (URL), jaspar
        (``.``), md5, experiment, accession; sorted by group, name and experiment.
    assembly : str
        Of the peaks, as ENCODE calls it.
    output_types : sequence of str, optional
        Output types to take, the best first; `OUTPUT_TYPES` by default.
    biosample : str, optional
        Keep only this biosample (its term name: ``K562``).

    Raises
    ------
    DanqError
        Another of ENCODE's files, a damaged one, or no row is left: then the message says what the
        file has instead.
    """
    rows = _read_metadata(metadata)
    order = list(output_types or OUTPUT_TYPES)
    left_out: Counter[str] = Counter()
    filters = _filters(assembly, order, biosample)
    candidates = _apply_filters(metadata, rows, filters, left_out)
    best = _one_per_experiment(candidates, order, left_out)
    targets = [_target(metadata, row) for row in best]
    targets.sort(key=_sort_key)
    write_targets(output, targets)
    _print_summary(metadata, len(rows), targets, left_out)


def _sort_key(target: dict[str, str]) -> tuple[int, str, str]:
    """Return what targets are sorted by."""
    return _GROUPS.index(target["group"]), target["name"], target["experiment"]


def _print_summary(
    metadata: PathLike, n_rows: int, targets: list[dict[str, str]], left_out: Counter[str]
) -> None:
    """Print what was kept and left out."""
    n = len(targets)
    groups = numbers_text(Counter(target["group"] for target in targets))
    message = f"{n} of {n_rows} rows kept, one per experiment: {groups}"
    print(f"{metadata}: {message}", file=sys.stderr)
    for reason, number in left_out.items():
        if number:
            print(f"left out: {number} that {reason}", file=sys.stderr)
    n_shared = n - len({target["name"] for target in targets})
    if n_shared:
        print(
            f"{n_shared} names are not the first of their kind (replicate experiments, modified "
            "cells); the columns experiment and accession tell them apart",
            file=sys.stderr,
        )


def _read_metadata(path: PathLike) -> list[_Row]:
    """Return the rows of metadata.tsv, with the columns used here."""
    # Quoted as Python's csv does by default: cells that hold a tab, a quote or the end of a line.
    lines = read_fields(path, _is_header, csv_quotes=True)
    first = next(lines, Fields(1, [""]))
    header = _header(path, first.texts, lines)
    return [_row(path, number, header, cells) for number, cells in lines]


def _is_header(names: Sequence[str]) -> bool:
    return not _missing(_renamed(names))


def _renamed(names: Sequence[str]) -> list[str]:
    """Return column names with today's name of an old one."""
    return ["File assembly" if name == "Assembly" else name for name in names]


def _missing(header: list[str]) -> list[str]:
    return [column for column in _NEEDED if column not in header]


def _header(path: PathLike, cells: list[str], lines: Iterable[Fields]) -> list[str]:
    """Return the header of metadata.tsv; refuse ENCODE's other tables by their names."""
    header = _renamed(cells)
    missing = _missing(header)
    if not missing:
        return header
    fix = "give metadata.tsv, one row per file, which the first line of files.txt links to"
    if len(header) == 1 and re.match("https?://", header[0]):
        raise DanqError(f"is a list of links, as ENCODE's files.txt; {fix}", path)
    first_lines = [header]
    first_lines += [texts for _, texts in itertools.islice(lines, 5)]
    if any(texts[:2] == ["ID", "Accession"] for texts in first_lines):
        raise DanqError(f"is ENCODE's report.tsv, one row per experiment; {fix}", path)
    raise DanqError(f"no column {shown(missing[0])}; {fix}, of a search for experiments", path)


def _row(path: PathLike, number: int, header: list[str], cells: list[str]) -> _Row:
    """Return a row with as many columns as the header."""
    if len(cells) != len(header):
        columns = f"{len(cells)} columns where the header has {len(header)}"
        raise DanqError(f"{columns}; download metadata.tsv again", path, number)
    texts = dict(zip(header, cells, strict=True))
    return _Row(number, {name: texts.get(name, "").strip() for name in _COLUMNS})


class _Filter(NamedTuple):
    """A rule that rows must pass, the column that it looks at, and why other rows do not pass."""

    reason: str
    column: str
    passes: Callable[[dict[str, str]], bool]


def _filters(assembly: str, output_types: list[str], biosample: str | None) -> list[_Filter]:
    """Return the rules for the rows that can be taken."""
    not_peaks = "are not narrowPeak or broadPeak in BED"
    other_assembly = f"are not of the assembly {shown(assembly)}"
    filters = [
        _Filter(not_peaks, "File format", _is_peaks),
        _Filter("are of RNA, not of chromatin", "Assay", _is_chromatin),
        _one_of([assembly], "File assembly", other_assembly),
        _one_of(["released"], "File Status", "are not released"),
    ]
    if biosample is not None:
        other_biosample = f"are not of the biosample {shown(biosample)}"
        filters.append(_one_of([biosample], "Biosample term name", other_biosample))
    filters.append(_one_of(output_types, "Output type", "are of other output types"))
    return filters


def _one_of(values: list[str], column: str, reason: str) -> _Filter:
    """Return the rule that a column has one of some values."""
    return _Filter(reason, column, lambda cells: cells[column] in values)


def _is_peaks(cells: dict[str, str]) -> bool:
    """Return whether a file is narrowPeak or broadPeak in BED."""
    kind = cells["File format"].split()
    if kind[:1] != ["bed"]:
        return False
    # The type follows the format, or has a column of its own.
    types = kind[1:] or [cells["File format type"]]
    return types[0] in ("narrowPeak", "broadPeak")


def _is_chromatin(cells: dict[str, str]) -> bool:
    """Return whether an assay looks at chromatin, not at RNA."""
    return not re.search("CLIP|RIP|RNA", cells["Assay"])


def _apply_filters(
    path: PathLike, rows: list[_Row], filters: list[_Filter], left_out: Counter[str]
) -> list[_Row]:
    """Return the rows that pass, and count the others by the first reason against them."""
    if not rows:
        raise DanqError("holds no row below its header; download metadata.tsv again", path)
    for reason, column, passes in filters:
        passing = [row for row in rows if passes(row.cells)]
        if not passing:
            listed = listed_text(row.cells[column] for row in rows)
            what = (
                f"no row is left: the last {len(rows)} {reason}; their {column} is {listed}: "
                "choose from these, or give another file"
            )
            raise DanqError(what, path)
        left_out[reason] += len(rows) - len(passing)
        rows = passing
    return rows


def _one_per_experiment(
    rows: list[_Row], output_types: list[str], left_out: Counter[str]
) -> list[_Row]:
    """Return the best row of each experiment, and count the others."""
    experiments: dict[str, list[_Row]] = {}
    for row in sorted(rows, key=lambda row: row.cells["File accession"]):
        experiments.setdefault(row.cells["Experiment accession"], []).append(row)
    best = []
    for files in experiments.values():
        output_type = min((row.cells["Output type"] for row in files), key=output_types.index)
        candidates = [row for row in files if row.cells["Output type"] == output_type]
        best.append(max(candidates, key=_preference))
        left_out[_OTHER_TYPE] += len(files) - len(candidates)
        left_out[_OTHER_FILE] += len(candidates) - 1
    return best


def _preference(row: _Row) -> tuple[list[int], int]:
    """Return a sort key: larger for a newer analysis, then for more replicates.

    Analyses are called ``ENCODE4 v1.6.1 GRCh38``.
    """
    title = re.match(r"ENCODE(\d+)(?: v([\d.]+))?", row.cells["File analysis title"])
    version: list[int] = []
    if title:
        numbers = re.findall(r"\d+", title.group())
        version = [int(number) for number in numbers]
    replicates = re.findall(r"\d+", row.cells["Biological replicate(s)"])
    return version, len(replicates)


def _target(path: PathLike, row: _Row) -> dict[str, str]:
    """Turn a row of metadata.tsv into one of targets.tsv."""
    cells = row.cells
    accession = cells["File accession"]
    factor = re.sub("-(human|mouse)$", "", cells["Experiment target"])
    assay = cells["Assay"].removesuffix("-seq")
    treatment = cells["Biosample treatments"] or "None"
    url = _url(cells)
    if not re.match("https?://", url):
        what = f"{accession} has no address ({shown(url)}); remove the row"
        raise DanqError(what, path, row.line)
    name = "|".join([cells["Biosample term name"], factor or assay, treatment])
    target = {
        "name": name,
        "group": _group(assay, factor),
        "file": url,
        "jaspar": ".",
        "md5": cells["md5sum"] or ".",
        "experiment": cells["Experiment accession"],
        "accession": accession,
    }
    refuse_unfit(target, accession, path, row.line)
    return target


def _url(cells: dict[str, str]) -> str:
    """Return the address of a file: at the public bucket, or else at ENCODE's own site."""
    if cells["s3_uri"].startswith(_S3_BUCKET):
        return _HTTPS_BUCKET + cells["s3_uri"].removeprefix(_S3_BUCKET)
    return cells["File download URL"]


def _group(assay: str, factor: str) -> str:
    """Return the group of a target."""
    if re.search("DNase|ATAC", assay):
        return "DNase"
    if assay == "Histone ChIP" or re.match("H[234]", factor):
        return "histone"
    return "TF"
