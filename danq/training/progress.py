"""How far a training has come: the step of the epoch, the epochs so far, the best weights."""

from dataclasses import dataclass, field
from typing import Any

import torch

Row = dict[str, Any]
"""One epoch of the history: column to plain value."""


@dataclass
class Progress:
    """What changes while a model trains, beside its weights and its optimiser.

    Attributes
    ----------
    loss_sum : torch.Tensor, float32, ()
        Sum of the losses of the windows of the present epoch, on the device.
    step : int
        Steps of the present epoch that are done.
    seconds : float
        Time that earlier processes spent on the present epoch (s).
    history : list of dict
        One row per finished epoch.
    best : dict of str to torch.Tensor
        Weights of the best epoch, on the CPU; empty before the first has ended.
    """

    loss_sum: torch.Tensor
    step: int = 0
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """The present epoch, counted from 0."""
        return len(self.history)

    @property
    def best_epoch(self) -> int:
        """The best epoch so far, counted from 1; 0 before the first has ended."""
        for row in self.history:
            if row["best"] == "yes":
                return row["epoch"]
        return 0

    def finished(self, epochs: int, patience: int) -> bool:
        """Say whether a training is over.

        Parameters
        ----------
        epochs : int
            How many there are at most.
        patience : int
            How many without a better one end the training.

        Returns
        -------
        bool
        """
        since_best = self.epoch - self.best_epoch
        return self.epoch == epochs or since_best >= patience

    def add(self, row: Row, weights: dict[str, torch.Tensor], criterion: str) -> Row:
        """Add a finished epoch, and keep its weights if it is the best so far.

        Parameters
        ----------
        row : dict
            The epoch, without the column ``best``.
        weights : dict of str to torch.Tensor
            The network's ``state_dict`` after it.
        criterion : str
            The column that decides; ``valid_loss`` is better where it is lower.

        Returns
        -------
        dict
            The row with its column ``best``.
        """
        better = self._is_better(row, criterion)
        if better:
            self.best = _on_cpu(weights)
            self.history = [{**earlier, "best": "no"} for earlier in self.history]
        label = "yes" if better else "no"
        complete = {**row, "best": label}
        self.history.append(complete)
        return complete

    def _is_better(self, row: Row, criterion: str) -> bool:
        """Say whether an epoch is better than every earlier one."""
        sign = -1 if criterion == "valid_loss" else 1
        score = sign * row[criterion]
        return all(score > sign * earlier[criterion] for earlier in self.history)

    def begin_epoch(self) -> None:
        """Set back what counts within an epoch."""
        self.step = 0
        self.loss_sum = torch.zeros_like(self.loss_sum)
        self.seconds = 0.0


def _on_cpu(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return copies of weights, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in weights.items()}
