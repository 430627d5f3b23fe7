"""Figures: what is drawn for which numbers."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

from danq.plotting import plots

SURE = np.eye(4)[[2, 0, 3]]


@pytest.fixture
def ax():
    return plots.canvas(4, 4)[1]


def drawn(ax):
    """Return all points as (x, y), and whether each is filled."""
    points = [
        (tuple(xy), len(group.get_facecolors()) > 0)
        for group in ax.collections
        if len(group.get_offsets()) > 0 and group.get_label() != "" and hasattr(group, "get_sizes")
        for xy in group.get_offsets().tolist()
    ]
    return dict(points)


def test_scatter_leaves_out_undefined_targets_and_fills_clear_differences(ax):
    plots.scatter_models(
        ax,
        [0.3, 0.5, 0.2],
        [0.2, np.nan, 0.21],
        low=[0.05, 0, -0.1],
        high=[0.15, 0, 0.08],
        groups=["x", "x", "y"],
        labels=("DanQ", "DeepSEA"),
    )
    assert drawn(ax) == {(0.2, 0.3): True, (0.21, 0.2): False}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("DeepSEA", "DanQ")


def test_scatter_without_intervals_is_filled(ax):
    plots.scatter_models(ax, [0.3], [0.2])
    assert drawn(ax) == {(0.2, 0.3): True}


def test_scatter_of_nothing_draws_axes(ax):
    plots.scatter_models(ax, [np.nan], [0.2])
    assert drawn(ax) == {} and ax.get_xlim()[0] == 0


def test_training_curves_mark_the_best_epoch(ax):
    plots.training_curves(
        ax, [[0.1, 0.3, 0.2], [0.2]], labels=["danq", "deepsea"], best=[2, 1], ylabel="AUPRC"
    )
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1, 2, 3], [1]]
    assert [group.get_offsets().tolist() for group in ax.collections] == [[[2, 0.3]], [[1, 0.2]]]


def test_seeds_of_a_model_share_a_colour(ax):
    plots.training_curves(ax, [[1, 2], [1, 3], [2, 2]], labels=["danq", "danq", "deepsea"])
    colours = [line.get_color() for line in ax.lines]
    assert colours[0] == colours[1] != colours[2]


def test_interaction_curves_have_a_band_and_shade_where_the_rule_holds(ax):
    plots.interaction_curves(
        ax,
        [0, 10, 20, 40, 50],
        [[0, 1, 2, 1, 0], [0] * 5],
        [[0.5] * 5, [0.1] * 5],
        labels=["danq", "deepsea"],
        planted=[False, True, True, False, True],
    )
    shaded = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches]
    assert shaded == [(5, 30), (45, 50)]
    zero, *lines = ax.lines
    assert set(zero.get_ydata()) == {0} and [line.get_ydata().tolist() for line in lines] == [
        [0, 1, 2, 1, 0],
        [0] * 5,
    ]
    band = ax.collections[0].get_paths()[0].vertices
    at_20 = band[band[:, 0] == 20, 1]
    assert (at_20.min(), at_20.max()) == pytest.approx((2 - 1.96 * 0.5, 2 + 1.96 * 0.5))


def test_interaction_curves_have_the_colours_of_training_curves(ax):
    labels = ["danq", "danq", "deepsea"]
    plots.interaction_curves(ax, [0], [[1], [2], [3]], [[0.1]] * 3, labels=labels)
    own = [line.get_color() for line in ax.lines[1:]]
    plots.training_curves(ax, [[1, 2]] * 3, labels=labels)
    assert own == [line.get_color() for line in ax.lines[4:]] and not ax.patches
    assert [line.get_marker() for line in ax.lines[1:4]] == ["."] * 3


def test_prevalence_ranks_and_leaves_out_zero(ax):
    plots.prevalence(ax, [0.01, 0.0, 0.2], groups=["a", "a", "b"])
    assert sorted(tuple(xy) for group in ax.collections for xy in group.get_offsets().tolist()) == [
        (1, 0.2),
        (2, 0.01),
    ]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.031, 0.05], {"4 %", "5 %"}),
        ([0.0021, 0.3], {"0.2 %", "0.5 %", "1 %", "2 %", "5 %", "10 %", "20 %"}),
    ],
)
def test_prevalence_axis_is_labelled_however_narrow(ax, values, labels):
    plots.prevalence(ax, values)
    low, high = ax.get_ylim()
    ticks = [
        (place, label.get_text())
        for minor in (False, True)
        for place, label in zip(
            ax.get_yticks(minor=minor), ax.get_yticklabels(minor=minor), strict=True
        )
    ]
    assert {text for place, text in ticks if text and low <= place <= high} == labels


def test_logo_is_as_high_as_the_information(ax):
    plots.logo(ax, np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0]]))
    tops = [patch.get_extents().transformed(ax.transData.inverted()).y1 for patch in ax.patches]
    assert max(tops) == pytest.approx(2, abs=0.1) and ax.get_ylim() == (0, 2)


def test_styles_beyond_the_palette_share_one():
    found = plots.styles("abcdefghi")
    assert len({found[name] for name in "abcdefg"}) == 7
    assert found["h"] == found["i"] == plots.Style(plots.OTHER, "o")


@pytest.mark.parametrize("n", [1, 2, 5])
def test_svg_carries_titles_as_text(n):
    titles = [f'<b>{k}</b> & "q"' for k in range(n)]
    figure, ax = plots.canvas(4, 4)
    low = [-1.0 if k % 2 else 0.05 for k in range(n)]
    plots.scatter_models(
        ax, np.linspace(0.1, 0.9, n), np.full(n, 0.5), low=low, high=[1.0] * n, titles=titles
    )
    text = plots.svg(figure, "figure")
    assert sorted(re.findall(r"<title>(.*?)</title>", text)) == [
        f'&lt;b&gt;{k}&lt;/b&gt; &amp; "q"' for k in range(n)
    ]
    assert "<b>" not in text


@pytest.mark.parametrize("n", [1, 2, 5])
def test_svg_carries_the_targets_of_points(n):
    figure, ax = plots.canvas(4, 4)
    low = [-1.0 if k % 2 else 0.05 for k in range(n)]
    plots.scatter_models(
        ax,
        np.linspace(0.1, 0.9, n),
        np.full(n, 0.5),
        low=low,
        high=[1.0] * n,
        titles=[f"t{k}" for k in range(n)],
        keys=[10 + k for k in range(n)],
    )
    pairs = re.findall(
        r'data-target="(\d+)"[^>]*><title>t(\d)</title>', plots.svg(figure, "figure")
    )
    assert sorted(pairs) == [(str(10 + k), str(k)) for k in range(n)]
    figure, ax = plots.canvas(4, 4)
    plots.scatter_models(ax, [0.5], [0.5], titles=["t"])
    assert "data-target" not in plots.svg(figure, "figure")


def test_svg_names_the_colours_of_the_palette_and_says_them_once():
    figure, ax = plots.canvas(4, 4)
    plots.scatter_models(
        ax, [0.1, 0.2, 0.3], [0.1, 0.2, 0.3], groups="aab", low=[0.1] * 3, high=[0.2] * 3
    )
    text = plots.svg(figure, "figure")
    assert not re.search("#0072b2(?!\\))|#e69f00(?!\\))", text, re.IGNORECASE)
    marks = r'<use x="[\d.]+" y="[\d.]+" href="#\w+" />'
    assert re.search(
        rf'<g [^>]*style="fill: var\(--hue-0, #0072B2\)[^>]*">{marks}{marks}</g>', text
    )


def test_svg_is_the_same_twice_and_fits_any_page():
    texts = []
    for _ in range(2):
        figure, ax = plots.canvas(3, 3)
        plots.prevalence(ax, [0.1, 0.2])
        texts.append(plots.svg(figure, "figure"))
    assert texts[0] == texts[1]
    assert texts[0].startswith("<svg ") and "xmlns" not in texts[0] and "http" not in texts[0]
    assert "currentColor" in texts[0] and plots.INK not in texts[0] and "<g id" not in texts[0]


def test_logo_svg_draws_letters_of_full_height():
    text = plots.logo_svg(SURE, lead=2, columns=8)
    assert re.findall(r"#base-(.)", text) == ["G", "A", "T"]
    assert re.findall(r"matrix\(9 0 0 44\.00 (\S+) 0\.00\)", text) == ["20.5", "30.5", "40.5"]
    assert 'width="80"' in text


def test_logo_svg_of_a_flat_matrix_is_empty():
    assert "<use" not in plots.logo_svg(np.full((3, 4), 0.25))


def test_letters_fill_the_unit_square():
    outlines = re.findall(r' d="([^"]+)"', plots.bases_svg())
    assert len(outlines) == 4
    for outline in outlines:
        numbers = np.array([float(number) for number in re.findall(r"[\d.]+", outline)])
        assert numbers.min() == 0 and numbers.max() == 1


@pytest.mark.parametrize(
    ("low", "high", "side"), [(0.1, 0.3, "above"), (-0.1, 0.3, "around"), (-0.3, -0.1, "below")]
)
def test_interval_svg_says_its_side(low, high, side):
    assert f'class="interval {side}"' in plots.interval_svg((low + high) / 2, low, high, 0.5)


def test_interval_svg_of_undefined_numbers_is_empty():
    assert plots.interval_svg(0.1, np.nan, 0.2, 0.5) == ""


def test_colours_are_what_matplotlib_takes():
    assert all(
        to_hex(colour).upper() == colour.upper()
        for colour in (*plots.COLOURS, plots.OTHER, plots.INK)
    )


def test_effects_leave_out_targets_without_a_positive_and_fill_clear_differences(ax):
    plots.effects(
        ax,
        [10, 0, 300, 40],
        [0.1, 0.2, -0.1, np.nan],
        low=[0.05, 0, -0.3, 0],
        high=[0.2, 1, 0.1, 0],
    )
    points = np.concatenate(
        [part.get_offsets() for part in ax.collections if isinstance(part, PathCollection)]
    )
    assert sorted(points.tolist()) == [[10, 0.1], [300, -0.1]]
    filled = [
        len(part.get_facecolors()) for part in ax.collections if isinstance(part, PathCollection)
    ]
    assert sorted(filled) == [0, 1] and ax.get_xscale() == "log"


def test_reliability_is_drawn_beside_its_diagonal(ax):
    plots.reliability(ax, [[0.05, 0.95], [0.1]], [[0.1, 0.9], [0.3]], labels=["danq", "deepsea"])
    lines = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert lines["danq"] == [[0.05, 0.1], [0.95, 0.9]] and lines["deepsea"] == [[0.1, 0.3]]
    assert [[0, 0], [1, 1]] in lines.values() and ax.get_aspect() == 1


def test_precision_and_recall_with_the_prevalence(ax):
    plots.precision_recall(ax, [[0.5, 1]], [[0.8, 0.3]], labels=["danq"], prevalence=0.1)
    lines = [line.get_xydata().tolist() for line in ax.lines]
    assert [[0.5, 0.8], [1, 0.3]] in lines and any(
        np.ravel(line)[1::2].tolist() == [0.1, 0.1] for line in lines
    )


def test_a_legend_gives_groups_beyond_the_palette_one_entry():
    style = plots.styles([f"g{k}" for k in range(9)])
    assert [name for _, name in plots.legend(style)] == [
        *(f"g{k}" for k in range(7)),
        "2 other groups",
    ]
    assert plots.legend(plots.styles("ab")) == (
        *zip(plots.styles("ab").values(), "ab", strict=True),
    )


def heights_of(scores, bases):
    """Return scores of bases as (width, 4)."""
    return np.eye(4)[["ACGT".index(base) for base in bases]] * np.array(scores)[:, None]


def test_a_score_logo_stands_along_the_genome(ax):
    plots.score_logo(ax, heights_of([2.0, -1.0, 0.0], "GAT"), 1000, (1001, 5000))
    boxes = [patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches]
    tops, bottoms = [box.y1 for box in boxes], [box.y0 for box in boxes]
    assert max(tops) == pytest.approx(2, abs=0.05) and min(bottoms) == pytest.approx(-1, abs=0.05)
    assert ax.get_xlim() == (999.5, 1002.5)
    shaded = [
        box for box in boxes if box.x0 == pytest.approx(1000.5) and box.x1 == pytest.approx(1002.5)
    ]
    assert len(shaded) == 1  # from 1001 on, cut at the end of what is drawn


def test_a_score_track_marks_what_is_drawn_close(ax):
    plots.score_track(ax, [0.0, 1.0, 2.0, -1.0], 50, (40, 52), (51, 53))
    dark, marked = (
        sorted(segment[0][0] for segment in lines.get_segments()) for lines in ax.collections
    )
    assert (dark, marked) == ([50, 53], [51, 52])
    assert ax.get_xlim() == (49.5, 53.5)


def test_loci_are_letters_on_one_scale_and_negative_ones_stand_on_their_heads():
    loci = [
        plots.Locus("<a>", heights_of([4.0, -1.0], "AC"), 100, (101, 300), [(90, 101, "B&B →")]),
        plots.Locus("b", heights_of([2.0, 0.001], "GT"), 7, (0, 7), []),
    ]
    root = ElementTree.fromstring(plots.locus_svg(loci))
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


def test_effect_matrix_shows_values_where_they_stand():
    figure, ax = plots.canvas(4, 3)
    values = np.array([[0.0, 2.0, -1.0], [0.5, 0.0, 0.0]])
    plots.effect_matrix(ax, values, rows=["filter0", "a$b$\x1b"], columns=[*"xyz"])
    (mesh,) = ax.collections
    assert mesh.get_array().reshape(2, 3).tolist() == values.tolist()
    assert mesh.get_clim() == (-2, 2)  # so that 0 is the middle of the colours, which is white
    assert min(mesh.cmap(mesh.norm(0.0))[:3]) > 0.95
    assert ax.yaxis_inverted()  # the first row on top
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "filter0",
        "a$b$\N{REPLACEMENT CHARACTER}",
    ]
    assert "<image" not in plots.svg(figure, "x")
