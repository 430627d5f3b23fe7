"""Interactions of pairs of motifs: models whose every answer is known, and the step itself."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.special import expit, logit
from scipy.stats import sem
from torch import nn

from danq import cli, config
from danq.data.dataset import open_dataset
from danq.files import read_table
from danq.genome.sequence import encode, one_hot, reverse_complement
from danq.interpret.pairs import Pair
from danq.interpret.probe import COLUMNS, interaction, probe, window_log_odds
from danq.motif.meme import write_meme
from danq.motif.sites import ARRANGEMENTS
from danq.network.checkpoint import Checkpoint
from danq.network.models import build
from danq.network.strands import BATCH
from tests.conftest import WINDOW
from tests.interpret.helpers import (
    ALPHA,
    BETA,
    BETA_REVERSE,
    IN_ORDER,
    PAIR,
    hand_made,
    other_strand,
    random_windows,
    trained_model,
    word_motif,
)

# --- a model whose every answer is known ---


class Rule(nn.Module):
    """Three targets, alike on both strands: a rule of order and distance, a sum, and an inhibition.

    Logits are -4, and 5 more where BETA begins within `REACH` bp behind ALPHA on one strand; 2 more
    with an ALPHA and 3 more with a BETA; 3 more with an ALPHA where there is no BETA.
    """

    REACH = 60
    head = None

    def __init__(self):
        super().__init__()
        self.sizes = []

    def forward(self, X):
        self.sizes.append(len(X))
        strands = (X, X.flip(1, 2))
        alpha = holds(X, ALPHA).int()
        beta = holds(X, BETA).int()
        coupled = torch.stack([self.follows(strand) for strand in strands]).any(dim=0)
        more = torch.stack([5 * coupled, 2 * alpha + 3 * beta, 3 * alpha * (1 - beta)], dim=1)
        return more.float() - 4

    def follows(self, X):
        """Say in which windows a BETA begins within `REACH` bp behind an ALPHA."""
        alpha = starts(X, ALPHA)
        beta = starts(X, BETA)
        coupled = torch.zeros(len(X), dtype=bool)
        for gap in range(self.REACH + 1):
            behind = beta[:, len(ALPHA) + gap :]
            before = alpha[:, : behind.shape[1]]
            coupled |= (before & behind).any(dim=1)
        return coupled


def starts(X, word):
    """Say where a word starts in windows."""
    weights = torch.from_numpy(one_hot(encode(word))).T.float()
    matches = nn.functional.conv1d(X, weights[None])[:, 0]
    return matches == len(word)


def holds(X, word):
    """Say which windows hold a word on either strand."""
    strands = [starts(strand, word).any(dim=1) for strand in (X, X.flip(1, 2))]
    return torch.stack(strands).any(dim=0)


def effects(network, spacing, n=6, length=301):
    """Return interactions (distances, 4, n, T) of ALPHA and BETA."""
    windows = random_windows(n, length)
    a, b = (np.tile(encode(word), (n, 1)) for word in (ALPHA, BETA))
    predict = partial(window_log_odds, trained_model(network))
    neither = predict(windows)
    rows = [interaction(predict, windows, a, b, distance, neither) for distance in spacing]
    return np.stack(rows)


def test_a_rule_of_order_and_distance_shows_where_it_holds_and_nowhere_else():
    spacing = np.arange(0, 121, 15)
    effect = effects(Rule(), spacing)[..., 0]
    expected = np.zeros((len(spacing), 4, 1))
    arrangement = ARRANGEMENTS.index(("a b", "same"))
    expected[spacing <= Rule.REACH, arrangement] = 5
    np.testing.assert_allclose(effect, np.broadcast_to(expected, effect.shape), atol=1e-5)


def test_what_adds_up_has_no_interaction_and_what_inhibits_has_a_negative_one():
    effect = effects(Rule(), [0, 17, 200])
    np.testing.assert_allclose(effect[..., 1], 0, atol=1e-5)
    # logit(both) - logit(alpha) - logit(beta) + logit(neither) = -4 - -1 - -4 + -4
    np.testing.assert_allclose(effect[..., 2], -3, atol=1e-5)


def test_a_linear_model_has_no_interaction():
    class Linear(nn.Module):
        """Gives every base at every position its own weight, the same on both strands."""

        def __init__(self):
            super().__init__()
            self.dense = nn.Linear(4 * 301, 3)

        def forward(self, X):
            reverse = X.flip(1, 2)
            return self.dense(X.flatten(1)) + self.dense(reverse.flatten(1))

    torch.manual_seed(0)
    np.testing.assert_allclose(effects(Linear(), [0, 40, 111]), 0, atol=1e-5)


def reversed_pair(pair):
    """Return what stands left and right when two words are read on the other strand."""
    left, right = pair
    return other_strand(right), other_strand(left)


def test_four_arrangements_and_their_reverse_complements_are_all_eight():
    eight = set()
    for a in (ALPHA, other_strand(ALPHA)):
        for b in (BETA, BETA_REVERSE):
            eight |= {(a, b), (b, a)}
    assert len(eight) == 8
    assert {*IN_ORDER, *map(reversed_pair, IN_ORDER)} == eight


@pytest.mark.parametrize("pair", IN_ORDER)
def test_an_arrangement_and_its_reverse_complement_are_predicted_alike(pair):
    distance = 7
    length = 101
    windows = random_windows(4, length)
    model = trained_model(build("danq", length, 3, scale=0.05))
    texts = hand_made(windows, *pair, distance)
    twins = hand_made(reverse_complement(windows), *reversed_pair(pair), distance)
    forward = np.stack([encode(text) for text in texts])
    reverse = np.stack([encode(text) for text in twins])
    assert (reverse_complement(forward) == reverse).all()
    expected = window_log_odds(model, reverse)
    np.testing.assert_allclose(window_log_odds(model, forward), expected, atol=1e-5)


# --- predictions ---


class Given(nn.Module):
    """Reads logits off the first base of a sequence: a number for each of the four."""

    LOGITS = torch.tensor([[-2.0], [0.5], [3.0], [40.0]])

    def forward(self, X):
        return (X[:, :, 0] @ self.LOGITS).float()


def test_log_odds_are_of_the_mean_probability_of_the_strands():
    # AC reads GT on the other strand: logits -2 and 3. CA: 0.5 and (TG) 40.
    indices = np.stack([encode("AC"), encode("CA")])
    log_odds = window_log_odds(trained_model(Given()), indices)
    first = logit((expit(-2.0) + expit(3.0)) / 2)
    second = -logit((expit(-0.5) + expit(-40.0)) / 2)
    np.testing.assert_allclose(log_odds[:, 0], [first, second], rtol=1e-12)


def test_large_logits_do_not_saturate():
    class Sure(nn.Module):
        def forward(self, X):
            return torch.full((len(X), 1), 40.0)

    indices = np.zeros((2, 3, 5), np.uint8)
    log_odds = window_log_odds(trained_model(Sure()), indices)
    np.testing.assert_allclose(log_odds, np.full((2, 3, 1), 40.0))


# --- the step ---


@pytest.fixture
def run(tmp_path, monkeypatch, toy_dataset):
    """Return a function that probes a model with the motifs alpha and beta and names the table."""
    motifs = tmp_path / "known.meme"
    write_meme(motifs, PAIR)
    with open_dataset(toy_dataset) as data:
        data_facts = data.facts()
    defaults = {"pairs": ["alpha+beta"], "backgrounds": 30, "step": 30, "largest": 90}

    def run(network, name="grammar.tsv", **knobs):
        def load_checkpoint(path):
            return Checkpoint(network, {"model": "danq", "seed": 3}, data_facts)

        monkeypatch.setattr("danq.network.trained.load_checkpoint", load_checkpoint)
        output = tmp_path / name
        (tmp_path / "model.ckpt").write_bytes(b"")
        options = {"motifs": motifs, "device": "cpu", "threads": 1}
        settings = config.Probe(**(defaults | knobs))
        probe(tmp_path / "model.ckpt", toy_dataset, output, settings=settings, **options)
        return output

    return run


class TwoTargets(Rule):
    """The first two targets of `Rule`, for a dataset of two."""

    def forward(self, X):
        return super().forward(X)[:, :2]


@pytest.fixture
def table(run):
    """Return the table of a model of two rules."""
    return read_table(run(TwoTargets()))


def test_the_table_says_what_was_probed(table, toy_dataset):
    assert list(table) == COLUMNS
    assert len(table) == 4 * 4 * 2
    assert set(table["model"]) == {"danq"}
    assert set(table["seed"]) == {3}
    assert set(table["pair"]) == {"alpha+beta"}
    assert set(table["a"]) == {"alpha"}
    assert set(table["b"]) == {"beta"}
    assert set(table["n"]) == {30}
    arrangements = table[["order", "orientation"]].itertuples(index=False, name=None)
    assert set(arrangements) == set(ARRANGEMENTS)
    with open_dataset(toy_dataset) as data:
        assert table["name"].tolist() == [data.names[target] for target in table["target"]]


def test_the_table_holds_the_known_answers(table):
    in_order = (table["order"] == "a b") & (table["orientation"] == "same")
    near = table["distance"] <= Rule.REACH
    expected = 5.0 * ((table["target"] == 0) & in_order & near)
    np.testing.assert_allclose(table["effect"], expected, atol=1e-5)
    np.testing.assert_allclose(table["se"], 0, atol=1e-5)


def test_the_step_says_what_it_did(run, capsys):
    run(TwoTargets())
    message = "grammar.tsv: alpha+beta, up to 90 bp apart, in 30 random windows"
    assert message in capsys.readouterr().err


class Counts(nn.Module):
    """Counts A and T, if both words are in the window."""

    head = None

    def __init__(self):
        super().__init__()
        self.batches = []

    def forward(self, X):
        both = holds(X, ALPHA) & holds(X, BETA)
        counts = both * X[:, [0, 3]].sum(dim=(1, 2)) / 50
        self.batches.append(counts.numpy())
        return counts[:, None].expand(-1, 2)


def test_mean_and_error_are_over_the_windows(run):
    network = Counts()
    table = read_table(run(network, largest=0))
    # The first batch only asks whether windows fit, the second and third are the backgrounds; then
    # comes the pair, in all arrangements; nothing else counts.
    by_arrangement = network.batches[3].reshape(4, 30)
    for (order, orientation), values in zip(ARRANGEMENTS, by_arrangement, strict=True):
        rows = table[(table["order"] == order) & (table["orientation"] == orientation)]
        assert np.ptp(values) > 0
        np.testing.assert_allclose(rows["effect"], [values.mean()] * 2, atol=1e-5)
        np.testing.assert_allclose(rows["se"], [sem(values)] * 2, atol=1e-5)


def test_the_seed_decides(run):
    torch.manual_seed(0)
    network = build("danq", WINDOW, 2, scale=0.02).eval()
    first = run(network, "a.tsv", seed=1).read_bytes()
    same_seed = run(network, "b.tsv", seed=1).read_bytes()
    other_seed = run(network, "c.tsv", seed=2).read_bytes()
    assert first == same_seed
    assert first != other_seed


def test_no_more_than_a_batch_is_predicted_at_once(run):
    network = TwoTargets()
    run(network, backgrounds=100)
    assert max(network.sizes) == BATCH
    # One call asks whether windows fit. Then ten constructs at each of four distances on both
    # strands, and the windows themselves.
    assert sum(network.sizes) == 1 + 2 * (100 + 4 * 10 * 100)


def test_without_a_pair_the_table_is_empty_and_says_why(run, monkeypatch, capsys):
    monkeypatch.setattr("danq.interpret.probe.choose_pairs", lambda *_: [])
    table = read_table(run(TwoTargets(), pairs=[]))
    assert list(table) == COLUMNS
    assert table.empty
    message = "no row: no --pairs were given, and fewer than two known motifs"
    assert message in capsys.readouterr().err


def test_motifs_that_nobody_named_and_that_do_not_fit_a_window_are_not_probed(run, monkeypatch):
    long = word_motif("long", 1000 * "A", "long")
    pairs = [Pair(long, long), Pair(*PAIR)]
    monkeypatch.setattr("danq.interpret.probe.choose_pairs", lambda *_: pairs)
    table = read_table(run(TwoTargets(), pairs=[]))
    assert table["pair"].unique().tolist() == [Pair(*PAIR).name]


@pytest.fixture
def trained(tmp_path, untrained, toy_dataset):
    """Return the options of danq probe for a small model that was never trained."""
    write_meme(tmp_path / "known.meme", PAIR)
    return {
        "checkpoint": untrained,
        "dataset": toy_dataset,
        "motifs": tmp_path / "known.meme",
        "output": tmp_path / "grammar.tsv",
        "backgrounds": 2,
        "step": 100,
        "threads": 1,
        "device": "cpu",
    }


def main(options):
    words = ["probe"]
    for key, value in options.items():
        words += [f"--{key}", *str(value).split(" ")]
    return cli.main(words)


def test_the_command(trained):
    assert main(trained | {"pairs": "alpha+beta beta+beta"}) == 0
    table = read_table(trained["output"])
    assert table["pair"].unique().tolist() == ["alpha+beta", "beta+beta"]
    assert set(table["seed"]) == {7}
    assert set(table["distance"]) == {0, 100, 200}
    assert np.isfinite(table[["effect", "se"]]).all(axis=None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pairs": "alpha"}, "options: alpha is not a pair; give two motifs as SRF+REST"),
        ({"pairs": "alpha+gamma"}, "no known motif is called 'gamma'"),
        ({"backgrounds": 1}, "--backgrounds: Input should be greater than or equal to 2"),
    ],
)
def test_mistakes_are_reported_in_one_line(trained, capsys, change, message):
    assert main(trained | change) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"danq: {message}")
    assert not trained["output"].exists()


def test_another_dataset_is_refused(trained, toy, run_extract, tmp_path, capsys):
    other = run_extract(toy, tmp_path / "other", window=600) / "dataset.h5"
    assert main(trained | {"dataset": other, "pairs": "alpha+beta"}) == 2
    assert "window: not what the model was trained on" in capsys.readouterr().err
