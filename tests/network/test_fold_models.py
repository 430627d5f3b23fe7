"""Models of folds predict the places that they were not trained on."""

import numpy as np
import pytest

from danq.cli import main
from danq.files import read_table
from danq.network.fold_models import ALL, model_name, teams_of
from danq.network.tiled import Places
from danq.network.trained import load
from tests.network.tiled_toy import TARGETS, WINDOW, bases, write_fasta, write_model

LENGTHS = {"chr1": 1500, "chr2": 900, "chr3": 700, "chrM": 600}
SETS = [["chr1"], ["chr2:0-440", "chr3"], ["chr2:440-900"]]


def write_folds(folder, seeds=(0,), sets=SETS):
    """Write a model for each fold and seed; return their paths, fold by fold."""
    paths = []
    for fold, test in enumerate(sets):
        valid = sets[(fold + 1) % len(sets)]
        splits = {"valid": valid, "test": test}
        facts = {"splits": splits, "fold": {"number": fold, "of": len(sets)}}
        for seed in seeds:
            path = folder / f"fold{fold}" / f"seed{seed}.ckpt"
            paths.append(write_model(path, 10 * fold + seed, **facts))
    return paths


def load_all(paths):
    return [load(path, device="cpu", threads=1) for path in paths]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sequences = {name: bases(length) for name, length in LENGTHS.items()}
    write_fasta(tmp_path / "genome.fa", sequences)
    return tmp_path


def predict(paths, *words):
    command = ["predict", "--checkpoint", *map(str, paths), "--device", "cpu", "--threads", "1"]
    return main([*command, *words])


def test_a_window_has_the_team_that_tests_it():
    places = Places(["chr2", "chrM"], np.array([0, 0, 0, 0, 1]), np.array([0, 240, 300, 440, 0]))
    models = [_Model(splits) for splits in _splits(SETS)]
    teams = teams_of(models, LENGTHS)
    # By hand: the third window crosses from one set into another; chrM is in none.
    assert teams.of_windows(places, WINDOW).tolist() == [1, 1, ALL, 2, ALL]
    # Without the fold that tests chr1, the one that validates on it is next.
    some = teams_of(models[1:], LENGTHS)
    chr1 = Places(["chr1"], np.zeros(1, int), np.zeros(1, int))
    assert some.of_windows(chr1, WINDOW).tolist() == [1] and some.teams[1].valid == ["chr1"]


class _Model:
    def __init__(self, splits):
        self.data_facts = {"splits": splits}


def _splits(sets):
    n = len(sets)
    return [{"test": sets[fold], "valid": sets[(fold + 1) % n]} for fold in range(n)]


@pytest.mark.parametrize("splits", [None, {"valid": ["chr1"], "test": ["chr2"]}])
def test_models_of_one_split_are_no_teams(splits):
    assert teams_of([_Model(splits), _Model(splits)], LENGTHS) is None


def test_models_of_another_genome_are_no_teams():
    models = [_Model(splits) for splits in _splits([["I"], ["II"], ["III"]])]
    assert teams_of(models, LENGTHS) is None


def test_each_place_of_a_genome_is_predicted_by_its_own_fold(folder, capsys):
    paths = write_folds(folder)
    assert predict(paths, "--genome", "genome.fa", "--table", "t.tsv") == 0
    table = read_table(folder / "t.tsv").set_index(["chrom", "start"])
    expected = []
    for path in paths:
        assert predict([path], "--genome", "genome.fa", "--table", "one.tsv") == 0
        expected.append(read_table(folder / "one.tsv").set_index(["chrom", "start"])[TARGETS])
    mean = sum(expected) / len(expected)
    # A bin of 40 bp lies 80 bp behind the start of its window of 200 bp.
    owners = {"chr1": 0, "chr3": 1, "chrM": None}
    for chrom, start in table.index:
        owner = owners.get(chrom)
        if chrom == "chr2":
            first = start - 80
            owner = 1 if first + 200 <= 440 else 2 if first >= 440 else None
        source = mean if owner is None else expected[owner]
        found = table.loc[(chrom, start), TARGETS].to_numpy(float)
        assert found == pytest.approx(source.loc[(chrom, start)].to_numpy(float), abs=2e-6)
    assert "danq seed 0 fold 0: chr1:0-1500; danq" in capsys.readouterr().err


