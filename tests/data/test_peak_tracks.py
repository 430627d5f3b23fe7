"""bigBed files of peaks, read back by another library, against a plain reading of the BED."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from danq.data import peak_tracks as s
from danq.errors import DanqError
from danq.genome.chromosomes import Chromosomes
from danq.genome.peaks import Peaks
from danq.genome.tables import Target

pyBigWig = pytest.importorskip("pyBigWig")
pybigtools = pytest.importorskip("pybigtools")

LENGTHS = {"chr2": 5_000, "chr10": 900, "chr1": 40}
"""Neither in the order of their names, nor of their lengths."""


def target(folder, name, text, widen=0):
    path = folder / f"{len(list(folder.iterdir()))}.bed"
    path.write_text(text)
    return Target(name, "", str(path), "", path.name, {}, widen)


def entries(path):
    """Return all intervals of a bigBed, by chromosome."""
    with pyBigWig.open(str(path)) as file:
        assert file.isBigBed()
        chromosomes = file.chroms()
        read = {name: file.entries(name, 0, LENGTHS[name]) or [] for name in chromosomes}
    return {name: [entry[:2] for entry in rows] for name, rows in read.items()}


def test_the_peaks_are_those_of_the_files_sorted_clipped_and_renamed(tmp_path):
    one = "chr2\t300\t500\nchr2\t100\t400\nchr10\t0\t900\n2\t4900\t5100\nchrUn\t1\t2\nchr2\t7\t7\n"
    targets = [target(tmp_path, "same", one), target(tmp_path, "same", "chr1\t10\t20\n", widen=15)]
    chromosomes = Chromosomes(LENGTHS, {"2": "chr2"})
    first, second = s.write_peak_tracks(tmp_path / "peaks", targets, chromosomes)
    found = entries(first)
    assert found["chr2"] == [(100, 400), (300, 500), (4900, 5000)]
    assert found["chr10"] == [(0, 900)] and not found.get("chr1")
    assert entries(second)["chr1"] == [(0, 35)]
    assert (first.name, second.name) == ("same.bb", "same_2.bb")
    table = pd.read_csv(tmp_path / "peaks" / "README.tsv", sep="\t")
    assert table["file"].tolist() == ["same.bb", "same_2.bb"]
    assert table["peaks"].tolist() == [4, 1] and table["source"].tolist() == ["0.bed", "1.bed"]


def test_many_intervals_come_back_as_they_are(tmp_path):
    rng = np.random.default_rng(0)
    start = rng.integers(0, 4_000, 3_000)
    peaks = pd.DataFrame({"chrom": 0, "start": start, "end": start + rng.integers(1, 900, 3_000)})
    s.write_big_bed(tmp_path / "a.bb", peaks, Chromosomes(LENGTHS))
    wanted = sorted(zip(peaks["start"], peaks["end"], strict=True))
    assert entries(tmp_path / "a.bb")["chr2"] == wanted


def test_a_target_without_a_peak_on_the_genome_has_no_track(tmp_path, monkeypatch):
    chrom = np.array([0, 0])
    group = Peaks(range(2), np.array([0, 1]), chrom, np.array([5, 5]), np.array([5, 9]))
    monkeypatch.setattr(s, "read_peaks", lambda *_, **__: iter([group]))
    targets = [target(tmp_path, "a", ""), target(tmp_path, "b", "")]
    tracks = s.write_peak_tracks(tmp_path / "peaks", targets, Chromosomes(LENGTHS))
    assert tracks[0] is None and entries(tracks[1])["chr2"] == [(5, 9)]
    assert not (tmp_path / "peaks" / "a.bb").exists()


class Cutting:
    """As bigtools on a full disk: it leaves a part, and may say nothing, or panic."""

    class PanicError(BaseException):
        """Rust's own, which is no Exception."""

    def __init__(self, size, panics=False):
        self.size = size
        self.panics = panics

    def open(self, path, mode):
        self.path = path
        self.file = pybigtools.open(path, mode)
        return self

    def write(self, lengths, rows):
        self.file.write(lengths, rows)
        content = Path(self.path).read_bytes()
        Path(self.path).write_bytes(content[: self.size])
        if self.panics:
            raise self.PanicError("called `Result::unwrap()`")


def test_a_file_that_is_cut_off_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    peaks = pd.DataFrame({"chrom": [0, 1], "start": [30, 7], "end": [50, 8]})
    s.write_big_bed(tmp_path / "a.bb", peaks, Chromosomes(LENGTHS))
    size = (tmp_path / "a.bb").stat().st_size
    (tmp_path / "a.bb").unlink()
    for kept in range(0, size, 5):
        monkeypatch.setattr(s, "load_pybigtools", lambda kept=kept: Cutting(kept))
        with pytest.raises(DanqError, match="the bigBed cannot be read back: is the disk full"):
            s.write_big_bed(tmp_path / "a.bb", peaks, Chromosomes(LENGTHS))
        assert not list(tmp_path.iterdir())
    monkeypatch.setattr(s, "load_pybigtools", lambda: Cutting(0, panics=True))
    with pytest.raises(DanqError, match="the bigBed cannot be written"):
        s.write_big_bed(tmp_path / "a.bb", peaks, Chromosomes(LENGTHS))
    assert not list(tmp_path.iterdir())


def test_without_pybigtools_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pybigtools", None)
    with pytest.raises(DanqError, match=r"danq\[interpret\]"):
        s.load_pybigtools()
