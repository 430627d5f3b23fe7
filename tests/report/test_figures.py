"""Figures of a made-up run, read from its tables."""

import numpy as np
import pandas as pd
import pytest

from danq import read_run
from danq.files import read_table
from danq.report import figures
from danq.report.plot import plot
from tests.report.toy_run import with_words, write_run


def test_interactions_are_of_the_target_that_the_pair_affects_most(folder, tmp_path):
    drawing = figures.interactions(read_run(folder), ("MA0001.1", "MA0002.1"))
    # Target 2; the seeds have 3 and 4: mean 3.5, and the standard error of two numbers 1 apart is
    # a half.
    highest = drawing.numbers.loc[drawing.numbers["effect"].idxmax()]
    assert "Rap1" in drawing.title and highest[["effect", "se", "seeds"]].tolist() == [
        3.5,
        pytest.approx(0.5),
        2,
    ]
    lines = [
        [line for line in ax.lines if len(line.get_xdata()) == 8] for ax in drawing.figure.axes
    ]
    assert [len(panel_lines) for panel_lines in lines] == [2] * 4
    heights = [max(np.max(line.get_ydata()) for line in panel_lines) for panel_lines in lines]
    assert heights == [3.5, 0, 0, 0]
    plot(
        folder,
        "interactions",
        tmp_path / "i.svg",
        pair=["A+B"],
        target="Abf1",
        table=tmp_path / "i.tsv",
    )
    assert (read_table(tmp_path / "i.tsv")["effect"] == 0).all()


def test_ablation_shows_what_each_filter_does(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    training = run.trained[0]._replace(facts={"filters_initialised_from": ["MA0265.3"]})
    drawn = figures.ablation(run, training)
    table = training.ablation.set_index(["motif", "target"])["effect"]
    factors = dict(training.named()[["name", "factor"]].itertuples(index=False))
    assert len(drawn.numbers) == training.ablation["motif"].nunique()
    for row in drawn.numbers.itertuples(index=False):
        *named, name = row[0].split()
        assert " ".join(named) == (
            "(initialised from MA0265.3)" if name == "filter0" else factors.get(name, "")
        )
        for label, value in zip(drawn.numbers.columns[1:], row[1:], strict=True):
            target = run.targets.index[run.targets["label"] == label][0]
            assert value == table[name, target]
    assert figures.ablation(run, training._replace(ablation=pd.DataFrame())) is None


def test_ablation_marks_filters_that_began_as_words(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    training = with_words(run.trained[0], {0: "Abf1:CGTNNNTGA", 2: "Abf1:CGTNNNTGA-"})
    drawn = figures.ablation(run, training)
    marked = {name.split()[-1] for name in drawn.numbers["filter"] if "(word)" in name}
    assert marked == {"filter0", "filter2"} and "(word)" in drawn.note
    assert "(word)" not in figures.ablation(run, run.trained[0]).note
