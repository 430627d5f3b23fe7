"""The text of a description: names made safe, and columns that line up."""

import pytest

from danq.report.dataset_text import printable, summary
from danq.report.describe import describe
from tests.data.test_audit import PLANTED, write


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("CTCF", 40, "CTCF"),
        ("a" * 41, 40, "a" * 40 + "..."),
        ("b\x1b[2J\u202e", 40, "b\\x1b[2J\\u202e"),
        ("目标", 40, "目标"),
    ],
)
def test_text_that_can_be_printed(text, limit, expected):
    assert printable(text, limit) == expected


def test_a_summary_is_a_table_under_each_title(tmp_path, capsys):
    path = write(tmp_path / "d.h5", PLANTED, lengths=(300, 200))
    text = summary("d.h5", describe(path))
    blocks = text.split("\n\n")
    titles = [block.splitlines()[0].split(" (")[0] for block in blocks]
    assert titles[:5] == ["d.h5", "Splits", "Groups", "Targets, rarest first", "Leakage"]
    splits = blocks[1].splitlines()[1:]
    assert len({len(line) for line in splits}) == 1  # numbers end in one column
    assert [line.split()[0] for line in splits] == ["split", "train", "valid", "test"]


def test_a_summary_says_what_extraction_chose(tmp_path, capsys):
    described = describe(write(tmp_path / "d.h5", PLANTED, lengths=(300, 200)))
    title = "Chosen by extraction"
    assert title not in summary("d.h5", described)
    chosen = {"stride": {"value": 20, "reason": "for 9 bp"}, "odd": "\x1b[2J"}
    described["source"] = {"chosen": chosen}
    [block] = [part for part in summary("d.h5", described).split("\n\n") if title in part]
    assert [line.split() for line in block.splitlines()[1:]] == [["stride", "20", "for", "9", "bp"]]
