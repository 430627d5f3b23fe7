"""Makes a `targets.tsv`: from a folder of peak files, or from the `metadata.tsv` of a search at ENCODE.

Which motif is a factor's own is not guessed: the column `jaspar` says `.` in every row, for the user to fill in.
"""

import csv
import io
import os
import re
import sys
from collections import Counter
from pathlib import Path

from danq.errors import DanqError, shown
from danq.files import read_bytes, sha256, write_text

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
"""What ENCODE calls sets of peaks, the most reproducible first (terms of ENCODE's file schema, and of older files)."""

_SUFFIXES = re.compile(
    r"(.+?)(?:\.(?:bed|narrowPeak|broadPeak))+(?:\.gz)?", re.IGNORECASE | re.DOTALL
)
_UNFIT = re.compile(
    r"[\x00-\x1f\x7f\ud800-\udfff]"
)  # control characters, and bytes that are not UTF-8
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
_BUCKET = "s3://encode-public/", "https://encode-public.s3.amazonaws.com/"


def targets_from_folder(folder, output, *, group="all"):
    """Make a targets.tsv of the peak files in a folder and its subfolders, sorted by name.

    Parameters
    ----------
    folder : path
        Holds .bed, .narrowPeak and .broadPeak files, plain or .gz. A subfolder is a group: ``TF/ctcf.bed.gz`` is the
        target ``ctcf`` of the group ``TF``. Hidden files are passed over; others are told, on standard error.
    output : path
        Made: columns name, group, file (relative to this table), jaspar (``.``), sha256.
    group : str
        Group of the files that lie directly in the folder.

    Raises
    ------
    DanqError
        No peak file, two of one name (whatever the case of its bases) in one group, or a name with a control
        character.
    """
    folder, output = Path(folder), Path(output)
    files, others = _peak_files(folder)
    rows = [_folder_target(folder, file, output, group) for file in files]
    _refuse_twins(folder, rows)
    _write(output, sorted(rows, key=lambda row: (row["name"], row["group"])))
    print(
        f"{output}: {len(rows)} targets, by group: {_told(Counter(row['group'] for row in rows))}",
        file=sys.stderr,
    )
    others = [file.name for file in others if file.resolve() != output.resolve()]
    if others:
        print(f"left out: {len(others)} that are not BED files: {_listed(others)}", file=sys.stderr)


