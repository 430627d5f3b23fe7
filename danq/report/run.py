"""A finished run, read back: what the stages left in its folder, as tables and plain values.

Nothing here knows of the report: a notebook that opens a run begins with `read_run`, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from danq.catalog import BASELINES, METRICS, MODELS, question_pairs
from danq.data.attributions import Attributions, read_attributions
from danq.data.dataset import open_dataset
from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.bins import SPLITS
from danq.motif.meme import Motif, known_motifs, read_meme
from danq.report.steps import read_commands, read_steps
from danq.report.tables import (
    read_checked_table,
    read_json,
    read_optional_table,
    refuse_odd_models,
    to_numbers,
)


class Trained(NamedTuple):
    """What one training left: tables and facts, empty where a file is missing.

    Attributes
    ----------
    model : str
        Name of the model.
    seed : int
        Training seed.
    history : pandas.DataFrame
        history.tsv: a row per epoch.
    facts : dict
        train.json.
    matches : pandas.DataFrame
        matches.tsv: filters and the known motifs that they resemble.
    motifs : dict of str to danq.motif.meme.Motif
        motifs.meme, by the names of filters.
    ablation : pandas.DataFrame
        ablation.tsv: what each target loses without a filter.
    """

    model: str
    seed: int
    history: pd.DataFrame
    facts: dict[str, Any]
    matches: pd.DataFrame
    motifs: dict[str, Motif]
    ablation: pd.DataFrame

    def initialised_from(self) -> dict[str, str]:
        """Return the first filters that were initialised from known motifs, and from which.

        What was put into a filter was not discovered by it.
        """
        sources = self.facts.get("filters_initialised_from", [])
        return {f"filter{number}": motif for number, motif in enumerate(sources) if motif}

    def layers(self) -> list[tuple[str, "Trained"]]:
        """Return pairs of a layer's name (filter or second) and this training, of that layer only.

        Only the table of matches is of the layer.
        """
        groups = self.matches.groupby("layer", sort=False)
        return [(name, self._replace(matches=matches)) for name, matches in groups]

    def best_matches(self) -> pd.DataFrame:
        """Return a row per filter that was not initialised from a motif: its best match, if any."""
        initialised = self.matches["name"].isin(self.initialised_from())
        ranked = self.matches[~initialised].sort_values("rank", kind="stable")
        return ranked.drop_duplicates("name").sort_index()

    def named(self) -> pd.DataFrame:
        """Return the best match of each named filter, that of the lowest q-value first."""
        best = self.best_matches()
        named = best[best["named"] == "yes"]
        return named.sort_values(["q", "filter"], kind="stable")

    def effects(self) -> pd.DataFrame:
        """Return the target that the ablation of each first filter changes most.

        A row per filter (its name) with target, name and effect. Only effects of more than twice
        their standard error count; a filter without one has no row.
        """
        columns = ["target", "name", "effect"]
        if self.ablation.empty:
            return pd.DataFrame(columns=columns)
        sizes = self.ablation["effect"].abs()
        clear = sizes > 2 * self.ablation["se"]
        order = sizes[clear].sort_values(kind="stable", ascending=False).index
        largest = self.ablation.loc[order].drop_duplicates("motif")
        return largest.set_index("motif")[columns]


class Pair(NamedTuple):
    """Model `a` against model `b`.

    Attributes
    ----------
    a, b : str
        Names of the models; differences are those of a less b.
    rows : pandas.DataFrame
        comparison.tsv, a row per target (its index).
    mean : pandas.Series
        The mean over targets.
    groups : pandas.DataFrame
        The mean over the targets of each group (its name), where there are several.
    """

    a: str
    b: str
    rows: pd.DataFrame
    mean: pd.Series
    groups: pd.DataFrame


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
    grammar : pandas.DataFrame or None
        What each model makes of motif pairs, see `danq.interpret.probe`.
    trained : list of Trained
        Trainings in the order of models and seeds.
    attributions : list of danq.data.attributions.Attributions
        Of each model, those of its first seed that has some; of each target only the
        best-predicted window.
    expected : pandas.DataFrame or None
        Motifs and factors that filters could recover: those planted in a simulated genome, or else
        the targets' own; None where no target has one.
    sites : pandas.DataFrame or None
        Where they are planted: chrom, start, end (bp, 0-based half-open), strand, factor.
    networks, baselines, oracles : list of str
        Models by kind.
    commands : list of str
        The commands that made it, step by step.
    steps : pandas.DataFrame
        What Snakemake measured of each job, and what it had asked for, see
        `danq.report.steps.read_steps`.
    """

    name: str
    facts: dict[str, Any]
    source: dict[str, Any]
    chromosomes: dict[str, int]
    windows: dict[str, int]
    positives: dict[str, Any]
    description: dict[str, Any]
    metrics: pd.DataFrame
    targets: pd.DataFrame
    pairs: list[Pair]
    curves: pd.DataFrame | None
    reliability: pd.DataFrame | None
    grammar: pd.DataFrame | None
    trained: list[Trained]
    attributions: list[Attributions]
    expected: pd.DataFrame | None
    sites: pd.DataFrame | None
    networks: list[str]
    baselines: list[str]
    oracles: list[str]
    commands: list[str]
    steps: pd.DataFrame

    @property
    def planted(self) -> bool:
        """Whether the genome is simulated: the sites in it are known."""
        return self.sites is not None

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
        asked = question_pairs()
        pairs = [pair for pair in self.pairs if (pair.a, pair.b) in asked]
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
        ``matches.tsv`` and ``motifs.meme`` of each model and seed add what they hold.

    Returns
    -------
    Run

    Raises
    ------
    DanqError
        A table is missing, or lacks a column, or holds text where a number belongs.
    """
    folder = Path(folder)
    metrics = _metrics(folder / "metrics.tsv")
    models = _models(metrics)
    trainings = _training_folders(folder, metrics, models.networks)
    dataset = _dataset_contents(folder / "dataset.h5")
    sites = folder / "simulated" / "sites.tsv.gz"
    return Run(
        name=folder.resolve().name,
        facts=dataset.facts,
        source=dataset.source,
        chromosomes=dataset.chromosomes,
        windows=dataset.windows,
        positives=dataset.positives,
        description=read_json(folder / "dataset.json"),
        metrics=metrics,
        targets=_targets(metrics),
        pairs=_pairs(folder / "comparison.tsv"),
        curves=_curves(folder / "curves.tsv.gz"),
        reliability=_reliability(folder / "reliability.tsv"),
        grammar=_grammar(trainings),
        trained=[_training(path) for path in trainings],
        attributions=_attributions(trainings),
        expected=_expected(folder),
        sites=read_optional_table(sites, ["chrom", "strand", "factor"], ["start", "end"]),
        networks=models.networks,
        oracles=models.oracles,
        baselines=models.baselines,
        commands=read_commands(folder / "logs"),
        steps=read_steps(folder / "benchmarks"),
    )


def configured_motifs(settings: str) -> dict[str, Motif]:
    """Return the known motifs that a configuration (YAML text) names, by name.

    There are none when the text names none, or names some that are not to be had.
    """
    try:
        database = yaml.safe_load(settings)["motifs"]
        motifs = known_motifs(database)
    except (yaml.YAMLError, TypeError, KeyError, DanqError):
        return {}
    return {motif.name: motif for motif in motifs}


# --- metrics and comparison ---


def _metrics(path: Path) -> pd.DataFrame:
    text = ["model", "name", "group"]
    numbers = ["seed", "target", "n", "n_positive", "prevalence", *METRICS]
    frame = read_checked_table(path, text, numbers)
    refuse_odd_models(frame["model"], path)
    if frame.empty:
        raise DanqError("holds no row; make the file again with danq evaluate", path)
    if "decoy_auroc" in frame:
        frame["decoy_auroc"] = to_numbers(frame["decoy_auroc"], path)
    return frame.astype({"target": int})


class _Models(NamedTuple):
    """Names of the models of a run, by kind, in the order of the catalogue."""

    networks: list[str]
    baselines: list[str]
    oracles: list[str]


def _models(metrics: pd.DataFrame) -> _Models:
    names = sorted(metrics["model"].drop_duplicates(), key=_catalog_order)
    trained = set(metrics.loc[metrics["seed"].notna(), "model"])
    networks = [name for name in names if name in trained]
    oracles = [name for name in names if name in BASELINES and BASELINES[name].oracle]
    baselines = [name for name in names if name not in networks + oracles]
    return _Models(networks, baselines, oracles)


def _catalog_order(name: str) -> int:
    names = [*MODELS, *BASELINES]
    return names.index(name) if name in names else len(names)


def _targets(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return one row per target; a name that is not unique is followed by its index."""
    columns = ["name", "group", "n", "n_positive", "prevalence"]
    targets = metrics.groupby("target")[columns].first()
    repeated = targets["name"].duplicated(keep=False)
    numbered = [f"{name} (#{index})" for index, name in targets["name"].items()]
    return targets.assign(label=targets["name"].where(~repeated, numbered))


