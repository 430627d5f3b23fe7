"""The variants with the largest changes, kept while all of them are scored."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from danq.data.variant_files import Scored

Kept = TypeVar("Kept")


class Strong(NamedTuple, Generic[Kept]):
    """A variant, and the target that it changes most.

    Attributes
    ----------
    size : float
        Of its largest change of log-odds.
    place : int
        Of the variant in the input, among those with scores.
    prepared : object
        What was scored.
    column : int
        Number of the target, among those that are scored.
    change : float
        Of its log-odds, of ALT less REF.
    p_ref, p_alt : float
        Its probability with either allele.
    """

    size: float
    place: int
    prepared: Kept
    column: int
    change: float
    p_ref: float
    p_alt: float


class Strongest(Generic[Kept]):
    """Keeps the variants of the largest changes, each once; of equal ones the first.

    Parameters
    ----------
    n : int
        How many.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._n_seen = 0
        self._kept: dict[str, Strong[Kept]] = {}

    def add(self, prepared: Sequence[Kept], scored: Scored) -> None:
        """Look at further variants.

        Parameters
        ----------
        prepared : sequence of object
            What to keep of each.
        scored : danq.data.variant_files.Scored
            Their scores.
        """
        sizes = np.abs(scored.change).max(axis=1, initial=0)
        order = np.argsort(-sizes, kind="stable")
        for number in order.tolist():
            if len(self._kept) >= self.n and sizes[number] <= self._least():
                break  # nor can any of the others be among the strongest
            self._keep(number, prepared[number], scored)
        self._n_seen += len(sizes)

    def _keep(self, number: int, prepared: Kept, scored: Scored) -> None:
        """Keep a variant, in place of the weakest where there is no room."""
        key = scored.rows[number].word
        if key in self._kept:
            return
        sizes = np.abs(scored.change[number])
        column = int(sizes.argmax())
        place = self._n_seen + number
        size = float(sizes[column])
        change = float(scored.change[number, column])
        p_ref = float(scored.ref[number, column])
        p_alt = float(scored.alt[number, column])
        self._kept[key] = Strong(size, place, prepared, column, change, p_ref, p_alt)
        if len(self._kept) > self.n:
            weakest = min(self._kept, key=self._strength)
            del self._kept[weakest]

    def _strength(self, key: str) -> tuple[float, int]:
        strong = self._kept[key]
        return strong.size, -strong.place

    def _least(self) -> float:
        sizes = [strong.size for strong in self._kept.values()]
        return min(sizes, default=0.0)

    def ranked(self) -> list[Strong[Kept]]:
        """Return the kept variants, the largest change first."""
        keys = sorted(self._kept, key=self._strength, reverse=True)
        return [self._kept[key] for key in keys]
