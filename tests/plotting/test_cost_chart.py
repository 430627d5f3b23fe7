"""Costs on a log scale, seeds as points."""

import numpy as np

from danq.plotting.cost_chart import cost_chart


def test_points_and_means_stand_at_the_cost(ax):
    cost_chart(ax, [1e6, 1e8], [[0.5, 0.7], [0.6]], labels=["a", "b"])
    points = np.concatenate([part.get_offsets() for part in ax.collections])
    assert points.tolist() == [[1e6, 0.5], [1e6, 0.7], [1e8, 0.6]]
    (mean,) = [line.get_ydata()[0] for line in ax.lines]
    assert np.isclose(mean, 0.6) and ax.get_xscale() == "log"
    low, high = ax.get_xlim()
    assert low < 1e6 and high > 1e8


def test_without_models_there_are_empty_axes(ax):
    assert cost_chart(ax, [], [], labels=[]) is ax and not ax.collections
