"""What histories say, by hand-made numbers."""

import pandas as pd
import pytest

from danq.report.findings.training import best_epoch, undertrained


@pytest.mark.parametrize(("best", "epoch"), [(["no", "yes", "no"], 2), (["no", "no", "no"], 3)])
def test_best_epoch(best, epoch):
    assert best_epoch(pd.DataFrame({"best": best, "valid_auprc": [0.1, 0.2, 0.3]})) == epoch


@pytest.mark.parametrize(
    ("areas", "expected"),
    [
        ([0.1, 0.2, 0.21], True),
        ([0.1, 0.2, 0.203], False),
        ([0.1, 0.2, 0.15], False),
        ([0.1], True),
    ],
)
def test_undertrained(areas, expected):
    best = ["yes" if area == max(areas) else "no" for area in areas]
    history = pd.DataFrame({"valid_auprc": areas, "best": best})
    assert bool(undertrained(history)) is expected
