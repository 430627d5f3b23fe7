import itertools

import numpy as np
import pytest

from danq.motif.fdr import benjamini_hochberg
from danq.motif.tomtom import STEP, tomtom


def correlation(a, b):
    flat = np.ptp(a) == 0 or np.ptp(b) == 0
    return 0 if flat else np.corrcoef(a, b)[0, 1]


def nearness(a, b):
    return 1 - 2**0.5 * np.linalg.norm(a - b)


def slow(query, targets, min_overlap, correlation=correlation):
    """Tomtom by its definition, every draw of columns enumerated; yields a row per target."""
    strands = [{"+": target, "-": target[::-1, ::-1]} for target in targets]
    pool = [column for pair in strands for target in pair.values() for column in target]
    null = [sorted(round(correlation(column, other) / STEP) for other in pool) for column in query]
    medians = [scores[(len(scores) - 1) // 2] for scores in null]
    null = [
        [score - median for score in scores] for scores, median in zip(null, medians, strict=True)
    ]
    for pair in strands:
        least = min(min_overlap, len(query), len(pair["+"]))
        tried, spans = [], []
        for strand, target in pair.items():
            for offset in range(-len(query), len(target)):
                span = [i for i in range(len(query)) if 0 <= i + offset < len(target)]
                if len(span) >= least:
                    score = sum(
                        round(correlation(query[i], target[i + offset]) / STEP) - medians[i]
                        for i in span
                    )
                    tried.append((score, len(span), strand == "+", -offset))
                    spans.append(span)
        score, overlap, forward, back = max(tried)
        draws = [
            [sum(draw) for draw in itertools.product(*(null[i] for i in span))] for span in spans
        ]
        p = 1 - np.prod([np.mean(np.array(sums) < score) for sums in draws])
        yield p, -back, "+" if forward else "-", overlap, score * STEP


def random_motifs(rng, widths, concentration=0.3):
    return [rng.dirichlet([concentration] * 4, size=width) for width in widths]


@pytest.mark.parametrize("min_overlap", [1, 2, 5])
def test_equals_full_enumeration(min_overlap):
    rng = np.random.default_rng(3)
    targets = random_motifs(rng, [2, 1, 3, 4])
    queries = [*random_motifs(rng, [1, 3, 4]), targets[2]]
    queries[1][1] = 0.25  # a column that says nothing
    comparison = tomtom(queries, targets, min_overlap)
    for i, query in enumerate(queries):
        p, offset, strand, overlap, score = zip(*slow(query, targets, min_overlap), strict=True)
        np.testing.assert_allclose(comparison.p[i], p, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(comparison.score[i], score)
        assert comparison.offset[i].tolist() == list(offset)
        assert comparison.strand[i].tolist() == list(strand)
        assert comparison.overlap[i].tolist() == list(overlap)


def test_euclidean_equals_full_enumeration():
    rng = np.random.default_rng(3)
    targets, queries = random_motifs(rng, [2, 1, 3, 4]), random_motifs(rng, [1, 3, 4])
    comparison = tomtom(queries, targets, 2, distance="euclidean")
    for i, query in enumerate(queries):
        p, offset, _, _, score = zip(*slow(query, targets, 2, nearness), strict=True)
        np.testing.assert_allclose(comparison.p[i], p, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(comparison.score[i], score)
        assert comparison.offset[i].tolist() == list(offset)


def test_euclidean_agrees_with_memelite():
    """Where it is installed: it bins distances and medians its own way, and allows any overlap."""
    memelite = pytest.importorskip("memelite", reason="memelite is not installed")
    rng = np.random.default_rng(8)
    targets, queries = (
        random_motifs(rng, rng.integers(6, 20, 200)),
        random_motifs(rng, rng.integers(6, 20, 10)),
    )
    queries += [0.7 * target + 0.075 for target in targets[:20]]
    theirs = memelite.tomtom(
        [query.T for query in queries], [target.T for target in targets], n_jobs=1
    )[0]
    logs = [
        np.log10(np.maximum(p, 1e-12)).ravel()
        for p in (theirs, tomtom(queries, targets, 1, "euclidean").p)
    ]
    assert np.corrcoef(logs)[0, 1] > 0.999


def test_planted_offset_and_strand():
    rng = np.random.default_rng(5)
    targets = random_motifs(rng, [12] * 60)
    comparison = tomtom(
        [
            targets[9][3:10],
            targets[9][3:10][::-1, ::-1],
            np.vstack([np.full((4, 4), 0.25), targets[9]]),
        ],
        targets,
    )
    assert comparison.p.argmin(axis=1).tolist() == [9, 9, 9]
    assert comparison.offset[:, 9].tolist() == [3, 2, -4]
    assert comparison.strand[:, 9].tolist() == ["+", "-", "+"]
    assert comparison.overlap[:, 9].tolist() == [7, 7, 12]


def test_reverse_complement_of_a_query_changes_only_the_strand():
    rng = np.random.default_rng(6)
    targets, queries = random_motifs(rng, rng.integers(5, 20, 70)), random_motifs(rng, [8, 13, 26])
    comparison, reverse = (
        tomtom(queries, targets),
        tomtom([query[::-1, ::-1] for query in queries], targets),
    )
    np.testing.assert_allclose(reverse.p, comparison.p, rtol=1e-6)
    np.testing.assert_allclose(reverse.score, comparison.score)
    assert (reverse.overlap == comparison.overlap).all()
    assert (
        (reverse.strand == "+") == (comparison.strand == "-")
    ).mean() > 0.99  # ties go to + both times


def test_every_motif_finds_itself():
    rng = np.random.default_rng(7)
    targets = random_motifs(rng, rng.integers(8, 16, 60))
    comparison = tomtom(targets, targets)
    assert (comparison.p.argmin(axis=1) == np.arange(60)).all()
    assert np.diag(comparison.p).max() < 1e-6
    assert (np.diag(comparison.strand) == "+").all()
    assert (np.diag(comparison.offset) == 0).all()


def test_p_values_of_unrelated_motifs_are_nearly_uniform():
    rng = np.random.default_rng(8)
    comparison = tomtom(
        random_motifs(rng, rng.integers(6, 21, 60)), random_motifs(rng, rng.integers(6, 21, 300))
    )
    for level in (0.5, 0.1, 0.05, 0.01, 0.001):
        assert 0.6 * level < (comparison.p < level).mean() < 1.2 * level


def test_flat_query_matches_nothing():
    targets = random_motifs(np.random.default_rng(9), [8] * 60)
    comparison = tomtom([np.full((8, 4), 0.25)], targets)
    assert (comparison.p == 1).all()
    assert (comparison.score == 0).all()


def test_small_p_values_keep_their_digits():
    targets = random_motifs(np.random.default_rng(10), [20] * 300, concentration=0.1)
    smallest = np.diag(tomtom(targets[:5], targets).p)
    assert (0 < smallest).all()
    assert (smallest < 1e-16).all()


def test_no_query():
    comparison = tomtom([], random_motifs(np.random.default_rng(0), [8] * 3))
    assert all(values.shape == (0, 3) for values in comparison)
    assert benjamini_hochberg(comparison.p).shape == (0, 3)
