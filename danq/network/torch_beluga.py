"""Beluga from Kipoi's state dict, which is ExPecto's.

Source: https://github.com/kipoi/models/tree/master/DeepSEA/beluga, whose class is that of
https://github.com/FunctionLab/ExPecto/blob/master/chromatin.py.
"""

import torch

from danq.catalog import MODELS
from danq.network.beluga import WIDTH, positions_of
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
from danq.network.named_arrays import NamedArrays

_CONVOLUTIONS: dict[str, tuple[str, tuple[int | str, ...]]] = {
    "stem.conv": ("0.0", ("filters1", 4)),
    "second": ("0.2", ("filters1", "filters1")),
    "third": ("0.6", ("filters2", "filters1")),
    "fourth": ("0.8", ("filters2", "filters2")),
    "fifth": ("0.12", ("filters3", "filters2")),
    "sixth": ("0.14", ("filters3", "filters3")),
}
"""Convolutions of our network: their place in the file, and their filters and channels."""

_DENSE = "1.2.1"
_OUT = "1.4.1"


def is_beluga(names: set[str]) -> bool:
    """Say whether the names of the arrays of a file are those of Beluga."""
    return {"0.0.weight", "0.14.weight", f"{_DENSE}.weight", f"{_OUT}.weight"} <= names


def beluga_of_kipoi(arrays: NamedArrays, request: Request, names: set[str]) -> Imported:
    """Make Beluga of Kipoi's state dict.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        The file.
    request : danq.network.imported.Request
        What the user says of it; the order of bases is A, G, C, T, as in Kipoi's description.
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
    alphabet = request.alphabet or "AGCT"
    parts = []
    for name in _CONVOLUTIONS:
        parts.append(_convolution(arrays, name, alphabet))
    dense = linear(arrays, _DENSE, "hidden", "features")
    parts.append(named("head.dense", dense))
    out = linear(arrays, _OUT, "targets", "hidden")
    parts.append(named("head.out", out))
    arrays.refuse_rest()
    window = request.window or MODELS["beluga"].published_window
    remaining = positions_of(window)
    refuse_other_window(arrays, window, "filters3", remaining)
    return Imported(
        model="beluga",
        sizes={name: arrays.sizes[name] for name in published_sizes("beluga")},
        weights=merged(*parts),
        window=window,
        n_targets=arrays.sizes["targets"],
        alphabet=alphabet,
    )


def _convolution(arrays: NamedArrays, name: str, alphabet: str) -> dict[str, torch.Tensor]:
    """Take a convolution, whose filters have an axis of length 1, and name it as ours."""
    place, shape = _CONVOLUTIONS[name]
    weight = arrays.take(f"{place}.weight", *shape, 1, WIDTH)
    kernels = weight[:, :, 0]
    if name == "stem.conv":
        kernels = as_acgt(kernels, alphabet)
    bias = arrays.take(f"{place}.bias", shape[0])
    return named(name, [kernels, bias])
