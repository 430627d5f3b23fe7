"""What the checks of several seeds come to, by hand-made numbers."""

import json
import math
from types import SimpleNamespace

import pandas as pd
import pytest

from danq.report.findings.health import (
    health_checks,
    health_results,
    seed_checks,
)
from danq.report.run_trainings import Trained


def check(name="gap", value=0.1, threshold=0.5, passed=True, advice=""):
    what = f"{name} is {value}"
    return {
        "name": name,
        "value": value,
        "threshold": threshold,
        "passed": passed,
        "what": what,
        "advice": advice,
    }


def trained(model="danq", seed=0, **facts):
    return Trained(model, seed, pd.DataFrame(), facts, pd.DataFrame(), {}, pd.DataFrame())


def run_of(*trainings, **more):
    return SimpleNamespace(trained=list(trainings), **{"tunings": [], **more})


def test_seeds_are_taken_together_and_one_that_fails_decides():
    run = run_of(
        trained(seed=0, health=[check(value=0.2), check("steps", 900, 1500, False, "longer")]),
        trained(seed=1, health=[check(value=0.4), check("steps", 2000, 1500)]),
    )
    gap, steps = health_checks(run).to_dict("records")
    assert (gap["passed"], gap["passing"], gap["seeds"], gap["advice"]) == (True, 2, 2, "")
    assert gap["mean"] == pytest.approx(0.3) and gap["worst"] == 0.4 and gap["what"].endswith("0.4")
    assert (steps["passed"], steps["passing"], steps["seeds"]) == (False, 1, 2)
    assert (steps["worst"], steps["advice"]) == (900, "longer")


def test_the_worst_is_the_highest_or_the_lowest():
    for name, worst in [("gap", 3), ("still_improving", 3), ("guessing", 1), ("steps", 1)]:
        seeds = [trained(seed=k, health=[check(name, value)]) for k, value in enumerate([1, 3, 2])]
        (row,) = health_checks(run_of(*seeds)).to_dict("records")
        assert row["worst"] == worst, name


def test_of_seeds_that_fail_the_words_are_of_one_that_fails():
    seeds = [
        trained(seed=0, health=[check(value=None, passed=True)]),
        trained(seed=1, health=[check(value=0.6, passed=False, advice="shrink")]),
    ]
    (row,) = health_checks(run_of(*seeds)).to_dict("records")
    assert row["advice"] == "shrink" and math.isnan(row["mean"])


def test_models_are_apart_and_one_without_checks_is_not_known():
    run = run_of(trained("danq", health=[check()]), trained("deepsea"), trained("mlp", health=[]))
    assert health_checks(run)["model"].tolist() == ["danq"]


def test_signs_of_older_trainings_are_checks_that_failed():
    sign = {"name": "guessing", "what": "it guesses", "advice": "try", "number": 0.1}
    run = run_of(trained(signs=[sign]))
    (row,) = health_checks(run).to_dict("records")
    assert (row["check"], row["passed"], row["what"], row["advice"]) == (
        "guessing",
        False,
        "it guesses",
        "try",
    )
    assert health_checks(run_of(trained(signs=[]))).empty


@pytest.mark.parametrize("facts", [{}, {"health": 7}, {"health": None}, {"health": ["x", {}, 1]}])
def test_what_is_damaged_is_left_out(facts):
    assert seed_checks(facts) == []


def test_a_number_that_is_none_is_undefined():
    odd = check(value="high", threshold=True, passed="yes")
    (found,) = seed_checks({"health": [odd, "x"]})
    assert math.isnan(found.value) and math.isnan(found.threshold) and not found.passed


def tuning(edge, changes=None):
    facts = {"best": {"lr": 0.0195}, "space": {"lr": [0.0005, 0.02]}, "edge": edge}
    return SimpleNamespace(model="danq", facts=facts | (changes or {}))


@pytest.mark.parametrize(("edge", "passed"), [(["lr"], False), ([], True), (["dropout"], True)])
def test_the_best_rate_of_a_tuning_should_not_lie_at_its_edge(edge, passed):
    run = run_of(trained(health=[check()]), trained("mlp"), tunings=[tuning(edge)])
    row = health_checks(run).to_dict("records")[-1]
    assert (row["check"], row["passed"], row["worst"]) == ("rate_at_edge", passed, 0.0195)
    assert row["what"].endswith("what it tried: 0.0005 to 0.02")
    assert ("give train.lr this rate" in row["advice"]) is not passed


@pytest.mark.parametrize("facts", [{"edge": None}, {"best": None}, {"best": {}}])
def test_a_tuning_that_does_not_say_so_is_not_checked(facts):
    run = run_of(trained(health=[check()]), tunings=[tuning([], facts)])
    assert health_checks(run)["check"].tolist() == ["gap"]


def test_results_are_plain_values():
    run = run_of(trained(health=[check("steps", 2000, 1500), check(value=None)]))
    (steps, gap) = health_results(run)["danq"]
    assert steps["check"] == "steps" and steps["passed"] is True and steps["seeds"] == 1
    assert gap["mean"] is None
    assert json.loads(json.dumps([steps, gap], allow_nan=False)) == [steps, gap]


def test_a_run_without_trainings_has_no_rows():
    assert health_checks(run_of()).empty and health_results(run_of()) == {}
