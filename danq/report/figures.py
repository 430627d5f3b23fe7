"""The figures of a finished run: what `danq plot`, the report and the notebooks draw.

Each function takes a `danq.report.run.Run` and returns a `Drawing`, or None when the run lacks
what it draws; `danq.plotting` draws, and knows nothing of runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from danq.evaluation.components import WINDOWS
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
from danq.report.findings.training import best_epoch, epochs, with_history
from danq.report.run import Run
from danq.report.run_scores import Pair
from danq.report.run_trainings import Trained
from danq.report.sentences import tally
from danq.report.words import (
    WINDOWS_ONLY,
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


_DENSITY = (
    "Shaded: how many targets lie where, on a logarithmic scale; as points only those whose "
    "interval excludes 0."
)


class Drawing(NamedTuple):
    """A figure and what belongs to it.

    Attributes
    ----------
    name : str
        Short and unique in a run.
    title, note : str
        What it shows, and what a reader needs to know.
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
    rows = pair.rows.join(run.targets[["label"]])
    rows = rows.dropna(subset=["auprc_a", "auprc_b"])
    if rows.empty:
        return None
    a = title(pair.a)
    b = title(pair.b)
    style = styles(run.targets["group"])
    titles = [_scatter_title(row, a, b) for row in rows.itertuples()]
    figure, ax = charts.canvas(*SQUARE)
    charts.scatter_models(
        ax,
        rows["auprc_a"],
        rows["auprc_b"],
        low=rows["low"],
        high=rows["high"],
        labels=(f"AUPRC, {a}", f"AUPRC, {b}"),
        **_point_options(rows, titles, style),
    )
    columns = ["label", "group", "auprc_a", "auprc_b", "difference", "low", "high"]
    headings = ["target", "group", a, b, "difference", "low", "high"]
    numbers = rows[columns].set_axis(headings, axis=1)
    name = f"{pair.a}-{pair.b}"
    note = _scatter_note(pair, n_drawn=len(rows))
    return Drawing(name, f"{a} against {b}", note, figure, legend_entries(style), numbers)


def _scatter_note(pair: Pair, n_drawn: int) -> str:
    counts = f"{tally(pair).capitalize()}."
    covers = f"Intervals: {WINDOWS_ONLY}." if pair.covers == WINDOWS else ""
    n_missing = len(pair.rows) - n_drawn
    missing = f"NA: {n_missing} not drawn." if n_missing else ""
    crowded = _DENSITY if n_drawn > charts.CROWDED else ""
    return sentence(counts, covers, missing, crowded)


def _point_options(
    rows: pd.DataFrame, titles: list[str], style: Mapping[str, Style]
) -> dict[str, Any]:
    """Return the options that charts with a point per target share."""
    keys = rows.index.tolist()
    return {"groups": rows["group"], "titles": titles, "keys": keys, "style": style}


def _scatter_title(row: Any, a: str, b: str) -> str:
    score_a = f"{a} {number(row.auprc_a)}"
    score_b = f"{b} {number(row.auprc_b)}"
    return f"{_target_name(row)}: {score_a}, {score_b}, {_difference(row)}"


def _target_name(row: Any) -> str:
    return f"{row.label} ({row.group})"


def _difference(row: Any) -> str:
    bounds = interval(row.low, row.high, row.covers)
    return f"difference {signed(row.difference)} {bounds}"


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
    titles = [_effect_title(row) for row in rows.itertuples()]
    figure, ax = charts.canvas(*SQUARE)
    charts.effects(
        ax,
        rows["n_positive"],
        rows["difference"],
        low=rows["low"],
        high=rows["high"],
        labels=("positive test windows", f"AUPRC, {versus(pair)}"),
        **_point_options(rows, titles, style),
    )
    name = f"effect-{pair.a}-{pair.b}"
    heading = f"{versus(pair)} and the number of positives"
    note = (
        "All targets have the same windows, so prevalence rises with the number of positive "
        "windows."
    )
    columns = ["label", "group", "prevalence", "n_positive", "difference", "low", "high"]
    numbers = rows[columns].rename(columns={"label": "target"})
    return Drawing(name, heading, note, figure, legend_entries(style), numbers)


def _effect_title(row: Any) -> str:
    share = percent(row.prevalence)
    positives = f"{row.n_positive:,.0f} positive windows"
    return f"{_target_name(row)}: {_difference(row)}, {positives}, {share}"


def prevalence(run: Run) -> Drawing:
    """Draw the prevalence of the targets of a run in the test split, by rank."""
    targets = run.targets
    style = styles(targets["group"])
    titles = [_prevalence_title(row) for row in targets.itertuples()]
    figure, ax = charts.canvas(*WIDE)
    charts.prevalence(ax, targets["prevalence"], **_point_options(targets, titles, style))
    n_absent = int((targets["prevalence"] == 0).sum())
    absent = f"{plural(n_absent, 'target')} without a positive window not drawn."
    note = absent if n_absent else ""
    columns = ["label", "group", "n_positive", "prevalence"]
    numbers = targets[columns].rename(columns={"label": "target"})
    heading = "Prevalence in the test split"
    return Drawing("prevalence", heading, note, figure, legend_entries(style), numbers)


