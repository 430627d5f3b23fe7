import filecmp
import gzip

import numpy as np
import pandas as pd
import pytest
from Bio import bgzf
from sklearn.metrics import average_precision_score

from danq.config import Simulate
from danq.errors import DanqError
from danq.files import hold_outputs
from danq.motif.meme import information, jaspar
from danq.simulation import genome as module
from danq.simulation.genome import JITTER
from danq.simulation.grammar import ELEMENT, MOTIFS, TARGETS
from danq.simulation.truth import elements

CHROMOSOMES, LENGTH, BIN = 3, 60_000, 200


def simulate(folder, chromosomes=CHROMOSOMES, length=LENGTH, seed=0):
    """Simulate; unlike the command line, allow sizes that no run would have."""
    settings = Simulate.model_construct(
        chromosomes=chromosomes, chromosome_length=length, seed=seed
    )
    module.simulate(folder, settings=settings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, seed=1)
    return folder


@pytest.fixture(scope="module")
def genome(folder):
    with gzip.open(folder / "genome.fa.gz", "rt") as handle:
        records = handle.read().split(">")[1:]
    return {
        name: bases.replace("\n", "")
        for name, bases in (record.split("\n", 1) for record in records)
    }


@pytest.fixture(scope="module")
def sites(folder):
    return pd.read_csv(folder / "sites.tsv.gz", sep="\t")


@pytest.fixture(scope="module")
def truth(folder):
    return pd.read_csv(folder / "elements.tsv.gz", sep="\t")


def peaks_of(folder, index):
    return pd.read_csv(
        folder / "peaks" / f"{index:02d}.bed.gz",
        sep="\t",
        names=["chrom", "start", "end", "name", "score", "strand"],
    )


def coverage(regions, length=LENGTH):
    """Share of each bin that the regions cover, each base once; (chromosomes * bins,)."""
    covered = np.zeros((CHROMOSOMES, length), dtype=bool)
    for chrom, start, end in regions[["chrom", "start", "end"]].itertuples(index=False):
        covered[int(chrom[3:]) - 1, start:end] = True
    return covered.reshape(-1, BIN).mean(axis=1)


def best_match(word, matrix):
    """Best log-odds score (bits) of a motif in a word, either strand."""
    bases = np.array(["ACGT".index(base) for base in word])
    scores, column = np.log2(4 * matrix + 1e-3), np.arange(len(matrix))
    strands = (bases, 3 - bases[::-1])
    return max(
        scores[column, np.lib.stride_tricks.sliding_window_view(strand, len(matrix))]
        .sum(axis=1)
        .max()
        for strand in strands
    )


def test_files(folder):
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    peaks = {f"peaks/{index:02d}.bed.gz" for index in range(7)}
    records = {".made/sites.tsv.gz.json", ".made/elements.tsv.gz.json"}
    tables = {"genome.fa.gz", "targets.tsv", "sites.tsv.gz", "elements.tsv.gz"}
    assert names == tables | records | peaks


def test_targets(folder):
    targets = pd.read_csv(folder / "targets.tsv", sep="\t")
    assert list(targets) == ["name", "group", "file", "jaspar"]
    assert targets["group"].tolist() == [
        "single",
        "single",
        "count",
        "order",
        "inhibitor",
        "insulator",
        "helix",
    ]
    assert targets.loc[0].tolist() == ["CTCF", "single", "peaks/00.bed.gz", "MA0139.2"]
    assert all((folder / file).exists() for file in targets["file"])


def test_genome(folder, genome):
    assert {name: len(bases) for name, bases in genome.items()} == {
        f"chr{k}": LENGTH for k in (1, 2, 3)
    }
    assert set("".join(genome.values())) == set("ACGT")
    with bgzf.open(folder / "genome.fa.gz", "rt") as handle:
        assert handle.readline() == ">chr1\n" and len(handle.readline()) == 61


def test_background_is_rich_in_at_and_remembers_two_bases():
    bases = module._draw_background(np.random.default_rng(0), 2, 150_100)
    assert bases.shape == (2, 150_100) and bases.dtype == np.uint8
    assert 0.55 < np.isin(bases, (0, 3)).mean() < 0.7
    flat = bases.ravel().astype(int)
    triples = np.bincount(16 * flat[:-2] + 4 * flat[1:-1] + flat[2:], minlength=64).reshape(4, 4, 4)
    following = triples / triples.sum(axis=2, keepdims=True)
    # By chance alone, the rows of one last base would differ by some .005.
    assert following.std(axis=0).mean() > 0.03


def test_peaks_are_sorted_bed6_of_200_bp_inside_the_chromosomes(folder):
    for index in range(7):
        peaks = peaks_of(folder, index)
        assert len(peaks) > 0 and not peaks.isna().any().any()
        assert (peaks["start"] >= 0).all() and (peaks["end"] <= LENGTH).all()
        assert (peaks["end"] - peaks["start"] == ELEMENT).all()
        assert peaks.equals(peaks.sort_values(["chrom", "start"], kind="stable"))


def test_a_peak_is_a_positive_element_moved_by_the_jitter(folder, truth):
    for index in range(7):
        positive = truth[(truth["target"] == index) & (truth["kind"] == "positive")]
        peaks = peaks_of(folder, index)
        assert len(peaks) == len(positive)
        # Sorting keeps neighbours in step: the k-th peak is within the jitter of the k-th element.
        moved = peaks["start"].to_numpy() - positive["start"].to_numpy()
        assert (peaks["chrom"].to_numpy() == positive["chrom"].to_numpy()).all()
        assert np.abs(moved).max() <= JITTER and moved.std() > JITTER / 4


