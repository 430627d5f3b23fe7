"""What the filters of a run resemble, which motifs they could find, and which model found them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from danq.catalog import MODELS
from danq.motif.meme import Motif
from danq.motif.tomtom import tomtom
from danq.report.findings.training import by_model
from danq.report.run import Run
from danq.report.run_trainings import RANDOM, WORD, Trained

RELATED = 0.05
"""A known motif whose Tomtom E-value against an expected one is lower is a relative of it."""

FINDERS = ("with and without", "only with recurrence", "only without", "none")
"""Which models found a factor: those with a recurrent layer, those without one, both or none."""

MOST_ABLATED = 40
"""Filters, and targets, of an ablation matrix at most."""

Known = Mapping[str, Motif]
"""The known motifs that filters were compared with, by name."""


class Layer(NamedTuple):
    """The filters of one layer of a training.

    Attributes
    ----------
    name : str
        filter (the first convolution) or second.
    training : Trained
        The training, with the matches of this layer only.
    """

    name: str
    training: Trained


def layers(trained: Iterable[Trained]) -> Iterator[Layer]:
    """Yield the layers of several trainings, in their order."""
    for training in trained:
        for name, of_layer in training.layers():
            yield Layer(name, of_layer)


def filter_counts(layer: Layer) -> dict[str, float]:
    """Count the filters of a layer.

    The keys: with_sites; tested (enough sites and information to compare); motifs (copies as one);
    named; unmatched (tested, and similar to no known motif); factors (distinct ones); highest_fdr
    (the largest empirical FDR of a named filter). Of filters that began as an enriched word:
    words, named_words. Of those that began at random: random_factors.
    """
    best = layer.training.best_matches()
    named = layer.training.named()
    has_sites = best["n_sites"] > 0
    tested = best[best["tested"] == "yes"]
    began_at_random = named["began"] == RANDOM
    counts: dict[str, float] = {"with_sites": int(has_sites.sum())}
    counts["words"] = int((has_sites & (best["began"] == WORD)).sum())
    counts["tested"] = len(tested)
    counts["motifs"] = tested["cluster"].nunique()
    counts["named"] = len(named)
    counts["named_words"] = int((named["began"] == WORD).sum())
    counts["unmatched"] = len(tested) - len(named)
    counts["factors"] = named["factor"].nunique()
    counts["random_factors"] = named.loc[began_at_random, "factor"].nunique()
    counts["highest_fdr"] = named["empirical_fdr"].max()
    return counts


def best_of_each_factor_first(training: Trained) -> pd.DataFrame:
    """Return the named filters of a layer: the best of each factor, then the others.

    Many filters learn the same motif.
    """
    named = training.named()
    later = named.duplicated("factor")
    ranked = named.assign(later=later).sort_values("later", kind="stable")
    return ranked.drop(columns="later")


def unmatched_filters(training: Trained) -> pd.DataFrame:
    """Return the tested filters of a layer that resemble nothing known, most sites first."""
    best = training.best_matches()
    tested = best["tested"] == "yes"
    unmatched = best[tested & (best["named"] != "yes")]
    return unmatched.sort_values("n_sites", ascending=False, kind="stable")


# --- motifs that could be recovered ---


class Recovery(NamedTuple):
    """What a layer found of the expected motifs.

    Attributes
    ----------
    counts : pandas.Series
        By factor: named filters that recover it.
    random_counts : pandas.Series
        The same of the filters that began at random.
    kinds : pandas.Series
        By named filter, as in `expected_kinds`.
    """

    counts: pd.Series
    random_counts: pd.Series
    kinds: pd.Series


def recovery(expected: pd.DataFrame, named: pd.DataFrame, known: Known) -> Recovery:
    """Compare the named filters of a layer with the motifs that could be recovered.

    Parameters
    ----------
    expected, named, known
        As in `expected_kinds`; `named` says in column began how each filter began.

    Returns
    -------
    Recovery
    """
    counts = expected_counts(expected, named)
    random_counts = expected_counts(expected, named[named["began"] == RANDOM])
    kinds = expected_kinds(expected, named, known)
    return Recovery(counts, random_counts, kinds)


def expected_kinds(expected: pd.DataFrame, named: pd.DataFrame, known: Known) -> pd.Series:
    """Classify the best match of each named filter by the motifs that could be recovered.

    Parameters
    ----------
    expected : pandas.DataFrame
        Columns motif (JASPAR identifier) and factor, which may differ in case from the known
        motif's.
    named : pandas.DataFrame
        Columns match (JASPAR identifier) and factor: the best match of each named filter.
    known : dict of str to Motif
        The known motifs that filters were compared with, by name. Without them nothing is a
        relative.

    Returns
    -------
    pandas.Series of str, with the index of `named`
        ``recovered``: the match is an expected motif, by identifier or factor. ``relative``: the
        match is itself like an expected motif, by an E-value below `RELATED`. ``off-target``: the
        rest.
    """
    same_motif = named["match"].isin(expected["motif"])
    same_factor = _folded(named["factor"]).isin(_folded(expected["factor"]))
    recovered = same_motif | same_factor
    relatives = _relatives(expected, named.loc[~recovered, "match"], known)
    relative = named["match"].isin(relatives)
    kinds = np.select([recovered, relative], ["recovered", "relative"], "off-target")
    return pd.Series(kinds, index=named.index)


def _folded(names: pd.Series) -> pd.Series:
    """Return names without case: what a user calls Abf1 is JASPAR's ABF1."""
    return names.astype(str).str.casefold()


