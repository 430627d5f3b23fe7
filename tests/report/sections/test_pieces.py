"""Cells and figures that sections share."""

import numpy as np
import pandas as pd

from danq.report.sections.pieces import interval_cell, model_cell, page_figures


def test_cells_of_differences():
    frame = pd.DataFrame(
        {"difference": [0.1, np.nan], "low": [0.05, np.nan], "high": [0.2, np.nan], "q": [0.01, 1]}
    )
    assert interval_cell(frame.iloc[0]) == ("+0.100", "[0.050, 0.200]", "drawn sure", "")
    assert interval_cell(frame.iloc[1]) == ("NA", "", "na", "")


def test_what_cannot_be_drawn_is_left_out():
    assert page_figures(None, None) == []


def test_models_have_a_description():
    assert model_cell("danq").note == "a convolution, then a bidirectional LSTM"
    assert model_cell("mine") == ("mine", "", "", "")
