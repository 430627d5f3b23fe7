"""The figures of a finished run: what `danq plot`, the report and the notebooks draw.

Each function takes a `danq.report.run.Run` and returns a `Drawing`, or None when the run lacks
what it draws; `danq.plotting` draws, and knows nothing of runs.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from danq.motif.sites import ARRANGEMENTS
from danq.plotting import charts, curves
from danq.plotting.style import Style, legend_entries, styles
from danq.report.findings.grammar import (
    MotifPair,
    concerned_target,
    mean_interactions,
    pair_rows,
    planted_rule,
    shaded_distances,
)
from danq.report.findings.motifs import ablation_matrix, ablation_table
from danq.report.findings.scores import calibration
from danq.report.findings.training import best_epoch, epochs
from danq.report.run import Pair, Run, Trained
from danq.report.sentences import tally
from danq.report.words import (
    interval,
    listed,
    number,
    percent,
    plural,
    sentence,
    signed,
    title,
    versus,
)

Legend = tuple[tuple[Style, str], ...]
"""Pairs of a style and what it stands for."""

SQUARE = (4.2, 4.0)
WIDE = (5.4, 3.7)
"""Sizes of figures (inches)."""


class Drawing(NamedTuple):
    """A figure and what belongs to it.

    Attributes
    ----------
    name : str
        Short and unique in a run.
    title, note : str
        What it shows, and what a reader must know.
    figure : matplotlib.figure.Figure
        The drawing.
    legend : tuple of (Style, str)
        What colours and markers stand for.
    numbers : pandas.DataFrame
        What is drawn.
    """

    name: str
    title: str
    note: str
    figure: Figure
    legend: Legend
    numbers: pd.DataFrame


# --- targets ---


def scatter(run: Run, pair: Pair) -> Drawing | None:
    """Draw the AUPRC of one model of a pair against the other's, a point per target.

    Parameters
    ----------
    run : Run
        A finished run.
    pair : Pair
        Two of its models.

    Returns
    -------
    Drawing or None
        None when no target is defined for both.
    """
    rows = pair.rows.join(run.targets[["label"]]).dropna(subset=["auprc_a", "auprc_b"])
    if rows.empty:
        return None
    a = title(pair.a)
    b = title(pair.b)
    style = styles(run.targets["group"])
    figure, ax = charts.canvas(*SQUARE)
    charts.scatter_models(
        ax,
        rows["auprc_a"],
        rows["auprc_b"],
        groups=rows["group"],
        low=rows["low"],
        high=rows["high"],
        titles=[_scatter_title(row, a, b) for row in rows.itertuples()],
        keys=list(rows.index),
        style=style,
        labels=(f"AUPRC, {a}", f"AUPRC, {b}"),
    )
    n_missing = len(pair.rows) - len(rows)
    missing = f"NA: {n_missing} not drawn." if n_missing else ""
    columns = ["label", "group", "auprc_a", "auprc_b", "difference", "low", "high"]
    headings = ["target", "group", a, b, "difference", "low", "high"]
    return Drawing(
        name=f"{pair.a}-{pair.b}",
        title=f"{a} against {b}",
        note=sentence(f"{tally(pair).capitalize()}.", missing),
        figure=figure,
        legend=legend_entries(style),
        numbers=rows[columns].set_axis(headings, axis=1),
    )


def _scatter_title(row: Any, a: str, b: str) -> str:
    scores = f"{a} {number(row.auprc_a)}, {b} {number(row.auprc_b)}"
    return f"{row.label} ({row.group}): {scores}, {_difference(row)}"


def _difference(row: Any) -> str:
    return f"difference {signed(row.difference)} {interval(row.low, row.high)}"


def effects(run: Run, pair: Pair) -> Drawing | None:
    """Draw the difference of a pair on each target against its number of positive windows.

    Parameters
    ----------
    run : Run
        A finished run.
    pair : Pair
        Two of its models.

    Returns
    -------
    Drawing or None
        None when no target has a defined difference.
    """
    facts = run.targets[["label", "prevalence", "n_positive"]]
    rows = pair.rows.join(facts).dropna(subset=["difference"])
    if rows.empty:
        return None
    style = styles(run.targets["group"])
    figure, ax = charts.canvas(*SQUARE)
    charts.effects(
        ax,
        rows["n_positive"],
        rows["difference"],
        low=rows["low"],
        high=rows["high"],
        groups=rows["group"],
        titles=[_effect_title(row) for row in rows.itertuples()],
        keys=list(rows.index),
        style=style,
        labels=("positive test windows", f"AUPRC, {versus(pair)}"),
    )
    columns = ["label", "group", "prevalence", "n_positive", "difference", "low", "high"]
    return Drawing(
        name=f"effect-{pair.a}-{pair.b}",
        title=f"{versus(pair)} and the number of positives",
        note=(
            "All targets have the same windows, so prevalence rises with the number of positive "
            "windows."
        ),
        figure=figure,
        legend=legend_entries(style),
        numbers=rows[columns].rename(columns={"label": "target"}),
    )


def _effect_title(row: Any) -> str:
    positives = f"{row.n_positive:,.0f} positive windows, {percent(row.prevalence)}"
    return f"{row.label} ({row.group}): {_difference(row)}, {positives}"


def prevalence(run: Run) -> Drawing:
    """Draw the prevalence of the targets of a run in the test split, by rank."""
    targets = run.targets
    style = styles(targets["group"])
    figure, ax = charts.canvas(*WIDE)
    charts.prevalence(
        ax,
        targets["prevalence"],
        groups=targets["group"],
        titles=[_prevalence_title(row) for row in targets.itertuples()],
        keys=list(targets.index),
        style=style,
    )
    n_absent = int((targets["prevalence"] == 0).sum())
    absent = f"{plural(n_absent, 'target')} without a positive window not drawn."
    columns = ["label", "group", "n_positive", "prevalence"]
    return Drawing(
        name="prevalence",
        title="Prevalence in the test split",
        note=absent if n_absent else "",
        figure=figure,
        legend=legend_entries(style),
        numbers=targets[columns].rename(columns={"label": "target"}),
    )


def _prevalence_title(row: Any) -> str:
    share = percent(row.prevalence)
    return f"{row.label} ({row.group}): {share}, {row.n_positive:,.0f} positive windows"


# --- predictions ---


def reliability(run: Run) -> Drawing | None:
    """Draw how far the probabilities of each network can be taken at their word.

    None for a run without the counts.
    """
    if run.reliability is None or run.reliability.empty:
        return None
    table = calibration(run.reliability)
    style = _model_styles(run)
    lines = _lines(table, run.networks)
    figure, ax = charts.canvas(*SQUARE)
    curves.reliability(
        ax,
        [line["predicted"] for line in lines.values()],
        [line["observed"] for line in lines.values()],
        labels=list(lines),
        titles=[_bin_titles(line, title(model)) for model, line in lines.items()],
        style=style,
    )
    return Drawing(
        name="reliability",
        title="Calibration",
        note=(
            "Labels of all targets by predicted probability, in bins of 0.1; on the diagonal, a "
            "probability means what it says."
        ),
        figure=figure,
        legend=_model_legend(lines, style),
        numbers=table.assign(model=table["model"].map(title)),
    )


def _lines(table: pd.DataFrame, models: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Return the rows of each model that has some."""
    lines = {}
    for model in models:
        rows = table[table["model"] == model]
        if len(rows):
            lines[model] = rows
    return lines


