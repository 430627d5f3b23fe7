"""The figures of a finished run: what `danq plot`, the report and the notebooks draw.

Each function takes a `danq.report.results.Run` and returns a `Drawing`, or None when the run lacks what it draws;
`danq.plotting` draws, and knows nothing of runs.
"""

from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from danq.errors import DanqError
from danq.files import write_table
from danq.motif.sites import ARRANGEMENTS
from danq.plotting import charts, curves
from danq.plotting.drawing import refuse_format, save_figure
from danq.plotting.style import Style, legend_entries, styles
from danq.report import results
from danq.report.words import (
    interval,
    listed,
    number,
    percent,
    plural,
    signed,
    tally,
    title,
    versus,
)
from danq.simulation.truth import truth


class Drawing(NamedTuple):
    """A figure and what belongs to it.

    Attributes
    ----------
    name : str
        Short and unique in a run.
    title, note : str
        What it shows, and what a reader must know.
    figure : matplotlib.figure.Figure
    legend : tuple of (Style, str)
        What colours and markers stand for.
    numbers : pandas.DataFrame
        What is drawn.
    """

    name: str
    title: str
    note: str
    figure: Figure
    legend: tuple
    numbers: pd.DataFrame


def scatter(run, pair):
    """Draw the AUPRC of one model of a pair against the other's, a point per target."""
    rows = pair.rows.join(run.targets[["label"]]).dropna(subset=["auprc_a", "auprc_b"])
    if rows.empty:
        return None
    style = styles(run.targets["group"])
    figure, ax = charts.canvas(4.2, 4.0)
    texts = [
        f"{row.label} ({row.group}): {title(pair.a)} {number(row.auprc_a)}, {title(pair.b)} "
        f"{number(row.auprc_b)}, difference {signed(row.difference)} {interval(row.low, row.high)}"
        for row in rows.itertuples()
    ]
    charts.scatter_models(
        ax,
        rows["auprc_a"],
        rows["auprc_b"],
        groups=rows["group"],
        low=rows["low"],
        high=rows["high"],
        titles=texts,
        keys=list(rows.index),
        style=style,
        labels=(f"AUPRC, {title(pair.a)}", f"AUPRC, {title(pair.b)}"),
    )
    missing = len(pair.rows) - len(rows)
    note = f"{tally(pair).capitalize()}.{f' NA: {missing} not drawn.' if missing else ''}"
    shown = rows[["label", "group", "auprc_a", "auprc_b", "difference", "low", "high"]].set_axis(
        ["target", "group", title(pair.a), title(pair.b), "difference", "low", "high"], axis=1
    )
    return Drawing(
        f"{pair.a}-{pair.b}",
        f"{title(pair.a)} against {title(pair.b)}",
        note,
        figure,
        legend_entries(style),
        shown,
    )


def effects(run, pair):
    """Draw the difference of a pair on each target against the target's number of positive windows."""
    rows = pair.rows.join(run.targets[["label", "prevalence", "n_positive"]]).dropna(
        subset=["difference"]
    )
    if rows.empty:
        return None
    style = styles(run.targets["group"])
    figure, ax = charts.canvas(4.2, 4.0)
    texts = [
        f"{row.label} ({row.group}): difference {signed(row.difference)} {interval(row.low, row.high)}, "
        f"{row.n_positive:,.0f} positive windows, {percent(row.prevalence)}"
        for row in rows.itertuples()
    ]
    charts.effects(
        ax,
        rows["n_positive"],
        rows["difference"],
        low=rows["low"],
        high=rows["high"],
        groups=rows["group"],
        titles=texts,
        keys=list(rows.index),
        style=style,
        labels=("positive test windows", f"AUPRC, {versus(pair)}"),
    )
    shown = rows[
        ["label", "group", "prevalence", "n_positive", "difference", "low", "high"]
    ].rename(columns={"label": "target"})
    return Drawing(
        f"effect-{pair.a}-{pair.b}",
        f"{versus(pair)} and the number of positives",
        "All targets have the same windows, so prevalence rises with the number of positive windows.",
        figure,
        legend_entries(style),
        shown,
    )


