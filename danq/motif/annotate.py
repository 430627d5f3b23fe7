"""Motifs to names: Tomtom against known motifs, false discovery rates, and copies of one motif brought together.

What is compared may come from any model or MEME file. A motif that resembles nothing known is a result, and stands in
the table as such.
"""

import sys

import numpy as np
import pandas as pd
from tqdm import tqdm

from danq.files import write_table
from danq.motif.meme import Motif, information, known_motifs, one_word, read_meme, write_meme
from danq.motif.tomtom import benjamini_hochberg, tomtom

CORE = 8
"""Columns of the stretch whose information decides whether a motif is compared with known ones."""

MIN_SITES = 10
"""Motifs of fewer sites are not compared: a handful of windows look informative whatever they hold. As Basset
(Kelley et al. 2016, https://doi.org/10.1101/gr.200535.115)."""

RUNNERS_UP = 3

ALIKE = 0.6
"""Normalised correlation from which motifs are copies of one another; docs/motifs.md has what was tried."""

COLUMNS = [
    "name",
    "n_sites",
    "width",
    "bits",
    "tested",
    "cluster",
    "rank",
    "match",
    "factor",
    "family",
    "p",
    "e",
    "tomtom_q",
    "q",
    "empirical_fdr",
    "strand",
    "offset",
    "overlap",
    "named",
]
"""Columns of `match_table`."""


def annotate(
    queries, database, output, meme, *, trim_bits, min_bits, distance, q_value, shuffles, seed
):
    """Name the motifs of any MEME file by their known relatives.

    Parameters
    ----------
    queries : path
        MEME file.
    database : str
        Known motifs: a MEME file, or ``JASPAR<year>:<taxon>``.
    output : path
        TSV to write: `match_table`.
    meme : path or None
        MEME file to write: the motifs, trimmed, with the factor of their best match as alternate name where they are
        named.
    trim_bits, min_bits, distance, q_value, shuffles, seed
        See `danq.config.Naming`.

    Raises
    ------
    DanqError
        A file is unfit.
    """
    motifs = [
        Motif(motif.name, "", trim(motif.matrix, trim_bits), motif.n_sites)
        for motif in read_meme(queries)
    ]
    table = match_table(
        motifs,
        known_motifs(database),
        min_bits=min_bits,
        distance=distance,
        q_value=q_value,
        shuffles=shuffles,
        rng=np.random.default_rng(seed),
    )
    write_table(output, table)
    if meme:
        write_meme(meme, renamed(motifs, table))
    print(f"{output}: {summary(table)}", file=sys.stderr)


def summary(table):
    """Say in words what a `match_table` holds."""
    best = table[table["rank"].fillna(1) == 1]
    named = best[best["named"] == "yes"]
    return (
        f"of {len(best)} motifs {(best['tested'] == 'yes').sum()} are compared with known motifs, {len(named)} are "
        f"named, after {named['factor'].nunique()} factors"
    )


def trim(matrix, bits):
    """Cut flanking columns that hold less than `bits` of information; the most informative column always stays.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (width, 4)
        Probabilities of A, C, G, T.
    bits : float
        Least information of the outermost columns kept.

    Returns
    -------
    numpy.ndarray, shape (at most width, 4)

    Examples
    --------
    >>> flat, sure = [0.25, 0.25, 0.25, 0.25], [0, 0, 1, 0]
    >>> trim(np.array([flat, sure, flat, sure, flat, flat]), 0.25)[:, 2].tolist()
    [1.0, 0.25, 1.0]
    """
    first, last = kept_columns(matrix, bits)
    return matrix[first:last]


def kept_columns(matrix, bits):
    """Return the first and last (exclusive) column that `trim` keeps."""
    held = information(matrix)
    kept = np.flatnonzero(held >= min(bits, held.max()))
    return int(kept[0]), int(kept[-1]) + 1


def core_bits(matrix):
    """Return the information (bits) of a motif's best 8 neighbouring columns; of all where it has fewer.

    Filters that settled on no motif spread a little information over many columns, and match low-complexity
    motifs for it; this tells them apart where the total does not.

    Examples
    --------
    >>> core_bits(np.eye(4)), core_bits(np.eye(4)[[0] * 20])
    (8.0, 16.0)
    """
    return float(np.convolve(information(matrix), np.ones(CORE), "valid").max())


