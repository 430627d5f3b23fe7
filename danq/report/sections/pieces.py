"""Pieces that several sections share."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from danq.plotting.inline import figure_svg
from danq.report.figures import Drawing
from danq.report.findings.pairs import SURE
from danq.report.page import Cell, Column, Figure, numbers
from danq.report.run_trainings import Trained
from danq.report.words import description, interval, signed, title


def model_cell(model: str) -> Cell:
    """Return a cell with what a model is called, and what it is."""
    return Cell(title(model), description(model))


def place_columns(trained: Sequence[Trained]) -> list[Column]:
    """Return the columns that tell the trainings of a model apart: the seed, and any fold."""
    seed = Column("seed", "seed")
    if trained and trained[0].fold is not None:
        return [Column("fold", "fold"), seed]
    return [seed]


def interval_cell(row: pd.Series) -> Cell:
    """Return a cell with a difference in AUPRC and its interval, from a row of comparison.tsv.

    It is marked as sure when the q-value is below `danq.report.findings.pairs.SURE`.
    """
    value = row["difference"]
    mark = "na"
    if np.isfinite(value):
        mark = "drawn sure" if row["q"] < SURE else "drawn"
    return Cell(signed(value), interval(row["low"], row["high"]), mark)


def page_figures(*drawings: Drawing | None) -> list[Figure]:
    """Return the drawings as figures of the page, without those that the run lacks."""
    figures = []
    for drawing in drawings:
        if drawing is not None:
            svg = figure_svg(drawing.figure, drawing.name)
            table = numbers(drawing.numbers)
            figures.append(Figure(drawing.title, svg, drawing.note, drawing.legend, table))
    return figures
