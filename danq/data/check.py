"""Checks all of the user's files before anything long begins."""

import json
from collections.abc import Sequence

from danq.config import Extract, Predictions, ScoredVariants
from danq.data.fold_check import check_folds
from danq.data.folds import training_share
from danq.data.inputs import read_files
from danq.data.one_sided import choose_usable, refuse_lost_targets
from danq.data.predicted_check import refuse_unpredictable
from danq.data.regions import refuse_empty_regions
from danq.data.variant_inputs import refuse_unscorable
from danq.files import PathLike, write_text
from danq.genome.sources import Sources


def check(
    sources: Sources,
    output: PathLike,
    *,
    settings: Extract,
    regions: Sequence[str] = (),
    chosen_targets: Sequence[str] = (),
    folds: Sequence[str] = (),
    predictions: Predictions | None = None,
    variants: ScoredVariants | None = None,
) -> None:
    """Read every file as `danq.data.extract.extract` will, and report all errors at once.

    Parameters
    ----------
    sources : danq.genome.sources.Sources
        The user's files.
    output : str or path-like
        Made when nothing is wrong: what was counted in the files (JSON).
    settings : danq.config.Extract
        As for `danq.data.extract.extract`.
    regions : sequence of str
        Regions whose windows will be explained, as chr1:100-300 (0-based half-open).
    chosen_targets : sequence of str
        Names or indices of targets that later steps will show.
    folds : sequence of str
        How the genome is divided into folds, see `danq.data.folds.divide`; empty for one split.
    predictions : danq.config.Predictions, optional
        What will be predicted beside the test split.
    variants : danq.config.ScoredVariants, optional
        Which variants will be scored.

    Raises
    ------
    DanqErrors
        Everything that is wrong in the files, a line each.
    DanqError
        No bin can be used, a chromosome or group that is not there, folds that overlap or cannot be
        made, or an output that is one of the files.
    """
    share = training_share(folds)
    files = read_files(sources, settings, outputs=(output,), training_share=share)
    if folds:
        checked = check_folds(files, folds)
        files = checked.files
        choice = checked.choices[0]  # of the fold whose windows are explained
        lines = checked.lines()
        findings = checked.findings()
    else:
        usable = choose_usable(files, files.settings)
        files = usable.files
        choice = usable.choice
        lines = choice.lines()
        findings = {"windows": choice.windows(), **choice.facts()}
    refuse_lost_targets(files, chosen_targets)
    refuse_empty_regions(files, choice, regions)
    if predictions is not None:
        refuse_unpredictable(predictions, files.genome.lengths, files.settings.bin_size)
    if variants is not None:
        lengths = files.genome.lengths
        refuse_unscorable(variants, lengths, files.aliases, whole=True)
    for line in [*files.lines(), *lines]:
        print(line)
    findings["chromosomes"] = files.genome.lengths
    write_text(output, json.dumps({**findings, **files.source}, indent=1) + "\n")
