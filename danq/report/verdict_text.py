"""The answer in words: what the recurrent layer adds, on what that rests, what is missing."""

from typing import NamedTuple

import pandas as pd

from danq.catalog import BASELINES, question_pairs, twins
from danq.evaluation.components import MIN_SEEDS, WINDOWS, WINDOWS_SEEDS_AND_FOLDS
from danq.evaluation.fold_comparison import MIN_FOLDS
from danq.report.findings.claim import Claim, side
from danq.report.findings.pairs import Twins, controls_reach
from danq.report.findings.where import Where
from danq.report.run_scores import Pair
from danq.report.words import interval, listed, number, plural, sentence, signed, title

_LOCAL = "its twin with a convolution of equal cost"
_REACH = "reads the whole window without recurrence"


class Gap(NamedTuple):
    """What a run lacks for a firmer answer.

    Attributes
    ----------
    what : str
        What is missing.
    run : str
        What to change in the configuration, or to run.
    """

    what: str
    run: str


def gaps(claim: Claim) -> list[Gap]:
    """Return what a run lacks for a firmer answer, the most important first."""
    found = []
    if not claim.twins.local:
        recurrent = claim.twins.model or question_pairs()[0][0]
        run = f"models: with {recurrent} and {_local_twin(recurrent)}"
        found.append(Gap(f"a recurrent network beside {_LOCAL}", run))
    elif not claim.judged:
        found.append(Gap("a baseline on the same targets", f"baselines: [{_free_baselines()}]"))
    elif claim.not_learnt:
        names = listed([title(network.network) for network in claim.not_learnt])
        what = f"networks that beat the baselines on two thirds of the targets (not {names})"
        found.append(Gap(what, "tune: {trials: 12}, more epochs or more data"))
    elif claim.conclusion == "":
        found.append(_interval_gap(claim, claim.twins.local[0]))
    controls = [twin.name for twin in twins(claim.twins.model) if controls_reach(twin)]
    if claim.twins.local and not claim.twins.reach and controls:
        found.append(Gap(f"a twin that {_REACH}", f"models: with {controls[0]}"))
    found += [_interval_gap(claim, pair) for pair in claim.twins.reach if side(pair) == ""]
    if claim.twins.models and claim.tuning != "alike":
        what = "as many tuning trials of the same budget for every network"
        found.append(Gap(what, "tune: {trials: 12}"))
    if claim.twins.models and claim.few_seeds:
        what = f"at least {MIN_SEEDS} training seeds of every network"
        found.append(Gap(what, f"seeds: {list(range(MIN_SEEDS))}"))
    for model, check, advice in claim.failed:
        found.append(Gap(f"a training of {title(model)} that passes: {check}", advice))
    return found


def _local_twin(model: str) -> str:
    """Name the twin of a recurrent model whose receptive field is a neighbourhood."""
    return next(twin.name for twin in twins(model) if twin.receptive_field == "local")


def _interval_gap(claim: Claim, pair: Pair) -> Gap:
    what = f"an interval of the difference between {title(pair.a)} and {title(pair.b)}"
    if claim.n_folds:
        return Gap(what, f"folds: at least {MIN_FOLDS} with positive windows of a target")
    return Gap(what, "a larger test split")


def _free_baselines() -> str:
    """Name the baselines that every run can have: no oracles, and none that needs motifs."""
    free = [
        baseline.name
        for baseline in BASELINES.values()
        if not baseline.oracle and not baseline.needs_motifs
    ]
    return ", ".join(free)


def gaps_sentence(claim: Claim) -> str:
    """Say what is missing and what to run; an empty string where nothing is."""
    parts = []
    for gap in gaps(claim):
        run = f" ({gap.run})" if gap.run else ""
        parts.append(f"{gap.what}{run}")
    return f"Missing: {'; '.join(parts)}." if parts else ""


def verdict_sentence(claim: Claim) -> str:
    """Answer the report's question as far as the run has earned it.

    The conditions: the compared networks beat the baselines, and the difference from the twin of
    equal cost has an interval. What the run lacks beyond is said in the sentence: equal tuning, and
    seeds, by the brackets.
    """
    if not claim.earned:
        return "This run cannot say what the recurrent layer adds."
    body = f"{_opening(claim)}, {_body(claim)}"
    return sentence(body, _kind_sentence(claim.twins), _caution(claim))


