"""Tables and texts of a run's folder."""

import numpy as np
import pytest

from danq.errors import DanqError
from danq.report.run_tables import read_checked_table, read_json, read_optional_table, read_text


def test_text_is_read_whatever_its_bytes(tmp_path):
    (tmp_path / "odd").write_bytes(b"a\xff\r\nb")
    assert read_text(tmp_path / "odd") == "a\N{REPLACEMENT CHARACTER}\nb"


def test_undefined_text_is_na_and_an_undefined_number_nan(tmp_path):
    (tmp_path / "t.tsv").write_text("model\tseed\ndanq\tNA\nNA\t2\n")
    table = read_checked_table(tmp_path / "t.tsv", ["model"], ["seed"])
    assert table["model"].tolist() == ["danq", "NA"]
    assert np.isnan(table["seed"][0]) and table["seed"][1] == 2


def test_a_column_of_undefined_text_is_text(tmp_path):
    (tmp_path / "t.tsv").write_text("model\tcovers\ndanq\tNA\nblstm\tNA\n")
    assert read_checked_table(tmp_path / "t.tsv", ["covers"])["covers"].tolist() == ["NA", "NA"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model\nx\n", "no column seed"),
        ("model\tseed\nx\t1\ny\ttwo\n", r"t\.tsv:3: column seed: 'two' is not a number"),
    ],
)
def test_unfit_tables_are_refused_by_line(tmp_path, text, message):
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(DanqError, match=message):
        read_checked_table(tmp_path / "t.tsv", ["model"], ["seed"])


def test_what_is_missing(tmp_path):
    assert read_optional_table(tmp_path / "t.tsv") is None and read_json(tmp_path / "t.json") == {}
    with pytest.raises(DanqError, match="cannot be read as a table"):
        read_checked_table(tmp_path / "t.tsv")


@pytest.mark.parametrize("text", ["{", "[1]", ""])
def test_json_that_holds_no_object_says_nothing(tmp_path, text):
    (tmp_path / "t.json").write_text(text)
    assert read_json(tmp_path / "t.json") == {}
