"""How the knobs of the networks were found, in words."""

import math

from danq.report.findings.tuning import ModelTuning, TuningFacts, tuning_facts
from danq.report.run import Run
from danq.report.words import listed, number, plural, sentence, title

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_KNOBS = {"lr": "learning rate", "dropout": "dropout", "weight_decay": "weight decay"}


def tuning_sentences(run: Run) -> list[str]:
    """Say how many trials of which cost each network had; or that nothing was tuned."""
    facts = tuning_facts(run)
    if not run.trained:
        return []
    if not facts.models:
        return [sentence("Nothing was tuned for this run.", _rates_sentence(facts))]
    given = [_gain(tuning) for tuning in facts.models]
    gains = f"Best AUPRC, and that of the first trial: {listed(given, len(given))}."
    final = "The trainings below have the knobs of the best trial of their network."
    return [sentence(*_chances(facts), final, gains, *map(_edge_sentence, facts.models))]


def _chances(facts: TuningFacts) -> list[str]:
    """Say whether all networks had the same chance, and which."""
    first = facts.models[0]
    if facts.alike:
        trials = _trials(first)
        return [f"Each network had {trials}, with the same values to try, on the validation split."]
    shares = [f"{title(tuning.model)} had {_trials(tuning)}" for tuning in facts.models]
    shares += [f"{title(model)} had none" for model in facts.untuned]
    parts = [f"The networks were not tuned alike: {listed(shares, len(shares))}."]
    if not facts.same_space:
        parts.append("The values that were tried differ between them.")
    return parts


def _trials(tuning: ModelTuning) -> str:
    """Return the trials of a network and what each cost."""
    trials = plural(tuning.trials, "trial")
    if math.isnan(tuning.multiply_adds):
        return trials
    return f"{trials} of {power_of_ten(tuning.multiply_adds)} multiply-adds"


def power_of_ten(value: float) -> str:
    """Return a large number with two digits and its power of ten.

    Examples
    --------
    >>> power_of_ten(1.26e12)
    '1.3 × 10¹²'
    """
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits} × 10{str(int(exponent)).translate(_RAISED)}"


def _gain(tuning: ModelTuning) -> str:
    return f"{title(tuning.model)} {number(tuning.value)} ({number(tuning.given_value)})"


def _edge_sentence(tuning: ModelTuning) -> str:
    """Say which best knobs lie at an end of what was tried; nothing where none does."""
    knobs = [_KNOBS.get(name, name) for name in tuning.edge]
    if not knobs:
        return ""
    what = f"The best {' and '.join(knobs)} of {title(tuning.model)} "
    lies = "lies" if len(knobs) == 1 else "lie"
    return f"{what}{lies} at an end of what was tried: others beyond it may be better."


def _rates_sentence(facts: TuningFacts) -> str:
    """Say which learning rates the networks had, where that is known."""
    rates = facts.rates
    if not rates or None in rates.values():
        return ""
    different = set(rates.values())
    if len(different) == 1:
        return f"All networks had one learning rate, {different.pop():g}."
    each = [f"{title(model)} {rate:g}" for model, rate in rates.items()]
    return f"The learning rates are those of the configuration: {listed(each, len(each))}."
