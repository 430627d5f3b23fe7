"""A finished run, read back: what the stages left in its folder, as tables and plain values.

Nothing here knows of the report: a notebook that opens a run begins with `read_run`, too.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from danq.config import NAME
from danq.data.attributions import read_attributions
from danq.data.dataset import open_dataset
from danq.errors import DanqError, shown
from danq.files import read_lines, read_table
from danq.genome.bins import SPLITS
from danq.motif.meme import known_motifs, read_meme
from danq.motif.tomtom import tomtom

NAMES = {
    "mlp": ("MLP", "fully connected layers over the bases"),
    "blstm": ("BLSTM", "a bidirectional LSTM over the bases, no convolution"),
    "deepsea": ("DeepSEA", "three convolutions"),
    "danq": ("DanQ", "a convolution, then a bidirectional LSTM"),
    "danq_forward": ("DanQ-forward", "DanQ with two LSTMs that both read forward"),
    "danq_conv": (
        "DanQ-conv",
        "DanQ with the LSTM replaced by a convolution of the same number of multiply-adds",
    ),
    "danq_dilated": (
        "DanQ-dilated",
        "DanQ with the LSTM replaced by dilated convolutions of nearly the same cost, "
        "which see the whole window",
    ),
    "danq_jaspar": ("DanQ-JASPAR", "the larger DanQ, with 1,024 filters"),
    "danq_jaspar_conv": ("DanQ-JASPAR-conv", "the larger DanQ with a convolution of the same cost"),
    "danq_jaspar_dilated": (
        "DanQ-JASPAR-dilated",
        "the larger DanQ with dilated convolutions of nearly the same cost",
    ),
    "kmer": ("k-mer", "logistic regression on k-mer counts"),
    "scan": (
        "motif scan",
        "scan with the target's own known motif; only for targets that have one",
    ),
    "oracle_rule": ("oracle: rule", "knows the planted sites and the whole rule: the ceiling"),
    "oracle_parts": ("oracle: parts", "knows the planted sites, ignores the rule"),
}
"""What predictors are called, and what they are, in the order in which they are listed."""

MEASURES = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "auprc_trapezoid": "AUPRC, trapezoid",
    "lift": "lift",
    "recall_at_fdr50": "recall at 50 % FDR",
    "brier": "Brier score",
    "ece": "calibration error",
}
"""Metrics of metrics.tsv, and what they are called."""

RELATED = 0.05
"""A known motif whose Tomtom E-value against an expected one is lower is a relative of it."""

RECURRENT = ("blstm", "danq", "danq_forward", "danq_jaspar")
"""Models with a recurrent layer."""

_STEPS = (
    "simulate",
    "check",
    "extract",
    "import-deepsea",
    "describe",
    "windows",
    "train",
    "predict",
    "baseline",
    "evaluate",
    "motifs",
    "ablate",
    "probe",
    "attribute",
)
_PAIRS = (
    ("danq", "danq_conv"),
    ("danq", "danq_dilated"),
    ("danq", "deepsea"),
    ("danq_jaspar", "danq_jaspar_conv"),
    ("danq_jaspar", "danq_jaspar_dilated"),
)


class Trained(NamedTuple):
    """What one training left: tables and facts, empty where a file is missing."""

    model: str
    seed: int
    history: pd.DataFrame
    facts: dict
    matches: pd.DataFrame
    motifs: dict
    ablation: pd.DataFrame

    def initialised_from(self):
        """Return the first filters that started as known motifs, and as which (dict): these discovered nothing."""
        began = self.facts.get("filters_initialised_from", [])
        return {f"filter{number}": motif for number, motif in enumerate(began) if motif}

    def layers(self):
        """Return this training layer by layer: pairs of a name (filter or second) and a Trained of that layer only."""
        return [
            (name, self._replace(matches=rows))
            for name, rows in self.matches.groupby("layer", sort=False)
        ]

    def best_matches(self):
        """Return one row per filter that did not start as a known motif: its best match, if it has one."""
        own = self.matches[~self.matches["name"].isin(self.initialised_from())]
        return own.sort_values("rank", kind="stable").drop_duplicates("name").sort_index()

    def effects(self):
        """Return the target on which each first filter bears most: a row per filter (its name), target, name, effect.

        Only effects of more than twice their standard error; a filter without one has no row.
        """
        if self.ablation.empty:
            return pd.DataFrame(columns=["target", "name", "effect"])
        table = self.ablation[self.ablation["effect"].abs() > 2 * self.ablation["se"]]
        order = table["effect"].abs().sort_values(kind="stable", ascending=False).index
        return (
            table.loc[order]
            .drop_duplicates("motif")
            .set_index("motif")[["target", "name", "effect"]]
        )

    def named(self):
        """Return the best match of each named filter, the surest first."""
        best = self.best_matches()
        return best[best["named"] == "yes"].sort_values(["q", "filter"], kind="stable")


class Pair(NamedTuple):
    """Model `a` against model `b`: a row per target (its index), their mean, and that of each of several groups."""

    a: str
    b: str
    rows: pd.DataFrame
    mean: pd.Series
    groups: pd.DataFrame


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
        Length of each chromosome of the genome (bp); empty when the windows have no place in one.
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
        By bins of probability: model, seed, bin (from 0), predicted (mean), observed (share of positives), n (labels).
    grammar : pandas.DataFrame or None
        What each model makes of motif pairs, see `danq.interpret.probe`.
    trained : list of Trained
        Trainings in the order of models and seeds.
    attributions : list of danq.data.attributions.Attributions
        Of each model, those of its first seed that has some; of each target only the best-predicted window.
    expected : pandas.DataFrame or None
        Motifs and factors that filters could recover: those planted in a simulated genome, or else the targets' own;
        None where no target has one.
    sites : pandas.DataFrame or None
        Where they are planted: chrom, start, end (bp, 0-based half-open), strand, factor.
    networks, baselines, oracles : list of str
        Models by kind.
    commands : list of str
        The commands that made it, step by step.
    steps : pandas.DataFrame
        What Snakemake measured of each job: step, seconds (wall clock), cpu_seconds, memory (highest, MB); and what
        the job had asked for, nan where it is not told: asked_seconds, asked_memory (MB), cpus, gpus.
    """

    name: str
    facts: dict
    source: dict
    chromosomes: dict
    windows: dict
    positives: dict
    description: dict
    metrics: pd.DataFrame
    targets: pd.DataFrame
    pairs: list
    curves: pd.DataFrame | None
    reliability: pd.DataFrame | None
    grammar: pd.DataFrame | None
    trained: list
    attributions: list
    expected: pd.DataFrame | None
    sites: pd.DataFrame | None
    networks: list
    baselines: list
    oracles: list
    commands: list
    steps: pd.DataFrame

    @property
    def planted(self):
        """Whether the genome is simulated (bool): the sites in it are known."""
        return self.sites is not None

    def scores(self, column):
        """Return a metric as a table of targets by models, averaged over seeds; undefined values are nan."""
        table = self.metrics.groupby(["target", "model"])[column].mean().unstack("model")
        return table.reindex(
            index=self.targets.index, columns=self.networks + self.baselines + self.oracles
        )

    def main_pairs(self):
        """Return the comparisons that the question is about, or the first two of a run without them."""
        return [pair for pair in self.pairs if (pair.a, pair.b) in _PAIRS] or self.pairs[:2]

    def files(self):
        """Return name, path and SHA-256 checksum of every file that dataset.h5 was made from."""
        return list(_files(self.source))


