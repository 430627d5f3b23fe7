"""What a file was made from: a record of each file that one step leaves for another.

A file has a checksum, and so have the files that it was made from. Whoever reads the file compares
them, so that a file that was damaged, edited, or made from something else is not believed. The
record of ``metrics.tsv`` lies beside it, as ``.made/metrics.tsv.json``; that of an HDF5 file is the
first `HEAD` bytes of it (see `sealed`), which HDF5 leaves to its users. dataset.h5 and checkpoints
hold checksums of their own.

A record without its file does no harm: nobody looks for it.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import danq
from danq.errors import DanqError
from danq.files import PathLike, atomic, write_table, write_text

if TYPE_CHECKING:
    import pandas as pd

FOLDER = ".made"
"""The folder of the records of the files beside it."""

HEAD = 4096
"""Bytes of the record at the beginning of an HDF5 file: a size that HDF5 allows for its user block
(https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, section II.A)."""

FORMAT: Literal["danq-record"] = "danq-record"
VERSION: Literal[1] = 1

_BLOCK = 1 << 20  # bytes hashed at once
_LONGEST = 500  # characters of a path in a record
_LARGEST = 1 << 24  # bytes of a record: more inputs than any step has

Checksum = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Input(NamedTuple):
    """A file that another one was made from.

    Attributes
    ----------
    role : str
        What it was: dataset, checkpoint, predictions, ...
    path : str
        Where it was, for messages.
    checksum : str
        SHA-256 of its bytes; of a dataset.h5 `danq.data.dataset.Dataset.checksum`.
    """

    role: str
    path: str
    checksum: str


class Made(NamedTuple):
    """How a file is made.

    Attributes
    ----------
    step : str
        The subcommand of danq: evaluate.
    inputs : sequence of Input
        What it is made from.
    """

    step: str
    inputs: Sequence[Input] = ()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RecordedInput(_Strict):
    """An `Input` as a record has it: its path is seen from the folder of the recorded file."""

    role: str
    path: str
    sha256: Checksum


class Record(_Strict):
    """The record of a file.

    Attributes
    ----------
    step, danq : str
        The subcommand that made it, and danq's version.
    size : int
        Of the file (bytes).
    sha256 : str
        Its checksum.
    inputs : list of RecordedInput
        What it was made from.
    accepted : bool
        Whether it was changed by hand since, and that was accepted.
    """

    format: Literal["danq-record"] = FORMAT
    format_version: Literal[1] = VERSION
    step: str
    danq: str
    size: int
    sha256: Checksum
    inputs: list[RecordedInput] = []
    accepted: bool = False

    def checksums(self, role: str) -> list[str]:
        """Return the checksums of the inputs of a role, in their order."""
        return [entry.sha256 for entry in self.inputs if entry.role == role]

    def made_from(self) -> list[tuple[str, str]]:
        """Return role and checksum of each input, wherever it lay."""
        return [(entry.role, entry.sha256) for entry in self.inputs]

    def render(self) -> bytes:
        """Return the record as it is stored: JSON, with a checksum of itself."""
        facts = self.model_dump()
        text = json.dumps(facts, sort_keys=True)
        facts["record_sha256"] = hashlib.sha256(text.encode()).hexdigest()
        return json.dumps(facts, indent=1).encode() + b"\n"


def file_input(role: str, path: PathLike) -> Input:
    """Return a file as an input, with the checksum of its bytes.

    Parameters
    ----------
    role : str
        What it is.
    path : str or path-like
        The file.

    Returns
    -------
    Input

    Raises
    ------
    DanqError
        The file cannot be read.
    """
    return Input(role, str(path), _measure(path).sha256)


# --- beside a file ---


def combined(role: str, paths: Sequence[PathLike], checksums: Sequence[str]) -> Input:
    """Return several files as one input: the record of a file has little room.

    Parameters
    ----------
    role : str
        What they are.
    paths : sequence of path
        The files; the first stands for all.
    checksums : sequence of str
        Of each.

    Returns
    -------
    Input
        Its checksum is SHA-256 of all checksums, one after the other as text.
    """
    text = "".join(checksums)
    return Input(role, str(paths[0]), hashlib.sha256(text.encode()).hexdigest())


@contextlib.contextmanager
def recorded(path: PathLike, made: Made) -> Iterator[Path]:
    """Write a file and its record, as `danq.files.atomic` does: the record appears last.

    Parameters
    ----------
    path : str or path-like
        The file to write.
    made : Made
        How it is made.

    Yields
    ------
    pathlib.Path
        A temporary name, to be written to.

    Raises
    ------
    OSError
        As `danq.files.atomic`.
    """
    beside = record_path(path)
    is_new = not beside.parent.exists()
    try:
        # The record's bytes are written before the file gets its name: a full disk leaves neither.
        with atomic(beside) as hidden, atomic(path) as temporary:
            yield temporary
            hidden.write_bytes(_record_of(temporary, made).render())
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                beside.parent.rmdir()
        raise


def record_table(path: PathLike, frame: "pd.DataFrame", made: Made) -> None:
    """Write a table as `danq.files.write_table` does, and its record.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    frame : pandas.DataFrame
    made : Made
        How it is made.
    """
    with recorded(path, made) as temporary:
        write_table(temporary, frame)


def record_text(path: PathLike, text: str, made: Made) -> None:
    """Write text as `danq.files.write_text` does, and its record.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    text : str
    made : Made
        How it is made.
    """
    with recorded(path, made) as temporary:
        write_text(temporary, text)


def record_path(path: PathLike) -> Path:
    """Return where the record of a file lies."""
    path = Path(path)
    return path.parent / FOLDER / f"{path.name}.json"


def verified(path: PathLike) -> Record:
    """Check a file against its record.

    The argument is the path of a file that `recorded` wrote. It is refused where it is missing, has
    no record, or a damaged one, or is not the file that the record tells of.
    """
    measured = _measure(path)
    beside = record_path(path)
    if Path(path).is_symlink() and not beside.is_file():
        beside = record_path(Path(path).resolve())
    if not beside.is_file():
        what = f"has no record of what made it ({FOLDER}/{beside.name})"
        raise DanqError(f"{what}; make it again, {_ACCEPT}", path)
    record = _parse(_read(beside), beside)
    if measured != (record.size, record.sha256):
        what = f"is not the file that danq {record.step} wrote: damaged, or edited"
        raise DanqError(f"{what}; make it again, {_ACCEPT}", path)
    return record


def verified_if_recorded(path: PathLike) -> None:
    """Check a file that may be danq's, or a user's own: one without a record is taken as it is."""
    if record_path(path).is_file():
        verified(path)


def accept(path: PathLike) -> Record:
    """Record that a file is as it should be, although it was edited.

    The argument is the path of a file that `recorded` wrote. What it was made from is kept, as far
    as its former record tells; a file that cannot be read is a DanqError.
    """
    changes: dict[str, object] = {"accepted": True}
    with contextlib.suppress(DanqError):
        former = _parse(_read(record_path(path)), path)
        changes |= {"step": former.step, "inputs": former.inputs}
    accepted = _record_of(path, Made("unknown")).model_copy(update=changes)
    with atomic(record_path(path)) as temporary:
        temporary.write_bytes(accepted.render())
    return accepted


_ACCEPT = "or, if it is as you want it, accept it with danq describe RUN --accept FILE"


# --- at the head of a file ---


def seal(path: PathLike, made: Made) -> None:
    """Write the record of a file into its first `HEAD` bytes, which must be free.

    Parameters
    ----------
    path : str or path-like
        The file, still under its temporary name.
    made : Made
        How it was made.

    Raises
    ------
    AssertionError
        The record is longer than that.
    """
    head = _record_of(path, made, HEAD).render()
    if len(head) > HEAD:
        raise AssertionError(f"a record of {len(head)} bytes does not fit")
    with open(path, "r+b") as file:
        file.write(head.ljust(HEAD, b"\n"))


def sealed(path: PathLike, advice: str) -> Record:
    """Check a file against the record at its head.

    Parameters
    ----------
    path : str or path-like
        A file that was sealed.
    advice : str
        What the message says to do.

    Returns
    -------
    Record

    Raises
    ------
    DanqError
        The file cannot be read, has no record, or is not the one that the record tells of.
    """
    record = read_head(path, advice)
    if _measure(path, HEAD) != (record.size, record.sha256):
        what = f"is not the file that danq {record.step} wrote: damaged, cut off, or edited"
        raise DanqError(f"{what}; {advice}", path)
    return record


def read_head(path: PathLike, advice: str) -> Record:
    """Read the record at the head of a file, without a look at the rest.

    Parameters
    ----------
    path : str or path-like
        A file that was sealed.
    advice : str
        What the message says to do.

    Returns
    -------
    Record

    Raises
    ------
    DanqError
        The file cannot be read, or has no record.
    """
    head = _read(path, HEAD)
    try:
        return _parse(head, path)
    except DanqError:
        what = "has no record of what made it at its head: another file, damaged, or of another"
        raise DanqError(f"{what} version of danq; {advice}", path) from None


# --- both ---


class _Measured(NamedTuple):
    """Size (bytes) and checksum of a file."""

    size: int
    sha256: str


def _measure(path: PathLike, start: int = 0) -> _Measured:
    """Return size and checksum of a file from a byte on."""
    size = 0
    checksum = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            file.seek(start)
            while block := file.read(_BLOCK):
                size += len(block)
                checksum.update(block)
    except OSError as error:
        raise _unreadable(path, error) from error
    return _Measured(size, checksum.hexdigest())


def _read(path: PathLike, size: int = _LARGEST) -> bytes:
    """Return the beginning of a file."""
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: PathLike, error: OSError) -> DanqError:
    return DanqError(f"cannot be read ({error.strerror}); check the path", path)


def _record_of(path: PathLike, made: Made, start: int = 0) -> Record:
    """Return the record of a file from a byte on."""
    measured = _measure(path, start)
    inputs = []
    for role, where, checksum in made.inputs:
        # Seen from the file: a run that is moved as a whole, or made twice, has the same records.
        seen = os.path.relpath(where, Path(path).parent)
        shown = seen[-_LONGEST:].encode("utf-8", "backslashreplace").decode()
        inputs.append(RecordedInput(role=role, path=shown, sha256=checksum))
    return Record(
        step=made.step,
        danq=danq.__version__,
        size=measured.size,
        sha256=measured.sha256,
        inputs=inputs,
    )


def _parse(content: bytes, path: PathLike) -> Record:
    """Return the record in some bytes, every one of which must be as danq writes it."""
    text = content.rstrip(b"\n") + b"\n"
    try:
        facts = json.loads(text)
        if facts.get("format_version") != VERSION:
            what = f"is a record of version {facts.get('format_version')}"
            raise DanqError(f"{what}, and this danq reads {VERSION}; make its file again", path)
        del facts["record_sha256"]
        record = Record.model_validate(facts)
    except (ValueError, RecursionError, AttributeError, KeyError, ValidationError):
        raise DanqError("is a damaged record; make its file again", path) from None
    if record.render() != text:
        raise DanqError("is a damaged record; make its file again", path)
    return record
