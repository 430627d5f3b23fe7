"""Every path runs once with its tensors on a device that is not the CPU, to the CPU's numbers.

A tensor that was left on the CPU fails the test: see `tests.second_device`.
"""

import copy
from typing import get_args

import numpy as np
import pandas as pd
import pytest
import torch
from lightning_fabric.accelerators.mps import MPSAccelerator

from danq import config
from danq.catalog import MODELS
from danq.data.dataset import open_dataset
from danq.data.predictions import read_predictions
from danq.interpret.ablate import ablate
from danq.interpret.attribute import attribute
from danq.interpret.design import redesign
from danq.interpret.filters import read_layer
from danq.interpret.probe import probe
from danq.interpret.selection import best_windows
from danq.network import batches, devices, strands
from danq.network.batches import Batches, Loader
from danq.network.models import build
from danq.network.motif_layers import motif_layers
from danq.network.predict_dataset import predict_dataset
from danq.network.recipes import choose_recipe
from danq.network.trained import load
from danq.training import generalisation, profiling
from danq.training.learner import set_up, step_seed
from tests.conftest import WINDOW
from tests.interpret.helpers import BELUGA_LENGTH, LENGTH, TARGETS, small, window
from tests.second_device import DEVICE, reader, second_device
from tests.training.helpers import KNOBS, cut_off, run

N = 6
"""Windows of a batch."""

RECIPES = get_args(config.Train.model_fields["recipe"].annotation)


@pytest.fixture
def device(monkeypatch):
    """Put the second device into PyTorch, as Apple's GPU; return its log."""
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(MPSAccelerator, "is_available", staticmethod(lambda: True))
    monkeypatch.setattr(torch.mps, "synchronize", lambda: None)
    monkeypatch.setattr(torch.mps, "manual_seed", lambda seed: None)
    devices._announce_mps.cache_clear()
    with second_device() as log:
        monkeypatch.setattr(batches, "ThreadPoolExecutor", reader(log))
        yield log


def one_hot(n=N, length=LENGTH):
    generator = torch.Generator().manual_seed(1)
    bases = torch.randint(4, (n, length), generator=generator)
    return torch.nn.functional.one_hot(bases, 4).transpose(1, 2).float()


def labels(n=N):
    generator = torch.Generator().manual_seed(2)
    return torch.randint(2, (n, TARGETS), generator=generator).float()


def close(a, b, tolerance=1e-5):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# --- the device itself ---


def test_a_tensor_of_the_cpu_is_refused_and_a_number_is_not(device):
    X = torch.ones(3).to("mps")
    assert X.device == DEVICE and (X + torch.tensor(1.0)).tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match="same device"):
        X + torch.ones(3)
    with pytest.raises(RuntimeError, match="same device"):
        X[torch.tensor([0, 1])]
    with pytest.raises(TypeError, match="float64"):
        X.double()
    with pytest.raises((TypeError, RuntimeError)):
        X.numpy()


def test_the_device_computes_gradients_and_notes_what_the_host_waits_for(device):
    X = torch.arange(4.0, device="mps", requires_grad=True)
    (X**2).sum().backward()
    assert device.waits == []
    assert X.grad.cpu().tolist() == [0, 2, 4, 6]
    assert device.waits == ["aten._to_copy.default"]
    device.clear()
    X.detach().add_(1).sum().item()
    assert device.waits == ["aten._local_scalar_dense.default"]


# --- batches ---

LOADERS = {
    "plain": {},
    "shifted": {"shift": 5},
    "drawn": {"negatives": 0.5, "balance": True, "shift": 2},
    "both strands": {"both_strands": True},
    "groups": {"memory": 2_000.0, "shift": 1},
}


@pytest.mark.parametrize("name", LOADERS)
def test_batches_are_made_on_the_device(device, toy_dataset, name, monkeypatch):
    monkeypatch.setattr(batches, "BLOCK", 8)
    options = {"memory": 1e9} | LOADERS[name]
    with open_dataset(toy_dataset) as data:
        near = Loader(data, torch.device("cpu"), **options)
        far = Loader(data, DEVICE, **options)
        near_schedule = near.schedule(0, 0)
        far_schedule = far.schedule(0, 0)
        assert torch.equal(near_schedule.rows, far_schedule.rows)
        for start in range(0, len(near_schedule), 16):
            end = min(start + 16, len(near_schedule))
            X, y = near.batch(near_schedule, start, end)
            there = far.batch(far_schedule, start, end)
            assert there.X.device == there.y.device == DEVICE
            assert torch.equal(there.X.cpu(), X) and torch.equal(there.y.cpu(), y)


def test_a_batch_makes_the_host_neither_wait_nor_copy(device, toy_dataset):
    with open_dataset(toy_dataset) as data:
        loader = Loader(data, DEVICE, 1e9, shift=3)
        schedule = loader.schedule(0, 0)
        loader.batch(schedule, 0, 8)
        device.clear()
        loader.batch(schedule, 8, 16)
    assert device.waits == [] and device.uploads == []


