"""The planted rules as a table."""

import dataclasses

import pytest

from danq import read_run
from danq.report.sections.rules import rules_table
from danq.report.words import number
from danq.simulation.grammar import TARGETS
from tests.report.toy_run import cells, write_run

NAMES = [target.name for target in TARGETS]
KINDS = [target.group for target in TARGETS]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules") / "run"
    return read_run(write_run(folder, names=NAMES, groups=KINDS, undefined=(), simulated=True))


def test_every_rule_has_a_row_with_both_drawings_and_the_networks(run):
    table = cells(rules_table(run))
    assert list(table) == list(dict.fromkeys(KINDS))
    for group, row in table.items():
        assert row["positive"].svg.startswith("<svg") and row["decoy"].svg.startswith("<svg")
        members = run.targets["group"] == group
        mean = run.scores("auprc").loc[members, "danq"].mean()
        assert row["DanQ"].text == number(mean)
    assert rules_table(run).rows[0][0].note == "CTCF, ZNF143"


def test_other_genomes_have_no_rules(run):
    assert rules_table(dataclasses.replace(run, sites=None)).rows == []
