"""The chapters stand in the order in which a reader asks."""

import danq
from danq.report.sections.chapters import chapters
from tests.report.toy_run import with_attributions, write_run


def anchors(folder):
    return [section.anchor for section in chapters(danq.read_run(folder), "")]


def test_a_run_with_everything_has_every_chapter(folder):
    with_attributions(folder)
    expected = ["answer", "data", "comparison", "probe", "loci", "training", "motifs", "methods"]
    assert anchors(folder) == expected


def test_what_a_run_lacks_has_no_chapter(tmp_path):
    assert not {"probe", "loci"} & set(anchors(write_run(tmp_path / "run")))
