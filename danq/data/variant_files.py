"""Scored variants as tables: by target, by variant, and what was refused."""

import contextlib
import csv
import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.files import PathLike, atomic
from danq.genome.variants import Row

Floats = NDArray[np.float64]

ROW_COLUMNS = ["chrom", "pos", "id", "ref", "alt", "status"]
"""Columns that say which variant a line is about; the position is 1-based, as in VCF."""


BY_MODEL = "change_"
"""How the columns of changes of log-odds by single models begin: change_seed0, change_seed1."""


class Scored(NamedTuple):
    """Scores of n alternative alleles for T targets.

    Attributes
    ----------
    rows : list of danq.genome.variants.Row
        As they were read.
    status : list of str
        scored, swapped or kept.
    ref, alt : numpy.ndarray, shape (n, T)
        Probabilities.
    change : numpy.ndarray, shape (n, T)
        Change of log-odds, of ALT less REF.
    spread : numpy.ndarray, shape (n, T), or None
        Its standard deviation over models.
    e_value : numpy.ndarray, shape (n, T), or None
        Share of background variants with as large a change.
    by_model : numpy.ndarray, shape (M, n, T), or None
        Change of log-odds by each model; None of a single one.
    models : sequence of str
        What tells these models apart.
    folds : list of str, or None
        The fold whose models scored each allele; None where all did.
    p_value : numpy.ndarray, shape (n, T), or None
        Share of shuffled flanks in which the same alleles change a target as much.
    q_value : numpy.ndarray, shape (n, T), or None
        The false discovery rate that goes with it, over all variants.
    """

    rows: list[Row]
    status: list[str]
    ref: Floats
    alt: Floats
    change: Floats
    spread: Floats | None
    e_value: Floats | None
    by_model: Floats | None = None
    models: Sequence[str] = ()
    folds: Sequence[str] | None = None
    p_value: Floats | None = None
    q_value: Floats | None = None

    def unusual(self) -> Iterator[tuple[str, Floats]]:
        """Yield what says how unusual changes are, as far as it is known, by its column."""
        by_column = (
            ("e_value", self.e_value),
            ("p_value", self.p_value),
            ("q_value", self.q_value),
        )
        for name, values in by_column:
            if values is not None:
                yield name, values

    def changes_by_model(self) -> Iterator[tuple[str, Floats]]:
        """Yield the column of each model, and its changes (n, T), where there are several."""
        if self.by_model is not None:
            for model, changes in zip(self.models, self.by_model, strict=True):
                yield f"{BY_MODEL}{model}", changes


class Refused(NamedTuple):
    """A row that was not scored.

    Attributes
    ----------
    row : danq.genome.variants.Row
        As it was read.
    reason : str
        Why.
    """

    row: Row
    reason: str


def _places(rows: Sequence[Row], status: Sequence[str]) -> pd.DataFrame:
    """Return the columns `ROW_COLUMNS`."""
    texts = [(row.chrom, row.pos, row.name or ".", row.ref, row.alt) for row in rows]
    frame = pd.DataFrame(texts, columns=ROW_COLUMNS[:-1])
    return frame.assign(status=list(status))


def by_target(scored: Scored, targets: Sequence[str], top: int | None) -> pd.DataFrame:
    """Return a row for each variant and target.

    Parameters
    ----------
    scored : Scored
        The scores.
    targets : sequence of str
        Names of the targets.
    top : int or None
        Targets of a variant, at most: those of the largest changes; None: all, in their order.

    Returns
    -------
    pandas.DataFrame
        `ROW_COLUMNS`, target, probability_ref, probability_alt, difference, log_odds_change;
        spread, e_value, p_value, q_value and fold where they are known; and, of several models, the
        change of log-odds by each of them (`BY_MODEL`).
    """
    n, n_targets = scored.change.shape
    kept = n_targets if top is None else min(top, n_targets)
    columns = np.tile(np.arange(n_targets), (n, 1))
    if kept < n_targets:
        columns = np.argsort(-np.abs(scored.change), axis=1, kind="stable")[:, :kept]
    rows = np.repeat(np.arange(n), kept)
    chosen = columns.ravel()
    table = _places(scored.rows, scored.status).iloc[rows].reset_index(drop=True)
    table["target"] = np.array(targets, dtype=object)[chosen]
    table["probability_ref"] = scored.ref[rows, chosen]
    table["probability_alt"] = scored.alt[rows, chosen]
    table["difference"] = table["probability_alt"] - table["probability_ref"]
    table["log_odds_change"] = scored.change[rows, chosen]
    if scored.spread is not None:
        table["spread"] = scored.spread[rows, chosen]
    for name, values in scored.unusual():
        table[name] = values[rows, chosen]
    if scored.folds is not None:
        table["fold"] = np.array(scored.folds, dtype=object)[rows]
    for name, changes in scored.changes_by_model():
        table[name] = changes[rows, chosen]
    return table


