"""Attributions in other formats: bigWig and BED for browsers, npz for TF-MoDISco, a figure."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danq.data.attributions import Attributions, Stretch, zoom
from danq.data.bigwig import bigwigs, load_pybigwig
from danq.data.dataset import Dataset
from danq.errors import DanqError, shown
from danq.files import PathLike, atomic, write_text
from danq.genome.bins import flank
from danq.plotting.drawing import refuse_format, save_figure

SMOOTH = 9
"""Length of the running mean in which stretches of high score are looked for (bp)."""

OUTLIER = 3.5
"""Modified z-score above which a smoothed score stands out (Iglewicz and Hoaglin 1993)."""

DRAWN = 8
"""Rows that a figure shows, at most."""

_SAME = 1e-6  # scores that differ by less are equal but for the last digits of their sums
_LONGEST_NAME = 200  # characters


def refuse_tracks(
    data: Dataset,
    targets: Sequence[int],
    path: PathLike,
    *,
    bigwig: PathLike | None,
    bed: PathLike | None,
    figure: PathLike | None,
) -> None:
    """Refuse files that cannot be made, before work begins.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        Where the windows come from.
    targets : sequence of int
        Those that will be explained.
    path : path
        The dataset, for messages.
    bigwig, bed, figure : path or None
        The files that are asked for.

    Raises
    ------
    DanqError
        A track of windows without a place in a genome, a bigWig of several targets, a figure of an
        unknown format, or pyBigWig is not installed.
    """
    in_genome = data.attributes["coordinates"] == "genome"
    if (bigwig or bed) and not in_genome:
        raise DanqError("its windows have no place in a genome; leave out --bigwig and --bed", path)
    if bigwig:
        load_pybigwig()
        _refuse_several_targets(targets, bigwig)
    if figure:
        refuse_format(figure)


def _refuse_several_targets(targets: Sequence[int], bigwig: PathLike) -> None:
    n = len(targets)
    if n > 1:
        what = f"a bigWig holds one track, and there are {n} targets; name one with --targets"
        raise DanqError(what, bigwig)


def write_tracks(
    attributions: Attributions,
    chromosomes: Mapping[str, int],
    *,
    bigwig: PathLike | None = None,
    bed: PathLike | None = None,
    figure: PathLike | None = None,
    npz: Sequence[PathLike] | None = None,
) -> None:
    """Write the files that are asked for.

    Parameters
    ----------
    attributions : danq.data.attributions.Attributions
        The scores to write.
    chromosomes : dict of str to int
        Length of each chromosome (bp).
    bigwig, bed, figure : path, optional
        The files to make.
    npz : sequence of two paths, optional
        One-hot and hypothetical scores, as `write_npz` makes them.
    """
    if bigwig:
        write_bigwig(bigwig, attributions, chromosomes)
    if bed:
        write_seqlets(bed, attributions)
    if figure:
        draw(attributions, figure)
    if npz:
        one_hot, hypothetical = npz
        write_npz(one_hot, hypothetical, attributions)


# --- bigWig ---


def write_bigwig(
    path: PathLike, attributions: Attributions, chromosomes: Mapping[str, int]
) -> None:
    """Write the base scores of one target as bigWig; where windows overlap, their mean.

    Parameters
    ----------
    path : path
        The file to make.
    attributions : danq.data.attributions.Attributions
        Of one target.
    chromosomes : dict of str to int
        Length of each chromosome (bp); their order is that of the file.

    Raises
    ------
    DanqError
        pyBigWig is not installed, or the disk is full.
    """
    scores = attributions.scores
    starts = attributions.table["start"].to_numpy()
    with bigwigs([Path(path)], chromosomes) as tracks:
        for chrom in chromosomes:
            rows = np.flatnonzero(attributions.table["chrom"] == chrom)
            for run in runs(starts[rows], scores[rows]):
                tracks.add_bases(chrom, run.start, np.array(run.scores)[:, None])


class ScoreRun(NamedTuple):
    """Neighbouring bases of a chromosome that have scores.

    Attributes
    ----------
    start : int
        Position of the first of them (bp, 0-based).
    scores : list of float
        The score of each.
    """

    start: int
    scores: list[float]


def runs(starts: NDArray[np.integer], scores: NDArray[np.floating]) -> list[ScoreRun]:
    """Return scores along a chromosome; where windows overlap, their mean.

    Parameters
    ----------
    starts : numpy.ndarray, shape (n,), int
        Where windows begin (bp, 0-based).
    scores : numpy.ndarray, shape (n, L)
        Of the bases of each window.

    Returns
    -------
    list of ScoreRun
        From left to right, none of them touching the next.

    Examples
    --------
    >>> for run in runs(np.array([12, 10, 20]), np.array([[1., 3.], [2., 2.], [0., 4.]])):
    ...     print(run)
    ScoreRun(start=10, scores=[2.0, 2.0, 1.0, 3.0])
    ScoreRun(start=20, scores=[0.0, 4.0])
    """
    if not len(starts):
        return []
    positions = starts[:, None] + np.arange(scores.shape[1])
    covered, index = np.unique(positions, return_inverse=True)
    index = index.ravel()
    sums = np.bincount(index, weights=scores.ravel())
    means = sums / np.bincount(index)
    gaps = np.flatnonzero(np.diff(covered) > 1) + 1
    firsts = covered[np.concatenate([[0], gaps])]
    values = np.split(means, gaps)
    return [ScoreRun(int(first), mean.tolist()) for first, mean in zip(firsts, values, strict=True)]


# --- BED ---


def seqlets(scores: ArrayLike) -> list[Stretch]:
    """Find the stretches of a window whose smoothed score stands out.

    The score is smoothed by a running mean of `SMOOTH` bases. A base belongs to a stretch when its
    smoothed score lies more than `OUTLIER` modified z-scores above the median of the window:
    ``(x - median) / (1.4826 MAD)``, with the median absolute deviation, which the few bases of a
    motif hardly change (Iglewicz and Hoaglin 1993, How to Detect and Handle Outliers, ASQC Quality
    Press; 3.5 is their cut-off). Most bases of a window belong to no motif, so they are the null.
    Stretches shorter than `SMOOTH` are left out: a single base that stands out makes one of that
    length. So are those whose scores add up to no more than 0: they stand out only because the rest
    of their window is lower.

    Parameters
    ----------
    scores : array_like, shape (L,)
        Of the bases of one window.

    Returns
    -------
    list of danq.data.attributions.Stretch
        Start and end within the window (bp, 0-based half-open), from left to right.

    Examples
    --------
    >>> seqlets([0.1, -0.1] * 20 + [2.] * 12 + [0.1, -0.1] * 20)
    [Stretch(start=36, end=56)]
    """
    values = np.asarray(scores)
    stretches = []
    for start, end in _high_stretches(values):
        long_enough = end - start >= SMOOTH
        if long_enough and values[start:end].sum() > 0:
            stretches.append(Stretch(int(start), int(end)))
    return stretches


def _high_stretches(scores: NDArray[Any]) -> NDArray[np.int64]:
    """Return start and end of every stretch whose smoothed score stands out, int64 (n, 2)."""
    smooth = np.convolve(scores, np.ones(SMOOTH) / SMOOTH, "same")
    centre = np.median(smooth)
    deviations = np.abs(smooth - centre)
    spread = 1.4826 * np.median(deviations)
    # A window whose scores are all alike has no spread.
    high = smooth - centre > max(OUTLIER * spread, _SAME)
    padded = np.concatenate([[0], high.view(np.int8), [0]])
    edges = np.flatnonzero(np.diff(padded))
    return edges.reshape(-1, 2)


class _BedLine(NamedTuple):
    """A line of the BED file, in the order in which lines are sorted."""

    chrom: str
    start: int
    end: int
    name: str
    total: float
    target: int
    window: str


def write_seqlets(path: PathLike, attributions: Attributions) -> None:
    """Write the stretches of high score of every row as BED6+3, sorted.

    Columns beyond the sixth: the sum of the base scores of the stretch (logit), the index of the
    target, and the window as ``start-end``. The name is the target's, made safe; the score is the
    sum as a share of the largest, in thousandths. A stretch in two overlapping windows may be
    listed twice.

    Parameters
    ----------
    path : path
        The file to make.
    attributions : danq.data.attributions.Attributions
        Whose base scores are searched.
    """
    lines: list[_BedLine] = []
    for row, scores in zip(attributions.table.itertuples(), attributions.scores, strict=True):
        lines += _bed_lines(row, scores)
    largest = max((line.total for line in lines), default=1)
    texts = [_bed_text(line, largest) for line in sorted(lines)]
    write_text(path, "".join(texts))


def _bed_lines(row: Any, scores: NDArray[np.float32]) -> list[_BedLine]:
    """Return the lines of one row of the table of attributions."""
    lines = []
    window = f"{row.start}-{row.end}"
    for stretch in seqlets(scores):
        start = row.start + stretch.start
        end = row.start + stretch.end
        total = float(scores[stretch.start : stretch.end].sum())
        line = _BedLine(row.chrom, start, end, safe(row.name), total, row.target, window)
        lines.append(line)
    return lines


def _bed_text(line: _BedLine, largest: float) -> str:
    score = round(1000 * line.total / largest)
    interval = f"{line.chrom}\t{line.start}\t{line.end}"
    extra = f"{line.total:.4f}\t{line.target}\t{line.window}"
    return f"{interval}\t{line.name}\t{score}\t.\t{extra}\n"


def safe(name: str) -> str:
    """Return a target's name as one word of plain characters.

    Examples
    --------
    >>> safe("Factor A (K562)"), safe("日本")
    ('Factor_A_K562', 'target')
    """
    word = re.sub("[^A-Za-z0-9.+-]+", "_", name).strip("_")
    return word[:_LONGEST_NAME] or "target"


# --- TF-MoDISco ---


def write_npz(one_hot: PathLike, hypothetical: PathLike, attributions: Attributions) -> None:
    """Write what TF-MoDISco reads: ``modisco motifs -s ONE_HOT -a HYPOTHETICAL``.

    TF-MoDISco (https://github.com/kundajelab/tfmodisco) takes hypothetical scores, and multiplies
    them with the bases itself.

    Parameters
    ----------
    one_hot, hypothetical : path
        The files to make: each a compressed npz with one array ``arr_0``, float32 (R, 4, L).
    attributions : danq.data.attributions.Attributions
        The one-hot windows and scores to write.
    """
    _write_array(one_hot, attributions.one_hot)
    _write_array(hypothetical, attributions.hypothetical)


def _write_array(path: PathLike, values: NDArray[Any]) -> None:
    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, np.asarray(values, dtype=np.float32))


# --- a figure ---


def draw(attributions: Attributions, path: PathLike) -> None:
    """Draw the first rows: scores along the window, and the bases of the stretch of highest score.

    Parameters
    ----------
    attributions : danq.data.attributions.Attributions
        Its first `DRAWN` rows are drawn.
    path : path
        The figure to make; its suffix says in what format (svg, png, pdf).
    """
    from matplotlib.figure import Figure  # slow to load

    rows = attributions.table.head(DRAWN)
    size = (13, 1.9 * len(rows) + 0.4)
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    axes = figure.subplots(len(rows), 2, squeeze=False, width_ratios=(2, 3))
    for (wide, close), row in zip(axes, rows.itertuples(), strict=True):
        _draw_row(wide, close, row, attributions)
    figure.suptitle(_heading(attributions.facts), fontsize=10, parse_math=False)
    save_figure(figure, path)


def _draw_row(wide: Any, close: Any, row: Any, attributions: Attributions) -> None:
    """Draw a row: all of its scores on the axes `wide`, the bases of a stretch on `close`."""
    from danq.plotting import logos

    facts = attributions.facts
    margin = flank(facts["window"], facts["bin_size"])
    labelled_bin = (row.start + margin, row.end - margin)
    heights = (attributions.one_hot[row.Index] * attributions.hypothetical[row.Index]).T
    stretch = zoom(attributions.scores[row.Index])
    start = row.start + stretch.start
    end = row.start + stretch.end
    logos.score_track(wide, heights.sum(axis=1), row.start, labelled_bin, (start, end))
    logos.score_logo(close, heights[stretch.start : stretch.end], start, labelled_bin)
    for ax in (wide, close):
        ax.set_xlabel(f"{row.chrom} (bp)", parse_math=False)
    name = shown(row.name)[1:-1]
    title = f"{name}, probability {row.probability:.3f}"
    wide.set_title(title, fontsize=9, parse_math=False)


def _heading(facts: Mapping[str, Any]) -> str:
    return f"{facts['model']}, seed {facts['seed']}, {facts['method']}; bin shaded"
