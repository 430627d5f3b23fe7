"""Which bases each prediction is for: rows, bins and windows, against a slow reference."""

import numpy as np
import pytest

from danq.genome.sequence import UNKNOWN, Genome, find_unknown, pack
from danq.genome.tiles import (
    Stretch,
    by_sequence,
    cover,
    covering_stretch,
    fitting_stretch,
    make_tiling,
    row_means,
    rows_with_bins,
    usable_bins,
)
from tests.conftest import refuse

WINDOW, BIN = 50, 20


def genome_of(sequences):
    """Return a genome of base indices by name."""
    packed = {name: pack(indices) for name, indices in sequences.items()}
    lengths = {name: len(indices) for name, indices in sequences.items()}
    unknown = {name: find_unknown(indices, 0) for name, indices in sequences.items()}
    return Genome(packed, lengths, unknown)


def random_indices(length, unknown=()):
    indices = np.random.default_rng(length).integers(0, 4, length).astype(np.uint8)
    for start, end in unknown:
        indices[start:end] = UNKNOWN
    return indices


@pytest.mark.parametrize("step", [0, -20, 3, 40])
def test_a_step_that_does_not_divide_the_bin_is_refused(step):
    message = f"step {step} does not divide the bin of 20 bp; give one of 1, 2, 4, 5, 10, 20"
    refuse(message, make_tiling, WINDOW, BIN, step, 0.5)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_of_known_bases_lies_between_0_and_1(share):
    message = f"min_known {share:g} is not a share; give 0 to 1"
    refuse(message, make_tiling, WINDOW, BIN, None, share)


@pytest.mark.parametrize("step", [None, 10, 5, 1])
@pytest.mark.parametrize("length", [49, 50, 51, 69, 70, 71, 133])
@pytest.mark.parametrize("on_grid", [True, False])
def test_a_whole_sequence_is_covered_by_every_bin_whose_window_fits(step, length, on_grid):
    tiling = make_tiling(WINDOW, BIN, step, 0.0)
    stretch = fitting_stretch("a", length, tiling, on_grid=on_grid)
    # Windows begin at 0, a step, two steps, ...; on the grid, bins begin at multiples of the step.
    offset = (-15) % tiling.step if on_grid else 0
    window_starts = range(offset, length - WINDOW + 1, tiling.step)
    expected = {start + 15 + shift for start in window_starts for shift in range(BIN)}
    covered = set(range(stretch.start, stretch.end)) if stretch else set()
    assert covered == expected


@pytest.mark.parametrize("step", [20, 10, 4])
def test_rows_and_bins_of_stretches_are_those_of_a_loop(step):
    tiling = make_tiling(WINDOW, BIN, step, 0.0)
    stretches = [
        covering_stretch("a", 100, 163, "", step),
        covering_stretch("b", 7, 8, "", step),
        covering_stretch("a", 40, 60, "", step),
    ]
    rows = cover(stretches, tiling)
    expected = []
    for number, stretch in enumerate(stretches):
        for start in range(stretch.start, stretch.end, step):
            expected.append((number, start))
    assert list(zip(rows.stretch.tolist(), rows.start.tolist(), strict=True)) == expected
    for row, start in enumerate(rows.start):
        bins = rows.first_bin[row] + np.arange(tiling.bins_per_row)
        # Exactly the bins on the stretch's grid that hold the row.
        assert rows.bin_start[bins].tolist() == list(range(start - BIN + step, start + 1, step))
        assert set(rows.bin_stretch[bins]) == {rows.stretch[row]}


def test_a_region_that_is_shorter_than_a_row_lies_in_its_middle():
    for length in range(1, 20):
        stretch = covering_stretch("a", 500, 500 + length, "", 20)
        before = 500 - stretch.start
        behind = stretch.end - 500 - length
        assert stretch.end - stretch.start == 20 and abs(before - behind) <= 1


def test_bins_are_usable_where_their_window_fits_and_is_known():
    indices = random_indices(200, unknown=[(60, 95)])
    genome = genome_of({"a": indices, "b": random_indices(60)})
    tiling = make_tiling(WINDOW, BIN, 10, 0.4)
    stretches = [Stretch("a", -20, 220), Stretch("b", 0, 60), Stretch("a", 100, 120)]
    rows = cover(stretches, tiling)
    usable = usable_bins(rows, stretches, genome, tiling)
    for place, (number, start) in enumerate(zip(rows.bin_stretch, rows.bin_start, strict=True)):
        name = stretches[number].sequence
        low = start - 15
        fits = low >= 0 and low + WINDOW <= genome.lengths[name]
        assert usable.fits[place] == fits
        window = genome.base_indices(name)[low : low + WINDOW] if fits else np.array([UNKNOWN])
        assert usable.known[place] == ((window < UNKNOWN).mean() >= 0.4)
    assert usable.known.any() and (usable.fits & ~usable.known).any()


def test_bins_are_sorted_by_sequence():
    stretches = [Stretch("b", 0, 20), Stretch("a", 0, 20), Stretch("b", 40, 60)]
    stretch_of = np.array([0, 0, 1, 2, 2, 1])
    chosen = np.array([True, True, True, False, True, True])
    found = {name: places.tolist() for name, places in by_sequence(stretch_of, stretches, chosen)}
    assert found == {"b": [0, 1, 4], "a": [2, 5]}
    assert by_sequence(stretch_of, stretches, ~chosen)[0][0] == "b"
    assert len(by_sequence(stretch_of, stretches, ~chosen)) == 1


@pytest.mark.parametrize("step", [20, 10, 5])
def test_a_row_is_the_mean_of_the_usable_bins_that_cover_it(step):
    rng = np.random.default_rng(0)
    tiling = make_tiling(WINDOW, BIN, step, 0.5)
    rows = cover([Stretch("a", 0, 100), Stretch("a", 300, 340)], tiling)
    values = rng.random((len(rows.bin_start), 3)).astype(np.float32)
    usable = rng.random(len(rows.bin_start)) < 0.5
    values[~usable] = 1e30  # must not be looked at
    means = row_means(values, rows, usable, tiling)
    counts = rows_with_bins(rows, usable, tiling)
    for row, (stretch, start) in enumerate(zip(rows.stretch, rows.start, strict=True)):
        holds = (rows.bin_start <= start) & (start < rows.bin_start + BIN)
        covering = holds & (rows.bin_stretch == stretch) & usable
        assert counts[row] == covering.sum()
        if covering.any():
            np.testing.assert_allclose(means[row], values[covering].mean(axis=0), rtol=1e-6)
        else:
            assert np.isnan(means[row]).all()
    assert 0 < (counts == 0).sum() < len(counts)
