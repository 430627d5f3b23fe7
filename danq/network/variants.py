"""danq variants: what a change of the sequence changes in what models predict."""

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from danq.config import Variants
from danq.data.strongest import Strongest
from danq.data.variant_files import Refused, Scored, summary_lines
from danq.data.variant_outputs import About, Outputs, growing_outputs
from danq.data.variant_vcf import refuse_other_names
from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.aliases import read_aliases
from danq.genome.background import kinds_of, random_variants
from danq.genome.chromosomes import Chromosomes
from danq.genome.fasta import read_genome
from danq.genome.haplotypes import neighbourhoods, read_carried
from danq.genome.in_peaks import InPeaks, read_in_peaks
from danq.genome.variant_text import is_vcf
from danq.genome.variants import Row, parse_variants, read_variants
from danq.network.predict_sequences import Ensemble, by_fold, choose_columns, inputs_of, load_models
from danq.network.trained import TrainedModel
from danq.network.variant_blocks import Prepared, Preparer, blocks
from danq.network.variant_folds import fold_labels, score_by_fold
from danq.network.variant_haplotypes import haplotype_blocks
from danq.network.variant_scores import (
    Floats,
    VariantScores,
    e_values,
    probabilities,
)
from danq.network.variant_shuffles import as_large, p_values, with_q_values
from danq.progress import Bar

BLOCK = 1024
"""Rows whose scores are in memory at once."""

LOOKED_AT = 1000
"""First rows of an input, among which too many that do not fit the genome stop everything."""

KINDS_FROM = 10_000
"""First rows of an input, whose single-base changes a random background is like."""

MOST_MISMATCHES = 0.2
"""Share of those that do not fit."""


class Scoring(NamedTuple):
    """What scored some variants.

    Attributes
    ----------
    ensemble : danq.network.predict_sequences.Ensemble
        The models.
    preparer : danq.network.variant_blocks.Preparer
        Makes the windows of rows.
    """

    ensemble: Ensemble
    preparer: Preparer


