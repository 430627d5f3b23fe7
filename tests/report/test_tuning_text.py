"""What a made-up run says of how its knobs were found."""

import dataclasses

import pytest

from danq import read_run
from danq.report.tuning_text import power_of_ten, tuning_sentences
from tests.report.toy_run import write_run
from tests.report.tuning_toy import write_tunings


def text(folder, **options):
    (paragraph,) = tuning_sentences(read_run(write_tunings(write_run(folder), **options)))
    return paragraph


def test_each_network_had_the_same_trials(tmp_path):
    said = text(tmp_path)
    assert said.startswith("Each network had 5 trials of 2.3 × 10¹² multiply-adds, with the same ")
    assert "DanQ 0.360 (0.300)" in said and "beyond it" not in said


def test_networks_that_were_tuned_otherwise_are_named(tmp_path):
    said = text(tmp_path, models=("danq", "deepsea"), changes={"danq": {"space": {}}})
    assert said.startswith("The networks were not tuned alike: ")
    assert "had none" in said and "The values that were tried differ" in said


@pytest.mark.parametrize(
    ("edge", "says"),
    [
        (["lr"], "The best learning rate of DanQ lies at an end of what was tried"),
        (["lr", "weight_decay"], "The best learning rate and weight decay of DanQ lie at an end"),
    ],
)
def test_a_best_value_at_an_end_is_said(tmp_path, edge, says):
    assert says in text(tmp_path, changes={"danq": {"edge": edge}})


def test_without_a_search_the_rates_are_said(tmp_path):
    run = read_run(write_run(tmp_path))
    nothing = "Nothing was tuned for this run."
    assert tuning_sentences(run) == [f"{nothing} All networks had one learning rate, 0.001."]
    run.trained[0].facts["options"]["lr"] = 0.5
    (several,) = tuning_sentences(run)
    assert "are those of the configuration: " in several and "0.5" in several and "0.001" in several
    run.trained[0].facts["options"].clear()
    assert tuning_sentences(run) == [nothing]
    assert tuning_sentences(dataclasses.replace(run, trained=[])) == []


def test_a_large_number_has_its_power_of_ten():
    assert power_of_ten(9.96e9) == "1.0 × 10¹⁰" and power_of_ten(5.0) == "5.0 × 10⁰"
