"""Substitutions in a window: each is scored as danq variants scores a change of one base."""

import numpy as np
import pytest
import torch

from danq.genome.alleles import AlleleWindows
from danq.genome.sequence import UNKNOWN, encode, reverse_complement
from danq.genome.tables import Region
from danq.interpret.contributions import mutagenesis
from danq.network.substitutions import base_effects, rows_of_region, substitution_changes
from danq.network.variant_frames import open_genome
from danq.network.variant_scores import score_windows
from tests.interpret.helpers import Linear, trained_model, window
from tests.network.tiled_toy import WINDOW, bases, load_model

COLUMNS = [2, 0]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return [load_model(folder / f"{seed}.ckpt", seed) for seed in range(2)]


def test_each_change_is_that_of_two_windows(models):
    sequence = encode(bases(WINDOW))
    sequence[20] = UNKNOWN
    positions = [0, 20, 99, WINDOW - 1]
    found = substitution_changes(models, sequence, positions, COLUMNS)
    assert found.shape == (4, 4, 2) and not found[1].any()
    for number, position in enumerate(positions):
        for base in range(4):
            other = sequence.copy()
            if other[position] != UNKNOWN:
                other[position] = base
            pair = AlleleWindows(sequence, other, 0, 0, slice(0), slice(0))
            expected = score_windows(models, [pair], COLUMNS).change[0]
            assert found[number, base] == pytest.approx(expected, abs=1e-5)


def test_the_other_strand_has_the_same_effects(models):
    sequence = encode(bases(WINDOW, seed=1))
    here = base_effects(substitution_changes(models, sequence, range(40, 60), COLUMNS))
    other = reverse_complement(sequence)
    places = range(WINDOW - 60, WINDOW - 40)
    there = base_effects(substitution_changes(models, other, places, COLUMNS))
    assert there[::-1] == pytest.approx(here, abs=1e-4) and np.abs(here).max() > 0.01


def test_of_a_linear_network_that_reads_both_strands_alike_it_is_mutagenesis():
    """The mean over strands is then the logit itself, as mutagenesis of one network has it."""
    network = Linear()
    with torch.no_grad():
        network.weight.copy_(network.mean_weight())
    X = window(unknown=(3,))
    indices = np.where(X.any(dim=0), X.argmax(dim=0), UNKNOWN).astype(np.uint8)
    model = trained_model(network, ["a", "b", "c"], X.shape[1])
    found = base_effects(substitution_changes([model], indices, range(len(indices)), [0, 2]))
    expected = (mutagenesis(network, X, [0, 2]) * X).sum(dim=1).T.numpy()
    assert found == pytest.approx(expected, abs=1e-4)


def test_the_rows_of_a_region_are_every_change_of_its_known_bases():
    genome = open_genome({"x": "TTACNGTT"})
    rows = list(rows_of_region(genome, Region("x", 2, 6)))
    words = [f"{row.pos}{row.ref}{row.alt}" for row in rows]
    assert words == ["3AC", "3AG", "3AT", "4CA", "4CG", "4CT", "6GA", "6GC", "6GT"]
    assert [row.number for row in rows] == list(range(1, 10))
