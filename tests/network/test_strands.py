import numpy as np
import pytest
import torch

from danq.data.dataset import open_dataset
from danq.errors import StoppedError
from danq.network import strands
from danq.network.models import build
from danq.network.strands import (
    predict_rows,
    strand_log_odds,
    strand_logits,
    strand_probabilities,
)
from tests.conftest import WINDOW

CPU = torch.device("cpu")


def small_network(window=WINDOW):
    torch.manual_seed(0)
    return build("danq", window, 2, 0.05).eval()


def random_one_hot(n, length, seed=0):
    indices = np.random.default_rng(seed).integers(0, 4, (n, length))
    return torch.from_numpy(np.eye(4, dtype=np.float32)[indices].transpose(0, 2, 1).copy())


@torch.no_grad()
def test_logits_and_probabilities_of_either_strand_belong_together():
    network, X = small_network(), random_one_hot(5, WINDOW)
    logits = strand_logits(network, X)
    assert logits.shape == (2, 5, 2)
    assert torch.equal(logits[1], network(X.flip(1, 2)))
    assert torch.allclose(torch.sigmoid(logits), strand_probabilities(network, X), atol=1e-7)


def test_logits_have_a_gradient_and_probabilities_none():
    network, X = small_network(), random_one_hot(2, WINDOW).requires_grad_()
    strand_logits(network, X).sum().backward()
    assert X.grad.abs().sum() > 0
    assert not strand_probabilities(network, X).requires_grad


def test_log_odds_are_those_of_the_mean_probability():
    logits = torch.tensor([[[0.3, -2.0]], [[-1.0, 5.0]]]).double()
    expected = torch.logit(torch.sigmoid(logits).mean(dim=0))
    assert torch.allclose(strand_log_odds(logits), expected, atol=1e-12)


def test_log_odds_of_large_logits_are_finite():
    logits = torch.full((2, 1, 2), 200.0)
    logits[..., 1] = -200.0
    assert strand_log_odds(logits).tolist() == [[200.0, -200.0]]


def test_rows_are_predicted_batch_by_batch(toy_dataset, monkeypatch):
    network = small_network()
    with open_dataset(toy_dataset) as data:
        rows = range(3, data.length("test"))
        X = torch.from_numpy(data.one_hot("test", np.arange(rows.start, rows.stop)))
        monkeypatch.setattr(strands, "BATCH", 5)
        probabilities = predict_rows(network, data, "test", rows, CPU)
    assert len(rows) > 10 and len(rows) % 5
    assert torch.allclose(probabilities, strand_probabilities(network, X), atol=1e-6)


def test_every_other_row_is_predicted_as_among_all(toy_dataset, monkeypatch):
    monkeypatch.setattr(strands, "BATCH", 5)
    with open_dataset(toy_dataset) as data:
        n = data.length("test")
        every = predict_rows(small_network(), data, "test", range(n), CPU)
        other = predict_rows(small_network(), data, "test", range(0, n, 2), CPU)
    assert torch.allclose(other, every[:, ::2], atol=1e-6)


def test_a_request_to_stop_ends_a_prediction(toy_dataset):
    def stop():
        raise StoppedError

    with open_dataset(toy_dataset) as data, pytest.raises(StoppedError):
        predict_rows(small_network(), data, "test", range(data.length("test")), CPU, stop)
