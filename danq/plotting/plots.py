"""Figures: arrays in, Axes out. Nothing here reads or saves a file, or knows what a metric is.

The functions draw on an Axes that the caller made, so a notebook arranges them as it likes; `svg` turns a figure
into text that can stand inside a page, and `logo_svg` and `interval_svg` draw the two small things that a page
holds by the hundred, in a fraction of the bytes and time.
"""

import io
import re
import warnings
from typing import NamedTuple
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, MaxNLocator

from danq.motif.meme import information

INK = "#22262b"
"""Colour of text, axes and diagonals; `svg` hands it over to the page (``currentColor``)."""

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8B6BB1")
"""Told apart with any colour vision (Okabe and Ito, https://jfly.uni-koeln.de/color/), but for the last."""

MARKERS = "osD^vPX"
OTHER = "#8A8F98"
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
BASES = {"A": "#2E9E4F", "C": "#2F6FBA", "G": "#E09A1A", "T": "#D2413A"}


class Style(NamedTuple):
    """How one group or model is drawn."""

    colour: str
    marker: str


def styles(labels):
    """Give each label its own colour and marker, in order of first appearance.

    Parameters
    ----------
    labels : iterable of str
        Groups or models, with repeats. After the seventh, all share one grey dot.

    Returns
    -------
    dict of str to Style

    Examples
    --------
    >>> styles(["TF", "DNase", "TF"])["DNase"]
    Style(colour='#E69F00', marker='s')
    """
    pairs = [*map(Style, COLOURS, MARKERS)]
    names = dict.fromkeys(labels)
    return {
        name: pairs[place] if place < len(pairs) else Style(OTHER, "o")
        for place, name in enumerate(names)
    }


def scatter_models(
    ax,
    a,
    b,
    *,
    groups=None,
    low=None,
    high=None,
    labels=("a", "b"),
    titles=None,
    keys=None,
    style=None,
):
    """Draw one point per target: model `b` to the right, model `a` upwards.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    a, b : array_like, shape (T,)
        A metric between 0 and 1 of each target; targets with an undefined value are left out.
    groups : sequence of str, length T, optional
        Colour and marker of each point.
    low, high : array_like, shape (T,), optional
        Interval of ``a - b``, drawn as a bar around each point. A point is filled when it excludes 0.
    labels : tuple of str
        Axis labels of `a` and `b`.
    titles : sequence of str, length T, optional
        What `svg` shows when the pointer rests on a point.
    keys : sequence of int, length T, optional
        Index of the target of each point, by which a page ties equal targets of its figures together.
    style : dict of str to Style, optional
        Colours of the groups; `styles` of the groups when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    defined = np.isfinite(a) & np.isfinite(b)
    limit = _limit(np.concatenate([a[defined], b[defined]]))
    ax.plot([0, limit], [0, limit], color=INK, linewidth=0.8, alpha=0.45, zorder=1)
    _differences(
        ax, b, a, defined, (low, high), b, groups, titles, keys, style
    )  # a bar is a - b, which starts at b
    ax.set(xlim=(0, limit), ylim=(0, limit), aspect="equal")
    return _dress(ax, labels[1], labels[0])


def training_curves(
    ax, curves, *, labels, best=None, dashed=False, ylabel="", titles=None, style=None
):
    """Draw one line per training run over its epochs, counted from 1.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; call again to lay other curves over these.
    curves : list of array_like, shape (epochs,)
        A value after each epoch; runs may differ in length.
    labels : list of str
        The model of each curve; equal labels (seeds of one model) share a colour.
    best : list of int, optional
        Epoch to mark on each curve.
    dashed : bool
        Draw dashed lines, for a second quantity on the same axes.
    ylabel : str
        Axis label.
    titles : list of str, optional
        What `svg` shows when the pointer rests on the mark of each curve.
    style : dict of str to Style, optional
        Colours of the labels; `styles` of the labels when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    style = style or styles(labels)
    for row, (curve, label) in enumerate(zip(curves, labels, strict=True)):
        epochs = np.arange(1, len(curve) + 1)
        # A run of one epoch is a dot: a line through one point would not show.
        ax.plot(
            epochs,
            curve,
            "--" if dashed else "-",
            color=style[label].colour,
            linewidth=1 if dashed else 1.7,
            alpha=0.8,
            marker="." if len(curve) == 1 else "",
            label=label,
        )
        if best is not None:
            _points(
                ax,
                epochs[[best[row] - 1]],
                np.asarray(curve, float)[[best[row] - 1]],
                style[label],
                True,
                None,
                _take(titles, [row]),
            )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return _dress(ax, "epoch", ylabel)


