import json

import pytest

from danq.config import Train
from danq.errors import DanqError
from danq.training.study import SEARCHED, Study, describe_space, distributions, load_optuna

optuna = pytest.importorskip("optuna")

GIVEN = {"lr": 0.003, "dropout": 1.0, "scale": 0.02, "shift": 3}
IDENTITY = {"model": "danq", "seed": 0}


def test_the_space_lies_around_what_was_given():
    space = distributions(optuna, lr=0.003, scale=0.02)
    assert tuple(space) == SEARCHED and set(SEARCHED) <= set(Train.model_fields)
    assert (space["lr"].low, space["lr"].high) == pytest.approx((0.001, 0.009))
    assert space["lr"].log and space["scale"].choices == (0.01, 0.02, 0.04)
    assert describe_space(space) == (
        "lr 0.001 to 0.009 (by its logarithm), dropout 0 to 1.5, scale 0.01, 0.02, 0.04, "
        "shift 0 to 40 bp"
    )


def open_study(folder, identity=IDENTITY):
    space = distributions(load_optuna(), lr=0.003, scale=0.02)
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
