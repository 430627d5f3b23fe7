"""Tracks read back by other programs, and stretches of high score."""

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
HALF = SMOOTH // 2


def test_a_bigwig_reads_back_as_the_scores(tmp_path):
    attributions = made_up(3)
    attributions.table.loc[1, ["chrom", "start", "end"]] = "chr1", 0, 30
    path = tmp_path / "a.bw"
    write_bigwig(path, attributions, CHROMOSOMES)
    rows = attributions.table.itertuples()
    with pyBigWig.open(str(path)) as file:
        assert file.chroms() == CHROMOSOMES
        for row, scores in zip(rows, attributions.scores, strict=True):
            values = file.values(row.chrom, row.start, row.end)
            np.testing.assert_array_equal(values, scores)
        assert np.isnan(file.values("chr2", 130, 200)).all()
        assert np.isnan(file.values("chr1", 30, 60)).all()


def test_overlapping_windows_have_their_mean_in_a_bigwig(tmp_path):
    attributions = made_up(2)
    attributions.table["start"] = [120, 100]
    attributions.table["end"] = [150, 130]
    path = tmp_path / "a.bw"
    write_bigwig(path, attributions, CHROMOSOMES)
    with pyBigWig.open(str(path)) as file:
        values = np.array(file.values("chr2", 100, 150))
    second, first = attributions.scores
    np.testing.assert_array_equal(values[:20], first[:20])
    np.testing.assert_allclose(values[20:30], (first[20:] + second[:10]) / 2, rtol=1e-6)
    np.testing.assert_array_equal(values[30:], second[10:])


def test_runs_touch_or_are_apart():
    scores = np.arange(6.0).reshape(2, 3)
    assert runs(np.array([5, 2]), scores) == [(2, [3.0, 4.0, 5.0, 0.0, 1.0, 2.0])]
    apart = runs(np.array([6, 2]), scores)
    assert [run.start for run in apart] == [2, 6]


def quiet(length=200, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, length)


def test_seqlets_are_where_the_score_stands_out():
    scores = quiet()
    scores[50:62] += 1
    scores[150:160] += 1
    scores[100:110] -= 3  # what lowers a prediction is none
    stretches = seqlets(scores)
    assert len(stretches) == 2
    for stretch, (first, last) in zip(stretches, [(50, 62), (150, 160)], strict=True):
        assert first - HALF <= stretch.start <= first
        assert last <= stretch.end <= last + HALF


def test_a_window_without_a_signal_has_hardly_a_seqlet():
    counts = [len(seqlets(quiet(1000, seed))) for seed in range(20)]
    assert sum(counts) <= 2
    assert seqlets(np.zeros(50)) == []
    assert seqlets(np.full(50, 0.7)) == []


def test_a_single_strong_base_is_one_smoothing_width():
    scores = quiet()
    scores[80] = 50
    assert seqlets(scores) == [(80 - HALF, 80 + HALF + 1)]


def test_bed_is_zero_based_half_open_and_sorted(tmp_path):
    attributions = made_up(3, length=200, names=("Factor A (K562)", "b\tc"))
    attributions.hypothetical[:] = 0
    for row, (start, height) in enumerate([(50, 1), (150, 4), (20, 2)]):
        attributions.hypothetical[row, :, start : start + 12] = height
    attributions.table.loc[2, ["chrom", "start", "end"]] = "chr1", 0, 200
    path = tmp_path / "a.bed"
    write_seqlets(path, attributions)
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    # chr2 windows begin at 100 and 1100; a smoothed score reaches `HALF` beyond its bases.
    sites = [("chr1", 20, 32), ("chr2", 150, 162), ("chr2", 1250, 1262)]
    expected = [[chrom, str(start - HALF), str(end + HALF)] for chrom, start, end in sites]
    assert [line[:3] for line in lines] == expected
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
    attributions = made_up()
    attributions.hypothetical[:] = 0
    path = tmp_path / "a.bed"
    write_seqlets(path, attributions)
    assert path.read_text() == ""


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
    attributions = made_up()
    paths = (tmp_path / "ohe.npz", tmp_path / "shap.npz")
    write_npz(*paths, attributions)
    one_hot, hypothetical = (np.load(path)["arr_0"] for path in paths)
    assert one_hot.shape == hypothetical.shape == (2, 4, 30)
    assert one_hot.dtype == hypothetical.dtype == np.float32
    scores = (one_hot * hypothetical).sum(axis=1)
    np.testing.assert_array_equal(scores, attributions.scores)
    np.testing.assert_array_equal(hypothetical, attributions.hypothetical)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_drawings_are_the_same_bytes(tmp_path, suffix):
    attributions = made_up(10, length=120)
    first = tmp_path / f"a.{suffix}"
    second = tmp_path / f"b.{suffix}"
    draw(attributions, first)
    draw(attributions, second)
    assert first.read_bytes() == second.read_bytes()


def test_windows_without_a_place_have_no_track():
    data = types.SimpleNamespace(attributes={"coordinates": "rows"})
    message = "d.h5: its windows have no place in a genome; leave out --bigwig and --bed"
    for files in ({"bigwig": "a.bw", "bed": None}, {"bigwig": None, "bed": "a.bed"}):
        refuse(message, refuse_tracks, data, [0], "d.h5", figure=None, **files)
    refuse_tracks(data, [0], "d.h5", bigwig=None, bed=None, figure="a.svg")


def test_stretches_that_only_stand_out_from_worse_ones_are_left_out():
    low = [-3.1, -2.9] * 20
    scores = np.array([*low, *[-1.0] * 12, *low])
    assert seqlets(scores) == []
    assert len(seqlets(scores + 3)) == 1
