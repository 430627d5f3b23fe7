"""A second device, made of nothing but PyTorch: it finds tensors that were left on the CPU.

On a machine without a GPU every tensor is on the CPU, and a mask that was made there by mistake
meets its partner without a word. Here a tensor "on the device" is a wrapper around a tensor on the
CPU. It computes the same numbers; but an operation that brings it together with a tensor of the CPU
fails, as it would on a GPU. It goes by the name of Apple's GPU, ``mps``, so that danq's own checks
of devices run, and has no float64, as Apple's GPUs. What would make the host wait for a GPU, and
what is copied to it, is written down.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing

DEVICE = torch.device("mps", 0)
CPU = torch.device("cpu")
aten = torch.ops.aten

COPIES = {aten.copy_.default, aten._to_copy.default}
"""Operations that take tensors of two devices."""

WAITS = {
    "aten._local_scalar_dense",
    "aten.nonzero",
    "aten.masked_select",
    "aten.equal",
    "aten.bincount",
    "aten._unique2",
    "aten.repeat_interleave",
}
"""Operations after which the host needs a number, or a shape, that only the device knows."""


class Log:
    """What the host did that a GPU would be slow at.

    Attributes
    ----------
    waits : list of str
        Operations for which the host waits for the device.
    uploads : list of tuple of int
        Shapes that were copied to the device.
    """

    def __init__(self) -> None:
        self.waits: list[str] = []
        self.uploads: list[tuple[int, ...]] = []
        self.means_meta = False  # whether Python asked for the meta device by its name

    def clear(self) -> None:
        """Forget what happened before."""
        self.waits.clear()
        self.uploads.clear()


class Distant(torch.Tensor):
    """A tensor on the device: `near` has its numbers."""

    near: torch.Tensor
    log: Log

    # Autograd needs to know the device in C++, where only the meta device is always there; Python
    # sees ours.
    device = property(lambda self: DEVICE)
    is_meta = property(lambda self: False)
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, near: torch.Tensor, log: Log) -> "Distant":
        if near.dtype in (torch.float64, torch.complex128):
            raise TypeError(f"{DEVICE} has no {near.dtype}")
        # Views share a version with what they view, and tensors of the inference mode have none.
        with torch.inference_mode(False):
            return torch.Tensor._make_wrapper_subclass(
                cls,
                near.shape,
                strides=near.stride(),
                storage_offset=near.storage_offset(),
                dtype=near.dtype,
                device="meta",
            )

    def __init__(self, near: torch.Tensor, log: Log) -> None:
        self.near = near
        self.log = log

    @classmethod
    def __torch_dispatch__(
        cls, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        log = next(value.log for value in pytree.tree_leaves((args, kwargs)) if is_distant(value))
        return compute(log, function, args, kwargs or {})

    def __reduce_ex__(self, protocol: int) -> Any:
        """A file of torch.save holds the numbers."""
        return self.near.__reduce_ex__(protocol)

    def __repr__(self) -> str:  # type: ignore[override]
        return f"{self.near!r} on {DEVICE}"


def is_distant(value: object) -> bool:
    return isinstance(value, Distant)


def compute(log: Log, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run an operation on the CPU, and say where its result is."""
    leaves, structure = pytree.tree_flatten((args, kwargs))
    any_distant = any(map(is_distant, leaves))
    if any_distant and function not in COPIES:
        refuse_mixture(function, leaves)
    near_args, near_kwargs = pytree.tree_unflatten(
        [nearby(value, log) for value in leaves], structure
    )
    result = function(*near_args, **near_kwargs)
    target = kwargs.get("device")
    if function is aten.copy_.default:
        note_copy(log, function, from_device=is_distant(args[1]), to_device=is_distant(args[0]))
        log_upload = is_distant(args[0]) and not is_distant(args[1])
        if log_upload and args[1].dim():
            log.uploads.append(tuple(args[1].shape))
        return args[0]
    to_device = any_distant if target is None else is_ours(target, log)
    if function is aten._to_copy.default:
        note_copy(log, function, from_device=any_distant, to_device=to_device)
        if to_device and not any_distant and result.dim():
            log.uploads.append(tuple(result.shape))
    elif any_distant and (str(function).rsplit(".", 1)[0] in WAITS or has_mask(function, args)):
        log.waits.append(str(function))
    if not to_device:
        return result
    distant = pytree.tree_map_only(torch.Tensor, lambda near: Distant(near, log), result)
    if target is not None:
        return distant
    return return_and_correct_aliasing(function, args, kwargs, distant)


