"""Curves: what is drawn for which numbers."""

import numpy as np
import pytest

from danq.plotting import curves


def test_training_curves_mark_the_best_epoch(ax):
    curves.training_curves(
        ax, [[0.1, 0.3, 0.2], [0.2]], labels=["danq", "deepsea"], best=[2, 1], ylabel="AUPRC"
    )
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1, 2, 3], [1]]
    assert [group.get_offsets().tolist() for group in ax.collections] == [[[2, 0.3]], [[1, 0.2]]]


def test_seeds_of_a_model_share_a_colour(ax):
    curves.training_curves(ax, [[1, 2], [1, 3], [2, 2]], labels=["danq", "danq", "deepsea"])
    colours = [line.get_color() for line in ax.lines]
    assert colours[0] == colours[1] != colours[2]


def test_learning_curves_have_a_band_where_its_ends_are_known_and_ticks_at_their_points(ax):
    nan = float("nan")
    curves.learning_curves(
        ax,
        [[100, 200, 1600], [100, 200, 1600]],
        [[0.1, 0.2, 0.3], [0.1, 0.1, 0.1]],
        [[0.0, 0.1, 0.2], [nan] * 3],
        [[0.2, 0.3, 0.4], [nan] * 3],
        labels=["danq", "deepsea"],
        ylabel="AUPRC",
        zero=True,
    )
    assert ax.get_xscale() == "log"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["100", "200", "1,600"]
    guide, *lines = ax.lines
    assert set(guide.get_ydata()) == {0}
    assert [line.get_ydata().tolist() for line in lines] == [[0.1, 0.2, 0.3], [0.1] * 3]
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == 0 and band[:, 1].max() == pytest.approx(0.4)
    assert not [path for path in ax.collections[2].get_paths() if len(path.vertices)]


def test_interaction_curves_have_a_band_and_shade_where_the_rule_holds(ax):
    curves.interaction_curves(
        ax,
        [0, 10, 20, 40, 50],
        [[0, 1, 2, 1, 0], [0] * 5],
        [[0.5] * 5, [0.1] * 5],
        labels=["danq", "deepsea"],
        planted=[False, True, True, False, True],
    )
    shaded = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches]
    assert shaded == [(5, 30), (45, 50)]
    zero, *lines = ax.lines
    assert set(zero.get_ydata()) == {0} and [line.get_ydata().tolist() for line in lines] == [
        [0, 1, 2, 1, 0],
        [0] * 5,
    ]
    band = ax.collections[0].get_paths()[0].vertices
    at_20 = band[band[:, 0] == 20, 1]
    assert (at_20.min(), at_20.max()) == pytest.approx((2 - 1.96 * 0.5, 2 + 1.96 * 0.5))


def test_interaction_curves_have_the_colours_of_training_curves(ax):
    labels = ["danq", "danq", "deepsea"]
    curves.interaction_curves(ax, [0], [[1], [2], [3]], [[0.1]] * 3, labels=labels)
    colours = [line.get_color() for line in ax.lines[1:]]
    curves.training_curves(ax, [[1, 2]] * 3, labels=labels)
    assert colours == [line.get_color() for line in ax.lines[4:]] and not ax.patches
    assert [line.get_marker() for line in ax.lines[1:4]] == ["."] * 3


def test_reliability_is_drawn_beside_its_diagonal(ax):
    curves.reliability(ax, [[0.05, 0.95], [0.1]], [[0.1, 0.9], [0.3]], labels=["danq", "deepsea"])
    lines = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert lines["danq"] == [[0.05, 0.1], [0.95, 0.9]] and lines["deepsea"] == [[0.1, 0.3]]
    assert [[0, 0], [1, 1]] in lines.values() and ax.get_aspect() == 1


def test_precision_and_recall_with_the_prevalence(ax):
    curves.precision_recall(ax, [[0.5, 1]], [[0.8, 0.3]], labels=["danq"], prevalence=0.1)
    lines = [line.get_xydata().tolist() for line in ax.lines]
    assert [[0.5, 0.8], [1, 0.3]] in lines and any(
        np.ravel(line)[1::2].tolist() == [0.1, 0.1] for line in lines
    )
