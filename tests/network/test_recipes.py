import copy
import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from danq.catalog import MODELS, twins
from danq.network.bodies import Attention, Reaching
from danq.network.checkpoint import build_from
from danq.network.cost import count_parameters
from danq.network.models import build
from danq.network.recipes import (
    AUTO,
    PUBLISHED_DANQ,
    PUBLISHED_DANQ_JASPAR,
    PUBLISHED_DEEPSEA,
    KerasRMSprop,
    PublishedDeepSEA,
    choose_recipe,
)

CURVATURE = np.array([0.02, 0.3, 0.7])  # of a quadratic whose lowest point is at 1, 1, 1


def one_parameter(start=(2.0, -1.0, 0.5)):
    """Return a parameter, and what a recipe takes for a model that has no other."""
    x = nn.Parameter(torch.tensor(start, dtype=torch.float64))
    head = SimpleNamespace(out=nn.Linear(1, 1))
    return x, SimpleNamespace(parameters=lambda: [x], head=head)


def descend(x, optimizer, steps, lr_scheduler=None):
    """Go down the quadratic; return where each step led."""
    path = []
    for _ in range(steps):
        x.grad = torch.from_numpy(CURVATURE) * (x.detach() - 1)
        optimizer.step()
        if lr_scheduler is not None:
            lr_scheduler.step()
        path.append(x.detach().clone().numpy())
    return np.array(path)


CONVOLUTIONAL = ("deepsea", "beluga", "basset")
"""Models whose published recipe is DeepSEA's."""


def test_modern_and_published_recipes_go_to_their_models():
    for name in MODELS:
        published = PUBLISHED_DANQ_JASPAR if "jaspar" in name else PUBLISHED_DANQ
        if name in CONVOLUTIONAL:
            published = PUBLISHED_DEEPSEA
        assert choose_recipe("auto", name) is AUTO
        assert choose_recipe("published", name) is published


def test_published_numbers():
    # DeepSEA's training had no last epoch: a number that is never reached.
    assert PUBLISHED_DEEPSEA.epochs >= 10_000
    deepsea = {
        "lr": 1.0,
        "batch_size": 16,
        "patience": 301,
        "weight_decay": 1e-6,
        "criterion": "valid_loss",
        "epoch_size": 110_000,
        "loss_strands": 1,
        "inverted_dropout": True,
        "both_strands": True,
    }
    danq = {
        "lr": 1e-3,
        "batch_size": 100,
        "epochs": 60,
        "patience": 6,
        "weight_decay": 0.0,
        "criterion": "valid_loss",
        "epoch_size": None,
        "loss_strands": 2,
        "inverted_dropout": False,
        "both_strands": True,
    }
    assert dataclasses.asdict(PUBLISHED_DEEPSEA).items() >= deepsea.items()
    assert dataclasses.asdict(PUBLISHED_DANQ) == danq
    assert dataclasses.asdict(PUBLISHED_DANQ_JASPAR) == danq | {"epochs": 32, "patience": 101}
    assert AUTO.inverted_dropout and not AUTO.both_strands


