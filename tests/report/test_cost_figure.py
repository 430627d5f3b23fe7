"""Cost against AUPRC, a point for each training."""

import dataclasses

import numpy as np
import pytest

from danq import read_run
from danq.report.cost_figure import cost_figure, seed_costs
from tests.report.toy_run import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = read_run(write_run(tmp_path_factory.mktemp("costs") / "run", seeds=(0, 1)))
    for training in run.trained:
        training.facts["multiply_adds"] = 1000 * (1 + len(training.model))
    return run


def test_every_training_is_a_point_at_its_cost_and_its_mean(run):
    drawing = cost_figure(run)
    points = [collection.get_offsets() for collection in drawing.figure.axes[0].collections]
    drawn = np.ma.getdata(np.ma.concatenate(points))
    table = seed_costs(run)
    assert drawn[:, 0].tolist() == table["multiply_adds"].tolist()
    expected = run.metrics.groupby(["model", "seed"])["auprc"].mean()
    for row in table.itertuples():
        assert row.auprc == pytest.approx(expected[row.model, row.seed])
    assert drawn[:, 1].tolist() == pytest.approx(table["auprc"].tolist())
    assert set(table["model"]) == set(run.networks) and len(table) == 6
    dashes = drawing.figure.axes[0].lines
    assert len(dashes) == 3


def test_nothing_is_drawn_where_costs_are_not_known(run):
    assert cost_figure(dataclasses.replace(run, trained=[])) is None
