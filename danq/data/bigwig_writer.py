"""Writes bigWigs in a process of its own: `danq.data.bigwig` runs this file as a script.

libBigWig crashes, or goes on without a word, where the disk is full. What it is to write arrives on
standard input: a line of JSON with ``paths`` and ``sequences``; then for each stretch of a sequence
a line of JSON with ``sequence``, ``start``, ``n`` and ``single``, followed by numbers: ``n`` starts
and ``n`` ends (int64) unless all are ``single`` bases side by side, and ``n`` values (float64) of
each file.
"""

import json
import sys
from collections.abc import Sequence
from typing import IO, Any

import numpy as np


def write(stream: IO[bytes]) -> None:
    """Write the bigWigs that a stream describes.

    Parameters
    ----------
    stream : file object
        As the module says.
    """
    import pyBigWig

    header = json.loads(stream.readline())
    files = [pyBigWig.open(path, "w") for path in header["paths"]]
    for file in files:
        file.addHeader([tuple(sequence) for sequence in header["sequences"]])
    for line in iter(stream.readline, b""):
        _add(files, json.loads(line), stream)
    for file in files:
        file.close()


def _add(files: Sequence[Any], part: dict[str, Any], stream: IO[bytes]) -> None:
    """Add a stretch of a sequence to each file."""
    name = part["sequence"]
    n = part["n"]
    places = [] if part["single"] else _numbers(stream, np.dtype(np.int64), (2, n)).tolist()
    values = _numbers(stream, np.dtype(np.float64), (len(files), n))
    for file, column in zip(files, values.tolist(), strict=True):
        if part["single"]:
            file.addEntries(name, part["start"], values=column, span=1, step=1)
        else:
            starts, ends = places
            file.addEntries([name] * n, starts, ends=ends, values=column)


def _numbers(stream: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, int]) -> Any:
    size = shape[0] * shape[1] * dtype.itemsize
    return np.frombuffer(stream.read(size), dtype=dtype).reshape(shape)


if __name__ == "__main__":
    write(sys.stdin.buffer)
