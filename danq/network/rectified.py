"""Which units of a network fire: found by watching the ReLUs of its forward pass.

A unit whose ReLU lets nothing pass on any window has no gradient, and learns no more (Lu et al.
2019, https://arxiv.org/abs/1903.06733). Layers are found where the forward pass calls a ReLU, so
that a network of another build needs nothing of its own here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from danq.network.augment import reverse_complement

STEM = "stem"
"""The part of a network whose units are its first filters."""

_BATCH = 32  # windows that pass at once
_RECTIFIERS = (functional.relu, torch.relu, torch.relu_, functional.threshold)


class RectifiedLayer(NamedTuple):
    """A layer of a network that ends in a ReLU.

    Attributes
    ----------
    part : str
        Where in the network it is: the name of the network's part (``stem``, ``body``, ``head``),
        ``body`` for what lies between the parts.
    units : int
        Its units: channels of a feature map, or units of a fully connected layer.
    silent : int
        Those of them that fire on none of the windows.
    """

    part: str
    units: int
    silent: int


class _Highest(NamedTuple):
    """What the units of a layer got most, before their ReLU."""

    part: str
    values: torch.Tensor  # (units,)


class _Watching(TorchFunctionMode):
    """Notes, in the order of the calls, the highest value that each unit of each ReLU gets."""

    def __init__(self) -> None:
        super().__init__()
        self.part = "body"
        self.seen: list[_Highest] = []

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if function in _RECTIFIERS:
            values = _highest(args[0])
            self.seen.append(_Highest(self.part, values))
        return function(*args, **(kwargs or {}))

    @contextmanager
    def within(self, network: nn.Module) -> Iterator[None]:
        """Follow which part of a network computes, while the block runs."""
        hooks = []
        for name, part in network.named_children():
            hooks.append(part.register_forward_pre_hook(self._entering(name)))
            hooks.append(part.register_forward_hook(self._entering("body")))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _entering(self, name: str) -> Callable[..., None]:
        """Return a hook that says which part computes from now on."""

        def enter(*arguments: Any) -> None:
            self.part = name

        return enter


def _highest(X: torch.Tensor) -> torch.Tensor:
    """Return the highest value of each unit, (C,), in a feature map (N, C, P) or (N, C)."""
    others = [dim for dim in range(X.dim()) if dim != 1]
    return X.detach().amax(dim=others)


@torch.no_grad()
def rectified_layers(network: nn.Module, X: torch.Tensor) -> list[RectifiedLayer]:
    """Find the layers that end in a ReLU, and count the units of each that fire on no window.

    A unit fires on a window where its ReLU, whose threshold is 0, lets something pass at any
    position of either strand.

    Parameters
    ----------
    network : torch.nn.Module
        From one-hot (N, 4, L) to logits. What its ReLUs get has the units second: (N, C, P) or
        (N, C). It computes as in evaluation, and is left as it was.
    X : torch.Tensor, shape (N, 4, L)
        One-hot windows, on any device.

    Returns
    -------
    list of RectifiedLayer
        In the order in which they compute; without those that end in something else, as an LSTM or
        an exponential.
    """
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    passes = []
    for windows in X.split(_BATCH):
        batch = windows.to(device)
        passes.append(_watch(network, batch))
        passes.append(_watch(network, reverse_complement(batch)))
    network.train(was_training)
    layers = []
    for calls in zip(*passes, strict=True):
        values = torch.stack([call.values for call in calls])  # (passes, units)
        highest = values.amax(dim=0).cpu()
        silent = int((highest <= 0).sum())
        layers.append(RectifiedLayer(calls[0].part, len(highest), silent))
    return layers


def _watch(network: nn.Module, X: torch.Tensor) -> list[_Highest]:
    """Return what the units of each ReLU get most while the network predicts X."""
    watching = _Watching()
    with watching.within(network), watching:
        network(X)
    return watching.seen
