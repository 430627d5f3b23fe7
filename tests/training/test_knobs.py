import pytest
import yaml

from danq.config import Train
from danq.training.knobs import with_knobs
from tests.conftest import refuse
from tests.training.helpers import KNOBS

GIVEN = Train(**KNOBS)


def written(folder, text):
    path = folder / "tuned.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "knobs",
    [{"lr": 0.0011, "dropout": 0.3, "weight_decay": 0.2, "scale": 0.4}, {"lr": 1e-05}, {}],
)
def test_knobs_of_the_file_take_the_place_of_the_given_ones(tmp_path, knobs):
    path = written(tmp_path, "# the best\n" + yaml.safe_dump({"train": knobs}))
    assert with_knobs(GIVEN, path) == GIVEN.model_copy(update=knobs)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (
            "train:\n  lr: 0.1\n  epochs: 3\n",
            ":3",
            "'epochs' is not a knob of a search: lr, dropout, scale, weight_decay; give it as an "
            "option",
        ),
        (
            "train:\n  lr: -1\n",
            ":2",
            "lr: Input should be greater than 0; write what danq tune wrote",
        ),
        ("train:\n  lr: 1\n  lr: 2\n", ":3", "the key 'lr' is given twice; remove one"),
    ],
)
def test_a_wrong_knob_is_refused_with_its_line(tmp_path, text, where, what):
    path = written(tmp_path, text)
    refuse(f"{path}{where}: {what}", with_knobs, GIVEN, path)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", ": holds no keys and values, as run: name; write some"),
        (
            "a: [\n",
            ":2: is not YAML: expected the node content, but found '<stream end>'; correct it",
        ),
        *(
            (text, ": no YAML file with a section train; give a file that danq tune --output wrote")
            for text in ("lr: 0.1\n", "train: 3\n", "train: {}\nrun: x\n")
        ),
    ],
)
def test_another_file_is_refused(tmp_path, text, what):
    path = written(tmp_path, text)
    refuse(f"{path}{what}", with_knobs, GIVEN, path)
