"""What histories say, by hand-made numbers."""

import pandas as pd
import pytest

from danq.report.findings.training import best_epoch, signs_of_not_learning, undertrained
from danq.report.run_trainings import Trained


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


def trained(**facts):
    return Trained("danq", 1, pd.DataFrame(), facts, pd.DataFrame(), {}, pd.DataFrame())


def test_signs_are_read_from_the_facts_and_a_damaged_one_costs_only_itself():
    sign = {"name": "guessing", "what": "it guesses", "advice": "try more", "number": 0.1}
    trainings = [trained(signs=[sign, "x", {}]), trained(), trained(signs=7), trained(signs=[])]
    signs = signs_of_not_learning(trainings)
    assert signs.to_numpy().tolist() == [
        ["danq", 1, "it guesses", "try more"],
        ["danq", 1, "None", "None"],
    ]
    assert list(signs_of_not_learning([]).columns) == ["model", "seed", "what", "advice"]
