"""Points of charts and what a page shows of them."""

import numpy as np

from danq.plotting.points import NO_NOTES, SIZE, Notes, annotate, mark, target_points
from danq.plotting.style import Style


def test_notes_of_rows_keep_their_order():
    notes = Notes(["a", "b", "c"], [7, 8, 9])
    assert notes.of([2, 0]) == Notes(["c", "a"], [9, 7])
    assert NO_NOTES.of([2, 0]) == NO_NOTES


def test_points_without_groups_share_one_style():
    points = target_points([1, 2], [3, 4])
    assert points.groups.tolist() == ["", ""]
    assert list(points.style) == [""]


def test_points_of_a_group_are_drawn_smaller_in_a_crowd(ax):
    for n_targets in (10, 400):
        values = np.arange(n_targets)
        points = target_points(values, values, groups=["a"] * n_targets)
        points.draw(ax, np.array([1, 3]), "a")
    few, many = ax.collections
    assert few.get_offsets().tolist() == many.get_offsets().tolist() == [[1, 1], [3, 3]]
    assert few.get_sizes() == [SIZE]
    assert many.get_sizes() == [SIZE / 2]


def test_hollow_markers_have_no_face(ax):
    style = Style("#0072B2", "o")
    mark(ax, [1], [1], style)
    mark(ax, [1], [1], style, filled=False)
    faces = [len(points.get_facecolors()) for points in ax.collections]
    assert faces == [1, 0]


def test_titles_without_keys_have_none(ax):
    points = ax.scatter([1, 2], [1, 2])
    annotate(points, NO_NOTES)
    assert not hasattr(points, "titles")
    annotate(points, Notes(["x", "y"]))
    assert points.titles == ["x", "y"]
    assert points.keys == [None, None]
