"""Pairs of motifs by name, of the targets' own motifs, and of the planted grammar."""

import types

import numpy as np
import pytest

from danq.errors import DanqError
from danq.interpret.pairs import Pair, choose_pairs, find_motif
from danq.motif.meme import write_meme
from danq.simulation.grammar import MOTIFS, TARGETS
from danq.simulation.truth import planted_pairs
from tests.conftest import refuse
from tests.interpret.helpers import ALPHA, PAIR, word_motif


@pytest.fixture
def known():
    names = [("MA1.1", "SRF"), ("MA2.1", "Hnf4a"), ("MA3.1", "HNF4A"), ("MA4.2", "GATA1::TAL1")]
    return [word_motif(name, ALPHA, alias) for name, alias in names]


@pytest.mark.parametrize(
    ("name", "found"), [("ma1.1", 0), ("srf", 0), ("MA3.1", 2), ("Gata1::Tal1", 3)]
)
def test_a_motif_is_found_by_identifier_or_factor(known, name, found):
    assert find_motif(known, name) is known[found]


def test_a_name_of_none_or_of_several_motifs_is_refused(known):
    refuse(
        "2 known motifs are called 'HNF4A': MA2.1, MA3.1; give the identifier of one",
        find_motif,
        known,
        "HNF4A",
    )
    refuse(
        "no known motif is called 'MYC'; give the identifier or factor of one of --motifs",
        find_motif,
        known,
        "MYC",
    )


def fake_data(jaspar, positives=(), names=None, groups=None):
    """Return what `choose_pairs` asks of a dataset."""
    names = names or [f"target {number}" for number in range(len(jaspar))]
    return types.SimpleNamespace(
        names=names,
        groups=groups or ["TF"] * len(jaspar),
        jaspar=jaspar,
        positives={"train": np.array(positives)}.get,
    )


def identifiers(pairs):
    return [(a.name, b.name) for a, b in pairs]


def test_named_pairs_are_taken_each_once(known, tmp_path):
    write_meme(tmp_path / "known.meme", known)
    data, words = fake_data(["MA1.1"]), ["SRF+MA2.1", "MA2.1+SRF", "SRF+MA2.1"]
    assert identifiers(choose_pairs(words, data, tmp_path / "known.meme")) == [
        ("MA1.1", "MA2.1"),
        ("MA2.1", "MA1.1"),
    ]
    for word in ("SRF", "SRF+SRF+SRF"):
        refuse(
            f"'{word}' is not a pair; give two motifs as SRF+REST",
            choose_pairs,
            [word],
            data,
            tmp_path / "known.meme",
        )


def test_the_targets_own_motifs_are_paired_the_best_known_first(known, tmp_path):
    write_meme(tmp_path / "known.meme", known)
    data = fake_data(["", "MA1.1", "MA2.1", "MA3.1", "MA4.2", "MA4.2"], [99, 5, 7, 6, 2, 9])
    assert identifiers(choose_pairs([], data, tmp_path / "known.meme")) == [
        ("MA4.2", "MA2.1"),
        ("MA4.2", "MA3.1"),
        ("MA2.1", "MA3.1"),
    ]
    assert choose_pairs([], fake_data(["", ""], [1, 1]), tmp_path / "known.meme") == []
    assert choose_pairs([], fake_data(["MA1.1", "MA1.1"], [1, 1]), tmp_path / "known.meme") == []
    with pytest.raises(DanqError, match="no known motif is called 'MA9"):
        choose_pairs([], fake_data(["MA9.1"], [1]), tmp_path / "known.meme")


def test_the_targets_of_the_simulation_bring_the_planted_pairs():
    names, groups = [target.name for target in TARGETS], [target.group for target in TARGETS]
    jaspar = [MOTIFS[name] for name in names]
    planted = [("ONECUT3", "HNF4A"), ("SRF", "REST"), ("TFE3", "TP53"), ("GFI1", "ZIC1")]
    found = choose_pairs([], fake_data(jaspar, [1] * 7, names, groups), "no.meme")
    assert [(a.alias, b.alias) for a, b in found] == planted
    assert (
        identifiers(found)
        == [(MOTIFS[a], MOTIFS[b]) for a, b in planted]
        == identifiers(planted_pairs())
    )
    some = choose_pairs([], fake_data(jaspar[4:5], [1], names[4:5], groups[4:5]), "no.meme")
    assert [(a.alias, b.alias) for a, b in some] == [("SRF", "REST")]


def test_a_pair_is_called_by_its_factors_or_identifiers(known):
    assert Pair(known[0], known[3]).name == "SRF+GATA1::TAL1"
    assert Pair(*PAIR).name == "alpha+beta"
