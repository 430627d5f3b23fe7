"""Artefacts: what is written is read; what is built otherwise is refused before it is read."""

import h5py
import numpy as np
import pytest

from danq.data.artefact import Array, Format, open_artefact, read_attributes, write_artefact
from danq.data.hdf5 import decode_texts, encode_texts
from danq.errors import DanqError
from danq.records import HEAD, Made, seal
from tests.conftest import refuse

KIND = Format(
    "danq-example",
    2,
    "examples",
    "danq exemplify",
    attributes={"model": str, "steps": int, "share": float},
    arrays={
        "numbers": Array("f8", ("rows", 3)),
        "texts": Array("S", ("rows",)),
        "more": Array("f4", ("rows",), optional=True),
    },
)

ARRAYS = {"numbers": np.arange(6.0).reshape(2, 3), "texts": encode_texts(["a", "日本"])}


@pytest.fixture
def path(tmp_path):
    write_artefact(tmp_path / "a.h5", KIND, {"model": "danq", "steps": 3, "share": 0.5}, ARRAYS)
    return tmp_path / "a.h5"


def read(path, kind=KIND):
    with open_artefact(path, kind) as file:
        return {name: file[name][:] for name in file}


def test_what_is_written_is_read(path):
    with open_artefact(path, KIND) as file:
        assert (file["numbers"][:] == ARRAYS["numbers"]).all()
        assert decode_texts(file["texts"][:]).tolist() == ["a", "日本"]
        attributes = read_attributes(file, KIND)
    assert attributes.pop("created_by").startswith("danq ")
    assert attributes == {
        "format": "danq-example",
        "format_version": 2,
        "model": "danq",
        "steps": 3,
        "share": 0.5,
    }
    assert type(attributes["steps"]) is int


def test_any_program_reads_it(path):
    """The record stands where HDF5 leaves room for its users."""
    with h5py.File(path) as file:
        assert file.userblock_size == HEAD
        assert (file["numbers"][:] == ARRAYS["numbers"]).all()


def test_other_formats_and_versions_are_refused(path):
    refuse(
        f"{path}: not a file of predictions; make it with danq predict",
        read,
        path,
        KIND._replace(name="danq-predictions", content="predictions", command="danq predict"),
    )
    refuse(
        f"{path}: is of version 2 of its format, and this danq reads 3; make it again with "
        "danq exemplify",
        read,
        path,
        KIND._replace(version=3),
    )


def test_what_the_block_misses_is_refused(path):
    for name in ("more", "numbers/none"):
        with (
            pytest.raises(DanqError, match=r"lacks a part .*; make it again with danq exemplify"),
            open_artefact(path, KIND) as file,
        ):
            file[name]


def test_bytes_everywhere_are_looked_at(path):
    content = path.read_bytes()
    for place in range(0, len(content), 11):
        changed = bytearray(content)
        changed[place] ^= 0x20
        path.write_bytes(changed)
        with pytest.raises(DanqError, match="make it again with danq exemplify"):
            read(path)


@pytest.mark.parametrize("size", [0, 1, HEAD - 1, HEAD, HEAD + 100, -1])
def test_cut_files_are_refused(path, size):
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DanqError, match="make it again with danq exemplify"):
        read(path)


# --- files that a hostile program made and sealed: the structure is looked at ---


def compound(file):
    file["numbers"] = np.zeros((2, 3), np.dtype([("a", "f8")]))


def references(file):
    file.create_dataset("numbers", (2, 3), h5py.ref_dtype)


def varying(file):
    file.create_dataset("numbers", (2, 3), h5py.string_dtype())


def soft_link(file):
    file["hidden"] = np.zeros((2, 3))
    file["numbers"] = h5py.SoftLink("/hidden")


def external_link(file):
    file["numbers"] = h5py.ExternalLink("secret.h5", "numbers")


def external_storage(file):
    file.create_dataset("numbers", (2, 3), "f8", external=[("secret.bin", 0, 48)])


def virtual(file):
    layout = h5py.VirtualLayout((2, 3), "f8")
    layout[:] = h5py.VirtualSource("secret.h5", "numbers", (2, 3))
    file.create_virtual_dataset("numbers", layout)


def chunked(file):
    file.create_dataset("numbers", (2, 3), "f8", chunks=(1, 3))


def huge(file):
    file.create_dataset("numbers", (2**40, 3), "f8")


def group(file):
    file.create_group("numbers")


def single(file):
    file["numbers"] = np.zeros((2, 3), "f4")


def swapped(file):
    file["numbers"] = np.zeros((2, 3), ">f8")


def flat(file):
    file["numbers"] = np.zeros(6)


def longer(file):
    file["numbers"] = np.zeros((3, 3))


def missing(file):
    pass


def further_array(file):
    file["numbers"] = np.zeros((2, 3))
    file["other"] = np.zeros(3)


def further_attribute(file):
    file["numbers"] = np.zeros((2, 3))
    file.attrs["other"] = 1


def varying_attribute(file):
    file["numbers"] = np.zeros((2, 3))
    file.attrs["model"] = "danq"


def array_attribute(file):
    file["numbers"] = np.zeros((2, 3))
    file.attrs["steps"] = np.zeros(3, int)


@pytest.mark.parametrize(
    "build",
    [
        compound,
        references,
        varying,
        soft_link,
        external_link,
        external_storage,
        virtual,
        chunked,
        huge,
        group,
        single,
        swapped,
        flat,
        longer,
        missing,
        further_array,
        further_attribute,
        varying_attribute,
        array_attribute,
    ],
)
def test_other_structures_are_refused(tmp_path, build):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["numbers"] = np.ones((2, 3))
    (tmp_path / "secret.bin").write_bytes(np.ones(6).tobytes())
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver="latest", userblock_size=HEAD) as file:
        for name, value in {"format": KIND.name, "created_by": "danq"}.items():
            file.attrs[name] = np.bytes_(value)
        file.attrs["format_version"] = KIND.version
        file["texts"] = ARRAYS["texts"]
        build(file)
    seal(path, Made("exemplify"))
    with pytest.raises(DanqError, match="make it again with danq exemplify"):
        read(path)


def test_the_same_structure_is_read(tmp_path):
    """What the hostile files above differ from."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver="latest", userblock_size=HEAD) as file:
        for name, value in {"format": KIND.name, "created_by": "danq"}.items():
            file.attrs[name] = np.bytes_(value)
        file.attrs["format_version"] = KIND.version
        for name, values in ARRAYS.items():
            file[name] = values
    seal(path, Made("exemplify"))
    assert (read(path)["numbers"] == ARRAYS["numbers"]).all()
