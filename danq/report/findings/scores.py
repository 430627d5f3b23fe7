"""The scores of a run: means, losses to baselines, undefined targets."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from danq.catalog import METRICS
from danq.report.run import Run

Standing = Literal["best", "beats", "na", ""]
"""Rank of a score: of the best network, of a baseline above every network, undefined, or none."""


def model_means(run: Run) -> pd.DataFrame:
    """Average the scores of each predictor over targets.

    Returns
    -------
    pandas.DataFrame
        A row per model (column model): seeds; targets with a defined AUPRC, and undefined ones;
        mean auroc and auprc; and the lowest and highest mean AUPRC of its seeds (low, high), nan
        for a single seed.
    """
    auprc = run.scores("auprc")
    trained = [training.model for training in run.trained]
    rows = []
    for model in auprc:
        rows.append({"model": model, "seeds": trained.count(model)})
    table = pd.DataFrame(rows).set_index("model")
    table["targets"] = auprc.notna().sum()
    table["undefined"] = auprc.isna().sum()
    table["auroc"] = run.scores("auroc").mean()
    table["auprc"] = auprc.mean()
    return table.join(seed_ranges(run.metrics)).reset_index()


def seed_ranges(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the lowest and highest mean AUPRC (low, high) of the seeds of each model with several.

    The index is the model; the argument is metrics.tsv.
    """
    by_seed = metrics.groupby(["model", "seed"])["auprc"].mean()
    ranges = by_seed.groupby("model").agg(["min", "max", "size"])
    several = ranges[ranges["size"] > 1]
    return several[["min", "max"]].set_axis(["low", "high"], axis=1)


class SharedMeans(NamedTuple):
    """Mean AUPRC of every model on the targets of a baseline that is defined for few.

    Attributes
    ----------
    baseline : str
        Name of the baseline.
    n_targets : int
        Targets for which it is defined.
    means : pandas.Series
        By model.
    """

    baseline: str
    n_targets: int
    means: pd.Series


def shared_means(run: Run) -> list[SharedMeans]:
    """Return means over the targets of each baseline that is defined for fewer than the networks.

    Means over different targets cannot be compared.
    """
    scores = run.scores("auprc")
    defined = scores[run.networks].notna().any(axis=1)
    n_network_targets = defined.sum()
    shared = []
    for baseline in run.baselines:
        targets = scores.index[scores[baseline].notna()]
        if 0 < len(targets) < n_network_targets:
            means = scores.loc[targets].mean()
            shared.append(SharedMeans(baseline, len(targets), means))
    return shared


class MetricMeans(NamedTuple):
    """Every metric of every model, both tables of models by metrics.

    Attributes
    ----------
    means : pandas.DataFrame
        Mean over targets, seeds averaged first.
    undefined : pandas.DataFrame
        Number of targets on which the metric is undefined.
    """

    means: pd.DataFrame
    undefined: pd.DataFrame


def metric_means(run: Run) -> MetricMeans:
    """Average every metric over targets, and count the targets on which it is undefined."""
    means = {}
    undefined = {}
    for metric in METRICS:
        scores = run.scores(metric)
        means[metric] = scores.mean()
        undefined[metric] = scores.isna().sum()
    return MetricMeans(pd.DataFrame(means), pd.DataFrame(undefined))


class GroupMeans(NamedTuple):
    """Mean of a metric over the targets of each group.

    Attributes
    ----------
    sizes : pandas.Series
        Targets of each group (its name), in order of first appearance.
    means, defined : pandas.DataFrame
        Groups by models: the mean, and the number of targets on which it is defined.
    """

    sizes: pd.Series
    means: pd.DataFrame
    defined: pd.DataFrame


def group_means(run: Run, metric: str) -> GroupMeans:
    """Average a metric over the targets of each group.

    Parameters
    ----------
    run : Run
        A finished run.
    metric : str
        A column of metrics.tsv.

    Returns
    -------
    GroupMeans
    """
    scores = run.scores(metric)
    groups = run.targets["group"]
    sizes = {}
    means = {}
    defined = {}
    for group in dict.fromkeys(groups):
        rows = scores[groups == group]
        sizes[group] = len(rows)
        means[group] = rows.mean()
        defined[group] = rows.notna().sum()
    means_table = pd.DataFrame(means).T
    defined_table = pd.DataFrame(defined).T
    return GroupMeans(pd.Series(sizes), means_table, defined_table)


def compared_groups(run: Run) -> pd.Series:
    """Return the groups for which a pair has a mean difference, and their numbers of targets.

    A run of a single group has none.
    """
    sizes = run.targets["group"].value_counts(sort=False)
    compared: set[str] = set()
    for pair in run.pairs:
        compared |= set(pair.groups.index)
    return sizes[sizes.index.isin(compared)]


def ranked_networks(run: Run) -> pd.Series:
    """Return the mean AUPRC of each network with a defined one, the highest first."""
    means = run.scores("auprc")[run.networks].mean()
    return means.dropna().sort_values(ascending=False, kind="stable")


class Beaten(NamedTuple):
    """Targets on which some baseline beats every network, by AUPRC.

    Attributes
    ----------
    targets : pandas.Index
        Their indices.
    n_compared : int
        Targets that are defined for a network and for a baseline.
    """

    targets: pd.Index
    n_compared: int


