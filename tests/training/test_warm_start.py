"""Trainings that begin with a checkpoint: fine-tuning, linear probing, and what is said of them."""

import json
import shutil

import pytest
import torch

from danq.errors import DanqError
from danq.network.checkpoint import load_checkpoint
from danq.network.import_weights import import_weights
from danq.network.parts import part_of
from danq.network.recipes import PublishedDeepSEA
from danq.records import file_input, verified
from tests.network.weights_files import beluga_file, keras_file
from tests.training.helpers import KNOBS, cut_off, run, same_weights

FRESH = {"initialise_from": None, "scale": None, "filter_scale": None, "head": None, "stem": None}


@pytest.fixture(scope="module")
def trained(toy_dataset, tmp_path_factory):
    """Return the checkpoint of a training with other targets."""
    folder = tmp_path_factory.mktemp("pretrained")
    run(toy_dataset, folder, seed=1, filter_scale=2.0, epochs=1)
    return folder / "model.ckpt"


def tuned(dataset, folder, start, **knobs):
    """Train from a checkpoint; what is left out is the checkpoint's."""
    return run(dataset, folder, start=str(start), **(FRESH | {"epochs": 2} | knobs))


def test_what_is_left_out_is_as_in_the_checkpoint(toy_dataset, tmp_path, trained):
    options = tuned(toy_dataset, tmp_path, trained)["facts"]["options"]
    assert (options["scale"], options["filter_scale"]) == (0.02, 2.0)
    assert options["initialise_from"] == "checkpoint"
    facts = json.loads((tmp_path / "train.json").read_text())
    assert facts["chosen"]["scale"]["reason"] == f"as {trained} has it"
    assert facts["start"]["sha256"] == file_input("start", trained).checksum
    assert facts["start"]["seen"] == []
    assert facts["filters_initialised_from"][11] == "filter11 of danq seed 1"
    record = verified(tmp_path / "train.json")
    assert record.checksums("start") == [facts["start"]["sha256"]]
    assert load_checkpoint(tmp_path / "model.ckpt").facts["start"]["up_to"] == "body"


@pytest.mark.parametrize(
    ("frozen", "recipe"),
    [(["stem"], "auto"), (["stem", "body"], "auto"), (["body"], "published")],
)
def test_frozen_parts_keep_their_weights_and_the_others_learn(
    toy_dataset, tmp_path, trained, frozen, recipe
):
    knobs = {"freeze": frozen, "weight_decay": 0.3, "recipe": recipe, "epochs": 1}
    weights = tuned(toy_dataset, tmp_path, trained, **knobs)["weights"]
    before = torch.load(trained, weights_only=True)["weights"]
    for name, weight in weights.items():
        if recipe == "published" and name in BEHIND_DROPOUT:
            assert not torch.equal(weight, before[name]), name
        elif part_of(name) != "head":
            kept = torch.equal(weight, before[name])
            assert kept == (part_of(name) in frozen), name


BEHIND_DROPOUT = {"body.weight_ih_l0", "body.weight_ih_l0_reverse", "head.dense.weight"}
"""What is divided by what DanQ's own dropout multiplies by outside training."""


def test_published_deepsea_bounds_only_what_is_trained(toy_dataset, tmp_path, monkeypatch):
    run(toy_dataset, tmp_path / "a", "deepsea", epochs=1)
    before = torch.load(tmp_path / "a" / "model.ckpt", weights_only=True)["weights"]
    monkeypatch.setattr(PublishedDeepSEA, "MAX_NORM", 0.1)
    assert before["stem.conv.weight"].flatten(1).norm(dim=1).min() > 0.1
    knobs = {"freeze": ["stem"], "recipe": "published", "lr": 1e-6, "patience": 2, "epochs": 1}
    own = FRESH | knobs | {"start": str(tmp_path / "a" / "model.ckpt")}
    weights = run(toy_dataset, tmp_path / "b", "deepsea", **own)["weights"]
    assert torch.equal(weights["stem.conv.weight"], before["stem.conv.weight"])
    assert weights["second.weight"].flatten(1).norm(dim=1).max() < 0.11


def test_a_first_step_from_all_weights_is_where_the_other_ended(toy_dataset, tmp_path, trained):
    """With a rate of almost 0, the validation is that of the checkpoint, in its best epoch."""
    told = json.loads((trained.parent / "train.json").read_text())["validation"]
    knobs = {"start_up_to": "head", "lr": 1e-30, "weight_decay": 0.0, "epochs": 1}
    weights = tuned(toy_dataset, tmp_path, trained, **knobs)["weights"]
    before = torch.load(trained, weights_only=True)["weights"]
    assert all(torch.equal(weights[name], value) for name, value in before.items())
    assert json.loads((tmp_path / "train.json").read_text())["validation"] == told


