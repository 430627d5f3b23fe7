"""The step from a checkpoint to a file of attributions, and the files beside it."""

import sys

import h5py
import numpy as np
import pytest
import torch

from danq import cli, config
from danq.data.attributions import read_attributions
from danq.data.dataset import open_dataset
from danq.data.predictions import read_predictions
from danq.interpret.attribute import attribute
from danq.interpret.selection import chosen_windows
from danq.network.checkpoint import write_checkpoint
from danq.network.models import build
from danq.network.predict_dataset import predict_dataset
from danq.network.trained import load
from tests.conftest import BIN, WINDOW, refuse
from tests.interpret.helpers import METHODS, OPTIONS, explain


def options(files=None, **knobs):
    """Return the keyword arguments of `attribute`, on the CPU."""
    settings = config.Attribution(**knobs)
    files = files or {}
    return {"settings": settings, "device": "cpu", "threads": 1, **files}


@pytest.fixture(scope="module", params=METHODS)
def attributed(request, tmp_path_factory, untrained, toy_dataset):
    """Return the path of a file of attributions, and the test windows that should be in it."""
    path = tmp_path_factory.mktemp("attributions") / "attributions.h5"
    settings = options(method=request.param, windows=2, steps=5)
    attribute(untrained, toy_dataset, path, **settings)
    model = load(untrained, device="cpu", threads=1)
    with open_dataset(toy_dataset) as data:
        rows = chosen_windows(model, data, [0, 1], 2)["row"].to_numpy(int)
    return path, rows


def test_the_file_says_which_windows_were_explained(attributed, toy_dataset):
    path, rows = attributed
    attributions = read_attributions(path)
    table = attributions.table
    with open_dataset(toy_dataset) as data:
        assert table["start"].tolist() == data.positions("test").start[rows].tolist()
        assert table["name"].tolist() == np.repeat(data.names, 2).tolist()
        assert (attributions.one_hot == data.one_hot("test", rows)).all()
    assert (table["end"] - table["start"] == WINDOW).all()
    assert set(table["chrom"]) == {"chr3"}
    assert table["label"].tolist() == [1] * 4


def test_the_file_says_how_it_was_made(attributed, toy_dataset):
    attributions = read_attributions(attributed[0])
    facts = attributions.facts
    with open_dataset(toy_dataset) as data:
        assert facts["dataset"] == data.checksum
    assert (facts["window"], facts["bin_size"]) == (WINDOW, BIN)
    assert (facts["model"], facts["seed"]) == ("danq", "7")
    errors = attributions.table["completeness_error"]
    assert errors.isna().all() == (facts["method"] == "mutagenesis")


def test_the_file_has_the_probabilities_of_predict(attributed, tmp_path, untrained, toy_dataset):
    path, rows = attributed
    predictions = tmp_path / "p.h5"
    predict_dataset([untrained], toy_dataset, predictions, split="test", device="cpu", threads=1)
    table = read_attributions(path).table
    expected = read_predictions(predictions).scores[rows, table["target"]]
    np.testing.assert_allclose(table["probability"], expected, atol=1e-6)


def test_the_file_has_the_scores_of_the_method(attributed, untrained, toy_dataset):
    path, rows = attributed
    attributions = read_attributions(path)
    network = load(untrained, device="cpu", threads=1).network
    with open_dataset(toy_dataset) as data:
        last = torch.from_numpy(data.one_hot("test", rows[3:])[0])
    expected = explain(attributions.facts["method"], network, last, [1], 5)[0]
    np.testing.assert_allclose(attributions.hypothetical[3], expected, atol=1e-7)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["scores"][:], attributions.scores)


