"""Forest plots of a made-up run: which rows they have, and what they say."""

import re

import numpy as np
import pytest

from danq import read_run
from danq.report.findings.leads import MOST_ROWS
from danq.report.forest import main_forest, target_forest
from tests.report.toy_run import GROUPS, YEAST, write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(write_run(tmp_path_factory.mktemp("forest") / "run", seeds=(0, 1, 2)))


def names(figure):
    return [row[0] for row in figure.table.rows]


def test_all_targets_stand_below_the_means_in_the_order_of_their_difference(run):
    pair = run.pairs[0]
    figure = target_forest(run, pair)
    drawn = names(figure)
    several = [f"{group} ({GROUPS.count(group)})" for group in ("sequence_specific", "cofactor")]
    assert drawn[:3] == ["mean of 15", *several]
    ordered = pair.rows.dropna(subset=["difference"]).sort_values("difference", ascending=False)
    assert drawn[3:] == run.targets.loc[ordered.index, "label"].tolist()
    values = [row[1] for row in figure.table.rows]
    assert values[0] == pytest.approx(pair.mean["difference"], rel=1e-5)
    assert values[3:] == pytest.approx(ordered["difference"].tolist(), rel=1e-5)
    count = int((pair.rows["q"] < 0.05).sum())
    assert figure.note.startswith(f"{count} of 15 targets differ") and "NA: 1 not" in figure.note


def test_the_short_one_has_groups_then_the_targets_that_differ_most(run):
    figure = main_forest(run, run.pairs[0])
    drawn = names(figure)
    assert drawn[0] == "mean of 15" and len(drawn) <= MOST_ROWS + 1
    alone = [group for group in dict.fromkeys(GROUPS) if GROUPS.count(group) == 1]
    for group in alone:
        label = YEAST[GROUPS.index(group)]
        assert f"{group}: {label}" in drawn and label not in drawn
    assert len(set(drawn)) == len(drawn)
    assert len(re.findall(r"\[−?\d\.\d{3}, −?\d\.\d{3}\]</text>", figure.svg)) == len(drawn)


def test_intervals_of_one_seed_say_what_they_cover(tmp_path):
    single = read_run(write_run(tmp_path / "run"))
    assert "test windows only" in main_forest(single, single.pairs[0]).note
    assert "test windows only" in target_forest(single, single.pairs[0]).note


def test_nothing_is_drawn_of_undefined_differences(run):
    pair = run.pairs[0]
    undefined = pair._replace(rows=pair.rows.assign(difference=np.nan))
    assert main_forest(run, undefined) is None and target_forest(run, undefined) is None


def test_a_run_of_one_group_has_targets_only(tmp_path):
    one = read_run(write_run(tmp_path / "run", groups=["all"] * 16, seeds=(0, 1, 2)))
    pair = one.pairs[0]._replace(groups=one.pairs[0].groups[:0])
    drawn = names(main_forest(one, pair))
    assert drawn[0] == "mean of 15" and set(drawn[1:]) <= set(YEAST)
