import numpy as np
from scipy import stats

from danq.motif.fdr import benjamini_hochberg, best_q_values, empirical_fdr


def test_benjamini_hochberg_by_hand():
    p = np.array([[0.005, 0.6], [0.02, 0.03]])
    # Sorted, p * 4 / rank: 0.02, 0.04, 0.04, 0.6.
    np.testing.assert_allclose(benjamini_hochberg(p), [[0.02, 0.6], [0.04, 0.04]])


def test_benjamini_hochberg_is_scipys():
    rng = np.random.default_rng(0)
    for n in (1, 2, 7, 1000):
        p = rng.random(n).round(2) ** 3  # with equal ones, 0 and 1
        np.testing.assert_array_equal(benjamini_hochberg(p), stats.false_discovery_control(p))
    assert benjamini_hochberg(np.array([])).shape == (0,)


def test_best_q_values_by_hand():
    # Best of two p-values: 1 - 0.99**2 and 1 - 0.8**2; then Benjamini-Hochberg over both filters.
    np.testing.assert_allclose(
        best_q_values(np.array([[0.5, 0.01], [0.2, 0.9]])), [2 * 0.0199, 0.36]
    )
    assert best_q_values(np.array([[1.0, 1.0]])).tolist() == [1.0]


def test_empirical_fdr_by_hand():
    best, null = np.array([1e-6, 1e-5, 1e-3, 0.5]), np.array([1e-3, 1e-2, 0.2, 0.6] * 2)
    p = np.array([1e-5, 1e-3, 0.01, 0.9, 1e-6])
    # Null share over real share: 0, (1/4)/(3/4), (1/2)/(3/4) but (3/4)/1 beyond, 1/1.
    np.testing.assert_allclose(empirical_fdr(p, best, null), [0, 1 / 3, 2 / 3, 1, 0])
    # A threshold that lets more real motifs pass at the same cost serves the smaller p as well.
    np.testing.assert_allclose(
        empirical_fdr(np.array([0.1]), np.array([0.1, 0.2, 0.3]), np.array([0.05, 0.9])), [0.5]
    )
