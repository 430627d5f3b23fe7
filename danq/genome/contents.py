"""Whether files are still what they were: their checksums, read again only where a file may differ.

A time and a size can stay when a file is replaced (``cp -p``, ``rsync -t``, ``touch -r``), but no
program sets the time at which a file system changed a file's entry (ctime).
"""

import contextlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from danq.errors import DanqError
from danq.files import PathLike, sha256, write_text

_TICK = 2.0
"""Seconds within which two changes of a file may get one time: 2 on FAT."""


class Signature(NamedTuple):
    """What changes when a file changes.

    Attributes
    ----------
    size : int
        Bytes.
    mtime, ctime : int
        When its content, and its entry, were changed (ns).
    inode, device : int
        Which file it is.
    """

    size: int
    mtime: int
    ctime: int
    inode: int
    device: int


def signature(path: PathLike) -> Signature | None:
    """Return the signature of a file; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return Signature(status.st_size, *times, status.st_ino, status.st_dev)


def current_checksums(paths: Iterable[PathLike], memory: PathLike) -> dict[str, str]:
    """Return the SHA-256 checksums of files, computed only for those that may have changed.

    Parameters
    ----------
    paths : iterable of path
        The files; those that are missing are left out.
    memory : path
        JSON: what was computed before, and the signatures of the files then. Written anew when
        something was computed; a memory that is missing, damaged or cannot be written costs time.

    Returns
    -------
    dict of str to str
        Checksum by path, as given.

    Raises
    ------
    DanqError
        A file cannot be read.
    """
    known = _read_memory(memory)
    checksums = {}
    computed = {}
    for path in map(str, paths):
        now = signature(path)
        if now is None:
            continue
        key = os.path.realpath(path)
        remembered = _remembered(known.get(key), now)
        if remembered:
            checksums[path] = remembered
            continue
        checksums[path] = sha256(path)
        if signature(path) == now and time.time() - now.ctime / 1e9 > _TICK:
            computed[key] = {"signature": list(now), "sha256": checksums[path]}
    if computed:
        with contextlib.suppress(OSError):
            write_text(memory, json.dumps({**known, **computed}, indent=1) + "\n")
    return checksums


def _read_memory(memory: PathLike) -> dict[str, Any]:
    try:
        with open(memory, encoding="utf-8") as file:
            return dict(json.load(file))
    except (OSError, ValueError, TypeError):
        return {}


def _remembered(entry: Any, now: Signature) -> str | None:
    """Return the checksum in an entry of the memory, if it is of a file with this signature."""
    if not isinstance(entry, dict) or entry.get("signature") != list(now):
        return None
    checksum = entry.get("sha256")
    return checksum if isinstance(checksum, str) else None


def recorded_checksums(record: PathLike) -> dict[str, str]:
    """Return the checksums that `danq check` wrote into its file of findings.

    Parameters
    ----------
    record : path
        ``inputs.json``.

    Returns
    -------
    dict of str to str
        SHA-256 by path.

    Raises
    ------
    DanqError
        It cannot be read, or is not such a file.
    """
    findings = _read_findings(record)
    checksums = {}
    for entry in [*findings.values(), *findings["peaks"]]:
        if isinstance(entry, dict) and {"path", "sha256"} <= entry.keys():
            checksums[str(entry["path"])] = str(entry["sha256"])
    return checksums


def _read_findings(record: PathLike) -> dict[str, Any]:
    """Read what `danq check` found."""
    what = "is not what danq check writes; remove it, and check the files again"
    try:
        with open(record, encoding="utf-8") as file:
            findings = json.load(file)
    except OSError as error:
        raise DanqError(f"cannot be read ({error.strerror}); check the path", record) from error
    except ValueError:
        raise DanqError(what, record) from None
    if not isinstance(findings, dict) or not isinstance(findings.get("peaks"), list):
        raise DanqError(what, record)
    return findings


def recorded_lengths(record: PathLike, now: Mapping[str, str]) -> dict[str, int] | None:
    """Return the lengths of the chromosomes of the genome that `danq check` read.

    Parameters
    ----------
    record : path
        ``inputs.json``.
    now : mapping of str to str
        SHA-256 of the genome as it is, by path; empty where there is none now.

    Returns
    -------
    dict of str to int or None
        By chromosome (bp); None where there is no such file, or where it is of another genome.

    Raises
    ------
    DanqError
        It is not such a file.
    """
    if not os.path.exists(record):
        return None
    findings = _read_findings(record)
    genome = findings.get("genome")
    checksum = genome.get("sha256") if isinstance(genome, dict) else None
    lengths = findings.get("chromosomes")
    if not isinstance(lengths, dict) or set(now.values()) - {checksum}:
        return None
    return {name: length for name, length in lengths.items() if isinstance(length, int)}


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the paths whose checksum differs, of those that both have.

    Parameters
    ----------
    before, now : mapping of str to str
        Checksums by path.

    Returns
    -------
    list of str
        In the order of `before`.

    Examples
    --------
    >>> changed({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9"})
    ['b']
    """
    return [path for path, checksum in before.items() if now.get(path, checksum) != checksum]


class Watch:
    """Notices files that change while they are read.

    Parameters
    ----------
    paths : sequence of path
        The files, before the first byte of them is read.
    """

    def __init__(self, paths: Sequence[PathLike]) -> None:
        self._before = {str(path): signature(path) for path in paths}

    def errors(self) -> list[DanqError]:
        """Return an error for each file that has changed since."""
        what = "changed while it was read; start again when it is complete"
        paths = [path for path, before in self._before.items() if signature(path) != before]
        return [DanqError(what, path) for path in paths]
