"""Motifs that are enriched in sequences of a target: a word first, then the bases around its sites.

A word is a dyad: two triplets of bases, up to 10 bp apart (van Helden et al. 2000,
https://doi.org/10.1093/nar/28.8.1808). A word and its reverse complement are one. For each target,
the word is taken that most exceeds its share of the background; then the sequences that hold it are
set aside, and the next word explains what is left. The motif of a word is made of the bases around
all its sites, on both strands.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.genome.sequence import reverse_complement
from danq.motif.meme import Motif

LARGEST_GAP = 10
"""Bases between the triplets of a word, at most."""

MIN_SCORE = 8.0
"""Standard errors by which a word must exceed the background.

There are 22,000 words, and both shares are uncertain: in random sequences some exceed it by 5."""

MIN_SEQUENCES = 10
"""Sequences that must hold a word: in fewer, chance reaches any score."""

_DYADS = 4**6  # words of one gap
_MIN_LEFT = 30  # sequences; of fewer a word says little, and all are searched again
_PSEUDOCOUNT = 8.0  # sites, shared out as the background has its bases
_UNKNOWN = 4  # index of a base that is not known
_NO_WORD = 2**16 - 1  # at places with an unknown base, and where a word is repeated


class TargetSequences(NamedTuple):
    """Sequences in which a target has peaks.

    Attributes
    ----------
    name : str
        The target.
    indices : numpy.ndarray, shape (N, L), uint8
        Their base indices.
    """

    name: str
    indices: NDArray[np.uint8]


def find_enriched(
    targets: Sequence[TargetSequences], background: NDArray[np.uint8], *, n: int, width: int
) -> list[Motif]:
    """Find the motifs of words that are enriched in the sequences of some targets.

    The targets take turns, the one with the most enriched word first; no word comes twice.

    Parameters
    ----------
    targets : sequence of TargetSequences
        The sequences of each target; all of one length.
    background : numpy.ndarray, shape (M, L), uint8
        Base indices of sequences in which no target has peaks.
    n : int
        Number of motifs, at most.
    width : int
        Width of the motifs (bp), 6 or more; the word is in their middle.

    Returns
    -------
    list of danq.motif.meme.Motif
        Named after target and word (``Abf1:CGTNNNNNNTGA``). Fewer than `n` where no further word
        exceeds the background by `MIN_SCORE` standard errors in `MIN_SEQUENCES` sequences.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> background = rng.integers(0, 4, (500, 60), dtype=np.uint8)
    >>> positives = rng.integers(0, 4, (500, 60), dtype=np.uint8)
    >>> positives[:, 20:26] = [1, 0, 1, 2, 3, 2]  # CACGTG
    >>> motifs = find_enriched([TargetSequences("Cbf1", positives)], background, n=1, width=8)
    >>> motifs[0].name
    'Cbf1:CACGTG'
    """
    gaps = min(LARGEST_GAP, width - 6) + 1
    frequencies = _base_frequencies(background)
    search = _Search(_words(background, gaps), gaps)
    active = [_Target(target, _words(target.indices, gaps)) for target in targets]
    motifs: list[Motif] = []
    while active and len(motifs) < n:
        ranked = sorted(active, key=lambda target: -search.best(target).score)
        active = []
        for target in ranked[: n - len(motifs)]:
            word = search.best(target)
            if word.score >= MIN_SCORE:
                search.take(word, target)
                motifs.append(_motif(target, word, width, frequencies))
                active.append(target)
    return motifs


class _Target:
    """The sequences of a target: their words, (N, number of places), and which are left, (N,)."""

    def __init__(self, target: TargetSequences, words: NDArray[np.uint16]) -> None:
        self.name = target.name
        self.indices = target.indices
        self.words = words
        self.left = np.ones(len(words), dtype=bool)


class _Word(NamedTuple):
    """A word, and by how many standard errors it exceeds the background."""

    code: int
    score: float


class _Search:
    """The search for words: the background, and the words that are taken."""

    def __init__(self, background: NDArray[np.uint16], gaps: int) -> None:
        self._n_words = _DYADS * gaps
        self._background = self._shares(background)
        self._floor = 3 / len(background)  # a word that was not seen may still be there
        self._taken = np.zeros(self._n_words, dtype=bool)

    def best(self, target: _Target) -> _Word:
        """Return the most enriched word of the sequences that are left."""
        n_left = np.count_nonzero(target.left)
        shares = self._shares(target.words[target.left])
        variances = (self._background + self._floor) / n_left
        scores = (shares - self._background) / np.sqrt(variances)
        scores[self._taken] = -np.inf
        scores[shares * n_left < MIN_SEQUENCES - 0.5] = -np.inf
        code = int(scores.argmax())
        return _Word(code, float(scores[code]))

    def take(self, word: _Word, target: _Target) -> None:
        """Take a word, and set the sequences aside that hold it."""
        self._taken[word.code] = True
        target.left &= ~(target.words == word.code).any(axis=1)
        if np.count_nonzero(target.left) < _MIN_LEFT:
            target.left[:] = True

    def _shares(self, words: NDArray[np.uint16]) -> NDArray[np.float64]:
        """Return the share of the sequences that hold each word."""
        counts = np.bincount(words.ravel(), minlength=_NO_WORD + 1)
        return counts[: self._n_words] / len(words)


def _words(indices: NDArray[np.uint8], gaps: int) -> NDArray[np.uint16]:
    """Return the words of each sequence, each once, in ascending order; `_NO_WORD` elsewhere."""
    known = indices < _UNKNOWN
    bases = np.where(known, indices, 0).astype(np.int32)
    triplets = 16 * bases[:, :-2] + 4 * bases[:, 1:-1] + bases[:, 2:]
    known_triplets = known[:, :-2] & known[:, 1:-1] & known[:, 2:]
    complements = _complements()
    words = []
    for gap in range(gaps):
        distance = 3 + gap
        dyads = 64 * triplets[:, :-distance] + triplets[:, distance:]
        merged = np.minimum(dyads, complements[dyads]) + gap * _DYADS
        both_known = known_triplets[:, :-distance] & known_triplets[:, distance:]
        words.append(np.where(both_known, merged, _NO_WORD))
    joined = np.concatenate(words, axis=1).astype(np.uint16)
    joined.sort(axis=1)
    repeated = joined[:, 1:] == joined[:, :-1]
    joined[:, 1:][repeated] = _NO_WORD
    return joined


def _complements() -> NDArray[np.int32]:
    """Return the reverse complement of each dyad, (4096,)."""
    bases = _dyad_bases(np.arange(_DYADS))
    powers = 4 ** np.arange(5, -1, -1)
    return (reverse_complement(bases) @ powers).astype(np.int32)


def _dyad_bases(dyads: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the six base indices of each dyad, (n, 6)."""
    powers = 4 ** np.arange(5, -1, -1)
    return (dyads[:, None] // powers % 4).astype(np.uint8)


def _base_frequencies(indices: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the share of A, C, G and T on both strands, (4,)."""
    counts = np.bincount(indices[indices < _UNKNOWN], minlength=4)
    both_strands = counts + counts[::-1]
    return both_strands / both_strands.sum()


def _motif(target: _Target, word: _Word, width: int, frequencies: NDArray[np.float64]) -> Motif:
    """Return the motif of a word: the bases around its sites on both strands."""
    gap = word.code // _DYADS
    bases = _dyad_bases(np.array([word.code % _DYADS]))[0]
    length = 6 + gap
    first = (width - length) // 2  # column of the word's first base
    counts = np.zeros((width, 4))
    n_sites = 0
    for indices in (target.indices, reverse_complement(target.indices)):
        rows, starts = _sites(indices, bases, gap)
        counts += _column_counts(indices, rows, starts - first, width)
        n_sites += len(rows)
    smoothed = counts + _PSEUDOCOUNT * frequencies
    matrix = smoothed / smoothed.sum(axis=1, keepdims=True)
    text = "".join("ACGT"[base] for base in bases)
    name = f"{target.name}:{text[:3]}{'N' * gap}{text[3:]}"
    return Motif(name, target.name, matrix, n_sites)


def _sites(
    indices: NDArray[np.uint8], bases: NDArray[np.uint8], gap: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return row and start of each site of a word, on the strand that is given."""
    n_starts = indices.shape[1] - 5 - gap
    is_site = np.ones((len(indices), n_starts), dtype=bool)
    for number, base in enumerate(bases):
        offset = number if number < 3 else number + gap
        is_site &= indices[:, offset : offset + n_starts] == base
    rows, starts = np.nonzero(is_site)
    return rows, starts


def _column_counts(
    indices: NDArray[np.uint8], rows: NDArray[np.intp], starts: NDArray[np.intp], width: int
) -> NDArray[np.int64]:
    """Count the bases in each of `width` columns from some starts, (width, 4).

    Columns beyond the ends of a sequence, and unknown bases, count nothing.
    """
    counts = np.zeros((width, 4), dtype=np.int64)
    length = indices.shape[1]
    for column in range(width):
        positions = starts + column
        inside = (positions >= 0) & (positions < length)
        bases = indices[rows[inside], positions[inside]]
        counts[column] = np.bincount(bases, minlength=5)[:4]
    return counts
