"""Basset's state dict, written by an independent script, predicts what its formulas do."""

import numpy as np
import pytest
import torch

from danq.errors import DanqError
from danq.network import published_weights
from danq.network.import_weights import import_weights
from danq.network.torch_basset import is_basset
from danq.network.trained import load
from tests.network import weights_files as files
from tests.network.weights_files import TEXTS, WINDOW, basset_file


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("alphabet", ["ACGT", "AGCT"])
def test_basset_predicts_what_the_formulas_do(counted, alphabet, tmp_path):
    layers = basset_file(tmp_path / "basset.pth", counted)
    options = {"window": WINDOW, "alphabet": alphabet}
    import_weights(tmp_path / "basset.pth", tmp_path / "m.ckpt", **options)
    expected = files.both_strands(TEXTS, files.basset(layers, alphabet))
    assert expected.std(axis=0).min() > 1e-3
    np.testing.assert_allclose(files.predicted(tmp_path / "m.ckpt"), expected, atol=1e-5)


def test_the_checkpoint_says_what_it_is(tmp_path, capsys):
    basset_file(tmp_path / "basset.pth", positions=10)
    (tmp_path / "names.txt").write_text("8988T\nAoSMC\nHuh-7.5\n")
    import_weights(tmp_path / "basset.pth", tmp_path / "m.ckpt", names=tmp_path / "names.txt")
    assert "Basset as Kipoi has it" in capsys.readouterr().err
    model = load(tmp_path / "m.ckpt", device="cpu")
    assert (model.window, model.targets) == (600, ["8988T", "AoSMC", "Huh-7.5"])
    sizes = {"filters1": 6, "filters2": 7, "filters3": 5, "hidden": 8}
    assert model.facts["sizes"] == sizes
    assert model.facts["imported"]["alphabet"] == "ACGT"
    assert (model.facts["model"], model.facts["reach"]) == ("basset", 168)


def test_the_published_file_is_known():
    assert published_weights.KNOWN["4878981d84499eb575abd0f3b45570d3"] == "Kipoi's Basset"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("9.running_var"), "lacks 9.running_var; give a whole file of"),
        (lambda state: state.update({"22.weight": torch.zeros(3)}), "holds '22.weight', which"),
        (lambda state: state["5.running_var"].fill_(-1), "its 5.running_var has a variance below"),
        (
            lambda state: state.update({"17.1.weight": torch.zeros(9, 8)}),
            "its 17.1.weight is 9 x 8, not 8 x 8",
        ),
    ],
)
def test_a_file_that_is_not_whole_is_refused(change, message, tmp_path):
    path = tmp_path / "basset.pth"
    basset_file(path)
    state = torch.load(path, weights_only=True)
    change(state)
    torch.save(state, path)
    with pytest.raises(DanqError, match=message):
        import_weights(path, tmp_path / "m.ckpt", window=WINDOW)


def test_a_window_that_does_not_fit_is_refused(tmp_path):
    basset_file(tmp_path / "basset.pth")
    with pytest.raises(DanqError, match="windows of 600 bp leave 10 positions, its dense layer"):
        import_weights(tmp_path / "basset.pth", tmp_path / "m.ckpt")


def test_other_state_dicts_are_not_taken_for_it():
    for layout in (files.KIPOI, files.SELENE, files.BELUGA):
        assert not is_basset({f"{name}.weight" for name in layout})
