"""Colours, markers and legends."""

from matplotlib.colors import to_hex

from danq.plotting.style import COLOURS, INK, OTHER, Style, legend_entries, styles


def test_styles_beyond_the_palette_share_one():
    style = styles("abcdefghi")
    assert len({style[name] for name in "abcdefg"}) == 7
    assert style["h"] == style["i"] == Style(OTHER, "o")


def test_colours_are_what_matplotlib_takes():
    assert all(to_hex(colour).upper() == colour.upper() for colour in (*COLOURS, OTHER, INK))


def test_a_legend_gives_groups_beyond_the_palette_one_entry():
    style = styles([f"g{k}" for k in range(9)])
    assert [name for _, name in legend_entries(style)] == [
        *(f"g{k}" for k in range(7)),
        "2 other groups",
    ]
    assert legend_entries(styles("ab")) == (*zip(styles("ab").values(), "ab", strict=True),)
