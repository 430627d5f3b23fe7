"""The tables of danq variants, read back: changes of log-odds, by variant, target and model."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.variant_files import BY_MODEL, ROW_COLUMNS
from danq.errors import DanqError
from danq.files import PathLike
from danq.records import verified_if_recorded

KEY = ["chrom", "pos", "ref", "alt"]
"""Columns that say which variant a row is about."""

_ADVICE = "make it again with danq variants"
_SEED = re.compile(r"(?:seed)?(\d+)")


class ScoredVariants(NamedTuple):
    """What one model says of variants.

    Attributes
    ----------
    places : pandas.DataFrame
        A row for each variant: id and `KEY`; pos is 1-based.
    targets : list of str
        Names of the targets; of a table with a row for each variant, none.
    changes : dict of str to numpy.ndarray, shape (n, T) or (n, 1), float64
        By seed ("0", or "NA" of a single training): changes of log-odds; with a row for each
        variant, the largest of all targets.
    together : numpy.ndarray, shape (n, T) or (n, 1), float64
        The same of the mean probability of all seeds.
    """

    places: pd.DataFrame
    targets: list[str]
    changes: Mapping[str, NDArray[np.float64]]
    together: NDArray[np.float64]


def read_scored(path: PathLike, *, by_target: bool) -> ScoredVariants:
    """Read a table of danq variants.

    Parameters
    ----------
    path : str or path-like
        TSV, plain or gzip.
    by_target : bool
        Whether it has a row for each variant and target (``--table``, all targets) or one for each
        variant (``--summary``).

    Returns
    -------
    ScoredVariants
        A variant that occurs several times is there once.

    Raises
    ------
    DanqError
        It is no such table, or was edited.
    """
    verified_if_recorded(path)
    table = _read(path)
    columns = [name for name in table if name.startswith(BY_MODEL)]
    targets: list[str] = []
    key = list(KEY)
    if by_target:
        targets = list(dict.fromkeys(table["target"]))
        key.append("target")
    table = _by_place(table.drop_duplicates(key))
    places = table.drop_duplicates(KEY)
    shape = (len(places), len(targets) or 1)
    if len(table) != shape[0] * shape[1]:
        what = "does not have every target of every variant"
        raise DanqError(f"{what}; make it again with danq variants, without --top", path)
    changes = {name: table[name].to_numpy().reshape(shape) for name in columns}
    together = table["log_odds_change"].to_numpy().reshape(shape)
    texts = places[["id", *KEY]].reset_index(drop=True)
    return ScoredVariants(texts, targets, _by_seed(changes, together), together)


def _by_place(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows variant by variant, and of each target by target, as they are first named."""
    variant = table.groupby(KEY, sort=False).ngroup().to_numpy()
    target = pd.factorize(table["target"])[0]
    return table.iloc[np.lexsort((target, variant))]


def _read(path: PathLike) -> pd.DataFrame:
    """Read what is needed of the table: texts as they are, changes as numbers."""
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, na_filter=False, quoting=csv.QUOTE_NONE)
    except (OSError, ValueError, EOFError):
        raise DanqError(f"cannot be read as a table; {_ADVICE}", path) from None
    for column in (*ROW_COLUMNS, "target", "log_odds_change"):
        if column not in table:
            raise DanqError(f"has no column {column}; {_ADVICE}", path)
    numeric = [name for name in table if name.startswith(BY_MODEL)]
    kinds = {"pos": np.int64} | dict.fromkeys(["log_odds_change", *numeric], np.float64)
    try:
        return table.astype(kinds)
    except ValueError:
        raise DanqError(f"holds text where a number belongs; {_ADVICE}", path) from None


def _by_seed(
    changes: Mapping[str, NDArray[np.float64]], together: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return changes by seed; of a single training there are no columns of their own."""
    if not changes:
        return {"NA": together}
    by_seed = {}
    for name, values in changes.items():
        label = name.removeprefix(BY_MODEL)
        match = _SEED.fullmatch(label)
        by_seed[match[1] if match else label] = values
    return by_seed


def model_of(path: PathLike) -> str:
    """Return the model that a table in a run's folder is about: the name of its folder.

    Examples
    --------
    >>> model_of("results/run/variants/eqtl/danq/summary.tsv.gz")
    'danq'
    """
    return Path(path).absolute().parent.name
