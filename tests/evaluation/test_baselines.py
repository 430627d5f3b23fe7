from itertools import product

import numpy as np
import pytest
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from danq.data.dataset import open_dataset
from danq.data.predictions import read_predictions
from danq.errors import DanqError
from danq.evaluation import baselines
from danq.genome.sequence import encode, reverse_complement
from danq.motif.meme import Motif, log_odds, write_meme


@given(st.lists(st.text("ACGTN", min_size=12, max_size=12), min_size=1, max_size=3))
def test_kmer_counts_equal_counting_words(texts):
    counts = baselines.kmer_counts(np.stack([encode(text) for text in texts]))
    canonical = [
        word
        for k in (1, 2, 3, 4, 5)
        for word in map("".join, product("ACGT", repeat=k))
        if word <= str(Seq(word).reverse_complement())
    ]
    assert len(canonical) == 2 + 10 + 32 + 136 + 512 == counts.shape[1]
    for text, row in zip(texts, counts, strict=True):
        both = [
            sum(
                text[i : i + len(word)] in (word, str(Seq(word).reverse_complement()))
                for i in range(len(text))
            )
            for word in canonical
        ]
        assert row.tolist() == both


def test_kmer_counts_do_not_depend_on_the_strand_or_on_blocks(monkeypatch):
    indices = np.random.default_rng(0).integers(0, 5, (7, 40)).astype(np.uint8)
    counts = baselines.kmer_counts(indices)
    assert (baselines.kmer_counts(reverse_complement(indices)) == counts).all()
    monkeypatch.setattr(baselines, "_BLOCK", 2)
    assert (baselines.kmer_counts(indices) == counts).all()


def test_overlapping_bins_are_fitted_side_by_side(toy, toy_dataset, run_extract, tmp_path):
    bins, scores = {}, {}
    for stride in (50, 200):
        folder = run_extract(toy, tmp_path / str(stride), stride=stride, train_bins="all")
        baselines.kmer_baseline(folder / "dataset.h5", tmp_path / "kmer.h5")
        scores[stride] = read_predictions(tmp_path / "kmer.h5")[3]
        with open_dataset(folder / "dataset.h5") as data:
            rows = baselines.fitted_rows(data)
            chrom, start = data.positions("train")
            bins[stride] = list(zip(chrom[rows].tolist(), start[rows].tolist(), strict=True))
            assert (len(rows) == data.length("train")) == (stride == 200)
    # chr1 has 100 bins of 200 bp side by side; the windows of the first and of the last leave it.
    assert bins[50] == bins[200] == [(0, 100 + 200 * k) for k in range(98)]
    assert (scores[50] == scores[200]).all()


def test_of_many_windows_evenly_spaced_ones_are_fitted(toy_dataset, monkeypatch):
    with open_dataset(toy_dataset) as data:
        every = baselines.fitted_rows(data)
        monkeypatch.setattr(baselines, "MOST_WINDOWS", len(every) // 2)
        half = baselines.fitted_rows(data)
    assert len(half) == len(every) // 2 and set(half) <= set(every)
    assert set(np.diff(half)) <= {2, 3}


def test_scores_do_not_depend_on_how_many_windows_are_read_at_once(
    toy_dataset, tmp_path, monkeypatch
):
    baselines.kmer_baseline(toy_dataset, tmp_path / "a.h5")
    monkeypatch.setattr(baselines, "_READ", 7)
    monkeypatch.setattr(baselines, "_PREDICTED", 10)
    baselines.kmer_baseline(toy_dataset, tmp_path / "b.h5")
    a, b = (read_predictions(tmp_path / name)[3] for name in ("a.h5", "b.h5"))
    np.testing.assert_allclose(a, b, rtol=1e-5)


def test_some_windows_are_scanned_as_all_are(toy_dataset, monkeypatch):
    motif = np.random.default_rng(0).dirichlet([0.3] * 4, 8)
    with open_dataset(toy_dataset) as data:
        every = baselines.scan_scores(data, "valid", {1: motif})
        rows = np.array([0, 3, 4, 20])
        monkeypatch.setattr(baselines, "_READ", 3)
        some = baselines.scan_scores(data, "valid", {1: motif}, rows)
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
    assert baselines.scan(encode(text)[None], weights, flank)[0] == pytest.approx(
        slow_scan(text, weights, flank)
    )


def test_log_odds_by_hand():
    scores = log_odds(np.array([[1.0, 0, 0, 0]]), np.array([0.25] * 4))
    assert scores[0].tolist() == pytest.approx(
        [np.log2(1.01 / 1.04 / 0.25)] + [np.log2(0.01 / 1.04 / 0.25)] * 3
    )


def test_baselines_write_predictions_and_know_what_they_do_not_know(toy_dataset, tmp_path):
    write_meme(tmp_path / "known.meme", [Motif("M1", "X", np.full((6, 4), 0.25))])
    baselines.kmer_baseline(toy_dataset, tmp_path / "kmer.h5")
    baselines.scan_baseline(toy_dataset, str(tmp_path / "known.meme"), tmp_path / "scan.h5")
    model, seed, _, scores = read_predictions(tmp_path / "kmer.h5")
    assert (model, seed) == ("kmer", "NA") and ((scores > 0) & (scores < 1)).all()
    assert np.isnan(
        read_predictions(tmp_path / "scan.h5")[3]
    ).all()  # no target of the toy set has a motif


def test_an_unknown_motif_of_a_target_is_refused(toy, run_extract, tmp_path):
    (tmp_path / "targets.tsv").write_text(f"name\tfile\tjaspar\nA\t{toy / 'a.bed'}\tMA9999.1\n")
    folder = run_extract(toy, tmp_path / "out", targets=tmp_path / "targets.tsv")
    write_meme(tmp_path / "known.meme", [Motif("M1", "X", np.full((6, 4), 0.25))])
    with pytest.raises(
        DanqError,
        match=r"target 'A' has the known motif 'MA9999\.1', which is not in .*known\.meme",
    ):
        baselines.scan_baseline(
            folder / "dataset.h5", str(tmp_path / "known.meme"), tmp_path / "scan.h5"
        )


def test_oracles_measure_the_share_of_a_bin(toy_dataset, tmp_path):
    (tmp_path / "elements.tsv").write_text(
        "chrom\tstart\tend\ttarget\tkind\nchr3\t450\t650\t0\tpositive\n"
        "chr3\t600\t640\t0\tdecoy\nchr1\t0\t900\t1\tdecoy\n"
    )
    shares = {}
    for kind in ("oracle_rule", "oracle_parts"):
        baselines.oracle_baseline(
            toy_dataset, tmp_path / "elements.tsv", tmp_path / "o.h5", kind=kind
        )
        with open_dataset(toy_dataset) as dataset:
            starts = dataset.positions("test")[1] + 100
        scores = read_predictions(tmp_path / "o.h5")[3]
        assert scores[:, 1].sum() == 0
        shares[kind] = dict(zip(starts.tolist(), scores[:, 0].tolist(), strict=True))
    # The bins at 400 and 600 hold 150 and 50 bp of the element; the decoy lies inside it.
    assert shares["oracle_rule"][400] == 0.75 and shares["oracle_rule"][600] == 0.25
    assert shares["oracle_parts"] == shares["oracle_rule"]
