"""The learning curve, drawn: AUPRC, and differences in it, against the number of windows."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from danq.evaluation.components import WINDOWS
from danq.plotting import curves
from danq.plotting.style import Style, styles
from danq.report.figures import Drawing
from danq.report.findings.learning_curve import model_curves, pair_curves
from danq.report.run import Run
from danq.report.words import (
    WINDOWS_ONLY,
    interval,
    number,
    sentence,
    signed,
    title,
    versus,
)

_SIZE = (8.4, 3.7)  # inches
_COUNTS = ["n_windows", "n_labelled", "n_unseen"]
_COLUMNS = [*_COUNTS, "auprc", "seed_low", "seed_high", "low", "high", "covers"]
_NOTE = (
    "Trained on nested shares of the training windows, whole blocks of the genome; the test "
    "windows are the same. Left: mean AUPRC over targets, bands from the lowest seed to the "
    "highest. Right: differences, with their 95 % intervals as bands."
)


def learning_curve(run: Run) -> Drawing | None:
    """Draw the learning curve of each network, and of the pairs that the question is about.

    None for a run without a learning curve.
    """
    models = model_curves(run)
    if not models:
        return None
    pairs = {versus(pair): rows for pair, rows in pair_curves(run)}
    limited = any((rows["covers"] == WINDOWS).any() for rows in pairs.values())
    limit = f"With fewer than three seeds they cover {WINDOWS_ONLY}." if limited else ""
    note = sentence(_NOTE, limit)
    looks = _looks(run)
    figure = Figure(figsize=_SIZE, layout="constrained", facecolor="none")
    panels = figure.subplots(1, 2 if pairs else 1, squeeze=False)[0]
    named = {title(model): rows for model, rows in models.items()}
    _panel(panels[0], named, looks, ("seed_low", "seed_high"), ylabel="mean AUPRC")
    if pairs:
        ends = ("low", "high")
        _panel(panels[1], pairs, looks, ends, ylabel="difference in mean AUPRC", zero=True)
    legend = tuple((looks[name], name) for name in [*named, *pairs])
    numbers = _numbers(named | pairs)
    return Drawing("learning-curve", "Learning curve", note, figure, legend, numbers)


def _looks(run: Run) -> dict[str, Style]:
    """Return the look of every model, as in all figures, and of every pair: as its second model.

    A marker says which of the two a line is.
    """
    coloured = styles(run.predictors)
    looks = {title(model): Style(style.colour, "o") for model, style in coloured.items()}
    firsts = [pair.a for pair in run.main_pairs()]
    markers = dict(zip(dict.fromkeys(firsts), "Dsv^PX", strict=False))
    for pair in run.main_pairs():
        looks[versus(pair)] = Style(coloured[pair.b].colour, markers.get(pair.a, "D"))
    return looks


def _panel(
    ax: Axes,
    lines: dict[str, pd.DataFrame],
    looks: dict[str, Style],
    ends: tuple[str, str],
    **options: Any,
) -> None:
    """Draw some lines, each with the band that two columns are the ends of."""
    columns = [[rows[name] for rows in lines.values()] for name in ("n_windows", "auprc", *ends)]
    titles = [_titles(name, rows, *ends) for name, rows in lines.items()]
    curves.learning_curves(ax, *columns, labels=[*lines], titles=titles, style=looks, **options)


def _titles(name: str, rows: pd.DataFrame, low: str, high: str) -> list[str]:
    titles = []
    for row in rows.to_dict("records"):
        value = signed(row["auprc"]) if low == "low" else number(row["auprc"])
        bounds = interval(row[low], row[high], row["covers"])
        windows = f"{row['n_windows']:,.0f} training windows"
        titles.append(f"{name}: {value} {bounds}, {windows}")
    return titles


def _numbers(lines: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what is drawn, with the names of the lines."""
    tables = [rows[_COLUMNS].assign(line=name) for name, rows in lines.items()]
    table = pd.concat(tables, ignore_index=True)
    return table[["line", *_COLUMNS]]
