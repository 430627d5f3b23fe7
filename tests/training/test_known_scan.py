"""The scan with known motifs that a network should outdo."""

import pytest

from danq.data.dataset import open_dataset
from danq.evaluation.metrics import measure
from danq.evaluation.motif_scan import scan
from danq.motif.meme import log_odds
from danq.training import known_scan
from danq.training.known_scan import scan_validation


def test_the_scan_of_the_validation_split(with_motif, monkeypatch):
    dataset, motifs = with_motif
    with open_dataset(dataset) as data:
        labels = data.labels("valid")
        found = scan_validation(data, labels, motifs, range(len(labels)))
        matrix = known_scan.target_motifs(data, motifs)[0]
        weights = log_odds(matrix, data.background("train"))
        slow = scan(data.base_indices("valid"), weights, 100)
        assert found.targets.tolist() == [0] and len(found.rows) == len(labels)
        assert found.auprc[0] == measure(labels[:, :1], slow[:, None])["auprc"][0]
        perfect = found.areas(labels, labels.astype(float))
        assert perfect.tolist() == [1.0]
        monkeypatch.setattr(known_scan, "SCANNED_WINDOWS", 10)
        assert len(scan_validation(data, labels, motifs, range(len(labels))).rows) == 10


@pytest.mark.parametrize("motifs", ["", "none.meme", "JASPAR2024:fungi"])
def test_without_the_motif_no_scan_is_made(with_motif, motifs):
    with open_dataset(with_motif[0]) as data:
        labels = data.labels("valid")
        assert scan_validation(data, labels, motifs, range(len(labels))) is None


def test_no_target_names_a_motif_so_none_is_read(toy_dataset, monkeypatch):
    monkeypatch.setattr(known_scan, "target_motifs", None)
    with open_dataset(toy_dataset) as data:
        labels = data.labels("valid")
        assert scan_validation(data, labels, "JASPAR2024:fungi", range(len(labels))) is None
