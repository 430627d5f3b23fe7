import numpy as np
import pytest

from danq.errors import DanqError
from danq.motif.meme import Motif, write_meme
from danq.training import filters
from tests.training.helpers import cut_off, run


def test_filters_initialised_from_motifs_are_recorded(toy, run_extract, tmp_path):
    motifs = [
        Motif(name, "", np.eye(4)[[0, 1, 2, 3, row]]) for row, name in enumerate(("M1", "M2"))
    ]
    write_meme(tmp_path / "known.meme", motifs)
    (tmp_path / "targets.tsv").write_text(
        f"name\tgroup\tfile\tjaspar\nA\tTF\t{toy / 'a.bed'}\tM2\n"
    )
    folder = run_extract(toy, tmp_path / "data", targets=tmp_path / "targets.tsv")
    facts = run(
        folder / "dataset.h5",
        tmp_path,
        initialise_from="targets",
        motifs=str(tmp_path / "known.meme"),
    )["facts"]
    assert facts["filters_initialised_from"] == ["M2", "M2-", "", "", "", ""]  # 6 filters
    with pytest.raises(DanqError, match="blstm has no filters to initialise from motifs"):
        run(
            folder / "dataset.h5",
            tmp_path / "b",
            "blstm",
            initialise_from="known",
            motifs=str(tmp_path / "known.meme"),
        )


def test_other_motifs_are_another_configuration(toy, run_extract, tmp_path):
    folder = run_extract(toy, tmp_path / "data")
    for name, row in (("a", 0), ("b", 1)):
        write_meme(tmp_path / f"{name}.meme", [Motif("M1", "", np.eye(4)[[0, 1, 2, 3, row]])])
    cut_off(
        folder / "dataset.h5", tmp_path, initialise_from="known", motifs=str(tmp_path / "a.meme")
    )
    with pytest.raises(DanqError, match="with another motifs "):
        run(
            folder / "dataset.h5",
            tmp_path,
            initialise_from="known",
            motifs=str(tmp_path / "b.meme"),
        )


class RandomLabels:
    """A training split of 1,000 windows, a third of them labelled for some of 21 targets."""

    names = tuple(f"t{i}" for i in range(21))
    drawn = np.random.default_rng(6).random((1000, 21)) < 0.1
    drawn[np.arange(1000) % 3 > 0] = False

    def length(self, split):
        return len(self.drawn)

    def packed_labels(self, split, rows):
        return np.packbits(self.drawn[rows], axis=1)


def test_words_are_counted_in_all_labelled_windows_of_few(monkeypatch):
    monkeypatch.setattr(filters, "_BLOCK", 64)
    data = RandomLabels()
    rows = filters._sample_rows(data, np.random.default_rng(0))
    assert list(rows.positive) == list(data.names)
    for target, positive in enumerate(rows.positive.values()):
        assert positive.tolist() == np.flatnonzero(data.drawn[:, target]).tolist()
    assert rows.background.tolist() == np.flatnonzero(~data.drawn.any(axis=1)).tolist()
