import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from danq.evaluation import uncertainty as module
from danq.evaluation.uncertainty import (
    adjusted,
    auroc_influence,
    draw_blocks,
    effective_number,
    genomic_blocks,
    resampled_auprc,
    student,
)


def target(n, seed, levels=None, share=0.3):
    """Return labels and scores of one target; few levels make ties."""
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < share
    scores = rng.random(n) if levels is None else rng.integers(0, levels, n) / levels
    return labels, scores + 0.2 * labels


def test_windows_of_a_block_start_near_each_other_on_one_chromosome():
    blocks = genomic_blocks(
        ["chr1"] * 4 + ["chr2"] * 2, np.array([0, 49_999, 50_000, 50_200, 0, 200])
    )
    assert (
        len(set(blocks)) == 3
        and blocks[0] == blocks[1] != blocks[2] == blocks[3]
        and blocks[4] == blocks[5]
    )


def test_a_large_genome_has_longer_blocks_and_not_more():
    starts = np.arange(0, 200_000_000, 10_000)
    blocks = genomic_blocks(np.zeros(len(starts)), starts)
    lengths = np.bincount(blocks)[:-1] * 10_000
    assert blocks.max() + 1 <= module.MAX_BLOCKS and set(lengths) == {
        200_000
    }  # 50,000 twice doubled: 1,000 blocks
    many = genomic_blocks(np.arange(3000), np.zeros(3000, dtype=int))
    assert np.bincount(many).tolist() == [3] * 1000 and (np.diff(many) >= 0).all()


def test_as_many_blocks_are_drawn_as_there_are():
    drawn = draw_blocks(7, 200, np.random.default_rng(0))
    assert (drawn.sum(axis=1) == 7).all() and len(np.unique(drawn, axis=0)) > 100
    assert drawn.mean(axis=0) == pytest.approx(1, abs=0.3)


@given(st.integers(0, 500), st.sampled_from([None, 2, 7]))
def test_resampled_area_is_scikit_learns_weighted(seed, levels):
    labels, scores = target(60, seed, levels)
    blocks, drawn = (
        np.arange(60) // 5,
        np.random.default_rng(seed).integers(0, 4, (5, 12)).astype(np.float32),
    )
    areas = resampled_auprc(labels, scores, blocks, drawn)
    for area, weights in zip(areas, drawn[:, blocks], strict=True):
        if (weights * labels).sum() == 0:
            assert np.isnan(area)
        else:
            assert area == pytest.approx(
                average_precision_score(labels, scores, sample_weight=weights), abs=1e-6
            )


def test_more_scores_than_levels_change_the_area_little():
    labels, scores = target(9000, 1)
    assert len(np.unique(scores[labels])) > 4 * module.LEVELS
    blocks, drawn = np.arange(9000) // 100, draw_blocks(90, 20, np.random.default_rng(0))
    exact = [
        average_precision_score(labels, scores, sample_weight=weights)
        for weights in drawn[:, blocks]
    ]
    assert resampled_auprc(labels, scores, blocks, drawn) == pytest.approx(exact, abs=0.002)


def components(labels, scores):
    """Return DeLong's structural components by comparing every positive with every negative."""
    wins = np.sign(scores[labels][:, None] - scores[~labels]) / 2 + 0.5
    return wins.mean(axis=1), wins.mean(axis=0)


@given(st.integers(0, 500), st.sampled_from([None, 3]))
def test_influence_of_single_windows_is_delongs(seed, levels):
    labels, scores = target(40, seed, levels)
    labels[:4] = [True, True, False, False]
    second = target(40, seed + 1000, levels)[1]
    influences = [auroc_influence(labels, column, np.arange(40), 40) for column in (scores, second)]
    (v10, v01), (w10, w01) = components(labels, scores), components(labels, second)
    assert v10.mean() == pytest.approx(roc_auc_score(labels, scores))
    m, n = labels.sum(), (~labels).sum()
    assert (influences[0] ** 2).sum() == pytest.approx(v10.var(ddof=1) / m + v01.var(ddof=1) / n)
    assert ((influences[0] - influences[1]) ** 2).sum() == pytest.approx(
        (v10 - w10).var(ddof=1) / m + (v01 - w01).var(ddof=1) / n
    )


def test_influence_of_clusters_is_obuchowskis():
    # Her equations, with I10, I01 and I clusters: here all the same, because each cluster has both
    # labels.
    labels, scores = target(120, 3)
    clusters = np.arange(120) // 10
    assert all(0 < labels[clusters == c].sum() < 10 for c in range(12))
    v10, v01 = components(labels, scores)
    area, m, n = v10.mean(), labels.sum(), (~labels).sum()
    x, y = np.bincount(clusters[labels], v10 - area), np.bincount(clusters[~labels], v01 - area)
    s10, s01, s11 = (12 / 11 * (a * b).sum() for a, b in ((x, x), (y, y), (x, y)))
    expected = s10 / m**2 + s01 / n**2 + 2 * s11 / (m * n)
    assert (auroc_influence(labels, scores, clusters, 12) ** 2).sum() == pytest.approx(expected)


