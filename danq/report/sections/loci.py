"""One locus of each target, base by base: what the models read there."""

import numpy as np
import pandas as pd

from danq.plotting.svg import Locus as DrawnLocus
from danq.plotting.svg import locus_svg
from danq.report.findings.loci import (
    LONGEST,
    WIDTH,
    Disagreement,
    Locus,
    disagreement,
    explained_models,
    explained_targets,
    target_loci,
)
from danq.report.page import Figure, Fold, Section, numbers
from danq.report.run import Run
from danq.report.words import number, percent, plural, sentence, title

MOST = 8
"""Targets of which a locus is drawn, at most."""

OPEN = 3
"""Of these, targets whose locus is shown without unfolding."""

METHODS = {
    "mutagenesis": (
        "Which bases does a prediction depend on? Every base of a window is replaced by each of "
        "the other three. The height of a base is the mean fall in log-odds; a base below the line "
        "lowers the prediction."
    ),
    "gradients": (
        "Which bases does a prediction depend on? The heights of bases are integrated gradients: "
        "together they add up to the log-odds of the window, less those of equal shares of the "
        "four bases everywhere; a base below the line lowers the prediction."
    ),
}
"""What is drawn, by the method of the attributions."""


def loci(run: Run) -> list[Section]:
    """Show which bases each of the main models reads; nothing where no window was explained."""
    targets = explained_targets(run)
    if not targets:
        return []
    found = disagreement(run)
    order = _ordered(targets, found)
    limit = ""
    if len(targets) > MOST:
        limit = f"{MOST} of {len(targets)} targets are shown."
    windows = (
        "For each model, the first of the windows that were explained, and in it the "
        f"{WIDTH} to {LONGEST} bp that hold most of the score. Where the models share a window, "
        "they show the same bases. All models of a target have the same scale."
    )
    method = explained_models(run)[0].facts["method"]
    text = [METHODS[method], sentence(windows, limit)]
    drawings = [locus_figure(run, target) for target in order[:MOST]]
    if found is not None:
        drawings[0] = _with_choice(drawings[0], found)
    rest = Fold(f"Loci of {plural(len(drawings[OPEN:]), 'more target')}", figures=drawings[OPEN:])
    shown = drawings[:OPEN]
    heading = "One locus, base by base"
    return [Section("loci", heading, text=text, figures=shown, folds=[rest])]


def _ordered(targets: list[int], found: Disagreement | None) -> list[int]:
    """Return the targets in their order, but first the one on which the models disagree most."""
    if found is None:
        return targets
    others = [target for target in targets if target != found.target]
    return [found.target, *others]


def _with_choice(figure: Figure, found: Disagreement) -> Figure:
    """Say above the notes of a figure why its window comes first."""
    low = f"{number(found.low)} by {title(found.lowest)}"
    high = f"{number(found.high)} by {title(found.highest)}"
    why = (
        "Comes first: of the windows that all models explained, one for each of "
        f"{plural(found.n_windows, 'target')}, they disagree most on this: {low}, {high}."
    )
    return figure._replace(note=sentence(why, figure.note))


def locus_figure(run: Run, target: int) -> Figure:
    """Draw the loci of the models for a target, each in its best window.

    Parameters
    ----------
    run : Run
        A run with attributions.
    target : int
        Its index.

    Returns
    -------
    Figure
    """
    models = target_loci(run, target)
    label = run.targets.loc[target, "label"]
    svg = locus_svg([_drawn(locus) for locus in models])
    table = pd.concat([locus.table() for locus in models])
    table["model"] = table["model"].map(title)
    return Figure(label, svg, _note(models), table=numbers(table), is_wide=is_long(models))


def is_long(models: list[Locus]) -> bool:
    """Say whether loci are too long for a column of the page."""
    return max(locus.end - locus.start for locus in models) > WIDTH


def _note(models: list[Locus]) -> str:
    tallest = max(np.abs(locus.heights).max() for locus in models)
    note = (
        f"In parentheses: the probability. Tallest base: {number(tallest, 2)}. Shaded: the "
        "labelled bin."
    )
    sites = ""
    if any(len(locus.sites) for locus in models):
        sites = "Under the bases: planted sites, and their strands."
    errors = [locus.completeness_error for locus in models]
    known = [error for error in errors if np.isfinite(error)]  # of gradients
    error = f"Largest completeness error: {percent(max(known))}." if known else ""
    return sentence(note, sites, error)


def _drawn(locus: Locus) -> DrawnLocus:
    where = f"{locus.chrom}:{locus.start:,}-{locus.end:,}"
    probability = number(locus.probability)
    name = f"{title(locus.model)}, {where} ({probability})"
    sites = []
    for site in locus.sites.itertuples():
        arrow = "←" if site.strand == "-" else "→"
        start = int(site.start)
        end = int(site.end)
        sites.append((start, end, f"{site.factor} {arrow}"))
    return DrawnLocus(name, locus.heights, locus.start, locus.bin, sites)