def _peak_files(folder):
    """Return the peak files below a folder, and the other files, both in a fixed order."""
    if not folder.is_dir():
        raise DanqError("there is no such folder; check the path", folder)
    inside = sorted(
        path
        for path in folder.rglob("*")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    files = [path for path in inside if path.is_file() and _SUFFIXES.fullmatch(path.name)]
    known = set(files)
    others = [
        path for path in inside if path not in known and (not path.is_dir() or path.is_symlink())
    ]
    if not files:
        raise DanqError(
            "holds no .bed, .narrowPeak or .broadPeak file (plain or .gz); give the folder of the peaks",
            folder,
        )
    return files, others


def _folder_target(folder, file, output, group):
    """Return the row of a peak file."""
    inside = file.relative_to(folder)
    place = os.path.relpath(os.path.realpath(folder) / inside, os.path.realpath(output.parent))
    row = {
        "name": _SUFFIXES.fullmatch(file.name)[1],
        "group": group if inside.parent == Path() else inside.parent.as_posix(),
        "file": Path(place).as_posix(),
        "jaspar": ".",
    }
    _refuse_unfit(row, shown(str(inside), 200))
    return row | {"sha256": sha256(file)}


def _refuse_twins(folder, rows):
    """Refuse two files that would be the same target of the same group, whatever the case of their bases."""
    seen = {}
    for row in rows:
        twin = seen.setdefault((row["group"].casefold(), row["name"].casefold()), row)
        if twin is not row:
            raise DanqError(
                f"{shown(twin['file'], 200)} and {shown(row['file'], 200)} would both be the target "
                f"{shown(row['name'])} of the group {shown(row['group'])}; rename one",
                folder,
            )


def targets_from_encode(metadata, output, *, assembly="GRCh38", output_types=None, biosample=None):
    """Make a targets.tsv of the experiments in ENCODE's metadata.tsv: one released file of peaks for each.

    Of the files of an experiment the one of the best output type is taken; among several of that type the newest
    ENCODE analysis, then the most biological replicates, then the first accession. What was kept and left out, and
    why, is told on standard error.

    Parameters
    ----------
    metadata : path
        ``metadata.tsv`` of a search for experiments at https://www.encodeproject.org (first link in its files.txt).
    output : path
        Made: columns name (``biosample|target|treatment``, as DeepSEA names its targets: they need not be unique),
        group (DNase for DNase-seq and ATAC-seq, histone, TF), file (URL), jaspar (``.``), md5, experiment, accession;
        sorted by group, name and experiment.
    assembly : str
        Of the peaks, as ENCODE calls it.
    output_types : list of str, optional
        Output types to take, the best first; `OUTPUT_TYPES` by default.
    biosample : str, optional
        Keep only this biosample (its term name: ``K562``).

    Raises
    ------
    DanqError
        Another of ENCODE's files, a damaged one, or no row is left: then the message names what is there instead.
    """
    rows = _read_metadata(metadata)
    order = list(output_types or OUTPUT_TYPES)
    told = Counter()
    kept = _released_peaks(metadata, rows, assembly, order, biosample, told)
    targets = [_encode_target(metadata, row) for row in _one_per_experiment(kept, order, told)]
    groups = ["DNase", "TF", "histone"]  # the order of DeepSEA's targets
    targets.sort(key=lambda row: (groups.index(row["group"]), row["name"], row["experiment"]))
    _write(output, targets)
    print(
        f"{metadata}: {len(targets)} of {len(rows)} rows kept, one per experiment: "
        f"{_told(Counter(row['group'] for row in targets))}",
        file=sys.stderr,
    )
    for reason, number in (+told).items():
        print(f"left out: {number} that {reason}", file=sys.stderr)
    shared = len(targets) - len({row["name"] for row in targets})
    if shared:
        print(
            f"{shared} names are not the first of their kind (replicate experiments, modified cells); the columns "
            "experiment and accession tell them apart",
            file=sys.stderr,
        )


def _read_metadata(path):
    """Return the rows of metadata.tsv as dicts of the columns used here, with their line number under "line"."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DanqError("is not UTF-8 text; download metadata.tsv again", path) from None
    # Quoted as Python's csv does by default: cells that hold a tab, a quote or the end of a line.
    reader, rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True), []
    try:
        header = _header(path, next(reader, [""]), text)
        for cells in filter(None, reader):
            if len(cells) != len(header):
                raise DanqError(
                    f"{len(cells)} columns where the header has {len(header)}; download metadata.tsv again",
                    path,
                    reader.line_num,
                )
            row = dict(zip(header, cells, strict=True))
            rows.append(
                {name: row.get(name, "").strip() for name in _COLUMNS} | {"line": reader.line_num}
            )
    except csv.Error as error:
        raise DanqError(
            f"is not whole ({error}); download metadata.tsv again", path, reader.line_num
        ) from None
    return rows


def _header(path, cells, text):
    """Return the header of metadata.tsv, out of the first row's cells; say of ENCODE's other tables which they are."""
    header = ["File assembly" if name == "Assembly" else name for name in cells]
    missing = [column for column in _NEEDED if column not in header]
    fix = "give metadata.tsv, one row per file, which the first line of files.txt links to"
    if missing and len(header) == 1 and re.match("https?://", header[0]):
        raise DanqError(f"is a list of links, as ENCODE's files.txt; {fix}", path)
    if missing and re.search(r"^ID\tAccession\t", text[:10_000], re.MULTILINE):
        raise DanqError(f"is ENCODE's report.tsv, one row per experiment; {fix}", path)
    if missing:
        raise DanqError(f"no column {shown(missing[0])}; {fix}, of a search for experiments", path)
    return header


def _released_peaks(path, rows, assembly, order, biosample, told):
    """Return the rows that can be taken, and count the others in `told` by the first reason against them."""
    steps = [
        ("are not narrowPeak or broadPeak in BED", "File format", _is_peaks),
        (
            "are of RNA, not of chromatin",
            "Assay",
            lambda row: not re.search("CLIP|RIP|RNA", row["Assay"]),
        ),
        (
            f"are not of the assembly {shown(assembly)}",
            "File assembly",
            lambda row: row["File assembly"] == assembly,
        ),
        ("are not released", "File Status", lambda row: row["File Status"] == "released"),
        (
            f"are not of the biosample {shown(str(biosample))}",
            "Biosample term name",
            lambda row: biosample in (None, row["Biosample term name"]),
        ),
        ("are of other output types", "Output type", lambda row: row["Output type"] in order),
    ]
    if not rows:
        raise DanqError("holds no row below its header; download metadata.tsv again", path)
    for reason, column, keep in steps:
        kept = [row for row in rows if keep(row)]
        if not kept:
            raise DanqError(
                f"no row is left, the last {len(rows)} {reason}; {column} is there "
                f"{_listed(row[column] for row in rows)}: ask for that, or give another file",
                path,
            )
        told[reason] += len(rows) - len(kept)
        rows = kept
    return rows


def _is_peaks(row):
    kind = row["File format"].split()
    return kind[:1] == ["bed"] and (kind[1:] or [row["File format type"]])[0] in (
        "narrowPeak",
        "broadPeak",
    )


def _one_per_experiment(rows, order, told):
    """Return the best row of each experiment, and count the others."""
    experiments = {}
    for row in sorted(rows, key=lambda row: row["File accession"]):
        experiments.setdefault(row["Experiment accession"], []).append(row)
    best = []
    for files in experiments.values():
        first = min(order.index(row["Output type"]) for row in files)
        same = [row for row in files if row["Output type"] == order[first]]
        best.append(max(same, key=_newest))
        told["are of an experiment that has a better output type"] += len(files) - len(same)
        told[
            "are of an experiment that has another file of that output type (a newer analysis, more replicates, or "
            "the first accession)"
        ] += len(same) - 1
    return best


def _newest(row):
    """Return what is larger for a newer analysis (``ENCODE4 v1.6.1 GRCh38``), then for more replicates."""
    title = re.match(r"ENCODE(\d+)(?: v([\d.]+))?", row["File analysis title"])
    version = (
        [int(number) for number in re.findall(r"\d+", " ".join(filter(None, title.groups())))]
        if title
        else []
    )
    return version, len(re.findall(r"\d+", row["Biological replicate(s)"]))


def _encode_target(path, row):
    """Turn a row of metadata.tsv into one of targets.tsv."""
    name = re.sub("-(human|mouse)$", "", row["Experiment target"])
    assay = row["Assay"].removesuffix("-seq")
    accessible = re.search("DNase|ATAC", assay)
    histone = assay == "Histone ChIP" or re.match("H[234]", name)
    s3, https = _BUCKET
    url = (
        row["s3_uri"].replace(s3, https, 1)
        if row["s3_uri"].startswith(s3)
        else row["File download URL"]
    )
    if not re.match("https?://", url):
        raise DanqError(
            f"{row['File accession']} has no address ({shown(url)}); remove the row",
            path,
            row["line"],
        )
    target = {
        "name": "|".join(
            [row["Biosample term name"], name or assay, row["Biosample treatments"] or "None"]
        ),
        "group": "DNase" if accessible else "histone" if histone else "TF",
        "file": url,
        "jaspar": ".",
        "md5": row["md5sum"] or ".",
        "experiment": row["Experiment accession"],
        "accession": row["File accession"],
    }
    _refuse_unfit(target, row["File accession"], path, row["line"])
    return target


def _refuse_unfit(row, what, path=None, line=None):
    """Refuse what would break the table: tabs, line ends, other control characters, bytes that are not UTF-8."""
    for cell in row.values():
        if _UNFIT.search(cell):
            raise DanqError(
                f"{what}: {shown(cell, 200)} holds a control character or bytes that are not UTF-8; "
                "rename it",
                path,
                line,
            )


def _write(output, rows):
    """Write rows, dicts of the same keys, as a tab-separated table."""
    write_text(
        output,
        "".join(
            "\t".join(cells) + "\n" for cells in [rows[0].keys(), *(row.values() for row in rows)]
        ),
    )


def _told(counts):
    return ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))


def _listed(values):
    values = sorted(set(values))
    return ", ".join(map(shown, values[:8])) + (", ..." if len(values) > 8 else "")
