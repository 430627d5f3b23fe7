"""One target less another, as a ranked table and as a track."""

import numpy as np
import pyBigWig
import pytest
from scipy.special import logit

from danq.cli import main
from danq.data.bins import BinsWriter, read_bins
from danq.data.contrast import log_odds
from danq.files import read_table
from tests.data.test_segments import OVERLAPPING, base_means, bins_of


@pytest.fixture
def path(tmp_path):
    made = bins_of(OVERLAPPING, n_targets=3)
    facts = {"models": "m", "window": 100, "bin_size": 20, "step": 20, "min_known": 0.5}
    header = made.header._replace(facts=facts)
    n = len(OVERLAPPING)
    writer = BinsWriter(tmp_path / "b.h5", header, n, np.dtype(np.float32), False, {})
    writer.append(made.rows)
    writer.finish()
    writer.keep()
    return tmp_path / "b.h5"


def contrast(path, *words):
    return main(["contrast", "--bins", str(path), *map(str, words)])


def test_the_difference_of_log_odds_as_table_and_track(path, tmp_path):
    words = ["--table", tmp_path / "t.tsv", "--bigwig", tmp_path / "d.bw"]
    assert contrast(path, "--targets", "t2", "0", *words) == 0
    bins = read_bins(path)
    table = read_table(tmp_path / "t.tsv")
    assert table.columns.tolist() == ["chrom", "start", "end", "t2", "t0", "log_odds_difference"]
    difference = logit(table["t2"]) - logit(table["t0"])
    np.testing.assert_allclose(table["log_odds_difference"], difference, rtol=1e-5)
    sizes = table["log_odds_difference"].abs()
    assert sizes.is_monotonic_decreasing and len(table) == len(OVERLAPPING)
    with pyBigWig.open(str(tmp_path / "d.bw")) as file:
        for name, means in base_means(bins).items():
            found = file.values(name, 0, len(means), numpy=True)
            expected = logit(means[:, 2]) - logit(means[:, 0])
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_table_is_no_longer_than_asked_for(path, tmp_path):
    contrast(path, "--targets", "t0", "t1", "--rows", 2, "--table", tmp_path / "t.tsv")
    whole = tmp_path / "whole.tsv"
    contrast(path, "--targets", "t0", "t1", "--table", whole)
    assert read_table(tmp_path / "t.tsv").equals(read_table(whole).head(2))


def test_certain_probabilities_have_finite_log_odds():
    assert np.isfinite(log_odds(np.array([0.0, 1.0, 1e-12]))).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--targets", "t0", "t1"], "nothing is to be written; give --table or --bigwig"),
        (["--targets", "t0", "0", "--table", "t"], "a target is compared with itself; name two"),
        (["--targets", "t0", "x", "--table", "t"], "'x'"),
    ],
)
def test_what_cannot_be_compared_is_refused(path, capsys, words, message):
    assert contrast(path, *words) == 2
    assert message in capsys.readouterr().err
