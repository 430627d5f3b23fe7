"""Basset from Kipoi's state dict, its batch normalisation put into the layers before.

Source: https://github.com/kipoi/models/tree/master/Basset, converted there from torch7.
"""

from typing import NamedTuple

import numpy as np
import torch

from danq.catalog import MODELS
from danq.errors import DanqError
from danq.network.basset import WIDTHS, positions_of
from danq.network.imported import (
    Imported,
    Request,
    as_acgt,
    linear,
    merged,
    named,
    refuse_other_window,
)
from danq.network.models import published_sizes
from danq.network.named_arrays import Floats, NamedArrays

EPSILON = 1e-5
"""What is added to the variance, as in PyTorch's BatchNorm1d and in torch7's."""


class _Place(NamedTuple):
    """Where a layer of ours and the normalisation behind it are in the file, and its shape."""

    name: str
    layer: str
    norm: str
    shape: tuple[int | str, ...]


_LAYERS = (
    _Place("stem.conv", "0", "1", ("filters1", 4, WIDTHS[0], 1)),
    _Place("second", "4", "5", ("filters2", "filters1", WIDTHS[1], 1)),
    _Place("third", "8", "9", ("filters3", "filters2", WIDTHS[2], 1)),
    _Place("dense", "13.1", "14", ("hidden", "features")),
    _Place("head.dense", "17.1", "18", ("hidden", "hidden")),
)

_OUT = "21.1"


def is_basset(names: set[str]) -> bool:
    """Say whether the names of the arrays of a file are those of Basset."""
    return {"0.weight", "1.running_mean", "13.1.weight", f"{_OUT}.weight"} <= names


def basset_of_kipoi(arrays: NamedArrays, request: Request, names: set[str]) -> Imported:
    """Make Basset of Kipoi's state dict.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        The file.
    request : danq.network.imported.Request
        What the user says of it; Basset's order of bases is A, C, G, T.
    names : set of str
        Names of all arrays.

    Returns
    -------
    danq.network.imported.Imported

    Raises
    ------
    DanqError
        An array is missing, unknown or of another shape, or the window does not fit.
    """
    alphabet = request.alphabet or "ACGT"
    parts = []
    for place in _LAYERS:
        parts.append(_layer(arrays, place, alphabet, names))
    out = linear(arrays, _OUT, "targets", "hidden")
    parts.append(named("head.out", out))
    arrays.refuse_rest()
    window = request.window or MODELS["basset"].published_window
    remaining = positions_of(window)
    refuse_other_window(arrays, window, "filters3", remaining)
    return Imported(
        model="basset",
        sizes={name: arrays.sizes[name] for name in published_sizes("basset")},
        weights=merged(*parts),
        window=window,
        n_targets=arrays.sizes["targets"],
        alphabet=alphabet,
    )


def _layer(
    arrays: NamedArrays, place: _Place, alphabet: str, names: set[str]
) -> dict[str, torch.Tensor]:
    """Take a layer and the normalisation behind it, as one layer of ours."""
    weight = arrays.take(f"{place.layer}.weight", *place.shape)
    if weight.ndim == 4:  # a convolution, whose filters have a last axis of length 1
        weight = weight[..., 0]
    if place.name == "stem.conv":
        weight = as_acgt(weight, alphabet)
    bias = arrays.take(f"{place.layer}.bias", place.shape[0])
    factor, shift = _normalisation(arrays, place, names)
    by_unit = factor.reshape(-1, *[1] * (weight.ndim - 1))
    scaled = (weight * by_unit).astype(np.float32)
    shifted = (bias * factor + shift).astype(np.float32)
    return named(place.name, [scaled, shifted])


def _normalisation(
    arrays: NamedArrays, place: _Place, names: set[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Take a batch normalisation; return what it multiplies by outside training, and adds.

    ``(x - mean) / sqrt(variance + 1e-5) * weight + bias`` (https://arxiv.org/abs/1502.03167), in
    float64.
    """

    def take(name: str) -> Floats:
        return arrays.take(f"{place.norm}.{name}", place.shape[0])

    counter = f"{place.norm}.num_batches_tracked"  # since PyTorch 0.4.1
    if counter in names:
        arrays.take(counter)
    variance = take("running_var").astype(np.float64)
    if (variance < 0).any():
        what = f"its {place.norm}.running_var has a variance below 0"
        raise DanqError(f"{what}; give a whole file of {arrays.format}", arrays.path)
    factor = take("weight") / np.sqrt(variance + EPSILON)
    shift = take("bias") - take("running_mean") * factor
    return factor, shift
