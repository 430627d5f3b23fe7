"""Sequence that the splits of a dataset share, at any offset, on either strand, even if changed.

`danq.data.audit` counts windows that are the same from their first base to their last. A copy that
begins at another place, or in which bases have been substituted, has no such windows. Here words of
`danq.genome.sketch.K` bases are compared: of the windows of held-out splits a sample is kept in
memory (12 bytes a word, one word for 8 bases), and those of the split that they are compared with
are looked up in it, so that memory grows with what is held out and not with the genome.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.audit import PAIRS
from danq.data.dataset import Dataset
from danq.data.joined import Joined, joined
from danq.genome.sketch import K, Sample, sample_words

SIMILAR = 0.5
"""A window is similar to training sequence if this share of its known bases lies in shared
words."""

COPY = 0.5
"""A chromosome is a copy of held-out sequence if this share of its words is found there."""

SCALE = 8
"""One of so many words is looked at; of short windows more."""

_WORDS_IN_WINDOW = 32  # words that are looked at in each window, as far as it has so many
_NOBODY = -1


class Copies(NamedTuple):
    """What splits share.

    Attributes
    ----------
    similar : dict of (str, str) to int
        By split and the one that it is compared with (`danq.data.audit.PAIRS`): its windows of
        which at least `SIMILAR` lies in words that occur there, too.
    chromosomes : pandas.DataFrame
        Columns split, against, chromosome, shared (share of the chromosome's words in `against`
        that lie in `split`, too) and bases (about how many bases of similar windows lie in words of
        this chromosome; those of several count for the one of which most is shared): a row for each
        chromosome with any, most bases first.
    """

    similar: dict[tuple[str, str], int]
    chromosomes: pd.DataFrame


def find_copies(dataset: Dataset) -> Copies:
    """Count the windows of held-out splits whose sequence also lies in an earlier split.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        An open dataset.

    Returns
    -------
    Copies
    """
    names = list(dataset.chromosomes)
    scale = _scale(dataset.window)
    similar = {}
    rows = []
    held_out = {split: _distinct(dataset, split, scale) for split in ("valid", "test")}
    for split, against in PAIRS:
        owners = _find_owners(dataset, against, held_out[split], scale)
        shared = _Shared(len(names))
        for stretch in joined(dataset, split):
            sample = sample_words(stretch.indices, scale)
            word = np.searchsorted(held_out[split], sample.hashes)
            shared.add(stretch, sample, owners.of_word[word], dataset.window)
        similar[split, against] = shared.n_similar
        for chrom in np.argsort(-shared.words, kind="stable").tolist():
            if shared.words[chrom]:
                facts = (names[chrom], owners.shares[chrom], int(shared.words[chrom]) * scale)
                rows.append((split, against, *facts))
    columns = ["split", "against", "chromosome", "shared", "bases"]
    return Copies(similar, pd.DataFrame(rows, columns=columns))


def copied_chromosomes(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the chromosomes of which most repeats held-out sequence, and the split it is in.

    Parameters
    ----------
    rows : iterable of mapping
        The rows of `Copies.chromosomes`.

    Returns
    -------
    dict of str to str
        Split by chromosome, as far as at least `COPY` of it is shared.
    """
    return {row["chromosome"]: row["split"] for row in rows if row["shared"] >= COPY}


