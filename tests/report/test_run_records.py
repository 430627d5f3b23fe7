"""The files of a run: what is damaged, edited, or of another run or training is refused."""

import shutil

import numpy as np
import pytest

from danq import read_run
from danq.data.predictions import write_predictions
from danq.errors import DanqError
from danq.records import Input, Made, accept, record_path, recorded, verified
from tests.report.toy_run import inputs_of, make_records, with_attributions, write_run

SMALL = {"names": ["A", "B"], "groups": ["g", "g"], "undefined": (), "n_filters": 3}


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    """Return the folder of a small run, and that of another one, both with everything."""
    folder = tmp_path_factory.mktemp("runs")
    for name, names, n_filters in (("one", ["A", "B"], 3), ("two", ["C", "D"], 4)):
        options = {**SMALL, "names": names, "n_filters": n_filters}
        options |= {"seeds": (0, 1), "simulated": True}
        with_attributions(folder / name, targets=[0, 1], **options)
    return folder


@pytest.fixture
def runs(intact, tmp_path):
    shutil.copytree(intact, tmp_path / "runs")
    return tmp_path / "runs"


def recorded_files(folder):
    """Return all files of a run with a record beside them or at their head."""
    beside = [
        path.parent.parent / path.name.removesuffix(".json")
        for path in folder.rglob(".made/*.json")
    ]
    return sorted([*beside, *folder.rglob("attributions.h5")])


def refused(folder, path, words=""):
    with pytest.raises(DanqError) as caught:
        read_run(folder)
    lines = str(caught.value).splitlines()
    assert any(line.startswith(f"{path}: ") and words in line for line in lines), lines
    assert all(line.startswith(f"{folder}/") and "; " in line for line in lines)


def test_an_intact_run_is_read(runs):
    assert read_run(runs / "one").accepted == []


