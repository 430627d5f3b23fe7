import json

import numpy as np
import pandas as pd
import torch

import danq
from danq.network.checkpoint import load_checkpoint
from danq.training.facts import versions
from tests.training.helpers import run


def test_the_checkpoint_rebuilds_the_model_and_says_how_it_was_made(toy_dataset, tmp_path):
    saved = run(toy_dataset, tmp_path, "deepsea")
    network, facts, data_facts = load_checkpoint(tmp_path / "model.ckpt")
    assert all(
        torch.equal(value, saved["weights"][key]) for key, value in network.state_dict().items()
    )
    assert data_facts["names"] == ["Factor A", "<b>B</b>"] and data_facts["window"] == 400
    assert facts == json.loads((tmp_path / "train.json").read_text())
    assert facts["options"]["lr"] == 0.003
    assert facts["versions"]["torch"] == torch.__version__
    history = pd.read_csv(tmp_path / "history.tsv", sep="\t")
    assert facts["best_epoch"] == history["valid_auprc"].idxmax() + 1
    assert (history["best"] == "yes").sum() == 1


def test_versions_are_those_of_what_is_installed():
    installed = versions()
    assert list(installed) == ["danq", "python", "torch", "lightning_fabric", "numpy", "h5py"]
    assert installed["numpy"] == np.__version__ and installed["danq"] == danq.__version__
