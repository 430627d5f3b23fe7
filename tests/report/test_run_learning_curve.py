"""The learning curve of a run, read back; one of other trainings is none."""

import pytest

from danq import read_run
from danq.errors import DanqError
from danq.files import read_table, write_table
from tests.report.learning_toy import PARTS, write_learning_curve
from tests.report.toy_run import make_records, write_run


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "run", seeds=(0, 1))


def test_a_run_without_a_curve_has_none(folder):
    assert read_run(folder).learning_curve is None


def test_rows_of_models_have_no_second_model(folder):
    written = write_learning_curve(folder)
    curve = read_run(folder).learning_curve
    assert len(curve) == len(written) == 3 * len(PARTS) * 2
    assert set(curve.loc[curve["b"] == "", "a"]) == {"danq", "danq_conv", "deepsea"}
    assert set(curve["n_windows"]) == set(PARTS.values())
    assert set(curve.loc[curve["b"] == "", "covers"]) == {""}
    assert set(curve.loc[curve["b"] != "", "covers"]) == {"windows and seeds"}


def test_a_curve_that_was_left_by_other_trainings_is_ignored(folder):
    write_learning_curve(folder)
    metrics = read_table(folder / "metrics.tsv")
    write_table(folder / "metrics.tsv", metrics.assign(auprc=metrics["auprc"] * 0.99))
    assert read_run(make_records(folder)).learning_curve is None
    write_table(folder / "metrics.tsv", metrics[metrics["model"] != "deepsea"])
    assert read_run(make_records(folder)).learning_curve is None


@pytest.mark.parametrize("column", ["seed_low", "covers"])
def test_a_table_without_a_column_is_refused(folder, column):
    curve = write_learning_curve(folder)
    write_table(folder / "learning_curve.tsv", curve.drop(columns=column))
    make_records(folder)
    with pytest.raises(DanqError, match=f"no column {column}; make the file again"):
        read_run(folder)