def read_run(folder):
    """Read what the stages left in a run's folder.

    Parameters
    ----------
    folder : path
        ``results/<run>``. ``metrics.tsv`` and ``comparison.tsv`` must be there; ``dataset.h5``, ``simulated/``,
        ``logs/``, ``benchmarks/`` and the ``history.tsv``, ``train.json``, ``matches.tsv`` and ``motifs.meme`` of each
        model and seed add what they hold.

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
    models = sorted(dict.fromkeys(metrics["model"]), key=lambda name: [*NAMES, name].index(name))
    networks = [
        name for name in models if metrics.loc[metrics["model"] == name, "seed"].notna().any()
    ]
    oracles = [name for name in models if name.startswith("oracle")]
    facts, source, chromosomes, windows, positives = _dataset(folder / "dataset.h5")
    description = folder / "dataset.json"
    return Run(
        name=folder.resolve().name,
        facts=facts,
        source=source,
        chromosomes=chromosomes,
        windows=windows,
        positives=positives,
        description=_json(read_text(description)) if description.exists() else {},
        metrics=metrics,
        targets=_targets(metrics),
        pairs=_pairs(folder / "comparison.tsv"),
        curves=_optional(folder / "curves.tsv.gz", ["model"], ["target", "recall", "precision"]),
        reliability=_optional(
            folder / "reliability.tsv", ["model"], ["seed", "bin", "predicted", "observed", "n"]
        ),
        grammar=_grammar(folder, metrics, networks),
        trained=_trainings(folder, metrics, networks),
        attributions=_attributions(folder, metrics, networks),
        expected=_expected(folder),
        sites=_optional(
            folder / "simulated" / "sites.tsv.gz", ["chrom", "strand", "factor"], ["start", "end"]
        ),
        networks=networks,
        oracles=oracles,
        baselines=[name for name in models if name not in networks + oracles],
        commands=_commands(folder / "logs"),
        steps=_steps(folder / "benchmarks"),
    )


def read_text(path):
    """Return a text file as text, whatever its bytes; a missing one is a DanqError."""
    return "\n".join(line.decode("utf-8", "replace") for _, line in read_lines(path))


def configured_motifs(settings):
    """Return the known motifs that a configuration (YAML, str) names, by name; none when they are not to be had."""
    try:
        return {motif.name: motif for motif in known_motifs(yaml.safe_load(settings)["motifs"])}
    except (yaml.YAMLError, TypeError, KeyError, DanqError):
        return {}


def best_epoch(history):
    """Return the epoch (from 1) whose weights were kept, from the columns best (yes, no) and valid_auprc."""
    marked = np.flatnonzero(history["best"] == "yes")
    return int(marked[-1] if marked.size else history["valid_auprc"].to_numpy().argmax()) + 1


def expected_kinds(expected, named, known):
    """Say how the best match of each named filter stands to the motifs that could be recovered.

    Parameters
    ----------
    expected : pandas.DataFrame
        Columns motif (JASPAR identifier) and factor, which may differ in case from the known motif's.
    named : pandas.DataFrame
        Columns match (JASPAR identifier) and factor: the best match of each named filter.
    known : dict of str to Motif
        The known motifs that filters were compared with, by name. Without them nothing is a relative.

    Returns
    -------
    pandas.Series of str, with the index of `named`
        ``recovered``: the match is an expected motif, by identifier or factor. ``relative``: the match is itself like
        an expected motif, by an E-value below `RELATED`. ``off-target``: the rest.
    """
    recovered = named["match"].isin(expected["motif"]) | _folded(named["factor"]).isin(
        _folded(expected["factor"])
    )
    relative = named["match"].isin(_relatives(expected, named.loc[~recovered, "match"], known))
    return pd.Series(
        np.select([recovered, relative], ["recovered", "relative"], "off-target"), index=named.index
    )


def _folded(names):
    """Return names without case: what a user calls Abf1 is JASPAR's ABF1."""
    return names.astype(str).str.casefold()