def _relatives(expected: pd.DataFrame, matches: pd.Series, known: Known) -> list[str]:
    """Return those of the motifs named in `matches` that are like an expected one."""
    names = sorted({name for name in matches if name in known})
    columns = _expected_columns(expected, known)
    if not names or not columns:
        return []
    queries = [known[name].matrix for name in names]
    targets = [motif.matrix for motif in known.values()]
    p_values = tomtom(queries, targets).p[:, columns]
    e_values = p_values.min(axis=1) * len(known)
    related = e_values < RELATED
    return np.array(names)[related].tolist()


def _expected_columns(expected: pd.DataFrame, known: Known) -> list[int]:
    """Return the ranks of the expected motifs among the known ones."""
    identifiers = set(expected["motif"])
    factors = set(_folded(expected["factor"]))
    columns = []
    for rank, motif in enumerate(known.values()):
        if motif.name in identifiers or motif.alias.casefold() in factors:
            columns.append(rank)
    return columns


def expected_counts(expected: pd.DataFrame, named: pd.DataFrame) -> pd.Series:
    """Count the named filters that recover each motif.

    Parameters
    ----------
    expected, named : pandas.DataFrame
        As in `expected_kinds`.

    Returns
    -------
    pandas.Series of int
        By factor, in the order of `expected`.
    """
    factors = _folded(named["factor"])
    counts = []
    for row in expected.itertuples():
        same_motif = named["match"] == row.motif
        same_factor = factors == row.factor.casefold()
        counts.append((same_motif | same_factor).sum())
    return pd.Series(counts, index=expected["factor"])


# --- which model found what ---


def factor_seeds(trained: Sequence[Trained], *, random_only: bool = False) -> pd.DataFrame:
    """Count the seeds of each model in which some filter has the name of a factor.

    Parameters
    ----------
    trained : sequence of Trained
        Trainings with filters.
    random_only : bool
        Whether only filters count that began at random.

    Returns
    -------
    pandas.DataFrame of int
        Factors by models.
    """
    rows = []
    for training in trained:
        named = training.named()
        counted = named[named["began"] == RANDOM] if random_only else named
        for factor in counted["factor"].unique():
            rows.append({"model": training.model, "seed": training.seed, "factor": factor})
    table = pd.DataFrame(rows, columns=["model", "seed", "factor"])
    counts = table.groupby(["factor", "model"]).size().unstack(fill_value=0)
    return counts.reindex(columns=list(by_model(trained)), fill_value=0)


class FactorsByModel(NamedTuple):
    """Which model found which factor, all by factor and in one order.

    Attributes
    ----------
    counts : pandas.DataFrame
        Factors by models: seeds in which a filter has the name of the factor.
    random_counts : pandas.DataFrame
        The same of the filters that began at random.
    n_seeds : pandas.Series
        Trainings of each model.
    expected : pandas.Series of bool
        Whether the factor could be recovered: it is planted, or a target's own.
    finders : pandas.Series of str
        Of `FINDERS`.
    """

    counts: pd.DataFrame
    random_counts: pd.DataFrame
    n_seeds: pd.Series
    expected: pd.Series
    finders: pd.Series


