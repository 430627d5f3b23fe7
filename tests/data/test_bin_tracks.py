"""bigWigs and narrowPeak files: what a reader of them finds is what was predicted."""

import numpy as np
import pandas as pd
import pyBigWig
import pytest

from danq.data import bin_tracks
from danq.data.bin_tracks import PEAK_COLUMNS, file_names, merge_high, write_bigwigs, write_peaks
from danq.errors import DanqError
from danq.files import read_table
from tests.conftest import file_limit
from tests.data.test_segments import OVERLAPPING, SIDE_BY_SIDE, base_means, bins_of


@pytest.mark.parametrize(
    "targets",
    [
        ["a", "a", "A", "a_2"],
        ["../../x", "x", "", ".", "a/b\\c", "=1+1", "\x1b[2J", "ä" * 300],
        [f"t{number}" for number in range(1000)],
    ],
)
def test_every_target_has_a_file_of_its_own_with_a_harmless_name(targets):
    names = file_names(targets, ".bw")
    assert len({name.lower() for name in names}) == len(targets)
    for name in names:
        assert name.isascii() and name.endswith(".bw") and len(name) < 255
        assert not set(name) & set("/\\ \x1b%=") and not name.startswith((".", "-"))


@pytest.mark.parametrize("rows", [SIDE_BY_SIDE, OVERLAPPING])
@pytest.mark.parametrize("group", [1, 100])
def test_a_bigwig_has_the_mean_of_every_base(rows, group, tmp_path, monkeypatch):
    monkeypatch.setattr(bin_tracks, "_TARGETS", group)
    bins = bins_of(rows)
    bins = bins._replace(rows=bins.rows._replace(spread=bins.rows.probabilities / 3))
    write_bigwigs(tmp_path / "bw", bins)
    expected = base_means(bins)
    table = read_table(tmp_path / "bw" / "README.tsv")
    assert table["file"].tolist() == ["t0.bw", "t1.bw", "t0.spread.bw", "t1.spread.bw"]
    for row in table.itertuples():
        column = bins.header.targets.index(row.target)
        share = 3 if row.content != "probability" else 1
        with pyBigWig.open(str(tmp_path / "bw" / row.file)) as file:
            assert file.chroms() == bins.header.sequences
            for name, values in expected.items():
                found = file.values(name, 0, len(values), numpy=True)
                np.testing.assert_allclose(found, values[:, column] / share, rtol=1e-6)
                intervals = file.intervals(name)
                ends = [interval[1] for interval in intervals[:-1]]
                starts = [interval[0] for interval in intervals[1:]]
                assert all(end <= start for end, start in zip(ends, starts, strict=True))


def test_a_bigwig_that_is_cut_off_is_an_error_and_leaves_nothing(tmp_path):
    with file_limit(100), pytest.raises(DanqError, match=r"t0\.bw: the bigWig .*disk full"):
        write_bigwigs(tmp_path / "bw", bins_of(SIDE_BY_SIDE))
    assert list((tmp_path / "bw").iterdir()) == []


def test_peaks_are_the_bases_that_reach_the_threshold(tmp_path):
    bins = bins_of(SIDE_BY_SIDE, n_targets=3)
    limits = {"t0": 0.6, "t2": 0.999999}
    write_peaks(tmp_path / "peaks", bins, limits)
    expected = base_means(bins)
    table = read_table(tmp_path / "peaks" / "README.tsv")
    assert table["target"].tolist() == ["t0", "t2"] and table["peaks"].tolist()[1] == 0
    assert not (tmp_path / "peaks" / "t1.narrowPeak").exists()
    path = tmp_path / "peaks" / "t0.narrowPeak"
    peaks = pd.read_csv(path, sep="\t", names=PEAK_COLUMNS)
    for name, values in expected.items():
        called = np.zeros(len(values), dtype=bool)
        for peak in peaks[peaks["chrom"] == name].itertuples():
            part = values[peak.start : peak.end, 0]
            assert not called[peak.start - 1] and not called[peak.end - 1]  # none touches another
            called[peak.start : peak.end] = True
            assert peak.signal_value == pytest.approx(part.max(), abs=1e-6)
            assert part[peak.peak] == part.max()
            assert peak.score == round(1000 * part.max())
        assert (called == (np.nan_to_num(values[:, 0]) >= 0.6)).all()
    assert len(peaks) and peaks["name"].is_unique


def test_no_high_segment_is_no_peak():
    empty = pd.DataFrame({"start": [], "end": [], "value": []})
    assert len(merge_high(empty)) == 0
