"""Scores of variants, and of every single-base change, as tables in a notebook."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from danq.config import Variants
from danq.data.variant_files import Scored, by_target
from danq.errors import shown, warn
from danq.files import PathLike
from danq.genome.fasta import read_genome
from danq.genome.sequence import ALPHABET, UNKNOWN, Genome, find_unknown, pack
from danq.genome.tables import read_regions
from danq.genome.variants import Row, parse_variants, read_variants
from danq.network.sequence_forms import encode_by_name, is_file
from danq.network.substitutions import BASES, rows_of_region, substitution_changes
from danq.network.tiled import Predictor
from danq.network.variant_blocks import Prepared, Preparer, blocks
from danq.network.variant_scores import probabilities, score_windows

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 1024  # rows whose windows are in memory at once
_TOLD = 3  # variants without a score that are named

Named = Mapping[str, str] | PathLike
"""Sequences by name, or a FASTA file."""

Place = tuple[int, str, str]
"""Of a change: position (bp, 0-based), ref and alt."""


def open_genome(genome: Named) -> Genome:
    """Return sequences as a genome.

    Parameters
    ----------
    genome : dict of str to str, or path
        Sequences by name, or a FASTA file.

    Returns
    -------
    danq.genome.sequence.Genome

    Raises
    ------
    DanqError
        No sequence, or one that is no DNA; or a file that cannot be read.
    """
    if not isinstance(genome, Mapping):
        return read_genome(genome).genome
    indices = encode_by_name(genome)
    packed = {}
    lengths = {}
    unknown = {}
    for name, bases in indices.items():
        packed[name] = pack(bases)
        lengths[name] = len(bases)
        unknown[name] = find_unknown(bases, 0)
    return Genome(packed, lengths, unknown)


def rows_of(variants: str | Sequence[str] | PathLike) -> Iterable[Row]:
    """Return variants as rows.

    Parameters
    ----------
    variants : str, list of str, or path
        As ``chrom:pos:ref:alt`` (1-based), or a VCF or a table of them.

    Returns
    -------
    iterable of danq.genome.variants.Row

    Raises
    ------
    DanqError
        Words that are no variants, or a file that cannot be read.
    """
    if isinstance(variants, str) and not is_file(variants):
        return parse_variants([variants])
    if isinstance(variants, str) or is_file(variants):
        return read_variants(variants)  # type: ignore[arg-type]
    return parse_variants(list(variants))  # type: ignore[arg-type]


def usable_rows(rows: Iterable[Row], preparer: Preparer) -> Iterator[list[Prepared]]:
    """Yield rows that can be scored, some at a time; warn of the others at the end.

    Parameters
    ----------
    rows : iterable of danq.genome.variants.Row
        Variants.
    preparer : danq.network.variant_blocks.Preparer
        Makes their windows.

    Yields
    ------
    list of danq.network.variant_blocks.Prepared
        In their order, with windows.
    """
    others: list[Prepared] = []
    n_others = 0
    for block in blocks(rows, preparer, _BLOCK):
        refused = [found for found in block if found.windows is None]
        n_others += len(refused)
        others += refused[: _TOLD - len(others)]
        yield [found for found in block if found.windows is not None]
    for found in others:
        word = shown(found.row.word)
        warn(f"{word} is not scored: {found.status}")
    n_more = n_others - len(others)
    if n_more:
        warn(f"{n_more:,} further variants are not scored")


def score_prepared(model: Predictor, prepared: Sequence[Prepared]) -> Scored:
    """Return the scores of rows with windows, of one model and all of its targets.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        What predicts.
    prepared : sequence of danq.network.variant_blocks.Prepared
        The rows, none of them with its alleles exchanged.

    Returns
    -------
    danq.data.variant_files.Scored
    """
    rows = []
    status = []
    windows = []
    for found in prepared:
        rows.append(found.row)
        status.append(found.status)
        if found.windows is not None:
            windows.append(found.windows)
    columns = range(len(model.targets))
    scores = score_windows([model], windows, columns)
    ref = probabilities(scores.ref)
    alt = probabilities(scores.alt)
    return Scored(
        rows=rows,
        status=status,
        ref=ref,
        alt=alt,
        change=scores.change,
        spread=None,
        e_value=None,
    )


def variant_frame(
    model: Predictor,
    window: int,
    variants: str | Sequence[str] | PathLike,
    genome: Named,
    min_known: float,
) -> "pd.DataFrame":
    """Score variants, see `danq.network.trained.TrainedModel.variants`.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        What predicts.
    window : int
        Of the model (bp).
    variants, genome, min_known
        As there.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas as pd  # slow to load, and most steps ask for no table

    settings = Variants(min_known=min_known)
    preparer = Preparer(open_genome(genome), {}, settings, window)
    tables = []
    for usable in usable_rows(rows_of(variants), preparer):
        if usable:
            scored = score_prepared(model, usable)
            tables.append(by_target(scored, model.targets, None))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def region_frame(
    model: Predictor, window: int, region: str, genome: Named, min_known: float
) -> "pd.DataFrame":
    """Score every single-base change of a region, each in the middle of its own window.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        What predicts.
    window : int
        Of the model (bp).
    region : str
        As ``chrom:start-end`` (bp, 0-based half-open), or a name.
    genome, min_known
        See `danq.network.trained.TrainedModel.saturate`.

    Returns
    -------
    pandas.DataFrame
    """
    read = open_genome(genome)
    (where,) = read_regions([region], read.lengths)
    settings = Variants(min_known=min_known)
    preparer = Preparer(read, {}, settings, window)
    rows = rows_of_region(read, where)
    places: list[Place] = []
    n_targets = len(model.targets)
    changes = [np.empty((0, n_targets))]
    for usable in usable_rows(rows, preparer):
        if usable:
            scored = score_prepared(model, usable)
            changes.append(scored.change)
            places += [_place(row) for row in scored.rows]
    return _frame(places, np.concatenate(changes), model.targets)


def _place(row: Row) -> Place:
    position = row.pos - 1
    return position, row.ref, row.alt


def window_frame(model: Predictor, sequence: str) -> "pd.DataFrame":
    """Score every single-base change of a window in its place.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        What predicts.
    sequence : str
        DNA that it reads.

    Returns
    -------
    pandas.DataFrame
    """
    encoded = encode_by_name({"sequence": sequence})
    bases = encoded["sequence"]
    columns = range(len(model.targets))
    positions = range(len(bases))
    found = substitution_changes([model], bases, positions, columns)
    places: list[Place] = []
    changes = []
    for position, ref in enumerate(bases.tolist()):
        for alt in range(BASES):
            if ref not in (alt, UNKNOWN):
                place = (position, ALPHABET[ref], ALPHABET[alt])
                places.append(place)
                changes.append(found[position, alt])
    stacked = np.array(changes).reshape(-1, len(columns))
    return _frame(places, stacked, model.targets)


def _frame(places: Sequence[Place], changes: np.ndarray, targets: Sequence[str]) -> "pd.DataFrame":
    """Return changes (n, T) as a table, with their places as its index."""
    import pandas as pd  # slow to load, and most steps ask for no table

    index = pd.MultiIndex.from_tuples(places, names=["position", "ref", "alt"])
    return pd.DataFrame(changes, index=index, columns=list(targets))
