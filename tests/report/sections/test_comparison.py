"""The tables of the comparison, of a made-up run."""

import re

import pytest

from danq import read_run
from danq.files import read_table, write_table
from danq.report.sections import comparison as c
from tests.report.toy_run import GROUPS, YEAST, cells, make_records, write_run


def test_undefined_values_are_shown_and_not_averaged(tmp_path):
    run = read_run(write_run(tmp_path / "run", undefined=(13, 14)))
    rows = {row[0].text: [cell.text for cell in row] for row in c.means_table(run).rows}
    areas = run.metrics.query("model == 'danq'")["auprc"]
    assert areas.isna().sum() == 2
    assert rows["DanQ"][1:4] == ["1", "14", "2"] and rows["DanQ"][5] == f"{areas.sum() / 14:.3f}"
    assert rows["motif scan"][2:4] == ["11", "5"]
    by_target = {row[0].text: row for row in c.scores_table(run).rows}
    assert [cell.text for cell in by_target["Tup1"][3:]] == ["NA"] * 5


def test_the_order_of_baselines_is_said(tmp_path):
    folder = write_run(tmp_path / "run")
    assert "order" not in c.means_table(read_run(folder)).note
    metrics = read_table(folder / "metrics.tsv")
    baselines = metrics["model"].map({"kmer": 0.125, "scan": 0.25})
    write_table(folder / "metrics.tsv", metrics.assign(valid_auprc=baselines))
    make_records(folder)
    run = read_run(folder)
    assert run.baselines == ["scan", "kmer"]
    note = c.means_table(run).note
    assert note.endswith(
        "(over the 11 targets that all of them know): motif scan 0.250, k-mer 0.125."
    )


def test_differences_begin_with_their_mean(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1, 2)))
    table = c.difference_table(run)
    assert table.columns == ["target", "DanQ − DanQ-conv", "DanQ − DeepSEA", "DanQ-conv − DeepSEA"]
    assert [row[0].text for row in table.rows] == ["mean over targets", *YEAST]
    assert [cell.text for cell in table.rows[0][1:]] == [
        f"{pair.mean['difference']:+.3f}" for pair in run.pairs
    ]
    assert [cell.mark for cell in table.rows[14]] == ["", "na", "na", "na"]


def test_the_heading_of_differences_says_where_intervals_cover_test_windows_only(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    for make in (c.difference_table, c.auroc_table, c.group_differences_table):
        assert "DanQ − DanQ-conv (test windows only)" in make(run).columns


def test_every_metric_has_its_mean_and_its_count_of_undefined_targets(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1)))
    table = cells(c.means_table(run))
    metrics = run.metrics[run.metrics["model"] == "danq"]
    for column, name in (("auroc", "AUROC"), ("lift", "lift"), ("brier", "Brier score")):
        mean = metrics.groupby("target")[column].mean().mean()
        assert table["DanQ"][name].text == f"{mean:.3f}"
    by_seed = metrics.groupby("seed")["auprc"].mean()
    assert table["DanQ"]["AUPRC"].note == f"{by_seed.min():.3f} to {by_seed.max():.3f}"
    assert table["DanQ"]["NA"].text == "1" and table["DanQ"]["Brier score"].note == "NA: 0"
    # Undefined for every target is NA in place of the mean, and no number of targets.
    assert table["motif scan"]["Brier score"] == ("NA", "", "", "")
    assert table["motif scan"]["NA"].text == "5"


def test_differences_are_shown_by_group_and_bold_where_sure(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1, 2)))
    table = cells(c.group_differences_table(run))
    groups = run.pairs[0].groups
    assert list(table) == list(dict.fromkeys(GROUPS)) and table["cofactor"]["targets"].text == "2"
    value = table["cofactor"]["DanQ − DanQ-conv"].text.replace("−", "-")
    assert float(value) == pytest.approx(groups.loc["cofactor", "difference"], abs=5e-4)
    by_target = cells(c.difference_table(run))
    for label, q in zip(run.targets["label"], run.pairs[0].rows["q"], strict=True):
        assert ("sure" in by_target[label]["DanQ − DanQ-conv"].mark) == (q < 0.05)


def test_auroc_differences_are_shown_with_their_intervals(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1, 2)))
    table, pair = cells(c.auroc_table(run)), run.pairs[0]
    for label, row in [("mean over targets", pair.mean), (YEAST[2], pair.rows.loc[2])]:
        cell = table[label]["DanQ − DanQ-conv"]
        assert float(cell.text.replace("−", "-")) == pytest.approx(
            row["auroc_difference"], abs=5e-4
        )
        assert [
            float(part) for part in re.findall(r"-?\d\.\d+", cell.note.replace("−", "-"))
        ] == pytest.approx([row["auroc_low"], row["auroc_high"]], abs=5e-4)
    assert table[YEAST[13]]["DanQ − DanQ-conv"].text == "NA"


def test_the_forests_are_above_and_the_numbers_on_demand(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1, 2)))
    section = c.comparison(run)
    titles = [figure.title for figure in section.figures]
    assert titles[0] == "DanQ − DanQ-conv, target by target" and len(set(titles)) == len(titles)
    folded = [table.title for table in section.folds[0].tables]
    assert folded[0] == "AUPRC by group" and folded[1:] == [
        "AUPRC differences by group",
        "AUPRC differences",
        "AUROC differences",
    ]
    others = [figure.title for figure in section.folds[1].figures]
    assert "DanQ-conv − DeepSEA, target by target" in others and not set(others) & set(titles)
    groups = section.folds[0].tables[0]
    assert [row[0].text for row in groups.rows] == ["sequence_specific", "cofactor"]
