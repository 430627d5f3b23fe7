"""DeepSEA and DanQ from state dicts of PyTorch: Kipoi's and Selene's.

Sources: https://github.com/kipoi/models/blob/master/DeepSEA/model_architecture.py (DeepSEA, as
converted from torch7), https://github.com/FunctionLab/selene/tree/master/models (both networks).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch

from danq.errors import DanqError
from danq.network.imported import (
    PUBLISHED_WINDOW,
    Imported,
    Request,
    as_acgt,
    linear,
    merged,
    named,
    refuse_other_window,
    sizes_of_danq,
    tensor,
)
from danq.network.models import published_sizes
from danq.network.named_arrays import Floats, NamedArrays
from danq.network.torch_basset import basset_of_kipoi, is_basset
from danq.network.torch_beluga import beluga_of_kipoi, is_beluga

WIDTH = 8
"""Width of each of DeepSEA's filters (positions)."""

SELENE_FLOOR = (
    "Selene's DeepSEA has ReLU; the published one has 1e-6 instead of 0: predictions differ "
    "by about as much"
)

SELENE_BATCH = (
    "Selene's danQ.py runs its LSTM over the windows of a batch, not over positions "
    "(batch_first=True for an input with positions first). What is imported reads positions: right "
    "for weights that were trained with batch_first=False, and for no others"
)


def _kipoi_prefix(names: set[str]) -> str | None:
    """Return what is before the names of Kipoi's DeepSEA: its place in a model; None for others."""
    for prefix in ("2.", "1.", ""):
        if {f"{prefix}0.weight", f"{prefix}8.weight", f"{prefix}12.1.weight"} <= names:
            return prefix
    return None


class Places(NamedTuple):
    """Where the layers of a DeepSEA are: names of its three convolutions and two dense layers."""

    convolutions: tuple[str, str, str]
    dense: str
    out: str


_SELENE_DEEPSEA = Places(("conv_net.0", "conv_net.4", "conv_net.8"), "classifier.0", "classifier.2")


_NAMES = ("stem.conv", "second", "third")
"""DeepSEA's convolutions in our network."""

_SHAPES: tuple[tuple[str, int | str], ...] = (
    ("filters1", 4),
    ("filters2", "filters1"),
    ("filters3", "filters2"),
)
"""Filters and channels of each."""


def _deepsea(
    arrays: NamedArrays, places: Places, axis: tuple[int, ...], window: int, alphabet: str
) -> Imported:
    """Make DeepSEA; `axis` is the one of length 1 that its convolutions have, or empty."""
    parts = []
    for name, place, shape in zip(_NAMES, places.convolutions, _SHAPES, strict=True):
        weight = arrays.take(f"{place}.weight", *shape, *axis, WIDTH)
        bias = arrays.take(f"{place}.bias", shape[0])
        kernels = weight.reshape(*weight.shape[:2], WIDTH)
        if name == "stem.conv":
            kernels = as_acgt(kernels, alphabet)
        parts.append(named(name, [kernels, bias]))
    dense = linear(arrays, places.dense, "hidden", "features")
    parts.append(named("head.dense", dense))
    out = linear(arrays, places.out, "targets", "hidden")
    parts.append(named("head.out", out))
    arrays.refuse_rest()
    remaining = _positions_of(window)
    refuse_other_window(arrays, window, "filters3", remaining)
    sizes = {name: arrays.sizes[name] for name in published_sizes("deepsea")}
    return Imported(
        model="deepsea",
        sizes=sizes,
        weights=merged(*parts),
        window=window,
        n_targets=arrays.sizes["targets"],
        alphabet=alphabet,
    )


def _positions_of(window: int) -> int:
    """Return the positions of DeepSEA's last feature map for a window (bp)."""
    first = (window - WIDTH + 1) // 4
    second = (first - WIDTH + 1) // 4
    return second - WIDTH + 1


def deepsea_of_kipoi(arrays: NamedArrays, request: Request, names: set[str]) -> Imported:
    """Make DeepSEA of Kipoi's state dict.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        The file.
    request : danq.network.imported.Request
        What the user says of it. Kipoi's model reads A, C, G, T, and brings it into the order of
        its weights, A, G, C, T, before the first layer.
    names : set of str
        Names of all arrays.

    Returns
    -------
    danq.network.imported.Imported
    """
    prefix = _kipoi_prefix(names) or ""
    convolutions = (f"{prefix}0", f"{prefix}4", f"{prefix}8")
    places = Places(convolutions, f"{prefix}12.1", f"{prefix}14.1")
    window = request.window or PUBLISHED_WINDOW
    return _deepsea(arrays, places, (1,), window, request.alphabet or "AGCT")


