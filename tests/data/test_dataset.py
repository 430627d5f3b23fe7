import contextlib
import errno
import os
import resource
import signal

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.errors import DanqError
from danq.genome.bins import SPLITS
from danq.genome.sequence import decode, one_hot
from danq.genome.sequence import encode as encode_bases
from danq.network.batches import Batches, augment
from tests.conftest import BIN, LENGTHS, WINDOW


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
            for chrom, start, row in zip(*dataset.places(split), indices, strict=True):
                assert decode(row) == genome[list(genome)[chrom]][start : start + WINDOW]
            assert (
                dataset.one_hot(split, np.arange(len(indices)))
                == one_hot(indices).transpose(0, 2, 1)
            ).all()
        rows = np.array([5, 0, 5])
        assert (
            dataset.one_hot("train", rows) == dataset.one_hot("train", np.arange(6))[rows]
        ).all()
        assert set(dataset.places("train")[0]) == {0} and dataset.chromosomes == LENGTHS


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
        assert (
            batches.sequences_of(slice(2, 4)).numpy() == dataset.one_hot("train", np.array([2, 3]))
        ).all()


@given(st.text("ACGTN", min_size=9, max_size=30), st.integers(0, 4), st.integers(0, 99))
def test_augmented_windows_are_shifted_strands_of_the_window(bases, shift, seed):
    torch = pytest.importorskip("torch")
    X = torch.from_numpy(one_hot(encode_bases(bases)).T[None].astype(np.float32))
    chance = np.random.default_rng(seed)
    flips, moves = chance.integers(0, 2, 1).astype(bool), chance.integers(0, 2 * shift + 1, 1)
    found = augment(X, torch.from_numpy(flips), torch.from_numpy(moves), shift)
    padded = (
        torch.nn.functional.pad(X, (shift, shift)),
        torch.nn.functional.pad(X.flip(1, 2), (shift, shift)),
    )
    allowed = [
        strand[:, :, move : move + len(bases)] for strand in padded for move in range(2 * shift + 1)
    ]
    assert any((found == one).all() for one in allowed)


def test_what_is_no_dataset_is_refused(tmp_path, toy_dataset):
    whole = toy_dataset.read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[:-100])
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    for name, message in (
        ("cut.h5", "not a whole HDF5 file"),
        ("other.h5", "lacks the attribute format"),
    ):
        with pytest.raises(DanqError, match=message), open_dataset(tmp_path / name):
            pass


def small(path, **changes):
    """Write a small dataset of random windows; return its path."""
    rng = np.random.default_rng(4)
    window, n_targets, rows = 20, 11, np.array([[3, 2], [4, 0], [0, 5]])
    options = {
        "window": window,
        "bin_size": 4,
        "targets": [(f"ä{i}", "g", "") for i in range(n_targets)],
        "chromosomes": {"a": 100, "b": 300},
        "rows": rows,
        "source": {"x": 1},
    } | changes
    with create_dataset(path, **options) as writer:
        for split, own in zip(SPLITS, rows, strict=True):
            starts = np.concatenate([np.arange(n) * 10 for n in own])
            writer.append(
                split,
                rng.integers(0, 256, (len(starts), 3, 4), dtype=np.uint8),
                rng.integers(0, 256, (len(starts), 2), dtype=np.uint8),
                starts,
            )
    return path


def content(path):
    """Return all that a dataset says."""
    with open_dataset(path) as data:
        return repr(
            (
                data.attributes,
                data.names,
                data.groups,
                data.jaspar,
                data.chromosomes,
                data.source,
                [
                    (
                        *(part.tolist() for part in data.places(split)),
                        data.packed_sequences(split).tolist(),
                        data.packed_labels(split).tolist(),
                    )
                    for split in SPLITS
                ],
            )
        )


def test_no_flipped_byte_is_believed(tmp_path):
    whole, flipped = small(tmp_path / "d.h5"), tmp_path / "flipped.h5"
    raw, expected, seen = whole.read_bytes(), content(whole), 0
    # Every 13th byte of the data and of HDF5's own structures: found, or in a gap between parts.
    for place in range(0, len(raw), 13):
        flipped.write_bytes(raw[:place] + bytes([raw[place] ^ 0x41]) + raw[place + 1 :])
        try:
            assert content(flipped) == expected, place
        except DanqError as error:
            seen += str(error).startswith(f"{flipped}: ")
    assert seen > 0.7 * len(raw) / 13


