"""The space that a search of `danq tune` draws from, around the given configuration."""

from typing import Any

from danq.config import Tune

SEARCHED = ("lr", "dropout", "scale", "shift")
"""The knobs that are searched."""


def distributions(optuna: Any, lr: float, scale: float) -> dict[str, Any]:
    """Return what each searched knob is drawn from.

    Parameters
    ----------
    optuna : module
        As `danq.training.study.load_optuna` returns it.
    lr, scale : float
        The given learning rate and scale, around which others are tried.

    Returns
    -------
    dict of str to optuna.distributions.BaseDistribution
        By the names of `SEARCHED`.
    """
    kinds = optuna.distributions
    lowest, highest = Tune.LR
    scales = [scale * factor for factor in Tune.SCALE]
    return {
        "lr": kinds.FloatDistribution(lr * lowest, lr * highest, log=True),
        "dropout": kinds.FloatDistribution(*Tune.DROPOUT),
        "scale": kinds.CategoricalDistribution(scales),
        "shift": kinds.IntDistribution(*Tune.SHIFT),
    }


def describe(space: dict[str, Any]) -> str:
    """Return a space, as `distributions` returns it, in words."""
    lr = space["lr"]
    dropout = space["dropout"]
    shift = space["shift"]
    scales = ", ".join(f"{scale:g}" for scale in space["scale"].choices)
    return (
        f"lr {lr.low:.3g} to {lr.high:.3g} (by its logarithm), dropout {dropout.low:g} to "
        f"{dropout.high:g}, scale {scales}, shift {shift.low} to {shift.high} bp"
    )
