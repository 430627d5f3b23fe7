"""How numbers, lists and models are written."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from danq.catalog import predictor
from danq.evaluation.components import WINDOWS
from danq.report.run_scores import Pair

WINDOWS_ONLY = "test windows only"
"""What a bracket says that covers no other training seeds."""


def title(model: str) -> str:
    """Return what a model is called in text; one that the catalogue lacks keeps its name."""
    entry = predictor(model)
    return entry.title if entry else model


def description(model: str) -> str:
    """Return what a model is; an empty string for one that the catalogue lacks."""
    entry = predictor(model)
    return entry.description if entry else ""


def versus(pair: Pair) -> str:
    """Return the name of a difference: model a less model b."""
    return f"{title(pair.a)} − {title(pair.b)}"


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with a fixed number of decimals, or NA.

    Parameters
    ----------
    value : float or None
        None and nan are undefined.
    digits : int
        Decimals.

    Returns
    -------
    str
        With a minus sign in place of a hyphen.

    Examples
    --------
    >>> number(0.12345), number(float("nan")), number(-0.5, 1)
    ('0.123', 'NA', '−0.5')
    """
    if value is None or not np.isfinite(value):
        return "NA"
    # Rounding first keeps a tiny negative number from becoming −0.000.
    rounded = round(value, digits) + 0.0
    return f"{rounded:.{digits}f}".replace("-", "−")


def signed(value: float) -> str:
    """Return a difference with its sign.

    Examples
    --------
    >>> signed(0.0214), signed(-0.0214), signed(0.0001)
    ('+0.021', '−0.021', '0.000')
    """
    text = number(value)
    positive = np.isfinite(value) and round(value, 3) > 0
    return f"+{text}" if positive else text


def interval(low: float, high: float, covers: str = "") -> str:
    """Return an interval in brackets, with what it does not cover.

    Parameters
    ----------
    low, high : float
        Its ends.
    covers : str
        What it covers, see `danq.evaluation.components.covered`; not said where that is the choice
        of windows and seeds, or unknown.

    Returns
    -------
    str
        An empty string when an end is undefined.

    Examples
    --------
    >>> interval(-0.0104, 0.03), interval(0.01, 0.03, "windows")
    ('[−0.010, 0.030]', '[0.010, 0.030; test windows only]')
    """
    if not np.isfinite([low, high]).all():
        return ""
    limit = f"; {WINDOWS_ONLY}" if covers == WINDOWS else ""
    return f"[{number(low)}, {number(high)}{limit}]"


def versus_covered(pair: Pair) -> str:
    """Return the name of a difference, with what its intervals do not cover, for a column."""
    return f"{versus(pair)} ({WINDOWS_ONLY})" if pair.covers == WINDOWS else versus(pair)


def plural(count: int, noun: str) -> str:
    """Return a count and its noun.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        In the singular.

    Returns
    -------
    str

    Examples
    --------
    >>> plural(1, "target"), plural(12071, "window")
    ('1 target', '12,071 windows')
    """
    ending = "" if count == 1 else "s"
    return f"{count:,} {noun}{ending}"


def listed(names: Iterable[str], limit: int = 8) -> str:
    """Return names as a list in a sentence.

    Parameters
    ----------
    names : iterable of str
        In their order.
    limit : int
        Names at most; further ones are counted.

    Returns
    -------
    str

    Examples
    --------
    >>> listed(["Abf1", "Reb1", "Rap1"]), listed("abcde", 3)
    ('Abf1, Reb1, Rap1', 'a, b, c and 2 more')
    """
    names = list(names)
    text = ", ".join(names[:limit])
    n_more = len(names) - limit
    return f"{text} and {n_more} more" if n_more > 0 else text


def percent(share: float) -> str:
    """Return a share in percent, or NA."""
    return "NA" if np.isnan(share) else f"{100 * share:.2f} %"


def plain(value: Any) -> str:
    """Return a value from a JSON file as text.

    Whole numbers have thousands separators, lists have commas, and an empty value is NA.

    Examples
    --------
    >>> plain(926351), plain([1, 2]), plain([]), plain("cpu")
    ('926,351', '1, 2', 'NA', 'cpu')
    """
    if isinstance(value, list):
        return ", ".join(map(plain, value)) or "NA"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "NA" if value in (None, "") else str(value)


def duration(seconds: float) -> str:
    """Return a time span in its two largest units.

    Examples
    --------
    >>> duration(7.4), duration(151), duration(7260)
    ('7 s', '2 min 31 s', '2 h 1 min')
    """
    total = round(seconds)
    hours = total // 3600
    minutes = total // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {total % 60} s" if minutes else f"{total} s"


def began_as(enriched: str) -> str:
    """Say as what a filter began, by target and word.

    Examples
    --------
    >>> began_as("Abf1:CGTNNNNNNTGA")
    'began as CGTNNNNNNTGA, enriched in Abf1'
    """
    target, _, word = enriched.rpartition(":")
    return f"began as {word}, enriched in {target}"


def p_value(p: float) -> str:
    """Return a p-value after an equals sign.

    Examples
    --------
    >>> p_value(0.0312), p_value(2.5e-7)
    ('= 0.031', '= 2.5e-07')
    """
    return f"= {number(p)}" if p >= 0.001 else f"= {p:.1e}"


def sentence(*clauses: str) -> str:
    """Return the clauses that are not empty, joined by spaces."""
    return " ".join(clause for clause in clauses if clause)
