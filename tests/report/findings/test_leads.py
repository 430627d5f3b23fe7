"""Where one model leads another: on average, by group with a correction, by target."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from danq.report.findings.leads import EQUAL, NOTABLE, average, leads, main_targets
from danq.report.run_scores import Pair


def pair_of(groups=None, rows=None, low=np.nan, high=np.nan):
    mean = pd.Series({"difference": (low + high) / 2, "low": low, "high": high})
    groups = pd.DataFrame() if groups is None else groups
    return Pair("a", "b", pd.DataFrame() if rows is None else rows, mean, groups)


@pytest.mark.parametrize(
    ("low", "high", "side"),
    [
        (0.001, 0.1, "above"),
        (-0.1, -0.001, "below"),
        (-EQUAL, EQUAL, "equal"),
        (-EQUAL, 1.1 * EQUAL, "open"),
        (-0.3, 0.1, "open"),
        (np.nan, np.nan, ""),
    ],
)
def test_equal_is_more_than_not_detected(low, high, side):
    assert average(pair_of(low=low, high=high)) == side


def groups_of(differences, p):
    table = pd.DataFrame({"difference": differences, "p": p}, index=list("ABCDEF"[: len(p)]))
    return table.assign(low=table["difference"] - 0.004, high=table["difference"] + 0.004)


def test_a_group_leads_only_after_the_correction_for_the_number_of_groups():
    p = [0.03, 0.001, 0.04, 0.9, 0.8, 0.02]
    groups = groups_of([0.02, -0.03, 0.01, 0.0, 0.001, 0.05], p)
    q = stats.false_discovery_control(p)
    assert (np.array(p) < 0.05).sum() > (q < 0.05).sum() == 1
    found = leads(pair_of(groups))
    assert found.n_groups == 6 and found.ahead.empty
    assert found.behind.index.tolist() == ["B"] and found.behind["q"].item() == pytest.approx(q[1])


def test_the_largest_lead_comes_first_and_a_tiny_one_is_not_told():
    groups = groups_of([0.01, 0.03, 0.9 * NOTABLE], [1e-6] * 3)
    groups["low"] = groups["difference"] - 1e-4
    found = leads(pair_of(groups))
    assert found.ahead.index.tolist() == ["B", "A"] and found.behind.empty


def test_a_significant_group_whose_interval_holds_0_does_not_lead():
    groups = groups_of([0.02, 0.02], [1e-6, 1e-6])
    groups.loc["A", "low"] = -0.001
    assert leads(pair_of(groups)).ahead.index.tolist() == ["B"]
    assert leads(pair_of()).n_groups == 0


def test_behind_is_found_by_the_same_rule_as_ahead():
    rng = np.random.default_rng(5)
    groups = groups_of(rng.normal(0, 0.01, 6), [1e-6, 0.01, 0.02, 0.04, 1e-4, 0.5])
    opposite = {
        "difference": -groups["difference"],
        "low": -groups["high"],
        "high": -groups["low"],
    }
    found = leads(pair_of(groups))
    mirrored = leads(pair_of(groups.assign(**opposite)))
    assert len(found.ahead) and len(found.behind)
    assert found.ahead.index.tolist() == mirrored.behind.index.tolist()
    assert found.behind.index.tolist() == mirrored.ahead.index.tolist()


def test_the_main_targets_are_significant_ones_or_else_the_largest():
    rows = pd.DataFrame(
        {
            "difference": [0.1, -0.3, 0.2, np.nan, 0.5],
            "q": [0.01, 0.01, 0.2, np.nan, 0.2],
            "group": ["x", "x", "x", "x", "alone"],
        }
    )
    found = main_targets(pair_of(rows=rows), [], 5)
    assert found.sure and found.rows.index.tolist() == [0, 1]
    unsure = main_targets(pair_of(rows=rows.assign(q=0.5)), ["alone"], 2)
    assert not unsure.sure and unsure.rows.index.tolist() == [2, 1]