def variants(
    checkpoint: Sequence[PathLike],
    genome: PathLike,
    *,
    settings: Variants,
    input: PathLike | None,
    variant: Sequence[str],
    aliases: PathLike | None,
    background: PathLike | None,
    peaks: PathLike | None,
    table: PathLike | None,
    summary: PathLike | None,
    vcf: PathLike | None,
    refused: PathLike | None,
    h5: PathLike | None,
    device: str,
    threads: int,
    average_folds: bool = False,
    downloads: PathLike | None = None,
    strongest: Strongest[Prepared] | None = None,
) -> Scoring:
    """Score variants with trained models, the two strands averaged, and the models.

    Parameters
    ----------
    checkpoint : sequence of path
        Of ``danq train``, all of one dataset.
    genome : path
        FASTA of the genome.
    settings : danq.config.Variants
        The knobs.
    input : path or None
        VCF, or a table with columns chrom, pos (1-based), ref, alt and perhaps id.
    variant : sequence of str
        Variants as ``chrom:pos:ref:alt``, in place of a file.
    aliases : path or None
        Other names of chromosomes, as elsewhere.
    background : path or None
        VCF or table of variants that effects are compared with, such as common ones.
    peaks : path or None
        targets.tsv or a BED; random variants lie in its peaks as often as those of the input.
    table, summary, vcf, refused, h5 : path or None
        See `danq.data.variant_outputs.Outputs`.
    device : str
        auto, cpu, cuda or mps.
    threads : int
        CPU threads.
    average_folds : bool
        Whether all models score everything: otherwise, of models that were trained on unlike
        chromosomes of the genome, only those score a variant that were not trained on the bases
        around it.
    downloads : path, optional
        Folder of the files that a table of targets names by URL.
    strongest : danq.data.strongest.Strongest, optional
        Keeps the variants with the largest changes; with it, nothing else need be written.

    Returns
    -------
    Scoring
        What scored them.

    Raises
    ------
    DanqError
        Options that do not go together, files that cannot be used, or an input that is of another
        genome.
    """
    outputs = Outputs(table, summary, vcf, refused, h5)
    refuse_options(outputs, input, variant, strongest is not None)
    refuse_haplotypes(settings, input)
    if background is not None and peaks is not None:
        raise DanqError("--peaks is for a random background; leave out --peaks, or --background")
    ensemble = choose_columns(load_models(checkpoint, device, threads), settings.targets)
    read = read_genome(genome).genome
    if not average_folds:
        ensemble = by_fold(ensemble, read.lengths, "variants")
    names = read_aliases(aliases, read.lengths) if aliases is not None else {}
    preparer = Preparer(read, names, settings, ensemble.models[0].window)

    def rows() -> Iterable[Row]:
        return read_variants(input) if input is not None else parse_variants(variant)

    refuse_another_genome(rows(), preparer)
    regions = None
    if peaks is not None:
        regions = read_in_peaks(peaks, Chromosomes(read.lengths, names), downloads)
    comparison = background_changes(background, rows, preparer, ensemble, regions)
    words = background_words(background, comparison, regions)
    if settings.haplotypes and input is not None:
        prepared = _blocks_of_haplotypes(input, settings, preparer)
    else:
        prepared = blocks(rows(), preparer, BLOCK)
    scored = _scored_blocks(prepared, settings, ensemble, comparison, strongest)
    if settings.shuffles:
        n_targets = len(ensemble.targets)
        scored = with_q_values(scored, settings.shuffles, n_targets, outputs.folder)
    folds = ensemble.teams.describe() if ensemble.teams is not None else ""
    about = About(input, ensemble.targets, settings.top, words, folds, settings.float16)
    if h5 is not None:
        sources = [path for path in (genome, input, background, peaks) if path is not None]
        about = about._replace(inputs=inputs_of(checkpoint, sources))
    with growing_outputs(outputs, about) as growing:
        for block, others in scored:
            growing.append(block, others)
    lines = summary_lines(sum(growing.scored), growing.reasons)
    _say([*lines, f"E-values compare with {words}"] if words else lines)
    return Scoring(ensemble, preparer)


def _say(lines: Iterable[str]) -> None:
    """Print what was scored, and what was not."""
    for line in lines:
        print(f"variants: {line}", file=sys.stderr)


def _blocks_of_haplotypes(
    path: PathLike, settings: Variants, preparer: Preparer
) -> Iterable[list[Prepared]]:
    """Return the windows of a sample's haplotypes, block by block."""
    carried = read_carried(path, settings.sample)
    reach = preparer.window + settings.longest
    near = neighbourhoods(carried, reach, path)
    return haplotype_blocks(near, preparer, BLOCK)


def refuse_options(
    outputs: Outputs, input: PathLike | None, variant: Sequence[str], explains: bool = False
) -> None:
    """Refuse options that do not go together.

    Parameters
    ----------
    outputs : danq.data.variant_outputs.Outputs
        What is asked for.
    input : path or None
        The file of variants.
    variant : sequence of str
        Variants as words.
    explains : bool
        Whether variants are explained in a file of their own.

    Raises
    ------
    DanqError
        No variants, or two kinds of them; nothing to write; a VCF of something else.
    """
    if (input is None) == (not variant):
        raise DanqError("give variants either by --input, a VCF or a table, or by --variant")
    if not (explains or outputs.has_scores):
        raise DanqError("nothing is to be written; give --table, --summary, --vcf or --h5")
    if outputs.vcf is not None and (input is None or not is_vcf(input)):
        raise DanqError("--vcf writes the scores into the VCF of --input; give one")
    if outputs.vcf is not None:
        refuse_other_names(outputs.vcf)


