import json

import pytest

from danq.config import Train
from danq.errors import DanqError
from danq.training.study import (
    SEARCHED,
    START_UP,
    Study,
    at_the_edge,
    describe_space,
    distributions,
    load_optuna,
    ranges,
)

optuna = pytest.importorskip("optuna")

GIVEN = {"lr": 0.004, "dropout": 1.0, "weight_decay": 0.01, "scale": 0.02}
SCALES = [0.01, 0.02, 0.04]
IDENTITY = {"model": "danq", "seed": 0}


def test_the_space_lies_around_what_was_given():
    space = distributions(optuna, GIVEN, SCALES)
    assert tuple(space) == SEARCHED and set(SEARCHED) <= set(Train.model_fields)
    assert ranges(space) == {
        "lr": pytest.approx([0.001, 0.016]),
        "dropout": [0, 1.5],
        "weight_decay": [1e-4, 0.3],
    }
    assert space["lr"].log and space["weight_decay"].log and not space["dropout"].log
    assert space["scale"].choices == (0.01, 0.02, 0.04)
    assert describe_space(space) == (
        "lr 0.001 to 0.016 (by its logarithm), dropout 0 to 1.5, scale 0.01, 0.02, 0.04, "
        "weight_decay 0.0001 to 0.3 (by its logarithm)"
    )


def test_only_named_scales_are_searched_and_the_given_one_is_among_them():
    assert "scale" not in distributions(optuna, GIVEN, [])
    assert distributions(optuna, GIVEN, [0.1])["scale"].choices == (0.02, 0.1)


def test_a_published_weight_decay_of_zero_is_not_searched(tmp_path):
    space = distributions(optuna, GIVEN | {"weight_decay": 0.0}, [])
    assert tuple(space) == ("lr", "dropout")
    study = Study(tmp_path / "study.log", optuna, space, IDENTITY)
    assert study.ask(0, GIVEN).params == {"lr": 0.004, "dropout": 1.0}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, []),
        ({"lr": 0.00105}, ["lr"]),
        ({"lr": 0.0153, "dropout": 0.05}, ["lr", "dropout"]),
        ({"lr": 0.0012}, []),  # near the end, but not by its logarithm
        ({"weight_decay": 0.25, "dropout": 1.4}, ["weight_decay"]),
    ],
)
def test_a_value_near_an_end_of_its_range_is_named(changes, names):
    assert at_the_edge(distributions(optuna, GIVEN, SCALES), GIVEN | changes) == names


def test_the_first_points_depend_on_seed_and_number_alone(tmp_path):
    points = []
    for model, values in (("danq", range(20)), ("deepsea", range(20, 0, -1))):
        study = Study(tmp_path / model, optuna, distributions(optuna, GIVEN, SCALES), IDENTITY)
        asked = []
        for value in values:
            trial = study.ask(1, GIVEN)
            asked.append(trial.params)
            study.tell(trial, value, study.states.COMPLETE)
        points.append(asked)
    first, other = points
    assert first[:START_UP] == other[:START_UP] and first[START_UP:] != other[START_UP:]


def open_study(folder, identity=IDENTITY):
    space = distributions(load_optuna(), GIVEN, SCALES)
    return Study(folder / "study.log", optuna, space, identity)


def test_the_first_trial_is_the_given_configuration(tmp_path):
    study = open_study(tmp_path)
    assert study.ask(0, GIVEN).params == GIVEN


def test_a_trial_that_was_running_is_run_again(tmp_path):
    study = open_study(tmp_path)
    study.tell(study.ask(0, GIVEN), 0.5, study.states.COMPLETE)
    running = study.ask(0, GIVEN).params
    again = open_study(tmp_path)
    assert len(again.finished()) == 1
    assert again.ask(0, GIVEN).params == running != GIVEN


def test_the_best_is_the_first_of_the_highest_complete_ones(tmp_path):
    study = open_study(tmp_path)
    assert study.best(study.finished()) is None
    for value in (0.2, 0.4, 0.4, 0.3):
        study.tell(study.ask(0, GIVEN), value, study.states.COMPLETE)
    failed = study.ask(0, GIVEN)
    failed.set_user_attr("reason", "out of memory")
    study.tell(failed, None, study.states.FAIL)
    assert len(study.finished()) == 5
    assert study.best(study.finished()) == 1


def test_another_search_is_refused_by_name(tmp_path):
    open_study(tmp_path)
    with pytest.raises(DanqError, match=r"with another seed \(0, now 1\); give the former"):
        open_study(tmp_path, IDENTITY | {"seed": 1})


def test_a_line_that_was_cut_off_is_dropped(tmp_path):
    open_study(tmp_path)
    path = tmp_path / "study.log"
    text = path.read_text()
    path.write_text(text + '{"op_code":4,"wor')
    open_study(tmp_path)
    lines = path.read_text().splitlines()
    assert path.read_text().startswith(text) and all(map(json.loads, lines))
