import pytest

from danq.data.shortfalls import (
    Shortfall,
    largest_distance,
    recorded_shortfalls,
    shortfalls,
    tell,
    windows_of_targets,
    windows_with_labels,
)


def test_windows_of_targets_are_counted():
    targets, windows = windows_of_targets(4, [9, 4, 3, 0], "test", "to explain")
    assert (targets.asked, targets.reached) == (4, 2)
    assert (windows.asked, windows.reached) == (16, 4 + 4 + 3 + 0)
    assert targets.what == "targets with 4 positive windows of the test split, to explain"
    assert shortfalls(windows_of_targets(3, [3, 4], "test", "")) == []


def test_a_largest_distance_is_reached_where_no_further_step_fits():
    assert shortfalls([largest_distance("A+B", 15, 250, 240)]) == []
    (short,) = shortfalls([largest_distance("A+B", 15, 250, 225)])
    assert short == ("bp to the largest distance of A+B", 240, 225)


def test_only_what_was_not_reached_is_told(capsys):
    enough = windows_with_labels(10, 10, "train", None)
    short = windows_with_labels(3000, 1234, "valid", "SRF")
    tell([enough, short], "filters")
    assert capsys.readouterr().err == (
        "filters: windows of the valid split with the label of SRF, for filters: 3,000 asked for, "
        "1,234 there\n"
    )


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"shortfalls": None},
        {"shortfalls": [3, {"what": "x"}, {"what": "x", "asked": "1", "reached": 0}]},
    ],
)
def test_what_other_programs_wrote_is_ignored(source):
    assert recorded_shortfalls(source) == []


def test_recorded_shortfalls_come_back():
    rows = [Shortfall("negatives", 780, 58)]
    assert recorded_shortfalls({"shortfalls": [row._asdict() for row in rows]}) == rows
