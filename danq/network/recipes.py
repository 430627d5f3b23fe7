"""Recipes by name: initial weights, optimiser, learning rate, constraints and loss.

They are separate from the loop that runs them. `auto` is one recipe for every model, whose numbers
follow from the training data (`danq.training.automatic`). `published` is each paper's own:
DeepSEA's for `deepsea`, DanQ's for every other model; its knobs apply where the configuration
leaves one out.
"""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from danq.catalog import MODELS
from danq.network.models import Network

CLIP = 1e-7  # Keras 0.2 clips probabilities to [1e-7, 1 - 1e-7] before their logarithm
WARM_UP = 0.08  # share of the steps in which the learning rate rises


NUMBERS = ("lr", "batch_size", "epochs", "epoch_size", "patience", "weight_decay")
"""Knobs of `danq.config.Train` in which the published recipes differ."""

AS_PUBLISHED: dict[str, Any] = {
    "scale": 1.0,
    "filter_scale": 1.0,
    "dropout": 1.0,
    "head": "dense",
    "stem": "relu",
    "initialise_from": "random",
    "shift": 0,
    "balance": False,
}
"""Knobs that mean the papers' networks, and windows as they are."""


def trainable(model: Network) -> list[nn.Parameter]:
    """Return the weights that are trained: not those of frozen parts."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@dataclass(frozen=True)
class Recipe:
    """AdamW under a one-cycle learning rate; the published recipes change it.

    Loshchilov and Hutter 2019 (https://arxiv.org/abs/1711.05101); Smith and Topin 2019
    (https://arxiv.org/abs/1708.07120).

    Attributes
    ----------
    lr, batch_size, epochs, patience, weight_decay : number or None
        See `danq.config.Train`; None where the training data decide.
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

    lr: float | None = None
    batch_size: int | None = None
    epochs: int | None = None
    patience: int | None = None
    weight_decay: float | None = None
    criterion: str = "valid_auprc"
    both_strands: bool = False
    epoch_size: int | None = None
    loss_strands: int = 2
    inverted_dropout: bool = True

    @property
    def knobs(self) -> dict[str, Any]:
        """Knobs of `danq.config.Train`, by name; empty where the training data decide."""
        if self.lr is None:
            return {}
        numbers = {name: getattr(self, name) for name in NUMBERS}
        given = {name: number for name, number in numbers.items() if number is not None}
        return {**AS_PUBLISHED, **given}

    def initialise(self, model: Network) -> None:
        """Draw the initial weights of a model, in place.

        Here they stay as PyTorch, like torch7, drew them: uniform within 1 / sqrt(inputs).
        """

    def optimizer(self, model: Network, lr: float, weight_decay: float) -> torch.optim.Optimizer:
        """Return the optimiser.

        Parameters
        ----------
        model : danq.network.models.Network
            The model to train, on its device.
        lr, weight_decay : float
            Peak learning rate, and decay of the weights.

        Returns
        -------
        torch.optim.Optimizer
        """
        return torch.optim.AdamW(trainable(model), lr, weight_decay=weight_decay, fused=True)

    def lr_scheduler(
        self, optimizer: torch.optim.Optimizer, lr: float, steps: int
    ) -> LRScheduler | None:
        """Return the scheduler of the learning rate.

        Parameters
        ----------
        optimizer : torch.optim.Optimizer
            The optimiser whose learning rate it sets.
        lr : float
            Peak learning rate.
        steps : int
            Steps of the whole training.

        Returns
        -------
        torch.optim.lr_scheduler.LRScheduler, or None
            None where the learning rate stays.
        """
        return OneCycleLR(optimizer, lr, total_steps=steps, pct_start=WARM_UP)

    def constrain(self, model: Network) -> None:
        """Bring the weights of a model within the recipe's bounds, in place.

        Called at each step between gradient and update: the gradient is that of the weights as the
        step before left them, the update begins from the bounded ones.
        """

    def loss(
        self, model: Network, logits: torch.Tensor, labels: torch.Tensor, total: int
    ) -> torch.Tensor:
        """Return the loss of a batch, or of one process's share of it.

        Parameters
        ----------
        model : danq.network.models.Network
            The model that gave the logits.
        logits, labels : torch.Tensor, shape (n, T), float32
            Logits of the model, and labels.
        total : int
            Windows of the whole batch.

        Returns
        -------
        torch.Tensor, scalar
            Mean binary cross-entropy.
        """
        return functional.binary_cross_entropy_with_logits(logits, labels)


class PublishedDeepSEA(Recipe):
    """DeepSEA's: torch7 SGD with dampening, decay of rate and weights, row max-norm, an L1 penalty.

    Zhou and Troyanskaya 2015 (https://doi.org/10.1038/nmeth.3547), and the authors' training code,
    version 0.9. An epoch is 110,000 windows; training ends after more than 300 epochs without a
    lower validation loss on the forward strand.
    """

    MOMENTUM = 0.9
    DECAY = 8e-7  # of the learning rate: lr / (1 + DECAY * updates)
    MAX_NORM = 0.9  # of the weights that lead to one unit
    L1 = 1e-8  # on the logits; reaches the weights of the output layer only

    def optimizer(self, model: Network, lr: float, weight_decay: float) -> torch.optim.Optimizer:
        """Return torch7's SGD, whose dampening is its momentum.

        https://github.com/torch/optim/blob/master/sgd.lua. The output layer of the model keeps its
        inputs from here on: the loss needs them.

        Parameters
        ----------
        model : danq.network.models.Network
            The model to train, on its device.
        lr, weight_decay : float
            Learning rate of the first step, and decay of the weights.

        Returns
        -------
        torch.optim.SGD
        """
        model.head.out.register_forward_hook(_keep_inputs)
        return torch.optim.SGD(
            trainable(model),
            lr,
            momentum=self.MOMENTUM,
            dampening=self.MOMENTUM,
            weight_decay=weight_decay,
        )

    def lr_scheduler(
        self, optimizer: torch.optim.Optimizer, lr: float, steps: int
    ) -> LRScheduler | None:
        """Return a scheduler that gives ``lr / (1 + 8e-7 t)`` after t updates.

        Parameters
        ----------
        optimizer : torch.optim.Optimizer
            The optimiser whose learning rate it sets.
        lr : float
            Learning rate of the first step, that of the optimiser.
        steps : int
            Steps of the whole training; not used.

        Returns
        -------
        torch.optim.lr_scheduler.LambdaLR
        """

        def decay(updates: int) -> float:
            return 1 / (1 + self.DECAY * updates)

        return LambdaLR(optimizer, decay)

    @torch.no_grad()
    def constrain(self, model: Network) -> None:
        """Shrink each unit's incoming weights to a Euclidean norm of at most 0.9.

        As in the authors' ``4_train.lua``, after the gradient was taken and before torch7's SGD
        adds the decay of the weights and moves them: weights that are saved may be a little longer.
        """
        for layer in model.modules():
            if isinstance(layer, nn.Linear | nn.Conv1d) and layer.weight.requires_grad:
                rows = layer.weight.flatten(1)
                shrunk = torch.renorm(rows, 2, 0, self.MAX_NORM)
                layer.weight.copy_(shrunk.view_as(layer.weight))

    def loss(
        self, model: Network, logits: torch.Tensor, labels: torch.Tensor, total: int
    ) -> torch.Tensor:
        """Return the mean binary cross-entropy, and 1e-8 times the sum of the logits' sizes.

        The sum is over the whole batch.

        Parameters
        ----------
        model : danq.network.models.Network
            The model that gave the logits, whose output layer kept its inputs.
        logits, labels : torch.Tensor, shape (n, T), float32
            Logits of the model, and labels.
        total : int
            Windows of the whole batch.

        Returns
        -------
        torch.Tensor, scalar
        """
        out = model.head.out
        # Logits anew, from detached inputs, so that the penalty reaches the output layer only.
        inputs = cast(torch.Tensor, out.last_inputs).float()
        size = functional.linear(inputs, out.weight, out.bias).abs().sum()
        penalty = self.L1 * size * total / len(logits)
        return super().loss(model, logits, labels, total) + penalty


def _keep_inputs(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
    """Keep the inputs of a layer, as a forward hook."""
    layer.last_inputs = inputs[0].detach()


class PublishedDanQ(Recipe):
    """DanQ's: Keras 0.2's initial weights, RMSprop and clipped loss.

    Dropout scales values outside training. Quang and Xie 2016 (https://doi.org/10.1093/nar/gkw226),
    and the authors' DanQ_train.py under Keras 0.2.0
    (https://github.com/keras-team/keras/tree/0.2.0). The weights of the epoch with the lowest
    validation loss are the result.
    """

    def initialise(self, model: Network) -> None:
        """Draw Keras 0.2's initial weights, in place."""
        for layer in model.modules():
            if isinstance(layer, nn.LSTM):
                _initialise_lstm(layer)
            elif isinstance(layer, nn.Conv1d):
                _initialise_uniform(layer, 0.05)
            elif isinstance(layer, nn.Linear):
                _initialise_uniform(layer, _glorot_bound(layer.weight))

    def optimizer(self, model: Network, lr: float, weight_decay: float) -> torch.optim.Optimizer:
        """Return Keras 0.2's RMSprop.

        Parameters
        ----------
        model : danq.network.models.Network
            The model to train, on its device.
        lr, weight_decay : float
            Learning rate, and decay of the weights.

        Returns
        -------
        KerasRMSprop
        """
        return KerasRMSprop(trainable(model), lr, weight_decay=weight_decay)

    def lr_scheduler(
        self, optimizer: torch.optim.Optimizer, lr: float, steps: int
    ) -> LRScheduler | None:
        """Return None: the learning rate stays.

        Parameters
        ----------
        optimizer : torch.optim.Optimizer
            The optimiser whose learning rate it sets.
        lr : float
            Its learning rate.
        steps : int
            Steps of the whole training; not used.

        Returns
        -------
        None
        """
        return None

    def loss(
        self, model: Network, logits: torch.Tensor, labels: torch.Tensor, total: int
    ) -> torch.Tensor:
        """Return the mean binary cross-entropy of probabilities clipped to [1e-7, 1 - 1e-7].

        Parameters
        ----------
        model : danq.network.models.Network
            The model that gave the logits.
        logits, labels : torch.Tensor, shape (n, T), float32
            Logits of the model, and labels.
        total : int
            Windows of the whole batch.

        Returns
        -------
        torch.Tensor, scalar
        """
        probabilities = torch.sigmoid(logits).clamp(CLIP, 1 - CLIP)
        return functional.binary_cross_entropy(probabilities, labels)


def _initialise_uniform(layer: nn.Conv1d | nn.Linear, bound: float) -> None:
    """Draw weights uniformly within a bound, and set the biases to 0."""
    nn.init.uniform_(layer.weight, -bound, bound)
    nn.init.zeros_(cast(torch.Tensor, layer.bias))


def _glorot_bound(weight: torch.Tensor) -> float:
    """Return the bound of Glorot's uniform weights, shape (outputs, inputs)."""
    return math.sqrt(6 / sum(weight.shape))


@torch.no_grad()
def _initialise_lstm(layer: nn.LSTM) -> None:
    """Draw Keras 0.2's initial weights of an LSTM, gate by gate, in place.

    Inputs: Glorot's uniform; recurrent: orthogonal with a gain of 1.1; the forget gate's bias 1,
    the others 0. PyTorch adds two biases where Keras has one: the second stays 0, for both would
    learn, at twice the rate.
    https://github.com/keras-team/keras/blob/0.2.0/keras/initializations.py
    """
    for name, parameter in layer.named_parameters():
        for number, gate in enumerate(parameter.chunk(4)):  # input, forget, cell, output
            is_forget_bias = number == 1 and name.startswith("bias_ih")
            if name.startswith("weight_ih"):
                bound = _glorot_bound(gate)
                gate.uniform_(-bound, bound)
            elif name.startswith("weight_hh"):
                nn.init.orthogonal_(gate, 1.1)
            else:
                gate.fill_(float(is_forget_bias))
        if name.startswith("bias_hh"):
            parameter.requires_grad_(False)


class KerasRMSprop(torch.optim.Optimizer):
    """RMSprop as in Keras 0.2: ``a = rho a + (1 - rho) g**2``, ``p -= lr g / sqrt(a + epsilon)``.

    With epsilon inside the root, gradients far below 1e-3 make steps of about ``lr g / 1e-3``:
    plain gradient descent.
    https://github.com/keras-team/keras/blob/0.2.0/keras/optimizers.py

    Parameters
    ----------
    params : iterable of torch.nn.Parameter
        What to optimise.
    lr : float
        Learning rate.
    weight_decay : float
        Share of each weight that is added to its gradient (0 as published).
    """

    RHO = 0.9
    EPSILON = 1e-6

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Update every parameter that has a gradient; a closure is not supported."""
        for group in self.param_groups:
            params = [parameter for parameter in group["params"] if parameter.grad is not None]
            grads = [parameter.grad for parameter in params]
            if group["weight_decay"]:
                decayed = torch._foreach_add(grads, params, alpha=group["weight_decay"])
                grads = list(decayed)
            means = [self._mean_square(parameter) for parameter in params]
            torch._foreach_mul_(means, self.RHO)
            torch._foreach_addcmul_(means, grads, grads, 1 - self.RHO)
            roots = torch._foreach_sqrt(torch._foreach_add(means, self.EPSILON))
            torch._foreach_addcdiv_(params, grads, roots, -group["lr"])

    def _mean_square(self, parameter: nn.Parameter) -> torch.Tensor:
        """Return the running mean of a parameter's squared gradients, zeros at first."""
        state = self.state[parameter]
        if "mean" not in state:
            state["mean"] = torch.zeros_like(parameter)
        return state["mean"]


AUTO = Recipe()
PUBLISHED_DEEPSEA = PublishedDeepSEA(
    lr=1.0,
    batch_size=16,
    epochs=100_000,
    patience=301,  # 4_train.lua stops when its countdown is more than 300
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
    patience=6,  # Keras 0.2's EarlyStopping(patience=5) stops in the sixth epoch, not the fifth
    weight_decay=0.0,
    criterion="valid_loss",
    both_strands=True,
    inverted_dropout=False,
)
# DanQ-JASPAR's patience was never reached.
PUBLISHED_DANQ_JASPAR = dataclasses.replace(PUBLISHED_DANQ, epochs=32, patience=101)

PUBLISHED: dict[str, Recipe] = {
    "deepsea": PUBLISHED_DEEPSEA,
    "danq": PUBLISHED_DANQ,
    "danq_jaspar": PUBLISHED_DANQ_JASPAR,
}
"""The papers' recipes, by the names that `danq.catalog.Model.published_recipe` gives them."""


def choose_recipe(name: str, model: str) -> Recipe:
    """Return the recipe of a training.

    Parameters
    ----------
    name : {"auto", "published"}
        Which recipe.
    model : str
        A key of `danq.catalog.MODELS`.

    Returns
    -------
    Recipe
    """
    if name == "auto":
        return AUTO
    return PUBLISHED[MODELS[model].published_recipe]
