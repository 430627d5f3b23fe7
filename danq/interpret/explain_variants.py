"""danq variants --explained: why a model expects something else of the other allele."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from danq.config import Variants
from danq.data.explained import (
    ExplainedVariant,
    Explanations,
    FilterChange,
    MotifChange,
    write_explained,
)
from danq.data.strongest import Strong, Strongest
from danq.errors import DanqError, shown, warn
from danq.files import PathLike
from danq.genome.alleles import AlleleWindows
from danq.genome.chromosomes import Chromosomes
from danq.genome.in_peaks import is_target_table
from danq.genome.nearest_peaks import NearestPeaks, read_nearest_peaks
from danq.genome.peaks import read_peaks
from danq.genome.sequence import decode
from danq.genome.tables import Region, Target, read_targets
from danq.genome.variants import Row
from danq.interpret.allele_bases import Drawn, drawn_bases, effects_of
from danq.interpret.allele_filters import (
    WINDOWS,
    AlleleFilters,
    FilterNames,
    filters_of,
    random_windows,
    read_filter_names,
)
from danq.interpret.explained_figures import draw_explanations
from danq.motif.allele_sites import Allele, ChangedSite, Scorer, changed_sites, scorers_of
from danq.motif.meme import Motif, known_motifs, motif_files
from danq.network.predict_sequences import Ensemble
from danq.network.trained import TrainedModel
from danq.network.variant_blocks import SWAPPED, Prepared, Preparer
from danq.network.variant_folds import models_for
from danq.network.variant_frames import (
    Named,
    open_genome,
    rows_of,
    score_prepared,
    usable_rows,
)
from danq.network.variants import Scoring, variants
from danq.progress import Bar
from danq.records import Input, file_input

MOST_EXPLAINED = 100
"""Variants that are explained in a notebook, at most: those of the largest changes."""


class Evidence(NamedTuple):
    """What variants are explained with, beside the models.

    Attributes
    ----------
    motifs : sequence of danq.motif.meme.Motif
        Known ones.
    names : sequence of mapping of str to str
        Which factor each filter of each model is named after; empty where that is not known.
    targets : sequence of danq.genome.tables.Target
        Those with known peaks.
    inputs : sequence of danq.records.Input
        The files that these are from.
    """

    motifs: Sequence[Motif] = ()
    names: Sequence[dict[str, str]] = ()
    targets: Sequence[Target] = ()
    inputs: Sequence[Input] = ()


def explained_variants(
    checkpoint: Sequence[PathLike],
    genome: PathLike,
    *,
    settings: Variants,
    explained: PathLike | None,
    figures: PathLike | None,
    motifs: str,
    matches: Sequence[PathLike],
    peaks: PathLike | None,
    downloads: PathLike | None,
    **options: Any,
) -> None:
    """Score variants, and explain those of the largest changes.

    Parameters
    ----------
    checkpoint, genome, settings, **options
        As `danq.network.variants.variants` takes them.
    explained : path or None
        File of explanations to make, see `danq.data.explained`.
    figures : path or None
        Folder of figures to make, one for each variant.
    motifs : str
        Known motifs: a MEME file, or ``JASPAR<year>:<taxon>``.
    matches : sequence of path
        Names of the filters of each model, of ``danq motifs``; may be empty.
    peaks : path or None
        Table of targets, with their peaks; of a BED file, nothing is said of a target's own peaks.
    downloads : path or None
        Folder of the files that it names by URL.

    Raises
    ------
    DanqError
        As `danq.network.variants.variants`; or a file to explain with cannot be used.
    """
    evidence = read_evidence(checkpoint, motifs, matches, peaks, downloads)
    strongest: Strongest[Prepared] = Strongest(settings.explain)
    # A background that is given is not matched to peaks.
    of_background = None if options["background"] is not None else peaks
    scoring = variants(
        checkpoint,
        genome,
        settings=settings,
        peaks=of_background,
        downloads=downloads,
        strongest=strongest,
        **options,
    )
    explainer = Explainer(scoring, evidence)
    names = [str(path) for path in checkpoint]
    found = explainer.explain(strongest.ranked(), names)
    if explained is not None:
        inputs = _sources(scoring.ensemble.models)
        inputs.append(file_input("genome", genome))
        inputs.extend(evidence.inputs)
        write_explained(explained, found, inputs)
    if figures is not None:
        draw_explanations(Path(figures), found)


def explain(
    model: TrainedModel,
    variants: str | Sequence[str] | PathLike,
    genome: Named,
    *,
    motifs: Sequence[Motif] = (),
    names: dict[str, str] | None = None,
) -> list[ExplainedVariant]:
    """Explain variants in a notebook.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        What predicts.
    variants : str, list of str, or path
        As ``chrom:pos:ref:alt`` (1-based), or a VCF or a table of them; few, as all are explained.
    genome : dict of str to str, or path
        Sequences by name, or a FASTA file.
    motifs : sequence of danq.motif.meme.Motif
        Known ones.
    names : dict of str to str, optional
        Which factor each filter is named after, see `danq.interpret.allele_filters`.

    Returns
    -------
    list of danq.data.explained.ExplainedVariant
        The largest change first; what cannot be scored is left out, with a warning.

    Raises
    ------
    DanqError
        As `danq.network.trained.TrainedModel.variants`.
    """
    preparer = Preparer(open_genome(genome), {}, Variants(), model.window)
    columns = list(range(len(model.targets)))
    strongest: Strongest[Prepared] = Strongest(MOST_EXPLAINED)
    for usable in usable_rows(rows_of(variants), preparer):
        if usable:
            strongest.add(usable, score_prepared(model, usable))
    scoring = Scoring(Ensemble([model], columns), preparer)
    evidence = Evidence(motifs, [names or {}])
    explainer = Explainer(scoring, evidence)
    return explainer.explain(strongest.ranked(), []).variants


def read_evidence(
    checkpoint: Sequence[PathLike],
    motifs: str,
    matches: Sequence[PathLike] = (),
    peaks: PathLike | None = None,
    downloads: PathLike | None = None,
) -> Evidence:
    """Read what variants are explained with.

    Parameters
    ----------
    checkpoint : sequence of path
        The models.
    motifs, matches, peaks, downloads
        As for `explained_variants`.

    Returns
    -------
    Evidence

    Raises
    ------
    DanqError
        A file that cannot be used, or names of the filters of some models only.
    """
    if matches and len(matches) != len(checkpoint):
        what = f"--matches has {len(matches)} files for {len(checkpoint)} models"
        raise DanqError(f"{what}; give one for each, in their order")
    known = known_motifs(motifs)
    names = [read_filter_names(path) for path in matches]
    targets: list[Target] = []
    if peaks is not None and is_target_table(peaks):
        targets = read_targets(peaks, downloads=downloads)
        # Faulty lines are told before anything is scored; chromosomes are compared later.
        for _ in read_peaks([target.file for target in targets], None):
            pass
    inputs = []
    for path in motif_files(motifs):
        inputs.append(file_input("motifs", path))
    for table in matches:
        inputs.append(file_input("matches", table))
    if peaks is not None:
        inputs.append(file_input("targets", peaks))
    return Evidence(known, names, targets, inputs)


def _sources(models: Sequence[TrainedModel]) -> list[Input]:
    """Return the files of models."""
    return [model.source for model in models if model.source is not None]


class Explainer:
    """Explains variants that were scored.

    Parameters
    ----------
    scoring : danq.network.variants.Scoring
        What scored them.
    evidence : Evidence
        What they are explained with.
    """

    def __init__(self, scoring: Scoring, evidence: Evidence) -> None:
        self.preparer = scoring.preparer
        self.genome = scoring.preparer.genome
        self.ensemble = scoring.ensemble
        self.targets = scoring.ensemble.models[0].targets
        shares = self.genome.base_shares()
        self.scorers: list[Scorer] = scorers_of(evidence.motifs, shares)
        self.names = _filter_names(scoring.ensemble.models, evidence.names)
        self.peaks: NearestPeaks | None = None
        self.rows: dict[int, int] = {}
        if evidence.targets:
            chromosomes = Chromosomes(self.genome.lengths, self.preparer.aliases)
            self.peaks = read_nearest_peaks(evidence.targets, chromosomes)
            own = [target.name for target in evidence.targets]
            self.rows = _rows_of_targets(self.targets, own)

    def explain(
        self, strongest: Sequence[Strong[Prepared]], checkpoints: Sequence[str]
    ) -> Explanations:
        """Explain variants.

        Parameters
        ----------
        strongest : sequence of danq.data.strongest.Strong
            The variants, with windows.
        checkpoints : sequence of str
            What the models are called.

        Returns
        -------
        danq.data.explained.Explanations
        """
        filters = self._filters(strongest)
        found = []
        for strong in Bar(strongest, "explain", unit="variant"):
            explained = self._explained(strong, filters)
            if explained is None:
                word = shown(strong.prepared.row.word)
                warn(f"{word} is not explained: its alleles fill the window")
            else:
                found.append(explained)
        facts = self.ensemble.models[0].facts
        model = str(facts.get("model", ""))
        names = list(checkpoints)
        return Explanations(model=model, checkpoints=names, variants=found)

    def _filters(self, strongest: Sequence[Strong[Prepared]]) -> list[list[AlleleFilters]]:
        """Return the filters of each model, which have seen some windows."""
        window = self.preparer.window
        seed = self.preparer.settings.seed
        seen = [random_windows(self.genome, window, WINDOWS, seed)]
        for strong in strongest:
            pair = _as_written(strong.prepared)
            seen.append(np.stack([pair.ref, pair.alt]))
        windows = np.concatenate(seen)
        filters = []
        for model, names in zip(self.ensemble.models, self.names, strict=True):
            of_model = filters_of(model.motif_layers(), names)
            for layer in of_model:
                layer.look(windows)
            filters.append(of_model)
        return filters

    def _explained(
        self, strong: Strong[Prepared], filters: Sequence[Sequence[AlleleFilters]]
    ) -> ExplainedVariant | None:
        """Explain a variant; None where its alleles cannot be drawn."""
        row = strong.prepared.row
        windows = _as_written(strong.prepared)
        place = self._place(strong.prepared)
        drawn = self._drawn(row, windows, place)
        if drawn is None:
            return None
        target = self.ensemble.columns[strong.column]
        models = models_for(self.ensemble, strong.prepared)
        distance = self._distance(target, place)
        is_known = target in self.rows
        changed = self._filter_changes(models, filters, windows)
        ref_sequence = decode(windows.ref[drawn.ref])
        alt_sequence = decode(windows.alt[drawn.alt])
        ref_effects = effects_of(models, windows.ref, drawn.ref, target)
        alt_effects = effects_of(models, windows.alt, drawn.alt, target)
        motifs = self._motifs(windows, drawn)
        in_peak = distance == 0 if is_known else None
        return ExplainedVariant(
            chrom=row.chrom,
            pos=row.pos,
            ref=row.ref,
            alt=row.alt,
            id=row.name,
            target=self.targets[target],
            target_index=target,
            change=strong.change,
            p_ref=strong.p_ref,
            p_alt=strong.p_alt,
            start=drawn.start,
            ref_sequence=ref_sequence,
            alt_sequence=alt_sequence,
            offset=drawn.offset,
            ref_effects=ref_effects,
            alt_effects=alt_effects,
            motifs=motifs,
            filters=changed,
            in_peak=in_peak,
            nearest_peak=distance,
        )

    def _drawn(self, row: Row, windows: AlleleWindows, place: Region) -> Drawn | None:
        """Return which bases are drawn, within the chromosome as the row has it."""
        length = self.genome.lengths[place.chrom]
        n_more = len(row.ref) - (place.end - place.start)
        return drawn_bases(row, windows, length + n_more)

    def _filter_changes(
        self,
        models: Sequence[TrainedModel],
        filters: Sequence[Sequence[AlleleFilters]],
        windows: AlleleWindows,
    ) -> list[FilterChange]:
        """Return the filters that fire on one allele only, of the models that score a variant."""
        changed: list[FilterChange] = []
        for model in models:
            number = self.ensemble.models.index(model)
            for layer in filters[number]:
                changed += layer.changes(windows)
        return changed

    def _motifs(self, windows: AlleleWindows, drawn: Drawn) -> list[MotifChange]:
        """Return the motifs that a variant makes or breaks."""
        ref = Allele(windows.ref, windows.ref_allele)
        alt = Allele(windows.alt, windows.alt_allele)
        changes = changed_sites(self.scorers, ref, alt)
        return [_motif_change(change, drawn) for change in changes]

    def _place(self, prepared: Prepared) -> Region:
        """Return where a variant lies: the bases of the genome that it replaces."""
        row = prepared.row
        there = row.alt if prepared.status == SWAPPED else row.ref
        chrom = self.preparer.aliases.get(row.chrom, row.chrom)
        start = row.pos - 1
        return Region(chrom, start, start + len(there))

    def _distance(self, target: int, place: Region) -> int | None:
        """Return how far the nearest peak of a target is away, if its peaks are known."""
        if self.peaks is None or target not in self.rows:
            return None
        row = self.rows[target]
        return self.peaks.distance(row, place.chrom, place.start, place.end)


def _as_written(prepared: Prepared) -> AlleleWindows:
    """Return windows with the row's own REF in the first, also where the genome has ALT."""
    windows = prepared.windows
    assert windows is not None
    if prepared.status != SWAPPED:
        return windows
    allele_start = windows.ref_start + windows.ref_allele.start
    ref_start = allele_start - windows.alt_allele.start
    return AlleleWindows(
        ref=windows.alt,
        alt=windows.ref,
        ref_start=ref_start,
        n_outside=windows.n_outside,
        ref_allele=windows.alt_allele,
        alt_allele=windows.ref_allele,
    )


