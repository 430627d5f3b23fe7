import re

import pytest
import torch
from torch import nn

import danq.network.models
from danq.catalog import MODELS, twins
from danq.network.bodies import Attention
from danq.network.cost import count_multiply_adds, count_parameters
from danq.network.models import DeepSEA, build

HEADS = [
    (name, head)
    for name, model in MODELS.items()
    for head in ("dense", "pool")
    if head == "dense" or model.takes_pool_head
]
every_model_and_head = pytest.mark.parametrize(("name", "head"), HEADS)


def dense(inputs, outputs):
    return inputs * outputs + outputs


def conv(channels, filters, width):
    return filters * channels * width + filters


def lstm(inputs, units):
    # Of one direction: four gates, for each of which torch keeps two bias vectors.
    return 4 * (units * (inputs + units) + 2 * units)


def dilated(outer, inner, layers):
    return conv(outer, inner, 1) + layers * conv(inner, inner, 3) + conv(inner, outer, 1)


def attention(outer, queries, values, positions):
    # A layer normalisation, four layers, a gain for each channel, and 4 heads' distances.
    layers = 2 * dense(outer, queries) + dense(outer, values) + dense(values, outer)
    return 2 * outer + layers + outer + 4 * (2 * positions - 1)


def mingru(inputs, units):
    return 2 * dense(inputs, 4 * units) + dense(4 * units, 2 * units)


def head(features, hidden=925):
    return dense(features, hidden) + dense(hidden, 919)


def pair(channels, filters):
    return conv(channels, filters, 8) + conv(filters, filters, 8)


# Layer by layer from the papers (DOIs in danq/network/models.py), at 1,000 bp and 919 targets.
PARAMETERS = {
    "mlp": dense(4 * 1000, 925) + head(925),
    "blstm": 2 * lstm(4, 320) + head(76 * 640),
    "deepsea": conv(4, 320, 8) + conv(320, 480, 8) + conv(480, 960, 8) + head(53 * 960),
    "beluga": pair(4, 320) + pair(320, 480) + pair(480, 640) + head(44 * 640, 2003),
    "basset": (
        conv(4, 300, 19)
        + conv(300, 200, 11)
        + conv(200, 200, 7)
        + dense(18 * 200, 1000)
        + dense(1000, 1000)
        + dense(1000, 919)
    ),
    "danq": conv(4, 320, 26) + 2 * lstm(320, 320) + head(75 * 640),
    "danq_forward": conv(4, 320, 26) + 2 * lstm(320, 320) + head(75 * 640),
    "danq_conv": conv(4, 320, 26) + conv(320, 640, 8) + head(75 * 640),
    "danq_residual": (
        conv(4, 320, 26) + conv(320, 640, 3) + dilated(640, 206, 6) + 640 + head(75 * 640)
    ),
    "danq_attention": (
        conv(4, 320, 26) + conv(320, 640, 3) + attention(640, 4 * 94, 4 * 95, 75) + head(75 * 640)
    ),
    "danq_mingru": conv(4, 320, 26) + mingru(320, 320) + head(75 * 640),
    "danq_jaspar": conv(4, 1024, 30) + 2 * lstm(1024, 512) + head(64 * 1024),
    "danq_jaspar_conv": (
        conv(4, 1024, 30) + conv(1024, 683, 8) + conv(683, 1024, 1) + head(64 * 1024)
    ),
    "danq_jaspar_residual": (
        conv(4, 1024, 30) + conv(1024, 1024, 3) + dilated(1024, 395, 5) + 1024 + head(64 * 1024)
    ),
    "danq_jaspar_attention": (
        conv(4, 1024, 30)
        + conv(1024, 1024, 3)
        + attention(1024, 4 * 186, 4 * 186, 64)
        + head(64 * 1024)
    ),
    "danq_jaspar_mingru": conv(4, 1024, 30) + mingru(1024, 512) + head(64 * 1024),
}


@pytest.mark.parametrize("name", MODELS)
def test_full_size_models_have_the_parameters_of_the_papers_and_of_the_table(name):
    with torch.device("meta"):
        n_parameters = count_parameters(build(name, 1000, 919))
    table = dict(re.findall(r"^(\w+) .* ([\d,]+)$", danq.network.models.__doc__, re.MULTILINE))
    assert n_parameters == PARAMETERS[name] == int(table[name].replace(",", ""))


