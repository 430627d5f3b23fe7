import types

import numpy as np
import pyBigWig
import pytest

from danq.interpret.tracks import (
    SMOOTH,
    draw,
    refuse_tracks,
    runs,
    safe,
    seqlets,
    write_bigwig,
    write_npz,
    write_seqlets,
)
from tests.conftest import refuse
from tests.data.test_attributions import made_up

CHROMOSOMES = {"chr1": 5000, "chr2": 3000, "chr10": 100}


def test_a_bigwig_reads_back_as_the_scores(tmp_path):
    found = made_up(3)
    found.table.loc[1, ["chrom", "start", "end"]] = "chr1", 0, 30
    write_bigwig(tmp_path / "a.bw", found, CHROMOSOMES)
    with pyBigWig.open(str(tmp_path / "a.bw")) as file:
        assert file.chroms() == CHROMOSOMES
        for row, scores in zip(found.table.itertuples(), found.scores, strict=True):
            np.testing.assert_array_equal(file.values(row.chrom, row.start, row.end), scores)
        assert (
            np.isnan(file.values("chr2", 130, 200)).all()
            and np.isnan(file.values("chr1", 30, 60)).all()
        )


def test_overlapping_windows_have_their_mean_in_a_bigwig(tmp_path):
    found = made_up(2)
    found.table["start"], found.table["end"] = [120, 100], [150, 130]
    write_bigwig(tmp_path / "a.bw", found, CHROMOSOMES)
    with pyBigWig.open(str(tmp_path / "a.bw")) as file:
        values = np.array(file.values("chr2", 100, 150))
    second, first = found.scores
    np.testing.assert_array_equal(values[:20], first[:20])
    np.testing.assert_allclose(values[20:30], (first[20:] + second[:10]) / 2, rtol=1e-6)
    np.testing.assert_array_equal(values[30:], second[10:])


def test_runs_touch_or_are_apart():
    assert runs(np.array([5, 2]), np.arange(6.0).reshape(2, 3)) == [
        (2, [3.0, 4.0, 5.0, 0.0, 1.0, 2.0])
    ]
    assert [start for start, _ in runs(np.array([6, 2]), np.zeros((2, 3)))] == [2, 6]


def quiet(length=200, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, length)


def test_seqlets_are_where_the_score_stands_out():
    scores = quiet()
    scores[50:62] += 1
    scores[150:160] += 1
    scores[100:110] -= 3  # what lowers a prediction is none
    found = seqlets(scores)
    assert len(found) == 2
    for (start, end), (first, last) in zip(found, [(50, 62), (150, 160)], strict=True):
        assert first - SMOOTH // 2 <= start <= first and last <= end <= last + SMOOTH // 2


def test_a_window_without_a_signal_has_hardly_a_seqlet():
    assert sum(len(seqlets(quiet(1000, seed))) for seed in range(20)) <= 2
    assert seqlets(np.zeros(50)) == [] and seqlets(np.full(50, 0.7)) == []


def test_a_single_strong_base_is_one_smoothing_width():
    scores = quiet()
    scores[80] = 50
    assert seqlets(scores) == [(80 - SMOOTH // 2, 80 + SMOOTH // 2 + 1)]


def test_bed_is_zero_based_half_open_and_sorted(tmp_path):
    found = made_up(3, length=200, names=("Factor A (K562)", "b\tc"))
    found.hypothetical[:] = 0
    for row, (start, height) in enumerate([(50, 1), (150, 4), (20, 2)]):
        found.hypothetical[row, :, start : start + 12] = height
    found.table.loc[2, ["chrom", "start", "end"]] = "chr1", 0, 200
    write_seqlets(tmp_path / "a.bed", found)
    lines = [line.split("\t") for line in (tmp_path / "a.bed").read_text().splitlines()]
    half = SMOOTH // 2
    # chr2 windows begin at 100 and 1100; a smoothed score reaches `half` beyond its bases.
    assert [line[:3] for line in lines] == [
        ["chr1", str(20 - half), str(32 + half)],
        ["chr2", str(150 - half), str(162 + half)],
        ["chr2", str(1250 - half), str(1262 + half)],
    ]
    assert [line[3:6] for line in lines] == [
        ["Factor_A_K562", "500", "."],
        ["Factor_A_K562", "250", "."],
        ["b_c", "1000", "."],
    ]
    assert [line[6:] for line in lines] == [
        ["24.0000", "0", "0-200"],
        ["12.0000", "0", "100-300"],
        ["48.0000", "1", "1100-1300"],
    ]


def test_a_bed_without_a_seqlet_is_empty(tmp_path):
    found = made_up()
    found.hypothetical[:] = 0
    write_seqlets(tmp_path / "a.bed", found)
    assert (tmp_path / "a.bed").read_text() == ""


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("CTCF", "CTCF"),
        ("8988T|DNase|None", "8988T_DNase_None"),
        ("\t", "target"),
        ("<b>B</b>", "b_B_b"),
        ("a" * 300, "a" * 200),
    ],
)
def test_safe_names(name, word):
    assert safe(name) == word


def test_npz_is_what_modisco_loads(tmp_path):
    found = made_up()
    write_npz(tmp_path / "ohe.npz", tmp_path / "shap.npz", found)
    one_hot, scores = (np.load(tmp_path / name)["arr_0"] for name in ("ohe.npz", "shap.npz"))
    assert (
        one_hot.shape == scores.shape == (2, 4, 30) and one_hot.dtype == scores.dtype == np.float32
    )
    np.testing.assert_array_equal((one_hot * scores).sum(axis=1), found.scores)
    np.testing.assert_array_equal(scores, found.hypothetical)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_drawings_are_the_same_bytes(tmp_path, suffix):
    found = made_up(10, length=120)
    for name in ("a", "b"):
        draw(found, tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_windows_without_a_place_have_no_track():
    data = types.SimpleNamespace(attributes={"coordinates": "rows"})
    for files in ({"bigwig": "a.bw", "bed": None}, {"bigwig": None, "bed": "a.bed"}):
        refuse(
            "d.h5: its windows have no place in a genome; leave out --bigwig and --bed",
            refuse_tracks,
            data,
            [0],
            "d.h5",
            figure=None,
            **files,
        )
    refuse_tracks(data, [0], "d.h5", bigwig=None, bed=None, figure="a.svg")


def test_stretches_that_only_stand_out_from_worse_ones_are_left_out():
    scores = np.concatenate([[-3.1, -2.9] * 20, [-1.0] * 12, [-3.1, -2.9] * 20])
    assert seqlets(scores) == [] and len(seqlets(scores + 3)) == 1
