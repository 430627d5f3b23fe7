import h5py
import numpy as np
import pytest

from danq.data import deepsea_predictions
from danq.data.dataset import open_dataset
from danq.data.deepsea import import_deepsea
from danq.data.deepsea_predictions import (
    export_predictions,
    import_predictions,
    read_deepsea_predictions,
)
from danq.data.predictions import read_predictions, write_predictions
from danq.errors import DanqError
from tests.data.test_deepsea import small_bundle


def write_pred(path, values):
    with h5py.File(path, "w") as file:
        file["pred"] = values
    return path


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("block", [4, 4096])
def test_strands_are_averaged_on_probabilities(tmp_path, monkeypatch, dtype, block):
    monkeypatch.setattr(deepsea_predictions, "_BLOCK", block)
    values = np.random.default_rng(0).random((18, 7)).astype(dtype)
    path = write_pred(tmp_path / "pred.h5", values)
    scores = read_deepsea_predictions(path, 9)
    assert scores.dtype == np.float32
    expected = (values[:9].astype(float) + values[9:]) / 2
    assert np.array_equal(scores, expected.astype(np.float32))
    assert np.array_equal(read_deepsea_predictions(path, 18), values.astype(np.float32))


def test_predictions_that_do_not_fit_are_refused(tmp_path):
    values = np.random.default_rng(0).random((18, 7))
    path = write_pred(tmp_path / "pred.h5", values)
    with pytest.raises(
        DanqError, match=r"pred.h5: has 18 rows, not 6 windows or 12 with both strands"
    ):
        read_deepsea_predictions(path, 6)
    for value in (np.nan, np.inf, -0.1, 1.5):
        values[10, 3] = value
        with pytest.raises(DanqError, match=rf"row 10 \(from 0\) holds {value}, not a probability"):
            read_deepsea_predictions(write_pred(path, values), 9)
    for pred in (np.zeros(18), np.zeros((18, 7), dtype=int)):
        with pytest.raises(DanqError, match="has no dataset pred of windows x targets"):
            read_deepsea_predictions(write_pred(path, pred), 9)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DanqError, match="is cut off or damaged"):
        read_deepsea_predictions(path, 9)
    with pytest.raises(
        DanqError, match=r"none.h5: cannot be read \(No such file or directory\); check"
    ):
        read_deepsea_predictions(tmp_path / "none.h5", 9)


def test_predictions_are_imported_for_the_windows_of_a_dataset(tmp_path):
    rows, paths = small_bundle(tmp_path)
    import_deepsea(*paths, tmp_path / "dataset.h5")
    n = len(rows["test"][0])
    values = np.random.default_rng(0).random((2 * n, 5))
    pred = write_pred(tmp_path / "pred.h5", values)
    import_predictions(pred, tmp_path / "dataset.h5", tmp_path / "predictions.h5", model="DeepSEA")
    model, seed, windows, scores, *_ = read_predictions(tmp_path / "predictions.h5")
    with open_dataset(tmp_path / "dataset.h5") as dataset:
        assert (model, seed, windows) == ("DeepSEA", "NA", dataset.split_checksum("test"))
    assert np.array_equal(scores, ((values[:n] + values[n:]) / 2).astype(np.float32))
    with pytest.raises(DanqError, match=r"pred.h5: has 10 rows, not 3 windows"):
        import_predictions(
            pred, tmp_path / "dataset.h5", tmp_path / "no.h5", model="DeepSEA", split="train"
        )
    write_pred(pred, values[:, :4])
    with pytest.raises(DanqError, match=r"pred.h5: has 4 targets, .*dataset.h5 has 5"):
        import_predictions(pred, tmp_path / "dataset.h5", tmp_path / "no.h5", model="DeepSEA")
    for model in ("", " ", "a\tb"):
        with pytest.raises(DanqError, match="model: "):
            import_predictions(pred, tmp_path / "dataset.h5", tmp_path / "no.h5", model=model)
    assert not (tmp_path / "no.h5").exists()


def test_exported_predictions_are_the_same_for_us_and_for_scripts_that_average(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(deepsea_predictions, "_BLOCK", 4)
    scores = np.random.default_rng(0).random((9, 7), dtype=np.float32)
    write_predictions(tmp_path / "predictions.h5", scores, "danq", "0", "test", "checksum")
    export_predictions(tmp_path / "predictions.h5", tmp_path / "pred.h5")
    with h5py.File(tmp_path / "pred.h5") as file:
        pred = file["pred"][:]
    assert pred.dtype == np.float64 and pred.shape == (18, 7)
    assert np.array_equal((pred[:9] + pred[9:]) / 2, scores.astype(float))
    assert np.array_equal(read_deepsea_predictions(tmp_path / "pred.h5", 9), scores)


def test_scores_that_are_no_probabilities_are_not_exported(tmp_path):
    for value in (np.nan, 7):
        write_predictions(
            tmp_path / "scan.h5", np.full((2, 2), value), "scan", "NA", "test", "checksum"
        )
        with pytest.raises(DanqError, match=r"scan.h5: row 0 .*not a probability"):
            export_predictions(tmp_path / "scan.h5", tmp_path / "pred.h5")
    assert not (tmp_path / "pred.h5").exists()


def soft(file, secret):
    file["hidden"] = np.full((18, 7), 0.5)
    file["pred"] = h5py.SoftLink("/hidden")


def external_link(file, secret):
    file["pred"] = h5py.ExternalLink(secret, "pred")


def external_storage(file, secret):
    file.create_dataset("pred", (18, 7), "f8", external=[(secret + ".raw", 0, 18 * 7 * 8)])


def virtual(file, secret):
    layout = h5py.VirtualLayout((18, 7), "f8")
    layout[:] = h5py.VirtualSource(secret, "pred", (18, 7))
    file.create_virtual_dataset("pred", layout)


def huge(file, secret):
    file.create_dataset("pred", (18, 2**40), "f8")


@pytest.mark.parametrize("build", [soft, external_link, external_storage, virtual, huge])
def test_another_files_content_is_not_read(tmp_path, build):
    secret = tmp_path / "secret.h5"
    write_pred(secret, np.full((18, 7), 0.5))
    (tmp_path / "secret.h5.raw").write_bytes(np.full(18 * 7, 0.5).tobytes())
    with h5py.File(tmp_path / "pred.h5", "w") as file:
        build(file, str(secret))
    with pytest.raises(DanqError, match=r"pred (is a link|is stored in another file|claims)"):
        read_deepsea_predictions(tmp_path / "pred.h5", 9)


def test_tightly_packed_predictions_are_read(tmp_path):
    with h5py.File(tmp_path / "pred.h5", "w") as file:
        file.create_dataset("pred", data=np.full((2000, 500), 0.25), compression="gzip")
    assert (read_deepsea_predictions(tmp_path / "pred.h5", 1000) == 0.25).all()
