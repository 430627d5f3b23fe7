"""Which pairs of motifs are probed."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.motif.lookup import find_motif
from danq.motif.meme import Motif, known_motifs
from danq.simulation.grammar import MOTIFS, TARGETS
from danq.simulation.truth import planted_pairs

OWN_MOTIFS = 3
"""The most motifs of targets that are paired with one another when no pair is named."""


class Pair(NamedTuple):
    """Two motifs.

    Attributes
    ----------
    a, b : danq.motif.meme.Motif
        They may be the same.
    """

    a: Motif
    b: Motif

    @property
    def name(self) -> str:
        """The names of their factors, as ``SRF+REST``."""
        factors = [motif.alias or motif.name for motif in self]
        return "+".join(factors)


class Targets(Protocol):
    """What `choose_pairs` asks of a dataset; `danq.data.dataset.Dataset` has it."""

    @property
    def names(self) -> Sequence[str]:
        """Name of each target."""

    @property
    def groups(self) -> Sequence[str]:
        """Group of each target."""

    @property
    def jaspar(self) -> Sequence[str]:
        """Identifier of each target's own known motif, or an empty text."""

    def positives(self, split: str) -> NDArray[np.int64]:
        """Return the number of positive windows of each target in a split."""


def choose_pairs(words: Sequence[str], data: Targets, motifs: PathLike) -> list[Pair]:
    """Choose the pairs of motifs to probe.

    Parameters
    ----------
    words : sequence of str
        Pairs as ``SRF+REST``, by identifier or factor. Where there is none: the pairs of the
        planted grammar when the targets are those of ``danq simulate``; else all pairs of the own
        motifs (column jaspar) of the targets with most positive training windows, three motifs at
        most.
    data : danq.data.dataset.Dataset
        Whose targets count where no pair is named.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`.

    Returns
    -------
    list of Pair
        Empty where no motif is known.

    Raises
    ------
    DanqError
        A word that is not a pair, or names no known motif, or several.
    """
    if words:
        known = known_motifs(motifs)
        return [_named_pair(known, word) for word in dict.fromkeys(words)]
    if _is_simulated(data):
        return [Pair(a, b) for a, b in planted_pairs() if a.alias in data.names]
    if not any(data.jaspar):
        return []
    known = known_motifs(motifs)
    frequent = [find_motif(known, name) for name in _frequent_motifs(data)]
    return list(itertools.starmap(Pair, itertools.combinations(frequent, 2)))


def _named_pair(known: Sequence[Motif], word: str) -> Pair:
    names = word.split("+")
    if len(names) != 2:
        raise DanqError(f"{shown(word)} is not a pair; give two motifs as SRF+REST")
    a, b = (find_motif(known, name) for name in names)
    return Pair(a, b)


def _is_simulated(data: Targets) -> bool:
    """Say whether all targets are those of ``danq simulate``."""
    simulated = set()
    for target in TARGETS:
        simulated.add((target.name, target.group, MOTIFS[target.name]))
    targets = zip(data.names, data.groups, data.jaspar, strict=True)
    return simulated.issuperset(targets)


def _frequent_motifs(data: Targets) -> list[str]:
    """Return the own motifs of the targets with most positive training windows."""
    n_positive = data.positives("train")
    order = np.argsort(-n_positive, kind="stable")
    names = [data.jaspar[target] for target in order]
    distinct = list(dict.fromkeys(filter(None, names)))
    return distinct[:OWN_MOTIFS]
