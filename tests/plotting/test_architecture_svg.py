"""Networks as blocks over their receptive fields."""

import re
from xml.etree import ElementTree

import pytest

from danq.plotting.architecture_svg import Block, Drawn, architectures_svg

NETWORKS = [
    Drawn("A", "x", "#0072B2", [Block("convolution", "4 × 9"), Block("LSTM", "2 × 3")], 500),
    Drawn("B & <c>", "y", "#E69F00", [], 125),
]


def test_blocks_stand_side_by_side_and_the_field_is_in_proportion():
    root = ElementTree.fromstring(architectures_svg(NETWORKS, 500))
    boxes = [(float(box.get("x")), float(box.get("width"))) for box in root.iter("rect")]
    assert len(boxes) == 2 and boxes[0][0] + boxes[0][1] < boxes[1][0]
    seen = [path.get("d") for path in root.iter("path") if "width: 7" in path.get("style")]
    widths = [float(re.search(r"h([\d.]+)", path)[1]) for path in seen]
    assert widths[1] == pytest.approx(widths[0] / 4)
    texts = [text.text for text in root.iter("text")]
    assert "receptive field: 125 of 500 bp" in texts and "B & <c>" in texts


def test_no_field_is_longer_than_the_window():
    longer = NETWORKS[0]._replace(reach=900)
    assert architectures_svg([longer], 500).count("h260") == 2
