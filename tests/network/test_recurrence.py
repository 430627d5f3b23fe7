import torch

from danq.network.recurrence import linear_recurrence


def slow_recurrence(a, b):
    state = torch.zeros_like(b[0])
    states = []
    for factor, term in zip(a, b, strict=True):
        state = factor * state + term
        states.append(state)
    return torch.stack(states)


def inputs(steps):
    torch.manual_seed(0)
    a = torch.rand(steps, 2, 3, dtype=torch.float64, requires_grad=True)
    b = torch.randn(steps, 2, 3, dtype=torch.float64, requires_grad=True)
    return a, b


def test_states_are_those_of_the_steps_one_after_the_other():
    for steps in (1, 2, 17):
        a, b = inputs(steps)
        assert torch.allclose(linear_recurrence(a, b), slow_recurrence(a, b))


def test_gradients_are_those_of_the_steps_and_can_be_differentiated_again():
    a, b = inputs(6)
    assert torch.autograd.gradcheck(linear_recurrence, (a, b))
    assert torch.autograd.gradgradcheck(linear_recurrence, (a, b))
    upstream = torch.randn_like(b)
    fast = torch.autograd.grad(linear_recurrence(a, b), (a, b), upstream)
    slow = torch.autograd.grad(slow_recurrence(a, b), (a, b), upstream)
    for gradient, expected in zip(fast, slow, strict=True):
        assert torch.allclose(gradient, expected)
