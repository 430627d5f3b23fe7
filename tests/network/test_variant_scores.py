"""Scores of alleles: against whole sequences as text, predicted one by one."""

import numpy as np
import pytest
import torch

from danq.genome.alleles import allele_windows, extend, trim
from danq.genome.sequence import decode, encode, reverse_complement
from danq.network.variant_scores import e_values, probabilities, score_windows
from tests.network.tiled_toy import WINDOW, bases, load_model


@pytest.fixture
def models(tmp_path):
    return [load_model(tmp_path / f"{seed}.ckpt", seed) for seed in range(2)]


def random_changes(n, length=900):
    """Return a chromosome as text, and n changes of it of every kind."""
    rng = np.random.default_rng(n)
    text = bases(length)
    changes = []
    while len(changes) < n:
        start = int(rng.integers(0, length))
        ref = text[start : start + int(rng.integers(0, 9))]
        alt = bases(int(rng.integers(0, 9)), seed=len(changes))
        if ref != alt:
            changes.append((start, ref, alt))
    return text, changes


def windows_of(text, change):
    chromosome = encode(text)
    start, ref, alt = change
    placed = extend(trim(start, encode(ref), encode(alt)), chromosome, WINDOW)
    return allele_windows(placed, chromosome, WINDOW)


def test_scores_are_those_of_sequences_that_are_built_as_text(models):
    text, changes = random_changes(40)
    found = score_windows(models, [windows_of(text, change) for change in changes], [2, 0])
    padded = "N" * WINDOW + text + "N" * WINDOW
    for number, (start, ref, alt) in enumerate(changes):
        chromosome = encode(text)
        placed = extend(trim(start, encode(ref), encode(alt)), chromosome, WINDOW)
        # The flanks of a window, by hand: half of what the allele leaves, either side longer.
        options = []
        for allele, scores in ((placed.ref, found.ref), (placed.alt, found.alt)):
            left = (WINDOW - len(allele)) // 2
            close = []
            for before in {left, WINDOW - len(allele) - left}:
                behind = WINDOW - len(allele) - before
                first = placed.start + WINDOW
                last = first + len(placed.ref)
                middle = decode(allele)
                sequence = padded[first - before : first] + middle + padded[last : last + behind]
                p = np.mean([model.predict(sequence).to_numpy()[0] for model in models], axis=0)
                expected = np.log(p / (1 - p))[[2, 0]]
                close.append(np.allclose(scores[number], expected, atol=1e-4))
            options.append(any(close))
        assert all(options), (start, ref, alt)


