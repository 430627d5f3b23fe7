"""The trainings of a run: their histories, and what was found in their models."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from danq.data.attributions import Attributions, read_attributions
from danq.motif.meme import Motif, read_meme
from danq.report.run_folds import count_folds, fold_folders
from danq.report.run_tables import read_json, read_optional_table

RANDOM = "random"
"""How a filter began that was given nothing."""

WORD = "enriched word"
"""How a filter began that was given a word which is enriched in the training windows."""

ABOVE_WORDS = "random, above enriched words"
"""How a second layer's filter began where first filters, which it reads, were given words.

Its own weights were random, but what it looks like may be a word that it was given through them.
"""


class Trained(NamedTuple):
    """One training: its tables and facts, empty where a file is missing.

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
    fold : int or None
        Fold of the genome; None of a run with one split.
    """

    model: str
    seed: int
    history: pd.DataFrame
    facts: dict[str, Any]
    matches: pd.DataFrame
    motifs: dict[str, Motif]
    ablation: pd.DataFrame
    fold: int | None = None

    @property
    def label(self) -> str:
        """Which training of its model it is: "seed 0", "fold 1, seed 0"."""
        seed = f"seed {self.seed}"
        return seed if self.fold is None else f"fold {self.fold}, {seed}"

    @property
    def imported(self) -> dict[str, Any] | None:
        """Where its weights came from, if this run imported and did not train it."""
        source = self.facts.get("imported")
        return source if isinstance(source, dict) else None

    @property
    def place(self) -> dict[str, Any]:
        """Its model, fold (where there are folds) and seed, as first cells of a row."""
        fold = {} if self.fold is None else {"fold": self.fold}
        return {"model": self.model, **fold, "seed": self.seed}

    def initialised_from(self) -> dict[str, str]:
        """Return the first filters that were initialised from known motifs, and from which.

        Such a filter is not evidence of discovery.
        """
        others = ("enriched", "checkpoint")
        return {} if self._initial_source() in others else self._initial_motifs()

    def taken_filters(self) -> list[str]:
        """Return the filters that began as those of a checkpoint: no evidence of discovery."""
        if self._initial_source() != "checkpoint":
            return []
        first = list(self._initial_motifs())
        if self.start.get("up_to") == "stem" or self.matches.empty:
            return first
        is_second = self.matches["layer"] == "second"
        return [*first, *self.matches.loc[is_second, "name"].unique()]

    @property
    def start(self) -> dict[str, Any]:
        """What train.json says of the checkpoint that it began with; empty where there is none."""
        start = self.facts.get("start")
        return start if isinstance(start, dict) else {}

    def enriched_words(self) -> dict[str, str]:
        """Return the first filters that began as a word enriched in the training windows.

        By filter, the target and its word (``Abf1:CGTNNNNNNTGA``). A word and its reverse
        complement are one: both filters of it have the same.
        """
        if self._initial_source() != "enriched":
            return {}
        motifs = self._initial_motifs()
        return {name: motif.removesuffix("-") for name, motif in motifs.items()}

    def _initial_motifs(self) -> dict[str, str]:
        """Return the motif that each first filter was initialised from, of those with one."""
        sources = self.facts.get("filters_initialised_from", [])
        return {f"filter{number}": motif for number, motif in enumerate(sources) if motif}

    def _initial_source(self) -> str | None:
        """Say what filters began as; before there were enriched words, known motifs or nothing."""
        options = self.facts.get("options", {})
        return options.get("initialise_from")

    def layers(self) -> list[tuple[str, "Trained"]]:
        """Return pairs of a layer's name (filter or second) and this training, of that layer only.

        Only the table of matches is restricted to the layer.
        """
        groups = self.matches.groupby("layer", sort=False)
        return [(name, self._replace(matches=matches)) for name, matches in groups]

    def best_matches(self) -> pd.DataFrame:
        """Return a row per filter that was given no known motif, and no weights: its best match.

        A filter that was not compared has a row as well. Column ``began`` says how the filter
        began: `RANDOM`, `WORD` or `ABOVE_WORDS`.
        """
        given = [*self.initialised_from(), *self.taken_filters()]
        initialised = self.matches["name"].isin(given)
        ranked = self.matches[~initialised].sort_values("rank", kind="stable")
        best = ranked.drop_duplicates("name").sort_index()
        words = self.enriched_words()
        began = [_beginning(name, words) for name in best["name"]]
        return best.assign(began=began)

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


def _beginning(name: str, words: Mapping[str, str]) -> str:
    """Say how a filter began; `words` has those of the first filters that were given one."""
    if name in words:
        return WORD
    return ABOVE_WORDS if words and name.startswith("second") else RANDOM


def training_folders(folder: Path, metrics: pd.DataFrame, networks: Sequence[str]) -> list[Path]:
    """Return the folder of each training, in the order of models, folds and seeds.

    Parameters
    ----------
    folder : pathlib.Path
        ``results/<run>``.
    metrics : pandas.DataFrame
        metrics.tsv, which says what seeds there are.
    networks : sequence of str
        Names of the models.

    Returns
    -------
    list of pathlib.Path
        ``results/<run>/<model>/seed<k>``; of a run in folds ``results/<run>/fold<k>/<model>/...``.
    """
    folders = []
    parents = fold_folders(folder, count_folds(metrics))
    for model in networks:
        seeds = metrics.loc[metrics["model"] == model, "seed"].dropna()
        for parent in parents:
            for seed in sorted(seeds.unique()):
                folders.append(parent / model / f"seed{seed:.0f}")
    return folders


def read_training(folder: Path, fold: int | None = None) -> Trained:
    """Return what a training left in its folder; tables that are missing are empty.

    Parameters
    ----------
    folder : pathlib.Path
        As `training_folders` returns it.
    fold : int, optional
        Its fold of the genome.

    Returns
    -------
    Trained
    """
    matches = _matches(folder / "matches.tsv")
    # When no window activates a filter, motifs.meme has no motif, and read_meme would refuse it.
    motifs = _motifs(folder / "motifs.meme") if len(matches) else {}
    history = _table(folder / "history.tsv", ["best"], ["train_loss", "valid_loss", "valid_auprc"])
    ablation = _table(
        folder / "ablation.tsv", ["motif", "name"], ["filter", "target", "effect", "se"]
    )
    return Trained(
        model=folder.parent.name,
        seed=int(folder.name.removeprefix("seed")),
        history=history,
        facts=read_json(folder / "train.json"),
        matches=matches,
        motifs=motifs,
        ablation=ablation,
        fold=fold,
    )


def _matches(path: Path) -> pd.DataFrame:
    text = ["layer", "tested", "cluster", "match", "factor", "family", "strand", "named"]
    numbers = ["filter", "n_sites", "rank", "q", "empirical_fdr", "offset"]
    return _table(path, text, numbers)


def _table(path: Path, text: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
    """Read a table that a training may lack: an empty one then."""
    table = read_optional_table(path, text, numbers)
    return pd.DataFrame() if table is None else table


def _motifs(path: Path) -> dict[str, Motif]:
    if not path.exists():
        return {}
    return {motif.name: motif for motif in read_meme(path)}


def read_grammar(trainings: Sequence[Path]) -> pd.DataFrame | None:
    """Return the interactions of motif pairs in all models; None where no pair was probed."""
    text = ["model", "pair", "a", "b", "order", "orientation", "name"]
    numbers = ["seed", "distance", "target", "effect", "se", "n"]
    tables = []
    for folder in trainings:
        table = read_optional_table(folder / "grammar.tsv", text, numbers)
        if table is not None and len(table):
            tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else None


def read_first_attributions(trainings: Sequence[Path]) -> list[Attributions]:
    """Return the attributions of each model, from its first seed that has the file."""
    by_model: dict[str, Attributions] = {}
    for folder in trainings:
        model = folder.parent.name
        path = folder / "attributions.h5"
        if model not in by_model and path.exists():
            by_model[model] = read_attributions(path, first=True)
    return list(by_model.values())
