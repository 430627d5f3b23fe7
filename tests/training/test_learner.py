import copy
import math

import pytest
import torch

from danq.config import Train
from danq.data.dataset import open_dataset
from danq.training.learner import SEEDS, claim, set_up, share_of, step_seed
from tests.conftest import refuse


@pytest.mark.parametrize(("n", "world"), [(16, 1), (15, 2), (7, 4), (1, 3)])
def test_processes_share_a_batch_without_gap_or_overlap(n, world):
    shares = [share_of(n, rank, world) for rank in range(world)]
    counted = [share for share in shares if share.weight > 0]
    windows = [window for share in counted for window in share.windows]
    assert windows == list(range(n))
    for share in counted:
        assert share.weight == len(share.windows) / n
    assert sum(share.weight for share in shares) == pytest.approx(1)


def test_a_process_without_a_window_takes_one_that_does_not_count():
    assert share_of(1, 0, 2) == (range(1), 0.0)
    assert share_of(1, 1, 2) == (range(1), 1.0)


def test_every_step_has_a_seed_of_its_own():
    steps = [(seed, epoch, step) for seed in (0, 1) for epoch in (0, 1, 2) for step in (0, 1, 99)]
    assert len({step_seed(*step) for step in steps}) == len(steps)
    assert step_seed(0, 1, 2) == SEEDS + 2
    assert 0 <= step_seed(2**31 - 1, 100_000, 10**6) < 2**63


def claimed(checkpoint, settings):
    with claim(checkpoint, settings):
        return [path.name for path in checkpoint.parent.iterdir()]


def test_the_leading_process_alone_claims_the_output(tmp_path, monkeypatch):
    checkpoint = tmp_path / "m.ckpt"
    settings = Train(devices=2, device="cpu")
    message = (
        f"{checkpoint}: another danq train works on this output; wait until it ends, or name "
        "another output"
    )
    with claim(checkpoint, settings):
        refuse(message, claimed, checkpoint, settings)
        monkeypatch.setenv("LOCAL_RANK", "1")
        assert claimed(checkpoint, settings) == ["m.ckpt.lock"]
    assert claimed(checkpoint, settings) == []


class Torch7:
    """DeepSEA's training as 4_train.lua and optim/sgd.lua do it, weight by weight and row by row.

    https://github.com/torch/optim/blob/master/sgd.lua. With `bound_first` the weights are bounded
    before the gradient is taken, as they are not.
    """

    def __init__(self, network, bound_first=False):
        self.network, self.bound_first = network, bound_first
        self.moving = None  # sgd.lua's state.dfdx
        self.updates = 0

    @torch.no_grad()
    def bound(self):
        for layer in self.network.modules():
            if isinstance(layer, torch.nn.Linear | torch.nn.Conv1d):
                for row in layer.weight:
                    norm = row.norm().item()
                    if norm > 0.9:
                        row *= 0.9 / norm

    def gradient(self, X, y):
        weights = [*self.network.parameters()]
        logits = self.network(X)
        signs = 2 * y - 1
        loss = (1 + (-signs * logits).exp()).log().mean()
        gradient = torch.autograd.grad(loss, weights, retain_graph=True)
        out = self.network.head.out
        size = 1e-8 * logits.abs().sum()
        sizes = torch.autograd.grad(size, [out.weight, out.bias])
        of = {id(out.weight): sizes[0], id(out.bias): sizes[1]}
        return [g + of.get(id(w), 0) for w, g in zip(weights, gradient, strict=True)]

    def step(self, X, y):
        if self.bound_first:
            self.bound()
        gradient = self.gradient(X, y)
        if not self.bound_first:
            self.bound()
        with torch.no_grad():
            weights = [*self.network.parameters()]
            decayed = [g + 1e-6 * w for g, w in zip(gradient, weights, strict=True)]
            if self.moving is None:
                self.moving = decayed
            else:
                pairs = zip(self.moving, decayed, strict=True)
                self.moving = [0.9 * moving + (1 - 0.9) * d for moving, d in pairs]
            rate = 1.0 / (1 + self.updates * 8e-7)
            for weight, moving in zip(weights, self.moving, strict=True):
                weight -= rate * moving
        self.updates += 1


def distance(network, other):
    """Return how far the weights of two networks lie apart."""
    pairs = zip(network.parameters(), other.parameters(), strict=True)
    return math.sqrt(sum((a - b).square().sum().item() for a, b in pairs))


def test_deepsea_takes_the_gradient_before_it_bounds_the_weights(toy_dataset):
    settings = Train(
        recipe="published", scale=0.05, dropout=0.0, precision="float32", device="cpu", lr=1.0
    )
    with open_dataset(toy_dataset) as data:
        learner = set_up(data, settings, model="deepsea", seed=3, motifs="", threads=1)
        with torch.no_grad():  # some rows are far too long at first
            for layer in learner.network.modules():
                if isinstance(layer, torch.nn.Linear | torch.nn.Conv1d):
                    layer.weight[::2] *= 3
        as_published = Torch7(copy.deepcopy(learner.network))
        otherwise = Torch7(copy.deepcopy(learner.network), bound_first=True)
        learner.model.train()
        schedule = learner.loader.schedule(3, 0)
        begun = copy.deepcopy(learner.network)
        for step in range(4):
            batch = range(16 * step, 16 * step + 16)
            X, y = learner.loader.batch(schedule, batch.start, batch.stop)
            learner.learn(schedule, batch, step)
            as_published.step(X, y)
            otherwise.step(X, y)
    moved = distance(learner.network, begun)
    assert distance(learner.network, as_published.network) < 1e-5 * moved
    assert distance(learner.network, otherwise.network) > 1e-3 * moved
