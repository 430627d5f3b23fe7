"""The data of a made-up run."""

import dataclasses

from danq import read_run
from danq.report.sections import data as d
from tests.report.toy_run import cells, write_run


def test_tables_of_the_data(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    splits = cells(d.split_table(run))
    assert splits["valid"]["windows"].text == "4,410"
    assert splits["valid"]["regions"].text == "chrV, chrIX"
    dropped = cells(d.dropped_table(run))
    assert dropped["the window would leave its chromosome"]["bins"].text == "68"
    targets = cells(d.target_table(run))
    assert targets["Tup1"]["prevalence, test"] == ("0.00 %", "", "na", "")
    assert d.leakage_table(run).rows == []
    audited = {"split": "valid", "against": "train", "windows": 4410, "overlapping": None}
    audited |= {"identical": 3, "reverse_complement": 0}
    old = dataclasses.replace(run, description={"audit": [audited]})
    row = cells(d.leakage_table(old))["valid in train"]
    assert [cell.text for cell in row.values()] == ["4,410", "NA", "3", "0", "NA"]
    pair = {"split": "valid", "against": "train"}
    copies = {"windows": [{**pair, "windows": 4410, "similar": 12}], "chromosomes": []}
    new = dataclasses.replace(run, description={"audit": [audited], "copies": copies})
    assert cells(d.leakage_table(new))["valid in train"]["similar"].text == "12"
    assert d.data(new).cautions == []
    copies["chromosomes"].append({**pair, "chromosome": "chr9_alt", "shared": 0.9, "bases": 100})
    (caution,) = d.data(new).cautions
    assert caution.startswith("chr9_alt repeats sequence of the valid split, by 50% or more: ")


def test_training_bins_are_described_where_it_is_known(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    text = " ".join(d.data(run).text)
    assert "Training bins" not in text
    run.source.update(stride=20, train_bins="all")
    assert "Training bins begin every 20 bp" in " ".join(d.data(run).text)
    run.source.update(stride=200, train_bins="sampled")
    assert "Training bins lie side by side" in " ".join(d.data(run).text)
