import gzip
import json

import numpy as np
import pytest
from conftest import BIN, LENGTHS, PLACE, SPLITS, WINDOW, read_place, write_bed

from danq.errors import DanqError
from danq.files import read_lines

FLANK = (WINDOW - BIN) // 2


def read_windows(folder):
    """Return the header's facts and the rows of windows.tsv, labels as sets."""
    lines = [line.decode() for _, line in read_lines(folder / "windows.tsv")]
    rows = [line.split("\t") for line in lines[2:]]
    return json.loads(lines[0][1:]), [
        (chrom, int(start), int(end), split, set() if labels == "." else set(labels.split(",")))
        for chrom, start, end, split, labels in rows]


def read_letters(folder):
    """Return name -> letters of windows.fa.gz, read by the standard library's gzip alone."""
    lines = gzip.open(folder / "windows.fa.gz", "rt").read().splitlines()
    return {name[1:]: letters for name, letters in zip(lines[::2], lines[1::2], strict=True)}


def per_base(path, chrom):
    """Return one flag per base of a chromosome: does it lie in a peak of the BED?"""
    flags = np.zeros(LENGTHS[chrom], dtype=bool)
    for line in path.read_text().splitlines():
        name, start, end = line.split("\t")
        if name == chrom:
            flags[int(start):int(end)] = True
    return flags