class Small(torch.nn.Module):
    """A network of two layers, which is quick, and not symmetric."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.filters = torch.nn.Conv1d(4, 8, 7)
        self.out = torch.nn.Linear(8 * 94, 2)

    def forward(self, X):
        return self.out(torch.relu(self.filters(X)).flatten(1)) * 3


class Tiny:
    """What predicts windows of 100 bp."""

    network = Small()
    device = torch.device("cpu")
    targets = ("a", "b")


def as_text(padded, window, start, ref, alt):
    """Return the windows of both alleles, by hand: shifted base by base, cut letter by letter."""
    end = start + len(ref)
    while ref and alt and ref[0] == alt[0]:
        start, ref, alt = start + 1, ref[1:], alt[1:]
    while ref and alt and ref[-1] == alt[-1]:
        end, ref, alt = end - 1, ref[:-1], alt[:-1]
    unit = ref or alt
    if not (ref and alt):
        left, right = 0, 0
        while left < window and padded[start - 1 - left] == unit[-1 - left % len(unit)]:
            left += 1
        while right < window and padded[end + right] == unit[right % len(unit)]:
            right += 1
        before, behind = padded[start - left : start], padded[end : end + right]
        ref, alt = before + ref + behind, before + alt + behind
        start, end = start - left, end + right
    around = padded[start - window : end + window].replace("N", "Z")  # behind all others
    other = around[::-1].translate(str.maketrans("ACGT", "TGCA"))
    is_first = next((a < b for a, b in zip(around, other, strict=True) if a != b), True)
    windows = []
    for allele in (ref, alt):
        rest = window - len(allele)
        before = -(-rest // 2) if is_first else rest // 2
        windows.append(padded[start - before : start] + allele + padded[end : end + rest - before])
    return windows


def test_5000_changes_of_every_kind_are_scored_as_text():
    window = 100
    rng = np.random.default_rng(7)
    text = bases(2000)
    text = text[:500] + "N" * 20 + "CA" * 30 + "A" * 40 + text[640:]
    padded = "N" * 300 + text + "N" * 300
    chromosome = encode(text)
    pairs = []
    expected = []
    while len(pairs) < 5000:
        start = int(rng.integers(0, len(text)))
        n_ref, n_alt = rng.integers(0, 12, 2).tolist() if len(pairs) % 2 else (1, 1)
        ref = text[start : start + n_ref]
        alt = "".join("ACGT"[base] for base in rng.integers(0, 4, n_alt))
        if ref == alt or "N" in ref:
            continue
        placed = extend(trim(start, encode(ref), encode(alt)), chromosome, window)
        pairs.append(allele_windows(placed, chromosome, window))
        expected.append(as_text(padded, window, start + 300, ref, alt))
    found = score_windows([Tiny], pairs, [0, 1])
    for side, scores in enumerate((found.ref, found.alt)):
        sequences = [entry[side] for entry in expected]
        p = np.mean([probability(sequences), probability(other_strand(sequences))], axis=0)
        np.testing.assert_allclose(probabilities(scores), p, atol=1e-6)


def other_strand(sequences):
    return [sequence[::-1].translate(str.maketrans("ACGT", "TGCA")) for sequence in sequences]


def probability(sequences):
    letters = np.array([list(sequence) for sequence in sequences])
    X = np.stack([letters == base for base in "ACGT"], axis=1).astype(np.float32)
    with torch.no_grad():
        return torch.sigmoid(Tiny.network(torch.from_numpy(X)).double()).numpy()


@pytest.mark.parametrize("offset", range(0, 12, 5))
def test_the_reverse_complement_has_the_same_scores(models, offset):
    text, changes = random_changes(60 + offset)
    other_text = decode(reverse_complement(encode(text)))
    other_changes = []
    for start, ref, alt in changes:
        alleles = [decode(reverse_complement(encode(allele))) for allele in (ref, alt)]
        other_changes.append((len(text) - start - len(ref), *alleles))
    here = score_windows(models, [windows_of(text, change) for change in changes], [0, 1, 2])
    there = [windows_of(other_text, change) for change in other_changes]
    np.testing.assert_allclose(
        here.change, score_windows(models, there, [0, 1, 2]).change, atol=1e-5
    )


def test_a_window_is_predicted_once(models, monkeypatch):
    from danq.network import variant_scores as module

    text, changes = random_changes(5)
    seen = []
    predict = module._predict

    def counting(models, windows, columns):
        seen.append(len(windows))
        return predict(models, windows, columns)

    monkeypatch.setattr(module, "_predict", counting)
    windows = [windows_of(text, change) for change in [*changes, *changes]]
    found = score_windows(models[:1], windows, [0])
    assert seen == [10] and found.spread is None
    assert (found.change[:5] == found.change[5:]).all()


def test_the_spread_is_that_of_the_models_changes(models):
    text, changes = random_changes(6)
    windows = [windows_of(text, change) for change in changes]
    alone = [score_windows([model], windows, [0, 1, 2]).change for model in models]
    found = score_windows(models, windows, [0, 1, 2])
    np.testing.assert_allclose(found.spread, np.std(alone, axis=0, ddof=1), atol=1e-9)
    assert ((probabilities(found.ref) > 0) & (probabilities(found.ref) < 1)).all()


def test_e_values_are_shares_of_the_background():
    rng = np.random.default_rng(0)
    changes, background = rng.normal(size=(20, 3)), rng.normal(size=(99, 3))
    found = e_values(changes, background)
    for row in range(20):
        for target in range(3):
            as_large = np.abs(background[:, target]) >= abs(changes[row, target])
            assert found[row, target] == pytest.approx((as_large.sum() + 1) / 100)
    # Of variants that are like the background, E-values are uniform.
    large = e_values(rng.normal(size=(2000, 1)), rng.normal(size=(2000, 1)))
    assert np.quantile(large, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.05)
