import numpy as np
import pytest

from danq.data.dataset import open_dataset
from danq.data.encode import encode
from danq.errors import DanqError
from danq.genome.sequence import decode


def write_own(folder, rows, length=16):
    """Write a user's own windows: name, split, labels."""
    rng = np.random.default_rng(1)
    folder.mkdir(exist_ok=True)
    fasta, table = folder / "own.fa", folder / "own.tsv"
    fasta.write_text(
        "".join(
            f">{name}\n{''.join(rng.choice(list('ACGT'), length))}\n" for name, *_ in reversed(rows)
        )
    )
    table.write_text("name\tsplit\tbound\topen\n" + "".join("\t".join(row) + "\n" for row in rows))
    return fasta, table


OWN = [
    ("w1", "train", "1", "0"),
    ("w2", "valid", "0", "0"),
    ("w3", "test", "1", "1"),
    ("w4", "train", "0", "1"),
]


@pytest.mark.parametrize("block", [1, 2, 4096])
def test_a_users_own_windows_become_a_dataset(tmp_path, monkeypatch, block):
    monkeypatch.setattr("danq.data.encode._BLOCK", block)
    fasta, table = write_own(tmp_path, OWN)
    encode(fasta, table, tmp_path / "dataset.h5")
    bases = dict(zip(fasta.read_text().split()[::2], fasta.read_text().split()[1::2], strict=True))
    with open_dataset(tmp_path / "dataset.h5") as dataset:
        assert dataset.names == ["bound", "open"] and dataset.window == dataset.bin_size == 16
        chroms, starts = dataset.positions("train")
        assert [list(dataset.chromosomes)[chrom] for chrom in chroms] == [
            "w4",
            "w1",
        ]  # the order of the FASTA
        assert starts.tolist() == [0, 0] and dataset.attributes["coordinates"] == "rows"
        assert dataset.labels("train").tolist() == [[0, 1], [1, 0]]
        assert [decode(row) for row in dataset.base_indices("train")] == [
            bases[">w4"],
            bases[">w1"],
        ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [*OWN, ("w5", "dev", "1", "0")],
            r"own\.tsv:6: split 'dev'; choose from train, valid, test",
        ),
        (
            [*OWN, ("w5", "test", "2", "0")],
            r"own\.tsv:6: label '2' in column 'bound'; it must be 0 or 1",
        ),
        ([*OWN, OWN[0]], r"own\.tsv:6: the window 'w1' has two rows; remove one"),
        ([row for row in OWN if row[1] != "valid"], r"own\.tsv: no window in the valid split"),
        ([], r"own\.tsv: holds no window; add a row for each"),
    ],
)
def test_broken_own_tables_are_refused(tmp_path, rows, message):
    fasta, table = write_own(tmp_path / "in", rows)
    with pytest.raises(DanqError, match=message):
        encode(fasta, table, tmp_path / "out" / "dataset.h5")
    assert not (tmp_path / "out").exists()


def test_windows_and_rows_must_belong_together(tmp_path):
    fasta, table = write_own(tmp_path, OWN)
    fasta.write_text(fasta.read_text() + ">w9\nACGTACGTACGTACGT\n")
    with pytest.raises(
        DanqError, match=r"own\.fa:9: 'w9' has no row in .*own\.tsv; add it or remove the record"
    ):
        encode(fasta, table, tmp_path / "dataset.h5")
    fasta.write_text(">w1\nACGTACGTACGTACGT\n")
    with pytest.raises(DanqError, match=r"own\.tsv: 3 of its windows have no record in .*own\.fa"):
        encode(fasta, table, tmp_path / "dataset.h5")
    fasta.write_text(">w1\nACGTACGTACGTACGT\n>w2\nACG\n")
    with pytest.raises(DanqError, match=r"own\.fa:3: 'w2' has 3 bp, the windows before it 16"):
        encode(fasta, table, tmp_path / "dataset.h5")
    assert not (tmp_path / "dataset.h5").exists()


def test_unknown_bases_survive(tmp_path):
    fasta, table = write_own(tmp_path, OWN)
    fasta.write_text("".join(f">w{i}\n{'ACGTN' * 3}R\n" for i in (1, 2, 3, 4)))
    encode(fasta, table, tmp_path / "dataset.h5")
    with open_dataset(tmp_path / "dataset.h5") as dataset:
        assert decode(dataset.base_indices("test")[0]) == "ACGTN" * 3 + "N"
