"""What a made-up run says of its data."""

import dataclasses

import pytest

from danq import read_run
from danq.report.findings import data as d
from tests.report.toy_run import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(write_run(tmp_path_factory.mktemp("runs") / "run"))


def test_splits(run):
    splits = d.splits(run).set_index("split")
    assert splits["windows"].to_dict() == {"train": 40213, "valid": 4410, "test": 9107}
    assert splits.loc["train", "regions"] == ["all other"]
    assert splits.loc["valid", "regions"] == ["chrV", "chrIX"]
    assert splits.loc["test", "positives"] == run.positives["test"].sum()


def test_bins_that_were_dropped_and_lenient_readings(run):
    dropped = d.dropped_bins(run).set_index("reason")["bins"]
    assert dropped["blacklist"] == 1032 and dropped["unlabelled"] == 0
    counts = d.input_counts(run).set_index("what")
    assert counts.loc["intervals", "number"] == 41 and counts.loc["intervals", "files"] == 1


def test_leakage_is_that_of_the_description(run):
    assert d.leakage(run).empty
    row = {"split": "valid", "against": "train", "windows": 9, "overlapping": None, "identical": 1}
    audited = {"audit": [{**row, "reverse_complement": 0, "either": 1}]}
    table = d.leakage(dataclasses.replace(run, description=audited))
    assert table["overlapping"].tolist() == [None] and table["identical"].tolist() == [1]
    assert table["similar"].tolist() == [None] and d.copied(run) == {}


def test_copies_are_those_of_the_description(run):
    pair = {"split": "valid", "against": "train"}
    rows = [{**pair, "chromosome": name, "shared": shared} for name, shared in (("a", 1), ("b", 0))]
    copies = {"windows": [{**pair, "similar": 3}], "chromosomes": rows}
    described = dataclasses.replace(run, description={"audit": [pair], "copies": copies})
    assert d.leakage(described)["similar"].tolist() == [3] and d.copied(described) == {"a": "valid"}


def test_positives_by_split_are_there_only_with_a_dataset(run):
    assert d.target_counts(run)["test"].tolist() == run.positives["test"].tolist()
    assert "test" not in d.target_counts(dataclasses.replace(run, positives={}))
