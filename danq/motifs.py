"""First-layer filters as motifs: sites -> letter counts -> trimmed matrices -> names of known relatives.

A filter becomes the matrix of the sites that excite it, one per window (X (n, 4, L) in, counts (F, w, 4) out);
Tomtom compares the matrices that hold enough information with known motifs, and column-shuffled copies of the
same matrices say how often such matches come by chance.
"""

import sys
from functools import partial

import numpy as np
import pandas as pd
from tqdm import tqdm

from danq.errors import DanqError
from danq.files import write_table
from danq.meme import Motif, information, known_motifs, write_meme
from danq.tomtom import benjamini_hochberg, tomtom

CORE = 8
"""Columns of the stretch whose information decides whether a motif is compared with known ones."""

MIN_SITES = 10
"""Motifs of fewer sites are not compared: a handful of windows look informative whatever they hold. As Basset
(Kelley et al. 2016, https://doi.org/10.1101/gr.200535.115)."""

RUNNERS_UP = 3

_BATCH = 64


def motifs(checkpoint, dataset, database, meme, matches, *, windows, activation, trim_bits, min_bits, q_value,
           shuffles, seed):
    """Read a motif out of each first-layer filter of a trained model, and name it by its known relative.

    Parameters
    ----------
    checkpoint, dataset : str or path-like
        A trained model, and the dataset.h5 whose training windows show what its filters look for.
    database : str
        Known motifs: a MEME file, or ``JASPAR<year>:<taxon>``.
    meme : str or path-like
        MEME file to write: one motif per filter with a site, ``filter<k>`` with k from 0, trimmed; its alternate
        name is the factor of its best match where that is significant.
    matches : str or path-like
        TSV to write: `match_table`, the same filters.
    windows : int
        Number of labelled training windows to look for sites in.
    activation : float
        A site's activation is above this share of the filter's maximum.
    trim_bits : float
        Flanking columns with less information (bits) are cut.
    min_bits : float
        Motifs are compared with known ones when their best 8 columns hold at least this (bits), and when they
        have 10 sites.
    q_value : float
        A filter is named when its best match has a lower q-value.
    shuffles : int
        Column-shuffled copies of each motif for the empirical false discovery rate; 0 for none.
    seed : int
        Seed of the choice of windows and of the shuffles.

    Raises
    ------
    DanqError
        A file is unfit, or no training window has a label.
    """
    from danq.checkpoint import load_checkpoint
    from danq.dataset import open_dataset
    from danq.predict import refuse_other_data

    rng = np.random.default_rng(seed)
    known = known_motifs(database)
    model, facts = load_checkpoint(checkpoint)
    if model.first is None:
        raise DanqError(f"{facts['facts']['model']} has no filters to read motifs from; name another model", checkpoint)
    with open_dataset(dataset) as data:
        refuse_other_data(data.facts(), facts["dataset"], dataset)
        labelled = np.flatnonzero(data.packed_labels("train").any(axis=1))
        if len(labelled) == 0:
            raise DanqError("no training window has a label; extract with other targets or splits", dataset)
        rows = np.sort(rng.choice(labelled, min(windows, len(labelled)), replace=False))
        counts, n_sites = filter_sites(model.first, partial(data.one_hot, "train"), rows, activation)
    found = filter_motifs(counts, n_sites, trim_bits)
    table = match_table(found, known, min_bits=min_bits, q_value=q_value, shuffles=shuffles, rng=rng)
    write_meme(meme, named(found, table))
    write_table(matches, table)
    best = table[table["rank"].fillna(1) == 1]
    print(f"{matches}: of {len(n_sites)} filters {len(found)} have sites, {(best['tested'] == 'yes').sum()} are "
          f"compared with known motifs, {(best['named'] == 'yes').sum()} are named", file=sys.stderr)


