"""danq variants from the command line."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, kstest

import danq
from danq.cli import main
from danq.files import read_table
from danq.genome.background import random_variants
from danq.genome.fasta import read_genome
from tests.network.tiled_toy import TARGETS, bases, write_fasta, write_model

TEXT = bases(1500)
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder with two models, a genome, and a VCF of 60 rows."""
    monkeypatch.chdir(tmp_path)
    for seed in range(2):
        write_model(tmp_path / f"{seed}.ckpt", seed)
    write_fasta(tmp_path / "genome.fa", {"chr1": TEXT})
    rng = np.random.default_rng(0)
    lines = []
    for number, place in enumerate(rng.permutation(np.arange(200, 1300))[:60].tolist()):
        ref = TEXT[place : place + 1 + number % 3]
        alt = bases(1 + number % 2, seed=number)
        alt = alt if alt != ref else ref + "A"
        lines.append(f"chr1\t{place + 1}\trs{number}\t{ref}\t{alt},<DEL>\t.\t.\t.\n")
    lines.append(lines[0])
    (tmp_path / "a.vcf").write_text(HEAD + "".join(lines))
    return tmp_path


def variants(*words):
    fixed = ["--genome", "genome.fa", "--device", "cpu", "--threads", "1"]
    return main(["variants", "--checkpoint", "0.ckpt", *fixed, *words])


def test_all_that_is_asked_for(folder, capsys):
    outputs = ["--table", "t.tsv.gz", "--summary", "s.tsv", "--vcf", "o.vcf", "--refused", "r.tsv"]
    assert variants("--input", "a.vcf", "--background-size", "50", *outputs) == 0
    err = capsys.readouterr().err
    assert "61 alternative alleles scored" in err and "61 refused: ALT '<DEL>'" in err
    table = pd.read_csv("t.tsv.gz", sep="\t")
    summary = read_table(folder / "s.tsv")
    assert table["target"].tolist() == TARGETS * 61 and len(summary) == 61
    largest = table.groupby(np.repeat(np.arange(61), 3))["log_odds_change"]
    sizes = largest.apply(lambda values: values.abs().max())
    assert summary["log_odds_change"].abs().to_numpy() == pytest.approx(sizes.to_numpy())
    first, last = (summary.iloc[place].drop("id") for place in (0, 60))  # the same row twice
    assert first.equals(last)
    assert table["e_value"].between(1 / 51 - 1e-6, 1).all()
    p, q = table["probability_ref"], table["probability_alt"]
    assert table["difference"].to_numpy() == pytest.approx((q - p).to_numpy(), abs=1e-5)
    assert len(read_table(folder / "r.tsv")) == 61
    body = [line for line in (folder / "o.vcf").read_text().splitlines() if line[0] != "#"]
    changes = [float(line.split("DANQ_CHANGE=")[1].split(",")[0]) for line in body]
    assert changes == pytest.approx(summary["log_odds_change"].tolist(), rel=1e-5)


def test_p_and_q_of_shuffled_flanks(folder, capsys):
    words = ["--input", "a.vcf", "--background-size", "0", "--shuffles", "19", "--targets", "0"]
    assert variants(*words, "--table", "t.tsv", "--summary", "s.tsv", "--vcf", "o.vcf") == 0
    table = read_table(folder / "t.tsv")
    steps = table["p_value"] * 20
    assert steps.round().to_numpy() == pytest.approx(steps.to_numpy(), abs=1e-4)
    assert steps.between(1 - 1e-4, 20 + 1e-4).all()
    expected = false_discovery_control(table["p_value"])
    assert table["q_value"].to_numpy() == pytest.approx(expected, rel=1e-4)
    assert "e_value" not in table and "compare with" not in capsys.readouterr().err
    first, last = (table.iloc[place].drop("id") for place in (0, 60))  # the same row twice
    assert first.equals(last)
    assert read_table(folder / "s.tsv")["q_value"].equals(table["q_value"])
    last_line = (folder / "o.vcf").read_text().splitlines()[-1]
    assert f"DANQ_P={table['p_value'].iloc[-1]:.6g},." in last_line


