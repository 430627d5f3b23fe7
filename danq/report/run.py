"""A finished run, read back: what the stages left in its folder, as tables and plain values.

Nothing here depends on the report: a notebook that opens a run calls `read_run`, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from danq.catalog import question_pairs
from danq.data.attributions import Attributions
from danq.data.dataset import open_dataset
from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.bins import SPLITS
from danq.motif.meme import Motif, known_motifs
from danq.records import verified
from danq.report.run_decoys import ELEMENTS, read_decoy_scores
from danq.report.run_final import FOLDER, FinalModel, read_final_models
from danq.report.run_folds import FoldSet, count_folds, fold_folders, of_fold, read_tested_sets
from danq.report.run_learning_curve import read_learning_curve
from danq.report.run_planted import read_planted_shares
from danq.report.run_predicted import LIST, crowded_stretches, read_tracks
from danq.report.run_records import RunRecords
from danq.report.run_scores import (
    Pair,
    model_names,
    read_curves,
    read_metrics,
    read_pairs,
    read_reliability,
    target_table,
)
from danq.report.run_steps import read_commands, read_steps
from danq.report.run_tables import (
    read_checked_table,
    read_json,
    read_optional_table,
    read_text,
)
from danq.report.run_trainings import (
    Trained,
    read_first_attributions,
    read_grammar,
    read_training,
    training_folders,
)
from danq.report.run_tunings import Tuning, current_tunings, read_tunings
from danq.report.run_variants import VariantSet, configured_variants, read_variant_sets

_RUN_FILES = (
    "metrics.tsv",
    "comparison.tsv",
    "curves.tsv.gz",
    "reliability.tsv",
    "learning_curve.tsv",
    "dataset.h5",
    "dataset.json",
    "simulated/sites.tsv.gz",
    ELEMENTS,
    "*/seed*/predictions.h5",
    "logs/*.log",
    "benchmarks/*.tsv",
    LIST,
    "predicted/hub/peaks/*.bb",
    "predicted/*/*/tracks/*.bw",
    "*/trials.tsv",
    "*/tuning.json",
    "*/seed*/train.json",
    "*/seed*/history.tsv",
    "*/seed*/matches.tsv",
    "*/seed*/motifs.meme",
    "*/seed*/sites.bed.gz",
    "*/seed*/ablation.tsv",
    "*/seed*/grammar.tsv",
    "*/seed*/attributions.h5",
    f"{FOLDER}/*/seed*/train.json",
)  # what `read_run` reads
_DEAR_FILES = (
    "config.yaml",
    "targets.tsv",
    "simulated/**/*",
    "**/*.h5",
    "**/*.ckpt",
    "**/*.ckpt.resume",
    "**/*.log",
    "*/tuned.yaml",
)  # what only the run's steps make again
_FILES_IN_FOLDS = tuple(f"fold*/{pattern}" for pattern in _RUN_FILES if pattern.startswith("*/"))


class SourceFile(NamedTuple):
    """A file that dataset.h5 was made from.

    Attributes
    ----------
    role : str
        What it is: genome, targets, peaks, ...
    path : str
        Where it was.
    checksum : str
        SHA-256; empty when unknown.
    """

    role: str
    path: str
    checksum: str


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes
    ----------
    name : str
        Name of the run.
    facts, source : dict
        Attributes of dataset.h5, and how it was made; empty when unknown.
    chromosomes : dict of str to int
        Length of each chromosome of the genome (bp); empty when windows have no coordinates.
    windows, positives : dict
        By split: number of windows, and of positive windows per target (int array, (T,)).
    training_windows : str
        Checksum of the training windows; empty when unknown.
    folds : list of danq.report.run_folds.FoldSet
        What each fold tests; empty of a run with one split.
    description : dict
        dataset.json; empty when unknown.
    metrics : pandas.DataFrame
        metrics.tsv.
    targets : pandas.DataFrame
        One row per target (its index): name, group, n, n_positive, prevalence, label.
    pairs : list of Pair
        comparison.tsv; the pairs that the report is about come first.
    curves : pandas.DataFrame or None
        Precision-recall curves: model, target, recall, precision; seeds averaged.
    reliability : pandas.DataFrame or None
        By bins of probability: model, seed, bin (from 0), predicted (mean), observed (share of
        positives), n (labels).
    learning_curve : pandas.DataFrame or None
        AUPRC, and differences in it, after training on shares of the training windows, see
        `danq.report.run_learning_curve`.
    grammar : pandas.DataFrame or None
        The interaction of motif pairs in each model, see `danq.interpret.probe`.
    trained : list of Trained
        Trainings in the order of models and seeds.
    final : list of danq.report.run_final.FinalModel
        Models that were trained once more, on everything; nothing else here is about them.
    tunings : list of danq.report.run_tunings.Tuning
        The searches whose knobs the trainings have; empty where there was none.
    attributions : list of danq.data.attributions.Attributions
        For each model, those of its first seed that has any; for each target only its
        first window.
    expected : pandas.DataFrame or None
        Motifs and factors that filters could recover: those planted in a simulated genome, or else
        the targets' own; None where no target has one.
    sites : pandas.DataFrame or None
        Where they are planted: chrom, start, end (bp, 0-based half-open), strand, factor.
    planted_shares : pandas.DataFrame
        How many sites of filters are on planted ones, of a simulated run, see
        `danq.report.run_planted`; empty of another.
    decoy_scores : pandas.DataFrame
        What networks predict for positive windows and decoys of a simulated run, see
        `danq.report.run_decoys`; empty of another.
    tracks : pandas.DataFrame or None
        Tracks for genome browsers, see `danq.report.run_predicted.read_tracks`; None without any.
    stretches : pandas.DataFrame
        Where the test split has peaks of the most targets, see
        `danq.report.run_predicted.crowded_stretches`; empty for a run without tracks.
    variants : list of danq.report.run_variants.VariantSet
        The variants that its models scored.
    networks, baselines, oracles : list of str
        Models by kind.
    accepted : list of str
        Files of it that were edited by hand, which was accepted, see `danq.records.accept`.
    commands : list of str
        The commands that made it, step by step.
    steps : pandas.DataFrame
        What Snakemake measured of each job, and what it had requested, see
        `danq.report.run_steps.read_steps`.
    """

    name: str
    facts: dict[str, Any]
    source: dict[str, Any]
    chromosomes: dict[str, int]
    windows: dict[str, int]
    positives: dict[str, Any]
    training_windows: str
    folds: list[FoldSet]
    description: dict[str, Any]
    metrics: pd.DataFrame
    targets: pd.DataFrame
    pairs: list[Pair]
    curves: pd.DataFrame | None
    reliability: pd.DataFrame | None
    learning_curve: pd.DataFrame | None
    grammar: pd.DataFrame | None
    trained: list[Trained]
    final: list[FinalModel]
    tunings: list[Tuning]
    attributions: list[Attributions]
    expected: pd.DataFrame | None
    sites: pd.DataFrame | None
    planted_shares: pd.DataFrame
    decoy_scores: pd.DataFrame
    tracks: pd.DataFrame | None
    stretches: pd.DataFrame
    variants: list[VariantSet]
    networks: list[str]
    baselines: list[str]
    oracles: list[str]
    accepted: list[str]
    commands: list[str]
    steps: pd.DataFrame

    @property
    def planted(self) -> bool:
        """Whether the genome is simulated: the sites in it are known."""
        return self.sites is not None

    @property
    def n_folds(self) -> int:
        """Number of folds; 0 of a run with one split."""
        return count_folds(self.metrics)

    @property
    def predictors(self) -> list[str]:
        """Networks, baselines and oracles, in the order of tables."""
        return self.networks + self.baselines + self.oracles

    def scores(self, metric: str) -> pd.DataFrame:
        """Return a metric as targets by models, averaged over seeds; nan where undefined."""
        means = self.metrics.groupby(["target", "model"])[metric].mean()
        table = means.unstack("model")
        return table.reindex(index=self.targets.index, columns=self.predictors)

    def main_pairs(self) -> list[Pair]:
        """Return the comparisons that the question is about; without them, the first two."""
        question = question_pairs()
        pairs = [pair for pair in self.pairs if pair.models in question]
        return pairs or self.pairs[:2]

    def files(self) -> list[SourceFile]:
        """Return every file that dataset.h5 was made from."""
        return list(_source_files(self.source))


