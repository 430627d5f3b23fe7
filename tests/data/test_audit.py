"""Leakage between splits, against sets of strings and comparisons of every pair."""

import contextlib
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danq.data import audit
from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.genome.sequence import encode, pack

SPLITS = ("train", "valid", "test")
OTHER = str.maketrans("ACGT", "TGCA")


def write(path, splits, *, lengths=(10_000,), targets=(("t", "g", ""),), labels=None, **facts):
    """Write a small dataset.

    `splits`: split -> list of (number of the chromosome, start, bases), chromosome by chromosome;
    `labels`: split -> rows of 0/1, all 0 when not given; `facts`: what else `create_dataset` takes.
    """
    window = len(splits["train"][0][2])
    rows = [
        np.bincount([number for number, *_ in splits[split]], minlength=len(lengths))
        for split in SPLITS
    ]
    chromosomes = {f"chr{number}": length for number, length in enumerate(lengths, 1)}
    with create_dataset(
        path,
        window=window,
        bin_size=facts.pop("bin_size", window),
        targets=list(targets),
        chromosomes=chromosomes,
        rows=np.array(rows),
        **facts,
    ) as writer:
        for split in SPLITS:
            _, starts, bases = zip(*splits[split], strict=True)
            split_labels = (
                np.zeros((len(starts), len(targets))) if labels is None else np.array(labels[split])
            )
            writer.append(
                split,
                pack(np.stack([encode(sequence) for sequence in bases])),
                np.packbits(split_labels.astype(np.uint8), axis=1),
                np.array(starts),
            )
    return path


def reverse_complement(bases):
    return bases[::-1].translate(OTHER)


def reference(splits, coordinates="genome"):
    """Audit by comparing every pair."""
    rows = []
    for split, against in (("valid", "train"), ("test", "train"), ("test", "valid")):
        windows = {bases for *_, bases in splits[against]}
        same = [bases in windows for *_, bases in splits[split]]
        reverse = [reverse_complement(bases) in windows for *_, bases in splits[split]]
        overlapping = sum(
            any(
                a == b and set(range(i, i + len(x))) & set(range(j, j + len(y)))
                for b, j, y in splits[against]
            )
            for a, i, x in splits[split]
        )
        rows.append(
            [
                split,
                against,
                len(same),
                overlapping if coordinates == "genome" else pd.NA,
                sum(same),
                sum(reverse),
                sum(map(max, same, reverse)),
            ]
        )
    return rows


def audited(path):
    with open_dataset(path) as dataset:
        return audit.audit(dataset)


def plain(table):
    return table.astype(object).to_numpy().tolist()


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(audit, "_BLOCK", 64)
    monkeypatch.setattr(audit, "_CANDIDATES", 100)


PLANTED = {
    # GAATTCGN is unlike its other strand, GAATTC.. is not; AACCGGTT is its own.
    "train": [(0, 0, "GAATTCGN"), (0, 100, "AACCGGTT"), (1, 0, "AAAAAAAA"), (1, 92, "AAAAAAAA")],
    "valid": [(0, 7, "GAATTCGN"), (0, 8, "NCGAATTC"), (1, 8, "AACCGGTT"), (1, 100, "GAATTCGA")],
    "test": [
        (0, 15, "TTTTTTTT"),
        (0, 200, "NNNNNNNN"),
        (1, 84, "AACCGGTN"),
        (1, 85, "AAAAAAAA"),
        (1, 108, "NCGAATTC"),
    ],
}


def test_what_was_planted_is_found(tmp_path):
    table = audited(write(tmp_path / "d.h5", PLANTED, lengths=(300, 200)))
    assert list(table.columns) == [
        "split",
        "against",
        "windows",
        "overlapping",
        "identical",
        "reverse_complement",
        "either",
    ]
    assert plain(table) == [
        [
            "valid",
            "train",
            4,
            1,
            2,
            2,
            3,
        ],  # starts 7 and 0 share a base, 8 and 0 do not; the palindrome counts twice
        ["test", "train", 5, 1, 1, 2, 3],
        ["test", "valid", 5, 1, 1, 1, 1],
    ]
    assert plain(table) == reference(PLANTED)
    assert [str(kind) for kind in table.dtypes[2:]] == ["int64", "Int64", "int64", "int64", "int64"]


def test_windows_without_genome_positions_do_not_overlap(tmp_path):
    table = audited(write(tmp_path / "d.h5", PLANTED, lengths=(300, 200), coordinates="rows"))
    assert table["overlapping"].isna().all()
    assert table["either"].tolist() == [3, 3, 1]


def test_neighbouring_chromosomes_do_not_overlap(tmp_path):
    splits = {
        "train": [(0, 12, "ACGTACGT")],
        "valid": [(1, 0, "ACGTACGT")],
        "test": [(2, 0, "ACGTACGT")],
    }
    assert audited(write(tmp_path / "d.h5", splits, lengths=(20, 20, 20)))[
        "overlapping"
    ].tolist() == [0, 0, 0]


