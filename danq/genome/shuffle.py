"""Sequences in another order, with as many of each dinucleotide as before.

A sequence is a walk over the four bases whose steps are its dinucleotides; any other walk that
takes each step as often is a shuffle of it. All are drawn with equal chance: each base but the last
gets a random last step, drawn again until these lead from every base to the last one; all other
steps are put in random order (Altschul and Erickson 1985,
https://doi.org/10.1093/oxfordjournals.molbev.a040370; Kandel et al. 1996,
https://doi.org/10.1016/S0166-218X(97)81456-4).
"""

import numpy as np
from numpy.typing import NDArray

from danq.genome.sequence import UNKNOWN

Bases = NDArray[np.uint8]
Integers = NDArray[np.int64]


def dinucleotide_shuffles(bases: Bases, n: int, rng: np.random.Generator) -> Bases:
    """Shuffle a sequence, and keep the number of each dinucleotide exactly.

    Parameters
    ----------
    bases : numpy.ndarray, shape (L,), uint8
        Base indices. Unknown bases stay where they are, and what lies between them is shuffled by
        itself.
    n : int
        How many shuffles.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    numpy.ndarray, shape (n, L), uint8
        Each with the same first and last base.

    Examples
    --------
    >>> from danq.genome.sequence import decode, encode
    >>> found = dinucleotide_shuffles(encode("AACGTACGA"), 3, np.random.default_rng(0))
    >>> [decode(row) for row in found]
    ['AACGACGTA', 'ACGAACGTA', 'ACGACGTAA']
    """
    shuffled = np.tile(bases, (n, 1))
    known = bases < UNKNOWN
    between = np.pad(known, 1)
    edges = np.flatnonzero(between[1:] != between[:-1])
    runs = edges.reshape(-1, 2)
    for start, end in runs.tolist():
        if end - start > 3:  # shorter ones have one order
            shuffled[:, start:end] = _shuffle_known(bases[start:end], n, rng)
    return shuffled


def _shuffle_known(bases: Bases, n: int, rng: np.random.Generator) -> Bases:
    """Shuffle known bases."""
    lasts = _last_steps(bases, n, rng)
    steps = np.empty((n, len(bases) - 1), dtype=np.uint8)
    first_of = np.zeros(4, dtype=np.int64)
    begin = 0
    for base in range(4):
        followers = bases[1:][bases[:-1] == base]
        first_of[base] = begin
        order = rng.random((n, len(followers)))
        if base != bases[-1] and len(followers):
            order[np.arange(n), lasts[:, base]] = 2  # behind all others
        end = begin + len(followers)
        places = np.argsort(order, axis=1)
        steps[:, begin:end] = followers[places]
        begin = end
    return _walk(steps, first_of, int(bases[0]))


def _last_steps(bases: Bases, n: int, rng: np.random.Generator) -> Integers:
    """Draw the last step from each base, as a place among its steps, (n, 4)."""
    end = bases[-1]
    places = np.zeros((n, 4), dtype=np.int64)
    to = np.full((n, 4), end)  # also from bases that do not occur, and from the last one itself
    waiting = np.arange(n)
    while len(waiting):
        for base in range(4):
            followers = bases[1:][bases[:-1] == base]
            if base != end and len(followers):
                drawn = rng.integers(0, len(followers), len(waiting))
                places[waiting, base] = drawn
                to[waiting, base] = followers[drawn]
        leads = _reach(to[waiting], int(end))
        waiting = waiting[~leads]
    return places


def _reach(to: Integers, end: int) -> NDArray[np.bool_]:
    """Say in which rows the last steps, (n, 4), lead from every base to the last one."""
    rows = np.arange(len(to))[:, None]
    reached = to
    for _ in range(3):  # four bases: no way is longer
        reached = to[rows, reached]
    return (reached == end).all(axis=1)


def _walk(steps: Bases, first_of: Integers, first: int) -> Bases:
    """Walk through all steps of each row, those from a base in their order."""
    n, n_steps = steps.shape
    walked = np.empty((n, n_steps + 1), dtype=np.uint8)
    walked[:, 0] = first
    flat = steps.ravel()
    offset = np.arange(n) * n_steps
    following = first_of + offset[:, None]  # of each row and base, its next step
    following = following.ravel()
    row = np.arange(n) * 4
    base = np.full(n, first, dtype=np.int64)
    for place in range(1, n_steps + 1):
        at = row + base
        step = following[at]
        base = flat[step].astype(np.int64)
        following[at] += 1
        walked[:, place] = base
    return walked
