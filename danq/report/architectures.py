"""The networks of a run, drawn from what their trainings recorded of their layers."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pandas as pd

from danq.plotting.architecture_svg import Block, Drawn, architectures_svg
from danq.plotting.style import styles
from danq.report.findings.training import by_model
from danq.report.page import Figure, numbers
from danq.report.run import Run
from danq.report.words import description, plain, sentence, title

_LAYERS = (
    "As the trained networks are, recorded while they were trained: channels × positions of what "
    "each layer returns."
)
_FIELD = (
    "Bar: the bases that one position of the last feature map depends on, its receptive field, in "
    "the window."
)
_KINDS = {"recurrent": "LSTM", "dense": "fully connected"}
"""Kinds of layer, where text says more."""


def architectures(run: Run) -> Figure | None:
    """Draw the networks of a run, from the bases to the targets.

    None where no training says what one position sees.
    """
    window = run.facts.get("window")
    drawn = []
    rows = []
    looks = styles(run.predictors)
    for model, trained in by_model(run.trained).items():
        facts = trained[0].facts
        if isinstance(facts.get("reach"), int):
            layers = facts.get("layers") or []
            parts = blocks(layers)
            look = looks[model].colour
            drawn.append(Drawn(title(model), _facts(model, facts), look, parts, facts["reach"]))
            rows += [{"model": title(model), **layer} for layer in layers]
    if not drawn or not isinstance(window, int):
        return None
    svg = architectures_svg(drawn, window)
    table = numbers(pd.DataFrame(rows)) if rows else ()
    note = sentence(_LAYERS if rows else "", _FIELD)
    return Figure("The networks", svg, note, table=table, is_wide=True)


def _facts(model: str, facts: dict[str, Any]) -> str:
    parts = [description(model), f"{plain(facts.get('parameters'))} parameters"]
    return "; ".join(part for part in parts if part)


def blocks(layers: Sequence[dict[str, Any]]) -> list[Block]:
    """Return the parts of a network: neighbouring layers of one part together.

    Parameters
    ----------
    layers : sequence of dict
        As `danq.network.outline.outline` lists them.

    Returns
    -------
    list of Block
    """
    parts = []
    for part, members in groupby(layers, key=_part):
        of_part = list(members)
        last = of_part[-1]
        kind = _kind(of_part) if part == "body" else _layer_kind(last)
        parts.append(Block(kind, f"{last['channels']:,} × {last['positions']:,}"))
    return parts


def _part(layer: dict[str, Any]) -> str:
    """Return the part of a network that a layer is of: all layers of a body are one."""
    name = str(layer["name"])
    return "body" if name.split(".")[0] == "body" else name


def _kind(layers: Sequence[dict[str, Any]]) -> str:
    if len(layers) == 1:
        return _layer_kind(layers[0])
    kinds = {layer["kind"] for layer in layers}
    if "attention" in kinds:
        return f"attention, {len(layers)} layers"
    if kinds == {"convolution"}:
        return f"{len(layers)} convolutions"
    return f"{len(layers)} layers"


def _layer_kind(layer: dict[str, Any]) -> str:
    if layer["kind"] == "convolution":
        return f"convolution, {layer['width']} wide"
    return _KINDS.get(layer["kind"], layer["kind"])