@st.composite
def datasets(draw):
    """Draw splits of few different words, so that windows often repeat, on one strand or both."""
    window = draw(st.integers(1, 20))
    words = draw(
        st.lists(st.text("ACGTN", min_size=window, max_size=window), min_size=1, max_size=6)
    )
    words += [reverse_complement(word) for word in words]
    row = st.tuples(st.integers(0, 2), st.integers(0, 60), st.sampled_from(words))
    return {
        split: sorted(
            draw(st.lists(row, min_size=1, max_size=12)), key=lambda window_row: window_row[0]
        )
        for split in SPLITS
    }


@settings(max_examples=60, deadline=None)
@given(datasets(), st.booleans())
def test_any_audit_equals_the_slow_reference(tmp_path_factory, splits, genome):
    coordinates = "genome" if genome else "rows"
    path = write(
        tmp_path_factory.mktemp("any") / "d.h5",
        splits,
        lengths=(80, 80, 81),
        coordinates=coordinates,
    )
    table, expected = plain(audited(path)), reference(splits, coordinates)
    assert [[str(value) for value in row] for row in table] == [
        [str(value) for value in row] for row in expected
    ]


@pytest.mark.parametrize("window", [16, 21])
def test_blocks_change_nothing(tmp_path, small_blocks, window):
    rng = np.random.default_rng(window)
    words = ["".join(rng.choice(list("ACGTN"), window)) for _ in range(40)]
    words += [reverse_complement(word) for word in words[:20]]
    splits = {
        split: [(0, int(start), str(rng.choice(words))) for start in rng.integers(0, 9000, n)]
        for split, n in (("train", 150), ("valid", 70), ("test", 60))
    }
    table = audited(write(tmp_path / "d.h5", splits))
    assert plain(table) == reference(splits)
    assert (table["identical"] > 0).all() and table["either"].sum() > table["identical"].sum()


def test_a_collision_of_hashes_does_not_count(tmp_path, small_blocks, monkeypatch):
    monkeypatch.setattr(audit, "_hash", lambda packed: np.zeros(len(packed), dtype=np.uint64))
    rng = np.random.default_rng(3)
    splits = {
        split: [(0, 0, "".join(rng.choice(list("AC"), 6))) for _ in range(n)]
        for split, n in (("train", 9), ("valid", 20), ("test", 20))
    }
    assert plain(audited(write(tmp_path / "d.h5", splits))) == reference(splits)


def test_the_hash_tells_single_bases_apart():
    windows = {"A" * 40}
    for position, base in itertools.product(range(40), "CGTN"):
        windows.add("A" * position + base + "A" * (39 - position))
    windows |= {"N" * position + "T" + "N" * (39 - position) for position in range(40)}
    windows |= {
        "N" * a + "T" + "N" * (b - a - 1) + "T" + "N" * (39 - b)
        for a, b in itertools.combinations(range(40), 2)
    }
    hashes = audit._hash(pack(np.stack([encode(window) for window in windows])))
    assert hashes.dtype == np.uint64 and len(set(hashes.tolist())) == len(windows)


def test_the_hash_is_the_sum_of_products():
    packed = np.array([[[1, 2, 3, 4], [5, 6, 7, 255]]], dtype=np.uint8)
    a, b = map(int, np.random.default_rng(audit._SEED).integers(0, 1 << 64, 2, dtype=np.uint64))
    assert audit._hash(packed).tolist() == [(a * 0x04030201 + b * 0xFF070605) % (1 << 64)]


def test_windows_longer_than_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(audit, "_BLOCK", 1)
    monkeypatch.setattr(audit, "_CANDIDATES", 1)
    assert plain(audited(write(tmp_path / "d.h5", PLANTED, lengths=(300, 200)))) == reference(
        PLANTED
    )


def test_memory_is_a_block(tmp_path, monkeypatch):
    """All windows are the same, so all are confirmed: no read may be larger than a block."""
    monkeypatch.setattr(audit, "_BLOCK", 400)
    monkeypatch.setattr(audit, "_CANDIDATES", 800)
    rows = [(0, 8 * row, "ACGTACGTACGTACGT") for row in range(500)]
    splits = {"train": rows, "valid": rows, "test": rows}
    largest = []
    with contextlib.ExitStack() as stack:
        dataset = stack.enter_context(open_dataset(write(tmp_path / "d.h5", splits)))
        read = dataset.packed_sequences

        def watched(split, rows):
            packed = read(split, rows)
            largest.append(packed.nbytes)
            return packed

        monkeypatch.setattr(dataset, "packed_sequences", watched)
        assert audit.audit(dataset)["identical"].tolist() == [500, 500, 500]
    assert max(largest) <= 400
