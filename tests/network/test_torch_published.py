"""State dicts of Kipoi and Selene, written by an independent script, predict what theirs do."""

import numpy as np
import pytest
import torch

from danq.network.import_weights import import_weights
from tests.network import weights_files as files
from tests.network.weights_files import DEEPSEA_POSITIONS, TEXTS, WINDOW, kipoi_file


@pytest.mark.parametrize("prefix", ["2.", "1.", ""])
@pytest.mark.parametrize("zipped", [True, False])
def test_deepsea_of_kipoi_predicts_what_the_formulas_do(prefix, zipped, tmp_path):
    layers = kipoi_file(tmp_path / "deepsea.pth", prefix)
    if not zipped:  # as PyTorch saved before 1.6
        state = torch.load(tmp_path / "deepsea.pth", weights_only=True)
        torch.save(state, tmp_path / "deepsea.pth", _use_new_zipfile_serialization=False)
    import_weights(tmp_path / "deepsea.pth", tmp_path / "model.ckpt", window=WINDOW)
    expected = files.both_strands(TEXTS, files.deepsea(layers, "AGCT", 1e-6))
    np.testing.assert_allclose(files.predicted(tmp_path / "model.ckpt"), expected, atol=1e-5)


def test_selenes_deepsea_predicts_what_the_formulas_do(tmp_path):
    layers = files.deepsea_arrays(positions=DEEPSEA_POSITIONS, hidden=3)
    state = files.deepsea_state(layers, files.SELENE, "module.model.")
    torch.save({"arch": "DeepSEA", "state_dict": state, "optimizer": {}}, tmp_path / "best.pth.tar")
    for alphabet in ("ACGT", "AGCT"):
        checkpoint = tmp_path / f"{alphabet}.ckpt"
        import_weights(tmp_path / "best.pth.tar", checkpoint, alphabet=alphabet, window=WINDOW)
        expected = files.both_strands(TEXTS, files.deepsea(layers, alphabet, 0))
        np.testing.assert_allclose(files.predicted(checkpoint), expected, atol=2e-5)


def test_selenes_danq_predicts_what_its_layers_do_over_positions(tmp_path, capsys):
    torch.manual_seed(0)
    network = files.SeleneDanQ(WINDOW, 3).eval()
    torch.save(network.state_dict(), tmp_path / "danq.pth")
    import_weights(tmp_path / "danq.pth", tmp_path / "model.ckpt", window=WINDOW)

    def forward(texts):
        X = torch.tensor(files.one_hot(texts, "ACGT"), dtype=torch.float32)
        return network(X).detach().numpy()

    expected = files.both_strands(TEXTS, forward)
    np.testing.assert_allclose(files.predicted(tmp_path / "model.ckpt"), expected, atol=1e-5)
    assert "over the windows of a batch" in capsys.readouterr().err
