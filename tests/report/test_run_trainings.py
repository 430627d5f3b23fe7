"""What a training left: best matches, and what ablation of a filter changes most."""

import numpy as np
import pandas as pd
import pytest

from danq.report.run_trainings import (
    ABOVE_WORDS,
    RANDOM,
    WORD,
    Trained,
    read_training,
    training_folders,
)


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
    training = Trained("danq", 0, pd.DataFrame(), {}, matches, {}, pd.DataFrame())
    assert (
        training.best_matches()["q"].tolist()[::2] == [0.01, 0.001]
        and len(training.best_matches()) == 3
    )
    assert training.named()["name"].tolist() == ["filter2", "filter0"]


def test_a_filter_initialised_from_a_motif_discovered_nothing():
    rows = [(0, 1, 1e-9), (0, 2, 0.5), (1, 1, 1e-5), (10, 1, 1e-7)]
    matches = pd.DataFrame(rows, columns=["filter", "rank", "q"])
    matches["name"] = "filter" + matches["filter"].astype(str)
    matches["named"] = np.where(matches["q"] < 0.05, "yes", "no")
    for started, expected in (([], [0, 10, 1]), (["MA1", ""], [10, 1]), (["", "MA1-"], [0, 10])):
        training = Trained(
            "danq",
            0,
            pd.DataFrame(),
            {"filters_initialised_from": started},
            matches,
            {},
            pd.DataFrame(),
        )
        assert training.named()["filter"].tolist() == expected
        assert set(training.best_matches()["filter"]) == set(expected)
    assert len(Trained("danq", 0, pd.DataFrame(), {}, matches, {}, pd.DataFrame()).named()) == 3


def test_a_filter_that_began_as_an_enriched_word_is_told_apart():
    matches = pd.DataFrame({"name": ["filter0", "filter1", "second0"], "rank": 1, "q": 0.01})
    matches = matches.assign(filter=[0, 1, 0], named="yes")
    initial = ["Abf1:CGTNNNNNNTGA-", ""]
    for source, known, words, began in (
        ("enriched", {}, {"filter0": "Abf1:CGTNNNNNNTGA"}, [WORD, RANDOM, ABOVE_WORDS]),
        ("known", {"filter0": initial[0]}, {}, [RANDOM, RANDOM]),
    ):
        facts = {"filters_initialised_from": initial, "options": {"initialise_from": source}}
        training = Trained("danq", 0, pd.DataFrame(), facts, matches, {}, pd.DataFrame())
        assert training.initialised_from() == known
        assert training.enriched_words() == words
        assert training.best_matches()["began"].tolist() == began
        assert sorted(training.named()["began"]) == sorted(began)


@pytest.mark.parametrize(("up_to", "taken"), [("stem", 1), ("body", 2)])
def test_filters_of_another_training_discovered_nothing(up_to, taken):
    names = ["filter0", "second0"]
    matches = pd.DataFrame({"name": names, "layer": ["filter", "second"], "rank": 1, "q": 0.01})
    matches = matches.assign(filter=0, named="yes")
    facts = {
        "filters_initialised_from": ["filter0 of deepsea seed 4"],
        "options": {"initialise_from": "checkpoint"},
        "start": {"up_to": up_to},
    }
    training = Trained("deepsea", 0, pd.DataFrame(), facts, matches, {}, pd.DataFrame())
    assert training.taken_filters() == names[:taken]
    assert training.best_matches()["name"].tolist() == names[taken:]
    assert training.initialised_from() == {} and training.enriched_words() == {}


def test_the_most_affected_target_of_each_filter():
    ablation = pd.DataFrame(
        {
            "motif": ["filter0"] * 3 + ["filter1"],
            "target": [0, 1, 2, 0],
            "name": [*"abca"],
            "effect": [0.5, -2, np.nan, 0.1],
            "se": [0.1, 0.5, np.nan, 0.06],
        }
    )
    training = Trained("danq", 0, pd.DataFrame(), {}, pd.DataFrame(), {}, ablation)
    assert training.effects().loc["filter0"].tolist() == [1, "b", -2]
    assert "filter1" not in training.effects().index  # within twice its standard error
    assert training._replace(ablation=pd.DataFrame()).effects().empty


def test_a_training_without_files_is_empty(tmp_path):
    training = read_training(tmp_path / "danq" / "seed3")
    assert (training.model, training.seed) == ("danq", 3)
    assert training.history.empty and training.matches.empty and training.ablation.empty
    assert training.facts == {} and training.motifs == {}


def test_folders_are_in_the_order_of_models_and_seeds(tmp_path):
    metrics = pd.DataFrame({"model": ["danq", "deepsea", "danq"], "seed": [1.0, 0.0, 0.0]})
    folders = training_folders(tmp_path, metrics, ["deepsea", "danq"])
    names = [str(path.relative_to(tmp_path)) for path in folders]
    assert names == ["deepsea/seed0", "danq/seed0", "danq/seed1"]
