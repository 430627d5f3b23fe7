"""The comparison of the models: as a whole, by group and by target."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from danq.catalog import METRICS
from danq.report import figures
from danq.report.decoy_figure import decoy_figure
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
from danq.report.forest import target_forest
from danq.report.learning_figure import learning_curve
from danq.report.learning_text import learning_sentences
from danq.report.overlay_figure import all_curves
from danq.report.page import Cell, Column, Figure, Fold, Section, Table, table, table_of
from danq.report.run import Run
from danq.report.run_scores import Pair, validation_means
from danq.report.sections.pieces import interval_cell, model_cell, page_figures
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
    "Forest plots: the difference on every target, the highest first. Scatter plots: each point is "
    "a target; above the diagonal, the model named on the vertical axis has the higher AUPRC. "
    "Bars are 95 % intervals of the difference, drawn where they exclude 0; such points are filled."
)
_OPENS = "A click on a point opens the precision-recall curves of its target."
_ORACLES = (
    "This genome is simulated, so two oracles are shown beside the models: both know where the "
    "planted sites are, and only one of them knows the rule that makes a site count."
)
_CURVES_OF_ALL = "Precision-recall curves of all targets"
_METRICS_NOTE = (
    "Over the targets with defined values, seeds averaged first; below AUPRC its range over seeds. "
    "Lift: AUPRC over prevalence. Recall at 50 % FDR: the largest recall at a precision of at "
    "least one half. The published tables of these networks probably have the trapezoid. Scores "
    "that are not probabilities have no Brier score and no calibration error."
)
MOST_CURVES = 20
"""Targets whose curves are drawn together above the fold, at most."""

MOST_PAIRS = 3
"""Pairs with figures of their own above the fold, at most."""


def comparison(run: Run) -> Section:
    """Compare the models of a run, by target, by group and as a whole."""
    pairs = run.main_pairs()[:MOST_PAIRS]
    forests = [target_forest(run, pair) for pair in pairs]
    scatters = [figures.scatter(run, pair) for pair in pairs]
    others = [pair for pair in run.pairs if pair.models not in {main.models for main in pairs}]
    curve = learning_curve(run)
    decoys = decoy_figure(run)
    drawn = _all_curves(run)
    few = len(run.targets) <= MOST_CURVES
    opens = _OPENS if run.curves is not None else ""
    text = [sentence(_POINTS, opens), *([_ORACLES] if run.oracles else [])]
    return Section(
        anchor="comparison",
        title="The comparison",
        text=[*text, *learning_sentences(run)],
        figures=[
            *(forest for forest in forests if forest is not None),
            *page_figures(*scatters, curve, figures.reliability(run)),
            *([decoys] if decoys else []),
            *(drawn if few else []),
        ],
        tables=[make_table(run) for make_table in _tables()],
        folds=[
            _differences(run),
            _further_figures(run, others),
            Fold(_CURVES_OF_ALL, figures=[] if few else drawn),
        ],
    )


def _all_curves(run: Run) -> list[Figure]:
    """Draw the curves of all targets; their numbers are those that a click on a target opens."""
    figures_drawn = page_figures(all_curves(run))
    return [figure._replace(table=()) for figure in figures_drawn]


def _differences(run: Run) -> Fold:
    """Return the numbers of all differences."""
    makers = (groups_table, group_differences_table, difference_table, auroc_table)
    tables = [make_table(run) for make_table in makers]
    return Fold("Numbers by group, and of all differences: AUPRC and AUROC", tables=tables)


def _further_figures(run: Run, others: Sequence[Pair]) -> Fold:
    """Return the figures of other pairs, and differences against the number of positives."""
    forests = [target_forest(run, pair) for pair in others]
    drawings = [figures.scatter(run, pair) for pair in others]
    drawings += [figures.effects(run, pair) for pair in run.main_pairs()]
    known = [forest for forest in forests if forest is not None]
    title_text = "Other pairs of models, and differences by the number of positives"
    return Fold(title_text, figures=[*known, *page_figures(*drawings)])


def _tables() -> list[Callable[[Run], Table]]:
    """Return the tables of the comparison, from top to bottom."""
    return [means_table, fold_table, decoy_table, scores_table]


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
    """Return the mean of every metric of each model, and over how many targets it is."""
    finding = model_means(run)
    rows: list[list[object]] = []
    for row in finding.itertuples():
        cells = _metric_cells(run, row.model, _range(row.low, row.high))
        rows.append([model_cell(row.model), _seeds(row.seeds), row.targets, row.undefined, *cells])
    columns = ["model", "seeds", "targets", "NA"]
    columns += [metric.title for metric in METRICS.values()]
    note = _METRICS_NOTE
    for shared in shared_means(run):
        columns.append(f"AUPRC on the {shared.n_targets} targets of the {title(shared.baseline)}")
        for row, model in zip(rows, finding["model"], strict=True):
            row.append(number(shared.means[model]))
        note = _METRICS_NOTE + " Means over different targets cannot be compared."
    return table(
        "Means over targets", columns, rows, ["model"], sentence(note, _order_sentence(run))
    )


def _metric_cells(run: Run, model: str, seed_range: str) -> list[Cell]:
    """Return the mean of every metric of a model; below that of AUPRC its range over seeds."""
    means, undefined = metric_means(run)
    cells = []
    for metric in METRICS:
        n_undefined = undefined.loc[model, metric]
        on_some = n_undefined != undefined.loc[model, "auprc"] and n_undefined < len(run.targets)
        note = f"NA: {n_undefined}" if on_some else ""
        cells.append(
            Cell(number(means.loc[model, metric]), seed_range if metric == "auprc" else note)
        )
    return cells


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
    return "" if np.isnan(low) else f"{number(low)} to {number(high)}"


# --- differences ---


def group_differences_table(run: Run) -> Table:
    """Return the mean difference of each pair over each group; empty for a single group."""
    groups = compared_groups(run)
    rows: list[list[object]] = []
    for group, n_targets in groups.items():
        cells = [interval_cell(pair.groups.loc[group]) for pair in run.pairs]
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
    return _pairs_table("AUPRC differences", run, interval_cell, note)


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
        "group. A group of one target is that target, below."
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
    several = sizes if metric != "auprc" else sizes[sizes > 1]
    for group, size in several.items():
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
