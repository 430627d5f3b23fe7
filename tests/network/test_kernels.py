import pytest
import torch
from torch import nn
from torch.nn import functional

from danq.network import kernels

# Convolutions.

CONVOLUTIONS = {  # channels, filters, width, positions, flanks, dilation
    "first": (4, 7, 5, 31, (0, 0), 1),
    "width 1": (3, 2, 1, 4, (0, 0), 1),
    "one channel": (1, 1, 3, 8, (0, 0), 1),
    "one position": (6, 5, 4, 4, (0, 0), 1),
    "even, as many out as in": (5, 9, 8, 12, (3, 4), 1),
    "one flank": (5, 4, 3, 10, (2, 0), 1),
    "dilated": (6, 6, 3, 17, (4, 4), 4),
}
every_convolution = pytest.mark.parametrize("sizes", CONVOLUTIONS.values(), ids=CONVOLUTIONS)


def draw_convolution(sizes, dtype=torch.float32):
    channels, filters, width, positions, *_ = sizes
    torch.manual_seed(0)
    X = torch.randn(3, channels, positions, dtype=dtype, requires_grad=True)
    weight = torch.randn(filters, channels, width, dtype=dtype, requires_grad=True)
    bias = torch.randn(filters, dtype=dtype, requires_grad=True)
    return X, weight, bias


def gradients_of(Y, tensors):
    weights = torch.linspace(-1, 2, Y.numel(), dtype=Y.dtype).reshape(Y.shape)
    return torch.autograd.grad((Y * weights).sum(), tensors)


@every_convolution
def test_a_convolution_is_pytorchs(sizes):
    *_, flanks, dilation = sizes
    tensors = draw_convolution(sizes, torch.float64)
    X, weight, bias = tensors
    expected = functional.conv1d(functional.pad(X, flanks), weight, bias, dilation=dilation)
    Y = kernels.convolve(X, weight, bias, flanks, dilation)
    assert torch.allclose(Y, expected, rtol=1e-12, atol=1e-12)
    found = gradients_of(Y, tensors)
    wanted = gradients_of(expected, tensors)
    for gradient, other in zip(found, wanted, strict=True):
        assert torch.allclose(gradient, other, rtol=1e-12, atol=1e-12)


@every_convolution
@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_convolution_keeps_positions_together_whatever_order_it_is_given(sizes, bfloat16):
    *_, flanks, dilation = sizes
    X, weight, bias = draw_convolution(sizes)
    by_position = X.detach().transpose(1, 2).contiguous().transpose(1, 2)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        Y = kernels.convolve(X, weight, bias, flanks, dilation)
        assert Y.transpose(1, 2).is_contiguous()
        assert torch.equal(kernels.convolve(by_position, weight, bias, flanks, dilation), Y)
    assert Y.dtype == (torch.bfloat16 if bfloat16 else torch.float32)


def test_a_convolution_can_be_differentiated_twice():
    sizes = CONVOLUTIONS["even, as many out as in"]
    tensors = draw_convolution(sizes, torch.float64)

    def convolve(X, weight, bias):
        return kernels.convolve(X, weight, bias, (3, 4))

    assert torch.autograd.gradcheck(convolve, tensors)
    assert torch.autograd.gradgradcheck(convolve, tensors)


# Pools.

POOLS = {  # shape, pool, dimension
    "no leftovers": ((3, 12, 5), 4, 1),
    "leftovers": ((3, 17, 5), 4, 1),
    "one pool": ((2, 7, 3), 7, 1),
    "shorter than a pool": ((2, 3, 4), 5, 1),
    "of one": ((2, 6, 3), 1, 1),
    "first dimension": ((11, 3, 4), 3, 0),
    "last dimension": ((2, 3, 11), 3, 2),
}
every_pool = pytest.mark.parametrize("shape, pool, dim", POOLS.values(), ids=POOLS)


def slow_maxima(Y, pool, dim):
    """Return the maxima by PyTorch's own differentiable operators, one pool at a time."""
    n = Y.shape[dim] // pool
    maxima = [Y.narrow(dim, i * pool, pool).amax(dim) for i in range(n)]
    if not maxima:
        return Y.narrow(dim, 0, 0)
    return torch.stack(maxima, dim)


@every_pool
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_maxima_and_their_gradients_are_pytorchs_bit_for_bit(shape, pool, dim, dtype):
    torch.manual_seed(0)
    # A few values only, so that neighbours are often equal.
    Y = torch.randint(-3, 3, shape).to(dtype).requires_grad_()
    maxima = kernels.pool_maxima(Y, pool, dim)
    expected = slow_maxima(Y, pool, dim)
    assert maxima.dtype == dtype
    assert torch.equal(maxima, expected)
    assert torch.equal(kernels.pool_maxima(Y.detach(), pool, dim), expected)
    weights = torch.randn_like(maxima)
    (gradient,) = torch.autograd.grad((maxima * weights).sum(), Y)
    (expected_gradient,) = torch.autograd.grad((expected * weights).sum(), Y)
    assert torch.equal(gradient, expected_gradient)


