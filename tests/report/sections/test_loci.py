"""One locus of each target, of a made-up run."""

import dataclasses

import pandas as pd

from danq import read_run
from danq.report.sections import loci as s
from tests.report.toy_run import YEAST, with_attributions, write_run


def test_loci_show_the_first_window_of_each_target_and_model(tmp_path):
    run = with_attributions(tmp_path / "run", seeds=(0, 1))
    (section,) = s.loci(run)
    assert "replaced by each of the other three" in section.text[0]
    assert "8 of 10 targets are shown." in section.text[1]
    assert [figure.title for figure in section.figures] == YEAST[: s.OPEN]
    assert [figure.title for figure in section.folds[0].figures] == YEAST[s.OPEN : s.MOST]
    columns, rows = section.figures[0].table
    assert columns == ["model", "chrom", "position", "base", "score"]
    # Rank 0 is the better window; the first seed is shown, and 60 bp about the ten bases that
    # count.
    chromosomes = {
        model: [row[2] for row in rows if row[0] == model] for model in ("DanQ", "DeepSEA")
    }
    assert len(rows) == 120 and len(chromosomes["DanQ"]) == 60
    assert chromosomes["DanQ"][0] + 9 <= 240 and chromosomes["DanQ"][-1] - 9 >= 249
    assert {row[4] for row in rows if row[0] == "DanQ" and 240 <= row[2] < 250} == {1.0}
    assert "DanQ, chr1:" in section.figures[0].svg and "(0.900)" in section.figures[0].svg
    # DeepSEA has only negative scores: its first 60 bp are drawn, of which the bin has the last
    # ten.
    assert '<rect x="500" y="26" width="100"' in section.figures[0].svg
    assert (
        "planted" not in section.figures[0].note and "completeness" not in section.figures[0].note
    )


def test_loci_of_a_simulated_run_show_what_was_planted(tmp_path):
    run = with_attributions(tmp_path / "run", simulated=True)
    run = dataclasses.replace(
        run,
        sites=pd.DataFrame(
            {
                "chrom": ["chr1", "chr1", "chr2", "chr1"],
                "start": [238, 900, 238, 100],
                "end": [251, 910, 251, 110],
                "strand": ["-", "+", "+", "+"],
                "factor": ["ABF1", "REB1", "RAP1", "TBF1"],
            }
        ),
    )
    figure = s.loci(run)[0].figures[0]
    assert "ABF1 ←" in figure.svg and not any(
        name in figure.svg for name in ("REB1", "RAP1", "TBF1")
    )
    assert "Under the bases: planted sites" in figure.note


def test_loci_of_gradients_report_the_completeness_error(tmp_path):
    (section,) = s.loci(with_attributions(tmp_path / "run", method="gradients", targets=[2]))
    assert "integrated gradients" in section.text[0] and "targets are shown" not in section.text[1]
    assert [figure.title for figure in section.figures] == [YEAST[2]]
    assert "Largest completeness error: 1.23 %." in section.figures[0].note


def test_a_run_without_attributions_has_no_loci(tmp_path):
    assert s.loci(read_run(write_run(tmp_path / "run"))) == []


def test_the_window_on_which_models_disagree_comes_first_and_says_so(tmp_path):
    run = with_attributions(tmp_path / "run", targets=[2, 5, 6])
    shared = []
    for attributions, values in zip(run.attributions, ([0.9] * 3, [0.8, 0.7, 0.1]), strict=True):
        table = attributions.table.assign(start=100, end=400, probability=values)
        shared.append(dataclasses.replace(attributions, table=table))
    (section,) = s.loci(dataclasses.replace(run, attributions=shared))
    assert [figure.title for figure in section.figures] == [YEAST[6], YEAST[2], YEAST[5]]
    notes = [figure.note for figure in section.figures]
    assert notes[0].startswith(
        "Comes first: of the windows that all models explained, one for each of 3 targets, they "
        "disagree most on this: 0.100 by DanQ, 0.900 by DeepSEA."
    )
    assert not any("disagree" in note for note in notes[1:])
