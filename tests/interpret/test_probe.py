import itertools
import types

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import sem
from torch import nn

from danq import cli, config
from danq.data.dataset import Dataset, open_dataset
from danq.errors import DanqError
from danq.files import read_table
from danq.genome.sequence import decode, encode, reverse_complement
from danq.interpret.probe import (
    COLUMNS,
    choose_pairs,
    count_dinucleotides,
    distances,
    draw_backgrounds,
    find_motif,
    interaction,
    place_sites,
    probe,
    window_log_odds,
)
from danq.motif.meme import Motif, write_meme
from danq.motif.sites import ARRANGEMENTS
from danq.network.checkpoint import write_checkpoint
from danq.network.models import build
from danq.network.predict import BATCH
from danq.simulation.grammar import MOTIFS, TARGETS
from danq.simulation.truth import planted_pairs
from tests.conftest import WINDOW, refuse

ALPHA, BETA = "GATTACAGGCAT", "CCGTTAAGCTGACG"
CPU = torch.device("cpu")


def word_motif(name, word, alias=""):
    return Motif(name, alias, np.eye(4)[encode(word)])


PAIR = word_motif("alpha", ALPHA), word_motif("beta", BETA)


def random_windows(n, length, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (n, length), dtype=np.uint8)


# --- a model whose every answer is known ---


class Rule(nn.Module):
    """Three targets, alike on both strands: a rule of order and distance, a sum, and an inhibition.

    Logits are -4, and 5 more where BETA begins within `REACH` bp behind ALPHA on one strand; 2 more with an ALPHA and 3
    more with a BETA; 3 more with an ALPHA where there is no BETA.
    """

    REACH = 60

    def __init__(self):
        super().__init__()
        self.sizes = []

    def forward(self, X):
        self.sizes.append(len(X))
        strands = [
            (self.found(strand, ALPHA), self.found(strand, BETA)) for strand in (X, X.flip(1, 2))
        ]
        alpha, beta = (
            torch.stack([part.any(1) for part in parts]).any(0)
            for parts in zip(*strands, strict=True)
        )
        coupled = torch.stack([self.follows(*strand) for strand in strands]).any(0)
        more = torch.stack(
            [5 * coupled, 2 * alpha.int() + 3 * beta.int(), 3 * (alpha & ~beta)], dim=1
        )
        return more.float() - 4

    @staticmethod
    def found(X, word):
        weights = torch.eye(4)[torch.from_numpy(encode(word)).int()].T[None]
        return nn.functional.conv1d(X, weights)[:, 0] == len(word)

    def follows(self, alpha, beta):
        coupled = torch.zeros(len(alpha), dtype=bool)
        for gap in range(self.REACH + 1):
            behind = beta[:, len(ALPHA) + gap :]
            coupled |= (alpha[:, : behind.shape[1]] & behind).any(dim=1)
        return coupled


def effects(model, apart, n=6, length=301):
    """Return interactions (distances, 4, n, T) of ALPHA and BETA."""
    windows, sites = (
        random_windows(n, length),
        [np.tile(encode(word), (n, 1)) for word in (ALPHA, BETA)],
    )

    def predict(indices):
        return window_log_odds(model, CPU, indices)

    return np.stack(
        [interaction(predict, windows, *sites, distance, predict(windows)) for distance in apart]
    )


def test_a_rule_of_order_and_distance_is_seen_where_it_holds_and_nowhere_else():
    apart = np.arange(0, 121, 15)
    found = effects(Rule(), apart)[..., 0]
    expected = np.zeros((len(apart), 4, 1))
    expected[apart <= Rule.REACH, ARRANGEMENTS.index(("a b", "same"))] = 5
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-5)


def test_what_adds_up_has_no_interaction_and_what_inhibits_has_a_negative_one():
    found = effects(Rule(), [0, 17, 200])
    np.testing.assert_allclose(found[..., 1], 0, atol=1e-5)
    # logit(both) - logit(alpha) - logit(beta) + logit(neither) = -4 - -1 - -4 + -4
    np.testing.assert_allclose(found[..., 2], -3, atol=1e-5)


def test_a_linear_model_has_no_interaction():
    class Linear(nn.Module):
        """Gives every base at every place its own weight, the same on both strands."""

        def forward(self, X):
            return self.dense(X.flatten(1)) + self.dense(X.flip(1, 2).flatten(1))

    torch.manual_seed(0)
    model = Linear()
    model.dense = nn.Linear(4 * 301, 3)
    np.testing.assert_allclose(effects(model, [0, 40, 111]), 0, atol=1e-5)


