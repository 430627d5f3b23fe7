"""Trials of a search as points."""

import numpy as np
import pytest

from danq.plotting.points import SIZE
from danq.plotting.style import styles
from danq.plotting.trials import trial_points

RATES = [[0.001, 0.004, 0.01], [0.002, 0.003]]
VALUES = [[0.2, 0.5, 0.6], [np.nan, 0.1]]
COMPLETE = [[True, True, False], [False, True]]


def test_the_best_complete_trial_is_large_and_what_was_cut_short_is_hollow(ax):
    trial_points(ax, RATES, VALUES, complete=COMPLETE, labels=["danq", "deepsea"])
    places = [marks.get_offsets().tolist()[0] for marks in ax.collections]
    assert places == [[0.001, 0.2], [0.004, 0.5], [0.01, 0.6], [0.003, 0.1]]
    large = [marks.get_sizes()[0] > SIZE for marks in ax.collections]
    assert large == [False, True, False, True]
    filled = [len(marks.get_facecolors()) > 0 for marks in ax.collections]
    assert filled == [True, True, False, True]


def test_models_have_their_colours_and_trials_their_titles(ax):
    look = styles(["deepsea", "danq"])
    titles = [["a", "b", "c"], ["d", "e"]]
    options = {"complete": COMPLETE, "labels": ["danq", "deepsea"], "style": look}
    trial_points(ax, RATES, VALUES, titles=titles, **options)
    assert [marks.titles for marks in ax.collections] == [["a"], ["b"], ["c"], ["e"]]
    colours = [tuple(marks.get_edgecolors()[0]) for marks in ax.collections]
    assert len(set(colours[:3])) == 1 and colours[3] != colours[0]


@pytest.mark.parametrize("complete", [[[False] * 3], [[True] * 3]])
def test_without_a_complete_trial_none_is_large(ax, complete):
    trial_points(ax, RATES[:1], VALUES[:1], complete=complete, labels=["danq"])
    sizes = [marks.get_sizes()[0] for marks in ax.collections]
    assert (max(sizes) > SIZE) == complete[0][0]
