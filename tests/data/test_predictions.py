import h5py
import numpy as np
import pytest

from danq.data.attributions import write_attributions
from danq.data.predictions import create_predictions, read_predictions, write_predictions
from danq.errors import DanqError
from danq.records import Input, read_head
from tests.conftest import refuse
from tests.data.test_attributions import made_up


def test_what_is_written_is_read_without_being_loaded(tmp_path):
    scores = np.random.default_rng(0).random((5, 3))
    scores[:, 1] = np.nan
    write_predictions(tmp_path / "p.h5", scores, "scan", "NA", "test", "abc")
    predictions = read_predictions(tmp_path / "p.h5")
    assert predictions[:3] == ("scan", "NA", "abc")
    assert isinstance(predictions.scores, np.memmap)
    np.testing.assert_array_equal(predictions.scores, scores.astype(np.float32))


def test_other_and_changed_files_are_refused(tmp_path):
    path = tmp_path / "p.h5"
    write_attributions(path, made_up())
    refuse(f"{path}: not a file of predictions; make it with danq predict", read_predictions, path)
    write_predictions(path, np.zeros((2, 2)), "danq", "0", "test", "abc")
    with h5py.File(path, "r+") as file:
        file["probabilities"][0, 0] = 1
    with pytest.raises(DanqError, match=r"is not the file that danq predict wrote: .* make it aga"):
        read_predictions(path)


def test_a_file_says_what_it_was_made_from(tmp_path):
    path = tmp_path / "p.h5"
    made_from = Input("checkpoint", "model.ckpt", "ab" * 32)
    write_predictions(path, np.zeros((2, 2)), "danq", "0", "test", "abc", inputs=[made_from])
    assert read_head(path, "").checksums("checkpoint") == ["ab" * 32]
    assert read_head(path, "").step == "predict"
    write_predictions(path, np.zeros((2, 2)), "kmer", "NA", "test", "abc", step="baseline")
    assert read_head(path, "").step == "baseline"


def test_predictions_keep_what_is_unknown(tmp_path):
    scores = np.array([[0.5, np.nan], [0.25, np.nan]])
    write_predictions(tmp_path / "p.h5", scores, "scan", "NA", "test", "checksum")
    assert np.array_equal(
        read_predictions(tmp_path / "p.h5")[3], scores.astype(np.float32), equal_nan=True
    )


def test_validation_is_kept_with_its_mean(tmp_path):
    path = tmp_path / "p.h5"
    write_predictions(path, np.zeros((2, 3)), "kmer", "NA", "test", "a", np.array([0.5, np.nan, 1]))
    np.testing.assert_array_equal(read_predictions(path).validation, [0.5, np.nan, 1])
    with h5py.File(path) as file:
        assert file.attrs["validation_auprc"] == 0.75
    write_predictions(path, np.zeros((2, 1)), "kmer", "NA", "test", "a", np.array([np.nan]))
    with h5py.File(path) as file:
        assert np.isnan(file.attrs["validation_auprc"])
    write_predictions(path, np.zeros((2, 1)), "danq", "0", "test", "a")
    assert read_predictions(path).validation is None


def test_predictions_written_in_parts_are_those_written_at_once(tmp_path):
    scores = np.random.default_rng(1).random((7, 3), dtype=np.float32)
    facts = ("danq", "0", "test", "checksum")
    write_predictions(tmp_path / "once.h5", scores, *facts)
    with create_predictions(tmp_path / "parts.h5", scores.shape, *facts) as append:
        for part in np.split(scores, [2, 2, 6]):
            append(part)
    once = read_predictions(tmp_path / "once.h5")
    parts = read_predictions(tmp_path / "parts.h5")
    assert parts[:3] == once[:3] and isinstance(parts.scores, np.memmap)
    assert (parts.scores == once.scores).all()
    with (
        h5py.File(tmp_path / "once.h5") as first,
        h5py.File(tmp_path / "parts.h5") as second,
    ):
        assert dict(first.attrs) == dict(second.attrs) and list(first) == list(second)


def test_a_file_of_predictions_with_missing_windows_never_appears(tmp_path):
    with (
        pytest.raises(AssertionError, match="probabilities: 12 of 24 bytes written"),
        create_predictions(tmp_path / "p.h5", (2, 3), "danq", "0", "test", "x") as append,
    ):
        append(np.zeros((1, 3), np.float32))
    assert list(tmp_path.iterdir()) == []
