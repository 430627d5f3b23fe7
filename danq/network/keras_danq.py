"""DanQ and DanQ-JASPAR from the files that Keras 0.2 wrote on Theano.

What differs from PyTorch (https://github.com/keras-team/keras/tree/0.2.0/keras/layers):

- Theano's convolution flips kernels, so they are stored in the opposite order; rows are A, G, C, T.
- An LSTM has one bias for each gate and its gates in the order i, c, f, o; PyTorch has two biases,
  of which the second is 0 here, and the order i, f, c, o. Its matrices are inputs by outputs.
- The gates are `danq.network.layers.hard_sigmoid`.
- Dropout multiplies by the share that it keeps outside training (`Dropout.inverted`).
"""

import numpy as np
import torch

from danq.network.imported import (
    PUBLISHED_WINDOW,
    Imported,
    Request,
    Reverse,
    as_acgt,
    merged,
    named,
    sizes_of_danq,
    tensor,
)
from danq.network.named_arrays import Floats, NamedArrays

_DENSE = {"danq": ("layer_6", "layer_8"), "danq_jaspar": ("layer_6", "layer_7")}
"""The fully connected layers: DanQ has activations as layers of their own, DanQ-JASPAR has not."""

_GATES = (0, 2, 1, 3)
"""Where i, f, c and o, PyTorch's order, are among i, c, f, o."""

_PER_HALF = 12
"""Arrays of an LSTM: W, U and b of four gates."""

DEFAULT_REVERSE: Reverse = "batch"
"""What the evidence says (docs/published.md): the layer of 2015 reversed the axis of the batch."""


def name_of(names: set[str]) -> str | None:
    """Return which of the two models the arrays of a file are, by their names; None for neither."""
    for model, layers in _DENSE.items():
        if {f"{layer}/param_0" for layer in ("layer_0", "layer_3", *layers)} <= names:
            return model
    return None


def danq_of_keras(arrays: NamedArrays, request: Request, layout: str) -> Imported:
    """Make DanQ's model of a weights file of Keras 0.2.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        ``layer_k/param_n``.
    request : danq.network.imported.Request
        What the user says of it.
    layout : {"danq", "danq_jaspar"}
        Which layers are where, as `name_of` says.

    Returns
    -------
    danq.network.imported.Imported
        ``danq`` or ``danq_jaspar`` where the backward half read the sequence from its end,
        ``danq_forward`` where it read the batch from its end, which leaves the sequence as it was.

    Raises
    ------
    DanqError
        An array is missing, unknown, or of a shape that does not fit.
    """
    reverse = request.reverse or DEFAULT_REVERSE
    window = request.window or PUBLISHED_WINDOW
    alphabet = request.alphabet or "AGCT"
    stem = _stem(arrays, alphabet)
    halves = [_lstm(arrays, first) for first in (0, _PER_HALF)]
    dense_layer, out_layer = _DENSE[layout]
    dense = _dense(arrays, dense_layer, "head.dense", ("features", "hidden"))
    out = _dense(arrays, out_layer, "head.out", ("hidden", "targets"))
    arrays.refuse_rest()
    sizes = sizes_of_danq(arrays, window, layout)
    body = _body(halves, reverse)
    model = layout if reverse == "sequence" else "danq_forward"
    return Imported(
        model=model,
        sizes=sizes,
        weights=merged(stem, body, dense, out),
        window=window,
        n_targets=arrays.sizes["targets"],
        alphabet=alphabet,
        gates="hard_sigmoid",
        reverse=reverse,
    )


def _stem(arrays: NamedArrays, alphabet: str) -> dict[str, torch.Tensor]:
    kernels = arrays.take("layer_0/param_0", "filters", 4, "filter_width", 1)
    bias = arrays.take("layer_0/param_1", "filters")
    unflipped = kernels[:, :, ::-1, 0]
    return named("stem.conv", [as_acgt(unflipped, alphabet), bias])


def _lstm(arrays: NamedArrays, first: int) -> list[Floats]:
    """Take the LSTM whose arrays begin at a number: its W, U and b as PyTorch stacks them."""
    parts: dict[str, list[Floats]] = {"W": [], "U": [], "b": []}
    for gate in _GATES:
        place = first + 3 * gate
        W = arrays.take(f"layer_3/param_{place}", "filters", "units")
        U = arrays.take(f"layer_3/param_{place + 1}", "units", "units")
        parts["W"].append(W.T)
        parts["U"].append(U.T)
        parts["b"].append(arrays.take(f"layer_3/param_{place + 2}", "units"))
    return [np.concatenate(stack) for stack in parts.values()]


def _body(halves: list[list[Floats]], reverse: Reverse) -> dict[str, torch.Tensor]:
    """Return the recurrent layer: one LSTM of two directions, or two that both read forward."""
    places = ["body.{}_l0", "body.{}_l0_reverse"]
    if reverse == "batch":
        places = ["body.0.{}_l0", "body.1.{}_l0"]
    parameters = {}
    for place, (W, U, b) in zip(places, halves, strict=True):
        parameters[place.format("weight_ih")] = tensor(W)
        parameters[place.format("weight_hh")] = tensor(U)
        parameters[place.format("bias_ih")] = tensor(b)
        parameters[place.format("bias_hh")] = torch.zeros(len(b))
    return parameters


def _dense(
    arrays: NamedArrays, layer: str, name: str, sizes: tuple[str, str]
) -> dict[str, torch.Tensor]:
    """Take a fully connected layer, inputs by outputs."""
    weight = arrays.take(f"{layer}/param_0", *sizes)
    return named(name, [weight.T, arrays.take(f"{layer}/param_1", sizes[1])])