def refuse_haplotypes(settings: Variants, input: PathLike | None) -> None:
    """Refuse options that do not go with haplotypes.

    Parameters
    ----------
    settings : danq.config.Variants
        The knobs.
    input : path or None
        The file of variants.

    Raises
    ------
    DanqError
        No VCF, whose genotypes say what a haplotype is; or alleles that are exchanged.
    """
    if settings.sample is not None and not settings.haplotypes:
        raise DanqError("--sample is for --haplotypes; give both, or neither")
    if settings.haplotypes and (input is None or not is_vcf(input)):
        raise DanqError("--haplotypes reads genotypes; give a VCF with samples by --input")
    if settings.haplotypes and settings.ref_mismatch != "skip":
        raise DanqError("--haplotypes needs the genome's own REF; leave out --ref-mismatch")


def refuse_another_genome(rows: Iterable[Row], preparer: Preparer) -> None:
    """Refuse an input whose first rows say that it is not of this genome.

    Parameters
    ----------
    rows : iterable of danq.genome.variants.Row
        The input.
    preparer : danq.network.variant_blocks.Preparer
        Compares them with the genome.

    Raises
    ------
    DanqError
        More than a fifth of the first 1,000 rows have another REF.
    """
    first = [preparer.prepare(row) for row in itertools.islice(rows, LOOKED_AT)]
    compared = [found for found in first if found.windows is not None or found.is_mismatch]
    wrong = [found for found in compared if found.is_mismatch]
    if len(wrong) > MOST_MISMATCHES * len(compared):
        what = (
            f"{len(wrong)} of the first {len(compared)} variants have another REF than the genome"
        )
        example = f"line {wrong[0].row.number}: {wrong[0].status}"
        raise DanqError(f"{what} ({example}); is this the genome of these variants (hg19, hg38)?")


# --- scores ---


def _scores(prepared: Sequence[Prepared], ensemble: Ensemble) -> VariantScores:
    """Predict the rows that have windows, and turn the sign of those that were exchanged."""
    scores = score_by_fold(ensemble, prepared)
    swapped = np.array([found.status == "swapped" for found in prepared if found.windows])
    ref = np.where(swapped[:, None], scores.alt, scores.ref)
    alt = np.where(swapped[:, None], scores.ref, scores.alt)
    by_model = scores.by_model
    if by_model is not None:
        by_model = np.where(swapped[:, None], -by_model, by_model)
    return VariantScores(ref, alt, scores.spread, by_model)


def background_changes(
    background: PathLike | None,
    rows: Callable[[], Iterable[Row]],
    preparer: Preparer,
    ensemble: Ensemble,
    peaks: InPeaks | None,
) -> Floats | None:
    """Return the changes of log-odds of the variants that effects are compared with.

    Parameters
    ----------
    background : path or None
        Their file; None: random single-base changes of the genome, in trinucleotides and peaks as
        frequent as among the first 10,000 rows of the input.
    rows : callable
        Gives the rows of the input.
    preparer : danq.network.variant_blocks.Preparer
        Makes windows.
    ensemble : danq.network.predict_sequences.Ensemble
        What predicts.
    peaks : danq.genome.in_peaks.InPeaks or None
        Which bases lie in peaks; None where that does not matter.

    Returns
    -------
    numpy.ndarray, shape (m, T), or None
        None where there are to be none.

    Raises
    ------
    DanqError
        The file cannot be used, or none of its variants be scored.
    """
    settings = preparer.settings
    if background is not None:
        compared: Iterable[Row] = read_variants(background)
    elif settings.background_size:
        genome = preparer.genome
        first = itertools.islice(rows(), KINDS_FROM)
        kinds = kinds_of(first, genome, preparer.aliases, peaks)
        n = settings.background_size
        compared = random_variants(genome, kinds, n, settings.seed, peaks)
    else:
        return None
    changes = []
    for block in blocks(compared, preparer, BLOCK):
        usable = [found for found in block if found.windows is not None]
        if usable:
            changes.append(_scores(usable, ensemble).change)
    if not changes:
        raise DanqError("no background variant can be scored; give others", background)
    return np.concatenate(changes)


