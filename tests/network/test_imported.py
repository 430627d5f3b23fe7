import numpy as np
import pytest
import torch

from danq.errors import DanqError
from danq.network.imported import Imported, as_acgt, merged, pool_of, split_features, tensor
from danq.network.models import published_sizes
from danq.network.named_arrays import NamedArrays


def sized(**sizes):
    arrays = NamedArrays({}, "w.pth", "a format")
    arrays.sizes = sizes
    return arrays


def test_channels_go_where_their_bases_are():
    first = np.arange(8).reshape(1, 4, 2)
    for alphabet in ("ACGT", "AGCT"):
        by_base = dict(zip(alphabet, first[0].tolist(), strict=True))
        assert as_acgt(first, alphabet)[0].tolist() == [by_base[base] for base in "ACGT"]


def test_the_pool_follows_from_the_positions():
    assert pool_of(sized(filter_width=26), 1000, 75, 13) == 13
    assert pool_of(sized(filter_width=30), 1000, 64, 15) == 15
    assert pool_of(sized(filter_width=20), 1000, 75, 10) == 13
    assert pool_of(sized(filter_width=26), 1000, 9, 100) == 100  # of several, the published one


def test_a_pool_that_cannot_be_told_is_refused():
    with pytest.raises(DanqError, match=r"the pools 98, 99, 100, .* give the 9 positions"):
        pool_of(sized(filter_width=26), 1000, 9, 13)
    with pytest.raises(DanqError, match="no pool gives the 74 positions"):
        pool_of(sized(filter_width=31), 100, 74, 13)


def test_features_are_positions_times_channels():
    assert split_features(sized(features=48_000), 640) == 75
    with pytest.raises(DanqError, match="reads 48001 features, no multiple of 640 channels"):
        split_features(sized(features=48_001), 640)


def test_only_sizes_that_are_not_published_are_remembered():
    sizes = published_sizes("danq_jaspar")
    imported = Imported("danq_jaspar", sizes | {"units": 5}, {}, 1000, 3, "AGCT")
    assert imported.other_sizes == {"units": 5}
    assert set(Imported("danq", sizes, {}, 1000, 3, "AGCT").other_sizes) == {
        "filters",
        "units",
        "filter_width",
        "pool",
    }


def test_parts_become_one_state_of_tensors_of_their_own():
    values = np.arange(6.0).reshape(2, 3)
    turned = tensor(values.T)
    state = merged({"a": turned}, {"b": turned})
    values[:] = 0
    assert list(state) == ["a", "b"] and state["a"].is_contiguous()
    assert torch.equal(state["a"], torch.tensor([[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]).double())
