"""State dicts of PyTorch that other programs wrote: tensors by name, read without running anything.

Files of either format of `torch.save` are read with its ``weights_only``, which makes tensors and
plain containers and calls nothing.
"""

import warnings
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray

from danq.errors import DanqError, shown
from danq.files import PathLike

_TORCH7 = (b"\x04\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00V 1", b"4\n1\n3\nV 1")
"""How a file of torch7 begins, binary or as text: an object, its index, its version
(https://github.com/torch/torch7/blob/master/File.lua)."""

_ADVICE = "give a state dict: torch.save(model.state_dict(), FILE)"

_WRAPPERS = ("module.", "model.")
"""What wrappers put before every name: DataParallel, and Selene's NonStrandSpecific."""


def is_torch7(path: PathLike) -> bool:
    """Say whether a file is one of torch7 (Lua), of which no maintained reader exists."""
    longest = max(map(len, _TORCH7))
    with _opened(path) as file:
        head = file.read(longest)
    return head.startswith(_TORCH7)


def read_state_dict(path: PathLike) -> dict[str, NDArray[np.float32]]:
    """Read the tensors of a state dict.

    Parameters
    ----------
    path : str or path-like
        A file of ``torch.save``: a state dict, or a checkpoint that has one as ``state_dict``, as
        Selene's trainings leave it.

    Returns
    -------
    dict of str to numpy.ndarray, float32
        By name, without what wrappers put before all of them.

    Raises
    ------
    DanqError
        The file is cut off, holds more than tensors, or numbers that are not finite.
    """
    content = _load(path)
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not content:
        raise DanqError(f"holds no state dict; {_ADVICE}", path)
    arrays = {}
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            what = f"its {shown(str(name))} is not a tensor"
            raise DanqError(f"{what}; {_ADVICE}", path)
        arrays[name] = _as_array(name, value, path)
    return _unwrapped(arrays)


def _load(path: PathLike) -> Any:
    """Read a file of torch.save, or refuse it."""
    with _opened(path) as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of files of 2017 and before
                return torch.load(file, map_location="cpu", weights_only=True)
        except MemoryError:
            raise
        except Exception as error:  # torch raises half a dozen types for a damaged file
            what = "is not a whole file of weights that can be read without running code from it"
            raise DanqError(f"{what}; {_ADVICE}", path) from error


def _opened(path: PathLike) -> IO[bytes]:
    """Open a file, or refuse it."""
    try:
        return open(path, "rb")
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise DanqError(f"{what}; check the path and the disk", path) from error


def _as_array(name: str, value: torch.Tensor, path: PathLike) -> NDArray[np.float32]:
    """Return a tensor as float32, or refuse it."""
    if value.layout != torch.strided or value.is_quantized or value.is_complex():
        raise DanqError(f"its {shown(name)} is not a plain tensor; {_ADVICE}", path)
    array = value.detach().to(torch.float32).numpy().copy()
    if not np.isfinite(array).all():
        raise DanqError(f"its {shown(name)} is not all finite; {_ADVICE}", path)
    return array


def _unwrapped(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Return arrays without what wrappers put before every name."""
    names = list(arrays)
    for wrapper in _WRAPPERS:
        if all(name.startswith(wrapper) for name in names):
            names = [name.removeprefix(wrapper) for name in names]
    return dict(zip(names, arrays.values(), strict=True))
