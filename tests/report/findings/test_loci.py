"""Which stretch of which window is drawn."""

import pytest

from danq import read_run
from danq.report.findings import loci as s
from tests.report.toy_run import with_attributions, write_run


def test_the_stretch_has_the_bases_that_count(tmp_path):
    run = with_attributions(tmp_path / "run", targets=[4])
    assert s.explained_targets(run) == [4]
    locus = next(entry for entry in s.target_loci(run, 4) if entry.model == "danq")
    assert (locus.chrom, locus.end - locus.start) == ("chr1", s.WIDTH)
    assert locus.bin == (150, 350) and locus.probability == pytest.approx(0.9)
    table = locus.table()
    assert set(table["base"]) <= set("ACGT") and len(table) == s.WIDTH
    assert table["score"].sum() == pytest.approx(10) and locus.sites.empty


def test_a_run_in_which_nothing_was_explained(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert s.explained_models(run) == [] and s.explained_targets(run) == []
