"""What a comparison says, by hand-made numbers."""

import numpy as np
import pandas as pd
import pytest

from danq.report.findings import pairs as p
from danq.report.run_scores import Pair


def pair(a="danq", b="danq_conv", differences=(), q=np.nan, **mean):
    rows = pd.DataFrame({"difference": list(differences), "q": q})
    return Pair(a, b, rows, pd.Series(mean, dtype=float), pd.DataFrame())


def test_the_local_twin_answers_the_question_and_the_other_has_the_same_receptive_field():
    compared = [pair(b="deepsea"), pair(b="danq_residual"), pair()]
    assert p.question_pair(compared).b == "danq_conv"
    assert p.window_twin_pair(compared).b == "danq_residual"
    assert p.question_pair(compared[:1]) is None and p.window_twin_pair([]) is None
    assert p.find_pair(compared, "deepsea", "danq") is None


def test_targets_by_the_sign_of_their_difference():
    compared = pair(differences=[0.1, 0.0, -0.2, 0.3, np.nan], q=[0.01, 0.5, 0.01, 0.06, np.nan])
    assert p.tally(compared) == p.Tally(higher=2, lower=1, equal=1, total=4)
    assert p.sure_tally(compared) == p.Tally(higher=1, lower=1, equal=0, total=2)
    assert p.sure_tally(pair(differences=[0.1])) is None


@pytest.mark.parametrize(
    ("seeds", "windows", "source"),
    [(0.4, 0.1, "seeds"), (0.1, 0.4, "windows"), (0.1, 0.14, "both"), (np.nan, 0.1, "")],
)
def test_what_makes_a_difference_uncertain(seeds, windows, source):
    assert p.main_source(pair(seed_sd=seeds, sampling_sd=windows)) == source
