"""Predictions of the folds, joined into one file of the whole genome."""

import numpy as np
import pytest

from danq.data.dataset import open_dataset
from danq.data.join import join_folds
from danq.data.predictions import read_predictions, write_predictions
from danq.errors import DanqError
from tests.data.test_folds import REGIONS, make_folds


@pytest.fixture(scope="module")
def regional(toy, tmp_path_factory):
    """Return the datasets of three folds of regions, out of order, and of all of them."""
    return make_folds(toy, tmp_path_factory.mktemp("regional"), REGIONS[::-1])


def places(data):
    chrom, start = data.positions("test")
    return 100_000 * chrom + start


def predict(path, output, *, model="danq", seed="0", unknown=False, validation=None):
    """Write predictions that spell the place of each window."""
    with open_dataset(path) as data:
        scores = np.column_stack([places(data), -places(data)]).astype(np.float32)
        if unknown:
            scores[:, 1] = np.nan
        windows = data.split_checksum("test")
        write_predictions(output, scores, model, seed, "test", windows, validation)
    return output


def predict_all(parts, folder, **options):
    return [predict(path, folder / f"{path.stem}.p.h5", **options) for path in parts]


def test_each_window_has_the_prediction_of_its_fold(regional, tmp_path):
    *parts, whole = regional
    joined = tmp_path / "joined.h5"
    join_folds(whole, parts, predict_all(parts, tmp_path), joined)
    found = read_predictions(joined)
    with open_dataset(whole) as data:
        assert found.scores[:, 0].tolist() == places(data).tolist()
        assert (found.scores[:, 1] == -found.scores[:, 0]).all()
        assert found.windows == data.split_checksum("test")
    assert (found.model, found.seed, found.validation) == ("danq", "0", None)


def test_what_one_fold_does_not_know_is_unknown(regional, tmp_path, capsys):
    *parts, whole = regional
    options = {"model": "kmer", "seed": "NA"}
    files = []
    for number, path in enumerate(parts):
        areas = np.array([0.25 * number, np.nan if number else 0.5])
        output = tmp_path / f"{number}.h5"
        files.append(predict(path, output, unknown=number == 1, validation=areas, **options))
    join_folds(whole, parts, files, tmp_path / "joined.h5")
    found = read_predictions(tmp_path / "joined.h5")
    assert np.isnan(found.scores[:, 1]).all() and not np.isnan(found.scores[:, 0]).any()
    assert found.validation.tolist() == [0.25, 0.5]
    assert "targets without predictions in some fold: <b>B</b>" in capsys.readouterr().err


def test_what_does_not_belong_together_is_refused(regional, tmp_path):
    *parts, whole = regional
    files = predict_all(parts, tmp_path)
    output = tmp_path / "joined.h5"

    def refused(message, dataset=whole, folds=parts, predictions=files):
        with pytest.raises(DanqError, match=message):
            join_folds(dataset, folds, predictions, output)
        assert not output.exists()

    refused("differ in number; give one for each fold", folds=parts[:2])
    refused("has 3 folds, and 2 are given; give all", folds=parts[:2], predictions=files[:2])
    refused("is not of all folds; make it with danq extract --fold all", dataset=parts[0])
    swapped = [parts[1], parts[0], parts[2]]
    refused("is not fold 0 of 3; give the datasets of all folds in their order", folds=swapped)
    swapped = [files[1], files[0], files[2]]
    refused("does not predict the test windows of", predictions=swapped)
    other = predict(parts[1], tmp_path / "other.h5", seed="1")
    refused("is not of danq, seed 0, as the first", predictions=[files[0], other, files[2]])


def test_folds_of_other_peaks_are_refused(regional, toy, tmp_path):
    *parts, whole = regional
    text = (toy / "targets.tsv").read_text()
    for name in ("a.bed", "b.bed", "genome.fa"):
        (tmp_path / name).write_bytes((toy / name).read_bytes())
    with open(tmp_path / "a.bed", "a") as bed:
        bed.write("chr1\t5000\t5400\n")
    (tmp_path / "targets.tsv").write_text(text)
    (tmp_path / "made").mkdir()
    others = make_folds(tmp_path, tmp_path / "made", REGIONS[::-1])
    mixed = [others[0], *parts[1:]]
    with pytest.raises(DanqError, match="was made from other peaks than"):
        join_folds(whole, mixed, predict_all(mixed, tmp_path), tmp_path / "joined.h5")
