"""The learning curve as a figure: what is drawn is what the table says."""

import re

import numpy as np

from danq import read_run
from danq.files import read_table, write_table
from danq.report import learning_figure
from danq.report.learning_figure import learning_curve
from danq.report.learning_text import learning_sentences
from tests.report.learning_toy import PARTS, write_learning_curve
from tests.report.toy_run import make_records, page_of, write_run


def test_models_to_the_left_and_differences_to_the_right(tmp_path):
    folder = write_run(tmp_path / "run", seeds=(0, 1))
    written = write_learning_curve(folder)
    drawing = learning_curve(read_run(folder))
    left, right = drawing.figure.axes
    assert len(left.lines) == 3 and len(right.lines) == 3  # two pairs, and the line at 0
    danq = written[(written["a"] == "danq") & written["b"].isna()]
    drawn = next(line for line in left.lines if line.get_label() == "DanQ")
    np.testing.assert_allclose(drawn.get_ydata(), danq["auprc"])
    assert drawn.get_xdata().tolist() == list(PARTS.values())
    band = left.collections[2 * [line.get_label() for line in left.lines].index("DanQ")]
    edges = band.get_paths()[0].vertices[:, 1]
    assert np.isin(danq[["seed_low", "seed_high"]].to_numpy(), edges).all()
    names = [name for _, name in drawing.legend]
    assert {"DanQ", "DanQ − DanQ-conv", "DanQ − DeepSEA"} < set(names)
    assert set(drawing.numbers["line"]) == set(names)
    looks = [style for style, _ in drawing.legend]
    assert len(set(looks)) == len(looks)


def test_a_title_and_the_note_say_what_the_interval_of_a_share_covers(tmp_path):
    folder = write_run(tmp_path / "run", seeds=(0, 1))
    both = "windows and seeds"
    write_learning_curve(folder, [(0.01, 0.03)] * 3, covers=("windows", both, both))
    drawing = learning_curve(read_run(folder))
    rows = drawing.numbers[drawing.numbers["line"] == "DanQ − DanQ-conv"]
    assert rows["covers"].tolist() == ["windows", both, both]
    first, *others = learning_figure._titles("DanQ − DanQ-conv", rows, "low", "high")
    assert first.endswith("[0.010, 0.030; test windows only], 100 training windows")
    assert all("[0.010, 0.030], " in title for title in others)
    assert "they cover test windows only" in drawing.note
    curve = read_table(folder / "learning_curve.tsv")
    curve.loc[curve["b"].notna(), "covers"] = both
    write_table(folder / "learning_curve.tsv", curve)
    make_records(folder)
    assert "test windows only" not in learning_curve(read_run(folder)).note


def test_a_run_without_a_curve_has_no_figure_and_its_page_no_word_of_it(tmp_path):
    folder = write_run(tmp_path / "run")
    assert learning_curve(read_run(folder)) is None
    assert "earning curve" not in page_of(tmp_path / "page").text


def test_the_page_has_the_figure_and_the_sentence(tmp_path):
    folder = tmp_path / "run"
    page_of(folder)
    write_learning_curve(folder, [(-0.1, 0.1)] * 3)
    from danq.report.report import report

    report(folder, folder / "report.html", config=folder / "config.yaml")
    text = (folder / "report.html").read_text()
    assert "DanQ − DanQ-conv contains 0 at every number of windows" in text
    (heading,) = re.findall(r'<h3 id="([a-z0-9-]+)">Learning curve</h3>', text)
    assert heading.startswith("comparison-figure-")


def test_one_network_has_a_curve_and_no_difference(tmp_path):
    folder = write_run(tmp_path / "run")
    written = write_learning_curve(folder)
    alone = written[(written["a"] == "danq") & written["b"].isna()]
    write_table(folder / "learning_curve.tsv", alone)
    metrics = read_table(folder / "metrics.tsv")
    others = ["deepsea", "danq_conv"]
    write_table(folder / "metrics.tsv", metrics[~metrics["model"].isin(others)])
    comparison = read_table(folder / "comparison.tsv")
    has_other = comparison["a"].isin(others) | comparison["b"].isin(others)
    write_table(folder / "comparison.tsv", comparison[~has_other])
    run = read_run(make_records(folder))
    drawing = learning_curve(run)
    assert set(drawing.numbers["line"]) == {"DanQ"}
    assert len(drawing.figure.axes) == 1
    assert learning_sentences(run) == []