def expected_counts(expected, named):
    """Return how many named filters recover each motif: a Series by factor, of tables as in `expected_kinds`."""
    factors = _folded(named["factor"])
    return pd.Series(
        [
            ((named["match"] == row.motif) | (factors == row.factor.casefold())).sum()
            for row in expected.itertuples()
        ],
        index=expected["factor"],
    )


def factor_seeds(trained):
    """Return in how many seeds of each model some filter has the name of a factor: int, factors by models."""
    found = [
        {"model": one.model, "seed": one.seed, "factor": factor}
        for one in trained
        for factor in one.named()["factor"].unique()
    ]
    table = pd.DataFrame(found, columns=["model", "seed", "factor"])
    models = list(dict.fromkeys(one.model for one in trained))
    return (
        table.groupby(["factor", "model"])
        .size()
        .unstack(fill_value=0)
        .reindex(columns=models, fill_value=0)
    )


def _relatives(expected, matches, known):
    """Return those of the motifs named in `matches` that are like an expected one."""
    names = sorted({name for name in matches if name in known})
    motifs, factors = set(expected["motif"]), set(_folded(expected["factor"]))
    places = [
        place
        for place, motif in enumerate(known.values())
        if motif.name in motifs or motif.alias.casefold() in factors
    ]
    if not names or not places:
        return []
    found = tomtom(
        [known[name].matrix for name in names], [motif.matrix for motif in known.values()]
    )
    least = found.p[:, places].min(axis=1) * len(known)
    return [name for name, e_value in zip(names, least, strict=True) if e_value < RELATED]


def _table(path, text=(), numbers=()):
    """Read a table that must hold the columns `text` and `numbers`."""
    try:
        frame = read_table(path)
    except (OSError, ValueError, EOFError) as error:
        raise DanqError(
            f"not a table that can be read ({str(error).splitlines()[0]}); make it again", path
        ) from error
    missing = [column for column in (*text, *numbers) if column not in frame]
    if missing:
        raise DanqError(
            f"no column {missing[0]}; make the file again with this version of danq", path
        )
    for column in numbers:
        frame[column] = _numbers(frame[column], path)
    return frame.assign(
        **{column: frame[column].map(str, na_action="ignore").fillna("NA") for column in text}
    )


