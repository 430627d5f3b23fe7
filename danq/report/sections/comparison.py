"""The comparison of the models: as a whole, by group and by target."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from danq.catalog import METRICS
from danq.report import figures
from danq.report.findings.folds import fold_differences
from danq.report.findings.pairs import SURE
from danq.report.findings.scores import (
    compared_groups,
    group_means,
    metric_means,
    model_means,
    shared_means,
    standing,
)
from danq.report.learning_figure import learning_curve
from danq.report.learning_text import learning_sentences
from danq.report.page import Cell, Column, Section, Table, table, table_of
from danq.report.run import Run
from danq.report.run_scores import Pair, validation_means
from danq.report.sections.pieces import bound, interval_cell, model_cell, page_figures
from danq.report.words import (
    interval,
    listed,
    number,
    plural,
    sentence,
    signed,
    title,
    versus,
    versus_covered,
)

_POINTS = (
    "Each point is a target: above the diagonal, the model named on the vertical axis has the "
    "higher AUPRC. Bars are 95 % intervals of the difference; a point is filled when its interval "
    "excludes 0."
)
_ORACLES = (
    "This genome is simulated, so two oracles are shown beside the models: both know where the "
    "planted sites are, and only one of them knows the rule that makes a site count."
)


def comparison(run: Run) -> Section:
    """Compare the models of a run, by target, by group and as a whole."""
    scatters = [figures.scatter(run, pair) for pair in run.pairs]
    effects = [figures.effects(run, pair) for pair in run.main_pairs()]
    text = [_POINTS, _ORACLES] if run.oracles else [_POINTS]
    text += learning_sentences(run)
    tables = [make_table(run) for make_table in _tables()]
    curve = learning_curve(run)
    drawings = page_figures(*scatters, *effects, curve, figures.reliability(run))
    return Section("comparison", "The comparison", text=text, tables=tables, figures=drawings)


def _tables() -> list[Callable[[Run], Table]]:
    """Return the tables of the comparison, from top to bottom."""
    return [
        means_table,
        metrics_table,
        fold_table,
        group_differences_table,
        difference_table,
        auroc_table,
        groups_table,
        decoy_table,
        scores_table,
    ]


def fold_table(run: Run) -> Table:
    """Return the mean differences in AUPRC fold by fold; empty for a run with one split."""
    columns = [
        Column("fold", "fold"),
        Column("regions", "tests", lambda regions: listed(regions, 6), words=True),
    ]
    for place, pair in enumerate(run.pairs):
        columns.append(Column(f"pair{place}", versus(pair), signed))
    note = (
        "Differences in mean AUPRC on what each fold tests, over the targets that are defined "
        "there, seeds averaged. Their spread is what the intervals follow from."
    )
    return table_of("Fold by fold", fold_differences(run), columns, note)


# --- means ---


def means_table(run: Run) -> Table:
    """Return the mean AUROC and AUPRC of each model, with the targets that they are over."""
    finding = model_means(run)
    columns = [
        Column("model", "model", model_cell, words=True),
        Column("seeds", "seeds", _seeds),
        Column("targets", "targets"),
        Column("undefined", "NA"),
        Column("auroc", "mean AUROC", number),
        Column("auprc", "mean AUPRC", number),
    ]
    if finding["low"].notna().any():
        finding["range"] = [_range(row.low, row.high) for row in finding.itertuples()]
        columns.append(Column("range", "AUPRC by seed"))
    note = "Over the targets with defined values, seeds averaged first."
    for shared in shared_means(run):
        heading = f"mean AUPRC on the {shared.n_targets} targets of the {title(shared.baseline)}"
        finding[heading] = shared.means[finding["model"]].to_numpy()
        columns.append(Column(heading, heading, number))
    if finding.columns[-1].startswith("mean AUPRC on"):
        note += " Means over different targets cannot be compared."
    note = sentence(note, _order_sentence(run))
    return table_of("Means over targets", finding, columns, note)


def _order_sentence(run: Run) -> str:
    """Say in which order baselines stand; an empty string where that is not known."""
    n_targets, means = validation_means(run.metrics, run.baselines)
    known = means.dropna()
    if len(known) < 2:
        return ""
    parts = [f"{title(name)} {number(mean)}" for name, mean in known.items()]
    targets = plural(n_targets, "target")
    if n_targets > 1:
        targets = f"the {targets} that all of them know"
    return (
        "Baselines stand in the order of their mean AUPRC on validation windows, which says which "
        f"one is the strongest without a look at the test windows (over {targets}): "
        f"{listed(parts)}."
    )


def _seeds(count: int) -> str:
    return str(count) if count else "–"


def _range(low: float, high: float) -> str:
    return "–" if np.isnan(low) else f"{number(low)} to {number(high)}"


def metrics_table(run: Run) -> Table:
    """Return the mean of every metric, with the number of targets on which it is undefined."""
    means, undefined = metric_means(run)
    rows = []
    for model in means.index:
        row = [model_cell(model)]
        for metric in METRICS:
            n_undefined = undefined.loc[model, metric]
            on_some = 0 < n_undefined < len(run.targets)
            note = f"NA: {n_undefined}" if on_some else ""
            mean = number(means.loc[model, metric])
            row.append(Cell(mean, note))
        rows.append(row)
    columns = ["model", *(metric.title for metric in METRICS.values())]
    note = (
        "Seeds averaged first; below a mean, the number of targets on which it is undefined. Lift: "
        "AUPRC over prevalence. Recall at 50 % FDR: the largest recall at a precision of at least "
        "one half. The published tables of these networks probably have the trapezoid. Scores that "
        "are not probabilities have no Brier score and no calibration error."
    )
    return table("Every metric, mean over targets", columns, rows, ["model"], note)


# --- differences ---


def group_differences_table(run: Run) -> Table:
    """Return the mean difference of each pair over each group; empty for a single group."""
    groups = compared_groups(run)
    rows: list[list[object]] = []
    if len(groups):
        limit = bound(pd.concat([pair.groups for pair in run.pairs]))
        for group, n_targets in groups.items():
            means = [pair.groups.loc[group] for pair in run.pairs]
            cells = [interval_cell(mean, limit) for mean in means]
            rows.append([group, n_targets, *cells])
    columns = ["group", "targets", *map(versus_covered, run.pairs)]
    note = "Mean over the group's targets; 95 % intervals in brackets."
    return table("AUPRC differences by group", columns, rows, ["group"], note)


def difference_table(run: Run) -> Table:
    """Return the differences in AUPRC, a column per pair: their mean, then target by target."""
    note = (
        "95 % intervals in brackets, for each target by itself; bold where the difference is "
        f"significant at a false discovery rate of {100 * SURE:g} % over targets "
        "(Benjamini-Hochberg)."
    )
    if not run.pairs:
        return _pairs_table("AUPRC differences", run, _auroc_cell, note)
    limit = bound(pd.concat([pair.rows for pair in run.pairs]))

    def cell(row: pd.Series) -> Cell:
        return interval_cell(row, limit)

    return _pairs_table("AUPRC differences", run, cell, note)


def auroc_table(run: Run) -> Table:
    """Return the differences in AUROC, a column per pair: their mean, then target by target."""
    note = (
        "95 % intervals in brackets, from DeLong's variance with blocks of the genome as clusters; "
        "bold as above."
    )
    return _pairs_table("AUROC differences", run, _auroc_cell, note)


def _auroc_cell(row: pd.Series) -> Cell:
    text = signed(row["auroc_difference"])
    note = interval(row["auroc_low"], row["auroc_high"])
    mark = "sure" if row["auroc_q"] < SURE else ""
    return Cell(text, note, mark)


def _pairs_table(heading: str, run: Run, cell: Callable[[pd.Series], Cell], note: str) -> Table:
    """Return a row for the mean and each target, a column for each pair; empty without pairs."""
    rows: list[list[object]] = []
    if run.pairs:
        means = [cell(pair.mean) for pair in run.pairs]
        rows.append(["mean over targets", *means])
        by_target = [_by_target(pair, run) for pair in run.pairs]
        for target, label in run.targets["label"].items():
            cells = [cell(frame.loc[target]) for frame in by_target]
            rows.append([label, *cells])
    columns = ["target", *map(versus_covered, run.pairs)]
    return table(heading, columns, rows, ["target"], note)


def _by_target(pair: Pair, run: Run) -> pd.DataFrame:
    return pair.rows.reindex(run.targets.index)


# --- scores ---


def groups_table(run: Run) -> Table:
    """Return the mean AUPRC over the targets of each group, for every model."""
    note = (
        "Mean over the group's targets; in parentheses, their number where it is not the whole "
        "group."
    )
    return _groups_table(run, "auprc", "AUPRC by group", note)


def decoy_table(run: Run) -> Table:
    """Return the AUROC against decoys by group; empty for a genome without decoys."""
    heading = "AUROC against decoys, by group"
    note = (
        "Positive bins against decoy bins only, which have the same parts but break the rule: 0.5 "
        "means that a model knows the parts but not the rule."
    )
    if "decoy_auroc" not in run.metrics or run.metrics["decoy_auroc"].isna().all():
        return table(heading, [], [])
    return _groups_table(run, "decoy_auroc", heading, note)


def _groups_table(run: Run, metric: str, heading: str, note: str) -> Table:
    sizes, means, defined = group_means(run, metric)
    rows: list[list[object]] = []
    for group, size in sizes.items():
        counts = {}
        for model, count in defined.loc[group].items():
            if 0 < count < size:
                counts[model] = f" ({count})"
        cells = _score_cells(means.loc[group], run, counts)
        rows.append([group, size, *cells])
    columns = ["group", "targets", *map(title, run.predictors)]
    return table(heading, columns, rows, ["group"], note)


def scores_table(run: Run) -> Table:
    """Return the AUPRC of every model on every target."""
    scores = run.scores("auprc")
    rows: list[list[object]] = []
    for row in run.targets.itertuples():
        cells = _score_cells(scores.loc[row.Index], run, {})
        prevalence = number(row.prevalence)
        rows.append([row.label, row.group, prevalence, *cells])
    columns = ["target", "group", "prevalence", *map(title, scores)]
    note = (
        "Bold: the best network. Shaded: a baseline above every network. NA: undefined, or no "
        "known motif for a baseline that needs one."
    )
    return table("AUPRC by target", columns, rows, ["target", "group"], note)


def _score_cells(scores: pd.Series, run: Run, counts: Mapping[str, str]) -> Sequence[Cell]:
    """Return a cell per model, marked by its standing."""
    cells = []
    for model, score in scores.items():
        text = number(score) + counts.get(model, "")
        mark = standing(scores, model, run)
        cells.append(Cell(text, mark=mark))
    return cells
