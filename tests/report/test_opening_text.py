"""The headline follows from intervals by a fixed rule."""

import numpy as np
import pandas as pd
import pytest

from danq.report.findings.claim import Claim
from danq.report.findings.leads import EQUAL
from danq.report.findings.pairs import Twins
from danq.report.opening_text import RULES, looks_sentence, opening_sentence, rules_sentence
from danq.report.rules import RULES as DRAWN
from danq.report.run_scores import Pair
from danq.simulation.grammar import TARGETS


def pair_of(low, high, groups=None, q=()):
    mean = pd.Series({"difference": (low + high) / 2, "low": low, "high": high})
    rows = pd.DataFrame({"difference": [0.1] * len(q), "q": list(q)}, dtype=float)
    table = pd.DataFrame(groups or {}).T
    if len(table):
        table.columns = ["difference", "low", "high", "p"]
    return Pair("danq", "danq_conv", rows, mean, table)


def claim_of(pair, conclusion="none"):
    twins = Twins("danq", [pair], [], [])
    return Claim(twins, conclusion, True, [], "alike", 12, {"danq": 3}, [])


def said(pair, planted=True):
    return opening_sentence(claim_of(pair), planted=planted)


GROUPS = {"insulator": (0.07, 0.03, 0.11, 1e-4), "single": (0.0, -0.01, 0.01, 0.9)}


def test_equal_on_average_and_ahead_by_a_rule():
    assert said(pair_of(-EQUAL, EQUAL, GROUPS)) == (
        "DanQ and DanQ-conv are equal on average, to within 0.01 AUPRC; DanQ is ahead where an "
        "insulator may stand between two motifs (+0.070)."
    )


def test_a_wide_interval_is_not_called_equal():
    sentence = said(pair_of(-0.1, 0.1, GROUPS))
    assert sentence.startswith("No difference between DanQ and DanQ-conv was detected on average;")
    assert "equal" not in sentence


def test_groups_of_other_genomes_keep_their_names():
    sentence = said(pair_of(0.01, 0.03, GROUPS), planted=False)
    assert sentence == (
        "DanQ is ahead of DanQ-conv on average (+0.020 AUPRC); DanQ is ahead in the group "
        "insulator (+0.070)."
    )


def test_the_twin_may_lead():
    lost = {"order": (-0.07, -0.11, -0.03, 1e-4), "single": (0.0, -0.01, 0.01, 0.9)}
    sentence = said(pair_of(-0.03, -0.01, lost))
    assert sentence.startswith("DanQ-conv is ahead of DanQ on average (−0.020 AUPRC); DanQ-conv is")


def test_groups_in_which_recurrence_is_behind_are_named_beside_those_where_it_is_ahead():
    both = GROUPS | {"order": (-0.07, -0.11, -0.03, 1e-4)}
    assert said(pair_of(-EQUAL, EQUAL, both)).endswith(
        "DanQ is ahead where an insulator may stand between two motifs (+0.070); DanQ-conv is "
        "ahead where two motifs must stand in order (−0.070)."
    )
    weak = GROUPS | {"order": (-0.02, -0.03, -0.001, 0.04)}
    assert "DanQ-conv is ahead" not in said(pair_of(-EQUAL, EQUAL, weak))


def test_no_group_is_named_for_chance():
    weak = {"order": (0.02, 0.001, 0.03, 0.04), "single": (0.0, -0.01, 0.01, 0.9)}
    assert said(pair_of(-0.1, 0.1, weak)).endswith("; no group stands out among 2.")


def test_without_groups_targets_are_counted():
    assert "is significantly higher on 1 and lower on 0 of 2" in said(
        pair_of(0.1, 0.2, q=(0.01, 1))
    )
    assert said(pair_of(0.1, 0.2, q=(1, 1))).endswith("; none of 2 targets differs significantly.")


def test_what_is_not_earned_is_not_said():
    assert opening_sentence(claim_of(pair_of(np.nan, np.nan), ""), planted=True) == ""


def test_every_planted_group_is_a_condition_and_has_a_drawing():
    assert set(RULES) == set(DRAWN) == {target.group for target in TARGETS}


def test_looks_are_told_of_several_groups():
    assert looks_sentence([pair_of(0, 1, GROUPS)]).startswith("2 groups are 2 looks")
    assert looks_sentence([pair_of(0, 1)]) == ""


@pytest.mark.parametrize("models", [["danq", "danq_conv"], ["danq"]])
def test_rules_are_told_of_the_models_that_are_compared(models):
    effects = pd.DataFrame(
        [("A+B", "deepsea", 9.0), ("A+B", "danq_conv", 0.0), ("A+B", "danq", 3.5)],
        columns=["pair", "model", "effect"],
    )
    values = {"danq": "DanQ +3.500", "danq_conv": "DanQ-conv 0.000"}
    expected = ", ".join(values[model] for model in models)
    assert rules_sentence(effects, models).endswith(f"A+B: {expected}.")
    assert rules_sentence(effects[:0], models) == ""