def test_deepseas_hidden_layer_has_the_925_units_of_the_released_weights():
    # Its training script, and Selene's copy, have 919: 52,532,319 parameters in all.
    with torch.device("meta"):
        released, script = build("deepsea", 1000, 919), DeepSEA(1000, 919, hidden=919)
    assert released.head.dense.out_features == 925
    assert (count_parameters(released), count_parameters(script)) == (52_843_119, 52_532_319)


def test_beluga_has_the_parameters_of_its_published_file():
    # 2,000 bp leave 106 positions (https://github.com/kipoi/models/tree/master/DeepSEA/beluga).
    with torch.device("meta"):
        network = build("beluga", 2000, 2002)
    assert network.head.dense.in_features == 67_840 == 106 * 640
    layers = pair(4, 320) + pair(320, 480) + pair(480, 640)
    dense_layers = dense(67_840, 2003) + dense(2003, 2002)
    assert count_parameters(network) == layers + dense_layers == 149_536_251


def test_basset_has_the_parameters_of_its_published_file_but_for_normalisation():
    # 600 bp leave 10 positions (https://github.com/kipoi/models/tree/master/Basset).
    with torch.device("meta"):
        network = build("basset", 600, 164)
    assert network.dense.in_features == 2000 == 10 * 200
    layers = conv(4, 300, 19) + conv(300, 200, 11) + conv(200, 200, 7)
    dense_layers = dense(2000, 1000) + dense(1000, 1000) + dense(1000, 164)
    normalisation = 2 * (300 + 200 + 200 + 1000 + 1000)
    published = 4_135_064
    assert count_parameters(network) == layers + dense_layers == published - normalisation


@every_model_and_head
def test_multiply_adds_are_counted_without_touching_the_model(name, head):
    model = build(name, 500, 7, 0.05, 1.0, head)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    # Each weight is used at least once; the pooling head's bias of positions is only added.
    assert count_multiply_adds(model, 500) >= count_parameters(model) / 2
    assert model.training and all(
        torch.equal(before[key], value) for key, value in model.state_dict().items()
    )


def multiply_adds(name):
    with torch.device("meta"):
        return count_multiply_adds(build(name, 1000, 919), 1000)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("deepsea", 549_602_395),
        ("beluga", 1_866_967_157),
        ("basset", 257_568_600),
        ("danq", 200_578_075),
        ("danq_forward", 200_578_075),
        ("danq_conv", 200_578_075),
        ("danq_mingru", 200_578_075),
        ("danq_jaspar", 583_440_539),
        ("danq_jaspar_mingru", 583_440_539),
    ],
)
def test_multiply_adds_at_full_size(name, expected):
    assert multiply_adds(name) == expected


SCALES = (0.1, 0.2, 0.5, 1.0, 2.0)
FILTER_SCALES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@pytest.mark.parametrize("window", [500, 1000])
@pytest.mark.parametrize("name", ["danq", "danq_jaspar"])
def test_every_twin_costs_what_its_model_costs_at_every_size(name, window):
    for scale in SCALES:
        for filter_scale in FILTER_SCALES:
            with torch.device("meta"):
                costs = {}
                for model in [name, *(twin.name for twin in twins(name))]:
                    network = build(model, window, 11, scale, filter_scale=filter_scale)
                    costs[model] = count_multiply_adds(network, window)
            assert len(costs) == 5
            for model, cost in costs.items():
                size = (model, scale, filter_scale)
                assert cost == pytest.approx(costs[name], rel=0.01), size


def test_the_products_of_attention_are_counted():
    # Each of 4 heads: queries by keys and scores by values, for each pair of positions.
    layer = Attention(filters=8, units=8, positions=20)
    channels = layer.queries.out_features + layer.values.out_features
    layers = (layer.queries, layer.keys, layer.values, layer.leave)
    weights = sum(part.weight.numel() for part in layers)
    assert layer.multiply_adds(20) == 20 * 20 * channels

    class Alone(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = layer

        def forward(self, X):
            return self.attention(torch.zeros(1, 16, 20, device=X.device))

    assert count_multiply_adds(Alone(), 100) == 20 * weights + 20 * 20 * channels