_COMPARED = (
    "n_targets",
    "auprc_a",
    "auprc_b",
    "difference",
    "low",
    "high",
    "p",
    "q",
    "sampling_sd",
    "seed_sd",
    "auroc_difference",
    "auroc_low",
    "auroc_high",
    "auroc_q",
    "median",
    "improved",
    "wilcoxon_p",
)
"""Columns of comparison.tsv that the report and the notebooks show."""


def _pairs(path: Path) -> list[Pair]:
    frame = read_checked_table(path, ["a", "b", "target", "group"], _COMPARED)
    refuse_odd_models(pd.concat([frame["a"], frame["b"]]), path)
    pairs = [_pair(rows, path) for _, rows in frame.groupby(["a", "b"], sort=False)]
    return sorted(pairs, key=_question_order)


def _pair(rows: pd.DataFrame, path: Path) -> Pair:
    """Return the rows of one pair of models, its means apart from its targets."""
    a = rows["a"].iloc[0]
    b = rows["b"].iloc[0]
    mean = rows[rows["target"] == "mean"]
    groups = rows[rows["target"] == "group"]
    if mean.empty:
        what = f"{a} - {b} has no row of target mean; make the file again with danq evaluate"
        raise DanqError(what, path)
    targets = rows.drop([*mean.index, *groups.index])
    index = to_numbers(targets["target"], path).astype(int)
    return Pair(a, b, targets.set_index(index), mean.iloc[0], groups.set_index("group"))


