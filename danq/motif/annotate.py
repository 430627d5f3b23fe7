"""Motifs to names: Tomtom against known motifs, false discovery rates, and clusters of copies.

The motifs may come from any model or MEME file. One that resembles no known motif is a result, too,
and has a row in the table.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.config import Naming
from danq.errors import shown
from danq.files import PathLike, write_table
from danq.motif.clusters import align, cluster_motifs
from danq.motif.fdr import benjamini_hochberg, best_q_values, empirical_fdr
from danq.motif.meme import (
    Motif,
    information,
    known_motifs,
    one_word,
    read_meme,
    reverse_complement,
    write_meme,
)
from danq.motif.tomtom import Comparison, tomtom
from danq.progress import Bar
from danq.records import verified_if_recorded

CORE = 8
"""Width (columns) of the core, whose information decides whether a motif is compared at all."""

MIN_SITES = 10
"""Motifs of fewer sites are not compared: a handful of windows look informative, whatever they are.
As in Basset (Kelley et al. 2016, https://doi.org/10.1101/gr.200535.115)."""

RUNNERS_UP = 3
"""Further matches in the table, after a motif's best one."""

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
    queries: PathLike,
    database: PathLike,
    output: PathLike,
    *,
    settings: Naming,
    meme: PathLike | None = None,
) -> None:
    """Name the motifs of any MEME file by their known relatives.

    Parameters
    ----------
    queries : path
        MEME file.
    database : str or path
        Known motifs: a MEME file, or ``JASPAR<year>:<taxon>``.
    output : path
        TSV to write: `match_table`.
    settings : danq.config.Naming
        How to trim and compare, and the seed.
    meme : path, optional
        MEME file to write: the motifs, trimmed, with the factor of their best match as alternate
        name where they are named.

    Raises
    ------
    DanqError
        A file of motifs is not valid.
    """
    verified_if_recorded(queries)  # motifs of a run; others have no record
    motifs = []
    for motif in read_meme(queries):
        matrix = trim(motif.matrix, settings.trim_bits)
        motifs.append(Motif(motif.name, "", matrix, motif.n_sites))
    known = known_motifs(database)
    rng = np.random.default_rng(settings.seed)
    table = match_table(
        motifs,
        known,
        min_bits=settings.min_bits,
        distance=settings.distance,
        q_value=settings.q_value,
        shuffles=settings.shuffles,
        rng=rng,
    )
    write_table(output, table)
    if meme is not None:
        write_meme(meme, renamed(motifs, table))
    print(f"{output}: {summary(table)}", file=sys.stderr)
    for line in left_out(motifs, settings.min_bits):
        print(line, file=sys.stderr)


def summary(table: pd.DataFrame) -> str:
    """Return a sentence about a `match_table`: how many motifs are compared, and how many named."""
    rank = table["rank"].fillna(1)
    best = table[rank == 1]
    compared = best[best["tested"] == "yes"]
    named = best[best["named"] == "yes"]
    factors = named["factor"].nunique()
    return (
        f"of {len(best)} motifs {len(compared)} are compared with known motifs, "
        f"{len(named)} are named, after {factors} factors"
    )


def left_out(motifs: Sequence[Motif], min_bits: float) -> list[str]:
    """Return why motifs are not compared with known ones, a line for each reason.

    Parameters
    ----------
    motifs : list of Motif
        Trimmed.
    min_bits : float
        As for `match_table`.

    Returns
    -------
    list of str
        Empty where all are compared.
    """
    few = [motif.name for motif in motifs if _has_few_sites(motif)]
    poor = [motif.name for motif in motifs if not _is_fit(motif, min_bits)]
    poor = [name for name in poor if name not in few]
    lines = []
    for names, what in (
        (few, f"have fewer than {MIN_SITES} sites (nsites=)"),
        (poor, f"hold less than {min_bits:g} bits in their best {CORE} columns (--min-bits)"),
    ):
        if names:
            listed = ", ".join([*map(shown, names[:5]), *(["..."] if len(names) > 5 else [])])
            lines.append(f"not compared: {len(names)} that {what}: {listed}")
    return lines


# --- which columns are informative ---


def trim(matrix: NDArray[np.float64], bits: float) -> NDArray[np.float64]:
    """Cut flanking columns that hold little information; the most informative column always stays.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (width, 4)
        Probabilities of A, C, G, T.
    bits : float
        Least information of the outermost columns that remain.

    Returns
    -------
    numpy.ndarray, shape (at most width, 4)
        A view of the columns between the outermost informative ones, both included.

    Examples
    --------
    >>> flat, sure = [0.25, 0.25, 0.25, 0.25], [0, 0, 1, 0]
    >>> trim(np.array([flat, sure, flat, sure, flat, flat]), 0.25)[:, 2].tolist()
    [1.0, 0.25, 1.0]
    """
    start, end = informative_columns(matrix, bits)
    return matrix[start:end]


