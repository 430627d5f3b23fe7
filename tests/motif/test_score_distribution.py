"""Distributions of scores: against every word there is."""

import itertools

import numpy as np
import pytest

from danq.motif.meme import log_odds
from danq.motif.score_distribution import STEPS, score_distribution, whole_steps

BACKGROUNDS = [np.full(4, 0.25), np.array([0.31, 0.19, 0.19, 0.31])]


def random_steps(width, background, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.dirichlet(np.full(4, 0.4), width)
    return whole_steps(log_odds(matrix, background))


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("width", [1, 2, 5])
def test_probabilities_are_those_of_all_words(width, background):
    steps = random_steps(width, background, width)
    words = np.array(list(itertools.product(range(4), repeat=width)))
    scores = steps[np.arange(width), words].sum(axis=1)
    chances = background[words].prod(axis=1)
    found = score_distribution(steps, background)
    for score in [*scores, scores.max() + 1, scores.min() - 5]:
        expected = chances[scores >= score].sum()
        assert found.p(int(score)) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_a_long_motif_has_small_probabilities_that_are_exact():
    sure = np.eye(4)[[0, 1, 2, 3] * 5]
    steps = whole_steps(log_odds(sure, np.full(4, 0.25)))
    best = int(steps.max(axis=1).sum())
    found = score_distribution(steps, np.full(4, 0.25))
    assert found.p(best) == pytest.approx(0.25**20, rel=1e-9)
    one_off = best - int((steps.max(axis=1) - steps.min(axis=1))[0])
    assert found.p(one_off) == pytest.approx(61 * 0.25**20, rel=1e-9)


def test_rounding_moves_a_score_by_less_than_half_a_step_for_each_base():
    odds = np.random.default_rng(0).normal(size=(30, 4))
    assert np.abs(whole_steps(odds) / STEPS - odds).max() <= 0.5 / STEPS
