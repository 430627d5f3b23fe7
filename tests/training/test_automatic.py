import numpy as np
import pytest

from danq.catalog import MODELS
from danq.config import Train
from danq.data.dataset import open_dataset
from danq.network.recipes import AUTO, choose_recipe
from danq.training.automatic import (
    EPOCHS,
    FEWEST,
    MOST,
    MOST_EPOCHS,
    NEGATIVES,
    TrainingSet,
    describe_training_set,
    fill_in,
)

SMALL = TrainingSet(
    windows=400_000,
    labelled=25_000,
    overlap=10,
    targets=11,
    rarest=1_100,
    median=2_400,
    most_frequent=7_400,
)
LARGE = TrainingSet(
    windows=5_000_000,
    labelled=4_000_000,
    overlap=1,
    targets=900,
    rarest=500,
    median=3_000,
    most_frequent=200_000,
)
FIXED = Train(epochs=3, lr=0.1, head="dense", negatives=2.0)


def chosen(training_set, model="danq", **knobs):
    return fill_in(Train(**knobs), AUTO, model, training_set).settings


@pytest.mark.parametrize("training_set", [SMALL, LARGE])
@pytest.mark.parametrize("model", MODELS)
def test_every_knob_has_a_value_and_those_that_were_given_keep_theirs(model, training_set):
    open_knobs = {name for name, field in Train.model_fields.items() if field.default is None}
    optional = {"filter_width", "start"}  # none: the published one; no checkpoint
    filled = fill_in(Train(), AUTO, model, training_set)
    assert set(filled.choices) == open_knobs - optional
    assert all(chosen.reason for chosen in filled.choices.values())
    given = fill_in(FIXED, AUTO, model, training_set).settings
    for name in FIXED.model_fields_set:
        assert getattr(given, name) == getattr(FIXED, name)


def test_all_models_that_are_compared_are_trained_alike():
    reference = chosen(SMALL, "danq")
    for name, model in MODELS.items():
        settings = chosen(SMALL, name)
        different = {
            knob
            for knob in Train.model_fields
            if getattr(settings, knob) != getattr(reference, knob)
        }
        allowed = set() if model.takes_pool_head else {"head"}
        allowed |= set() if model.has_filters else {"initialise_from"}
        assert different <= allowed


@pytest.mark.parametrize("training_set", [SMALL, LARGE])
def test_epochs_show_a_number_of_windows_and_not_of_passes(training_set):
    settings = chosen(training_set)
    shown = settings.epochs * settings.epoch_size
    assert FEWEST <= shown <= MOST + settings.epoch_size
    assert settings.epochs >= EPOCHS
    assert settings.epoch_size <= training_set.windows


def test_a_tiny_set_is_not_shown_without_end():
    tiny = TrainingSet(
        windows=300, labelled=40, overlap=1, targets=1, rarest=40, median=40, most_frequent=40
    )
    settings = chosen(tiny)
    assert settings.epoch_size == 40 + NEGATIVES * 40  # each labelled window, and its negatives
    assert settings.epochs == MOST_EPOCHS


def test_the_published_recipe_is_followed_and_not_the_data():
    for model in MODELS:
        recipe = choose_recipe("published", model)
        a = fill_in(Train(recipe="published"), recipe, model, SMALL)
        b = fill_in(Train(recipe="published"), recipe, model, LARGE)
        assert a == b
        assert (a.settings.scale, a.settings.head, a.settings.dropout) == (1.0, "dense", 1.0)
        assert a.settings.negatives is None  # all


def test_a_training_set_is_counted(toy_dataset):
    with open_dataset(toy_dataset) as data:
        labels = data.labels("train")
        training_set = describe_training_set(data)
    counts = labels.sum(axis=0)
    assert training_set == TrainingSet(
        windows=len(labels),
        labelled=int(labels.any(axis=1).sum()),
        overlap=1,
        targets=labels.shape[1],
        rarest=counts.min(),
        median=int(np.median(counts)),
        most_frequent=counts.max(),
    )


@pytest.mark.parametrize(("stride", "overlap"), [(200, 1), (100, 2), (40, 5), (20, 10)])
def test_overlapping_bins_are_noticed_whatever_the_file_says_of_its_making(
    stride, overlap, toy, run_extract, tmp_path
):
    run_extract(toy, tmp_path, stride=stride)
    with open_dataset(tmp_path / "dataset.h5") as data:
        data.source.pop("stride")  # as one that was made before there was such an entry
        assert describe_training_set(data).overlap == overlap


def test_who_gives_epochs_gets_whole_passes():
    settings = chosen(SMALL, epochs=2)
    # Every labelled window, and NEGATIVES times as many others.
    assert settings.epoch_size == SMALL.labelled * (1 + NEGATIVES)
    settings = chosen(LARGE, epochs=2)
    assert settings.epoch_size == LARGE.windows  # fewer than one negative for each


def test_where_the_middle_target_has_few_of_the_labels_one_negative_is_enough():
    assert chosen(SMALL._replace(median=1_250)).negatives == 3  # 5 % of the labelled windows
    assert chosen(SMALL._replace(median=1_249)).negatives == 1


def test_an_epoch_size_that_is_given_decides_how_many_epochs_there_are():
    settings = chosen(SMALL, epoch_size=50_000)
    assert settings.epochs * 50_000 == FEWEST
    assert chosen(SMALL, epoch_size=1_000).epochs == MOST_EPOCHS
