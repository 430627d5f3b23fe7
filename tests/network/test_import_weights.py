"""danq import-weights: what the checkpoint says, and that the rest of danq works on it."""

import json

import pytest

from danq.errors import DanqError
from danq.files import checksums
from danq.network import import_weights as step
from danq.network.import_weights import import_weights
from danq.network.trained import load
from danq.records import verified
from tests.conftest import refuse
from tests.network.weights_files import WINDOW, keras_file, kipoi_file


def test_the_checkpoint_says_where_its_weights_came_from(tmp_path):
    keras_file(tmp_path / "danq.hdf5", targets=2)
    (tmp_path / "names").write_text("K562|CTCF|None\nHepG2|REST|None\n")
    import_weights(
        tmp_path / "danq.hdf5",
        tmp_path / "model.ckpt",
        names=tmp_path / "names",
        facts=tmp_path / "train.json",
        window=WINDOW,
    )
    model = load(tmp_path / "model.ckpt", device="cpu")
    imported = model.facts["imported"]
    assert (imported["file"], imported["alphabet"]) == ("danq.hdf5", "AGCT")
    assert imported["reverse"] == "batch" and model.facts["model"] == "danq_forward"
    assert model.facts["sizes"] == {"filters": 8, "units": 5, "hidden": 6}
    assert model.targets == ["K562|CTCF|None", "HepG2|REST|None"]
    assert (model.window, model.data_facts["bin_size"]) == (WINDOW, 200)
    assert json.loads((tmp_path / "train.json").read_text()) == model.facts
    assert verified(tmp_path / "train.json").step == "import-weights"


def test_a_published_file_is_known_by_its_digest(tmp_path, monkeypatch, capsys):
    kipoi_file(tmp_path / "deepsea.pth")
    md5 = checksums(tmp_path / "deepsea.pth", ["md5"])["md5"]
    monkeypatch.setitem(step.KNOWN, md5, "Kipoi's DeepSEA/predict")
    import_weights(tmp_path / "deepsea.pth", tmp_path / "model.ckpt", window=WINDOW)
    assert "the file of Kipoi's DeepSEA/predict; 300 bp to 3 targets" in capsys.readouterr().err
    model = load(tmp_path / "model.ckpt", device="cpu")
    assert model.facts["imported"]["known_as"] == "Kipoi's DeepSEA/predict"


def test_the_model_that_was_asked_for_says_what_was_reversed(tmp_path):
    path = tmp_path / "danq.hdf5"
    checkpoint = tmp_path / "model.ckpt"
    keras_file(path)
    for model, reverse in (("danq", "sequence"), ("danq_forward", "batch")):
        import_weights(path, checkpoint, model=model, window=WINDOW)
        facts = load(checkpoint, device="cpu").facts
        assert (facts["model"], facts["imported"]["reverse"]) == (model, reverse)
    refuse(
        f"{path}: is DanQ, Keras 0.2 (HDF5), which is the model danq, not danq_jaspar; give the "
        "weights of danq_jaspar, or that name",
        import_weights,
        path,
        checkpoint,
        model="danq_jaspar",
        window=WINDOW,
    )
    refuse(
        "--reverse batch is not danq; give one of the two",
        import_weights,
        path,
        checkpoint,
        model="danq",
        reverse="batch",
    )
    kipoi_file(path)
    with pytest.raises(DanqError, match=r"--reverse is for DanQ as Keras 0\.2 kept it"):
        import_weights(path, checkpoint, reverse="batch", window=WINDOW)
    with pytest.raises(DanqError, match="windows of 1000 bp leave 53 positions, its dense layer"):
        import_weights(path, checkpoint)
