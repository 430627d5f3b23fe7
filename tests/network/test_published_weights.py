"""Files are recognised by their content; wrong ones are refused in a line."""

import h5py
import numpy as np
import pytest
import torch

from danq.errors import DanqError
from danq.network.import_weights import import_weights
from danq.network.imported import Request
from danq.network.published_weights import KNOWN, read_published
from tests.network.weights_files import WINDOW, keras_file, kipoi_file


def change_keras(change):
    """Return what writes a DanQ of Keras, changed."""

    def write(path):
        keras_file(path)
        with h5py.File(path, "r+") as file:
            change(file)

    return write


def change_state(change):
    """Return what writes a state dict of Kipoi, changed."""

    def write(path):
        kipoi_file(path)
        state = torch.load(path, weights_only=True)
        state = change(state) or state
        torch.save(state, path)

    return write


def remove(name):
    def change(content):
        del content[name]

    return change


def put(name, value):
    def change(content):
        if name in content:
            del content[name]
        content[name] = value

    return change


def later_keras(file):
    file.attrs["keras_version"] = "2.6.0"
    file.create_group("model_weights")


def external(file):
    del file["layer_0/param_0"]
    file["layer_0/param_0"] = h5py.ExternalLink("other.h5", "x")


def cut(write, n_bytes):
    def write_less(path):
        write(path)
        path.write_bytes(path.read_bytes()[:-n_bytes])

    return write_less


def text(content):
    return lambda path: path.write_bytes(content)


WRONG = {
    "another Keras": (
        change_keras(later_keras),
        "weights of Keras '2.6.0', and danq",
    ),
    "a missing array": (change_keras(remove("layer_3/param_5")), r"lacks layer_3/param_5; give a"),
    "an array more": (
        change_keras(put("layer_3/param_24", np.zeros(3, "f4"))),
        r"holds 'layer_3/param_24', which DanQ, Keras 0\.2 \(HDF5\) does not have",
    ),
    "a shape": (
        change_keras(put("layer_3/param_4", np.zeros((5, 4), "f4"))),
        "its layer_3/param_4 is 5 x 4, not 5 x 5",
    ),
    "not a number": (
        change_keras(put("layer_0/param_1", np.full(8, np.nan, "f4"))),
        "layer_0/param_1 is not all finite",
    ),
    "whole numbers": (
        change_keras(put("layer_0/param_1", np.arange(8))),
        "layer_0/param_1 is not an array of numbers",
    ),
    "a link": (change_keras(external), "layer_0/param_0 is a link that leads elsewhere"),
    "no DanQ": (change_keras(remove("layer_3")), "neither DanQ nor DanQ-JASPAR"),
    "a window": (
        change_keras(put("layer_6/param_0", np.zeros((10 * 40, 6), "f4"))),
        "with windows of 300 bp no pool gives the 40 positions of its dense layer",
    ),
    "cut off, HDF5": (cut(keras_file, 3000), "not a whole HDF5 file"),
    "cut off, PyTorch": (cut(kipoi_file, 3000), "is not a whole file of weights"),
    "keys too many": (
        change_state(put("2.12.2.weight", torch.zeros(2))),
        "holds '2.12.2.weight', which DeepSEA as Kipoi has it",
    ),
    "keys too few": (change_state(remove("2.14.1.bias")), "lacks 2.14.1.bias; give a whole"),
    "another model": (
        change_state(lambda state: {"conv1.weight": torch.zeros(3)}),
        "holds 'conv1.weight': no state dict that danq knows; known are DeepSEA as Kipoi",
    ),
    "no tensors": (change_state(lambda state: {"a": 3}), "its 'a' is not a tensor"),
    "a list": (change_state(lambda state: [1, 2]), "holds no state dict"),
    "infinite": (
        change_state(put("2.0.bias", torch.full((6,), torch.inf))),
        "its '2.0.bias' is not all finite",
    ),
    "torch7": (
        text(b"\x04\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00V 1" + bytes(50)),
        "is of torch7, for which no maintained reader exists; give Kipoi's PyTorch file",
    ),
    "text": (text(b"hello\n"), "is not a whole file of weights"),
    "empty": (text(b""), "is not a whole file of weights"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_files_are_refused_in_a_line_and_leave_nothing(case, tmp_path):
    write, message = WRONG[case]
    path = tmp_path / "weights"
    write(path)
    with pytest.raises(DanqError, match=message) as caught:
        import_weights(path, tmp_path / "model.ckpt", window=WINDOW)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(f"{path}: ")
    assert [file.name for file in tmp_path.iterdir()] == ["weights"]


def test_a_pickle_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "pwned"), "w"))

    torch.save({"2.0.weight": Evil()}, tmp_path / "weights")
    with pytest.raises(DanqError, match="without running code from it"):
        import_weights(tmp_path / "weights", tmp_path / "model.ckpt")
    assert not (tmp_path / "pwned").exists()


def test_a_file_is_recognised_by_its_content(tmp_path):
    keras_file(tmp_path / "a", "danq_jaspar")
    kipoi_file(tmp_path / "b", "1.")
    request = Request(window=WINDOW)
    assert read_published(tmp_path / "a", request).format == "DanQ-JASPAR, Keras 0.2 (HDF5)"
    assert read_published(tmp_path / "b", request).format == "DeepSEA as Kipoi has it (PyTorch)"


def test_the_digests_are_md5():
    assert all(len(digest) == 32 and int(digest, 16) for digest in KNOWN)
