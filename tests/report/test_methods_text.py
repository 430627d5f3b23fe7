"""A run in the words of a methods section."""

import dataclasses

from danq import read_run
from danq.report.methods_text import (
    CITATION,
    imported_text,
    methods_paragraphs,
    motif_paragraph,
)
from tests.report.toy_run import write_run


def test_a_bare_run_reports_only_its_statistics(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    bare = dataclasses.replace(run, facts={}, trained=[], chromosomes={})
    data, networks, statistics = methods_paragraphs(bare)
    assert data == networks == "" and "blocks of neighbouring windows" in statistics


def test_the_citation_has_the_version():
    assert "danq 1.2.3:" in CITATION.format(version="1.2.3")


AUTOMATIC = {
    "recipe": "auto",
    "head": "pool",
    "stem": "relu",
    "initialise_from": "enriched",
    "epochs": 8,
    "epoch_size": 7_500,
    "batch_size": 64,
    "lr": 0.0025,
    "dropout": 0.4,
    "scale": 0.2,
    "filter_scale": 1.0,
}


def networks_text(run, **options):
    for training in run.trained:
        training.facts["options"] = AUTOMATIC | options
    return methods_paragraphs(run)[1]


def test_the_recipe_has_all_that_a_reader_needs(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    text = networks_text(run)
    for part in (
        "Automatic recipe: AdamW under a one-cycle learning rate",
        "binary cross-entropy",
        "head pool, stem relu",
        "words of bases enriched in the training windows",
        "8 epochs of 7,500 windows (60,000 in all)",
        "batches of 64",
        "highest learning rate 0.0025",
        "dropout 0.4 times",
        "widths 0.2 times",
    ):
        assert part in text, part
    assert "as many again" not in text and "NA" not in text
    assert "from all known motifs" in networks_text(run, initialise_from="known")
    assert "first filters 2.0 times as many again" in networks_text(run, filter_scale=2.0)


IMPORT = {
    "file": "danq.hdf5",
    "md5": "0" * 32,
    "format": "DanQ, Keras 0.2 (HDF5)",
    "known_as": "",
    "reverse": "batch",
}


def test_imported_weights_are_no_training_of_the_run(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    first = run.trained[0]
    first.facts["imported"] = IMPORT
    text = networks_text(run)
    assert f"has {imported_text(IMPORT)}." in text
    assert f"imported from danq.hdf5 (DanQ, Keras 0.2 (HDF5), MD5 {'0' * 32})" in text
    assert "read the batch from its end" in text
    assert "the weights of the epoch of highest" in text
    for training in run.trained:
        training.facts["imported"] = IMPORT | {"known_as": "Kipoi's DeepSEA/predict"}
    text = networks_text(run)
    assert "published weights (Kipoi's DeepSEA/predict) imported from" in text
    assert "weights of the epoch" not in text and "recipe" not in text and "Software: " in text


def test_a_published_recipe_without_a_last_epoch(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    options = {"recipe": "published", "initialise_from": "random", "epochs": None}
    text = networks_text(run, epoch_size=110_000, **options)
    assert "Published recipe" in text and "epochs of 110,000 windows, none the last" in text
    assert "first filters initialised at random" in text
    assert "(0 in all)" not in networks_text(run, epoch_size=None, **options)


def test_models_without_filters_say_nothing_of_filters(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    without = [training._replace(model="mlp") for training in run.trained]
    text = networks_text(dataclasses.replace(run, trained=without))
    assert "stem" not in text and "first filters" not in text


def test_motifs_are_described_where_there_are_some(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    text = motif_paragraph(run)
    assert "Tomtom" in text and "when the filter never fires" in text
    assert motif_paragraph(dataclasses.replace(run, trained=[])) == ""