def interaction_curves(ax, distances, effects, errors, *, labels, planted=None, style=None):
    """Draw what two motifs do together, beyond the sum of their parts, against their distance: a line per model.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    distances : array_like, shape (D,)
        Distances (bp), ascending.
    effects, errors : list of array_like, shape (D,)
        Mean interaction of each curve (log-odds) and its standard error, of which 1.96 either way make a band: the
        95 % interval of a normal distribution.
    labels : list of str
        The model of each curve; equal labels (seeds of one model) share a colour.
    planted : array_like, shape (D,), bool, optional
        Distances at which a planted rule holds: shaded, half-way to their neighbours.
    style : dict of str to Style, optional
        Colours of the labels; `styles` of the labels when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    style, distances = style or styles(labels), np.asarray(distances, float)
    middles = (distances[1:] + distances[:-1]) / 2
    edges = np.concatenate([distances[:1], middles, distances[-1:]])
    holds = np.zeros(len(distances), int) if planted is None else np.asarray(planted, int)
    for first, last in np.flatnonzero(np.diff(holds, prepend=0, append=0)).reshape(-1, 2):
        ax.axvspan(edges[first], edges[last], color=INK, alpha=0.08, linewidth=0)
    ax.axhline(0, color=INK, linewidth=0.8, alpha=0.45)
    for effect, error, label in zip(effects, errors, labels, strict=True):
        effect, error, colour = (
            np.asarray(effect, float),
            np.asarray(error, float),
            style[label].colour,
        )
        ax.fill_between(
            distances,
            effect - 1.96 * error,
            effect + 1.96 * error,
            color=colour,
            alpha=0.2,
            linewidth=0,
        )
        ax.plot(
            distances,
            effect,
            color=colour,
            linewidth=1.7,
            alpha=0.8,
            marker="." if len(distances) == 1 else "",
            label=label,
        )
    return _dress(ax, "distance (bp)", "interaction (log-odds)")


def prevalence(ax, values, *, groups=None, titles=None, keys=None, style=None):
    """Draw targets by rank of their prevalence, on a logarithmic scale.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    values : array_like, shape (T,)
        Share of positive windows of each target. A target without any has no place on this scale and is left out.
    groups : sequence of str, length T, optional
        Colour and marker of each point.
    titles : sequence of str, length T, optional
        What `svg` shows when the pointer rests on a point.
    keys : sequence of int, length T, optional
        As `scatter_models`.
    style : dict of str to Style, optional
        Colours of the groups; `styles` of the groups when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    values = np.asarray(values, float)
    groups = np.array([""] * len(values) if groups is None else list(groups), dtype=object)
    style = style or styles(groups)
    order = [row for row in np.argsort(-values, kind="stable") if values[row] > 0]
    ranks = np.zeros(len(values))
    ranks[order] = np.arange(1, len(order) + 1)
    for group in dict.fromkeys(groups[order]):
        rows = [row for row in order if groups[row] == group]
        _points(
            ax,
            ranks[rows],
            values[rows],
            style[group],
            True,
            group,
            _take(titles, rows),
            _take(keys, rows),
            crowd=len(values),
        )
    ax.set_yscale("log")
    ax.set_xlim(0.3, len(order) + 0.7)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    _label_decades(ax.yaxis, ax.get_ylim(), "{:g} %", 100)
    return _dress(ax, "targets by rank", "positive windows")


def effects(
    ax,
    x,
    values,
    *,
    groups=None,
    low=None,
    high=None,
    labels=("x", "difference"),
    titles=None,
    keys=None,
    style=None,
):
    """Draw the difference between two models on each target against what may explain it, on a logarithmic scale.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array_like, shape (T,)
        Positive, as a prevalence or a number of windows; targets where it is 0 are left out.
    values, low, high : array_like, shape (T,)
        Differences and their intervals; a point is filled when its interval excludes 0.
    groups, titles, keys, style : optional
        As `scatter_models`.
    labels : tuple of str
        Axis labels.

    Returns
    -------
    matplotlib.axes.Axes
    """
    x, values = np.asarray(x, float), np.asarray(values, float)
    ax.axhline(0, color=INK, linewidth=0.8, alpha=0.45, zorder=1)
    _differences(
        ax,
        x,
        values,
        np.isfinite(values) & (x > 0),
        (low, high),
        np.zeros(len(x)),
        groups,
        titles,
        keys,
        style,
    )
    ax.set_xscale("log")
    _label_decades(ax.xaxis, ax.get_xlim(), "{:g}")
    return _dress(ax, *labels)