def test_regions_on_the_command_line_and_all_files(tmp_path, untrained, toy_dataset):
    names = ("a.h5", "a.bw", "a.bed", "a.svg", "ohe.npz", "shap.npz")
    output, bigwig, bed, figure, *npz = (tmp_path / name for name in names)
    words = ["attribute", "--checkpoint", untrained, "--dataset", toy_dataset]
    words += ["--threads", 1, "--device", "cpu", "--targets", 1]
    words += ["--regions", "chr3:1100-1400", "chr1:900-1000"]
    words += ["--output", output, "--bigwig", bigwig, "--bed", bed, "--figure", figure]
    words += ["--npz", *npz]
    assert cli.main([str(word) for word in words]) == 0
    assert all((tmp_path / name).exists() for name in names)
    table = read_attributions(output).table
    assert table["split"].tolist() == ["test", "test", "train"]
    assert table["chrom"].tolist() == ["chr3", "chr3", "chr1"]


def test_windows_of_another_length_for_a_model_that_pools(tmp_path, toy, run_extract, toy_dataset):
    torch.manual_seed(0)
    weights = build("danq", WINDOW, 2, scale=0.02, head="pool").state_dict()
    facts = {"model": "danq", "seed": 0, "options": OPTIONS | {"head": "pool"}}
    checkpoint = tmp_path / "model.ckpt"
    with open_dataset(toy_dataset) as data:
        write_checkpoint(checkpoint, weights, facts, data.facts())
    (tmp_path / "long").mkdir()
    longer = run_extract(toy, tmp_path / "long", window=600) / "dataset.h5"
    attribute(checkpoint, longer, tmp_path / "a.h5", **options(targets=["0"]))
    assert read_attributions(tmp_path / "a.h5").scores.shape == (1, 600)


def test_a_dataset_of_another_training_is_refused(tmp_path, untrained, toy, run_extract):
    chromosomes = ["chr1", "chr2", "chr3"]
    folder = run_extract(toy, tmp_path, max_n=0.5, chromosomes=chromosomes, stride=100)
    other = folder / "dataset.h5"
    output = tmp_path / "a.h5"
    what = "training windows: not what the model was trained on; use the dataset of that training"
    refuse(f"{other}: {what}", attribute, untrained, other, output, **options())
    assert not output.exists()


@pytest.mark.parametrize(
    ("package", "change", "message"),
    [
        (
            "captum.attr",
            options(method="gradients"),
            "gradients need captum, which is not installed; pip install "
            '"danq[interpret]", or use method mutagenesis',
        ),
        (
            "pyBigWig",
            options({"bigwig": "a.bw"}, targets=["0"]),
            "a bigWig needs pyBigWig, which is not installed; pip install "
            '"danq[interpret]", or leave out --bigwig',
        ),
    ],
)
def test_a_missing_package_is_reported_before_work_begins(
    tmp_path, untrained, toy_dataset, monkeypatch, package, change, message
):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("danq.interpret.attribute.chosen_windows", None)  # work would fail
    refuse(message, attribute, untrained, toy_dataset, tmp_path / "a.h5", **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            options({"bigwig": "a.bw"}),
            "a.bw: a bigWig holds one track, and there are 2 targets; name one with --targets",
        ),
        (
            options({"figure": "a.jpg"}),
            "a.jpg: a figure is written as .svg, .png or .pdf; choose one of these suffixes",
        ),
    ],
)
def test_files_that_cannot_be_made_are_refused_before_work_begins(
    tmp_path, untrained, toy_dataset, monkeypatch, change, message
):
    monkeypatch.setattr("danq.interpret.attribute.chosen_windows", None)
    refuse(message, attribute, untrained, toy_dataset, tmp_path / "a.h5", **change)


def test_an_integral_that_did_not_converge_is_reported(
    tmp_path, untrained, toy_dataset, monkeypatch, capsys
):
    knobs = options(method="gradients", targets=["0"])
    monkeypatch.setattr("danq.interpret.attribute.INCOMPLETE", 10.0)
    attribute(untrained, toy_dataset, tmp_path / "a.h5", **knobs)
    assert "miss their sum" not in capsys.readouterr().err
    monkeypatch.setattr("danq.interpret.attribute.INCOMPLETE", 0.0)
    attribute(untrained, toy_dataset, tmp_path / "a.h5", **knobs)
    message = "in 1 of 1 rows the scores miss their sum by more than 0 %; give more --steps"
    assert message in capsys.readouterr().err
