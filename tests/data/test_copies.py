"""Sequence that splits share at any offset, against sets of words, and planted copies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danq.data import copies as module
from danq.data.copies import COPY, SCALE, copied_chromosomes, find_copies
from danq.data.dataset import open_dataset
from danq.genome.sequence import decode, reverse_complement
from danq.genome.sketch import K
from tests.data.test_audit import write
from tests.genome.test_sketch import reference as sampled

WINDOW, STRIDE = 400, 200


def found(path):
    with open_dataset(path) as dataset:
        return find_copies(dataset)


def tiled(chrom, indices, stride=STRIDE, window=WINDOW):
    """Return the windows of a chromosome."""
    bases = decode(indices)
    starts = range(0, len(bases) - window + 1, stride)
    return [(chrom, start, bases[start : start + window]) for start in starts]


def substituted(rng, indices, share):
    changed = rng.random(len(indices)) < share
    others = (indices + rng.integers(1, 4, len(indices))) % 4
    return np.where(changed, others, indices).astype(np.uint8)


@pytest.mark.parametrize("share", [0, 0.01, 0.02])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("offset", [0, 1, 77, 203])
def test_a_copy_is_found_at_any_offset_on_any_strand_and_if_changed(
    tmp_path, share, backwards, offset
):
    rng = np.random.default_rng(offset)
    train, valid, test = (rng.integers(0, 4, 40_000).astype(np.uint8) for _ in range(3))
    copied = (6000 + offset, 26_000 + offset)
    copy = substituted(rng, test[slice(*copied)], share)
    if backwards:
        copy = reverse_complement(copy)
    splits = {"train": tiled(0, train) + tiled(3, copy)}
    splits |= {"valid": tiled(1, valid), "test": tiled(2, test)}
    result = found(write(tmp_path / "d.h5", splits, lengths=(40_000,) * 4))
    overlaps = [
        min(start + WINDOW, copied[1]) - max(start, copied[0]) for _, start, _ in splits["test"]
    ]
    # All windows inside the copy, and none outside; of those at its ends about the half.
    inside = overlaps.count(WINDOW)
    touching = sum(overlap > 0 for overlap in overlaps)
    assert 0.97 * inside <= result.similar["test", "train"] <= touching
    assert result.similar["valid", "train"] == result.similar["test", "valid"] == 0
    (row,) = result.chromosomes.to_dict("records")
    assert (row["split"], row["against"], row["chromosome"]) == ("test", "train", "chr4")
    # A word stays where none of its bases is substituted.
    assert row["shared"] == pytest.approx((1 - share) ** K, abs=0.08)
    assert copied_chromosomes([row]) == {"chr4": "test"}


def test_what_is_not_shared_is_not_counted(tmp_path):
    rng = np.random.default_rng(5)
    splits = {}
    for number, split in enumerate(("train", "valid", "test")):
        splits[split] = tiled(number, rng.integers(0, 4, 60_000).astype(np.uint8))
    result = found(write(tmp_path / "d.h5", splits, lengths=(60_000,) * 3))
    assert set(result.similar.values()) == {0} and result.chromosomes.empty


def test_a_repeat_counts_for_the_chromosome_that_is_most_of_all_a_copy(tmp_path):
    rng = np.random.default_rng(6)
    test = rng.integers(0, 4, 8000).astype(np.uint8)
    rest = rng.integers(0, 4, 40_000).astype(np.uint8)
    for order in ((0, 1), (1, 0)):
        large = np.concatenate([rest, test[:4000]])
        small = test[:4000]
        parts = [(large, small)[index] for index in order]
        splits = {
            "train": tiled(0, parts[0]) + tiled(1, parts[1]),
            "valid": tiled(2, rest[::-1].copy()),
            "test": tiled(3, test),
        }
        result = found(write(tmp_path / f"{order[0]}.h5", splits, lengths=(50_000,) * 4))
        (row,) = result.chromosomes.to_dict("records")
        assert row["chromosome"] == f"chr{order.index(1) + 1}" and row["shared"] > 0.99
        assert row["bases"] == pytest.approx(4000, rel=0.2)


def test_a_window_counts_by_its_known_bases(tmp_path):
    rng = np.random.default_rng(7)
    piece = rng.integers(0, 4, WINDOW).astype(np.uint8)
    other = rng.integers(0, 4, WINDOW).astype(np.uint8)
    known = piece.copy()
    known[: WINDOW * 3 // 4] = 4
    unknown = np.full(WINDOW, 4, dtype=np.uint8)
    mixed = np.concatenate([piece[: WINDOW // 4], other[WINDOW // 4 :]])
    rows = [(0, 1000 * number, decode(x)) for number, x in enumerate((known, unknown, mixed))]
    splits = {"train": [(0, 9000, decode(piece)), (0, 9500, decode(unknown))]}
    splits |= {"valid": tiled(0, other), "test": rows}
    result = found(write(tmp_path / "d.h5", splits))
    assert result.similar["test", "train"] == 1


def shares(window, words, scale):
    """Return covered and known bases of a window by its definition."""
    covered = set()
    for start, word in sampled(window, scale):
        if word in words:
            covered |= set(range(start, start + K))
    return len(covered), len(window) - window.count("N")


@st.composite
def datasets(draw):
    """Draw splits of windows made of a few pieces, so that they share some, on both strands."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    pieces = ["".join(rng.choice(list("ACGT"), 30)) for _ in range(6)]
    pieces += [decode(reverse_complement(np.array(list(map("ACGT".index, pieces[0])), np.uint8)))]
    pieces += ["N" * 30]
    row = st.lists(st.sampled_from(pieces), min_size=4, max_size=4).map("".join)
    return {
        split: [
            (0, 121 * number, bases)
            for number, bases in enumerate(draw(st.lists(row, min_size=1, max_size=5)))
        ]
        for split in ("train", "valid", "test")
    }