def reliability(ax, predicted, observed, *, labels, titles=None, style=None):
    """Draw, for each model, the share of positives among labels of about the same predicted probability.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    predicted, observed : list of array_like, shape (bins,)
        Mean probability and share of positives of each bin that holds any label.
    labels : list of str
        The model of each line.
    titles : list of list of str, optional
        What `svg` shows when the pointer rests on each point of each line.
    style : dict of str to Style, optional
        Colours of the labels; `styles` of the labels when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    style = style or styles(labels)
    ax.plot([0, 1], [0, 1], color=INK, linewidth=0.8, alpha=0.45, zorder=1)
    for row, label in enumerate(labels):
        ax.plot(
            predicted[row],
            observed[row],
            color=style[label].colour,
            linewidth=1.2,
            alpha=0.7,
            label=label,
        )
        _points(
            ax,
            predicted[row],
            observed[row],
            style[label],
            True,
            None,
            None if titles is None else titles[row],
        )
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    return _dress(ax, "mean predicted probability", "share of positives")


def precision_recall(ax, recall, precision, *, labels, prevalence, style=None):
    """Draw precision-recall curves of one target, a line per model.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    recall, precision : list of array_like, shape (points,)
        The points of each curve.
    labels : list of str
        The model of each curve.
    prevalence : float
        Share of positive windows: the precision of guessing, drawn as a line.
    style : dict of str to Style, optional
        Colours of the labels; `styles` of the labels when not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    style = style or styles(labels)
    ax.axhline(prevalence, color=INK, linewidth=0.8, alpha=0.45, linestyle=":")
    for row, label in enumerate(labels):
        ax.plot(
            recall[row],
            precision[row],
            color=style[label].colour,
            linewidth=1.5,
            alpha=0.85,
            label=label,
        )
    ax.set(xlim=(0, 1.01), ylim=(0, 1.01), aspect="equal")
    return _dress(ax, "recall", "precision")


def effect_matrix(ax, values, *, rows, columns):
    """Draw a matrix of effects in colour: red above 0, blue below, white at 0.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    values : numpy.ndarray, shape (R, C)
    rows, columns : list of str
        What to call them.

    Returns
    -------
    matplotlib.axes.Axes
    """
    limit = max(np.abs(values).max(), 1e-9)
    # An odd number of colours, so that 0 is white; few, so that their bar is drawn and no picture.
    colours = matplotlib.colormaps["RdBu_r"].resampled(41)
    mesh = ax.pcolormesh(values, cmap=colours, vmin=-limit, vmax=limit, edgecolors="none")
    bar = ax.figure.colorbar(
        mesh, ax=ax, shrink=min(1, 8 / len(rows)), ticks=[-limit, 0, limit], format="%.2g"
    )
    bar.set_label("fall in log-odds", color=INK)
    for part in (ax, bar.ax):
        part.tick_params(length=0, labelsize=7, colors=INK)
        for line in part.spines.values():
            line.set_color(INK)
    ax.set_xticks(
        np.arange(len(columns)) + 0.5, map(_short, columns), rotation=90, parse_math=False
    )
    ax.set_yticks(np.arange(len(rows)) + 0.5, map(_short, rows), parse_math=False)
    ax.invert_yaxis()
    return ax


def _short(name):
    """Return a name fit for an axis: what cannot be seen replaced, what is long cut."""
    seen = "".join(base if base.isprintable() else "\N{REPLACEMENT CHARACTER}" for base in name)
    return seen if len(seen) <= 28 else f"{seen[:27]}…"


def legend(style):
    """Return the legend of groups, pairs of `Style` and text; those beyond the palette share one entry."""
    own = [(look, group) for group, look in style.items() if look.colour != OTHER]
    rest = len(style) - len(own)
    return (
        *own,
        *([(Style(OTHER, "o"), f"{rest:,} other group{'' if rest == 1 else 's'}")] if rest else []),
    )


