"""Whether what a run is to predict beside its test split can be, told before any training."""

from collections.abc import Mapping, Sequence

from danq.config import Predictions
from danq.data.stretches import chosen_chromosomes, read_stretches
from danq.errors import DanqError, DanqErrors
from danq.genome.fasta import read_fasta
from danq.genome.tables import Region, read_regions


def refuse_unpredictable(wanted: Predictions, lengths: Mapping[str, int], bin_size: int) -> None:
    """Refuse inputs of the section ``predict`` as ``danq predict`` would, all of them at once.

    Parameters
    ----------
    wanted : danq.config.Predictions
        The section.
    lengths : mapping of str to int
        Length of each chromosome of the run's genome (bp); empty for a run without one.
    bin_size : int
        Length of a bin (bp).

    Raises
    ------
    DanqErrors
        A line for each of: a chromosome that the genome lacks, a line of a BED file that is not a
        region of it, a FASTA file that is not DNA, a locus of which nothing is predicted.
    """
    errors: list[DanqError] = []
    try:
        predicted = _chromosomes(wanted, lengths)
    except DanqError as error:
        predicted = []
        errors.append(DanqError(f"predict.chromosomes: {error}"))
    for path in wanted.bed:
        try:
            stretches = read_stretches(path, lengths, wanted.step or bin_size)
        except DanqError as error:
            errors.append(error)
            continue
        predicted += [Region(*stretch[:3]) for stretch in stretches]
    errors += unreadable_sequences(wanted)
    if not errors:  # else what is predicted is not known
        errors += _empty_loci(wanted.loci, lengths, predicted)
    if errors:
        raise DanqErrors(errors)


def unreadable_sequences(wanted: Predictions) -> list[DanqError]:
    """Return what is wrong with the FASTA files of the section ``predict``.

    Parameters
    ----------
    wanted : danq.config.Predictions
        The section.

    Returns
    -------
    list of DanqError
        The first mistake of each file that has one.
    """
    errors = []
    for path in wanted.fasta:
        try:
            for _ in read_fasta(path):
                pass
        except DanqError as error:
            errors.append(error)
    return errors


def _chromosomes(wanted: Predictions, lengths: Mapping[str, int]) -> list[Region]:
    """Return the chromosomes that are predicted as a whole."""
    if not wanted.covers_genome:
        return []
    names = chosen_chromosomes(wanted.chromosomes or None, lengths)
    return [Region(name, 0, lengths[name]) for name in names]


def _empty_loci(
    loci: Sequence[str], lengths: Mapping[str, int], predicted: Sequence[Region]
) -> list[DanqError]:
    """Return what is wrong with the loci to draw, one line each."""
    errors = []
    for text in loci:
        try:
            (locus,) = read_regions([text], lengths)
        except DanqError as error:
            what = str(error).removeprefix("split ")
            errors.append(DanqError(f"predict.loci: {what}"))
            continue
        if not any(_overlap(locus, region) for region in predicted):
            what = f"predict.loci: {text}: nothing is predicted there"
            errors.append(DanqError(f"{what}; give others, or add them to predict.bed"))
    return errors


def _overlap(one: Region, other: Region) -> bool:
    return one.chrom == other.chrom and one.start < other.end and other.start < one.end
