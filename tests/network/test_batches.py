import numpy as np
import pytest
import torch

from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.errors import DanqError
from danq.genome.sequence import pack
from danq.network.batches import Loader

CPU = torch.device("cpu")
N, T, WINDOW = 900, 11, 160
ROW_BYTES = 82  # of a window with its labels
WHOLE = 1e9  # bytes: all windows are in memory
STREAMED = 40_000  # bytes: groups of a few blocks are
BOTH_WAYS = pytest.mark.parametrize("memory", [WHOLE, STREAMED])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return a dataset of 900 different training windows of 160 bp, a tenth of them labelled."""
    rng = np.random.default_rng(5)
    indices = rng.integers(0, 4, (N + 2, WINDOW)).astype(np.uint8)
    every_tenth = np.arange(N + 2) % 10 == 0
    labels = (rng.random((N + 2, T)) < 0.1) & every_tenth[:, None]
    labels[::10, 0] = True
    path = tmp_path_factory.mktemp("batches") / "dataset.h5"
    with create_dataset(
        path,
        window=WINDOW,
        bin_size=40,
        targets=[(f"t{i}", "g", "") for i in range(T)],
        chromosomes={"a": 10**6},
        rows=np.array([[N], [1], [1]]),
        source={},
    ) as writer:
        splits = {"train": slice(0, N), "valid": slice(N, N + 1), "test": slice(N + 1, N + 2)}
        for split, rows in splits.items():
            starts = np.arange(len(indices[rows])) * WINDOW
            packed_labels = np.packbits(labels[rows], axis=1)
            writer.append(split, pack(indices[rows]), packed_labels, starts)
    return path


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr("danq.network.batches.BLOCK", 64)


def show(loader, epoch=0, size=50):
    """Return the schedule of an epoch, and all its windows and labels, made batch by batch."""
    schedule = loader.schedule(7, epoch)
    batches = []
    for first in range(0, len(schedule), size):
        last = min(first + size, len(schedule))
        batches.append(loader.batch(schedule, first, last))
    X = torch.cat([batch.X for batch in batches])
    y = torch.cat([batch.y for batch in batches])
    return schedule, X, y


@BOTH_WAYS
@pytest.mark.parametrize("both", [False, True])
def test_an_epoch_shows_each_window_once_or_once_from_either_strand(path, memory, both):
    with open_dataset(path) as dataset:
        loader = Loader(dataset, CPU, memory, both_strands=both)
        schedule, X, y = show(loader)
        windows = torch.from_numpy(dataset.one_hot("train", np.arange(N)))
        labels = torch.from_numpy(dataset.labels("train")).float()
    counts = torch.bincount(schedule.rows, minlength=N)
    assert (counts == (2 if both else 1)).all()
    assert loader.epoch_size == len(schedule) == counts.sum()
    assert (y == labels[schedule.rows]).all()
    forward = windows[schedule.rows]
    is_reverse = schedule.reverse_complemented
    assert (X == torch.where(is_reverse.view(-1, 1, 1), forward.flip(1, 2), forward)).all()
    if both:
        strands_shown = set(zip(schedule.rows.tolist(), is_reverse.tolist(), strict=True))
        assert strands_shown == {(row, strand) for row in range(N) for strand in (False, True)}
    assert not (schedule.rows[:-1] <= schedule.rows[1:]).all()


def test_a_set_larger_than_memory_is_read_in_groups_of_shuffled_blocks(path, monkeypatch):
    blocks = []
    with open_dataset(path) as dataset:
        loader = Loader(dataset, CPU, STREAMED)
        packed_sequences = type(dataset).packed_sequences

        def recorded(self, split, rows):
            blocks.append(rows)
            return packed_sequences(self, split, rows)

        monkeypatch.setattr(type(dataset), "packed_sequences", recorded)
        schedule, _, _ = show(loader)
    sizes = [len(range(*block.indices(N))) for block in blocks]
    per_group = loader.blocks_per_group
    groups = [sum(sizes[i : i + per_group]) for i in range(0, len(sizes), per_group)]
    assert len(schedule.groups) > 3
    assert 2 * max(groups) * ROW_BYTES <= STREAMED  # one group in use, the next being read
    spans = sorted((block.start, block.stop) for block in blocks)
    assert spans == [(i, min(i + 64, N)) for i in range(0, N, 64)]
    starts = [block.start for block in blocks]
    assert starts != sorted(starts)
    # Within a group windows of all its blocks are mixed.
    group = schedule.groups[0]
    first_blocks = schedule.rows[: group.end][:20] // 64
    assert len(set(first_blocks.tolist())) == len(group.blocks)


@BOTH_WAYS
def test_a_schedule_is_a_function_of_seed_and_epoch(path, memory):
    schedules = []
    with open_dataset(path) as dataset:
        for seed, epoch in ((7, 0), (7, 0), (7, 1), (8, 0)):
            loader = Loader(dataset, CPU, memory, shift=3)
            schedules.append(loader.schedule(seed, epoch))
    first, same, *different = schedules
    for name in ("rows", "reverse_complemented", "shifts"):
        assert torch.equal(getattr(first, name), getattr(same, name))
    for schedule in different:
        assert not torch.equal(first.rows, schedule.rows)


@BOTH_WAYS
@pytest.mark.parametrize("negatives", [0.0, 2.0, 1e9])
def test_negatives_are_drawn_anew_for_each_epoch(path, memory, negatives):
    with open_dataset(path) as dataset:
        loader = Loader(dataset, CPU, memory, negatives=negatives)
        epochs = [loader.schedule(7, epoch).rows.tolist() for epoch in (0, 1)]
        labelled = dataset.labels("train").any(axis=1)
    n_labelled = labelled.sum()
    n_negatives = min(round(negatives * n_labelled), N - n_labelled)
    for rows in epochs:
        assert len(rows) == len(set(rows)) == n_labelled + n_negatives
        assert set(np.flatnonzero(labelled)) <= set(rows)
    assert (set(epochs[0]) == set(epochs[1])) == (negatives != 2.0)


@BOTH_WAYS
@pytest.mark.parametrize("negatives", [None, 1.0])
def test_balance_shows_windows_of_rare_targets_more_often(path, memory, negatives):
    with open_dataset(path) as dataset:
        loader = Loader(dataset, CPU, memory, negatives=negatives, balance=True)
        labels = dataset.labels("train")
        epochs = [loader.schedule(seed, 0).rows for seed in range(200)]
        _, X, y = show(loader)
        assert len(X) == len(y) == loader.epoch_size
    labelled = labels.any(axis=1)
    n_labelled = labelled.sum()
    n_unlabelled = N - n_labelled
    n_negatives = n_unlabelled if negatives is None else min(n_labelled, n_unlabelled)
    assert {len(rows) for rows in epochs} == {n_labelled + n_negatives}
    times = np.mean([np.bincount(rows, minlength=N) for rows in epochs], axis=0)
    assert times[labelled].sum() == pytest.approx(n_labelled)
    assert times[~labelled].sum() == pytest.approx(n_negatives)
    # A window is drawn in proportion to how rare its rarest target is.
    counts = labels.sum(axis=0)
    weights = (labels * (counts.max() / counts)).max(axis=1)[labelled]
    expected = weights / weights.sum() * n_labelled
    for weight in np.unique(weights):
        alike = weights == weight
        mean = times[labelled][alike].mean()
        assert mean == pytest.approx(expected[alike].mean(), rel=0.15)


@BOTH_WAYS
def test_any_part_of_an_epoch_can_be_made_again(path, memory):
    with open_dataset(path) as dataset:
        _, X, y = show(Loader(dataset, CPU, memory, shift=5))
        loader = Loader(dataset, CPU, memory, shift=5)
        for first, last in ((370, 500), (0, 1), (899, 900)):
            batch = loader.batch(loader.schedule(7, 0), first, last)
            assert torch.equal(batch.X, X[first:last])
            assert torch.equal(batch.y, y[first:last])


def test_an_epoch_may_be_smaller_than_the_set(path):
    with open_dataset(path) as dataset:
        loader = Loader(dataset, CPU, WHOLE, both_strands=True, epoch_size=110)
        schedule, X, _ = show(loader)
    assert loader.epoch_size == len(schedule) == len(X) == 110
    strands = schedule.reverse_complemented.tolist()
    assert len(set(zip(schedule.rows.tolist(), strands, strict=True))) == 110


def test_only_what_an_epoch_shows_is_read(path, monkeypatch):
    blocks = []
    with open_dataset(path) as dataset:
        loader = Loader(dataset, CPU, STREAMED, epoch_size=110)
        packed_sequences = type(dataset).packed_sequences

        def recorded(self, split, rows):
            blocks.append(rows)
            return packed_sequences(self, split, rows)

        monkeypatch.setattr(type(dataset), "packed_sequences", recorded)
        schedule, _, _ = show(loader)
        loader.reader.shutdown()  # after what it still reads
    assert len(schedule) == 110
    assert {block.start // 64 for block in blocks} == set(schedule.groups[0].blocks)
    assert schedule.groups[0].end > 110 and len(schedule.groups) == 1


def test_the_weight_of_a_window_is_that_of_its_rarest_target(path):
    with open_dataset(path) as dataset:
        labels = dataset.labels("train")
        weights = Loader(dataset, CPU, WHOLE, balance=True).draw.weights
        without_balance = Loader(dataset, CPU, WHOLE, negatives=1).draw.weights
    counts = labels.sum(axis=0)
    assert weights.tolist() == (labels * (counts.max() / counts)).max(axis=1).tolist()
    assert without_balance.tolist() == labels.any(axis=1).tolist()


def test_strands_and_shifts_are_spread_evenly(path):
    with open_dataset(path) as dataset:
        schedule = Loader(dataset, CPU, WHOLE, shift=2).schedule(7, 0)
    share = schedule.reverse_complemented.float().mean()
    assert abs(share - 0.5) < 4 * 0.5 / N**0.5
    counts = torch.bincount(schedule.shifts, minlength=5)
    spread = (N * 0.2 * 0.8) ** 0.5
    assert len(counts) == 5 and (abs(counts - N / 5) < 4 * spread).all()


@pytest.mark.parametrize("options", [{"negatives": 1}, {"balance": True}])
def test_negatives_and_balance_need_a_label(path, monkeypatch, options):
    without_labels = np.zeros((N, 2), dtype=np.uint8)
    with open_dataset(path) as dataset:
        monkeypatch.setattr(
            type(dataset), "packed_labels", lambda self, split, rows: without_labels[rows]
        )
        with pytest.raises(DanqError, match="no training window has a label"):
            Loader(dataset, CPU, WHOLE, **options)
