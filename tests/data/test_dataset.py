import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.errors import DanqError
from danq.genome.bins import SPLITS
from danq.genome.sequence import decode, one_hot, row_bytes
from danq.genome.sequence import encode as encode_bases
from danq.network.augment import augment
from danq.network.batches import Batches
from tests.conftest import BIN, LENGTHS, WINDOW
from tests.data.small_dataset import small


def test_the_dataset_holds_the_genome_at_the_places_it_names(toy, toy_dataset):
    genome = {}
    for record in (toy / "genome.fa").read_text().split(">")[1:]:
        name, _, body = record.partition("\n")
        genome[name] = body.replace("\n", "")
    with open_dataset(toy_dataset) as dataset:
        assert (dataset.window, dataset.bin_size, dataset.names) == (
            WINDOW,
            BIN,
            ["Factor A", "<b>B</b>"],
        )
        for split in ("train", "valid", "test"):
            indices = dataset.base_indices(split)
            for chrom, start, row in zip(*dataset.positions(split), indices, strict=True):
                assert decode(row) == genome[list(genome)[chrom]][start : start + WINDOW]
            assert (
                dataset.one_hot(split, np.arange(len(indices)))
                == one_hot(indices).transpose(0, 2, 1)
            ).all()
        rows = np.array([5, 0, 5])
        assert (
            dataset.one_hot("train", rows) == dataset.one_hot("train", np.arange(6))[rows]
        ).all()
        assert set(dataset.positions("train")[0]) == {0} and dataset.chromosomes == LENGTHS


def test_labels_are_those_of_the_windows_table(toy_dataset):
    lines = (toy_dataset.parent / "windows.tsv").read_text().splitlines()[1:]
    for split in ("train", "valid", "test"):
        expected = [
            [str(t) in line.split("\t")[4].split(",") for t in range(2)]
            for line in lines
            if line.split("\t")[3] == split
        ]
        with open_dataset(toy_dataset) as dataset:
            assert dataset.labels(split).tolist() == np.array(expected, dtype=int).tolist()


def selene_rows(path, split, rows):
    """Read a batch as Selene's H5DataLoader(unpackbits=True) documents it.

    Bits along the length, then cut. Layout: https://github.com/FunctionLab/selene,
    selene_sdk/samplers/dataloader.py. Scalar datasets beside the data give the true lengths; N
    would be four ones there, and our files write none.
    """
    with h5py.File(path, "r") as file:
        group = file[split]
        length, n_targets = int(group["sequences_length"][()]), int(group["targets_length"][()])
        sequences = np.unpackbits(group["sequences"][rows], axis=-2).astype(float)[:, :length, :]
        targets = np.unpackbits(group["targets"][rows], axis=-1)[:, :n_targets].astype(float)
        return sequences, targets


def test_selenes_layout_gives_the_same_values(toy_dataset):
    rows = [0, 3, 4]
    with open_dataset(toy_dataset) as dataset:
        sequences, targets = selene_rows(toy_dataset, "train", rows)
        assert (sequences.transpose(0, 2, 1) == dataset.one_hot("train", np.array(rows))).all()
        assert (targets == dataset.labels("train")[rows]).all()


def test_batches_on_the_device_equal_the_file(toy_dataset):
    torch = pytest.importorskip("torch")
    with open_dataset(toy_dataset) as dataset:
        batches = Batches(dataset, "train", torch.device("cpu"))
        rows = torch.tensor([7, 1, 1])
        assert (batches.sequences_of(rows).numpy() == dataset.one_hot("train", rows.numpy())).all()
        assert (batches.labels_of(rows).numpy() == dataset.labels("train")[rows.numpy()]).all()
        assert (
            batches.sequences_of(slice(2, 4)).numpy() == dataset.one_hot("train", np.array([2, 3]))
        ).all()


@given(st.text("ACGTN", min_size=9, max_size=30), st.integers(0, 4), st.integers(0, 99))
def test_augmented_windows_are_shifted_strands_of_the_window(bases, shift, seed):
    torch = pytest.importorskip("torch")
    X = torch.from_numpy(one_hot(encode_bases(bases)).T[None].astype(np.float32))
    chance = np.random.default_rng(seed)
    reverse, shifts = chance.integers(0, 2, 1).astype(bool), chance.integers(0, 2 * shift + 1, 1)
    wide = torch.nn.functional.pad(X, (shift, shift))
    length = len(bases)
    augmented = augment(wide, torch.from_numpy(reverse), torch.from_numpy(shifts), length)
    padded = (
        torch.nn.functional.pad(X, (shift, shift)),
        torch.nn.functional.pad(X.flip(1, 2), (shift, shift)),
    )
    allowed = [
        strand[:, :, move : move + len(bases)] for strand in padded for move in range(2 * shift + 1)
    ]
    assert any((augmented == window).all() for window in allowed)


def test_what_is_no_dataset_is_refused(tmp_path, toy_dataset):
    content = toy_dataset.read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[:-100])
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    for name, message in (
        ("cut.h5", "not a whole HDF5 file"),
        ("other.h5", "lacks the attribute format"),
    ):
        with pytest.raises(DanqError, match=message), open_dataset(tmp_path / name):
            pass


def test_the_checksum_of_a_split_is_of_its_bases_labels_and_starts(tmp_path):
    with (
        open_dataset(small(tmp_path / "a.h5")) as first,
        open_dataset(small(tmp_path / "b.h5", assembly="x")) as copy,
    ):
        assert [first.split_checksum(split) for split in SPLITS] == [
            copy.split_checksum(split) for split in SPLITS
        ]
        assert len({first.split_checksum(split) for split in SPLITS}) == 3


def test_labels_of_some_targets_are_those_of_all(tmp_path):
    labels = np.random.default_rng(0).random((20, 19)) < 0.4
    with create_dataset(
        tmp_path / "a.h5",
        window=40,
        bin_size=8,
        targets=[(f"t{k}", "g", "") for k in range(19)],
        chromosomes={"c": 9000},
        rows=np.full((3, 1), 20),
    ) as writer:
        for split in SPLITS:
            writer.append(
                split, np.zeros((20, 5, 4), np.uint8), np.packbits(labels, axis=1), np.arange(20)
            )
    with open_dataset(tmp_path / "a.h5") as data:
        assert (data.labels_of("train", [18, 0, 7, 8]) == labels[:, [18, 0, 7, 8]]).all()
        assert data.labels_of("train", []).shape == (20, 0)


def test_a_row_has_the_bytes_of_its_parts(tmp_path):
    with open_dataset(small(tmp_path / "d.h5")) as data:
        packed = data.packed_sequences("train")[0].nbytes + data.packed_labels("train")[0].nbytes
        assert row_bytes(data.window, len(data.names)) == packed


def test_labels_of_some_rows_are_those_of_all(tmp_path):
    with open_dataset(small(tmp_path / "d.h5")) as data:
        assert (data.labels("train", slice(1, 4)) == data.labels("train")[1:4]).all()


def test_windows_with_a_label_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("danq.data.dataset._BLOCK", 2)
    with open_dataset(small(tmp_path / "d.h5")) as data:
        labels = data.labels("train")
        counts = data.label_counts("train")
        assert counts.labelled == labels.any(axis=1).sum()
        assert counts.positives.tolist() == labels.sum(axis=0).tolist()
        assert data.positives("train") is counts.positives
