"""The cells of tables of scores: what is a number, what is unknown, and what is refused."""

import numpy as np
import pytest

from danq.errors import DanqError, DanqErrors
from danq.report.score_cells import FIRST, numbers, read_cells, require


def cells_of(folder, text, model=None):
    path = folder / "scores.tsv"
    path.write_text(text)
    return read_cells(path, model)


def test_rows_keep_their_lines_and_cells_their_text(tmp_path):
    cells = cells_of(tmp_path, "# made by hand\nName\tAUC\nx\t 0.50 \n\ny\tNA (none)\n")
    assert cells.name == "scores" and list(cells.frame) == ["name", "AUC"]
    assert cells.frame["AUC"].tolist() == ["0.50", "NA (none)"]
    assert cells.lines.tolist() == [3, 5]
    scores = numbers(cells, ["AUC"])["AUC"]
    np.testing.assert_array_equal(scores.values, [0.5, np.nan])
    assert scores.unknown.tolist() == ["NA (none)"]


def test_the_rows_of_one_model_are_taken(tmp_path):
    cells = cells_of(tmp_path, "model\tname\tAUC\ndanq\tx\t1\nmine\tx\t2\n", "mine")
    assert cells.name == "mine" and cells.frame["AUC"].tolist() == ["2"]


def test_names_of_rows_without_a_heading_are_the_first_column(tmp_path):
    for header in ("\tAUC\tn", "AUC\tn", "Unnamed: 0\tAUC\tn"):
        cells = cells_of(tmp_path, f"{header}\nx\t1\t5\ny\t2\t5\n")
        assert list(cells.frame) == [FIRST, "AUC", "n"] and cells.frame[FIRST].tolist() == [
            "x",
            "y",
        ]


def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    cells = cells_of(tmp_path, "\tAUC\nx\t1\n")
    assert require(cells, "AUC") == "AUC"
    message = r"scores\.tsv:1: has no column 'auc'; it has a first one without a name, AUC"
    with pytest.raises(DanqError, match=message):
        require(cells, "auc")


def test_many_cells_that_are_no_numbers_are_counted(tmp_path):
    rows = "".join(f"t{number}\tbad\n" for number in range(50))
    cells = cells_of(tmp_path, f"name\tAUC\n{rows}")
    with pytest.raises(DanqErrors) as caught:
        numbers(cells, ["AUC"])
    lines = str(caught.value).splitlines()
    assert len(lines) == 21 and lines[0].startswith(f"{cells.path}:2: column AUC: 'bad' is not")
    assert lines[-1] == f"{cells.path}: 30 more cells are not numbers"