def filter_sites(conv, one_hot, rows, activation):
    """Count the letters at the sites that excite each filter: at most one site per window and filter.

    The site is the window's place of highest activation, and counts if that is above `activation` times the
    filter's maximum over all windows. Forward strand only: peaks hold their motifs in both orientations, so that
    the other strand would add more sites of the same kind, at twice the work.

    Parameters
    ----------
    conv : torch.nn.Conv1d
        4 channels in, F filters of width w, no padding. A ReLU follows it.
    one_hot : callable
        Gives windows, float32 (n, 4, L), of an int array of n rows. Called with one batch of rows at a time,
        twice.
    rows : numpy.ndarray, int, shape (N,)
        The windows to look in.
    activation : float
        Share of the maximum, 0 to 1.

    Returns
    -------
    counts : numpy.ndarray, int64, shape (F, w, 4)
        Occurrences of A, C, G, T; other letters leave no count.
    n_sites : numpy.ndarray, int64, shape (F,)
        Sites of each filter; 0 for a filter that no window excites.
    """
    batches = np.split(rows, range(_BATCH, len(rows), _BATCH))
    highest, starts = _best_sites(conv, one_hot, batches)
    chosen = highest > activation * highest.max(axis=0)
    counts = np.zeros((conv.out_channels, *conv.kernel_size, 4), dtype=np.int64)
    done = 0
    for batch in tqdm(batches, "sites", unit="batch", leave=False, disable=None):
        part = slice(done, done + len(batch))
        _add_letters(counts, one_hot(batch), starts[part], chosen[part])
        done += len(batch)
    return counts, chosen.sum(axis=0)


def _best_sites(conv, one_hot, batches):
    """Return each window's highest activation after ReLU and where it begins, both (N, F)."""
    import torch

    highest, starts = [], []
    with torch.inference_mode():
        for batch in tqdm(batches, "activations", unit="batch", leave=False, disable=None):
            best = conv(torch.from_numpy(one_hot(batch))).relu().max(dim=2)     # (n, F, L - w + 1) to (n, F)
            highest.append(best.values.numpy())
            starts.append(best.indices.numpy())
    return np.concatenate(highest), np.concatenate(starts)


def _add_letters(counts, X, starts, chosen):
    """Add the letters of the chosen sites of windows X (n, 4, L); `starts` and `chosen` are (n, F)."""
    sites = np.lib.stride_tricks.sliding_window_view(X, counts.shape[1], axis=2)      # (n, 4, L - w + 1, w)
    for number, keep in enumerate(chosen.T):
        counts[number] += sites[keep, :, starts[keep, number]].sum(axis=0).T.astype(np.int64)


def filter_motifs(counts, n_sites, trim_bits):
    """Turn letter counts into trimmed motifs, one per filter with a site.

    Parameters
    ----------
    counts : numpy.ndarray, int64, shape (F, w, 4)
    n_sites : numpy.ndarray, int64, shape (F,)
        Both as from `filter_sites`.
    trim_bits : float
        Flanking columns with less information (bits) are cut.

    Returns
    -------
    list of Motif
        Named ``filter<k>``, k from 0. Probabilities are plain shares, without pseudocounts; a column without any
        letter is uniform.
    """
    found = []
    for number in np.flatnonzero(n_sites):
        totals = counts[number].sum(axis=1, keepdims=True)
        matrix = np.divide(counts[number], totals, where=totals > 0, out=np.full(counts.shape[1:], 0.25))
        found.append(Motif(f"filter{number}", "", trim(matrix, trim_bits), int(n_sites[number])))
    return found


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
    held = information(matrix)
    kept = np.flatnonzero(held >= min(bits, held.max()))
    return matrix[kept[0] : kept[-1] + 1]


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


def match_table(found, known, *, min_bits, q_value, shuffles, rng):
    """Compare motifs with known ones.

    Parameters
    ----------
    found : list of Motif
        From `filter_motifs`.
    known : list of Motif
    min_bits : float
        Motifs with fewer `core_bits`, or fewer sites than `MIN_SITES`, are not compared; their row has no match.
    q_value : float
        A filter is named when its best match has a lower q-value.
    shuffles : int
        Column-shuffled copies of each compared motif; 0 leaves `empirical_fdr` undefined.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Rows of a filter stand together, best match first, up to four. Columns: filter (int), name, n_sites, width,
        bits (information of the whole trimmed motif), tested (yes or no), rank (from 1), match (name of the known
        motif), factor (its alias), p, e (p times the number of known motifs), q (of the best match, see
        `filter_q_values`), empirical_fdr (see there), strand, offset, overlap (see `danq.tomtom.Comparison`), named
        (yes at rank 1 with q below `q_value`).
    """
    tested = [motif for motif in found if motif.n_sites >= MIN_SITES and core_bits(motif.matrix) >= min_bits]
    names = {motif.name for motif in tested}
    facts = pd.DataFrame({
        "filter": [int(motif.name.removeprefix("filter")) for motif in found],
        "name": [motif.name for motif in found],
        "n_sites": [motif.n_sites for motif in found],
        "width": [len(motif.matrix) for motif in found],
        "bits": [round(float(information(motif.matrix).sum()), 3) for motif in found],
        "tested": ["yes" if motif.name in names else "no" for motif in found],
    })
    table = facts.merge(_best_matches(tested, known, shuffles, rng), on="name", how="left")
    table["named"] = np.where((table["rank"] == 1).fillna(False) & (table["q"] < q_value), "yes", "no")
    return table


