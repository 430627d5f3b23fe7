"""What is drawn along the genome, against the predictions and peaks that were written."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from danq import read_run
from danq.errors import DanqError
from danq.genome.tables import Region
from danq.report.findings import regions as s
from danq.report.hub import hub
from danq.report.run_predicted import read_tracks
from tests.report.hub_toy import NAMES, predictions, write_inputs, write_predictions
from tests.report.toy_run import write_run

pytest.importorskip("pyBigWig")
pytest.importorskip("pybigtools")

STRETCHES = [("chr2", 1000, 1600), ("chr9", 0, 600), ("chr1", 0, 600), ("chr1", 3800, 9000)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run of three targets with tracks."""
    folder = write_run(tmp_path_factory.mktemp("run"), names=NAMES, groups=["TF"] * 3, undefined=())
    sources = write_inputs(tmp_path_factory.mktemp("inputs"))
    predicted = folder / "predicted"
    hub(write_predictions(predicted), sources, predicted / "hub", name="x")
    stretches = pd.DataFrame(STRETCHES, columns=["chrom", "start", "end"])
    # The made-up dataset is of another genome, so the run does not take the tracks for its own.
    return dataclasses.replace(read_run(folder), stretches=stretches, tracks=read_tracks(folder))


def test_values_are_those_that_were_predicted(run):
    tracks = s.region_tracks(run, Region("chr1", 300, 900))
    assert tracks.input == "genome" and [entry.target for entry in tracks.targets] == [0, 1, 2]
    for seed, model in enumerate(("deepsea", "danq")):
        bins = predictions(seed)
        for target in tracks.targets:
            (track,) = (track for track in target.tracks if track.model == model)
            assert track.start.tolist() == [300, 400, 600, 800]
            assert track.end.tolist() == [400, 600, 800, 900]
            wanted = bins.rows.probabilities[1:5, target.target]
            np.testing.assert_allclose(track.value, wanted, rtol=1e-6)
    highest = max(track.value.max() for track in tracks.targets[0].tracks)
    assert tracks.targets[0].highest == highest


def test_peaks_are_cut_to_the_stretch(run):
    tracks = s.region_tracks(run, Region("chr1", 500, 2200))
    assert [target.peaks for target in tracks.targets] == [[(500, 700), (2100, 2200)], [], []]
    assert tracks.n_with_peaks == 1
    tracks = s.region_tracks(run, Region("chr2", 0, 1200))
    assert [target.peaks for target in tracks.targets] == [[], [(0, 250)], [(1000, 1200)]]


def test_the_stretches_with_most_to_show_are_drawn_where_they_were_predicted(run):
    drawn = [tuple(tracks.region) for tracks in s.drawn_regions(run)]
    assert drawn == [STRETCHES[0], STRETCHES[2]], "not the one that is hardly covered"
    fewer = dataclasses.replace(run, stretches=run.stretches.iloc[:0])
    assert s.drawn_regions(fewer) == []


def test_wanted_stretches_are_drawn_in_their_order(run):
    drawn = s.drawn_regions(run, ["chr1:3800-9000", "chr2:0-10"])
    assert [tuple(tracks.region) for tracks in drawn] == [("chr1", 3800, 9000), ("chr2", 0, 10)]


@pytest.mark.parametrize("text", ["chr1", "chr1:9-9"])
def test_a_stretch_that_is_none_is_refused(run, text):
    with pytest.raises(DanqError, match="is not a region; give one as"):
        s.drawn_regions(run, [text])


@pytest.mark.parametrize("text", ["chr9:1-100", "chr1:4000-4100"])
def test_a_stretch_that_was_not_predicted_is_refused(run, text):
    with pytest.raises(DanqError, match=f"nothing was predicted of {text}"):
        s.drawn_regions(run, [text])


def test_of_many_targets_those_with_peaks_are_drawn(run, monkeypatch):
    monkeypatch.setattr(s, "MOST_TARGETS", 2)
    tracks = s.region_tracks(run, Region("chr2", 900, 1200))
    assert [target.target for target in tracks.targets] == [0, 2] and tracks.n_with_peaks == 1


def test_a_run_without_tracks_has_nothing_to_draw(run):
    without = dataclasses.replace(run, tracks=None)
    assert s.drawn_regions(without, ["chr1:0-10"]) == []
    assert s.region_tracks(without, Region("chr1", 0, 10)) is None
