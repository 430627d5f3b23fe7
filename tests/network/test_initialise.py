from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from danq.motif.meme import Motif, log_odds
from danq.network.initialise import (
    choose_motifs,
    initialise_from_enriched,
    initialise_from_motifs,
)
from tests.conftest import refuse

WIDTH, FILTERS = 26, 40


def random_motif(rng, name, width):
    return Motif(name, "", rng.dirichlet(np.full(4, 0.3), width))


def word_motif(word, name="word"):
    indices = ["ACGT".index(base) for base in word]
    return Motif(name, "", np.eye(4)[indices])


def one_hot(bases):
    """Encode bases as the channels A, C, G, T."""
    channels = [[float(base == channel) for base in bases] for channel in "ACGT"]
    return torch.tensor([channels])


class Initialised(NamedTuple):
    """Weights (F, 4, w) and biases of a convolution, before and after; motifs of its filters."""

    weights: torch.Tensor
    bias: torch.Tensor
    random_weights: torch.Tensor
    random_bias: torch.Tensor
    names: list[str]


def initialised(motifs, seed=0, filters=FILTERS, width=WIDTH, background=None):
    torch.manual_seed(1)
    conv = nn.Conv1d(4, filters, width)
    random_weights = conv.weight.detach().clone()
    random_bias = conv.bias.detach().clone()
    generator = torch.Generator().manual_seed(seed)
    names = initialise_from_motifs(conv, motifs, generator, background)
    return Initialised(conv.weight.detach(), conv.bias.detach(), random_weights, random_bias, names)


def find(weights, matrix):
    """Return every position of a filter (4, w) where a matrix (n, 4), less 0.25, stands."""
    expected = matrix.T - 0.25
    n = len(matrix)
    starts = []
    for start in range(weights.shape[1] - n + 1):
        columns = weights[:, start : start + n].numpy()
        if np.allclose(columns, expected, atol=1e-6):
            starts.append(start)
    return starts


def test_a_filter_holds_its_motif_less_a_quarter_and_keeps_its_random_weights_around_it():
    motif = random_motif(np.random.default_rng(0), "m", 9)
    starts = set()
    for seed in range(300):
        conv = initialised([motif], seed)
        for number, matrix in enumerate((motif.matrix, motif.matrix[::-1, ::-1])):
            (start,) = find(conv.weights[number], matrix)
            outside = torch.ones(WIDTH, dtype=bool)
            outside[start : start + 9] = False
            random = conv.random_weights[number][:, outside]
            assert torch.equal(conv.weights[number][:, outside], random)
            starts.add(start)
        assert -1 < conv.bias[:2].min() and conv.bias[:2].max() < 0
        assert torch.equal(conv.weights[2:], conv.random_weights[2:])
        assert torch.equal(conv.bias[2:], conv.random_bias[2:])
    assert starts == set(range(3, WIDTH - 9 - 3 + 1))


def test_biases_spread_from_minus_one_to_zero():
    rng = np.random.default_rng(0)
    motifs = [random_motif(rng, str(k), 8) for k in range(400)]
    bias = initialised(motifs, filters=400).bias
    assert -1 < bias.min() < -0.97 and -0.03 < bias.max() < 0
    assert bias.mean().item() == pytest.approx(-0.5, abs=0.06)


def test_the_seed_decides():
    motifs = [random_motif(np.random.default_rng(0), "m", 9)]
    first, same, different = (initialised(motifs, seed) for seed in (5, 5, 6))
    assert torch.equal(first.weights, same.weights) and torch.equal(first.bias, same.bias)
    assert not torch.equal(first.weights, different.weights)
    assert not torch.equal(first.bias, different.bias)


@pytest.mark.parametrize(
    ("width", "starts"), [(20, {3}), (21, {0, 1, 2, 3, 4, 5}), (25, {0, 1}), (26, {0})]
)
def test_a_motif_too_wide_for_the_margins_may_start_anywhere(width, starts):
    motif = random_motif(np.random.default_rng(0), "m", width)
    filters = [initialised([motif], seed).weights[0] for seed in range(80)]
    assert {find(weights, motif.matrix)[0] for weights in filters} == starts


def test_a_motif_wider_than_the_filter_is_cut_to_its_most_informative_columns():
    flat = np.full((4, 4), 0.25)
    sharp = np.eye(4)[[0, 2, 3, 1, 1, 0, 3, 2]]
    motif = Motif("wide", "", np.concatenate([flat, flat[:1], sharp, flat]))
    weights = initialised([motif], filters=4, width=8).weights
    assert np.allclose(weights[0], sharp.T - 0.25)
    assert np.allclose(weights[1], sharp[::-1, ::-1].T - 0.25)


@pytest.mark.parametrize("background", [None, np.full(4, 0.25)])
def test_a_filter_responds_most_to_the_word_of_its_motif_in_the_channels_a_c_g_t(background):
    # DeepSEA's and DanQ's files had the channels A, G, C, T, in which GATTACA would be CATTAGA.
    torch.manual_seed(0)
    conv = nn.Conv1d(4, 4, WIDTH)
    nn.init.zeros_(conv.weight)  # what is around the motif says nothing
    generator = torch.Generator().manual_seed(3)
    initialise_from_motifs(conv, [word_motif("GATTACA")], generator, background)
    start = int(conv.weight[0].abs().sum(dim=0).nonzero()[0])
    flanks = "A" * 10 + "C" * 40
    responses = {}
    for word in ("GATTACA", "CATTAGA", "ACATTAG", "TGTAATC", "CTAATGT"):
        sequence = one_hot(flanks[:30] + word + flanks[-30:])
        responses[word] = conv(sequence)[0, 0].detach()
    assert max(responses, key=lambda word: responses[word].max()) == "GATTACA"
    assert int(responses["GATTACA"].argmax()) + start == 30


