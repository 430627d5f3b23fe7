"""The strongest variants: those of a list that is sorted whole."""

import numpy as np
import pytest

from danq.data.strongest import Strongest
from danq.data.variant_files import Scored
from danq.genome.variants import Row


def scored_of(rows, changes):
    """Return scores of rows; probabilities say which row and target they are of."""
    n, n_targets = changes.shape
    ref = np.arange(n * n_targets).reshape(n, n_targets) / (n * n_targets)
    return Scored(rows, ["scored"] * n, ref, 1 - ref, changes, None, None)


def row_of(number):
    return Row(number, 1, "chr1", number, "", "A", "C")


@pytest.mark.parametrize("block", [1, 7, 100])
@pytest.mark.parametrize("n", [1, 5, 200])
def test_the_strongest_are_those_of_the_whole_list(n, block):
    rng = np.random.default_rng(n)
    changes = rng.normal(size=(100, 3)).round(1)  # rounded: many are as strong as others
    places = [*range(1, 91), *range(1, 11)]  # the last ten are the first ones again
    changes[90:] = changes[:10]
    strongest = Strongest(n)
    for start in range(0, 100, block):
        part = slice(start, start + block)
        rows = [row_of(place) for place in places[part]]
        strongest.add(rows, scored_of(rows, changes[part]))
    sizes = np.abs(changes[:90]).max(axis=1)
    expected = np.argsort(-sizes, kind="stable")[:n]
    ranked = strongest.ranked()
    assert [strong.prepared.pos - 1 for strong in ranked] == expected.tolist()
    for strong in ranked:
        own = changes[strong.prepared.pos - 1]
        assert strong.change == own[strong.column] and abs(strong.change) == np.abs(own).max()
        assert strong.p_alt == pytest.approx(1 - strong.p_ref)


def test_nothing_is_kept_of_nothing():
    strongest = Strongest(3)
    strongest.add([], scored_of([], np.empty((0, 2))))
    assert strongest.ranked() == []
