import gzip

import numpy as np
import pandas as pd
import pytest
import torch

from danq.data.dataset import open_dataset
from danq.genome.sequence import UNKNOWN
from danq.interpret.sites import (
    Sites,
    Windows,
    bed_rows,
    count_bases,
    find_sites,
    realign,
    site_bases,
    window_positions,
    write_bed,
)
from danq.network.models import build
from danq.network.motif_layers import Layer, motif_layers
from tests.conftest import layer_of, random_bases


def slow_sites(conv, X, activation):
    """Return row, filter, start and activation of each site, by loops."""
    activations = torch.relu(conv(torch.from_numpy(X))).detach().numpy()
    sites = []
    for window in range(len(X)):
        for number in range(len(conv.weight)):
            start = activations[window, number].argmax()
            height = activations[window, number, start]
            if height > activation * activations[:, number].max():
                sites.append((window, number, start, height))
    return sites


def all_sites(layer, X, rows, activation):
    """Return the sites in all batches, rows counted in `X`."""
    all_sites = []
    for _, sites, batch_rows in find_sites(layer, X.__getitem__, rows, activation):
        columns = [batch_rows[sites.row], *sites[1:]]
        all_sites += zip(*(column.tolist() for column in columns), strict=True)
    return all_sites


@pytest.mark.parametrize("activation", [0, 0.5, 0.9])
def test_sites_are_those_of_a_slow_reference(activation):
    rng = np.random.default_rng(1)
    torch.manual_seed(1)
    conv = torch.nn.Conv1d(4, 5, 8)
    with torch.no_grad():
        conv.bias[3] = -50
    X = random_bases(rng, 150, 60)
    X[:, :, 20:25] = 0  # bases other than ACGT
    rows = np.sort(rng.permutation(150)[:130])
    sites = all_sites(layer_of(conv), X, rows, activation)
    expected = slow_sites(conv, X[rows], activation)
    assert [site[:3] for site in sites] == [(rows[row], *rest) for row, *rest, _ in expected]
    np.testing.assert_allclose(
        [site[3] for site in sites], [site[3] for site in expected], rtol=1e-5
    )
    assert not any(site[1] == 3 for site in sites)


def test_only_one_batch_of_windows_is_in_memory(conv):
    X = random_bases(np.random.default_rng(2), 500, 60)
    rows_read = []

    def one_hot(rows):
        rows_read.append(rows)
        return X[rows]

    for _ in find_sites(layer_of(conv), one_hot, np.arange(500), 0.5):
        pass
    assert max(map(len, rows_read)) < 100
    assert np.concatenate(rows_read).tolist() == [*range(500), *range(500)]


def test_bases_under_sites_and_beside_them():
    indices = np.array([[0, 1, 2, 3, 4, 0], [3, 3, 2, 2, 1, 1]], np.uint8)
    sites = Sites(
        np.array([0, 1, 1]), np.array([0, 0, 2]), np.array([0, 3, 1]), np.ones(3, np.float32)
    )
    assert site_bases(indices, sites, 3).tolist() == [[0, 1, 2], [2, 1, 1], [3, 2, 2]]
    assert site_bases(indices, sites, 3, 1).tolist() == [
        [UNKNOWN, 0, 1, 2, 3],
        [2, 2, 1, 1, UNKNOWN],
        [3, 3, 2, 2, 1],
    ]


def test_base_indices_are_those_of_one_hot():
    X = np.zeros((1, 4, 5), np.float32)
    X[0, [0, 1, 2, 3], [0, 1, 2, 3]] = 1
    layer = Layer("filter", lambda X: torch.ones(1, 1, 1), 1, 5, 1)
    ((indices, _, rows),) = find_sites(layer, X.__getitem__, np.arange(1), 0.5)
    assert indices.tolist() == [[0, 1, 2, 3, UNKNOWN]] and indices.dtype == np.uint8
    assert rows.tolist() == [0]


def test_counts_are_those_of_a_loop():
    rng = np.random.default_rng(3)
    bases, filters = rng.integers(0, 5, (200, 6)).astype(np.uint8), rng.integers(0, 4, 200)
    expected = np.zeros((5, 6, 4), int)
    for site, number in zip(bases, filters, strict=True):
        for position, base in enumerate(site):
            if base < 4:
                expected[number, position, base] += 1
    assert (count_bases(bases, filters, 5) == expected).all()


def test_realignment_undoes_shifts():
    rng = np.random.default_rng(4)
    core, flank, width = np.array([0, 2, 2, 1, 3, 0, 1, 2, 0, 3]), 3, 16
    # A pool over 4 positions smears sites over 4 starts.
    bases, true = (
        rng.integers(0, 4, (300, width + 2 * flank)).astype(np.uint8),
        rng.integers(-1, 3, 300),
    )
    for row, shift in zip(bases, true, strict=True):
        row[flank + 3 + shift : flank + 3 + shift + len(core)] = core
    errors = true - realign(bases, flank)
    # All are off by the same, if at all: that the sites agree with each other is all that counts
    # can tell.
    assert (errors == np.median(errors)).mean() > 0.95


