"""DanQ of Keras 0.2, written by an independent script, predicts what its formulas do."""

import numpy as np
import pytest
import torch

from danq.network.import_weights import import_weights
from danq.network.keras_danq import name_of
from danq.network.trained import load
from tests.network import weights_files as files
from tests.network.weights_files import TEXTS, WIDTH_AND_POOL, WINDOW, keras_file


@pytest.mark.parametrize("layout", ["danq", "danq_jaspar"])
@pytest.mark.parametrize(("reverse", "axis"), [("sequence", 1), ("batch", 0)])
def test_danq_of_keras_predicts_what_the_formulas_do(layout, reverse, axis, tmp_path):
    arrays = keras_file(tmp_path / "danq.hdf5", layout)
    checkpoint = tmp_path / "model.ckpt"
    import_weights(tmp_path / "danq.hdf5", checkpoint, reverse=reverse, window=WINDOW)
    forward = files.keras_danq(arrays, WIDTH_AND_POOL[layout][1], axis)
    expected = files.both_strands(TEXTS, forward)
    np.testing.assert_allclose(files.predicted(checkpoint), expected, atol=1e-5)
    other = files.both_strands(TEXTS, files.keras_danq(arrays, WIDTH_AND_POOL[layout][1], 1 - axis))
    assert np.abs(other - expected).max() > 1e-3
    model = load(checkpoint, device="cpu")
    names = {"sequence": layout, "batch": "danq_forward"}
    assert model.facts["model"] == names[reverse]
    assert model.facts["imported"]["reverse"] == reverse


@pytest.mark.parametrize(
    ("motif", "palindrome"), [("GAATTCGAATTC", True), ("CCAGCAGGGGGCGCT", False)]
)
def test_bases_and_kernels_are_in_order(motif, palindrome, tmp_path):
    """A single filter that spells a motif in the file's own order is that motif in ours.

    One that is its own reverse complement scores alike on either strand, another one does not: a
    swap of channels that keeps complements, as A,G,C,T for A,C,G,T does, shows in both.
    """
    arrays = keras_file(tmp_path / "danq.hdf5", filters=1)
    spelled = files.one_hot([motif.center(26, "N")], "AGCT")[0]
    arrays["conv"][0][0, :, :, 0] = spelled[:, ::-1]  # as Theano keeps it
    arrays["conv"][1][:] = 0
    files.write_keras(tmp_path / "danq.hdf5", arrays)
    import_weights(tmp_path / "danq.hdf5", tmp_path / "model.ckpt", window=WINDOW)
    network = load(tmp_path / "model.ckpt", device="cpu").network
    site = "N" * 40 + motif + "N" * (WINDOW - 40 - len(motif))
    strands = [site, site[::-1].translate(files.COMPLEMENT)]
    X = torch.tensor(files.one_hot(strands, "ACGT"), dtype=torch.float32)
    highest = network.stem.site_responses(X).amax(dim=(1, 2)).tolist()
    assert highest[0] == pytest.approx(len(motif))
    assert (highest[1] == pytest.approx(len(motif))) == palindrome


def test_the_two_files_are_told_apart_by_their_layers(tmp_path):
    for layout, last in (("danq", "layer_8"), ("danq_jaspar", "layer_7")):
        names = {f"{layer}/param_0" for layer in ("layer_0", "layer_3", "layer_6", last)}
        assert name_of(names) == layout
        assert name_of(names - {"layer_3/param_0"}) is None
