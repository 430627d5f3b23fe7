import re

import numpy as np
import pytest

from danq.data.dataset import open_dataset
from danq.errors import DanqError
from danq.genome.sequence import decode, encode, reverse_complement
from danq.motif.meme import Motif, write_meme
from danq.training import filters
from tests.conftest import BIN, LENGTHS, write_bed, write_fasta
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


def test_targets_of_one_name_are_all_counted():
    data = RandomLabels()
    data.names = ("CTCF",) * 21
    rows = filters._sample_rows(data, np.random.default_rng(0))
    assert [name for name, _ in rows.positive] == ["CTCF"] * 21


def test_words_are_counted_in_all_labelled_windows_of_few(monkeypatch):
    monkeypatch.setattr(filters, "_BLOCK", 64)
    data = RandomLabels()
    rows = filters._sample_rows(data, np.random.default_rng(0))
    assert [name for name, _ in rows.positive] == list(data.names)
    for target, (_, positive) in enumerate(rows.positive):
        assert positive.tolist() == np.flatnonzero(data.drawn[:, target]).tolist()
    assert rows.background.tolist() == np.flatnonzero(~data.drawn.any(axis=1)).tolist()


SITE = "TTACCCGGAT"


@pytest.fixture(scope="module")
def with_sites(tmp_path_factory, run_extract):
    """Return a dataset.h5: of three random chromosomes, the first two have a site in each peak."""
    folder = tmp_path_factory.mktemp("sites")
    rng = np.random.default_rng(4)
    chromosomes = {}
    peaks = []
    for name, length in LENGTHS.items():
        bases = rng.choice(list("ACGT"), 5 * length)
        for start in range(400, len(bases) - 600, 600):
            if name != "chr3":  # of the test split
                bases[start + 90 : start + 90 + len(SITE)] = list(SITE)
            peaks.append((name, start, start + BIN))
        chromosomes[name] = "".join(bases)
    write_fasta(folder / "genome.fa", chromosomes)
    write_bed(folder / "a.bed", peaks[::2])
    write_bed(folder / "b.bed", peaks[1::2])
    (folder / "targets.tsv").write_text(
        "name\tgroup\tfile\tjaspar\nA\tTF\ta.bed\t.\nB\tTF\tb.bed\t.\n"
    )
    (folder / "data").mkdir()
    run_extract(folder, folder / "data")
    return folder / "data" / "dataset.h5"


def test_enriched_words_come_from_the_bins_of_the_training_split(with_sites):
    with open_dataset(with_sites) as data:
        chosen = filters.enriched_filters(data, n=3, width=12, seed=0)
        again = filters.enriched_filters(data, n=3, width=12, seed=0)
    strands = f"{SITE} {decode(reverse_complement(encode(SITE)))}"
    words = [motif.name.split(":")[1].replace("N", ".") for motif in chosen.motifs]
    assert words and all(re.search(word, strands) for word in words)
    assert chosen.enriched and chosen.checksum == again.checksum


def test_half_of_the_filters_begin_as_enriched_words(with_sites, tmp_path):
    knobs = {"initialise_from": "enriched", "scale": 0.05, "epochs": 1}
    facts = run(with_sites, tmp_path, **knobs)["facts"]
    began = facts["filters_initialised_from"]
    assert len(began) == 16
    named = [name for name in began if name]
    assert 2 <= len(named) <= 8 and not any(began[len(named) :])
    assert {name.removesuffix("-") for name in named} == {
        name for name in named if not name.endswith("-")
    }
    other_seed = run(with_sites, tmp_path / "b", seed=4, **knobs)["facts"]
    assert other_seed["options"]["motifs"] != "" and facts["options"]["motifs"]


def test_without_unlabelled_windows_all_windows_are_the_background(
    run_extract, with_sites, tmp_path
):
    folder = run_extract(with_sites.parent.parent, tmp_path, train_bins="labelled")
    with open_dataset(folder / "dataset.h5") as data:
        assert data.labels("train").any(axis=1).all()
        # A word that is in every window is not enriched among them.
        assert filters.enriched_filters(data, n=3, width=12, seed=0).motifs == []
