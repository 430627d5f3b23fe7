"""Sites of filters on planted ones, against counting them pair by pair."""

import gzip

import numpy as np
import pandas as pd

from danq.report.run_planted import COLUMNS, planted_counts, read_planted_shares

BED = ["chrom", "start", "end", "name"]
PLANTED = pd.DataFrame(
    [("chr1", 100, 110, "ABF1"), ("chr1", 104, 116, "ABF1"), ("chr2", 100, 110, "REB1")],
    columns=["chrom", "start", "end", "factor"],
)


def counted(sites, planted):
    """Count the same the slow way."""
    counts = {}
    for site in sites.itertuples():
        met = set()
        for truth in planted.itertuples():
            shared = min(site.end, truth.end) - max(site.start, truth.start)
            shorter = min(site.end - site.start, truth.end - truth.start)
            if site.chrom == truth.chrom and 2 * shared >= shorter:
                met.add(truth.factor)
        for factor in met:
            counts[site.name, factor] = counts.get((site.name, factor), 0) + 1
    return counts


def random_intervals(rng, chromosomes, names, column, n):
    start = rng.integers(0, 400, n)
    table = pd.DataFrame({"chrom": rng.choice(chromosomes, n), "start": start})
    table["end"] = start + rng.integers(6, 25, n)
    return table.assign(**{column: rng.choice(names, n)})


def test_counts_are_those_of_all_pairs():
    rng = np.random.default_rng(0)
    filters = ["filter0", "filter1", "filter2"]
    sites = random_intervals(rng, ["chr1", "chr2"], filters, "name", 200)
    planted = random_intervals(rng, ["chr1", "chr3"], ["ABF1", "REB1"], "factor", 60)
    table = planted_counts(sites, planted).set_index(["name", "factor"])
    assert table["n_planted"].to_dict() == counted(sites, planted)
    assert len(table) == 6
    totals = sites["name"].value_counts()
    assert all(totals[name] == n for (name, _), n in table["n_sites"].items())


def test_half_of_the_shorter_one_is_enough_and_two_planted_sites_count_once():
    sites = pd.DataFrame(
        [
            ("chr1", 90, 105, "on"),
            ("chr1", 90, 104, "off"),
            ("chr1", 100, 116, "both"),
            ("chr2", 0, 8, "off"),
        ],
        columns=BED,
    )
    table = planted_counts(sites, PLANTED)
    assert table.to_numpy().tolist() == [["both", "ABF1", 1, 1], ["on", "ABF1", 1, 1]]


def write_sites(folder, rows):
    folder.mkdir(parents=True)
    with gzip.open(folder / "sites.bed.gz", "wt") as out:
        for row in rows:
            out.write("\t".join([*map(str, row), "900", "+"]) + "\n")
    return folder


def test_the_first_training_of_each_model_counts(tmp_path):
    on = ("chr2", 100, 110, "filter3")
    off = ("chr2", 300, 310, "filter3")
    trainings = [
        write_sites(tmp_path / "danq" / "seed0", [on, off]),
        write_sites(tmp_path / "danq" / "seed1", [on]),
        tmp_path / "deepsea" / "seed0",
        write_sites(tmp_path / "deepsea" / "seed1", []),
    ]
    table = read_planted_shares(trainings, PLANTED)
    assert table.columns.tolist() == COLUMNS
    assert table.to_numpy().tolist() == [["danq", "filter3", "REB1", 2, 1]]


def test_a_genome_that_is_not_simulated_has_no_planted_sites(tmp_path):
    trainings = [write_sites(tmp_path / "danq" / "seed0", [("chr2", 100, 110, "filter3")])]
    assert read_planted_shares(trainings, None).empty
    assert read_planted_shares([], PLANTED).columns.tolist() == COLUMNS
