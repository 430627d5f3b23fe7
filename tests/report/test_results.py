"""Reading a run back: best matches, best epochs, and what was found of planted motifs."""

import numpy as np
import pandas as pd
import pytest

from danq.motif.meme import Motif
from danq.report.results import (
    Trained,
    best_epoch,
    configured_motifs,
    expected_counts,
    expected_kinds,
    factor_seeds,
    read_text,
)

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


def test_best_match_of_each_filter_the_surest_first():
    matches = pd.DataFrame(
        {
            "filter": [0, 0, 1, 2],
            "name": ["filter0", "filter0", "filter1", "filter2"],
            "rank": [2, 1, np.nan, 1],
            "q": [0.02, 0.01, np.nan, 0.001],
            "named": ["no", "yes", "no", "yes"],
        }
    )
    one = Trained("danq", 0, pd.DataFrame(), {}, matches, {}, pd.DataFrame())
    assert one.best_matches()["q"].tolist()[::2] == [0.01, 0.001] and len(one.best_matches()) == 3
    assert one.named()["name"].tolist() == ["filter2", "filter0"]


@pytest.mark.parametrize(("best", "epoch"), [(["no", "yes", "no"], 2), (["no", "no", "no"], 3)])
def test_best_epoch(best, epoch):
    assert best_epoch(pd.DataFrame({"best": best, "valid_auprc": [0.1, 0.2, 0.3]})) == epoch


@pytest.mark.parametrize(
    "settings", ["", "motifs: gone.meme", "run: x", "- a", "a: [", "motifs: JASPAR1999:fungi"]
)
def test_known_motifs_that_are_not_to_be_had(settings):
    assert configured_motifs(settings) == {}


def test_text_is_read_whatever_its_bytes(tmp_path):
    (tmp_path / "odd").write_bytes(b"a\xff\r\nb")
    assert read_text(tmp_path / "odd") == "a\N{REPLACEMENT CHARACTER}\nb"


def test_a_filter_that_started_as_a_motif_discovered_nothing():
    rows = [(0, 1, 1e-9), (0, 2, 0.5), (1, 1, 1e-5), (10, 1, 1e-7)]
    matches = pd.DataFrame(rows, columns=["filter", "rank", "q"])
    matches["name"] = "filter" + matches["filter"].astype(str)
    matches["named"] = np.where(matches["q"] < 0.05, "yes", "no")
    for started, expected in (([], [0, 10, 1]), (["MA1", ""], [10, 1]), (["", "MA1-"], [0, 10])):
        one = Trained(
            "danq",
            0,
            pd.DataFrame(),
            {"filters_initialised_from": started},
            matches,
            {},
            pd.DataFrame(),
        )
        assert one.named()["filter"].tolist() == expected
        assert set(one.best_matches()["filter"]) == set(expected)
    assert len(Trained("danq", 0, pd.DataFrame(), {}, matches, {}, pd.DataFrame()).named()) == 3


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


def test_the_loudest_target_of_each_filter():
    ablation = pd.DataFrame(
        {
            "motif": ["filter0"] * 3 + ["filter1"],
            "target": [0, 1, 2, 0],
            "name": [*"abca"],
            "effect": [0.5, -2, np.nan, 0.1],
            "se": [0.1, 0.5, np.nan, 0.06],
        }
    )
    one = Trained("danq", 0, pd.DataFrame(), {}, pd.DataFrame(), {}, ablation)
    assert one.effects().loc["filter0"].tolist() == [1, "b", -2]
    assert "filter1" not in one.effects().index  # within twice its standard error
    assert one._replace(ablation=pd.DataFrame()).effects().empty


def test_case_does_not_matter():
    expected = pd.DataFrame({"motif": ["MA0265.3"], "factor": ["Abf1"]})
    named = pd.DataFrame({"match": ["MA0265.1", "MA0001.1"], "factor": ["ABF1", "AGL3"]})
    assert expected_kinds(expected, named, {}).tolist() == ["recovered", "off-target"]
    assert expected_counts(expected, named).to_dict() == {"Abf1": 1}
