"""One figure of a made-up run, as a file."""

import pytest

from danq import config
from danq.errors import DanqError
from danq.files import read_table
from danq.report.plot import plot
from tests.conftest import refuse
from tests.report.toy_run import YEAST, write_run


@pytest.mark.parametrize("kind", config.FIGURES)
@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_every_kind_is_drawn_with_its_numbers_and_repeats(folder, tmp_path, kind, suffix):
    drawings = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in drawings:
        plot(folder, kind, path, table=tmp_path / "t.tsv")
    assert drawings[0].read_bytes() == drawings[1].read_bytes()
    assert len(read_table(tmp_path / "t.tsv")) > 1


def test_what_a_scatter_shows_is_the_comparison(folder, tmp_path):
    plot(folder, "scatter", tmp_path / "s.svg", pair=["deepsea", "danq"], table=tmp_path / "s.tsv")
    numbers, comparison = read_table(tmp_path / "s.tsv"), read_table(folder / "comparison.tsv")
    comparison = comparison[
        (comparison["pair"] == "danq - deepsea") & comparison["target"].str.isdecimal()
    ].dropna(subset=["difference"])
    assert numbers["target"].tolist() == comparison["name"].tolist()
    assert numbers["DanQ"].to_numpy() == pytest.approx(comparison["auprc_a"].to_numpy())
    text = (tmp_path / "s.svg").read_text()
    assert "AUPRC, DanQ" in text and "sequence_specific" in text  # axis and legend


def test_curves_are_of_one_target_by_name_or_index(folder, tmp_path):
    for target in ("Reb1", "1"):
        plot(folder, "curves", tmp_path / "c.svg", target=target, table=tmp_path / "c.tsv")
        numbers = read_table(tmp_path / "c.tsv")
        assert set(numbers["target"]) == {1} and set(numbers["model"]) == {
            "DanQ",
            "DeepSEA",
            "k-mer",
        }
        assert "Reb1" in (tmp_path / "c.svg").read_text()


def test_curves_without_a_target_are_those_of_all(folder, tmp_path):
    plot(folder, "curves", tmp_path / "c.svg", table=tmp_path / "c.tsv")
    numbers = read_table(tmp_path / "c.tsv")
    curves = read_table(folder / "curves.tsv.gz")
    assert len(numbers) == len(curves) and numbers["name"].nunique() == len(YEAST)


def test_bins_of_several_seeds_are_pooled_by_their_labels(folder, tmp_path):
    plot(folder, "reliability", tmp_path / "r.svg", table=tmp_path / "r.tsv")
    numbers = read_table(tmp_path / "r.tsv")
    assert numbers["n"].tolist() == [40, 10]
    assert numbers["predicted"].tolist() == pytest.approx([(0.05 * 30 + 0.03 * 10) / 40, 0.95])
    assert numbers["observed"].tolist() == pytest.approx([(0.02 * 30 + 0.06 * 10) / 40, 0.9])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"kind": "scatter", "pair": ["danq", "mlp"]},
            "danq and mlp were not compared in yeast; choose from danq ",
        ),
        (
            {"kind": "curves", "target": "Gal4"},
            "no targets are called 'Gal4'; give one by name or index, as Abf1, ",
        ),
        (
            {"kind": "interactions", "pair": ["A+C"]},
            r"A\+C was not probed in yeast; choose from A\+B",
        ),
        (
            {"kind": "loss", "output": "x.jpg"},
            r"x\.jpg: a figure is written as \.svg, \.png or \.pdf",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(folder, tmp_path, options, message):
    options = {"output": tmp_path / "x.svg", **options}
    with pytest.raises(DanqError, match=message):
        plot(folder, **options)
    assert not (tmp_path / "x.svg").exists()


def test_an_older_run_lacks_some_figures(tmp_path):
    folder = write_run(tmp_path / "old")
    for kind in ("curves", "reliability", "interactions"):
        with pytest.raises(
            DanqError, match=f"has no data for the figure {kind}; make the run again"
        ):
            plot(folder, kind, tmp_path / "x.svg", target="Abf1")


def test_a_drawing_and_its_table_overwrite_no_file_of_the_run(folder, tmp_path):
    table = folder / "comparison.tsv"
    before = table.read_bytes()
    message = f"{table}: is also an input, a file of the run {folder}; choose another output file"
    refuse(message, plot, folder, "scatter", tmp_path / "s.svg", table=table)
    assert table.read_bytes() == before and not list(tmp_path.iterdir())
