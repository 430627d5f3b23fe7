"""What of v7.3 and of both formats the import of a bundle does not show: chunks, gaps, packing."""

import h5py
import numpy as np
import pytest

from danq.data import matlab
from danq.data.deepsea import import_deepsea
from danq.data.matlab import pack_planes
from tests.data.test_deepsea import check, matlab_arrays, refused, small_bundle


@pytest.mark.parametrize("chunks", [(1, 1, 1), (3, 4, 5), (13, 1, 2), (1, 4, 40), (13, 4, 40)])
def test_chunks_of_any_shape(tmp_path, monkeypatch, chunks):
    monkeypatch.setattr(matlab, "_SLAB", 90)
    monkeypatch.setattr(matlab, "_TILE", 100)
    rows, paths = small_bundle(tmp_path, n=20)
    variables = dict(zip(("trainxdata", "traindata"), matlab_arrays(*rows["train"]), strict=True))
    with h5py.File(paths[0], "w") as file:
        file.create_dataset(
            "trainxdata", data=variables["trainxdata"].T, chunks=chunks, compression="gzip"
        )
        file.create_dataset("traindata", data=variables["traindata"].T, chunks=(2, chunks[2]))
    import_deepsea(*paths, tmp_path / "dataset.h5")
    check(tmp_path / "dataset.h5", rows)


def test_parts_that_hdf5_would_silently_read_as_zeros_are_refused(tmp_path):
    rows, paths = small_bundle(tmp_path, ("v7.3", "v5", "v5"))
    x, y = matlab_arrays(*rows["train"])
    with h5py.File(paths[0], "w") as file:
        file["trainxdata"] = x.T
        file.create_dataset("traindata", shape=y.T.shape, dtype="u1", chunks=(1, 6))[:4] = y.T[:4]
    refused(tmp_path, paths, r"train.mat: its traindata has 4 of 5 parts; .*: download it again")


def test_groups_are_no_arrays(tmp_path):
    _, paths = small_bundle(tmp_path)
    with h5py.File(paths[0], "w") as file:
        file.create_group("trainxdata")
        file["traindata"] = np.zeros((5, 6), dtype=np.uint8)
    refused(tmp_path, paths, "its trainxdata is not a full array of real numbers")


@pytest.mark.parametrize("n_planes", [1, 7, 8, 9, 16, 19])
def test_planes_are_packed_as_numpy_packs_bits(n_planes):
    planes = np.random.default_rng(0).integers(0, 2, (n_planes, 2, 5), dtype=np.uint8)
    packed = np.zeros((-(-n_planes // 8), 2, 5), dtype=np.uint8)
    pack_planes(planes, packed)
    assert (packed == np.packbits(planes, axis=0)).all()
