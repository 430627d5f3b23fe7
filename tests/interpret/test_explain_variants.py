"""danq variants --explained: the strongest variants, and what is said of them."""

import numpy as np
import pytest

from danq.cli import main
from danq.data.explained import read_explained
from danq.files import read_table
from danq.genome.sequence import encode
from danq.interpret.explain_variants import explain
from danq.motif.meme import Motif, read_meme, write_meme
from danq.network.substitutions import base_effects, substitution_changes
from danq.network.trained import load
from danq.records import verified
from tests.network.tiled_toy import TARGETS, bases, write_fasta, write_model

TEXT = bases(1500)
SITE = 700
"""Where the known motif has its site (bp)."""

PEAKS = {"a": "chr1\t600\t650\n", "b c": "chr1\t300\t320\n", "d": "chr2\t1\t9\n"}


def other_than(base):
    return "ACGT"[("ACGT".index(base) + 1) % 4]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with two models, a genome, 30 variants, a motif, names and peaks."""
    folder = tmp_path_factory.mktemp("explained")
    for seed in range(2):
        write_model(folder / f"{seed}.ckpt", seed)
    write_fasta(folder / "genome.fa", {"chr1": TEXT, "chr2": bases(300, 5)})
    lines = ["chrom\tpos\tref\talt\tid"]
    places = [SITE + 5, *np.random.default_rng(0).integers(200, 1300, 28).tolist(), 20]
    for number, place in enumerate(places):
        ref = TEXT[place : place + 1 + number % 3]
        alt = other_than(ref[0]) + "GA"[: number % 2]
        lines.append(f"1\t{place + 1}\t{ref}\t{alt}\trs{number}")
    swapped = other_than(TEXT[900])
    lines.append(f"1\t901\t{swapped}\t{TEXT[900]}\tswapped")
    (folder / "v.tsv").write_text("\n".join([*lines, lines[1]]) + "\n")
    word = Motif("MA1", "CTCF", np.eye(4)[encode(TEXT[SITE : SITE + 12])])
    write_meme(folder / "known.meme", [word])
    (folder / "m.tsv").write_text("name\trank\tfactor\tnamed\nfilter0\t1\tSRF\tyes\n")
    (folder / "names.tsv").write_text("chr1\t1\n")
    rows = ""
    for name, text in PEAKS.items():
        (folder / f"{name[0]}.bed").write_text(text)
        rows += f"{name}\t{name[0]}.bed\n"
    (folder / "targets.tsv").write_text("name\tfile\n" + rows)
    return folder


def variants(*words, checkpoint=("0.ckpt",)):
    fixed = ["--genome", "genome.fa", "--device", "cpu", "--threads", "1", "--aliases", "names.tsv"]
    fixed += ["--input", "v.tsv", "--background-size", "0", "--ref-mismatch", "swap"]
    fixed += ["--motifs", "known.meme"]
    return main(["variants", "--checkpoint", *checkpoint, *fixed, *words])


@pytest.fixture(scope="module")
def explained(folder):
    """Return all variants explained by one model, and the summary that was made beside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        outputs = ["--explained", "e.json.gz", "--summary", "s.tsv", "--peaks", "targets.tsv"]
        assert variants(*outputs, "--matches", "m.tsv", "--explain", "100") == 0
    return read_explained(folder / "e.json.gz"), read_table(folder / "s.tsv")


def test_they_are_those_of_the_summary_each_once_and_the_strongest_first(explained):
    found, summary = explained
    sizes = [abs(variant.change) for variant in found.variants]
    assert sizes == sorted(sizes, reverse=True) and len(sizes) == 31
    by_id = summary.drop_duplicates("id").set_index("id")
    assert set(by_id.index) == {variant.id for variant in found.variants}
    for variant in found.variants:
        row = by_id.loc[variant.id]
        assert variant.change == pytest.approx(row["log_odds_change"], rel=1e-5)
        assert variant.p_ref == pytest.approx(row["probability_ref"], rel=1e-5)
        assert variant.p_alt == pytest.approx(row["probability_alt"], rel=1e-5)
        assert (variant.target, variant.pos) == (row["target"], row["pos"])
        assert TARGETS[variant.target_index] == variant.target
    assert (found.model, found.checkpoints) == ("danq", ["0.ckpt"])


def test_the_bases_are_those_of_the_genome_with_either_allele(explained):
    for variant in explained[0].variants:
        first = variant.pos - 1
        there = variant.alt if variant.id == "swapped" else variant.ref
        behind = TEXT[first + len(there) :]
        for allele, sequence in (
            (variant.ref, variant.ref_sequence),
            (variant.alt, variant.alt_sequence),
        ):
            whole = TEXT[:first] + allele + behind
            assert whole[variant.start :].startswith(sequence)
            assert len(sequence) == min(50, first) + len(allele) + 50


def test_the_effects_of_a_changed_base_are_its_scores(folder, explained):
    """The mean of the three changes at the place of an SNV, less its sign, is the effect there."""
    model = load(folder / "0.ckpt", device="cpu", threads=1)
    checked = 0
    for variant in explained[0].variants:
        if len(variant.ref) == len(variant.alt) == 1 and variant.pos > 200:
            column = variant.target_index
            for allele, effects in (
                (variant.ref, variant.ref_effects),
                (variant.alt, variant.alt_effects),
            ):
                row = f"chr1:{variant.pos}:{TEXT[variant.pos - 1]}:{other_than(variant.ref)}"
                window, place = window_of(row, allele)
                changes = substitution_changes([model], window, [place], [column])
                expected = base_effects(changes)[0, 0]
                assert effects[variant.offset] == pytest.approx(expected, abs=2e-5)
            checked += 1
    assert checked >= 5