def test_every_file_that_is_changed_is_refused(runs):
    # Of the second seed's attributions only the head is read: `danq describe` looks at the rest.
    unread = runs / "one" / "danq" / "seed1" / "attributions.h5"
    files = [path for path in recorded_files(runs / "one") if path != unread]
    assert len(files) > 30
    rng = np.random.default_rng(0)
    for path in files:
        content = path.read_bytes()
        changed = bytearray(content)
        changed[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        refused(runs / "one", path)
        path.write_bytes(content)
    read_run(runs / "one")


def test_every_file_of_another_run_is_refused(runs):
    """With its record, or without."""
    for path in recorded_files(runs / "one"):
        twin = runs / "two" / path.relative_to(runs / "one")
        if twin.read_bytes() == path.read_bytes():
            continue
        kept = path.read_bytes()
        shutil.copy(twin, path)
        refused(runs / "one", path)
        # The planted sites of both made-up runs are of one genome.
        if record_path(twin).exists() and path.name not in ("config.yaml", "sites.tsv.gz"):
            record = record_path(path).read_bytes()
            shutil.copy(record_path(twin), record_path(path))
            refused(runs / "one", path)
            record_path(path).write_bytes(record)
        path.write_bytes(kept)
    read_run(runs / "one")


@pytest.mark.parametrize(
    "name", ["history.tsv", "matches.tsv", "motifs.meme", "ablation.tsv", "attributions.h5"]
)
def test_what_another_model_left_is_refused(runs, name):
    path = runs / "one" / "danq" / "seed0" / name
    twin = runs / "one" / "deepsea" / "seed0" / name
    shutil.copy(twin, path)
    if record_path(twin).exists():
        shutil.copy(record_path(twin), record_path(path))
    refused(runs / "one", path, "was made from another checkpoint")


def test_another_training_under_the_name_of_one_is_refused(runs):
    folder = runs / "one" / "danq" / "seed0"
    (dataset,) = inputs_of(runs / "one")
    made = Made("train", [Input("checkpoint", "model.ckpt", "cd" * 32), dataset])
    for path in recorded_files(folder):
        if path.suffix != ".h5":
            content = path.read_bytes()
            with recorded(path, made) as file:
                file.write_bytes(content)
    (folder / "attributions.h5").unlink()
    refused(runs / "one", folder / "train.json", "is of another training than")


def test_a_file_without_a_record_is_refused(runs):
    path = runs / "one" / "metrics.tsv"
    record_path(path).unlink()
    refused(runs / "one", path, "has no record of what made it")


def test_predictions_that_the_metrics_do_not_know_are_refused(runs):
    folder = runs / "one"
    training = folder / "danq" / "seed0"
    write_predictions(
        training / "predictions.h5",
        np.zeros((3, 2)),
        "danq",
        "0",
        "test",
        "x",
        inputs=inputs_of(folder, training),
    )
    read_run(folder)  # the metrics of this made-up run name no predictions
    write_predictions(training / "predictions.h5", np.zeros((3, 2)), "danq", "0", "test", "x")
    refused(folder, training / "predictions.h5", "was made from another dataset")


def test_an_accepted_file_is_read_and_named(runs):
    path = runs / "one" / "metrics.tsv"
    path.write_text(path.read_text().replace("\tA\t", "\tAlpha\t"))
    refused(runs / "one", path)
    accept(path)
    run = read_run(runs / "one")
    assert run.accepted == ["metrics.tsv"] and "Alpha" in set(run.metrics["name"])


def test_a_file_that_the_run_does_not_need_does_no_harm(runs):
    """As one of a model that is no longer among those of the run."""
    old = runs / "one" / "blstm" / "seed0"
    old.mkdir(parents=True)
    (old / "history.tsv").write_text("x\n")
    (runs / "one" / ".made" / "gone.tsv.json").write_text("{}")
    read_run(runs / "one")


def test_made_up_runs_are_recorded_again_after_a_change(tmp_path):
    folder = write_run(tmp_path / "run", **SMALL)
    (folder / "danq" / "seed0" / "train.json").write_text('{"model": "danq"}')
    refused(folder, folder / "danq" / "seed0" / "train.json")
    make_records(folder)
    read_run(folder)


def write_tracks(folder, genome, checkpoints):
    """Write a list of tracks as danq hub does, made from a genome and checkpoints."""
    path = folder / "predicted" / "hub" / "tracks.tsv"
    inputs = [Input("genome", "g.fa", genome)]
    inputs += [Input("checkpoint", "bins.h5", checksum) for checksum in checkpoints]
    table = "target\tname\tcontent\tinput\tmodel\tfile\n0\tA\tprobability\tg\tdanq\ta.bw\n"
    with recorded(path, Made("hub", inputs)) as file:
        file.write_text(table)
    return path


def test_tracks_are_of_the_runs_own_genome_and_trainings_or_not_shown(runs):
    folder = runs / "one"
    (checkpoint,) = verified(folder / "danq" / "seed0" / "train.json").checksums("checkpoint")
    path = write_tracks(folder, "ab" * 32, [checkpoint])
    run = read_run(folder)
    assert run.tracks["file"].tolist() == [str(path.parent / "a.bw")] and len(run.stretches)
    for genome, checkpoints in (("cd" * 32, [checkpoint]), ("ab" * 32, [checkpoint, "ef" * 32])):
        write_tracks(folder, genome, checkpoints)
        assert read_run(folder).tracks is None
    path.write_text(path.read_text().replace("danq", "deepsea"))
    refused(folder, path, "is not the file that danq hub wrote")


def test_imported_weights_are_of_no_dataset(runs):
    facts = runs / "one" / "danq" / "seed0" / "train.json"
    inputs = [Input("checkpoint", "model.ckpt", verified(facts).checksums("checkpoint")[0])]
    for step, fits in (("train", False), ("import-weights", True)):
        content = facts.read_text()
        with recorded(facts, Made(step, inputs)) as temporary:
            temporary.write_text(content)
        if fits:
            read_run(runs / "one")
        else:
            refused(runs / "one", facts, "was made from another dataset")
