"""Charts of targets: what is drawn for which numbers."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection, PolyCollection

from danq.plotting import charts
from danq.plotting.inline import figure_svg


def drawn(ax):
    """Return all points as (x, y), and whether each is filled."""
    points = [
        (tuple(xy), len(group.get_facecolors()) > 0)
        for group in ax.collections
        if len(group.get_offsets()) > 0 and group.get_label() != "" and hasattr(group, "get_sizes")
        for xy in group.get_offsets().tolist()
    ]
    return dict(points)


def test_scatter_leaves_out_undefined_targets_and_fills_clear_differences(ax):
    charts.scatter_models(
        ax,
        [0.3, 0.5, 0.2],
        [0.2, np.nan, 0.21],
        low=[0.05, 0, -0.1],
        high=[0.15, 0, 0.08],
        groups=["x", "x", "y"],
        labels=("DanQ", "DeepSEA"),
    )
    assert drawn(ax) == {(0.2, 0.3): True, (0.21, 0.2): False}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("DeepSEA", "DanQ")


def test_scatter_without_intervals_is_filled(ax):
    charts.scatter_models(ax, [0.3], [0.2])
    assert drawn(ax) == {(0.2, 0.3): True}


def test_scatter_of_nothing_draws_axes(ax):
    charts.scatter_models(ax, [np.nan], [0.2])
    assert drawn(ax) == {} and ax.get_xlim() == (0, 1)


def test_scatter_axes_are_those_of_the_data_and_clip_no_marker(ax):
    charts.scatter_models(ax, [0.97, 1.0], [0.98, 1.0])
    low, high = ax.get_xlim()
    assert 0.9 < low < 0.97 and high > 1 and ax.get_ylim() == (low, high)


def test_only_intervals_that_exclude_0_are_drawn(ax):
    charts.scatter_models(ax, [0.3, 0.2], [0.2, 0.21], low=[0.05, -0.1], high=[0.15, 0.08])
    bars = [
        line
        for lines in ax.collections
        if isinstance(lines, LineCollection)
        for line in lines.get_segments()
    ]
    assert np.array(bars).tolist() == [[[0.2, 0.25], [0.2, 0.35]]]


def test_a_crowd_is_drawn_as_density_with_the_clear_points_alone(ax):
    n = charts.CROWDED + 1
    b = np.linspace(0.1, 0.9, n)
    low = np.full(n, -0.1)
    low[[3, 7]] = 0.01
    charts.scatter_models(ax, b + 0.05, b, low=low, high=np.full(n, 0.2))
    (hexagons,) = [part for part in ax.collections if isinstance(part, PolyCollection)]
    assert hexagons.get_array().sum() == n
    points = [part for part in ax.collections if isinstance(part, PathCollection)]
    assert sum(len(part.get_offsets()) for part in points) == 2


def test_prevalence_ranks_and_leaves_out_zero(ax):
    charts.prevalence(ax, [0.01, 0.0, 0.2], groups=["a", "a", "b"])
    assert sorted(tuple(xy) for group in ax.collections for xy in group.get_offsets().tolist()) == [
        (1, 0.2),
        (2, 0.01),
    ]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.031, 0.05], {"4 %", "5 %"}),
        ([0.0021, 0.3], {"0.2 %", "0.5 %", "1 %", "2 %", "5 %", "10 %", "20 %"}),
    ],
)
def test_prevalence_axis_is_labelled_however_narrow(ax, values, labels):
    charts.prevalence(ax, values)
    low, high = ax.get_ylim()
    ticks = [
        (tick, label.get_text())
        for minor in (False, True)
        for tick, label in zip(
            ax.get_yticks(minor=minor), ax.get_yticklabels(minor=minor), strict=True
        )
    ]
    assert {text for tick, text in ticks if text and low <= tick <= high} == labels


def test_effects_leave_out_targets_without_a_positive_and_fill_clear_differences(ax):
    charts.effects(
        ax,
        [10, 0, 300, 40],
        [0.1, 0.2, -0.1, np.nan],
        low=[0.05, 0, -0.3, 0],
        high=[0.2, 1, 0.1, 0],
    )
    points = np.concatenate(
        [points.get_offsets() for points in ax.collections if isinstance(points, PathCollection)]
    )
    assert sorted(points.tolist()) == [[10, 0.1], [300, -0.1]]
    filled = [
        len(points.get_facecolors())
        for points in ax.collections
        if isinstance(points, PathCollection)
    ]
    assert sorted(filled) == [0, 1] and ax.get_xscale() == "log"


def test_effect_matrix_shows_each_value_in_its_cell():
    figure, ax = charts.canvas(4, 3)
    values = np.array([[0.0, 2.0, -1.0], [0.5, 0.0, 0.0]])
    charts.effect_matrix(ax, values, rows=["filter0", "a$b$\x1b"], columns=[*"xyz"])
    (mesh,) = ax.collections
    assert mesh.get_array().reshape(2, 3).tolist() == values.tolist()
    assert mesh.get_clim() == (-2, 2)  # so that 0 is the middle of the colours, which is white
    assert min(mesh.cmap(mesh.norm(0.0))[:3]) > 0.95
    assert ax.yaxis_inverted()  # the first row on top
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "filter0",
        "a$b$\N{REPLACEMENT CHARACTER}",
    ]
    assert "<image" not in figure_svg(figure, "x")
