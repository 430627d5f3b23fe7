"""BigWigs that are not whole are errors, wherever they are cut off."""

import numpy as np
import pyBigWig
import pytest

from danq.data.bigwig import bigwigs, load_pybigwig
from danq.errors import DanqError
from tests.conftest import file_limit

SEQUENCES = {"chr1": 100_000, "chr2": 10}


def write(path):
    with bigwigs([path], SEQUENCES) as tracks:
        for start in range(0, 90_000, 300):
            tracks.add_bases("chr1", start, np.arange(start, start + 200.0)[:, None])


def test_a_whole_file_is_read_back(tmp_path):
    write(tmp_path / "a.bw")
    with pyBigWig.open(str(tmp_path / "a.bw")) as file:
        assert file.chroms() == SEQUENCES and file.values("chr1", 300, 302) == [300, 301]
    assert load_pybigwig() is pyBigWig


def test_several_files_are_written_at_once(tmp_path):
    paths = [tmp_path / "a.bw", tmp_path / "b.bw"]
    starts = np.array([5, 20, 40])
    ends = np.array([9, 30, 41])
    with bigwigs(paths, SEQUENCES) as tracks:
        tracks.add_stretches("chr1", starts, ends, np.array([[1, 2], [3, 4], [5, 6]]))
        tracks.add_stretches("chr1", starts[:0], ends[:0], np.empty((0, 2)))
    for path, values in zip(paths, ([1, 3, 5], [2, 4, 6]), strict=True):
        with pyBigWig.open(str(path)) as file:
            found = file.intervals("chr1")
        assert found == tuple(zip(starts.tolist(), ends.tolist(), values, strict=True))


def test_a_file_that_lacks_bases_is_an_error(tmp_path):
    with (
        pytest.raises(DanqError, match=r"a\.bw: the bigWig has 3 of 4 bases: is the disk full"),
        bigwigs([tmp_path / "a.bw"], SEQUENCES) as tracks,
    ):
        tracks.add_bases("chr1", 5, np.ones((3, 1)))
        tracks.covered += 1  # as if one had been forgotten
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_noticed_wherever_it_is_full(tmp_path):
    write(tmp_path / "whole.bw")
    size = (tmp_path / "whole.bw").stat().st_size
    for limit in [*range(0, size, size // 5), size - 4, size - 1]:
        path = tmp_path / "a.bw"
        with file_limit(limit), pytest.raises(DanqError, match=r"a\.bw: the bigWig .*disk full\?"):
            write(path)
        assert [path.name for path in tmp_path.iterdir()] == ["whole.bw"], limit


def test_an_error_of_the_block_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), bigwigs([tmp_path / "a.bw"], SEQUENCES):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