def prevalence(run):
    """Draw the prevalence of the targets in the test split, by rank."""
    targets, style = run.targets, styles(run.targets["group"])
    figure, ax = charts.canvas(5.4, 3.7)
    texts = [
        f"{row.label} ({row.group}): {percent(row.prevalence)}, {row.n_positive:,.0f} positive windows"
        for row in targets.itertuples()
    ]
    charts.prevalence(
        ax,
        targets["prevalence"],
        groups=targets["group"],
        titles=texts,
        keys=list(targets.index),
        style=style,
    )
    absent = int((targets["prevalence"] == 0).sum())
    note = f"{plural(absent, 'target')} without a positive window not drawn." if absent else ""
    shown = targets[["label", "group", "n_positive", "prevalence"]].rename(
        columns={"label": "target"}
    )
    return Drawing(
        "prevalence", "Prevalence in the test split", note, figure, legend_entries(style), shown
    )


def reliability(run):
    """Draw how far the probabilities of each network can be taken at their word."""
    if run.reliability is None or run.reliability.empty:
        return None
    table = _pooled(run.reliability)
    models = [model for model in run.networks if model in set(table["model"])]
    style = _model_styles(run)
    lines = [table[table["model"] == model] for model in models]
    texts = [
        [
            f"{title(model)}: of {row.n:,.0f} labels predicted as {number(row.predicted)} on average, "
            f"{number(row.observed)} are positive"
            for row in line.itertuples()
        ]
        for model, line in zip(models, lines, strict=True)
    ]
    figure, ax = charts.canvas(4.2, 4.0)
    curves.reliability(
        ax,
        *([line[column] for line in lines] for column in ("predicted", "observed")),
        labels=models,
        titles=texts,
        style=style,
    )
    return Drawing(
        "reliability",
        "Calibration",
        "Labels of all targets by predicted probability, in bins of 0.1; on the diagonal, a probability "
        "means what it says.",
        figure,
        _model_legend(models, style),
        table.assign(model=table["model"].map(title)),
    )


def _pooled(reliability):
    """Return the bins of each model over its seeds: means weighted by labels."""
    sums = reliability.assign(
        predicted=reliability["predicted"] * reliability["n"],
        observed=reliability["observed"] * reliability["n"],
    )
    sums = sums.groupby(["model", "bin"], as_index=False)[["predicted", "observed", "n"]].sum()
    means = {column: sums[column] / sums["n"] for column in ("predicted", "observed")}
    return sums.assign(**means).drop(columns="bin")


def validation(run):
    """Draw the validation AUPRC of each training over its epochs."""
    trained, best, style = _histories(run)
    if not trained:
        return None
    texts = [
        f"{title(one.model)}, seed {one.seed}: epoch {epoch}, validation AUPRC "
        f"{number(one.history['valid_auprc'].iloc[epoch - 1])}"
        for one, epoch in zip(trained, best, strict=True)
    ]
    figure, ax = charts.canvas(5.4, 3.7)
    curves.training_curves(
        ax,
        [one.history["valid_auprc"] for one in trained],
        labels=[one.model for one in trained],
        best=best,
        titles=texts,
        ylabel="mean AUPRC",
        style=style,
    )
    return Drawing(
        "validation",
        "Validation AUPRC",
        "Dot: the epoch of highest AUPRC, whose weights were kept.",
        figure,
        _model_legend(run.networks, style),
        _epochs(trained, ["valid_auprc"]),
    )


def loss(run):
    """Draw the loss of each training over its epochs, on the validation and the training split."""
    trained, _, style = _histories(run)
    if not trained:
        return None
    figure, ax = charts.canvas(5.4, 3.7)
    for column, dashed in (("valid_loss", False), ("train_loss", True)):
        curves.training_curves(
            ax,
            [one.history[column] for one in trained],
            labels=[one.model for one in trained],
            dashed=dashed,
            ylabel="cross-entropy",
            style=style,
        )
    return Drawing(
        "loss",
        "Loss",
        "Solid: validation. Dashed: training.",
        figure,
        _model_legend(run.networks, style),
        _epochs(trained, ["valid_loss", "train_loss"]),
    )


