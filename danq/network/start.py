"""A training that begins with the weights of another: what is read of its checkpoint, and taken."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from danq.catalog import MODELS
from danq.errors import DanqError
from danq.files import PathLike
from danq.network.checkpoint import Checkpoint, load_checkpoint
from danq.network.models import Network, takes_any_length
from danq.network.parts import fold_dropout, part_of, parts_up_to, unfold_dropout
from danq.records import file_input

STEM_KNOBS = ("scale", "filter_scale", "stem", "filter_width")
"""Knobs that decide which first filters a network has."""

SHAPE_KNOBS = (*STEM_KNOBS, "head", "gates")
"""Knobs that decide which weights a network has, and what is computed with them."""


class Start(NamedTuple):
    """A checkpoint that a training begins with.

    Attributes
    ----------
    path : str
        Where it was.
    sha256 : str
        Checksum of its bytes.
    up_to : {"stem", "body", "head"}
        Last part of the network that is taken from it.
    checkpoint : danq.network.checkpoint.Checkpoint
        The model, and how it was trained.
    """

    path: str
    sha256: str
    up_to: str
    checkpoint: Checkpoint

    @property
    def model(self) -> str:
        """Name of its model."""
        return self.checkpoint.facts["model"]

    @property
    def targets(self) -> list[str]:
        """Names of its targets."""
        return self.checkpoint.data_facts["names"]

    @property
    def sizes(self) -> dict[str, int]:
        """Sizes of its network that are not the published ones, where all of that is taken."""
        return {} if self.up_to == "stem" else self.checkpoint.facts.get("sizes", {})

    def knobs(self) -> dict[str, Any]:
        """Return the knobs of its training that what is taken depends on, by name."""
        names = STEM_KNOBS if self.up_to == "stem" else SHAPE_KNOBS
        options = self.checkpoint.facts["options"]
        return {name: options[name] for name in names}

    def facts(self, held_out: Mapping[str, Sequence[str]] | None) -> dict[str, Any]:
        """Return what train.json says of it.

        Parameters
        ----------
        held_out : mapping of str to sequence of str, or None
            Regions of the splits valid and test of the training that begins with it.

        Returns
        -------
        dict of str to plain values
            See `danq.network.facts.StartFact`.
        """
        seen = self.seen(held_out)
        return {
            "path": self.path,
            "sha256": self.sha256,
            "up_to": self.up_to,
            "model": self.model,
            "seed": self.checkpoint.facts["seed"],
            "targets": len(self.targets),
            "assembly": self.checkpoint.data_facts["assembly"],
            "seen": seen,
        }

    def seen(self, held_out: Mapping[str, Sequence[str]] | None) -> list[str] | None:
        """Return which held-out regions its own training may have learnt from.

        Parameters
        ----------
        held_out : mapping of str to sequence of str, or None
            As for `facts`.

        Returns
        -------
        list of str, or None
            Regions that neither are held out there, nor lie on a chromosome that is; None where
            the regions of one of the two are not known.
        """
        own = self.checkpoint.data_facts["splits"]
        if not own or not held_out:
            return None
        unseen = {region for regions in own.values() for region in regions}
        wanted = [region for regions in held_out.values() for region in regions]
        return [
            region
            for region in dict.fromkeys(wanted)
            if region not in unseen and region.rpartition(":")[0] not in unseen
        ]


def open_start(path: PathLike, up_to: str) -> Start:
    """Read a checkpoint that a training begins with.

    Parameters
    ----------
    path : str or path-like
        A checkpoint of danq.
    up_to : {"stem", "body", "head"}
        Last part of the network that will be taken.

    Returns
    -------
    Start
        Its network has no factors of dropout outside training: see
        `danq.network.parts.fold_dropout`.

    Raises
    ------
    DanqError
        It cannot be read, or is no whole checkpoint of danq.
    """
    checksum = file_input("start", path).checksum
    checkpoint = load_checkpoint(path)
    fold_dropout(checkpoint.network)
    return Start(str(path), checksum, up_to, checkpoint)


def refuse_other_model(start: Start, model: str, knobs: Mapping[str, Any]) -> None:
    """Refuse a checkpoint whose weights have no place in a model.

    Parameters
    ----------
    start : Start
        The checkpoint.
    model : str
        A key of `danq.catalog.MODELS`: the model in training.
    knobs : mapping of str to value
        Knobs of its training; one that is None or missing is not decided yet.

    Raises
    ------
    DanqError
        Names what differs.
    """
    if start.up_to == "stem":
        for name in (start.model, model):
            if not MODELS[name].has_filters:
                what = f"start_up_to stem takes first filters, and {name} has none"
                raise DanqError(f"{what}; name another checkpoint, or leave the model out")
    elif start.model != model:
        what = f"holds {start.model}, which {model} cannot begin with"
        advice = f"give train.models.{model}.start a checkpoint of {model}, or start_up_to stem"
        raise DanqError(f"{what}; {advice}", start.path)
    own = start.knobs()
    for name in _compared_knobs(start, model):
        given = knobs.get(name)
        if given is not None and given != own[name]:
            what = f"was trained with {name} {own[name]}, and this training has {given}"
            raise DanqError(f"{what}; give train.{name} {own[name]}", start.path)


def _compared_knobs(start: Start, model: str) -> list[str]:
    """Return the knobs that must be the same; of others, the shapes of the weights tell."""
    if start.up_to == "stem":
        return ["stem"]
    names = ["scale", "filter_scale", "stem", "head"]
    return [*names, "gates"] if MODELS[model].recurrent else names


def refuse_other_data(
    start: Start, window: int, alphabet: str, names: Sequence[str] | None
) -> None:
    """Refuse a checkpoint whose weights do not fit the windows, or the targets, of a training.

    Parameters
    ----------
    start : Start
        The checkpoint.
    window : int
        Length of the training windows (bp).
    alphabet : str
        Order of their channels.
    names : sequence of str, or None
        Names of their targets, where they are known.

    Raises
    ------
    DanqError
        Names what differs.
    """
    own = start.checkpoint.data_facts
    if own["alphabet"] != alphabet:
        what = f"has channels in the order {own['alphabet']}, not {alphabet}"
        raise DanqError(f"{what}; name another checkpoint", start.path)
    fixed = start.up_to != "stem" and not takes_any_length(start.checkpoint.network)
    if fixed and own["window"] != window:
        what = f"reads windows of {own['window']:,} bp, and those to train on have {window:,}"
        advice = f"give extract.window {own['window']}, or start_up_to stem"
        raise DanqError(f"{what}; {advice}", start.path)
    if start.up_to == "head" and names is not None and list(names) != start.targets:
        what = "has other targets, or in another order, and start_up_to head takes them over"
        raise DanqError(f"{what}; give start_up_to body: the head begins anew", start.path)


def refuse_other_shapes(start: Start, network: Network) -> None:
    """Refuse a checkpoint some of whose weights have another shape than a network's.

    Parameters
    ----------
    start : Start
        The checkpoint.
    network : danq.network.models.Network
        That is to begin with it; may be one of shapes only, on the device meta.

    Raises
    ------
    DanqError
        A weight is missing, or has another shape.
    """
    source = start.checkpoint.network.state_dict()
    for name, weight in taken_weights(start, network).items():
        if name not in source or source[name].shape != weight.shape:
            there = _shape(source.get(name))
            what = f"its {name} is {there}, and that of this training {_shape(weight)}"
            advice = "give the knobs of that training, and windows of its length"
            raise DanqError(f"{what}; {advice}", start.path)


def taken_weights(start: Start, network: Network) -> dict[str, torch.Tensor]:
    """Return the weights of a network that a checkpoint gives.

    Parameters
    ----------
    start : Start
        The checkpoint.
    network : danq.network.models.Network
        That is to begin with it.

    Returns
    -------
    dict of str to torch.Tensor
        Its own weights up to the part that is taken, by name.
    """
    parts = parts_up_to(start.up_to)
    weights = network.state_dict()
    return {name: weight for name, weight in weights.items() if part_of(name) in parts}


@torch.no_grad()
def take_weights(network: Network, start: Start) -> list[str]:
    """Copy the weights of a checkpoint into a network, in place, up to a part of it.

    Parameters
    ----------
    network : danq.network.models.Network
        The network in training; what is not taken keeps its weights.
    start : Start
        Where the weights come from.

    Returns
    -------
    list of str
        For each first filter, which one of which model it is; empty where there are none.

    Raises
    ------
    DanqError
        A weight is missing, or has another shape.
    """
    refuse_other_shapes(start, network)
    source = start.checkpoint.network.state_dict()
    for name, weight in taken_weights(start, network).items():
        weight.copy_(source[name])
    unfold_dropout(network, parts_up_to(start.up_to))
    if network.stem is None:
        return []
    n_filters = network.stem.conv.out_channels
    seed = start.checkpoint.facts["seed"]
    return [f"filter{number} of {start.model} seed {seed}" for number in range(n_filters)]


def _shape(weight: torch.Tensor | None) -> str:
    """Return the shape of a weight as text: 320 x 4 x 26."""
    if weight is None:
        return "missing"
    return " x ".join(map(str, weight.shape)) or "a number"
