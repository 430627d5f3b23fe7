"""The two methods against a slow loop, linear models, and what they promise of every model."""

import pytest
import torch

from danq.catalog import MODELS
from danq.interpret.contributions import integrated_gradients, mean_logits, mutagenesis
from danq.network.layers import Dropout
from tests.interpret.helpers import (
    BELUGA_LENGTH,
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
        reverse_complement = torch.flip(Y, (0, 1))
        return (model(Y[None]) + model(reverse_complement[None]))[0] / 2

    scores = torch.zeros(TARGETS, 4, LENGTH)
    with torch.no_grad():
        for position in range(LENGTH):
            logits = []
            for base in range(4):
                mutant = X.clone()
                mutant[:, position] = torch.eye(4)[base]
                logits.append(F(mutant))
            for base in range(4):
                three_others = [*logits[:base], *logits[base + 1 :]]
                scores[:, base, position] = logits[base] - sum(three_others) / 3
    return scores


@pytest.mark.parametrize(
    "model", [Curved(), small("danq"), small("deepsea")], ids=["curved", "danq", "deepsea"]
)
def test_mutagenesis_is_a_slow_loop_over_single_mutations(model):
    X = window()
    scores = mutagenesis(model, X, [0, 1, 2])
    torch.testing.assert_close(scores, slow_mutagenesis(model, X), atol=2e-6, rtol=1e-4)
    assert scores.abs().max() > 1e-4


@pytest.mark.parametrize("model", [Curved(), small("danq")], ids=["curved", "danq"])
def test_the_score_of_a_base_is_the_reference_less_the_mean_of_its_substitutions(model):
    X = window()
    mutants = X.repeat(3, 1, 1)
    mutants[:, :, 17] = torch.eye(4)[X[:, 17] == 0]
    reference = mean_logits(model, X[None])[0]
    expected = reference - mean_logits(model, mutants).mean(dim=0)
    scores = (mutagenesis(model, X, [0, 1, 2]) * X).sum(dim=1)
    torch.testing.assert_close(scores[:, 17], expected, atol=2e-6, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_targets_come_in_their_order(method):
    scores = explain(method, Curved(), window())
    chosen = explain(method, Curved(), window(), [2, 0])
    torch.testing.assert_close(chosen, scores[[2, 0]])


def test_integrated_gradients_of_a_linear_model_are_weight_times_input_less_baseline():
    model = Linear()
    X = window()
    gradients = integrated_gradients(model, X, [0, 1, 2], 2)
    weight = model.mean_weight()
    centred = weight - weight.mean(dim=1, keepdim=True)
    torch.testing.assert_close(gradients.scores, centred, atol=1e-5, rtol=1e-5)
    of_bases = (gradients.scores * X).sum(dim=1)
    expected = (weight * (X - 0.25)).sum(dim=1)
    torch.testing.assert_close(of_bases, expected, atol=1e-5, rtol=1e-5)
    assert (gradients.completeness_error < 1e-4).all()


def test_mutagenesis_of_a_linear_model_is_its_weights():
    model = Linear()
    weight = model.mean_weight()
    expected = 4 / 3 * (weight - weight.mean(dim=1, keepdim=True))
    scores = mutagenesis(model, window(), [0, 1, 2])
    torch.testing.assert_close(scores, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("unknown", [(), (0, 7, 8)])
def test_integrated_gradients_are_complete_and_a_coarse_integral_is_reported(unknown):
    model = Curved()
    X = window(unknown=unknown)
    baseline = torch.full_like(X, 0.25)
    baseline[:, list(unknown)] = 0
    ends = mean_logits(model, torch.stack([X, baseline])).detach()
    difference = ends[0] - ends[1]
    errors = {}
    for steps in (2, 100):
        gradients = integrated_gradients(model, X, [0, 1, 2], steps)
        errors[steps] = gradients.completeness_error
        total = (gradients.scores * X).sum(dim=(1, 2))
        missed = (total - difference).abs() / difference.abs()
        torch.testing.assert_close(errors[steps], missed, atol=1e-4, rtol=1e-3)
    assert (errors[100] < 1e-3).all()
    assert (errors[2] > errors[100]).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["deepsea", "danq", "danq_conv", "blstm"])
def test_attributions_of_the_reverse_complement_are_the_reverse_complement(method, name):
    model = small(name)
    X = window(unknown=(5,))
    forward = explain(method, model, X)
    reverse = explain(method, model, X.flip(0, 1))
    expected = forward.flip(1, 2)
    torch.testing.assert_close(reverse, expected, atol=2e-6, rtol=1e-3)
    assert (forward - expected).abs().max() > 1e-4


@pytest.mark.parametrize("method", METHODS)
def test_an_n_scores_nothing_and_bases_score_nothing_in_the_mean(method):
    scores = explain(method, small("danq"), window(unknown=(0, 30, 31)))
    assert (scores[:, :, [0, 30, 31]] == 0).all()
    zeros = torch.zeros(TARGETS, LENGTH)
    torch.testing.assert_close(scores.mean(dim=1), zeros, atol=1e-6, rtol=0)
    explained = scores.abs().sum(dim=1) > 0
    assert explained.sum() > TARGETS * 140


@pytest.mark.parametrize("method", METHODS)
def test_batches_change_nothing(method, monkeypatch):
    model = small("danq")
    X = window()
    in_one_batch = explain(method, model, X, steps=20)
    monkeypatch.setattr("danq.interpret.contributions.BATCH", 7)
    in_small_batches = explain(method, model, X, steps=20)
    torch.testing.assert_close(in_small_batches, in_one_batch, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_explained_without_dropout(method, name):
    length = BELUGA_LENGTH if name == "beluga" else LENGTH
    model = small(name, length)
    X = window(length=length)
    assert any(isinstance(layer, Dropout) and layer.rate for layer in model.modules())
    first = explain(method, model, X, steps=5)
    second = explain(method, model, X, steps=5)
    assert first.shape == (TARGETS, 4, length)
    assert torch.isfinite(first).all()
    assert first.abs().max() > 0
    assert torch.equal(first, second)
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(("head", "gates"), [("pool", "sigmoid"), ("dense", "hard_sigmoid")])
@pytest.mark.parametrize("method", METHODS)
def test_other_heads_gates_and_lengths(method, head, gates):
    model = small("danq", head=head, gates=gates)
    length = 200 if head == "pool" else LENGTH
    X = torch.cat([window(), window(1)], dim=1)[:, :length]
    assert explain(method, model, X, steps=3).shape == (TARGETS, 4, length)


def test_cudnn_is_off_where_gradients_are_taken_and_on_again_afterwards():
    states = []

    class Spy(Linear):
        def forward(self, X):
            if X.requires_grad:
                states.append(torch.backends.cudnn.enabled)
            return super().forward(X)

    before = torch.backends.cudnn.enabled
    integrated_gradients(Spy(), window(), [0], 2)
    assert states
    assert not any(states)
    assert torch.backends.cudnn.enabled == before
