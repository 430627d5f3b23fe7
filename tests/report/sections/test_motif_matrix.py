"""Motifs by models: a row for each factor."""

import dataclasses

import pandas as pd
import pytest

from danq import read_run
from danq.report.run_planted import COLUMNS
from danq.report.sections.motif_matrix import MOST_FACTORS, motif_matrix
from tests.report.toy_run import cells, write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(write_run(tmp_path_factory.mktemp("matrix") / "run", seeds=(0, 1)))


def test_each_model_has_its_best_logo_and_its_seeds(run):
    table = cells(motif_matrix(run, run.trained, {}))
    first = next(training for training in run.trained if training.model == "danq")
    named = first.named()
    for factor in named["factor"].unique():
        cell = table[factor]["DanQ"]
        n_filters = int((named["factor"] == factor).sum())
        assert cell.svg.startswith("<svg") and cell.note.startswith(f"{n_filters} filter")
        seeds = sum(
            factor in set(training.named()["factor"])
            for training in run.trained
            if training.model == "danq"
        )
        assert cell.text == f"{seeds} of 2 seeds"
    assert 0 < len(table) <= MOST_FACTORS


def test_a_run_of_one_model_has_a_matrix_too(run):
    alone = [training for training in run.trained if training.model == "danq"]
    table = motif_matrix(run, alone, {})
    assert table.columns == ["factor", "DanQ"] and table.rows


def test_a_cell_says_which_share_of_its_sites_is_planted(tmp_path):
    run = read_run(write_run(tmp_path / "run", simulated=True))
    (danq,) = [training for training in run.trained if training.model == "danq"]
    best = danq.named().drop_duplicates("factor").set_index("factor")["name"]
    rows = [("danq", best["ABF1"], "Abf1", 40, 30), ("danq", best["ABF1"], "REB1", 40, 1)]
    shares = pd.DataFrame(rows, columns=COLUMNS)
    known = dataclasses.replace(run, planted_shares=shares)
    table = motif_matrix(known, run.trained, {})
    assert "planted site of the factor" in table.note
    by_factor = cells(table)
    assert by_factor["ABF1"]["DanQ"].note.endswith("planted: 75.00 %")
    assert by_factor["REB1"]["DanQ"].note.endswith("planted: 0.00 %")
    assert "planted: " not in by_factor["ABF1"]["DeepSEA"].note
    plain = motif_matrix(run, run.trained, {})
    assert "planted site" not in plain.note
    assert not any("planted: " in row["DanQ"].note for row in cells(plain).values())
