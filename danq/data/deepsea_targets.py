"""The targets of the published DeepSEA data as a table: what each of the 919 outputs is."""

import sys

import pandas as pd

from danq.data.deepsea import name_targets, read_names
from danq.errors import DanqError
from danq.files import PathLike, refuse_overwriting, write_table

FIELDS = ("cell", "feature", "treatment")
"""What a line of ``predictor.names`` tells, in its order."""


def targets_from_names(names: PathLike, output: PathLike) -> None:
    """Write a table of the facts in DeepSEA's ``predictor.names``.

    Parameters
    ----------
    names : str or path-like
        One ``cell|feature|treatment`` per line.
    output : str or path-like
        The table to make (TSV), a row per target: target (its number from 0, which is its output),
        name (the whole line), cell, feature, treatment, and group: DNase, TF or histone where
        there are 919.

    Raises
    ------
    DanqError
        A line is no such name, or there is none.
    """
    refuse_overwriting([output], [names], "the names")
    lines = read_names(names)
    if not lines:
        raise DanqError("holds no name; give DeepSEA's predictor.names", names)
    rows = []
    for number, (name, group, _) in enumerate(name_targets(len(lines), names)):
        row = dict(zip(FIELDS, name.split("|"), strict=True))
        rows.append({"target": number, "name": name, **row, "group": group})
    table = pd.DataFrame(rows)
    write_table(output, table)
    repeated = len(table) - table["name"].nunique()
    print(f"{output}: {len(table)} targets; {repeated} repeat a name before them", file=sys.stderr)
