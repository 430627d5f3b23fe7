"""From how many windows on two models differ, by the intervals of their difference."""

import pandas as pd
import pytest

from danq import read_run
from danq.report.findings.learning_curve import model_curves, onset, pair_curves
from tests.report.learning_toy import PARTS, write_learning_curve
from tests.report.toy_run import write_run

ABOVE, BELOW, AROUND, NONE = (0.1, 0.3), (-0.3, -0.1), (-0.1, 0.1), (None, None)


def curve(*intervals):
    rows = [(10 * 2**place, 0.2, *ends) for place, ends in enumerate(intervals)]
    frame = pd.DataFrame(rows, columns=["n_windows", "auprc", "low", "high"])
    return frame.astype({"low": float, "high": float}).assign(covers="windows")


@pytest.mark.parametrize(
    ("intervals", "windows", "side", "lasts"),
    [
        ((AROUND, ABOVE, ABOVE), 20, "above", True),
        ((BELOW, BELOW, BELOW), 10, "below", True),
        ((AROUND, AROUND, ABOVE), 40, "above", True),
        ((ABOVE, AROUND, ABOVE), 10, "above", False),
        ((BELOW, ABOVE, ABOVE), 10, "below", False),
        ((AROUND, AROUND, AROUND), 40, "around", True),
        ((AROUND, AROUND, NONE), 20, "around", True),
        ((NONE, NONE, NONE), 10, "", True),
        ((NONE, ABOVE), 20, "above", True),
    ],
)
def test_the_onset_is_the_first_interval_without_0(intervals, windows, side, lasts):
    found = onset(curve(*intervals))
    assert (found.windows, found.side, found.lasts) == (windows, side, lasts)


def test_curves_are_by_model_and_by_pair_of_the_question(tmp_path):
    folder = write_run(tmp_path / "run")
    run = read_run(folder)
    assert model_curves(run) == {} and pair_curves(run) == []
    write_learning_curve(folder)
    run = read_run(folder)
    assert list(model_curves(run)) == run.networks
    pairs = pair_curves(run)
    assert [pair.models for pair, _ in pairs] == [pair.models for pair in run.main_pairs()]
    for rows in [*model_curves(run).values(), *(rows for _, rows in pairs)]:
        assert rows["n_windows"].tolist() == list(PARTS.values())
