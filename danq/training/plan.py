"""What a configuration asks of its models, checked before their data are made."""

import torch

from danq.config import Config
from danq.errors import DanqError, DanqErrors
from danq.network.models import build

_SCALE = 0.01  # the length of a window that a model needs does not depend on how wide it is


def refuse_untrainable(settings: Config) -> None:
    """Refuse models that cannot read the windows of a run.

    Parameters
    ----------
    settings : danq.config.Config
        The configuration of a run on a genome.

    Raises
    ------
    DanqErrors
        A line for each model for which the windows are too short.
    """
    errors = []
    for model in settings.models:
        knobs = settings.train_of(model)
        try:
            with torch.device("meta"):  # which has shapes but no numbers
                build(
                    model,
                    settings.extract.window,
                    1,
                    scale=_SCALE,
                    head=knobs.head or "dense",
                    filter_width=knobs.filter_width,
                )
        except DanqError as error:
            errors.append(DanqError(f"models: {model}: {error}"))
    if errors:
        raise DanqErrors(errors)
