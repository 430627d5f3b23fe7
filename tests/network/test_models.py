import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from danq.catalog import MODELS
from danq.network.basset import Basset
from danq.network.beluga import Beluga
from danq.network.bodies import Reaching
from danq.network.layers import Dropout, HardLSTM, PoolHead
from danq.network.models import (
    DeepSEA,
    build,
    rectify,
    takes_any_length,
)
from danq.network.strands import strand_probabilities
from tests.conftest import refuse

HEADS = [
    (name, head)
    for name, model in MODELS.items()
    for head in ("dense", "pool")
    if head == "dense" or model.takes_pool_head
]
every_model_and_head = pytest.mark.parametrize(("name", "head"), HEADS)


def one_hot_batch(n, length, seed=0):
    indices = np.random.default_rng(seed).integers(0, 4, (n, length))
    one_hot = np.eye(4, dtype=np.float32)[indices].transpose(0, 2, 1)
    return torch.from_numpy(one_hot.copy())


def with_open_branches(model):
    """Return a model whose branches are not closed, as their gains of 0 leave them at first."""
    for layer in model.modules():
        if isinstance(layer, Reaching):
            nn.init.ones_(layer.gain)
    return model


def inputs_of(*layers):
    """Return a list that collects the first input of each layer, call by call."""
    collected = []

    def collect(layer, inputs):
        collected.append(inputs[0])

    for layer in layers:
        layer.register_forward_pre_hook(collect)
    return collected


@every_model_and_head
def test_logits_have_a_row_per_window_and_a_column_per_target(name, head):
    for window, n_targets in ((500, 7), (1000, 3)):
        model = build(name, window, n_targets, 0.05, 1.0, head)
        assert model(one_hot_batch(2, window)).shape == (2, n_targets)


@every_model_and_head
def test_gradients_reach_every_parameter(name, head):
    torch.manual_seed(0)
    model = with_open_branches(build(name, 500, 5, 0.1, 1.0, head))
    model(one_hot_batch(8, 500)).square().sum().backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0, key


@every_model_and_head
def test_a_prediction_does_not_depend_on_its_batch(name, head):
    torch.manual_seed(0)
    model = with_open_branches(build(name, 500, 5, 0.1, 1.0, head)).eval()
    X = one_hot_batch(9, 500)
    with torch.no_grad():
        together = model(X)
        alone = torch.cat([model(X[i : i + 1]) for i in range(len(X))])
        reversed_order = model(X.flip(0)).flip(0)
    assert torch.allclose(together, alone, atol=1e-6)
    assert torch.allclose(together, reversed_order, atol=1e-6)
    assert together.std(dim=0).min() > 1e-4  # an answer that never changes would pass, too


@pytest.mark.parametrize(
    ("name", "window", "rightwards", "leftwards"),
    [
        ("danq", 1000, True, True),
        ("danq_jaspar", 1000, True, True),
        ("blstm", 400, True, True),
        ("danq_residual", 1000, True, True),
        ("danq_residual", 500, True, True),
        ("danq_jaspar_residual", 1000, True, True),
        ("danq_attention", 1000, True, True),
        ("danq_jaspar_attention", 500, True, True),
        ("danq_mingru", 1000, True, True),
        ("danq_jaspar_mingru", 500, True, True),
        ("danq_forward", 1000, True, False),
        ("danq_conv", 1000, False, False),
        ("danq_jaspar_conv", 1000, False, False),
    ],
)
def test_each_model_has_the_receptive_field_that_it_claims(name, window, rightwards, leftwards):
    # By gradients in float64, which tell what is small from what is nothing.
    torch.manual_seed(0)
    model = with_open_branches(build(name, window, 5, 0.1)).double().eval()
    X = one_hot_batch(1, window).double().requires_grad_()
    following = model.drop if name == "blstm" else model.drops[1]
    inputs = inputs_of(following)
    model(X)
    (features,) = inputs[0]  # (P, C)
    weights = torch.randn(features.shape[1], dtype=torch.float64)

    def influence(position):
        (gradient,) = torch.autograd.grad(features[position] @ weights, X, retain_graph=True)
        return gradient[0].abs().sum(dim=0)

    first, last = influence(0), influence(-1)
    assert first[:13].max() > 0 and last[-30:].max() > 0
    assert (last[:13].max() > 0, first[-13:].max() > 0) == (rightwards, leftwards)


@pytest.mark.parametrize("name", ["deepsea", "beluga", "basset", "danq_conv", "danq_jaspar_conv"])
def test_a_position_sees_as_many_bases_as_the_network_says(name):
    model = build(name, 1000, 5, 0.05).double().eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d):
            nn.init.uniform_(layer.weight, 0.01, 0.1)  # every ReLU lets its input through
    X = one_hot_batch(1, 1000).double()
    changed = []
    with torch.no_grad():
        features = feature_map_of(model, X)
        for base in range(1000):
            Y = X.clone()
            Y[0, :, base] = 10.0  # the highest of every pool that holds it
            if not torch.equal(feature_map_of(model, Y), features):
                changed.append(base)
    assert max(changed) - min(changed) + 1 == model.reach == len(changed)


