"""Every check of a training, both ways, and what is advised."""

import dataclasses
import json

import numpy as np
import pytest

from danq.training import health
from danq.training.generalisation import Gap
from danq.training.health import (
    Check,
    End,
    Measurement,
    advice,
    final_checks,
    find_signs,
    guessing_limit,
    learning_checks,
)


def names(measured, shown=1.0):
    return [sign.name for sign in find_signs(measured, shown)]


def test_a_network_that_guesses_is_told_after_a_quarter():
    # Twice a prevalence of 0.02 is 0.04.
    assert names(Measurement(0.0399, 0.02)) == ["guessing"] and not names(Measurement(0.04, 0.02))
    assert not names(Measurement(0.01, 0.02), 0.24) and names(Measurement(0.01, 0.02), 0.25)


@pytest.mark.parametrize(("prevalence", "limit"), [(0.01, 0.02), (0.5, 0.55), (0.9, 0.91)])
def test_where_most_windows_are_positive_guessing_is_no_good_score(prevalence, limit):
    assert guessing_limit(prevalence) == pytest.approx(limit)


def with_layers(*layers):
    return Measurement(0.9, 0.1, layers=list(layers))


def test_more_than_a_quarter_of_the_filters_may_not_be_silent():
    assert names(with_layers(("stem", 8, 3)), 0.0) == ["silent_filters"]
    assert not names(with_layers(("stem", 8, 2)))
    assert not names(with_layers())  # a network without filters


def test_more_than_three_quarters_of_a_later_layer_may_not_be_silent():
    dead = with_layers(("stem", 8, 0), ("body", 4, 0), ("head", 8, 7))
    assert names(dead, 0.0) == ["silent_units"]
    assert not names(with_layers(("stem", 8, 0), ("body", 4, 0), ("head", 8, 6)))
    (check,) = [check for check in learning_checks(dead) if not check.passed]
    assert check.value == 7 / 8 and check.what.endswith("0 of 4 (body), 7 of 8 (head)")


def test_a_network_below_the_scan_is_told_after_a_half():
    below = Measurement(0.9, 0.1, scanned=3, auprc_of_scanned=0.29, auprc_of_scan=0.3)
    assert names(below, 0.5) == ["below_scan"] and not names(below, 0.49)
    assert not names(dataclasses.replace(below, auprc_of_scanned=0.3))


def test_a_check_says_its_numbers():
    layers = [("stem", 8, 5)]
    guessing, below, silent = find_signs(Measurement(0.021, 0.02, layers, 1, 0.1, 0.25), 1.0)
    assert "AUPRC is 0.021" in guessing.what and "(0.020, " in guessing.what
    assert "is 0.100 on 1 target with" in below.what and below.what.endswith("motif has 0.250")
    assert "5 of 8 first filters" in silent.what
    assert [(check.value, check.threshold) for check in (guessing, below, silent)] == [
        (0.021, 0.04),
        (0.1, 0.25),
        (5 / 8, 1 / 4),
    ]


@dataclasses.dataclass
class Settings:
    negatives: float = 3.0
    initialise_from: str = "random"
    dropout: float = 0.4
    scale: float = 0.2


@dataclasses.dataclass
class Options:
    """Of a training that has everything that could be advised."""

    model: str = "danq"
    lr: float = 0.004
    weight_decay: float = 0.01
    batch_size: int = 64
    settings: Settings = dataclasses.field(default_factory=Settings)


def history(*areas):
    best = max(areas)
    return [{"valid_auprc": area, "best": "yes" if area == best else "no"} for area in areas]


WELL = End(
    Measurement(0.5, 0.02, [("stem", 8, 0), ("head", 8, 1)], 2, 0.5, 0.3),
    Gap(3, 0.6, 0.5),
    history(0.4, 0.5, 0.501),
    5_000,
)


def failed(end, options=None):
    checks = final_checks(end, options or Options())
    return {check.name: check for check in checks if not check.passed}


