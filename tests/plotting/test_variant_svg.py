"""Changes of two models as a drawing."""

import re
import xml.etree.ElementTree as ET

import numpy as np

from danq.plotting.variant_svg import SIDE, changes_svg


def test_a_point_for_each_variant_inside_the_drawing():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 500))
    svg = changes_svg(a, b, ("A<B", "C&D"))
    root = ET.fromstring(svg)
    points = re.findall(r"M(-?\d+) (-?\d+)h3v3h-3z", svg)
    assert len(points) == 500 and len(svg) < 20_000
    places = np.array(points, dtype=int)
    assert (places >= 0).all() and (places <= SIDE).all()
    assert np.corrcoef(places[:, 0], b)[0, 1] > 0.99 and np.corrcoef(places[:, 1], a)[0, 1] < -0.99
    texts = [node.text for node in root.iter("text")]
    assert "A<B: change of log-odds" in texts and "C&D: change of log-odds" in texts


def test_no_variants_are_an_empty_drawing():
    assert "h3v3" not in changes_svg([], [], ("a", "b"))
