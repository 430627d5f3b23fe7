"""Curves of many targets in one panel: single lines, or medians of many."""

import numpy as np
import pytest

from danq.plotting.overlay import MOST_LINES, overlay
from danq.plotting.style import styles

RECALL = [0.1, 0.5, 1.0]


def test_each_target_is_a_line_in_the_colour_of_its_group(ax):
    precision = [[1, 0.5, 0.2], [0.9, 0.8, 0.1], [0.7, 0.6, 0.5]]
    groups = ["TF", "DNase", "TF"]
    overlay(ax, RECALL, precision, groups=groups)
    assert [line.get_xdata().tolist() for line in ax.lines] == [RECALL] * 3
    assert [line.get_ydata().tolist() for line in ax.lines] == precision
    style = styles(groups)
    assert [line.get_color() for line in ax.lines] == [style[group].colour for group in groups]
    assert not ax.collections


def test_many_targets_are_medians_with_their_middle_half(ax):
    n = MOST_LINES + 2
    precision = np.random.default_rng(0).random((n, len(RECALL)))
    groups = ["TF", "DNase"] * (n // 2)
    overlay(ax, RECALL, precision, groups=groups)
    assert len(ax.lines) == len(ax.collections) == 2
    for rank, line in enumerate(ax.lines):
        members = precision[rank::2]
        assert line.get_ydata() == pytest.approx(np.median(members, axis=0))
        band = ax.collections[rank].get_paths()[0].vertices
        assert band[:, 1].min() == pytest.approx(np.percentile(members, 25, axis=0).min())
        assert band[:, 1].max() == pytest.approx(np.percentile(members, 75, axis=0).max())


def test_groups_beyond_the_palette_share_a_median(ax):
    n = MOST_LINES + 1
    groups = [f"group {rank}" for rank in range(n)]
    overlay(ax, RECALL, np.random.default_rng(0).random((n, 3)), groups=groups)
    assert len(ax.lines) == len({look.colour for look in styles(groups).values()})