def test_a_healthy_training_passes_every_check_and_is_advised_nothing():
    checks = final_checks(WELL, Options())
    assert [check.name for check in checks] == [
        "guessing",
        "below_scan",
        "silent_filters",
        "silent_units",
        "gap",
        "still_improving",
        "steps",
    ]
    assert all(check.passed and check.advice == "" for check in checks)
    assert json.loads(json.dumps([check._asdict() for check in checks], allow_nan=False))


def test_what_cannot_be_checked_is_left_out():
    bare = End(Measurement(0.5, 0.02), None, history(0.5), 5_000)
    checks = final_checks(bare, Options())
    assert [check.name for check in checks] == ["guessing", "still_improving", "steps"]


def test_a_training_that_overfits_is_told_so():
    assert list(failed(WELL._replace(gap=Gap(3, 0.9, 0.44)))) == ["gap"]
    (check,) = failed(WELL._replace(gap=Gap(1, 0.9, 0.3))).values()
    assert check.value == pytest.approx(2 / 3) and check.threshold == 0.5
    assert "AUPRC of 1 target is 0.900 on training windows, 0.300 on validation" in check.what
    assert not failed(WELL._replace(gap=Gap(3, 0.9, 0.46)))
    assert not failed(WELL._replace(gap=Gap(3, 0.4, 0.5)))  # better on validation windows


def test_a_training_that_still_improves_is_told_so():
    (check,) = failed(WELL._replace(history=history(0.4, 0.5))).values()
    assert check.name == "still_improving" and check.value == pytest.approx(0.25)
    assert check.what == "validation AUPRC changed by +25.0% in the last epoch, its best"
    assert check.advice == "try more epochs or a larger epoch_size"
    assert not failed(WELL._replace(history=history(0.5, 0.4)))


def test_after_a_single_epoch_nobody_knows():
    (check,) = failed(WELL._replace(history=history(0.5))).values()
    assert check.name == "still_improving" and check.value is None


def test_a_training_of_few_steps_is_told_so():
    few = WELL._replace(steps=health.FEWEST_STEPS - 1)
    (check,) = failed(few).values()
    assert check.name == "steps" and check.value == health.FEWEST_STEPS - 1
    assert not failed(few._replace(steps=health.FEWEST_STEPS))


CASES = [
    ("guessing", {}, "lr below 0.004, or negatives: 1, or initialise_from: enriched"),
    ("silent_filters", {"initialise_from": "enriched"}, "try an lr below 0.004"),
    ("below_scan", {"initialise_from": "enriched"}, "epoch_size, or initialise_from: targets"),
    ("below_scan", {"initialise_from": "targets"}, "try more epochs or a larger epoch_size"),
    (
        "guessing",
        {"negatives": 1.0, "initialise_from": "known"},
        "epoch_size, or an lr below 0.004",
    ),
    (
        "gap",
        {"dropout": 0.5},
        "a dropout above 0.5, or a weight_decay above 0.01, or a scale below",
    ),
]


@pytest.mark.parametrize(("name", "settings", "text"), CASES)
def test_what_a_training_has_already_is_not_advised(name, settings, text):
    said = advice(name, Options(settings=Settings(**settings)))
    assert text in said and said.startswith("try ")


def test_a_network_without_filters_is_not_told_to_begin_them_otherwise():
    assert "initialise_from" not in advice("guessing", Options(model="mlp"))


@pytest.mark.parametrize("check", final_checks(WELL, Options()), ids=lambda check: check.name)
def test_there_is_something_to_try_for_every_check(check):
    assert advice(check.name, Options(model="mlp", settings=Settings(1.0, "targets"))) != "try "


def test_a_measurement_survives_as_plain_values():
    measured = WELL.measured
    assert Measurement(**measured.to_dict()) == measured
    assert np.isnan(Measurement(0.5, 0.1).auprc_of_scan)
    assert Check("steps", 1, 2, False, "few").advice == ""
