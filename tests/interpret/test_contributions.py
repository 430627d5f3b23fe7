"""The two methods against a slow loop, linear models, and what they promise of every model."""

import pytest
import torch

from danq.catalog import MODELS
from danq.interpret.contributions import integrated_gradients, mean_logits, mutagenesis
from danq.network.layers import Dropout
from tests.interpret.helpers import (
    LENGTH,
    METHODS,
    TARGETS,
    Curved,
    Linear,
    explain,
    small,
    window,
)


def slow_mutagenesis(model, X):
    """Make one mutation after the other, and score every base as it is defined."""

    def F(Y):
        return (model(Y[None]) + model(torch.flip(Y, (0, 1))[None]))[0] / 2

    found = torch.zeros(TARGETS, 4, LENGTH)
    with torch.no_grad():
        for position in range(LENGTH):
            logits = []
            for base in range(4):
                mutant = X.clone()
                mutant[:, position] = torch.eye(4)[base]
                logits.append(F(mutant))
            for base in range(4):
                others = [logits[other] for other in range(4) if other != base]
                found[:, base, position] = logits[base] - sum(others) / 3
    return found


@pytest.mark.parametrize(
    "model", [Curved(), small("danq"), small("deepsea")], ids=["curved", "danq", "deepsea"]
)
def test_mutagenesis_is_a_slow_loop_over_single_mutations(model):
    X = window()
    found = mutagenesis(model, X, [0, 1, 2])
    torch.testing.assert_close(found, slow_mutagenesis(model, X), atol=2e-6, rtol=1e-4)
    # The score of a base: the reference less the mean of its three substitutions.
    reference = mean_logits(model, X[None])[0]
    mutants = X.repeat(3, 1, 1)
    mutants[:, :, 17] = torch.eye(4)[X[:, 17] == 0]
    expected = reference - mean_logits(model, mutants).mean(dim=0)
    torch.testing.assert_close((found * X).sum(dim=1)[:, 17], expected, atol=2e-6, rtol=1e-4)
    assert found.abs().max() > 1e-4


def test_targets_come_in_their_order():
    model, X = Curved(), window()
    for method in METHODS:
        found = explain(method, model, X)
        torch.testing.assert_close(explain(method, model, X, [2, 0]), found[[2, 0]])


def test_integrated_gradients_of_a_linear_model_are_weight_times_input_less_baseline():
    model, X = Linear(), window()
    found, error = integrated_gradients(model, X, [0, 1, 2], 2)
    weight = (model.weight + model.weight.flip(1, 2)).detach() / 2
    expected = (weight * (X - 0.25)).sum(dim=1)
    torch.testing.assert_close((found * X).sum(dim=1), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(
        found, weight - weight.mean(dim=1, keepdim=True), atol=1e-5, rtol=1e-5
    )
    assert (error < 1e-4).all()


def test_mutagenesis_of_a_linear_model_is_its_weights():
    model, X = Linear(), window()
    weight = (model.weight + model.weight.flip(1, 2)).detach() / 2
    expected = 4 / 3 * (weight - weight.mean(dim=1, keepdim=True))
    torch.testing.assert_close(mutagenesis(model, X, [0, 1, 2]), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("unknown", [(), (0, 7, 8)])
def test_integrated_gradients_are_complete_and_a_coarse_integral_is_told(unknown):
    model, X = Curved(), window(unknown=unknown)
    baseline = torch.full_like(X, 0.25)
    baseline[:, list(unknown)] = 0
    difference = (mean_logits(model, X[None]) - mean_logits(model, baseline[None]))[0].detach()
    errors = {}
    for steps in (2, 100):
        found, errors[steps] = integrated_gradients(model, X, [0, 1, 2], steps)
        missed = ((found * X).sum(dim=(1, 2)) - difference).abs() / difference.abs()
        torch.testing.assert_close(errors[steps], missed, atol=1e-4, rtol=1e-3)
    assert (errors[100] < 1e-3).all() and (errors[2] > errors[100]).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["deepsea", "danq", "danq_conv", "blstm"])
def test_attributions_of_the_reverse_complement_are_the_reverse_complement(method, name):
    model, X = small(name), window(unknown=(5,))
    found = explain(method, model, X)
    torch.testing.assert_close(
        explain(method, model, X.flip(0, 1)), found.flip(1, 2), atol=2e-6, rtol=1e-3
    )
    assert (found - found.flip(1, 2)).abs().max() > 1e-4


@pytest.mark.parametrize("method", METHODS)
def test_an_n_scores_nothing_and_bases_score_nothing_in_the_mean(method):
    found = explain(method, small("danq"), window(unknown=(0, 30, 31)))
    assert (found[:, :, [0, 30, 31]] == 0).all()
    torch.testing.assert_close(found.mean(dim=1), torch.zeros(TARGETS, LENGTH), atol=1e-6, rtol=0)
    assert (found.abs().sum(dim=1) > 0).sum() > TARGETS * 140


@pytest.mark.parametrize("method", METHODS)
def test_batches_change_nothing(method, monkeypatch):
    model, X = small("danq"), window()
    whole = explain(method, model, X, steps=20)
    monkeypatch.setattr("danq.interpret.contributions.BATCH", 7)
    torch.testing.assert_close(explain(method, model, X, steps=20), whole, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_explained_without_dropout(method, name):
    model = small(name)
    assert any(isinstance(part, Dropout) and part.rate for part in model.modules())
    first, second = (explain(method, model, window(), steps=5) for _ in range(2))
    assert (
        first.shape == (TARGETS, 4, LENGTH)
        and torch.isfinite(first).all()
        and first.abs().max() > 0
    )
    assert torch.equal(first, second) and not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(("head", "gates"), [("pool", "sigmoid"), ("dense", "hard_sigmoid")])
@pytest.mark.parametrize("method", METHODS)
def test_other_heads_gates_and_lengths(method, head, gates):
    model = small("danq", head=head, gates=gates)
    length = 200 if head == "pool" else LENGTH
    X = torch.cat([window(), window(1)], dim=1)[:, :length]
    assert explain(method, model, X, steps=3).shape == (TARGETS, 4, length)


def test_cudnn_is_off_where_gradients_are_taken_and_on_again_behind():
    seen = []

    class Spy(Linear):
        def forward(self, X):
            if X.requires_grad:
                seen.append(torch.backends.cudnn.enabled)
            return super().forward(X)

    before = torch.backends.cudnn.enabled
    integrated_gradients(Spy(), window(), [0], 2)
    assert seen and not any(seen) and torch.backends.cudnn.enabled == before
