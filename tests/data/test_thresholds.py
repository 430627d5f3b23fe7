"""thresholds.tsv read back: a value for each target that has one."""

import pytest

from danq.data.thresholds import read_thresholds
from danq.errors import DanqError
from danq.records import Made, recorded
from tests.conftest import refuse

HEADER = "target\trule\tthreshold\n"


def test_targets_without_a_threshold_are_left_out(tmp_path):
    path = tmp_path / "thresholds.tsv"
    path.write_text(f"{HEADER}1\tbest_f1\t0.25\nb\tbest_f1\tNA\nc\tbest_f1\t1\n")
    assert read_thresholds(path, ["1", "b"]) == {"1": 0.25}
    assert read_thresholds(path, ["c"]) == {"c": 1.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\n1\t2\n", "has no column target; give a table of danq thresholds"),
        (HEADER, "has no row for the target 'a'; make it from predictions of the same model"),
        (
            f"{HEADER}a\tbest_f1\t1.5\n",
            "the threshold of 'a', 1.5, is not a probability; make it again with danq thresholds",
        ),
    ],
)
def test_what_is_no_table_of_thresholds_is_refused(tmp_path, text, message):
    path = tmp_path / "thresholds.tsv"
    path.write_text(text)
    refuse(f"{path}: {message}", read_thresholds, path, ["a"])


def test_a_table_that_was_edited_is_refused_and_one_of_your_own_is_not(tmp_path):
    text = "target\tthreshold\na\t0.5\n"
    with recorded(tmp_path / "thresholds.tsv", Made("thresholds")) as file:
        file.write_text(text)
    assert read_thresholds(tmp_path / "thresholds.tsv", ["a"]) == {"a": 0.5}
    (tmp_path / "thresholds.tsv").write_text(text.replace("0.5", "0.7"))
    with pytest.raises(DanqError, match="is not the file that danq thresholds wrote"):
        read_thresholds(tmp_path / "thresholds.tsv", ["a"])
    (tmp_path / "mine.tsv").write_text(text)
    assert read_thresholds(tmp_path / "mine.tsv", ["a"]) == {"a": 0.5}