def _histories(run):
    trained = [one for one in run.trained if not one.history.empty]
    return trained, [results.best_epoch(one.history) for one in trained], _model_styles(run)


def _epochs(trained, columns):
    return pd.concat(
        [
            one.history[columns].assign(
                model=title(one.model), seed=one.seed, epoch=range(1, len(one.history) + 1)
            )
            for one in trained
        ]
    )[["model", "seed", "epoch", *columns]]


def precision_recall(run, target):
    """Draw the precision-recall curves of every predictor for one target (its index)."""
    if run.curves is None:
        return None
    rows = run.curves[run.curves["target"] == target]
    models = [
        model for model in run.networks + run.baselines + run.oracles if model in set(rows["model"])
    ]
    if not models:
        return None
    style, facts = _model_styles(run), run.targets.loc[target]
    lines = [rows[rows["model"] == model] for model in models]
    figure, ax = charts.canvas(4.2, 4.0)
    curves.precision_recall(
        ax,
        *([line[column] for line in lines] for column in ("recall", "precision")),
        labels=models,
        prevalence=facts["prevalence"],
        style=style,
    )
    return Drawing(
        f"curves-{target}",
        f"Precision and recall: {facts['label']} ({facts['group']})",
        "Seeds averaged. The horizontal line is the prevalence: what guessing gives.",
        figure,
        _model_legend(models, style),
        rows.assign(model=rows["model"].map(title)),
    )


def interactions(run, pair, target=None):
    """Draw what each training makes of a pair of motifs beyond the sum of its parts, against their distance.

    Parameters
    ----------
    run : danq.report.results.Run
    pair : tuple of (str, str)
        Identifiers of two motifs, as in columns a and b of grammar.tsv.
    target : int, optional
        Whose prediction; by default the target on which the planted rule of the pair bears, or else the one with the
        largest interaction.

    Returns
    -------
    Drawing or None
        Four panels: which motif comes first, and whether both are on one strand.
    """
    rows = run.grammar[(run.grammar["a"] == pair[0]) & (run.grammar["b"] == pair[1])]
    rule = planted_rule(run, rows)
    target = concerned(rows, rule) if target is None else target
    label, style, name = run.targets.loc[target, "label"], _model_styles(run), rows["pair"].iloc[0]
    rows = _over_seeds(rows[rows["target"] == target])
    figure = Figure(figsize=(4.5, 4.4), layout="constrained", facecolor="none")
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    for ax, (order, orientation) in zip(axes.flat, ARRANGEMENTS, strict=True):
        own = rows[(rows["order"] == order) & (rows["orientation"] == orientation)]
        _interaction_panel(ax, own, style, rule, target)
        first, second = (name.split("+")[" ab".index(base) - 1] for base in order.split())
        ax.set_title(f"{first} … {second}, {orientation} strand", fontsize=8, parse_math=False)
        ax.label_outer()
    shaded = (
        ""
        if rule.empty
        else " Shaded: distances at which the planted rule makes the pair positive, or negative."
    )
    return Drawing(
        f"interactions-{pair[0]}-{pair[1]}-{target}",
        f"{name}: what the pair does to {label}",
        "Log-odds of both less those of each alone, plus those of neither; 0: the model adds its motifs up. "
        f"Bands: 1.96 standard errors, between seeds where there are several, else between windows.{shaded}",
        figure,
        _model_legend(list(dict.fromkeys(rows["model"])), style),
        rows,
    )


def planted_rule(run, rows):
    """Return the interaction of the planted labels, see `danq.simulation.truth.truth`, for the rows of one pair of motifs.

    Empty for a genome that is not simulated, and for motifs that were not planted.
    """
    return (
        truth(
            rows.drop_duplicates(["order", "orientation", "distance"]),
            int(run.facts["window"]),
            int(run.facts["bin_size"]),
        )
        if run.planted
        else pd.DataFrame(columns=["target", "effect"])
    )


