"""Filters as motifs: sites, base counts, trimmed matrices, names of known relatives.

A filter becomes the matrix of the sites that excite it, one per window. `danq.interpret.filters`
finds these and counts the bases there, `danq.motif.annotate` names the matrices and brings copies
together; this is the order in which it happens, and what is written down.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from danq.config import Motifs
from danq.data.dataset import open_dataset
from danq.errors import DanqError, one_line
from danq.files import PathLike
from danq.interpret.filters import Filters, filter_motifs, read_filters, write_sites
from danq.motif.annotate import match_table, merge_clusters, renamed, summary
from danq.motif.meme import Motif, known_motifs, write_meme
from danq.network.trained import load
from danq.records import Made, record_table, recorded


class Cutoffs(NamedTuple):
    """What counts as a site, and as a motif.

    Attributes
    ----------
    activation : float
        A site's activation is above this share of the filter's maximum.
    trim_bits : float
        Flanking columns with less information (bits) are cut.
    min_bits : float
        Only motifs whose best 8 columns hold at least this (bits) are named.
    """

    activation: float
    trim_bits: float
    min_bits: float


RECIPES = {
    "modern": Cutoffs(activation=0.5, trim_bits=0.25, min_bits=8.0),
    "published": Cutoffs(activation=0.0, trim_bits=0.0, min_bits=0.0),
}
"""What applies where the configuration leaves a number out. DanQ (https://doi.org/10.1093/nar/gkw226)
took the best site of each sequence with an activation above 0 and counted bases, as the motif files
beside its code show (https://github.com/uci-cbcl/DanQ)."""


def motifs(
    checkpoint: PathLike,
    dataset: PathLike,
    database: str,
    meme: PathLike,
    matches: PathLike,
    clusters: PathLike | None,
    sites: PathLike | None,
    *,
    settings: Motifs,
) -> None:
    """Read a motif out of each filter of a trained model, and name it by its known relative.

    Parameters
    ----------
    checkpoint, dataset : str or path-like
        A trained model, and the dataset.h5 in whose windows its filters look for sites.
    database : str
        Known motifs: a MEME file, or ``JASPAR<year>:<taxon>``.
    meme : str or path-like
        MEME file to write: one motif per filter with a site, ``filter<k>`` with k from 0, trimmed,
        and ``second<k>`` of DeepSEA's second layer; the alternate name is the factor of the best
        match where that is significant.
    matches : str or path-like
        TSV to write: `filter_table`.
    clusters, sites : str or path-like, or None
        MEME file to write: one motif for all filters that are copies of one another. BED file to
        write: the sites.
    settings : danq.config.Motifs
        Which windows, which cutoffs, and how motifs are compared.

    Raises
    ------
    DanqError
        A file cannot be used, the model has no filters, or no window has a label.
    """
    cutoffs = _cutoffs(settings)
    rng = np.random.default_rng(settings.seed)
    known = known_motifs(database)
    with open_dataset(dataset) as data:
        trained = load(checkpoint, device="cpu")
        trained.refuse_other_data(data)
        layers = trained.motif_layers()
        if not layers:
            what = f"{trained.facts['model']} has no filters to read motifs from"
            raise DanqError(f"{what}; name another model", checkpoint)
        keep = sites is not None
        filters = read_filters(layers, data, settings, cutoffs.activation, rng, keep)
        made = Made("motifs", trained.inputs(data))
        if sites is not None:
            with recorded(sites, made) as file:
                write_sites(file, filters, data, settings.split, cutoffs.trim_bits)
    origins = _origins(trained.facts, filters)
    discovered = _discovered(filters, cutoffs.trim_bits)
    families = _families(discovered, filters, origins)
    table = _match(discovered, families, known, settings, cutoffs.min_bits, rng)
    with recorded(meme, made) as file:
        write_meme(file, renamed(discovered, table))
    if clusters:
        with recorded(clusters, made) as file:
            write_meme(file, merge_clusters(discovered, table))
    record_table(matches, filter_table(table, filters, origins), made)
    n_filters = sum(layer.n_filters for layer in layers)
    message = f"{matches}: {n_filters} filters; {summary(table)}"
    print(one_line(message), file=sys.stderr)


def _cutoffs(settings: Motifs) -> Cutoffs:
    """Return the cutoffs of the settings, else the recipe's."""
    given = {}
    for name in Cutoffs._fields:
        value = getattr(settings, name)
        if value is not None:
            given[name] = value
    return RECIPES[settings.recipe]._replace(**given)


def _discovered(filters: Sequence[Filters], trim_bits: float) -> list[Motif]:
    """Return the motifs of all layers, trimmed."""
    discovered = []
    for layer in filters:
        discovered += filter_motifs(layer, trim_bits)
    return discovered


def _origins(facts: Mapping[str, Any], filters: Sequence[Filters]) -> dict[str, str]:
    """Return what filters began as, by name, of those that did not begin at random.

    Filters of a second layer are given something by a checkpoint alone.
    """
    first = facts.get("filters_initialised_from", [])
    pairs = zip(filters[0].names, first, strict=False)
    origins = {name: origin for name, origin in pairs if origin}
    start = facts.get("start")
    if start is not None and start["up_to"] != "stem":
        for layer in filters[1:]:
            for name in layer.names:
                origins[name] = f"{name} of {start['model']} seed {start['seed']}"
    return origins


def _families(
    discovered: Sequence[Motif], filters: Sequence[Filters], origins: Mapping[str, str]
) -> Iterator[list[Motif]]:
    """Yield groups of motifs whose false discoveries are counted together, each in their order.

    By layer: short first filters are not to be named on the strength of what a second layer finds.
    And filters that were initialised from known motifs, which match of course, are not to make room
    for chance matches of the others.
    """
    for layer in filters:
        names = set(layer.names)
        for from_known in (True, False):
            family = []
            for motif in discovered:
                if motif.name in names and (motif.name in origins) is from_known:
                    family.append(motif)
            yield family


def _match(
    discovered: Sequence[Motif],
    families: Iterator[list[Motif]],
    known: Sequence[Motif],
    settings: Motifs,
    min_bits: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Compare each family with the known motifs; return one table, in the order of the motifs."""
    tables = []
    for family in families:
        table = match_table(
            family,
            known,
            min_bits=min_bits,
            distance=settings.distance,
            q_value=settings.q_value,
            shuffles=settings.shuffles,
            rng=rng,
        )
        tables.append(table)
    order = {motif.name: number for number, motif in enumerate(discovered)}

    def rank(names: pd.Series) -> pd.Series:
        return names.map(order)

    table = pd.concat(tables, ignore_index=True)
    return table.sort_values("name", key=rank, kind="stable", ignore_index=True)


def filter_table(
    table: pd.DataFrame, filters: Sequence[Filters], origins: Mapping[str, str]
) -> pd.DataFrame:
    """Return a table of matches with the filter of each motif.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `danq.motif.annotate.match_table`.
    filters : list of Filters
        The layers that its motifs were read from.
    origins : mapping of str to str
        By the names of filters that did not begin at random, what they began as: a known motif, a
        word, or a filter of another training.

    Returns
    -------
    pandas.DataFrame
        The table after the columns layer (filter or second), filter (k) and initialised_from (what
        the filter began as: no evidence of discovery; NA for others).
    """
    keys = {}
    for layer in filters:
        for number, name in enumerate(layer.names):
            keys[name] = (layer.layer.name, number)
    rows = [keys[name] for name in table["name"]]
    columns = pd.DataFrame(rows, columns=["layer", "filter"])
    columns["initialised_from"] = [origins.get(name) for name in table["name"]]
    return pd.concat([columns, table], axis=1)
