import h5py
import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from danq.catalog import BASELINES
from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.data.predictions import read_predictions
from danq.errors import DanqError
from danq.evaluation import baselines
from danq.evaluation.baselines import predict_baseline
from danq.evaluation.kmers import fit_kmers
from danq.genome.bins import SPLITS
from danq.genome.sequence import pack
from danq.motif.meme import Motif, write_meme

FITTED = [name for name, baseline in BASELINES.items() if not baseline.oracle]


@pytest.fixture
def with_motif(toy, run_extract, tmp_path):
    """Return a dataset whose first target has a known motif, and the file of that motif."""
    (tmp_path / "targets.tsv").write_text(
        f"name\tfile\tjaspar\nA\t{toy / 'a.bed'}\tM1\nB\t{toy / 'b.bed'}\t.\n"
    )
    folder = run_extract(toy, tmp_path / "out", targets=tmp_path / "targets.tsv")
    rng = np.random.default_rng(0)
    known = [
        Motif(name, "X", rng.dirichlet([0.3] * 4, width)) for name, width in (("M1", 6), ("M2", 9))
    ]
    write_meme(tmp_path / "known.meme", known)
    return folder / "dataset.h5", tmp_path / "known.meme"


@pytest.mark.parametrize("kind", FITTED)
def test_a_baseline_predicts_the_targets_that_it_can_know(with_motif, tmp_path, kind):
    dataset, motifs = with_motif
    predict_baseline(kind, dataset, tmp_path / "a.h5", motifs=motifs)
    written = read_predictions(tmp_path / "a.h5")
    assert (written.model, written.seed) == (kind, "NA")
    knows_all = kind in ("kmer", "boosting")
    assert np.isnan(written.scores).all(axis=0).tolist() == [False, not knows_all]
    known = written.scores[:, : 1 + knows_all]
    assert np.isfinite(known).all()
    assert kind == "scan" or ((known > 0) & (known < 1)).all()
    assert np.isnan(written.validation).tolist() == [False, not knows_all]
    predict_baseline(kind, dataset, tmp_path / "b.h5", motifs=motifs, threads=3)
    again = read_predictions(tmp_path / "b.h5")
    np.testing.assert_array_equal(again.scores, written.scores)


GATTACA = [2, 0, 3, 3, 0, 1, 0]


def with_test_bases(path, shares):
    """Write a dataset; `shares` of the bases are those of its test windows, the rest is the same.

    Most positive windows have GATTACA in their middle, and few others.
    """
    rng = np.random.default_rng(0)
    n_windows = {"train": 300, "valid": 80, "test": 80}
    with create_dataset(
        path,
        window=40,
        bin_size=20,
        targets=[("A", "g", "M1")],
        chromosomes={"c": 10_000},
        rows=np.array([[n] for n in n_windows.values()]),
    ) as writer:
        for split in SPLITS:
            n = n_windows[split]
            p = shares if split == "test" else [0.3, 0.2, 0.2, 0.3]
            indices = rng.choice(4, size=(n, 40), p=p).astype(np.uint8)
            bound = rng.random(n) < 0.3
            indices[bound, 16:23] = GATTACA
            labels = bound ^ (rng.random(n) < 0.2)
            starts = 10 + 20 * np.arange(n)
            writer.append(split, pack(indices), labels[:, None] * np.uint8(128), starts)
    return path


@pytest.mark.parametrize("kind", FITTED)
def test_the_test_windows_change_no_score_of_other_windows(tmp_path, kind):
    other = np.random.default_rng(1).dirichlet([0.5] * 4, 9)
    own = 0.1 + 0.6 * np.eye(4)[GATTACA]
    write_meme(tmp_path / "known.meme", [Motif("M1", "", own), Motif("M2", "", other)])
    scores = []
    for name, shares in (("at", [0.49, 0.01, 0.01, 0.49]), ("gc", [0.01, 0.49, 0.49, 0.01])):
        with open_dataset(with_test_bases(tmp_path / name, shares)) as data:
            predict = baselines._fitted(kind, data, tmp_path / "known.meme", 1)
            scores.append(predict("valid"))
    assert np.ptp(scores[0]) > 0.1
    np.testing.assert_array_equal(*scores)


def test_validation_auprc_is_that_of_the_validation_split(with_motif, tmp_path, capsys):
    dataset, _ = with_motif
    predict_baseline("kmer", dataset, tmp_path / "kmer.h5")
    written = read_predictions(tmp_path / "kmer.h5").validation
    with open_dataset(dataset) as data:
        scores = fit_kmers(data).predict(data, "valid")
        labels = data.labels("valid")
    expected = [average_precision_score(labels[:, k], scores[:, k]) for k in range(2)]
    assert written.tolist() == pytest.approx(expected)
    line = f"kmer: mean validation AUPRC {np.mean(expected):.3f} of 2 targets\n"
    assert capsys.readouterr().out == line
    with h5py.File(tmp_path / "kmer.h5") as file:
        assert file.attrs["validation_auprc"] == pytest.approx(np.mean(expected))


def test_an_unknown_motif_of_a_target_is_refused(with_motif, tmp_path):
    dataset, _ = with_motif
    write_meme(tmp_path / "other.meme", [Motif("M3", "X", np.full((6, 4), 0.25))])
    message = r"target 'A' has the known motif 'M1', which is not in .*other\.meme"
    for kind in ("scan", "motif"):
        with pytest.raises(DanqError, match=message):
            predict_baseline(kind, dataset, tmp_path / "a.h5", motifs=tmp_path / "other.meme")
    assert not (tmp_path / "a.h5").exists()


def test_an_oracle_needs_the_truth(toy_dataset, tmp_path):
    with pytest.raises(DanqError, match="oracle_rule needs the truth of a simulated run"):
        predict_baseline("oracle_rule", toy_dataset, tmp_path / "a.h5")
