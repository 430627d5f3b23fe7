"""Filters as motifs: sites -> base counts -> trimmed matrices -> names of known relatives.

A filter becomes the matrix of the sites that excite it, one per window. `danq.interpret.sites` finds these, `danq.motif.annotate` names
the matrices and brings copies together; this is the order in which it happens, and what is written down.
"""

import sys
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from danq.errors import DanqError
from danq.files import write_table
from danq.interpret.sites import (
    Sites,
    bed_rows,
    count_bases,
    find_sites,
    realign,
    site_bases,
    write_bed,
)
from danq.motif.annotate import kept_columns, match_table, merge_clusters, renamed, summary, trim
from danq.motif.meme import Motif, known_motifs, write_meme
from danq.network.models import Layer, motif_layers

RECIPES = {
    "modern": {"activation": 0.5, "trim_bits": 0.25, "min_bits": 8.0},
    "published": {"activation": 0.0, "trim_bits": 0.0, "min_bits": 0.0},
}
"""What holds where the configuration leaves a number out. DanQ (https://doi.org/10.1093/nar/gkw226) took the best site
of each sequence with an activation above 0 and counted bases, as the motif files beside its code show
(https://github.com/uci-cbcl/DanQ)."""

FLANK = 3
"""How far the sites of a layer behind a pool of 4 move when they are realigned (bp)."""

REALIGNED = 10_000
"""Windows in which the sites of such a layer are looked for, at most: the bases under them are held in memory."""


class Filters(NamedTuple):
    """The filters of one layer, as their sites show them.

    Attributes
    ----------
    layer : danq.network.models.Layer
    counts : numpy.ndarray, int64, shape (F, w, 4)
        Bases at each position of the sites.
    n_sites : numpy.ndarray, int64, shape (F,)
        Sites of each filter; 0 for one that no window excites.
    sites : Sites or None
        Their places, rows counted in the split; None where they were not kept.
    """

    layer: Layer
    counts: np.ndarray
    n_sites: np.ndarray
    sites: Sites | None


def motifs(
    checkpoint,
    dataset,
    database,
    meme,
    matches,
    clusters,
    sites,
    *,
    split,
    target,
    recipe,
    distance,
    q_value,
    shuffles,
    windows,
    seed,
    **given,
):
    """Read a motif out of each filter of a trained model, and name it by its known relative.

    Parameters
    ----------
    checkpoint, dataset : str or path-like
        A trained model, and the dataset.h5 whose windows show what its filters look for.
    database : str
        Known motifs: a MEME file, or ``JASPAR<year>:<taxon>``.
    meme : str or path-like
        MEME file to write: one motif per filter with a site, ``filter<k>`` with k from 0, trimmed, and ``second<k>`` of
        DeepSEA's second layer; the alternate name is the factor of the best match where that is significant.
    matches : str or path-like
        TSV to write: `danq.motif.annotate.match_table` of the same filters, after the columns layer (filter or second),
        filter (k) and started (the known motif as which it began its training: it discovered nothing; NA for others).
    clusters, sites : str or path-like, or None
        MEME file to write: one motif for all filters that are copies of one another. BED file to write: the sites.
    split, target, recipe, distance, q_value, shuffles, windows, seed
        See `danq.config.Motifs`.
    **given
        activation, trim_bits, min_bits: see there. None: the recipe's.

    Raises
    ------
    DanqError
        A file is unfit, the model has no filters, or no window has a label.
    """
    from danq.data.dataset import open_dataset

    knobs = RECIPES[recipe] | {key: value for key, value in given.items() if value is not None}
    rng = np.random.default_rng(seed)
    known = known_motifs(database)
    with open_dataset(dataset) as data:
        layers, started = _layers(checkpoint, data, dataset)
        rows = _labelled(data, split, target, dataset)
        rows = np.sort(rng.choice(rows, min(windows, len(rows)), replace=False))
        read = [
            read_layer(
                layer,
                partial(data.one_hot, split),
                rows,
                knobs["activation"],
                rng,
                keep=sites is not None,
            )
            for layer in layers
        ]
        places = _places(data, split) if sites else None
    found = [motif for one in read for motif in filter_motifs(one, knobs["trim_bits"])]
    table = pd.concat(
        [
            match_table(
                part,
                known,
                min_bits=knobs["min_bits"],
                distance=distance,
                q_value=q_value,
                shuffles=shuffles,
                rng=rng,
            )
            for part in _families(found, read, started)
        ],
        ignore_index=True,
    )
    order = {motif.name: place for place, motif in enumerate(found)}
    table = table.sort_values(
        "name", key=lambda names: names.map(order), kind="stable", ignore_index=True
    )
    write_meme(meme, renamed(found, table))
    if clusters:
        write_meme(clusters, merge_clusters(found, table))
    if sites:
        write_bed(
            sites,
            pd.concat(
                [
                    bed_rows(one.sites, _names(one), _spans(one, knobs["trim_bits"]), *places)
                    for one in read
                ]
            ),
        )
    write_table(matches, filter_table(table, read, started))
    print(
        f"{matches}: {sum(map(len, map(_names, read)))} filters; {summary(table)}", file=sys.stderr
    )


def _layers(checkpoint, data, path):
    """Return the layers of a trained model that have filters to read, and what its first filters started as."""
    from danq.network.checkpoint import load_checkpoint
    from danq.network.predict import refuse_other_data

    model, facts = load_checkpoint(checkpoint)
    refuse_other_data(data.facts(), facts["dataset"], path)
    layers = motif_layers(model)
    if not layers:
        raise DanqError(
            f"{facts['facts']['model']} has no filters to read motifs from; name another model",
            checkpoint,
        )
    return layers, facts["facts"].get("filters_initialised_from", [])