def _motif_change(change: ChangedSite, drawn: Drawn) -> MotifChange:
    """Return a changed site as the file has it."""
    motif = change.motif
    part = drawn.alt if change.is_gained else drawn.ref
    start = change.better.start - part.start
    ref_log_odds = round(change.ref.log_odds, 3)
    alt_log_odds = round(change.alt.log_odds, 3)
    return MotifChange(
        motif=motif.name,
        name=motif.alias or motif.name,
        strand=change.better.strand,
        start=start,
        ref_log_odds=ref_log_odds,
        alt_log_odds=alt_log_odds,
        ref_p=change.ref_p,
        alt_p=change.alt_p,
        change="gained" if change.is_gained else "lost",
    )


def _filter_names(
    models: Sequence[TrainedModel], factors: Sequence[dict[str, str]]
) -> list[FilterNames]:
    """Return what the filters of each model are called."""
    n = len(models)
    seeds = {model.facts.get("seed") for model in models}
    names = []
    for place, model in enumerate(models):
        prefix = f"model {place + 1} "
        if len(seeds) == n:
            seed = model.facts.get("seed")
            prefix = f"seed {seed} "
        if n == 1:
            prefix = ""
        own = factors[place] if factors else {}
        names.append(FilterNames(prefix, own))
    return names


def _rows_of_targets(targets: Sequence[str], table: Sequence[str]) -> dict[int, int]:
    """Return which row of a table has the peaks of each target of a model.

    Row by row where the names are the same; else by name, if that is the only one of its kind.
    """
    if list(targets) == list(table):
        return {number: number for number in range(len(targets))}
    rows = {}
    for number, name in enumerate(targets):
        if targets.count(name) == 1 and table.count(name) == 1:
            rows[number] = table.index(name)
    if not rows:
        raise DanqError("--peaks has none of the model's targets; give the table of its training")
    return rows
