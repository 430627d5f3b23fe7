import numpy as np
import pytest
import torch

from danq.interpret.filters import (
    FLANK,
    REALIGNED,
    Filters,
    filter_motifs,
    motif_spans,
    read_layer,
)
from danq.motif.annotate import trim
from danq.network.motif_layers import Layer
from tests.conftest import MOTIF_WINDOW as LENGTH
from tests.conftest import layer_of, random_bases


@pytest.fixture(scope="module")
def read(conv, X):
    return read_layer(
        layer_of(conv), X.__getitem__, np.arange(len(X)), 0.5, np.random.default_rng(0), keep=True
    )


def test_bases_and_positions_of_the_sites_agree(read, X):
    counts = np.zeros_like(read.counts)
    for row, number, start, _ in zip(*read.sites, strict=True):
        counts[number] += X[row, :, start : start + counts.shape[1]].T.astype(int)
    assert (counts == read.counts).all()
    assert (np.bincount(read.sites.filter, minlength=7) == read.n_sites).all() and read.n_sites[
        6
    ] == 0


def test_sites_are_returned_only_where_they_are_wanted(conv, X, read):
    without = read_layer(
        layer_of(conv), X.__getitem__, np.arange(len(X)), 0.5, np.random.default_rng(0)
    )
    assert (
        without.sites is None
        and (without.counts == read.counts).all()
        and (without.n_sites == read.n_sites).all()
    )


def behind_a_pool(conv, pool=4):
    """Return a layer that shows the maximum of a convolution over `pool` positions, not where."""

    def activations(X):
        return torch.nn.functional.max_pool1d(conv(X), pool)

    return Layer("second", activations, conv.out_channels, conv.kernel_size[0] + pool - 1, pool)


def test_sites_behind_a_pool_are_realigned(conv, X, planted):
    layer, rng = behind_a_pool(conv), np.random.default_rng(0)
    pooled = read_layer(layer, X.__getitem__, np.arange(len(X)), 0.5, rng, keep=True)
    assert pooled.counts.shape == (7, 27, 4) and (pooled.sites.start >= 0).all()
    for number in (0, 2):
        truth = planted[number].matrix.max(axis=1)
        best = pooled.counts[number].max(axis=1) / pooled.n_sites[number]
        # Smeared over 4 bases no column would be as certain as the motif's.
        assert np.sort(best)[-8:].mean() > 0.9 * np.sort(truth)[-8:].mean()
    assert (pooled.sites.start <= LENGTH - layer.width).all()
    counts = np.zeros_like(pooled.counts)
    for row, number, start, _ in zip(*pooled.sites, strict=True):
        counts[number] += X[row, :, start : start + 27].T.astype(int)
    assert (counts == pooled.counts).all()
    assert FLANK == 3


def test_sites_behind_a_pool_are_looked_for_in_so_many_windows(conv, monkeypatch):
    monkeypatch.setattr("danq.interpret.filters.REALIGNED", 100)
    X, rows_read = random_bases(np.random.default_rng(2), 300, 60), []
    read_layer(
        behind_a_pool(conv),
        lambda rows: rows_read.extend(rows) or X[rows],
        np.arange(300),
        0.5,
        np.random.default_rng(0),
    )
    assert len(set(rows_read)) == 100 and REALIGNED == 10_000


def test_filters_without_a_site_are_left_out():
    counts = np.zeros((3, 2, 4), int)
    counts[1] = [[6, 2, 0, 0], [0, 0, 0, 0]]
    (motif,) = filter_motifs(
        Filters(Layer("filter", None, 3, 2), counts, np.array([0, 8, 0]), None), 0
    )
    assert (motif.name, motif.alias, motif.n_sites) == ("filter1", "", 8)
    assert motif.matrix.tolist() == [[0.75, 0.25, 0, 0], [0.25, 0.25, 0.25, 0.25]]


def test_planted_motifs_are_recovered(read, planted):
    motifs = filter_motifs(read, 0.25)
    assert [motif.name for motif in motifs] == [f"filter{i}" for i in range(6)]  # not the dead one
    for number, (motif, truth) in enumerate(zip(motifs, planted, strict=False)):
        matrix = motif.matrix[::-1, ::-1] if number == 1 else motif.matrix
        core = trim(truth.matrix, 0.25)
        assert abs(len(matrix) - len(core)) <= 2
        alike = [
            np.corrcoef(matrix[3:11].flat, core[start : start + 8].flat)[0, 1]
            for start in (2, 3, 4)
        ]
        assert max(alike) > 0.95
        assert 100 < motif.n_sites < 500


def test_the_span_of_a_motif_is_what_it_keeps(read):
    spans = motif_spans(read, 0.25)
    assert spans.shape == (7, 2)
    for motif, (first, last) in zip(filter_motifs(read, 0.25), spans, strict=False):
        assert len(motif.matrix) == last - first