def logo(ax, matrix):
    """Draw a motif as a sequence logo (Schneider and Stephens 1990, https://doi.org/10.1093/nar/18.20.6097).

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    matrix : numpy.ndarray, shape (width, 4)
        Probabilities of A, C, G, T.

    Returns
    -------
    matplotlib.axes.Axes
    """
    import logomaker
    import pandas as pd

    heights = np.asarray(matrix) * information(np.asarray(matrix))[:, None]
    logomaker.Logo(pd.DataFrame(heights, columns=[*BASES]), ax=ax, color_scheme=BASES)
    ax.set_ylim(0, 2)
    ax.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    return _dress(ax, "position", "bits")


def score_logo(ax, heights, start, shaded=None):
    """Draw the bases along a stretch of the genome, as high as their scores; below the axis where these are negative.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    heights : numpy.ndarray, shape (width, 4)
        Score of the base that stands at each place (A, C, G, T), 0 for the others.
    start : int
        Place of the first base (bp, 0-based).
    shaded : tuple of (int, int), optional
        A part to shade (bp, 0-based half-open), where it lies inside.

    Returns
    -------
    matplotlib.axes.Axes
    """
    import logomaker
    import pandas as pd

    places = range(start, start + len(heights))
    logomaker.Logo(
        pd.DataFrame(heights, columns=[*BASES], index=places),
        ax=ax,
        color_scheme=BASES,
        baseline_width=0,
    )
    return _along_genome(ax, start - 0.5, start + len(heights) - 0.5, shaded)


def score_track(ax, scores, start, shaded=None, marked=None):
    """Draw the scores of a window's bases as bars along the genome.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    scores : array_like, shape (L,)
    start : int
        Place of the first base (bp, 0-based).
    shaded : tuple of (int, int), optional
        A part to shade (bp, 0-based half-open).
    marked : tuple of (int, int), optional
        A part to draw in colour, as the one that stands in bases elsewhere.

    Returns
    -------
    matplotlib.axes.Axes
    """
    places = np.arange(start, start + len(scores))
    inside = (
        np.zeros(len(scores), bool)
        if marked is None
        else (places >= marked[0]) & (places < marked[1])
    )
    for part, colour in ((~inside, INK), (inside, COLOURS[0])):
        ax.vlines(places[part], 0, np.asarray(scores)[part], color=colour, linewidth=0.8)
    return _along_genome(ax, start - 0.5, start + len(scores) - 0.5, shaded)


def _along_genome(ax, low, high, shaded):
    """Give axes along a genome their look; base i covers i - 0.5 to i + 0.5."""
    if shaded is not None and shaded[0] - 0.5 < high and shaded[1] - 0.5 > low:
        ax.axvspan(
            max(low, shaded[0] - 0.5),
            min(high, shaded[1] - 0.5),
            color=INK,
            alpha=0.07,
            linewidth=0,
            zorder=0,
        )
    ax.axhline(0, color=INK, linewidth=0.6, alpha=0.5)
    ax.set_xlim(low, high)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.ticklabel_format(axis="x", style="plain", useOffset=False)
    return _dress(ax, "", "score (logit)")


def canvas(width, height):
    """Return a Figure with one Axes, fit for `svg`.

    Parameters
    ----------
    width, height : float
        Size in inches.

    Returns
    -------
    tuple of (matplotlib.figure.Figure, matplotlib.axes.Axes)
    """
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
    return figure, figure.subplots()


