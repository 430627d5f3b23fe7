"""Forest plots: every row where it belongs on one axis."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from danq.plotting.forest_svg import MOST_NAMED, ForestRow, forest_axis, forest_svg


def row(value, low=None, high=None, **options):
    low = value - 0.01 if low is None else low
    high = value + 0.01 if high is None else high
    return ForestRow(options.pop("name", "x"), value, low, high, f"title {value}", **options)


def drawn(rows):
    return ElementTree.fromstring(forest_svg(rows, ("b higher", "a higher"), forest_axis(rows)))


def test_points_stand_in_proportion_on_one_axis_with_0():
    rows = [row(0.0), row(0.02), row(0.04), row(-0.02)]
    xs = [float(mark.get("cx")) for mark in drawn(rows).iter("circle")]
    steps = np.diff(sorted(xs))
    # Places are rounded to 0.1, so a step to 0.1 and two steps differ by 0.2 at most.
    assert xs[3] < xs[0] < xs[1] < xs[2] and steps == pytest.approx([steps[0]] * 3, abs=0.21)
    lines = [mark for mark in drawn(rows).iter("line") if "1.1" in mark.get("style")]
    assert [float(line.get("x1")) for line in lines] == pytest.approx([xs[0]], abs=0.06)


def test_colour_follows_the_side_of_0():
    rows = [row(0.02), row(-0.02), row(0.001), row(0.02, np.nan, np.nan)]
    colours = [re.search(r"--(\w+)", mark.get("style"))[1] for mark in drawn(rows).iter("circle")]
    assert colours == ["above", "below", "around", "around"]


def test_means_are_diamonds_and_targets_carry_their_index():
    root = drawn([row(0.02, is_mean=True), row(0.01, target=7)])
    assert [mark.get("data-target") for mark in root.iter("circle")] == ["7"]
    titles = [title.text for title in root.iter("title")]
    assert titles == ["title 0.02", "title 0.01"]


def test_an_interval_beyond_the_axis_ends_in_an_arrow_and_one_inside_does_not():
    rows = [row(0.01), row(0.02), row(0.015), row(0.01, -5, 5), row(0.012)]
    axis = forest_axis(rows)
    assert axis.high < 1 and axis.low > -1
    bars = [path.get("d") for path in drawn(rows).iter("path")]
    assert [bar.count("l") for bar in bars] == [0, 0, 0, 2, 0]


def test_of_many_rows_only_both_ends_are_named():
    n = MOST_NAMED + 40
    rows = [row(0.1, name="mean", is_mean=True)]
    rows += [row(value, name=f"t{place}") for place, value in enumerate(np.linspace(1, -1, n))]
    texts = [text.text for text in drawn(rows).iter("text")]
    named = [text for text in texts if re.fullmatch(r"t\d+", text)]
    assert named[:2] == ["t0", "t1"] and named[-1] == f"t{n - 1}" and "mean" in texts
    few = drawn(rows[:MOST_NAMED])
    assert len(named) == 40 and len(list(few.iter("circle"))) == MOST_NAMED - 1


def test_names_are_text():
    root = drawn([row(0.1, name="<b>&")])
    assert "<b>&" in [text.text for text in root.iter("text")]


def test_the_sides_stand_at_their_ends():
    texts = {text.text: text for text in drawn([row(0.1)]).iter("text")}
    assert texts["← b higher"].get("text-anchor") is None
    assert texts["a higher →"].get("text-anchor") == "end"


def test_a_long_name_is_cut_and_a_group_keeps_its_number_of_targets():
    name = "sequence_specific_factors"
    rows = [row(0.1, name=f"{name} (1,234)", is_mean=True), row(0.1, name=f"{name} (1)")]
    rows += [row(0.1, name=name, is_mean=True), row(0.1, name="CTCF")]
    texts = [text.text for text in drawn(rows).iter("text") if text.text[:2] in ("se", "CT")]
    assert texts[0].endswith("… (1,234)") and texts[0].startswith("seq")
    assert texts[1].endswith("…") and texts[2].endswith("…") and texts[3] == "CTCF"
    assert len(texts[0]) == len(texts[2]) < len(texts[1]) < len(name)
