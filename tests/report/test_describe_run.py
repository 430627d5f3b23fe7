"""danq describe on the folder of a run: every file that fits is named, every one that does not."""

import pytest

from danq import cli
from danq.errors import DanqError
from danq.records import verified
from danq.report.describe_run import describe_run
from tests.report.toy_run import with_attributions

SMALL = {"names": ["A", "B"], "groups": ["g", "g"], "undefined": (), "n_filters": 3}


@pytest.fixture
def folder(tmp_path):
    with_attributions(tmp_path / "run", targets=[0, 1], **SMALL)
    return tmp_path / "run"


def test_the_files_that_fit_are_named(folder, capsys):
    found = describe_run(folder)
    names = {entry.path for entry in found}
    assert {"dataset.h5", "metrics.tsv", "danq/seed0/motifs.meme"} <= names
    assert "danq/seed0/attributions.h5" in names
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == (
        f"{folder}: {len(found)} files are as their steps left them, and belong together"
    )
    assert [line.split()[1] for line in lines[:-1]] == [entry.path for entry in found]


def test_all_that_does_not_fit_is_named_at_once(folder):
    for name in ("metrics.tsv", "danq/seed0/history.tsv", "danq/seed0/attributions.h5"):
        path = folder / name
        path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(DanqError) as caught:
        describe_run(folder)
    lines = str(caught.value).splitlines()
    for name in ("metrics.tsv", "danq/seed0/history.tsv", "danq/seed0/attributions.h5"):
        assert sum(line.startswith(f"{folder / name}: ") for line in lines) == 1


def test_a_checkpoint_is_compared_with_its_training(folder):
    path = folder / "danq" / "seed0" / "model.ckpt"
    path.write_bytes(b"another")
    with pytest.raises(DanqError, match=r"is not the checkpoint that .*train\.json tells of"):
        describe_run(folder)
    path.rename(folder / "model.ckpt")  # that of no training does no harm
    describe_run(folder)


def test_an_edited_table_is_accepted_on_the_command_line(folder, capsys):
    path = folder / "metrics.tsv"
    path.write_text(path.read_text().replace("\tA\t", "\tAlpha\t"))
    assert cli.main(["describe", str(folder)]) == 2
    assert cli.main(["describe", str(folder), "--accept", str(path)]) == 0
    assert "edited by hand and accepted" in capsys.readouterr().out
    assert verified(path).accepted


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("danq/seed0/attributions.h5", "holds a checksum of its own"),
        ("../elsewhere.tsv", "is not a file of"),
        ("none.tsv", "cannot be read"),
    ],
)
def test_what_cannot_be_accepted_is_refused(folder, name, words):
    (folder.parent / "elsewhere.tsv").write_text("x")
    with pytest.raises(DanqError, match=words):
        describe_run(folder, accepted=[folder / name])


def test_options_of_a_dataset_are_none_of_a_run(folder, capsys):
    assert cli.main(["describe", str(folder), "--json", "x.json"]) == 2
    assert "--json and --figure need a dataset.h5" in capsys.readouterr().err
    assert cli.main(["describe", str(folder / "dataset.h5"), "--accept", "x"]) == 2
    assert "--accept needs the folder of a run" in capsys.readouterr().err
