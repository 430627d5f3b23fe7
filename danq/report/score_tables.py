"""Tables of scores per target, from anywhere: their rows matched by a key, and two joined."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.report.score_cells import FIRST, NAMED, Cells, numbers, read_cells, require
from danq.report.words import plural

COMPARED = ("auroc", "auprc", "auprc_trapezoid")
"""Columns that are compared when none are named, as far as both tables have them."""

_BETWEEN = " · "  # the parts of a key


class ScoreTable(NamedTuple):
    """Scores per target.

    Attributes
    ----------
    name : str
        What the scores are called: a model, or the file's name.
    scores : pandas.DataFrame
        A column per metric, and group; the index is target (its key as text) and occurrence (0 for
        the first row of that key, 1 for the next, ...).
    unknown : pandas.DataFrame
        Columns target, metric, text and line of the cells that say that a score is unknown.
    path : path
        Where they come from.
    """

    name: str
    scores: pd.DataFrame
    unknown: pd.DataFrame
    path: PathLike


def read_scores(
    path: PathLike,
    model: str | None,
    metrics: Sequence[str],
    key: Sequence[str] = (),
    in_order: bool = False,
) -> ScoreTable:
    """Read a table of scores per target.

    Parameters
    ----------
    path : path
        TSV or CSV with a header: a column ``name`` (or ``target``, or a first one without a
        heading), columns of scores, and, if there are any, ``group``, ``model`` and ``seed``.
    model : str, optional
        Which rows to read of a table with a column ``model``; of another table, what to call it.
    metrics : sequence of str
        Columns of scores; by default those of `COMPARED` that the table has.
    key : sequence of str
        Columns that name a target together; by default `default_key`.
    in_order : bool
        Whether rows of one key are told apart by their order, and not refused.

    Returns
    -------
    ScoreTable
        Scores of several rows of a target and model (seeds) are averaged.

    Raises
    ------
    DanqError
        The table cannot be read, has no names, no scores, several models to choose from, or rows of
        one key.
    """
    cells = read_cells(path, model)
    columns = {metric: metric for metric in metrics}
    return score_table(cells, columns, key or default_key(cells), in_order)


def default_key(cells: Cells) -> tuple[str, ...]:
    """Return the column that names a target: name, target, or a first one without a heading."""
    for column in (*NAMED, FIRST):
        if column in cells.frame:
            return (column,)
    what = "has no column name; give the targets' names in one, or name columns with --key"
    raise DanqError(what, cells.path, 1)


def default_keys(a: Cells, b: Cells) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that name a target in each of two tables, where none are given.

    Parameters
    ----------
    a, b : danq.report.score_cells.Cells
        The tables.

    Returns
    -------
    tuple of two tuples of str
        `default_key`; or `NAMED` for both where names repeat and both have these columns, as in
        danq's own tables, whose column target numbers the targets.

    Raises
    ------
    DanqError
        A table has no column of names.
    """
    keys = (default_key(a), default_key(b))
    both_numbered = all(column in cells.frame for column in NAMED for cells in (a, b))
    if both_numbered and (_repeated(a, keys[0]).any() or _repeated(b, keys[1]).any()):
        return (NAMED, NAMED)
    return keys


def score_table(
    cells: Cells, metrics: Mapping[str, str], key: Sequence[str], in_order: bool = False
) -> ScoreTable:
    """Return the scores of a table that is read.

    Parameters
    ----------
    cells : danq.report.score_cells.Cells
        The table.
    metrics : mapping of str to str
        What each metric is called, and its column; none: those of `COMPARED` that the table has.
    key : sequence of str
        Columns that name a target together.
    in_order : bool
        As `read_scores` takes it.

    Returns
    -------
    ScoreTable

    Raises
    ------
    DanqError
        As `read_scores`.
    """
    columns = metrics or {column: column for column in COMPARED if column in cells.frame}
    if not columns:
        what = f"has none of the columns {', '.join(COMPARED)}; name others with --metrics"
        raise DanqError(what, cells.path, 1)
    target = _targets(cells, key)
    if not in_order:
        _refuse_repeats(cells, key, target)
    rows = [target, *_seeds(cells)]
    occurrence = target.groupby(rows).cumcount().rename("occurrence")
    by_column = numbers(cells, list(columns.values()))
    values = {metric: by_column[column].values for metric, column in columns.items()}
    frame = pd.DataFrame(values)
    keys = [target, occurrence]
    scores = frame.groupby(keys, sort=False).mean()
    group = cells.frame["group"] if "group" in cells.frame else target.mask(target != "", "")
    scores["group"] = group.groupby(keys, sort=False).first()
    unknown = []
    for metric, column in columns.items():
        text = by_column[column].unknown
        where = {"target": target[text.index], "line": cells.lines[text.index]}
        unknown.append(pd.DataFrame({"metric": metric, **where, "text": text}))
    return ScoreTable(cells.name, scores, pd.concat(unknown, ignore_index=True), cells.path)


def _seeds(cells: Cells) -> Iterator[pd.Series]:
    """Yield what tells rows of one target apart beside their key: the seed, if there is one."""
    if "seed" in cells.frame:
        yield cells.frame["seed"]