def _numbers(values, path):
    found = pd.to_numeric(values, errors="coerce")
    wrong = values.notna() & found.isna()
    if wrong.any():
        line = int(wrong.to_numpy().argmax()) + 2
        raise DanqError(
            f"column {values.name}: {shown(str(values[wrong].iloc[0]))} is not a number; make the file "
            "again",
            path,
            line,
        )
    return found.astype(float)


def _metrics(path):
    frame = _table(
        path,
        ["model", "name", "group"],
        ["seed", "target", "n", "n_positive", "prevalence", *MEASURES],
    )
    _check_models(frame["model"], path)
    if frame.empty:
        raise DanqError("holds no row; make the file again with danq evaluate", path)
    if "decoy_auroc" in frame:
        frame["decoy_auroc"] = _numbers(frame["decoy_auroc"], path)
    return frame.astype({"target": int})


def _check_models(names, path):
    """Refuse what cannot be a model: its name becomes part of a path, and of a figure."""
    odd = [str(name) for name in names.unique() if not re.fullmatch(NAME, str(name))]
    if odd:
        raise DanqError(
            f"{shown(odd[0])} is not the name of a model; make the file again with danq evaluate",
            path,
        )


def _targets(metrics):
    """Return one row per target; a name that is not unique is followed by its index."""
    frame = metrics.groupby("target")[["name", "group", "n", "n_positive", "prevalence"]].first()
    twice = frame["name"].duplicated(keep=False)
    return frame.assign(
        label=frame["name"].where(
            ~twice, [f"{name} (#{index})" for index, name in frame["name"].items()]
        )
    )


def _pairs(path):
    frame = _table(path, ["a", "b", "target", "group"], _COMPARED)
    _check_models(pd.concat([frame["a"], frame["b"]]), path)
    found = []
    for (a, b), rows in frame.groupby(["a", "b"], sort=False):
        mean, groups = rows[rows["target"] == "mean"], rows[rows["target"] == "group"]
        if mean.empty:
            raise DanqError(
                f"{a} - {b} has no row of target mean; make the file again with danq evaluate", path
            )
        rows = rows.drop([*mean.index, *groups.index])
        rows = rows.set_index(_numbers(rows["target"], path).astype(int))
        found.append(Pair(a, b, rows, mean.iloc[0], groups.set_index("group")))
    return sorted(found, key=lambda pair: [*_PAIRS, (pair.a, pair.b)].index((pair.a, pair.b)))


_COMPARED = [
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
]
"""Columns of comparison.tsv that the report and the notebooks show."""


def _optional(path, text, numbers):
    """Read a table that a run may lack: None then."""
    return _table(path, text, numbers) if path.exists() else None


def _trainings(folder, metrics, networks):
    return [
        _trained(place, place.parent.name, int(place.name.removeprefix("seed")))
        for place in _folders(folder, metrics, networks)
    ]


def _folders(folder, metrics, networks):
    """Return the folder of each training, in the order of models and seeds."""
    return [
        folder / model / f"seed{seed:.0f}"
        for model in networks
        for seed in sorted(metrics.loc[metrics["model"] == model, "seed"].dropna().unique())
    ]


def _grammar(folder, metrics, networks):
    """Read what the models make of motif pairs; None where no model was probed, or no pair was known."""
    paths = [one / "grammar.tsv" for one in _folders(folder, metrics, networks)]
    tables = [
        _table(
            path,
            ["model", "pair", "a", "b", "order", "orientation", "name"],
            ["seed", "distance", "target", "effect", "se", "n"],
        )
        for path in paths
        if path.exists()
    ]
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else None


def _attributions(folder, metrics, networks):
    """Read what bases contribute, for each model from the first of its seeds that has the file."""
    found = {}
    for one in _folders(folder, metrics, networks):
        if one.parent.name not in found and (one / "attributions.h5").exists():
            found[one.parent.name] = read_attributions(one / "attributions.h5", best=True)
    return list(found.values())


