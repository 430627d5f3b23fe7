"""Predicted bins as text: every row, in the order of the file."""

import gzip

import numpy as np
import pandas as pd
import pytest

from danq.data import bin_table
from danq.data.bin_table import frame_of, write_bin_table, write_skipped
from danq.data.stretches import Skipped
from tests.conftest import read_tsv
from tests.data.test_segments import OVERLAPPING, bins_of


@pytest.mark.parametrize("name", ["t.tsv", "t.tsv.gz"])
@pytest.mark.parametrize("rows", [1, 4, 1000])
def test_the_table_has_every_row_in_order(name, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(bin_table, "_ROWS", rows)
    bins = bins_of(OVERLAPPING)
    write_bin_table(tmp_path / name, bins)
    opener = gzip.open if name.endswith("gz") else open
    with opener(tmp_path / name, "rt") as file:
        table = pd.read_csv(file, sep="\t")
    assert table.columns.tolist() == ["chrom", "start", "end", "t0", "t1"]
    sequence, start, end = (list(column) for column in zip(*OVERLAPPING, strict=True))
    assert table["chrom"].tolist() == [f"chr{number + 1}" for number in sequence]
    assert (table["start"].tolist(), table["end"].tolist()) == (start, end)
    np.testing.assert_allclose(table[["t0", "t1"]], bins.rows.probabilities, rtol=1e-5)


def test_regions_have_their_names_where_there_are_some():
    bins = bins_of(OVERLAPPING)
    places = {**bins.rows.places, "region": np.array([0, -1, 1, 0, 1, 0], dtype=np.int32)}
    header = bins.header._replace(regions=["a", "b"])
    table = frame_of(header, bins.rows._replace(places=places), slice(1, 4))
    assert table["region"].tolist() == ["", "b", "a"]


def test_no_rows_are_a_header(tmp_path):
    bins = bins_of([(0, 0, 20)])
    places = {name: values[:0] for name, values in bins.rows.places.items()}
    rows = bins.rows._replace(places=places, probabilities=bins.rows.probabilities[:0])
    write_bin_table(tmp_path / "t.tsv", bins._replace(rows=rows))
    assert (tmp_path / "t.tsv").read_text() == "chrom\tstart\tend\tt0\tt1\n"


def test_what_was_skipped_is_a_table(tmp_path):
    write_skipped(tmp_path / "s.tsv", [Skipped("chr1", 0, 9, "", "why")])
    (row,) = read_tsv(tmp_path / "s.tsv")
    assert list(row.values()) == ["chr1", "0", "9", "", "why"]
    write_skipped(tmp_path / "s.tsv", [])
    assert (tmp_path / "s.tsv").read_text() == "chrom\tstart\tend\tregion\treason\n"