def test_a_split_is_expanded_on_the_device(device, toy_dataset):
    with open_dataset(toy_dataset) as data:
        windows = Batches(data, "test", DEVICE)
        rows = torch.arange(0, len(windows), 3, device=DEVICE)
        expected = data.one_hot("test", np.arange(0, len(windows), 3))
        assert np.array_equal(windows.sequences_of(rows).cpu().numpy(), expected)
        assert np.array_equal(windows.labels_of(slice(None)).cpu().numpy(), data.labels("test"))


# --- models, losses and optimisers ---


def step(network, model, recipe_name, X, y):
    """Take two steps; return the losses."""
    recipe = choose_recipe(recipe_name, model)
    optimizer = recipe.optimizer(network, 1e-3, 0.01)
    lr_scheduler = recipe.lr_scheduler(optimizer, 1e-3, 10)
    losses = []
    for number in range(2):
        torch.manual_seed(number)
        loss = recipe.loss(network, network(X), y, len(X))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        recipe.constrain(network)
        optimizer.step()
        if lr_scheduler is not None:
            lr_scheduler.step()
        losses.append(loss.detach())
    return losses


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("model", MODELS)
def test_a_step_on_the_device_is_that_on_the_cpu(device, model, recipe):
    torch.manual_seed(0)
    # No dropout: its masks are drawn in other ways on a CPU and on a GPU.
    length = BELUGA_LENGTH if model == "beluga" else LENGTH
    near = build(model, length, TARGETS, scale=0.03, dropout=0)
    choose_recipe(recipe, model).initialise(near)
    far = copy.deepcopy(near).to(DEVICE)
    expected = step(near, model, recipe, one_hot(length=length), labels())
    X = one_hot(length=length).to(DEVICE)
    y = labels().to(DEVICE)
    device.clear()
    losses = step(far, model, recipe, X, y)
    assert device.waits == [] and device.uploads == []
    close([loss.item() for loss in losses], [loss.item() for loss in expected])
    for there, here in zip(far.parameters(), near.parameters(), strict=True):
        assert there.device == DEVICE
        close(there.detach().cpu().numpy(), here.detach().numpy(), 1e-4)


@pytest.mark.parametrize("options", [{"head": "pool"}, {"gates": "hard_sigmoid"}])
def test_other_heads_and_gates_are_on_the_device(device, options):
    near = build("danq", LENGTH, TARGETS, scale=0.03, **options).eval()
    far = copy.deepcopy(near).to(DEVICE)
    X = one_hot()
    close(far(X.to(DEVICE)).detach().cpu().numpy(), near(X).detach().numpy())


# --- training ---


def test_a_training_on_the_device_gives_the_weights_of_the_cpu(
    device, toy_dataset, tmp_path, capsys
):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "mps").mkdir()
    expected = run(toy_dataset, tmp_path / "cpu", epochs=1, dropout=0)
    result = run(
        toy_dataset, tmp_path / "mps", epochs=1, dropout=0, device="auto", precision="auto"
    )
    assert result["facts"]["device"] == "mps:0" and result["facts"]["precision"] == "float32"
    assert capsys.readouterr().err.count("device mps: Apple's GPU") == 1
    for name, values in expected["weights"].items():
        close(result["weights"][name].numpy(), values.numpy(), 1e-4)