@pytest.mark.parametrize("size", [0, 8, 0.5, -1024, -1])
def test_no_cut_file_is_believed(tmp_path, size):
    raw = small(tmp_path / "d.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(raw[: int(size * len(raw)) if size == 0.5 else size])
    with pytest.raises(DanqError, match=r"cut\.h5: "), open_dataset(tmp_path / "cut.h5"):
        pass


def change(path, how):
    with h5py.File(path, "a") as file:
        how(file)
    return path


def replace(name, make):
    """Return a change that puts something else in the place of a part."""

    def how(file):
        values = file[name][()]
        del file[name]
        make(file, name, values)

    return how


def external(file, name, values):
    outside = file.filename + ".other"
    with h5py.File(outside, "w") as other:
        other["x"] = values
    file[name] = h5py.ExternalLink(outside, "/x")


def outside_storage(file, name, values):
    with open(file.filename + ".raw", "wb") as raw:
        raw.write(values.tobytes())
    file.create_dataset(
        name, values.shape, values.dtype, external=[(file.filename + ".raw", 0, values.nbytes)]
    )


def virtual(file, name, values):
    layout = h5py.VirtualLayout(values.shape, values.dtype)
    with h5py.File(file.filename + ".other", "w") as other:
        layout[...] = h5py.VirtualSource(other.create_dataset("x", data=values))
    file.create_virtual_dataset(name, layout)


def chunked(file, name, values):
    file.create_dataset(name, data=values, chunks=True, compression="gzip")


@pytest.mark.parametrize(
    ("how", "what"),
    [
        (replace("train/sequences", external), "train/sequences is a link that leads elsewhere"),
        (
            replace(
                "train/sequences",
                lambda file, name, _: file.__setitem__(name, h5py.SoftLink("/valid/sequences")),
            ),
            "train/sequences is a link that leads elsewhere",
        ),
        (
            replace("test/targets", outside_storage),
            "test/targets is not stored contiguously in this file",
        ),
        (replace("test/targets", virtual), "test/targets is not stored contiguously in this file"),
        (replace("test/targets", chunked), "test/targets is not stored contiguously in this file"),
        (
            replace(
                "test/targets",
                lambda file, name, values: file.create_dataset(name, data=values.astype(np.int64)),
            ),
            "test/targets has the type int64",
        ),
        (
            replace(
                "valid/start",
                lambda file, name, values: file.create_dataset(name, data=values[:-1]),
            ),
            "valid/start has the shape (3,), not (4,)",
        ),
        (
            replace("source", lambda file, name, values: file.create_group(name)),
            "source is not a dataset",
        ),
        (lambda file: file.attrs.create("window", 21), "train/sequences_length"),
        (
            lambda file: file.attrs.__setitem__("assembly", "other"),
            "its attribute assembly is not fixed-length text",
        ),
        (lambda file: file["complete"].__setitem__(0, b""), "was not finished"),
        (
            lambda file: file["checksums"].__setitem__(3, b"0" * 64),
            "are not those that were written",
        ),
    ],
)
def test_what_is_not_as_specified_is_refused(tmp_path, how, what):
    path = change(small(tmp_path / "d.h5"), how)
    with pytest.raises(DanqError) as caught, open_dataset(path):
        pass
    # A wrong window makes other shapes or lengths wrong; which is told first does not matter.
    assert what in str(caught.value) or (
        what == "train/sequences_length" and "written" in str(caught.value)
    )


def test_what_claims_more_than_the_file_holds_is_refused(tmp_path):
    path = small(tmp_path / "d.h5")
    with h5py.File(path, "a") as file:
        del file["train/sequences"]
        file.create_dataset("train/sequences", (1 << 40, 3, 4), np.uint8)
    with (
        pytest.raises(
            DanqError, match=r"train/sequences is not stored contiguously in this file|beyond"
        ),
        open_dataset(path),
    ):
        pass


def test_rows_that_were_not_written_are_our_own_fault(tmp_path):
    with (
        pytest.raises(AssertionError, match="train/sequences: 0 of 5 rows written"),
        create_dataset(
            tmp_path / "d.h5",
            window=20,
            bin_size=4,
            targets=[("a", "g", "")],
            chromosomes={"a": 100, "b": 300},
            rows=np.array([[3, 2], [4, 0], [0, 5]]),
        ),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_split_without_windows_is_refused(tmp_path):
    with pytest.raises(DanqError, match="no window in the valid split"):
        small(tmp_path / "d.h5", rows=np.array([[3, 2], [0, 0], [0, 5]]))


def test_the_checksum_of_a_split_is_of_its_letters_labels_and_starts(tmp_path):
    with (
        open_dataset(small(tmp_path / "a.h5")) as first,
        open_dataset(small(tmp_path / "b.h5", assembly="x")) as again,
    ):
        assert [first.split_checksum(split) for split in SPLITS] == [
            again.split_checksum(split) for split in SPLITS
        ]
        assert len({first.split_checksum(split) for split in SPLITS}) == 3


def test_storage_is_what_the_format_promises(tmp_path):
    n = 3_000
    with create_dataset(
        tmp_path / "d.h5",
        window=1000,
        bin_size=200,
        targets=[("t", "g", "")] * 919,
        chromosomes={"a": 3_000_000},
        rows=np.array([[n], [1], [1]]),
    ) as writer:
        for split, size in zip(SPLITS, (n, 1, 1), strict=True):
            writer.append(
                split,
                np.zeros((size, 125, 4), np.uint8),
                np.zeros((size, 115), np.uint8),
                np.arange(size),
            )
    assert (tmp_path / "d.h5").stat().st_size / (n + 2) < 620 + 20_000 / n


# --- faults: a full disk, a write that fails, a kill, at every write ---


class Struck:
    """A file that counts its writes with others, and fails at one of them."""

    def __init__(self, raw, strike):
        self.raw, self.strike = raw, strike

    def __getattr__(self, name):
        return getattr(self.raw, name)

    def write(self, data):
        self.strike()
        return self.raw.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.raw.close()


@contextlib.contextmanager
def fault(at, kind):
    """Let the write, flush, reservation or renaming number `at` fail; yield a list with the number of those to come."""
    left = [at]

    def strike():
        left[0] -= 1
        if left[0] == 0 and kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if left[0] == 0:
            number = errno.ENOSPC if kind == "full" else errno.EIO
            raise OSError(number, os.strerror(number))

    def opened(path, mode="r", **options):
        raw = open(path, mode, **options)
        return Struck(raw, strike) if "+" in mode else raw

    def counted(call):
        def wrapped(*arguments):
            strike()
            return call(*arguments)

        return wrapped

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("danq.data.dataset_writer.open", opened, raising=False)
        for name in ("fsync", "replace", "posix_fallocate"):
            patched.setattr(os, name, counted(getattr(os, name)))
        yield left


@pytest.mark.parametrize("kind", ["full", "io", "kill"])
def test_no_fault_at_any_write_leaves_half_a_file(tmp_path, kind):
    with fault(10**6, kind) as left:
        before = small(tmp_path / "d.h5").read_bytes()
    n_writes = 10**6 - left[0]
    assert (
        n_writes > 25
    )  # HDF5's own writes, each dataset, the checksums, the mark, flushes and renaming
    for at in range(1, n_writes + 1):
        if kind == "kill":
            child = os.fork()
            if child == 0:
                with fault(at, kind):
                    small(tmp_path / "d.h5", source={"x": 2})
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        else:
            with (
                fault(at, kind),
                pytest.raises((OSError, DanqError), match=r"No space left|Input/output"),
            ):
                small(tmp_path / "d.h5", source={"x": 2})
            assert [path.name for path in tmp_path.iterdir()] == ["d.h5"], at
        # The file is there, whole: that of before, or at the very last (a flush after the renaming) the new one.
        if (tmp_path / "d.h5").read_bytes() != before:
            assert at == n_writes and "'x': 2" in content(tmp_path / "d.h5")
    # What kills left behind is not in the way, and is cleared away.
    small(tmp_path / "d.h5", source={"x": 3})
    assert "'x': 3" in content(tmp_path / "d.h5") and [
        path.name for path in tmp_path.iterdir()
    ] == ["d.h5"]


def test_a_set_that_does_not_fit_on_the_disk_is_not_begun(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(
            "danq.data.dataset_writer.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})
        )
        with pytest.raises(
            DanqError, match=r"d\.h5: needs about 0 MB, and 0 MB are free; make room"
        ):
            small(tmp_path / "d.h5")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            small(tmp_path / "d.h5")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.glob(".d.h5*")) and not (tmp_path / "d.h5").exists()


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