def _question_order(pair: Pair) -> int:
    asked = question_pairs()
    names = (pair.a, pair.b)
    return asked.index(names) if names in asked else len(asked)


def _curves(path: Path) -> pd.DataFrame | None:
    return read_optional_table(path, ["model"], ["target", "recall", "precision"])


def _reliability(path: Path) -> pd.DataFrame | None:
    return read_optional_table(path, ["model"], ["seed", "bin", "predicted", "observed", "n"])


# --- trainings ---


def _training_folders(folder: Path, metrics: pd.DataFrame, networks: list[str]) -> list[Path]:
    """Return the folder of each training, in the order of models and seeds."""
    folders = []
    for model in networks:
        seeds = metrics.loc[metrics["model"] == model, "seed"].dropna()
        for seed in sorted(seeds.unique()):
            folders.append(folder / model / f"seed{seed:.0f}")
    return folders


def _training(folder: Path) -> Trained:
    matches = _matches(folder / "matches.tsv")
    # Filters that no window excites leave a MEME file without a motif, which is none to read.
    motifs = _motifs(folder / "motifs.meme") if len(matches) else {}
    history = read_optional_table(
        folder / "history.tsv", ["best"], ["train_loss", "valid_loss", "valid_auprc"]
    )
    ablation = read_optional_table(
        folder / "ablation.tsv", ["motif", "name"], ["filter", "target", "effect", "se"]
    )
    return Trained(
        model=folder.parent.name,
        seed=int(folder.name.removeprefix("seed")),
        history=pd.DataFrame() if history is None else history,
        facts=read_json(folder / "train.json"),
        matches=matches,
        motifs=motifs,
        ablation=pd.DataFrame() if ablation is None else ablation,
    )


