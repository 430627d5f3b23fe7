"""The files of a hub, read as the browsers read them."""

import json
import os
import re
from xml.etree import ElementTree

import pytest
from Bio import SeqIO

from danq import cli
from danq.data.bin_tracks import write_bigwigs
from danq.errors import DanqError
from danq.files import read_table
from danq.report import hub as s
from tests.report.hub_toy import LENGTHS, NAMES, predictions, write_inputs, write_predictions

pyBigWig = pytest.importorskip("pyBigWig")
pytest.importorskip("pybigtools")


@pytest.fixture
def run(tmp_path):
    """Return the folder of predictions, the sources and the folders of tracks."""
    predicted = tmp_path / "predicted"
    return predicted, write_inputs(tmp_path), write_predictions(predicted)


def made(run, **options):
    predicted, sources, tracks = run
    s.hub(tracks, sources, predicted / "hub", **{"name": "my run", **options})
    return predicted / "hub"


def stanzas(path):
    """Return the stanzas of a file in UCSC's ra format: settings by name, each once."""
    read = []
    for text in path.read_text().strip().split("\n\n"):
        settings = {}
        for line in text.split("\n"):
            name, value = line.strip().split(" ", 1)
            assert name not in settings and value.strip()
            settings[name] = value
        read.append(settings)
    return read


def test_every_track_of_the_hub_is_there_and_is_of_its_type(run):
    folder = made(run)
    tracks = stanzas(folder / "trackDb.txt")
    names = [track["track"] for track in tracks]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"\w+", name) for name in names)
    assert all(name.isascii() and name[0].isalpha() for name in names)
    for position, track in enumerate(tracks):
        assert len(track["shortLabel"]) <= 17 and len(track["longLabel"]) <= 76
        assert not set('<>&"') & set(track["shortLabel"] + track["longLabel"])
        if "parent" in track:  # a parent stands before its children
            assert track["parent"] in names[:position]
        if "superTrack" in track:
            assert "parent" not in track and "type" not in track
        elif "container" in track:
            assert track["container"] == "multiWig" and "bigDataUrl" not in track
        else:
            path = folder / track["bigDataUrl"]
            assert not os.path.isabs(track["bigDataUrl"]) and path.exists()
            with pyBigWig.open(str(path)) as file:
                assert file.isBigWig() == track["type"].startswith("bigWig")
                assert file.isBigBed() == (track["type"] == "bigBed 3")
                assert set(file.chroms().items()) <= set(LENGTHS.items())


def test_each_target_has_its_peaks_beside_all_models(run):
    tracks = stanzas(made(run) / "trackDb.txt")
    by_name = {track["track"]: track for track in tracks}
    groups = [track for track in tracks if "superTrack" in track]
    assert len(groups) == len(NAMES)
    for group in groups:
        children = [track for track in tracks if track.get("parent") == group["track"]]
        assert [track.get("container", track["type"]) for track in children] == [
            "bigBed 3",
            "multiWig",
            "multiWig",
        ]
        for container in children[1:]:
            models = [track for track in tracks if track.get("parent") == container["track"]]
            assert [track["bigDataUrl"].split("/")[2] for track in models] == ["deepsea", "danq"]
            assert len({track["color"] for track in models}) == 2
    # Two targets of one name have files of their own.
    urls = [track["bigDataUrl"] for track in tracks if "bigDataUrl" in track]
    assert len(set(urls)) == len(urls) == 3 * (1 + 2 * 2) and len(by_name) == len(tracks)


def test_a_genome_that_ucsc_lacks_comes_with_its_bases(run):
    folder = made(run, assembly="unknown", locus="chr2:100-900")
    (hub,) = stanzas(folder / "hub.txt")
    assert set(hub) == {"hub", "shortLabel", "longLabel", "genomesFile", "email"}
    assert " " not in hub["hub"] and hub["genomesFile"] == "genomes.txt"
    (genome,) = stanzas(folder / "genomes.txt")
    assert genome["trackDb"] == "trackDb.txt" and genome["defaultPos"] == "chr2:101-900"
    with open(folder / genome["twoBitPath"], "rb") as file:
        bases = {record.id: len(record) for record in SeqIO.parse(file, "twobit")}
    assert bases == LENGTHS
    session = ElementTree.parse(folder / "igv_session.xml").getroot()
    description = json.loads((folder / session.get("genome")).read_text())
    assert (folder / description["twoBitURL"]).exists() and session.get("locus") == "chr2:101-900"


