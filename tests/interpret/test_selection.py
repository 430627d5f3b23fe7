"""Targets by name, the best-predicted windows, and the windows of a region."""

import re
import types

import numpy as np
import pytest

from danq.data.dataset import Positions, open_dataset
from danq.data.predictions import read_predictions
from danq.errors import DanqError
from danq.genome.bins import flank
from danq.genome.tables import Region
from danq.interpret.selection import (
    best_windows,
    bins_of,
    choose_targets,
    chosen_windows,
    nearest_bin,
    windows_in,
)
from danq.network.predict_dataset import predict_dataset
from danq.network.trained import load
from tests.conftest import BIN, SPLITS, WINDOW, refuse


def test_targets_by_name_and_index():
    names = ["a", "b", "a", "1"]
    assert choose_targets([], names) == [0, 1, 2, 3]
    assert choose_targets(["b", "2", "1", "b"], names) == [1, 2, 3]  # a name goes before an index


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("c", "no target is called 'c'; give a name or an index (0 to 3), as 'a'"),
        ("4", "no target is called '4'; give a name or an index (0 to 3), as 'a'"),
        ("a", "2 targets are called 'a'; give the index of one: 0, 2"),
    ],
)
def test_a_word_that_is_not_one_target_is_refused(word, message):
    refuse(message, choose_targets, [word], ["a", "b", "a", "1"])


def test_many_targets_have_to_be_named():
    names = [f"t{index}" for index in range(21)]
    assert len(choose_targets([], names[:20])) == 20
    refuse("there are 21 targets; name those to explain with --targets", choose_targets, [], names)


def test_the_best_predicted_labelled_windows(tmp_path, untrained, toy_dataset):
    path = tmp_path / "p.h5"
    predict_dataset([untrained], toy_dataset, path, split="test", device="cpu", threads=1)
    probabilities = read_predictions(path).scores.round(6)
    model = load(untrained, device="cpu", threads=1)
    with open_dataset(toy_dataset) as data:
        windows = best_windows(model, data, [1, 0], 3)
        labels = data.labels("test")
    assert windows["target"].tolist() == [1] * 3 + [0] * 3
    assert set(windows["split"]) == {"test"}
    for target, members in windows.groupby("target"):
        best = members["row"].to_numpy(int)
        assert labels[best, target].all()
        assert len(set(best)) == 3
        labelled = np.flatnonzero(labels[:, target])
        worse = np.setdiff1d(labelled, best)
        scores = probabilities[:, target]
        assert scores[best].min() >= scores[worse].max()
        assert (np.diff(scores[best]) <= 0).all()


def test_the_first_window_is_the_same_whatever_the_model(untrained, toy_dataset):
    model = load(untrained, device="cpu", threads=1)
    with open_dataset(toy_dataset) as data:
        chosen = chosen_windows(model, data, [1, 0], 3)
        best = best_windows(model, data, [1, 0], 3)
        alone = chosen_windows(None, data, [1, 0], 1)
        labels = data.labels("test")
    assert chosen["target"].tolist() == [1] * 3 + [0] * 3
    for target in (0, 1):
        labelled = np.flatnonzero(labels[:, target])
        rows = chosen.loc[chosen["target"] == target, "row"].tolist()
        assert rows[0] == labelled[len(labelled) // 2]
        ranked = best.loc[best["target"] == target, "row"].tolist()
        assert rows[1:] == [row for row in ranked if row != rows[0]][:2]
    first = chosen.drop_duplicates("target").reset_index(drop=True)
    assert alone.astype(object).equals(first.astype(object))


class Unlabelled:
    """Data in which the first target has no label in the test split."""

    def __init__(self, data):
        self.data = data
        self.names = data.names

    def labels_of(self, split, targets):
        labels = self.data.labels_of(split, targets)
        return np.where(np.array(targets) == 0, 0, labels)

    def one_hot(self, split, rows):
        return self.data.one_hot(split, rows)


def test_a_target_without_a_label_is_reported_and_left_out(untrained, toy_dataset, capsys):
    model = load(untrained, device="cpu", threads=1)
    with open_dataset(toy_dataset) as data:
        windows = best_windows(model, Unlabelled(data), [0, 1], 2)
        none = chosen_windows(model, Unlabelled(data), [0], 2)
    assert windows["target"].tolist() == [1, 1]
    assert none.empty
    message = "target 'Factor A' (index 0): no test window has its label, so it is left out\n"
    assert message in capsys.readouterr().err


def test_windows_whose_bin_overlaps_a_region(toy_dataset):
    assert SPLITS == {"valid": ["chr2"], "test": ["chr3"]}
    regions = ["chr3:1199-1401", "chr2:800-801", "chr3:1300-1350"]
    bins = []
    with open_dataset(toy_dataset) as data:
        for row in windows_in(data, regions, [1, 0], toy_dataset).itertuples():
            start = int(data.positions(row.split).start[row.row]) + flank(WINDOW, BIN)
            bins.append((row.split, start, row.target))
    expected = [("test", start, target) for start in (1000, 1200, 1400) for target in (1, 0)]
    expected += [("valid", 800, 1), ("valid", 800, 0)]
    assert bins == expected


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("chr3", "--regions 'chr3' is not a region; give it as chr1:100-300 (0-based half-open)"),
        (
            "chr9:0-10",
            "--regions 'chr9:0-10': 'chr9' is not in the genome, which has 'chr1', 'chr2', 'chr3'",
        ),
        ("chr3:200-200", "--regions chr3:200-200 is empty or leaves 'chr3' (0-6000 bp); fix it"),
        (
            "chr3:5900-6001",
            "--regions chr3:5900-6001 is empty or leaves 'chr3' (0-6000 bp); fix it",
        ),
    ],
)
def test_what_is_no_region_is_refused(toy_dataset, region, message):
    refused = pytest.raises(DanqError, match=f"^{re.escape(message)}")
    with open_dataset(toy_dataset) as data, refused:
        windows_in(data, [region], [0], toy_dataset)


def test_a_region_without_a_bin_names_the_nearest(toy_dataset):
    # The first bin of chr3, and the second one, which is blacklisted, are of no window.
    what = "no window of the dataset has its 200-bp bin there; the nearest is chr3:400-600"
    message = f"{toy_dataset}: --regions chr3:0-300: {what}"
    with open_dataset(toy_dataset) as data:
        refuse(message, windows_in, data, ["chr3:0-300"], [0], toy_dataset)


def test_the_nearest_bin_is_the_nearest_bin_and_not_the_nearest_window():
    # Bins at 1000-1200 and 1800-2000, in windows of 1,000 bp; 50 and 540 bp from the region.
    none = np.zeros(0, int)
    positions = {"train": Positions(none, none), "valid": Positions(none, none)}
    positions["test"] = Positions(np.zeros(2, int), np.array([600, 1400]))
    data = types.SimpleNamespace(
        window=1000, bin_size=200, chromosomes={"c": 9000}, positions=positions.get
    )
    bins = bins_of(data)
    assert nearest_bin(bins, Region("c", 1250, 1260)) == "the nearest is c:1000-1200"
    assert nearest_bin(bins, Region("c", 1700, 1710)) == "the nearest is c:1800-2000"
