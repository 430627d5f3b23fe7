"""Folds of a genome: how it is divided, what each extraction has, what all of them have."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq import cli
from danq.config import Extract
from danq.data.check import check
from danq.data.dataset import open_dataset
from danq.data.extract import extract
from danq.data.folds import (
    ALL,
    fold_of_windows,
    number_of,
    read_fold,
    refuse_all_folds,
    share_out,
    training_share,
)
from danq.errors import DanqError
from danq.genome.bins import SPLITS
from danq.genome.sources import Sources
from tests.conftest import BIN, LENGTHS, WINDOW, refuse

SETTINGS = Extract(bin_size=BIN, window=WINDOW, stride=BIN)


def sources(toy, checked=None):
    return Sources(toy / "genome.fa", toy / "targets.tsv", checked=checked)


def make_folds(toy, folder, folds, settings=SETTINGS):
    """Check a genome in folds, and extract each fold and all of them; return their paths."""
    checked = folder / "inputs.json"
    check(sources(toy), checked, settings=settings, folds=folds)
    number = len(json.loads(checked.read_text())["folds"])
    paths = []
    for word in [*map(str, range(number)), ALL]:
        path = folder / f"fold{word}.h5"
        fold = read_fold(checked, word)
        table = folder / f"{word}.tsv"
        extract(sources(toy, checked), path, table, settings=settings, fold=fold)
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def folds(toy, tmp_path_factory):
    """Return the datasets of three folds of whole chromosomes, and of all of them."""
    return make_folds(toy, tmp_path_factory.mktemp("folds"), ["3"])


REGIONS = ["chr1:0-9000", "chr1:9000-20050", "chr2,chr3"]


@pytest.fixture(scope="module")
def regional(toy, tmp_path_factory):
    """Return the same of folds of regions."""
    return make_folds(toy, tmp_path_factory.mktemp("regional"), REGIONS)


def places(data, split):
    positions = data.positions(split)
    return set(zip(positions.chrom.tolist(), positions.start.tolist(), strict=True))


@given(st.lists(st.integers(0, 50), min_size=3, max_size=30), st.integers(2, 6))
def test_shares_hold_each_thing_once_and_differ_by_one_thing_at_most(weights, number):
    sets = share_out(weights, number)
    assert sorted(itertools.chain(*sets)) == list(range(len(weights)))
    totals = [sum(weights[place] for place in members) for members in sets]
    assert max(totals) - min(totals) <= max(weights), "the lightest set gets the next thing"
    assert sets == share_out(weights, number)


def test_things_without_weight_are_shared_out_as_well():
    assert [len(members) for members in share_out([0] * 9, 3)] == [3, 3, 3]


def test_chromosomes_are_shared_out_by_labelled_bins(folds):
    with open_dataset(folds[-1]) as data:
        sets = data.source["folds"]
        assert sorted(itertools.chain(*sets)) == sorted(LENGTHS)
        chrom = data.positions("test").chrom
        labelled = data.labels("test").any(axis=1)
        counts = np.bincount(chrom[labelled], minlength=3)
    # Three chromosomes and three folds: the one with the most labelled bins comes first.
    order = np.argsort(-counts, kind="stable")
    assert [members[0] for members in sets] == [list(LENGTHS)[place] for place in order]


@pytest.mark.parametrize("kind", ["folds", "regional"])
def test_every_window_is_tested_once_and_validated_once(kind, request):
    *parts, whole = request.getfixturevalue(kind)
    tested = []
    validated = []
    for number, path in enumerate(parts):
        with open_dataset(path) as data:
            assert data.source["fold"] == {"number": number, "of": len(parts)}
            assert data.facts()["fold"] == data.source["fold"]
            tested.append(places(data, "test"))
            validated.append(places(data, "valid"))
            assert not (tested[-1] | validated[-1]) & places(data, "train")
    for a, b in itertools.combinations(tested, 2):
        assert not a & b
    for number in range(len(parts)):
        assert validated[number] == tested[(number + 1) % len(parts)]
    with open_dataset(whole) as data:
        assert places(data, "test") == places(data, "valid") == set.union(*tested)
        assert set.union(*tested) <= places(data, "train")


def test_a_window_across_two_sets_is_in_no_test_but_can_be_trained_on(regional):
    *parts, whole = regional
    across = (0, 9_000 - BIN // 2 - WINDOW // 2)
    with open_dataset(whole) as data:
        near = {start for chrom, start in places(data, "train") if chrom == 0}
        straddling = {start for start in near if start < 9_000 < start + WINDOW}
        assert straddling and not {(0, start) for start in straddling} & places(data, "test")
    with open_dataset(parts[2]) as data:  # validates on the first half of chr1
        assert across not in places(data, "train")


@pytest.mark.parametrize("kind", ["folds", "regional"])
def test_each_test_window_knows_its_fold(kind, request):
    *parts, whole = request.getfixturevalue(kind)
    with open_dataset(whole) as data:
        found = fold_of_windows(data)
        chrom, start = data.positions("test")
        for number, path in enumerate(parts):
            with open_dataset(path) as fold:
                assert fold_of_windows(fold) is None
                here = found == number
                rows = set(zip(chrom[here].tolist(), start[here].tolist(), strict=True))
                assert rows == places(fold, "test")


def test_the_stride_of_all_folds_is_the_one_that_check_chose(toy, tmp_path):
    settings = Extract(bin_size=BIN, window=WINDOW)
    make_folds(toy, tmp_path, ["chr1", "chr2", "chr3"], settings)
    chosen = json.loads((tmp_path / "inputs.json").read_text())["chosen"]["stride"]
    # By hand: a third of the 32,180 bp are trained on.
    assert "for 10,727 bp of training sequence" in chosen["reason"]
    for path in tmp_path.glob("*.h5"):
        with open_dataset(path) as data:
            assert data.source["stride"] == chosen["value"]
            assert data.source["chosen"]["stride"] == chosen


def test_check_says_what_each_fold_tests(toy, tmp_path, capsys):
    check(sources(toy), tmp_path / "i.json", settings=SETTINGS, folds=["chr3", "chr1", "chr2"])
    findings = json.loads((tmp_path / "i.json").read_text())
    assert findings["folds"] == [["chr3"], ["chr1"], ["chr2"]]
    output = capsys.readouterr().out
    assert "fold 0: test chr3; validation chr1; windows: " in output
    assert all(set(windows) == set(SPLITS) for windows in findings["windows"])
    assert findings["windows"][1]["test"] == findings["windows"][0]["valid"]


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        (["2"], "2 folds are too few: one is for testing, one for validation; give 3 or more"),
        (["chr1", "chr2"], "2 folds are too few: "),
        (["chr1"], "1 folds are too few: "),
        (["4"], "4 folds need as many chromosomes with a labelled bin, and 3 have one; give fewer"),
        (["chr1", "chr2", "chr9"], "region 'chr9': 'chr9' is not in the genome"),
        (
            ["chr1:0-5000", "chr2,chr1:4000-6000", "chr3"],
            "fold 0 has chr1:0-5000, and fold 1 chr1:4000-6000, which overlap; every base is",
        ),
        (["chr1,chr1", "chr2", "chr3"], "fold 0: chr1:0-20050 and chr1:0-20050 overlap; name"),
    ],
)
def test_bad_folds_are_refused(folds, message, toy, tmp_path):
    with pytest.raises(DanqError) as caught:
        check(sources(toy), tmp_path / "inputs.json", settings=SETTINGS, folds=folds)
    assert str(caught.value).startswith(message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("word", ["3", "-1", "x", ""])
def test_a_fold_that_is_not_there_is_refused(word, folds):
    checked = folds[0].with_name("inputs.json")
    with pytest.raises(DanqError, match=r"is not one of its 3 folds; give 0 to 2, or all"):
        read_fold(checked, word)


def test_findings_without_folds_are_refused(toy, tmp_path):
    refuse(
        "--fold is a fold of danq check --folds; give its file as --checked",
        read_fold,
        None,
        "0",
    )
    path = tmp_path / "inputs.json"
    for text, message in (
        ("{}", "has no folds; make it with danq check --folds"),
        ("[", "is not what danq check writes; check the files again"),
    ):
        path.write_text(text)
        refuse(f"{path}: {message}", read_fold, path, "0")


def test_all_folds_are_nothing_to_train_on(folds):
    with open_dataset(folds[0]) as data:
        refuse_all_folds(data, "to train on")
    with open_dataset(folds[-1]) as data, pytest.raises(DanqError, match="the same windows in ev"):
        refuse_all_folds(data, "to train on")


@pytest.mark.parametrize(
    ("words", "number", "share"), [(["5"], 5, 0.6), (["a", "b,c", "d", "e"], 4, 0.5)]
)
def test_the_number_of_folds(words, number, share):
    assert number_of(words) == number and training_share(words) == share


def run(words):
    return cli.main([str(word) for word in words])


def test_folds_and_splits_exclude_each_other_on_the_command_line(toy, tmp_path, capsys):
    files = ["--genome", toy / "genome.fa", "--targets", toy / "targets.tsv"]
    files += ["--bin-size", BIN, "--window", WINDOW, "--stride", BIN]
    checked = tmp_path / "inputs.json"
    assert run(["check", *files, "--output", checked]) == 2
    assert "--valid names no chromosome; give some, or folds" in capsys.readouterr().err
    assert run(["check", *files, "--folds", 3, "--test", "chr1", "--output", checked]) == 2
    assert "--folds says what --test is; leave that out" in capsys.readouterr().err
    assert run(["check", *files, "--folds", 3, "--output", checked]) == 0
    made = ["--output", tmp_path / "d.h5", "--table", tmp_path / "t.tsv", "--checked", checked]
    assert run(["extract", *files, *made, "--fold", 1]) == 0
    with open_dataset(tmp_path / "d.h5") as data:
        assert data.source["fold"] == {"number": 1, "of": 3}
    assert run(["extract", *files, *made, "--fold", 1, "--valid", "chr2"]) == 2
    assert "--fold says what --valid is; leave that out" in capsys.readouterr().err
