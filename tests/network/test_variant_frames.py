"""Variants in a notebook: the numbers of danq variants and danq saturate."""

import numpy as np
import pytest

from danq.cli import main
from danq.errors import DanqError
from danq.files import read_table
from danq.network.variant_frames import open_genome
from tests.network.tiled_toy import TARGETS, WINDOW, bases, load_model, write_fasta

TEXT = bases(600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("frames")


@pytest.fixture(scope="module")
def model(folder):
    return load_model(folder / "m.ckpt")


def other(base):
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def test_variants_of_own_sequences_are_those_of_the_command(folder, model, monkeypatch):
    monkeypatch.chdir(folder)
    write_fasta(folder / "g.fa", {"mine": TEXT})
    words = [f"mine:301:{TEXT[300]}:{other(TEXT[300])}", f"mine:350:{TEXT[349:352]}:{TEXT[349]}"]
    found = model.variants(words, {"mine": TEXT})
    assert found["target"].tolist() == TARGETS * 2
    options = ["--genome", "g.fa", "--table", "t.tsv", "--background-size", "0", "--device", "cpu"]
    command = ["variants", "--checkpoint", "m.ckpt", "--variant", *words, *options]
    assert main(command) == 0
    expected = read_table("t.tsv")
    for column in ("probability_ref", "probability_alt", "log_odds_change"):
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=1e-4)
    (folder / "t.txt").write_text("chrom\tpos\tref\talt\n" + words[0].replace(":", "\t") + "\n")
    for one in (words[0], [words[0]], "t.txt", folder / "t.txt"):
        again = model.variants(one, folder / "g.fa")["log_odds_change"].to_numpy()
        assert again == pytest.approx(found["log_odds_change"].to_numpy()[:3], abs=1e-5)


def test_what_cannot_be_scored_is_left_out_and_told(model, capsys):
    words = [f"x:{place}:N:A" for place in range(1, 6)]
    good = f"x:301:{TEXT[300]}:{other(TEXT[300])}"
    assert len(model.variants([*words, good], {"x": TEXT})) == 3
    err = capsys.readouterr().err
    assert "'x:1:N:A' is not scored: REF 'N': unknown bases" in err
    assert "2 further variants are not scored" in err
    assert model.variants(words, {"x": TEXT}).empty


@pytest.mark.parametrize(
    ("variants", "genome", "message"),
    [
        ("x:1", {"x": TEXT}, "is not a variant"),
        ("x:1:A:C", {}, "there is no sequence"),
        ("x:1:A:C", {"x": "ACGU"}, "holds 'U'"),
        ("x:1:A:C", "none.fa", "none.fa"),
    ],
)
def test_what_is_wrong_is_said(model, variants, genome, message):
    with pytest.raises(DanqError, match=message):
        model.variants(variants, genome)


def test_a_region_is_saturated_as_its_variants_are_scored(model):
    text = TEXT[:310] + "N" + TEXT[311:]
    found = model.saturate("x:305-315", genome={"x": text})
    assert list(found.columns) == TARGETS and found.index.names == ["position", "ref", "alt"]
    words = [f"x:{place + 1}:{ref}:{alt}" for place, ref, alt in found.index]
    assert len(words) == 27 and not any(place == 310 for place, _, _ in found.index)
    changes = model.variants(words, {"x": text})["log_odds_change"].to_numpy()
    assert found.to_numpy() == pytest.approx(changes.reshape(27, 3), abs=1e-5)


def test_a_window_is_saturated_in_its_place(model):
    window = TEXT[:100] + "N" + TEXT[101:WINDOW]
    found = model.saturate(window)
    assert len(found) == 3 * (WINDOW - 1)
    before = model.logits(window).to_numpy()[0]
    rng = np.random.default_rng(0)
    for row in rng.integers(0, len(found), 10).tolist():
        place, ref, alt = found.index[row]
        assert window[place] == ref
        after = model.logits(window[:place] + alt + window[place + 1 :]).to_numpy()[0]
        assert found.iloc[row].to_numpy() == pytest.approx(after - before, abs=1e-4)
    middle = WINDOW // 2 + 1
    own = model.saturate(f"x:{middle}-{middle + 1}", genome={"x": window})
    assert len(own) == 3


def test_windows_of_another_length_are_refused(model):
    with pytest.raises(DanqError, match="this model reads 200"):
        model.saturate("ACGT")


def test_a_genome_of_texts_is_that_of_a_file(folder):
    texts = {"a": "ACGTNNACGT", "b": "acgtn"}
    path = write_fasta(folder / "two.fa", texts)
    here = open_genome(texts)
    there = open_genome(path)
    assert here.lengths == there.lengths
    for name in texts:
        assert here.base_indices(name).tolist() == there.base_indices(name).tolist()
        assert here.unknown[name].tolist() == there.unknown[name].tolist()
    assert here.base_shares() == pytest.approx([0.25] * 4)
