"""Models in files that need no danq: they predict the same, here and in another process."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
import torch

from danq.errors import DanqError
from danq.network.checkpoint import load_checkpoint
from danq.network.export_weights import FILES, export_weights
from danq.network.import_weights import import_weights
from danq.network.standalone import standalone_weights
from danq.network.trained import load
from tests.network.test_start import WINDOW, checkpoint_of
from tests.network.weights_files import WINDOW as IMPORTED_WINDOW
from tests.network.weights_files import keras_file, kipoi_file

ONNX = ("onnx", "onnxscript", "onnxruntime")
needs_onnx = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ONNX)), reason="danq[onnx] is not installed"
)


def texts(window=WINDOW):
    rng = np.random.default_rng(3)
    bases = "".join(rng.choice(list("ACGT"), window - 20))
    return [bases + "N" * 20, "acgt" * (window // 4), "".join(rng.choice(list("ACGT"), window))]


SCRIPT = """
import sys
import numpy, torch
from model import Model, one_hot
assert not [name for name in sys.modules if name.split(".")[0] == "danq"]
model = Model()
weights = torch.load("weights.pt", weights_only=True)
assert list(weights) == list(model.state_dict())  # Selene loads them by their order
model.load_state_dict(weights)
X = one_hot(open("windows.txt").read().split())
numpy.save("predicted.npy", model.eval().predict(X).numpy())
from selene_model import SeleneModel
selene = SeleneModel()
selene.load_state_dict(weights)
with torch.no_grad():
    strands = (selene.eval()(X) + selene(X.flip(1, 2))) / 2
numpy.save("selene.npy", strands.numpy())
"""


def predicted_alone(folder, sequences):
    """Predict with the exported files in a process that has no danq."""
    (folder / "windows.txt").write_text("\n".join(sequences))
    command = [sys.executable, "-c", SCRIPT]
    subprocess.run(command, check=True, cwd=folder, env={"PYTHONPATH": str(folder)})
    return np.load(folder / "predicted.npy"), np.load(folder / "selene.npy")


@pytest.mark.parametrize(
    "options",
    [
        {"model": "danq"},
        {"model": "danq", "stem": "exponential", "head": "pool", "recipe": "published"},
        {"model": "danq_forward", "gates": "hard_sigmoid"},
        {"model": "danq_conv", "head": "pool"},
        {"model": "danq_conv", "filter_scale": 4.0},
        {"model": "deepsea", "filter_width": 20},
        {"model": "deepsea", "head": "pool"},
        {"model": "beluga"},
        {"model": "beluga", "head": "pool"},
        {"model": "basset", "stem": "exponential"},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_what_is_exported_predicts_the_same_without_danq(tmp_path, options):
    path, _ = checkpoint_of(tmp_path / "m.ckpt", **options)
    export_weights(path, tmp_path / "out")
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == {*FILES, ".made"}
    expected = load(path, device="cpu").predict(texts()).to_numpy()
    for predicted in predicted_alone(tmp_path / "out", texts()):
        np.testing.assert_allclose(predicted, expected, rtol=0, atol=1e-6)
    assert (tmp_path / "out" / "targets.txt").read_text() == "A\nB\nC\n"
    lines = (tmp_path / "out" / "model.py").read_text().splitlines()
    assert len(lines) < 80 and max(map(len, lines)) <= 100


@pytest.mark.parametrize("write", [keras_file, kipoi_file])
def test_imported_weights_go_out_again(tmp_path, write):
    write(tmp_path / "weights")
    import_weights(tmp_path / "weights", tmp_path / "m.ckpt", window=IMPORTED_WINDOW)
    export_weights(tmp_path / "m.ckpt", tmp_path / "out")
    expected = load(tmp_path / "m.ckpt", device="cpu").predict(texts(IMPORTED_WINDOW)).to_numpy()
    alone, _ = predicted_alone(tmp_path / "out", texts(IMPORTED_WINDOW))
    np.testing.assert_allclose(alone, expected, rtol=0, atol=1e-6)
    assert '"md5"' in (tmp_path / "out" / "README.md").read_text()


def test_the_network_itself_is_not_changed(tmp_path):
    path, _ = checkpoint_of(tmp_path / "m.ckpt", recipe="published")
    network = load_checkpoint(path).network
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    exported = standalone_weights(network)
    assert all(torch.equal(weight, before[name]) for name, weight in network.state_dict().items())
    assert not torch.equal(exported["dense.weight"], before["head.dense.weight"])


def test_what_cannot_be_exported_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    path, _ = checkpoint_of(tmp_path / "m.ckpt", model="danq_attention")
    with pytest.raises(DanqError, match="danq_attention has layers that only danq has"):
        export_weights(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    path, _ = checkpoint_of(tmp_path / "d.ckpt")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine")
    with pytest.raises(
        DanqError, match=r"the folder holds thesis\.tex, which no export wrote; name"
    ):
        export_weights(path, tmp_path / "out")
    with pytest.raises(DanqError, match="--output is a file; name a folder to make"):
        export_weights(path, path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        DanqError, match=r"--onnx needs the package onnx.*pip install 'danq\[onnx\]'"
    ):
        export_weights(path, tmp_path / "new", onnx=True)
    assert not (tmp_path / "new").exists()


@needs_onnx
@pytest.mark.parametrize("options", [{"model": "danq"}, {"model": "danq_conv"}])
def test_onnx_computes_the_same_logits(tmp_path, options):
    import onnxruntime

    path, network = checkpoint_of(tmp_path / "m.ckpt", **options)
    export_weights(path, tmp_path / "out", onnx=True)
    rng = np.random.default_rng(0)
    X = np.eye(4, dtype=np.float32)[rng.integers(4, size=(5, WINDOW))].transpose(0, 2, 1)
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    (logits,) = session.run(None, {"one_hot": np.ascontiguousarray(X)})
    with torch.no_grad():
        expected = network(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5)