def deepsea_of_selene(arrays: NamedArrays, request: Request, names: set[str]) -> Imported:
    """Make DeepSEA of Selene's state dict; parameters as `deepsea_of_kipoi`.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        The file.
    request : danq.network.imported.Request
        What the user says of it; Selene's own order of bases is A, C, G, T.
    names : set of str
        Names of all arrays.

    Returns
    -------
    danq.network.imported.Imported
    """
    window = request.window or PUBLISHED_WINDOW
    imported = _deepsea(arrays, _SELENE_DEEPSEA, (), window, request.alphabet or "ACGT")
    return imported._replace(note=SELENE_FLOOR)


def danq_of_selene(arrays: NamedArrays, request: Request, names: set[str]) -> Imported:
    """Make DanQ of Selene's state dict, as it was meant: along positions.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        The file.
    request : danq.network.imported.Request
        What the user says of it; Selene's own order of bases is A, C, G, T.
    names : set of str
        Names of all arrays.

    Returns
    -------
    danq.network.imported.Imported
    """
    window = request.window or PUBLISHED_WINDOW
    alphabet = request.alphabet or "ACGT"
    kernels = arrays.take("nnet.0.weight", "filters", 4, "filter_width")
    bias = arrays.take("nnet.0.bias", "filters")
    body = _torch_lstm(arrays)
    dense = linear(arrays, "classifier.1", "hidden", "features")
    out = linear(arrays, "classifier.3", "targets", "hidden")
    arrays.refuse_rest()
    sizes = sizes_of_danq(arrays, window, "danq")
    reordered = as_acgt(kernels, alphabet)
    stem = named("stem.conv", [reordered, bias])
    head = merged(named("head.dense", dense), named("head.out", out))
    return Imported(
        model="danq",
        sizes=sizes,
        weights=merged(stem, body, head),
        window=window,
        n_targets=arrays.sizes["targets"],
        alphabet=alphabet,
        recipe="auto",
        reverse="sequence",
        note=SELENE_BATCH,
    )


_LSTM = {
    "weight_hh": ("gates", "units"),
    "weight_ih": ("gates", "filters"),
    "bias_ih": ("gates",),
    "bias_hh": ("gates",),
}
"""Parameters of PyTorch's LSTM, and their shapes."""


def _torch_lstm(arrays: NamedArrays) -> dict[str, torch.Tensor]:
    """Take the LSTM of Selene's DanQ: its arrays are those of ours."""
    taken: dict[str, Floats] = {}
    for suffix in ("l0", "l0_reverse"):
        for name, shape in _LSTM.items():
            place = f"{name}_{suffix}"
            taken[f"body.{place}"] = arrays.take(f"bdlstm.0.{place}", *shape)
    gates = arrays.sizes["gates"]
    expected = 4 * arrays.sizes["units"]
    if gates != expected:
        what = f"its bdlstm.0.weight_hh_l0 has {gates} rows, not {expected}"
        raise DanqError(f"{what}; give a file of {arrays.format}", arrays.path)
    return {name: tensor(array) for name, array in taken.items()}


class Layout(NamedTuple):
    """A known state dict.

    Attributes
    ----------
    title : str
        What it is called.
    is_of : callable
        Takes the names of the arrays of a file and says whether they are these.
    read : callable
        Makes a model of them.
    """

    title: str
    is_of: Callable[[set[str]], bool]
    read: Callable[[NamedArrays, Request, set[str]], Imported]


LAYOUTS = (
    Layout(
        "DeepSEA as Kipoi has it (PyTorch)",
        lambda names: _kipoi_prefix(names) is not None,
        deepsea_of_kipoi,
    ),
    Layout("Beluga as Kipoi has it (PyTorch)", is_beluga, beluga_of_kipoi),
    Layout("Basset as Kipoi has it (PyTorch)", is_basset, basset_of_kipoi),
    Layout(
        "Selene's DeepSEA (PyTorch)",
        lambda names: {"conv_net.0.weight", "classifier.0.weight"} <= names,
        deepsea_of_selene,
    ),
    Layout(
        "Selene's DanQ (PyTorch)",
        lambda names: {"nnet.0.weight", "bdlstm.0.weight_hh_l0"} <= names,
        danq_of_selene,
    ),
)
"""Every state dict that is read."""
