import numpy as np
import pytest
import torch
from torch import nn

from danq.motif.meme import Motif
from danq.network.initialise import choose_motifs, initialise_from_motifs
from tests.conftest import refuse

WIDTH, FILTERS = 26, 40


def random_motif(rng, name, width):
    return Motif(name, "", rng.dirichlet(np.full(4, 0.3), width))


def word_motif(word, name="word"):
    return Motif(name, "", np.eye(4)[["ACGT".index(base) for base in word]])


def one_hot(bases):
    """Encode bases as the channels A, C, G, T."""
    return torch.tensor([[[float(letter == base) for letter in bases] for base in "ACGT"]])


def started(motifs, seed=0, filters=FILTERS, width=WIDTH, background=None):
    """Initialise a convolution from motifs.

    Return its weights (F, 4, w) and biases, both as they were before, and the names.
    """
    torch.manual_seed(1)
    conv = nn.Conv1d(4, filters, width)
    before = conv.weight.detach().clone(), conv.bias.detach().clone()
    names = initialise_from_motifs(conv, motifs, torch.Generator().manual_seed(seed), background)
    return conv.weight.detach(), conv.bias.detach(), before, names


def find(weights, part):
    """Return where in a filter (4, w) a part (4, n) stands, wherever it does."""
    n = part.shape[1]
    return [
        first
        for first in range(weights.shape[1] - n + 1)
        if np.allclose(weights[:, first : first + n], part, atol=1e-6)
    ]


def test_a_filter_holds_its_motif_less_a_quarter_and_keeps_its_random_weights_around_it():
    motif, places = random_motif(np.random.default_rng(0), "m", 9), set()
    for seed in range(300):
        weights, bias, (old_weights, old_bias), _ = started([motif], seed)
        for number, matrix in enumerate((motif.matrix, motif.matrix[::-1, ::-1])):
            (place,) = find(weights[number].numpy(), matrix.T - 0.25)
            outside = torch.ones(WIDTH, dtype=bool)
            outside[place : place + 9] = False
            assert torch.equal(weights[number][:, outside], old_weights[number][:, outside])
            places.add(place)
        assert -1 < bias[:2].min() and bias[:2].max() < 0
        assert torch.equal(weights[2:], old_weights[2:]) and torch.equal(bias[2:], old_bias[2:])
    assert places == set(range(3, WIDTH - 9 - 3 + 1))


def test_biases_spread_from_minus_one_to_zero():
    rng = np.random.default_rng(0)
    _, bias, _, _ = started([random_motif(rng, str(k), 8) for k in range(400)], filters=400)
    assert -1 < bias.min() < -0.97 and -0.03 < bias.max() < 0
    assert bias.mean().item() == pytest.approx(-0.5, abs=0.06)


def test_the_seed_decides():
    motifs = [random_motif(np.random.default_rng(0), "m", 9)]
    same, other = started(motifs, 5), started(motifs, 6)
    assert torch.equal(started(motifs, 5)[0], same[0]) and torch.equal(
        started(motifs, 5)[1], same[1]
    )
    assert not torch.equal(same[0], other[0]) and not torch.equal(same[1], other[1])


@pytest.mark.parametrize(
    ("width", "places"), [(20, {3}), (21, {0, 1, 2, 3, 4, 5}), (25, {0, 1}), (26, {0})]
)
def test_a_motif_too_wide_for_the_margins_stands_anywhere(width, places):
    motif = random_motif(np.random.default_rng(0), "m", width)
    assert {
        find(started([motif], seed)[0][0].numpy(), motif.matrix.T - 0.25)[0] for seed in range(80)
    } == places


def test_a_motif_wider_than_the_filter_is_cut_to_its_most_informative_columns():
    flat, sharp = np.full((4, 4), 0.25), np.eye(4)[[0, 2, 3, 1, 1, 0, 3, 2]]
    motif = Motif("wide", "", np.concatenate([flat, flat[:1], sharp, flat]))
    weights, *_ = started([motif], filters=4, width=8)
    assert np.allclose(weights[0], sharp.T - 0.25)
    assert np.allclose(weights[1], sharp[::-1, ::-1].T - 0.25)