def read_run(folder: PathLike) -> Run:
    """Read what the stages left in a run's folder.

    Parameters
    ----------
    folder : path
        ``results/<run>``. ``metrics.tsv`` and ``comparison.tsv`` must be there; ``dataset.h5``,
        ``simulated/``, ``logs/``, ``benchmarks/`` and the ``history.tsv``, ``train.json``,
        ``matches.tsv`` and ``motifs.meme`` of each model and seed are optional.

    Returns
    -------
    Run

    Raises
    ------
    DanqError
        A table is missing, or lacks a column, or holds text where a number belongs.
    DanqErrors
        Files that were damaged, edited, or made from something else than the run's.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DanqError("there is no such folder; give that of a run, results/<run>", folder)
    metrics = _metrics(folder)
    models = model_names(metrics)
    trainings = training_folders(folder, metrics, models.networks)
    has_tracks = (folder / LIST).exists()
    dataset = _dataset_contents(folder / "dataset.h5", has_tracks=has_tracks)
    records = RunRecords(folder, dataset.checksum, dataset.genome_checksum)
    records.read(trainings, models.baselines + models.oracles)
    records.refuse()
    trained = _read_trainings(trainings, folder)
    sites = folder / "simulated" / "sites.tsv.gz"
    planted = read_optional_table(sites, ["chrom", "strand", "factor"], ["start", "end"])
    return Run(
        name=folder.resolve().name,
        **dataset.shown(),
        description=read_json(folder / "dataset.json"),
        metrics=metrics,
        targets=target_table(metrics),
        pairs=read_pairs(folder / "comparison.tsv"),
        curves=read_curves(folder / "curves.tsv.gz"),
        reliability=read_reliability(folder / "reliability.tsv"),
        learning_curve=read_learning_curve(folder / "learning_curve.tsv", metrics),
        grammar=read_grammar(trainings),
        trained=trained,
        final=read_final_models(folder, trainings, dataset.checksum),
        tunings=_tunings(folder, metrics, trained, dataset.training_windows),
        attributions=read_first_attributions(trainings),
        expected=_expected(sites, dataset.motifs),
        sites=planted,
        planted_shares=read_planted_shares(trainings, planted),
        decoy_scores=read_decoy_scores(folder, trainings),
        tracks=read_tracks(folder) if records.has_current_tracks() else None,
        variants=read_variant_sets(folder, models.networks),
        **models._asdict(),
        accepted=records.accepted(),
        commands=read_commands(folder / "logs"),
        steps=read_steps(folder / "benchmarks"),
    )


def _read_trainings(trainings: list[Path], folder: Path) -> list[Trained]:
    """Return the trainings of a run, each with the fold that it is of."""
    folds = of_fold(trainings, folder)
    return [read_training(*place) for place in zip(trainings, folds, strict=True)]


def _metrics(folder: Path) -> pd.DataFrame:
    """Return metrics.tsv, which says what else belongs to the run; only what its step wrote."""
    path = folder / "metrics.tsv"
    if path.exists():
        verified(path)
    return read_metrics(path)


def run_files(folder: PathLike) -> list[Path]:
    """Return the files of a run's folder that `read_run` reads, or that took long to make.

    As far as they are there.
    """
    files = []
    for pattern in (*_RUN_FILES, *_FILES_IN_FOLDS, *_DEAR_FILES):
        files += sorted(Path(folder).glob(pattern))
    return files


def read_settings(path: PathLike) -> str:
    """Return the resolved configuration of a run as it is written, YAML text."""
    return read_text(path)


def configured_motifs(settings: str) -> dict[str, Motif]:
    """Return the known motifs that a configuration (YAML text) names, by name.

    There are none when the text names none, or names some that cannot be read.
    """
    database = configured_database(settings)
    if database is None:
        return {}
    try:
        motifs = known_motifs(database)
    except (TypeError, DanqError):
        return {}
    return {motif.name: motif for motif in motifs}


def configuration(settings: str) -> dict[str, Any]:
    """Return a configuration (YAML text) as a mapping; an empty one where it is none."""
    try:
        content = yaml.safe_load(settings)
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, dict) else {}


def configured_database(settings: str) -> str | None:
    """Return what a configuration (YAML text) names as its known motifs; None without any."""
    database = configuration(settings).get("motifs")
    return database if isinstance(database, str) else None


def configured_loci(settings: str) -> list[str] | None:
    """Return the loci that a configuration (YAML text) names in its section predict.

    None where it has no such section: tracks that are there are of an earlier configuration.
    """
    try:
        section = (yaml.safe_load(settings) or {"predict": {}}).get("predict")
    except (yaml.YAMLError, AttributeError):
        return None
    return None if section is None else list(section.get("loci") or [])


def configured_variant_sets(settings: str) -> list[str] | None:
    """Return what the variants that a configuration (YAML text) names are called.

    None where it has no such section.
    """
    return configured_variants(configuration(settings).get("variants"))


def configured_files(settings: str) -> list[str]:
    """Return every text of a configuration (YAML text), any of which may be the path of a file."""
    try:
        return list(_texts(yaml.safe_load(settings)))
    except yaml.YAMLError:
        return []


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in nested lists and mappings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


class _DatasetContents(NamedTuple):
    """What `Run` says of dataset.h5; empty for a run without one."""

    facts: dict[str, Any]
    source: dict[str, Any]
    chromosomes: dict[str, int]
    windows: dict[str, int]
    positives: dict[str, Any]
    training_windows: str
    stretches: pd.DataFrame
    checksum: str
    motifs: pd.DataFrame | None
    folds: list[FoldSet]

    @property
    def genome_checksum(self) -> str:
        """SHA-256 of the genome; empty where it is not known."""
        genome: dict[str, str] = self.source.get("genome", {})
        return genome.get("sha256", "")

    def shown(self) -> dict[str, Any]:
        """Return what becomes fields of `Run`."""
        fields = self._asdict()
        del fields["checksum"], fields["motifs"]
        return fields


def _dataset_contents(path: Path, *, has_tracks: bool) -> _DatasetContents:
    if not path.exists():
        return _DatasetContents({}, {}, {}, {}, {}, "", pd.DataFrame(), "", None, [])
    with open_dataset(path) as dataset:
        on_genome = dataset.attributes["coordinates"] == "genome"
        chromosomes = dataset.chromosomes if on_genome else {}
        windows = {split: dataset.length(split) for split in SPLITS}
        positives = {split: dataset.positives(split) for split in SPLITS}
        return _DatasetContents(
            facts=dataset.attributes,
            source=dataset.source,
            chromosomes=chromosomes,
            windows=windows,
            positives=positives,
            training_windows=dataset.split_checksum("train"),
            stretches=crowded_stretches(dataset) if has_tracks else pd.DataFrame(),
            checksum=dataset.checksum,
            motifs=pd.DataFrame({"motif": dataset.jaspar, "factor": dataset.names}),
            folds=read_tested_sets(dataset),
        )


def _tunings(
    folder: Path, metrics: pd.DataFrame, trained: list[Trained], training_windows: str
) -> list[Tuning]:
    """Return the searches of a run; of one in folds those of the first fold."""
    first = fold_folders(folder, count_folds(metrics))[0]
    if first == folder:
        return current_tunings(read_tunings(folder), trained, training_windows)
    of_first = [training for training in trained if training.fold == 0]
    return current_tunings(read_tunings(first), of_first, "")


def _expected(sites: Path, motifs: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the motifs planted in a simulated genome, or else the targets' own, by their names."""
    if sites.exists():
        planted = read_checked_table(sites, ["motif", "factor"])
        return planted.drop_duplicates(["motif", "factor"])
    if motifs is None:
        return None
    motifs = motifs[motifs["motif"] != ""].drop_duplicates("motif")
    return motifs if len(motifs) else None


def _source_files(source: dict[str, Any], prefix: str = "") -> Iterator[SourceFile]:
    """Yield every file that the nested dict of a dataset's sources names."""
    for key, value in source.items():
        if isinstance(value, dict) and "path" in value:
            checksum = value.get("sha256", "")
            yield SourceFile(f"{prefix}{key}", value["path"], checksum)
        elif isinstance(value, dict):
            yield from _source_files(value, f"{prefix}{key}: ")
        elif key == "peaks" and isinstance(value, list):
            yield from _peak_files(value)


def _peak_files(peaks: list[Any]) -> Iterator[SourceFile]:
    for entry in peaks:
        if isinstance(entry, dict):
            path = entry.get("source") or entry.get("path")
            yield SourceFile("peaks", str(path), str(entry.get("sha256")))
