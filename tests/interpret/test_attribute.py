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
from danq.interpret.selection import best_windows
from danq.network import predict
from danq.network.checkpoint import write_checkpoint
from danq.network.models import build
from danq.network.trained import load
from tests.conftest import BIN, WINDOW, refuse
from tests.interpret.helpers import METHODS, OPTIONS, explain


def options(files=None, **changes):
    """Return the keyword arguments of `attribute`, on the CPU."""
    return {"settings": config.Attribution(**changes), "device": "cpu", "threads": 1} | (
        files or {}
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_file(tmp_path, untrained, toy_dataset, method):
    output = tmp_path / "attributions.h5"
    attribute(untrained, toy_dataset, output, **options(method=method, windows=2, steps=5))
    found = read_attributions(output)
    model = load(untrained, device="cpu", threads=1)
    predict.predict(
        untrained, toy_dataset, tmp_path / "p.h5", split="test", device="cpu", threads=1
    )
    with open_dataset(toy_dataset) as data:
        rows = best_windows(model, data, [0, 1], 2)["row"].astype(int).to_numpy()
        assert found.table["start"].tolist() == data.places("test")[1][rows].tolist()
        assert (found.one_hot == data.one_hot("test", rows)).all()
        assert (found.facts["dataset"], found.facts["window"], found.facts["bin_size"]) == (
            data.checksum,
            WINDOW,
            BIN,
        )
        assert (
            found.table["label"].tolist() == [1] * 4
            and found.table["name"].tolist() == np.repeat(data.names, 2).tolist()
        )
        last = torch.from_numpy(data.one_hot("test", rows[3:])[0])
    assert (found.table["end"] - found.table["start"] == WINDOW).all() and set(
        found.table["chrom"]
    ) == {"chr3"}
    assert (found.facts["model"], found.facts["seed"], found.facts["method"]) == (
        "danq",
        "7",
        method,
    )
    probabilities = read_predictions(tmp_path / "p.h5").scores
    np.testing.assert_allclose(
        found.table["probability"], probabilities[rows, found.table["target"]], atol=1e-6
    )
    np.testing.assert_allclose(
        found.hypothetical[3], explain(method, model.network, last, [1], 5)[0], atol=1e-7
    )
    assert found.table["completeness_error"].isna().all() == (method == "mutagenesis")
    with h5py.File(output) as file:
        np.testing.assert_array_equal(file["scores"][:], found.scores)


def test_regions_on_the_command_line_and_all_files(tmp_path, untrained, toy_dataset):
    made = {
        name: tmp_path / name for name in ("a.h5", "a.bw", "a.bed", "a.svg", "ohe.npz", "shap.npz")
    }
    words = [
        "--checkpoint",
        untrained,
        "--dataset",
        toy_dataset,
        "--threads",
        1,
        "--device",
        "cpu",
        "--regions",
        "chr3:1100-1400",
        "chr1:900-1000",
        "--targets",
        "1",
        "--output",
        made["a.h5"],
        "--bigwig",
        made["a.bw"],
        "--bed",
        made["a.bed"],
        "--figure",
        made["a.svg"],
        "--npz",
        made["ohe.npz"],
        made["shap.npz"],
    ]
    assert cli.main(["attribute", *map(str, words)]) == 0
    assert all(path.exists() for path in made.values())
    table = read_attributions(made["a.h5"]).table
    assert table["split"].tolist() == ["test", "test", "train"]
    assert table["chrom"].tolist() == ["chr3", "chr3", "chr1"]


def test_windows_of_another_length_for_a_model_that_pools(tmp_path, toy, run_extract, toy_dataset):
    torch.manual_seed(0)
    with open_dataset(toy_dataset) as opened:
        write_checkpoint(
            tmp_path / "model.ckpt",
            build("danq", WINDOW, 2, scale=0.02, head="pool").state_dict(),
            {"model": "danq", "seed": 0, "options": OPTIONS | {"head": "pool"}},
            opened.facts(),
        )
    (tmp_path / "long").mkdir()
    longer = run_extract(toy, tmp_path / "long", window=600) / "dataset.h5"
    attribute(tmp_path / "model.ckpt", longer, tmp_path / "a.h5", **options(targets=["0"]))
    assert read_attributions(tmp_path / "a.h5").scores.shape == (1, 600)


def test_a_dataset_of_another_training_is_refused(tmp_path, untrained, toy, run_extract):
    other = (
        run_extract(toy, tmp_path, max_n=0.5, chromosomes=["chr1", "chr2", "chr3"], stride=100)
        / "dataset.h5"
    )
    refuse(
        f"{other}: training windows: not what the model was trained on; "
        "use the dataset of that training",
        attribute,
        untrained,
        other,
        tmp_path / "a.h5",
        **options(),
    )
    assert not (tmp_path / "a.h5").exists()


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
def test_a_missing_package_is_told_before_work_begins(
    tmp_path, untrained, toy_dataset, monkeypatch, package, change, message
):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("danq.interpret.attribute.best_windows", None)  # work would fail
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
            "a.jpg: a figure is made as .svg, .png or .pdf; choose such a name",
        ),
    ],
)
def test_files_that_cannot_be_made_are_told_before_work_begins(
    tmp_path, untrained, toy_dataset, monkeypatch, change, message
):
    monkeypatch.setattr("danq.interpret.attribute.best_windows", None)
    refuse(message, attribute, untrained, toy_dataset, tmp_path / "a.h5", **change)


def test_an_integral_that_did_not_converge_is_told(
    tmp_path, untrained, toy_dataset, monkeypatch, capsys
):
    knobs = options(method="gradients", targets=["0"])
    monkeypatch.setattr("danq.interpret.attribute.INCOMPLETE", 10.0)
    attribute(untrained, toy_dataset, tmp_path / "a.h5", **knobs)
    assert "miss their sum" not in capsys.readouterr().err
    monkeypatch.setattr("danq.interpret.attribute.INCOMPLETE", 0.0)
    attribute(untrained, toy_dataset, tmp_path / "a.h5", **knobs)
    assert (
        "in 1 of 1 rows the scores miss their sum by more than 0 %; give more --steps"
        in capsys.readouterr().err
    )
