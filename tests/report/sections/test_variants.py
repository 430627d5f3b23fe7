"""The chapter on variants."""

from types import SimpleNamespace

import pytest

from danq.data.explained import ExplainedVariant
from danq.report.run_variants import read_variant_sets
from danq.report.sections.variants import explained_figures, strongest_table, variants
from tests.report.variants_toy import N, write_variants

MODELS = ["deepsea", "danq", "danq_conv"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return what the chapter reads of a run: its variants."""
    folder = write_variants(tmp_path_factory.mktemp("run"), ("danq", "danq_conv", "deepsea"))
    return SimpleNamespace(variants=read_variant_sets(folder, MODELS))


def test_the_answer_comes_first(run):
    (section,) = variants(run, None, {})
    assert section.lead.startswith("Does the recurrent layer help with variants? DanQ tells better")
    titles = [table.title for table in section.tables if table.rows]
    assert titles[0] == "Does it change the label? By target" and len(titles) == 5
    assert len(section.figures) == 1 and "Rank correlation" in section.figures[0].note


def test_only_variants_that_the_configuration_names_are_shown(run):
    assert variants(run, [], {}) == []
    assert len(variants(run, ["simulated"], {})) == 1


def test_most_rows_are_data(run):
    (found,) = run.variants
    simulated = strongest_table(found, "")
    assert len(simulated.rows) == 20 and len(simulated.more) == 80
    own = strongest_table(found._replace(name="mine"), "mine: ")
    assert len(own.rows) + len(own.more) == N and own.title == "mine: Strongest variants"
    assert all(len(row) == len(own.columns) for row in own.more)


def test_both_alleles_of_an_explained_variant_are_drawn(run):
    variant = ExplainedVariant(
        chrom="chr1",
        pos=13,
        ref="A",
        alt="ATT",
        id="v1",
        target="CTCF",
        target_index=0,
        change=-1.5,
        p_ref=0.9,
        p_alt=0.2,
        start=10,
        ref_sequence="CCACC",
        alt_sequence="CCATTCC",
        offset=2,
        ref_effects=[0, 0, 2, 1, 0],
        alt_effects=[0, 0, 1, 0, 0, -1, 0],
        nearest_peak=40,
    )
    (found,) = run.variants
    (figure,) = explained_figures(found._replace(explained={"danq": [variant]}), "", {})
    assert figure.title == "chr1:13 A>ATT, CTCF, by DanQ" and "−1.500" in figure.note
    assert "40 bp away" in figure.note
    assert "REF A, probability 0.900" in figure.svg and "ALT ATT" in figure.svg
    assert len(figure.table.rows) == 5 + 7
