"""Interactions of pairs of motifs: models whose every answer is known, and the step itself."""

import numpy as np
import pytest
import torch
from scipy.special import expit, logit
from scipy.stats import sem
from torch import nn

from danq import cli, config
from danq.data.dataset import open_dataset
from danq.files import read_table
from danq.genome.sequence import encode, reverse_complement
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
    IN_ORDER,
    PAIR,
    TURNED,
    hand_made,
    other_strand,
    random_windows,
    trained_model,
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
        return window_log_odds(trained_model(model), indices)

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


def test_four_arrangements_stand_for_all_eight():
    """The reverse complements of an arrangement are another arrangement in other backgrounds."""
    distance, length = 7, 101
    windows = random_windows(4, length)
    model = trained_model(build("danq", length, 3, scale=0.05))
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
            window_log_odds(model, one), window_log_odds(model, twin), atol=1e-5
        )


# --- predictions ---


class Given(nn.Module):
    """Reads logits off the first base of a sequence: a number for each of the four."""

    LOGITS = torch.tensor([[-2.0], [0.5], [3.0], [40.0]])

    def forward(self, X):
        return (X[:, :, 0] @ self.LOGITS).float()


def test_log_odds_are_of_the_mean_probability_of_the_strands():
    # AC reads GT on the other strand: logits -2 and 3. CA: 0.5 and (TG) 40.
    found = window_log_odds(trained_model(Given()), np.stack([encode("AC"), encode("CA")]))
    expected = logit((expit(-2.0) + expit(3.0)) / 2), -logit((expit(-0.5) + expit(-40.0)) / 2)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)


def test_a_sure_model_does_not_saturate():
    class Sure(nn.Module):
        def forward(self, X):
            return torch.full((len(X), 1), 40.0)

    np.testing.assert_allclose(
        window_log_odds(trained_model(Sure()), np.zeros((2, 3, 5), np.uint8)),
        np.full((2, 3, 1), 40.0),
    )


# --- the step ---


@pytest.fixture
def run(tmp_path, monkeypatch, toy_dataset):
    """Return a function that probes a model with the motifs alpha and beta and names the table."""
    write_meme(tmp_path / "known.meme", PAIR)
    with open_dataset(toy_dataset) as opened:
        facts = opened.facts()

    defaults = {"pairs": ["alpha+beta"], "backgrounds": 30, "step": 30, "largest": 90}

    def run(model, name="grammar.tsv", **knobs):
        monkeypatch.setattr(
            "danq.network.trained.load_checkpoint",
            lambda path: Checkpoint(model, {"model": "danq", "seed": 3}, facts),
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

        head = None

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
    # The first call only asks whether windows fit, the second and third are the backgrounds; then
    # comes the pair, in all arrangements; nothing else counts.
    for (order, orientation), values in zip(ARRANGEMENTS, seen[3].reshape(4, 30), strict=True):
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
    # One call asks whether windows fit. Then ten constructs at each of four distances on both
    # strands, and the windows themselves.
    assert max(model.sizes) == BATCH and sum(model.sizes) == 1 + 2 * (100 + 4 * 10 * 100)


def test_without_a_pair_the_table_is_empty_and_says_why(run, monkeypatch, capsys):
    monkeypatch.setattr("danq.interpret.probe.choose_pairs", lambda *_: [])
    table = read_table(run(TwoTargets(), pairs=[]))
    assert list(table) == COLUMNS and table.empty
    assert (
        "no row: no --pairs were given, and fewer than two known motifs" in capsys.readouterr().err
    )


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
