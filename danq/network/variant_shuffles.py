"""Changes beside those in shuffled flanks: p of each variant and target, and q over all of them."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danq.data.variant_files import Scored
from danq.data.variant_spool import Block, Spool
from danq.genome.shuffled_flanks import shuffled_flanks
from danq.network.strands import BATCH
from danq.network.variant_blocks import Prepared

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def as_large(
    usable: Sequence[Prepared],
    changes: Floats,
    n: int,
    seed: int,
    predict: Callable[[Sequence[Prepared]], Floats],
) -> Integers:
    """Count the shuffled flanks in which a variant changes a target as much as in its own.

    Parameters
    ----------
    usable : sequence of danq.network.variant_blocks.Prepared
        Variants with windows.
    changes : numpy.ndarray, shape (len(usable), T)
        Their changes of log-odds.
    n : int
        Shuffles of each.
    seed : int
        Of the random numbers.
    predict : callable
        Returns the changes of log-odds of variants with windows.

    Returns
    -------
    numpy.ndarray, shape (len(usable), T), int64
        Of either sign, 0 to `n`.
    """
    counts = np.zeros(changes.shape, dtype=np.int64)
    together = max(1, BATCH // n)
    for rows in _groups(range(len(usable)), together):
        shuffled = []
        for row in rows:
            found = usable[row]
            assert found.windows is not None
            for windows in shuffled_flanks(found.windows, n, seed):
                shuffled.append(found._replace(windows=windows))
        found_sizes = np.abs(predict(shuffled))
        sizes = found_sizes.reshape(len(rows), n, -1)
        part = slice(rows.start, rows.stop)
        own = np.abs(changes[part])
        is_as_large = sizes >= own[:, None]
        counts[part] = is_as_large.sum(axis=1)
    return counts


def _groups(rows: range, size: int) -> Iterator[range]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def p_values(counts: Integers, n: int) -> Floats:
    """Return the share of shuffles with as large a change, the variant itself counted as one.

    Never 0, as no finite number of shuffles can say that (Phipson and Smyth 2010,
    https://doi.org/10.2202/1544-6115.1585).

    Parameters
    ----------
    counts : numpy.ndarray of int64
        Of `as_large`.
    n : int
        Shuffles.

    Returns
    -------
    numpy.ndarray, float64
        (1 + count) / (1 + n).
    """
    return (1 + counts) / (1 + n)


class Tally:
    """Counts of all variants, of which q is made.

    Parameters
    ----------
    n : int
        Shuffles of each variant.
    n_targets : int
        Targets.
    """

    def __init__(self, n: int, n_targets: int) -> None:
        self.n = n
        self._frequency = np.zeros((n_targets, n + 1), dtype=np.int64)

    def add(self, counts: Integers) -> None:
        """Add further variants, `counts` (rows, T)."""
        every = np.arange(counts.shape[1])
        targets = np.broadcast_to(every, counts.shape)
        np.add.at(self._frequency, (targets, counts), 1)

    def q_values(self, counts: Integers) -> Floats:
        """Return the false discovery rate of calling all variants that are at least as unusual.

        By Benjamini and Hochberg (1995, https://doi.org/10.1111/j.2517-6161.1995.tb02031.x), over
        all variants that were added, for each target by itself.

        Parameters
        ----------
        counts : numpy.ndarray, shape (rows, T), int64
            Of `as_large`.

        Returns
        -------
        numpy.ndarray, shape (rows, T), float64
        """
        called = self._frequency.cumsum(axis=1)
        total = called[:, -1:]
        every = np.arange(self.n + 1)
        p = p_values(every, self.n)
        rate = total * p / np.maximum(called, 1)
        rate[called == 0] = 1
        from_largest = rate[:, ::-1]
        lowest = np.minimum.accumulate(from_largest, axis=1)
        q = np.minimum(lowest[:, ::-1], 1)
        targets = np.arange(counts.shape[1])
        return q[targets, counts]


def with_q_values(blocks: Iterable[Block], n: int, n_targets: int, folder: Path) -> Iterator[Block]:
    """Add q to scores that have p, which needs the p of all of them.

    Parameters
    ----------
    blocks : iterable of danq.data.variant_spool.Block
        Scores with p; they wait on the disk until all are there.
    n : int
        Shuffles of each variant.
    n_targets : int
        Targets.
    folder : pathlib.Path
        Where there is room.

    Yields
    ------
    danq.data.variant_spool.Block
        In the same order.
    """
    tally = Tally(n, n_targets)
    with contextlib.closing(Spool(folder)) as spool:
        for block in blocks:
            tally.add(_counts_of(block[0], n))
            spool.append(block)
        for scored, refused in spool.blocks():
            q = tally.q_values(_counts_of(scored, n))
            yield scored._replace(q_value=q), refused


def _counts_of(scored: Scored, n: int) -> Integers:
    """Return the counts of which p was made."""
    assert scored.p_value is not None
    parts = scored.p_value * (1 + n)
    return np.rint(parts).astype(np.int64) - 1
