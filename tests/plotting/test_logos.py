"""Logos and tracks: what is drawn for which numbers."""

import numpy as np
import pytest

from danq.plotting import logos
from tests.plotting.conftest import heights_of


def test_logo_is_as_high_as_the_information(ax):
    logos.logo(ax, np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0]]))
    tops = [patch.get_extents().transformed(ax.transData.inverted()).y1 for patch in ax.patches]
    assert max(tops) == pytest.approx(2, abs=0.1) and ax.get_ylim() == (0, 2)


def test_a_score_logo_has_genome_coordinates(ax):
    logos.score_logo(ax, heights_of([2.0, -1.0, 0.0], "GAT"), 1000, (1001, 5000))
    boxes = [patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches]
    tops, bottoms = [box.y1 for box in boxes], [box.y0 for box in boxes]
    assert max(tops) == pytest.approx(2, abs=0.05) and min(bottoms) == pytest.approx(-1, abs=0.05)
    assert ax.get_xlim() == (999.5, 1002.5)
    shaded = [
        box for box in boxes if box.x0 == pytest.approx(1000.5) and box.x1 == pytest.approx(1002.5)
    ]
    assert len(shaded) == 1  # from 1001 on, cut at the end of what is drawn


def test_a_score_track_marks_what_is_drawn_close(ax):
    logos.score_track(ax, [0.0, 1.0, 2.0, -1.0], 50, (40, 52), (51, 53))
    dark, marked = (
        sorted(segment[0][0] for segment in lines.get_segments()) for lines in ax.collections
    )
    assert (dark, marked) == ([50, 53], [51, 52])
    assert ax.get_xlim() == (49.5, 53.5)
