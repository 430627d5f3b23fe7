"""Windows redesigned base by base, against a slow search and a model that adds bases up."""

import numpy as np
import pytest
import torch

from danq.catalog import MODELS
from danq.errors import DanqError
from danq.genome.sequence import ALPHABET
from danq.interpret.contributions import mean_logits
from danq.interpret.design import redesign
from tests.interpret.helpers import LENGTH, TARGETS, Linear, small, window

SIGN = {"raise": 1, "lower": -1}
LARGE = {"beluga", "danq_jaspar", "danq_jaspar_conv", "danq_jaspar_residual"}


def mutants(X):
    """Return every window that differs from X in one known base."""
    windows = []
    for position in X.any(dim=0).nonzero()[:, 0]:
        for base in (X[:, position] == 0).nonzero()[:, 0]:
            mutant = X.clone()
            mutant[:, position] = 0
            mutant[base, position] = 1
            windows.append(mutant)
    return torch.stack(windows)


def bases(X):
    return [ALPHABET[index] for index in X.argmax(dim=0)]


@pytest.mark.parametrize("direction", SIGN)
@pytest.mark.parametrize("name", sorted(set(MODELS) - LARGE))
def test_each_step_is_the_best_of_all_single_substitutions(name, direction):
    network = small(name)
    X = window(seed=3, unknown=(5,))
    design = redesign(network, X, 1, 3, direction)
    assert torch.equal(design.windows[0], X)
    assert design.windows.shape == (4, 4, LENGTH)
    sign = SIGN[direction]
    for step in range(3):
        before = design.windows[step]
        after = design.windows[step + 1]
        with torch.no_grad():
            logits = mean_logits(network, mutants(before))[:, 1]
        best = (sign * logits).max()
        np.testing.assert_allclose(sign * design.logits[step + 1], best, rtol=1e-4, atol=1e-6)
        assert (before != after).any(dim=0).sum() == 1
        assert not after[:, 5].any()
        assert torch.equal(after.sum(dim=0), X.sum(dim=0))  # one-hot still, and the N is one


@pytest.mark.parametrize("direction", SIGN)
def test_a_model_that_adds_bases_up_is_led_to_its_best_bases_and_no_further(direction):
    network = Linear()
    X = window()
    X[:, 40:] = 0  # a short window: N behind it
    weight = SIGN[direction] * network.mean_weight()[2, :, :40]
    gain = weight.max(dim=0).values - (weight * X[:, :40]).sum(dim=0)
    design = redesign(network, X, 2, 1000, direction)
    # Once at each position whose base is not the best, the largest gain first.
    expected = gain[gain > 0].sort(descending=True).values
    changes = SIGN[direction] * design.changes["change"]
    np.testing.assert_allclose(changes, expected, rtol=1e-3, atol=1e-5)
    best = design.windows[-1]
    assert torch.equal(best[:, :40].argmax(dim=0), weight.argmax(dim=0))
    assert len(redesign(network, best, 2, 5, direction).changes) == 0


def test_changes_and_logits_say_what_was_done():
    network = small("danq")
    design = redesign(network, window(seed=1), 0, 4, "raise")
    with torch.no_grad():
        logits = mean_logits(network, design.windows)[:, 0]
    torch.testing.assert_close(torch.from_numpy(design.logits), logits)
    np.testing.assert_allclose(design.changes["change"], np.diff(design.logits))
    assert (design.changes["change"] > 0).all()
    for step, row in enumerate(design.changes.itertuples()):
        before = bases(design.windows[step])
        after = bases(design.windows[step + 1])
        assert before[row.position] == row.old
        assert after[row.position] == row.new


def test_the_given_window_is_not_changed():
    X = window(seed=1)
    design = redesign(small("danq"), X, 0, 4, "raise")
    assert torch.equal(X, window(seed=1))
    assert torch.equal(design.windows[0], X)


def test_the_other_strand_is_redesigned_alike():
    network = small("danq")
    X = window(seed=2)
    forward = redesign(network, X, 1, 3, "lower")
    reverse = redesign(network, X.flip(0, 1), 1, 3, "lower")
    torch.testing.assert_close(reverse.windows, forward.windows.flip(1, 2))
    expected = LENGTH - 1 - forward.changes["position"]
    assert (reverse.changes["position"] == expected).all()


def test_without_steps_nothing_changes():
    design = redesign(small("deepsea"), window(), TARGETS - 1, 0, "raise")
    assert design.windows.shape == (1, 4, LENGTH)
    assert design.changes.empty
    assert design.logits.shape == (1,)


def test_another_direction_is_refused():
    with pytest.raises(DanqError, match="direction 'up'; choose from raise, lower"):
        redesign(small("danq"), window(), 0, 1, "up")
