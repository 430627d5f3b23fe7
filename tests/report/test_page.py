"""A page: data that stay data, colours that can be told apart, an order that can be followed."""

import base64
import hashlib
import html
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.files import write_table
from danq.plotting.style import COLOURS
from danq.report import page
from danq.report.report import report
from tests.report.toy_run import curves_of, make_records, write_four_networks, write_run

TEMPLATES = Path(page.__file__).parent / "templates"


# --- data for the script ---


@given(
    st.recursive(
        st.text() | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_data_are_the_same_when_read_back_and_never_markup(value):
    text = page.inert(value)
    assert not re.search("[<>&\u2028\u2029\u202e\x00-\x1f]", text)
    assert json.loads(text) == page.visible(value)


@pytest.mark.parametrize(
    "name", ["</script><script>alert(1)</script>", "<!--<script>", "]]>", "&lt;b&gt;"]
)
def test_no_name_ends_the_element_of_the_data(name):
    parser = Elements(f'<script type="application/json">{page.inert([name, {name: 1}])}</script>')
    assert [tag for tag, _ in parser.elements] == ["script"] and json.loads(parser.data[0]) == [
        name,
        {name: 1},
    ]


def test_escapes_do_not_restore_invisible_characters():
    assert json.loads(page.inert(["a\x1bb\u2028c\ud800", "\\u001b"])) == [
        "a\ufffdb\ufffdc\ufffd",
        "\\u001b",
    ]


@pytest.mark.parametrize(
    ("box", "tall"), [("0 0 300 905.5", True), ("0 0 300 895", False), ("0 0 310.2 290.1", False)]
)
def test_a_figure_is_tall_where_three_others_fit_beside_it(box, tall):
    assert page.Figure("x", f'<svg class="a" viewBox="{box}"><g/></svg>').is_tall == tall
    assert not page.Figure("x", "<svg></svg>").is_tall


def test_numbers_of_a_figure():
    frame = pd.DataFrame(
        {"target": ["a", "b"], "n": [1, 2], "x": [0.123456789, np.nan], "y": [np.inf, 1e-9]}
    )
    assert page.numbers(frame) == (
        ["target", "n", "x", "y"],
        [["a", 1, 0.123457, "NA"], ["b", 2, "NA", 1e-9]],
    )
    assert json.loads(page.inert(page.numbers(frame)))[1][1] == ["b", 2, "NA", 1e-9]


# --- the script and what is allowed ---


class Elements(HTMLParser):
    """Collects elements with their attributes, and the content of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.data = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag in ("script", "style"):
            self.data.append("")

    def handle_data(self, data):
        if self.cdata_elem:
            self.data[-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def elements(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("runs") / "run")
    write_table(folder / "curves.tsv.gz", curves_of(folder))
    make_records(folder)
    report(folder, folder / "report.html", config=folder / "config.yaml")
    return Elements((folder / "report.html").read_text())


def test_only_the_pages_own_script_may_run(elements):
    policy = next(
        meta["content"]
        for meta in elements.all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    scripts = elements.all("script")
    assert [script.get("type") for script in scripts[:-1]] == ["application/json"] * (
        len(scripts) - 1
    )
    assert scripts[-1] == {}
    checksum = base64.b64encode(hashlib.sha256(elements.data[-1].encode()).digest()).decode()
    assert rules["script-src"] == f"'sha256-{checksum}'" and rules["default-src"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'" and rules["img-src"] == "data: blob:"
    assert not [
        name for _, attributes in elements.elements for name in attributes if name.startswith("on")
    ]


def test_script_makes_no_markup_and_asks_for_nothing():
    code = re.sub(r"(?m)^\s*//.*$", "", (TEMPLATES / "report.js").read_text())
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|Function\(|"
        r"fetch\(|XMLHttpRequest|WebSocket|import\(|sendBeacon|localStorage",
        code,
    )
    assert "</script" not in code and "<!--" not in code and page.visible(code) == code


def test_page_of_a_run_without_curves(tmp_path):
    folder = write_run(tmp_path / "run")
    report(folder, tmp_path / "report.html")
    elements = Elements((tmp_path / "report.html").read_text())
    assert "curves" not in [script.get("id") for script in elements.all("script")]


def test_919_targets_and_four_networks_fit_in_8_megabytes(tmp_path):
    names = [f"Cell{k % 91}|Factor number {k}|None" for k in range(919)]
    folder = write_run(
        tmp_path / "run", names=names, groups=["DNase"] * 125 + ["TF"] * 690 + ["histone"] * 104
    )
    write_four_networks(folder)
    write_table(folder / "curves.tsv.gz", curves_of(folder))
    make_records(folder)
    report(folder, tmp_path / "report.html", config=folder / "config.yaml")
    content = (tmp_path / "report.html").read_bytes()
    assert content.count(b"data-target=") >= 5 * 918 and b'"DanQ-residual"' in content
    assert len(content) <= 8e6


# --- what a reader can see and follow ---


def test_headings_and_landmarks(elements):
    levels = [int(tag[1]) for tag, _ in elements.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(following <= level + 1 for level, following in itertools.pairwise(levels))
    for tag in ("header", "nav", "main", "footer"):
        assert len(elements.all(tag)) == 1
    first_link = elements.all("a")[0]
    assert first_link["href"] == f"#{elements.all('main')[0]['id']}"


def test_everything_that_is_named_by_another_element_finds_it(elements):
    names = [attributes["id"] for _, attributes in elements.elements if "id" in attributes]
    wanted = [
        name
        for _, attributes in elements.elements
        for key in ("aria-labelledby", "aria-describedby")
        for name in attributes.get(key, "").split()
    ]
    assert len(names) == len(set(names)) and set(wanted) <= set(names)


def test_figures_are_images_with_a_name_and_tables_have_one(elements):
    positions = [position for position, (tag, _) in enumerate(elements.elements) if tag == "figure"]
    assert len(positions) >= 6
    for position in positions:
        drawing = next(
            attributes for tag, attributes in elements.elements[position:] if tag == "svg"
        )
        assert drawing["role"] == "img" and drawing["aria-labelledby"]
    assert all(table["aria-labelledby"] for table in elements.all("table"))
    assert all(
        drawing.get("aria-hidden") == "true" or drawing.get("role") == "img"
        for drawing in elements.all("svg")
    )


def test_legends_have_the_colours_of_their_figures(elements):
    used = {
        colour
        for _, attributes in elements.elements
        for colour in re.findall(r"var\(--hue-\d, #\w+\)", attributes.get("style", ""))
    }
    signs = [
        attributes["style"]
        for tag, attributes in elements.elements
        if tag == "span" and "style" in attributes
    ]
    assert signs and {sign.removeprefix("color: ") for sign in signs} <= used
    assert not [sign for sign in signs if "var(--hue-" not in sign]


def palettes():
    """Return the variables of the light and of the dark theme, from the style sheet."""
    blocks = re.findall(r":root \{(.*?)\n\s*\}", (TEMPLATES / "report.css").read_text(), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})\b", block)) for block in blocks[:2])
    assert light.keys() == dark.keys()
    return {"light": light, "dark": dark}


def linear(colour):
    """Return the linear red, green and blue of a colour (IEC 61966-2-1)."""
    values = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    """Return the contrast ratio of two colours (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    low, high = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (a, b))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_is_enough_in_both_themes(theme):
    """WCAG 2.2 AA: 4.5 for text (1.4.3), 3 for graphics and the edges of controls (1.4.11)."""
    colours = palettes()[theme]
    grounds = {name: colours[name] for name in ("page", "card", "zebra")}
    texts = [
        (ink, ground)
        for ink in ("ink", "soft", "link", "above", "below", "around")
        for ground in grounds
    ]
    texts += [("ink", "caution"), ("ink", "code"), ("ink", "shade"), ("page", "ink")]
    graphics = [
        (name, "card")
        for name in colours
        if re.match("hue|base|edge|focus|above|below|around", name)
    ]
    graphics += [("focus", "page"), ("edge", "page"), ("caution-line", "page")]
    poor = [
        (*pair, round(contrast(*(colours[name] for name in pair)), 2))
        for pairs, least in ((texts, 4.5), (graphics, 3))
        for pair in pairs
        if contrast(*(colours[name] for name in pair)) < least
    ]
    assert poor == []


# Full dichromacy, from Machado, Oliveira and Fernandes 2009, https://doi.org/10.1109/TVCG.2009.113.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}


def lab(colour, vision):
    """Return a colour as a vision has it, in CIELAB (D65): distances are about those of the eye."""
    rgb = np.clip(np.array(VISION[vision]) @ linear(colour), 0, 1)
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ rgb
    )
    f = np.array(
        [
            value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116
            for value in xyz / [0.9505, 1, 1.089]
        ]
    )
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_groups_are_distinct_with_any_colour_vision(theme, vision):
    hues = [colour for name, colour in palettes()[theme].items() if name.startswith("hue")]
    assert len(hues) == len(COLOURS) + 1
    colours = [lab(hue, vision) for hue in hues]
    # A difference of 2.3 can just be seen side by side (Mahy and others 1994,
    # https://doi.org/10.1002/col.5080190207); points stand apart, and are small.
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(colours, 2)) > 8 * 2.3


def test_hues_are_the_palette_in_other_shades():
    for theme in palettes().values():
        for index, colour in enumerate(COLOURS):
            shades = [lab(shade, "normal")[1:] for shade in (colour, theme[f"hue-{index}"])]
            angles = [np.arctan2(b, a) for a, b in shades]
            assert np.cos(angles[0] - angles[1]) > np.cos(np.radians(40)), (index, colour)


def test_names_are_escaped_once(tmp_path):
    section = page.Section(
        "answer",
        "A & B",
        "<lead>",
        figures=[page.Figure("<b>", "<svg ></svg>", "<i>")],
        tables=[page.table("<t>", ["<c>"], [["<d>"]])],
    )
    page.write_page(tmp_path / "page.html", "<name>", "<summary>", [section])
    text = (tmp_path / "page.html").read_text()
    for name in ("<name>", "<summary>", "<lead>", "<b>", "<i>", "<t>", "<c>", "<d>"):
        assert html.escape(name) in text and name not in text.replace("<b>danq</b>", "")