def _bin_titles(line: pd.DataFrame, name: str) -> list[str]:
    titles = []
    for row in line.itertuples():
        predicted = f"{row.n:,.0f} labels predicted as {number(row.predicted)} on average"
        titles.append(f"{name}: of {predicted}, {number(row.observed)} are positive")
    return titles


def precision_recall(run: Run, target: int) -> Drawing | None:
    """Draw the precision-recall curves of every predictor for one target.

    Parameters
    ----------
    run : Run
        A finished run.
    target : int
        Index of the target.

    Returns
    -------
    Drawing or None
        None for a run or a target without curves.
    """
    if run.curves is None:
        return None
    rows = run.curves[run.curves["target"] == target]
    lines = _lines(rows, run.predictors)
    if not lines:
        return None
    style = _model_styles(run)
    facts = run.targets.loc[target]
    figure, ax = charts.canvas(*SQUARE)
    curves.precision_recall(
        ax,
        [line["recall"] for line in lines.values()],
        [line["precision"] for line in lines.values()],
        labels=list(lines),
        prevalence=facts["prevalence"],
        style=style,
    )
    return Drawing(
        name=f"curves-{target}",
        title=f"Precision and recall: {facts['label']} ({facts['group']})",
        note="Seeds averaged. The horizontal line is the prevalence: what guessing gives.",
        figure=figure,
        legend=_model_legend(lines, style),
        numbers=rows.assign(model=rows["model"].map(title)),
    )