# --- arrangements ---


def hand_made(windows, left, right, distance):
    """Write two words into windows about their middle."""
    bases = [decode(window) for window in windows]
    start = (len(bases[0]) - len(left) - distance - len(right)) // 2
    middle, end = start + len(left), start + len(left) + distance
    return [
        text[:start] + left + text[middle:end] + right + text[end + len(right) :] for text in bases
    ]


def other_strand(word):
    return word[::-1].translate(str.maketrans("ACGT", "TGCA"))


TURNED = other_strand(BETA)
IN_ORDER = [(ALPHA, BETA), (BETA, ALPHA), (ALPHA, TURNED), (TURNED, ALPHA)]


@pytest.mark.parametrize("distance", [0, 1, 37])
@pytest.mark.parametrize("length", [100, 101])
def test_sites_stand_where_they_should_and_each_alone_where_it_stands_in_the_pair(length, distance):
    windows = random_windows(3, length)
    both, only_a, only_b = place_sites(
        windows, *(np.tile(encode(word), (3, 1)) for word in (ALPHA, BETA)), distance
    )
    assert (only_a.shape, only_b.shape) == ((2, 3, length), (4, 3, length))
    start = (length - len(ALPHA) - len(BETA) - distance) // 2
    for row, (left, right) in enumerate(IN_ORDER):
        assert [decode(window) for window in both[row]] == hand_made(windows, left, right, distance)
        at = {left: start, right: start + len(left) + distance}
        for found, word in ((only_a[row % 2], ALPHA), (only_b[row], TURNED if row > 1 else BETA)):
            for window, made in zip(windows, found, strict=True):
                text, end = decode(window), at[word] + len(word)
                assert decode(made) == text[: at[word]] + word + text[end:]


def test_four_arrangements_stand_for_all_eight():
    """The windows of any arrangement, read on the other strand, are those of another one of other backgrounds."""
    distance, length = 7, 101
    windows = random_windows(4, length)
    model = build("danq", length, 3, scale=0.05).eval()
    eight = {
        (left, right)
        for one in (ALPHA, other_strand(ALPHA))
        for two in (BETA, TURNED)
        for left, right in ((one, two), (two, one))
    }
    twins = {(left, right): (other_strand(right), other_strand(left)) for left, right in eight}
    assert len(eight) == 8
    # The four that are placed, with their twins, are all.
    assert {*IN_ORDER, *(twins[pair] for pair in IN_ORDER)} == eight
    for left, right in IN_ORDER:
        one = np.stack([encode(text) for text in hand_made(windows, left, right, distance)])
        turned = hand_made(reverse_complement(windows), *twins[left, right], distance)
        twin = np.stack([encode(text) for text in turned])
        assert (reverse_complement(one) == twin).all()
        np.testing.assert_allclose(
            window_log_odds(model, CPU, one), window_log_odds(model, CPU, twin), atol=1e-5
        )


@given(st.text("ACGTN", min_size=2, max_size=40))
def test_backgrounds_are_as_likely_as_their_reverse_complements(bases):
    counts, expected = count_dinucleotides(encode(bases)[None]), np.zeros((4, 4), int)
    for text in (bases, other_strand(bases)):
        for first, second in itertools.pairwise(text):
            if "N" not in first + second:
                expected["ACGT".index(first), "ACGT".index(second)] += 1
    assert (counts == expected).all()


# --- random windows and sites ---


def test_backgrounds_have_the_dinucleotides_of_the_training_windows():
    rng = np.random.default_rng(3)
    counts = rng.integers(50, 1000, (4, 4)) * 100
    counts += counts[::-1, ::-1].T
    windows = draw_backgrounds(counts, 400, 500, rng)
    assert windows.shape == (400, 500) and windows.dtype == np.uint8
    words = np.bincount((4 * windows[:, :-1] + windows[:, 1:]).ravel(), minlength=16).reshape(4, 4)
    # 25,000 words follow a base: their shares are sure to half a percent.
    np.testing.assert_allclose(
        words / words.sum(axis=1, keepdims=True),
        counts / counts.sum(axis=1, keepdims=True),
        atol=0.012,
    )


def test_a_letter_that_is_nowhere_is_no_dead_end():
    windows = draw_backgrounds(
        count_dinucleotides(encode("AAAA")[None]), 5, 50, np.random.default_rng(0)
    )
    assert windows.max() <= 3


# --- predictions ---


