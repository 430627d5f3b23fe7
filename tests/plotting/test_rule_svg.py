"""Line drawings of rules: sites in their order, pointing along their strand."""

from xml.etree import ElementTree

from danq.plotting.rule_svg import Gap, Site, rule_svg


def boxes(parts):
    root = ElementTree.fromstring(rule_svg(parts, 'a "name"'))
    assert root.get("aria-label") == 'a "name"' and root.get("role") == "img"
    names = [text.text for text in root.iter("text")]
    shapes = [path for path in root.iter("path") if "--card" in path.get("style")]
    return names, shapes


def test_sites_and_gaps_stand_from_left_to_right():
    parts = [Site("A", 0), Gap("40 bp"), Site("B", 1)]
    names, shapes = boxes(parts)
    assert names == ["A", "40 bp", "B"] and len(shapes) == 2
    texts = ElementTree.fromstring(rule_svg(parts, "")).iter("text")
    places = [float(text.get("x")) for text in texts]
    assert places == sorted(places)


def test_the_tip_points_along_the_strand():
    for strand, n_tips in (("+", 1), ("-", 1), ("", 0)):
        _, (shape,) = boxes([Site("A", 0, strand)])
        assert shape.get("d").count("L") == (2 * n_tips if strand == "+" else n_tips)
    _, (right,) = boxes([Site("A", 0, "+")])
    _, (left,) = boxes([Site("A", 0, "-")])
    assert right.get("d") != left.get("d")
