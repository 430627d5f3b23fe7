import pytest
import torch

from danq.config import Train
from danq.errors import DanqError
from danq.training.automatic import TrainingSet
from danq.training.options import resolve
from tests.training.helpers import run

TRAINING_SET = TrainingSet(
    windows=1_000, labelled=100, overlap=1, targets=2, rarest=20, median=50, most_frequent=80
)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_missing_gpu_is_reported(toy_dataset, tmp_path):
    with pytest.raises(
        DanqError, match="there is no device cuda: PyTorch sees 0 GPUs; use auto or cpu"
    ):
        run(toy_dataset, tmp_path, device="cuda")


def test_the_recipe_fills_in_what_the_configuration_leaves_out():
    settings = Train(recipe="published", epochs=3, device="cpu", precision="float32")
    options = resolve(settings, TRAINING_SET, model="deepsea", seed=7)
    assert (options.epochs, options.lr, options.batch_size, options.patience) == (3, 1.0, 16, 301)
    assert settings.lr is None
    values = options.to_dict()
    assert list(values) == ["model", "seed", *Train.model_fields]
    assert (values["lr"], values["device"], values["precision"]) == (1.0, "cpu", "float32")
    assert (values["scale"], values["head"], values["negatives"]) == (1.0, "dense", None)
    assert "epochs" not in options.choices
    assert options.choices["lr"] == (1.0, "since the published recipe is asked for")
    assert "motifs" not in values
    assert options.with_motifs("abc").to_dict()["motifs"] == "abc"


def test_an_epoch_has_a_name():
    options = resolve(Train(device="cpu", epochs=8), TRAINING_SET, model="danq", seed=0)
    assert options.epoch_name(2) == "danq seed 0 epoch 2/8"
