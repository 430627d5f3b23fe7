"""The description of a dataset as text for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from danq.data.dataset import total_counts
from danq.errors import shown
from danq.files import PathLike
from danq.genome.bins import SPLITS

EXTREME = 10
"""So many of the rarest and of the most frequent targets are listed."""

Row = list[str]
"""Cells of a line of a table."""

_GROUPS_TITLE = (
    "Groups (prevalence: the share of positive windows; its mean over the targets, its lowest and "
    "highest)"
)
_AUDIT_TITLE = (
    "Leakage (windows that share a base with a window of the other split, or all their bases)"
)


def summary(path: PathLike, description: Mapping[str, Any]) -> str:
    """Return the description of a dataset as text.

    Parameters
    ----------
    path : path
        The dataset.
    description : dict
        As `danq.report.describe.describe` returns it.

    Returns
    -------
    str
        Tables under titles, fit for a terminal.
    """
    n_windows = description["facts"]["windows"]
    blocks = [
        _facts_text(path, description["facts"]),
        _splits_text(description["splits"]),
        _groups_text(description["groups"]),
        _targets_text(description["targets"], n_windows),
        _audit_text(description["audit"]),
        *_source_text(description["source"]),
    ]
    return "\n\n".join(blocks)


def printable(text: str, limit: int = 40) -> str:
    r"""Return foreign text fit for a terminal and a table.

    Parameters
    ----------
    text : str
        A name, for instance.
    limit : int
        Characters that are kept.

    Returns
    -------
    str
        Control characters are escaped, and long text is cut.

    Examples
    --------
    >>> printable("a\tb")
    'a\\tb'
    """
    cut = text if len(text) <= limit else text[:limit] + "..."
    return cut if cut.isprintable() else shown(cut, len(cut))[1:-1]


def _facts_text(path: PathLike, facts: Mapping[str, Any]) -> str:
    chromosomes = "NA"
    if facts["chromosomes"] is not None:
        chromosomes = f"{facts['chromosomes']:,}, {facts['genome_length']:,} bp"
    rows = [
        ["format", f"{facts['format']}, version {facts['format_version']}"],
        ["created by", printable(facts["created_by"])],
        ["assembly", printable(facts["assembly"])],
        ["coordinates", facts["coordinates"]],
        ["chromosomes", chromosomes],
        ["window", f"{facts['window']:,} bp"],
        ["bin", f"{facts['bin_size']:,} bp"],
        ["windows", f"{facts['windows']:,}"],
        ["targets", f"{facts['targets']:,}"],
        ["groups", f"{facts['groups']:,}"],
        ["size", f"{facts['bytes']:,} bytes"],
    ]
    return f"{path}\n" + _table(rows, left=2)


def _splits_text(splits: Mapping[str, Mapping[str, Any]]) -> str:
    header = ["split", "windows", "share", "bytes/window"]
    header += ["labelled", "labels/window", "GC", "bases N"]
    rows = [header]
    for split, facts in splits.items():
        row = [
            split,
            f"{facts['windows']:,}",
            _percent(facts["share"]),
            f"{facts['bytes_per_window']:,}",
            f"{facts['labelled']:,}",
            f"{facts['labels_per_window']:.3f}",
            _percent(facts["gc"]),
            f"{facts['unknown_bases']:,}",
        ]
        rows.append(row)
    return "Splits\n" + _table(rows)


def _groups_text(groups: Sequence[Mapping[str, Any]]) -> str:
    header = ["group", "split", "targets", "without positive"]
    header += ["positives", "prevalence", "lowest", "highest"]
    rows = [header]
    for group in groups:
        for split, facts in group["splits"].items():
            prevalence = facts["prevalence"]
            row = [
                printable(group["name"]),
                split,
                f"{group['targets']:,}",
                f"{facts['without_positive']:,}",
                f"{facts['positives']:,}",
                _percent(prevalence["mean"]),
                _percent(prevalence["min"]),
                _percent(prevalence["max"]),
            ]
            rows.append(row)
    return f"{_GROUPS_TITLE}\n{_table(rows, left=2)}"


def _targets_text(targets: Sequence[Mapping[str, Any]], n_windows: int) -> str:
    """List the rarest and the most frequent targets; all, when these are all there are."""
    rarest = sorted(targets, key=_n_positive)
    if len(targets) <= 2 * EXTREME:
        return "Targets, rarest first\n" + _target_table(rarest, n_windows)
    # Sorted anew and not read backwards, so that equal ones keep their order.
    most_frequent = sorted(targets, key=_n_negated)
    low = _target_table(rarest[:EXTREME], n_windows)
    high = _target_table(most_frequent[:EXTREME], n_windows)
    return f"The {EXTREME} rarest targets\n{low}\n\nThe {EXTREME} most frequent targets\n{high}"


def _n_positive(target: Mapping[str, Any]) -> int:
    return sum(target["positives"].values())


def _n_negated(target: Mapping[str, Any]) -> int:
    return -_n_positive(target)


def _target_table(targets: Sequence[Mapping[str, Any]], n_windows: int) -> str:
    rows = [["target", "group", "index", *SPLITS, "prevalence"]]
    for target in targets:
        row = [printable(target["name"]), printable(target["group"]), str(target["index"])]
        row += [f"{target['positives'][split]:,}" for split in SPLITS]
        row.append(_percent(_n_positive(target) / n_windows))
        rows.append(row)
    return _table(rows, left=2)


def _audit_text(audit: Sequence[Mapping[str, Any]]) -> str:
    numbers = ["windows", "overlapping", "identical", "reverse_complement", "either"]
    titles = [name.replace("_", " ") for name in numbers]
    rows = [["split", "against", *titles]]
    for comparison in audit:
        row = [comparison["split"], comparison["against"]]
        row += [_count(comparison[name]) for name in numbers]
        rows.append(row)
    return f"{_AUDIT_TITLE}\n{_table(rows, left=2)}"


def _source_text(source: Mapping[str, Any]) -> list[str]:
    """List what was left out and counted, as far as the maker of the file wrote it down."""
    blocks = []
    dropped = source.get("dropped")
    if isinstance(dropped, dict) and dropped:
        rows = [[printable(reason), _amount(n)] for reason, n in dropped.items()]
        blocks.append("Bins left out\n" + _table(rows))
    totals = total_counts(source)
    if totals:
        rows = [[printable(what), _amount(total.number)] for what, total in totals.items()]
        blocks.append("Counted in the input files\n" + _table(rows))
    return blocks


# --- cells and tables ---


def _count(number: int | None) -> str:
    return "NA" if number is None else f"{number:,}"


def _amount(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def _percent(share: float | None) -> str:
    return "NA" if share is None else f"{100 * share:.3f} %"


def _table(rows: Sequence[Row], left: int = 1) -> str:
    """Lay out rows in columns: the first `left` of them flush left, the others flush right."""
    widths = []
    for column in zip(*rows, strict=True):
        widths.append(max(len(cell) for cell in column))
    lines = []
    for row in rows:
        words = map(str.ljust, row[:left], widths[:left])
        numbers = map(str.rjust, row[left:], widths[left:])
        line = "  ".join([*words, *numbers])
        lines.append(f"  {line.rstrip()}")
    return "\n".join(lines)
