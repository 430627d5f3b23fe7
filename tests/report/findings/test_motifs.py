"""What filters resemble: relatives of what was planted, and which model found what."""

import numpy as np
import pandas as pd
import pytest

from danq.motif.meme import Motif
from danq.report.findings.motifs import (
    Layer,
    ablation_matrix,
    expected_counts,
    expected_kinds,
    factor_seeds,
    filter_counts,
    finders,
    recovery,
)
from danq.report.run_trainings import Trained
from tests.report.toy_run import with_words

PLANTED = pd.DataFrame(
    {"motif": ["MA0139.2", "MA0060.1", "MA0106.3"], "factor": ["CTCF", "NFYA", "TP53"]}
)


def test_recovered_by_identifier_or_factor():
    named = pd.DataFrame(
        {
            "name": ["filter1", "filter2", "filter9"],
            "match": ["MA0139.1", "MA0060.1", "MA1596.1"],
            "factor": ["CTCF", "NF-Y", "ZNF460"],
        }
    )
    assert expected_kinds(PLANTED, named, {}).tolist() == ["recovered", "recovered", "off-target"]
    counts = expected_counts(PLANTED, named)
    assert counts.index.tolist() == ["CTCF", "NFYA", "TP53"] and counts.tolist() == [1, 1, 0]


@pytest.fixture(scope="module")
def known():
    """Random motifs, among them one that is planted and one much like it."""
    rng = np.random.default_rng(0)
    motifs = [Motif(f"MA{k:04}.1", f"F{k}", rng.dirichlet([0.2] * 4, size=12)) for k in range(60)]
    like = 0.9 * motifs[7].matrix[::-1, ::-1] + 0.025
    return {motif.name: motif for motif in [*motifs, Motif("MA9999.1", "LIKE7", like)]}


@pytest.mark.parametrize("planted", [("MA0007.1", "other"), ("MA1111.1", "F7")])
def test_relatives_are_like_a_planted_motif(known, planted):
    named = pd.DataFrame(
        {
            "match": ["MA0007.1", "MA9999.1", "MA0030.1", "MA5555.5"],
            "factor": ["F7", "LIKE7", "F30", "gone"],
        },
        index=[4, 2, 9, 0],
    )
    planted = pd.DataFrame([planted], columns=["motif", "factor"])
    kinds = expected_kinds(planted, named, known)
    assert kinds.to_dict() == {4: "recovered", 2: "relative", 9: "off-target", 0: "off-target"}
    assert expected_kinds(planted, named, {}).tolist() == [
        "recovered",
        "off-target",
        "off-target",
        "off-target",
    ]


def test_kinds_of_no_filter(known):
    assert expected_kinds(PLANTED, pd.DataFrame({"match": [], "factor": []}), known).empty


def test_seeds_in_which_a_factor_was_found():
    def trained(model, seed, factors, named="yes"):
        matches = pd.DataFrame(
            {
                "layer": "filter",
                "name": [f"filter{k}" for k in range(len(factors))],
                "rank": 1,
                "filter": range(len(factors)),
                "q": 0.01,
                "factor": factors,
                "named": named,
            }
        )
        return Trained(model, seed, pd.DataFrame(), {}, matches, {}, pd.DataFrame())

    table = factor_seeds(
        [
            trained("danq", 0, ["A", "A", "B"]),
            trained("danq", 1, ["A"]),
            trained("deepsea", 0, ["B"]),
            trained("mlp", 0, ["C"], "no"),
        ]
    )
    assert table.columns.tolist() == ["danq", "deepsea", "mlp"]
    assert (
        table.loc["A"].tolist() == [2, 0, 0]
        and table.loc["B"].tolist() == [1, 1, 0]
        and "C" not in table.index
    )
    assert factor_seeds([trained("danq", 0, ["A"], "no")]).empty


def test_case_does_not_matter():
    expected = pd.DataFrame({"motif": ["MA0265.3"], "factor": ["Abf1"]})
    named = pd.DataFrame({"match": ["MA0265.1", "MA0001.1"], "factor": ["ABF1", "AGL3"]})
    assert expected_kinds(expected, named, {}).tolist() == ["recovered", "off-target"]
    assert expected_counts(expected, named).to_dict() == {"Abf1": 1}


@pytest.mark.parametrize(
    ("danq", "deepsea", "expected"),
    [(0, 2, "only without"), (1, 2, "with and without"), (3, 0, "only with recurrence")],
)
def test_models_with_and_without_recurrence_find_a_factor(danq, deepsea, expected):
    assert finders(pd.Series({"danq": danq, "deepsea": deepsea})) == expected


def test_similar_filters_and_similar_targets_are_neighbours():
    effects = {"filter0": [1, 1, -1], "filter1": [-1, -1, 1], "filter2": [1.1, 1, -1]}
    rows = [(name, target, v) for name, row in effects.items() for target, v in enumerate(row)]
    ablation = pd.DataFrame(rows, columns=["motif", "target", "effect"])
    training = Trained("danq", 0, pd.DataFrame(), {}, pd.DataFrame(), {}, ablation)
    matrix = ablation_matrix(training)
    assert abs(matrix.index.get_loc("filter0") - matrix.index.get_loc("filter2")) == 1
    assert abs(matrix.columns.get_loc(0) - matrix.columns.get_loc(1)) == 1
    assert matrix.loc["filter2", 0] == 1.1


@pytest.fixture
def half_words():
    """Four filters: ABF1 and REB1 begun as words, REB1 and an unmatched one at random."""
    matches = pd.DataFrame({"factor": ["ABF1", "REB1", "REB1", "RAP1"], "filter": range(4)})
    matches["name"] = "filter" + matches["filter"].astype(str)
    matches["named"] = ["yes", "yes", "yes", "no"]
    matches = matches.assign(layer="filter", rank=1, q=0.01, n_sites=20, tested="yes")
    matches = matches.assign(match="MA1", cluster=matches["name"], empirical_fdr=0.0)
    training = Trained("danq", 0, pd.DataFrame(), {}, matches, {}, pd.DataFrame())
    return with_words(training, {0: "Abf1:CGTNNNTGA", 1: "Reb1:CGGGTA"})


def test_filters_begun_as_words_are_counted_apart(half_words):
    counts = filter_counts(Layer("filter", half_words))
    assert (counts["with_sites"], counts["words"]) == (4, 2)
    assert (counts["named"], counts["named_words"]) == (3, 2)
    assert (counts["factors"], counts["random_factors"]) == (2, 1)


def test_what_random_filters_found_is_counted_apart(half_words):
    expected = pd.DataFrame({"motif": ["MA7", "MA8"], "factor": ["Abf1", "Reb1"]})
    found = recovery(expected, half_words.named(), {})
    assert found.counts.to_dict() == {"Abf1": 1, "Reb1": 2}
    assert found.random_counts.to_dict() == {"Abf1": 0, "Reb1": 1}
    assert factor_seeds([half_words])["danq"].to_dict() == {"ABF1": 1, "REB1": 1}
    assert factor_seeds([half_words], random_only=True)["danq"].to_dict() == {"REB1": 1}
