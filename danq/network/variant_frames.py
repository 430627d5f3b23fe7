"""Scores of variants, and of every single-base change, as tables in a notebook."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from danq.config import Variants
from danq.data.variant_files import Scored, by_target
from danq.errors import shown, warn
from danq.files import PathLike
from danq.genome.fasta import read_genome
from danq.genome.sequence import ALPHABET, Genome, find_unknown, pack
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
    packed = {name: pack(bases) for name, bases in indices.items()}
    lengths = {name: len(bases) for name, bases in indices.items()}
    unknown = {name: find_unknown(bases, 0) for name, bases in indices.items()}
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
        row = found.row
        place = f"{row.chrom}:{row.pos}:{row.ref}:{row.alt}"
        warn(f"{shown(place)} is not scored: {found.status}")
    if n_others > len(others):
        warn(f"{n_others - len(others):,} further variants are not scored")


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
    windows = [found.windows for found in prepared if found.windows is not None]
    scores = score_windows([model], windows, range(len(model.targets)))
    return Scored(
        rows=[found.row for found in prepared],
        status=[found.status for found in prepared],
        ref=probabilities(scores.ref),
        alt=probabilities(scores.alt),
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

    preparer = Preparer(open_genome(genome), {}, Variants(min_known=min_known), window)
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
    preparer = Preparer(read, {}, Variants(min_known=min_known), window)
    places: list[tuple[int, str, str]] = []
    changes = [np.empty((0, len(model.targets)))]
    for usable in usable_rows(rows_of_region(read, where), preparer):
        if usable:
            changes.append(score_prepared(model, usable).change)
            places += [(found.row.pos - 1, found.row.ref, found.row.alt) for found in usable]
    return _frame(places, np.concatenate(changes), model.targets)


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
    bases = encode_by_name({"sequence": sequence})["sequence"]
    columns = range(len(model.targets))
    found = substitution_changes([model], bases, range(len(bases)), columns)
    places = []
    changes = [np.empty((0, len(columns)))]
    for position, ref in enumerate(bases.tolist()):
        if ref < BASES:
            others = [base for base in range(BASES) if base != ref]
            places += [(position, ALPHABET[ref], ALPHABET[alt]) for alt in others]
            changes.append(found[position, others])
    return _frame(places, np.concatenate(changes), model.targets)


def _frame(
    places: Sequence[tuple[int, str, str]], changes: np.ndarray, targets: Sequence[str]
) -> "pd.DataFrame":
    """Return changes (n, T) as a table, with their places as its index."""
    import pandas as pd  # slow to load, and most steps ask for no table

    index = pd.MultiIndex.from_tuples(places, names=["position", "ref", "alt"])
    return pd.DataFrame(changes, index=index, columns=list(targets))
