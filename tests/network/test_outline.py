"""The layers of networks, in order, with the shapes that the papers give."""

import pytest
import torch

from danq.catalog import MODELS
from danq.network import models
from danq.network.outline import outline


def network(name, window=1000):
    model = MODELS[name]
    return getattr(models, model.network)(window, 919, **model.sizes)


def test_danq_has_the_layers_of_its_paper():
    layers = outline(network("danq"), 1000)
    kinds = [layer["kind"] for layer in layers]
    assert kinds == ["convolution", "recurrent", "dense", "dense"]
    assert layers[0] == {
        "name": "stem.conv",
        "kind": "convolution",
        "channels": 320,
        "positions": 975,
        "width": 26,
    }
    assert (layers[1]["channels"], layers[1]["positions"]) == (640, 75)
    assert [layer["channels"] for layer in layers[2:]] == [925, 919]


def test_deepsea_has_three_convolutions():
    layers = outline(network("deepsea"), 1000)
    convolutions = [layer for layer in layers if layer["kind"] == "convolution"]
    assert [layer["channels"] for layer in convolutions] == [320, 480, 960]
    assert [layer["width"] for layer in convolutions] == [8, 8, 8]
    assert [layer["positions"] for layer in convolutions] == [993, 241, 53]


@pytest.mark.parametrize("name", ["mlp", "danq_conv", "danq_residual", "danq_attention"])
def test_every_model_ends_in_its_targets_and_is_not_changed(name):
    small = network(name, 200)
    before = {key: value.clone() for key, value in small.state_dict().items()}
    layers = outline(small, 200)
    assert layers[-1]["channels"] == 919 and all(layer["positions"] >= 1 for layer in layers)
    assert all(torch.equal(before[key], value) for key, value in small.state_dict().items())
