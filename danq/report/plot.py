"""One figure of a finished run, as a file."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.lines import Line2D

from danq.errors import DanqError
from danq.files import PathLike, refuse_overwriting, write_table
from danq.plotting.drawing import refuse_format, save_figure
from danq.report import figures
from danq.report.figures import Drawing
from danq.report.learning_figure import learning_curve
from danq.report.overlay_figure import all_curves
from danq.report.run import Run, read_run, run_files
from danq.report.run_scores import Pair
from danq.report.tuning_figure import rates


def plot(
    folder: PathLike,
    kind: str,
    output: PathLike,
    *,
    pair: Sequence[str] = (),
    target: str | None = None,
    table: PathLike | None = None,
) -> None:
    """Draw one figure of a finished run.

    Parameters
    ----------
    folder : path
        ``results/<run>``.
    kind : str
        A key of `danq.config.FIGURES`.
    output : path
        The drawing to write; its suffix gives the format (svg, png, pdf).
    pair : sequence of str
        With scatter and effects: two models; with interactions: a pair of motifs, as ``SRF+REST``;
        by default the first that the report is about.
    target : str, optional
        With curves and interactions: the target's name or index; by default, curves are those
        of all targets.
    table : path, optional
        TSV to write: the numbers that are drawn.

    Raises
    ------
    DanqError
        No such pair or target, another format, a run without the data of the figure, or an output
        that is a file of the run.
    """
    refuse_format(output)
    outputs = [output] if table is None else [output, table]
    refuse_overwriting(outputs, run_files(folder), f"a file of the run {folder}")
    run = read_run(folder)
    drawing = _drawing(run, kind, pair, target)
    if drawing is None:
        what = f"has no data for the figure {kind}; make the run again with this version of danq"
        raise DanqError(what, folder)
    _save(drawing, output)
    if table is not None:
        write_table(table, drawing.numbers)


def _drawing(run: Run, kind: str, pair: Sequence[str], target: str | None) -> Drawing | None:
    if kind == "scatter":
        return figures.scatter(run, _pair(run, pair))
    if kind == "effects":
        return figures.effects(run, _pair(run, pair))
    if kind == "curves":
        return _curves(run, target)
    if kind == "interactions":
        return _interactions(run, pair, target)
    functions = {
        "prevalence": figures.prevalence,
        "reliability": figures.reliability,
        "validation": figures.validation,
        "loss": figures.loss,
        "learning_curve": learning_curve,
        "rates": rates,
    }
    return functions[kind](run)


def _curves(run: Run, target: str | None) -> Drawing | None:
    """Draw the precision-recall curves of a target by its name; of all targets by default."""
    if target is None:
        return all_curves(run)
    return figures.precision_recall(run, _target(run, target))


def _pair(run: Run, names: Sequence[str]) -> Pair:
    """Return the comparison of two models, in either order; by default that of the question."""
    if not run.pairs:
        raise DanqError("compares no models; train two of a pair, as danq and danq_conv", run.name)
    if not names:
        return run.main_pairs()[0]
    for pair in run.pairs:
        if {pair.a, pair.b} == set(names):
            return pair
    known = [f"{pair.a} {pair.b}" for pair in run.pairs]
    models = " and ".join(names)
    what = f"{models} were not compared in {run.name}; choose from {', '.join(known)}"
    raise DanqError(what)


def _interactions(run: Run, names: Sequence[str], target: str | None) -> Drawing | None:
    """Draw the interactions of a pair of motifs by its name; the first by default."""
    if run.grammar is None:
        return None
    pairs = run.grammar.drop_duplicates("pair").set_index("pair")[["a", "b"]]
    name = names[0] if names else pairs.index[0]
    if name not in pairs.index:
        known = ", ".join(pairs.index)
        raise DanqError(f"{name} was not probed in {run.name}; choose from {known}")
    index = None if target is None else _target(run, target)
    return figures.interactions(run, tuple(pairs.loc[name]), index)


def _target(run: Run, name: str) -> int:
    """Return the index of a target given by index or name."""
    matches = _targets_called(run.targets, name)
    if not matches and name.isdecimal() and int(name) in run.targets.index:
        return int(name)
    if len(matches) != 1:
        count = len(matches) or "no"
        names = ", ".join(run.targets["label"].head(8))
        what = f"{count} targets are called {name!r}; give one by name or index, as {names}"
        raise DanqError(what)
    return matches[0]


def _targets_called(targets: pd.DataFrame, name: str) -> list[int]:
    same = (targets["label"] == name) | (targets["name"] == name)
    return targets.index[same].tolist()


def _save(drawing: Drawing, path: PathLike) -> None:
    """Write a drawing to a file, with its title and its legend."""
    figure = drawing.figure
    figure.set_facecolor("white")
    figure.suptitle(drawing.title, fontsize=10, parse_math=False)
    handles = []
    labels = []
    for style, name in drawing.legend:
        handle = Line2D([], [], color=style.colour, marker=style.marker, linestyle="")
        handles.append(handle)
        # Matplotlib leaves names with a leading underscore out of a legend.
        labels.append(f"\N{ZERO WIDTH SPACE}{name}")
    layout = {"loc": "outside lower center", "ncols": 3, "fontsize": 8, "frameon": False}
    figure.legend(handles, labels, **layout)
    save_figure(figure, path, drawing.name)
