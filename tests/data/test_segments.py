"""Rows as a track: no base twice, and each the mean of the rows that cover it."""

import numpy as np
import pytest

from danq.data import segments as module
from danq.data.bins import Bins, Block, Header
from danq.data.segments import segments_by_sequence


def bins_of(rows, n_targets=2, lengths=(1000, 500)):
    """Return predictions of (sequence, start, end) rows, with random values."""
    rng = np.random.default_rng(0)
    sequence, start, end = (np.array(column) for column in zip(*rows, strict=True))
    places = {
        "sequence": sequence.astype(np.int32),
        "start": start,
        "end": end,
        "region": np.full(len(rows), -1, dtype=np.int32),
    }
    values = rng.random((len(rows), n_targets)).astype(np.float32)
    sequences = {f"chr{number}": length for number, length in enumerate(lengths, 1)}
    targets = [f"t{number}" for number in range(n_targets)]
    return Bins(Header(sequences, targets, [], {"step": 20}), Block(places, values, None))


def base_means(bins):
    """Return the mean of each base, one base after the other: a slow reference."""
    found = {}
    places = bins.rows.places
    for number, (name, length) in enumerate(bins.header.sequences.items()):
        total = np.zeros((length, len(bins.header.targets)))
        count = np.zeros(length)
        for row in np.flatnonzero(places["sequence"] == number):
            part = slice(places["start"][row], places["end"][row])
            total[part] += bins.rows.probabilities[row]
            count[part] += 1
        with np.errstate(invalid="ignore"):
            found[name] = total / count[:, None]
    return found


SIDE_BY_SIDE = [(0, 20 * k, 20 * k + 20) for k in range(30)] + [(1, 40, 60), (1, 100, 120)]
OVERLAPPING = [(1, 100, 120), (0, 30, 50), (0, 0, 200), (0, 30, 50), (0, 40, 60), (0, 600, 620)]


@pytest.mark.parametrize("rows", [SIDE_BY_SIDE, SIDE_BY_SIDE[::-1], OVERLAPPING])
@pytest.mark.parametrize("slab", [1, 3, 1000])
def test_a_track_is_the_mean_of_each_base(rows, slab, monkeypatch):
    monkeypatch.setattr(module, "SLAB", slab)
    bins = bins_of(rows)
    expected = base_means(bins)
    for name, segments in segments_by_sequence(bins):
        found = np.full_like(expected[name], np.nan)
        last = 0
        for part in segments.slabs(bins.rows.probabilities):
            for start, end, values in zip(part.start, part.end, part.values, strict=True):
                assert last <= start < end
                last = end
                found[start:end] = values
        np.testing.assert_allclose(found, expected.pop(name), rtol=1e-6)
    assert all(np.isnan(rest).all() for rest in expected.values())


def test_sequences_come_in_the_order_of_the_genome():
    bins = bins_of([(1, 0, 20), (0, 500, 520), (1, 20, 40), (0, 0, 20)])
    found = [(name, segments.start.tolist()) for name, segments in segments_by_sequence(bins)]
    assert found == [("chr1", [0, 500]), ("chr2", [0, 20])]