def svg(figure, name):
    """Return a figure as an ``<svg>`` element to stand inside an HTML page.

    Text stays text, what was drawn in `INK` takes the page's colour and what was drawn in the palette the page's shade
    of it (`hue`; so a dark page stays legible), points carry their titles and, as ``data-target``, their keys, and
    equal figures give equal bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.
    name : str
        Unique on the page: it keeps this figure's inner references apart from those of others.

    Returns
    -------
    str
    """
    titled = figure.findobj(lambda artist: hasattr(artist, "titles"))
    for number, artist in enumerate(titled):
        artist.set_gid(f"titled-{number}")
    with (
        io.StringIO() as drawn,
        warnings.catch_warnings(),
        matplotlib.rc_context(
            {"svg.hashsalt": name, "svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"]}
        ),
    ):
        # Text stays text: the reader's browser has the bases that our font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(
            drawn, format="svg", metadata={"Date": None, "Creator": None}, transparent=True
        )
        root = ElementTree.fromstring(
            re.sub("#[0-9a-f]{6}", lambda found: hue(found[0]), drawn.getvalue())
        )
    _fit_for_html(root)
    for number, artist in enumerate(titled):
        group = root.find(f".//g[@id='titled-{number}']")
        # Several equal markers refer to one shape; a lone one may be drawn as a path of its own.
        marks = group.findall(".//use") or group.findall("./path")
        for mark, title, key in zip(marks, artist.titles, artist.keys, strict=True):
            ElementTree.SubElement(mark, "title").text = title
            mark.attrib.update({} if key is None else {"data-target": str(key)})
    for group in root.iter("g"):
        group.attrib.pop("id", None)
        _hoist(group)
    return ElementTree.tostring(root, encoding="unicode")


def hue(colour):
    """Return what a page calls a colour: its own ink, or its own shade of one of the palette.

    Parameters
    ----------
    colour : str
        Hexadecimal. One that is neither `INK`, of `COLOURS`, nor `OTHER` stays as it is.

    Returns
    -------
    str
        A CSS colour. A page that defines no shades of its own (``--hue-0`` and so on; the last is `OTHER`) shows the
        colour itself.

    Examples
    --------
    >>> hue("#22262b"), hue("#e69f00"), hue("#000000")
    ('currentColor', 'var(--hue-1, #E69F00)', '#000000')
    """
    if colour.upper() == INK.upper():
        return "currentColor"
    palette = (*COLOURS, OTHER)
    place = palette.index(colour.upper()) if colour.upper() in palette else None
    return colour if place is None else f"var(--hue-{place}, {palette[place]})"


def logo_svg(matrix, lead=0, columns=0):
    """Return a motif as an ``<svg>`` logo, 2 bits high, made of references to the shapes of `bases_svg`.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (width, 4)
        Probabilities of A, C, G, T.
    lead : int
        Empty columns before the first, so that logos of aligned motifs stand one above the other.
    columns : int
        Columns of the whole drawing; no less than the motif and its lead take.

    Returns
    -------
    str
        The page that holds it must hold `bases_svg` once.
    """
    column, height, marks = 10, 44, []
    for place, heights in enumerate(matrix * information(matrix)[:, None] * height / 2, lead):
        top = float(height)
        for base in np.argsort(heights, kind="stable"):
            top -= heights[base]
            if heights[base] >= 0.4:  # less than half a pixel does not show
                marks.append(
                    f'<use href="#base-{"ACGT"[base]}" transform="matrix({column - 1} 0 0 '
                    f'{heights[base]:.2f} {place * column + 0.5} {top:.2f})"/>'
                )
    width = column * max(columns, lead + len(matrix))
    floor = f"M{column * lead} {height + 0.5}H{column * (lead + len(matrix))}"
    return (
        f'<svg class="logo" viewBox="0 0 {width} {height + 1}" width="{width}" height="{height + 1}" '
        f'aria-hidden="true">{"".join(marks)}<path class="floor" d="{floor}"/></svg>'
    )


class Locus(NamedTuple):
    """Bases along a stretch of the genome, for `locus_svg`.

    Attributes
    ----------
    title : str
    heights : numpy.ndarray, shape (width, 4)
        Score of the base that stands at each place, 0 for the others.
    start : int
        Place of the first base (bp, 0-based).
    shaded : tuple of (int, int)
        The labelled bin (bp, 0-based half-open).
    sites : list of tuple of (int, int, str)
        Start, end and name of what is known to lie there.
    """

    title: str
    heights: np.ndarray
    start: int
    shaded: tuple
    sites: list


def locus_svg(loci):
    """Return stretches of the genome, one below the other and on one scale, as one ``<svg>`` of bases.

    Parameters
    ----------
    loci : list of Locus

    Returns
    -------
    str
        The page that holds it must hold `bases_svg` once.
    """
    column, room, row = 10, 70, 146
    top = max(0.0, *(locus.heights.max() for locus in loci))
    scale = room / max(top - min(0.0, *(locus.heights.min() for locus in loci)), 1e-9)
    width = column * max(len(locus.heights) for locus in loci)
    drawn = "".join(
        f'<g transform="translate(0 {row * place})">{_locus(locus, column, room, scale, top)}</g>'
        for place, locus in enumerate(loci)
    )
    # Colours as styles, which a page resolves when it saves a figure.
    return (
        f'<svg viewBox="0 0 {width} {row * len(loci)}"><g style="fill: currentColor; font-size: 19px">{drawn}</g>'
        "</svg>"
    )


