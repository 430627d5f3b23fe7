"""Makes a `targets.tsv` from a folder of peak files, and writes such tables.

The known motif of a factor is not guessed: the column `jaspar` is `.` in every row, for the user to
fill in. `danq.genome.encode_metadata` makes the table from a search at ENCODE.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from danq.errors import DanqError, shown
from danq.files import PathLike, refuse_overwriting, sha256, write_text

_PEAK_FILE = re.compile(
    r"(.+?)(?:\.(?:bed|narrowPeak|broadPeak))+(?:\.gz)?", re.IGNORECASE | re.DOTALL
)
# Control characters, and bytes that are not UTF-8.
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def targets_from_folder(folder: PathLike, output: PathLike, *, group: str = "all") -> None:
    """Make a targets.tsv of the peak files in a folder and its subfolders, sorted by name.

    Parameters
    ----------
    folder : path
        Holds .bed, .narrowPeak and .broadPeak files, plain or .gz. A subfolder is a group:
        ``TF/ctcf.bed.gz`` is the target ``ctcf`` of the group ``TF``. Hidden files are ignored, and
        so are MACS's summits (``X_summits.bed``) beside its peaks (``X_peaks.narrowPeak``); the
        names of other files are printed on standard error.
    output : path
        Made: columns name, group, file (relative to this table), jaspar (``.``), sha256.
    group : str
        Group of the files that lie directly in the folder.

    Raises
    ------
    DanqError
        No peak file, two of one name (upper and lower case being the same) in one group, a name
        with a control character, or an output that is one of the peak files.
    """
    folder = Path(folder)
    output = Path(output)
    files = _without_summits(_list_files(folder))
    refuse_overwriting([output], files.peaks, f"a peak file in {folder}")
    rows = [_row(folder, file, output, group) for file in files.peaks]
    _refuse_twins(folder, rows)
    rows.sort(key=lambda row: (row["name"], row["group"]))
    write_targets(output, rows)
    groups = numbers_text(Counter(row["group"] for row in rows))
    print(f"{output}: {len(rows)} targets, by group: {groups}", file=sys.stderr)
    if files.summits:
        listed = listed_text([file.name for file in files.summits])
        what = f"{len(files.summits)} of summits, beside their peaks"
        print(f"left out: {what}: {listed}", file=sys.stderr)
    table = output.resolve()
    names = [file.name for file in files.ignored if file.resolve() != table]
    if names:
        listed = listed_text(names)
        print(f"left out: {len(names)} that are not BED files: {listed}", file=sys.stderr)


class _Files(NamedTuple):
    """The peak files below a folder, other files, and summits of these peaks, in fixed orders."""

    peaks: list[Path]
    ignored: list[Path]
    summits: list[Path]


def _list_files(folder: Path) -> _Files:
    """Return the files below a folder, hidden ones left out."""
    if not folder.is_dir():
        raise DanqError("there is no such folder; check the path", folder)
    peaks = []
    ignored = []
    for path in sorted(folder.rglob("*")):
        if any(name.startswith(".") for name in path.relative_to(folder).parts):
            continue
        if path.is_file() and _PEAK_FILE.fullmatch(path.name):
            peaks.append(path)
        elif path.is_symlink() or not path.is_dir():
            ignored.append(path)
    if not peaks:
        what = (
            "holds no .bed, .narrowPeak or .broadPeak file (plain or .gz); give the folder of the "
            "peaks"
        )
        raise DanqError(what, folder)
    return _Files(peaks, ignored, [])


def _without_summits(files: _Files) -> _Files:
    """Part the summits that MACS writes as X_summits.bed beside X_peaks.narrowPeak from the peaks.

    The same experiment would be two targets, one of intervals of 1 bp.
    """
    stems = {(file.parent, _stem(file)) for file in files.peaks}
    peaks: list[Path] = []
    summits: list[Path] = []
    for file in files.peaks:
        name = _stem(file)
        twin = (file.parent, f"{name.removesuffix('_summits')}_peaks")
        if name.endswith("_summits") and twin in stems:
            summits.append(file)
        else:
            peaks.append(file)
    return _Files(peaks, files.ignored, summits)


def _stem(file: Path) -> str:
    """Return the name of a peak file without its endings."""
    match = _PEAK_FILE.fullmatch(file.name)
    assert match is not None  # as `_list_files` has looked at the name
    return match[1]


def _row(folder: Path, file: Path, output: Path, group: str) -> dict[str, str]:
    """Return the row of a peak file."""
    inside = file.relative_to(folder)
    if inside.parent != Path():
        group = inside.parent.as_posix()
    path = Path(os.path.realpath(folder)) / inside
    relative = os.path.relpath(path, os.path.realpath(output.parent))
    row = {"name": _stem(file), "group": group, "file": Path(relative).as_posix(), "jaspar": "."}
    refuse_unfit(row, shown(str(inside), 200))
    row["sha256"] = sha256(file)
    return row


def _refuse_twins(folder: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Refuse two files that would be the same target of the same group, in upper or lower case."""
    seen: dict[tuple[str, str], Mapping[str, str]] = {}
    for row in rows:
        key = (row["group"].casefold(), row["name"].casefold())
        twin = seen.setdefault(key, row)
        if twin is not row:
            files = f"{shown(twin['file'], 200)} and {shown(row['file'], 200)}"
            target = f"the target {shown(row['name'])} of the group {shown(row['group'])}"
            raise DanqError(f"{files} would both be {target}; rename one", folder)


