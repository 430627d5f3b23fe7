"""Which stretch of which window is drawn."""

import dataclasses

import numpy as np
import pytest

from danq import read_run
from danq.report.findings import loci as s
from tests.report.toy_run import with_attributions, write_run


def test_the_stretch_has_the_bases_that_count(tmp_path):
    run = with_attributions(tmp_path / "run", targets=[4])
    assert s.explained_targets(run) == [4]
    locus = next(entry for entry in s.target_loci(run, 4) if entry.model == "danq")
    assert (locus.chrom, locus.end - locus.start) == ("chr1", s.WIDTH)
    assert locus.bin == (150, 350) and locus.probability == pytest.approx(0.9)
    table = locus.table()
    assert set(table["base"]) <= set("ACGT") and len(table) == s.WIDTH
    assert table["score"].sum() == pytest.approx(10) and locus.sites.empty


def test_a_run_in_which_nothing_was_explained(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert s.explained_models(run) == [] and s.explained_targets(run) == []


def test_a_stretch_is_as_long_as_what_counts():
    scores = np.zeros(500)
    scores[200:210] = 1
    one = s.stretch_of(scores)
    assert one.end - one.start == s.WIDTH and one.start <= 200 and one.end >= 210
    scores[300:310] = 1
    both = s.stretch_of(scores)
    assert both.start <= 200 and both.end >= 310 and both.end - both.start <= 140
    far = scores.copy()
    far[490:500] = 1
    assert s.stretch_of(far).end - s.stretch_of(far).start == s.LONGEST
    assert s.stretch_of(np.zeros(30)) == (0, 30)


def test_models_with_one_window_show_the_same_bases(tmp_path):
    run = with_attributions(tmp_path / "run", targets=[4])
    own = s.target_loci(run, 4)
    assert len({(locus.start, locus.end) for locus in own}) == 2
    moved = []
    for attributions in run.attributions:
        table = attributions.table.assign(start=100, end=400)
        moved.append(dataclasses.replace(attributions, table=table))
    same = s.target_loci(dataclasses.replace(run, attributions=moved), 4)
    assert len({(locus.start, locus.end) for locus in same}) == 1


def probabilities(run, by_model, starts=None):
    """Return a run whose models explained the same windows, with these probabilities."""
    changed = []
    for attributions in run.attributions:
        values = by_model[attributions.facts["model"]]
        table = attributions.table.assign(start=100, end=400, probability=values)
        if starts is not None:
            table["start"] = starts[attributions.facts["model"]]
        changed.append(dataclasses.replace(attributions, table=table))
    return dataclasses.replace(run, attributions=changed)


def test_models_disagree_most_where_the_spread_is_largest(tmp_path):
    run = with_attributions(tmp_path / "run", targets=[4, 5, 7])
    danq = [0.9, 0.2, 0.5]
    same = probabilities(run, {"danq": danq, "deepsea": [0.8, 0.9, 0.4]})
    assert s.disagreement(same) == (5, "danq", "deepsea", 0.2, 0.9, 3)
    # The window of target 5 is another for each model: nothing to compare.
    starts = {"danq": [1, 2, 3], "deepsea": [1, 9, 3]}
    moved = probabilities(run, {"danq": danq, "deepsea": [0.7, 0.9, 0.4]}, starts)
    assert s.disagreement(moved) == (4, "deepsea", "danq", 0.7, 0.9, 2)


def test_nothing_is_chosen_where_models_share_no_two_windows(tmp_path):
    run = with_attributions(tmp_path / "run", targets=[4, 5])
    assert s.disagreement(run) is None
    one = probabilities(run, {"danq": 0.1, "deepsea": 0.9}, {"danq": [1, 2], "deepsea": [1, 3]})
    assert s.disagreement(one) is None
    alone = dataclasses.replace(run, attributions=run.attributions[:1])
    assert s.disagreement(alone) is None
