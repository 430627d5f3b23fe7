"""A linear recurrence, ``h[t] = a[t] h[t - 1] + b[t]``, with gradients of any order."""

from typing import Any

import torch
from torch.autograd import Function


def linear_recurrence(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the states of a linear recurrence that begins at 0.

    Parameters
    ----------
    a, b : torch.Tensor, shape (P, ...)
        Factors of the states, and what is added to them, step by step.

    Returns
    -------
    torch.Tensor, shape (P, ...)

    Examples
    --------
    >>> linear_recurrence(torch.tensor([9.0, 0.5, 2.0]), torch.tensor([1.0, 1.0, 0.0])).tolist()
    [1.0, 1.5, 3.0]
    """
    return _Recurrence.apply(a, b)


class _Recurrence(Function):
    """The steps in one loop, without a node of the graph for each."""

    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        states = torch.empty_like(b)
        states[0] = b[0]
        for t in range(1, len(b)):
            torch.addcmul(b[t], a[t], states[t - 1], out=states[t])
        ctx.save_for_backward(a, states)
        return states

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        a, states = ctx.saved_tensors
        # A state acts on the next one by that one's factor: the same recurrence from the end.
        factors = torch.cat([torch.zeros_like(a[:1]), a[1:].flip(0)])
        of_states = linear_recurrence(factors, gradients[0].flip(0)).flip(0)
        before = torch.cat([torch.zeros_like(states[:1]), states[:-1]])
        return of_states * before, of_states