def test_elements_lie_inside_the_chromosomes(truth):
    assert (truth["start"] >= 0).all() and (truth["end"] <= LENGTH).all()
    assert (truth["end"] - truth["start"] == ELEMENT).all()
    assert set(truth["kind"]) == {"positive", "decoy"} and set(truth["target"]) == set(range(7))


def test_sites_read_as_their_motifs_on_their_strand(genome, sites):
    motifs = {
        motif.name: motif.matrix for motif in jaspar("JASPAR2024", names=list(MOTIFS.values()))
    }
    assert set(sites["motif"]) == set(motifs) and set(sites["strand"]) == {"+", "-"}
    assert (sites["factor"].map(MOTIFS) == sites["motif"]).all()
    complement = str.maketrans("ACGT", "TGCA")
    for site in sites.itertuples():
        word = genome[site.chrom][site.start : site.end]
        word = word if site.strand == "+" else word.translate(complement)[::-1]
        matrix = motifs[site.motif]
        score = np.log2(
            4 * matrix[np.arange(len(matrix)), ["ACGT".index(base) for base in word]] + 1e-9
        ).sum()
        # The expected score of a drawn site is the information; only better ones are planted.
        assert score > information(matrix).sum()


@pytest.mark.parametrize("factor", ["CTCF", "ZNF143"])
def test_broken_copies_have_both_halves_but_not_the_motif(genome, truth, factor):
    matrix = jaspar("JASPAR2024", names=[MOTIFS[factor]])[0].matrix
    half = (len(matrix) + 1) // 2
    regions = truth[truth["target"] == [target.name for target in TARGETS].index(factor)]
    decoy = regions[regions["kind"] == "decoy"]
    positive = regions[regions["kind"] == "positive"]

    def best(regions, part):
        words = [genome[region.chrom][region.start : region.end] for region in regions.itertuples()]
        return np.median([best_match(word, part) / information(part).sum() for word in words])

    for part in (matrix[:half], matrix[half:]):
        assert best(decoy, part) > 1 and best(positive, part) > 1
    assert best(decoy, matrix) < 0.6 and best(positive, matrix) > 1


def test_sites_never_overlap(sites):
    chroms = sites["chrom"].to_numpy()
    gaps = (sites["start"].to_numpy()[1:] - sites["end"].to_numpy()[:-1])[chroms[1:] == chroms[:-1]]
    assert gaps.min() >= 0


def test_the_truth_follows_from_the_published_sites(sites, truth):
    recomputed = elements(sites, LENGTH)
    columns = ["chrom", "start", "end", "target", "kind"]
    published = truth[
        (truth["target"] > 1) | (truth["kind"] == "positive")
    ]  # broken copies are not published
    assert recomputed[columns].to_numpy().tolist() == published[columns].to_numpy().tolist()


def test_the_rule_explains_the_labels_and_the_parts_do_not(folder, truth):
    for index, target in enumerate(TARGETS):
        labels = coverage(peaks_of(folder, index)) > 0.5
        regions = truth[truth["target"] == index]
        full = average_precision_score(labels, coverage(regions[regions["kind"] == "positive"]))
        parts = average_precision_score(labels, coverage(regions))
        assert full > 0.93, target.name
        assert parts < full - 0.15, target.name
        assert 0.01 < labels.mean() < 0.07, target.name


def test_every_chromosome_has_positives_and_decoys_of_every_target(truth):
    assert len(truth.groupby(["chrom", "target", "kind"]).size()) == CHROMOSOMES * 7 * 2


def test_same_seed_same_bytes(folder, tmp_path):
    simulate(tmp_path, seed=1)
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    assert filecmp.cmpfiles(folder, tmp_path, names, shallow=False)[0] == names


def test_another_seed_other_data(folder, tmp_path):
    simulate(tmp_path, seed=2)
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.suffix == ".gz"]
    assert filecmp.cmpfiles(folder, tmp_path, names, shallow=False)[1] == names


def test_chromosomes_come_in_their_order(tmp_path):
    simulate(tmp_path, chromosomes=11, length=20_000)
    for name in ("sites.tsv.gz", "elements.tsv.gz", "peaks/00.bed.gz"):
        first = pd.read_csv(tmp_path / name, sep="\t", header=None, skiprows=1)[0]
        assert first.unique().tolist() == [f"chr{index}" for index in range(1, 12)]


@pytest.mark.parametrize("length", [400, 20_123])
def test_small_and_odd_lengths(tmp_path, length):
    simulate(tmp_path, chromosomes=1, length=length)
    with gzip.open(tmp_path / "genome.fa.gz", "rt") as handle:
        assert sum(len(line.strip()) for line in handle if line[0] != ">") == length


@pytest.mark.parametrize(("chromosomes", "length"), [(0, 60_000), (3, 399)])
def test_a_genome_without_room_is_refused(tmp_path, chromosomes, length):
    with pytest.raises(DanqError, match="at least one of 400 bp"):
        simulate(tmp_path, chromosomes=chromosomes, length=length)
    assert not any(tmp_path.iterdir())


def test_two_processes_do_not_fill_one_folder(tmp_path):
    with (
        hold_outputs([tmp_path / "targets.tsv"]),
        pytest.raises(DanqError, match=r"targets\.tsv: another danq makes this file now"),
    ):
        simulate(tmp_path)
    assert list(tmp_path.iterdir()) == []