def _opening(claim: Claim) -> str:
    """Say how the networks were trained: seeds and tuning."""
    fewest = min(claim.n_seeds.values())
    most = max(claim.n_seeds.values())
    seeds = f"{fewest} to {plural(most, 'training seed')}"
    if fewest == most:
        each = "a single training seed" if most == 1 else plural(most, "training seed")
        seeds = f"{each} each"
    if claim.n_folds:
        seeds = f"{plural(claim.n_folds, 'fold')} of {seeds.removesuffix(' each')} each"
    tuned = {
        "alike": f" and {plural(claim.n_trials, 'tuning trial')} each",
        "unlike": ", after tuning that was not the same for all",
        "one rate": ", at one learning rate for all and without tuning in this run",
        "other rates": ", at learning rates that were set for each and not tuned alike",
        "unknown": ", tuned nobody knows how",
    }
    return f"With {seeds}{tuned[claim.tuning]}"


def _body(claim: Claim) -> str:
    model = title(claim.twins.model)
    local = claim.twins.local[0]
    other = title(local.b)
    amount = _amount(local)
    if claim.conclusion == "less":
        return (
            f"{other}, {_LOCAL.replace('its', f'the {model}')}, has a higher mean AUPRC than "
            f"{model}, by {amount}: {_scope(claim)}the recurrent layer does not pay."
        )
    if claim.conclusion == "none":
        return (
            f"no difference was detected between {model} and {other}, {_LOCAL} "
            f"({_signed_amount(local)}).{_reach_aside(claim.twins)}"
        )
    gain = f"{model} has a higher mean AUPRC than {other}, {_LOCAL}, by {amount}"
    if claim.conclusion == "open":
        return f"{gain}: by recurrence or by reach, which this run does not tell apart."
    return f"{gain}{_reach_clause(claim)}"


def _reach_clause(claim: Claim) -> str:
    """Say how a model that is above its local twin compares with the controls for reach."""
    if claim.conclusion == "recurrence":
        known = [pair for pair in claim.twins.reach if side(pair)]
        names = " and ".join(f"{title(pair.b)} by {_amount(pair)}" for pair in known)
        verb = "reads" if len(known) == 1 else "read"
        return (
            f", and than {names}, which {verb} the whole window without recurrence: "
            f"{_scope(claim)}recurrence adds, not reach alone."
        )
    by_side = {side(pair): pair for pair in reversed(claim.twins.reach)}
    higher = by_side.get("below")
    if higher is not None:
        return (
            f", but a lower one than {title(higher.b)}, which {_REACH} "
            f"({_signed_amount(higher)}): reach explains the gain."
        )
    equal = by_side["around"]
    return (
        f"; from {title(equal.b)}, which {_REACH}, no difference was detected "
        f"({_signed_amount(equal)}): reach may explain the gain, and recurrence is not shown to "
        "add."
    )


def _scope(claim: Claim) -> str:
    """Say of which networks a conclusion is, where seeds are too few for any others."""
    return "in these trained networks " if claim.few_seeds else ""


def _reach_aside(compared: Twins) -> str:
    """Say how a model that is no better than its local twin compares with those of its reach."""
    above = [pair for pair in compared.reach if side(pair) == "above"]
    if not above:
        return ""
    pair = above[0]
    return (
        f" It is above {title(pair.b)}, which {_REACH}, by {_amount(pair)}: without a lead over "
        f"{title(compared.local[0].b)} that does not show that recurrence adds."
    )


def _kind_sentence(compared: Twins) -> str:
    """Say whether another kind of recurrence does as well; empty without such a twin."""
    sentences = []
    for pair in compared.recurrent:
        other = title(pair.b)
        words = {
            "above": f"{title(pair.a)} is above {other}, another recurrence, by "
            f"{_amount(pair)}: the kind of recurrence matters.",
            "below": f"{other}, another recurrence, is higher by {_amount(pair)}.",
            "around": f"No difference was detected from {other}, another recurrence "
            f"({_signed_amount(pair)}).",
            "": "",
        }
        sentences.append(words[side(pair)])
    return sentence(*sentences)


