"""Windows redesigned base by base, against a slow search and a model that adds bases up."""

import numpy as np
import pytest
import torch

from danq.catalog import MODELS
from danq.errors import DanqError
from danq.interpret.contributions import mean_logits
from danq.interpret.design import redesign
from tests.interpret.helpers import LENGTH, TARGETS, Linear, small, window

SIGN = {"raise": 1, "lower": -1}


def mutants(X):
    """Return every window that differs from X in one known base, one by one."""
    for position in X.any(dim=0).nonzero()[:, 0].tolist():
        for base in (X[:, position] == 0).nonzero()[:, 0].tolist():
            Y = X.clone()
            Y[:, position] = 0
            Y[base, position] = 1
            yield Y


def bases(X):
    return ["ACGT"[code] for code in X.argmax(dim=0)]


@pytest.mark.parametrize("direction", SIGN)
@pytest.mark.parametrize(
    "name", sorted(set(MODELS) - {"danq_jaspar", "danq_jaspar_conv", "danq_jaspar_dilated"})
)
def test_each_step_is_the_best_of_all_single_substitutions(name, direction):
    model, X = small(name), window(seed=3, unknown=(5,))
    found = redesign(model, X, 1, 3, direction)
    assert torch.equal(found.windows[0], X) and found.windows.shape == (4, 4, LENGTH)
    for before, after, logit in zip(
        found.windows, found.windows[1:], found.logits[1:], strict=False
    ):
        with torch.no_grad():
            tried = SIGN[direction] * mean_logits(model, torch.stack(list(mutants(before))))[:, 1]
        np.testing.assert_allclose(SIGN[direction] * logit, tried.max(), rtol=1e-4, atol=1e-6)
        assert ((before != after).any(dim=0)).sum() == 1 and not after[:, 5].any()
        assert torch.equal(after.sum(dim=0), X.sum(dim=0))  # one-hot still, and the N is one


@pytest.mark.parametrize("direction", SIGN)
def test_a_model_that_adds_letters_up_is_led_to_its_best_letters_and_no_further(direction):
    model, X = Linear(), window()
    X[:, 40:] = 0  # a short window: N behind it
    weight = SIGN[direction] * (model.weight + model.weight.flip(1, 2)).detach()[2, :, :40] / 2
    best, own = weight.max(dim=0).values, (weight * X[:, :40]).sum(dim=0)
    found = redesign(model, X, 2, 1000, direction)
    # Once at each place whose base is not the best, the largest gain first.
    expected = (best - own)[best > own].sort(descending=True).values
    np.testing.assert_allclose(
        SIGN[direction] * found.changes["change"], expected, rtol=1e-3, atol=1e-5
    )
    assert torch.equal(found.windows[-1][:, :40].argmax(dim=0), weight.argmax(dim=0))
    assert len(redesign(model, found.windows[-1], 2, 5, direction).changes) == 0


def test_changes_and_logits_tell_what_was_done():
    model, X = small("danq"), window(seed=1)
    found = redesign(model, X, 0, 4, "raise")
    with torch.no_grad():
        torch.testing.assert_close(
            torch.from_numpy(found.logits), mean_logits(model, found.windows)[:, 0]
        )
    np.testing.assert_allclose(found.changes["change"], np.diff(found.logits))
    assert (found.changes["change"] > 0).all()
    for step, row in enumerate(found.changes.itertuples()):
        before, after = bases(found.windows[step]), bases(found.windows[step + 1])
        assert (before[row.position], after[row.position]) == (row.old, row.new)
    assert torch.equal(found.windows[0], window(seed=1)) and torch.equal(X, window(seed=1)), (
        "what was given is kept"
    )


def test_the_other_strand_is_redesigned_alike():
    model, X = small("danq"), window(seed=2)
    one, other = (redesign(model, strand, 1, 3, "lower") for strand in (X, X.flip(0, 1)))
    torch.testing.assert_close(other.windows, one.windows.flip(1, 2))
    assert (other.changes["position"] == LENGTH - 1 - one.changes["position"]).all()


def test_without_steps_nothing_changes():
    found = redesign(small("deepsea"), window(), TARGETS - 1, 0, "raise")
    assert (
        found.windows.shape == (1, 4, LENGTH) and found.changes.empty and found.logits.shape == (1,)
    )


def test_another_direction_is_refused():
    with pytest.raises(DanqError, match="direction 'up'; choose from raise, lower"):
        redesign(small("danq"), window(), 0, 1, "up")
