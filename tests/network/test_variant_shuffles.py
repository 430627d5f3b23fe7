"""p of shuffled flanks and q over variants: against counting, SciPy, and what chance gives."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, kstest

from danq.config import Variants
from danq.data.variant_files import Scored
from danq.genome.sequence import encode
from danq.genome.shuffled_flanks import shuffled_flanks
from danq.genome.variants import Row
from danq.network.variant_blocks import Preparer
from danq.network.variant_scores import score_windows
from danq.network.variant_shuffles import Tally, as_large, p_values, with_q_values
from tests.genome.test_tiles import genome_of
from tests.network.tiled_toy import WINDOW, bases, load_model

TEXT = bases(900)


@pytest.fixture
def usable():
    preparer = Preparer(genome_of({"chr1": encode(TEXT)}), {}, Variants(), WINDOW)
    rows = []
    for pos in range(200, 700, 70):
        alt = "ACGT"[("ACGT".index(TEXT[pos - 1]) + 1) % 4]
        rows.append(Row(pos, 1, "chr1", pos, "", TEXT[pos - 1], alt))
    return [preparer.prepare(row) for row in rows]


def test_counts_are_those_of_every_shuffle_by_itself(usable, tmp_path):
    models = [load_model(tmp_path / "0.ckpt")]

    def predict(prepared):
        return score_windows(models, [found.windows for found in prepared], [0, 2]).change

    changes = predict(usable)
    counts = as_large(usable, changes, 9, 3, predict)
    for row, found in enumerate(usable):
        shuffled = [
            score_windows(models, [w], [0, 2]) for w in shuffled_flanks(found.windows, 9, 3)
        ]
        for target in range(2):
            sizes = [abs(scores.change[0, target]) for scores in shuffled]
            assert counts[row, target] == sum(size >= abs(changes[row, target]) for size in sizes)
    assert 0 < counts.sum() < counts.size * 9
    assert (p_values(counts, 9) == (counts + 1) / 10).all()
    assert (as_large(usable[::-1], changes[::-1], 9, 3, predict) == counts[::-1]).all()


@pytest.mark.parametrize("size", [1, 7, 200])
def test_q_is_that_of_benjamini_and_hochberg(size, tmp_path):
    rng = np.random.default_rng(size)
    counts = np.minimum(rng.geometric(0.1, (200, 3)) - 1, 19)
    counts[:, 1] = rng.integers(0, 20, 200)
    blocks = []
    for start in range(0, 200, size):
        part = counts[start : start + size]
        empty = np.zeros((len(part), 3))
        rows = [Row(k, 1, "a", 1, "", "A", "C") for k in range(len(part))]
        status = ["scored"] * len(part)
        scored = Scored(rows, status, empty, empty, empty, None, None)
        blocks.append((scored._replace(p_value=p_values(part, 19)), []))
    again = list(with_q_values(iter(blocks), 19, 3, tmp_path))
    found = np.concatenate([scored.q_value for scored, _ in again])
    expected = false_discovery_control(p_values(counts, 19), axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert [scored.rows for scored, _ in again] == [scored.rows for scored, _ in blocks]
    assert list(tmp_path.iterdir()) == []


def test_of_chance_alone_p_is_uniform_and_nothing_is_called():
    rng = np.random.default_rng(0)
    sizes = rng.random((2000, 1, 20))
    counts = (sizes[:, :, 1:] >= sizes[:, :, :1]).sum(axis=2)
    p = p_values(counts, 19)[:, 0] - rng.random(2000) / 20
    assert kstest(p, "uniform").pvalue > 0.001
    tally = Tally(19, 1)
    tally.add(counts)
    assert tally.q_values(counts).min() > 0.5