def window_of(word, allele):
    """Return the window around a place with one base there, and where it lies in it."""
    from danq.genome.alleles import Placed, allele_windows

    place = int(word.split(":")[1]) - 1
    chromosome = encode(TEXT)
    placed = Placed(place, chromosome[place : place + 1], encode(allele))
    windows = allele_windows(placed, chromosome, 200)
    return windows.alt, windows.alt_allele.start


def test_the_motif_is_lost_where_its_site_is_broken(explained):
    by_id = {variant.id: variant for variant in explained[0].variants}
    (motif,) = by_id["rs0"].motifs
    assert (motif.motif, motif.name, motif.change) == ("MA1", "CTCF", "lost")
    assert motif.start + by_id["rs0"].start == SITE and motif.strand == "+"
    assert motif.ref_p < 1e-6 < motif.alt_p and motif.ref_log_odds > motif.alt_log_odds
    far = [variant for variant in by_id.values() if abs(variant.pos - SITE) > 50]
    assert far and not any(variant.motifs for variant in far)


def test_peaks_are_those_of_its_own_target(explained):
    for variant in explained[0].variants:
        if variant.target == "d":
            assert (variant.in_peak, variant.nearest_peak) == (False, None)
            continue
        start, end = (600, 650) if variant.target == "a" else (300, 320)
        first = variant.pos - 1
        last = first + len(variant.alt if variant.id == "swapped" else variant.ref)
        distance = max(0, start - last + 1, first - end + 1)
        assert (variant.in_peak, variant.nearest_peak) == (distance == 0, distance)


def test_filters_are_named_and_fire_on_one_side(explained):
    filters = [change for variant in explained[0].variants for change in variant.filters]
    assert filters
    for change in filters:
        fires = (change.ref > 0.5, change.alt > 0.5)
        assert fires == ((True, False) if change.change == "lost" else (False, True))
        assert change.name == ("SRF" if change.filter == "filter0" else "")


def test_the_file_knows_what_it_was_made_from(folder, explained):
    record = verified(folder / "e.json.gz")
    assert record.step == "variants"
    roles = [entry.role for entry in record.inputs]
    assert roles == ["checkpoint", "genome", "motifs", "matches", "targets"]


def test_several_models_are_averaged_and_their_filters_told_apart(folder, monkeypatch):
    monkeypatch.chdir(folder)
    words = ["--explained", "two.json", "--explain", "3", "--figures", "figures"]
    assert variants(*words, checkpoint=("0.ckpt", "1.ckpt")) == 0
    found = read_explained("two.json")
    assert len(found.variants) == 3 and len(list((folder / "figures").glob("*.svg"))) == 3
    names = {change.filter[:6] for variant in found.variants for change in variant.filters}
    assert names <= {"seed 0", "seed 1"}
    assert all(variant.in_peak is None for variant in found.variants)
    first = (folder / "two.json").read_bytes()
    assert variants(*words, checkpoint=("0.ckpt", "1.ckpt")) == 0
    assert (folder / "two.json").read_bytes() == first


def test_a_notebook_explains_the_same(folder, explained):
    model = load(folder / "0.ckpt", device="cpu", threads=1)
    chosen = [variant for variant in explained[0].variants if variant.id != "swapped"][:4]
    words = [f"chr1:{one.pos}:{one.ref}:{one.alt}" for one in chosen]
    genome = {"chr1": TEXT, "chr2": bases(300, 5)}
    known = read_meme(folder / "known.meme")
    found = explain(model, words, genome, motifs=known, names={"filter0": "SRF"})
    for one, same in zip(found, chosen, strict=True):
        assert (one.pos, one.ref_sequence, one.target) == (same.pos, same.ref_sequence, same.target)
        assert one.change == pytest.approx(same.change, abs=1e-5)
        assert one.ref_effects == pytest.approx(same.ref_effects, abs=1e-4)
        assert one.motifs == same.motifs and one.in_peak is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--matches", "m.tsv", "m.tsv"], "--matches has 2 files for 1 models; give one for each"),
        (["--matches", "v.tsv"], "v.tsv: no column name; give matches.tsv"),
        (["--motifs", "v.tsv"], "v.tsv"),
        (["--peaks", "m.tsv"], "m.tsv"),
        (["--peaks", "none.tsv"], "none.tsv"),
        (["--explain", "0"], "--explain"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_made(
    folder, monkeypatch, capsys, words, message
):
    monkeypatch.chdir(folder)
    assert variants("--explained", "x.json", "--summary", "x.tsv", *words) == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("danq: ") and message in line
    assert not list(folder.glob("x.*"))


def test_peaks_of_other_targets_are_refused(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    (folder / "other.tsv").write_text("name\tfile\nz\ta.bed\n")
    assert variants("--explained", "x.json", "--peaks", "other.tsv") == 2
    assert "--peaks has none of the model's targets" in capsys.readouterr().err
    assert not (folder / "x.json").exists()