def test_copies_of_windows_in_their_own_block_add_no_certainty():
    labels, scores = target(300, 5)
    blocks = np.arange(300) // 10
    repeated = [np.repeat(array, 8) for array in (labels, scores, blocks)]
    drawn = draw_blocks(30, 200, np.random.default_rng(0))
    assert auroc_influence(*repeated, 30) == pytest.approx(
        auroc_influence(labels, scores, blocks, 30)
    )
    assert resampled_auprc(*repeated, drawn) == pytest.approx(
        resampled_auprc(labels, scores, blocks, drawn), abs=1e-6
    )
    assert effective_number(np.bincount(repeated[2][repeated[0]])) == pytest.approx(
        effective_number(np.bincount(blocks[labels]))
    )


def test_a_positive_in_one_block_only_has_no_influence_of_its_own_kind():
    labels, scores = (
        np.array([True, True, False, False, False]),
        np.array([5.0, 4.0, 3.0, 6.0, 1.0]),
    )
    influence = auroc_influence(labels, scores, np.array([0, 0, 1, 2, 3]), 4)
    assert influence[0] == 0 and (influence[1:] != 0).all()


def test_effective_number_of_equal_parts_is_their_number():
    assert effective_number(np.full(9, 0.3)) == pytest.approx(9)
    assert effective_number([[0, 2], [0, 0]]).tolist() == [0, 1]


def test_one_part_gives_students_interval():
    sample = np.random.default_rng(0).normal(0.4, size=12)
    low, high, p = student([sample.mean()], [sample.var(ddof=1) / 12], [11])
    expected = stats.ttest_1samp(sample, 0)
    assert (low[0], high[0]) == pytest.approx(tuple(expected.confidence_interval()))
    assert p[0] == pytest.approx(expected.pvalue)


def test_two_parts_give_welchs_interval():
    a, b = np.random.default_rng(1).normal(size=5), np.random.default_rng(2).normal(1, 3, size=7)
    interval = student([a.mean() - b.mean()], [a.var(ddof=1) / 5, b.var(ddof=1) / 7], [4, 6])
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert np.ravel(interval) == pytest.approx([*expected.confidence_interval(), expected.pvalue])


def test_what_is_unknown_is_nan_and_what_does_not_vary_is_sure():
    low, high, p = student([0.1, 0.1, 0.0, np.nan], [[1, 0, 0, 1], 0], [[0, 5, 5, 5], 2])
    assert np.isnan([low[0], high[0], p[0], low[3], p[3]]).all()  # no block says anything; no value
    assert (low[1], high[1], p[1]) == (0.1, 0.1, 0) and (low[2], p[2]) == (0, 1)


def test_a_part_of_the_variance_that_is_unknown_is_not_left_out():
    known = student([0.1], [[0.01], [0.02]], [9, 2])
    assert np.isfinite(known.low).all()
    assert np.isnan(student([0.1], [[0.01], [0.02]], [9, 0])).all()
    assert np.isnan(student([0.1], [[0.01], [np.nan]], [9, 2])).all()


def test_q_values_are_benjamini_and_hochbergs():
    # Sorted p times m over rank, then the least from there on: 0.04, 0.04 and 0.3 of three.
    q = adjusted([0.02, np.nan, 0.3, 0.0266])
    assert q[[0, 2, 3]] == pytest.approx([0.0399, 0.3, 0.0399]) and np.isnan(q[1])
    assert np.isnan(adjusted([np.nan])).all()


def test_intervals_cover_a_known_difference_and_those_of_single_windows_do_not():
    # 150 test sets of 40 blocks of 50 windows, of which 5 in a row share label and scores: what is
    # known five times is known once. Both models are equally good, so the truth is 0.
    rng, covered = np.random.default_rng(0), {"blocks": 0, "windows": 0, "auroc": 0}
    for _ in range(150):
        labels = np.repeat(rng.random(400) < 0.2, 5)
        models = [np.repeat(rng.normal(size=400), 5) + 1.5 * labels for _ in range(2)]
        for kind, blocks in (("blocks", np.arange(2000) // 50), ("windows", np.arange(2000))):
            drawn = draw_blocks(blocks.max() + 1, 100, rng)
            spread = np.subtract(
                *(resampled_auprc(labels, scores, blocks, drawn) for scores in models)
            ).var(ddof=1)
            value = np.subtract(*(average_precision_score(labels, scores) for scores in models))
            low, high, _ = student([value], [spread], [len(drawn[0]) - 1])
            covered[kind] += low[0] <= 0 <= high[0]
        influence = np.subtract(
            *(auroc_influence(labels, scores, np.arange(2000) // 50, 40) for scores in models)
        )
        value = np.subtract(*(roc_auc_score(labels, scores) for scores in models))
        low, high, _ = student([value], [(influence**2).sum()], [39])
        covered["auroc"] += low[0] <= 0 <= high[0]
    # 0.9 to 0.99 is three standard errors of 150 repetitions about 0.95.
    assert (
        0.9 * 150 <= covered["blocks"] <= 0.99 * 150 and 0.9 * 150 <= covered["auroc"] <= 0.99 * 150
    )
    assert covered["windows"] < 0.75 * 150
