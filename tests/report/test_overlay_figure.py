"""Curves of all targets: what is drawn of a made-up run."""

import pytest

from danq import read_run
from danq.files import write_table
from danq.plotting.overlay import MOST_LINES
from danq.report.overlay_figure import all_curves
from danq.report.sections.comparison import MOST_CURVES, comparison
from danq.report.words import title
from tests.report.toy_run import YEAST, curves_of, make_records, write_run

FOLDED = "Precision-recall curves of all targets"


def run_of(folder, n_targets):
    names = [f"{YEAST[rank % len(YEAST)]} {rank}" for rank in range(n_targets)]
    groups = ["TF", "cofactor"] * (n_targets // 2)
    write_run(folder, names=names, groups=groups, undefined=(1,), n_filters=4)
    write_table(folder / "curves.tsv.gz", curves_of(folder, levels=5))
    return read_run(make_records(folder))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_of(tmp_path_factory.mktemp("overlay") / "run", 8)


def test_a_panel_for_each_network_and_the_strongest_baseline(run):
    drawing = all_curves(run)
    panels = [ax for ax in drawing.figure.axes if ax.lines]
    models = [*run.networks, run.baselines[0]]
    assert [ax.get_title() for ax in panels] == [title(model) for model in models]
    for ax, model in zip(panels, models, strict=True):
        curves = run.curves[run.curves["model"] == model]
        assert len(ax.lines) == curves["target"].nunique()
        first = curves[curves["target"] == curves["target"].min()]
        assert ax.lines[0].get_ydata() == pytest.approx(first["precision"].to_numpy())
    assert [text for _, text in drawing.legend] == ["TF", "cofactor"]
    assert set(drawing.numbers["name"]) == set(run.targets["label"].drop(1))
    assert "median" not in drawing.note


def test_many_targets_are_folded_and_then_medians(tmp_path):
    run = run_of(tmp_path / "many", MOST_LINES + 2)
    drawing = all_curves(run)
    assert "median" in drawing.note and f"{MOST_LINES + 1} targets" in drawing.note
    section = comparison(run)
    assert drawing.title not in [figure.title for figure in section.figures]
    folded = [figure.title for fold in section.folds for figure in fold.figures]
    assert folded.count(drawing.title) == 1


def test_few_targets_are_shown_and_their_numbers_are_not_stored_twice(run):
    assert len(run.targets) <= MOST_CURVES
    section = comparison(run)
    shown = [figure for figure in section.figures if figure.title == all_curves(run).title]
    assert len(shown) == 1 and shown[0].table == ()


def test_a_run_without_curves_has_no_such_figure(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert all_curves(run) is None
    assert not any(fold.title == FOLDED and fold.figures for fold in comparison(run).folds)
