import h5py
import numpy as np
import pytest

from danq.data.dataset import open_dataset
from danq.errors import DanqError
from tests.data.small_dataset import change, content, small


def replace(name, make):
    """Return a change that replaces a part by something else."""

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


def test_every_changed_byte_is_refused_or_harmless(tmp_path):
    intact, damaged = small(tmp_path / "d.h5"), tmp_path / "damaged.h5"
    raw, expected, seen = intact.read_bytes(), content(intact), 0
    # Every 13th byte of the data and of HDF5's own structures: found, or in a gap between parts.
    for position in range(0, len(raw), 13):
        damaged.write_bytes(raw[:position] + bytes([raw[position] ^ 0x41]) + raw[position + 1 :])
        try:
            assert content(damaged) == expected, position
        except DanqError as error:
            seen += str(error).startswith(f"{damaged}: ")
    assert seen > 0.7 * len(raw) / 13


@pytest.mark.parametrize("size", [0, 8, 0.5, -1024, -1])
def test_cut_files_are_refused(tmp_path, size):
    raw = small(tmp_path / "d.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(raw[: int(size * len(raw)) if size == 0.5 else size])
    with pytest.raises(DanqError, match=r"cut\.h5: "), open_dataset(tmp_path / "cut.h5"):
        pass


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
    # A wrong window makes other shapes or lengths wrong; which is reported first does not matter.
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
