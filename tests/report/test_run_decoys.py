"""Histograms of predictions for positive windows and decoys."""

import numpy as np
import pandas as pd

from danq.report.run_decoys import BINS, count_scores, read_decoy_scores


def test_every_positive_and_every_decoy_is_counted_once_in_its_bin():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, (50, 2))
    labels = rng.uniform(0, 1, (50, 2)) < 0.3
    decoys = ~labels & (rng.uniform(0, 1, (50, 2)) < 0.3)
    decoys[:, 1] = False
    table = count_scores("danq", scores, labels, decoys)
    assert set(table["target"]) == {0}  # the other one has no decoys
    for kind, members in (("positive", labels), ("decoy", decoys)):
        counts = table.loc[table["kind"] == kind, "n"].tolist()
        bins = (scores[members[:, 0], 0] * BINS).astype(int)
        assert counts == np.bincount(bins, minlength=BINS).tolist()


def test_a_run_without_elements_has_none(tmp_path):
    table = read_decoy_scores(tmp_path, [])
    assert isinstance(table, pd.DataFrame) and table.empty