def _caution(claim: Claim) -> str:
    """Warn of single seeds and of trainings that failed a check."""
    is_single = min(claim.n_seeds.values()) == 1 and not claim.n_folds
    single = "Another seed may reverse this." if is_single else ""
    names = listed([f"{title(check.model)} ({check.check})" for check in claim.failed])
    sick = f"Checks of trainings that failed: {names}." if names else ""
    return sentence(single, sick)


def _amount(pair: Pair) -> str:
    """Return the size of a mean difference with its interval: of a less b, or of b less a."""
    value, low, high = pair.mean[["difference", "low", "high"]]
    if high < 0:
        return f"{number(-value)} {interval(-high, -low, pair.covers)}"
    return f"{number(value)} {interval(low, high, pair.covers)}"


def _signed_amount(pair: Pair) -> str:
    value, low, high = pair.mean[["difference", "low", "high"]]
    return f"{signed(value)} {interval(low, high, pair.covers)}"


# --- where ---


def where_sentence(pair: Pair, found: Where) -> str:
    """Say where two models differ: by group, by target, and by rule of a simulated genome.

    Parameters
    ----------
    pair : Pair
        The two models.
    found : danq.report.findings.where.Where
        Where they differ.

    Returns
    -------
    str
        Of a few words; that they differ nowhere, where they do not; an empty one where nothing was
        tested.
    """
    start = f"Where {title(pair.a)} and {title(pair.b)} differ"
    parts = [*_by_group(pair, found.groups), *_by_target(found.targets), *_by_rule(pair, found)]
    if not parts and side(pair) == "":
        return ""
    if not parts:
        return f"{start}: in no group and on no target significantly."
    return f"{start}: {'; '.join(parts)}."


def _by_group(pair: Pair, groups: pd.DataFrame) -> list[str]:
    names = []
    for group, row in groups.iterrows():
        bracket = interval(row["low"], row["high"], pair.covers)
        names.append(f"{group} {signed(row['difference'])} {bracket}")
    return [f"by group (each at 95 % by itself), {listed(names, 4)}"] if names else []


def _by_target(targets: pd.DataFrame) -> list[str]:
    parts = []
    for word, rows in (
        ("higher", targets[targets["difference"] > 0]),
        ("lower", targets[targets["difference"] < 0]),
    ):
        if len(rows):
            parts.append(f"{word} on {listed(rows['label'], 5)}")
    return parts


def _by_rule(pair: Pair, found: Where) -> list[str]:
    names = [f"{row.Index} {number(row.a)} and {number(row.b)}" for row in found.rules.itertuples()]
    if not names:
        return []
    return [f"AUROC against decoys, which break the rule (no interval), {listed(names, 6)}"]


# --- intervals ---

CHROMOSOMES = (
    "No interval covers the choice of training chromosomes: every network was trained on the same "
    "ones, and others may give another difference."
)

FOLDS = (
    "In brackets: 95 % intervals over test windows, training seeds and training chromosomes, from "
    "the spread of the differences over the folds, widened since folds share most of what they "
    "train on (Nadeau and Bengio 2003)."
)


def interval_sentence(pairs: list[Pair]) -> str:
    """Say what the intervals of some comparisons cover, and what none of them does."""
    known = [pair for pair in pairs if side(pair)]
    if not known:
        return ""
    if all(pair.covers == WINDOWS_SEEDS_AND_FOLDS for pair in known):
        return FOLDS
    windows = [pair for pair in known if pair.covers == WINDOWS]
    if len(windows) == len(known):
        covers = (
            "In brackets: 95 % intervals over test windows only, for these trained networks, from "
            "a paired bootstrap over blocks of the test genome; other training seeds are not "
            f"covered, which takes {MIN_SEEDS} of each network."
        )
    else:
        covers = (
            "In brackets: 95 % intervals over test windows and training seeds, from a paired "
            "bootstrap over blocks of the test genome and from the spread of each network's seeds."
        )
        if windows:
            covers += " Brackets that say so cover test windows only, for these trained networks."
    return sentence(covers, CHROMOSOMES)
