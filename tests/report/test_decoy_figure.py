"""The figure of decoys has a cell for each target and network."""

import dataclasses

import pandas as pd
import pytest

from danq import read_run
from danq.report.decoy_figure import decoy_figure
from danq.report.run_decoys import BINS, COLUMNS
from tests.report.toy_run import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(write_run(tmp_path_factory.mktemp("decoys") / "run"))


def test_every_target_with_decoys_is_drawn_for_every_network(run):
    rows = [
        (model, target, kind, rank, rank + 1)
        for model in ("danq", "deepsea")
        for target in (1, 4)
        for kind in ("positive", "decoy")
        for rank in range(BINS)
    ]
    figure = decoy_figure(
        dataclasses.replace(run, decoy_scores=pd.DataFrame(rows, columns=COLUMNS))
    )
    total = sum(range(1, BINS + 1))
    for target in (1, 4):
        for model in ("DanQ", "DeepSEA"):
            name = f"{run.targets.loc[target, 'label']}, {model}: {total} positive windows"
            assert name in figure.svg
    assert len(figure.table.rows) == len(rows)


def test_a_run_without_decoys_has_no_figure(run):
    assert run.decoy_scores.empty and decoy_figure(run) is None