@pytest.mark.parametrize("steps", [1, 2, 4, 5, 12, 13, 25, 40, 1000])
def test_the_modern_learning_rate_rises_to_its_peak_and_falls(steps):
    x, model = one_parameter()
    optimizer = AUTO.optimizer(model, 0.01, 0.1)
    assert isinstance(optimizer, torch.optim.AdamW) and optimizer.defaults["weight_decay"] == 0.1
    lr_scheduler = AUTO.lr_scheduler(optimizer, 0.01, steps)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        descend(x, optimizer, 1, lr_scheduler)
    peak = int(np.argmax(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    if steps == 1000:
        assert max(rates) == pytest.approx(0.01) and abs(peak + 1 - 0.08 * steps) <= 1
        assert rates[-1] < 1e-5


# DeepSEA's optimiser: torch/optim's sgd.


def torch7_sgd(x, lr, decay, momentum, dampening, weight_decay, steps):
    velocity = None
    path = []
    for t in range(steps):
        g = CURVATURE * (x - 1) + weight_decay * x
        if velocity is None:
            velocity = g
        else:
            velocity = momentum * velocity + (1 - dampening) * g
        x = x - lr / (1 + t * decay) * velocity
        path.append(x)
    return np.array(path)


@pytest.mark.parametrize("weight_decay", [0.0, 1e-6, 0.05])
def test_deepseas_optimiser_is_torch7s_sgd_with_dampening(weight_decay):
    x, model = one_parameter()
    start = x.detach().numpy().copy()
    expected = torch7_sgd(start, 1.0, 8e-7, 0.9, 0.9, weight_decay, 50)
    optimizer = PUBLISHED_DEEPSEA.optimizer(model, 1.0, weight_decay)
    lr_scheduler = PUBLISHED_DEEPSEA.lr_scheduler(optimizer, 1.0, 50)
    path = descend(x, optimizer, 50, lr_scheduler)
    assert np.allclose(path, expected, rtol=0, atol=1e-12)


def test_the_learning_rate_of_deepsea_halves_in_a_million_and_a_quarter_updates():
    optimizer = PUBLISHED_DEEPSEA.optimizer(one_parameter()[1], 0.5, 0.0)
    lr_scheduler = PUBLISHED_DEEPSEA.lr_scheduler(optimizer, 0.5, 50)
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert lr_scheduler.lr_lambdas[0](1_250_000) == pytest.approx(0.5)


def test_dampening_divides_the_rate_by_ten_once_the_first_step_is_taken():
    # The first step is undamped; what follows is SGD without dampening, at a tenth of the rate,
    # from the same velocity.
    x, model = one_parameter()
    damped = PUBLISHED_DEEPSEA.optimizer(model, 1.0, 1e-6)
    descend(x, damped, 1)
    y = nn.Parameter(x.detach().clone())
    plain = torch.optim.SGD([y], lr=0.1, momentum=0.9, dampening=0, weight_decay=1e-6)
    plain.state[y]["momentum_buffer"] = 10 * damped.state[x]["momentum_buffer"]
    assert np.allclose(descend(x, damped, 49), descend(y, plain, 49), rtol=0, atol=1e-12)


def test_max_norm_shrinks_the_rows_that_are_too_long_and_nothing_else():
    torch.manual_seed(0)
    model = build("deepsea", 300, 4, 0.05)
    layers = [model.stem.conv, model.second, model.third, model.head.dense, model.head.out]
    for layer in layers:  # norms from 0.1 to 3
        rows = functional.normalize(layer.weight.detach().flatten(1), dim=1)
        rows *= torch.linspace(0.1, 3, len(rows))[:, None]
        layer.weight.data = rows.view_as(layer.weight)
    before = copy.deepcopy(layers)
    PUBLISHED_DEEPSEA.constrain(model)
    for layer, old_layer in zip(layers, before, strict=True):
        rows = layer.weight.detach().flatten(1).double()
        old_rows = old_layer.weight.detach().flatten(1).double()
        for row, old in zip(rows, old_rows, strict=True):
            norm = math.sqrt((old**2).sum())
            if norm > 0.9:
                assert torch.allclose(row, old * 0.9 / norm, atol=1e-6)
                assert math.sqrt((row**2).sum()) <= 0.9 + 1e-6
            else:
                assert torch.equal(row, old)
        assert torch.equal(layer.bias, old_layer.bias)


def test_max_norm_leaves_an_lstm_alone():
    model = build("danq", 300, 2, 0.05)
    for parameter in model.parameters():
        nn.init.constant_(parameter, 2.0)
    PUBLISHED_DEEPSEA.constrain(model)
    assert all((parameter == 2).all() for parameter in model.body.parameters())
    assert (model.stem.conv.weight < 1).all()


def test_no_other_recipe_constrains():
    model = build("danq_conv", 300, 2, 0.05)
    for recipe in (AUTO, PUBLISHED_DANQ):
        for parameter in model.parameters():
            nn.init.constant_(parameter, 2.0)
        recipe.constrain(model)
        assert all((parameter == 2).all() for parameter in model.parameters())


def test_deepseas_initial_weights_are_uniform_within_one_over_the_root_of_the_inputs():
    torch.manual_seed(0)
    model = build("deepsea", 300, 50, 0.2)
    PUBLISHED_DEEPSEA.initialise(model)
    for layer in (model.stem.conv, model.second, model.third, model.head.dense, model.head.out):
        bound = 1 / math.sqrt(layer.weight[0].numel())
        for values in (layer.weight, layer.bias):
            assert 0.9 * bound < values.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def bce(logits, labels):
    p = 1 / (1 + np.exp(-logits))
    return -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))


@pytest.fixture
def some_logits():
    """Give logits and labels (6, 4) in float64."""
    rng = np.random.default_rng(0)
    return rng.normal(0, 3, (6, 4)), rng.integers(0, 2, (6, 4)).astype(float)


def test_the_loss_is_the_mean_cross_entropy(some_logits):
    logits, labels = some_logits
    for recipe in (AUTO, PUBLISHED_DANQ):
        loss = recipe.loss(None, torch.from_numpy(logits), torch.from_numpy(labels), 6)
        assert loss.item() == pytest.approx(bce(logits, labels), rel=1e-9)


