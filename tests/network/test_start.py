"""Weights of another training: what is read of its checkpoint, refused, and taken."""

import numpy as np
import pytest
import torch

from danq.errors import DanqError
from danq.network.checkpoint import build_from, write_checkpoint
from danq.network.parts import part_of, parts_up_to
from danq.network.start import (
    open_start,
    refuse_other_data,
    refuse_other_model,
    refuse_other_shapes,
    take_weights,
)

WINDOW = 320
OPTIONS = {
    "model": "danq",
    "seed": 4,
    "recipe": "auto",
    "scale": 0.02,
    "dropout": 1.0,
    "head": "dense",
    "gates": "sigmoid",
    "filter_scale": 1.0,
    "stem": "relu",
    "filter_width": None,
}
DATA = {
    "format_version": 1,
    "window": WINDOW,
    "bin_size": 200,
    "alphabet": "ACGT",
    "assembly": "x",
    "names": ["A", "B", "C"],
    "groups": ["", "", ""],
    "training_windows": "0" * 64,
    "splits": {"valid": ["chr2"], "test": ["chr3"]},
}


def network_of(n_targets=3, seed=0, **options):
    torch.manual_seed(seed)
    return build_from(OPTIONS | options, WINDOW, n_targets)


def checkpoint_of(path, splits=DATA["splits"], **options):
    """Write a checkpoint of random weights; return its path and its network."""
    network = network_of(seed=1, **options)
    facts = {"model": (OPTIONS | options)["model"], "seed": 4, "options": OPTIONS | options}
    write_checkpoint(path, network.state_dict(), facts, DATA | {"splits": splits})
    return path, network.eval()


def windows():
    rng = np.random.default_rng(0)
    return torch.from_numpy(np.eye(4, dtype=np.float32)[rng.integers(4, size=(3, WINDOW))]).mT


@pytest.mark.parametrize("up_to", ["stem", "body", "head"])
def test_exactly_what_is_asked_for_is_taken(tmp_path, up_to):
    path, source = checkpoint_of(tmp_path / "m.ckpt")
    network = network_of(3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    names = take_weights(network, open_start(path, up_to))
    for name, value in network.state_dict().items():
        taken = part_of(name) in parts_up_to(up_to)
        expected = source.state_dict()[name] if taken else before[name]
        assert torch.equal(value, expected), name
    assert names[0] == "filter0 of danq seed 4" and len(names) == 6


def test_a_network_with_all_weights_predicts_the_same(tmp_path):
    path, source = checkpoint_of(tmp_path / "m.ckpt")
    network = network_of().eval()
    take_weights(network, open_start(path, "head"))
    assert torch.equal(network(windows()), source(windows()))


@pytest.mark.parametrize("recipes", [("published", "auto"), ("auto", "published")])
def test_dropout_of_either_kind_begins_with_the_same_predictions(tmp_path, recipes):
    """DanQ's own weights expect to be scaled down outside training, others do not."""
    path, source = checkpoint_of(tmp_path / "m.ckpt", recipe=recipes[0])
    network = network_of(recipe=recipes[1], dropout=0.5).eval()
    take_weights(network, open_start(path, "head"))
    torch.testing.assert_close(network(windows()), source(windows()), rtol=1e-5, atol=1e-6)


def test_first_filters_fit_another_model_of_as_many(tmp_path):
    path, source = checkpoint_of(tmp_path / "m.ckpt")
    network = network_of(model="danq_conv")
    start = open_start(path, "stem")
    refuse_other_model(start, "danq_conv", {"scale": None, "stem": None})
    take_weights(network, start)
    assert torch.equal(network.stem.conv.weight, source.stem.conv.weight)
    with pytest.raises(DanqError, match=r"its stem.conv.weight is 6 x 4 x 26, and that of this tr"):
        refuse_other_shapes(start, network_of(model="deepsea"))
    with pytest.raises(DanqError, match="takes first filters, and mlp has none"):
        refuse_other_model(start, "mlp", {})


@pytest.mark.parametrize(
    ("model", "knobs", "message"),
    [
        (
            "danq_conv",
            {},
            "holds danq, which danq_conv cannot begin with; give train.models.danq_c",
        ),
        (
            "danq",
            {"scale": 0.5},
            "trained with scale 0.02, and this training has 0.5; give train.s",
        ),
        ("danq", {"head": "pool"}, "was trained with head dense, and this training has pool"),
        ("danq", {"gates": "hard_sigmoid"}, "was trained with gates sigmoid, and this training"),
        ("danq", {"stem": "exponential"}, "was trained with stem relu, and this training has exp"),
    ],
)
def test_another_model_is_refused_in_a_line(tmp_path, model, knobs, message):
    start = open_start(checkpoint_of(tmp_path / "m.ckpt")[0], "body")
    with pytest.raises(DanqError, match=message) as caught:
        refuse_other_model(start, model, knobs)
    assert "\n" not in str(caught.value)


def test_other_windows_and_targets_are_refused(tmp_path):
    path = checkpoint_of(tmp_path / "m.ckpt")[0]
    start = open_start(path, "body")
    refuse_other_data(start, WINDOW, "ACGT", ["other"])
    with pytest.raises(DanqError, match="reads windows of 320 bp, and those to train on have 400"):
        refuse_other_data(start, 400, "ACGT", None)
    with pytest.raises(DanqError, match="has channels in the order ACGT, not AGCT"):
        refuse_other_data(start, WINDOW, "AGCT", None)
    refuse_other_data(open_start(path, "stem"), 400, "ACGT", None)
    whole = open_start(path, "head")
    refuse_other_data(whole, WINDOW, "ACGT", ["A", "B", "C"])
    with pytest.raises(DanqError, match="has other targets, or in another order"):
        refuse_other_data(whole, WINDOW, "ACGT", ["B", "A", "C"])
    pooled = open_start(checkpoint_of(tmp_path / "p.ckpt", head="pool")[0], "body")
    refuse_other_data(pooled, 400, "ACGT", None)


@pytest.mark.parametrize(
    ("splits", "held_out", "seen"),
    [
        (DATA["splits"], {"valid": ["chr3"], "test": ["chr2"]}, []),
        (DATA["splits"], {"valid": ["chr2:10-900"], "test": ["chr3"]}, []),
        (DATA["splits"], {"valid": ["chr2"], "test": ["chr4:5-9", "chr3"]}, ["chr4:5-9"]),
        ({"valid": ["chr2:10-900"], "test": []}, {"valid": ["chr2"], "test": []}, ["chr2"]),
        (None, {"valid": ["chr2"], "test": ["chr3"]}, None),
        (DATA["splits"], None, None),
    ],
)
def test_what_its_own_training_may_have_seen(tmp_path, splits, held_out, seen):
    path = checkpoint_of(tmp_path / "m.ckpt", splits)[0]
    start = open_start(path, "body")
    assert start.seen(held_out) == seen
    assert start.facts(held_out)["seen"] == seen