def refuse_unfit(
    row: Mapping[str, str], what: str, path: PathLike | None = None, line: int | None = None
) -> None:
    """Refuse a row that would break the table.

    Tabs, line ends, other control characters, and bytes that are not UTF-8 would; so would ``#``
    at the beginning of a row, which makes a comment, and double quotes around a cell.

    Parameters
    ----------
    row : mapping of str to str
        Text by column.
    what : str
        What the message calls the row.
    path : str or path-like, optional
        The file that the row is made from, for the message.
    line : int, optional
        The line that the row is made from, for the message.

    Raises
    ------
    DanqError
        A cell holds such a character, or begins or is quoted like that.
    """
    for cell in row.values():
        if _UNFIT.search(cell):
            fault = "holds a control character or bytes that are not UTF-8; rename it"
            raise DanqError(f"{what}: {shown(cell, 200)} {fault}", path, line)
        if re.fullmatch('".*"', cell):
            fault = "is in double quotes; rename it"
            raise DanqError(f"{what}: {shown(cell, 200)} {fault}", path, line)
    first = next(iter(row.values()))
    if first.lstrip().startswith("#"):
        fault = "begins with #, as a comment does; rename it"
        raise DanqError(f"{what}: {shown(first, 200)} {fault}", path, line)


def write_targets(output: PathLike, rows: Sequence[Mapping[str, str]]) -> None:
    """Write a tab-separated table, atomically.

    Parameters
    ----------
    output : path
        The table.
    rows : sequence of mapping of str to str
        Text by column; at least one row, all with the same columns in the same order.
    """
    lines = ["\t".join(rows[0].keys())]
    for row in rows:
        lines.append("\t".join(row.values()))
    write_text(output, "\n".join(lines) + "\n")


def numbers_text(numbers: Mapping[str, int]) -> str:
    """Return numbers of things as a text, sorted by name: ``2 TF, 1 histone``."""
    texts = [f"{number} {name}" for name, number in sorted(numbers.items())]
    return ", ".join(texts)


def listed_text(values: Iterable[str]) -> str:
    """Return the first eight of some texts as one, sorted, each once."""
    names = sorted(set(values))
    listed = ", ".join(map(shown, names[:8]))
    if len(names) > 8:
        listed += ", ..."
    return listed
