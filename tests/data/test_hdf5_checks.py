"""The single checks; `tests/data/test_artefact.py` and `test_verify.py` go through whole files."""

import h5py
import numpy as np
import pytest

from danq.data.hdf5_checks import attribute_problem, link_problem, storage_problem


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["group/x"] = np.arange(3)
        yield file


@pytest.mark.parametrize(
    ("value", "kind"), [(np.bytes_("a"), str), (np.int64(3), int), (np.float64(3), float)]
)
def test_attributes_have_one_type(file, value, kind):
    file.attrs["x"] = value
    for wanted in (str, int, float):
        assert (attribute_problem(file, "x", wanted) is None) == (wanted is kind)


@pytest.mark.parametrize("value", ["varying", [1, 2], h5py.Empty("f8")])
def test_other_attributes_are_none(file, value):
    file.attrs["x"] = value
    assert all(attribute_problem(file, "x", kind) for kind in (str, int, float))


def test_a_dataset_is_found_by_hard_links_only(file):
    file["soft"] = h5py.SoftLink("/group")
    assert link_problem(file, "group/x") is None
    assert link_problem(file, "group/y") == "lacks group/y"
    assert link_problem(file, "group") == "group is not a dataset"
    assert link_problem(file, "soft/x") == "soft/x is a link that leads elsewhere"


def test_a_dataset_lies_in_one_piece_in_its_file(file):
    assert storage_problem(file["group/x"], "x") is None
    file.create_dataset("chunks", (4, 4), "f8", chunks=(2, 2))
    assert "not stored contiguously" in storage_problem(file["chunks"], "chunks")
    file.create_dataset("empty", (2**40,), "f8")
    assert "not stored contiguously" in storage_problem(file["empty"], "empty")
