"""BigWigs: written by a library in a process of its own, and looked at before they get their name.

libBigWig writes by itself. On a full disk it goes on without a word, or crashes, and crashes again
on the file that is cut off.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import IO

import numpy as np
from numpy.typing import NDArray

from danq.data import bigwig_writer
from danq.errors import DanqError
from danq.files import atomic

_NO_PYBIGWIG = (
    "a bigWig needs pyBigWig, which is not installed; "
    'pip install "danq[interpret]", or leave out --bigwig'
)
# A bigWig ends, as it begins, with this number (Kent et al. 2010, supplement,
# https://doi.org/10.1093/bioinformatics/btq351; little-endian, as libBigWig writes it).
_END = bytes.fromhex("26fc8f88")


def load_pybigwig() -> ModuleType:
    """Return the module pyBigWig.

    Raises
    ------
    DanqError
        It is not installed.
    """
    try:
        import pyBigWig
    except ImportError as error:
        raise DanqError(_NO_PYBIGWIG) from error
    return pyBigWig


class Tracks:
    """BigWigs while they are written.

    Attributes
    ----------
    covered : int
        How many bases have values so far.
    """

    def __init__(self, writer: "subprocess.Popen[bytes]") -> None:
        assert writer.stdin is not None
        self._stream = writer.stdin
        self.covered = 0

    def add_bases(self, sequence: str, start: int, values: NDArray[np.floating]) -> None:
        """Give values to single bases side by side.

        Parameters
        ----------
        sequence : str
            Where they lie.
        start : int
            The first of them (bp, 0-based).
        values : numpy.ndarray, shape (n, files)
            Of each base, in each file.
        """
        self._send(sequence, start, values, b"")
        self.covered += len(values)

    def add_stretches(
        self,
        sequence: str,
        starts: NDArray[np.integer],
        ends: NDArray[np.integer],
        values: NDArray[np.floating],
    ) -> None:
        """Give values to stretches that do not overlap.

        Parameters
        ----------
        sequence : str
            Where they lie.
        starts, ends : numpy.ndarray, shape (n,), int
            From left to right (bp, 0-based half-open).
        values : numpy.ndarray, shape (n, files)
            Of each stretch, in each file.
        """
        if not len(values):
            return
        places = np.stack([starts, ends]).astype(np.int64)
        self._send(sequence, int(starts[0]), values, places.tobytes())
        self.covered += int((ends - starts).sum())

    def _send(self, sequence: str, start: int, values: NDArray[np.floating], places: bytes) -> None:
        part = {"sequence": sequence, "start": start, "n": len(values), "single": not places}
        columns = np.ascontiguousarray(values.T, dtype=np.float64)
        self._stream.write(json.dumps(part).encode() + b"\n" + places + columns.tobytes())


@contextlib.contextmanager
def bigwigs(paths: Sequence[Path], sequences: Mapping[str, int]) -> Iterator[Tracks]:
    """Write bigWigs, atomically; what is not whole at the end is an error.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The files to make.
    sequences : mapping of str to int
        Length of each sequence (bp).

    Yields
    ------
    Tracks
        Takes the values, from left to right, sequence by sequence.

    Raises
    ------
    DanqError
        pyBigWig is not installed, or the disk is full.
    """
    load_pybigwig()
    with contextlib.ExitStack() as stack:
        temporaries = [stack.enter_context(atomic(path)) for path in paths]
        header = {"paths": [str(path) for path in temporaries], "sequences": [*sequences.items()]}
        command = [sys.executable, bigwig_writer.__file__]
        pipe = subprocess.PIPE
        writer = stack.enter_context(
            subprocess.Popen(command, stdin=pipe, stderr=subprocess.DEVNULL)
        )
        assert writer.stdin is not None
        stack.callback(_close, writer.stdin)
        tracks = Tracks(writer)
        try:
            writer.stdin.write(json.dumps(header).encode() + b"\n")
            yield tracks
            writer.stdin.close()
        except BrokenPipeError as error:
            raise _full(paths[0], "cannot be written") from error
        if writer.wait():
            raise _full(paths[0], "cannot be written")
        for path, temporary in zip(paths, temporaries, strict=True):
            _refuse_cut_off(path, temporary, tracks.covered)


def _close(stream: IO[bytes]) -> None:
    """Close a stream, even if nobody reads any more what it still holds."""
    with contextlib.suppress(BrokenPipeError):
        stream.close()


def _refuse_cut_off(path: Path, temporary: Path, covered: int) -> None:
    """Refuse a file that is not whole.

    Its end is looked at first: libBigWig may crash on a file that is cut off, and the number of
    bases is right in one whose summaries are cut off.
    """
    with open(temporary, "rb") as raw:
        raw.seek(max(0, temporary.stat().st_size - len(_END)))
        ending = raw.read()
    if ending != _END:
        raise _full(path, "is cut off")
    with load_pybigwig().open(str(temporary)) as file:
        found = file.header()["nBasesCovered"]
    if found != covered:
        raise _full(path, f"has {found} of {covered} bases")


def _full(path: Path, problem: str) -> DanqError:
    return DanqError(f"the bigWig {problem}: is the disk full?; make room", path)
