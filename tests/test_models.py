import numpy as np
import pytest
import torch

from danq.errors import DanqError
from danq.models import MODELS, build, count_parameters, strand_average

NAMES = sorted(MODELS)

# Layer by layer from the papers (DOIs in danq/models.py): weights + biases of each, at 1,000 bp and 919 targets.
DEEPSEA = (320 * 4 * 8 + 320) + (480 * 320 * 8 + 480) + (960 * 480 * 8 + 960) + (960 * 53 * 925 + 925) + (
    925 * 919 + 919)
# torch keeps two bias vectors for each of the four gates of each direction.
BLSTM = 2 * 4 * (320 * (320 + 320) + 2 * 320)
DENSE = (75 * 640 * 925 + 925) + (925 * 919 + 919)
DANQ = (320 * 4 * 26 + 320) + BLSTM + DENSE
TWIN = (320 * 4 * 26 + 320) + (640 * 320 * 8 + 640) + DENSE


def one_hot_batch(n, length, seed=0):
    codes = np.random.default_rng(seed).integers(0, 4, (n, length))
    return torch.from_numpy(np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy())


@pytest.mark.parametrize(("name", "expected", "published"), [
    ("deepsea", DEEPSEA, 52_843_119), ("danq", DANQ, 46_929_039), ("danq_conv", TWIN, 46_924_559)])
def test_full_size_parameter_counts(name, expected, published):
    with torch.device("meta"):
        found = count_parameters(build(name, 1000, 919))
    assert found == expected == published


def test_the_twin_costs_the_same_multiply_adds():
    lstm = 75 * 2 * 4 * 320 * (320 + 320)
    assert lstm == 75 * 8 * 320 * 640
    first, dense = 975 * 26 * 4 * 320, 48_000 * 925 + 925 * 919
    assert first + lstm + dense == 200_578_075


@pytest.mark.parametrize("name", NAMES)
def test_shapes(name):
    for window, n_targets in ((500, 7), (1000, 3)):
        assert build(name, window, n_targets, 0.05)(one_hot_batch(2, window)).shape == (2, n_targets)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_every_parameter(name):
    torch.manual_seed(0)
    model = build(name, 500, 5, 0.1)
    model(one_hot_batch(8, 500)).square().sum().backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("name", NAMES)
def test_a_prediction_does_not_depend_on_its_batch(name):
    torch.manual_seed(0)
    model, X = build(name, 500, 5, 0.1).eval(), one_hot_batch(9, 500)
    with torch.no_grad():
        together = model(X)
        alone = torch.cat([model(X[i:i + 1]) for i in range(len(X))])
        reversed_order = model(X.flip(0)).flip(0)
    assert torch.allclose(together, alone, atol=1e-6)
    assert torch.allclose(together, reversed_order, atol=1e-6)
    assert together.std() > 1e-4  # an answer that never changes would pass, too


def test_the_recurrence_runs_along_the_sequence():
    # A change at the one end of a sequence reaches the LSTM's output at the other end; the twin's reach is local.
    torch.manual_seed(0)
    X = one_hot_batch(1, 1000)
    changed = X.clone()
    changed[:, :, :26] = changed[:, :, :26].flip(1)
    for name, reaches in (("danq", True), ("danq_conv", False)):
        model = build(name, 1000, 5, 0.1).eval()
        pooled = [torch.nn.functional.max_pool1d(model.first(x), 13).relu() for x in (X, changed)]
        with torch.no_grad():
            difference = (model._mix(pooled[0]) - model._mix(pooled[1])).abs().amax(dim=(0, 2))
        assert difference[0] > 0
        assert (difference[-1] > 0) == reaches


def test_the_pool_before_the_relu_changes_nothing():
    X = torch.randn(2, 3, 40)
    pool = torch.nn.functional.max_pool1d
    assert torch.equal(torch.relu(pool(X, 13)), pool(torch.relu(X), 13))


def test_deepseas_threshold_has_a_floor():
    # torch7's nn.Threshold(0, 1e-6): x where x > 0, else 1e-6.
    rectified = build("deepsea", 500, 1, 0.01)._rectify(torch.tensor([-1.0, 0.0, 1e-7, 2.0]))
    assert rectified.tolist() == pytest.approx([1e-6, 1e-6, 1e-7, 2.0], rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_strand_average_is_the_same_for_both_strands(name):
    torch.manual_seed(0)
    model, X = build(name, 500, 4, 0.1).eval(), one_hot_batch(3, 500)
    both = strand_average(model, X)
    assert torch.allclose(both, strand_average(model, X.flip(1, 2)), atol=1e-6)
    with torch.no_grad():
        by_hand = (torch.sigmoid(model(X)) + torch.sigmoid(model(X.flip(1, 2)))) / 2
    assert torch.allclose(both, by_hand, atol=1e-6)


@pytest.mark.parametrize(("name", "rates"), [("deepsea", [0.2, 0.2, 0.5]), ("danq", [0.2, 0.5]),
                                             ("danq_conv", [0.2, 0.5])])
def test_dropout_has_the_published_rates_and_scales(name, rates, monkeypatch):
    for factor in (1.0, 0.4):
        seen = []
        monkeypatch.setattr(torch.nn.functional, "dropout", lambda X, p, training, seen=seen: seen.append(p) or X)
        build(name, 500, 2, 0.02, factor)(one_hot_batch(1, 500))
        assert seen == pytest.approx([rate * factor for rate in rates])


def test_what_cannot_be_built_is_refused():
    with pytest.raises(DanqError, match="there is no model 'danc'; choose from deepsea, danq, danq_conv"):
        build("danc", 1000, 2)
    for name, shortest in (("deepsea", 28 * 4 + 35), ("danq", 38)):
        with pytest.raises(DanqError, match="a window of 30 bp is too short"):
            build(name, 30, 2)
        build(name, shortest + 20, 2, 0.05)
