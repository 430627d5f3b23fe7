"""Small SVG drawings."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from danq.plotting import svg
from tests.plotting.conftest import heights_of

SURE = np.eye(4)[[2, 0, 3]]


def test_logo_svg_draws_bases_of_full_height():
    text = svg.logo_svg(SURE, lead=2, columns=8)
    assert re.findall(r"#base-(.)", text) == ["G", "A", "T"]
    assert re.findall(r"matrix\(9 0 0 44\.00 (\S+) 0\.00\)", text) == ["20.5", "30.5", "40.5"]
    assert 'width="80"' in text


def test_logo_svg_of_a_flat_matrix_is_empty():
    assert "<use" not in svg.logo_svg(np.full((3, 4), 0.25))


def test_bases_fill_the_unit_square():
    outlines = re.findall(r' d="([^"]+)"', svg.bases_svg())
    assert len(outlines) == 4
    for outline in outlines:
        numbers = np.array([float(number) for number in re.findall(r"[\d.]+", outline)])
        assert numbers.min() == 0 and numbers.max() == 1


def test_loci_share_a_scale_and_negative_bases_are_upside_down():
    loci = [
        svg.Locus("<a>", heights_of([4.0, -1.0], "AC"), 100, (101, 300), [(90, 101, "B&B →")]),
        svg.Locus("b", heights_of([2.0, 0.001], "GT"), 7, (0, 7), []),
    ]
    root = ElementTree.fromstring(svg.locus_svg(loci))
    marks = {
        mark.get("href"): [float(number) for number in mark.get("transform")[7:-1].split()]
        for mark in root.iter("use")
    }
    assert set(marks) == {"#base-A", "#base-C", "#base-G"}  # what is too small to see is left out
    (_, _, _, a, x_a, y_a), (_, _, _, c, x_c, y_c), (_, _, _, g, _, _) = (
        marks[f"#base-{base}"] for base in "ACG"
    )
    assert a == pytest.approx(2 * g, abs=0.1) and c == pytest.approx(-a / 4, abs=0.1)
    assert a - c == pytest.approx(70, abs=0.2)
    assert x_c - x_a == 10
    # A base's shape runs from 0 (its top) to 1: both end at the line, the negative one below it.
    assert y_a + a == pytest.approx(y_c + c, abs=0.1) and y_c == pytest.approx(y_a + a - c, abs=0.1)
    assert [text.text for text in root.iter("text")] == ["<a>", "B&B →", "b"]
    boxes = [(float(box.get("x")), float(box.get("width"))) for box in root.iter("rect")]
    assert boxes == [
        (10, 10),
        (0, 10),
    ]  # the bin and the site, cut at the ends; the other bin lies elsewhere


@pytest.mark.parametrize(("start", "end"), [(0, 10), (45, 55), (90, 100)])
def test_the_name_of_a_site_stays_inside_its_row(start, end):
    name = "ONECUT3 →"
    locus = svg.Locus("a", np.zeros((100, 4)), 0, (0, 0), [(start, end, name)])
    root = ElementTree.fromstring(svg.locus_svg([locus]))
    (text,) = [element for element in root.iter("text") if element.text == name]
    half = len(name) * 11 / 2
    middle = float(text.get("x"))
    assert half <= middle <= 1000 - half
    assert (start, end) != (45, 55) or middle == 500
