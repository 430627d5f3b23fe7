"""The saved state of a training, as a schema: what cannot have been saved is refused."""

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from danq.errors import DanqError, shown
from danq.files import PathLike

Row = dict[str, int | float | str | bool | None]
Weights = dict[str, torch.Tensor]


class SavedState(BaseModel):
    """What `danq.training.interruption.save_state` saves.

    Attributes
    ----------
    weights, best : dict of str to torch.Tensor
        Of the network now, and in its best epoch (empty before the first has ended).
    optimizer : dict
        Its ``state_dict``.
    lr_scheduler : dict or None
        The same of the schedule, where there is one.
    step : int
        Steps of the present epoch that are done.
    loss_sum : torch.Tensor, ()
        Sum of the losses of the present epoch.
    seconds : float
        Spent on the present epoch.
    history : list of dict
        A row per finished epoch.
    measured : dict or None
        See `danq.training.interruption.Progress`.
    said : list of str
        The same.
    """

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    weights: Weights
    best: Weights
    optimizer: dict[str, Any]
    lr_scheduler: dict[str, Any] | None
    step: Annotated[int, Field(ge=0)]
    loss_sum: torch.Tensor
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    history: list[Row]
    measured: dict[str, Any] | None = None
    said: list[str] = []


def read_state(
    state: Mapping[str, Any], path: PathLike, steps: int, network: Mapping[str, torch.Tensor]
) -> SavedState:
    """Return a saved state, every part of which has its type and fits the network.

    Parameters
    ----------
    state : mapping
        As it was loaded.
    path : str or path-like
        The file, for the message.
    steps : int
        Steps of an epoch.
    network : mapping of str to torch.Tensor
        ``state_dict`` of the network that goes on.

    Returns
    -------
    SavedState

    Raises
    ------
    DanqError
        A part is missing, unknown, of another type or out of bounds.
    """
    try:
        saved = SavedState.model_validate(dict(state))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise unfit_state(f"{where}: {problem['msg']}", path) from None
    if saved.step > steps:
        raise unfit_state(f"step {saved.step} of {steps}", path)
    if saved.loss_sum.shape != ():
        raise unfit_state("loss_sum is not one number", path)
    for name, weights in {"weights": saved.weights, "best": saved.best}.items():
        if name == "best" and not saved.history:
            continue
        if not _has_shapes(weights, network):
            raise unfit_state(f"{name} do not fit the network", path)
    for number, row in enumerate(saved.history, 1):
        if row.get("epoch") != number or row.get("best") not in ("yes", "no"):
            raise unfit_state(f"row {number} of the history", path)
    return saved


def unfit_state(what: str, path: PathLike) -> DanqError:
    """Return the error of a state from which no training can go on.

    Parameters
    ----------
    what : str
        What is wrong.
    path : str or path-like
        The file.

    Returns
    -------
    danq.errors.DanqError
    """
    problem = f"holds a state from which this training cannot go on ({shown(what, 300)})"
    return DanqError(f"{problem}; remove this file to start anew", path)


def _has_shapes(weights: Weights, network: Mapping[str, torch.Tensor]) -> bool:
    """Say whether weights have the names and shapes of a network's."""
    shapes = {name: value.shape for name, value in weights.items()}
    return shapes == {name: value.shape for name, value in network.items()}
