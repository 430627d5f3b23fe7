"""Figures to files."""

import pytest

from danq.errors import DanqError
from danq.plotting.charts import canvas, prevalence
from danq.plotting.drawing import refuse_format, save_figure


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".SVG"])
def test_the_same_figure_is_the_same_bytes(tmp_path, suffix):
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        figure, ax = canvas(3, 3)
        prevalence(ax, [0.1, 0.2])
        ax.set_title("目标")
        refuse_format(path)
        save_figure(figure, path)
    first, second = paths
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", ["figure.jpg", "figure"])
def test_other_formats_are_refused(name):
    message = rf"{name}: a figure is written as \.svg, \.png or \.pdf; choose one of these suffixes"
    with pytest.raises(DanqError, match=message):
        refuse_format(name)
