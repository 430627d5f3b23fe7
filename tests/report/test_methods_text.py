"""A run in the words of a methods section."""

import dataclasses

from danq import read_run
from danq.report.methods_text import CITATION, methods_paragraphs
from tests.report.toy_run import write_run


def test_a_bare_run_reports_only_its_statistics(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    bare = dataclasses.replace(run, facts={}, trained=[], chromosomes={})
    data, networks, statistics = methods_paragraphs(bare)
    assert data == networks == "" and "blocks of neighbouring windows" in statistics


def test_the_citation_has_the_version():
    assert "danq 1.2.3:" in CITATION.format(version="1.2.3")
