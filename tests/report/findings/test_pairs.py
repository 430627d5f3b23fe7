"""What a comparison says, by hand-made numbers."""

import numpy as np
import pandas as pd
import pytest

from danq.catalog import Model, question_pairs
from danq.catalog import twins as catalog_twins
from danq.report.findings import pairs as p
from danq.report.run_scores import Pair


def pair(a="danq", b="danq_conv", differences=(), q=np.nan, **mean):
    rows = pd.DataFrame({"difference": list(differences), "q": q})
    return Pair(a, b, rows, pd.Series(mean, dtype=float), pd.DataFrame())


def made_up(name, **kwargs):
    return Model(name, name, "", "", 1.0, twin_of="danq", **kwargs)


def test_twins_are_told_apart_by_what_the_catalogue_says_of_them(monkeypatch):
    roster = [
        made_up("near"),
        made_up("far", receptive_field="window"),
        made_up("linear", receptive_field="window", recurrent=True),
        made_up("wide", receptive_field="window"),
    ]
    monkeypatch.setattr(p, "question_pairs", lambda: [("danq", twin.name) for twin in roster])
    monkeypatch.setattr(p, "twins", lambda name: roster if name == "danq" else [])
    compared = [pair(b=name) for name in ("deepsea", "wide", "linear", "far", "near")]
    twins = p.twin_pairs(compared)
    assert [pair.b for pair in twins.local] == ["near"]
    assert [pair.b for pair in twins.reach] == ["far", "wide"]
    assert [pair.b for pair in twins.recurrent] == ["linear"]
    assert twins.models == ["danq", "near", "far", "wide", "linear"]
    without = p.twin_pairs(compared[:1])
    assert without.models == without.pairs == []


def test_the_larger_model_is_asked_where_only_it_was_compared():
    large = next(a for a, _ in question_pairs() if a != "danq")
    [twin] = [twin for twin in catalog_twins(large) if twin.receptive_field == "local"]
    found = p.twin_pairs([pair(a=large, b=twin.name)])
    assert found.models == [large, twin.name]


def test_models_that_were_not_compared():
    assert p.find_pair([pair()], "deepsea", "danq") is None
    assert p.find_pair([pair()], "danq", "danq_conv").models == ("danq", "danq_conv")


def test_targets_by_the_sign_of_their_difference():
    compared = pair(differences=[0.1, 0.0, -0.2, 0.3, np.nan], q=[0.01, 0.5, 0.01, 0.06, np.nan])
    assert p.tally(compared) == p.Tally(higher=2, lower=1, equal=1, total=4)
    assert p.sure_tally(compared) == p.Tally(higher=1, lower=1, equal=0, total=2)
    assert p.sure_tally(pair(differences=[0.1])) is None


@pytest.mark.parametrize(
    ("seeds", "windows", "source"),
    [(0.4, 0.1, "seeds"), (0.1, 0.4, "windows"), (0.1, 0.14, "both"), (np.nan, 0.1, "")],
)
def test_what_makes_a_difference_uncertain(seeds, windows, source):
    assert p.main_source(pair(seed_sd=seeds, sampling_sd=windows)) == source
