import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from danq.network.layers import (
    DenseHead,
    Dropout,
    HardLSTM,
    PoolHead,
    Stem,
    StemOptions,
    filter_maxima,
    hard_sigmoid,
    lstm,
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def clipped(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


GATES = {"sigmoid": sigmoid, "hard_sigmoid": clipped}
every_gate = pytest.mark.parametrize("gates", GATES)


# The stem.


def test_a_stem_pools_and_rectifies_the_responses_of_its_convolution():
    torch.manual_seed(0)
    stem, X = Stem(5, 4, 3, torch.tanh), torch.randn(2, 4, 30)
    responses = functional.conv1d(X, stem.conv.weight, stem.conv.bias)
    expected = torch.tanh(functional.max_pool1d(responses, 3))
    assert torch.allclose(stem(X), expected, atol=1e-6)
    assert stem(X).shape == (2, 5, 9)


def test_in_bfloat16_a_cpu_gets_the_same_maxima():
    torch.manual_seed(0)
    conv, X = nn.Conv1d(4, 5, 7), torch.randn(2, 4, 40)
    expected = filter_maxima(conv, X, 6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        maxima = filter_maxima(conv, X, 6)
    assert maxima.dtype == torch.bfloat16 and maxima.shape == expected.shape == (2, 5, 5)
    assert torch.allclose(maxima.float(), expected, atol=0.05)


# The LSTM.


def run_slowly(layer, X, suffix, gate):
    """Run one direction of an LSTM over X (P, C), from its definition; torch stacks i, f, g, o."""
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    W, U, b, c = (getattr(layer, f"{kind}_l0{suffix}").detach().numpy() for kind in kinds)
    units = U.shape[1]
    i, f, g, o = (slice(k * units, (k + 1) * units) for k in range(4))
    hidden = np.zeros(units)
    cell = np.zeros(units)
    outputs = []
    for x in X:
        z = W @ x + U @ hidden + b + c
        cell = gate(z[f]) * cell + gate(z[i]) * np.tanh(z[g])
        hidden = gate(z[o]) * np.tanh(cell)
        outputs.append(hidden)
    return np.array(outputs)


def wild_lstm(gates, bidirectional=True):
    """Return an LSTM with weights so large that its hard gates shut and open wholly; its input."""
    torch.manual_seed(0)
    layer = lstm(3, 4, gates, bidirectional).double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, 0, 1.5)
    return layer, torch.randn(9, 2, 3, dtype=torch.float64)


@every_gate
@pytest.mark.parametrize("bidirectional", [True, False])
def test_an_lstm_equals_its_definition(gates, bidirectional):
    layer, X = wild_lstm(gates, bidirectional)
    outputs, _ = layer(X)
    for n in range(2):
        x = X[:, n].numpy()
        expected = [run_slowly(layer, x, "", GATES[gates])]
        if bidirectional:
            backward = run_slowly(layer, x[::-1], "_reverse", GATES[gates])
            expected.append(backward[::-1])
        both = np.concatenate(expected, axis=1)
        assert np.allclose(outputs[:, n].detach(), both, atol=1e-12)


def test_hard_gates_and_soft_ones_differ_with_the_same_weights():
    hard, X = wild_lstm("hard_sigmoid")
    soft, _ = wild_lstm("sigmoid")
    soft.load_state_dict(hard.state_dict())
    hard.load_state_dict(soft.state_dict())
    assert (hard(X)[0] - soft(X)[0]).abs().max() > 0.01


@every_gate
def test_an_lstm_has_the_parameters_of_torchs(gates):
    shapes = {"weight_ih": (20, 3), "weight_hh": (20, 5), "bias_ih": (20,), "bias_hh": (20,)}
    expected = {}
    for suffix in ("", "_reverse"):
        for kind, shape in shapes.items():
            expected[f"{kind}_l0{suffix}"] = shape
    parameters = dict(lstm(3, 5, gates).named_parameters())
    assert {name: tuple(value.shape) for name, value in parameters.items()} == expected


def test_gradients_flow_through_hard_gates():
    torch.manual_seed(0)
    layer = lstm(2, 2, "hard_sigmoid").double()
    X = torch.randn(4, 2, 2, dtype=torch.float64, requires_grad=True)
    assert isinstance(layer, HardLSTM)
    assert torch.autograd.gradcheck(lambda X, *weights: layer(X)[0], (X, *layer.parameters()))


def test_hard_sigmoid_is_theanos_and_not_torchs():
    x = torch.tensor([-9.0, -2.5, 0.0, 1.0, 2.5, 9.0])
    assert hard_sigmoid(x).tolist() == pytest.approx([0, 0, 0.5, 0.7, 1, 1])
    torchs = [0, 0.5 - 2.5 / 6, 0.5, 0.5 + 1 / 6, 0.5 + 2.5 / 6, 1]
    assert functional.hardsigmoid(x).tolist() == pytest.approx(torchs)


# Dropout.


def dropout(rate, inverted):
    layer = Dropout(rate)
    layer.inverted = inverted
    return layer


@pytest.mark.parametrize("inverted", [True, False])
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.95])
def test_dropout_drops_its_rate_and_keeps_the_mean_in_training_or_outside(rate, inverted):
    torch.manual_seed(0)
    drop, X = dropout(rate, inverted), torch.full((1000, 200), 3.0)
    trained = drop(X)
    remaining = trained != 0
    spread = math.sqrt(rate * (1 - rate) / X.numel())
    assert abs(remaining.float().mean().item() - (1 - rate)) < 5 * spread
    value = 3 / (1 - rate) if inverted else 3
    assert trained[remaining].unique().tolist() == pytest.approx([value])
    outside = drop.eval()(X)
    value = 3 if inverted else 3 * (1 - rate)
    assert outside.unique().tolist() == pytest.approx([value])
    difference = abs(trained.mean() - outside.mean()).item()
    assert difference < 5 * spread * trained.max().item()