def beaten_networks(run: Run) -> Beaten:
    """Return the targets on which a baseline beats every network of a run."""
    scores = run.scores("auprc")
    networks = scores[run.networks].max(axis=1)
    baselines = scores[run.baselines].max(axis=1)
    compared = networks.notna() & baselines.notna()
    beaten = compared & (baselines > networks)
    return Beaten(scores.index[beaten], int(compared.sum()))


class Loss(NamedTuple):
    """A network compared with a baseline, on the targets that are defined for both.

    Attributes
    ----------
    network, baseline : str
        Their names.
    targets : pandas.Index
        Targets on which the network is lower, by AUPRC.
    n_compared : int
        Targets that are defined for both.
    network_mean, baseline_mean : float
        Mean AUPRC on these.
    """

    network: str
    baseline: str
    targets: pd.Index
    n_compared: int
    network_mean: float
    baseline_mean: float


def losses(scores: pd.DataFrame, networks: Sequence[str], baseline: str) -> list[Loss]:
    """Compare each network with a baseline.

    Parameters
    ----------
    scores : pandas.DataFrame
        AUPRC, targets by models.
    networks : sequence of str
        Names of the networks.
    baseline : str
        Name of the baseline.

    Returns
    -------
    list of Loss
        Of the networks that share a defined target with the baseline.
    """
    compared = []
    for network in networks:
        both = scores[[network, baseline]].dropna()
        lower = both.index[both[network] < both[baseline]]
        if len(both):
            network_mean, baseline_mean = both.mean()
            loss = Loss(network, baseline, lower, len(both), network_mean, baseline_mean)
            compared.append(loss)
    return compared


class Learnt(NamedTuple):
    """A network compared with the strongest baseline of each target, by AUPRC.

    Attributes
    ----------
    network : str
        Its name.
    n_higher : int
        Targets on which it is higher, seeds averaged.
    n_compared : int
        Targets that are defined for it and for a baseline.
    network_mean, baseline_mean : float
        Mean AUPRC on these, of the network and of the strongest baselines.
    """

    network: str
    n_higher: int
    n_compared: int
    network_mean: float
    baseline_mean: float

    @property
    def has_learnt(self) -> bool:
        """Whether it is higher on at least two thirds of the targets."""
        return 3 * self.n_higher >= 2 * self.n_compared


def learnt(run: Run) -> list[Learnt]:
    """Compare each network with the baseline that is strongest on each target; no oracle is one.

    The strongest is the highest on the test windows: to be higher than it is to be higher than
    every baseline. Chosen on validation windows, as an analyst would have to, it could only be
    lower, and networks would look better.

    Networks that share no defined target with a baseline are left out.
    """
    scores = run.scores("auprc")
    strongest = scores[run.baselines].max(axis=1)
    compared = []
    for network in run.networks:
        table = pd.DataFrame({"network": scores[network], "baseline": strongest})
        both = table.dropna().astype(float)
        if len(both):
            n_higher = int((both["network"] > both["baseline"]).sum())
            means = both.mean()
            network_mean = float(means["network"])
            baseline_mean = float(means["baseline"])
            compared.append(Learnt(network, n_higher, len(both), network_mean, baseline_mean))
    return compared


class Undefined(NamedTuple):
    """Targets on which no network's score is defined, by reason.

    Attributes
    ----------
    labels : pandas.Series
        Their names.
    no_positive, no_negative : int
        Targets without a positive, or without a negative window in the test split.
    unknown : int
        Targets with both.
    """

    labels: pd.Series
    no_positive: int
    no_negative: int
    unknown: int


def undefined_targets(targets: pd.DataFrame, scores: pd.DataFrame) -> Undefined:
    """Return the targets on which no network's score is defined.

    Parameters
    ----------
    targets : pandas.DataFrame
        A row per target: n, n_positive, label.
    scores : pandas.DataFrame
        AUPRC, targets by networks.

    Returns
    -------
    Undefined
    """
    undefined = targets[scores.isna().all(axis=1)]
    no_positive = undefined["n_positive"] == 0
    no_negative = undefined["n_positive"] == undefined["n"]
    unknown = ~no_positive & ~no_negative
    labels = undefined["label"]
    return Undefined(labels, no_positive.sum(), no_negative.sum(), unknown.sum())


def standing(scores: pd.Series, model: str, run: Run) -> Standing:
    """Return the standing of a model among the predictors of a run.

    Parameters
    ----------
    scores : pandas.Series
        AUPRC by model, of a target or a group.
    model : str
        The model.
    run : Run
        Says which models are networks, and which are baselines.

    Returns
    -------
    {"best", "beats", "na", ""}
        As `Standing`.
    """
    best = scores[run.networks].max()
    if np.isnan(scores[model]):
        return "na"
    if model in run.networks:
        return "best" if scores[model] == best else ""
    beats = model in run.baselines and scores[model] > best
    return "beats" if beats else ""


def calibration(reliability: pd.DataFrame) -> pd.DataFrame:
    """Pool the bins of probability of each model over its seeds, weighted by labels.

    The argument is reliability.tsv; returned are model, predicted, observed and n.
    """
    sums = reliability.copy()
    for column in ("predicted", "observed"):
        sums[column] *= sums["n"]
    columns = ["predicted", "observed", "n"]
    sums = sums.groupby(["model", "bin"], as_index=False)[columns].sum()
    for column in ("predicted", "observed"):
        sums[column] /= sums["n"]
    return sums.drop(columns="bin")