def _targets(cells: Cells, key: Sequence[str]) -> pd.Series:
    """Return the key of each row as text."""
    parts = [cells.frame[require(cells, column)] for column in key]
    target = parts[0].rename("target")
    for part in parts[1:]:
        target = target + _BETWEEN + part
    for column, part in zip(key, parts, strict=True):
        empty = part == ""
        if len(key) == 1 and empty.any():
            what = f"has no name in column {column!r}; give each target one"
            raise DanqError(what, cells.path, int(cells.lines[empty].iloc[0]))
    return target


def _repeated(cells: Cells, columns: Sequence[str]) -> pd.Series:
    """Return which rows have the cells of an earlier row in some columns, and its seed."""
    seed = ["seed"] if "seed" in cells.frame else []
    return cells.frame.duplicated([*columns, *seed])


def _refuse_repeats(cells: Cells, key: Sequence[str], target: pd.Series) -> None:
    """Refuse rows of one key: which one goes with which row of another table is unknown."""
    repeated = _repeated(cells, key)
    if not repeated.any():
        return
    n_rows = plural(int(repeated.sum()), "row")
    first = shown(target[repeated].iloc[0])
    line = int(cells.lines[repeated].iloc[0])
    what = f"{first} again: {n_rows} with the {_key_text(key)} of an earlier one"
    fix = f"{_further_key(cells, key)}, or --in-order if both tables have one order"
    raise DanqError(f"{what}; {fix}", cells.path, line)


def _key_text(key: Sequence[str]) -> str:
    return " and ".join(column or "first cell" for column in key)


def _further_key(cells: Cells, key: Sequence[str]) -> str:
    """Say which columns would tell all rows apart."""
    given = " ".join(key)
    for column in cells.frame.columns.difference([*key, "seed", "model", FIRST], sort=False):
        if _has_words(cells.frame[column]) and not _repeated(cells, [*key, column]).any():
            return f"tell them apart by further columns, as --key {given} {column!r}".rstrip()
    return "tell them apart by further columns with --key"


def _has_words(texts: pd.Series) -> bool:
    """Say whether a column is one of words, and not of numbers."""
    return bool(pd.to_numeric(texts, errors="coerce").isna().all())


def join(a: ScoreTable, b: ScoreTable) -> pd.DataFrame:
    """Join two tables of scores.

    Parameters
    ----------
    a, b : ScoreTable
        Their metrics are in the same order where they have other names in each.

    Returns
    -------
    pandas.DataFrame
        Columns metric, target, group, a, b (both scores) and difference, for the targets and
        metrics that both tables have.

    Raises
    ------
    DanqError
        They have no target, or no metric, in common; or rows of one key that are not in one order.
    """
    shared = a.scores.index.intersection(b.scores.index, sort=False)
    if shared.empty:
        example = shown(str(b.scores.index[0][0]))
        what = f"names none of the targets of {b.path} ({example}, ...)"
        raise DanqError(f"{what}; give the same names in both", a.path)
    _refuse_other_order(a, b)
    metrics = [column for column in a.scores if column in b.scores and column != "group"]
    if not metrics:
        what = f"has no metric in common with {b.path}; name columns with --metrics"
        raise DanqError(what, a.path)
    rows_a = a.scores.loc[shared]
    rows_b = b.scores.loc[shared]
    group = rows_a["group"].where(rows_a["group"] != "", rows_b["group"])
    tables = []
    for metric in metrics:
        columns = {
            "metric": metric,
            "target": shared.get_level_values(0),
            "group": group.to_numpy(),
            "a": rows_a[metric].to_numpy(),
            "b": rows_b[metric].to_numpy(),
        }
        tables.append(pd.DataFrame(columns))
    both = pd.concat(tables, ignore_index=True)
    return both.assign(difference=both["a"] - both["b"])


def _refuse_other_order(a: ScoreTable, b: ScoreTable) -> None:
    """Refuse rows of one key that are matched by their order where the tables' orders differ."""
    targets_a = _repeating(a, b)
    targets_b = _repeating(b, a)
    if not (targets_a.duplicated().any() or targets_b.duplicated().any()):
        return
    counts_a = targets_a.value_counts()
    counts_b = targets_b.value_counts()
    differing = counts_a[counts_a != counts_b.reindex(counts_a.index)]
    if len(differing):
        name = differing.index[0]
        counts = f"{counts_a[name]} and {counts_b[name]} rows"
        what = f"{shown(name)} has {counts} in this table and in {b.path}"
        raise DanqError(f"{what}; their order does not match them, so give a --key", a.path)
    moved = (targets_a.array != targets_b.array).argmax()
    if targets_a.iloc[moved] != targets_b.iloc[moved]:
        names = f"{shown(targets_a.iloc[moved])} here where {shown(targets_b.iloc[moved])} is there"
        what = f"lists the targets in another order than {b.path} ({names})"
        raise DanqError(f"{what}; sort one like the other, or give a --key", a.path)


def _repeating(table: ScoreTable, other: ScoreTable) -> pd.Series:
    """Return the keys of a table's rows, in their order, as far as the other table has them."""
    targets = table.scores.index.get_level_values(0).to_series()
    return targets[targets.isin(other.scores.index.get_level_values(0))]
