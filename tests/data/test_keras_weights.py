import h5py
import numpy as np
import pytest

from danq.data.keras_weights import is_hdf5, read_keras_weights
from danq.errors import DanqError


def test_arrays_are_read_by_their_place(tmp_path):
    path = tmp_path / "w.hdf5"
    with h5py.File(path, "w") as file:
        file["layer_0/param_0"] = np.arange(6.0).reshape(2, 3)
        file.create_dataset("layer_10/param_1", data=np.ones(4, "f4"), compression="gzip")
        file.create_group("layer_1")
    arrays = read_keras_weights(path)
    assert is_hdf5(path) and list(arrays) == ["layer_0/param_0", "layer_10/param_1"]
    assert arrays["layer_0/param_0"].dtype == np.float32
    assert arrays["layer_0/param_0"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no weights"),
        (["dense/kernel"], "holds 'dense', which no weights file of Keras 0.2 has"),
        (["layer_0/kernel"], "holds 'layer_0/kernel', which no weights file of Keras 0.2 has"),
        (["layer_0"], "holds 'layer_0', which no"),
        (["layer_0/param_0/x"], "layer_0/param_0 is not an array of numbers"),
        (["model_weights/x"], "holds weights of Keras, and danq reads those of 0.2"),
    ],
)
def test_other_files_are_refused(names, message, tmp_path):
    with h5py.File(tmp_path / "w.hdf5", "w") as file:
        for name in names:
            file[name] = np.zeros(3, "f4")
    with pytest.raises(DanqError) as caught:
        read_keras_weights(tmp_path / "w.hdf5")
    assert message in str(caught.value)


def test_numbers_of_another_file_are_not_read(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(12))
    with h5py.File(tmp_path / "w.hdf5", "w") as file:
        external = [(str(tmp_path / "secret"), 0, 12)]
        file.create_dataset("layer_0/param_0", (3,), "f4", external=external)
    with pytest.raises(DanqError, match="layer_0/param_0 is stored in another file"):
        read_keras_weights(tmp_path / "w.hdf5")
