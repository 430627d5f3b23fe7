import fcntl

import h5py
import numpy as np
import pytest

from danq.data.hdf5 import allocate, decode_texts, encode_texts, open_hdf5, set_attribute
from danq.data.matlab import reading
from danq.errors import DanqError


def test_missing_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(3)
    path.write_bytes(path.read_bytes()[:300])
    with (
        pytest.raises(DanqError, match=r"not a whole HDF5 file .*; make it again with danq exem"),
        open_hdf5(path, "make it again with danq exemplify"),
    ):
        pass
    with (
        pytest.raises(DanqError, match=r"none.h5: cannot be read \(No such file or directory\)"),
        open_hdf5(tmp_path / "none.h5"),
    ):
        pass


def test_texts_come_back():
    assert decode_texts(encode_texts(["a", "日本"])).tolist() == ["a", "日本"]


@pytest.mark.parametrize("value", ["", "日本", 3, 0.5, float("nan")])
def test_attributes_have_a_fixed_length(tmp_path, value):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        set_attribute(file, "x", value)
        kind = file.attrs.get_id("x").dtype.kind
        stored = file.attrs["x"]
    assert kind == {str: "S", int: "i", float: "f"}[type(value)]
    text = stored.decode() if kind == "S" else str(stored)
    assert text == str(value)


@pytest.mark.parametrize("shape", [(), (3,), (2, 5)])
def test_a_dataset_lies_where_it_was_allocated(tmp_path, shape):
    path, values = tmp_path / "a.h5", np.random.default_rng(0).random(shape)
    with h5py.File(path, "w") as file:
        offset = allocate(file, "group/x", shape, values.dtype)
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(values.tobytes())
    with h5py.File(path) as file:
        assert np.array_equal(file["group/x"][()], values)


def test_a_locked_file_is_called_locked_and_not_damaged(tmp_path):
    path = tmp_path / "dataset.h5"
    with h5py.File(path, "w") as file:
        file["x"] = 1
    with open(path, "rb+") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        what = "is locked by a program that has it open for writing; wait for it, or close it"
        with pytest.raises(DanqError, match=what), open_hdf5(path):
            pass
        with pytest.raises(DanqError, match=what), reading(path), h5py.File(path, "r"):
            pass
    with open_hdf5(path) as file:
        assert file["x"][()] == 1