def test_a_training_that_was_cut_off_goes_on_only_from_the_same_checkpoint(
    toy_dataset, tmp_path, trained
):
    knobs = FRESH | {"start": str(trained), "freeze": ["stem"], "epochs": 2}
    cut_off(toy_dataset, tmp_path / "cut", **knobs)
    moved = tmp_path / "moved.ckpt"
    shutil.copy(trained, moved)
    other = tmp_path / "other"
    run(toy_dataset, other, seed=2, filter_scale=2.0, epochs=1)
    with pytest.raises(DanqError, match=r"interrupted training with another start_sha256 \("):
        run(toy_dataset, tmp_path / "cut", **(knobs | {"start": str(other / "model.ckpt")}))
    with pytest.raises(DanqError, match=r"interrupted training with another freeze \("):
        run(toy_dataset, tmp_path / "cut", **(knobs | {"freeze": []}))
    resumed = run(toy_dataset, tmp_path / "cut", **(knobs | {"start": str(moved)}))
    assert same_weights(resumed, run(toy_dataset, tmp_path / "whole", **knobs))


def test_filters_that_came_from_elsewhere_discovered_nothing(toy_dataset, tmp_path, trained):
    """A twin takes first filters alone, and the rest of it begins at random."""
    knobs = FRESH | {"start": str(trained), "start_up_to": "stem", "freeze": ["stem"], "epochs": 1}
    weights = run(toy_dataset, tmp_path, "danq_conv", **knobs)["weights"]
    before = torch.load(trained, weights_only=True)["weights"]
    assert torch.equal(weights["stem.conv.weight"], before["stem.conv.weight"])
    began = json.loads((tmp_path / "train.json").read_text())["filters_initialised_from"]
    assert all(name.endswith("of danq seed 1") for name in began) and len(began) == len(
        before["stem.conv.bias"]
    )


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"model": "danq_conv"}, "holds danq, which danq_conv cannot begin with"),
        ({"scale": 0.05}, "was trained with scale 0.02, and this training has 0.05"),
        ({"start": "missing.ckpt"}, "missing.ckpt"),
        ({"start": None, "initialise_from": "checkpoint"}, "and no checkpoint is given; name one"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_and_nothing_is_left(
    toy_dataset, tmp_path, trained, knobs, message
):
    with pytest.raises(DanqError, match=message):
        run(toy_dataset, tmp_path / "new", **(FRESH | {"start": str(trained)} | knobs))
    left = [path.name for path in (tmp_path / "new").rglob("*")]
    assert left == []


def test_filters_begin_as_one_thing_only(toy_dataset, tmp_path, trained):
    with pytest.raises(ValueError, match="start gives the first filters, and initialise_from rand"):
        run(toy_dataset, tmp_path, start=str(trained))
    with pytest.raises(ValueError, match="freeze leaves nothing to train"):
        run(toy_dataset, tmp_path, freeze=["stem", "body", "head"])


assert FRESH.keys() < KNOBS.keys()


def test_imported_weights_begin_a_training(toy_dataset, tmp_path):
    """DanQ's own, of any widths, whose dropout scales outside training; targets of one's own."""
    features = (400 - 25) // 13 * 2 * 5  # positions, and units of either direction
    keras_file(tmp_path / "danq.hdf5", targets=7, features=features)
    source = tmp_path / "imported.ckpt"
    import_weights(tmp_path / "danq.hdf5", source, model="danq", window=400)
    knobs = FRESH | {"dropout": None, "gates": "hard_sigmoid", "freeze": ["stem"], "epochs": 1}
    run(toy_dataset, tmp_path / "new", start=str(source), **knobs)
    before = load_checkpoint(source)
    after = load_checkpoint(tmp_path / "new" / "model.ckpt")
    assert torch.equal(after.network.stem.conv.weight, before.network.stem.conv.weight)
    assert after.facts["sizes"] == before.facts["sizes"] != {}
    assert after.facts["start"]["seen"] is None and after.facts["start"]["targets"] == 7
    assert after.facts["options"]["scale"] == before.facts["options"]["scale"]


def test_imported_beluga_is_tuned_to_other_targets(toy_dataset, tmp_path):
    """The window of the toy dataset is 400 bp, of which 6 positions remain."""
    beluga_file(tmp_path / "beluga.pth", positions=6, targets=5)
    source = tmp_path / "beluga.ckpt"
    import_weights(tmp_path / "beluga.pth", source, window=400)
    before = load_checkpoint(source)
    knobs = {"model": "beluga", "freeze": ["stem", "body"], "epochs": 1}
    content = tuned(toy_dataset, tmp_path, source, **knobs)
    after = content["weights"]
    for name, weight in before.network.state_dict().items():
        if part_of(name) != "head":
            assert torch.equal(after[name], weight), name
    assert after["head.out.weight"].shape == (2, 8)
    assert content["facts"]["start"]["targets"] == 5