@pytest.mark.parametrize("options", [[], ["--float16"]])
def test_all_scores_in_hdf5(folder, options):
    words = ["--input", "a.vcf", "--background-size", "20", "--h5", "v.h5", "--table", "t.tsv"]
    assert variants(*words, *options) == 0
    table = pd.read_csv("t.tsv", sep="\t")
    found = danq.variants_table("v.h5")
    assert found.columns.tolist() == table.columns.tolist()
    assert found["id"].tolist() == table["id"].tolist()
    for name in table.columns[7:]:
        tolerance = {"rtol": 2e-3, "atol": 2e-3} if options else {"rtol": 1e-5, "atol": 1e-6}
        np.testing.assert_allclose(found[name], table[name], **tolerance)


def test_variants_of_a_haplotype_are_scored_together(folder, capsys):
    places = [300, 310, 312, 800, 1000]
    genotypes = ["0|1", "0|1", "1|0", "0|1", "0/1"]
    head = HEAD.replace("INFO\n", "INFO\tFORMAT\tmum\n")
    lines = []
    for place, genotype in zip(places, genotypes, strict=True):
        other = "ACGT"[("ACGT".index(TEXT[place]) + 1) % 4]
        row = f"chr1\t{place + 1}\tr{place}\t{TEXT[place]}\t{other}\t.\t.\t.\tGT\t{genotype}\n"
        lines.append(row)
    (folder / "h.vcf").write_text(head + "".join(lines))
    words = ["--input", "h.vcf", "--background-size", "0", "--targets", "0"]
    assert variants(*words, "--summary", "alone.tsv") == 0
    outputs = ["--summary", "together.tsv", "--refused", "r.tsv", "--vcf", "o.vcf"]
    assert variants(*words, "--haplotypes", *outputs) == 0
    alone, together = (read_table(folder / name) for name in ("alone.tsv", "together.tsv"))
    more = "scored with 1 more of haplotype 2"
    assert together["status"].tolist() == [more, more, "scored", "scored"]
    same = alone["log_odds_change"].head(4) == together["log_odds_change"]
    assert same.tolist() == [False, False, True, True]
    (reason,) = read_table(folder / "r.tsv")["reason"]
    assert reason == "the genotype '0/1' is not phased"
    assert "DANQ_STATUS=scored%20with%201%20more" in (folder / "o.vcf").read_text()


def test_e_values_of_random_changes_are_uniform(folder, capsys):
    """Changes that are drawn as the background is, by another seed."""
    genome = read_genome(folder / "genome.fa").genome
    drawn = random_variants(genome, Counter(), 300, seed=5)
    inside = [row for row in drawn if 120 < row.pos < 1380]
    words = [f"chr1:{row.pos}:{row.ref}:{row.alt}" for row in inside]
    (folder / "p.bed").write_text("chr1\t300\t900\n")
    options = ["--background-size", "400", "--table", "t.tsv", "--peaks", "p.bed"]
    assert variants("--variant", *words, *options) == 0
    assert "in the same trinucleotides, and as often in peaks of p.bed" in capsys.readouterr().err
    for _, values in read_table(folder / "t.tsv").groupby("target")["e_value"]:
        assert kstest(values, "uniform").pvalue > 0.001


def test_words_and_tables_are_scored_like_a_vcf(folder):
    rows = [line.split("\t") for line in (folder / "a.vcf").read_text().splitlines()[2:6]]
    words = [f"{row[0]}:{row[1]}:{row[3]}:{row[4].split(',')[0]}" for row in rows]
    text = "".join(f"{word}\n".replace(":", "\t") for word in words)
    (folder / "t.txt").write_text("chrom\tpos\tref\talt\n" + text)
    base = ["--background-size", "0"]
    assert variants("--variant", *words, "--summary", "w.tsv", *base) == 0
    assert variants("--input", "t.txt", "--summary", "t.tsv", *base) == 0
    assert variants("--input", "a.vcf", "--summary", "v.tsv", *base) == 0
    by_words, by_table, by_vcf = (read_table(folder / name) for name in ("w.tsv", "t.tsv", "v.tsv"))
    assert by_words.equals(by_table) and "e_value" not in by_words
    by_vcf = by_vcf.head(4).drop(columns="id")
    assert by_words.drop(columns="id").equals(by_vcf)