class ColumnSpan(NamedTuple):
    """Neighbouring columns of a motif.

    Attributes
    ----------
    start, end : int
        Indices of the first column, and of the one behind the last.
    """

    start: int
    end: int


def informative_columns(matrix: NDArray[np.float64], bits: float) -> ColumnSpan:
    """Return the columns that remain after `trim`.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (width, 4)
        Probabilities of A, C, G, T.
    bits : float
        Least information of the outermost columns that remain.

    Returns
    -------
    ColumnSpan
        From the first informative column to the last.
    """
    column_bits = information(matrix)
    least = min(bits, column_bits.max())
    columns = np.flatnonzero(column_bits >= least)
    return ColumnSpan(int(columns[0]), int(columns[-1]) + 1)


def core_bits(matrix: NDArray[np.float64]) -> float:
    """Return the information (bits) of a motif's best `CORE` columns in a row; of all, if fewer.

    Filters that learned no motif spread a little information over many columns, and so match
    low-complexity motifs; their core is poor even where their total information is high.

    Examples
    --------
    >>> core_bits(np.eye(4)), core_bits(np.eye(4)[[0] * 20])
    (8.0, 16.0)
    """
    stretch = np.ones(CORE)
    sums = np.convolve(information(matrix), stretch, "valid")
    return float(sums.max())


# --- the table of matches ---