def _scale(window: int) -> int:
    """Return of how many words one is looked at."""
    n_words = window - K + 1
    return max(1, min(SCALE, n_words // _WORDS_IN_WINDOW))


def _distinct(dataset: Dataset, split: str, scale: int) -> NDArray[np.uint64]:
    """Return the words of a split, sorted, each once."""
    pieces = [np.empty(0, dtype=np.uint64)]
    pieces += [sample.hashes for _, sample in _samples(dataset, split, scale)]
    hashes = np.concatenate(pieces)
    del pieces
    hashes.sort()
    is_first = np.ones(len(hashes), dtype=bool)
    is_first[1:] = hashes[1:] != hashes[:-1]
    return hashes[is_first]


def _samples(dataset: Dataset, split: str, scale: int) -> Iterator[tuple[int, Sample]]:
    """Yield words of a split, and the number of the chromosome on which they lie."""
    for stretch in joined(dataset, split):
        yield stretch.chrom, sample_words(stretch.indices, scale)


class _Owners(NamedTuple):
    """Where the words of a held-out split were found.

    Attributes
    ----------
    of_word : numpy.ndarray, shape (words,), int32
        Number of the chromosome that has the word, or `_NOBODY`; of several the one with the
        highest share, which is most of all a copy.
    shares : numpy.ndarray, shape (C,), float64
        Share of each chromosome's words that were found in the held-out split.
    """

    of_word: NDArray[np.int32]
    shares: NDArray[np.float64]


def _find_owners(
    dataset: Dataset, against: str, held_out: NDArray[np.uint64], scale: int
) -> _Owners:
    """Look up the words of a split among those of a held-out one."""
    of_word = np.full(len(held_out), _NOBODY, dtype=np.int32)
    shares = np.zeros(len(dataset.chromosomes))
    found: list[NDArray[np.int64]] = []
    n_words = 0
    present = _NOBODY

    def finish() -> None:
        if not n_words:
            return
        words = np.concatenate(found)
        shares[present] = len(words) / n_words
        is_better = shares[of_word[words]] < shares[present]
        is_better |= of_word[words] == _NOBODY
        of_word[words[is_better]] = present

    for chrom, sample in _samples(dataset, against, scale):
        if chrom != present:
            finish()
            found = []
            n_words = 0
            present = chrom
        # Sorted, the queries pass through the words of the held-out split from left to right.
        hashes = np.sort(sample.hashes)
        word = np.searchsorted(held_out, hashes)
        word[word == len(held_out)] = 0
        found.append(word[held_out[word] == hashes] if len(held_out) else word[:0])
        n_words += len(hashes)
    finish()
    return _Owners(of_word, shares)


class _Shared:
    """Counts what a held-out split shares, stretch by stretch.

    Attributes
    ----------
    n_similar : int
        Similar windows so far.
    words : numpy.ndarray, shape (C,), int64
        Words in similar windows by the chromosome that has them, too.
    """

    def __init__(self, n_chromosomes: int) -> None:
        self.n_similar = 0
        self.words = np.zeros(n_chromosomes, dtype=np.int64)

    def add(self, stretch: Joined, sample: Sample, owners: NDArray[np.int32], window: int) -> None:
        """Count the windows of some stretches.

        Parameters
        ----------
        stretch : danq.data.joined.Joined
            Joined windows.
        sample : danq.genome.sketch.Sample
            Their words.
        owners : numpy.ndarray, shape (n,), int32
            For each word the chromosome that has it, too, or `_NOBODY`.
        window : int
            Length of a window (bp).
        """
        is_shared = owners != _NOBODY
        places = sample.positions[is_shared]
        length = len(stretch.indices)
        is_covered = _covered(places, K, length)
        covered = _sums(is_covered, stretch.starts, window)
        known = _sums(stretch.indices < 4, stretch.starts, window)
        is_similar = (covered >= SIMILAR * known) & (covered > 0)
        self.n_similar += int(is_similar.sum())
        in_similar = _covered(stretch.starts[is_similar], window, length)
        counted = owners[is_shared][in_similar[places]]
        self.words += np.bincount(counted, minlength=len(self.words))


def _covered(starts: NDArray[np.int64], width: int, length: int) -> NDArray[np.bool_]:
    """Return which of `length` bases lie in intervals of one width, bool (length,)."""
    opened = np.bincount(starts, minlength=length + 1)
    closed = np.bincount(starts + width, minlength=length + 1)
    n_open = np.cumsum(opened - closed)
    return n_open[:length] > 0


def _sums(flags: NDArray[np.bool_], starts: NDArray[np.int64], window: int) -> NDArray[np.int64]:
    """Return how many bases of each window have a flag, int64 (n,)."""
    before = np.concatenate([[0], np.cumsum(flags)])
    return before[starts + window] - before[starts]
