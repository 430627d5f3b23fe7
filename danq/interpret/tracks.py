"""Attributions as files for other programs: bigWig and BED for genome browsers, npz for TF-MoDISco, a drawing."""

import re

import numpy as np

from danq.data import attributions
from danq.errors import DanqError, shown
from danq.files import atomic, write_text
from danq.plotting.drawing import refuse_format, save_figure

SMOOTH = 9
"""Bases whose mean is looked at for stretches of high score."""

OUTLIER = 3.5
"""Modified z-score above which a smoothed score stands out of its window (Iglewicz and Hoaglin 1993)."""

DRAWN = 8
"""Rows that a drawing shows, at most."""


def refuse_tracks(data, targets, path, *, bigwig, bed, figure):
    """Refuse files that could not be made of these targets and windows, and a lack of pyBigWig, before work begins.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
    targets : list of int
    path : path
        The dataset, for messages.
    bigwig, bed, figure : path or None
    """
    if (bigwig or bed) and data.attributes["coordinates"] != "genome":
        raise DanqError("its windows have no place in a genome; leave out --bigwig and --bed", path)
    if bigwig:
        _pybigwig()
        if len(targets) > 1:
            raise DanqError(
                f"a bigWig holds one track, and there are {len(targets)} targets; name one with --targets",
                bigwig,
            )
    if figure:
        refuse_format(figure)


def write_tracks(found, chromosomes, *, bigwig=None, bed=None, figure=None, npz=None):
    """Write the files that are asked for.

    Parameters
    ----------
    found : danq.data.attributions.Attributions
    chromosomes : dict of str to int
        Length of each chromosome (bp).
    bigwig, bed, figure : path, optional
    npz : sequence of two paths, optional
    """
    if bigwig:
        write_bigwig(bigwig, found, chromosomes)
    if bed:
        write_seqlets(bed, found)
    if figure:
        draw(found, figure)
    if npz:
        write_npz(*npz, found)


# --- bigWig ---


def write_bigwig(path, found, chromosomes):
    """Write the base scores of one target as bigWig; where windows overlap, their mean.

    Parameters
    ----------
    path : path
        The file to make.
    found : danq.data.attributions.Attributions
        Of one target.
    chromosomes : dict of str to int
        Length of each chromosome (bp); their order is that of the file.
    """
    bigwig, scores = _pybigwig(), found.scores
    with atomic(path) as temporary:
        out = bigwig.open(str(temporary), "w")
        out.addHeader(list(chromosomes.items()))
        for chrom in chromosomes:
            rows = np.flatnonzero(found.table["chrom"] == chrom)
            for start, values in runs(found.table["start"].to_numpy()[rows], scores[rows]):
                out.addEntries(chrom, start, values=values, span=1, step=1)
        out.close()


def runs(starts, scores):
    """Return scores along a chromosome, as runs of covered bases; where windows overlap, their mean.

    Parameters
    ----------
    starts : numpy.ndarray, shape (n,), int
        Where windows begin (bp, 0-based).
    scores : numpy.ndarray, shape (n, L)

    Returns
    -------
    list of tuple of (int, list of float)
        Start (bp, 0-based) of each run and its scores, from left to right.

    Examples
    --------
    >>> runs(np.array([12, 10, 20]), np.array([[1., 3.], [2., 2.], [0., 4.]]))
    [(10, [2.0, 2.0, 1.0, 3.0]), (20, [0.0, 4.0])]
    """
    places, back = np.unique(starts[:, None] + np.arange(scores.shape[1]), return_inverse=True)
    back = back.ravel()
    means = np.bincount(back, weights=scores.ravel()) / np.bincount(back)
    cuts = np.flatnonzero(np.diff(places) > 1) + 1
    return [
        (int(part[0]), values.tolist())
        for part, values in zip(np.split(places, cuts), np.split(means, cuts), strict=True)
        if len(part)
    ]


def _pybigwig():
    try:
        import pyBigWig
    except ImportError as error:
        raise DanqError(
            'a bigWig needs pyBigWig, which is not installed; pip install "danq[interpret]", or leave out '
            "--bigwig"
        ) from error
    return pyBigWig


# --- BED ---


