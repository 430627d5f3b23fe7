"""Names of what is predicted, and folders of tracks."""

import pytest

from danq.config import Predictions
from danq.data import predicted as s
from danq.errors import DanqError
from danq.files import write_text


def test_inputs_keep_their_order_and_have_names_fit_for_a_url():
    settings = Predictions(chromosomes=["chr1"], bed=["a/mine & yours.bed.gz"], fasta=["x.fa"])
    inputs = s.predicted_inputs(settings)
    assert list(inputs) == ["genome", "mine_yours", "x"]
    assert [entry.on_genome for entry in inputs.values()] == [True, True, False]
    assert s.predicted_inputs(None) == {}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bed": ["a/x.bed", "b/X.bed.gz"]}, "is called 'X'; rename the file"),
        ({"bed": ["x.bed"], "fasta": ["x.fa"]}, "predict.fasta: another input"),
        ({"bed": ["genome.bed"]}, "is called 'genome'"),
        ({"fasta": ["hub.fa"]}, "is called 'hub'"),
        ({"bed": ["https://a.org/x.bed"]}, "predict.bed takes files; download it"),
    ],
)
def test_names_that_would_clash_are_refused(settings, message):
    with pytest.raises(DanqError, match=message):
        s.predicted_inputs(Predictions(**settings))


def test_a_folder_of_tracks_names_input_model_and_files(tmp_path):
    folder = tmp_path / "genome" / "danq" / "tracks"
    rows = "file\ttarget\tcontent\na.bw\tNA\tprobability\na.spread.bw\tNA\tspread over models\n"
    write_text(folder / "README.tsv", rows)
    (folder / "a.bw").touch()
    tracks = s.read_track_folder(folder)
    assert (tracks.input, tracks.model, tracks.targets) == ("genome", "danq", ["NA"])
    assert tracks.files == [folder / "a.bw"]
    (folder / "a.bw").unlink()
    with pytest.raises(DanqError, match="there is no such file; make it again"):
        s.read_track_folder(folder)


def test_a_folder_of_something_else_is_refused(tmp_path):
    write_text(tmp_path / "README.tsv", "file\tname\na\tb\n")
    with pytest.raises(DanqError, match="has no column target"):
        s.read_track_folder(tmp_path)
