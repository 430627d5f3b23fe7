"""Variants in words."""

import pytest

from danq.report.findings.variants import VariantAnswer, VariantPair
from danq.report.variant_text import amount_text, answer_sentence, counts_sentence, set_title

CONV = VariantPair("danq", "danq_conv", 0.9, 0.85, 0.05, 0.01, 0.09, "windows and seeds")
RESIDUAL = VariantPair("danq", "danq_residual", 0.9, 0.88, 0.02, 0.01, 0.03, "windows and seeds")


def answer(conclusion, local=(CONV,), reach=(), kind="effect"):
    metric = "spearman" if kind == "number" else "auroc"
    return VariantAnswer("mine", kind, metric, 1200, 300, list(local), list(reach), conclusion)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (
            answer("open"),
            "DanQ tells better which variants change a label than DanQ-conv",
        ),
        (answer("open"), "by recurrence or by reach, which this run does not tell apart."),
        (answer("less"), "No: DanQ tells less well which variants change a label than DanQ-conv"),
        (answer("none"), "No difference was detected in telling which variants change a label"),
        (answer("recurrence", reach=[RESIDUAL]), "recurrence helps, not reach alone."),
        (answer("reach", reach=[RESIDUAL]), "By reach: DanQ tells better"),
        (answer("", local=[]), "This run cannot say: it has no recurrent network"),
        (answer(""), "This run cannot say: it has no interval"),
        (answer("open", kind="number"), "how strong the effects of variants are"),
        (answer("open", kind="binary"), "which variants have the label 1"),
    ],
)
def test_the_answer_follows_from_the_conclusion(found, says):
    text = answer_sentence(found)
    assert text.startswith("Does the recurrent layer help with variants? ") and says in text


def test_an_amount_says_what_its_interval_covers():
    text = amount_text(CONV, "auroc")
    assert text == "AUROC 0.900 against 0.850, difference +0.050 [0.010, 0.090]"
    few = CONV._replace(covers="windows")
    assert amount_text(few, "auroc").endswith("[0.010, 0.090; these trained networks only]")


def test_counts():
    assert "1,200 variants" in counts_sentence(answer("open"), 7)
    assert "300 have the label 1" in counts_sentence(answer("open", kind="binary"), 1)
    assert "with a measured effect" in counts_sentence(answer("open", kind="number"), 1)
    assert set_title("a", ["a"]) == "" and set_title("a", ["a", "b"]) == "a: "
