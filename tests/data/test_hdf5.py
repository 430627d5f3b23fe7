import h5py
import numpy as np
import pytest

from danq.data.hdf5 import (
    Format,
    allocate,
    decode_texts,
    encode_texts,
    open_artefact,
    open_hdf5,
    plain_attributes,
    write_artefact,
)
from danq.errors import DanqError
from tests.conftest import refuse

KIND = Format("danq-example", 2, "examples", "danq exemplify")


def test_what_is_written_is_read(tmp_path):
    arrays = {"numbers": np.arange(6.0).reshape(2, 3), "texts": encode_texts(["a", "日本"])}
    write_artefact(tmp_path / "a.h5", KIND, {"model": "danq", "steps": np.int64(3)}, arrays)
    with open_artefact(tmp_path / "a.h5", KIND) as file:
        assert (file["numbers"][:] == arrays["numbers"]).all()
        assert decode_texts(file["texts"][:]).tolist() == ["a", "日本"]
        attributes = plain_attributes(file)
    assert attributes.pop("created_by").startswith("danq ")
    assert attributes == {
        "format": "danq-example",
        "format_version": 2,
        "model": "danq",
        "steps": 3,
    }
    assert type(attributes["steps"]) is int


def test_other_formats_and_versions_are_refused(tmp_path):
    path = tmp_path / "a.h5"

    def read(kind):
        with open_artefact(path, kind):
            pass

    write_artefact(path, KIND, {}, {})
    refuse(
        f"{path}: not a file of predictions; make it with danq predict",
        read,
        Format("danq-predictions", 2, "predictions", "danq predict"),
    )
    refuse(
        f"{path}: is of version 2 of its format, and this danq reads 3; make it again with "
        "danq exemplify",
        read,
        KIND._replace(version=3),
    )


def test_missing_parts_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    write_artefact(path, KIND, {}, {"x": np.zeros(3)})
    for read in (lambda file: file["y"], lambda file: file.attrs["model"]):
        with (
            pytest.raises(DanqError, match=r"lacks a part .*; make it again with danq exemplify"),
            open_artefact(path, KIND) as file,
        ):
            read(file)
    path.write_bytes(path.read_bytes()[:300])
    with (
        pytest.raises(DanqError, match=r"not a whole HDF5 file .*; make it again with danq exem"),
        open_artefact(path, KIND),
    ):
        pass
    with (
        pytest.raises(DanqError, match=r"none.h5: cannot be read \(No such file or directory\)"),
        open_hdf5(tmp_path / "none.h5"),
    ):
        pass


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
