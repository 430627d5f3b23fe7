"""danq import-weights: what the checkpoint says, and that the rest of danq works on it."""

import contextlib
import json

import numpy as np
import pytest

from danq import cli
from danq.data.deepsea import import_deepsea
from danq.data.predictions import read_predictions
from danq.errors import DanqError
from danq.files import checksums
from danq.network import import_weights as step
from danq.network.import_weights import import_weights
from danq.network.trained import load
from danq.records import verified
from tests.conftest import refuse, write_fasta
from tests.data.test_deepsea import small_bundle
from tests.network import weights_files as files
from tests.network.weights_files import WINDOW, keras_file, kipoi_file


def run(folder, *words):
    """Run a command in a folder; return its exit code."""
    with contextlib.chdir(folder):
        return cli.main(list(words))


def test_the_checkpoint_says_where_its_weights_came_from(tmp_path):
    keras_file(tmp_path / "danq.hdf5", targets=2)
    (tmp_path / "names").write_text("K562|CTCF|None\nHepG2|REST|None\n")
    import_weights(
        tmp_path / "danq.hdf5",
        tmp_path / "model.ckpt",
        names=tmp_path / "names",
        facts=tmp_path / "train.json",
        window=WINDOW,
    )
    model = load(tmp_path / "model.ckpt", device="cpu")
    imported = model.facts["imported"]
    assert (imported["file"], imported["alphabet"]) == ("danq.hdf5", "AGCT")
    assert imported["reverse"] == "batch" and model.facts["model"] == "danq_forward"
    assert model.facts["sizes"] == {"filters": 8, "units": 5, "hidden": 6}
    assert model.targets == ["K562|CTCF|None", "HepG2|REST|None"]
    assert (model.window, model.data_facts["bin_size"]) == (WINDOW, 200)
    assert json.loads((tmp_path / "train.json").read_text()) == model.facts
    assert verified(tmp_path / "train.json").step == "import-weights"


def test_a_published_file_is_known_by_its_digest(tmp_path, monkeypatch, capsys):
    kipoi_file(tmp_path / "deepsea.pth")
    md5 = checksums(tmp_path / "deepsea.pth", ["md5"])["md5"]
    monkeypatch.setitem(step.KNOWN, md5, "Kipoi's DeepSEA/predict")
    import_weights(tmp_path / "deepsea.pth", tmp_path / "model.ckpt", window=WINDOW)
    assert "the file of Kipoi's DeepSEA/predict; 300 bp to 3 targets" in capsys.readouterr().err
    model = load(tmp_path / "model.ckpt", device="cpu")
    assert model.facts["imported"]["known_as"] == "Kipoi's DeepSEA/predict"


def test_the_model_that_was_asked_for_says_what_was_reversed(tmp_path):
    path = tmp_path / "danq.hdf5"
    checkpoint = tmp_path / "model.ckpt"
    keras_file(path)
    for model, reverse in (("danq", "sequence"), ("danq_forward", "batch")):
        import_weights(path, checkpoint, model=model, window=WINDOW)
        facts = load(checkpoint, device="cpu").facts
        assert (facts["model"], facts["imported"]["reverse"]) == (model, reverse)
    refuse(
        f"{path}: is DanQ, Keras 0.2 (HDF5), which is the model danq, not danq_jaspar; give the "
        "weights of danq_jaspar, or that name",
        import_weights,
        path,
        checkpoint,
        model="danq_jaspar",
        window=WINDOW,
    )
    refuse(
        "--reverse batch is not danq; give one of the two",
        import_weights,
        path,
        checkpoint,
        model="danq",
        reverse="batch",
    )
    kipoi_file(path)
    with pytest.raises(DanqError, match=r"--reverse is for DanQ from Keras 0\.2"):
        import_weights(path, checkpoint, reverse="batch", window=WINDOW)
    with pytest.raises(DanqError, match="windows of 1000 bp leave 53 positions, its dense layer"):
        import_weights(path, checkpoint)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Return a folder with an imported DanQ, a bundle of the same targets, and a genome."""
    folder = tmp_path_factory.mktemp("published")
    arrays = keras_file(folder / "danq.hdf5")
    import_weights(folder / "danq.hdf5", folder / "model.ckpt", reverse="sequence", window=WINDOW)
    rows, paths = small_bundle(folder, n=30, window=WINDOW, n_targets=3)
    import_deepsea(*paths, folder / "dataset.h5")
    texts = rows["test"][0]
    write_fasta(folder / "genome.fa", {"chr1": "".join(texts[:5])})
    return folder, arrays, texts


def test_a_dataset_of_the_published_targets_is_predicted(published):
    folder, arrays, texts = published
    words = ["predict", "--checkpoint", "model.ckpt", "--dataset", "dataset.h5"]
    assert run(folder, *words, "--output", "predictions.h5") == 0
    predicted = read_predictions(folder / "predictions.h5").scores
    expected = files.both_strands(texts, files.keras_danq(arrays, 13, 1))
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


@pytest.mark.parametrize(
    "words",
    [
        "predict --genome genome.fa --table made",
        "variants --genome genome.fa --variant chr1:700:{ref}:{alt} --table made",
        "motifs --dataset dataset.h5 --windows 20 --min-bits 1 --meme made --matches matches.tsv "
        "--sites sites.bed.gz --clusters clusters.meme",
        "ablate --dataset dataset.h5 --windows 20 --output made",
        "attribute --dataset dataset.h5 --windows 1 --targets 0 --output made",
    ],
    ids=lambda words: words.split()[0],
)
def test_every_step_works_on_imported_weights(words, published):
    folder, _, texts = published
    base = "".join(texts[:5])[699].replace("N", "A")
    changes = {"ref": base, "alt": "C" if base != "C" else "G"}
    (folder / "made").unlink(missing_ok=True)
    command, *rest = words.format(**changes).split()
    assert run(folder, command, "--checkpoint", "model.ckpt", *rest) == 0
    assert (folder / "made").stat().st_size > 0


def test_a_dataset_of_other_targets_is_refused(published, tmp_path, capsys):
    folder, _, _ = published
    _, paths = small_bundle(tmp_path, n=10, window=WINDOW, n_targets=4)
    import_deepsea(*paths, tmp_path / "other.h5")
    words = ["predict", "--checkpoint", "model.ckpt", "--dataset", str(tmp_path / "other.h5")]
    assert run(folder, *words, "--output", "other.h5") == 2
    assert "names: not what the model was trained on" in capsys.readouterr().err


def test_a_file_with_another_checksum_is_refused(tmp_path):
    kipoi_file(tmp_path / "w.pth")
    with pytest.raises(DanqError, match=r"its md5 is .*, not the expected 0000"):
        import_weights(tmp_path / "w.pth", tmp_path / "m.ckpt", md5="0" * 32, window=WINDOW)