@pytest.mark.parametrize("inverted", [True, False])
def test_a_rate_of_zero_changes_nothing(inverted):
    drop, X = dropout(0.0, inverted), torch.randn(5, 7)
    assert torch.equal(drop(X), X)
    assert torch.equal(drop.eval()(X), X)


LAYOUTS = {
    "plain": torch.empty(8, 30, 7),
    "time first": torch.empty(30, 8, 7).transpose(0, 1),
    "channels last": torch.empty(8, 7, 30).transpose(1, 2),
    "one number a window": torch.empty(8),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("inverted", [True, False])
@pytest.mark.parametrize("rate", [0.08, 0.2, 0.5])
def test_processes_that_share_a_batch_drop_together_what_one_would(layout, dtype, inverted, rate):
    drop = dropout(rate, inverted)
    X = torch.randn_like(LAYOUTS[layout]).to(dtype)
    assert X.stride() == LAYOUTS[layout].stride()

    def draw(share):
        torch.manual_seed(3)
        drop.share = share
        first, last, _ = share or (0, 8, 8)
        return drop(X[first:last])

    alone = draw(None)
    for shares in ([(0, 3, 8), (3, 8, 8)], [(0, 1, 8), (1, 7, 8), (7, 8, 8)]):
        together = torch.cat([draw(share) for share in shares])
        assert torch.equal(together, alone)
    assert 0 < (alone == 0).sum() < X.numel() or X.numel() == 8


def test_shares_count_in_training_only():
    drop, X = Dropout(0.5).eval(), torch.randn(3, 4)
    drop.share = (0, 3, 8)
    assert torch.equal(drop(X), X)


# The heads.


def test_the_published_head_is_two_dense_layers():
    torch.manual_seed(0)
    head, X = DenseHead(3, 2, 4, 5), torch.randn(6, 3, 2)
    W, b, V, c = (parameter.detach().numpy() for parameter in head.parameters())
    hidden = np.maximum(X.numpy().reshape(6, 6) @ W.T + b, 0)
    assert (hidden == 0).any()
    assert np.allclose(head(X).detach(), hidden @ V.T + c, atol=1e-6)


# Where each position of a window finds its bias, by the length of the window: 5 were trained.
SOURCES = {
    1: [2],
    3: [1, 2, 3],
    5: [0, 1, 2, 3, 4],
    7: [0, 0, 1, 2, 3, 4, 4],
    9: [0, 0, 0, 1, 2, 3, 4, 4, 4],
}


@pytest.mark.parametrize("positions", SOURCES)
def test_a_pooling_head_sums_exponentials_with_biases_counted_from_the_middle(positions):
    torch.manual_seed(0)
    head, X = PoolHead(5, 3, 2), torch.randn(4, positions, 3)
    nn.init.normal_(head.position_bias)
    parameters = (head.out.weight, head.out.bias, head.position_bias)
    W, b, bias = (parameter.detach().numpy().astype(float) for parameter in parameters)
    logits = head(X)
    for n in range(4):
        for target in range(2):
            total = 0.0
            for p, source in enumerate(SOURCES[positions]):
                logit = X[n, p].numpy() @ W[target] + b[target] + bias[source, target]
                total += math.exp(4 * logit)
            assert logits[n, target].item() == pytest.approx(math.log(total) / 4, abs=1e-5)


def test_a_pooling_head_starts_with_equal_positions_and_rare_labels():
    head = PoolHead(7, 3, 2)
    nn.init.zeros_(head.out.weight)
    nn.init.zeros_(head.out.bias)
    logits = head(torch.randn(4, 7, 3))
    assert torch.allclose(logits, torch.full((4, 2), -0.75 * math.log(7)), atol=1e-6)
    assert len(head.position_bias.unique()) == 1


def test_a_pooling_head_takes_logits_whose_exponentials_overflow():
    head = PoolHead(3, 1, 1)
    nn.init.ones_(head.out.weight)
    nn.init.zeros_(head.out.bias)
    logit = head(torch.tensor([[[1000.0], [0.0], [0.0]]])).item()
    assert logit == pytest.approx(1000 - math.log(3), rel=1e-6)


def test_a_pooling_head_counts_in_float32_whatever_comes_in():
    torch.manual_seed(0)
    head, X = PoolHead(7, 5, 3), torch.randn(6, 7, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = head(X)
    assert logits.dtype == torch.float32 and torch.equal(logits, head(X))


def exponential_stem(filters=5, width=8, pool=4):
    """Return a stem whose normalisation has seen some windows, in evaluation mode."""
    torch.manual_seed(0)
    stem = Stem(filters, width, pool, options=StemOptions(stem="exponential"))
    for _ in range(3):
        stem(torch.randn(64, 4, 60))
    return stem.eval()


def test_an_exponential_stem_normalises_the_pooled_responses():
    stem = exponential_stem()
    X = torch.randn(7, 4, 61)
    maxima = functional.max_pool1d(functional.conv1d(X, stem.conv.weight, stem.conv.bias), 4)
    mean = stem.norm.running_mean.view(1, -1, 1)
    sd = (stem.norm.running_var.view(1, -1, 1) + stem.norm.eps).sqrt()
    expected = torch.exp(((maxima - mean) / sd).clamp(max=6))
    assert torch.allclose(stem(X), expected, atol=1e-5)


def test_an_exponential_stem_is_bounded():
    stem = exponential_stem()
    assert stem(1e4 * torch.randn(3, 4, 60)).max() <= math.exp(6) * 1.0001


@pytest.mark.parametrize("name", ["relu", "exponential"])
def test_a_stem_is_the_highest_of_its_site_responses(name):
    stem = exponential_stem() if name == "exponential" else Stem(5, 8, 4).eval()
    X = torch.randn(6, 4, 63)
    highest = functional.max_pool1d(stem.site_responses(X), 4)
    expected = functional.relu(highest)
    if name == "exponential":
        expected = torch.exp(highest.clamp(max=6))
    assert torch.allclose(stem(X), expected, atol=1e-5)


def test_in_evaluation_a_window_does_not_depend_on_its_batch():
    stem = exponential_stem()
    X = torch.randn(6, 4, 60)
    alone = torch.cat([stem(window.unsqueeze(0)) for window in X])
    assert torch.allclose(stem(X), alone, atol=1e-6)
