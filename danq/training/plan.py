"""What a configuration asks of its models, checked before their data are made."""

import torch

from danq.config import Config, Train
from danq.errors import DanqError, DanqErrors
from danq.motif.meme import known_motifs
from danq.network.facts import KNOBS
from danq.network.models import build
from danq.network.start import refuse_other_data, refuse_other_shapes
from danq.training.warm_start import start_of

_SCALE = 0.01  # the length of a window that a model needs does not depend on how wide it is


def refuse_untrainable(settings: Config) -> None:
    """Refuse models that cannot read the windows of a run, or begin with what they are to.

    Parameters
    ----------
    settings : danq.config.Config
        The configuration of a run on a genome.

    Raises
    ------
    DanqErrors
        A line for each model for which the windows are too short, or whose checkpoint to begin
        with cannot be read or does not fit.
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
    _refuse_unfit_starts(settings)


def _refuse_unfit_starts(settings: Config) -> None:
    """Refuse checkpoints whose weights do not fit the models that are to begin with them."""
    errors = []
    for model in settings.models:
        try:
            _refuse_unfit_start(model, settings.train_of(model), settings.extract.window)
        except DanqError as error:
            errors.append(DanqError(f"models: {model}: {error}"))
    if errors:
        raise DanqErrors(errors)


def _refuse_unfit_start(model: str, knobs: Train, window: int) -> None:
    """Refuse the checkpoint of a model, as far as it can be known before there are data."""
    start = start_of(knobs, model)
    if start is None:
        return
    refuse_other_data(start, window, "ACGT", None)
    own = {**start.checkpoint.facts["options"], **start.knobs()}
    given = knobs.model_dump()
    chosen = {name: own[name] if given[name] is None else given[name] for name in KNOBS}
    with torch.device("meta"):
        network = build(model, window, len(start.targets), sizes=start.sizes, **chosen)
    refuse_other_shapes(start, network)


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