def match_table(found, known, *, min_bits, distance, q_value, shuffles, rng):
    """Compare motifs with known ones.

    Parameters
    ----------
    found : list of Motif
        Trimmed.
    known : list of Motif
    min_bits : float
        Motifs with fewer `core_bits` are not compared, nor those known to have fewer sites than `MIN_SITES`; their row
        has no match.
    distance : {"pearson", "euclidean"}
        See `danq.motif.tomtom.tomtom`.
    q_value : float
        A motif is named when its best match has a lower q-value.
    shuffles : int
        Column-shuffled copies of each compared motif; 0 leaves `empirical_fdr` undefined.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Rows of a motif stand together, best match first, up to four. Columns: name, n_sites, width, bits (information
        of the whole motif), tested (yes or no), cluster (the motif that stands for all its copies, see
        `cluster_motifs`), rank (from 1), match (name of the known motif), factor (its alias), family (of the factor),
        p, e (p times the number of known motifs), tomtom_q (Benjamini-Hochberg over the known motifs, for this motif
        alone, as Tomtom has it), q (of the best match, see `best_q_values`), empirical_fdr (see there), strand, offset,
        overlap (see `danq.motif.tomtom.Comparison`), named (yes at rank 1 with q below `q_value`).
    """
    tested = [
        motif
        for motif in found
        if not 0 < motif.n_sites < MIN_SITES and core_bits(motif.matrix) >= min_bits
    ]
    clusters = dict(zip((motif.name for motif in tested), cluster_motifs(tested), strict=True))
    facts = pd.DataFrame(
        {
            "name": pd.Series([motif.name for motif in found], dtype=str),
            "n_sites": [motif.n_sites for motif in found],
            "width": [len(motif.matrix) for motif in found],
            "bits": [round(float(information(motif.matrix).sum()), 3) for motif in found],
            "tested": ["yes" if motif.name in clusters else "no" for motif in found],
            "cluster": [clusters.get(motif.name) for motif in found],
        }
    )
    table = facts.merge(
        _best_matches(tested, known, distance, shuffles, rng), on="name", how="left"
    )
    table["named"] = np.where(
        (table["rank"] == 1).fillna(False) & (table["q"] < q_value), "yes", "no"
    )
    return table[COLUMNS]


def _best_matches(queries, known, distance, shuffles, rng):
    """Return one row per query and match, best first: the columns name and rank to overlap of `match_table`."""
    targets = [motif.matrix for motif in known]
    found = tomtom([query.matrix for query in queries], targets, distance=distance)
    best = found.p.argsort(axis=1, kind="stable")[:, : 1 + RUNNERS_UP]
    q = np.full(found.p.shape, np.nan)
    np.put_along_axis(q, best[:, :1], best_q_values(found.p)[:, None], axis=1)
    columns = {
        "p": found.p,
        "e": found.p * len(known),
        "tomtom_q": _each(benjamini_hochberg, found.p),
        "q": q,
        "strand": found.strand,
        "offset": found.offset,
        "overlap": found.overlap,
    }
    columns = {
        name: np.take_along_axis(values, best, axis=1).ravel() for name, values in columns.items()
    }
    null = [
        tomtom(
            [rng.permutation(query.matrix) for query in queries], targets, distance=distance
        ).p.min(axis=1)
        for _ in tqdm(range(shuffles), "shuffled motifs", leave=False, disable=None)
    ]
    fdr = (
        empirical_fdr(columns["p"], found.p.min(axis=1), np.concatenate(null))
        if shuffles
        else np.nan
    )
    table = pd.DataFrame(
        {
            "name": np.repeat([query.name for query in queries], best.shape[1]),
            "rank": np.tile(np.arange(1, best.shape[1] + 1), len(queries)),
            "match": [known[index].name for index in best.flat],
            "factor": [one_word(known[index].alias) or known[index].name for index in best.flat],
            "family": [known[index].family for index in best.flat],
            **columns,
            "empirical_fdr": fdr,
        }
    )
    # Integers that can be undefined, for the rows of motifs that were not compared.
    return table.astype({"name": str, "rank": "Int64", "offset": "Int64", "overlap": "Int64"})


