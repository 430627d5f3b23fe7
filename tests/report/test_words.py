"""How numbers, lists and models are written."""

import numpy as np
import pandas as pd
import pytest

from danq.report import words
from danq.report.run_scores import Pair


def test_models_are_called_as_in_the_catalogue_and_others_by_their_name():
    assert words.title("danq_conv") == "DanQ-conv" and words.title("kmer") == "k-mer"
    assert words.title("mine") == "mine" and words.description("mine") == ""
    pair = Pair("danq", "mine", pd.DataFrame(), pd.Series(), pd.DataFrame())
    assert words.versus(pair) == "DanQ − mine"


@pytest.mark.parametrize("undefined", [None, np.nan, np.inf])
def test_undefined_numbers_are_na(undefined):
    assert words.number(undefined) == "NA"
    assert words.interval(0.1, np.nan) == "" and words.percent(np.nan) == "NA"


def test_a_tiny_negative_number_is_no_minus_nothing():
    assert words.number(-0.0001) == "0.000" and words.signed(-0.0001) == "0.000"


def test_clauses_that_are_empty_leave_no_blank():
    assert words.sentence("a", "", "b") == "a b" and words.sentence("", "") == ""
