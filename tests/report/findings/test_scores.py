"""What scores say, by hand-made numbers."""

import numpy as np
import pandas as pd

from danq import read_run
from danq.report.findings import scores as s
from tests.report.toy_run import write_run


def test_best_network_and_better_baseline_are_marked(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    values = pd.Series({"deepsea": 0.2, "danq": 0.3, "danq_conv": 0.1, "kmer": 0.4, "scan": np.nan})
    assert [s.standing(values, model, run) for model in values.index] == [
        "",
        "best",
        "",
        "beats",
        "na",
    ]
