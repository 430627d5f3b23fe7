import resource

import h5py
import numpy as np
import pytest
from conftest import BIN, LENGTHS, WINDOW
from hypothesis import given
from hypothesis import strategies as st

from danq.batches import Batches, augment
from danq.dataset import encode, open_dataset
from danq.errors import DanqError
from danq.sequence import decode, one_hot
from danq.sequence import encode as encode_letters


def test_the_dataset_holds_the_genome_at_the_places_it_names(toy, toy_dataset):
    genome = {}
    for record in (toy / "genome.fa").read_text().split(">")[1:]:
        name, _, body = record.partition("\n")
        genome[name] = body.replace("\n", "")
    with open_dataset(toy_dataset) as dataset:
        assert (dataset.window, dataset.bin_size, dataset.names) == (WINDOW, BIN, ["Factor A", "<b>B</b>"])
        for split in ("train", "valid", "test"):
            codes = dataset.codes(split)
            for chrom, start, row in zip(*dataset.places(split), codes, strict=True):
                assert decode(row) == genome[chrom][start:start + WINDOW]
            assert (dataset.one_hot(split, np.arange(len(codes)))
                    == one_hot(codes).transpose(0, 2, 1)).all()
        rows = np.array([5, 0, 5])
        assert (dataset.one_hot("train", rows) == dataset.one_hot("train", np.arange(6))[rows]).all()
        assert set(dataset.places("train")[0]) == {"chr1"} and set(LENGTHS) == {"chr1", "chr2", "chr3"}


def test_labels_are_those_of_the_windows_table(toy_dataset):
    lines = (toy_dataset.parent / "windows.tsv").read_text().splitlines()[2:]
    for split in ("train", "valid", "test"):
        expected = [[str(t) in line.split("\t")[4].split(",") for t in range(2)] for line in lines
                    if line.split("\t")[3] == split]
        with open_dataset(toy_dataset) as dataset:
            assert dataset.labels(split).tolist() == np.array(expected, dtype=int).tolist()


def selene_rows(path, split, rows):
    """Read a batch as Selene's H5DataLoader(unpackbits=True) documents it: bits along the length, then cut.

    Layout: https://github.com/FunctionLab/selene, selene_sdk/samplers/dataloader.py. Scalar datasets beside the data
    give the true lengths; N would be four ones there, and our files write none.
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
        assert (batches.sequences_of(slice(2, 4)).numpy() == dataset.one_hot("train", np.array([2, 3]))).all()


@given(st.text("ACGTN", min_size=9, max_size=30), st.integers(0, 4), st.integers(0, 99))
def test_augmented_windows_are_shifted_strands_of_the_window(letters, shift, seed):
    torch = pytest.importorskip("torch")
    X = torch.from_numpy(one_hot(encode_letters(letters)).T[None].astype(np.float32))
    found = augment(X, shift, torch.Generator().manual_seed(seed))
    padded = torch.nn.functional.pad(X, (shift, shift)), torch.nn.functional.pad(X.flip(1, 2), (shift, shift))
    allowed = [strand[:, :, move:move + len(letters)] for strand in padded for move in range(2 * shift + 1)]
    assert any((found == one).all() for one in allowed)


def write_own(folder, rows, length=16):
    """Write a user's own windows: name, split, labels."""
    rng = np.random.default_rng(1)
    folder.mkdir(exist_ok=True)
    fasta, table = folder / "own.fa", folder / "own.tsv"
    fasta.write_text("".join(f">{name}\n{''.join(rng.choice(list('ACGT'), length))}\n" for name, *_ in reversed(rows)))
    table.write_text("name\tsplit\tbound\topen\n" + "".join("\t".join(row) + "\n" for row in rows))
    return fasta, table


OWN = [("w1", "train", "1", "0"), ("w2", "valid", "0", "0"), ("w3", "test", "1", "1"), ("w4", "train", "0", "1")]


def test_a_users_own_windows_become_a_dataset(tmp_path):
    fasta, table = write_own(tmp_path, OWN)
    encode(fasta, table, tmp_path / "dataset.h5")
    letters = dict(zip(fasta.read_text().split()[::2], fasta.read_text().split()[1::2], strict=True))
    with open_dataset(tmp_path / "dataset.h5") as dataset:
        assert dataset.names == ["bound", "open"] and dataset.window == dataset.bin_size == 16
        assert dataset.places("train")[0] == ["w4", "w1"]  # the order of the FASTA
        assert dataset.labels("train").tolist() == [[0, 1], [1, 0]]
        assert [decode(row) for row in dataset.codes("train")] == [letters[">w4"], letters[">w1"]]