def test_danqs_loss_clips_probabilities():
    logits = torch.tensor([[-40.0, 40.0, 0.0]]).double()
    labels = torch.tensor([[1.0, 0.0, 1.0]]).double()
    published = PUBLISHED_DANQ.loss(None, logits, labels, 1).item()
    assert published == pytest.approx((2 * -math.log(1e-7) + math.log(2)) / 3, rel=1e-6)
    modern = AUTO.loss(None, logits, labels, 1).item()
    assert modern == pytest.approx((80 + math.log(2)) / 3, rel=1e-6)
    assert PUBLISHED_DANQ.loss(None, logits.float(), labels.float(), 1).isfinite()


@pytest.mark.parametrize("head", ["dense", "pool"])
def test_deepseas_l1_term_is_the_size_of_the_logits_and_reaches_the_output_layer_only(
    head, monkeypatch
):
    torch.manual_seed(0)
    model = build("deepsea", 300, 3, 0.05, 0.0, head)
    PUBLISHED_DEEPSEA.optimizer(model, 1.0, 0.0)
    X = functional.one_hot(torch.randint(4, (5, 300)), 4).transpose(1, 2).float()
    labels = torch.randint(2, (5, 3)).float()
    recorded = []

    def record(layer, inputs, output):
        recorded.append((inputs[0].detach(), output.detach()))

    model.head.out.register_forward_hook(record)

    def learn(penalty, total):
        monkeypatch.setattr(PublishedDeepSEA, "L1", penalty)
        model.zero_grad()
        loss = PUBLISHED_DEEPSEA.loss(model, model(X), labels, total)
        loss.backward()
        gradients = {key: parameter.grad.clone() for key, parameter in model.named_parameters()}
        return loss.item(), gradients

    assert PublishedDeepSEA.L1 == 1e-8
    plain, without = learn(0.0, 5)
    inputs, logits = recorded[0]
    # The loss of 5 windows of a batch of 10 is a mean, to be weighted by a half; the penalty is a
    # sum over all.
    for total, factor in ((5, 1), (10, 2)):
        loss, gradients = learn(0.5, total)
        assert loss - plain == pytest.approx(0.5 * factor * logits.abs().sum().item(), rel=1e-4)
        signs = logits.sign().flatten(0, -2)
        expected = {
            "head.out.weight": signs.T @ inputs.flatten(0, -2),
            "head.out.bias": signs.sum(dim=0),
        }
        for key, gradient in gradients.items():
            difference = gradient - without[key]
            if key in expected:
                assert not torch.allclose(gradient, without[key], atol=1e-5)
                assert torch.allclose(difference, 0.5 * factor * expected[key], atol=1e-4)
            else:
                assert torch.allclose(gradient, without[key], atol=1e-5)


# DanQ's: Keras 0.2.


@pytest.mark.parametrize("weight_decay", [0.0, 0.05])
def test_danqs_optimiser_is_keras_rmsprop(weight_decay):
    x, model = one_parameter()
    y = x.detach().numpy().copy()
    mean = np.zeros(3)
    expected = []
    for _ in range(30):
        g = CURVATURE * (y - 1) + weight_decay * y
        mean = 0.9 * mean + 0.1 * g * g
        y = y - 1e-3 * g / np.sqrt(mean + 1e-6)
        expected.append(y)
    optimizer = PUBLISHED_DANQ.optimizer(model, 1e-3, weight_decay)
    assert PUBLISHED_DANQ.lr_scheduler(optimizer, 1e-3, 30) is None
    assert np.allclose(descend(x, optimizer, 30), expected, rtol=0, atol=1e-13)


def first_step(optimizer, gradient=1e-5):
    """Return how far an optimiser moves a parameter in its first step."""
    x = optimizer.param_groups[0]["params"][0]
    before = x.item()
    x.grad = torch.tensor(gradient, dtype=torch.float64)
    optimizer.step()
    return before - x.item()


def test_small_gradients_make_small_steps_as_torchs_rmsprop_does_not():
    def parameter():
        return [nn.Parameter(torch.tensor(0.0, dtype=torch.float64))]

    keras = first_step(KerasRMSprop(parameter(), 1e-3))
    assert keras == pytest.approx(1e-8 / math.sqrt(1e-11 + 1e-6), rel=1e-9)
    torchs = first_step(torch.optim.RMSprop(parameter(), lr=1e-3, alpha=0.9))
    assert torchs == pytest.approx(3.2e-3, rel=0.02)
    by_default = first_step(torch.optim.RMSprop(parameter()))
    assert by_default == pytest.approx(1e-7 / (1e-6 + 1e-8), rel=1e-6)


