"""What was asked for and not reached: told in the log, kept in files, and shown in the report."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from danq.errors import one_line
from danq.files import PathLike

ABLATION = "to ablate filters in"
ATTRIBUTION = "to explain"


class Shortfall(NamedTuple):
    """Something of which fewer were there than asked for.

    Attributes
    ----------
    what : str
        Of what, in words.
    asked, reached : int
        How many were asked for, and how many there are.
    """

    what: str
    asked: int
    reached: int

    @property
    def line(self) -> str:
        """What is said of it.

        Examples
        --------
        >>> Shortfall("negatives", 780, 58).line
        'negatives: 780 asked for, 58 there'
        """
        return f"{self.what}: {self.asked:,} asked for, {self.reached:,} there"


def shortfalls(candidates: Iterable[Shortfall]) -> list[Shortfall]:
    """Return those of which there are fewer than asked for.

    Examples
    --------
    >>> shortfalls([Shortfall("negatives", 5, 5), Shortfall("windows", 5, 4)])
    [Shortfall(what='windows', asked=5, reached=4)]
    """
    return [candidate for candidate in candidates if candidate.reached < candidate.asked]


def tell(candidates: Iterable[Shortfall], path: PathLike) -> None:
    """Print those of which there are fewer than asked for.

    Parameters
    ----------
    candidates : iterable of Shortfall
        What was asked for.
    path : path
        What was made of it, for the message.
    """
    for shortfall in shortfalls(candidates):
        print(one_line(f"{path}: {shortfall.line}"), file=sys.stderr)


def recorded_shortfalls(source: Mapping[str, Any]) -> list[Shortfall]:
    """Return the shortfalls of an extraction.

    Parameters
    ----------
    source : mapping
        How a dataset was made. What other programs may have written there is ignored.

    Returns
    -------
    list of Shortfall
    """
    rows = source.get("shortfalls")
    found = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and set(Shortfall._fields) <= row.keys():
            found.append(Shortfall(str(row["what"]), row["asked"], row["reached"]))
    return [row for row in found if isinstance(row.asked, int) and isinstance(row.reached, int)]


def windows_with_labels(n: int, available: int, split: str, target: str | None) -> Shortfall:
    """Compare the windows in which filters are read with those that there are.

    Parameters
    ----------
    n, available : int
        Windows asked for, and windows with the label.
    split, target : str
        Of which split, with the label of which target; None for any.

    Returns
    -------
    Shortfall
    """
    label = "a label" if target is None else f"the label of {target}"
    return Shortfall(f"windows of the {split} split with {label}, for filters", n, available)


def largest_distance(pair: str, step: int, largest: int, last: int) -> Shortfall:
    """Compare the largest distance at which a pair of motifs is probed with the one asked for.

    Parameters
    ----------
    pair : str
        Name of the pair.
    step, largest : int
        From one distance to the next, and the largest to probe (bp).
    last : int
        The largest that was probed (bp).

    Returns
    -------
    Shortfall
    """
    return Shortfall(f"bp to the largest distance of {pair}", largest - largest % step, last)


def windows_of_targets(
    n: int, positives: Sequence[int], split: str, purpose: str
) -> list[Shortfall]:
    """Compare the positive windows asked for of each target with those that there are.

    Parameters
    ----------
    n : int
        Windows asked for, of each target.
    positives : sequence of int
        Positive windows that each target has.
    split, purpose : str
        Of which split, and what for.

    Returns
    -------
    list of Shortfall
        How many targets have so many, and how many windows there are in all.
    """
    kind = f"positive windows of the {split} split, {purpose}"
    enough = sum(number >= n for number in positives)
    reached = sum(min(n, number) for number in positives)
    return [
        Shortfall(f"targets with {n:,} {kind}", len(positives), int(enough)),
        Shortfall(kind, n * len(positives), int(reached)),
    ]