@pytest.mark.parametrize(("rows", "message"), [
    ([*OWN, ("w5", "dev", "1", "0")], r"own\.tsv:6: split 'dev'; choose from train, valid, test"),
    ([*OWN, ("w5", "test", "2", "0")], r"own\.tsv:6: label '2' in column 'bound'; it must be 0 or 1"),
    ([row for row in OWN if row[1] != "valid"], r"own\.tsv: no window in the valid split"),
])
def test_broken_own_tables_are_refused(tmp_path, rows, message):
    fasta, table = write_own(tmp_path / "in", rows)
    with pytest.raises(DanqError, match=message):
        encode(fasta, table, tmp_path / "out" / "dataset.h5")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_windows_and_rows_must_belong_together(tmp_path):
    fasta, table = write_own(tmp_path, OWN)
    fasta.write_text(fasta.read_text() + ">w9\nACGTACGTACGTACGT\n")
    with pytest.raises(DanqError, match=r"own\.fa:9: 'w9' has no row in .*own\.tsv; add it or remove the record"):
        encode(fasta, table, tmp_path / "dataset.h5")
    fasta.write_text(">w1\nACGTACGTACGTACGT\n")
    with pytest.raises(DanqError, match=r"own\.tsv: 3 of its windows have no record in .*own\.fa"):
        encode(fasta, table, tmp_path / "dataset.h5")
    fasta.write_text(">w1\nACGTACGTACGTACGT\n>w2\nACG\n")
    with pytest.raises(DanqError, match=r"own\.fa:3: 'w2' has 3 bp, the windows before it 16"):
        encode(fasta, table, tmp_path / "dataset.h5")
    assert not (tmp_path / "dataset.h5").exists()


def test_what_is_no_dataset_is_refused(tmp_path, toy_dataset):
    whole = toy_dataset.read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[:-100])
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    for name, message in (("cut.h5", "not a whole HDF5 file"), ("other.h5", "its format, version and alphabet are")):
        with pytest.raises(DanqError, match=message), open_dataset(tmp_path / name):
            pass


def test_unknown_letters_survive(tmp_path):
    fasta, table = write_own(tmp_path, OWN)
    fasta.write_text("".join(f">w{i}\n{'ACGTN' * 3}R\n" for i in (1, 2, 3, 4)))
    encode(fasta, table, tmp_path / "dataset.h5")
    with open_dataset(tmp_path / "dataset.h5") as dataset:
        assert decode(dataset.codes("test")[0]) == "ACGTN" * 3 + "N"


def test_targets_of_another_run_are_refused(toy_dataset, tmp_path):
    lines = (toy_dataset.parent / "targets.tsv").read_text().splitlines()
    (tmp_path / "targets.tsv").write_text("\n".join([lines[0], lines[2], lines[1]]) + "\n")
    with pytest.raises(DanqError, match=r"targets\.tsv: its targets are not those of .*windows\.tsv"):
        encode(toy_dataset.parent / "windows.fa.gz", toy_dataset.parent / "windows.tsv", tmp_path / "d.h5",
               tmp_path / "targets.tsv")


def test_a_dataset_that_lacks_a_part_is_refused(toy_dataset, tmp_path):
    import shutil
    for part in ("test", "targets/jaspar", "train/start"):
        shutil.copy(toy_dataset, tmp_path / "d.h5")
        with h5py.File(tmp_path / "d.h5", "a") as file:
            del file[part]
        with pytest.raises(DanqError, match=r"d\.h5: lacks a part"), open_dataset(tmp_path / "d.h5"):
            pass


def test_a_set_that_does_not_fit_on_the_disk_is_not_begun(tmp_path, monkeypatch):
    fasta, table = write_own(tmp_path, OWN)
    with monkeypatch.context() as patched:
        patched.setattr("danq.dataset.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
        with pytest.raises(DanqError, match=r"d\.h5: needs about 0 MB, and 0 MB are free; make room"):
            encode(fasta, table, tmp_path / "d.h5")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(DanqError, match=r"d\.h5: needs about 0 MB \(File too large\); make room"):
            encode(fasta, table, tmp_path / "d.h5")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.glob(".d.h5*")) and not (tmp_path / "d.h5").exists()