def factors_by_model(run: Run, trained: Sequence[Trained], known: Known) -> FactorsByModel | None:
    """Say which model found which factor.

    Parameters
    ----------
    run : Run
        Says which motifs could be recovered.
    trained : sequence of Trained
        Trainings with filters.
    known : dict of str to Motif
        The known motifs: a target may be called K562|CTCF, a filter only as the known motif is.

    Returns
    -------
    FactorsByModel or None
        Factors that could be recovered first, also those that no filter has. None for a single
        model, or where no filter has a name.
    """
    counts = factor_seeds(trained)
    if len(counts.columns) < 2 or counts.empty:
        return None
    factors = _expected_factors(run, known)
    counts = _with_absent(counts, factors)
    folded = counts.index.str.casefold()
    wanted = pd.Index(factors, dtype=object).str.casefold()
    expected = pd.Series(folded.isin(wanted), counts.index)
    found_by = counts.apply(finders, axis=1)
    models = pd.Series([training.model for training in trained])
    n_seeds = models.value_counts()[counts.columns]
    order = _factor_order(expected, found_by)
    counts = counts.loc[order]
    of_random = factor_seeds(trained, random_only=True)
    random_counts = of_random.reindex(order, fill_value=0)
    return FactorsByModel(counts, random_counts, n_seeds, expected[order], found_by[order])


def _with_absent(counts: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Add the expected factors that no filter has the name of."""
    names = {factor.casefold() for factor in counts.index}
    absent = [factor for factor in factors if factor.casefold() not in names]
    if not absent:
        return counts
    zeros = pd.DataFrame(0, index=absent, columns=counts.columns)
    return pd.concat([counts, zeros])


def _factor_order(expected: pd.Series, found_by: pd.Series) -> list[str]:
    """Return the factors: expected ones first, then by who found them, then by name."""

    def key(factor: str) -> tuple[bool, int, str]:
        return not expected[factor], FINDERS.index(found_by[factor]), factor

    return sorted(expected.index, key=key)


def _expected_factors(run: Run, known: Known) -> list[str]:
    """Return the factors that could be recovered, each once, as the known motifs call them."""
    if run.expected is None:
        return []
    factors: dict[str, None] = {}
    for row in run.expected.itertuples():
        factor = known[row.motif].alias if row.motif in known else row.factor
        factors[factor] = None
    return list(factors)


def finders(counts: pd.Series) -> str:
    """Say whether models with recurrence, without, or both found a factor, see `FINDERS`.

    The argument has the seeds in which each model found it, by model.
    """
    models = [model for model, count in counts.items() if count > 0]
    recurrent = [model for model in models if is_recurrent(model)]
    if not models:
        return "none"
    if not recurrent:
        return "only without"
    return "only with recurrence" if len(recurrent) == len(models) else "with and without"


def is_recurrent(model: str) -> bool:
    """Say whether a model has a recurrent layer; a name that the catalogue lacks has none."""
    return model in MODELS and MODELS[model].recurrent


# --- what filters do ---


def ablation_matrix(training: Trained) -> pd.DataFrame:
    """Return what each target loses without each filter of a training.

    Filters by targets, those with the largest effects, at most `MOST_ABLATED` of either; similar
    rows, and similar columns, are next to each other. An unknown effect is 0.
    """
    effects = ablation_table(training)
    filters = _largest(effects.abs().max(axis=1))
    targets = _largest(effects.abs().max(axis=0))
    matrix = effects.loc[filters, targets].fillna(0)
    values = matrix.to_numpy()
    return matrix.iloc[similar_together(values), similar_together(values.T)]


def ablation_table(training: Trained) -> pd.DataFrame:
    """Return what each target loses without each filter of a training, filters by targets."""
    table = training.ablation
    return table.pivot_table(index="motif", columns="target", values="effect", sort=False)


def _largest(sizes: pd.Series) -> pd.Index:
    ranked = sizes.sort_values(ascending=False, kind="stable")
    return ranked.index[:MOST_ABLATED].sort_values()


def similar_together(rows: np.ndarray) -> np.ndarray:
    """Return an order in which similar rows are neighbours: the leaves of an average linkage."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(rows) < 2:
        return np.zeros(1, dtype=int)
    return leaves_list(linkage(rows, "average", optimal_ordering=True))
