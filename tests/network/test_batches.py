import numpy as np
import pytest
import torch

from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.errors import DanqError
from danq.genome.sequence import pack
from danq.network.batches import Loader

CPU = torch.device("cpu")
N, T = 900, 11
STREAMED = {"memory": 40_000}  # of 900 windows of 82 bytes each: groups of a few blocks


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return a dataset of 900 different training windows of 160 bp, a tenth of them labelled."""
    rng, path = np.random.default_rng(5), tmp_path_factory.mktemp("batches") / "dataset.h5"
    indices = rng.integers(0, 4, (N + 2, 160))
    labels = (rng.random((N + 2, T)) < 0.1) & (np.arange(N + 2) % 10 == 0)[:, None]
    labels[::10, 0] = True
    with create_dataset(
        path,
        window=160,
        bin_size=40,
        targets=[(f"t{i}", "g", "") for i in range(T)],
        chromosomes={"a": 10**6},
        rows=np.array([[N], [1], [1]]),
        source={},
    ) as writer:
        rows = {"train": slice(0, N), "valid": slice(N, N + 1), "test": slice(N + 1, N + 2)}
        for split, part in rows.items():
            starts = np.arange(len(indices[part])) * 160
            writer.append(
                split,
                pack(indices[part].astype(np.uint8)),
                np.packbits(labels[part], axis=1),
                starts,
            )
    return path


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr("danq.network.batches.BLOCK", 64)


def shown(loader, epoch=0, size=50):
    """Return all windows and labels of an epoch, batch by batch."""
    schedule = loader.schedule(7, epoch)
    batches = [
        loader.batch(schedule, first, min(first + size, len(schedule)))
        for first in range(0, len(schedule), size)
    ]
    return schedule, torch.cat([X for X, _ in batches]), torch.cat([y for _, y in batches])


@pytest.mark.parametrize("memory", [1e9, STREAMED["memory"]])
@pytest.mark.parametrize("both", [False, True])
def test_an_epoch_shows_each_window_once_or_once_from_either_strand(path, memory, both):
    with open_dataset(path) as dataset:
        loader = Loader(dataset, CPU, memory, both_strands=both)
        schedule, X, y = shown(loader)
        whole = torch.from_numpy(dataset.one_hot("train", np.arange(N)))
        labels = torch.from_numpy(dataset.labels("train")).float()
    counted = torch.bincount(schedule.rows, minlength=N)
    assert (counted == (2 if both else 1)).all() and loader.epoch_size == len(
        schedule
    ) == counted.sum()
    assert (y == labels[schedule.rows]).all()
    forward, reverse = whole[schedule.rows], whole[schedule.rows].flip(1, 2)
    assert (X == torch.where(schedule.reverse_complemented.view(-1, 1, 1), reverse, forward)).all()
    if both:
        assert set(
            zip(schedule.rows.tolist(), schedule.reverse_complemented.tolist(), strict=True)
        ) == {(row, flip) for row in range(N) for flip in (False, True)}
    assert not (schedule.rows[:-1] <= schedule.rows[1:]).all()


def test_a_set_larger_than_memory_is_read_in_groups_of_shuffled_blocks(path, monkeypatch):
    with open_dataset(path) as dataset:
        loader = Loader(dataset, CPU, **STREAMED)
        read, packed = [], type(dataset).packed_sequences
        monkeypatch.setattr(
            type(dataset),
            "packed_sequences",
            lambda self, split, rows: read.append(rows) or packed(self, split, rows),
        )
        schedule, *_ = shown(loader)
        held = 2 * max(
            sum(len(range(*part.indices(N))) for part in read[i : i + loader.blocks_per_group])
            for i in range(0, len(read), loader.blocks_per_group)
        )
    assert len(schedule.groups) > 3 and held * 82 <= STREAMED["memory"]
    assert sorted((part.start, part.stop) for part in read) == [
        (i, min(i + 64, N)) for i in range(0, N, 64)
    ]
    assert [part.start for part in read] != sorted(part.start for part in read)
    # Within a group windows of all its blocks are mixed.
    first = schedule.rows[: schedule.groups[0].end]
    assert len(set((first[:20] // 64).tolist())) == len(schedule.groups[0].blocks)


@pytest.mark.parametrize("memory", [1e9, STREAMED["memory"]])
def test_a_schedule_is_a_function_of_seed_and_epoch(path, memory):
    with open_dataset(path) as dataset:
        schedules = [
            Loader(dataset, CPU, memory, shift=3).schedule(*of)
            for of in ((7, 0), (7, 0), (7, 1), (8, 0))
        ]
    same = [
        all(
            torch.equal(getattr(schedules[0], key), getattr(schedule, key))
            for key in ("rows", "reverse_complemented", "shifts")
        )
        for schedule in schedules
    ]
    assert same == [True, True, False, False]


@pytest.mark.parametrize("memory", [1e9, STREAMED["memory"]])
@pytest.mark.parametrize("negatives", [0.0, 2.0, 1e9])
def test_negatives_are_drawn_anew_for_each_epoch(path, memory, negatives):
    with open_dataset(path) as dataset:
        loader = Loader(dataset, CPU, memory, negatives=negatives)
        rows = [loader.schedule(7, epoch).rows for epoch in (0, 1)]
        labelled = dataset.labels("train").any(axis=1)
    drawn = min(round(negatives * labelled.sum()), N - labelled.sum())
    for found in rows:
        assert len(found) == len(set(found.tolist())) == labelled.sum() + drawn
        assert set(np.flatnonzero(labelled)) <= set(found.tolist())
    assert (set(rows[0].tolist()) == set(rows[1].tolist())) == (negatives != 2.0)


@pytest.mark.parametrize("memory", [1e9, STREAMED["memory"]])
@pytest.mark.parametrize("negatives", [None, 1.0])
def test_balance_shows_windows_of_rare_targets_more_often(path, memory, negatives):
    with open_dataset(path) as dataset:
        loader, labels = (
            Loader(dataset, CPU, memory, negatives=negatives, balance=True),
            dataset.labels("train"),
        )
        schedules = [loader.schedule(seed, 0).rows for seed in range(200)]
        X, y = shown(loader)[1:]
        assert len(X) == len(y) == loader.epoch_size
    labelled, counts = labels.any(axis=1), labels.sum(axis=0)
    others = N - labelled.sum()
    drawn = others if negatives is None else min(labelled.sum(), others)
    assert {len(rows) for rows in schedules} == {labelled.sum() + drawn}
    times = np.mean([np.bincount(rows, minlength=N) for rows in schedules], axis=0)
    assert times[labelled].sum() == pytest.approx(labelled.sum()) and times[
        ~labelled
    ].sum() == pytest.approx(drawn)
    # A window is drawn in proportion to how rare its rarest target is.
    weights = (labels * (counts.max() / counts)).max(axis=1)[labelled]
    expected = weights / weights.sum() * labelled.sum()
    for weight in np.unique(weights):
        assert times[labelled][weights == weight].mean() == pytest.approx(
            expected[weights == weight].mean(), rel=0.15
        )


@pytest.mark.parametrize("memory", [1e9, STREAMED["memory"]])
def test_any_part_of_an_epoch_can_be_made_again(path, memory):
    with open_dataset(path) as dataset:
        _, X, y = shown(Loader(dataset, CPU, memory, shift=5))
        loader = Loader(dataset, CPU, memory, shift=5)
        for first, last in ((370, 500), (0, 1), (899, 900)):
            again = loader.batch(loader.schedule(7, 0), first, last)
            assert torch.equal(again[0], X[first:last]) and torch.equal(again[1], y[first:last])


def test_an_epoch_may_be_smaller_than_the_set(path):
    with open_dataset(path) as dataset:
        loader = Loader(dataset, CPU, 1e9, both_strands=True, epoch_size=110)
        schedule, X, _ = shown(loader)
    assert loader.epoch_size == len(schedule) == len(X) == 110
    assert (
        len(set(zip(schedule.rows.tolist(), schedule.reverse_complemented.tolist(), strict=True)))
        == 110
    )


def test_strands_and_shifts_are_spread_evenly(path):
    with open_dataset(path) as dataset:
        schedule = Loader(dataset, CPU, 1e9, shift=2).schedule(7, 0)
    assert abs(schedule.reverse_complemented.float().mean() - 0.5) < 4 * 0.5 / N**0.5
    counts = torch.bincount(schedule.shifts, minlength=5)
    assert len(counts) == 5 and (abs(counts - N / 5) < 4 * (N * 0.2 * 0.8) ** 0.5).all()


@pytest.mark.parametrize("options", [{"negatives": 1}, {"balance": True}])
def test_negatives_and_balance_need_a_label(path, options):
    nothing = np.zeros((N, 2), dtype=np.uint8)
    with open_dataset(path) as dataset, pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(dataset), "packed_labels", lambda self, split, rows: nothing[rows])
        with pytest.raises(DanqError, match="no training window has a label"):
            Loader(dataset, CPU, 1e9, **options)