def _each(function, rows):
    return np.array([function(row) for row in rows]).reshape(rows.shape)


def best_q_values(p):
    """Return the q-value of each motif's best match: the false discovery rate among named motifs.

    The best of T p-values is first corrected for their number (Sidak 1967,
    https://doi.org/10.1080/01621459.1967.10482935), then the motifs for each other. Over all pairs of motif and
    known motif instead, a true motif with many relatives counts as many discoveries, and lets shuffled ones in.

    Parameters
    ----------
    p : numpy.ndarray, shape (F, T)
        p-value of each motif and known motif.

    Returns
    -------
    numpy.ndarray, shape (F,), float64
    """
    best = np.minimum(p.min(axis=1), np.nextafter(1, 0))  # the logarithm of 1 - 1 is not finite
    return benjamini_hochberg(-np.expm1(p.shape[1] * np.log1p(-best)))


def empirical_fdr(p, best, null):
    """Estimate false discovery rates of motifs from shuffled ones.

    At a threshold t: the share of shuffled motifs whose best match has p <= t, over the share of real motifs whose
    best match has; at most 1, and the lowest over all thresholds that let `p` pass, so that it never falls as `p`
    grows. It takes what q-values leave out: filters share composition with known motifs, and the p-values of one
    filter depend on each other. Its resolution is one in ``len(null)``.

    Parameters
    ----------
    p : numpy.ndarray, shape (M,)
        Where to estimate.
    best, null : numpy.ndarray, shapes (N,), (K,)
        Lowest p-value of each real and of each shuffled motif.

    Returns
    -------
    numpy.ndarray, float64, shape (M,)

    Examples
    --------
    >>> best, null = np.array([1e-9, 1e-8, 1e-4, 0.02]), np.array([1e-4, 0.03, 0.04, 0.05])
    >>> empirical_fdr(np.array([1e-8, 1e-4, 0.02, 0.1]), best, null).round(3).tolist()
    [0.0, 0.25, 0.25, 1.0]
    """
    thresholds = np.unique(np.concatenate([p, best]))
    passing = [
        np.searchsorted(np.sort(values), thresholds, side="right") for values in (null, best)
    ]
    rates = (passing[0] / len(null)) / (np.maximum(passing[1], 1) / len(best))
    rates = np.minimum.accumulate(rates[::-1])[::-1]
    return np.minimum(rates, 1)[np.searchsorted(thresholds, p)]


def renamed(motifs, table):
    """Return the motifs with the factor of their best match as alias where `match_table` names them."""
    factors = dict(table.loc[table["named"] == "yes", ["name", "factor"]].itertuples(index=False))
    return [
        Motif(motif.name, factors.get(motif.name, ""), motif.matrix, motif.n_sites)
        for motif in motifs
    ]


