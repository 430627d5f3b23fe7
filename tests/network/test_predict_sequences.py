"""Rows of predictions into a file: which models, which targets, which regions, what is left."""

import numpy as np
import pytest

from danq.config import Predict
from danq.data.bins import BinsWriter, read_bins
from danq.errors import DanqError
from danq.network import predict_sequences as module
from danq.network.predict_sequences import (
    choose_columns,
    header_of,
    identity_of,
    load_models,
    plan_work,
    read_sequences,
    say_what_was_skipped,
    write_predictions,
)
from tests.network.tiled_toy import TARGETS, bases, write_fasta, write_model

F32 = np.dtype(np.float32)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"names": ["a", "b c", "e"]}, "list of targets"),
        ({"window": 240}, "window"),
        ({"bin_size": 20}, "bin"),
    ],
)
def test_models_that_cannot_be_averaged_are_refused(tmp_path, changes, what):
    paths = [write_model(tmp_path / "a.ckpt"), write_model(tmp_path / "b.ckpt", **changes)]
    with pytest.raises(DanqError) as caught:
        load_models(paths, "cpu", 1)
    expected = f"{paths[1]}: its {what} is not that of {paths[0]}; give models of one dataset"
    assert str(caught.value) == expected


def test_a_model_that_is_named_twice_is_refused(tmp_path):
    path = write_model(tmp_path / "a.ckpt")
    (tmp_path / "link.ckpt").symlink_to(path)
    for twice in (path, tmp_path / "link.ckpt"):
        with pytest.raises(DanqError, match="is given twice, and would count twice in the mean"):
            load_models([path, twice], "cpu", 1)


def test_targets_are_chosen_by_name_or_place_in_the_given_order(tmp_path):
    models = load_models([write_model(tmp_path / "a.ckpt")], "cpu", 1)
    assert choose_columns(models, []).targets == TARGETS
    assert choose_columns(models, ["d", "1", "d"]).targets == ["d", "b c"]
    with pytest.raises(DanqError, match="'e'"):
        choose_columns(models, ["e"])


@pytest.fixture
def planned(tmp_path):
    """Return two models, regions of a genome, and what covers them."""
    paths = [write_model(tmp_path / f"{seed}.ckpt", seed) for seed in range(2)]
    ensemble = choose_columns(load_models(paths, "cpu", 1), ["d", "a"])
    genome = write_fasta(tmp_path / "genome.fa", {"chr1": bases(1500), "chr2": bases(700)})
    bed = tmp_path / "r.bed"
    bed.write_text("chr2\t0\t300\tx\nchr1\t500\t900\ty\nchr2\t400\t440\tx\n")
    tiling = ensemble.tiling(20, 0.5)
    sequences = read_sequences(None, bed, genome, Predict(), tiling)
    return ensemble, sequences, tiling, [genome, bed], paths


def made(path, planned, **changes):
    ensemble, sequences, tiling, inputs, paths = planned
    work = plan_work(sequences, tiling, len(ensemble.targets))
    header = header_of(ensemble, work, tiling)
    identity = identity_of(paths, header, inputs) | changes
    writer = BinsWriter(path, header, sum(work.n_rows), F32, True, identity)
    write_predictions(writer, ensemble, work, tiling)
    writer.finish()
    writer.keep()
    return work


def test_rows_are_in_the_order_of_the_regions_whatever_is_predicted_at_once(
    planned, tmp_path, monkeypatch
):
    work = made(tmp_path / "whole.h5", planned)
    whole = read_bins(tmp_path / "whole.h5")
    assert len(work.groups) == 1 and whole.header.targets == ["d", "a"]
    monkeypatch.setattr(module, "MOST_VALUES", 12)  # 3 rows of 2 targets, with 2 bins each
    assert len(made(tmp_path / "parts.h5", planned).groups) > 5
    parts = read_bins(tmp_path / "parts.h5")
    for name, values in whole.rows.places.items():
        assert values.tolist() == parts.rows.places[name].tolist()
    np.testing.assert_allclose(whole.rows.probabilities, parts.rows.probabilities, atol=1e-6)
    regions = whole.rows.places["region"]
    changes = np.flatnonzero(np.diff(regions)).tolist()
    assert whole.header.regions == ["x", "y"] and len(changes) == 2
    assert "danq seed 0, danq seed 1" == whole.header.facts["models"]


def test_an_interrupted_prediction_goes_on_to_the_same_bytes(
    planned, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(module, "MOST_VALUES", 12)
    made(tmp_path / "whole.h5", planned)
    append = BinsWriter.append
    calls = []

    def dying(self, block):
        calls.append(len(block.probabilities))
        if len(calls) == 4:
            raise KeyboardInterrupt
        append(self, block)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(BinsWriter, "append", dying)
        made(tmp_path / "b.h5", planned)
    assert not (tmp_path / "b.h5").exists()
    made(tmp_path / "b.h5", planned)
    assert f"going on after {sum(calls[:3])} of" in capsys.readouterr().err
    assert (tmp_path / "b.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_other_inputs_or_models_are_another_prediction(planned):
    ensemble, sequences, tiling, inputs, paths = planned
    work = plan_work(sequences, tiling, 2)
    header = header_of(ensemble, work, tiling)
    identity = identity_of(paths, header, inputs)
    assert identity_of(paths[::-1], header, inputs) != identity
    assert identity_of(paths, header, inputs[:1]) != identity
    assert identity_of(paths, header._replace(targets=["a", "d"]), inputs) != identity
    other = ensemble.tiling(40, 0.5)
    assert identity_of(paths, header_of(ensemble, work, other), inputs) != identity


def test_what_was_skipped_and_padded_is_counted(planned, tmp_path, capsys):
    tiling = planned[2]
    fasta = write_fasta(tmp_path / "s.fa", {"a": bases(100), "b": bases(220), "c": "ACGT"})
    sequences = read_sequences(fasta, None, None, Predict(), tiling)
    work = plan_work(sequences, tiling, 2)
    say_what_was_skipped(work)
    lines = capsys.readouterr().err.splitlines()
    # b: 80 bp before its first bin; 80 behind its last, which begins at 100. c: 4 known bases.
    assert lines == [
        "predict: sequences shorter than the window, with unknown bases on either side: 2",
        "predict: 160 bp skipped: its window leaves the sequence",
        "predict: 4 bp skipped: too few known bases",
    ]
