"""Whether all networks of a made-up run had the same chance."""

import dataclasses

import pytest

from danq import read_run
from danq.report.findings.tuning import COLUMNS, trial_table, tuning_facts
from tests.report.toy_run import write_run
from tests.report.tuning_toy import SPACE, write_tunings


def found(folder, **options):
    return tuning_facts(read_run(write_tunings(write_run(folder), **options)))


def test_the_same_chance_for_every_network(tmp_path):
    facts = found(tmp_path)
    assert facts.alike and facts.untuned == []
    danq = next(tuning for tuning in facts.models if tuning.model == "danq")
    assert (danq.trials, danq.pruned, danq.failed) == (5, 1, 1)
    assert (danq.value, danq.given_value, danq.edge) == (0.36, 0.3, [])
    assert danq.space == SPACE and set(facts.rates.values()) == {0.002}


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"multiply_adds": 2.34e12 * 1.04}, (True, True, True)),
        ({"multiply_adds": 2.34e12 * 1.2}, (True, False, True)),
        ({"multiply_adds": None}, (True, False, True)),
        ({"space": {**SPACE, "lr": [0.1, 1.6]}}, (True, True, False)),
        ({"scales": [0.1, 0.25]}, (True, True, False)),
    ],
)
def test_another_budget_or_space_is_another_chance(tmp_path, changes, same):
    facts = found(tmp_path, changes={"danq": changes})
    assert (facts.same_trials, facts.same_budget, facts.same_space) == same
    assert facts.alike is all(same)


def test_fewer_trials_are_another_chance(tmp_path):
    run = read_run(write_tunings(write_run(tmp_path)))
    first, *others = run.tunings
    shorter = first._replace(trials=first.trials.head(3))
    facts = tuning_facts(dataclasses.replace(run, tunings=[shorter, *others]))
    assert not facts.same_trials and not facts.alike


def test_a_network_without_a_search_is_named(tmp_path):
    facts = found(tmp_path, models=("danq", "deepsea"))
    assert facts.untuned == ["danq_conv"] and not facts.alike
    assert facts.rates == {"deepsea": 0.002, "danq": 0.002, "danq_conv": 0.001}


def test_without_a_search_there_are_rates_only(tmp_path):
    run = read_run(write_run(tmp_path, seeds=(0, 1)))
    facts = tuning_facts(run)
    assert facts.models == [] and not facts.alike
    assert facts.rates == dict.fromkeys(run.networks, 0.001)
    run.trained[1].facts["options"]["lr"] = 0.5  # a second seed
    assert tuning_facts(run).rates[run.trained[1].model] is None


def test_the_trials_of_all_models_are_one_table(tmp_path):
    run = read_run(write_tunings(write_run(tmp_path)))
    table = trial_table(run)
    assert tuple(table.columns) == COLUMNS and len(table) == 15
    assert table.groupby("model").size().to_dict() == dict.fromkeys(run.networks, 5)
    assert trial_table(dataclasses.replace(run, tunings=[])).empty
