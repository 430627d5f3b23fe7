"""Every list of models and metrics follows from the catalogue."""

import dataclasses
import inspect

import numpy as np
import pytest
import torch

from danq import catalog, config
from danq.errors import DanqError
from danq.evaluation import metrics
from danq.network import bodies, cost, models
from tests.test_cli import STEPS

SETTINGS = {"run": "new", "extract": {"valid": ["chr2"], "test": ["chr3"]}, "models": ["danq_new"]}


@pytest.mark.parametrize("model", catalog.MODELS.values(), ids=lambda model: model.name)
def test_an_entry_says_what_its_network_is(model):
    """What the catalogue claims of a network is read off the network itself."""
    network = models.build(model.name, 400, 3, scale=0.02)
    assert type(network) is getattr(models, model.network)
    kinds = (torch.nn.RNNBase, bodies.MinGRU)
    recurrent = any(isinstance(layer, kinds) for layer in network.modules())
    assert recurrent == model.recurrent
    assert (network.stem is not None) == model.has_filters
    takes_head = "head" in inspect.signature(type(network)).parameters
    assert takes_head == model.takes_pool_head


@pytest.mark.parametrize("model", catalog.MODELS.values(), ids=lambda model: model.name)
def test_the_cost_is_six_times_the_multiply_adds(model):
    network = models.build(model.name, 1000, 919)
    gflop = 6 * cost.count_multiply_adds(network, 1000) / 1e9
    assert model.gflop == pytest.approx(gflop, rel=0.1)


def test_names_that_point_to_models_are_names_of_models():
    for model in catalog.MODELS.values():
        assert set(model.compared_with) <= set(catalog.MODELS)
        if model.twin_of is not None:
            original = catalog.MODELS[model.twin_of]
            assert original.recurrent and original.twin_of is None
            assert model.sizes == original.sizes


def test_metrics_are_functions_of_their_names():
    labels = np.array([[1], [0], [1], [0]])
    scores = np.array([[0.9], [0.8], [0.4], [0.1]])
    assert tuple(metrics.measure(labels, scores)) == tuple(catalog.METRICS)
    for name in catalog.METRICS:
        assert callable(getattr(metrics, name))


def test_better_is_where_a_perfect_predictor_goes():
    labels = np.array([[1], [0], [1], [0], [0]])
    perfect = metrics.measure(labels, labels.astype(float))
    inverted = metrics.measure(labels, 1.0 - labels)
    for name, metric in catalog.METRICS.items():
        higher = perfect[name][0] > inverted[name][0]
        assert higher == (metric.better == "higher")


def test_question_pairs_set_a_recurrent_layer_against_its_twins_and_none():
    for recurrent, control in catalog.question_pairs():
        assert catalog.MODELS[recurrent].recurrent
        entry = catalog.MODELS[control]
        assert entry.twin_of == recurrent or not entry.recurrent
        assert (recurrent, control) in catalog.comparisons()


def test_a_new_entry_is_offered_trained_compared_and_named(monkeypatch):
    """A model is one class and one entry.

    The configuration, the command line and the tables follow.
    """
    entry = dataclasses.replace(
        catalog.MODELS["danq_conv"], name="danq_new", title="DanQ-new", compared_with=("danq",)
    )
    with pytest.raises(DanqError, match="Input should be"):
        config.load(SETTINGS)
    monkeypatch.setitem(catalog.MODELS, "danq_new", entry)
    assert config.load(SETTINGS).models == ["danq_new"]
    network = models.build("danq_new", 400, 3, scale=0.02)
    assert isinstance(network, models.DanQConv)
    model_option = next(action for action in STEPS["train"]._actions if action.dest == "model")
    assert "danq_new" in model_option.choices
    assert ("danq_new", "danq") in catalog.comparisons()
    assert catalog.predictor("danq_new").title == "DanQ-new"


def test_the_command_line_lists_models_and_baselines_of_the_catalogue():
    options = {action.dest: action for action in STEPS["train"]._actions}
    assert list(options["model"].choices) == list(catalog.MODELS)
    kinds = {action.dest: action for action in STEPS["baseline"]._actions}["kind"].choices
    assert list(kinds) == list(catalog.BASELINES)
