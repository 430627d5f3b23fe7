"""What models make of motif pairs, by hand-made numbers."""

import pandas as pd
import pytest

from danq import read_run
from danq.report.findings import grammar as g
from tests.report.toy_run import write_run


def rows(effects, **columns):
    facts = {"model": "danq", "order": "a b", "orientation": "same", "distance": 10, "se": 0.1}
    return pd.DataFrame({"effect": effects, **facts, **columns})


def test_the_error_is_between_seeds_where_there_are_several():
    means = g.mean_interactions(rows([1.0, 2.0], seed=[0, 1]))
    assert means[["effect", "se", "seeds"]].iloc[0].tolist() == [1.5, pytest.approx(0.5), 2]
    alone = g.mean_interactions(rows([1.0], seed=0))
    assert alone[["effect", "se", "seeds"]].iloc[0].tolist() == [1.0, 0.1, 1]


def test_a_pair_is_about_the_target_of_its_rule_or_the_largest_interaction():
    table = rows([0.1, -0.9], target=[3, 5])
    none = pd.DataFrame({"target": [3], "effect": [0]})
    assert g.concerned_target(table, none) == 5
    assert g.concerned_target(table, pd.DataFrame({"target": [3], "effect": [1]})) == 3
    assert g.shaded_distances(none[:0], 3, "a b", "same") is None


def test_a_run_that_was_not_probed(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert g.probed_pairs(run) == [] and g.rule_means(run).empty
    assert g.pair_rows(run, g.MotifPair("MA1", "MA2")).empty