def _matches(path: Path) -> pd.DataFrame:
    text = ["layer", "tested", "cluster", "match", "factor", "family", "strand", "named"]
    numbers = ["filter", "n_sites", "rank", "q", "empirical_fdr", "offset"]
    table = read_optional_table(path, text, numbers)
    return pd.DataFrame() if table is None else table


def _motifs(path: Path) -> dict[str, Motif]:
    if not path.exists():
        return {}
    return {motif.name: motif for motif in read_meme(path)}


def _grammar(trainings: list[Path]) -> pd.DataFrame | None:
    """Read what the models make of motif pairs; None where no model was probed on any pair."""
    text = ["model", "pair", "a", "b", "order", "orientation", "name"]
    numbers = ["seed", "distance", "target", "effect", "se", "n"]
    tables = []
    for folder in trainings:
        table = read_optional_table(folder / "grammar.tsv", text, numbers)
        if table is not None and len(table):
            tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else None


def _attributions(trainings: list[Path]) -> list[Attributions]:
    """Read what bases contribute, for each model from the first of its seeds that has the file."""
    by_model: dict[str, Attributions] = {}
    for folder in trainings:
        model = folder.parent.name
        path = folder / "attributions.h5"
        if model not in by_model and path.exists():
            by_model[model] = read_attributions(path, best=True)
    return list(by_model.values())


# --- the dataset ---


class _DatasetContents(NamedTuple):
    """What `Run` says of dataset.h5; empty for a run without one."""

    facts: dict[str, Any]
    source: dict[str, Any]
    chromosomes: dict[str, int]
    windows: dict[str, int]
    positives: dict[str, Any]


def _dataset_contents(path: Path) -> _DatasetContents:
    if not path.exists():
        return _DatasetContents({}, {}, {}, {}, {})
    with open_dataset(path) as dataset:
        on_genome = dataset.attributes["coordinates"] == "genome"
        return _DatasetContents(
            facts=dataset.attributes,
            source=dataset.source,
            chromosomes=dataset.chromosomes if on_genome else {},
            windows={split: dataset.length(split) for split in SPLITS},
            positives={split: dataset.positives(split) for split in SPLITS},
        )


def _expected(folder: Path) -> pd.DataFrame | None:
    """Return the motifs planted in a simulated genome, or else the targets' own, by their names."""
    sites = folder / "simulated" / "sites.tsv.gz"
    dataset = folder / "dataset.h5"
    if sites.exists():
        planted = read_checked_table(sites, ["motif", "factor"])
        return planted.drop_duplicates(["motif", "factor"])
    if not dataset.exists():
        return None
    with open_dataset(dataset) as data:
        motifs = pd.DataFrame({"motif": data.jaspar, "factor": data.names})
    motifs = motifs[motifs["motif"] != ""].drop_duplicates("motif")
    return motifs if len(motifs) else None


def _source_files(source: dict[str, Any], prefix: str = "") -> Iterator[SourceFile]:
    """Yield every file that the nested dict of a dataset's sources names."""
    for key, value in source.items():
        if isinstance(value, dict) and "path" in value:
            yield SourceFile(f"{prefix}{key}", value["path"], value.get("sha256", ""))
        elif isinstance(value, dict):
            yield from _source_files(value, f"{prefix}{key}: ")
        elif key == "peaks" and isinstance(value, list):
            yield from _peak_files(value)


def _peak_files(peaks: list[Any]) -> Iterator[SourceFile]:
    for entry in peaks:
        if isinstance(entry, dict):
            path = entry.get("source") or entry.get("path")
            yield SourceFile("peaks", str(path), str(entry.get("sha256")))