def _prevalence_title(row: Any) -> str:
    share = percent(row.prevalence)
    positives = f"{row.n_positive:,.0f} positive windows"
    return f"{_target_name(row)}: {share}, {positives}"


# --- predictions ---


def reliability(run: Run) -> Drawing | None:
    """Draw how well the probabilities of each network are calibrated.

    None for a run without reliability.tsv.
    """
    if run.reliability is None or run.reliability.empty:
        return None
    table = calibration(run.reliability)
    style = _model_styles(run)
    lines = _lines(table, run.networks)
    predicted = _column(lines, "predicted")
    observed = _column(lines, "observed")
    titles = list(map(_bin_titles, lines.values()))
    models = list(lines)
    figure, ax = charts.canvas(*SQUARE)
    curves.reliability(ax, predicted, observed, labels=models, titles=titles, style=style)
    note = (
        "Labels of all targets by predicted probability, in bins of 0.1; on the diagonal, "
        "probabilities are right on average."
    )
    legend = _model_legend(lines, style)
    return Drawing("reliability", "Calibration", note, figure, legend, _with_titles(table))


def _lines(table: pd.DataFrame, models: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Return the rows of each model that has some."""
    lines = {}
    for model in models:
        rows = table[table["model"] == model]
        if len(rows):
            lines[model] = rows
    return lines


def _column(lines: Mapping[str, pd.DataFrame], column: str) -> list[pd.Series]:
    """Return a column of the rows of each model."""
    return [line[column] for line in lines.values()]


def _with_titles(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the titles of its models."""
    return table.assign(model=table["model"].map(title))


def _bin_titles(line: pd.DataFrame) -> list[str]:
    titles = []
    for row in line.itertuples():
        predicted = number(row.predicted)
        observed = number(row.observed)
        labels = f"{row.n:,.0f} labels predicted as {predicted} on average"
        titles.append(f"{title(row.model)}: of {labels}, {observed} are positive")
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
    recall = _column(lines, "recall")
    precision = _column(lines, "precision")
    guess = facts["prevalence"]
    curves.precision_recall(
        ax, recall, precision, labels=list(lines), prevalence=guess, style=style
    )
    name = f"curves-{target}"
    heading = f"Precision and recall: {facts['label']} ({facts['group']})"
    note = "Seeds averaged. The horizontal line is the prevalence: what guessing gives."
    legend = _model_legend(lines, style)
    return Drawing(name, heading, note, figure, legend, _with_titles(rows))


# --- trainings ---


def validation(run: Run) -> Drawing | None:
    """Draw the validation AUPRC of each training over its epochs; None without a history."""
    trained = with_history(run.trained)
    if not trained:
        return None
    style = _model_styles(run)
    best = [best_epoch(training.history) for training in trained]
    titles = list(map(_best_title, trained))
    figure, ax = charts.canvas(*WIDE)
    _draw_histories(ax, trained, "valid_auprc", "mean AUPRC", style, best=best, titles=titles)
    note = "Dot: the epoch of highest AUPRC, whose weights were kept."
    legend = _model_legend(run.networks, style)
    numbers = _with_titles(epochs(trained, ["valid_auprc"]))
    return Drawing("validation", "Validation AUPRC", note, figure, legend, numbers)


def _best_title(training: Trained) -> str:
    epoch = best_epoch(training.history)
    scores = training.history["valid_auprc"]
    score = number(scores.iloc[epoch - 1])
    name = f"{title(training.model)}, {training.label}"
    return f"{name}: epoch {epoch}, validation AUPRC {score}"


def loss(run: Run) -> Drawing | None:
    """Draw the loss of each training over its epochs, on the validation and the training split.

    None without a history.
    """
    trained = with_history(run.trained)
    if not trained:
        return None
    style = _model_styles(run)
    columns = ["valid_loss", "train_loss"]
    figure, ax = charts.canvas(*WIDE)
    for column in columns:
        dashed = column == "train_loss"
        _draw_histories(ax, trained, column, "cross-entropy", style, dashed=dashed)
    note = "Solid: validation. Dashed: training."
    legend = _model_legend(run.networks, style)
    return Drawing("loss", "Loss", note, figure, legend, _with_titles(epochs(trained, columns)))


def _draw_histories(
    ax: Axes,
    trained: Sequence[Trained],
    column: str,
    ylabel: str,
    style: Mapping[str, Style],
    **options: Any,
) -> None:
    """Draw a column of the history of each training."""
    values = [training.history[column] for training in trained]
    models = [training.model for training in trained]
    curves.training_curves(ax, values, labels=models, ylabel=ylabel, style=style, **options)


# --- motifs ---


def interactions(run: Run, pair: tuple[str, str], target: int | None = None) -> Drawing | None:
    """Draw the interaction of a pair of motifs by its distance, a line per model.

    Parameters
    ----------
    run : Run
        A finished run.
    pair : tuple of (str, str)
        Identifiers of two motifs, as in columns a and b of grammar.tsv.
    target : int, optional
        Whose prediction; by default the target of the planted rule of the pair, or else the one
        with the largest interaction.

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
    pair_name = rows["pair"].iloc[0]
    figure = Figure(figsize=(4.5, 4.4), layout="constrained", facecolor="none")
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    for ax, (order, orientation) in zip(axes.flat, ARRANGEMENTS, strict=True):
        in_order = means[means["order"] == order]
        panel = in_order[in_order["orientation"] == orientation]
        planted = shaded_distances(rule, target, order, orientation)
        _interaction_panel(ax, panel, planted, style)
        heading = f"{_motif_order(pair_name, order)}, {orientation} strand"
        ax.set_title(heading, fontsize=8, parse_math=False)
        ax.label_outer()
    name = f"interactions-{pair[0]}-{pair[1]}-{target}"
    heading = f"{pair_name}: what the pair does to {run.targets.loc[target, 'label']}"
    note = _interaction_note(shaded=not rule.empty)
    legend = _model_legend(means["model"].unique(), style)
    return Drawing(name, heading, note, figure, legend, means)


def _motif_order(name: str, order: str) -> str:
    """Return the motifs of a pair, called as SRF+REST, in their order along the strand of a."""
    a, b, *_ = name.split("+")
    return f"{a} … {b}" if order == "a b" else f"{b} … {a}"


def _interaction_panel(
    ax: Axes, rows: pd.DataFrame, planted: Any, style: Mapping[str, Style]
) -> None:
    """Draw one arrangement: a line per model."""
    lines = _lines(rows.sort_values("distance", kind="stable"), rows["model"].unique())
    models = list(lines)
    distances = lines[models[0]]["distance"].to_numpy()
    effects = _column(lines, "effect")
    errors = _column(lines, "se")
    curves.interaction_curves(
        ax, distances, effects, errors, labels=models, planted=planted, style=style
    )


def _interaction_note(shaded: bool) -> str:
    note = (
        "Log-odds with both motifs, less those with each alone, plus those with neither; 0 means "
        "that the model adds the motifs up. Bands: 1.96 standard errors, between seeds where there "
        "are several, else between windows."
    )
    rule = "Shaded: distances at which the planted rule makes the pair positive, or negative."
    return sentence(note, rule if shaded else "")


def ablation(run: Run, training: Trained) -> Drawing | None:
    """Draw what each target loses when filters of a training are ablated.

    Parameters
    ----------
    run : Run
        A finished run.
    training : Trained
        One of its trainings.

    Returns
    -------
    Drawing or None
        None for a training without an ablation.
    """
    if training.ablation.empty:
        return None
    matrix = ablation_matrix(training)
    names = [_filter_name(name, training) for name in matrix.index]
    names_of_targets = run.targets["label"]
    labels = [names_of_targets.get(target, str(target)) for target in matrix.columns]
    width = 2.2 + 0.24 * len(labels)
    height = 1.4 + 0.17 * len(names)
    figure, ax = charts.canvas(width, height)
    charts.effect_matrix(ax, matrix.to_numpy(), rows=names, columns=labels)
    name = f"ablation-{training.model}-{training.seed}"
    heading = f"What ablating a filter costs: {title(training.model)}, {training.label}"
    note = _ablation_note(matrix, ablation_table(training))
    if training.enriched_words():
        note = sentence(note, "(word): the filter began as an enriched word.")
    table = matrix.set_axis(labels, axis=1).set_axis(names).rename_axis("filter")
    return Drawing(name, heading, note, figure, (), table.reset_index())


def _filter_name(name: str, training: Trained) -> str:
    """Return a filter after its factor, and after the motif or the mark of how it began."""
    parts = []
    if len(training.matches):
        named = training.named().set_index("name")["factor"]
        if name in named.index:
            parts.append(named[name])
    motif = training.initialised_from().get(name)
    if motif:
        parts.append(f"(initialised from {motif})")
    if name in training.taken_filters():
        parts.append("(from train.start)")
    if name in training.enriched_words():
        parts.append("(word)")
    return " ".join([*parts, name])


def _ablation_note(matrix: pd.DataFrame, table: pd.DataFrame) -> str:
    note = (
        "Mean fall of a target's log-odds over its positive windows when a filter never fires; "
        "blue where they rise. Similar rows, and similar columns, are next to each other."
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
    coloured = styles(run.predictors)
    return {model: Style(style.colour, "o") for model, style in coloured.items()}


def _model_legend(models: Iterable[str], style: Mapping[str, Style]) -> Legend:
    return tuple((style[model], title(model)) for model in models)
