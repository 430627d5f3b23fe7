"""The gap between training and validation windows: against scikit-learn, and of networks."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from danq.data.dataset import open_dataset
from danq.evaluation.fitting import side_by_side_rows
from danq.evaluation.metrics import measure
from danq.network.models import build
from danq.training import generalisation
from danq.training.generalisation import Gap, auprc_at, measure_gap


def drawn(rng, n=200, levels=30):
    labels = (rng.random(n) < 0.3).astype(np.uint8)
    scores = rng.integers(levels, size=n) + 8.0 * labels
    return labels, scores.astype(np.float32)


@pytest.mark.parametrize("prevalence", [0.01, 0.2, 0.7])
def test_auprc_at_another_prevalence_is_that_of_weighted_windows(prevalence):
    labels, scores = drawn(np.random.default_rng(1))
    share = labels.mean()
    weights = np.where(labels == 1, prevalence / share, (1 - prevalence) / (1 - share))
    expected = average_precision_score(labels, scores, sample_weight=weights)
    assert auprc_at(labels, scores, prevalence) == pytest.approx(expected)


def test_at_its_own_prevalence_it_is_the_metric():
    labels, scores = drawn(np.random.default_rng(2))
    expected = measure(labels[:, None], scores[:, None], names=["auprc"])["auprc"][0]
    assert auprc_at(labels, scores, labels.mean()) == pytest.approx(expected)


def test_the_share_that_is_lost():
    assert Gap(3, 0.8, 0.6).share == pytest.approx(0.25)


class Oracle(torch.nn.Module):
    """Knows the labels of training windows by heart, and guesses all others."""

    def __init__(self, data):
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(1))
        rows = np.arange(data.length("train"))
        windows = data.one_hot("train", rows)
        self.known = {}
        for window, labels in zip(windows, data.labels("train"), strict=True):
            reverse = np.ascontiguousarray(window[::-1, ::-1])
            self.known[window.tobytes()] = self.known[reverse.tobytes()] = labels

    def forward(self, X):
        guess = np.zeros(2, np.uint8)
        found = [self.known.get(window.numpy().tobytes(), guess) for window in X]
        return torch.from_numpy(np.array(found)).float()


def test_a_network_that_knows_its_windows_by_heart_has_a_gap(toy_dataset, monkeypatch):
    monkeypatch.setattr(generalisation, "FEWEST_POSITIVES", 1)
    areas = np.array([0.25, np.nan])
    with open_dataset(toy_dataset) as data:
        gap = measure_gap(Oracle(data), data, areas, np.array([0.1, 0.1]))
    assert gap == Gap(1, pytest.approx(1.0), 0.25)


def test_a_network_that_does_the_same_on_both_has_none(toy_dataset, monkeypatch):
    """Its AUPRC on training windows, at their own prevalence, is the metric of its predictions."""
    monkeypatch.setattr(generalisation, "FEWEST_POSITIVES", 1)
    torch.manual_seed(0)
    with open_dataset(toy_dataset) as data:
        rows = side_by_side_rows(data)
        labels = data.labels("train", rows)
        network = build("danq_conv", data.window, 2, scale=0.02).eval()
        scores = generalisation._predict(network, data, rows)
        areas = measure(labels, scores, names=["auprc"])["auprc"]
        gap = measure_gap(network, data, areas, labels.mean(axis=0))
    assert gap.train == pytest.approx(gap.valid) and gap.targets == np.isfinite(areas).sum()


def test_rare_targets_are_not_compared(toy_dataset, monkeypatch):
    monkeypatch.setattr(generalisation, "FEWEST_POSITIVES", 10**6)
    with open_dataset(toy_dataset) as data:
        assert measure_gap(None, data, np.array([0.5, 0.5]), np.array([0.1, 0.1])) is None


def test_no_more_windows_are_predicted_than_it_says(toy_dataset, monkeypatch):
    monkeypatch.setattr(generalisation, "FEWEST_POSITIVES", 1)
    monkeypatch.setattr(generalisation, "MOST_WINDOWS", 40)
    seen = []

    def predict(network, dataset, rows):
        seen.extend(rows.tolist())
        return np.zeros((len(rows), 2), np.float32)

    monkeypatch.setattr(generalisation, "_predict", predict)
    with open_dataset(toy_dataset) as data:
        measure_gap(None, data, np.array([0.5, 0.5]), np.array([0.1, 0.1]))
    assert len(seen) == 40 == len(set(seen)) and seen == sorted(seen)