def test_every_window_proves_its_own_coordinates(toy, run_extract, tmp_path):
    run_extract(toy, tmp_path)
    letters = read_letters(tmp_path)
    _, rows = read_windows(tmp_path)
    assert len(rows) == len(letters) > 100
    for chrom, start, end, _, _ in rows:
        window = letters[f"{chrom}:{start}-{end}"]
        assert len(window) == end - start == WINDOW
        for offset in (-start % PLACE, WINDOW // PLACE * PLACE - PLACE - start % PLACE):
            assert read_place(window, offset) == (int(chrom[3:]), start + offset)


def test_every_bin_is_a_window_or_counted_as_dropped(toy, run_extract, tmp_path):
    run_extract(toy, tmp_path, blacklist=toy / "blacklist.bed")
    facts, rows = read_windows(tmp_path)
    dropped = facts["source"]["dropped"]
    assert len(rows) + sum(dropped.values()) == sum(length // BIN for length in LENGTHS.values())
    # By hand: the windows of the first and the last whole bin leave the chromosome, on each of three chromosomes
    # (chr2 ends 130 bp after its last bin, which is more than the flank of 100); the blacklist touches bins 19 and 20
    # of chr1, and 0 (dropped before) and 1 of chr3.
    assert dropped == {"beyond chromosome end": 5, "blacklist": 3, "border": 0, "N": 0, "unlabelled": 0}
    assert not {("chr1", 3_800 - FLANK), ("chr1", 4_000 - FLANK), ("chr3", 200 - FLANK)} & {row[:2] for row in rows}


def test_labels_equal_a_per_base_reference(toy, run_extract, tmp_path):
    run_extract(toy, tmp_path)
    flags = {(index, chrom): per_base(toy / file, chrom)
             for index, file in enumerate(["a.bed", "b.bed"]) for chrom in LENGTHS}
    _, rows = read_windows(tmp_path)
    for chrom, start, _, _, labels in rows:
        own = slice(start + FLANK, start + FLANK + BIN)
        assert labels == {str(index) for index in (0, 1) if flags[index, chrom][own].sum() > BIN / 2}
    assert any(row[4] for row in rows)


def test_splits_go_by_chromosome(toy, run_extract, tmp_path):
    run_extract(toy, tmp_path)
    assert {(row[0], row[3]) for row in read_windows(tmp_path)[1]} == {
        ("chr1", "train"), ("chr2", "valid"), ("chr3", "test")}


def test_no_base_of_a_training_window_lies_in_another_region(toy, run_extract, tmp_path):
    regions = {"valid": ["chr1:5000-9000"], "test": ["chr1:9000-12000", "chr3"]}
    run_extract(toy, tmp_path, **regions)
    facts, rows = read_windows(tmp_path)
    owner = {}
    for chrom, start, end, split, _ in rows:
        assert all(owner.setdefault((chrom, base), split) == split for base in range(start, end))
    assert {owner["chr1", 5_100], owner["chr1", 8_800]} == {"valid"} and owner["chr1", 9_100] == "test"
    # By hand: at each of the three borders (5000, 9000, 12000) two windows straddle.
    assert facts["source"]["dropped"]["border"] == 6


def test_training_bins_can_be_chosen_and_the_other_splits_keep_all(toy, run_extract, tmp_path):
    rows = {kind: read_windows(run_extract(toy, tmp_path / kind, train_bins=kind, negatives=0.5))[1]
            for kind in ("all", "labelled", "sampled")}
    for split in ("valid", "test"):
        assert len({len([row for row in kind if row[3] == split]) for kind in rows.values()}) == 1
    train = {kind: [row for row in found if row[3] == "train"] for kind, found in rows.items()}
    labelled = [row for row in train["all"] if row[4]]
    assert train["labelled"] == labelled
    negatives = [row for row in train["sampled"] if not row[4]]
    assert len(negatives) == round(0.5 * len(labelled))
    touched = per_base(toy / "a.bed", "chr1") | per_base(toy / "b.bed", "chr1")
    assert not any(touched[row[1] + FLANK:row[1] + FLANK + BIN].any() for row in negatives)


def test_windows_of_unknown_letters_are_dropped(toy, run_extract, tmp_path):
    lines = (toy / "genome.fa").read_text()
    first, rest = lines.split(">chr2")
    body = first[6:].replace("\n", "")
    changed = body[:10_000] + "N" * 1_000 + body[11_000:]
    (tmp_path / "genome.fa").write_text(f">chr1\n{changed}\n>chr2{rest}")
    run_extract(toy, tmp_path, genome=tmp_path / "genome.fa", max_n=0.5)
    facts, rows = read_windows(tmp_path)
    # By hand: of windows at 10,000 + 200 k - 100, those with more than 200 of 400 bp inside [10000, 11000).
    assert facts["source"]["dropped"]["N"] == 5
    assert not [row for row in rows if row[0] == "chr1" and 9_800 < row[1] < 10_800]


def test_where_chooses_targets(toy, run_extract, tmp_path):
    run_extract(toy, tmp_path, where={"name": "Factor A"})
    assert (tmp_path / "targets.tsv").read_text().splitlines()[1].startswith("Factor A\tTF\t.")
    assert len((tmp_path / "targets.tsv").read_text().splitlines()) == 2


def test_a_target_without_a_positive_in_the_test_split_is_told(toy, run_extract, tmp_path, capsys):
    write_bed(tmp_path / "c.bed", [("chr1", 2_000, 4_000), ("chr2", 2_000, 2_400)])
    (tmp_path / "targets.tsv").write_text(f"name\tfile\nC\tc.bed\nA\t{toy / 'a.bed'}\n")
    run_extract(toy, tmp_path, targets=tmp_path / "targets.tsv", table=tmp_path / "out.tsv")
    told = capsys.readouterr().err
    assert "c.bed: target 'C' has no positive window in the test split; its metrics there will be NA" in told


@pytest.mark.parametrize(("changes", "message"), [
    ({"valid": ["chr9"]}, "'chr9' is not in the genome, which has 'chr1', 'chr2', 'chr3'"),
    ({"valid": ["chr2:100-90000"]}, "is empty or leaves 'chr2'"),
    ({"valid": ["chr3:0-4000"], "test": ["chr3"]}, "overlap; separate them"),
    ({"valid": ["chr2:0-300"]}, "the valid split has no usable window"),
    ({"where": {"name": "nobody"}}, "no target left where {'name': 'nobody'}"),
    ({"where": {"panel": "core"}}, "no column 'panel'"),
])
def test_what_cannot_be_split_is_refused(toy, run_extract, tmp_path, changes, message):
    with pytest.raises(DanqError, match=message):
        run_extract(toy, tmp_path, **(SPLITS | changes))
    assert list(tmp_path.iterdir()) == []


def test_a_target_without_a_training_positive_is_refused(toy, run_extract, tmp_path):
    write_bed(tmp_path / "c.bed", [("chr3", 2_000, 4_000)])
    (tmp_path / "targets.tsv").write_text("name\tfile\nC\tc.bed\n")
    with pytest.raises(DanqError, match=r"c\.bed: target 'C' has no positive window in the train split"):
        run_extract(toy, tmp_path / "out", targets=tmp_path / "targets.tsv")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_a_target_without_a_training_negative_is_refused(toy, run_extract, tmp_path):
    (tmp_path / "targets.tsv").write_text(f"name\tfile\nA\t{toy / 'a.bed'}\n")
    with pytest.raises(DanqError, match="target 'A' has no negative window in the train split"):
        run_extract(toy, tmp_path / "out", targets=tmp_path / "targets.tsv", train_bins="labelled")


def test_a_window_at_the_limit_of_unknown_letters_is_kept(toy, run_extract, tmp_path):
    text = (toy / "genome.fa").read_text()
    body = text[6:text.index(">chr2")].replace("\n", "")
    # 200 N in a window of 400 bp are half of it, one more is too many.
    for n, dropped in ((200, 0), (201, 1)):
        changed = body[:9_900] + "N" * n + body[9_900 + n:]
        (tmp_path / "genome.fa").write_text(f">chr1\n{changed}\n{text[text.index('>chr2'):]}")
        run_extract(toy, tmp_path, genome=tmp_path / "genome.fa", max_n=0.5)
        assert read_windows(tmp_path)[0]["source"]["dropped"]["N"] == dropped
