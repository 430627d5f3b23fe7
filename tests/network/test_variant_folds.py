"""Variants are scored by the models of the folds that were not trained on the bases around them."""

import numpy as np
import pytest

from danq.cli import main
from danq.config import Variants
from danq.files import read_table
from danq.genome.fasta import read_genome
from danq.genome.tables import Region
from danq.genome.variants import parse_variants
from danq.network.predict_sequences import by_fold, choose_columns
from danq.network.trained import load
from danq.network.variant_blocks import Preparer
from danq.network.variant_folds import fold_labels, score_by_fold
from danq.network.variant_scores import score_windows
from danq.network.variants import model_labels
from tests.network.test_fold_models import LENGTHS, SETS, write_folds
from tests.network.tiled_toy import TARGETS, WINDOW, bases, write_fasta, write_model

TEXTS = {name: bases(length) for name, length in LENGTHS.items()}

PLACES = {
    # 0-based place of a single base: its window begins 99 or 100 bp before it.
    ("chr1", 700): "0",
    ("chr1", 20): "0",  # the window leaves the chromosome
    ("chr2", 200): "1",
    ("chr2", 430): "all",  # its window lies in two sets
    ("chr2", 600): "2",
    ("chr3", 650): "1",
    ("chrM", 300): "all",  # in no set
}


def other(base):
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def word(chrom, place):
    ref = TEXTS[chrom][place]
    return f"{chrom}:{place + 1}:{ref}:{other(ref)}"


WORDS = [word(chrom, place) for chrom, place in PLACES]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_fasta(tmp_path / "genome.fa", TEXTS)
    return tmp_path


def score(paths, output, *more, words=WORDS):
    """Score single-base changes; return the table."""
    command = ["variants", "--checkpoint", *map(str, paths), "--genome", "genome.fa"]
    command += ["--variant", *words, "--table", output, "--device", "cpu", "--threads", "1"]
    if "--background" not in more:
        command += ["--background-size", "0"]
    assert main([*command, *more]) == 0
    return read_table(output)


def test_each_variant_is_scored_by_its_own_fold(folder, capsys):
    paths = write_folds(folder)
    table = score(paths, "t.tsv", "--summary", "s.tsv")
    assert "variants: danq seed 0 fold 0: chr1:0-1500; danq" in capsys.readouterr().err
    labels = list(PLACES.values())
    assert read_table(folder / "s.tsv")["fold"].tolist() == labels
    assert table["fold"].tolist() == np.repeat(labels, len(TARGETS)).tolist()
    alone = [score([path], f"{fold}.tsv") for fold, path in enumerate(paths)]
    averaged = score(paths, "a.tsv", "--average-folds")
    columns = ["probability_ref", "probability_alt", "log_odds_change"]
    for label, source in {"0": alone[0], "1": alone[1], "2": alone[2], "all": averaged}.items():
        rows = table["fold"] == label
        expected = source.loc[rows, columns].to_numpy()
        found = table.loc[rows, columns].to_numpy()
        assert rows.any() and found == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert "fold" not in averaged and "fold" not in alone[0]
    assert not [name for name in table if name.startswith(("spread", "change_"))]


def test_seeds_of_a_fold_keep_their_spread_and_columns(folder):
    paths = []
    for fold, test in enumerate(SETS):
        splits = {"valid": SETS[(fold + 1) % 3], "test": test}
        for seed in (0, 1):
            path = folder / f"{fold}{seed}.ckpt"
            paths.append(write_model(path, seed, splits=splits))
    table = score(paths, "t.tsv")
    # The two seeds are the same in all folds, so that every place has the spread of two models.
    both = score(paths[:2], "both.tsv")
    for name in ("log_odds_change", "spread", "change_seed0", "change_seed1"):
        expected = both[name].to_numpy()
        assert table[name].to_numpy() == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert table["fold"].unique().tolist() == ["0", "1", "all", "2"]


def test_a_vcf_says_which_fold_scored_what(folder):
    rows = [text.split(":") for text in WORDS]
    lines = [f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\t.\t." for chrom, pos, ref, alt in rows]
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (folder / "v.vcf").write_text(head + "\n".join(lines) + "\n")
    command = ["variants", "--checkpoint", *map(str, write_folds(folder)), "--genome", "genome.fa"]
    command += ["--input", "v.vcf", "--vcf", "o.vcf", "--device", "cpu", "--background-size", "0"]
    assert main(command) == 0
    *header, _ = (folder / "o.vcf").read_text().split("#CHROM")
    assert "mean of all folds (danq seed 0 fold 0: chr1:0-1500; danq seed 10 fold 1: " in header[0]
    body = [line for line in (folder / "o.vcf").read_text().splitlines() if line[0] != "#"]
    folds = [line.split("DANQ_FOLD=")[1].split(";")[0] for line in body]
    assert folds == list(PLACES.values())


def test_a_background_is_scored_likewise(folder):
    paths = write_folds(folder)
    rows = ["chrom\tpos\tref\talt", *(text.replace(":", "\t") for text in WORDS[:3])]
    (folder / "b.txt").write_text("\n".join(rows) + "\n")
    table = score(paths, "t.tsv", "--background", "b.txt", words=WORDS[:3])
    # Of the three variants, compared with themselves: the rank of each one by its own fold.
    for _, own in table.groupby("target"):
        sizes = own["log_odds_change"].abs().to_numpy()
        at_least = [(sizes >= size).sum() for size in sizes]
        assert own["e_value"].to_numpy() == pytest.approx((np.array(at_least) + 1) / 4)


def test_a_deletion_brings_in_bases_that_the_reference_window_does_not_hold(folder):
    models = [load(path, device="cpu", threads=1) for path in write_folds(folder)]
    ensemble = by_fold(choose_columns(models, []), LENGTHS, "variants")
    preparer = Preparer(read_genome("genome.fa").genome, {}, Variants(), WINDOW)
    anchor, deleted = TEXTS["chr2"][309], TEXTS["chr2"][310:370]
    words = [f"chr2:310:{anchor}{deleted}:{anchor}", word("chr2", 200)]
    prepared = [preparer.prepare(row) for row in parse_variants(words)]
    assert prepared[0].windows.ref_start + WINDOW == 440, "the end of the set of fold 1"
    assert prepared[0].place == Region("chr2", 210, 470)
    assert fold_labels(ensemble, prepared) == ["all", "1"]
    scores = score_by_fold(ensemble, prepared)
    one = score_windows(models[1:2], [prepared[1].windows], ensemble.columns)
    assert scores.change[1] == pytest.approx(one.change[0], rel=1e-4, abs=1e-6)
    assert fold_labels(choose_columns(models, []), prepared) is None


def test_models_of_a_place_are_called_by_their_seed_where_it_is_one(folder):
    models = [load(path, device="cpu", threads=1) for path in write_folds(folder, (0, 1))]
    assert model_labels([[model] for model in models[:2]]) == ["seed0", "seed1"]
    assert model_labels([[models[0]], [models[0]]]) == ["1", "2"]
    assert model_labels([models[0::2], models[1::2]]) == ["1", "2"], "other seeds in each fold"
    assert model_labels([models]) == ["1"]
