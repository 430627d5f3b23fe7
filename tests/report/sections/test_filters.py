"""The motifs of a made-up run."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from danq import read_run
from danq.motif.meme import Motif
from danq.report.findings.motifs import Layer
from danq.report.sections import filters as f
from danq.report.words import signed
from tests.report.toy_run import page_of, with_words, write_run


def test_best_filter_of_each_factor_is_drawn_first(tmp_path):
    run = read_run(
        write_run(tmp_path / "run", factors=("ABF1", "REB1", "RAP1", "GAL4"), n_filters=90)
    )
    gallery = f.galleries(Layer("filter", run.trained[0]), {})[0]
    assert len(gallery.logos) == f.MOST_NAMED < len(run.trained[0].named())
    assert {logo.title for logo in gallery.logos[:4]} == {"ABF1", "REB1", "RAP1", "GAL4"}


def test_the_effect_of_a_filter_is_below_its_logo(tmp_path):
    run = read_run(write_run(tmp_path / "run", factors=("ABF1", "REB1")))
    training = run.trained[0]
    table = training.ablation[training.ablation["motif"] == training.named()["name"].iloc[0]]
    loudest = table.loc[table["effect"].abs().idxmax()]
    logo = f.galleries(Layer("filter", training), {})[0].logos[0]
    assert f"ablated: {loudest['name']} {signed(-loudest['effect'])} in log-odds" in logo.facts
    assert logo.ranks["effect"] == pytest.approx(abs(loudest["effect"])) and logo.ranks["sites"] > 0
    members = (training.best_matches()["cluster"] == training.named()["cluster"].iloc[0]).sum()
    assert ("cop" in logo.facts[0]) == (members > 1)
    text = page_of(tmp_path / "run").text
    assert "What ablation costs: DanQ, seed 0" in text and "C2H2 <zinc>" in text


def test_factors_by_model(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1)))
    named = pd.DataFrame(
        {
            "layer": "filter",
            "name": ["filter0"],
            "filter": 0,
            "tested": "yes",
            "named": "yes",
            "q": 0.01,
            "rank": 1,
            "match": "MA1",
            "factor": ["ABF1"],
            "cluster": "filter0",
        }
    )
    none = named.assign(named="no")
    matches = {"danq": [named, none], "danq_conv": [none, none], "deepsea": [none, none]}
    trained = [
        training._replace(matches=matches[training.model][training.seed])
        for training in run.trained
    ]
    expected = pd.DataFrame({"motif": ["MA1", "MA2"], "factor": ["Abf1", "Rap1"]})
    table = f.factor_table(dataclasses.replace(run, expected=expected), trained, {})
    rows = [[cell.text for cell in row] for row in table.rows]
    counts = {"danq": "1 of 2", "danq_conv": "0 of 2", "deepsea": "0 of 2"}
    order = list(dict.fromkeys(training.model for training in run.trained))
    assert rows == [
        ["ABF1", "yes", *(counts[model] for model in order), "only with recurrence"],
        ["Rap1", "yes", "0 of 2", "0 of 2", "0 of 2", "none"],
    ]
    # Targets that are not called as their motif is.
    known = {
        name: Motif(name, alias, np.eye(4)) for name, alias in (("MA1", "ABF1"), ("MA2", "RAP1"))
    }
    named_otherwise = expected.assign(factor=["K562|ABF1", "K562|RAP1"])
    table = f.factor_table(dataclasses.replace(run, expected=named_otherwise), trained, known)
    assert [[cell.text for cell in row[:2]] for row in table.rows] == [
        ["ABF1", "yes"],
        ["RAP1", "yes"],
    ]


WORDS = {0: "Abf1:CGTNNNTGA", 2: "Reb1:CGGGTA", 4: "Abf1:CGTNNNTGA-"}
"""Of the made-up run's filters, 0 has too little information, and 2 and 4 have names."""


def test_filters_begun_as_words_are_told_apart_everywhere(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1)))
    expected = pd.DataFrame({"motif": ["MA0265.3", "MA1.1"], "factor": ["ABF1", "other"]})
    trained = [with_words(training, WORDS) for training in run.trained]
    run = dataclasses.replace(run, trained=trained, expected=expected)
    section = f.filters(run, {})
    text = " ".join(section.text)
    assert "3 filters of DanQ" in text and "no database took part" in text
    assert "initialise_from: random, stem: exponential" in text
    counts, recovered, factors = section.folds[0].tables
    named_words = run.trained[0].named()["name"].isin(["filter0", "filter2", "filter4"]).sum()
    row = dict(zip(counts.columns, counts.rows[0], strict=True))
    assert (row["of them begun as words"].text, row["named, begun as words"].text) == (
        "3",
        str(named_words),
    )
    assert recovered.columns[2:4] == ["found", "found by filters begun at random"]
    assert any("at random" in cell.note for row in factors.rows for cell in row)
    galleries = section.folds[1].galleries
    facts = [fact for gallery in galleries for logo in gallery.logos for fact in logo.facts]
    assert "began as CGGGTA, enriched in Reb1" in facts
    assert any("begun as words" in gallery.title for gallery in galleries)


def test_a_run_without_such_filters_has_no_columns_for_them(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1)))
    section = f.filters(run, {})
    headings = [heading for table in section.tables for heading in table.columns]
    assert not any("begun" in heading for heading in headings)
    assert not any("word" in paragraph for paragraph in section.text)


def test_filters_of_known_motifs_are_left_out_as_before(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    training = run.trained[0]
    known = training._replace(facts={**training.facts, "filters_initialised_from": ["MA0265.3"]})
    section = f.filters(dataclasses.replace(run, trained=[known]), {})
    assert "1 filter of DeepSEA were initialised from known motifs" in " ".join(section.text)


def test_filters_of_another_training_are_left_out(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    training = run.trained[0]
    options = {**training.facts.get("options", {}), "initialise_from": "checkpoint"}
    facts = {
        **training.facts,
        "filters_initialised_from": ["filter0 of deepsea seed 4"],
        "options": options,
        "start": {"up_to": "stem"},
    }
    taken = training._replace(facts=facts)
    section = f.filters(dataclasses.replace(run, trained=[taken]), {})
    text = " ".join(section.text)
    assert "1 filter of DeepSEA began as those of another training (train.start)" in text
    assert "known motifs. They are left out" not in text
