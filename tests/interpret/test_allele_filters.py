"""Filters over one allele: against a filter that is one word."""

import numpy as np
import pytest
import torch

from danq.errors import DanqError
from danq.genome.alleles import AlleleWindows
from danq.genome.sequence import Genome, encode, find_unknown, pack, reverse_complement
from danq.interpret.allele_filters import (
    AlleleFilters,
    FilterNames,
    filters_of,
    random_windows,
    read_filter_names,
)
from danq.network.motif_layers import Layer
from tests.network.tiled_toy import bases, load_model

WORDS = ("GATTACA", "CCGTAAC")
LENGTH = 60


def word_layer():
    """Return a layer whose filters count the bases of words, less what half of them would give."""
    weights = torch.from_numpy(np.stack([np.eye(4)[encode(word)].T for word in WORDS])).float()

    def activations(X):
        return torch.nn.functional.conv1d(X, weights) - 3

    return Layer("filter", activations, len(WORDS), 7)


def pair(word, broken, start=25):
    """Return windows with a word, and with another one in its place."""
    text = bases(LENGTH, seed=3)
    place = slice(start, start + len(word))
    sides = [text[:start] + side + text[start + len(word) :] for side in (word, broken)]
    ref, alt = (encode(side) for side in sides)
    return AlleleWindows(ref, alt, 0, 0, place, place)


def scan():
    filters = AlleleFilters(word_layer(), FilterNames("", {"filter1": "CTCF"}))
    filters.look(np.stack([encode(word * 10)[:LENGTH] for word in WORDS]))
    return filters


def test_a_filter_fires_where_its_word_is_and_not_where_it_is_broken():
    (change,) = scan().changes(pair("CCGTAAC", "CCAAAGC"))
    assert (change.filter, change.name, change.change) == ("filter1", "CTCF", "lost")
    assert change.ref == 1 and change.alt <= 0.5
    (other,) = scan().changes(pair("CCAAAGC", "CCGTAAC"))
    assert (other.change, other.ref, other.alt) == ("gained", change.alt, 1)


def test_either_strand_counts():
    windows = pair("CCGTAAC", "CCAAAGC")
    mirrored = slice(LENGTH - windows.ref_allele.stop, LENGTH - windows.ref_allele.start)
    sides = [reverse_complement(side) for side in (windows.ref, windows.alt)]
    other = AlleleWindows(*sides, 0, 0, mirrored, mirrored)
    assert scan().changes(other) == scan().changes(windows)


def test_a_word_beside_the_allele_does_not_count():
    windows = pair("CCGTAAC", "CCAAAGC")
    beside = slice(40, 41)
    moved = windows._replace(ref_allele=beside, alt_allele=beside)
    assert scan().changes(moved) == []


def test_a_filter_that_never_fires_has_no_share():
    filters = AlleleFilters(word_layer(), FilterNames("", {}))
    assert filters.changes(pair("CCGTAAC", "CCAAAGC")) == []


def test_the_filters_of_models_are_told_apart(tmp_path):
    models = [load_model(tmp_path / f"{seed}.ckpt", seed) for seed in range(2)]
    names = [FilterNames(f"seed {seed} ", {}) for seed in range(2)]
    layers = [model.motif_layers() for model in models]
    found = [one for pair in zip(layers, names, strict=True) for one in filters_of(*pair)]
    assert [one.names.prefix for one in found] == ["seed 0 ", "seed 1 "]
    assert filters_of([], names[0]) == []
    windows = np.random.default_rng(0).integers(0, 4, (5, 200)).astype(np.uint8)
    found[0].look(windows)
    X = torch.from_numpy(np.eye(5)[windows][..., :4].transpose(0, 2, 1).copy()).float()
    with torch.inference_mode():
        both = [layers[0][0].activations(Y).relu() for Y in (X, X.flip(1, 2))]
    expected = torch.stack(both).amax(dim=(0, 1, 3)).numpy()
    assert found[0].highest == pytest.approx(expected, rel=1e-5)


def test_random_windows_lie_in_the_genome():
    text = {"a": bases(300, 1), "b": bases(40, 2), "c": bases(100, 3)}
    packed = {name: pack(encode(value)) for name, value in text.items()}
    unknown = {name: find_unknown(encode(value), 0) for name, value in text.items()}
    genome = Genome(packed, {name: len(value) for name, value in text.items()}, unknown)
    windows = random_windows(genome, 50, 30, 0)
    found = {"".join("ACGT"[base] for base in window) for window in windows}
    assert windows.shape == (30, 50) and all(
        any(word in text[name] for name in "ac") for word in found
    )
    assert (random_windows(genome, 50, 30, 0) == windows).all()
    assert random_windows(genome, 1000, 30, 0).shape == (0, 1000)


def test_names_are_those_of_matches(tmp_path):
    path = tmp_path / "matches.tsv"
    rows = "filter0\t1\tCTCF\tyes\nfilter0\t2\tZIC1\tno\nfilter1\t1\tSRF\tno\n"
    path.write_text("name\trank\tfactor\tnamed\n" + rows)
    assert read_filter_names(path) == {"filter0": "CTCF"}
    path.write_text("name\tfactor\nfilter0\tCTCF\n")
    with pytest.raises(DanqError, match=r"no column rank; give matches\.tsv"):
        read_filter_names(path)
