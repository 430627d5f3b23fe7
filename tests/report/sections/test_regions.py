"""The chapter with predictions over peaks."""

import dataclasses

from danq.plotting.style import styles
from danq.report.run import configured_loci
from danq.report.sections import regions as s
from tests.report.findings.test_regions import NAMES, run

__all__ = ["run"]  # the fixture


def test_each_stretch_is_a_figure_with_a_row_for_each_target(run):
    (section,) = s.regions(run, [])
    assert [figure.title for figure in section.figures] == ["chr2:1,000-1,600", "chr1:0-600"]
    assert "of the test split, which no training saw" in section.text[0]
    figure = section.figures[0]
    assert "1 of 3 targets have peaks here." in figure.note
    assert [name for _, name in figure.legend] == ["DeepSEA", "DanQ"]
    columns, rows = figure.table
    assert columns[:3] == ["chrom", "start", "end"] and len(columns) == 3 + 2 * len(NAMES)
    assert [row[1] for row in rows] == [1000, 1200, 1400]
    assert "<b>" not in figure.svg and "&lt;b&gt;" in figure.svg


def test_stretches_of_the_configuration_are_said_to_be_so(run):
    (section,) = s.regions(run, ["chr1:100-900"])
    assert [figure.title for figure in section.figures] == ["chr1:100-900"]
    assert "a model may have been trained on them" in section.text[0]


def test_tracks_that_the_configuration_no_longer_asks_for_are_not_shown(run):
    assert s.regions(run, configured_loci("run: x\n")) == []
    assert s.regions(run, configured_loci("predict:\n")) == []
    assert s.regions(run, configured_loci("predict: {genome: true}\n"))
    assert configured_loci("predict: {loci: [a]}\n") == ["a"] and configured_loci("") == []
    assert s.regions(dataclasses.replace(run, tracks=None), []) == []


def test_models_have_the_colours_of_all_figures(run):
    (section,) = s.regions(run, [])
    looks = {name: look.colour for look, name in section.figures[0].legend}
    wanted = styles(run.predictors)
    assert looks == {"DeepSEA": wanted["deepsea"].colour, "DanQ": wanted["danq"].colour}