def _trained(folder, model, seed):
    history, facts, matches, motifs, ablation = (
        folder / name
        for name in ("history.tsv", "train.json", "matches.tsv", "motifs.meme", "ablation.tsv")
    )
    empty = pd.DataFrame()
    table = (
        _table(
            matches,
            ["layer", "tested", "cluster", "match", "factor", "family", "strand", "named"],
            ["filter", "n_sites", "rank", "q", "empirical_fdr", "offset"],
        )
        if matches.exists()
        else empty
    )
    return Trained(
        model,
        seed,
        _table(history, ["best"], ["train_loss", "valid_loss", "valid_auprc"])
        if history.exists()
        else empty,
        _json(read_text(facts)) if facts.exists() else {},
        table,
        # Filters that no window excites leave a MEME file without a motif, which is none to read.
        {motif.name: motif for motif in read_meme(motifs)}
        if motifs.exists() and len(table)
        else {},
        _table(ablation, ["motif", "name"], ["filter", "target", "effect", "se"])
        if ablation.exists()
        else empty,
    )


def _json(text):
    """Return a JSON object; anything else is as good as none, for it is only shown."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _expected(folder):
    """Return the motifs planted in a simulated genome, or else the targets' own, by the targets' names."""
    sites, dataset = folder / "simulated" / "sites.tsv.gz", folder / "dataset.h5"
    if sites.exists():
        return _table(sites, ["motif", "factor"]).drop_duplicates(["motif", "factor"])
    if not dataset.exists():
        return None
    with open_dataset(dataset) as data:
        own = pd.DataFrame({"motif": data.jaspar, "factor": data.names})
    own = own[own["motif"] != ""].drop_duplicates("motif")
    return own if len(own) else None


def _commands(logs):
    """Collect the commands with which the logs of a run begin, step by step: the same list however they ran."""
    heads = [
        next(read_lines(path), (1, b""))[1].decode("utf-8", "replace")
        for path in sorted(logs.glob("*.log"))
    ]
    return [
        head.removeprefix("$ ")
        for step in _STEPS
        for head in heads
        if head.startswith(f"$ danq {step} ")
    ]


def _steps(benchmarks):
    """Read the benchmark files of a run (https://snakemake.readthedocs.io, section Benchmark rules)."""
    order = {step: place for place, step in enumerate(_STEPS)}
    paths = sorted(
        benchmarks.glob("*.tsv"),
        key=lambda path: (order.get(path.stem.split("_")[0], 99), path.stem),
    )
    # A job that is over before it is looked at has "-" for what was not measured.
    tables = [read_table(path).iloc[0] for path in paths]
    return pd.DataFrame(
        [
            {
                "step": path.stem,
                "seconds": _number(row, "s"),
                "cpu_seconds": _number(row, "cpu_time"),
                "memory": _number(row, "max_rss"),
                "asked_seconds": 60 * _asked(row, "runtime"),
                "asked_memory": _asked(row, "mem_mb"),
                "cpus": _number(row, "threads"),
                "gpus": _asked(row, "gpu"),
            }
            for path, row in zip(paths, tables, strict=True)
        ],
        columns=[
            "step",
            "seconds",
            "cpu_seconds",
            "memory",
            "asked_seconds",
            "asked_memory",
            "cpus",
            "gpus",
        ],
    )


def _number(row, column):
    return pd.to_numeric(pd.Series([row.get(column)]), errors="coerce").iloc[0]


def _asked(row, resource):
    """Return a resource out of the text of a dict, as Snakemake writes it into extended benchmarks; nan without it."""
    found = re.search(rf"'{resource}': (\d+)", str(row.get("resources")))
    return float(found.group(1)) if found else np.nan


def _dataset(path):
    """Return attributes, sources and chromosomes of dataset.h5; by split, windows, and positive windows by target."""
    if not path.exists():
        return {}, {}, {}, {}, {}
    with open_dataset(path) as data:
        chromosomes = data.chromosomes if data.attributes["coordinates"] == "genome" else {}
        return (
            data.attributes,
            data.source,
            chromosomes,
            {split: data.length(split) for split in SPLITS},
            {split: data.positives(split) for split in SPLITS},
        )


def _files(source, prefix=""):
    """Yield role, path and checksum of every file in the (nested) account of a dataset's sources."""
    for key, value in source.items() if isinstance(source, dict) else ():
        if isinstance(value, dict) and "path" in value:
            yield f"{prefix}{key}", value["path"], value.get("sha256", "")
        elif isinstance(value, dict):
            yield from _files(value, f"{prefix}{key}: ")
        elif key == "peaks" and isinstance(value, list):
            yield from (
                ("peaks", str(peaks.get("source") or peaks.get("path")), str(peaks.get("sha256")))
                for peaks in value
                if isinstance(peaks, dict)
            )
