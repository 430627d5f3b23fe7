"""Findings in words: every judgement in them follows from numbers by a fixed rule."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from danq.catalog import MODELS
from danq.report.findings.folds import fold_means, one_sign
from danq.report.findings.pairs import (
    SURE,
    Tally,
    disagrees,
    main_source,
    seed_differences,
    sure_tally,
    verdict,
)
from danq.report.findings.pairs import tally as count_targets
from danq.report.findings.scores import Learnt, Loss, losses, undefined_targets
from danq.report.findings.training import RISE, single_seed_models, undertrained_trainings
from danq.report.run import Run
from danq.report.run_scores import Pair
from danq.report.run_trainings import Trained
from danq.report.words import (
    interval,
    listed,
    number,
    p_value,
    plural,
    sentence,
    signed,
    title,
    versus,
)

_ENDINGS = {
    "above": ", an interval above 0.",
    "below": ", an interval below 0.",
    "around": ": the interval contains 0, so no difference was detected.",
    "": ", for which no interval could be computed.",
}
"""How a sentence on a difference ends, by its verdict."""


def summary(run: Run) -> str:
    """Say in one line what was run: how much of what."""
    of_networks = run.metrics["model"].isin(run.networks)
    n_seeds = run.metrics.loc[of_networks, "seed"].nunique()
    assembly = run.facts.get("assembly", "unknown")
    parts = [f"run {run.name}"]
    if assembly != "unknown":
        parts.append(f"assembly {assembly}")
    parts.append(plural(len(run.targets), "target"))
    parts.append(plural(len(run.networks), "network"))
    if run.n_folds:
        parts.append(plural(run.n_folds, "fold"))
    parts.append(plural(n_seeds, "seed"))
    return " · ".join(parts)


# --- a comparison ---


def pair_paragraph(pair: Pair, metrics: pd.DataFrame) -> str:
    """Say everything that one comparison of two models found.

    Parameters
    ----------
    pair : Pair
        The two models.
    metrics : pandas.DataFrame
        metrics.tsv.

    Returns
    -------
    str
    """
    return sentence(
        pair_sentence(pair),
        sure_sentence(pair),
        disagreement_sentence(pair),
        fold_sentence(pair),
        seed_sentence(pair, metrics),
        spread_sentence(pair),
        _contrast(pair),
    )


def _contrast(pair: Pair) -> str:
    """Say in what a model and its twin differ; an empty string for other pairs."""
    twin = MODELS.get(pair.b)
    return twin.contrast if twin and twin.twin_of == pair.a else ""


def pair_sentence(pair: Pair) -> str:
    """Say what one comparison of two models found."""
    counts = count_targets(pair)
    a = title(pair.a)
    b = title(pair.b)
    if counts.total == 0:
        return f"{a} and {b} cannot be compared: no target has a defined AUPRC."
    low = pair.mean["low"]
    high = pair.mean["high"]
    higher = f"{counts.higher} of {plural(counts.total, 'target')}"
    start = f"{a} has a higher AUPRC than {b} on {higher}"
    mean = sentence(signed(pair.mean["difference"]), interval(low, high, pair.covers))
    return f"{start}; mean difference {mean}{_ENDINGS[verdict(low, high)]}"


def sure_sentence(pair: Pair) -> str:
    """Say on how many targets the difference is significant, with the test over all targets.

    An empty string when no target has a p-value.
    """
    sure = sure_tally(pair)
    if sure is None:
        return ""
    p = pair.mean["wilcoxon_p"]
    test = f"; Wilcoxon's signed-rank test over targets: p {p_value(p)}"
    ending = "" if np.isnan(p) else test
    return (
        f"Target by target, at a false discovery rate of {100 * SURE:g} %, it is higher on "
        f"{sure.higher} and lower on {sure.lower}{ending}."
    )


def disagreement_sentence(pair: Pair) -> str:
    """Say which leads where the interval and Wilcoxon's test disagree, and why they may.

    An empty string where they agree.
    """
    if not disagrees(pair):
        return ""
    if verdict(pair.mean["low"], pair.mean["high"]) == "around":
        return (
            "Wilcoxon's test finds a difference and the interval does not: the interval leads. All "
            "targets share the same windows, genome and seeds, so they are not independent "
            "replicates, as that test takes them to be."
        )
    return (
        "The interval excludes 0 and Wilcoxon's test finds nothing: the interval leads. It is of "
        "the mean, where that test ranks the targets, which is weak with few; and it takes targets "
        "for independent replicates, though all share the same windows, genome and seeds."
    )


def fold_sentence(pair: Pair) -> str:
    """Say how far the mean difference of a pair depends on the fold; empty for a single split."""
    means = fold_means(pair).dropna()
    if means.empty:
        return ""
    ending = "the same sign in every fold" if one_sign(means) else "the sign differs between folds"
    return f"Fold by fold, {versus(pair)} is {', '.join(map(signed, means))}: {ending}."


def seed_sentence(pair: Pair, metrics: pd.DataFrame) -> str:
    """Say how far the mean difference of a pair depends on the seed.

    Parameters
    ----------
    pair : Pair
        The two models.
    metrics : pandas.DataFrame
        metrics.tsv.

    Returns
    -------
    str
        An empty string for a single seed.
    """
    means = seed_differences(pair, metrics)
    if len(means) < 2:
        return ""
    one_sign = (means > 0).all() or (means < 0).all()
    ending = "the same sign in every seed" if one_sign else "the sign differs between seeds"
    values = ", ".join(map(signed, means))
    return f"Seed by seed, {versus(pair)} is {values}: {ending}."


def spread_sentence(pair: Pair) -> str:
    """Say what makes the mean difference more uncertain, seeds or windows; empty if unknown."""
    windows = number(pair.mean["sampling_sd"])
    seeds = number(pair.mean["seed_sd"])
    numbers = f"standard error {seeds} from seeds, {windows} from test windows"
    sentences = {
        "seeds": (
            "Most of the uncertainty of the mean difference comes from the training seed "
            f"({numbers}): more seeds would reduce it."
        ),
        "windows": (
            "Most of the uncertainty of the mean difference comes from the choice of test windows "
            f"({numbers})."
        ),
        "both": (
            "Training seeds and test windows add about equally to the uncertainty of the mean "
            f"difference ({numbers})."
        ),
        "": "",
    }
    return sentences[main_source(pair)]


def tally(pair: Pair) -> str:
    """Count the targets on which model a of a pair is higher and lower, by AUPRC."""
    counts = count_targets(pair)
    return f"{_sides(counts)} of {plural(counts.total, 'target')}"


def _sides(counts: Tally) -> str:
    text = f"higher on {counts.higher}, lower on {counts.lower}"
    return f"{text}, equal on {counts.equal}" if counts.equal else text


# --- baselines ---


def loss_sentences(
    scores: pd.DataFrame, labels: pd.Series, networks: Sequence[str], baselines: Sequence[str]
) -> list[str]:
    """Name the targets on which a network is below a baseline.

    Parameters
    ----------
    scores : pandas.DataFrame, targets by models
        AUPRC; a target counts where both values are defined.
    labels : pandas.Series
        Names of the targets.
    networks, baselines : sequence of str
        Names of the models.

    Returns
    -------
    list of str
        The sentences of a baseline end with the networks that are never below it.
    """
    sentences = []
    for baseline in baselines:
        never_below = []
        for loss in losses(scores, networks, baseline):
            if len(loss.targets):
                sentences.append(_loss_sentence(loss, labels))
            else:
                never_below.append(title(loss.network))
        if never_below:
            networks_text = listed(never_below)
            name = title(baseline)
            sentences.append(f"Never below the {name} baseline on any target: {networks_text}.")
    return sentences


def _loss_sentence(loss: Loss, labels: pd.Series) -> str:
    network = title(loss.network)
    baseline = title(loss.baseline)
    targets = f"{len(loss.targets)} of {plural(loss.n_compared, 'target')}"
    names = listed(labels[loss.targets])
    means = f"{number(loss.network_mean)} against {number(loss.baseline_mean)}"
    return (
        f"{network} is below the {baseline} baseline on {targets} ({names}); mean AUPRC on the "
        f"{loss.n_compared}: {means}."
    )


def learnt_sentence(compared: Sequence[Learnt]) -> str:
    """Say whether each network beats the strongest baseline on enough targets to have learnt.

    The argument is what `danq.report.findings.scores.learnt` found.
    """
    if not compared:
        return "No network shares a target with a baseline, so none shows that it has learnt."
    lost = [network for network in compared if not network.has_learnt]
    if lost:
        return (
            "Not learnt, which would be to beat the strongest baseline on at least two thirds of "
            f"the targets: {listed(map(_loss_clause, lost), len(lost))}."
        )
    return (
        "Every network beats the strongest baseline on at least two thirds of the targets: "
        f"{listed(map(_share, compared), len(compared))}."
    )


def _loss_clause(network: Learnt) -> str:
    means = f"{number(network.network_mean)} against {number(network.baseline_mean)}"
    return f"{_share(network)} (mean AUPRC {means})"


def _share(network: Learnt) -> str:
    return f"{title(network.network)} on {network.n_higher} of {network.n_compared}"


# --- cautions ---


def single_seed_sentence(trained: Sequence[Trained]) -> str:
    """Name the models that were trained once; an empty string when there is none."""
    models = single_seed_models(trained)
    if not models:
        return ""
    names = listed(map(title, models))
    return (
        f"Trained with a single seed: {names}. How far results vary from seed to seed is unknown."
    )


def undertrained_sentence(trained: Sequence[Trained]) -> str:
    """Name the trainings that may be undertrained; an empty string when there is none."""
    trainings = undertrained_trainings(trained)
    if not trainings:
        return ""
    names = [f"{title(training.model)} ({training.label})" for training in trainings]
    return (
        f"May be undertrained: {listed(names)}. The best epoch is the last, and validation AUPRC "
        f"still rose by more than {100 * RISE:g} % in it (or there was only one); more epochs may "
        "change the comparison."
    )


def na_sentence(targets: pd.DataFrame, scores: pd.DataFrame) -> str:
    """Count the targets on which no network's AUPRC is defined.

    Parameters
    ----------
    targets : pandas.DataFrame
        A row per target: n, n_positive, label.
    scores : pandas.DataFrame
        AUPRC, targets by networks.

    Returns
    -------
    str
        An empty string when there is none.
    """
    undefined = undefined_targets(targets, scores)
    if undefined.labels.empty:
        return ""
    counts = {
        "no positive window in the test split": undefined.no_positive,
        "no negative window in the test split": undefined.no_negative,
        "no defined AUPRC": undefined.unknown,
    }
    total = plural(len(targets), "target")
    reasons = []
    for reason, count in counts.items():
        if count:
            verb = "has" if count == 1 else "have"
            reasons.append(f"{count} of {total} {verb} {reason}")
    return (
        f"NA: {' and '.join(reasons)} ({listed(undefined.labels)}); undefined values are left out "
        "of every mean and count."
    )
