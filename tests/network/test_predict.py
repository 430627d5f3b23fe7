"""danq predict from the command line: one kind of input, the outputs that are asked for."""

import pandas as pd
import pytest

from danq.cli import main
from danq.files import read_table
from danq.network.trained import load
from tests.network.tiled_toy import TARGETS, WINDOW, bases, write_fasta, write_model


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Work in a folder with a model, a genome, regions of it, and thresholds."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "m" / "model.ckpt")
    write_model(tmp_path / "m" / "other.ckpt", 1)
    write_fasta(tmp_path / "genome.fa", {"chr1": bases(1500), "chr2": bases(700)})
    (tmp_path / "r.bed").write_text("chr2\t120\t320\tx\nchr1\t500\t900\ty\n")
    rows = "".join(f"{target}\tbest_f1\t0.5\n" for target in TARGETS)
    (tmp_path / "m" / "thresholds.tsv").write_text(f"target\trule\tthreshold\n{rows}")
    return tmp_path


def predict(*words):
    command = ["predict", "--checkpoint", "m/model.ckpt", "--device", "cpu", "--threads", "1"]
    return main([*command, *words])


def test_every_output_of_a_genome(files):
    outputs = ["--table", "t.tsv", "--h5", "b.h5", "--bigwig", "bw", "--peaks", "peaks"]
    assert predict("--genome", "genome.fa", "--skipped", "s.tsv", *outputs) == 0
    made = {path.name for path in files.iterdir()}
    assert made == {"m", "genome.fa", "r.bed", "t.tsv", "b.h5", "bw", "peaks", "s.tsv"}
    table = read_table(files / "t.tsv")
    model = load(files / "m" / "model.ckpt", device="cpu")
    expected = model.predict({"chr1": bases(1500)})
    found = table[table["chrom"] == "chr1"]
    assert found[TARGETS].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-5)
    assert {path.name for path in (files / "bw").iterdir()} > {"a.bw", "b_c.bw", "d.bw"}
    skipped = read_table(files / "s.tsv")
    covered = (table["end"] - table["start"]).sum()
    assert covered + (skipped["end"] - skipped["start"]).sum() == 1500 + 700


def test_regions_sequences_and_chromosomes(files):
    assert predict("--genome", "genome.fa", "--bed", "r.bed", "--table", "r.tsv") == 0
    regions = read_table(files / "r.tsv")
    assert regions["region"].tolist() == ["x"] * 5 + ["y"] * 10
    assert predict("--genome", "genome.fa", "--chromosomes", "chr2", "--table", "c.tsv") == 0
    whole = read_table(files / "c.tsv").set_index("start")
    assert set(whole["chrom"]) == {"chr2"}
    shared = regions[regions["start"].isin(whole.index) & (regions["chrom"] == "chr2")]
    expected = whole.loc[shared["start"], TARGETS].to_numpy()
    assert len(shared) and shared[TARGETS].to_numpy() == pytest.approx(expected, rel=1e-5)
    write_fasta(files / "s.fa", {"x": bases(WINDOW)})
    assert predict("--fasta", "s.fa", "--table", "s.tsv.gz", "--targets", "d") == 0
    table = pd.read_csv("s.tsv.gz", sep="\t")
    assert table.columns.tolist() == ["chrom", "start", "end", "d"] and len(table) == 1


def test_several_checkpoints_are_averaged(files):
    for words in (["m/model.ckpt"], ["m/other.ckpt"], ["m/model.ckpt", "m/other.ckpt"]):
        name = f"{len(words)}{words[0][2]}.tsv"
        arguments = ["--checkpoint", *words, "--genome", "genome.fa", "--table", name]
        assert main(["predict", *arguments, "--device", "cpu", "--threads", "1"]) == 0
    one, other, both = (read_table(files / name) for name in ("1m.tsv", "1o.tsv", "2m.tsv"))
    mean = (one[TARGETS] + other[TARGETS]) / 2
    assert both[TARGETS].to_numpy() == pytest.approx(mean.to_numpy(), rel=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--table", "t"], "nothing to predict; give one of --dataset, --fasta, --bed with"),
        (["--fasta", "genome.fa", "--genome", "genome.fa", "--table", "t"], "two kinds of input"),
        (["--dataset", "d.h5", "--fasta", "genome.fa", "--output", "o"], "two kinds of input"),
        (["--dataset", "d.h5", "--table", "t"], "a dataset has its windows, and its predictions"),
        (["--dataset", "d.h5"], "predictions of a dataset need a file; give --output"),
        (["--bed", "r.bed", "--table", "t"], "regions need their genome; give --genome"),
        (
            ["--genome", "genome.fa", "--bed", "r.bed", "--chromosomes", "chr1", "--table", "t"],
            "--chromosomes is for --genome alone; leave it out",
        ),
        (["--genome", "genome.fa", "--output", "o"], "--output and --split are for a dataset"),
        (["--genome", "genome.fa"], "nothing is to be written; give --table, --h5, --bigwig or"),
        (["--genome", "genome.fa", "--table", "t", "--step", "7"], "step 7 does not divide"),
        (["--genome", "genome.fa", "--table", "t", "--targets", "z"], "'z'"),
        (["--genome", "genome.fa", "--chromosomes", "chr9", "--table", "t"], "'chr9' is not in"),
        (["--genome", "r.bed", "--table", "t"], "r.bed:1: sequence before the first '>' header"),
        (
            ["--genome", "genome.fa", "--table", "t", "--thresholds", "r.bed", "--peaks", "p"],
            "r.bed",
        ),
        (["--genome", "genome.fa", "--table", "genome.fa"], "genome.fa"),
    ],
)
def test_what_does_not_go_together_is_one_line_and_leaves_nothing(files, capsys, words, message):
    before = sorted(files.rglob("*"))
    assert predict(*words) == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("danq: ") and message in line
    assert sorted(files.rglob("*")) == before


def test_peaks_without_thresholds_are_refused(files, capsys):
    (files / "m" / "thresholds.tsv").unlink()
    assert predict("--genome", "genome.fa", "--peaks", "p") == 2
    assert "make a table with danq thresholds" in capsys.readouterr().err


def test_a_second_prediction_into_the_same_place_waits_for_nobody(files, capsys):
    from danq.files import locked

    with locked(files / "t.tsv.lock", "busy"):
        assert predict("--genome", "genome.fa", "--table", "t.tsv") == 2
    assert "another danq predict works on it" in capsys.readouterr().err
