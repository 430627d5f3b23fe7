"""Blocks of scored variants on the disk, until all are there: for what needs all of them."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from danq.data.variant_files import Refused, Scored
from danq.genome.variants import Row

Block = tuple[Scored, list[Refused]]
"""Alleles with scores, and those without that stand between them."""


class Spool:
    """Keeps blocks in a file without a name, so that none is left behind.

    Parameters
    ----------
    folder : pathlib.Path
        Where there is room; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)
        self._n = 0

    def append(self, block: Block) -> None:
        """Add a block behind the others."""
        scored, refused = block
        arrays = {}
        plain: dict[str, Any] = {"refused": refused}
        for name, value in scored._asdict().items():
            if isinstance(value, np.ndarray):
                arrays[name] = value
            else:
                plain[name] = value
        plain["arrays"] = list(arrays)
        self._file.write(json.dumps(plain).encode() + b"\n")
        for values in arrays.values():
            np.save(self._file, values, allow_pickle=False)
        self._n += 1

    def blocks(self) -> Iterator[Block]:
        """Yield all blocks in their order."""
        self._file.seek(0)
        for _ in range(self._n):
            yield _read(self._file)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def _read(file: IO[bytes]) -> Block:
    """Return the next block of a file."""
    plain = json.loads(file.readline())
    names = plain.pop("arrays")
    refused = [Refused(Row(*row), reason) for row, reason in plain.pop("refused")]
    plain["rows"] = [Row(*row) for row in plain["rows"]]
    for name in names:
        plain[name] = np.load(file, allow_pickle=False)
    return Scored(**plain), refused