def _locus(locus, column, room, scale, top):
    """Return one row of `locus_svg`: its title, its bin, its bases from 28 down, and below them its sites."""
    zero, first, last = 28 + scale * top, locus.start, locus.start + len(locus.heights)

    def inside(*places):
        return (column * (min(max(place, first), last) - first) for place in places)

    low, high = inside(*locus.shaded)
    shaded = (
        f'<rect x="{low}" y="26" width="{high - low}" height="{room + 4}" opacity=".07"/>'
        if high > low
        else ""
    )
    bases = "".join(
        _bases(base, scale * heights, column, zero)
        for base, heights in zip(BASES, locus.heights.T, strict=True)
    )
    sites = "".join(_site(name, *inside(start, end), room + 36) for start, end, name in locus.sites)
    return (
        f'<text y="18">{escape(locus.title)}</text>{shaded}{bases}'
        f'<path d="M0 {zero:.1f}h{column * len(locus.heights)}v.6H0Z" opacity=".4"/>{sites}'
    )


def _bases(base, sizes, column, zero):
    """Return all bases of one base; a negative one stands on its head below the line."""
    marks = "".join(
        f'<use href="#base-{base}" transform="matrix({column - 1} 0 0 {sizes[place]:.1f} '
        f'{place * column + 0.5} {zero - sizes[place]:.1f})"/>'
        for place in np.flatnonzero(np.abs(sizes) >= 1)
    )  # less hardly shows
    return (
        f'<g style="fill: var(--base-{base.lower()}, {BASES[base]})">{marks}</g>' if marks else ""
    )


def _site(name, low, high, y):
    return (
        f'<rect x="{low}" y="{y - 2}" width="{high - low}" height="4"/>'
        f'<text x="{(low + high) / 2:g}" y="{y + 20}" text-anchor="middle">{escape(name)}</text>'
    )


def bases_svg():
    """Return the shapes of A, C, G and T, each one unit wide and high, as a hidden ``<svg>``."""
    shapes = "".join(
        f'<path id="base-{base}" class="base-{base}" d="{_outline(base)}"/>' for base in BASES
    )
    return f'<svg class="bases" width="0" height="0" aria-hidden="true"><defs>{shapes}</defs></svg>'


def interval_svg(value, low, high, limit):
    """Return a value and its interval as a bar on a line through 0.

    Parameters
    ----------
    value, low, high : float
        The point and its interval; the page colours the bar by the side of 0 on which it lies.
    limit : float
        The ends of the line stand for ``-limit`` and ``limit``; a bar is cut there.

    Returns
    -------
    str
        An ``<svg>`` element; the empty text when a number is undefined.
    """
    if not np.isfinite([value, low, high]).all():
        return ""
    side = "above" if low > 0 else "below" if high < 0 else "around"
    x, left, right = (
        100 + 96 * float(np.clip(number / limit if limit else 0, -1, 1))
        for number in (value, low, high)
    )
    return (
        f'<svg class="interval {side}" viewBox="0 0 200 20" preserveAspectRatio="xMinYMid" '
        f'aria-hidden="true"><path class="line" d="M2 10H198"/>'
        f'<path class="zero" d="M100 2V18"/><path class="bar" d="M{left:.1f} 10H{right:.1f}"/>'
        f'<circle cx="{x:.1f}" cy="10" r="4.5"/></svg>'
    )


def _differences(ax, x, y, defined, bounds, base, groups, titles, keys, style):
    """Draw a point per target, its bar from `base` plus each bound of its difference; filled where these exclude 0."""
    groups = np.array([""] * len(x) if groups is None else list(groups), dtype=object)
    low, high = (
        np.full(len(x), np.nan) if bound is None else np.asarray(bound, float) for bound in bounds
    )
    style, filled = style or styles(groups), ~((low <= 0) & (high >= 0))
    for group in dict.fromkeys(groups):
        for solid in (True, False):
            rows = np.flatnonzero((groups == group) & (filled == solid) & defined)
            if rows.size:
                _points(
                    ax,
                    x[rows],
                    y[rows],
                    style[group],
                    solid,
                    group,
                    _take(titles, rows),
                    _take(keys, rows),
                    len(x),
                )
                ax.vlines(
                    x[rows],
                    base[rows] + low[rows],
                    base[rows] + high[rows],
                    color=style[group].colour,
                    linewidth=0.9,
                    alpha=0.45,
                    zorder=2,
                )


