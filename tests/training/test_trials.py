import pytest
import yaml

from danq.training.study import distributions
from danq.training.trials import TrialResult, best_of, summarise_trials, trials_to_yaml

optuna = pytest.importorskip("optuna")

GIVEN = {"lr": 0.004, "dropout": 0.4, "weight_decay": 0.01, "scale": 0.2}


def result(trial, state="complete", best="no", **changes):
    rest = {"value": 0.1 * trial, "epochs": 2, "seconds": 1.0, "folder": "f", "reason": None}
    return TrialResult(trial=trial, state=state, best=best, **(GIVEN | rest | changes))


RESULTS = [
    result(1, "failed", value=float("nan"), reason="out of memory"),
    result(2),
    result(3, "pruned"),
    result(4, best="yes", lr=0.0155),
]


def test_the_best_is_the_marked_one():
    assert best_of(RESULTS).trial == 4
    assert best_of(RESULTS[:3]) is None


def test_the_file_holds_the_best_knobs():
    text = trials_to_yaml("danq", RESULTS, RESULTS[3])
    assert yaml.safe_load(text) == {"train": GIVEN | {"lr": 0.0155}}
    assert "# danq: the best of 4 trials" in text
    assert "of the given configuration: none: it failed" in text


def test_the_facts_count_what_happened():
    space = distributions(optuna, GIVEN, [0.1])
    facts = summarise_trials(RESULTS, RESULTS[3], space)
    counts = {name: facts[name] for name in ("trials", "complete", "pruned", "failed")}
    assert counts == {"trials": 4, "complete": 2, "pruned": 1, "failed": 1}
    assert facts["given_value"] is None and facts["value"] == pytest.approx(0.4)
    assert facts["best"] == GIVEN | {"lr": 0.0155} and facts["edge"] == ["lr"]
    assert facts["scales"] == [0.1, 0.2]
    given = summarise_trials([result(1, best="yes")], result(1, best="yes"), space)
    assert given["given_value"] == given["value"]