def test_a_parameter_without_a_gradient_stays():
    x, y = (nn.Parameter(torch.ones(2)) for _ in range(2))
    x.grad = torch.ones(2)
    KerasRMSprop([x, y], 1e-3, weight_decay=0.1).step()
    assert (x < 1).all() and torch.equal(y, torch.ones(2))


def assert_fills(values, bound):
    assert 0.97 * bound < values.abs().max() <= bound
    assert values.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


@pytest.mark.parametrize(
    ("name", "gates"),
    [
        *((name, "sigmoid") for name in MODELS if name not in CONVOLUTIONAL),
        ("danq", "hard_sigmoid"),
        ("blstm", "hard_sigmoid"),
    ],
)
def test_danqs_initial_weights_are_those_of_keras(name, gates):
    torch.manual_seed(0)
    model = build(name, 400, 40, 0.15, gates=gates)
    PUBLISHED_DANQ.initialise(model)
    kinds_by_model = {
        "mlp": {nn.Linear},
        "blstm": {nn.Linear, nn.LSTM},
    }
    for twin in [*twins("danq"), *twins("danq_jaspar")]:
        kinds_by_model[twin.name] = {nn.Linear, nn.Conv1d}
    kinds = kinds_by_model.get(name, {nn.Linear, nn.Conv1d, nn.LSTM})
    for layer in model.modules():
        kind = next((kind for kind in kinds if isinstance(layer, kind)), None)
        if kind is nn.LSTM:
            check_lstm(layer)
        elif kind is not None:
            glorot = math.sqrt(6 / sum(layer.weight.shape))
            assert_fills(layer.weight, 0.05 if kind is nn.Conv1d else glorot)
            assert not layer.bias.any()
        elif not isinstance(layer, (Reaching, Attention, nn.LayerNorm)):  # Keras had none
            assert not list(layer.parameters(recurse=False))


def check_lstm(layer):
    units = layer.hidden_size
    for suffix in ("", "_reverse") if layer.bidirectional else ("",):
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        parameters = [getattr(layer, f"{kind}_l0{suffix}").detach() for kind in kinds]
        inputs, recurrent, *biases = parameters
        assert_fills(inputs, math.sqrt(6 / (layer.input_size + units)))
        # torch stacks input, forget, cell and output gate.
        assert sum(biases).tolist() == [0.0] * units + [1.0] * units + [0.0] * 2 * units
        gates = recurrent.split(units)
        for gate in gates:
            assert torch.allclose(gate @ gate.T, 1.1**2 * torch.eye(units), atol=1e-4)
        assert all(not torch.equal(gates[0], gate) for gate in gates[1:])


def test_danq_counts_its_parameters_as_keras_and_as_torch_do():
    """Keras has one bias for each gate, torch two."""
    with torch.device("meta"):
        model = build("danq", 1_000, 919)
    filters = (26 * 4 + 1) * 320
    gates = 2 * 4 * 320  # of two directions
    of_a_gate = 320 + 320 + 1  # inputs, recurrent inputs, bias
    dense = (75 * 640 + 1) * 925
    outputs = (925 + 1) * 919
    keras = filters + gates * of_a_gate + dense + outputs
    assert keras == 46_926_479
    assert count_parameters(model) == keras + gates == 46_929_039
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("bias_hh" not in name)
    assert count_parameters(model) == keras


def test_published_lstms_have_one_bias_as_keras_has():
    model = build("danq", 300, 2, 0.1)
    before = count_parameters(model)
    PUBLISHED_DANQ.initialise(model)
    assert before - count_parameters(model) == 2 * 4 * 32
    optimizer = PUBLISHED_DANQ.optimizer(model, 1.0, 0.0)
    bias = model.body.bias_ih_l0.detach().clone()
    model(torch.randn(2, 4, 300)).sum().backward()
    optimizer.step()
    assert not torch.equal(model.body.bias_ih_l0, bias) and not model.body.bias_hh_l0.any()


def test_dropout_scales_outside_training_as_the_recipe_says():
    options = {
        "model": "mlp",
        "scale": 0.1,
        "dropout": 1.0,
        "head": "dense",
        "gates": "sigmoid",
        "stem": "relu",
        "filter_width": None,
        "filter_scale": 1.0,
        "recipe": "published",
    }
    model = build_from(options, 50, 2).eval()
    recorded = []

    def record(layer, inputs, output):
        recorded.append((inputs[0], output))

    for layer in (model.dense, model.head.dense):
        layer.register_forward_hook(record)
    model(torch.ones(1, 4, 50))
    (first_input, first_output), (second_input, _) = recorded
    assert torch.allclose(first_input, torch.full((1, 200), 0.8))
    assert torch.allclose(second_input, 0.5 * torch.relu(first_output))
