"""Variants of a simulated genome: what each does, against the rules asked of the whole genome."""

import numpy as np
import pandas as pd
import pytest

from danq.cli import main
from danq.genome.sequence import decode, encode
from danq.genome.variants import read_variants
from danq.simulation.genome import draw
from danq.simulation.grammar import ELEMENT, TARGETS, planted_motifs
from danq.simulation.truth import elements
from danq.simulation.variants import CLEAR, KINDS, UNCLEAR, Change, Drawer, effects

LENGTH = 60_000


@pytest.fixture(scope="module")
def simulation():
    return draw(3, LENGTH, 0)


@pytest.fixture(scope="module")
def drawer(simulation):
    rng = np.random.default_rng(0)
    return Drawer(simulation.genome, simulation.sites, planted_motifs(), rng)


@pytest.fixture(scope="module")
def changes(simulation, drawer):
    return drawer.draw(simulation.elements, 30)


def test_all_kinds_are_drawn_and_fit_the_genome(simulation, changes):
    assert {change.kind for change in changes} == set(KINDS) and len(changes) > 150
    for change in changes:
        chromosome = simulation.genome[change.chrom]
        end = change.start + len(change.ref)
        assert decode(chromosome[change.start : end]) == change.ref != change.alt
        assert set(change.ref + change.alt) <= set("ACGT") and change.alt


def test_a_broken_site_scores_worse_than_all_planted_ones_and_a_weakened_one_does_not(
    simulation, drawer, changes
):
    seen = set()
    for change in changes:
        if change.kind not in ("break", "weaken"):
            continue
        (rows,) = np.nonzero(
            (drawer.chroms == change.chrom)
            & (drawer.starts <= change.start)
            & (change.start < drawer.ends)
        )
        (row,) = [row for row in rows if drawer.factors[row] == change.factor]
        chromosome = simulation.genome[change.chrom].copy()
        chromosome[change.start] = encode(change.alt)[0]
        bases = chromosome[drawer.starts[row] : drawer.ends[row]]
        if drawer.minus[row]:
            bases = 3 - bases[::-1]
        matrix = planted_motifs()[change.factor].matrix
        score = np.log(matrix + 1e-3)[np.arange(len(matrix)), bases].sum()
        lowest = drawer.lowest[change.factor]
        assert (change.broken == row) == (change.kind == "break")
        assert score <= lowest - CLEAR if change.kind == "break" else score >= lowest
        seen.add(change.kind)
    assert seen == {"break", "weaken"}


def labels_of_the_whole_genome(sites, change, length):
    """Return the labels of the bin around a variant, and whether each is clear."""
    regions = elements(sites, length)
    positive = regions[(regions["kind"] == "positive")]
    positive = positive[positive["chrom"] == f"chr{change.chrom + 1}"]
    start = change.start + len(change.ref) // 2 - ELEMENT // 2
    covered = np.zeros(len(TARGETS))
    for row in positive.itertuples():
        overlap = min(row.end, start + ELEMENT) - max(row.start, start)
        covered[row.target] = max(covered[row.target], overlap / ELEMENT)
    return covered > 0.5, np.abs(covered - 0.5) > UNCLEAR


def test_effects_are_those_of_the_rules_on_the_whole_genome(simulation, changes):
    found = effects(changes, simulation.sites)
    sites = simulation.sites
    n_known = 0
    for change, effect in list(zip(changes, found, strict=True))[::6]:
        before, clear = labels_of_the_whole_genome(sites, change, LENGTH)
        changed = sites.drop(index=[change.broken] if change.broken >= 0 else [])
        longer = len(change.alt) - len(change.ref)
        behind = (changed["chrom"] == f"chr{change.chrom + 1}") & (
            changed["start"] >= change.start + len(change.ref)
        )
        shift = np.where(behind, longer, 0)
        changed = changed.assign(start=changed["start"] + shift, end=changed["end"] + shift)
        after, still_clear = labels_of_the_whole_genome(changed, change, LENGTH + 100)
        known = clear & still_clear
        expected = after.astype(int) - before.astype(int)
        assert (effect[known] == expected[known]).all()
        assert np.isnan(effect[~known]).all()
        n_known += known.all()
    assert n_known > 20 and (np.nan_to_num(found) != 0).any()


def test_what_leaves_all_sites_as_good_as_they_were_does_nothing(simulation, changes):
    found = np.nan_to_num(effects(changes, simulation.sites))
    harmless = [change.kind in ("weaken", "beside") for change in changes]
    assert (found[harmless] == 0).all()
    broken = [change.kind in ("break", "delete") for change in changes]
    assert (found[broken] != 0).any(axis=1).mean() > 0.2


def made_up(rows):
    """Return a table of sites (factor, start, strand) on one chromosome."""
    widths = {name: len(motif.matrix) for name, motif in planted_motifs().items()}
    table = pd.DataFrame(rows, columns=["factor", "start", "strand"])
    table["end"] = table["start"] + table["factor"].map(widths)
    table["chrom"] = pd.Categorical.from_codes([0] * len(rows), ["chr1"], ordered=True)
    return table.sort_values("start", ignore_index=True)


def test_breaking_an_inhibitor_lets_a_label_come_up():
    sites = made_up([("SRF", 1000, "+"), ("REST", 1060, "+")])
    names = [target.name for target in TARGETS]
    rest = Change(0, 1065, "A", "C", "break", "REST", 1)
    srf = Change(0, 1005, "A", "C", "break", "SRF", 0)
    found = effects([rest, srf], sites)
    # The bin around REST is 67 bp off SRF's element, whose label comes up in two thirds of it.
    assert found[0, names.index("SRF")] == 1 and found[1, names.index("SRF")] == 0


@pytest.mark.parametrize(("n", "effect"), [(5, -1), (10, 0)])
def test_five_bases_turn_two_sites_away_from_one_another_and_ten_do_not(n, effect):
    # 11 and 14 bp wide, centres four turns of 10.5 bp apart.
    sites = made_up([("GFI1", 1000, "+"), ("ZIC1", 1000 + 42 - 2, "+")])
    centres = (sites["start"] + sites["end"]) / 2
    assert abs(centres[1] - centres[0] - 42) <= 1
    change = Change(0, 1020, "A", "A" + "C" * n, "insert", "GFI1", -1)
    (found,) = effects([change], sites)
    assert found[[target.name for target in TARGETS].index("GFI1")] == effect


def test_the_files_name_the_same_variants(tmp_path):
    settings = ["--chromosomes", "3", "--chromosome-length", "60000", "--seed", "0"]
    outputs = ["--vcf", str(tmp_path / "v.vcf"), "--table", str(tmp_path / "v.tsv")]
    assert main(["simulate-variants", *settings, "--on", "chr2", "chr3", *outputs]) == 0
    table = pd.read_csv(tmp_path / "v.tsv", sep="\t")
    rows = list(read_variants(tmp_path / "v.vcf"))
    assert [row.name for row in rows] == table["id"].tolist() and len(rows) > 100
    assert [row.pos for row in rows] == table["pos"].tolist()
    assert set(table["chrom"]) == {"chr2", "chr3"}
    effect = table.filter(like="effect_")
    assert effect.shape[1] == 7 and set(np.unique(effect)) == {-1, 0, 1}
    again = [*outputs[:2], "--table", str(tmp_path / "again.tsv")]
    assert main(["simulate-variants", *settings, "--on", "chr2", "chr3", *again]) == 0
    assert (tmp_path / "again.tsv").read_bytes() == (tmp_path / "v.tsv").read_bytes()
    assert main(["simulate-variants", *settings, "--on", "chr9", *again]) == 2
