import numpy as np
import pytest

from danq.data.choice import GC_STEPS, NEGATIVES
from danq.data.dataset import open_dataset
from danq.errors import DanqError
from tests.conftest import BIN, LENGTHS, WINDOW, write_bed, write_fasta
from tests.data.test_extract import FLANK, per_base, read_windows, rows_of


def everywhere(folder):
    """Write a table of a target that has peaks, and bins without one, wherever a split may lie."""
    peaks = []
    for chrom, length in LENGTHS.items():
        peaks += [(chrom, start, start + 300) for start in range(500, length - 500, 1_000)]
    write_bed(folder / "everywhere.bed", peaks)
    (folder / "everywhere.tsv").write_text("name\tfile\nE\teverywhere.bed\n")
    return folder / "everywhere.tsv"


def test_every_bin_is_a_window_or_counted_as_dropped(toy, run_extract, tmp_path):
    run_extract(toy, tmp_path, blacklist=[toy / "blacklist.bed"])
    facts, rows = read_windows(tmp_path)
    dropped = facts["dropped"]
    assert len(rows) + sum(dropped.values()) == sum(length // BIN for length in LENGTHS.values())
    # By hand: the windows of the first and the last whole bin leave the chromosome, on each of
    # three chromosomes (chr2 ends 130 bp after its last bin, which is more than the flank of 100);
    # the blacklist touches bins 19 and 20 of chr1, and 0 (dropped before) and 1 of chr3.
    assert dropped == {
        "chromosome_left_out": 0,
        "beyond_chromosome_end": 5,
        "blacklist": 3,
        "unmappable": 0,
        "border": 0,
        "unknown_bases": 0,
        "unlabelled": 0,
    }
    assert not {("chr1", 3_800 - FLANK), ("chr1", 4_000 - FLANK), ("chr3", 200 - FLANK)} & {
        row[:2] for row in rows
    }


@pytest.mark.parametrize("stride", [BIN, 40])
def test_no_base_of_a_training_window_lies_in_another_region(stride, toy, run_extract, tmp_path):
    regions = {"valid": ["chr1:5000-9000"], "test": ["chr1:9000-12000", "chr3"]}
    run_extract(toy, tmp_path, stride=stride, targets=everywhere(tmp_path), **regions)
    facts, rows = read_windows(tmp_path)
    owner = {}
    for chrom, start, end, split, _ in rows:
        assert all(owner.setdefault((chrom, base), split) == split for base in range(start, end))
    assert {owner["chr1", 5_100], owner["chr1", 8_800]} == {"valid"} and owner[
        "chr1", 9_100
    ] == "test"
    # By hand: of the windows of 400 bp that begin 100 bp before a bin, two straddle each of the
    # three borders (5000, 9000, 12000); with a stride of 40, so do two of each of the four other
    # rows.
    assert facts["dropped"]["border"] == (6 if stride == BIN else 30)


def test_a_stride_adds_overlapping_bins_to_training_only(toy, run_extract, tmp_path):
    rows = {
        stride: read_windows(
            run_extract(
                toy, tmp_path / str(stride), stride=stride, blacklist=[toy / "blacklist.bed"]
            )
        )[1]
        for stride in (BIN, 40)
    }
    assert [row for row in rows[40] if row[3] != "train"] == [
        row for row in rows[BIN] if row[3] != "train"
    ]
    train = sorted(row[1] + FLANK for row in rows[40] if row[3] == "train")
    # By hand: bins at every multiple of 40 whose window lies in the 20,050 bp of chr1, less those
    # that hold one of the two blacklisted bases 3,999 and 4,000.
    starts = range(120, 20_050 - BIN - FLANK + 1, 40)
    assert train == [start for start in starts if not (start <= 4_000 and start + BIN > 3_999)]


def test_training_bins_can_be_chosen_and_the_other_splits_keep_all(toy, run_extract, tmp_path):
    rows = {
        kind: read_windows(run_extract(toy, tmp_path / kind, train_bins=kind, negatives=0.5))[1]
        for kind in ("all", "labelled", "sampled")
    }
    for split in ("valid", "test"):
        assert len({len([row for row in kind if row[3] == split]) for kind in rows.values()}) == 1
    train = {kind: [row for row in windows if row[3] == "train"] for kind, windows in rows.items()}
    labelled = [row for row in train["all"] if row[4]]
    assert train["labelled"] == labelled
    negatives = [row for row in train["sampled"] if not row[4]]
    assert len(negatives) == round(0.5 * len(labelled))
    touched = per_base(toy / "a.bed", "chr1") | per_base(toy / "b.bed", "chr1")
    assert not any(touched[row[1] + FLANK : row[1] + FLANK + BIN].any() for row in negatives)


def test_windows_of_unknown_bases_are_dropped(toy, run_extract, tmp_path):
    lines = (toy / "genome.fa").read_text()
    first, tail = lines.split(">chr2")
    body = first[6:].replace("\n", "")
    changed = body[:10_000] + "N" * 1_000 + body[11_000:]
    (tmp_path / "genome.fa").write_text(f">chr1\n{changed}\n>chr2{tail}")
    run_extract(toy, tmp_path, genome=tmp_path / "genome.fa", max_n=0.5)
    facts, rows = read_windows(tmp_path)
    # By hand: of windows at 10,000 + 200 k - 100, those with more than 200 of 400 bp in the range
    # from 10,000 to 11,000.
    assert facts["dropped"]["unknown_bases"] == 5
    assert not [row for row in rows if row[0] == "chr1" and 9_800 < row[1] < 10_800]


def test_a_target_without_a_training_positive_is_refused(toy, run_extract, tmp_path):
    write_bed(tmp_path / "c.bed", [("chr3", 2_000, 4_000)])
    (tmp_path / "targets.tsv").write_text("name\tfile\nC\tc.bed\n")
    with pytest.raises(
        DanqError, match=r"c\.bed: target 'C' has no positive window in the train and valid"
    ):
        run_extract(toy, tmp_path / "out", targets=tmp_path / "targets.tsv")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_a_target_without_a_training_negative_is_refused(toy, run_extract, tmp_path):
    (tmp_path / "targets.tsv").write_text(f"name\tfile\nA\t{toy / 'a.bed'}\n")
    with pytest.raises(DanqError, match="target 'A' has no negative window in the train split"):
        run_extract(toy, tmp_path / "out", targets=tmp_path / "targets.tsv", train_bins="labelled")


def test_a_window_at_the_limit_of_unknown_bases_is_kept(toy, run_extract, tmp_path):
    text = (toy / "genome.fa").read_text()
    body = text[6 : text.index(">chr2")].replace("\n", "")
    # 200 N in a window of 400 bp are half of it, one more is too many.
    for n, dropped in ((200, 0), (201, 1)):
        changed = body[:9_900] + "N" * n + body[9_900 + n :]
        (tmp_path / "genome.fa").write_text(f">chr1\n{changed}\n{text[text.index('>chr2') :]}")
        run_extract(toy, tmp_path, genome=tmp_path / "genome.fa", max_n=0.5)
        assert read_windows(tmp_path)[0]["dropped"]["unknown_bases"] == dropped


def test_bins_are_labelled_by_chosen_groups(toy, run_extract, tmp_path):
    write_bed(
        tmp_path / "c.bed",
        [(f"chr{i}", start, start + 200) for i in (1, 2, 3) for start in (1_000, 3_000)],
    )
    (tmp_path / "targets.tsv").write_text(
        f"name\tgroup\tfile\nA\tTF\t{toy / 'a.bed'}\nB\tDNase\t{toy / 'b.bed'}\nC\tTF\tc.bed\n"
    )
    options = {
        "targets": tmp_path / "targets.tsv",
        "train_bins": "labelled",
        "held_out_bins": "labelled",
    }
    every = rows_of(run_extract(toy, tmp_path / "any", **options))
    assert all(row[4] for row in every)
    some = rows_of(run_extract(toy, tmp_path / "tf", **options, groups=["TF"], valid=["chr2"]))
    assert some == [row for row in every if row[4] & {"0", "2"}] and 0 < len(some) < len(every)
    held_out = rows_of(
        run_extract(toy, tmp_path / "train", **options | {"held_out_bins": "all"}, groups=["TF"])
    )
    assert [row for row in held_out if row[3] == "train"] == [
        row for row in some if row[3] == "train"
    ]
    assert (
        len([row for row in held_out if row[3] == "test"]) == 28
    )  # 30 bins, less the first and the last
    with pytest.raises(
        DanqError, match="no target of the group 'histone'; there are 'DNase', 'TF'"
    ):
        run_extract(toy, tmp_path / "no", **options, groups=["histone"])


def test_sampled_negatives_touch_no_peak_of_any_target_and_match_in_gc(run_extract, tmp_path):
    rng = np.random.default_rng(2)
    # Along the first chromosome, GC content rises from 0.2 to 0.8; peaks lie where it is high.
    bases = [
        "".join(
            "GC"[rng.integers(2)]
            if rng.random() < 0.2 + 0.6 * position / length
            else "AT"[rng.integers(2)]
            for position in range(length)
        )
        for length in (120_000, 8_000, 8_000)
    ]
    write_fasta(tmp_path / "genome.fa", {f"chr{i}": text for i, text in enumerate(bases, 1)})
    peaks = [("chr1", start, start + 300) for start in range(70_000, 118_000, 1_600)]
    write_bed(tmp_path / "a.bed", [*peaks[::2], ("chr2", 2_000, 2_400), ("chr3", 2_000, 2_400)])
    write_bed(tmp_path / "b.bed", [*peaks[1::2], ("chr2", 5_000, 5_400), ("chr3", 5_000, 5_400)])
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\nB\tb.bed\n")
    gc = {}
    for match in (True, False):
        rows = rows_of(
            run_extract(tmp_path, tmp_path / str(match), train_bins="sampled", match_gc=match),
            "train",
        )
        assert len(rows) > 50
        for kind in (True, False):
            windows = [row for row in rows if bool(row[4]) == kind]
            gc[match, kind] = (
                np.mean(
                    [
                        bases[0][row[1] : row[2]].count("G") + bases[0][row[1] : row[2]].count("C")
                        for row in windows
                    ]
                )
                / WINDOW
            )
            if not kind:
                assert len(windows) == pytest.approx(len(rows) / 2, abs=0 if not match else 5)
                assert not any(
                    start < row[1] + FLANK + BIN and row[1] + FLANK < end
                    for row in windows
                    for _, start, end in peaks
                )
    assert abs(gc[True, False] - gc[True, True]) < 0.02 < 0.1 < gc[False, True] - gc[False, False]


def test_mostly_unmappable_bins_are_left_out(toy, run_extract, tmp_path):
    # Of bin 10 (2000-2200) 100 bp, of bin 11 (2200-2400) 101 bp, of bin 12 nothing.
    write_bed(tmp_path / "gaps.bed", [("chr1", 2_100, 2_301), ("chrUn", 5, 9)])
    run_extract(toy, tmp_path, unmappable=[tmp_path / "gaps.bed"])
    source, rows = read_windows(tmp_path)
    assert source["dropped"]["unmappable"] == 1
    starts = {row[1] + FLANK for row in rows if row[0] == "chr1"}
    assert {2_000, 2_400} <= starts and 2_200 not in starts
    counts = source["counts"][str(tmp_path / "gaps.bed")]
    assert counts == {"intervals": 2, "intervals_on_other_chromosomes": 1}


def test_windows_can_be_taken_from_some_chromosomes(toy, run_extract, tmp_path):
    regions = {"valid": ["chr1:0-4000"], "test": ["chr1:4000-8000"]}
    chromosomes = ["chr1", "chr2"]
    targets = everywhere(tmp_path)
    run_extract(toy, tmp_path, **regions, chromosomes=chromosomes, targets=targets)
    source, rows = read_windows(tmp_path)
    assert {row[0] for row in rows} == {"chr1", "chr2"} and source["dropped"][
        "chromosome_left_out"
    ] == 30
    with pytest.raises(DanqError, match="'chrX' is not in the genome"):
        run_extract(toy, tmp_path / "no", chromosomes=["chrX"])


def test_the_share_of_unknown_bases_is_compared_exactly(run_extract, tmp_path):
    # Every bin of 100 bp has 29 N: 0.29, the largest allowed share, though 0.29 * 100 is below 29
    # in binary numbers.
    write_fasta(
        tmp_path / "genome.fa",
        {f"chr{i}": ("N" * 29 + "ACGT" * 17 + "ACG") * 40 for i in (1, 2, 3)},
    )
    write_bed(tmp_path / "a.bed", [(f"chr{i}", 1_000, 1_500) for i in (1, 2, 3)])
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\n")
    run_extract(tmp_path, tmp_path / "out", bin_size=100, window=100, max_n=0.29)
    assert read_windows(tmp_path / "out")[0]["dropped"]["unknown_bases"] == 0


@pytest.mark.parametrize("match", [False, True])
def test_negatives_that_are_not_there_are_told_and_recorded(
    match, toy, run_extract, tmp_path, capsys
):
    ratio = 200.0
    output = run_extract(toy, tmp_path, train_bins="sampled", negatives=ratio, match_gc=match)
    told = capsys.readouterr().out
    _, rows = read_windows(output)
    train = [row for row in rows if row[3] == "train"]
    labelled = [row for row in train if row[4]]
    n_negative = len(train) - len(labelled)
    with open_dataset(output / "dataset.h5") as dataset:
        recorded = dataset.source["shortfalls"]
    assert recorded[0] == {
        "what": NEGATIVES,
        "asked": round(ratio * len(labelled)),
        "reached": n_negative,
    }
    assert f"fewer than asked for: {NEGATIVES}: {round(ratio * len(labelled)):,} asked for" in told
    assert [row["what"] for row in recorded[1:]] == ([GC_STEPS] if match else [])
    assert all(row["reached"] < row["asked"] for row in recorded)


def test_nothing_is_said_where_everything_is_there(toy, run_extract, tmp_path, capsys):
    output = run_extract(toy, tmp_path, train_bins="sampled", negatives=0.5)
    with open_dataset(output / "dataset.h5") as dataset:
        assert dataset.source["shortfalls"] == []
    assert "fewer than asked for" not in capsys.readouterr().out