def test_regions_are_predicted_likewise_and_all_are_averaged_where_told(folder):
    paths = write_folds(folder)
    (folder / "r.bed").write_text("chr1\t400\t800\nchr3\t200\t400\n")
    words = ["--genome", "genome.fa", "--bed", "r.bed", "--table"]
    tables = {}
    for name, given, more in (
        ("chosen", paths, []),
        ("averaged", paths, ["--average-folds"]),
        *((str(fold), [path], []) for fold, path in enumerate(paths)),
    ):
        assert predict(given, *words, f"{name}.tsv", *more) == 0
        tables[name] = read_table(folder / f"{name}.tsv")
    chr1 = tables["chosen"]["chrom"] == "chr1"
    of_fold = [tables[str(fold)][TARGETS].to_numpy() for fold in range(3)]
    assert tables["averaged"][TARGETS].to_numpy() == pytest.approx(np.mean(of_fold, 0), abs=2e-6)
    chosen = tables["chosen"][TARGETS].to_numpy()
    assert chosen[chr1] == pytest.approx(of_fold[0][chr1], abs=2e-6)
    assert chosen[~chr1] == pytest.approx(of_fold[1][~chr1], abs=2e-6)


def test_seeds_of_a_fold_are_averaged_and_keep_their_spread(folder):
    paths = write_folds(folder, seeds=(0, 1))
    assert predict(paths, "--genome", "genome.fa", "--bigwig", "tracks") == 0
    names = {path.name for path in (folder / "tracks").iterdir()}
    assert {"a.bw", "a.spread.bw"} <= names
    readme = read_table(folder / "tracks" / "README.tsv")
    (made,) = set(readme["models"])
    assert "danq seed 0 fold 0, danq seed 1 fold 0: chr1:0-1500; danq seed 10 fold 1" in made
    assert made.endswith("; elsewhere the mean of all")


def test_unlike_numbers_of_seeds_are_averaged_without_spread(folder):
    paths = write_folds(folder, seeds=(0, 1))[1:]
    teams = teams_of(load_all(paths), LENGTHS)
    assert teams.n_averaged == 1
    assert predict(paths, "--genome", "genome.fa", "--bigwig", "tracks") == 0
    assert not list((folder / "tracks").glob("*.spread.bw"))
    assert predict(paths, "--genome", "genome.fa", "--chromosomes", "chr1", "--table", "t") == 0
    assert predict(paths[:1], "--genome", "genome.fa", "--chromosomes", "chr1", "--table", "u") == 0
    found = read_table(folder / "t")[TARGETS].to_numpy()
    assert found == pytest.approx(read_table(folder / "u")[TARGETS].to_numpy(), abs=2e-6)


def test_sequences_have_no_place_and_all_are_averaged(folder):
    paths = write_folds(folder)
    assert predict(paths, "--fasta", "genome.fa", "--table", "all.tsv") == 0
    tables = []
    for path in paths:
        assert predict([path], "--fasta", "genome.fa", "--table", "one.tsv") == 0
        tables.append(read_table(folder / "one.tsv")[TARGETS].to_numpy())
    found = read_table(folder / "all.tsv")[TARGETS].to_numpy()
    assert found == pytest.approx(np.mean(tables, 0), abs=2e-6)


def test_many_checkpoints_have_room_in_a_record(folder):
    sets = [[f"chr{number}"] for number in range(1, 13)]
    paths = write_folds(folder, seeds=(0, 1, 2), sets=sets)
    assert predict(paths, "--genome", "genome.fa", "--h5", "bins.h5") == 0
    assert (folder / "bins.h5").stat().st_size > 0


def test_models_are_called_by_model_seed_and_fold(folder):
    models = load_all([*write_folds(folder), write_model(folder / "m.ckpt", 4)])
    of_folds = ["danq seed 0 fold 0", "danq seed 10 fold 1", "danq seed 20 fold 2"]
    assert [model_name(model) for model in models] == [*of_folds, "danq seed 4"]


def test_averaging_folds_is_for_a_genome(folder, capsys):
    words = ["--dataset", "genome.fa", "--output", "p.h5", "--average-folds"]
    assert predict(write_folds(folder)[:1], *words) == 2
    assert "--average-folds is for a genome; leave it out" in capsys.readouterr().err