def test_a_training_on_the_device_is_as_healthy(device, toy_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(generalisation, "FEWEST_POSITIVES", 1)
    values = {}
    for name in ("cpu", "mps"):
        facts = run(toy_dataset, tmp_path / name, "danq_conv", epochs=1, dropout=0, device=name)[
            "facts"
        ]
        values[name] = {check["name"]: check["value"] for check in facts["health"]}
    assert list(values["cpu"]) == list(values["mps"]) and "gap" in values["cpu"]
    numbers = [[value or 0.0 for value in values[name].values()] for name in ("cpu", "mps")]
    close(*numbers, 1e-3)


def test_a_training_that_was_cut_off_goes_on_on_the_device(device, toy_dataset, tmp_path):
    cut_off(toy_dataset, tmp_path, device="mps", epochs=2)
    result = run(toy_dataset, tmp_path, device="mps", epochs=2)
    assert result["facts"]["epochs"] == 2


@pytest.mark.parametrize("model", ["danq", "deepsea"])
def test_a_step_of_a_training_makes_the_host_neither_wait_nor_copy(device, toy_dataset, model):
    settings = config.Train(**(KNOBS | {"device": "mps"}))
    with open_dataset(toy_dataset) as data:
        learner = set_up(data, settings, model=model, seed=0, motifs="", threads=1)
        learner.model.train()
        schedule = learner.loader.schedule(0, 0)
        total = torch.zeros((), device=learner.device)
        for number in range(3):
            device.clear()
            batch = range(16 * number, 16 * number + 16)
            loss_sum = learner.learn(schedule, batch, step_seed(0, 0, number))
            total += learner.sum_over_processes(loss_sum, False).loss_sum
    assert device.waits == [] and device.uploads == []


def test_a_profile_runs_on_the_device(device, toy_dataset, capsys, monkeypatch):
    monkeypatch.setattr(profiling, "WARM_UP", 1)
    monkeypatch.setattr(profiling, "STEPS", 1)
    settings = config.Train(**(KNOBS | {"device": "mps"}))
    profiling.profile_training(
        toy_dataset, model="danq", seed=0, settings=settings, motifs="", threads=1
    )
    assert "danq on mps:0 in float32" in capsys.readouterr().out


# --- what is done with a trained model ---


@pytest.fixture(scope="module")
def checkpoint(toy_dataset, tmp_path_factory):
    """Return a model of the toy dataset, trained on the CPU for an epoch."""
    folder = tmp_path_factory.mktemp("trained")
    run(toy_dataset, folder, epochs=1)
    return folder / "model.ckpt"


@pytest.fixture
def both(device, checkpoint):
    """Return the trained model on the CPU, and on the device."""
    return load(checkpoint, device="cpu"), load(checkpoint, device="mps")


def test_predictions_on_the_device_are_those_of_the_cpu(device, checkpoint, toy_dataset, tmp_path):
    files = {}
    for name in ("cpu", "mps"):
        files[name] = tmp_path / f"{name}.h5"
        predict_dataset(
            [checkpoint], toy_dataset, files[name], split="test", device=name, threads=1
        )
    near = read_predictions(files["cpu"])
    far = read_predictions(files["mps"])
    close(far.scores, near.scores)


def test_the_next_windows_are_read_before_a_batch_is_fetched(device, toy_dataset, monkeypatch):
    fetched = []

    class Reads(Batches):
        def __init__(self, *arguments):
            fetched.append(len(device.waits))
            super().__init__(*arguments)

    monkeypatch.setattr(strands, "BATCH", 8)
    monkeypatch.setattr(strands, "Batches", Reads)
    network = build("danq", WINDOW, 2, scale=0.02).to(DEVICE)
    with open_dataset(toy_dataset) as data:
        strands.predict_rows(network, data, "train", range(30), DEVICE)
    assert fetched == [0, 0, 1, 2] and len(device.waits) == 4


def test_sequences_are_predicted_on_the_device(both):
    near, far = both
    texts = ["ACGT" * (WINDOW // 4), "GATTACAN" * (WINDOW // 8)]
    close(far.predict(texts), near.predict(texts))
    close(far.logits(texts), near.logits(texts))


def test_the_best_windows_are_chosen_on_the_device(both, toy_dataset):
    near, far = both
    with open_dataset(toy_dataset) as data:
        chosen = [best_windows(model, data, [0, 1], 3) for model in (near, far)]
    pd.testing.assert_frame_equal(*chosen)


TABLES = {
    ablate: config.Ablation(windows=4),
    probe: config.Probe(pairs=["MA0139.2+MA0138.3"], backgrounds=2, step=50, largest=60),
}


@pytest.mark.parametrize("function", TABLES)
def test_tables_of_interpretation_are_those_of_the_cpu(
    device, function, checkpoint, toy_dataset, tmp_path
):
    tables = []
    for name in ("cpu", "mps"):
        output = tmp_path / f"{name}.tsv"
        options = {"motifs": "JASPAR2026:vertebrates"} if function is probe else {}
        function(
            checkpoint,
            toy_dataset,
            output,
            settings=TABLES[function],
            device=name,
            threads=1,
            **options,
        )
        tables.append(pd.read_csv(output, sep="\t"))
    pd.testing.assert_frame_equal(*tables, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", ["mutagenesis", "gradients"])
def test_attributions_are_those_of_the_cpu(device, method, checkpoint, toy_dataset, tmp_path):
    if method == "gradients":
        pytest.importorskip("captum")
    import h5py

    scores = []
    for name in ("cpu", "mps"):
        output = tmp_path / f"{name}.h5"
        settings = config.Attribution(method=method, windows=1, steps=5)
        attribute(checkpoint, toy_dataset, output, settings=settings, device=name, threads=1)
        with h5py.File(output) as file:
            scores.append(file["hypothetical"][:])
    close(scores[1], scores[0], 1e-4)


def test_a_window_is_redesigned_on_the_device(device):
    network = small("danq")
    near = redesign(network, window(), 0, 2, "raise")
    far = redesign(copy.deepcopy(network).to(DEVICE), window().to(DEVICE), 0, 2, "raise")
    pd.testing.assert_frame_equal(near.changes, far.changes, rtol=1e-3)


@pytest.mark.parametrize("model", ["danq", "deepsea"])
def test_filters_are_scanned_on_the_device(device, model):
    near = small(model)
    far = copy.deepcopy(near).to(DEVICE)
    X = one_hot(20).numpy()
    rows = np.arange(20)
    for here, there in zip(motif_layers(near), motif_layers(far), strict=True):
        counts = []
        for layer in (here, there):
            filters = read_layer(layer, X.__getitem__, rows, 0.5, np.random.default_rng(0))
            counts.append(filters.counts)
        assert np.array_equal(*counts)
