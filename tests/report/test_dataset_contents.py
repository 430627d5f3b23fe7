"""Bases and labels counted bit by bit, against text."""

import numpy as np
import pytest

from danq.data.dataset import open_dataset
from danq.report.dataset_contents import BaseCounts, count_contents
from tests.data.test_audit import SPLITS, write

N_TARGETS = 11


@pytest.fixture
def windows():
    """Return bases and labels of 30 windows of 21 bp in each split."""
    rng = np.random.default_rng(1)
    texts = {}
    labels = {}
    for split in SPLITS:
        texts[split] = ["".join(rng.choice(list("ACGTN"), 21)) for _ in range(30)]
        labels[split] = rng.random((30, N_TARGETS)) < 0.3
    return texts, labels


@pytest.fixture
def path(windows, tmp_path):
    texts, labels = windows
    splits = {split: [(0, 0, text) for text in texts[split]] for split in SPLITS}
    targets = [(f"t{target}", "g", "") for target in range(N_TARGETS)]
    return write(tmp_path / "d.h5", splits, targets=targets, labels=labels)


@pytest.mark.parametrize("block", [1, 50, 1 << 23])
def test_counts_are_those_of_the_text_in_blocks_of_any_size(windows, path, monkeypatch, block):
    monkeypatch.setattr("danq.report.dataset_contents.BLOCK", block)
    texts, labels = windows
    with open_dataset(path) as data:
        for split in SPLITS:
            counts = count_contents(data, split)
            bases = "".join(texts[split])
            n_known = len(bases) - bases.count("N")
            n_gc = bases.count("G") + bases.count("C")
            assert counts.bases == BaseCounts(len(bases), n_known, n_gc)
            by_labels = np.bincount(labels[split].sum(axis=1), minlength=N_TARGETS + 1)
            assert counts.by_labels.tolist() == by_labels.tolist()
