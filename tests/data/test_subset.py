"""Shares of the training windows: nested, of whole blocks; all else is the whole dataset's."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.data.subset import BLOCK, block_length, block_of_windows, subset, windows_of_share
from danq.errors import DanqError
from danq.evaluation import uncertainty
from tests.conftest import refuse

SHARES = [0.125, 0.25, 0.5, 1]


def genome(path, lengths=(3_000_000, 1_000_000), n_windows=4_000, positive=(0.3, 0.3, 0.001)):
    """Write a dataset of 60 bp windows at random places of two chromosomes; return its path."""
    rng = np.random.default_rng(5)
    n = [n_windows * length // sum(lengths) for length in lengths]
    rows = np.array([n, [1, 2], [2, 1]])
    targets = [(f"t{i}", "g", "") for i in range(3)]
    chromosomes = {f"chr{i}": length for i, length in enumerate(lengths)}
    with create_dataset(
        path, window=60, bin_size=20, targets=targets, chromosomes=chromosomes, rows=rows
    ) as writer:
        for split, counts in zip(("train", "valid", "test"), rows, strict=True):
            starts = [
                np.sort(rng.integers(0, length - 60, count))
                for length, count in zip(lengths, counts, strict=True)
            ]
            total = sum(counts)
            packed = np.packbits(rng.random((total, 3)) < positive, axis=1)
            bases = np.packbits(np.eye(4, dtype=np.uint8)[rng.integers(0, 4, (total, 60))], axis=1)
            writer.append(split, bases, packed, np.concatenate(starts))
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return genome(tmp_path_factory.mktemp("whole") / "dataset.h5")


@pytest.fixture(scope="module")
def shares(whole):
    """Return share -> path of a dataset that has it."""
    paths = {}
    for share in SHARES:
        paths[share] = whole.with_name(f"share{share}.h5")
        subset(whole, paths[share], share=share)
    return paths


def rows(path):
    """Return the training windows as a set: chromosome, start, bases, labels."""
    with open_dataset(path) as data:
        chrom, start = data.positions("train")
        bases, labels = data.packed_sequences("train"), data.packed_labels("train")
        columns = zip(chrom, start, bases, labels, strict=True)
        return [(int(c), int(s), b.tobytes(), t.tobytes()) for c, s, b, t in columns]


def test_shares_are_nested_and_near_their_size(whole, shares):
    sets = [set(rows(path)) for path in shares.values()]
    for smaller, larger in itertools.pairwise(sets):
        assert smaller < larger
    n = len(rows(whole))
    for share, kept in zip(SHARES, sets, strict=True):
        assert len(kept) == pytest.approx(share * n, abs=0.03 * n)


def test_no_block_is_split_between_a_share_and_the_rest(whole, shares):
    def blocks(windows):
        return {(chrom, start // BLOCK) for chrom, start, *_ in windows}

    everything = rows(whole)
    assert len(blocks(everything)) == 80
    for path in shares.values():
        kept = set(rows(path))
        left_out = [window for window in everything if window not in kept]
        assert not blocks(kept) & blocks(left_out)


def test_a_share_of_1_is_the_dataset_and_the_other_splits_are_always(whole, shares):
    assert rows(shares[1]) == rows(whole)
    with open_dataset(whole) as data:
        checksums = {split: data.split_checksum(split) for split in ("train", "valid", "test")}
        checksum, attributes, names = data.checksum, data.attributes, data.names
    for share, path in shares.items():
        with open_dataset(path) as data:
            for split in ("valid", "test"):
                assert data.split_checksum(split) == checksums[split]
            assert (data.split_checksum("train") == checksums["train"]) == (share == 1)
            assert data.attributes == attributes and data.names == names
            facts = data.source["subset"]
            assert facts["dataset"]["sha256"] == checksum
            assert (facts["share"], facts["seed"], facts["block"]) == (share, 0, BLOCK)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_windows(whole, shares, tmp_path):
    subset(whole, tmp_path / "again.h5", share=0.25)
    assert (tmp_path / "again.h5").read_bytes() == shares[0.25].read_bytes()
    subset(whole, tmp_path / "other.h5", share=0.25, seed=1)
    assert set(rows(tmp_path / "other.h5")) != set(rows(shares[0.25]))


def test_windows_keep_their_order_and_their_chromosomes(whole, shares):
    kept = rows(shares[0.5])
    chosen = set(kept)
    assert kept == [window for window in rows(whole) if window in chosen]


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=200),
    st.floats(0.01, 1),
    st.floats(0.01, 1),
    st.integers(0, 5),
)
def test_any_two_shares_are_nested_whole_blocks_the_nearest_number(numbers, one, other, seed):
    blocks = np.array(numbers)
    small_share, large_share = sorted([one, other])
    smaller = windows_of_share(blocks, small_share, seed)
    larger = windows_of_share(blocks, large_share, seed)
    assert smaller.any() and not (smaller & ~larger).any()
    assert not set(blocks[smaller]) & set(blocks[~smaller])
    assert windows_of_share(blocks, 1, seed).all()
    largest = np.bincount(blocks).max()
    assert abs(smaller.sum() - small_share * len(blocks)) <= largest


def test_blocks_are_those_of_the_intervals():
    assert BLOCK == uncertainty.BLOCK


def test_blocks_of_a_small_genome_are_shorter_but_not_below_ten_windows(tmp_path):
    path = genome(tmp_path / "d.h5", lengths=(200_000, 100_000))
    with open_dataset(path) as data:
        length = block_length(data)
        assert length == BLOCK // 16  # of 300,000 bp there are 96; of twice the length 48
        assert len(set(block_of_windows(data, length))) >= 64
        assert len(set(block_of_windows(data, 2 * length))) < 64
    tiny = genome(tmp_path / "t.h5", lengths=(5_000, 5_000), n_windows=200)
    with open_dataset(tiny) as data:
        assert 600 <= block_length(data) < 1200


def test_windows_without_places_are_drawn_one_by_one(tmp_path):
    n = 400
    chromosomes = {f"w{i}": 20 for i in range(n)}
    counts = np.zeros((3, n), dtype=int)
    counts[0, 2:] = counts[1, 0] = counts[2, 1] = 1
    with create_dataset(
        tmp_path / "d.h5",
        window=20,
        bin_size=20,
        targets=[("a", "g", "")],
        chromosomes=chromosomes,
        rows=counts,
        coordinates="rows",
    ) as writer:
        for split, total in zip(("train", "valid", "test"), counts.sum(axis=1), strict=True):
            labels = np.full((total, 1), 128, dtype=np.uint8)
            starts = np.zeros(total, dtype=int)
            writer.append(split, np.zeros((total, 3, 4), dtype=np.uint8), labels, starts)
    path = tmp_path / "d.h5"
    subset(path, tmp_path / "half.h5", share=0.5)
    with open_dataset(tmp_path / "half.h5") as data:
        chrom = data.positions("train").chrom
        assert data.length("train") == 199 and data.attributes["coordinates"] == "rows"
        assert len(set(np.diff(chrom))) > 1, "scattered, not the first half"


def test_a_target_that_loses_its_positives_is_named(tmp_path, capsys):
    path = genome(tmp_path / "d.h5")
    with open_dataset(path) as data:
        assert 0 < data.positives("train")[2] < 12
    subset(path, tmp_path / "s.h5", share=0.02)
    printed = capsys.readouterr()
    assert printed.out.startswith("share 0.02: ")
    with open_dataset(tmp_path / "s.h5") as data:
        assert data.positives("train")[2] == 0
    assert "targets without a positive training window in it: t2; no model can" in printed.err


@pytest.mark.parametrize("share", [0, -0.5, 1.5, float("nan")])
def test_a_number_that_is_no_share_is_refused(whole, tmp_path, share):
    message = f"--share {share:g} is not a share; give a number above 0, at most 1"
    refuse(message, subset, whole, tmp_path / "s.h5", share=share)
    assert not list(tmp_path.iterdir())


def test_a_share_without_a_label_is_refused_and_leaves_nothing(tmp_path):
    path = genome(tmp_path / "d.h5", positive=(0, 0, 0))
    with pytest.raises(DanqError, match=r"no training window of the share 0\.01 has a label"):
        subset(path, tmp_path / "s.h5", share=0.01)
    assert [file.name for file in tmp_path.iterdir()] == ["d.h5"]


def test_the_dataset_is_not_overwritten(whole):
    before = whole.read_bytes()
    with pytest.raises(DanqError, match="is also an input, the dataset"):
        subset(whole, whole, share=0.5)
    assert whole.read_bytes() == before


def test_windows_keep_their_margins(toy, run_extract, tmp_path):
    path = run_extract(toy, tmp_path, margin=24) / "dataset.h5"
    subset(path, tmp_path / "half.h5", share=0.5)
    margins_of = {}
    for name in ("dataset.h5", "half.h5"):
        with open_dataset(tmp_path / name) as data:
            assert data.margin == 24
            starts = data.positions("train").start.tolist()
            margins = [margins.tobytes() for margins in data.packed_margins()]
        margins_of[name] = dict(zip(starts, margins, strict=True))
    whole, half = margins_of["dataset.h5"], margins_of["half.h5"]
    assert 0 < len(half) < len(whole) and half.items() <= whole.items()
