"""Tracks along the genome, read back from their SVG."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from danq.plotting import track_svg as s
from danq.plotting.svg import ROOM, TOP


def line(values, starts, width=100, colour="#0072B2"):
    start = np.array(starts)
    return s.Line(colour, start, start + width, np.array(values, dtype=float))


def drawn(rows, start=1_000, end=1_600):
    return ElementTree.fromstring(s.tracks_svg(rows, start, end))


def corners(path):
    """Return the corners of a path of M, H and V."""
    points = []
    for command, text in re.findall(r"([MHV])([^MHV]+)", path):
        numbers = [float(number) for number in text.split()]
        if command == "M":
            points.append(tuple(numbers))
        else:
            x, y = points[-1]
            points.append((numbers[0], y) if command == "H" else (x, numbers[0]))
    return points


def test_a_line_has_a_step_for_each_value():
    row = s.Row("a", [], [line([0.5, 1.0, 0.0], [1_000, 1_100, 1_200])], 1.0)
    (path,) = [
        mark.get("d") for mark in drawn([row]).iter("path") if "fill" in mark.get("style", "")
    ]
    low, middle, high = TOP + ROOM, TOP + ROOM / 2, TOP
    assert corners(path) == [
        (0, middle),
        (100, middle),
        (100, high),
        (200, high),
        (200, low),
        (300, low),
    ]


def test_bases_without_a_value_are_a_gap():
    row = s.Row("a", [], [line([1, 1], [1_000, 1_300])], 1.0)
    (path,) = [
        mark.get("d") for mark in drawn([row]).iter("path") if "fill" in mark.get("style", "")
    ]
    assert path.count("M") == 2 and corners(path)[2] == (300, TOP)


def test_peaks_are_shaded_and_marked_where_they_lie():
    root = drawn([s.Row("a", [(1_000, 1_150), (1_300, 1_300)], [], 1.0)])
    rects = [(rect.get("x"), rect.get("width")) for rect in root.iter("rect")]
    assert rects == [("0", "150"), ("0", "150"), ("300", "1"), ("300", "1")]
    heights = [float(rect.get("height")) for rect in root.iter("rect")]
    assert heights == [ROOM + 4, 4] * 2


def test_rows_stand_below_one_another_over_their_positions():
    root = drawn([s.Row("<a>", [], [], 1.0), s.Row("b", [], [], 1.0)], 1_000_000, 1_020_000)
    texts = [text.text for text in root.iter("text")]
    assert texts == ["<a>", "b", "1,000,000", "1,010,000", "1,020,000"]
    shifts = [group.get("transform") for group in root.iter("g") if group.get("transform")]
    heights = [int(shift.split(" ")[1][:-1]) for shift in shifts]
    assert heights == sorted(set(heights)) and heights[0] == 0
    assert int(root.get("viewBox").split()[3]) > heights[-1]


@pytest.mark.parametrize("top", [0.0, 0.02])
def test_small_values_are_drawn_on_their_own_scale(top):
    row = s.Row("a", [], [line([top], [1_000])], top)
    (path,) = [
        mark.get("d") for mark in drawn([row]).iter("path") if "fill" in mark.get("style", "")
    ]
    assert corners(path)[0][1] == (TOP if top else TOP + ROOM)