def _points(ax, x, y, style, solid, label, titles, keys=None, crowd=1):
    """Draw markers, filled or hollow, and tie their titles and keys to them for `svg`."""
    size = 34 * min(
        1, (100 / crowd) ** 0.5
    )  # smaller in a crowd of more than a hundred, where they hide each other
    points = ax.scatter(
        x,
        y,
        s=size,
        marker=style.marker,
        label=label,
        zorder=3,
        linewidths=1.3,
        facecolors=style.colour if solid else "none",
        edgecolors=style.colour,
    )
    if titles is not None:
        points.titles, points.keys = titles, keys or [None] * len(titles)


def _take(items, rows):
    return None if items is None else [items[row] for row in rows]


def _limit(values):
    """Return a round upper end for an axis from 0 that holds all values: the next twentieth, at most 1."""
    return min(1.0, (np.floor(20 * values.max(initial=0)) + 1) / 20 + 0.01)


def _label_decades(axis, limits, text, factor=1):
    """Label the ticks of a logarithmic axis, more of them on a short one.

    A range within one decade would otherwise carry a single labelled tick, or none.
    """
    digits = "123456789" if limits[1] < 10 * limits[0] else "25"
    axis.set_major_formatter(FuncFormatter(lambda value, _: text.format(factor * value)))
    axis.set_minor_formatter(
        FuncFormatter(
            lambda value, _: text.format(factor * value) if f"{value:e}"[0] in digits else ""
        )
    )


def _dress(ax, xlabel, ylabel):
    """Give axes the plain look that all figures share."""
    ax.set_xlabel(xlabel, color=INK, parse_math=False)
    ax.set_ylabel(ylabel, color=INK, parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=INK, alpha=0.5)
    ax.tick_params(which="both", color=INK, labelcolor=INK, labelsize=9)
    ax.grid(color=INK, alpha=0.1, linewidth=0.7)
    ax.set_axisbelow(True)
    ax.set_facecolor("none")
    return ax


def _fit_for_html(root):
    """Turn matplotlib's stand-alone SVG into an element of HTML: no namespaces, metadata, fixed size, spare bytes."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.text, element.tail = (
            text if text and text.strip() else None for text in (element.text, element.tail)
        )
        for key in element.attrib.keys() & {"x", "y", "d", "transform"}:
            element.attrib[key] = " ".join(
                _LONG_NUMBER.sub(_hundredths, element.attrib[key]).split()
            )
        for key in [key for key in element.attrib if key.startswith("{")]:
            element.attrib[key.rpartition("}")[2]] = element.attrib.pop(key)
    root[:] = [child for child in root if child.tag != "metadata"]
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)


def _hundredths(found):
    # A hundredth of a point is less than a screen can show.
    return f"{float(found[0]):.2f}"


def _hoist(group):
    """Say once what all members of a group of an SVG say alike."""
    for key in ("style", "clip-path"):
        values = {child.get(key) for child in group}
        # The opacity of a group is not that of its members, and a group may have a say of its own.
        if len(group) > 1 and len(values) == 1 and None not in values and key not in group.attrib:
            [value] = values
            if not re.search(r"(^|; )opacity", value):
                group.set(key, value)
                for child in group:
                    del child.attrib[key]


def _outline(base):
    """Return a bold base as an SVG path, stretched to the unit square with y downwards."""
    path = TextPath(
        (0, 0), base, size=100, prop=FontProperties(family="DejaVu Sans", weight="bold")
    )
    box = path.get_extents()
    words = []
    for points, code in path.iter_segments():
        corners = (points.reshape(-1, 2) - box.min) / box.size
        numbers = " ".join(f"{x:.3f} {1 - y:.3f}" for x, y in corners)
        words.append("Z" if code == path.CLOSEPOLY else "MLQC"[code - 1] + numbers)
    return re.sub(r"\b0\.", ".", "".join(words))
