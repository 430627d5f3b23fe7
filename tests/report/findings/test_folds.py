"""Differences fold by fold: their mean is that of the pair."""

import numpy as np
import pandas as pd
import pytest

from danq import read_run
from danq.report.findings.folds import fold_differences, fold_means, one_sign
from danq.report.sentences import fold_sentence
from tests.report.folds_toy import SETS, write_folds
from tests.report.toy_run import write_run


def test_every_fold_has_the_difference_of_every_pair(tmp_path):
    run = read_run(write_folds(tmp_path / "run"))
    table = fold_differences(run)
    assert table["fold"].tolist() == [0, 1, 2] and table["regions"].tolist() == SETS
    for place, pair in enumerate(run.pairs):
        assert table[f"pair{place}"].mean() == pytest.approx(pair.mean["difference"])
        assert fold_sentence(pair).startswith("Fold by fold, ")


def test_a_run_with_one_split_has_none(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert fold_differences(run).empty and fold_means(run.pairs[0]).empty
    assert fold_sentence(run.pairs[0]) == ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.1, 0.2], True), ([-0.1, -0.2, np.nan], True), ([0.1, -0.1], False), ([0.1, 0.0], False)],
)
def test_one_sign_in_every_fold(values, expected):
    assert one_sign(pd.Series(values)) == expected
