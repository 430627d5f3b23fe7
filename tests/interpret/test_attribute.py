import re
import sys
import types

import h5py
import numpy as np
import pytest
import torch
from torch import nn

from danq import cli, config
from danq.data.attributions import read_attributions
from danq.data.dataset import open_dataset
from danq.data.predictions import read_predictions
from danq.errors import DanqError
from danq.interpret.attribute import (
    _nearest,
    attribute,
    best_windows,
    choose_targets,
    integrated_gradients,
    mutagenesis,
    strand_logits,
    windows_in,
)
from danq.network import predict
from danq.network.checkpoint import write_checkpoint
from danq.network.layers import Dropout
from danq.network.models import MODELS, build
from tests.conftest import BIN, SPLITS, WINDOW, refuse

LENGTH, TARGETS = 168, 3  # DeepSEA wants no less
CPU = torch.device("cpu")
METHODS = ("mutagenesis", "gradients")


def options(files=None, **changes):
    """Return the keyword arguments of `attribute`, on the CPU."""
    return {"settings": config.Attribution(**changes), "device": "cpu", "threads": 1} | (files or {})


FACTS = {
    "scale": 0.02,
    "dropout": 1.0,
    "head": "dense",
    "gates": "sigmoid",
    "filter_scale": 1.0,
    "recipe": "modern",
}


