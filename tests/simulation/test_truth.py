import numpy as np
import pandas as pd

from danq.motif.sites import ARRANGEMENTS
from danq.simulation.grammar import MOTIFS, TARGETS
from danq.simulation.truth import elements, planted_pairs, truth
from tests.simulation.helpers import site_table


def test_an_element_at_the_end_of_a_chromosome_moves_inside():
    table = elements(site_table(("CTCF", 0, "+"), ("SRF", 990, "+")), 1000)
    assert table[["start", "end"]].to_numpy().tolist() == [[0, 200], [800, 1000]]


# --- the planted truth ---


def cases(a, b, apart):
    return pd.DataFrame(
        [
            (MOTIFS[a], MOTIFS[b], *arrangement, distance)
            for arrangement in ARRANGEMENTS
            for distance in apart
        ],
        columns=["a", "b", "order", "orientation", "distance"],
    )


def rule_of(a, b, apart=range(0, 251), window=600):
    """Return the truth about the target of motif a; check that it says nothing of others."""
    table = truth(cases(a, b, apart), window)
    assert len(table) == 4 * len(apart) * len(TARGETS)
    assert (table.loc[table["name"] != a, "effect"] == 0).all()
    rows = table[table["name"] == a].reset_index(drop=True)
    assert (rows["target"] == [target.name for target in TARGETS].index(a)).all()
    return rows


def test_truth_of_order():
    rows = rule_of("ONECUT3", "HNF4A")
    near = rows["distance"].between(40, 160)
    holds = near & (rows["order"] == "a b") & (rows["orientation"] == "same")
    assert (rows["effect"] == holds).all()
    assert (rows["kind"] == np.where(holds, "positive", np.where(near, "decoy", "neither"))).all()


def test_truth_of_an_insulator():
    rows = rule_of("TFE3", "TP53")
    holds = rows["distance"].between(70, 200)
    assert (rows["effect"] == holds).all() and (
        rows["kind"] == np.where(holds, "positive", "neither")
    ).all()


def test_truth_of_an_inhibitor():
    rows = rule_of("SRF", "REST")
    # The element is centred on SRF: (distance + 20 bp of REST) / 2 off the middle of the bin, and
    # more than half of it covered up to 100 bp off.
    off = (rows["distance"] + 20) / 2
    assert (rows.loc[off < 99, "effect"] == -1).all() and (rows.loc[off > 101, "effect"] == 0).all()
    assert (rows.loc[off < 99, "kind"] == "decoy").all() and (
        rows.loc[off > 101, "kind"] == "neither"
    ).all()


def test_truth_of_the_helix():
    rows = rule_of("GFI1", "ZIC1")
    turns = (rows["distance"] + (11 + 14) / 2) / 10.5
    within = (turns > 2.75) & (turns < 12.75)
    faces = within & (abs(turns - turns.round()) < 0.25)
    assert (rows["effect"] == faces).all()
    assert (rows["kind"] == np.where(faces, "positive", np.where(within, "decoy", "neither"))).all()


def test_truth_says_nothing_of_motifs_that_are_not_planted():
    mixed = pd.concat([cases("SRF", "REST", [50]), cases("SRF", "REST", [50]).assign(b="MA9999.1")])
    assert set(truth(mixed, 500)["b"]) == {MOTIFS["REST"]}
    assert truth(mixed[mixed["b"] == "MA9999.1"], 500).empty


def test_planted_pairs_are_those_that_a_rule_couples():
    pairs = [(a.alias, b.alias) for a, b in planted_pairs()]
    assert pairs == [("ONECUT3", "HNF4A"), ("SRF", "REST"), ("TFE3", "TP53"), ("GFI1", "ZIC1")]