class Given(nn.Module):
    """Gives logits that are written on the first place of a sequence: a number for each of its bases."""

    LOGITS = torch.tensor([[-2.0], [0.5], [3.0], [40.0]])

    def forward(self, X):
        return (X[:, :, 0] @ self.LOGITS).float()


def test_log_odds_are_of_the_mean_probability_of_the_strands():
    # AC reads GT on the other strand: logits -2 and 3. CA: 0.5 and (TG) 40.
    found = window_log_odds(Given(), CPU, np.stack([encode("AC"), encode("CA")]))
    expected = logit((expit(-2.0) + expit(3.0)) / 2), -logit((expit(-0.5) + expit(-40.0)) / 2)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)


def test_a_sure_model_does_not_saturate():
    class Sure(nn.Module):
        def forward(self, X):
            return torch.full((len(X), 1), 40.0)

    np.testing.assert_allclose(
        window_log_odds(Sure(), CPU, np.zeros((2, 3, 5), np.uint8)), np.full((2, 3, 1), 40.0)
    )


# --- pairs ---


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


def test_distances_go_to_the_largest_or_to_what_fits():
    assert distances(100, *PAIR, 10, 40).tolist() == [0, 10, 20, 30, 40]
    assert distances(26 + 25, *PAIR, 10, 40).tolist() == [0, 10, 20]
    assert distances(26, *PAIR, 10, 40).tolist() == [0]
    refuse(
        "pair alpha+beta: 12 + 14 bp do not fit windows of 25 bp; give other pairs",
        distances,
        25,
        *PAIR,
        10,
        40,
    )


# --- the step ---


@pytest.fixture
def run(tmp_path, monkeypatch, toy_dataset):
    """Give a function that probes a model with the motifs alpha and beta, and returns the path of the table."""
    write_meme(tmp_path / "known.meme", PAIR)
    with open_dataset(toy_dataset) as opened:
        facts = opened.facts()

    defaults = {"pairs": ["alpha+beta"], "backgrounds": 30, "step": 30, "largest": 90}

    def run(model, name="grammar.tsv", **knobs):
        monkeypatch.setattr(
            "danq.network.predict.load_checkpoint",
            lambda path: (model, {"facts": {"model": "danq", "seed": 3}, "dataset": facts}),
        )
        probe(
            "model.ckpt",
            toy_dataset,
            tmp_path / name,
            settings=config.Probe(**(defaults | knobs)),
            motifs=tmp_path / "known.meme",
            device="cpu",
            threads=1,
        )
        return tmp_path / name

    return run


class TwoTargets(Rule):
    """The first two targets of `Rule`, for a dataset of two."""

    def forward(self, X):
        return super().forward(X)[:, :2]


def test_the_table_holds_the_known_answers(run, toy_dataset, capsys):
    table = read_table(run(TwoTargets()))
    assert (
        "grammar.tsv: alpha+beta, up to 90 bp apart, in 30 random windows"
        in capsys.readouterr().err
    )
    assert list(table) == COLUMNS and len(table) == 4 * 4 * 2
    for column, value in {
        "model": "danq",
        "seed": 3,
        "pair": "alpha+beta",
        "a": "alpha",
        "b": "beta",
        "n": 30,
    }.items():
        assert (table[column] == value).all()
    assert {*table[["order", "orientation"]].itertuples(index=False, name=None)} == set(
        ARRANGEMENTS
    )
    with open_dataset(toy_dataset) as opened:
        assert table.groupby("target")["name"].unique().map(list).tolist() == [
            [name] for name in opened.names
        ]
    expected = 5.0 * (
        (table["target"] == 0)
        & (table["order"] == "a b")
        & (table["orientation"] == "same")
        & (table["distance"] <= Rule.REACH)
    )
    np.testing.assert_allclose(table["effect"], expected, atol=1e-5)
    np.testing.assert_allclose(table["se"], 0, atol=1e-5)


def test_mean_and_error_are_over_the_windows(run):
    class Counts(nn.Module):
        """Counts A and T, if both words are in the window."""

        def forward(self, X):
            alpha, beta = (
                torch.stack(
                    [Rule.found(strand, word).any(dim=1) for strand in (X, X.flip(1, 2))]
                ).any(dim=0)
                for word in (ALPHA, BETA)
            )
            counts = (alpha & beta) * X[:, [0, 3]].sum(dim=(1, 2)) / 50
            seen.append(counts.numpy())
            return counts[:, None].expand(-1, 2)

    seen = []
    table = read_table(run(Counts(), largest=0))
    # The second batch is the pair, in all arrangements; nothing else counts.
    for (order, orientation), values in zip(ARRANGEMENTS, seen[2].reshape(4, 30), strict=True):
        rows = table[(table["order"] == order) & (table["orientation"] == orientation)]
        assert np.ptp(values) > 0
        np.testing.assert_allclose(
            rows[["effect", "se"]], [[values.mean(), sem(values)]] * 2, atol=1e-5
        )