class Linear(nn.Module):
    """A weight for each base and place."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(
            torch.randn(TARGETS, 4, LENGTH, generator=torch.Generator().manual_seed(1))
        )
        self.head = None

    def forward(self, X):
        return torch.einsum("ncl,tcl->nt", X, self.weight) + 3


class Curved(Linear):
    """Every second target is not linear in the bases."""

    def forward(self, X):
        return torch.tanh(super().forward(X) / 20) * torch.tensor([1.0, 10.0, -3.0])


def window(seed=0, unknown=()):
    """Return a random one-hot window (4, LENGTH), with an N at some places."""
    bases = torch.from_numpy(np.random.default_rng(seed).integers(0, 4, LENGTH))
    X = nn.functional.one_hot(bases, 4).T.float()
    X[:, list(unknown)] = 0
    return X


def small(name, length=LENGTH, **options):
    torch.manual_seed(0)
    model = build(name, length, TARGETS, scale=0.03, **options).eval()
    with (
        torch.no_grad()
    ):  # so that a small random model makes more of its input than rounding errors
        for parameter in model.parameters():
            parameter.mul_(2)
    return model


def explain(method, model, X, targets=(0, 1, 2), steps=50):
    if method == "mutagenesis":
        return mutagenesis(model, X, list(targets))
    return integrated_gradients(model, X, list(targets), steps)[0]


# --- the two methods ---


def slow_mutagenesis(model, X):
    """Make one mutation after the other, and score bases and bases by the words of the definition."""

    def F(Y):
        return (model(Y[None]) + model(torch.flip(Y, (0, 1))[None]))[0] / 2

    found = torch.zeros(TARGETS, 4, LENGTH)
    with torch.no_grad():
        for place in range(LENGTH):
            logits = []
            for base in range(4):
                mutant = X.clone()
                mutant[:, place] = torch.eye(4)[base]
                logits.append(F(mutant))
            for base in range(4):
                others = [logits[other] for other in range(4) if other != base]
                found[:, base, place] = logits[base] - sum(others) / 3
    return found


@pytest.mark.parametrize(
    "model", [Curved(), small("danq"), small("deepsea")], ids=["curved", "danq", "deepsea"]
)
def test_mutagenesis_is_a_slow_loop_over_single_mutations(model):
    X = window()
    found = mutagenesis(model, X, [0, 1, 2])
    torch.testing.assert_close(found, slow_mutagenesis(model, X), atol=2e-6, rtol=1e-4)
    # The score of a base: the reference less the mean of its three substitutions.
    reference = strand_logits(model, X[None])[0]
    mutants = X.repeat(3, 1, 1)
    mutants[:, :, 17] = torch.eye(4)[X[:, 17] == 0]
    expected = reference - strand_logits(model, mutants).mean(dim=0)
    torch.testing.assert_close((found * X).sum(dim=1)[:, 17], expected, atol=2e-6, rtol=1e-4)
    assert found.abs().max() > 1e-4


def test_targets_come_in_their_order():
    model, X = Curved(), window()
    for method in METHODS:
        found = explain(method, model, X)
        torch.testing.assert_close(explain(method, model, X, [2, 0]), found[[2, 0]])


def test_integrated_gradients_of_a_linear_model_are_weight_times_input_less_baseline():
    model, X = Linear(), window()
    found, error = integrated_gradients(model, X, [0, 1, 2], 2)
    weight = (model.weight + model.weight.flip(1, 2)).detach() / 2
    expected = (weight * (X - 0.25)).sum(dim=1)
    torch.testing.assert_close((found * X).sum(dim=1), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(
        found, weight - weight.mean(dim=1, keepdim=True), atol=1e-5, rtol=1e-5
    )
    assert (error < 1e-4).all()


def test_mutagenesis_of_a_linear_model_is_its_weights():
    model, X = Linear(), window()
    weight = (model.weight + model.weight.flip(1, 2)).detach() / 2
    expected = 4 / 3 * (weight - weight.mean(dim=1, keepdim=True))
    torch.testing.assert_close(mutagenesis(model, X, [0, 1, 2]), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("unknown", [(), (0, 7, 8)])
def test_integrated_gradients_are_complete_and_a_coarse_integral_is_told(unknown):
    model, X = Curved(), window(unknown=unknown)
    baseline = torch.full_like(X, 0.25)
    baseline[:, list(unknown)] = 0
    difference = (strand_logits(model, X[None]) - strand_logits(model, baseline[None]))[0].detach()
    errors = {}
    for steps in (2, 100):
        found, errors[steps] = integrated_gradients(model, X, [0, 1, 2], steps)
        missed = ((found * X).sum(dim=(1, 2)) - difference).abs() / difference.abs()
        torch.testing.assert_close(errors[steps], missed, atol=1e-4, rtol=1e-3)
    assert (errors[100] < 1e-3).all() and (errors[2] > errors[100]).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["deepsea", "danq", "danq_conv", "blstm"])
def test_attributions_of_the_reverse_complement_are_the_reverse_complement(method, name):
    model, X = small(name), window(unknown=(5,))
    found = explain(method, model, X)
    torch.testing.assert_close(
        explain(method, model, X.flip(0, 1)), found.flip(1, 2), atol=2e-6, rtol=1e-3
    )
    assert (found - found.flip(1, 2)).abs().max() > 1e-4


@pytest.mark.parametrize("method", METHODS)
def test_an_n_scores_nothing_and_letters_score_nothing_in_the_mean(method):
    found = explain(method, small("danq"), window(unknown=(0, 30, 31)))
    assert (found[:, :, [0, 30, 31]] == 0).all()
    torch.testing.assert_close(found.mean(dim=1), torch.zeros(TARGETS, LENGTH), atol=1e-6, rtol=0)
    assert (found.abs().sum(dim=1) > 0).sum() > TARGETS * 140


@pytest.mark.parametrize("method", METHODS)
def test_batches_change_nothing(method, monkeypatch):
    model, X = small("danq"), window()
    whole = explain(method, model, X, steps=20)
    monkeypatch.setattr("danq.interpret.attribute.BATCH", 7)
    torch.testing.assert_close(explain(method, model, X, steps=20), whole, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_explained_without_dropout(method, name):
    model = small(name)
    assert any(isinstance(part, Dropout) and part.rate for part in model.modules())
    first, second = (explain(method, model, window(), steps=5) for _ in range(2))
    assert (
        first.shape == (TARGETS, 4, LENGTH)
        and torch.isfinite(first).all()
        and first.abs().max() > 0
    )
    assert torch.equal(first, second) and not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(("head", "gates"), [("pool", "sigmoid"), ("dense", "hard_sigmoid")])
@pytest.mark.parametrize("method", METHODS)
def test_other_heads_gates_and_lengths(method, head, gates):
    model = small("danq", head=head, gates=gates)
    length = 200 if head == "pool" else LENGTH
    X = torch.cat([window(), window(1)], dim=1)[:, :length]
    assert explain(method, model, X, steps=3).shape == (TARGETS, 4, length)


def test_cudnn_is_off_where_gradients_are_taken_and_on_again_behind():
    seen = []

    class Spy(Linear):
        def forward(self, X):
            if X.requires_grad:
                seen.append(torch.backends.cudnn.enabled)
            return super().forward(X)

    before = torch.backends.cudnn.enabled
    integrated_gradients(Spy(), window(), [0], 2)
    assert seen and not any(seen) and torch.backends.cudnn.enabled == before


# --- which windows, which targets ---


def test_targets_by_name_and_index():
    names = ["a", "b", "a", "1"]
    assert choose_targets([], names) == [0, 1, 2, 3]
    assert choose_targets(["b", "2", "1", "b"], names) == [1, 2, 3]  # a name goes before an index
    refuse(
        "no target is called 'c'; give a name or an index (0 to 3), as 'a'",
        choose_targets,
        ["c"],
        names,
    )
    refuse(
        "no target is called '4'; give a name or an index (0 to 3), as 'a'",
        choose_targets,
        ["4"],
        names,
    )
    refuse("2 targets are called 'a'; give the index of one: 0, 2", choose_targets, ["a"], names)


def test_many_targets_have_to_be_named():
    names = [f"t{index}" for index in range(21)]
    assert len(choose_targets([], names[:20])) == 20
    refuse("there are 21 targets; name those to explain with --targets", choose_targets, [], names)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, toy_dataset):
    """Return the checkpoint of a small model of the toy dataset that was never trained."""
    path = tmp_path_factory.mktemp("attribute") / "model.ckpt"
    torch.manual_seed(0)
    with open_dataset(toy_dataset) as opened:
        write_checkpoint(
            path,
            build("danq", WINDOW, 2, scale=0.02).state_dict(),
            {"model": "danq", "seed": 7, "options": FACTS | {"model": "danq"}},
            opened.facts(),
        )
    return path


def test_the_best_predicted_labelled_windows(tmp_path, checkpoint, toy_dataset):
    predict.predict(
        checkpoint, toy_dataset, tmp_path / "p.h5", split="test", device="cpu", threads=1
    )
    probabilities = read_predictions(tmp_path / "p.h5")[3]
    model, _, place = predict.open_model(checkpoint, "cpu", 1)
    with open_dataset(toy_dataset) as data:
        found, labels = best_windows(model, data, [1, 0], 3, place), data.labels("test")
    assert found["target"].tolist() == [1] * 3 + [0] * 3 and set(found["split"]) == {"test"}
    for target, own in found.groupby("target"):
        chosen = own["row"].astype(int).to_numpy()
        assert labels[chosen, target].all() and len(set(chosen)) == 3
        others = np.setdiff1d(np.flatnonzero(labels[:, target]), chosen)
        scores = probabilities[:, target].round(6)
        assert scores[chosen].min() >= scores[others].max() and (np.diff(scores[chosen]) <= 0).all()


class Silent:
    """Data in which a target has no label in the test split."""

    def __init__(self, data):
        self.data, self.names = data, data.names

    def labels_of(self, split, targets):
        return np.where(np.array(targets) == 0, 0, self.data.labels_of(split, targets))

    def one_hot(self, split, rows):
        return self.data.one_hot(split, rows)


def test_a_target_without_a_label_is_told_and_left_out(checkpoint, toy_dataset, capsys):
    model, _, place = predict.open_model(checkpoint, "cpu", 1)
    with open_dataset(toy_dataset) as data:
        found = best_windows(model, Silent(data), [0, 1], 2, place)
        none = best_windows(model, Silent(data), [0], 2, place)
    assert found["target"].tolist() == [1, 1] and none.empty
    assert (
        "target 'Factor A' (index 0): no test window has its label; left out\n"
        in capsys.readouterr().err
    )


def test_windows_whose_bin_overlaps_a_region(toy_dataset):
    flank = (WINDOW - BIN) // 2
    with open_dataset(toy_dataset) as data:
        found = windows_in(
            data, ["chr3:1199-1401", "chr2:800-801", "chr3:1300-1350"], [1, 0], toy_dataset
        )
        bins = [
            (row.split, int(data.places(row.split)[1][row.row]) + flank, row.target)
            for row in found.itertuples()
        ]
    expected = [("test", start, target) for start in (1000, 1200, 1400) for target in (1, 0)]
    assert bins == [*expected, ("valid", 800, 1), ("valid", 800, 0)]
    assert SPLITS == {"valid": ["chr2"], "test": ["chr3"]}


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("chr3", "--regions 'chr3' is not a region; give it as chr1:100-300 (0-based half-open)"),
        (
            "chr9:0-10",
            "--regions 'chr9:0-10': 'chr9' is not in the genome, which has 'chr1', 'chr2', 'chr3'",
        ),
        ("chr3:200-200", "--regions chr3:200-200 is empty or leaves 'chr3' (0-6000 bp); fix it"),
        (
            "chr3:5900-6001",
            "--regions chr3:5900-6001 is empty or leaves 'chr3' (0-6000 bp); fix it",
        ),
    ],
)
def test_a_region_that_is_none_is_refused(toy_dataset, region, message):
    with (
        open_dataset(toy_dataset) as data,
        pytest.raises(DanqError, match=f"^{re.escape(message)}"),
    ):
        windows_in(data, [region], [0], toy_dataset)


def test_a_region_without_a_bin_names_the_nearest(toy_dataset):
    # The first bin of chr3, and the second one, which is blacklisted, are of no window.
    with open_dataset(toy_dataset) as data:
        refuse(
            f"{toy_dataset}: --regions chr3:0-300: no window of the dataset has its 200-bp bin there; the nearest "
            "is chr3:400-600",
            windows_in,
            data,
            ["chr3:0-300"],
            [0],
            toy_dataset,
        )


def test_the_nearest_bin_is_told_by_bins_not_by_windows():
    # Bins at 1000-1200 and 1800-2000, in windows of 1,000 bp; 50 and 540 bp from the region.
    data = types.SimpleNamespace(window=1000, bin_size=200, chromosomes={"c": 9000})
    places = {"test": (np.zeros(2, int), np.array([600, 1400]))}
    assert _nearest(data, places, "c", 1250, 1260) == "; the nearest is c:1000-1200"
    assert _nearest(data, places, "c", 1700, 1710) == "; the nearest is c:1800-2000"


# --- the command ---


@pytest.mark.parametrize("method", METHODS)
def test_the_file(tmp_path, checkpoint, toy_dataset, method):
    output = tmp_path / "attributions.h5"
    attribute(
        checkpoint, toy_dataset, output, **options(method=method, windows=2, steps=5)
    )
    found = read_attributions(output)
    model, _, place = predict.open_model(checkpoint, "cpu", 1)
    predict.predict(
        checkpoint, toy_dataset, tmp_path / "p.h5", split="test", device="cpu", threads=1
    )
    with open_dataset(toy_dataset) as data:
        rows = best_windows(model, data, [0, 1], 2, place)["row"].astype(int).to_numpy()
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
    probabilities = read_predictions(tmp_path / "p.h5")[3]
    np.testing.assert_allclose(
        found.table["probability"], probabilities[rows, found.table["target"]], atol=1e-6
    )
    np.testing.assert_allclose(
        found.hypothetical[3], explain(method, model, last, [1], 5)[0], atol=1e-7
    )
    assert found.table["completeness_error"].isna().all() == (method == "mutagenesis")
    with h5py.File(output) as file:
        np.testing.assert_array_equal(file["scores"][:], found.scores)


def test_regions_on_the_command_line_and_all_files(tmp_path, checkpoint, toy_dataset):
    made = {
        name: tmp_path / name for name in ("a.h5", "a.bw", "a.bed", "a.svg", "ohe.npz", "shap.npz")
    }
    words = [
        "--checkpoint",
        checkpoint,
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
            {"model": "danq", "seed": 0, "options": FACTS | {"model": "danq", "head": "pool"}},
            opened.facts(),
        )
    (tmp_path / "long").mkdir()
    longer = run_extract(toy, tmp_path / "long", window=600) / "dataset.h5"
    attribute(tmp_path / "model.ckpt", longer, tmp_path / "a.h5", **options(targets=["0"]))
    assert read_attributions(tmp_path / "a.h5").scores.shape == (1, 600)


def test_a_dataset_of_another_training_is_refused(tmp_path, checkpoint, toy, run_extract):
    other = (
        run_extract(toy, tmp_path, max_n=0.5, chromosomes=["chr1", "chr2", "chr3"], stride=100)
        / "dataset.h5"
    )
    refuse(
        f"{other}: training windows: not what the model was trained on; use the dataset of that training",
        attribute,
        checkpoint,
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
    tmp_path, checkpoint, toy_dataset, monkeypatch, package, change, message
):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("danq.interpret.attribute.best_windows", None)  # work would fail
    refuse(message, attribute, checkpoint, toy_dataset, tmp_path / "a.h5", **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            options({"bigwig": "a.bw"}),
            "a.bw: a bigWig holds one track, and there are 2 targets; name one with --targets",
        ),
        (options({"figure": "a.jpg"}), "a.jpg: a figure is made as .svg, .png or .pdf; choose such a name"),
    ],
)
def test_files_that_cannot_be_made_are_told_before_work_begins(
    tmp_path, checkpoint, toy_dataset, monkeypatch, change, message
):
    monkeypatch.setattr("danq.interpret.attribute.best_windows", None)
    refuse(message, attribute, checkpoint, toy_dataset, tmp_path / "a.h5", **change)


def test_an_integral_that_did_not_converge_is_told(
    tmp_path, checkpoint, toy_dataset, monkeypatch, capsys
):
    knobs = options(method="gradients", targets=["0"])
    monkeypatch.setattr("danq.interpret.attribute.INCOMPLETE", 10.0)
    attribute(checkpoint, toy_dataset, tmp_path / "a.h5", **knobs)
    assert "miss their sum" not in capsys.readouterr().err
    monkeypatch.setattr("danq.interpret.attribute.INCOMPLETE", 0.0)
    attribute(checkpoint, toy_dataset, tmp_path / "a.h5", **knobs)
    assert (
        "in 1 of 1 rows the scores miss their sum by more than 0 %; give more --steps"
        in capsys.readouterr().err
    )
