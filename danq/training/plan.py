"""What a configuration asks of its models, checked before their data are made."""

import torch

from danq.config import Config
from danq.errors import DanqError, DanqErrors
from danq.motif.meme import known_motifs
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
    _refuse_many_motifs(settings)


def _refuse_many_motifs(settings: Config) -> None:
    """Refuse more known motifs than a model has filters, where its width is given."""
    errors = []
    for model in settings.models:
        knobs = settings.train_of(model)
        scale = knobs.scale or (1.0 if knobs.recipe == "published" else None)
        if knobs.initialise_from != "known" or scale is None:
            continue
        filter_scale = knobs.filter_scale or 1.0
        with torch.device("meta"):
            window = settings.extract.window
            network = build(model, window, 1, scale=scale, filter_scale=filter_scale)
        if network.stem is None:
            continue
        n = len(known_motifs(settings.motifs))
        n_filters = network.stem.conv.out_channels
        if n > n_filters:
            what = f"models: {model}: {n} known motifs do not fit {n_filters} filters; give fewer"
            errors.append(DanqError(f"{what} (a MEME file), or a larger train.scale"))
    if errors:
        raise DanqErrors(errors)
