"""Recipes by name: initial weights, optimiser, schedule, constraints and loss, apart from the loop that runs them.

`modern` is one recipe for every model. `published` is each paper's own: DeepSEA's for `deepsea`, DanQ's for every other
model. A recipe's numbers are what holds where the configuration leaves a number out.
"""

import dataclasses
import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

CLIP = 1e-7  # Keras 0.2 clips probabilities to [1e-7, 1 - 1e-7] before their logarithm
WARM_UP = 0.08  # share of the steps in which the learning rate rises


@dataclass(frozen=True)
class Recipe:
    """The modern recipe, AdamW under a one-cycle learning rate; the published ones replace what differs.

    Loshchilov and Hutter 2019 (https://arxiv.org/abs/1711.05101); Smith and Topin 2019
    (https://arxiv.org/abs/1708.07120).

    Attributes
    ----------
    lr, batch_size, epochs, patience, weight_decay
        See `danq.config.Train`.
    criterion : str
        The column of the history that decides which epoch is best.
    both_strands : bool
        True: an epoch shows each window once from either strand. False: once, from a random strand.
    epoch_size : int or None
        Windows of an epoch; None for all.
    loss_strands : int
        The validation loss is the mean over this many strands: 2, or 1 for the forward one.
    inverted_dropout : bool
        See `danq.network.layers.Dropout`.
    """

    lr: float
    batch_size: int
    epochs: int
    patience: int
    weight_decay: float
    criterion: str = "valid_auprc"
    both_strands: bool = False
    epoch_size: int | None = None
    loss_strands: int = 2
    inverted_dropout: bool = True

    def initialise(self, model):
        """Draw the initial weights; PyTorch's own are torch7's: uniform within 1 / sqrt(inputs)."""

    def optimizer(self, model, lr, weight_decay):
        """Return the optimiser."""
        return torch.optim.AdamW(model.parameters(), lr, weight_decay=weight_decay, fused=True)

    def schedule(self, optimizer, lr, steps):
        """Return the schedule of the learning rate over `steps` steps, or None."""
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, lr, total_steps=steps, pct_start=WARM_UP
        )

    def constrain(self, model):
        """Bring the weights within the recipe's bounds, before each step."""

    def loss(self, model, logits, labels, total):
        """Return the mean binary cross-entropy of logits and labels, float32 (N, T); the whole batch is of `total`."""
        return functional.binary_cross_entropy_with_logits(logits, labels)


class PublishedDeepSEA(Recipe):
    """DeepSEA's: torch7 SGD with dampening, decay of rate and weights, row max-norm, a trace of an L1 penalty.

    Zhou and Troyanskaya 2015 (https://doi.org/10.1038/nmeth.3547), and the authors' training code, version 0.9. An
    epoch is 110,000 windows; training ends after 300 epochs without a lower validation loss on the forward strand.
    """

    MOMENTUM = 0.9
    DECAY = 8e-7  # of the learning rate: lr / (1 + DECAY * updates)
    MAX_NORM = 0.9  # of the weights that lead to one unit
    L1 = 1e-8  # on the logits; reaches the weights of the output layer only

    def optimizer(self, model, lr, weight_decay):
        """Return torch7's SGD, whose dampening is its momentum (https://github.com/torch/optim/blob/master/sgd.lua)."""
        model.head.out.register_forward_hook(_keep_input)
        return torch.optim.SGD(
            model.parameters(),
            lr,
            momentum=self.MOMENTUM,
            dampening=self.MOMENTUM,
            weight_decay=weight_decay,
        )

    def schedule(self, optimizer, lr, steps):
        """Return ``lr / (1 + 8e-7 t)`` after t updates."""
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + self.DECAY * t))

    @torch.no_grad()
    def constrain(self, model):
        """Shrink each unit's incoming weights to a Euclidean norm of at most 0.9."""
        for part in model.modules():
            if isinstance(part, nn.Linear | nn.Conv1d):
                rows = part.weight.flatten(1)
                part.weight.copy_(torch.renorm(rows, 2, 0, self.MAX_NORM).view_as(part.weight))

    def loss(self, model, logits, labels, total):
        """Return the mean binary cross-entropy, and 1e-8 times the sum of the logits' sizes over the whole batch."""
        out = model.head.out
        size = functional.linear(out.kept_input.float(), out.weight, out.bias).abs().sum()
        return super().loss(model, logits, labels, total) + self.L1 * size * total / len(logits)


def _keep_input(layer, inputs, output):
    layer.kept_input = inputs[0].detach()


