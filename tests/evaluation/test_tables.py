"""Tables of an evaluation."""

import numpy as np

from danq.evaluation.tables import decoy_auroc


def test_decoys_measure_the_rule_alone():
    labels = np.array([[1], [1], [0], [0], [0]], dtype=np.uint8)
    decoys = np.array([[True], [False], [True], [True], [False]])
    # Against decoys (0.8, 0.3) the positives (0.9, 0.4) win 3 of 4 comparisons; the last window is
    # no decoy.
    assert decoy_auroc(labels, np.array([[0.9], [0.4], [0.8], [0.3], [0.95]]), decoys).tolist() == [
        0.75
    ]