def match_table(
    motifs: Sequence[Motif],
    known: Sequence[Motif],
    *,
    min_bits: float,
    distance: str,
    q_value: float,
    shuffles: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Compare motifs with known ones.

    Parameters
    ----------
    motifs : list of Motif
        Trimmed.
    known : list of Motif
        What they are compared with.
    min_bits : float
        Motifs with fewer `core_bits` are not compared, nor those known to have fewer sites than
        `MIN_SITES`; their row has no match.
    distance : {"pearson", "euclidean"}
        See `danq.motif.tomtom.tomtom`.
    q_value : float
        A motif is named when its best match has a lower q-value.
    shuffles : int
        Column-shuffled copies of each compared motif; 0 leaves `empirical_fdr` undefined.
    rng : numpy.random.Generator
        Shuffles the columns.

    Returns
    -------
    pandas.DataFrame
        Rows of a motif are together, best match first, up to four. Columns: name, n_sites, width,
        bits (information of the whole motif), tested (yes or no), cluster (the motif that
        represents all its copies, see `danq.motif.clusters.cluster_motifs`), rank (from 1), match
        (name of the known motif), factor (its alias), family (of the factor), p, e (p times the
        number of known motifs), tomtom_q (Benjamini-Hochberg over the known motifs, for this motif
        alone, as Tomtom has it), q (of the best match, see `danq.motif.fdr.best_q_values`),
        empirical_fdr (see `danq.motif.fdr.empirical_fdr`), strand, offset, overlap (see
        `danq.motif.tomtom.Comparison`), named (yes at rank 1 with q below `q_value`).
    """
    tested = [motif for motif in motifs if _is_fit(motif, min_bits)]
    matches = _best_matches(tested, known, distance, shuffles, rng)
    table = _motif_facts(motifs, tested).merge(matches, on="name", how="left")
    is_best = (table["rank"] == 1).fillna(False)
    is_sure = table["q"] < q_value
    table["named"] = np.where(is_best & is_sure, "yes", "no")
    return table[COLUMNS]


def _is_fit(motif: Motif, min_bits: float) -> bool:
    """Return whether a motif is informative enough to be compared; n_sites of 0 means unknown."""
    if _has_few_sites(motif):
        return False
    return core_bits(motif.matrix) >= min_bits


def _has_few_sites(motif: Motif) -> bool:
    """Return whether a motif is known to have fewer sites than `MIN_SITES`."""
    return 0 < motif.n_sites < MIN_SITES


def _motif_facts(motifs: Sequence[Motif], compared: Sequence[Motif]) -> pd.DataFrame:
    """Return the columns name to cluster of `match_table`, a row per motif."""
    names = [motif.name for motif in compared]
    clusters = dict(zip(names, cluster_motifs(compared), strict=True))
    rows = []
    for motif in motifs:
        bits = information(motif.matrix).sum()
        tested = "yes" if motif.name in clusters else "no"
        cluster = clusters.get(motif.name)
        width = len(motif.matrix)
        rounded = round(float(bits), 3)
        rows.append((motif.name, motif.n_sites, width, rounded, tested, cluster))
    columns = ["name", "n_sites", "width", "bits", "tested", "cluster"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"name": str})


def _best_matches(
    queries: Sequence[Motif],
    known: Sequence[Motif],
    distance: str,
    shuffles: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return a row per query and match, best first: name and rank to overlap of `match_table`."""
    targets = [motif.matrix for motif in known]
    matrices = [query.matrix for query in queries]
    comparison = tomtom(matrices, targets, distance=distance)
    by_p = comparison.p.argsort(axis=1, kind="stable")
    best = by_p[:, : 1 + RUNNERS_UP]
    n_best = best.shape[1]
    table = pd.DataFrame()
    ranks = np.arange(1, n_best + 1)
    names = [query.name for query in queries]
    table["name"] = np.repeat(names, n_best)
    table["rank"] = np.tile(ranks, len(queries))
    matches = [known[index] for index in best.ravel().tolist()]
    table["match"] = [match.name for match in matches]
    table["factor"] = [one_word(match.alias) or match.name for match in matches]
    table["family"] = [match.family for match in matches]
    for name, values in _statistics(comparison, best).items():
        table[name] = np.take_along_axis(values, best, axis=1).ravel()
    table["empirical_fdr"] = np.nan
    if shuffles:
        null = _shuffled_p_values(matrices, targets, distance, shuffles, rng)
        lowest = comparison.p.min(axis=1)
        table["empirical_fdr"] = empirical_fdr(table["p"].to_numpy(), lowest, null)
    # Integers that can be undefined, for the rows of motifs that were not compared.
    return table.astype({"name": str, "rank": "Int64", "offset": "Int64", "overlap": "Int64"})


def _statistics(comparison: Comparison, best: NDArray[np.int64]) -> dict[str, NDArray]:
    """Return the columns p to q and strand to overlap of `match_table`, (queries, targets) each."""
    p = comparison.p
    n_targets = p.shape[1]
    tomtom_q = np.empty(p.shape)
    for row, p_of_query in enumerate(p):
        tomtom_q[row] = benjamini_hochberg(p_of_query)
    q = np.full(p.shape, np.nan)
    queries = np.arange(len(p))
    q[queries, best[:, 0]] = best_q_values(p)
    return {
        "p": p,
        "e": p * n_targets,
        "tomtom_q": tomtom_q,
        "q": q,
        "strand": comparison.strand,
        "offset": comparison.offset,
        "overlap": comparison.overlap,
    }


def _shuffled_p_values(
    queries: Sequence[NDArray[np.float64]],
    targets: Sequence[NDArray[np.float64]],
    distance: str,
    shuffles: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the lowest p-value of each column-shuffled copy of each query."""
    lowest = []
    for _ in Bar(range(shuffles), "shuffled motifs"):
        copies = [rng.permutation(query) for query in queries]
        comparison = tomtom(copies, targets, distance=distance)
        lowest.append(comparison.p.min(axis=1))
    return np.concatenate(lowest)


# --- what follows from the table ---


def renamed(motifs: Sequence[Motif], table: pd.DataFrame) -> list[Motif]:
    """Give motifs the factor of their best match as alias.

    Parameters
    ----------
    motifs : list of Motif
        The motifs of the table.
    table : pandas.DataFrame
        Their `match_table`.

    Returns
    -------
    list of Motif
        With an empty alias where the table does not name them.
    """
    named = table[table["named"] == "yes"]
    factors = dict(zip(named["name"], named["factor"], strict=True))
    aliased = []
    for motif in motifs:
        alias = factors.get(motif.name, "")
        aliased.append(Motif(motif.name, alias, motif.matrix, motif.n_sites))
    return aliased


def merge_clusters(motifs: Sequence[Motif], table: pd.DataFrame) -> list[Motif]:
    """Merge each cluster into one motif: the mean of its members, weighted by their sites.

    Parameters
    ----------
    motifs : list of Motif
        Of filters, each with its number of sites.
    table : pandas.DataFrame
        Their `match_table`.

    Returns
    -------
    list of Motif
        One for each cluster, with the name, width and alignment of the member that represents it;
        its alias is the factor of that member's best match, where it is named, and its number of
        sites that of this member, as copies share their sites. The most sites come first.
    """
    by_name = {motif.name: motif for motif in renamed(motifs, table)}
    merged = []
    best = table[table["rank"] == 1]
    for name, rows in best.groupby("cluster", sort=False):
        representative = by_name[str(name)]
        members = [by_name[member] for member in rows["name"]]
        matrix = _merged_matrix(members, representative.matrix)
        merged.append(replace(representative, matrix=matrix))
    return sorted(merged, key=lambda motif: -motif.n_sites)


def _merged_matrix(members: Sequence[Motif], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the members' matrices, weighted by sites, aligned with a reference."""
    total = np.zeros(reference.shape)
    weights = np.zeros(reference.shape)
    for motif in members:
        alignment = align(motif.matrix, reference)
        matrix = motif.matrix
        if alignment.reverse:
            matrix = reverse_complement(matrix)
        offset = alignment.offset
        start = max(0, -offset)
        end = min(len(matrix), len(total) - offset)
        columns = slice(start + offset, end + offset)
        aligned = matrix[start:end]
        total[columns] += motif.n_sites * aligned
        weights[columns] += motif.n_sites
    return total / weights