# --- trainings ---


def validation(run: Run) -> Drawing | None:
    """Draw the validation AUPRC of each training over its epochs; None without a history."""
    trained = [one for one in run.trained if not one.history.empty]
    if not trained:
        return None
    style = _model_styles(run)
    figure, ax = charts.canvas(*WIDE)
    curves.training_curves(
        ax,
        [one.history["valid_auprc"] for one in trained],
        labels=[one.model for one in trained],
        best=[best_epoch(one.history) for one in trained],
        titles=[_best_title(one) for one in trained],
        ylabel="mean AUPRC",
        style=style,
    )
    table = epochs(trained, ["valid_auprc"])
    return Drawing(
        name="validation",
        title="Validation AUPRC",
        note="Dot: the epoch of highest AUPRC, whose weights were kept.",
        figure=figure,
        legend=_model_legend(run.networks, style),
        numbers=table.assign(model=table["model"].map(title)),
    )


def _best_title(one: Trained) -> str:
    epoch = best_epoch(one.history)
    score = number(one.history["valid_auprc"].iloc[epoch - 1])
    return f"{title(one.model)}, seed {one.seed}: epoch {epoch}, validation AUPRC {score}"


def loss(run: Run) -> Drawing | None:
    """Draw the loss of each training over its epochs, on the validation and the training split.

    None without a history.
    """
    trained = [one for one in run.trained if not one.history.empty]
    if not trained:
        return None
    style = _model_styles(run)
    figure, ax = charts.canvas(*WIDE)
    for column in ("valid_loss", "train_loss"):
        curves.training_curves(
            ax,
            [one.history[column] for one in trained],
            labels=[one.model for one in trained],
            dashed=column == "train_loss",
            ylabel="cross-entropy",
            style=style,
        )
    table = epochs(trained, ["valid_loss", "train_loss"])
    return Drawing(
        name="loss",
        title="Loss",
        note="Solid: validation. Dashed: training.",
        figure=figure,
        legend=_model_legend(run.networks, style),
        numbers=table.assign(model=table["model"].map(title)),
    )


# --- motifs ---


def interactions(run: Run, pair: tuple[str, str], target: int | None = None) -> Drawing | None:
    """Draw what each training makes of a pair of motifs beyond the sum of its parts.

    Parameters
    ----------
    run : Run
        A finished run.
    pair : tuple of (str, str)
        Identifiers of two motifs, as in columns a and b of grammar.tsv.
    target : int, optional
        Whose prediction; by default the target on which the planted rule of the pair bears, or
        else the one with the largest interaction.

    Returns
    -------
    Drawing or None
        Four panels, over the distance of the motifs: which comes first, and whether both are on
        one strand. None for a pair that was not probed.
    """
    rows = pair_rows(run, MotifPair(*pair))
    if rows.empty:
        return None
    rule = planted_rule(run, rows)
    if target is None:
        target = concerned_target(rows, rule)
    means = mean_interactions(rows[rows["target"] == target])
    style = _model_styles(run)
    name = rows["pair"].iloc[0]
    figure = Figure(figsize=(4.5, 4.4), layout="constrained", facecolor="none")
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    for ax, (order, orientation) in zip(axes.flat, ARRANGEMENTS, strict=True):
        in_order = means[means["order"] == order]
        panel = in_order[in_order["orientation"] == orientation]
        planted = shaded_distances(rule, target, order, orientation)
        _interaction_panel(ax, panel, planted, style)
        heading = f"{_motif_order(name, order)}, {orientation} strand"
        ax.set_title(heading, fontsize=8, parse_math=False)
        ax.label_outer()
    return Drawing(
        name=f"interactions-{pair[0]}-{pair[1]}-{target}",
        title=f"{name}: what the pair does to {run.targets.loc[target, 'label']}",
        note=_interaction_note(shaded=not rule.empty),
        figure=figure,
        legend=_model_legend(means["model"].unique(), style),
        numbers=means,
    )


