"""What a trained model does with a pair of motifs as their distance grows.

Both motifs are put into neutral windows, one of them, the other, neither; the interaction is what
the pair does beyond the sum of its parts, as a difference of differences of log-odds::

    interaction = logit(both) - logit(a) - logit(b) + logit(neither)

It is 0 at every distance for a model that adds up its motifs. The four constructs are those of the
in-silico motif interaction analysis of BPNet, which divides predicted counts where log-odds are
subtracted here (Avsec et al. 2021, https://doi.org/10.1038/s41588-021-00782-6); the mean over
random windows is the global importance of Koo et al. 2021
(https://doi.org/10.1371/journal.pcbi.1008925).

Predictions are means over strands, so the four arrangements of `danq.motif.sites.ARRANGEMENTS`
stand for all eight. (A pair that cannot stand in the very middle of its window stands half a base
to the left; its reverse complement, to the right.)
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from danq.config import Probe
from danq.data.dataset import open_dataset
from danq.data.shortfalls import Shortfall, largest_distance, tell
from danq.files import PathLike
from danq.genome.sequence import one_hot
from danq.interpret.constructs import (
    dinucleotides,
    distances,
    draw_backgrounds,
    fits,
    place_sites,
)
from danq.interpret.pairs import Pair, choose_pairs
from danq.motif.sites import ARRANGEMENTS, draw_sites
from danq.network.strands import BATCH
from danq.network.trained import TrainedModel, load
from danq.progress import Bar
from danq.records import Made, record_table

COLUMNS = [
    "model",
    "seed",
    "pair",
    "a",
    "b",
    "order",
    "orientation",
    "distance",
    "target",
    "name",
    "effect",
    "se",
    "n",
]
"""Columns of the table that `probe` makes."""

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
"""From windows (..., L), as base indices, to log-odds (..., T)."""

_NO_PAIR = (
    "no row: no --pairs were given, and fewer than two known motifs are named by targets "
    "(column jaspar of targets.tsv)"
)


class Interactions(NamedTuple):
    """The interactions of a pair of motifs.

    Attributes
    ----------
    means : numpy.ndarray, shape (distances, 4, T), float64
        Over the random windows, by arrangement and target (natural log-odds).
    errors : numpy.ndarray, shape (distances, 4, T), float64
        Standard errors of these means.
    """

    means: NDArray[np.float64]
    errors: NDArray[np.float64]


def probe(
    checkpoint: PathLike,
    dataset: PathLike,
    output: PathLike,
    *,
    settings: Probe,
    motifs: PathLike,
    device: str,
    threads: int,
) -> None:
    """Measure how a trained model couples pairs of motifs, by distance and arrangement.

    Parameters
    ----------
    checkpoint, dataset : path
        A trained model, and the dataset.h5 that it was trained on.
    output : path
        The table to make (TSV), a row per pair, arrangement, distance and target: ``model seed pair
        a b order orientation distance target name effect se n``. `a` and `b` are identifiers of
        motifs, `pair` the names of their factors; order and orientation as in
        `danq.motif.sites.ARRANGEMENTS`; distance between near edges (bp); target is the index, name
        its name; effect the mean interaction over n random windows (natural log-odds), se its
        standard error.
    settings : danq.config.Probe
        Pairs, random windows and distances. Each window has its own sites, which all of its
        arrangements share.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`.
    device : str
        auto, cpu, cuda or mps.
    threads : int
        CPU threads.

    Raises
    ------
    DanqError
        A file cannot be used, a pair names no known motif or several, or does not fit the window.
    """
    rng = np.random.default_rng(settings.seed)
    model = load(checkpoint, device=device, threads=threads)
    with open_dataset(dataset) as data:
        model.refuse_other_data(data)
        pairs = choose_pairs(settings.pairs, data, motifs)
        if not settings.pairs:
            pairs = [pair for pair in pairs if fits(data.window, *pair)]
        spacings = []
        for a, b in pairs:
            spacing = distances(data.window, a, b, settings.step, settings.largest)
            spacings.append(spacing)
        tell(_largest(pairs, spacings, settings), output)
        counts = dinucleotides(data)
        made = Made("probe", model.inputs(data))
        backgrounds = draw_backgrounds(counts, settings.backgrounds, data.window, rng)
    predict = partial(window_log_odds, model)
    interactions = _measure(predict, backgrounds, pairs, spacings, rng)
    table = _table(pairs, spacings, interactions, model.targets)
    table["model"] = model.facts["model"]
    table["seed"] = model.facts["seed"]
    table["n"] = settings.backgrounds
    record_table(output, table[COLUMNS], made)
    summary = _summary(pairs, spacings, settings.backgrounds)
    print(f"{output}: {summary}", file=sys.stderr)


def _largest(
    pairs: Sequence[Pair], spacings: Sequence[NDArray[np.int64]], settings: Probe
) -> list[Shortfall]:
    """Compare the largest distance of each pair with the one asked for: a window may be short."""
    found = []
    for pair, spacing in zip(pairs, spacings, strict=True):
        last = int(spacing[-1])
        found.append(largest_distance(pair.name, settings.step, settings.largest, last))
    return found


def _summary(pairs: Sequence[Pair], spacings: Sequence[NDArray[np.int64]], n: int) -> str:
    """Say what was probed."""
    if not pairs:
        return _NO_PAIR
    names = ", ".join(pair.name for pair in pairs)
    largest = max(max(spacing) for spacing in spacings)
    return f"{names}, up to {largest} bp apart, in {n} random windows"


# --- predictions ---


def window_log_odds(model: TrainedModel, indices: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Predict windows, as log-odds of the mean of the probabilities of either strand.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        What predicts.
    indices : numpy.ndarray, shape (..., L), uint8
        Bases 0 to 3.

    Returns
    -------
    numpy.ndarray, shape (..., T), float64
        Natural log-odds.
    """
    *shape, length = indices.shape
    windows = indices.reshape(-1, length)
    batches = []
    with torch.inference_mode():
        for start in range(0, len(windows), BATCH):
            batch = windows[start : start + BATCH]
            X = _tensor(batch, model.device)
            batches.append(model.log_odds(X).cpu().numpy())
    rows = np.concatenate(batches)
    return rows.reshape(*shape, -1)


def _tensor(indices: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """Return windows as one-hot float32 (n, 4, L) on a device."""
    channels_last = torch.from_numpy(one_hot(indices))
    channels_first = channels_last.to(device).transpose(1, 2)
    return channels_first.float().contiguous()


def interaction(
    predict: Predict,
    backgrounds: NDArray[np.uint8],
    a: NDArray[np.uint8],
    b: NDArray[np.uint8],
    distance: int,
    neither: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return what two sites do together beyond the sum of what each does alone.

    Parameters
    ----------
    predict : callable
        From windows (..., L), uint8, to log-odds (..., T).
    backgrounds : numpy.ndarray, shape (n, L), uint8
        Windows without sites.
    a, b : numpy.ndarray, shapes (n, width), uint8
        A site of each motif for each window.
    distance : int
        Between their near edges (bp).
    neither : numpy.ndarray, shape (n, T)
        ``predict(backgrounds)``, the same at all distances.

    Returns
    -------
    numpy.ndarray, shape (4, n, T), float64
        In the order of `danq.motif.sites.ARRANGEMENTS`.
    """
    constructs = place_sites(backgrounds, a, b, distance)
    both = predict(constructs.both)
    only_a = predict(constructs.only_a)
    only_b = predict(constructs.only_b)
    only_a = np.tile(only_a, (2, 1, 1))  # either orientation of b
    return both - only_a - only_b + neither


def _measure(
    predict: Predict,
    backgrounds: NDArray[np.uint8],
    pairs: Sequence[Pair],
    spacings: Sequence[NDArray[np.int64]],
    rng: np.random.Generator,
) -> list[Interactions]:
    """Return the interactions of each pair at its distances."""
    neither = predict(backgrounds)
    n = len(backgrounds)
    interactions = []
    total = sum(len(spacing) for spacing in spacings)
    with Bar(desc="probe", total=total, unit="distance") as progress:
        for pair, spacing in zip(pairs, spacings, strict=True):
            a = draw_sites(pair.a.matrix, n, rng)
            b = draw_sites(pair.b.matrix, n, rng)
            means = []
            errors = []
            for distance in spacing:
                effects = interaction(predict, backgrounds, a, b, distance, neither)
                deviations = effects.std(axis=1, ddof=1)
                means.append(effects.mean(axis=1))
                errors.append(deviations / np.sqrt(n))
                progress.update()
            pair_interactions = Interactions(np.stack(means), np.stack(errors))
            interactions.append(pair_interactions)
    return interactions


# --- the table ---


def _table(
    pairs: Sequence[Pair],
    spacings: Sequence[NDArray[np.int64]],
    interactions: Sequence[Interactions],
    names: Sequence[str],
) -> pd.DataFrame:
    """Return the rows of all pairs."""
    if not pairs:
        return pd.DataFrame(columns=COLUMNS)
    tables = []
    for pair, spacing, effects in zip(pairs, spacings, interactions, strict=True):
        tables.append(_pair_table(pair, spacing, effects, names))
    return pd.concat(tables)


def _pair_table(
    pair: Pair, spacing: NDArray[np.int64], effects: Interactions, names: Sequence[str]
) -> pd.DataFrame:
    """Return the rows of a pair, sorted by arrangement, target and distance."""
    axes = {
        "distance": spacing,
        "arrangement": range(len(ARRANGEMENTS)),
        "target": range(len(names)),
    }
    index = pd.MultiIndex.from_product(axes.values(), names=axes.keys())
    table = index.to_frame(index=False)
    arrangements = np.array(ARRANGEMENTS)[table["arrangement"]]
    table["order"] = arrangements[:, 0]
    table["orientation"] = arrangements[:, 1]
    table["name"] = np.array(names)[table["target"]]
    table["effect"] = effects.means.ravel().round(6)
    table["se"] = effects.errors.ravel().round(6)
    table["pair"] = pair.name
    table["a"] = pair.a.name
    table["b"] = pair.b.name
    return table.sort_values(["order", "orientation", "target", "distance"], kind="stable")
