"""Bits that mean nothing: every reader of a dataset refuses them, and says the same."""

import hashlib

import h5py
import numpy as np
import pytest

from danq.config import Train
from danq.data.bits import BasesCheck, LabelsCheck, occupied, unused_bits
from danq.data.dataset import open_dataset
from danq.data.schema import (
    ATTRIBUTES,
    MARGINS,
    MARGINS_CHECKSUM,
    PARTS,
    complete_checksum,
    read_attribute,
    read_texts,
)
from danq.errors import DanqError
from danq.genome.sequence import pack
from danq.report.describe import describe
from danq.training.train import train
from tests.data.small_dataset import small, with_margins


def reference(packed, length):
    """Count bases beyond the first and beyond the end, position by position."""
    bits = np.unpackbits(packed, axis=1)  # (n, 8 w, 4)
    several = bits.sum(axis=2)
    return np.maximum(several.astype(int) - 1, 0).sum(), (several[:, length:] > 0).sum()


@pytest.mark.parametrize("length", [1, 8, 13, 16, 21])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.5])
def test_bases_are_counted_as_position_by_position(length, density, monkeypatch):
    monkeypatch.setattr("danq.data.bits._SEVERAL", 50)
    rng = np.random.default_rng(length)
    bits = rng.random((40, 8 * -(-length // 8), 4)) < density
    packed = np.packbits(bits, axis=1)
    check = BasesCheck("x", length)
    for part in np.split(packed, [3, 17]):
        check.look(part)
    assert (check.second, check.stray) == reference(packed, length)


def test_every_single_pair_of_bases_is_seen():
    for a in range(4):
        for b in range(4):
            packed = np.zeros((1, 3, 4), np.uint8)
            packed[0, 1, a] |= 0x10
            packed[0, 1, b] |= 0x10
            check = BasesCheck("x", 24)
            check.look(packed)
            assert check.second == (a != b) and bool(list(check.problems())) == (a != b)


def test_what_is_packed_has_no_such_bits():
    rng = np.random.default_rng(0)
    check = BasesCheck("x", 21)
    check.look(pack(rng.integers(0, 5, (50, 21))))
    assert list(check.problems()) == []


@pytest.mark.parametrize("n_targets", [1, 7, 8, 9])
def test_labels_beyond_the_last_are_counted(n_targets):
    labels = np.ones((5, 16), np.uint8)
    check = LabelsCheck("x", n_targets)
    check.look(np.packbits(labels[:, : 8 * -(-n_targets // 8)], axis=1))
    assert check.stray == (0 if n_targets % 8 == 0 else 5)
    used = np.packbits(labels[:, :n_targets], axis=1)
    clean = LabelsCheck("x", n_targets)
    clean.look(used)
    assert list(clean.problems()) == []


def test_unused_bits_are_those_that_packing_leaves():
    for n in range(1, 20):
        full = int(np.packbits(np.ones(n, np.uint8))[-1])
        assert unused_bits(n) == full ^ 0xFF


def test_occupied_positions_hold_any_base():
    words = np.array([0x00000000, 0x01000000, 0x00800100, 0x10101010], np.uint32)
    assert occupied(words).tolist() == [0, 1, 0x81, 0x10]


# --- in a file whose checksums are right ---


def spoil(path, name, change):
    """Change a part of a dataset, and seal it again: only its bits are wrong."""
    with h5py.File(path, "r+") as file:
        values = file[name][()]
        change(values)
        file[name][...] = values
        digest = hashlib.sha256(values.tobytes()).hexdigest()
        if name == MARGINS:
            file[MARGINS_CHECKSUM][0] = digest.encode()
            return path
        checksums = read_texts(file["checksums"])
        checksums[PARTS.index(name)] = digest
        file["checksums"][PARTS.index(name)] = digest.encode()
        attributes = {key: read_attribute(file, key) for key in ATTRIBUTES}
        file["complete"][0] = complete_checksum(attributes, checksums).encode()
    return path


def two_bases(values):
    values[0, 0] |= 0x80


def base_beyond(values):
    values[-1, -1, 2] |= 1


def label_beyond(values):
    values[-1, -1] |= 1


CASES = [
    (split, f"{split}/{column}", change, words)
    for split in ("train", "valid", "test")
    for column, change, words in (
        ("sequences", two_bases, "more than one base at a position"),
        ("sequences", base_beyond, "bases beyond the end of the window"),
        ("targets", label_beyond, "labels beyond the last target"),
    )
]


def open_only(path, folder):
    with open_dataset(path):
        pass


def train_on(path, folder):
    files = (folder / "m.ckpt", folder / "h.tsv", folder / "f.json")
    settings = Train(scale=0.02, epochs=1, batch_size=2, device="cpu", precision="float32")
    train(path, *files, model="mlp", seed=0, settings=settings, motifs="none.meme", threads=1)


@pytest.mark.parametrize("reader", [open_only, train_on, lambda path, folder: describe(path)])
@pytest.mark.parametrize(("split", "name", "change", "words"), CASES)
def test_every_reader_refuses_them(tmp_path, reader, split, name, change, words):
    path = spoil(small(tmp_path / "d.h5"), name, change)
    with pytest.raises(DanqError, match=f"{name} has .*{words}"):
        reader(path, tmp_path)
    assert not (tmp_path / "m.ckpt").exists()


def test_two_bases_in_a_margin_are_refused(tmp_path):
    path = spoil(with_margins(tmp_path / "d.h5"), MARGINS, two_bases)
    with pytest.raises(DanqError, match="train/margins has more than one base at a position"):
        open_only(path, tmp_path)


def test_the_same_files_unspoilt_are_read(tmp_path):
    open_only(spoil(small(tmp_path / "d.h5"), "train/targets", lambda values: None), tmp_path)
    open_only(with_margins(tmp_path / "m.h5"), tmp_path)