def cluster_motifs(motifs):
    """Bring copies of one motif together: networks spend several filters on what matters to them.

    Average linkage of the normalised correlation of each pair, see `align`: groups whose members have at least `ALIKE`
    on average are clusters, as matrix-clustering makes them (Castro-Mondragon et al. 2017,
    https://doi.org/10.1093/nar/gkx314), by a stricter measure.

    Parameters
    ----------
    motifs : list of Motif

    Returns
    -------
    list of str
        For each motif the name of the one that stands for its cluster: its member with the most sites, the first of
        equals.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(motifs) < 2:
        return [motif.name for motif in motifs]
    distances = squareform(
        np.maximum(0, 1 - likeness([motif.matrix for motif in motifs])), checks=False
    )
    labels = fcluster(linkage(distances, "average"), 1 - ALIKE, "distance")
    chief = {}
    for label, motif in zip(labels, motifs, strict=True):
        if label not in chief or motif.n_sites > chief[label].n_sites:
            chief[label] = motif
    return [chief[label].name for label in labels]


def likeness(matrices):
    """Return the normalised correlation of each pair of motifs in their best alignment, see `align`.

    Parameters
    ----------
    matrices : list of numpy.ndarray, each (width, 4)

    Returns
    -------
    numpy.ndarray, shape (N, N), float64
        Symmetric, with a diagonal of 1.
    """
    alike = np.eye(len(matrices))
    for a, b in zip(*np.triu_indices(len(matrices), 1), strict=True):
        alike[a, b] = alike[b, a] = align(matrices[a], matrices[b])[0]
    return alike


def align(a, b, min_overlap=5):
    """Lay a motif against another so that their normalised correlation is highest.

    The correlation of the aligned probabilities, about their mean of 1/4, times the share that the aligned columns have
    of all columns that the two motifs span (Castro-Mondragon et al. 2017, https://doi.org/10.1093/nar/gkx314).

    Parameters
    ----------
    a, b : numpy.ndarray, shapes (v, 4), (w, 4)
    min_overlap : int
        Fewest aligned columns; the width of the narrower motif where that is less.

    Returns
    -------
    tuple of (float, int, bool)
        The normalised correlation; the column of `b` opposite the first of `a`; whether `a` is then reverse
        complemented.

    Examples
    --------
    >>> a = np.eye(4)[[0, 1, 2, 0, 3, 3, 1]]
    >>> align(a, np.concatenate([np.full((2, 4), 0.25), a[::-1, ::-1]])[:, :])
    (0.777..., 2, True)
    """
    found = [
        (*_best_offset(turned, b, min_overlap), bool(number))
        for number, turned in enumerate((a, a[::-1, ::-1]))
    ]
    return max(found, key=lambda one: one[0])


def _best_offset(a, b, min_overlap):
    from scipy.signal import correlate

    offsets = np.arange(1 - len(a), len(b))
    firsts, lasts = (
        np.maximum(0, -offsets),
        np.minimum(len(a), len(b) - offsets),
    )  # of the aligned columns of a
    overlaps = lasts - firsts
    a, b = a - 0.25, b - 0.25
    dots = correlate(b, a, method="direct")[:, 3]  # at the offsets, base by base
    squares = [np.append(0, (part**2).sum(axis=1).cumsum()) for part in (a, b)]
    norms = (squares[0][lasts] - squares[0][firsts]) * (
        squares[1][lasts + offsets] - squares[1][firsts + offsets]
    )
    scores = np.divide(dots, np.sqrt(norms), where=norms > 1e-18, out=np.zeros(len(dots)))
    scores *= overlaps / (len(a) + len(b) - overlaps)
    scores[overlaps < min(min_overlap, len(a), len(b))] = -2
    best = int(scores.argmax())
    return float(scores[best]), int(offsets[best])


def merge_clusters(motifs, table):
    """Return one motif per cluster: the sites of its members counted together, aligned to the one that stands for it.

    Parameters
    ----------
    motifs : list of Motif
        Of filters: with the number of sites behind each.
    table : pandas.DataFrame
        Their `match_table`.

    Returns
    -------
    list of Motif
        Named and as wide as the member that stands for the cluster, the one with the most sites first; the alias is the
        factor of that member's best match, where it is named, and the number of sites that member's own: copies show
        the same places.
    """
    members = {motif.name: motif for motif in renamed(motifs, table)}
    merged = []
    for name, rows in table[table["rank"] == 1].groupby("cluster", sort=False):
        chief, own = members[name], [members[member] for member in rows["name"]]
        weights, total = (
            sum(_laid(motif, chief, values) for motif in own) for values in (np.ones_like, np.copy)
        )
        merged.append(Motif(name, chief.alias, total / weights, chief.n_sites))
    return sorted(merged, key=lambda motif: -motif.n_sites)


def _laid(motif, chief, values):
    """Return values of a motif's matrix, weighted by its sites, where the chief's columns are (w, 4); 0 beyond them."""
    _, offset, turned = align(motif.matrix, chief.matrix)
    matrix = values(motif.matrix[::-1, ::-1] if turned else motif.matrix)
    placed = np.zeros(chief.matrix.shape)
    first, last = max(0, -offset), min(len(matrix), len(placed) - offset)
    placed[first + offset : last + offset] = motif.n_sites * matrix[first:last]
    return placed
