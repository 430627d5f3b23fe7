"""Beluga's state dict, written by an independent script, predicts what its formulas do."""

import numpy as np
import pytest
import torch

from danq import cli
from danq.errors import DanqError
from danq.network import published_weights
from danq.network.import_weights import import_weights
from danq.network.torch_beluga import is_beluga
from danq.network.trained import load
from tests.conftest import refuse
from tests.network import weights_files as files
from tests.network.weights_files import BELUGA_TEXTS, BELUGA_WINDOW, beluga_file


@pytest.mark.parametrize("prefix", ["model.", "", "module.model."])
def test_beluga_predicts_what_the_formulas_do(prefix, tmp_path):
    layers = beluga_file(tmp_path / "beluga.pth", prefix)
    import_weights(tmp_path / "beluga.pth", tmp_path / "m.ckpt", window=BELUGA_WINDOW)
    expected = files.both_strands(BELUGA_TEXTS, files.beluga(layers))
    assert expected.std(axis=0).min() > 1e-3
    predicted = files.predicted(tmp_path / "m.ckpt", BELUGA_TEXTS)
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_another_order_of_bases_is_put_in_order(tmp_path):
    layers = beluga_file(tmp_path / "beluga.pth")
    for alphabet in ("ACGT", "AGCT"):
        checkpoint = tmp_path / f"{alphabet}.ckpt"
        options = {"window": BELUGA_WINDOW, "alphabet": alphabet}
        import_weights(tmp_path / "beluga.pth", checkpoint, **options)
        expected = files.both_strands(BELUGA_TEXTS, files.beluga(layers, alphabet))
        predicted = files.predicted(checkpoint, BELUGA_TEXTS)
        np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_the_checkpoint_says_what_it_is(tmp_path, capsys):
    beluga_file(tmp_path / "beluga.pth")
    names = ["8988T_DNase_None", "H1-hESC_DNase.all.peaks_None", "8988T_DNase_None"]
    (tmp_path / "names.txt").write_text("".join(f"{name}\n" for name in names))
    options = {"window": BELUGA_WINDOW, "names": tmp_path / "names.txt", "model": "beluga"}
    import_weights(tmp_path / "beluga.pth", tmp_path / "m.ckpt", **options)
    assert "Beluga as Kipoi has it" in capsys.readouterr().err
    model = load(tmp_path / "m.ckpt", device="cpu")
    assert model.targets == names
    sizes = {"filters1": 6, "filters2": 7, "filters3": 5, "hidden": 8}
    assert model.facts["sizes"] == sizes
    assert model.facts["imported"]["alphabet"] == "AGCT"
    assert model.facts["imported"]["reverse"] is None
    assert (model.facts["model"], model.facts["reach"]) == ("beluga", 310)


def test_the_published_window_is_2000_bp(tmp_path):
    beluga_file(tmp_path / "beluga.pth", positions=106)
    import_weights(tmp_path / "beluga.pth", tmp_path / "m.ckpt")
    assert load(tmp_path / "m.ckpt", device="cpu").window == 2000


def test_the_published_file_is_known():
    known = published_weights.KNOWN["62360f2db4ac96554d28d058b50ab654"]
    assert known == "Kipoi's DeepSEA/beluga"


def test_a_window_that_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "beluga.pth"
    beluga_file(path)
    refuse(
        f"{path}: windows of 2000 bp leave 106 positions, its dense layer has "
        f"{files.BELUGA_POSITIONS}; give --window as it was trained",
        import_weights,
        path,
        tmp_path / "m.ckpt",
    )
    assert not (tmp_path / "m.ckpt").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("model.0.6.bias"), "lacks 0.6.bias; give a whole file of Beluga"),
        (
            lambda state: state.update({"model.2.weight": torch.zeros(3)}),
            "holds '2.weight', which Beluga as Kipoi has it",
        ),
        (
            lambda state: state.update({"model.0.2.weight": torch.zeros(5, 6, 1, 8)}),
            "its 0.2.weight is 5 x 6 x 1 x 8, not 6 x 6 x 1 x 8",
        ),
        (
            lambda state: state.update({"model.0.0.weight": torch.zeros(6, 4, 1, 9)}),
            "its 0.0.weight is 6 x 4 x 1 x 9",
        ),
    ],
)
def test_a_file_that_is_not_whole_is_refused(change, message, tmp_path):
    path = tmp_path / "beluga.pth"
    beluga_file(path)
    state = torch.load(path, weights_only=True)
    change(state)
    torch.save(state, path)
    with pytest.raises(DanqError, match=message):
        import_weights(path, tmp_path / "m.ckpt", window=BELUGA_WINDOW)


def test_names_that_do_not_fit_are_refused(tmp_path, capsys):
    beluga_file(tmp_path / "beluga.pth")
    (tmp_path / "names.txt").write_text("a\n\nc\n")
    words = ["import-weights", str(tmp_path / "beluga.pth"), "--window", str(BELUGA_WINDOW)]
    words += ["--names", str(tmp_path / "names.txt"), "--output", str(tmp_path / "m.ckpt")]
    assert cli.main(words) == 2
    assert "names.txt:2: '' is not a name; give one in each line" in capsys.readouterr().err


def test_other_state_dicts_are_not_taken_for_it():
    places = [f"{name}.{kind}" for name in files.KIPOI for kind in ("weight", "bias")]
    assert not is_beluga(set(places))
    assert not is_beluga({f"1.{place}" for place in places})
