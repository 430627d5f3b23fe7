"""The forms that sequences may have in a call: text, one-hot, texts by name, a file."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray

from danq.errors import DanqError, shown
from danq.genome.sequence import encode, one_hot

Sequences: TypeAlias = str | Sequence[str] | NDArray[Any] | torch.Tensor
"""DNA as text, as a list of texts, or one-hot (N, 4, L)."""

_FORMS = "give text, a list of texts, or one one-hot array (N, 4, L)"

_BASES = frozenset("ACGTNacgtn")
"""Characters of a sequence given as text; an N is four zeros."""


def one_hot_of(sequences: Sequences, refuse_lengths: Callable[[list[int]], None]) -> torch.Tensor:
    """Return windows as one-hot, or refuse what is not DNA.

    Parameters
    ----------
    sequences : str, list of str, or one-hot array or tensor of shape (N, 4, L)
        DNA; in text, lower case counts as upper case, and N as unknown.
    refuse_lengths : callable
        Called with the lengths (bp) of the sequences; raises where the network does not read them.

    Returns
    -------
    torch.Tensor, shape (N, 4, L), float32

    Raises
    ------
    DanqError
        Characters that are not bases, numbers that are not one-hot, or another kind of argument.
    """
    if _is_numeric(sequences):
        X = _as_tensor(sequences)
        _refuse_other_shape(X)
        refuse_lengths([X.shape[2]] * len(X))
        _refuse_other_values(X)
        return X
    texts = as_texts(sequences)
    _refuse_other_characters(texts)
    refuse_lengths([len(text) for text in texts])
    return _encode_texts(texts)


def is_file(sequences: object) -> bool:
    """Say whether an argument names a file, rather than being DNA."""
    if isinstance(sequences, str):
        return not _BASES.issuperset(sequences) and os.path.isfile(sequences)
    return isinstance(sequences, os.PathLike)


def encode_by_name(sequences: Mapping[Any, Any]) -> dict[str, NDArray[np.uint8]]:
    """Return the base indices of texts by name, or refuse what is not DNA."""
    found = {}
    for name, text in sequences.items():
        if not isinstance(text, str) or not text:
            raise DanqError(f"sequence {shown(str(name))} is not text of bases; give DNA")
        invalid = set(text) - _BASES
        if invalid:
            what = f"sequence {shown(str(name))} holds {shown(min(invalid))}"
            raise DanqError(f"{what}; give A, C, G, T, and N for an unknown base")
        found[str(name)] = encode(text)
    if not found:
        raise DanqError("there is no sequence to predict; give one or more")
    return found


def _is_numeric(sequences: Sequences) -> TypeGuard[NDArray[Any] | torch.Tensor]:
    """Say whether sequences are numbers, rather than text."""
    if isinstance(sequences, np.ndarray):
        return sequences.dtype.kind in "biufc"
    return isinstance(sequences, torch.Tensor)


def _as_tensor(array: NDArray[Any] | torch.Tensor) -> torch.Tensor:
    """Return real numbers as a float32 tensor; PyTorch takes no array of every byte order."""
    if isinstance(array, torch.Tensor):
        is_complex = array.is_complex()
    else:
        is_complex = array.dtype.kind == "c"
    if is_complex:
        raise DanqError("an array of complex numbers is not one-hot DNA; give real ones, 0 to 1")
    if isinstance(array, torch.Tensor):
        return array.float()
    return torch.from_numpy(np.require(array, np.float32, ["C", "W"]))


def _refuse_other_shape(X: torch.Tensor) -> None:
    """Refuse an array whose shape is not that of one-hot DNA, (N, 4, L)."""
    if X.ndim != 3 or X.shape[1] != 4:
        what = f"an array of shape {tuple(X.shape)} is not one-hot DNA"
        raise DanqError(f"{what}; give sequences, 4 channels (A, C, G, T), bases")


def _refuse_other_values(X: torch.Tensor) -> None:
    """Refuse numbers that are neither one-hot nor probabilities of bases."""
    if not bool(((X >= 0) & (X <= 1)).all()):
        what = "an array with values outside 0 to 1 is not one-hot DNA"
        raise DanqError(f"{what}; give 1 for the base, and 0 for the three others")


def as_texts(sequences: Sequences) -> list[str]:
    """Return sequences as a list of texts, or refuse what is neither text nor a list of it."""
    if isinstance(sequences, str):
        return [sequences]
    if isinstance(sequences, bytes | Mapping | Set) or not isinstance(sequences, Iterable):
        kind = type(sequences).__name__
        raise DanqError(f"sequences of type {kind} cannot be predicted; {_FORMS}")
    texts = []
    for number, text in enumerate(sequences, 1):
        if not isinstance(text, str):
            raise DanqError(f"sequence {number} is of type {type(text).__name__}; {_FORMS}")
        texts.append(text)
    return texts


def _refuse_other_characters(texts: Sequence[str]) -> None:
    """Refuse characters that are not bases."""
    for number, text in enumerate(texts, 1):
        invalid = set(text) - _BASES
        if invalid:
            what = f"sequence {number} holds {shown(min(invalid))}"
            raise DanqError(f"{what}; give A, C, G, T, and N for an unknown base")


def _encode_texts(texts: Sequence[str]) -> torch.Tensor:
    """Return DNA as one-hot, float32 (N, 4, L)."""
    encoded = [one_hot(encode(text)) for text in texts]
    channels_first = np.stack(encoded).transpose(0, 2, 1)
    return torch.from_numpy(channels_first.astype(np.float32))
