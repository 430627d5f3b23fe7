"""Bits of a dataset.h5 that docs/dataset.md does not allow, looked for while its bytes are read."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SEVERAL = 1 << 20  # bytes looked at together: they stay in the processor's cache


class BasesCheck:
    """Looks for positions with two bases, and for bases beyond the end of a window.

    Parameters
    ----------
    name : str
        The dataset, for messages: train/sequences.
    length : int
        Positions that are packed (bp).

    Attributes
    ----------
    second, stray : int
        Bases beyond the first at a position; bases beyond the end of a window.
    """

    def __init__(self, name: str, length: int) -> None:
        self.name = name
        self.unused = unused_bits(length)
        self.second = 0
        self.stray = 0

    def look(self, packed: NDArray[np.uint8]) -> None:
        """Look at windows, uint8 (n, w, 4)."""
        step = max(1, _SEVERAL // max(1, packed[:1].nbytes))
        for start in range(0, len(packed), step):
            block = np.ascontiguousarray(packed[start : start + step])
            words = block.view("<u4")[:, :, 0]  # the four bases of eight positions
            both = words & words >> 8
            both |= words & words >> 16
            both |= words & words >> 24
            if both.any():
                self.second += _bits(words) - _bits(occupied(words))
            if self.unused:
                self.stray += _bits(occupied(words[:, -1]) & self.unused)

    def problems(self) -> Iterator[str]:
        """Yield what was found, as messages."""
        if self.second:
            yield f"{self.name} has more than one base at a position, {self.second} times"
        if self.stray:
            yield f"{self.name} has bases beyond the end of the window, {self.stray} times"


class LabelsCheck:
    """Looks for labels beyond the last target.

    Parameters
    ----------
    name : str
        The dataset, for messages: train/targets.
    n_targets : int
        Labels that are packed.

    Attributes
    ----------
    stray : int
        Windows with labels beyond the last target.
    """

    def __init__(self, name: str, n_targets: int) -> None:
        self.name = name
        self.unused = unused_bits(n_targets)
        self.stray = 0

    def look(self, packed: NDArray[np.uint8]) -> None:
        """Look at the labels of windows, uint8 (n, w)."""
        if self.unused:
            self.stray += int(np.count_nonzero(packed[:, -1] & self.unused))

    def problems(self) -> Iterator[str]:
        """Yield what was found, as messages."""
        if self.stray:
            yield f"{self.name} has labels beyond the last target, in {self.stray} windows"


def unused_bits(n: int) -> int:
    """Return which bits of the last byte are not used when n bits are packed.

    Examples
    --------
    >>> unused_bits(13)
    7
    """
    return (1 << -n % 8) - 1


def occupied(words: NDArray[Any]) -> NDArray[Any]:
    """Return the positions that hold any base, from words of four bytes, one for each base."""
    pairs = words | words >> 16
    return (pairs | pairs >> 8) & 0xFF


def _bits(words: NDArray[Any]) -> int:
    return int(np.bitwise_count(words).sum(dtype=np.int64))
