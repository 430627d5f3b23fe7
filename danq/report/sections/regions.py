"""A few stretches of the genome: what all models predict there, over the peaks."""

from collections.abc import Sequence

import pandas as pd

from danq.plotting.style import Style, styles
from danq.plotting.track_svg import Line, Row, tracks_svg
from danq.report.findings.regions import (
    MOST_TARGETS,
    RegionTracks,
    TargetTracks,
    drawn_regions,
)
from danq.report.page import Figure, Section, numbers
from danq.report.run import Run
from danq.report.run_predicted import BINS
from danq.report.words import number, plural, sentence, title

_WHAT = (
    "What do the models say along the genome? Lines: the probability of each model, its seeds "
    "averaged. Shaded, and marked below: the peaks that were given."
)
_RULE = (
    f"Drawn are stretches of {BINS} bins of the test split, which no training saw: those with "
    "peaks of the most targets, and of equal ones those with the most labels."
)
_WANTED = "The stretches are those of the configuration; a model may have been trained on them."
_BROWSERS = (
    "The folder predicted/hub of this run opens all tracks in genome browsers: igv_session.xml in "
    "IGV; hub.txt, served over http, in the UCSC Genome Browser."
)


def regions(run: Run, loci: Sequence[str] | None) -> list[Section]:
    """Show stretches of the genome with tracks and peaks.

    Parameters
    ----------
    run : danq.report.run.Run
        A finished run.
    loci : sequence of str or None
        Stretches that the configuration names; None where nothing is to be predicted.

    Returns
    -------
    list of danq.report.page.Section
        Empty where there is nothing to draw.
    """
    drawn = [] if loci is None else drawn_regions(run, loci)
    if not drawn:
        return []
    text = [sentence(_WHAT, _WANTED if loci else _RULE), _BROWSERS]
    figures = [region_figure(run, tracks) for tracks in drawn]
    return [Section("regions", "Predictions over peaks", text=text, figures=figures)]


def region_figure(run: Run, tracks: RegionTracks) -> Figure:
    """Draw a stretch: a row for each target, a line for each model.

    Parameters
    ----------
    run : danq.report.run.Run
        A finished run.
    tracks : danq.report.findings.regions.RegionTracks
        What is drawn.

    Returns
    -------
    danq.report.page.Figure
    """
    colours = styles(run.predictors)
    rows = [_row(run, target, colours) for target in tracks.targets]
    region = tracks.region
    svg = tracks_svg(rows, region.start, region.end)
    models = dict.fromkeys(track.model for target in tracks.targets for track in target.tracks)
    legend = [(_style(model, colours), title(model)) for model in models]
    heading = f"{region.chrom}:{region.start:,}-{region.end:,}"
    table = numbers(_values(run, tracks))
    return Figure(heading, svg, _note(run, tracks), legend, table)


def _style(model: str, colours: dict[str, Style]) -> Style:
    """Return the look of a model: its colour is that of all figures."""
    look = colours.get(model) or styles([model])[model]
    return Style(look.colour, "o")


def _row(run: Run, target: TargetTracks, colours: dict[str, Style]) -> Row:
    top = max(target.highest, 0.01)
    lines = []
    for track in target.tracks:
        colour = _style(track.model, colours).colour
        lines.append(Line(colour, track.start, track.end, track.value))
    name = f"{run.targets.loc[target.target, 'label']}, 0 to {number(top, 2)}"
    return Row(name, target.peaks, lines, top)


def _note(run: Run, tracks: RegionTracks) -> str:
    n_targets = len(run.targets)
    peaks = f"{tracks.n_with_peaks} of {plural(n_targets, 'target')} have peaks here."
    limit = ""
    if n_targets > MOST_TARGETS:
        limit = f"At most {MOST_TARGETS} are drawn, those with peaks first."
    scale = "Each row has its own scale, from 0 to the highest probability of any model."
    return sentence(peaks, limit, scale)


def _values(run: Run, tracks: RegionTracks) -> pd.DataFrame:
    """Return what is drawn: a row for each stretch of bases, a column for each line."""
    columns = []
    for target in tracks.targets:
        label = run.targets.loc[target.target, "label"]
        for track in target.tracks:
            bases = pd.MultiIndex.from_arrays([track.start, track.end], names=["start", "end"])
            name = f"{label}, {title(track.model)}"
            columns.append(pd.Series(track.value.round(4), index=bases, name=name))
    table = pd.concat(columns, axis=1).sort_index().reset_index()
    table.insert(0, "chrom", tracks.region.chrom)
    return table
