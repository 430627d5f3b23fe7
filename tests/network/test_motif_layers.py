import numpy as np
import pytest
import torch
from torch.nn import functional

from danq.catalog import MODELS
from danq.network.models import build, rectify
from danq.network.motif_layers import motif_layers

WINDOW = 320  # Beluga reads no less than 310 bp


def random_one_hot(n):
    indices = np.random.default_rng(0).integers(0, 4, (n, WINDOW))
    return torch.from_numpy(np.eye(4, dtype=np.float32)[indices].transpose(0, 2, 1).copy())


@pytest.mark.parametrize("name", MODELS)
def test_models_with_filters_have_a_layer_to_read(name):
    layers = motif_layers(build(name, WINDOW, 3, scale=0.05))
    names = [layer.name for layer in layers]
    if name in ("deepsea", "beluga"):
        assert names == ["filter", "second"]
    else:
        assert names == (["filter"] if MODELS[name].has_filters else [])


@torch.no_grad()
@pytest.mark.parametrize("name", ["deepsea", "beluga", "danq", "danq_jaspar_conv"])
def test_the_stem_is_the_pooled_rectified_first_layer(name):
    model, X = build(name, WINDOW, 3, scale=0.05).eval(), random_one_hot(3)
    first = motif_layers(model)[0]
    activations = first.activations(X)
    assert activations.shape == (3, first.n_filters, WINDOW - first.width + 1)
    rectifier = rectify if name == "deepsea" else functional.relu
    expected = functional.max_pool1d(rectifier(activations), model.stem.pool)
    assert torch.allclose(model.stem(X), expected, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize(("name", "width", "stride"), [("deepsea", 39, 4), ("beluga", 15, 1)])
def test_a_second_layer_reads_the_stem(name, width, stride):
    model, X = build(name, WINDOW, 3, scale=0.05).eval(), random_one_hot(3)
    second = motif_layers(model)[1]
    expected = model.second(model.stem(X))
    assert torch.allclose(second.activations(X), expected, atol=1e-6)
    assert (second.width, second.stride) == (width, stride)
    assert second.n_filters == model.second.out_channels
