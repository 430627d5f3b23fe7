import pytest

from danq import config
from danq.data.dataset import open_dataset
from danq.network.cost import count_multiply_adds
from danq.network.models import build
from danq.training.budget import epochs_of, plan
from tests.training.helpers import KNOBS


def planned(dataset, model, **changes):
    return all_planned(dataset, model, **changes).given


def all_planned(dataset, model, **changes):
    with open_dataset(dataset) as data:
        return plan(config.Tune(**(KNOBS | changes)), data, model)


def cost_of_a_window(dataset, model, scale):
    with open_dataset(dataset) as data:
        network = build(model, data.window, len(data.names), scale=scale)
        return count_multiply_adds(network, data.window)


@pytest.mark.parametrize("scale", [0.02, 0.2])
@pytest.mark.parametrize("model", ["danq_conv", "deepsea", "mlp"])
def test_windows_follow_from_the_cost_of_a_window(toy_dataset, model, scale):
    costs = {name: cost_of_a_window(toy_dataset, name, scale) for name in ("danq", model)}
    budget = planned(toy_dataset, model, windows=50_000, scale=scale)
    expected = 50_000 * costs["danq"] / costs[model]
    assert budget.windows == pytest.approx(expected, rel=0.01)
    assert budget.multiply_adds == budget.windows * costs[model]
    assert budget.windows == budget.knobs["epochs"] * budget.knobs["epoch_size"]


@pytest.mark.parametrize("model", ["danq", "deepsea"])
def test_a_trial_costs_the_same_at_every_scale(toy_dataset, model):
    given, larger = 0.02, 0.08
    budgets = all_planned(
        toy_dataset, model, windows=20_000, scale=given, scales=[larger], patience=None
    ).by_scale
    assert set(budgets) == {given, larger}
    paid = 20_000 * cost_of_a_window(toy_dataset, "danq", given)
    for scale, budget in budgets.items():
        knobs = budget.knobs
        # Whole windows, of a trial and of an epoch: half of one is left over, or too many.
        rounding = (knobs["epochs"] + 1) / 2 * cost_of_a_window(toy_dataset, model, scale)
        shown = knobs["epochs"] * knobs["epoch_size"]
        assert (knobs["scale"], budget.windows) == (scale, shown)
        assert budget.multiply_adds == shown * cost_of_a_window(toy_dataset, model, scale)
        assert abs(budget.multiply_adds - paid) <= rounding < 0.1 * paid
    assert budgets[given].windows > 2 * budgets[larger].windows
    # Trials are compared after each epoch: it has to cost the same, too.
    assert budgets[given].knobs["epochs"] == budgets[larger].knobs["epochs"]
    assert budgets[given].knobs["patience"] == budgets[larger].knobs["patience"]


def test_the_scales_that_are_tried_leave_the_given_one_its_windows(toy_dataset):
    alone = planned(toy_dataset, "danq_conv", windows=20_000)
    among = planned(toy_dataset, "danq_conv", windows=20_000, scales=[0.01, 0.04])
    assert among.windows == pytest.approx(alone.windows, rel=0.02)


def test_without_windows_a_trial_of_danq_shows_what_its_training_shows(toy_dataset):
    with open_dataset(toy_dataset) as data:
        one_pass = data.length("train")
    budget = planned(toy_dataset, "danq", epochs=3, epoch_size=10_000)
    assert (budget.knobs["epochs"], budget.knobs["epoch_size"]) == (3, one_pass)
    small = planned(toy_dataset, "danq", epochs=3, epoch_size=10)
    assert (small.knobs["epochs"], small.knobs["epoch_size"], small.windows) == (3, 10, 30)


def test_the_validations_stay_and_nothing_ends_early_unless_asked(toy_dataset):
    few = planned(toy_dataset, "deepsea", windows=60, patience=None)
    assert few.knobs["epochs"] == few.knobs["patience"] == 3
    many = planned(toy_dataset, "danq", windows=100_000, patience=None)
    assert many.knobs["epochs"] == many.knobs["patience"] > 3
    assert planned(toy_dataset, "danq", windows=100_000, patience=2).knobs["patience"] == 2


def test_the_published_recipes_have_one_budget_too(toy_dataset):
    unset = dict.fromkeys(("epochs", "epoch_size", "lr", "weight_decay", "patience", "negatives"))
    danq, deepsea = (
        planned(toy_dataset, model, recipe="published", windows=20_000, **unset)
        for model in ("danq", "deepsea")
    )
    assert (danq.knobs["lr"], deepsea.knobs["lr"]) == (0.001, 1.0)
    assert danq.multiply_adds == pytest.approx(deepsea.multiply_adds, rel=0.01)


@pytest.mark.parametrize("windows", [1, 7, 999, 123_457])
def test_epochs_show_what_is_asked_for(windows):
    sizes = epochs_of(windows, 8, one_pass=500)
    assert sizes.epochs >= 8 and 1 <= sizes.epoch_size <= 500
    assert abs(sizes.epochs * sizes.epoch_size - windows) <= max(sizes.epochs / 2, 8)
