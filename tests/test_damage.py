"""A sample of benchmarks/damage.py: no change of any file of a run is believed."""

import importlib.util
import os
import sys
import time
from pathlib import Path

import pytest

from danq.errors import DanqError
from tests.report.learning_toy import write_learning_curve
from tests.report.toy_run import make_records, with_attributions
from tests.report.tuning_toy import write_tunings

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "damage.py"


@pytest.fixture(scope="module")
def damage():
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location("damage_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a made-up run with all that has a record."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    options = {"names": ["A", "B"], "groups": ["g", "g"], "undefined": (), "n_filters": 3}
    with_attributions(folder, targets=[0, 1], simulated=True, **options)
    (folder / "dataset.h5").unlink()  # the largest file, which tests/data goes through
    write_learning_curve(folder)
    write_tunings(folder)
    return make_records(folder)


NAMES = [
    "metrics.tsv",
    "comparison.tsv",
    "learning_curve.tsv",
    "config.yaml",
    "simulated/sites.tsv.gz",
    "danq/trials.tsv",
    "danq/tuning.json",
    "danq/seed*/history.tsv",
    "danq/seed*/train.json",
    "danq/seed*/motifs.meme",
    "danq/seed*/matches.tsv",
    "danq/seed*/ablation.tsv",
    "danq/seed*/attributions.h5",
]


@pytest.mark.parametrize("name", NAMES)
def test_no_change_is_believed(damage, run, name):
    assert name in damage.KINDS
    (path,) = damage.files_of(run, [name])
    before = path.read_bytes()
    cases = damage.cases_of(run, path, None, places=4, small=0)
    counts = damage.damage(run, path, cases, seconds=120)
    assert counts["refused"] >= 10
    assert counts == {**dict.fromkeys(damage.OUTCOMES, 0), "refused": counts["refused"]}
    assert path.read_bytes() == before


def refuse():
    raise DanqError("x")


def fail():
    raise KeyError("x")


def hang():
    time.sleep(60)


@pytest.mark.parametrize(
    ("read", "outcome"),
    [(refuse, "refused"), (fail, "traceback"), (os.abort, "crash"), (hang, "hang")],
)
def test_what_goes_wrong_is_counted(damage, read, outcome):
    """The benchmark itself sees what it looks for."""
    seconds = 1 if outcome == "hang" else 60
    assert damage.in_child(lambda: damage.outcome_of(read, ""), seconds) == outcome


def test_what_is_believed_is_told_from_what_is_the_same(damage):
    same = damage.digest([1, "a", {"b": (0.5, None)}])
    assert damage.outcome_of(lambda: [1, "a", {"b": (0.5, None)}], same) == "same"
    assert damage.outcome_of(lambda: [1, "a", {"b": (0.25, None)}], same) == "believed"