def feature_map_of(model, X):
    """Return what a model makes of one position in the middle of its last feature map."""
    inputs = inputs_of(model.dense if isinstance(model, Basset) else model.drops[-1])
    model(X)
    features = inputs[0][0]
    if isinstance(model, Basset):
        features = features.view(model.third.out_channels, -1)  # (C, P)
    if isinstance(model, DeepSEA | Beluga | Basset):
        features = features.T  # (P, C)
    return features[len(features) // 2]


def test_networks_that_see_the_whole_window_say_so():
    for name, entry in MODELS.items():
        reach = build(name, 500, 2, 0.02).reach
        assert (reach is None) == (entry.receptive_field == "window")


@pytest.mark.parametrize("gates", ["sigmoid", "hard_sigmoid"])
def test_the_reverse_half_of_danq_reads_the_sequence_from_its_end(gates):
    torch.manual_seed(0)
    model, swapped = (build("danq", 300, 2, 0.02, gates=gates) for _ in range(2))
    weights = {}
    for key, value in model.body.state_dict().items():
        is_reverse = key.endswith("_reverse")
        weights[key.removesuffix("_reverse") if is_reverse else f"{key}_reverse"] = value
    swapped.body.load_state_dict(weights)
    X = torch.randn(3, 6, 21)  # (N, C, P)
    forward, reverse = model._mix(X).split(model.body.hidden_size, dim=2)
    expected = torch.cat([reverse, forward], dim=2)
    assert torch.allclose(swapped._mix(X.flip(2)).flip(1), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["danq", "danq_forward", "danq_jaspar", "blstm"])
def test_hard_gates_are_in_every_lstm_and_change_its_outputs(name):
    torch.manual_seed(0)
    soft = build(name, 300, 2, 0.05, gates="sigmoid").eval()
    hard = build(name, 300, 2, 0.05, gates="hard_sigmoid").eval()
    layers = [layer for layer in hard.modules() if isinstance(layer, nn.LSTM)]
    assert layers and all(isinstance(layer, HardLSTM) for layer in layers)
    hard.load_state_dict(soft.state_dict())
    X = one_hot_batch(2, 300)
    assert 1e-7 < (soft(X) - hard(X)).abs().max() < 0.1


def test_the_pool_before_the_relu_changes_nothing():
    X = torch.randn(2, 3, 40)
    pool = functional.max_pool1d
    assert torch.equal(torch.relu(pool(X, 13)), pool(torch.relu(X), 13))


def test_deepseas_threshold_has_a_floor():
    # torch7's nn.Threshold(0, 1e-6): x where x > 0, else 1e-6.
    rectified = rectify(torch.tensor([-1.0, 0.0, 1e-7, 2.0]))
    assert rectified.tolist() == pytest.approx([1e-6, 1e-6, 1e-7, 2.0], rel=1e-6)


def test_every_hidden_layer_of_deepsea_has_the_floor():
    model = build("deepsea", 500, 1, 0.02)
    for layer in (model.stem.conv, model.second, model.third, model.head.dense):
        nn.init.constant_(layer.bias, -100.0)
    inputs = inputs_of(*model.drops, model.head.out)
    model.eval()(one_hot_batch(1, 500))
    assert len(inputs) == 4
    for X in inputs:
        assert torch.equal(X, torch.full_like(X, 1e-6))


@every_model_and_head
def test_probabilities_come_from_either_strand(name, head):
    torch.manual_seed(0)
    model = build(name, 500, 4, 0.1, 1.0, head).eval()
    X = one_hot_batch(3, 500)
    # A and T, C and G change their channels.
    complement = torch.stack([X[:, 3], X[:, 2], X[:, 1], X[:, 0]], dim=1)
    probabilities = strand_probabilities(model, X)
    assert probabilities.shape == (2, 3, 4)
    with torch.no_grad():
        logits = (model(X), model(complement.flip(2)))
    for strand, expected in zip(probabilities, logits, strict=True):
        assert torch.allclose(strand, 1 / (1 + torch.exp(-expected)), atol=1e-6)
    assert not torch.allclose(probabilities[0], probabilities[1], atol=1e-6)


def test_probabilities_are_float32_and_need_no_gradient_whatever_the_model_computes_in():
    model = build("danq_conv", 200, 2, 0.02).bfloat16()
    X = one_hot_batch(2, 200).bfloat16()
    probabilities = strand_probabilities(model, X)
    assert probabilities.dtype == torch.float32 and not probabilities.requires_grad


@pytest.mark.parametrize("name", MODELS)
def test_dropout_comes_in_the_published_order_rates_and_scales(name):
    three = [0.2, 0.2, 0.5]
    others = {"deepsea": three, "beluga": three, "basset": [0.3, 0.3], "blstm": [0.5]}
    rates = others.get(name, [0.2, 0.5])
    used = []

    def record(layer, inputs, output):
        used.append(layer.rate)

    for factor in (1.0, 0.4):
        model = build(name, 320, 2, 0.02, factor)
        for layer in model.modules():
            if isinstance(layer, Dropout):
                layer.register_forward_hook(record)
        used.clear()
        model(one_hot_batch(1, 320))
        assert used == pytest.approx([rate * factor for rate in rates])


@pytest.mark.parametrize("name", [name for name, head in HEADS if head == "pool"])
def test_a_pooling_head_takes_windows_of_other_lengths(name):
    model = build(name, 500, 3, 0.05, 1.0, "pool").eval()
    assert takes_any_length(model) and isinstance(model.head, PoolHead)
    for window in (320, 501, 800):
        assert model(one_hot_batch(2, window)).shape == (2, 3)


@pytest.mark.parametrize("name", MODELS)
def test_the_published_head_takes_only_the_windows_of_training(name):
    model = build(name, 500, 3, 0.05)
    assert not takes_any_length(model)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        model(one_hot_batch(2, 800))


# The receptive field of one pooled position: 13; (8 * 4 + 7) * 4 + 7; (15 * 4 + 14) * 4 + 14;
# ((4 + 6) * 4 + 10) * 3 + 18; # 13 + 26 - 1; 15 + 30 - 1.
SHORTEST = {
    "blstm": 13,
    "deepsea": 163,
    "beluga": 310,
    "basset": 168,
    "danq": 38,
    "danq_forward": 38,
    "danq_conv": 38,
    "danq_residual": 38,
    "danq_attention": 38,
    "danq_mingru": 38,
    "danq_jaspar": 44,
    "danq_jaspar_conv": 44,
    "danq_jaspar_residual": 44,
    "danq_jaspar_attention": 44,
    "danq_jaspar_mingru": 44,
}


@pytest.mark.parametrize(("name", "head"), [pair for pair in HEADS if pair[0] != "mlp"])
def test_a_window_without_a_whole_position_is_refused(name, head):
    shortest = SHORTEST[name]
    model = build(name, shortest, 2, 0.02, 1.0, head)
    assert model(one_hot_batch(1, shortest)).shape == (1, 2)
    for window in (shortest - 1, 10, 1):
        refuse(
            f"a window of {window} bp is too short for this model; use a longer extract.window",
            build,
            name,
            window,
            2,
            0.02,
            1.0,
            head,
        )


def test_a_head_that_a_model_does_not_have_is_refused():
    refuse(
        "mlp reads fixed positions, which no head can pool; use train.head dense for it",
        build,
        "mlp",
        500,
        2,
        head="pool",
    )


def test_a_name_without_a_model_is_refused():
    choices = ", ".join(MODELS)
    assert choices.startswith("mlp, blstm, deepsea, beluga, basset, danq, ")
    refuse(f"there is no model 'danc'; choose from {choices}", build, "danc", 1000, 2)


def widths(model):
    """Return filters, LSTM units and hidden units of a DanQ."""
    return model.stem.conv.out_channels, model.body.hidden_size, model.head.dense.out_features


def test_every_width_is_scaled_and_never_less_than_one():
    model = build("danq", 300, 2, 0.1)
    assert widths(model) == (32, 32, 92)
    assert (model.stem.conv.kernel_size[0], model.stem.pool) == (26, 13)
    assert model.head.out.out_features == 2
    large = build("danq_jaspar", 300, 2, 0.125)
    assert widths(large) == (128, 64, 116)
    assert (large.stem.conv.kernel_size[0], large.stem.pool) == (30, 15)
    assert widths(build("danq", 300, 2, 0.1, filter_scale=2)) == (64, 32, 92)
    more_filters = build("deepsea", 300, 2, 0.1, filter_scale=3)
    assert more_filters.second.weight.shape[:2] == (48, 96)
    tiny = build("deepsea", 300, 2, 1e-6)
    layers = (tiny.stem.conv, tiny.second, tiny.third)
    assert [layer.out_channels for layer in layers] == [1, 1, 1]


@torch.no_grad()
@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_its_stem_and_its_trunk_or_has_no_stem(name):
    torch.manual_seed(0)
    model, X = build(name, 320, 3, 0.05).eval(), one_hot_batch(2, 320)
    if model.stem is None:
        assert not MODELS[name].has_filters
    else:
        assert torch.equal(model.trunk(model.stem(X)), model(X))
        first = next(layer for layer in model.modules() if isinstance(layer, nn.Conv1d))
        assert model.stem.conv is first
