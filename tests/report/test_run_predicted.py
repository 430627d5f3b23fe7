"""The stretches of the test split with most to show, against a loop over its bins."""

from collections import defaultdict

import numpy as np
import pytest

from danq.data.dataset import open_dataset
from danq.files import write_text
from danq.genome.bins import flank
from danq.report import run_predicted as s


def slow_stretches(dataset):
    """Return (targets, labels, chrom, start, end), one bin after the other."""
    names = list(dataset.chromosomes)
    length = s.BINS * dataset.bin_size
    positions = dataset.positions("test")
    counts = defaultdict(lambda: np.zeros(len(dataset.names), dtype=int))
    for chrom, start, labels in zip(*positions, dataset.labels("test"), strict=True):
        middle = start + flank(dataset.window, dataset.bin_size)
        counts[names[chrom], middle // length * length] += labels
    rows = []
    for (chrom, start), count in counts.items():
        end = min(start + length, dataset.chromosomes[chrom])
        if count.sum():
            rows.append((int((count > 0).sum()), int(count.sum()), chrom, int(start), int(end)))
    return sorted(rows, key=lambda row: (-row[0], -row[1]))


@pytest.mark.parametrize("bins", [1, 3, 100])
def test_stretches_are_ranked_by_their_targets_then_by_their_labels(
    toy, run_extract, tmp_path, monkeypatch, bins
):
    monkeypatch.setattr(s, "BINS", bins)
    run_extract(toy, tmp_path, valid=["chr2"], test=["chr1:8000-20050", "chr3"])
    with open_dataset(tmp_path / "dataset.h5") as dataset:
        found = s.crowded_stretches(dataset)
        wanted = slow_stretches(dataset)
    columns = ["targets", "labels", "chrom", "start", "end"]
    assert list(found[columns].itertuples(index=False, name=None)) == wanted
    assert len(wanted) >= 2


def test_tracks_are_read_with_their_paths(tmp_path):
    assert s.read_tracks(tmp_path) is None
    header = "target\tname\tcontent\tinput\tmodel\tfile\n"
    rows = "0\tNA\tpeaks\tNA\tNA\tpeaks/a.bb\n0\tNA\tprobability\tg\tdanq\t../g/danq/tracks/a.bw\n"
    write_text(tmp_path / "predicted" / "hub" / "tracks.tsv", header + rows)
    table = s.read_tracks(tmp_path)
    assert table["target"].tolist() == [0, 0] and table["content"].tolist()[1] == "probability"
    assert table["file"].tolist()[0] == str(tmp_path / "predicted" / "hub" / "peaks" / "a.bb")
