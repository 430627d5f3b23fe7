"""Reading a run back: which pairs it is about, its files, what its configuration names."""

import dataclasses

import pytest

from danq import read_run
from danq.records import FOLDER
from danq.report.run import (
    SourceFile,
    configured_database,
    configured_files,
    configured_motifs,
    run_files,
)
from tests.conftest import refuse
from tests.report.toy_run import with_attributions, write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(write_run(tmp_path_factory.mktemp("runs") / "yeast"))


@pytest.mark.parametrize(
    "settings", ["", "motifs: gone.meme", "run: x", "- a", "a: [", "motifs: JASPAR1999:fungi"]
)
def test_known_motifs_that_cannot_be_read(settings):
    assert configured_motifs(settings) == {}


def test_models_by_kind_in_the_order_of_the_catalogue(run):
    assert run.name == "yeast" and not run.planted
    assert run.predictors == ["deepsea", "danq", "danq_conv", "kmer", "scan"]
    assert run.networks == run.predictors[:3] and run.oracles == []
    assert list(run.scores("auprc")) == run.predictors


def test_the_pairs_of_the_question_are_the_main_ones(run):
    names = [(pair.a, pair.b) for pair in run.main_pairs()]
    assert names == [("danq", "danq_conv"), ("danq", "deepsea")]
    without_question = dataclasses.replace(run, pairs=run.pairs[2:])
    assert [(pair.a, pair.b) for pair in without_question.main_pairs()] == [
        ("danq_conv", "deepsea")
    ]


def test_files_have_a_role_and_a_checksum(run):
    files = run.files()
    assert files[0] == SourceFile("genome", "sacCer3.fa.gz", "ab" * 32)
    peaks = [file.path for file in files if file.role == "peaks"]
    assert len(peaks) == 16 and peaks[0] == "peaks/Abf1.bed"


def test_the_files_of_a_run_are_all_that_its_stages_left(tmp_path):
    with_attributions(tmp_path / "run", simulated=True)
    files = {path for path in (tmp_path / "run").rglob("*") if path.is_file()}
    files = {path for path in files if path.parent.name != FOLDER}  # records, read with each
    rest = files - set(run_files(tmp_path / "run"))
    assert rest == set()


def test_a_configuration_names_its_known_motifs():
    assert configured_database("motifs: mine.meme") == "mine.meme"
    assert configured_database("train: {}") is None
    assert configured_database("") is None


def test_a_configuration_names_files_anywhere_in_it():
    settings = "genome: a.fa\nextract: {blacklist: [b.bed, 3], table: {x: c.bed}}\nseeds: 3\n"
    assert configured_files(settings) == ["a.fa", "b.bed", "c.bed"]
    assert configured_files("a: [") == [] and configured_files("") == []


def test_a_folder_that_is_not_there_is_said(tmp_path):
    what = "there is no such folder; give that of a run, results/<run>"
    refuse(f"{tmp_path / 'nowhere'}: {what}", read_run, tmp_path / "nowhere")
