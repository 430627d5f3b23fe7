import numpy as np
import pytest

from danq.motif.sites import draw_sites, pair_starts


def test_sites_follow_their_motif():
    matrix = np.array([[0.1, 0.2, 0.3, 0.4], [0, 1, 0, 0], [0.5, 0, 0, 0.5]])
    sites = draw_sites(matrix, 20_000, np.random.default_rng(0))
    shares = np.stack([np.bincount(column, minlength=4) for column in sites.T]) / len(sites)
    np.testing.assert_allclose(shares, matrix, atol=0.015)
    assert (shares[matrix == 0] == 0).all()


@pytest.mark.parametrize("order", ["a b", "b a"])
@pytest.mark.parametrize("window", [40, 41])
def test_a_pair_is_centred(order, window):
    starts = pair_starts(window, 4, 7, [0, 3, 8], order)
    ends = {"a": starts.a + 4, "b": starts.b + 7}
    first, second = order.split()
    left = {"a": starts.a, "b": starts.b}
    assert (left[second] - ends[first]).tolist() == [0, 3, 8]
    difference = window - ends[second] - left[first]
    assert ((difference == 0) | (difference == 1)).all()