def seqlets(scores):
    """Find the stretches of a window whose smoothed score stands out.

    The score is smoothed by a running mean of `SMOOTH` bases. A base belongs to a stretch when its smoothed score lies
    more than `OUTLIER` modified z-scores above the median of the window: ``(x - median) / (1.4826 MAD)``, with the
    median absolute deviation, which the few bases of a motif hardly move (Iglewicz and Hoaglin 1993, How to Detect and
    Handle Outliers, ASQC Quality Press; 3.5 is their cut-off). Most bases of a window being of no motif, they are the
    null. Stretches shorter than `SMOOTH` are left out: a single base that stands out makes one as long as that. So are
    those whose scores add up to no more than 0, which only stand out from a window that is worse.

    Parameters
    ----------
    scores : array_like, shape (L,)

    Returns
    -------
    list of tuple of (int, int)
        Start and end within the window (bp, 0-based half-open), from left to right.

    Examples
    --------
    >>> seqlets([0.1, -0.1] * 20 + [2.] * 12 + [0.1, -0.1] * 20)
    [(36, 56)]
    """
    smooth = np.convolve(scores, np.ones(SMOOTH) / SMOOTH, "same")
    centre = np.median(smooth)
    spread = 1.4826 * np.median(np.abs(smooth - centre))
    # A window whose scores are all alike has no spread; the digits of their sums are no signal.
    high = smooth - centre > max(OUTLIER * spread, 1e-6)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], high.view(np.int8), [0]])))
    return [
        (int(start), int(end))
        for start, end in edges.reshape(-1, 2)
        if end - start >= SMOOTH and np.sum(scores[start:end]) > 0
    ]


def write_seqlets(path, found):
    """Write the stretches of high score of every row as BED6+3, sorted.

    Columns beyond the sixth: the sum of the base scores of the stretch (logit), the index of the target, and the window
    as ``start-end``. The name is the target's, made safe; the score the sum as a share of the largest, in thousandths.
    Windows that overlap may tell of a stretch twice.

    Parameters
    ----------
    path : path
        The file to make.
    found : danq.data.attributions.Attributions
    """
    lines = []
    for row, scores in zip(found.table.itertuples(), found.scores, strict=True):
        lines += [
            (
                row.chrom,
                row.start + start,
                row.start + end,
                safe(row.name),
                float(scores[start:end].sum()),
                row.target,
                f"{row.start}-{row.end}",
            )
            for start, end in seqlets(scores)
        ]
    most = max((line[4] for line in lines), default=1)
    write_text(
        path,
        "".join(
            f"{chrom}\t{start}\t{end}\t{name}\t{round(1000 * total / most)}\t.\t{total:.4f}\t{target}\t"
            f"{window}\n"
            for chrom, start, end, name, total, target, window in sorted(lines)
        ),
    )


def safe(name):
    """Return a target's name as one word of plain bases.

    Examples
    --------
    >>> safe("Factor A (K562)"), safe("日本")
    ('Factor_A_K562', 'target')
    """
    return re.sub("[^A-Za-z0-9.+-]+", "_", name).strip("_")[:200] or "target"


# --- TF-MoDISco ---


def write_npz(one_hot, hypothetical, found):
    """Write what ``modisco motifs -s ONE_HOT -a HYPOTHETICAL`` reads (https://github.com/kundajelab/tfmodisco).

    Parameters
    ----------
    one_hot, hypothetical : path
        Made: each a compressed npz with one array ``arr_0``, float32 (R, 4, L). TF-MoDISco takes hypothetical scores,
        and multiplies them with the bases itself.
    found : danq.data.attributions.Attributions
    """
    for path, values in ((one_hot, found.one_hot), (hypothetical, found.hypothetical)):
        with atomic(path) as temporary, open(temporary, "wb") as out:
            np.savez_compressed(out, np.asarray(values, dtype=np.float32))


# --- a drawing ---


def draw(found, path):
    """Draw the first rows: their scores along the window, and the bases of the stretch of highest score.

    Parameters
    ----------
    found : danq.data.attributions.Attributions
    path : path
        The drawing to make; its suffix says in what format (svg, png, pdf).
    """
    from matplotlib.figure import Figure

    from danq.plotting import plots

    rows, margin = found.table.head(DRAWN), (found.facts["window"] - found.facts["bin_size"]) // 2
    figure = Figure(figsize=(13, 1.9 * len(rows) + 0.4), layout="constrained", facecolor="white")
    axes = figure.subplots(len(rows), 2, squeeze=False, width_ratios=(2, 3))
    for (wide, close), row in zip(axes, rows.itertuples(), strict=True):
        heights = (found.one_hot[row.Index] * found.hypothetical[row.Index]).T
        own_bin = row.start + margin, row.end - margin
        first, last = attributions.zoom(found.scores[row.Index])
        plots.score_track(
            wide, heights.sum(axis=1), row.start, own_bin, (row.start + first, row.start + last)
        )
        plots.score_logo(close, heights[first:last], row.start + first, own_bin)
        for ax in (wide, close):
            ax.set_xlabel(f"{row.chrom} (bp)", parse_math=False)
        wide.set_title(
            f"{shown(row.name)[1:-1]}, probability {row.probability:.3f}",
            fontsize=9,
            parse_math=False,
        )
    figure.suptitle(
        f"{found.facts['model']}, seed {found.facts['seed']}, {found.facts['method']}; bin shaded",
        fontsize=10,
        parse_math=False,
    )
    save_figure(figure, path)
