import numpy as np
import pandas as pd
import pytest

from danq.simulation import grammar as module
from danq.simulation.grammar import (
    TURN,
    count,
    helix,
    inhibitor,
    insulator,
    order,
    single,
)
from tests.simulation.helpers import site_table


def kinds(rule, *rows, **options):
    return rule(site_table(*rows), **options)["kind"].tolist()


def test_single():
    rows = [("CTCF", 500, "+"), ("CTCF-swapped", 1000, "-"), ("ZNF143", 1500, "+")]
    assert kinds(single, *rows, factor="CTCF") == ["positive", "decoy"]
    regions = single(site_table(*rows), factor="CTCF")
    assert regions[["start", "end"]].to_numpy().tolist() == [[405, 605], [905, 1105]]


@pytest.mark.parametrize(
    ("starts", "answer"),
    [
        ((500,), ["decoy"]),
        ((500, 690), ["decoy"]),
        ((500, 691), ["decoy", "decoy"]),  # 201 bp from end to end: two runs of one
        ((500, 600, 690), ["positive"]),  # 200 bp from end to end
        ((500, 600, 691), ["decoy"]),  # 201 bp: no three in 200 bp, yet each next to another
        ((500, 520, 540, 560), ["positive"]),
        ((500, 520, 540, 900), ["positive", "decoy"]),
        (
            (500, 520, 540, 735),
            ["positive", "decoy"],
        ),  # the last lies in 200 bp with one other, not with two
        ((500, 520, 540, 700), ["positive"]),
        ((500, 550, 600, 780, 830, 880), ["positive", "positive"]),
    ],
)
def test_count(starts, answer):
    assert kinds(count, *[("ELF4", start, "+-"[start % 4 // 2]) for start in starts]) == answer


def test_count_is_centred_on_the_run():
    regions = count(site_table(("ELF4", 500, "+"), ("ELF4", 540, "-"), ("ELF4", 590, "+")))
    assert regions[["start", "end"]].to_numpy().tolist() == [[450, 650]]


def test_count_does_not_reach_across_chromosomes():
    sites = site_table(("ELF4", 500, "+"), ("ELF4", 520, "+"), ("ELF4", 540, "+"))
    assert count(sites.assign(chrom=["chr1", "chr1", "chr2"]))["kind"].tolist() == [
        "decoy",
        "decoy",
    ]


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ([("ONECUT3", 500, "+"), ("HNF4A", 600, "+")], ["positive"]),
        (
            [("HNF4A", 500, "-"), ("ONECUT3", 600, "-")],
            ["positive"],
        ),  # the same, read along the other strand
        ([("HNF4A", 500, "+"), ("ONECUT3", 600, "+")], ["decoy"]),
        ([("ONECUT3", 500, "-"), ("HNF4A", 600, "-")], ["decoy"]),
        ([("ONECUT3", 500, "+"), ("HNF4A", 600, "-")], ["decoy"]),
        ([("ONECUT3", 500, "+"), ("HNF4A", 550, "+")], ["positive"]),  # 40 bp between them
        ([("ONECUT3", 500, "+"), ("HNF4A", 549, "+")], []),
        ([("ONECUT3", 500, "+"), ("HNF4A", 670, "+")], ["positive"]),  # 160 bp
        ([("ONECUT3", 500, "+"), ("HNF4A", 671, "+")], []),
        ([("ONECUT3", 500, "+")], []),
        ([("ONECUT3", 500, "+"), ("HNF4A", 570, "+"), ("HNF4A", 640, "-")], ["positive", "decoy"]),
    ],
)
def test_order(rows, answer):
    assert kinds(order, *rows) == answer


@pytest.mark.parametrize(
    ("rest", "answer"),
    [
        (None, "positive"),
        (660, "decoy"),
        (710, "decoy"),
        (711, "positive"),
        (760, "positive"),
        (350, "decoy"),
        (290, "decoy"),
        (289, "positive"),
    ],
)
def test_inhibitor(rest, answer):
    rows = [("SRF", 500, "+")] + ([("REST", rest, "-")] if rest else [])
    assert kinds(inhibitor, *rows) == [answer]


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ([("TFE3", 500, "+"), ("TP53", 620, "-")], ["positive"]),
        ([("TP53", 500, "+"), ("TFE3", 620, "+")], ["positive"]),
        ([("TFE3", 500, "+"), ("CTCF", 560, "-"), ("TP53", 620, "-")], ["decoy"]),
        ([("TP53", 500, "+"), ("CTCF", 510, "-"), ("TFE3", 620, "-")], ["decoy"]),
        ([("CTCF", 470, "+"), ("TFE3", 500, "+"), ("TP53", 620, "-")], ["positive"]),
        ([("TFE3", 500, "+"), ("TP53", 620, "-"), ("CTCF", 640, "+")], ["positive"]),
        ([("TFE3", 500, "+"), ("CTCF-swapped", 560, "-"), ("TP53", 620, "-")], ["positive"]),
        ([("TFE3", 500, "+"), ("TP53", 579, "-")], []),
        ([("TFE3", 500, "+"), ("TP53", 580, "-")], ["positive"]),
        ([("TFE3", 500, "+"), ("TP53", 710, "-")], ["positive"]),
        ([("TFE3", 500, "+"), ("TP53", 711, "-")], []),
    ],
)
def test_insulator(rows, answer):
    assert kinds(insulator, *rows) == answer


@pytest.mark.parametrize(
    ("turns", "answer"),
    [
        (2.5, []),
        (3, ["positive"]),
        (3.5, ["decoy"]),
        (7, ["positive"]),
        (7.5, ["decoy"]),
        (12, ["positive"]),
        (12.5, ["decoy"]),
        (13, []),
    ],
)
@pytest.mark.parametrize("side", [-1, 1])
def test_helix(turns, answer, side):
    assert (
        kinds(helix, ("GFI1", 500, "+"), ("ZIC1", 500 + side * round(turns * TURN), "-")) == answer
    )


def test_rules_do_not_pair_across_chromosomes():
    sites = site_table(("ONECUT3", 500, "+"), ("HNF4A", 600, "+")).assign(chrom=["chr1", "chr2"])
    assert order(sites).empty


@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_those_of_a_search_through_all(seed):
    rng = np.random.default_rng(seed)
    sites = pd.DataFrame(
        {
            "chrom": np.sort(rng.choice(["chr1", "chr2"], 60)),
            "start": rng.integers(0, 3000, 60),
            "factor": rng.choice(["SRF", "REST"], 60),
        }
    ).sort_values(["chrom", "start"], ignore_index=True)
    sites["end"] = sites["start"] + np.where(sites["factor"] == "SRF", 16, 20)
    expected = [
        (site, partner)
        for site in range(60)
        for partner in range(60)
        if sites.factor[site] == "SRF"
        and sites.factor[partner] == "REST"
        and sites.chrom[site] == sites.chrom[partner]
        and 30
        <= max(sites.start[partner] - sites.end[site], sites.start[site] - sites.end[partner])
        <= 200
    ]
    pairs = module._pairs(sites, "SRF", "REST", 30, 200)
    assert sorted(zip(*(rows.tolist() for rows in pairs), strict=True)) == sorted(expected)
