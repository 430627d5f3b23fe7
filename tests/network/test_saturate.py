"""danq saturate from the command line: what danq variants says of the same changes."""

import numpy as np
import pandas as pd
import pytest

from danq.cli import main
from danq.data.bigwig import load_pybigwig
from danq.files import read_table
from danq.genome.sequence import encode
from danq.genome.tables import Region
from danq.network.saturate import Saturated, merged_regions, panels_of
from tests.network.tiled_toy import TARGETS, bases, write_fasta, write_model

TEXT = bases(600)
WITH_N = TEXT[:300] + "NN" + TEXT[302:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saturated")
    for seed in range(2):
        write_model(folder / f"{seed}.ckpt", seed)
    write_fasta(folder / "genome.fa", {"chr2": bases(400, 3), "chr1": WITH_N})
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


FIXED = ["--genome", "genome.fa", "--device", "cpu", "--threads", "1"]


def saturate(*words):
    return main(["saturate", "--checkpoint", "0.ckpt", "1.ckpt", *FIXED, *words])


def test_it_is_danq_variants_on_every_single_base_change(here, capsys):
    outputs = ["--table", "s.tsv.gz", "--bigwig", "s.bw", "--figure", "s.svg"]
    assert saturate("--regions", "chr1:295-310", "chr2:100-103", "chr1:290-300", *outputs) == 0
    said = "saturate: 21 bases, each changed to the three others; 2 left out"
    assert said in capsys.readouterr().err
    found = pd.read_csv("s.tsv.gz", sep="\t")
    places = [("chr2", place) for place in range(100, 103)]
    places += [("chr1", place) for place in range(290, 310) if place not in (300, 301)]
    words = []
    for chrom, place in places:
        ref = (WITH_N if chrom == "chr1" else bases(400, 3))[place]
        words += [f"{chrom}:{place + 1}:{ref}:{alt}" for alt in "ACGT" if alt != ref]
    scored = ["--variant", *words, "--table", "v.tsv", "--background-size", "0"]
    assert main(["variants", "--checkpoint", "0.ckpt", "1.ckpt", *FIXED, *scored]) == 0
    expected = read_table("v.tsv")
    assert len(found) == 21 * 3 * len(TARGETS)
    key = ["chrom", "pos", "ref", "alt", "target"]
    assert found[key].equals(expected[key])
    numbers = ["probability_ref", "probability_alt", "log_odds_change", "spread"]
    assert found[numbers].to_numpy() == pytest.approx(expected[numbers].to_numpy(), rel=1e-4)
    sizes = found["log_odds_change"].abs().groupby([found["chrom"], found["pos"]]).max()
    with load_pybigwig().open("s.bw") as track:
        for (chrom, pos), size in sizes.items():
            assert track.values(chrom, pos - 1, pos)[0] == pytest.approx(size, rel=1e-4)
        assert np.isnan(track.values("chr1", 300, 302)).all()
        assert track.header()["nBasesCovered"] == 21
    assert (here / "s.svg").stat().st_size > 10_000


def test_some_targets_only(here):
    assert saturate("--regions", "chr2:100-102", "--targets", "d", "--table", "d.tsv") == 0
    assert set(read_table("d.tsv")["target"]) == {"d"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--regions", "chr1:5-9"], "nothing is to be written; give --table, --bigwig or --fig"),
        (["--regions", "chr1:9-5", "--table", "x.tsv"], "'chr1:9-5' is empty or leaves 'chr1'"),
        (["--regions", "chr1:590-601", "--table", "x.tsv"], "is empty or leaves 'chr1' (0-600 bp"),
        (["--regions", "chr9:1-2", "--table", "x.tsv"], "'chr9' is not in"),
        (["--regions", "chr1", "--figure", "x.svg"], "--figure draws 500 bp at most, and the reg"),
        (["--regions", "chr1:5-9", "--figure", "x.gif"], "a figure is written as .svg, .png or"),
        (["--regions", "chr1:5-9", "--table", "x.tsv", "--targets", "z"], "'z'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(here, capsys, words, message):
    assert saturate(*words) == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("danq: ") and message in line
    assert not list(here.glob("x.*"))


def test_regions_are_merged_in_the_order_of_the_genome():
    regions = [Region("b", 5, 9), Region("a", 7, 9), Region("b", 1, 2), Region("b", 2, 6)]
    assert merged_regions(regions, ["a", "b", "c"]) == [Region("a", 7, 9), Region("b", 1, 9)]


def test_the_targets_of_the_largest_changes_are_drawn():
    changes = np.zeros((2, 4, 5))
    changes[0, 1] = [1, -5, 2, 0, 3]
    found = Saturated(Region("a", 7, 9), encode("AC"), np.ones(2), changes)
    panels = panels_of(found, [*"vwxyz"])
    assert [panel.title for panel in panels] == ["w, a:7-9", "z, a:7-9", "x, a:7-9"]
    assert (panels[0].start, panels[0].sequence) == (7, "AC")
    assert (panels[0].changes == changes[:, :, 1]).all()
