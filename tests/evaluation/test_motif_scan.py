import numpy as np
import pytest
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from danq.data.dataset import open_dataset
from danq.evaluation import fitting, motif_scan
from danq.genome.sequence import encode
from danq.motif.meme import log_odds


def test_some_windows_are_scanned_as_all_are(toy_dataset, monkeypatch):
    motif = np.random.default_rng(0).dirichlet([0.3] * 4, 8)
    with open_dataset(toy_dataset) as data:
        every = motif_scan.scan_scores(data, "valid", {1: motif})
        rows = np.array([0, 3, 4, 20])
        monkeypatch.setattr(fitting, "_READ", 3)
        some = motif_scan.scan_scores(data, "valid", {1: motif}, rows)
    assert list(every) == [1] and len(every[1]) > 20
    assert some[1].tolist() == every[1][rows].tolist()


def slow_scan(text, weights, flank):
    """Score every site whose middle lies in the central bin, both strands, base by base."""
    width, best = len(weights), -np.inf
    for start in range(len(text) - width + 1):
        if flank <= start + width // 2 < len(text) - flank:
            site = text[start : start + width]
            for strand in (site, str(Seq(site).reverse_complement())):
                score = sum(
                    weights[i]["ACGT".index(base)] if base in "ACGT" else min(weights[i])
                    for i, base in enumerate(strand)
                )
                best = max(best, score)
    return best


@given(
    st.text("ACGTN", min_size=30, max_size=30),
    st.integers(1, 8),
    st.integers(0, 12),
    st.integers(0, 9),
)
def test_scan_equals_scoring_base_by_base(text, width, flank, seed):
    weights = np.random.default_rng(seed).normal(size=(width, 4))
    assert motif_scan.scan(encode(text)[None], weights, flank)[0] == pytest.approx(
        slow_scan(text, weights, flank)
    )


def test_log_odds_by_hand():
    scores = log_odds(np.array([[1.0, 0, 0, 0]]), np.array([0.25] * 4))
    assert scores[0].tolist() == pytest.approx(
        [np.log2(1.01 / 1.04 / 0.25)] + [np.log2(0.01 / 1.04 / 0.25)] * 3
    )
