"""A model whose weights came from elsewhere, and what all formats of weights share."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
import torch

from danq.errors import DanqError
from danq.network.models import published_sizes
from danq.network.named_arrays import Floats, NamedArrays

Reverse = Literal["sequence", "batch"]

PUBLISHED_WINDOW = 1000
"""Length of the windows that DeepSEA and DanQ were trained on (bp)."""


class Request(NamedTuple):
    """What the user says of a file, since nothing in it does.

    Attributes
    ----------
    reverse : {"sequence", "batch"} or None
        What the backward half of DanQ's recurrent layer read; None: what the evidence says.
    window : int or None
        Length of the sequences (bp); None: that of the publication.
    alphabet : {"ACGT", "AGCT"} or None
        Order of the bases; None: that of the format.
    """

    reverse: Reverse | None = None
    window: int | None = None
    alphabet: str | None = None


class Imported(NamedTuple):
    """A model as a weights file describes it.

    Attributes
    ----------
    model : str
        A key of `danq.catalog.MODELS`.
    sizes : dict of str to int
        As `danq.network.models.published_sizes`, of this file.
    weights : dict of str to torch.Tensor
        The ``state_dict`` of the model.
    window : int
        Length of the sequences (bp).
    n_targets : int
        Number of outputs.
    alphabet : str
        Order of the bases in the file.
    recipe : {"auto", "published"}
        Whose dropout it has, see `danq.network.layers.Dropout`.
    gates : {"sigmoid", "hard_sigmoid"}
        Gates of its LSTM.
    reverse : {"sequence", "batch"} or None
        As in `Request`; None without a recurrent layer.
    note : str
        What its users must know.
    """

    model: str
    sizes: dict[str, int]
    weights: dict[str, torch.Tensor]
    window: int
    n_targets: int
    alphabet: str
    recipe: Literal["auto", "published"] = "published"
    gates: Literal["sigmoid", "hard_sigmoid"] = "sigmoid"
    reverse: Reverse | None = None
    note: str = ""

    @property
    def other_sizes(self) -> dict[str, int]:
        """The sizes that are not the published ones."""
        published = published_sizes(self.model)
        return {name: size for name, size in self.sizes.items() if size != published[name]}


def tensor(values: Floats) -> torch.Tensor:
    """Return an array as a tensor of its own."""
    return torch.from_numpy(np.ascontiguousarray(values))


def as_acgt(first: Floats, alphabet: str) -> Floats:
    """Return the filters of a first convolution with their channels in the order A, C, G, T.

    Parameters
    ----------
    first : numpy.ndarray, shape (F, 4, w)
        Its weights.
    alphabet : str
        The order of their channels: AGCT.

    Returns
    -------
    numpy.ndarray, shape (F, 4, w)
    """
    order = [alphabet.index(base) for base in "ACGT"]
    return first[:, order]


def linear(arrays: NamedArrays, name: str, outputs: int | str, inputs: int | str) -> list[Floats]:
    """Take weight and bias of a fully connected layer of PyTorch.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        The file.
    name : str
        Of the layer.
    outputs, inputs : int or str
        Its sizes.

    Returns
    -------
    list of numpy.ndarray
        Of the shapes (outputs, inputs) and (outputs,).
    """
    weight = arrays.take(f"{name}.weight", outputs, inputs)
    return [weight, arrays.take(f"{name}.bias", outputs)]


def named(layer: str, parameters: list[Floats]) -> dict[str, torch.Tensor]:
    """Return weight and bias of a layer under their names in a ``state_dict``.

    Parameters
    ----------
    layer : str
        Name of the layer.
    parameters : list of numpy.ndarray
        Its weight and its bias.

    Returns
    -------
    dict of str to torch.Tensor
    """
    weight, bias = map(tensor, parameters)
    return {f"{layer}.weight": weight, f"{layer}.bias": bias}


def pool_of(arrays: NamedArrays, window: int, positions: int, preferred: int) -> int:
    """Return how many positions are pooled into one, which no array of a file says.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        The file, whose ``filter_width`` (bp) is known.
    window : int
        Length of the sequences (bp).
    positions : int
        Positions after the pool, as the fully connected layer has them.
    preferred : int
        The published pool: it is taken where it fits.

    Returns
    -------
    int

    Raises
    ------
    DanqError
        No pool gives as many positions, or several do.
    """
    before = window - arrays.sizes["filter_width"] + 1
    fitting = [pool for pool in range(1, max(before, 0) + 1) if before // pool == positions]
    if preferred in fitting:
        return preferred
    if len(fitting) != 1:
        found = f"the pools {', '.join(map(str, fitting))} give" if fitting else "no pool gives"
        what = f"with windows of {window} bp {found} the {positions} positions of its dense layer"
        raise DanqError(f"{what}; give --window as it was trained", arrays.path)
    return fitting[0]


def split_features(arrays: NamedArrays, channels: int) -> int:
    """Return how many positions the fully connected layer reads.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        The file, whose ``features`` are known.
    channels : int
        Channels of a position.

    Returns
    -------
    int

    Raises
    ------
    DanqError
        The features are no multiple of the channels.
    """
    features = arrays.sizes["features"]
    if features % channels:
        what = f"its dense layer reads {features} features, no multiple of {channels} channels"
        raise DanqError(f"{what}; give a file of {arrays.format}", arrays.path)
    return features // channels


def refuse_other_window(arrays: NamedArrays, window: int, channels: str, remaining: int) -> None:
    """Refuse a window of which other positions remain than the fully connected layer reads.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        The file, whose ``features`` are known.
    window : int
        Length of the sequences (bp).
    channels : str
        Which of its sizes is the channels of a position.
    remaining : int
        Positions that remain of the window.

    Raises
    ------
    DanqError
        They differ, or as `split_features`.
    """
    positions = split_features(arrays, arrays.sizes[channels])
    if remaining != positions:
        what = f"windows of {window} bp leave {remaining} positions, its dense layer has"
        raise DanqError(f"{what} {positions}; give --window as it was trained", arrays.path)


def sizes_of_danq(arrays: NamedArrays, window: int, model: str) -> dict[str, int]:
    """Return the sizes of a DanQ whose arrays have been taken.

    Parameters
    ----------
    arrays : danq.network.named_arrays.NamedArrays
        The file.
    window : int
        Length of the sequences (bp).
    model : str
        Whose pool is the published one: danq or danq_jaspar.

    Returns
    -------
    dict of str to int
        As `danq.network.models.published_sizes`.

    Raises
    ------
    DanqError
        As `split_features` and `pool_of`.
    """
    positions = split_features(arrays, 2 * arrays.sizes["units"])
    published = published_sizes(model)
    sizes = {name: arrays.sizes.get(name, 0) for name in published}
    sizes["pool"] = pool_of(arrays, window, positions, published["pool"])
    return sizes


def merged(*parts: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the tensors of several parts of a model as one dict."""
    whole: dict[str, torch.Tensor] = {}
    for part in parts:
        whole |= part
    return whole
