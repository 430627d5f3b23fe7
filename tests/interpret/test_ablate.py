import numpy as np
import pytest
import torch

from danq import config
from danq.data.dataset import open_dataset
from danq.errors import DanqError
from danq.files import read_table
from danq.interpret.ablate import COLUMNS, ablate, ablated_changes, effect_table, positive_rows
from danq.network.checkpoint import write_checkpoint
from danq.network.models import build
from danq.network.trained import load
from tests.conftest import WINDOW

KNOBS = {"settings": config.Ablation(), "device": "cpu", "threads": 1}
CPU = torch.device("cpu")
OPTIONS = {
    "scale": 0.02,
    "dropout": 1.0,
    "head": "dense",
    "gates": "sigmoid",
    "stem": "relu",
    "filter_width": None,
    "filter_scale": 1.0,
    "recipe": "auto",
}


@pytest.mark.parametrize("name", ["deepsea", "danq", "danq_forward", "danq_conv", "danq_residual"])
def test_an_ablated_filter_is_one_that_never_fires(name):
    """It responds as a filter of weight 0 with a bias below 0 does."""
    torch.manual_seed(0)
    model = build(name, 200, 3, scale=0.03, head="pool").eval()
    X = (
        np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (6, 200))]
        .transpose(0, 2, 1)
        .copy()
    )
    strands = [torch.from_numpy(X), torch.from_numpy(X[:, ::-1, ::-1].copy())]

    def log_odds():
        with torch.no_grad():
            mean = torch.stack([torch.sigmoid(model(strand).double()) for strand in strands]).mean(
                dim=0
            )
        return torch.logit(mean).numpy()

    before = log_odds()
    changes = list(ablated_changes(model, X, CPU))
    conv = model.stem.conv
    assert len(changes) == conv.out_channels
    assert max(np.abs(change).max() for change in changes) > 1e-4
    for number, change in enumerate(changes):
        with torch.no_grad():
            weight, bias = conv.weight[number].clone(), conv.bias[number].clone()
            conv.weight[number], conv.bias[number] = 0, -1
            np.testing.assert_allclose(change, before - log_odds(), atol=2e-5)
            conv.weight[number], conv.bias[number] = weight, bias


def test_a_filter_that_no_window_excites_does_nothing():
    torch.manual_seed(0)
    model = build("danq", 200, 3, scale=0.03).eval()
    with torch.no_grad():
        model.stem.conv.bias[1] = -100
    X = (
        np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (6, 200))]
        .transpose(0, 2, 1)
        .copy()
    )
    changes = list(ablated_changes(model, X, CPU))
    assert not changes[1].any() and changes[0].any()


def test_positive_rows():
    labels = np.zeros((30, 3), np.uint8)
    labels[5:25, 0], labels[3, 1] = 1, 1
    rows = positive_rows(labels, 4, np.random.default_rng(0))
    assert (
        len(rows) == 5
        and 3 in rows
        and (np.diff(rows) > 0).all()
        and set(rows) <= {3, *range(5, 25)}
    )
    assert positive_rows(labels, 99, np.random.default_rng(0)).tolist() == [3, *range(5, 25)]
    assert positive_rows(labels * 0, 4, np.random.default_rng(0)).size == 0


def test_no_more_windows_than_so_many_in_all(monkeypatch):
    monkeypatch.setattr("danq.interpret.ablate.MOST", 12)
    rows = positive_rows(np.ones((400, 5), np.uint8), 50, np.random.default_rng(0))
    assert len(set(rows)) == 12 and (np.diff(rows) > 0).all()


def test_effects_by_hand():
    labels = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]], np.uint8)
    changes = np.array([[[1, 5, 9], [2, 6, 9], [6, 7, 9], [50, 8, 9]], np.zeros((4, 3))])
    batches = [list(changes[:, :3]), list(changes[:, 3:])]
    table = effect_table(batches, [labels[:3], labels[3:]], ["a", "b", "c"], ["x", "x", "y"])
    assert table.columns.tolist() == COLUMNS
    assert (
        table["motif"].tolist() == ["filter0"] * 3 + ["filter1"] * 3
        and table["target"].tolist() == [0, 1, 2] * 2
    )
    assert table["n"].tolist() == [3, 1, 0] * 2 and table["group"].tolist() == ["x", "x", "y"] * 2
    assert table["effect"].tolist()[:2] == [3, 6] and np.isnan(table["effect"][2])
    # The standard deviation of 1, 2 and 6 is the root of 7.
    assert (
        table["se"][0] == pytest.approx((7 / 3) ** 0.5, abs=1e-6) and table["se"][1:3].isna().all()
    )
    assert table["effect"].tolist()[3:5] == [0, 0]


@pytest.fixture
def trained(tmp_path, toy_dataset):
    """Give a function that returns the checkpoint of an untrained model, and its dataset."""

    def make(name):
        torch.manual_seed(0)
        with open_dataset(toy_dataset) as data:
            facts = data.facts()
        write_checkpoint(
            tmp_path / "model.ckpt",
            build(name, WINDOW, 2, scale=0.02).state_dict(),
            {"model": name, "seed": 0, "options": OPTIONS | {"model": name}},
            facts,
        )
        return tmp_path / "model.ckpt", toy_dataset

    return make


def test_step(trained, tmp_path, capsys):
    checkpoint, dataset = trained("danq")
    ablate(checkpoint, dataset, tmp_path / "a.tsv", **KNOBS)
    table = read_table(tmp_path / "a.tsv")
    n_filters = load(checkpoint, device="cpu", threads=1).network.stem.conv.out_channels
    with open_dataset(dataset) as data:
        assert len(table) == n_filters * len(data.names)
        positives = data.positives("valid")
    assert f"{n_filters} filters ablated in" in capsys.readouterr().err
    few = table.drop_duplicates("target").set_index("target")["n"]
    assert (few >= np.minimum(positives, KNOBS["settings"].windows)).all() and (
        few <= positives
    ).all()
    ablate(checkpoint, dataset, tmp_path / "b.tsv", **KNOBS)
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()


def test_models_without_filters_are_refused(trained, tmp_path):
    checkpoint, dataset = trained("mlp")
    with pytest.raises(DanqError, match="mlp has no filters to ablate; name another model"):
        ablate(checkpoint, dataset, tmp_path / "a.tsv", **KNOBS)
    assert not (tmp_path / "a.tsv").exists()
