"""Figures of a made-up run, read from its tables."""

import numpy as np
import pandas as pd
import pytest

from danq import config
from danq.errors import DanqError
from danq.files import read_table, write_table
from danq.motif.sites import ARRANGEMENTS
from danq.report import figures
from danq.report.results import read_run
from tests.report.test_report import write_run

RULE = (
    50,
    100,
)  # bp, between which the made-up models couple the pair, when a comes first on one strand


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("runs") / "yeast", seeds=(0, 1))
    targets = read_table(folder / "metrics.tsv")["target"].unique()
    write_table(
        folder / "curves.tsv.gz",
        pd.DataFrame(
            [
                (model, target, recall, 1 - recall / 2)
                for model in ("danq", "deepsea", "kmer")
                for target in targets
                for recall in (0.5, 1.0)
            ],
            columns=["model", "target", "recall", "precision"],
        ),
    )
    write_table(
        folder / "reliability.tsv",
        pd.DataFrame(
            [
                ("danq", 0, 0, 0.05, 0.02, 30),
                ("danq", 1, 0, 0.03, 0.06, 10),
                ("danq", 0, 9, 0.95, 0.9, 10),
            ],
            columns=["model", "seed", "bin", "predicted", "observed", "n"],
        ),
    )
    for model in ("danq", "deepsea"):
        for seed in (0, 1):
            write_table(
                folder / model / f"seed{seed}" / "grammar.tsv", _grammar(model, seed, targets)
            )
    return folder


def _grammar(model, seed, targets):
    rows = [
        (
            model,
            seed,
            "A+B",
            "MA0001.1",
            "MA0002.1",
            order,
            orientation,
            distance,
            target,
            f"t{target}",
            (3.0 + seed)
            * (
                target == 2
                and model == "danq"
                and (order, orientation) == ARRANGEMENTS[0]
                and RULE[0] <= distance <= RULE[1]
            ),
            0.1,
            32,
        )
        for order, orientation in ARRANGEMENTS
        for distance in range(0, 200, 25)
        for target in targets
    ]
    return pd.DataFrame(
        rows,
        columns=[
            "model",
            "seed",
            "pair",
            "a",
            "b",
            "order",
            "orientation",
            "distance",
            "target",
            "name",
            "effect",
            "se",
            "n",
        ],
    )


@pytest.mark.parametrize("kind", [kind for kind in config.FIGURES if kind != "curves"])
@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_every_kind_is_drawn_with_its_numbers_and_repeats(folder, tmp_path, kind, suffix):
    made = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in made:
        figures.plot(folder, kind, path, table=tmp_path / "t.tsv")
    assert made[0].read_bytes() == made[1].read_bytes()
    assert len(read_table(tmp_path / "t.tsv")) > 1


def test_what_a_scatter_shows_is_the_comparison(folder, tmp_path):
    figures.plot(
        folder, "scatter", tmp_path / "s.svg", pair=["deepsea", "danq"], table=tmp_path / "s.tsv"
    )
    shown, own = read_table(tmp_path / "s.tsv"), read_table(folder / "comparison.tsv")
    own = own[(own["pair"] == "danq - deepsea") & own["target"].str.isdecimal()].dropna(
        subset=["difference"]
    )
    assert shown["target"].tolist() == own["name"].tolist()
    assert shown["DanQ"].to_numpy() == pytest.approx(own["auprc_a"].to_numpy())
    text = (tmp_path / "s.svg").read_text()
    assert "AUPRC, DanQ" in text and "sequence_specific" in text  # axis and legend


def test_curves_are_of_one_target_by_name_or_index(folder, tmp_path):
    for target in ("Reb1", "1"):
        figures.plot(folder, "curves", tmp_path / "c.svg", target=target, table=tmp_path / "c.tsv")
        shown = read_table(tmp_path / "c.tsv")
        assert set(shown["target"]) == {1} and set(shown["model"]) == {"DanQ", "DeepSEA", "k-mer"}
        assert "Reb1" in (tmp_path / "c.svg").read_text()


