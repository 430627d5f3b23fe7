import gzip
import hashlib

import pytest

from danq.genome.targets import listed_text, numbers_text, targets_from_folder
from tests.conftest import read_tsv, refuse


def write_all(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"chr1\t10\t{len(name) + 20}\n".encode())


def test_a_folder_becomes_a_table(tmp_path, capsys):
    peaks = tmp_path / "data" / "peaks"
    write_all(
        peaks,
        "Rest.narrowPeak",
        "atac.broadPeak.gz",
        "TF/ctcf.bed.gz",
        "TF/sub/a b.BED",
        "notes.txt",
        "x.bigBed",
        ".hidden.bed",
        ".git/y.bed",
    )
    (peaks / "TF/ctcf.bed.gz").write_bytes(gzip.compress(b"chr1\t10\t20\n"))
    targets_from_folder(peaks, tmp_path / "runs" / "targets.tsv", group="mine")
    rows = read_tsv(tmp_path / "runs" / "targets.tsv")
    assert [(row["name"], row["group"], row["file"]) for row in rows] == [
        ("Rest", "mine", "../data/peaks/Rest.narrowPeak"),
        ("a b", "TF/sub", "../data/peaks/TF/sub/a b.BED"),
        ("atac", "mine", "../data/peaks/atac.broadPeak.gz"),
        ("ctcf", "TF", "../data/peaks/TF/ctcf.bed.gz"),
    ]
    for row in rows:
        path = tmp_path / "runs" / row["file"]
        assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert row["jaspar"] == "."
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path / 'runs' / 'targets.tsv'}: 4 targets, by group: 1 TF, 1 TF/sub, 2 mine",
        "left out: 2 that are not BED files: 'notes.txt', 'x.bigBed'",
    ]


def test_a_table_beside_the_peaks_is_not_listed_as_left_out_and_can_be_made_again(tmp_path, capsys):
    write_all(tmp_path, "a.narrowPeak.bed", "b.bed")
    targets_from_folder(tmp_path, tmp_path / "targets.tsv")
    first = (tmp_path / "targets.tsv").read_bytes()
    targets_from_folder(tmp_path, tmp_path / "targets.tsv")
    assert (tmp_path / "targets.tsv").read_bytes() == first
    assert [
        (row["name"], row["group"], row["file"]) for row in read_tsv(tmp_path / "targets.tsv")
    ] == [
        ("a", "all", "a.narrowPeak.bed"),
        ("b", "all", "b.bed"),
    ]
    assert "left out" not in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {
        "a.narrowPeak.bed",
        "b.bed",
        "targets.tsv",
    }


def test_paths_hold_when_the_table_lies_behind_a_link(tmp_path):
    write_all(tmp_path / "peaks", "a.bed")
    (tmp_path / "deep" / "runs").mkdir(parents=True)
    (tmp_path / "runs").symlink_to(tmp_path / "deep" / "runs")
    targets_from_folder(tmp_path / "peaks", tmp_path / "runs" / "targets.tsv")
    assert (tmp_path / "runs" / read_tsv(tmp_path / "runs" / "targets.tsv")[0]["file"]).is_file()


def test_a_folder_without_peaks_is_refused(tmp_path):
    write_all(tmp_path / "in", "readme.txt", ".hidden.bed", "bed.gz")
    refuse(
        f"{tmp_path / 'in'}: holds no .bed, .narrowPeak or .broadPeak file (plain or .gz); give "
        "the folder of the "
        "peaks",
        targets_from_folder,
        tmp_path / "in",
        tmp_path / "t.tsv",
    )
    refuse(
        f"{tmp_path / 'no'}: there is no such folder; check the path",
        targets_from_folder,
        tmp_path / "no",
        tmp_path / "t.tsv",
    )
    assert not (tmp_path / "t.tsv").exists()


def test_two_files_of_one_name_are_refused_in_one_group_only(tmp_path):
    write_all(tmp_path / "in", "TF/ctcf.bed", "DNase/ctcf.bed")
    targets_from_folder(tmp_path / "in", tmp_path / "t.tsv")
    assert [(row["name"], row["group"]) for row in read_tsv(tmp_path / "t.tsv")] == [
        ("ctcf", "DNase"),
        ("ctcf", "TF"),
    ]
    write_all(tmp_path / "in", "TF/CTCF.bed.gz")
    refuse(
        f"{tmp_path / 'in'}: 'in/TF/CTCF.bed.gz' and 'in/TF/ctcf.bed' would both be the target "
        "'ctcf' of the group "
        "'TF'; rename one",
        targets_from_folder,
        tmp_path / "in",
        tmp_path / "t.tsv",
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a\tb.bed", r"'a\tb.bed'"),
        (b"a\nb.bed", r"'a\nb.bed'"),
        (b"a\x1b.bed", r"'a\x1b.bed'"),
        (b"a\xff.bed", r"'a\udcff.bed'"),
    ],
)
def test_names_that_would_break_the_table_are_refused(tmp_path, name, shown):
    (tmp_path / "in").mkdir()
    with open(bytes(tmp_path / "in") + b"/" + name, "wb") as out:
        out.write(b"chr1\t1\t2\n")
    refuse(
        f"{shown}: {shown.replace('.bed', '')} holds a control character or bytes that are not "
        "UTF-8; rename it",
        targets_from_folder,
        tmp_path / "in",
        tmp_path / "t.tsv",
    )


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("#a", "begins with #, as a comment does; rename it"),
        ('"a"', "is in double quotes; rename it"),
    ],
)
def test_names_that_would_be_read_as_something_else_are_refused(tmp_path, name, fault):
    write_all(tmp_path / "in", f"{name}.bed")
    refuse(
        f"'{name}.bed': '{name}' {fault}",
        targets_from_folder,
        tmp_path / "in",
        tmp_path / "t.tsv",
    )


def test_listed_texts_are_cut_after_the_eighth():
    assert listed_text("bab") == "'a', 'b'"
    assert listed_text("ihgfedcba") == "'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', ..."


def test_numbers_are_sorted_by_name():
    assert numbers_text({"histone": 1, "TF": 2}) == "2 TF, 1 histone"


def test_a_table_may_not_overwrite_a_peak_file(tmp_path):
    write_all(tmp_path, "TF/a.bed", "b.bed")
    output = tmp_path / "TF" / "a.bed"
    before = output.read_bytes()
    message = f"{output}: is also an input, a peak file in {tmp_path}; choose another output file"
    refuse(message, targets_from_folder, tmp_path, output)
    assert output.read_bytes() == before


@pytest.mark.parametrize("peaks", ["NA_peaks.narrowPeak", "NA_peaks.broadPeak.gz", "NA_peaks.bed"])
def test_summits_beside_their_peaks_are_no_target(tmp_path, capsys, peaks):
    write_all(tmp_path, f"a/{peaks}", "a/NA_summits.bed", "b/NA_summits.bed", "a/x_summits.bed")
    targets_from_folder(tmp_path, tmp_path / "targets.tsv")
    rows = read_tsv(tmp_path / "targets.tsv")
    assert [(row["name"], row["group"]) for row in rows] == [
        ("NA_peaks", "a"),
        ("NA_summits", "b"),
        ("x_summits", "a"),
    ]
    message = "left out: 1 of summits, beside their peaks: 'NA_summits.bed'"
    assert message in capsys.readouterr().err.splitlines()
