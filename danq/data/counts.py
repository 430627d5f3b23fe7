"""Counts in words: what was counted in the input files, and which bins were left out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

WORDS = {
    "bases_n": "bases N",
    "blank_lines": "blank lines",
    "clipped_intervals": "intervals clipped at the end of their chromosome",
    "comment_track_and_blank_lines": "comment, track and blank lines",
    "crlf_lines": "lines ending in CRLF",
    "empty_intervals": "empty intervals, without effect",
    "intervals_on_other_chromosomes": "intervals on other chromosomes, left out",
    "iupac_bases": "IUPAC bases other than N, read as N",
    "long_intervals": "intervals far longer than the others of their file",
    "lower_case_bases": "bases in lower case",
    "repeated_intervals": "intervals repeated in a row",
}
"""What `danq.genome` counts in files, by key, where the key itself does not say it."""


class Total(NamedTuple):
    """What was counted under one name in the input files.

    Attributes
    ----------
    number : int
        The sum over all files.
    files : int
        In how many files it is not 0.
    """

    number: int
    files: int


def words(key: str) -> str:
    """Return a snake_case key in words.

    Examples
    --------
    >>> words("crlf_lines"), words("beyond_chromosome_end")
    ('lines ending in CRLF', 'beyond chromosome end')
    """
    return WORDS.get(key, key.replace("_", " "))


def listed(numbers: Mapping[str, int]) -> str:
    """Return numbers by their keys as a text.

    Examples
    --------
    >>> listed({"border": 2, "beyond_chromosome_end": 1000})
    'border 2, beyond chromosome end 1,000'
    """
    items = [f"{words(key)} {number:,}" for key, number in numbers.items()]
    return ", ".join(items)


def total_counts(source: Mapping[str, Any]) -> dict[str, Total]:
    """Add up what was counted in the input files.

    Parameters
    ----------
    source : mapping
        How a dataset was made; its ``counts``, if there are any, are dicts of key to number, by
        file. Values of other types are ignored: other programs may write other things there.

    Returns
    -------
    dict of str to Total
        Sum and number of files, by the words for each count that is not 0.
    """
    counts = source.get("counts")
    totals: dict[str, Total] = {}
    if not isinstance(counts, dict):
        return totals
    for numbers in counts.values():
        if not isinstance(numbers, dict):
            continue
        for key, number in numbers.items():
            if isinstance(number, int) and number:
                what = words(key)
                total = totals.get(what, Total(0, 0))
                totals[what] = Total(total.number + number, total.files + 1)
    return totals
