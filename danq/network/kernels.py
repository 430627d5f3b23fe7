"""What the networks compute most often, in the way that costs a CPU least.

Feature maps are (N, C, P), windows, channels, positions, as PyTorch's convolutions have them, but
here they lie position by position in memory: the vectors of a CPU then hold neighbouring channels,
and no layer has to turn its input around. Results are those of the plain operators up to the order
of sums, and gradients can be differentiated again.
"""

from typing import Any

import torch
from torch.autograd import Function
from torch.nn import functional

_LEVELS = 2**16
"""Numbers that 16 random bits can be."""


def convolve(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    flanks: tuple[int, int] = (0, 0),
    dilation: int = 1,
) -> torch.Tensor:
    """Convolve feature maps, as `torch.nn.functional.conv1d`.

    Parameters
    ----------
    X : torch.Tensor, shape (N, C, P)
        Feature maps, or one-hot sequences.
    weight : torch.Tensor, shape (F, C, w)
        Filters.
    bias : torch.Tensor, shape (F,), optional
        Added to the responses.
    flanks : tuple of (int, int)
        Zeros to add before the first position and after the last.
    dilation : int
        Positions from one weight to the next.

    Returns
    -------
    torch.Tensor, shape (N, F, P'), position by position in memory
        P' is the sum of the flanks and P, less ``dilation * (w - 1)``.
    """
    rows = X.transpose(1, 2)  # (N, P, C)
    both = min(flanks)  # what the convolution adds by itself, on either side
    if flanks != (both, both):
        rows = functional.pad(rows, (0, 0, flanks[0] - both, flanks[1] - both))
    # An image one row high: only images can lie channels last, which PyTorch's library for
    # convolutions (oneDNN) computes without a copy, and with the gradients two to three times as
    # fast where channels are few.
    image = rows.contiguous().transpose(1, 2).unsqueeze(2)  # (N, C, 1, P)
    Y = functional.conv2d(
        image, weight.unsqueeze(2), bias, padding=(0, both), dilation=(1, dilation)
    )
    return Y.squeeze(2)


def pool_maxima(Y: torch.Tensor, pool: int, dim: int) -> torch.Tensor:
    """Return the maximum of every `pool` neighbours along a dimension.

    Neighbours that are the maximum, bit for bit, share its gradient; in a
    convolution of DNA they are, as a rule, copies of the same bases.

    Parameters
    ----------
    Y : torch.Tensor
        Of any shape; quickest where it is contiguous, and `dim` is not the last dimension.
    pool : int
        Neighbours that become one; those left over at the end are dropped.
    dim : int
        The dimension, from 0.

    Returns
    -------
    torch.Tensor
        Of the same shape, but for ``Y.shape[dim] // pool`` in this dimension.
    """
    if Y.requires_grad and torch.is_grad_enabled():
        return _Maxima.apply(Y, pool, dim)
    return _pools(Y, pool, dim).amax(dim + 1)


class _Maxima(Function):
    """The maxima, without the search for their positions that PyTorch's pools make: it is slow."""

    @staticmethod
    def forward(ctx: Any, Y: torch.Tensor, pool: int, dim: int) -> torch.Tensor:
        maxima = _pools(Y, pool, dim).amax(dim + 1)
        ctx.save_for_backward(Y, maxima)
        ctx.pool = pool
        ctx.dim = dim
        return maxima

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        Y, maxima = ctx.saved_tensors
        return _Spread.apply(gradients[0], Y, maxima, ctx.pool, ctx.dim), None, None


class _Spread(Function):
    """Gives the gradient of each maximum to those that equal it, in equal shares."""

    @staticmethod
    def forward(
        ctx: Any,
        gradient: torch.Tensor,
        Y: torch.Tensor,
        maxima: torch.Tensor,
        pool: int,
        dim: int,
    ) -> torch.Tensor:
        # Whole numbers of as many bits: the comparison is then 0 or 1, and 1 times the bits of a
        # number are that number. PyTorch's own ways go through slower types.
        whole = _whole_numbers(Y)
        spread = torch.empty_like(Y, dtype=whole)
        winners = _pools(spread, pool, dim)
        pools = _pools(Y, pool, dim).view(whole)
        torch.eq(pools, maxima.unsqueeze(dim + 1).view(whole), out=winners)
        counts = winners.sum(dim + 1, dtype=whole)
        shares = gradient / counts
        winners.mul_(shares.unsqueeze(dim + 1).view(whole))
        pooled = maxima.shape[dim] * pool
        spread.narrow(dim, pooled, Y.shape[dim] - pooled).zero_()
        ctx.save_for_backward(Y, maxima)
        ctx.pool = pool
        ctx.dim = dim
        return spread.view(Y.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        Y, maxima = ctx.saved_tensors
        pools = _pools(Y.detach(), ctx.pool, ctx.dim)
        winners = pools == maxima.detach().unsqueeze(ctx.dim + 1)
        gradient = _pools(gradients[0], ctx.pool, ctx.dim) * winners
        means = gradient.sum(ctx.dim + 1) / winners.sum(ctx.dim + 1)
        return means, None, None, None, None


def _pools(Y: torch.Tensor, pool: int, dim: int) -> torch.Tensor:
    """Return whole pools, which get a dimension of their own after `dim`, as a view."""
    n = Y.shape[dim] // pool
    return Y.narrow(dim, 0, n * pool).unflatten(dim, (n, pool))


def _whole_numbers(X: torch.Tensor) -> torch.dtype:
    """Return the type of whole numbers that have as many bits as the numbers of X."""
    return {2: torch.int16, 4: torch.int32, 8: torch.int64}[X.element_size()]


def random_masks(shape: tuple[int, ...], rate: float) -> torch.Tensor:
    """Draw masks of bits from PyTorch's random numbers on the CPU.

    Parameters
    ----------
    shape : tuple of int
        The shape of the masks.
    rate : float
        Share of the masks that are 0, less than 1; rounded to a multiple of 2**-16.

    Returns
    -------
    torch.Tensor, int16
        0, or -1: no bits, or all.
    """
    masks = torch.empty(shape, dtype=torch.int16)
    # Four masks from each draw of 64 bits: a random float32 for each would take twice as long.
    draws = torch.empty(-(-masks.numel() // 4), dtype=torch.int64)
    draws.random_(-(2**63), None)
    numbers = draws.view(torch.int16)[: masks.numel()].view(shape)
    lowest = -_LEVELS // 2
    threshold = lowest + round(rate * _LEVELS)
    torch.ge(numbers, min(threshold, -lowest - 1), out=masks)
    return masks.neg_()


def drop(X: torch.Tensor, masks: torch.Tensor, factor: float) -> torch.Tensor:
    """Set to 0 what a mask drops, and multiply the rest.

    Parameters
    ----------
    X : torch.Tensor
        Contiguous numbers.
    masks : torch.Tensor, int16, of the same shape
        As `random_masks` draws them.
    factor : float
        For what remains.

    Returns
    -------
    torch.Tensor
        Of the shape and type of X.
    """
    return _Drop.apply(X, masks, factor)


class _Drop(Function):
    """Dropout: the same mask and factor for numbers and gradients."""

    @staticmethod
    def forward(ctx: Any, X: torch.Tensor, masks: torch.Tensor, factor: float) -> torch.Tensor:
        whole = _whole_numbers(X)
        remaining = X.view(whole) & masks.to(whole)
        ctx.save_for_backward(masks)
        ctx.factor = factor
        return remaining.view(X.dtype).mul_(factor)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (masks,) = ctx.saved_tensors
        return _Drop.apply(gradients[0], masks, ctx.factor), None, None
