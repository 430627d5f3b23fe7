"""Forest plots of the difference between two models: the main ones, and those of all targets."""

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from danq.evaluation.components import WINDOWS
from danq.plotting.forest_svg import (
    MOST_NAMED,
    ForestRow,
    forest_axis,
    forest_svg,
)
from danq.report.findings.leads import MOST_ROWS, MainTargets, main_targets
from danq.report.findings.pairs import SURE
from danq.report.page import Figure, Numbers, numbers
from danq.report.run import Run
from danq.report.run_scores import Pair
from danq.report.sentences import tally
from danq.report.words import (
    WINDOWS_ONLY,
    interval,
    plural,
    sentence,
    signed,
    title,
    versus,
)

_READ = "Bars: 95 % intervals, each by itself; an arrow: the interval goes on."
_MOST_GROUPS = 10  # groups with a row of their own among the main differences


def main_forest(run: Run, pair: Pair) -> Figure | None:
    """Draw the difference of a pair on average, by group and on the targets that differ most.

    Parameters
    ----------
    run : Run
        A finished run.
    pair : Pair
        Two of its models.

    Returns
    -------
    Figure or None
        None where no target has a defined difference.
    """
    if pair.rows["difference"].notna().sum() == 0:
        return None
    groups = _main_groups(run, pair)
    alone = [str(group) for group, n in groups["n_targets"].items() if n == 1]
    room = MOST_ROWS - len(groups)
    differ = main_targets(pair, alone, max(0, room))
    rows = _all_rows(run, pair, groups, differ.rows)
    with_text = [row._replace(text=_numbers_of(row)) for row in rows]
    counts = f"{tally(pair).capitalize()}."
    note = sentence(counts, _selection(run, groups, differ), _READ, _covers(pair))
    return _figure(f"{versus(pair)}, in short", pair, with_text, note)


def target_forest(run: Run, pair: Pair) -> Figure | None:
    """Draw the difference of a pair on every target, the highest first, below the means.

    Parameters
    ----------
    run : Run
        A finished run.
    pair : Pair
        Two of its models.

    Returns
    -------
    Figure or None
        None where no target has a defined difference.
    """
    known = pair.rows.dropna(subset=["difference"])
    if known.empty:
        return None
    ordered = known.sort_values("difference", ascending=False, kind="stable")
    several = _several(pair.groups)
    rows = _all_rows(run, pair, several, ordered)
    note = sentence(_sure_note(known), _READ, _covers(pair), _missing(pair), _crowd_note(rows))
    return _figure(f"{versus(pair)}, target by target", pair, rows, note)


def _all_rows(run: Run, pair: Pair, groups: pd.DataFrame, targets: pd.DataFrame) -> list[ForestRow]:
    """Return the mean, then groups, then targets."""
    rows = [_mean_row(run, pair)]
    for group, row in _rows(groups):
        rows.append(_group_row(run, group, row))
    for row in _records(targets):
        rows.append(_target_row(run, row))
    return rows


def _figure(heading: str, pair: Pair, rows: Sequence[ForestRow], note: str) -> Figure:
    a = title(pair.a)
    b = title(pair.b)
    sides = (f"higher AUPRC: {b}", a)
    svg = forest_svg(rows, sides, forest_axis(rows))
    return Figure(heading, svg, note, table=_table(rows))


def _table(rows: Sequence[ForestRow]) -> Numbers:
    columns = ["name", "value", "low", "high"]
    frame = pd.DataFrame([row[:4] for row in rows], columns=columns)
    return numbers(frame.rename(columns={"value": "difference"}))


def _rows(frame: pd.DataFrame) -> list[tuple[Hashable, dict[str, Any]]]:
    """Return the rows of a table by their index."""
    return list(zip(frame.index, frame.to_dict("records"), strict=True))


def _records(targets: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of targets, with their indices in column index."""
    return targets.assign(index=targets.index).to_dict("records")


def _main_groups(run: Run, pair: Pair) -> pd.DataFrame:
    """Return the groups among the main differences: all of a few, else the largest."""
    if pair.groups.empty:
        return pd.DataFrame(columns=["difference", "low", "high", "n_targets"])
    sizes = pair.groups["difference"].abs().sort_values(ascending=False, kind="stable")
    kept = set(sizes.index[:_MOST_GROUPS])
    in_order = [group for group in dict.fromkeys(run.targets["group"]) if group in kept]
    return pair.groups.loc[in_order]


def _several(groups: pd.DataFrame) -> pd.DataFrame:
    """Return the groups of more than one target: one of a single target is that target."""
    return groups if groups.empty else groups[groups["n_targets"] > 1]


def _mean_row(run: Run, pair: Pair) -> ForestRow:
    n_targets = int(pair.rows["difference"].notna().sum())
    name = "mean" if len(run.targets) == 1 else f"mean of {n_targets:,}"
    return _row(name, f"mean over {plural(n_targets, 'target')}", pair.mean.to_dict(), True)


def _group_row(run: Run, group: Hashable, row: dict[str, Any]) -> ForestRow:
    n_targets = int(row["n_targets"])
    if n_targets == 1:
        members = run.targets.loc[run.targets["group"] == group, "label"]
        name = f"{group}: {members.iloc[0]}"
        return _row(name, name, row, False)
    return _row(f"{group} ({n_targets:,})", f"{group}, {plural(n_targets, 'target')}", row, True)


def _target_row(run: Run, row: dict[str, Any]) -> ForestRow:
    target = int(row["index"])
    label = run.targets.loc[target, "label"]
    group = run.targets.loc[target, "group"]
    return _row(label, f"{label} ({group})", row, False)._replace(target=target)


def _row(name: str, long_name: str, row: dict[str, Any], is_mean: bool) -> ForestRow:
    value = float(row["difference"])
    low = float(row["low"])
    high = float(row["high"])
    text = sentence(f"{long_name}: difference {signed(value)}", interval(low, high))
    return ForestRow(name, value, low, high, text, is_mean=is_mean)


def _numbers_of(row: ForestRow) -> str:
    return sentence(signed(row.value), interval(row.low, row.high))


# --- notes ---


def _selection(run: Run, groups: pd.DataFrame, differ: MainTargets) -> str:
    """Say which groups and targets have a row."""
    n_groups = run.targets["group"].nunique()
    parts = []
    if 0 < len(groups) < n_groups:
        parts.append(f"Of {n_groups:,} groups the {len(groups)} that differ most.")
    alone = int((groups["n_targets"] == 1).sum())
    if 0 < len(differ.rows) < len(run.targets) - alone:
        kind = "of largest difference"
        if differ.sure:
            kind += f" among those significant at {100 * SURE:g} % over all targets"
        count = plural(len(differ.rows), "target")
        parts.append(f"Single targets: the {count} {kind}.")
    return sentence(*parts)


def _sure_note(rows: pd.DataFrame) -> str:
    if rows["q"].isna().all():
        return ""
    count = int((rows["q"] < SURE).sum())
    return (
        f"{count:,} of {plural(len(rows), 'target')} differ significantly at a false discovery "
        f"rate of {100 * SURE:g} % over targets (Benjamini-Hochberg)."
    )


def _covers(pair: Pair) -> str:
    return f"Intervals: {WINDOWS_ONLY}." if pair.covers == WINDOWS else ""


def _missing(pair: Pair) -> str:
    n_missing = int(pair.rows["difference"].isna().sum())
    return f"NA: {n_missing:,} not drawn." if n_missing else ""


def _crowd_note(rows: Sequence[ForestRow]) -> str:
    if len(rows) <= MOST_NAMED:
        return ""
    return "Named are the targets at both ends; all others are between them, in order."