def _motif_order(name: str, order: str) -> str:
    """Return the motifs of a pair, called as SRF+REST, in their order along the strand of a."""
    a, b, *_ = name.split("+")
    first, second = (a, b) if order == "a b" else (b, a)
    return f"{first} … {second}"


def _interaction_panel(
    ax: Axes, rows: pd.DataFrame, planted: Any, style: Mapping[str, Style]
) -> None:
    """Draw one arrangement: a line per model."""
    lines = _lines(rows.sort_values("distance", kind="stable"), rows["model"].unique())
    first = next(iter(lines.values()))
    curves.interaction_curves(
        ax,
        first["distance"].to_numpy(),
        [line["effect"] for line in lines.values()],
        [line["se"] for line in lines.values()],
        labels=list(lines),
        planted=planted,
        style=style,
    )


def _interaction_note(shaded: bool) -> str:
    note = (
        "Log-odds of both less those of each alone, plus those of neither; 0: the model adds its "
        "motifs up. Bands: 1.96 standard errors, between seeds where there are several, else "
        "between windows."
    )
    rule = "Shaded: distances at which the planted rule makes the pair positive, or negative."
    return sentence(note, rule if shaded else "")


def ablation(run: Run, one: Trained) -> Drawing | None:
    """Draw what each target loses when filters of a training are ablated.

    Parameters
    ----------
    run : Run
        A finished run.
    one : Trained
        One of its trainings.

    Returns
    -------
    Drawing or None
        None for a training without an ablation.
    """
    if one.ablation.empty:
        return None
    matrix = ablation_matrix(one)
    names = [_filter_name(name, one) for name in matrix.index]
    labels = [run.targets["label"].get(target, str(target)) for target in matrix.columns]
    width = 2.2 + 0.24 * len(labels)
    height = 1.4 + 0.17 * len(names)
    figure, ax = charts.canvas(width, height)
    charts.effect_matrix(ax, matrix.to_numpy(), rows=names, columns=labels)
    table = matrix.set_axis(labels, axis=1).set_axis(names).rename_axis("filter")
    return Drawing(
        name=f"ablation-{one.model}-{one.seed}",
        title=f"What ablating a filter costs: {title(one.model)}, seed {one.seed}",
        note=_ablation_note(matrix, ablation_table(one)),
        figure=figure,
        legend=(),
        numbers=table.reset_index(),
    )


def _filter_name(name: str, one: Trained) -> str:
    """Return a filter after its factor, or the motif from which it was initialised."""
    if len(one.matches):
        named = one.named().set_index("name")["factor"]
        if name in named.index:
            return f"{named[name]} {name}"
    motif = one.initialised_from().get(name)
    return f"(initialised from {motif}) {name}" if motif else name


def _ablation_note(matrix: pd.DataFrame, table: pd.DataFrame) -> str:
    note = (
        "Mean fall of a target's log-odds over its positive windows when a filter never fires; "
        "blue where they rise. Like rows and like columns stand together."
    )
    largest = []
    for axis, what in enumerate(("filters", "targets")):
        n_drawn = matrix.shape[axis]
        total = table.shape[axis]
        if n_drawn < total:
            largest.append(f"the {n_drawn} {what} with the largest effects of {total}")
    return sentence(note, f"Shown: {listed(largest)}." if largest else "")


# --- models ---


def _model_styles(run: Run) -> dict[str, Style]:
    """Return the colour of every predictor: the same in all figures."""
    looks = styles(run.predictors)
    return {model: Style(look.colour, "o") for model, look in looks.items()}


def _model_legend(models: Iterable[str], style: Mapping[str, Style]) -> Legend:
    return tuple((style[model], title(model)) for model in models)