def test_sites_of_one_base_stay_where_they_are():
    assert realign(np.zeros((5, 14), np.uint8), 3).tolist() == [0] * 5


def test_realigned_sites_stay_within_their_windows():
    core, flank = np.array([0, 2, 2, 1, 3, 0, 1, 2], np.uint8), 3
    bases = np.full((20, 14), 1, np.uint8)
    bases[:, 3:11] = core
    bases[:6] = np.roll(bases[:6], 2, axis=1)
    bases[0, -1] = bases[1, -2:] = UNKNOWN  # beyond the window's end: shifts of 3, and of 2 and 3
    shifts = realign(bases, flank)
    assert shifts[2:6].tolist() == [2] * 4 and shifts[6:].tolist() == [0] * 14
    assert shifts[0] == 2 and shifts[1] <= 1


def test_the_receptive_field_of_deepsea_s_second_layer_is_39_bp():
    torch.manual_seed(0)
    model = build("deepsea", 200, 3, scale=0.05).eval()
    first, second = motif_layers(model)
    assert (first.name, first.width, first.stride) == ("filter", 8, 1)
    assert (second.name, second.width, second.stride) == ("second", 39, 4)
    X = torch.from_numpy(random_bases(np.random.default_rng(0), 1, 200))
    position = 7
    bases = []
    with torch.inference_mode():
        response = second.activations(X)[0, :, position]
        for base in range(200):
            for step in (1, 2, 3):
                changed = X.clone()
                changed[0, :, base] = changed[0, :, base].roll(step)
                if (second.activations(changed)[0, :, position] != response).any():
                    bases.append(base)
    start = 4 * position
    assert start <= min(bases) <= start + 3 and start + 35 <= max(bases) <= start + 38
    assert second.n_filters == model.second.out_channels
    assert [layer.name for layer in motif_layers(build("danq", 200, 3, scale=0.05))] == ["filter"]
    assert motif_layers(build("mlp", 200, 3, scale=0.05)) == []


def test_starts_count_bases_whatever_the_stride():
    X = np.zeros((1, 4, 40), np.float32)
    layer = Layer("second", lambda X: torch.tensor([[[0.0, 1.0, 5.0, 2.0]]]), 1, 10, 4)
    ((_, sites, _),) = find_sites(layer, X.__getitem__, np.arange(1), 0.5)
    assert (sites.row.tolist(), sites.filter.tolist(), sites.start.tolist()) == ([0], [0], [8])


def test_windows_lie_in_the_genome_or_each_on_its_own(toy_dataset, monkeypatch):
    with open_dataset(toy_dataset) as data:
        positions = data.positions("test")
        windows = window_positions(data, "test")
        assert (windows.chromosome == positions.chrom).all()
        assert (windows.start == positions.start).all()
        assert windows.names == list(data.chromosomes)
        monkeypatch.setitem(data.attributes, "coordinates", "rows")
        windows = window_positions(data, "test")
        n = data.length("test")
    assert windows.chromosome.tolist() == list(range(n))
    assert windows.start.tolist() == [0] * n
    assert windows.names == [f"test_{row}" for row in range(n)]


def test_bed_rows_by_hand():
    sites = Sites(
        np.array([0, 2, 2]),
        np.array([1, 0, 1]),
        np.array([5, 0, 7]),
        np.array([2, 3, 4], np.float32),
    )
    windows = Windows(np.array([0, 0, 1]), np.array([1000, 1200, 300]), ["chr1", "chr2"])
    spans = np.array([[0, 8], [2, 6]])
    frame = bed_rows(sites, ["filter0", "filter1"], spans, windows)
    assert frame.to_numpy().tolist() == [
        ["chr1", 1007, 1011, "filter1", 500, "+"],
        ["chr2", 300, 308, "filter0", 1000, "+"],
        ["chr2", 309, 313, "filter1", 1000, "+"],
    ]


@pytest.mark.parametrize("name", ["sites.bed", "sites.bed.gz"])
def test_bed_is_sorted_and_has_each_site_once(tmp_path, name):
    columns = ["chrom", "start", "end", "name", "score", "strand"]
    write_bed(
        tmp_path / name,
        pd.DataFrame(
            [
                ["chr2", 5, 9, "b", 10, "+"],
                ["chr1", 50, 60, "a", 7, "+"],
                ["chr1", 8, 20, "a", 900, "+"],
                ["chr1", 8, 20, "a", 1000, "+"],
                ["chr1", 8, 20, "b", 3, "+"],
            ],
            columns=columns,
        ),
    )
    opened = gzip.open if name.endswith("gz") else open
    with opened(tmp_path / name, "rt") as file:
        assert file.read() == (
            "chr1\t8\t20\ta\t1000\t+\nchr1\t8\t20\tb\t3\t+\nchr1\t50\t60\ta\t7\t+\n"
            "chr2\t5\t9\tb\t10\t+\n"
        )
    first = (tmp_path / name).read_bytes()
    write_bed(tmp_path / name, pd.read_csv(tmp_path / name, sep="\t", names=columns))
    assert (tmp_path / name).read_bytes() == first
