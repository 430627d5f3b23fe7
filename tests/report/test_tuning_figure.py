"""AUPRC against the learning rate, of a made-up run."""

import dataclasses

import numpy as np

from danq import read_run
from danq.report.tuning_figure import rates
from tests.report.toy_run import write_run
from tests.report.tuning_toy import RATES, VALUES, write_tunings


def test_every_trial_with_a_value_is_a_point(tmp_path):
    run = read_run(write_tunings(write_run(tmp_path)))
    drawing = rates(run)
    (ax,) = drawing.figure.axes
    points = np.concatenate([np.asarray(marks.get_offsets()) for marks in ax.collections])
    assert len(points) == len(drawing.numbers) == 4 * len(run.networks)
    first = points[:4]
    assert first.tolist() == [list(pair) for pair in zip(RATES[:4], VALUES[:4], strict=True)]
    assert [name for _, name in drawing.legend] == ["DeepSEA", "DanQ", "DanQ-conv"]
    assert ax.get_xscale() == "log"


def test_without_a_search_or_a_value_there_is_no_figure(tmp_path):
    run = read_run(write_tunings(write_run(tmp_path)))
    assert rates(dataclasses.replace(run, tunings=[])) is None
    failed = [
        tuning._replace(trials=tuning.trials.assign(value=float("nan"))) for tuning in run.tunings
    ]
    assert rates(dataclasses.replace(run, tunings=failed)) is None
