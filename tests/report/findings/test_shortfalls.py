"""What a made-up run was asked for and did not reach."""

import dataclasses

import pandas as pd
import pytest

from danq import read_run
from danq.config import Ablation, Attribution, Motifs, Probe
from danq.report.findings.shortfalls import reached
from danq.report.sections.methods import shortfalls_table
from tests.report.toy_run import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(write_run(tmp_path_factory.mktemp("runs") / "run", simulated=True))


def settings(**changes):
    sections = {
        "filters": Motifs(windows=10),
        "ablation": Ablation(windows=1),
        "probe": Probe(largest=0),
        "attribution": Attribution(),
    }
    return {name: section.model_dump() for name, section in {**sections, **changes}.items()}


def rows(run, **changes):
    table = reached(run, settings(**changes))
    return {row.what: (row.asked, row.reached) for row in table.itertuples()}


def test_shortfalls_of_the_extraction_are_shown(run):
    short = {"what": "negatives", "asked": 780, "reached": 58}
    changed = dataclasses.replace(run, source={**run.source, "shortfalls": [short]})
    assert rows(changed)["negatives"] == (780, 58)
    table = shortfalls_table(changed, "")
    assert [[cell.text for cell in row] for row in table.rows] == [["negatives", "780", "58"]]


def test_windows_for_filters_are_counted(run):
    described = {"splits": {"train": {"windows_by_labels": [900, 5, 2, 1]}}}
    changed = dataclasses.replace(run, description=described)
    what = "windows of the train split with a label, for filters"
    assert rows(changed, filters=Motifs(windows=30))[what] == (30, 8)
    name = run.targets["name"].iloc[2]
    n = int(run.positives["test"][run.targets.index[2]])
    found = rows(run, filters=Motifs(windows=n + 10, split="test", target=name))
    assert found[f"windows of the test split with the label of {name}, for filters"] == (n + 10, n)


def test_windows_that_were_explained_are_counted(run):
    positives = run.positives["test"].tolist()
    most = max(positives) + 1
    what = "positive windows of the test split, to explain"
    explained = dataclasses.replace(run, attributions=[None])
    found = rows(explained, attribution=Attribution(windows=most))
    assert found[what] == (most * len(positives), sum(positives))
    assert found[f"targets with {most:,} {what}"] == (len(positives), 0)
    regions = Attribution(windows=most, regions=["chrI:0-100"])
    assert what not in rows(explained, attribution=regions)
    assert what not in rows(run, attribution=Attribution(windows=most))


def test_windows_in_which_filters_are_ablated_are_counted(run):
    tables = [training.ablation for training in run.trained if len(training.ablation)]
    numbers = tables[0].drop_duplicates("target")["n"].tolist()
    most = int(max(numbers)) + 1
    found = rows(run, ablation=Ablation(windows=most))
    what = "positive windows of the valid split, to ablate filters in"
    assert found[what] == (most * len(numbers), sum(numbers))


def test_distances_that_were_probed_are_compared(run):
    grammar = pd.DataFrame({"pair": ["A+B", "A+B", "A+C"], "distance": [0, 240, 225]})
    probed = dataclasses.replace(run, grammar=grammar)
    found = rows(probed, probe=Probe(step=15, largest=250))
    assert found == {"bp to the largest distance of A+C": (240, 225)}


def test_nothing_is_said_of_an_unknown_configuration(run):
    assert reached(run, {}).empty
    assert reached(run, {"filters": 3}).empty