def concerned(rows, rule):
    """Return the target (its index) that a pair is about: that of the planted rule, or of the largest interaction."""
    planted = rule[rule["effect"] != 0]
    if len(planted):
        return int(planted["target"].mode()[0])
    return int(rows.loc[rows["effect"].abs().idxmax(), "target"])


def _interaction_panel(ax, rows, style, rule, target):
    """Draw one arrangement: a line per model."""
    lines = [own.sort_values("distance") for _, own in rows.groupby("model", sort=False)]
    distances = lines[0]["distance"].to_numpy()
    holds = None
    if len(rule):
        own = rule[
            (rule["target"] == target)
            & (rule["order"] == rows["order"].iloc[0])
            & (rule["orientation"] == rows["orientation"].iloc[0])
        ].sort_values("distance")
        holds = own["effect"].to_numpy() != 0
    curves.interaction_curves(
        ax,
        distances,
        *([line[column] for line in lines] for column in ("effect", "se")),
        labels=[line["model"].iloc[0] for line in lines],
        planted=holds,
        style=style,
    )


def ablation(run, one):
    """Draw what each target loses when filters of a training (`danq.report.results.Trained`) are ablated."""
    if one.ablation.empty:
        return None
    table = one.ablation.pivot_table(index="motif", columns="target", values="effect", sort=False)
    filters, targets = (_largest(table.abs().max(axis=axis)) for axis in (1, 0))
    matrix = table.loc[filters, targets].fillna(0)
    matrix = matrix.iloc[_alike_together(matrix.to_numpy()), _alike_together(matrix.to_numpy().T)]
    factors = {name: f"(began as {motif})" for name, motif in one.initialised_from().items()}
    factors |= (
        dict(one.named()[["name", "factor"]].itertuples(index=False)) if len(one.matches) else {}
    )
    names = [f"{factors.get(name, '')} {name}".strip() for name in matrix.index]
    labels = [run.targets["label"].get(target, str(target)) for target in matrix.columns]
    figure, ax = charts.canvas(2.2 + 0.24 * len(labels), 1.4 + 0.17 * len(names))
    charts.effect_matrix(ax, matrix.to_numpy(), rows=names, columns=labels)
    few = [
        f"the {len(part)} {what} with the largest effects of {total}"
        for part, what, total in (
            (names, "filters", len(table)),
            (labels, "targets", table.shape[1]),
        )
        if len(part) < total
    ]
    note = (
        "Mean fall of a target's log-odds over its positive windows when a filter never fires; blue where they "
        f"rise. Like rows and like columns stand together.{f' Shown: {listed(few)}.' if few else ''}"
    )
    shown = matrix.set_axis(labels, axis=1).set_axis(names).rename_axis("filter").reset_index()
    return Drawing(
        f"ablation-{one.model}-{one.seed}",
        f"What ablation a filter costs: {title(one.model)}, seed {one.seed}",
        note,
        figure,
        (),
        shown,
    )


MOST_SHOWN = 40


def _largest(sizes):
    return sizes.sort_values(ascending=False, kind="stable").index[:MOST_SHOWN].sort_values()