def _families(found, read, started):
    """Part motifs into those whose false discoveries are counted together, in their order.

    By layer: short first filters are not to be named on the strength of what a second layer finds. And filters that
    started as known motifs, which match of course, are not to make room for chance matches of the others.
    """
    began = {name for name, motif in zip(_names(read[0]), started, strict=False) if motif}
    for one in read:
        own = set(_names(one))
        for known in (True, False):
            yield [motif for motif in found if motif.name in own and (motif.name in began) is known]


def _labelled(data, split, target, path):
    """Return the rows of a split with a label, or with that of one target."""
    from danq.genome.tables import find_target

    if target is None:
        rows = np.flatnonzero(data.packed_labels(split).any(axis=1))
    else:
        rows = np.flatnonzero(data.labels_of(split, [find_target(target, data.names)])[:, 0])
    if len(rows) == 0:
        whose = "a label" if target is None else f"the label of {target}"
        raise DanqError(
            f"no {split} window has {whose}; choose another split or target, or extract with others",
            path,
        )
    return rows


def _places(data, split):
    """Return chromosome (number) and start of each window, and names; windows without a place are their own."""
    if data.attributes["coordinates"] == "genome":
        return data.places(split), list(data.chromosomes)
    rows = np.arange(data.length(split))
    return (rows, np.zeros(len(rows), np.int64)), [f"{split}_{row}" for row in rows]


def read_layer(layer, one_hot, rows, activation, rng, keep=False):
    """Count the bases at the sites of each filter of a layer, realigned where a pool lies before it.

    Parameters
    ----------
    layer : danq.network.models.Layer
    one_hot : callable
        See `danq.interpret.sites.find_sites`.
    rows : numpy.ndarray, int, shape (N,)
        Windows to look in, ascending.
    activation : float
        See `danq.interpret.sites.find_sites`.
    rng : numpy.random.Generator
        Chooses among more than `REALIGNED` windows, for a layer behind a pool.
    keep : bool
        Whether the places of the sites are wanted, 28 bytes each.

    Returns
    -------
    Filters
    """
    pooled = layer.stride > 1
    if pooled and len(rows) > REALIGNED:
        rows = np.sort(rng.choice(rows, REALIGNED, replace=False))
    counts, n_sites, kept, bases, done = 0, 0, [], [], 0
    for indices, sites in find_sites(layer, one_hot, rows, activation):
        seen = site_bases(indices, sites, layer.width, FLANK if pooled else 0)
        counts = counts + (0 if pooled else count_bases(seen, sites.filter, layer.n_filters))
        n_sites = n_sites + np.bincount(sites.filter, minlength=layer.n_filters)
        if keep or pooled:
            kept.append(sites._replace(row=rows[done + sites.row]))
            bases.append(seen if pooled else seen[:, :0])
        done += len(indices)
    sites = Sites(*map(np.concatenate, zip(*kept, strict=True))) if kept else None
    if pooled:
        sites, counts = _realigned(sites, np.concatenate(bases), layer)
    return Filters(layer, counts, n_sites, sites)


def _realigned(sites, bases, layer):
    """Shift the sites of each filter against each other; return them, and the bases counted."""
    shifts = np.zeros(len(bases), np.int64)
    for number in np.unique(sites.filter):
        own = sites.filter == number
        shifts[own] = realign(bases[own], FLANK)
    seen = bases[np.arange(len(bases))[:, None], FLANK + shifts[:, None] + np.arange(layer.width)]
    return sites._replace(start=sites.start + shifts), count_bases(
        seen, sites.filter, layer.n_filters
    )


def filter_motifs(filters, trim_bits):
    """Turn base counts into trimmed motifs, one per filter with a site.

    Parameters
    ----------
    filters : Filters
    trim_bits : float
        Flanking columns with less information (bits) are cut.

    Returns
    -------
    list of Motif
        Named by layer and number, as ``filter0``. Probabilities are plain shares, without pseudocounts; a column
        without any base is uniform.
    """
    return [
        Motif(
            _names(filters)[k],
            "",
            trim(_matrix(filters.counts[k]), trim_bits),
            int(filters.n_sites[k]),
        )
        for k in np.flatnonzero(filters.n_sites)
    ]


def _matrix(counts):
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, where=totals > 0, out=np.full(counts.shape, 0.25))


def _names(filters):
    return [f"{filters.layer.name}{k}" for k in range(filters.layer.n_filters)]


def _spans(filters, trim_bits):
    """Return the first and last (exclusive) column that each filter's motif keeps, int (F, 2)."""
    return np.array([kept_columns(_matrix(counts), trim_bits) for counts in filters.counts])


def filter_table(table, read, started):
    """Return a `danq.motif.annotate.match_table` with the columns layer, filter and started before it.

    Parameters
    ----------
    table : pandas.DataFrame
    read : list of Filters
        The layers that its motifs were read from.
    started : list of str
        The known motif that each filter of the first layer started as, or an empty text; may be shorter, or empty.

    Returns
    -------
    pandas.DataFrame
    """
    places = {name: (one.layer.name, k) for one in read for k, name in enumerate(_names(one))}
    own = pd.DataFrame([places[name] for name in table["name"]], columns=["layer", "filter"])
    began = dict(enumerate(started))
    own["initialised_from"] = [
        began.get(k) or None if layer == "filter" else None
        for layer, k in own.itertuples(index=False)
    ]
    return pd.concat([own, table], axis=1)