def test_exchanged_alleles_have_the_other_sign(folder):
    place = 400
    other = "ACGT"[("ACGT".index(TEXT[place]) + 1) % 4]
    words = [f"chr1:{place + 1}:{TEXT[place]}:{other}", f"chr1:{place + 1}:{other}:{TEXT[place]}"]
    options = ["--ref-mismatch", "swap", "--background-size", "0"]
    many = [f"chr1:{p + 1}:{TEXT[p]}:{'A' if TEXT[p] != 'A' else 'C'}" for p in range(500, 520)]
    assert variants("--variant", *words, *many, "--table", "t.tsv", *options) == 0
    table = read_table(folder / "t.tsv")
    straight, exchanged = table.iloc[:3], table.iloc[3:6]
    assert exchanged["status"].tolist() == ["swapped"] * 3
    change = straight["log_odds_change"].to_numpy()
    assert exchanged["log_odds_change"].to_numpy() == pytest.approx(-change)
    assert exchanged["probability_ref"].tolist() == straight["probability_alt"].tolist()


def test_several_models_are_told_apart_beside_their_mean(folder):
    words = ["--genome", "genome.fa", "--device", "cpu", "--input", "a.vcf"]
    words += ["--background-size", "0", "--ref-mismatch", "keep"]
    for name, checkpoints in (("0", ["0.ckpt"]), ("1", ["1.ckpt"]), ("both", ["0.ckpt", "1.ckpt"])):
        outputs = ["--table", f"{name}.tsv", "--summary", f"{name}_s.tsv"]
        assert main(["variants", "--checkpoint", *checkpoints, *words, *outputs]) == 0
    both = read_table(folder / "both.tsv")
    summary = read_table(folder / "both_s.tsv")
    for seed in "01":
        alone = read_table(folder / f"{seed}.tsv")
        largest = read_table(folder / f"{seed}_s.tsv")
        expected = alone["log_odds_change"].to_numpy()
        assert both[f"change_seed{seed}"].to_numpy() == pytest.approx(expected, rel=1e-4, abs=1e-6)
        expected = largest["log_odds_change"].to_numpy()
        found = summary[f"change_seed{seed}"].to_numpy()
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)
        assert not [name for name in alone if name.startswith("change_")]
    by_seed = both[["change_seed0", "change_seed1"]]
    assert both["spread"].to_numpy() == pytest.approx(by_seed.std(axis=1), rel=1e-3, abs=1e-6)


def test_variants_of_another_genome_stop_before_anything_is_made(folder, capsys):
    lines = (folder / "a.vcf").read_text().splitlines()
    wrong = [line.split("\t") for line in lines[2:]]
    for row in wrong[:20]:
        row[3] = "ACGT"[("ACGT".index(row[3][0]) + 2) % 4]
    (folder / "b.vcf").write_text(HEAD + "".join("\t".join(row) + "\n" for row in wrong))
    assert variants("--input", "b.vcf", "--summary", "s.tsv") == 2
    err = capsys.readouterr().err
    assert "have another REF than the genome (line 3: REF is" in err
    assert "is this the genome of these variants (hg19, hg38)?" in err
    assert not (folder / "s.tsv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--summary", "s"], "give variants either by --input, a VCF or a table, or by --variant"),
        (["--input", "a.vcf", "--variant", "chr1:5:A:C", "--summary", "s"], "give variants either"),
        (["--input", "a.vcf", "--refused", "r"], "nothing is to be written; give --table"),
        (["--variant", "chr1:5:A:C", "--vcf", "o.vcf"], "--vcf writes the scores into the VCF of"),
        (["--input", "genome.fa", "--summary", "s"], "neither a VCF nor a table with a column"),
        (["--input", "a.vcf", "--summary", "s", "--haplotypes"], "its samples are none; name one"),
        (["--input", "a.vcf", "--summary", "s", "--sample", "x"], "--sample is for --haplotypes"),
        (["--variant", "chr1:5:A:C", "--summary", "s", "--haplotypes"], "give a VCF with samples"),
        (
            ["--input", "a.vcf", "--summary", "s", "--haplotypes", "--ref-mismatch", "keep"],
            "--haplotypes needs the genome's own REF",
        ),
        (["--input", "a.vcf", "--vcf", "o.bcf"], "danq writes VCF, and not BCF; name it .vcf.gz"),
        (
            ["--input", "a.vcf", "--summary", "s", "--peaks", "a.vcf", "--background", "a.vcf"],
            "--peaks is for a random background",
        ),
        (["--input", "a.vcf", "--targets", "z", "--summary", "s"], "'z'"),
    ],
)
def test_what_does_not_go_together_is_refused(folder, capsys, words, message):
    before = sorted(folder.rglob("*"))
    assert variants(*words) == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("danq: ") and message in line
    assert sorted(folder.rglob("*")) == before