def _best_matches(queries, known, shuffles, rng):
    """Return one row per query and match, best first: the columns name and rank to overlap of `match_table`."""
    targets = [motif.matrix for motif in known]
    found = tomtom([query.matrix for query in queries], targets)
    best = found.p.argsort(axis=1, kind="stable")[:, : 1 + RUNNERS_UP]
    q = np.full(found.p.shape, np.nan)
    np.put_along_axis(q, best[:, :1], filter_q_values(found.p)[:, None], axis=1)
    columns = {"p": found.p, "e": found.p * len(known), "q": q, "strand": found.strand, "offset": found.offset,
               "overlap": found.overlap}
    columns = {name: np.take_along_axis(values, best, axis=1).ravel() for name, values in columns.items()}
    null = [tomtom([rng.permutation(query.matrix) for query in queries], targets).p.min(axis=1)
            for _ in tqdm(range(shuffles), "shuffled motifs", leave=False, disable=None)]
    fdr = empirical_fdr(columns["p"], found.p.min(axis=1), np.concatenate(null)) if shuffles else np.nan
    table = pd.DataFrame({
        "name": np.repeat([query.name for query in queries], best.shape[1]),
        "rank": np.tile(np.arange(1, best.shape[1] + 1), len(queries)),
        "match": [known[index].name for index in best.flat],
        "factor": [_factor(known[index]) for index in best.flat],
        **columns,
    })
    table.insert(table.columns.get_loc("strand"), "empirical_fdr", fdr)
    # Integers that can be undefined, for the rows of filters that were not compared.
    return table.astype({"name": str, "rank": "Int64", "offset": "Int64", "overlap": "Int64"})


def filter_q_values(p):
    """Return the q-value of each filter's best match: the false discovery rate among named filters.

    The best of T p-values is first corrected for their number (Sidak 1967,
    https://doi.org/10.1080/01621459.1967.10482935), then the filters for each other. Over all pairs of filter and
    known motif instead, a true motif with many relatives counts as many discoveries, and lets shuffled ones in.

    Parameters
    ----------
    p : numpy.ndarray, shape (F, T)
        p-value of each filter and known motif.

    Returns
    -------
    numpy.ndarray, shape (F,), float64
    """
    best = np.minimum(p.min(axis=1), np.nextafter(1, 0))  # the logarithm of 1 - 1 is not finite
    return benjamini_hochberg(-np.expm1(p.shape[1] * np.log1p(-best)))


def _factor(motif):
    """Return a known motif's alias as one word, or its name where it has none."""
    return "_".join(motif.alias.split()) or motif.name


def empirical_fdr(p, best, null):
    """Estimate false discovery rates of filters from shuffled ones.

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
    passing = [np.searchsorted(np.sort(values), thresholds, side="right") for values in (null, best)]
    rates = (passing[0] / len(null)) / (np.maximum(passing[1], 1) / len(best))
    rates = np.minimum.accumulate(rates[::-1])[::-1]
    return np.minimum(rates, 1)[np.searchsorted(thresholds, p)]


def named(found, table):
    """Return the motifs with the factor of their best match as alias where `match_table` names them."""
    factors = dict(table.loc[table["named"] == "yes", ["name", "factor"]].itertuples(index=False))
    return [Motif(motif.name, factors.get(motif.name, ""), motif.matrix, motif.n_sites) for motif in found]