@settings(max_examples=40, deadline=None)
@given(datasets())
def test_any_count_equals_the_slow_reference(tmp_path_factory, splits):
    result = found(write(tmp_path_factory.mktemp("any") / "d.h5", splits))
    scale = module._scale(120)
    for (split, against), similar in result.similar.items():
        words = {word for *_, bases in splits[against] for _, word in sampled(bases, scale)}
        expected = 0
        for *_, bases in splits[split]:
            n_covered, n_known = shares(bases, words, scale)
            expected += 2 * n_covered >= n_known and n_covered > 0
        assert similar == expected


def test_of_short_windows_more_words_are_looked_at():
    assert module._scale(1000) == SCALE and module._scale(120) == 3
    assert module._scale(K) == module._scale(1) == 1


def test_windows_shorter_than_a_word_are_none(tmp_path):
    rows = [(0, 0, "ACGTACGT")]
    result = found(write(tmp_path / "d.h5", {"train": rows, "valid": rows, "test": rows}))
    assert set(result.similar.values()) == {0} and result.chromosomes.empty


def test_only_chromosomes_that_are_mostly_shared_are_copies():
    rows = [
        {"chromosome": "a", "split": "test", "shared": COPY},
        {"chromosome": "b", "split": "test", "shared": COPY - 0.01},
    ]
    assert copied_chromosomes(rows) == {"a": "test"}


def test_memory_is_that_of_the_held_out_words(tmp_path, monkeypatch):
    """No array that is searched is larger than the sample of the held-out split."""
    rng = np.random.default_rng(8)
    sizes = {"train": 60_000, "valid": 4000, "test": 6000}
    splits = {
        split: tiled(number, rng.integers(0, 4, size).astype(np.uint8))
        for number, (split, size) in enumerate(sizes.items())
    }
    kept = []
    distinct = module._distinct

    def watched(dataset, split, scale):
        words = distinct(dataset, split, scale)
        kept.append((split, words.nbytes))
        return words

    monkeypatch.setattr(module, "_distinct", watched)
    found(write(tmp_path / "d.h5", splits, lengths=(60_000,) * 3))
    assert [split for split, _ in kept] == ["valid", "test"]
    for split, size in kept:
        assert size == pytest.approx(sizes[split] * 8 / SCALE, rel=0.2)