def test_the_maxima_of_a_convolution_are_those_of_pytorchs_pool():
    torch.manual_seed(0)
    Y = torch.randn(4, 29, 6, requires_grad=True)  # (N, P, C)
    maxima = kernels.pool_maxima(Y, 5, 1)
    expected = functional.max_pool1d(Y.transpose(1, 2), 5).transpose(1, 2)
    assert torch.equal(maxima, expected)
    (gradient,) = gradients_of(maxima, [Y])
    (expected_gradient,) = gradients_of(expected, [Y])
    assert torch.equal(gradient, expected_gradient)


def test_equal_maxima_share_the_gradient():
    Y = torch.tensor([[[1.0], [3.0], [3.0], [2.0], [0.0], [-1.0], [9.0]]], requires_grad=True)
    maxima = kernels.pool_maxima(Y, 3, 1)
    assert maxima.flatten().tolist() == [3, 2]
    maxima.backward(torch.tensor([[[10.0], [7.0]]]))
    assert Y.grad.flatten().tolist() == [0, 5, 5, 7, 0, 0, 0]


@every_pool
def test_maxima_can_be_differentiated_twice(shape, pool, dim):
    torch.manual_seed(0)
    Y = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    if shape[dim] < pool:
        return
    assert torch.autograd.gradcheck(lambda Y: kernels.pool_maxima(Y, pool, dim), Y)
    assert torch.autograd.gradgradcheck(lambda Y: kernels.pool_maxima(Y, pool, dim), Y)


def test_a_second_backward_pass_gives_the_same():
    torch.manual_seed(0)
    Y = torch.randn(3, 8, 2, requires_grad=True)
    total = kernels.pool_maxima(Y, 4, 1).square().sum()
    (first,) = torch.autograd.grad(total, Y, retain_graph=True)
    (second,) = torch.autograd.grad(total, Y)
    assert torch.equal(first, second)


# Dropout.


@pytest.mark.parametrize("rate", [2**-16, 0.08, 0.2, 0.5, 0.95])
def test_masks_are_no_bits_at_their_rate_and_all_bits_else(rate):
    torch.manual_seed(0)
    masks = kernels.random_masks((1001, 997), rate)
    assert masks.dtype == torch.int16 and masks.shape == (1001, 997)
    assert set(masks.unique().tolist()) == {0, -1}
    spread = (rate * (1 - rate) / masks.numel()) ** 0.5
    for order in (masks, masks[:, ::4]):
        share = (order == 0).double().mean().item()
        assert abs(share - rate) < 5 * spread * (masks.numel() / order.numel()) ** 0.5


def test_masks_of_neighbours_are_independent():
    torch.manual_seed(0)
    dropped = (kernels.random_masks((1_000_003,), 0.3) == 0).double()
    for distance in (1, 2, 3, 4, 8):
        both = (dropped[distance:] * dropped[:-distance]).mean().item()
        assert both == pytest.approx(0.09, abs=5 * (0.09 * 0.91 / len(dropped)) ** 0.5)


def test_masks_follow_from_the_seed():
    torch.manual_seed(7)
    masks = kernels.random_masks((5, 7), 0.4)
    torch.manual_seed(7)
    assert torch.equal(kernels.random_masks((5, 7), 0.4), masks)
    assert not torch.equal(kernels.random_masks((5, 7), 0.4), masks)
    assert kernels.random_masks((0, 7), 0.4).shape == (0, 7)
    assert (kernels.random_masks((50, 7), 1 - 1e-9) == 0).float().mean() > 0.9


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_what_is_dropped_is_zero_and_the_rest_is_scaled(dtype):
    torch.manual_seed(0)
    masks = kernels.random_masks((9, 5), 0.4)
    X = torch.randn(9, 5, dtype=dtype, requires_grad=True)
    expected = torch.where(masks == -1, X * 1.7, torch.zeros_like(X))
    dropped = kernels.drop(X, masks, 1.7)
    assert dropped.dtype == dtype and torch.equal(dropped, expected)
    (gradient,) = gradients_of(dropped, [X])
    (expected_gradient,) = gradients_of(expected, [X])
    assert torch.equal(gradient, expected_gradient)


def test_dropout_can_be_differentiated_twice():
    masks = kernels.random_masks((4, 3), 0.4)
    X = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda X: kernels.drop(X, masks, 1.7), X)
    assert torch.autograd.gradgradcheck(lambda X: kernels.drop(X.exp(), masks, 1.7).square(), X)


# Together.


@pytest.mark.parametrize("bfloat16", [False, True])
def test_the_same_twice_is_the_same_bit_for_bit(bfloat16):
    torch.manual_seed(0)
    conv, X = nn.Conv1d(4, 48, 13), torch.randn(16, 4, 201)

    def gradients():
        torch.manual_seed(1)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            Y = kernels.convolve(X, conv.weight, conv.bias)
            rows = kernels.pool_maxima(Y.transpose(1, 2), 4, 1)
            masks = kernels.random_masks(tuple(rows.shape), 0.3)
            total = kernels.drop(rows, masks, 1 / 0.7).float().square().sum()
        return torch.autograd.grad(total, list(conv.parameters()))

    for first, second in zip(gradients(), gradients(), strict=True):
        assert torch.equal(first, second)