def test_the_seed_decides(run):
    torch.manual_seed(0)
    model = build("danq", WINDOW, 2, scale=0.02).eval()
    files = [
        run(model, name, seed=seed).read_bytes()
        for name, seed in (("a.tsv", 1), ("b.tsv", 1), ("c.tsv", 2))
    ]
    assert files[0] == files[1] != files[2]


def test_no_more_than_a_batch_is_predicted_at_once(run):
    model = TwoTargets()
    run(model, backgrounds=100)
    # Ten constructs at each of four distances on both strands, and the windows themselves.
    assert max(model.sizes) == BATCH and sum(model.sizes) == 2 * (100 + 4 * 10 * 100)


def test_without_a_pair_the_table_is_empty_and_says_why(run, monkeypatch, capsys):
    monkeypatch.setattr("danq.interpret.probe.choose_pairs", lambda *_: [])
    table = read_table(run(TwoTargets(), pairs=[]))
    assert list(table) == COLUMNS and table.empty
    assert (
        "no row: no --pairs were given, and fewer than two known motifs" in capsys.readouterr().err
    )


@pytest.fixture
def trained(tmp_path, toy_dataset):
    """Return the options of danq probe for a small model that was never trained."""
    write_meme(tmp_path / "known.meme", PAIR)
    torch.manual_seed(0)
    options = {
        "model": "danq",
        "scale": 0.02,
        "dropout": 1.0,
        "head": "dense",
        "gates": "sigmoid",
        "filter_scale": 1.0,
        "recipe": "modern",
    }
    with open_dataset(toy_dataset) as opened:
        facts = opened.facts()
    write_checkpoint(
        tmp_path / "model.ckpt",
        build("danq", WINDOW, 2, scale=0.02).state_dict(),
        {"model": "danq", "seed": 7, "options": options},
        facts,
    )
    return {
        "checkpoint": tmp_path / "model.ckpt",
        "dataset": toy_dataset,
        "motifs": tmp_path / "known.meme",
        "output": tmp_path / "grammar.tsv",
        "backgrounds": 2,
        "step": 100,
        "threads": 1,
        "device": "cpu",
    }


def main(options):
    words = (
        word for key, value in options.items() for word in (f"--{key}", *str(value).split(" "))
    )
    return cli.main(["probe", *words])


def test_the_command(trained):
    assert main(trained | {"pairs": "alpha+beta beta+beta"}) == 0
    table = read_table(trained["output"])
    assert table["pair"].unique().tolist() == ["alpha+beta", "beta+beta"] and set(
        table["seed"]
    ) == {7}
    assert sorted(table["distance"].unique()) == [0, 100, 200] and np.isfinite(
        table[["effect", "se"]]
    ).all(axis=None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pairs": "alpha"}, "options: alpha is not a pair; give two motifs as SRF+REST"),
        ({"pairs": "alpha+gamma"}, "no known motif is called 'gamma'"),
        ({"backgrounds": 1}, "--backgrounds: Input should be greater than or equal to 2"),
    ],
)
def test_mistakes_are_told_in_one_line(trained, capsys, change, message):
    assert main(trained | change) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("danq: " + message) and not trained["output"].exists()


def test_another_dataset_is_refused(trained, toy, run_extract, tmp_path, capsys):
    other = run_extract(toy, tmp_path / "other", window=600) / "dataset.h5"
    assert main(trained | {"dataset": other, "pairs": "alpha+beta"}) == 2
    assert "window: not what the model was trained on" in capsys.readouterr().err


def test_letters_are_counted_in_some_training_windows_only(run, monkeypatch):
    def packed_sequences(self, split, rows):
        found = read(self, split, rows)
        asked.append((split, len(found)))
        return found

    asked, read = [], Dataset.packed_sequences
    monkeypatch.setattr(Dataset, "packed_sequences", packed_sequences)
    monkeypatch.setattr("danq.interpret.probe._CHAIN_WINDOWS", 10)
    run(TwoTargets())
    ((split, n),) = asked
    assert split == "train" and 5 <= n <= 10