def test_bins_of_several_seeds_are_pooled_by_their_labels(folder, tmp_path):
    figures.plot(folder, "reliability", tmp_path / "r.svg", table=tmp_path / "r.tsv")
    shown = read_table(tmp_path / "r.tsv")
    assert shown["n"].tolist() == [40, 10]
    assert shown["predicted"].tolist() == pytest.approx([(0.05 * 30 + 0.03 * 10) / 40, 0.95])
    assert shown["observed"].tolist() == pytest.approx([(0.02 * 30 + 0.06 * 10) / 40, 0.9])


def test_interactions_are_of_the_target_that_the_pair_moves_most(folder, tmp_path):
    drawing = figures.interactions(read_run(folder), ("MA0001.1", "MA0002.1"))
    # Target 2; the seeds have 3 and 4: mean 3.5, and the standard error of two numbers 1 apart is a half.
    highest = drawing.numbers.loc[drawing.numbers["effect"].idxmax()]
    assert "Rap1" in drawing.title and highest[["effect", "se", "seeds"]].tolist() == [
        3.5,
        pytest.approx(0.5),
        2,
    ]
    lines = [
        [line for line in ax.lines if len(line.get_xdata()) == 8] for ax in drawing.figure.axes
    ]
    assert [len(own) for own in lines] == [2] * 4
    heights = [max(np.max(line.get_ydata()) for line in own) for own in lines]
    assert heights == [3.5, 0, 0, 0]
    figures.plot(
        folder,
        "interactions",
        tmp_path / "i.svg",
        pair=["A+B"],
        target="Abf1",
        table=tmp_path / "i.tsv",
    )
    assert (read_table(tmp_path / "i.tsv")["effect"] == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"kind": "scatter", "pair": ["danq", "mlp"]},
            "danq and mlp were not compared in yeast; choose from danq ",
        ),
        ({"kind": "curves"}, "the figure curves is of one target; name it with --target"),
        (
            {"kind": "curves", "target": "Gal4"},
            "no targets are called 'Gal4'; give one by name or index, as Abf1, ",
        ),
        (
            {"kind": "interactions", "pair": ["A+C"]},
            r"A\+C was not probed in yeast; choose from A\+B",
        ),
        ({"kind": "loss", "output": "x.jpg"}, r"x\.jpg: a figure is made as \.svg, \.png or \.pdf"),
    ],
)
def test_what_cannot_be_drawn_is_told(folder, tmp_path, options, message):
    options = {"output": tmp_path / "x.svg", **options}
    with pytest.raises(DanqError, match=message):
        figures.plot(folder, **options)
    assert not (tmp_path / "x.svg").exists()


def test_an_older_run_lacks_some_figures(tmp_path):
    folder = write_run(tmp_path / "old")
    for kind in ("curves", "reliability", "interactions"):
        with pytest.raises(
            DanqError, match=f"holds nothing for the figure {kind}; make the run anew"
        ):
            figures.plot(folder, kind, tmp_path / "x.svg", target="Abf1")


def test_ablation_shows_what_each_filter_does(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    one = run.trained[0]._replace(facts={"filters_initialised_from": ["MA0265.3"]})
    drawn = figures.ablation(run, one)
    table = one.ablation.set_index(["motif", "target"])["effect"]
    factors = dict(one.named()[["name", "factor"]].itertuples(index=False))
    assert len(drawn.numbers) == one.ablation["motif"].nunique()
    for row in drawn.numbers.itertuples(index=False):
        *named, name = row[0].split()
        assert " ".join(named) == (
            "(began as MA0265.3)" if name == "filter0" else factors.get(name, "")
        )
        for label, value in zip(drawn.numbers.columns[1:], row[1:], strict=True):
            target = run.targets.index[run.targets["label"] == label][0]
            assert value == table[name, target]
    assert figures.ablation(run, one._replace(ablation=pd.DataFrame())) is None
