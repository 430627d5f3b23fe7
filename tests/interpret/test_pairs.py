"""Pairs of motifs by name, of the targets' own motifs, and of the planted grammar."""

import types

import numpy as np
import pytest

from danq.errors import DanqError
from danq.interpret.pairs import Pair, choose_pairs
from danq.motif.meme import write_meme
from danq.simulation.grammar import MOTIFS, TARGETS
from danq.simulation.truth import planted_pairs
from tests.conftest import refuse
from tests.interpret.helpers import ALPHA, PAIR, word_motif


@pytest.fixture
def known():
    names = [("MA1.1", "SRF"), ("MA2.1", "Hnf4a"), ("MA3.1", "HNF4A"), ("MA4.2", "GATA1::TAL1")]
    return [word_motif(name, ALPHA, alias) for name, alias in names]


def fake_data(jaspar, positives=(), names=None, groups=None):
    """Return what `choose_pairs` asks of a dataset."""
    names = names or [f"target {number}" for number in range(len(jaspar))]
    return types.SimpleNamespace(
        names=names,
        groups=groups or ["TF"] * len(jaspar),
        jaspar=jaspar,
        positives={"train": np.array(positives)}.get,
    )


@pytest.fixture
def motifs(known, tmp_path):
    """Return the path of a file of the known motifs."""
    path = tmp_path / "known.meme"
    write_meme(path, known)
    return path


def identifiers(pairs):
    return [(a.name, b.name) for a, b in pairs]


def factors(pairs):
    return [(a.alias, b.alias) for a, b in pairs]


def test_named_pairs_are_taken_each_once(motifs):
    data = fake_data(["MA1.1"])
    pairs = choose_pairs(["SRF+MA2.1", "MA2.1+SRF", "SRF+MA2.1"], data, motifs)
    assert identifiers(pairs) == [("MA1.1", "MA2.1"), ("MA2.1", "MA1.1")]


@pytest.mark.parametrize("word", ["SRF", "SRF+SRF+SRF"])
def test_a_word_that_is_no_pair_is_refused(motifs, word):
    message = f"'{word}' is not a pair; give two motifs as SRF+REST"
    refuse(message, choose_pairs, [word], fake_data(["MA1.1"]), motifs)


def test_the_targets_own_motifs_are_paired_the_best_known_first(motifs):
    jaspar = ["", "MA1.1", "MA2.1", "MA3.1", "MA4.2", "MA4.2"]
    pairs = choose_pairs([], fake_data(jaspar, [99, 5, 7, 6, 2, 9]), motifs)
    assert identifiers(pairs) == [("MA4.2", "MA2.1"), ("MA4.2", "MA3.1"), ("MA2.1", "MA3.1")]


@pytest.mark.parametrize("jaspar", [["", ""], ["MA1.1", "MA1.1"]])
def test_fewer_than_two_motifs_make_no_pair(motifs, jaspar):
    assert choose_pairs([], fake_data(jaspar, [1, 1]), motifs) == []


def test_a_target_whose_motif_is_unknown_is_refused(motifs):
    with pytest.raises(DanqError, match="no known motif is called 'MA9"):
        choose_pairs([], fake_data(["MA9.1"], [1]), motifs)


def simulated_data(targets):
    """Return what `choose_pairs` asks of a dataset with some targets of the simulation."""
    names = [target.name for target in targets]
    groups = [target.group for target in targets]
    jaspar = [MOTIFS[name] for name in names]
    return fake_data(jaspar, [1] * len(targets), names, groups)


def test_the_targets_of_the_simulation_bring_the_planted_pairs():
    planted = [("ONECUT3", "HNF4A"), ("SRF", "REST"), ("TFE3", "TP53"), ("GFI1", "ZIC1")]
    pairs = choose_pairs([], simulated_data(TARGETS), "no.meme")
    assert factors(pairs) == planted
    assert identifiers(pairs) == [(MOTIFS[a], MOTIFS[b]) for a, b in planted]
    assert identifiers(pairs) == identifiers(planted_pairs())


def test_some_targets_of_the_simulation_bring_their_own_pairs():
    pairs = choose_pairs([], simulated_data(TARGETS[4:5]), "no.meme")
    assert factors(pairs) == [("SRF", "REST")]


def test_a_pair_is_called_by_its_factors_or_identifiers(known):
    assert Pair(known[0], known[3]).name == "SRF+GATA1::TAL1"
    assert Pair(*PAIR).name == "alpha+beta"