def background_words(
    background: PathLike | None, changes: Floats | None, peaks: InPeaks | None
) -> str:
    """Return what effects are compared with, in words; empty where with nothing.

    Parameters
    ----------
    background : path or None
        The file of variants that are compared with.
    changes : numpy.ndarray, shape (m, T), or None
        Their changes.
    peaks : danq.genome.in_peaks.InPeaks or None
        Peaks in which random changes lie as often as the variants.

    Returns
    -------
    str
    """
    if changes is None:
        return ""
    if background is not None:
        return f"{len(changes):,} variants of {background}"
    matched = "the same trinucleotides"
    if peaks is not None:
        matched += f", and as often in peaks of {peaks.name}"
    return f"{len(changes):,} random single-base changes of the genome, in {matched}"


def _scored_blocks(
    prepared: Iterable[list[Prepared]],
    settings: Variants,
    ensemble: Ensemble,
    background: Floats | None,
    strongest: Strongest[Prepared] | None,
) -> Iterator[tuple[Scored, list[Refused]]]:
    """Yield the scores of all rows, block by block, and the rows that have none."""
    bar = Bar(desc="variants", unit="allele")
    for block in prepared:
        usable = [found for found in block if found.windows is not None]
        others = [found for found in block if found.windows is None]
        scored = score_rows(usable, ensemble, background)
        if strongest is not None:
            strongest.add(usable, scored)
        if settings.shuffles:
            scored = _with_p_values(scored, usable, settings, ensemble)
        yield scored, [Refused(found.row, found.status) for found in others]
        bar.update(len(block))
    bar.close()


def _with_p_values(
    scored: Scored, usable: Sequence[Prepared], settings: Variants, ensemble: Ensemble
) -> Scored:
    """Score variants in shuffled flanks, too, and add p."""

    def predict(prepared: Sequence[Prepared]) -> Floats:
        return _scores(prepared, ensemble).change

    n = settings.shuffles
    counts = as_large(usable, scored.change, n, settings.seed, predict)
    return scored._replace(p_value=p_values(counts, n))


def model_labels(averaged: Sequence[Sequence[TrainedModel]]) -> list[str]:
    """Return what tells averaged models apart: their seeds, or else their places from 1.

    Parameters
    ----------
    averaged : sequence of sequence of danq.network.trained.TrainedModel
        See `danq.network.predict_sequences.Ensemble`.

    Returns
    -------
    list of str
        As seed0, seed1; or 1, 2.
    """
    seeds = [{model.facts["seed"] for model in models} for models in averaged]
    names = [f"seed{seed}" for own in seeds for seed in own]
    if len(set(names)) == len(names) == len(averaged):
        return names
    return [str(place) for place in range(1, len(averaged) + 1)]


def score_rows(
    usable: Sequence[Prepared], ensemble: Ensemble, background: Floats | None = None
) -> Scored:
    """Return the scores of rows with windows.

    Parameters
    ----------
    usable : sequence of danq.network.variant_blocks.Prepared
        The rows.
    ensemble : danq.network.predict_sequences.Ensemble
        What predicts.
    background : numpy.ndarray, shape (m, T), optional
        Changes that theirs are compared with.

    Returns
    -------
    danq.data.variant_files.Scored
    """
    n_targets = len(ensemble.targets)
    empty = np.empty((0, n_targets))
    n_models = len(ensemble.averaged)
    nothing = np.empty((n_models, 0, n_targets)) if n_models > 1 else None
    scores = VariantScores(empty, empty, None, nothing)
    if usable:
        scores = _scores(usable, ensemble)
    rows = [found.row for found in usable]
    status = [found.status for found in usable]
    ref = probabilities(scores.ref)
    alt = probabilities(scores.alt)
    e_value = None
    if background is not None:
        e_value = e_values(scores.change, background)
    return Scored(
        rows=rows,
        status=status,
        ref=ref,
        alt=alt,
        change=scores.change,
        spread=scores.spread,
        by_model=scores.by_model,
        models=model_labels(ensemble.averaged),
        folds=fold_labels(ensemble, usable),
        e_value=e_value,
    )
