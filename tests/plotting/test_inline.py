"""Matplotlib figures inside a page."""

import re

import numpy as np
import pytest

from danq.plotting import charts
from danq.plotting.inline import figure_svg
from danq.plotting.style import INK


@pytest.mark.parametrize("n", [1, 2, 5])
def test_svg_carries_titles_as_text(n):
    titles = [f'<b>{k}</b> & "q"' for k in range(n)]
    figure, ax = charts.canvas(4, 4)
    low = [-1.0 if k % 2 else 0.05 for k in range(n)]
    charts.scatter_models(
        ax, np.linspace(0.1, 0.9, n), np.full(n, 0.5), low=low, high=[1.0] * n, titles=titles
    )
    text = figure_svg(figure, "figure")
    assert sorted(re.findall(r"<title>(.*?)</title>", text)) == [
        f'&lt;b&gt;{k}&lt;/b&gt; &amp; "q"' for k in range(n)
    ]
    assert "<b>" not in text


@pytest.mark.parametrize("n", [1, 2, 5])
def test_svg_carries_the_targets_of_points(n):
    figure, ax = charts.canvas(4, 4)
    low = [-1.0 if k % 2 else 0.05 for k in range(n)]
    charts.scatter_models(
        ax,
        np.linspace(0.1, 0.9, n),
        np.full(n, 0.5),
        low=low,
        high=[1.0] * n,
        titles=[f"t{k}" for k in range(n)],
        keys=[10 + k for k in range(n)],
    )
    pairs = re.findall(
        r'data-target="(\d+)"[^>]*><title>t(\d)</title>', figure_svg(figure, "figure")
    )
    assert sorted(pairs) == [(str(10 + k), str(k)) for k in range(n)]
    figure, ax = charts.canvas(4, 4)
    charts.scatter_models(ax, [0.5], [0.5], titles=["t"])
    assert "data-target" not in figure_svg(figure, "figure")


def test_svg_names_the_colours_of_the_palette_and_says_them_once():
    figure, ax = charts.canvas(4, 4)
    charts.scatter_models(
        ax, [0.1, 0.2, 0.3], [0.1, 0.2, 0.3], groups="aab", low=[0.1] * 3, high=[0.2] * 3
    )
    text = figure_svg(figure, "figure")
    assert not re.search("#0072b2(?!\\))|#e69f00(?!\\))", text, re.IGNORECASE)
    marks = r'<use x="[\d.]+" y="[\d.]+" href="#\w+" />'
    assert re.search(
        rf'<g [^>]*style="fill: var\(--hue-0, #0072B2\)[^>]*">{marks}{marks}</g>', text
    )


def test_svg_is_the_same_twice_and_fits_any_page():
    texts = []
    for _ in range(2):
        figure, ax = charts.canvas(3, 3)
        charts.prevalence(ax, [0.1, 0.2])
        texts.append(figure_svg(figure, "figure"))
    assert texts[0] == texts[1]
    assert texts[0].startswith("<svg ") and "xmlns" not in texts[0] and "http" not in texts[0]
    assert "currentColor" in texts[0] and INK not in texts[0] and "<g id" not in texts[0]
