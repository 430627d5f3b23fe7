import re

import pytest
import torch

import danq.network.models
from danq.catalog import MODELS
from danq.network.cost import count_multiply_adds, count_parameters
from danq.network.models import DeepSEA, build

HEADS = [
    (name, head) for name in MODELS for head in ("dense", "pool") if (name, head) != ("mlp", "pool")
]
every_model_and_head = pytest.mark.parametrize(("name", "head"), HEADS)


def dense(inputs, outputs):
    return inputs * outputs + outputs


def conv(channels, filters, width):
    return filters * channels * width + filters


def lstm(inputs, units):
    # Of one direction: four gates, for each of which torch keeps two bias vectors.
    return 4 * (units * (inputs + units) + 2 * units)


def head(features):
    return dense(features, 925) + dense(925, 919)


# Layer by layer from the papers (DOIs in danq/network/models.py), at 1,000 bp and 919 targets.
PARAMETERS = {
    "mlp": dense(4 * 1000, 925) + head(925),
    "blstm": 2 * lstm(4, 320) + head(76 * 640),
    "deepsea": conv(4, 320, 8) + conv(320, 480, 8) + conv(480, 960, 8) + head(53 * 960),
    "danq": conv(4, 320, 26) + 2 * lstm(320, 320) + head(75 * 640),
    "danq_forward": conv(4, 320, 26) + 2 * lstm(320, 320) + head(75 * 640),
    "danq_conv": conv(4, 320, 26) + conv(320, 640, 8) + head(75 * 640),
    "danq_dilated": conv(4, 320, 26)
    + conv(320, 248, 3)
    + 5 * conv(248, 248, 3)
    + conv(248, 640, 3)
    + head(75 * 640),
    "danq_jaspar": conv(4, 1024, 30) + 2 * lstm(1024, 512) + head(64 * 1024),
    "danq_jaspar_conv": conv(4, 1024, 30) + conv(1024, 1024, 6) + head(64 * 1024),
    "danq_jaspar_dilated": (
        conv(4, 1024, 30)
        + conv(1024, 512, 3)
        + 4 * conv(512, 512, 3)
        + conv(512, 1024, 3)
        + head(64 * 1024)
    ),
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
        ("danq", 200_578_075),
        ("danq_forward", 200_578_075),
        ("danq_conv", 200_578_075),
        ("danq_jaspar", 583_440_539),
        ("danq_jaspar_conv", 583_440_539),
    ],
)
def test_a_twin_costs_exactly_the_multiply_adds_of_its_model(name, expected):
    assert multiply_adds(name) == expected


@pytest.mark.parametrize(
    ("name", "positions", "filters", "units", "layers", "channels", "model"),
    [
        ("danq_dilated", 75, 320, 320, 7, 248, 200_578_075),
        ("danq_jaspar_dilated", 64, 1024, 512, 6, 512, 583_440_539),
    ],
)
def test_no_other_width_makes_the_dilated_twin_cost_more_nearly_the_same(
    name, positions, filters, units, layers, channels, model
):
    def excess(c):
        body = 3 * positions * (filters * c + (layers - 2) * c * c + c * 2 * units)
        return body - positions * 2 * 4 * units * (filters + units)

    assert abs(excess(channels)) < min(abs(excess(channels - 1)), abs(excess(channels + 1)))
    assert multiply_adds(name) == model + excess(channels)