@pytest.mark.parametrize("background", [None, np.full(4, 0.25)])
def test_a_filter_answers_most_to_the_word_of_its_motif_in_the_channels_a_c_g_t(background):
    # DeepSEA's and DanQ's files had the channels A, G, C, T, in which GATTACA would be CATTAGA.
    torch.manual_seed(0)
    conv = nn.Conv1d(4, 4, WIDTH)
    nn.init.zeros_(conv.weight)  # what is around the motif says nothing
    initialise_from_motifs(
        conv, [word_motif("GATTACA")], torch.Generator().manual_seed(3), background
    )
    place = int(conv.weight[0].abs().sum(dim=0).nonzero()[0])
    bases = "A" * 10 + "C" * 40
    with torch.no_grad():
        answers = {
            word: conv(one_hot(bases[:30] + word + bases[-30:]))[0, 0]
            for word in ("GATTACA", "CATTAGA", "ACATTAG", "TGTAATC", "CTAATGT")
        }
    assert max(answers, key=lambda word: answers[word].max()) == "GATTACA"
    assert int(answers["GATTACA"].argmax()) + place == 30


def test_the_reverse_filter_answers_to_the_reverse_complement():
    weights, _, _, names = started([word_motif("GATTACA")])
    assert names[:3] == ["word", "word-", ""]
    assert len(find(weights[1].numpy(), one_hot("TGTAATC")[0].numpy() - 0.25)) == 1


@pytest.mark.parametrize(
    ("motifs", "filters", "both"),
    [(10, 40, True), (11, 40, False), (10, 39, False), (40, 40, False)],
)
def test_both_strands_take_at_most_half_of_the_filters(motifs, filters, both):
    rng = np.random.default_rng(0)
    known = [random_motif(rng, f"m{k}", 8) for k in range(motifs)]
    weights, _, (before, _), names = started(known, filters=filters)
    expected = [motif.name for motif in known] + (
        [f"{motif.name}-" for motif in known] if both else []
    )
    assert names == expected + [""] * (filters - len(expected))
    changed = (weights != before).flatten(1).any(dim=1).tolist()
    assert changed == [bool(name) for name in names]
    for k, motif in enumerate(known):
        assert find(weights[k].numpy(), motif.matrix.T - 0.25)
        assert not both or find(weights[motifs + k].numpy(), motif.matrix[::-1, ::-1].T - 0.25)


def test_more_motifs_than_filters_are_refused():
    rng = np.random.default_rng(0)
    conv, known = nn.Conv1d(4, 40, 26), [random_motif(rng, f"m{k}", 8) for k in range(41)]
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


@pytest.mark.parametrize(("width", "place"), [(7, 9), (8, 9), (26, 0)])
def test_with_a_background_a_motif_stands_in_the_middle_as_log_odds(width, place):
    motif, background = (
        random_motif(np.random.default_rng(0), "m", width),
        np.array([0.3, 0.2, 0.1, 0.4]),
    )
    weights, bias, (before, _), _ = started([motif], background=background)
    for number, matrix in enumerate((motif.matrix, motif.matrix[::-1, ::-1])):
        expected = np.log2((matrix + 0.01) / 1.04 / background)
        assert np.allclose(weights[number][:, place : place + width], expected.T, atol=1e-5)
        assert torch.equal(weights[number][:, :place], before[number][:, :place])
        assert torch.equal(weights[number][:, place + width :], before[number][:, place + width :])
    assert bias[:2].tolist() == [0, 0]


KNOWN = [
    word_motif("ACGT", "MA0001.1"),
    word_motif("GGG", "MA0002.1"),
    word_motif("TTT", "MA0003.1"),
]


def test_all_known_motifs_or_each_targets_own_are_chosen():
    assert choose_motifs("known", KNOWN, ["", ""]) == KNOWN
    # In the order of the targets, each once.
    assert choose_motifs("targets", KNOWN, ["MA0003.1", "", "MA0001.1", "MA0003.1"]) == [
        KNOWN[2],
        KNOWN[0],
    ]


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