def test_the_reverse_filter_responds_to_the_reverse_complement():
    conv = initialised([word_motif("GATTACA")])
    assert conv.names[:3] == ["word", "word-", ""]
    reverse_complement = one_hot("TGTAATC")[0].numpy().T
    assert len(find(conv.weights[1], reverse_complement)) == 1


@pytest.mark.parametrize(
    ("motifs", "filters", "both"),
    [(10, 40, True), (11, 40, False), (10, 39, False), (40, 40, False)],
)
def test_both_strands_take_at_most_half_of_the_filters(motifs, filters, both):
    rng = np.random.default_rng(0)
    known = [random_motif(rng, f"m{k}", 8) for k in range(motifs)]
    conv = initialised(known, filters=filters)
    expected = [motif.name for motif in known]
    if both:
        expected += [f"{motif.name}-" for motif in known]
    assert conv.names == expected + [""] * (filters - len(expected))
    changed = (conv.weights != conv.random_weights).flatten(1).any(dim=1)
    assert changed.tolist() == [bool(name) for name in conv.names]
    for k, motif in enumerate(known):
        assert find(conv.weights[k], motif.matrix)
        if both:
            assert find(conv.weights[motifs + k], motif.matrix[::-1, ::-1])


def test_more_motifs_than_filters_are_refused():
    rng = np.random.default_rng(0)
    conv = nn.Conv1d(4, 40, 26)
    known = [random_motif(rng, f"m{k}", 8) for k in range(41)]
    before = conv.weight.detach().clone()
    refuse(
        "41 known motifs do not fit 40 filters; give fewer motifs (a MEME file), initialise from "
        "targets, or use a larger train.scale",
        initialise_from_motifs,
        conv,
        known,
        torch.Generator(),
    )
    assert torch.equal(conv.weight, before)


@pytest.mark.parametrize(("width", "start"), [(7, 9), (8, 9), (26, 0)])
def test_with_a_background_a_motif_is_in_the_middle_as_log_odds(width, start):
    motif = random_motif(np.random.default_rng(0), "m", width)
    background = np.array([0.3, 0.2, 0.1, 0.4])
    conv = initialised([motif], background=background)
    end = start + width
    for number, matrix in enumerate((motif.matrix, motif.matrix[::-1, ::-1])):
        expected = np.log2((matrix + 0.01) / 1.04 / background)
        weights = conv.weights[number]
        random = conv.random_weights[number]
        assert np.allclose(weights[:, start:end], expected.T, atol=1e-5)
        assert torch.equal(weights[:, :start], random[:, :start])
        assert torch.equal(weights[:, end:], random[:, end:])
    assert conv.bias[:2].tolist() == [0, 0]


KNOWN = [
    word_motif("ACGT", "MA0001.1"),
    word_motif("GGG", "MA0002.1"),
    word_motif("TTT", "MA0003.1"),
]


def test_all_known_motifs_or_each_targets_own_are_chosen():
    assert choose_motifs("known", KNOWN, ["", ""]) == KNOWN
    # In the order of the targets, each once.
    jaspar = ["MA0003.1", "", "MA0001.1", "MA0003.1"]
    assert choose_motifs("targets", KNOWN, jaspar) == [KNOWN[2], KNOWN[0]]


@pytest.mark.parametrize(
    ("jaspar", "what"),
    [
        (
            ["MA0001.1", "MA9\x1b.1"],
            "the motif 'MA9\\x1b.1' of a target is not among the known motifs",
        ),
        (["", ""], "no target names its own motif"),
        ([], "no target names its own motif"),
    ],
)
def test_targets_without_known_motifs_are_refused(jaspar, what):
    refuse(
        f"initialise_from targets: {what}; fix column jaspar of targets.tsv, or give the right "
        "--motifs",
        choose_motifs,
        "targets",
        KNOWN,
        jaspar,
    )


def test_enriched_motifs_are_added_to_the_random_weights_of_a_quarter_of_each_strand():
    torch.manual_seed(1)
    conv = nn.Conv1d(4, 8, 6)
    before = conv.weight.detach().clone()
    rng = np.random.default_rng(0)
    matrices = rng.dirichlet(np.ones(4), (2, 6))
    background = np.array([0.3, 0.2, 0.2, 0.3])
    motifs = [Motif("a:CACGTG", "a", matrices[0]), Motif("b:TTACCC", "b", matrices[1])]
    names = initialise_from_enriched(conv, motifs, background)
    assert names == ["a:CACGTG", "b:TTACCC", "a:CACGTG-", "b:TTACCC-", "", "", "", ""]
    for number, matrix in enumerate(matrices):
        added = (conv.weight - before).detach().numpy()
        assert np.allclose(added[number].T, 0.25 * log_odds(matrix, background), atol=1e-6)
        # The reverse complement reads columns and bases backwards.
        reverse = log_odds(matrix[::-1, ::-1], background)
        assert np.allclose(added[number + 2].T, 0.25 * reverse, atol=1e-6)
    assert torch.equal(conv.weight[4:], before[4:])
    assert conv.bias[:4].eq(-1.5).all() and not conv.bias[4:].eq(-1.5).any()
