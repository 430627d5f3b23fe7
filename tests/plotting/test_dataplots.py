"""Figures of a dataset: what is drawn for which numbers."""

import numpy as np

from danq.plotting import dataplots
from tests.data.test_audit import SPLITS


def test_bars_are_the_windows(ax):
    counts = np.array([[5, 0, 1, 3], [0, 0, 7, 1], [0, 0, 0, 1]])
    dataplots.windows_by_chromosome(ax, ["x", "empty", "y", "$z"], counts, splits=SPLITS, limit=2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "y", "1 others"]
    assert [[bar.get_width() for bar in bars] for bars in ax.containers] == [
        [5, 1, 3],
        [0, 7, 1],
        [0, 0, 1],
    ]
    assert [[bar.get_x() for bar in bars] for bars in ax.containers] == [
        [0, 0, 0],
        [5, 1, 3],
        [5, 8, 4],
    ]
    assert len({bars[0].get_facecolor() for bars in ax.containers}) == 3


def test_the_scatter_leaves_out_and_counts_targets_without_positives(ax):
    dataplots.prevalence_scatter(
        ax, [0.1, 0, 0.02, 0.3], [0.2, 0.1, 0.01, 0], groups=["a", "a", "b", "b"]
    )
    assert [group.get_offsets().tolist() for group in ax.collections] == [
        [[0.1, 0.2]],
        [[0.02, 0.01]],
    ]
    assert ax.get_xlabel() == "positive windows, train\n(not shown: 1 without any)"
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_the_histogram_is_in_shares(ax):
    dataplots.labels_per_window(ax, [[6, 2, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0]], splits=SPLITS)
    assert [line.get_data().values.tolist() for line in ax.patches] == [
        [0.75, 0.25, 0],
        [0.5, 0, 0.5],
        [1, 0, 0],
    ]
    assert len({line.get_linestyle() for line in ax.patches}) == 3


def test_points_carry_their_titles(ax):
    shares = [0.1, 0.2, 0.05]
    dataplots.prevalence_scatter(ax, shares, shares, groups="aba", titles=["x", "y", "z"])
    titles = [points.titles for points in ax.collections]
    assert titles == [["x", "z"], ["y"]]


def test_an_overview_has_every_panel_and_names_literally():
    figure = dataplots.overview(
        ["chr1", "chr2"],
        [[5, 3], [1, 1]],
        [[2, 4], [1, 2]],
        ["_a", "$b$"],
        [[2, 6, 0], [0, 1, 1]],
        splits=("train", "test"),
    )
    bars, rank, scatter, labels = figure.axes
    assert len(bars.containers) == 2
    assert len(labels.patches) == 2
    drawn = [points.get_offsets().tolist() for points in rank.collections]
    assert drawn == [[[1, 0.6]], [[2, 0.3]]]  # groups in the order of their ranks
    assert len(scatter.collections) == 2
    legend = [text.get_text() for text in rank.get_legend().get_texts()]
    assert legend == ["_a", "$b$"]
