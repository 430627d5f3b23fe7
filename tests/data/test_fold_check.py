"""What some fold cannot learn is refused or left out; what it cannot test is warned of."""

import json

import pytest

from danq.config import Extract
from danq.data.check import check
from danq.data.dataset import open_dataset
from danq.data.extract import extract
from danq.data.folds import ALL, read_fold
from danq.errors import DanqError
from danq.genome.sources import Sources
from tests.conftest import BIN, WINDOW

FOLDS = ["chr1", "chr2", "chr3"]


def settings(**changes):
    return Extract(bin_size=BIN, window=WINDOW, stride=BIN, **changes)


@pytest.fixture
def files(toy, tmp_path):
    """Return files with a target that is only on chr3, and one that is on all but chr2."""
    (tmp_path / "c.bed").write_text("chr3\t2000\t4000\n")
    (tmp_path / "d.bed").write_text("chr1\t2000\t4000\nchr3\t2000\t4000\n")
    rows = [("A", toy / "a.bed"), ("C", tmp_path / "c.bed"), ("D", tmp_path / "d.bed")]
    lines = [f"{name}\t{path}\n" for name, path in rows]
    (tmp_path / "targets.tsv").write_text("name\tfile\n" + "".join(lines))
    return Sources(toy / "genome.fa", tmp_path / "targets.tsv")


def test_a_target_that_some_fold_cannot_learn_is_refused(files, tmp_path):
    with pytest.raises(DanqError) as caught:
        check(files, tmp_path / "i.json", settings=settings(), folds=FOLDS)
    lines = str(caught.value).splitlines()
    # By hand: fold 1 tests chr2, validates on chr3 and trains on chr1; fold 0 trains on chr3.
    what = "target 'C' has no positive training window in fold 1"
    assert len(lines) == 2 and lines[0].startswith(f"{tmp_path}/c.bed: {what}; remove it, change")
    assert "'D' has no positive training window in fold 2" in lines[1]
    assert not (tmp_path / "i.json").exists()


def test_such_targets_are_left_out_of_all_folds(files, tmp_path, capsys):
    dropping = settings(drop_empty=True)
    checked = tmp_path / "inputs.json"
    check(files, checked, settings=dropping, folds=FOLDS)
    findings = json.loads(checked.read_text())
    assert [target["name"] for target in findings["dropped_targets"]] == ["C", "D"]
    assert "it is left out" in capsys.readouterr().err
    for word in ("0", "1", "2", ALL):
        output = tmp_path / f"{word}.h5"
        fold = read_fold(checked, word)
        again = files._replace(checked=checked)
        extract(again, output, tmp_path / "t.tsv", settings=dropping, fold=fold)
        with open_dataset(output) as data:
            assert data.names == ["A"]
            assert [target["name"] for target in data.source["dropped_targets"]] == ["C", "D"]


def test_without_any_target_left_there_is_nothing_to_train(files, tmp_path):
    lines = (tmp_path / "targets.tsv").read_text().splitlines(keepends=True)
    (tmp_path / "targets.tsv").write_text(lines[0] + lines[2])
    with pytest.raises(DanqError, match="no target has positive windows in every training"):
        check(files, tmp_path / "i.json", settings=settings(drop_empty=True), folds=FOLDS)


def test_a_target_that_some_fold_cannot_test_is_warned_of(toy, tmp_path, capsys):
    (tmp_path / "e.bed").write_text("chr1\t2000\t4000\nchr1\t12000\t14000\nchr3\t2000\t4000\n")
    (tmp_path / "targets.tsv").write_text("name\tfile\nE\te.bed\n")
    files = Sources(toy / "genome.fa", tmp_path / "targets.tsv")
    sets = ["chr1:0-9000", "chr1:9000-20050", "chr2", "chr3"]
    check(files, tmp_path / "i.json", settings=settings(), folds=sets)
    warning = "target 'E' has windows of one kind only in the test set of fold 2; it is compared in"
    assert warning in capsys.readouterr().err


def test_folds_take_other_names_of_chromosomes(toy, tmp_path):
    (tmp_path / "aliases.tsv").write_text("# chr\talias\nchr1\tI\nchr2\tII\nchr3\tIII\n")
    files = Sources(toy / "genome.fa", toy / "targets.tsv", aliases=tmp_path / "aliases.tsv")
    sets = ["I:0-9000", "chr1:9000-20050", "II,III"]
    check(files, tmp_path / "i.json", settings=settings(), folds=sets)
    expected = [["chr1:0-9000"], ["chr1:9000-20050"], ["chr2", "chr3"]]
    assert json.loads((tmp_path / "i.json").read_text())["folds"] == expected