def note_copy(log: Log, function: Any, from_device: bool, to_device: bool) -> None:
    """Write down a copy from the device to the CPU: the host waits for it."""
    if from_device and not to_device:
        log.waits.append(str(function))


def has_mask(function: Any, args: tuple[Any, ...]) -> bool:
    """Say whether an operation is an index by a mask, whose result has a shape of its own."""
    if function not in (aten.index.Tensor, aten.index_put_.default):
        return False
    indices = [index for index in args[1] if index is not None]
    return any(index.dtype == torch.bool for index in indices)


def refuse_mixture(function: Any, leaves: list[Any]) -> None:
    """Refuse a tensor of the CPU beside one on the device; single numbers may be there.

    A GPU takes indices from the CPU as well; but copies them, every time.
    """
    for value in leaves:
        if isinstance(value, torch.Tensor) and not is_distant(value) and value.dim() > 0:
            what = f"{function}: a tensor {tuple(value.shape)} on the CPU meets one on {DEVICE}"
            raise RuntimeError(f"Expected all tensors to be on the same device: {what}")


def nearby(value: Any, log: Log) -> Any:
    """Return the numbers of a tensor on the device, and the CPU for the device itself."""
    if is_distant(value):
        return value.near
    if isinstance(value, torch.device) and is_ours(value, log):
        return CPU
    return value


def is_ours(device: torch.device, log: Log) -> bool:
    """Say whether a device is ours; C++ calls it meta, see `Distant`."""
    return device.type == DEVICE.type or (device.type == "meta" and not log.means_meta)


class _Operations(TorchDispatchMode):
    """Catches the operations that make tensors on the device."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.log = log

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return compute(self.log, function, args, kwargs or {})


class _Names(TorchFunctionMode):
    """Numbers the device before C++ would ask its driver which one is meant."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.log = log

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if function is torch.device:
            return function(*args, **(kwargs or {}))
        if function is torch.Tensor.tolist:
            args = (args[0].cpu(),)
        if function is torch.Tensor.to and is_distant(args[0]) and any(map(is_meta, args)):
            args = (args[0].near, *args[1:])  # C++ would say that it is there already
        args, kwargs = pytree.tree_map(numbered, (args, kwargs or {}))
        if function is torch.tensor and kwargs.get("device") == DEVICE:
            return function(*args, **{**kwargs, "device": CPU}).to(DEVICE)
        self.log.means_meta = any(map(is_meta, pytree.tree_leaves((args, kwargs))))
        try:
            return function(*args, **kwargs)
        finally:
            self.log.means_meta = False


def is_meta(value: Any) -> bool:
    if isinstance(value, torch.device | str):
        return str(value) == "meta"
    return isinstance(value, torch.Tensor) and value.device.type == "meta"


def numbered(value: Any) -> Any:
    if isinstance(value, torch.device) and value.type == DEVICE.type:
        return DEVICE
    if isinstance(value, str) and value == DEVICE.type:
        return DEVICE
    return value


@contextmanager
def second_device() -> Iterator[Log]:
    """Put a second device into PyTorch, for this thread, while the block runs."""
    log = Log()
    with torch.autograd.set_multithreading_enabled(False), modes(log):
        yield log


@contextmanager
def modes(log: Log) -> Iterator[None]:
    with _Names(log), _Operations(log):
        yield


def reader(log: Log) -> type[ThreadPoolExecutor]:
    """Return a ThreadPoolExecutor in whose threads the device is, too."""

    class Reader(ThreadPoolExecutor):
        def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            def with_device() -> Any:
                with modes(log):
                    return function(*args, **kwargs)

            return super().submit(with_device)

    return Reader