def by_variant(scored: Scored, targets: Sequence[str]) -> pd.DataFrame:
    """Return a row for each variant.

    Parameters
    ----------
    scored : Scored
        The scores.
    targets : sequence of str
        Names of the targets.

    Returns
    -------
    pandas.DataFrame
        `ROW_COLUMNS`; target, log_odds_change, probability_ref and probability_alt of the largest
        change, and its e_value, p_value and q_value where they are known; sum_of_changes, of their
        sizes over targets; fold where it is known; and, of several models, the largest change of
        each (`BY_MODEL`), whatever its target.
    """
    sizes = np.abs(scored.change)
    best = sizes.argmax(axis=1)
    rows = np.arange(len(best))
    table = _places(scored.rows, scored.status)
    table["target"] = np.array(targets, dtype=object)[best]
    table["log_odds_change"] = scored.change[rows, best]
    table["probability_ref"] = scored.ref[rows, best]
    table["probability_alt"] = scored.alt[rows, best]
    for name, values in scored.unusual():
        table[name] = values[rows, best]
    table["sum_of_changes"] = sizes.sum(axis=1)
    if scored.folds is not None:
        table["fold"] = list(scored.folds)
    for name, changes in scored.changes_by_model():
        table[name] = changes[rows, np.abs(changes).argmax(axis=1)]
    return table


def refused_table(refused: Sequence[Refused]) -> pd.DataFrame:
    """Return what was refused: line, which of its alleles, the variant, and the reason."""
    texts = []
    for row, reason in refused:
        place = (row.number, row.allele, row.chrom, row.pos, row.name or ".", row.ref, row.alt)
        texts.append((*place, reason))
    columns = ["line", "allele", *ROW_COLUMNS[:-1], "reason"]
    return pd.DataFrame(texts, columns=columns)


@contextlib.contextmanager
def growing_table(path: PathLike | None) -> Iterator["GrowingTable"]:
    """Write a table part by part, atomically; a name that ends in .gz is compressed.

    Parameters
    ----------
    path : path or None
        The file to make; None: what is given is thrown away.

    Yields
    ------
    GrowingTable
    """
    if path is None:
        yield GrowingTable(None)
        return
    with atomic(path) as temporary, open(temporary, "wb") as raw:
        if str(path).endswith(".gz"):
            with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                yield GrowingTable(packed)
        else:
            yield GrowingTable(raw)


class GrowingTable:
    """A table that is being written.

    Parameters
    ----------
    file : binary file or None
        Where it goes.
    """

    def __init__(self, file: Any) -> None:
        self.file = file
        self._has_header = False

    def append(self, frame: pd.DataFrame) -> None:
        """Write further rows, of the same columns."""
        if self.file is not None:
            frame.to_csv(
                self.file,
                sep="\t",
                index=False,
                header=not self._has_header,
                float_format="%.6g",
                na_rep="NA",
                lineterminator="\n",
                quoting=csv.QUOTE_NONE,
                escapechar="\\",
            )
        self._has_header = True


def reason_kind(reason: str) -> str:
    """Return a reason as it is counted: without advice, and not too long."""
    return reason.split(";")[0] if len(reason) < 60 else reason[:60] + "..."


def summary_lines(n_scored: int, reasons: Counter[str]) -> list[str]:
    """Say how many alleles were scored, and how many were not for which reason.

    Parameters
    ----------
    n_scored : int
        Alleles with scores.
    reasons : collections.Counter of str
        How many others there are, by the kind of their reason (`reason_kind`).

    Returns
    -------
    list of str
        The most frequent reasons first.
    """
    lines = [f"{n_scored:,} alternative alleles scored"]
    for kind, count in reasons.most_common(10):
        lines.append(f"{count:,} refused: {kind}")
    if len(reasons) > 10:
        lines.append(f"and {len(reasons) - 10} further reasons; --refused lists every row")
    return lines
