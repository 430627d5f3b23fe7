"""What variants say of the recurrent layer, in words; the rules are those of the whole report."""

from collections.abc import Sequence

from danq.evaluation.components import WINDOWS
from danq.report.findings.variants import VariantAnswer, VariantPair
from danq.report.words import interval, listed, number, plural, signed, title

_DOES = {
    "effect": "which variants change a label",
    "binary": "which variants have the label 1",
    "number": "how strong the effects of variants are",
}
_METRICS = {"auroc": "AUROC", "spearman": "rank correlation"}
_TWIN = "with a convolution of equal cost"
_REACH = "without recurrence"


def answer_sentence(answer: VariantAnswer) -> str:
    """Answer whether the recurrent layer helps with variants, as far as the labels tell."""
    question = "Does the recurrent layer help with variants?"
    if not answer.local or answer.conclusion == "":
        missing = "no interval of its difference" if answer.local else "no recurrent network"
        return f"{question} This run cannot say: it has {missing} from a twin {_TWIN}."
    return f"{question} {_body(answer)}"


def _body(answer: VariantAnswer) -> str:
    local = answer.local[0]
    model = title(local.a)
    twin = f"{title(local.b)}, its twin {_TWIN}"
    does = _DOES[answer.kind]
    amount = amount_text(local, answer.metric)
    if answer.conclusion == "none":
        return f"No difference was detected in telling {does} between {model} and {twin}: {amount}."
    if answer.conclusion == "less":
        return f"No: {model} tells less well {does} than {twin}: {amount}."
    gain = f"{model} tells better {does} than {twin}: {amount}"
    if answer.conclusion == "open":
        return f"{gain}; by recurrence or by reach, which this run does not tell apart."
    controls = listed([_control(pair, answer.metric) for pair in answer.reach])
    if answer.conclusion == "recurrence":
        return f"Yes: {gain}; and than {controls}: recurrence helps, not reach alone."
    return f"By reach: {gain}; but not than {controls}."


def _control(pair: VariantPair, metric: str) -> str:
    return f"{title(pair.b)}, which reads the whole window {_REACH} ({amount_text(pair, metric)})"


def amount_text(pair: VariantPair, metric: str) -> str:
    """Return both values and their difference with its interval.

    Parameters
    ----------
    pair : danq.report.findings.variants.VariantPair
        Two models.
    metric : str
        auroc or spearman.

    Returns
    -------
    str
    """
    values = f"{_METRICS[metric]} {number(pair.value_a)} against {number(pair.value_b)}"
    found = interval(pair.low, pair.high)
    if pair.covers == WINDOWS:
        found = found.replace("]", "; these trained networks only]")
    return f"{values}, difference {signed(pair.difference)} {found}".rstrip()


def counts_sentence(answer: VariantAnswer, n_targets: int) -> str:
    """Say how many variants were compared.

    Parameters
    ----------
    answer : danq.report.findings.variants.VariantAnswer
        What was found.
    n_targets : int
        Targets whose labels are known.

    Returns
    -------
    str
    """
    variants = plural(answer.n, "variant")
    if answer.kind == "effect":
        return (
            f"{variants} of the test chromosomes, and what each does to the label of each of "
            f"{plural(n_targets, 'target')} in the bin around it, which the rules of the simulated "
            f"genome say: {answer.n_positive:,} labels change."
        )
    if answer.kind == "binary":
        return f"{variants}, of which {answer.n_positive:,} have the label 1."
    return f"{variants} with a measured effect."


def set_title(name: str, names: Sequence[str]) -> str:
    """Return what the tables of a set of variants are called.

    Parameters
    ----------
    name : str
        Of the set.
    names : sequence of str
        Of all sets of the run.

    Returns
    -------
    str
        Empty where there is only one.
    """
    return f"{name}: " if len(names) > 1 else ""
