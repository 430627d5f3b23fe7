"""The description of a dataset as text for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from danq.data.audit import PAIRS
from danq.data.copies import COPY, SIMILAR, copied_chromosomes
from danq.data.counts import total_counts, words
from danq.data.shortfalls import recorded_shortfalls
from danq.errors import shown
from danq.files import PathLike
from danq.genome.bins import SPLITS
from danq.genome.contig_names import leave_out
from danq.genome.sketch import K
from danq.report.run_choices import recorded_choices, value_text
from danq.report.words import listed

EXTREME = 10
"""Number of the rarest, and of the most frequent, targets that are listed."""

Row = list[str]
"""Cells of a line of a table."""

_GROUPS_TITLE = (
    "Groups (prevalence: the share of positive windows; its mean over the targets, its lowest and "
    "highest)"
)
_AUDIT_TITLE = (
    "Leakage (windows that share a base with a window of the other split, or all their bases)"
)
_COPIES_TITLE = (
    f"Shared sequence (windows of which at least {SIMILAR:.0%} lies in words of {K} bp that occur "
    "in the other split, at any offset, on either strand)"
)
_COPIED_TITLE = (
    f"Where it lies, most bases first, {EXTREME} chromosomes at most (shared: of the chromosome's "
    "own words; a repeat of many chromosomes counts for the one of which most is shared)"
)

_FOLDS_TITLE = "Folds, and what each tests (train, valid and test are those of all folds)"
_CHOICES_TITLE = "Chosen by extraction, because the configuration left it out"
_LONGEST_REASON = 200  # characters


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
    facts = description["facts"]
    blocks = [
        _facts_text(path, facts),
        _splits_text(description["splits"]),
        _groups_text(description["groups"]),
        _targets_text(description["targets"], facts["windows"]),
    ]
    if description["audit"]:
        blocks.append(_audit_text(description["audit"]))
        blocks.append(_copies_text(description["copies"]))
    blocks += _source_text(description["source"])
    return "\n\n".join(blocks)


def printable(text: str, limit: int = 40) -> str:
    r"""Return text from a file, made safe for a terminal and a table.

    Parameters
    ----------
    text : str
        A name, for instance.
    limit : int
        Characters after which it is cut.

    Returns
    -------
    str
        Control characters are escaped, and long text is cut.

    Examples
    --------
    >>> printable("a\tb")
    'a\\tb'
    """
    if len(text) > limit:
        text = text[:limit] + "..."
    if text.isprintable():
        return text
    return shown(text, len(text))[1:-1]


def _facts_text(path: PathLike, facts: Mapping[str, Any]) -> str:
    rows = [["format", f"{facts['format']}, version {facts['format_version']}"]]
    rows.append(["created by", printable(facts["created_by"])])
    rows.append(["assembly", printable(facts["assembly"])])
    rows.append(["coordinates", facts["coordinates"]])
    rows.append(["chromosomes", _chromosomes_text(facts)])
    rows.append(["window", f"{facts['window']:,} bp"])
    rows.append(["margin", f"{facts['margin']:,} bp"])
    rows.append(["bin", f"{facts['bin_size']:,} bp"])
    for name in ("windows", "targets", "groups"):
        rows.append([name, f"{facts[name]:,}"])
    rows.append(["size", f"{facts['bytes']:,} bytes"])
    return f"{path}\n{_table(rows, left=2)}"


def _chromosomes_text(facts: Mapping[str, Any]) -> str:
    number = facts["chromosomes"]
    if number is None:
        return "NA"
    return f"{number:,}, {facts['genome_length']:,} bp"


def _splits_text(splits: Mapping[str, Mapping[str, Any]]) -> str:
    header = ["split", "windows", "share", "bytes/window"]
    header += ["labelled", "labels/window", "GC", "bases N"]
    rows = [header]
    for split, facts in splits.items():
        row = [split, _count(facts["windows"]), _percent(facts["share"])]
        row.append(_count(facts["bytes_per_window"]))
        row.append(_count(facts["labelled"]))
        row.append(f"{facts['labels_per_window']:.3f}")
        row.append(_percent(facts["gc"]))
        row.append(_count(facts["unknown_bases"]))
        rows.append(row)
    return f"Splits\n{_table(rows)}"


def _groups_text(groups: Sequence[Mapping[str, Any]]) -> str:
    header = ["group", "split", "targets", "without positive"]
    header += ["positives", "prevalence", "lowest", "highest"]
    rows = [header]
    for group in groups:
        name = printable(group["name"])
        n_targets = _count(group["targets"])
        for split, facts in group["splits"].items():
            row = [name, split, n_targets]
            row.append(_count(facts["without_positive"]))
            row.append(_count(facts["positives"]))
            for statistic in ("mean", "min", "max"):
                row.append(_percent(facts["prevalence"][statistic]))
            rows.append(row)
    return f"{_GROUPS_TITLE}\n{_table(rows, left=2)}"


def _targets_text(targets: Sequence[Mapping[str, Any]], n_windows: int) -> str:
    """List the rarest and the most frequent targets, or all if there are few."""
    rarest = sorted(targets, key=_n_positive)
    if len(targets) <= 2 * EXTREME:
        table = _target_table(rarest, n_windows)
        return f"Targets, rarest first\n{table}"
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
        name = printable(target["name"])
        group = printable(target["group"])
        row = [name, group, str(target["index"])]
        row += [_count(target["positives"][split]) for split in SPLITS]
        share = _n_positive(target) / n_windows
        row.append(_percent(share))
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


def _copies_text(copies: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """List how many windows are similar to those of another split, and to which chromosomes."""
    rows = [["split", "against", "windows", "similar"]]
    for comparison in copies["windows"]:
        numbers = [_count(comparison["windows"]), _count(comparison["similar"])]
        rows.append([comparison["split"], comparison["against"], *numbers])
    text = f"{_COPIES_TITLE}\n{_table(rows, left=2)}"
    if not copies["chromosomes"]:
        return text
    rows = [["split", "against", "chromosome", "shared", "bases"]]
    for split, against in PAIRS:
        found = [row for row in copies["chromosomes"] if row["split"] == split]
        for row in [row for row in found if row["against"] == against][:EXTREME]:
            name = printable(row["chromosome"])
            rows.append([split, against, name, _percent(row["shared"]), _count(row["bases"])])
    return f"{text}\n\n{_COPIED_TITLE}\n{_table(rows, left=3)}"


def copy_warnings(description: Mapping[str, Any]) -> list[str]:
    """Say of a dataset which chromosomes repeat held-out sequence, and what to do about it.

    Parameters
    ----------
    description : mapping
        As `danq.report.describe.describe` returns it.

    Returns
    -------
    list of str
        A sentence, or nothing.
    """
    copied = copied_chromosomes(description["copies"]["chromosomes"])
    if not copied:
        return []
    names = [printable(name) for name in copied]
    splits = " and ".join(sorted(set(copied.values())))
    kept = [row["name"] for row in description["chromosomes"] if row["name"] not in copied]
    verb = "repeats" if len(names) == 1 else "repeat"
    what = f"{listed(names)} {verb} sequence of the {splits} split, by {COPY:.0%} or more"
    return [f"{what}; {leave_out(kept)}"]


def _source_text(source: Mapping[str, Any]) -> list[str]:
    """List what was chosen, left out and counted, if the program that made the file recorded it."""
    blocks = []
    folds = source.get("folds")
    if isinstance(folds, list) and folds:
        rows = [[f"fold {number}", printable(str(sets))] for number, sets in enumerate(folds)]
        blocks.append(f"{_FOLDS_TITLE}\n{_table(rows, left=2)}")
    choices = recorded_choices(source)
    if choices:
        rows = []
        for name, choice in choices.items():
            value = printable(value_text(choice.value))
            rows.append([printable(name), value, printable(choice.reason, _LONGEST_REASON)])
        blocks.append(f"{_CHOICES_TITLE}\n{_table(rows, left=3)}")
    dropped = source.get("dropped")
    if isinstance(dropped, dict) and dropped:
        reasons = {words(reason): n for reason, n in dropped.items()}
        blocks.append(f"Bins left out\n{_amounts(reasons)}")
    missing = recorded_shortfalls(source)
    if missing:
        blocks.append("Fewer than asked for\n" + "\n".join(f"  {short.line}" for short in missing))
    totals = total_counts(source)
    if totals:
        numbers = {what: total.number for what, total in totals.items()}
        blocks.append(f"Counted in the input files\n{_amounts(numbers)}")
    return blocks


def _amounts(numbers: Mapping[str, object]) -> str:
    """Return a table of counts; a file made by another program may have anything there."""
    rows = []
    for what, amount in numbers.items():
        text = f"{amount:,}" if isinstance(amount, int) else printable(str(amount))
        rows.append([printable(what), text])
    return _table(rows)


# --- cells and tables ---


def _count(number: int | None) -> str:
    return "NA" if number is None else f"{number:,}"


def _percent(share: float | None) -> str:
    return "NA" if share is None else f"{100 * share:.3f} %"


def _table(rows: Sequence[Row], left: int = 1) -> str:
    """Lay out rows in columns: the first `left` of them flush left, the others flush right."""
    widths = []
    for column in zip(*rows, strict=True):
        widths.append(max(len(cell) for cell in column))
    lines = []
    for row in rows:
        left_cells = map(str.ljust, row[:left], widths[:left])
        right_cells = map(str.rjust, row[left:], widths[left:])
        line = "  ".join([*left_cells, *right_cells])
        lines.append(f"  {line.rstrip()}")
    return "\n".join(lines)