class PublishedDanQ(Recipe):
    """DanQ's: Keras 0.2's initial weights, RMSprop and clipped loss; dropout scales what is kept outside training.

    Quang and Xie 2016 (https://doi.org/10.1093/nar/gkw226), and the authors' DanQ_train.py under Keras 0.2.0
    (https://github.com/keras-team/keras/tree/0.2.0). The weights of the epoch with the lowest validation loss are kept.
    """

    def initialise(self, model):
        """Draw Keras 0.2's initial weights."""
        for part in model.modules():
            if isinstance(part, nn.LSTM):
                initialise_lstm(part)
            elif isinstance(part, nn.Conv1d | nn.Linear):
                bound = (
                    0.05 if isinstance(part, nn.Conv1d) else math.sqrt(6 / sum(part.weight.shape))
                )
                nn.init.uniform_(part.weight, -bound, bound)  # Glorot's bound for dense layers
                nn.init.zeros_(part.bias)

    def optimizer(self, model, lr, weight_decay):
        """Return Keras 0.2's RMSprop."""
        return KerasRMSprop(model.parameters(), lr, weight_decay=weight_decay)

    def schedule(self, optimizer, lr, steps):
        """Return None: the learning rate stays."""

    def loss(self, model, logits, labels, total):
        """Return the mean binary cross-entropy of probabilities clipped to [1e-7, 1 - 1e-7]."""
        return functional.binary_cross_entropy(torch.sigmoid(logits).clamp(CLIP, 1 - CLIP), labels)


@torch.no_grad()
def initialise_lstm(layer):
    """Draw Keras 0.2's initial weights of an LSTM, gate by gate.

    Inputs: Glorot's uniform; recurrent: orthogonal with a gain of 1.1; the forget gate's bias 1, the others 0. PyTorch
    adds two biases where Keras has one: the second stays 0, for both would learn, at twice the rate.
    https://github.com/keras-team/keras/blob/0.2.0/keras/initializations.py
    """
    for name, parameter in layer.named_parameters():
        for number, gate in enumerate(parameter.chunk(4)):  # input, forget, cell, output
            if name.startswith("weight_ih"):
                bound = math.sqrt(6 / sum(gate.shape))
                gate.uniform_(-bound, bound)
            elif name.startswith("weight_hh"):
                nn.init.orthogonal_(gate, 1.1)
            else:
                gate.fill_(float(number == 1 and name.startswith("bias_ih")))
        if name.startswith("bias_hh"):
            parameter.requires_grad_(False)


class KerasRMSprop(torch.optim.Optimizer):
    """RMSprop as in Keras 0.2: ``a = rho a + (1 - rho) g**2``, then ``p = p - lr g / sqrt(a + epsilon)``.

    With epsilon inside the root, gradients far below 1e-3 make steps of about ``lr g / 1e-3``: plain gradient descent.
    https://github.com/keras-team/keras/blob/0.2.0/keras/optimizers.py

    Parameters
    ----------
    params : iterable of torch.nn.Parameter
    lr : float
        Learning rate.
    weight_decay : float
        Times the weight is added to its gradient (0 as published).
    """

    RHO, EPSILON = 0.9, 1e-6

    def __init__(self, params, lr, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            grads = [p.grad for p in params]
            if group["weight_decay"]:
                grads = torch._foreach_add(grads, params, alpha=group["weight_decay"])
            means = [self.state[p].setdefault("mean", torch.zeros_like(p)) for p in params]
            torch._foreach_mul_(means, self.RHO)
            torch._foreach_addcmul_(means, grads, grads, 1 - self.RHO)
            roots = torch._foreach_sqrt(torch._foreach_add(means, self.EPSILON))
            torch._foreach_addcdiv_(params, grads, roots, -group["lr"])


MODERN = Recipe(lr=0.002, batch_size=64, epochs=8, patience=5, weight_decay=0.01)
PUBLISHED_DEEPSEA = PublishedDeepSEA(
    lr=1.0,
    batch_size=16,
    epochs=100_000,
    patience=300,
    weight_decay=1e-6,
    criterion="valid_loss",
    both_strands=True,
    epoch_size=110_000,
    loss_strands=1,
)
PUBLISHED_DANQ = PublishedDanQ(
    lr=1e-3,
    batch_size=100,
    epochs=60,
    patience=5,
    weight_decay=0.0,
    criterion="valid_loss",
    both_strands=True,
    inverted_dropout=False,
)


# DanQ-JASPAR's patience was never reached.
PUBLISHED_DANQ_JASPAR = dataclasses.replace(PUBLISHED_DANQ, epochs=32, patience=100)


def choose_recipe(name, model):
    """Return the Recipe called `name` ("modern" or "published") for a model (a key of `danq.network.models.MODELS`)."""
    if name == "modern":
        return MODERN
    if model == "deepsea":
        return PUBLISHED_DEEPSEA
    return PUBLISHED_DANQ_JASPAR if model.startswith("danq_jaspar") else PUBLISHED_DANQ
