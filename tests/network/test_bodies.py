import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from danq.network.bodies import (
    HEADS,
    Attention,
    Dilated,
    Local,
    MinGRU,
    Reaching,
    lstm_cost,
    nearest_channels,
)


def feature_map(channels, positions, n=2):
    torch.manual_seed(1)
    return torch.randn(n, channels, positions)


def test_the_cost_of_an_lstm_is_that_of_its_weights():
    lstm = nn.LSTM(12, 5, bidirectional=True)
    weights = [value for name, value in lstm.named_parameters() if name.startswith("weight")]
    assert lstm_cost(12, 5) == sum(weight.numel() for weight in weights)


@pytest.mark.parametrize("cost", [1, 10, 333, 5_000, 123_456])
def test_no_other_number_of_channels_comes_nearer_to_a_cost(cost):
    for a, b in ((0, 7), (3, 0), (15, 256), (21, 1)):
        found = nearest_channels(a, b, cost)
        best = min(range(1, 20_000), key=lambda c: abs(a * c * c + b * c - cost))
        assert abs(a * found**2 + b * found - cost) == abs(a * best**2 + b * best - cost)


def test_the_local_body_is_one_layer_of_eight_positions_at_the_published_size():
    (layer,) = Local(320, 320).layers
    assert layer.weight.shape == (640, 320, 8)


@pytest.mark.parametrize(("filters", "units"), [(320, 320), (640, 320), (1280, 320), (80, 320)])
def test_the_local_body_never_sees_fewer_positions(filters, units):
    with torch.device("meta"):
        body = Local(filters, units)
    assert body.width == max(8, round(4 * (filters + units) / filters))
    weights = sum(layer.weight.numel() for layer in body.layers)
    assert weights == pytest.approx(lstm_cost(filters, units), rel=0.003)


def test_each_position_of_the_local_body_sees_its_width():
    body = Local(6, 3).double()
    for layer in body.layers:
        nn.init.constant_(layer.bias, 10)  # every ReLU lets its input through
    X = feature_map(6, 40, 1).double().requires_grad_()
    body(X)[0, 20].sum().backward()
    (seen,) = X.grad[0].abs().sum(dim=0).nonzero(as_tuple=True)
    assert len(seen) == body.width == 8
    assert 20 in seen.tolist()


@pytest.mark.parametrize("kind", [Dilated, Attention])
def test_a_branch_adds_nothing_at_first_and_then_the_whole_window(kind):
    torch.manual_seed(0)
    body = Reaching(6, 8, kind(6, 8, 37)).double()
    X = feature_map(6, 37, 1).double().requires_grad_()
    near = functional.relu(functional.conv1d(X, body.local.weight, body.local.bias, padding=1))
    assert torch.allclose(body(X), near.transpose(1, 2))
    nn.init.ones_(body.gain)
    for position in (0, 18, 36):
        (gradient,) = torch.autograd.grad(body(X)[0, position].sum(), X)
        assert (gradient[0].abs().sum(dim=0) > 0).all(), position


def test_a_dilated_layer_adds_to_what_comes_in():
    torch.manual_seed(0)
    branch = Dilated(6, 8, 75)
    assert [layer.dilation[0] for layer in branch.layers] == [2, 4, 8, 16, 32, 64]
    for layer in branch.layers:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    X = feature_map(16, 75)
    assert torch.allclose(branch(X), branch.leave(branch.enter(X)), atol=1e-6)


@torch.no_grad()
def test_attention_is_that_of_the_paper_with_a_bias_for_each_distance():
    torch.manual_seed(0)
    branch = Attention(6, 8, 20)
    nn.init.normal_(branch.distances)
    X = feature_map(16, 20, 1)
    rows = functional.layer_norm(X[0].T, (16,), branch.norm.weight, branch.norm.bias)
    queries, keys, values = (
        layer(rows).chunk(HEADS, dim=1) for layer in (branch.queries, branch.keys, branch.values)
    )
    heads = []
    for h in range(HEADS):
        scores = queries[h] @ keys[h].T / math.sqrt(queries[h].shape[1])
        for i in range(20):
            for j in range(20):
                scores[i, j] += branch.distances[h, i - j + 19]
        heads.append(scores.softmax(dim=1) @ values[h])
    expected = branch.leave(torch.cat(heads, dim=1)).T
    assert torch.allclose(branch(X)[0], expected, atol=1e-5)


def test_attention_looks_near_at_first_and_each_head_further_than_the_last():
    distances = Attention(6, 8, 10).distances
    assert distances[:, 9].tolist() == [0, 0, 0, 0]
    assert distances[:, 10].tolist() == [-1, -1 / 4, -1 / 16, -1 / 64]
    assert torch.equal(distances, distances.flip(1))


@torch.no_grad()
def test_distances_beyond_those_of_training_count_as_the_largest():
    branch = Attention(6, 8, 5)
    nn.init.normal_(branch.distances)
    bias = branch._bias(8)
    assert torch.equal(bias[:, 7, 0], branch.distances[:, -1])
    assert torch.equal(bias[:, 0, 7], branch.distances[:, 0])
    assert torch.equal(bias[:, 3, 1], branch.distances[:, 6])


@torch.no_grad()
def test_the_linear_recurrence_is_that_of_the_paper_in_either_direction():
    torch.manual_seed(0)
    body = MinGRU(6, 3)
    X = feature_map(6, 11, 1)
    rows = X[0].T  # (P, F)
    gates = torch.sigmoid(body.gates(rows))
    candidates = body.candidates(rows)
    states = torch.zeros(11, 12)
    state = torch.zeros(12)
    for t in range(11):
        state = (1 - gates[t]) * state + gates[t] * candidates[t]
        states[t, :6] = state[:6]
    state = torch.zeros(12)
    for t in reversed(range(11)):
        state = (1 - gates[t]) * state + gates[t] * candidates[t]
        states[t, 6:] = state[6:]
    assert torch.allclose(body(X)[0], torch.tanh(body.leave(states)), atol=1e-6)
