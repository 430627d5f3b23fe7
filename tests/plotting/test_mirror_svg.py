"""Histograms back to back: shares of each, on one line."""

import re
from xml.etree import ElementTree

import pytest

from danq.plotting.mirror_svg import Mirror, mirrors_svg


def paths(mirror):
    root = ElementTree.fromstring(mirrors_svg(["<a>"], ["x"], {("<a>", "x"): mirror}))
    assert [title.text for title in root.iter("title")] == [mirror.title]
    assert "<a>" in [text.text for text in root.iter("text")]
    up, down, _ = [path.get("d") for path in root.iter("path")]
    return up, down


def heights(path):
    return [float(height) for height in re.findall(r"v(-?[\d.]+)", path)]


def test_heights_are_square_roots_of_shares_to_either_side():
    up, down = paths(Mirror([1, 0, 3], [5, 0, 0], "n"))
    assert len(heights(up)) == 2 and len(heights(down)) == 1
    first, last = heights(up)
    assert first < 0 and last / first == pytest.approx(3**0.5, abs=0.02)
    assert heights(down)[0] > 0 and heights(down)[0] > -last


def test_nothing_counted_draws_no_bar():
    up, down = paths(Mirror([0, 0], [0, 0], "n"))
    assert up == down == ""


def test_missing_cells_stay_empty():
    root = ElementTree.fromstring(mirrors_svg(["a"], ["x", "y"], {}))
    assert not list(root.iter("title")) and len(list(root.iter("text"))) == 3 + 4