def _alike_together(rows):
    """Return an order of rows in which like ones are neighbours: the leaves of an average linkage."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    return leaves_list(linkage(rows, "average", optimal_ordering=True)) if len(rows) > 1 else [0]


def _over_seeds(rows):
    """Return the mean effect over seeds, with the standard error between seeds, or of a single seed between windows."""
    keys = ["model", "order", "orientation", "distance"]
    found = (
        rows.groupby(keys, sort=False)
        .agg(
            effect=("effect", "mean"),
            spread=("effect", "sem"),
            se=("se", "first"),
            seeds=("seed", "nunique"),
        )
        .reset_index()
    )
    return found.assign(se=found["spread"].where(found["seeds"] > 1, found["se"])).drop(
        columns="spread"
    )


def _model_styles(run):
    """Return the colour of every predictor: the same in all figures."""
    looks = styles(run.networks + run.baselines + run.oracles)
    return {model: Style(look.colour, "o") for model, look in looks.items()}


def _model_legend(models, style):
    return tuple((style[model], title(model)) for model in models)


def plot(folder, kind, output, *, pair=(), target=None, table=None):
    """Draw one figure of a finished run.

    Parameters
    ----------
    folder : path
        ``results/<run>``.
    kind : str
        A key of `danq.config.FIGURES`.
    output : path
        The drawing to make; its suffix says in what format (svg, png, pdf).
    pair : sequence of str
        With scatter and effects: two models; with interactions: a pair of motifs, as ``SRF+REST``; none given, the
        first that the run is about.
    target : str, optional
        With curves and interactions: the target's name or index.
    table : path, optional
        Made: the numbers that are drawn (TSV).

    Raises
    ------
    DanqError
        No such pair or target, a format that cannot be written, or a run that lacks what is to be drawn.
    """
    refuse_format(output)
    run = results.read_run(folder)
    if kind in ("scatter", "effects"):
        drawing = {"scatter": scatter, "effects": effects}[kind](run, _pair(run, pair))
    elif kind == "curves":
        drawing = precision_recall(run, _target(run, target))
    elif kind == "interactions":
        drawing = _interactions(run, pair, target)
    else:
        drawing = {
            "prevalence": prevalence,
            "reliability": reliability,
            "validation": validation,
            "loss": loss,
        }[kind](run)
    if drawing is None:
        raise DanqError(
            f"holds nothing for the figure {kind}; make the run anew with this version of danq",
            folder,
        )
    _save(drawing, output)
    if table is not None:
        write_table(table, drawing.numbers)


def _save(drawing, path):
    """Write a `Drawing` to a file, with its title and its legend."""
    drawing.figure.set_facecolor("white")
    drawing.figure.suptitle(drawing.title, fontsize=10, parse_math=False)
    handles = [
        Line2D([], [], color=style.colour, marker=style.marker, linestyle="")
        for style, _ in drawing.legend
    ]
    # A legend takes names with a leading underscore for none.
    drawing.figure.legend(
        handles,
        [f"\N{ZERO WIDTH SPACE}{name}" for _, name in drawing.legend],
        ncols=3,
        fontsize=8,
        loc="outside lower center",
        frameon=False,
    )
    save_figure(drawing.figure, path, drawing.name)


def _pair(run, names):
    """Return the `Pair` of two models, in the order of the comparison; the first that the run is about by default."""
    known = [(pair.a, pair.b) for pair in run.pairs]
    if not known:
        raise DanqError("compares no models; train two of a pair, as danq and danq_conv", run.name)
    if not names:
        return run.main_pairs()[0]
    for pair in run.pairs:
        if {pair.a, pair.b} == set(names):
            return pair
    raise DanqError(
        f"{' and '.join(names)} were not compared in {run.name}; choose from "
        f"{', '.join(' '.join(pair) for pair in known)}"
    )


def _interactions(run, pair, target):
    """Draw the interactions of a pair of motifs by its name; the first by default."""
    if run.grammar is None:
        return None
    known = run.grammar.drop_duplicates("pair").set_index("pair")[["a", "b"]]
    name = pair[0] if pair else known.index[0]
    if name not in known.index:
        raise DanqError(
            f"{name} was not probed in {run.name}; choose from {', '.join(known.index)}"
        )
    return interactions(
        run, tuple(known.loc[name]), None if target is None else _target(run, target)
    )


def _target(run, name):
    """Return the index of a target given by index or name."""
    if name is None:
        raise DanqError("the figure curves is of one target; name it with --target")
    found = run.targets.index[
        (run.targets["label"] == name) | (run.targets["name"] == name)
    ].tolist()
    if not found and name.isdecimal() and int(name) in run.targets.index:
        return int(name)
    if len(found) != 1:
        some = ", ".join(run.targets["label"].head(8))
        raise DanqError(
            f"{len(found) or 'no'} targets are called {name!r}; give one by name or index, as {some}"
        )
    return found[0]