def test_an_assembly_of_ucsc_is_named_and_brings_no_bases(run):
    folder = made(run, assembly="sacCer3")
    assert stanzas(folder / "genomes.txt") == [{"genome": "sacCer3", "trackDb": "trackDb.txt"}]
    session = ElementTree.parse(folder / "igv_session.xml").getroot()
    assert (session.get("genome"), session.get("locus")) == ("sacCer3", "chr1:1-4000")
    assert not (folder / "genome.2bit").exists() and not (folder / "genome.json").exists()


def test_the_session_opens_every_file_once_by_a_relative_path(run):
    folder = made(run)
    session = ElementTree.parse(folder / "igv_session.xml").getroot()
    paths = [resource.get("path") for resource in session.iter("Resource")]
    assert len(set(paths)) == len(paths) == 3 * (1 + 2 * 2)
    assert all((folder / path).exists() and not os.path.isabs(path) for path in paths)
    tracks = list(session.iter("Track"))
    assert [track.get("id") for track in tracks] == paths
    for track in tracks:
        limits = track.find("DataRange")
        assert (limits is None) == track.get("id").endswith(".bb")
        assert limits is None or (limits.get("minimum"), limits.get("maximum")) == ("0.0", "1.0")
    assert tracks[0].get("name") == "Factor A: peaks"
    assert tracks[5].get("name") == '<b>"B" & 🧬</b>: peaks'  # escaped in the file, whole for IGV


def test_the_list_of_tracks_names_target_input_and_model(run):
    folder = made(run)
    table = read_table(folder / "tracks.tsv")
    assert table["target"].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert table["name"].unique().tolist() == NAMES[:2]
    of_models = table[table["content"] == "probability"]
    assert of_models["input"].tolist() == ["genome", "genome", "mine", "mine"] * 3
    assert all((folder / file).exists() for file in table["file"])


def test_moved_together_the_paths_still_hold(run, tmp_path):
    made(run)
    os.rename(tmp_path / "predicted", tmp_path / "elsewhere")
    folder = tmp_path / "elsewhere" / "hub"
    for track in stanzas(folder / "trackDb.txt"):
        assert "bigDataUrl" not in track or (folder / track["bigDataUrl"]).exists()


def test_a_target_that_no_model_predicts_is_left_out(run):
    predicted, sources, _ = run
    tracks = predicted / "genome" / "mlp" / "tracks"
    write_bigwigs(tracks, predictions(0, targets=NAMES[1:2]))
    s.hub([tracks], sources, predicted / "hub", name="x")
    table = read_table(predicted / "hub" / "tracks.tsv")
    assert table["target"].tolist() == [1, 1] and table["name"].unique().tolist() == NAMES[1:2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lengths": {"chr1": 4_200, "chr2": 2_000}}, "'chr1' of 4,200 bp is not in the genome"),
        ({"lengths": {"chr3": 400}}, "'chr3' of 400 bp is not in the genome"),
        ({"targets": ["other"]}, "the table of targets lacks 'other'"),
    ],
)
def test_tracks_of_something_else_are_refused(run, change, message):
    predicted, sources, _ = run
    tracks = predicted / "genome" / "mlp" / "tracks"
    write_bigwigs(tracks, predictions(0, **change))
    with pytest.raises(DanqError, match=message):
        s.hub([tracks], sources, predicted / "hub", name="x")


@pytest.mark.parametrize("locus", ["chr1", "chr9:1-2", "chr1:5-5", "chr1:0-4001"])
def test_a_place_that_is_none_is_refused(run, locus):
    with pytest.raises(DanqError, match="is not a stretch of the genome; give one as"):
        made(run, locus=locus)
    assert not (run[0] / "hub").exists()


def test_a_folder_that_is_named_twice_is_refused(run):
    predicted, sources, tracks = run
    with pytest.raises(DanqError, match="a second folder of deepsea for genome"):
        s.hub([*tracks, tracks[0]], sources, predicted / "hub", name="x")


def test_the_command_makes_the_same_files(run, capsys):
    _, sources, tracks = run
    folder = made(run, assembly="sacCer3", name="x")
    names = [path for path in folder.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in names}
    words = ["--genome", sources.genome, "--targets", sources.targets, "--aliases", sources.aliases]
    words += ["--assembly", "sacCer3", "--name", "x", "--output", folder, "--tracks", *tracks]
    assert cli.main(["hub", *map(str, words)]) == 0
    assert {path: path.read_bytes() for path in names} == before
    assert "hub: 3 targets, 12 tracks of predictions" in capsys.readouterr().out
