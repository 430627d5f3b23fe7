"""What a run was asked for and did not reach, in one table."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from pydantic import ValidationError

from danq.config import Ablation, Attribution, Motifs, Probe
from danq.data.shortfalls import (
    ABLATION,
    ATTRIBUTION,
    Shortfall,
    largest_distance,
    recorded_shortfalls,
    shortfalls,
    windows_of_targets,
    windows_with_labels,
)
from danq.errors import DanqError
from danq.genome.tables import find_target
from danq.report.run import Run

_SECTIONS = {"filters": Motifs, "ablation": Ablation, "probe": Probe, "attribution": Attribution}


def reached(run: Run, settings: dict[str, Any]) -> pd.DataFrame:
    """Return what was asked for and not reached.

    Parameters
    ----------
    run : danq.report.run.Run
        A finished run.
    settings : dict
        Its resolved configuration; empty when unknown.

    Returns
    -------
    pandas.DataFrame
        Columns what (in words), asked and reached (numbers).
    """
    found = recorded_shortfalls(run.source)
    try:
        sections = {name: kind(**settings[name]) for name, kind in _SECTIONS.items()}
    except (KeyError, TypeError, ValidationError):  # of another version, or none
        sections = {}
    if sections:
        found += shortfalls(_of_steps(run, **sections))
    return pd.DataFrame(found, columns=Shortfall._fields, dtype=object)


def _of_steps(
    run: Run, filters: Motifs, ablation: Ablation, probe: Probe, attribution: Attribution
) -> Iterator[Shortfall]:
    """Yield what the steps after the trainings were asked for, and what there was."""
    yield from _of_filters(run, filters)
    yield from _of_ablation(run, ablation)
    yield from _of_probe(run, probe)
    yield from _of_attribution(run, attribution)


def _of_filters(run: Run, settings: Motifs) -> Iterator[Shortfall]:
    """Yield the windows in which filters are read."""
    n = _labelled_windows(run, settings)
    if n is not None and any(len(training.matches) for training in run.trained):
        yield windows_with_labels(settings.windows, n, settings.split, settings.target)


def _labelled_windows(run: Run, settings: Motifs) -> int | None:
    """Return how many windows have the label in which filters look for sites."""
    if settings.target is None:
        split = run.description.get("splits", {}).get(settings.split, {})
        by_labels = split.get("windows_by_labels")
        return None if by_labels is None else sum(by_labels[1:])
    positives = run.positives.get(settings.split)
    try:
        target = _target(run, settings.target)
    except DanqError:
        return None
    return None if positives is None else int(positives[target])


def _target(run: Run, word: str) -> int:
    """Return the index of the target that a word names."""
    position = find_target(word, list(run.targets["name"]))
    return int(run.targets.index[position])


def _of_ablation(run: Run, settings: Ablation) -> Iterator[Shortfall]:
    """Yield the windows of each target in which filters were ablated, of the first model."""
    tables = [training.ablation for training in run.trained if len(training.ablation)]
    if tables:
        positives = tables[0].groupby("target")["n"].first().astype(int).tolist()
        yield from windows_of_targets(settings.windows, positives, settings.split, ABLATION)


def _of_probe(run: Run, settings: Probe) -> Iterator[Shortfall]:
    """Yield the largest distance at which each pair was probed."""
    if run.grammar is not None:
        for pair, distances in run.grammar.groupby("pair", sort=False)["distance"]:
            yield largest_distance(str(pair), settings.step, settings.largest, int(distances.max()))


def _of_attribution(run: Run, settings: Attribution) -> Iterator[Shortfall]:
    """Yield the windows of each target that were explained."""
    positives = run.positives.get("test")
    if not run.attributions or settings.regions or positives is None:
        return
    try:
        chosen = [_target(run, word) for word in settings.targets] or range(len(positives))
    except DanqError:
        return
    numbers = [int(positives[target]) for target in chosen]
    yield from windows_of_targets(settings.windows, numbers, "test", ATTRIBUTION)
