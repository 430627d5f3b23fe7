"""Predictions explained base by base: which bases of a window a model's logit of a target rests on.

The two methods, and what is explained, are in `danq.interpret.contributions`.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from danq.config import Attribution
from danq.data.attributions import Attributions, write_attributions
from danq.data.dataset import Dataset, open_dataset
from danq.errors import DanqError
from danq.files import PathLike
from danq.interpret.contributions import integrated_gradients, load_captum, mutagenesis
from danq.interpret.selection import choose_targets, chosen_windows, windows_in
from danq.interpret.tracks import refuse_tracks, write_tracks
from danq.network.strands import strand_probabilities
from danq.network.trained import TrainedModel, load
from danq.progress import Bar

INCOMPLETE = 0.05
"""Completeness error (as a share) above which a row is reported."""


def attribute(
    checkpoint: PathLike,
    dataset: PathLike,
    output: PathLike,
    *,
    settings: Attribution,
    device: str,
    threads: int,
    bigwig: PathLike | None = None,
    bed: PathLike | None = None,
    figure: PathLike | None = None,
    npz: Sequence[PathLike] | None = None,
) -> None:
    """Explain predictions of a trained model base by base.

    Parameters
    ----------
    checkpoint, dataset : path
        A trained model, and a dataset.h5 as ``danq predict`` would take for it.
    output : path
        The attributions to make, see `danq.data.attributions`.
    settings : danq.config.Attribution
        The method, and which windows and targets are explained.
    device : str
        auto, cpu, cuda or mps.
    threads : int
        CPU threads.
    bigwig, bed, figure : path, optional
        Further files to make, see `danq.interpret.tracks`.
    npz : sequence of two paths, optional
        Further files to make: one-hot and hypothetical scores as TF-MoDISco reads them.

    Raises
    ------
    DanqError
        A file cannot be used, the dataset is not that of the training, a target is unknown, a
        region holds no bin, or a package of ``danq[interpret]`` is missing.
    """
    if settings.method == "gradients":
        load_captum()  # a missing package is reported before anything long begins
    model = load(checkpoint, device=device, threads=threads)
    with open_dataset(dataset) as data:
        model.refuse_other_data(data)
        targets = choose_targets(settings.targets, data.names)
        refuse_tracks(data, targets, dataset, bigwig=bigwig, bed=bed, figure=figure)
        rows = _choose_rows(model, data, targets, settings, dataset)
        attributions = explain(model, data, rows, settings)
        chromosomes = data.chromosomes
        inputs = model.inputs(data)
    _report_incomplete(attributions, output)
    write_attributions(output, attributions, inputs)
    write_tracks(attributions, chromosomes, bigwig=bigwig, bed=bed, figure=figure, npz=npz)


def _choose_rows(
    model: TrainedModel,
    data: Dataset,
    targets: Sequence[int],
    settings: Attribution,
    path: PathLike,
) -> pd.DataFrame:
    """Return which windows are explained for which targets: split, row and target."""
    if settings.regions:
        return windows_in(data, settings.regions, targets, path)
    rows = chosen_windows(model, data, targets, settings.windows)
    if rows.empty:
        what = "no test window has a label of these targets; choose others, or give --regions"
        raise DanqError(what, path)
    return rows


def _report_incomplete(attributions: Attributions, output: PathLike) -> None:
    """Report rows whose scores miss their sum by much."""
    errors = attributions.table["completeness_error"]
    n_incomplete = (errors > INCOMPLETE).sum()
    if n_incomplete:
        rows = f"in {n_incomplete} of {len(errors)} rows"
        what = f"{rows} the scores miss their sum by more than {100 * INCOMPLETE:g} %"
        print(f"{output}: {what}; give more --steps, or use mutagenesis", file=sys.stderr)


def explain(
    model: TrainedModel, data: Dataset, rows: pd.DataFrame, settings: Attribution
) -> Attributions:
    """Explain predictions of some windows, each once for all of its targets.

    Parameters
    ----------
    model : danq.network.trained.TrainedModel
        Whose predictions are explained.
    data : danq.data.dataset.Dataset
        Where the windows come from.
    rows : pandas.DataFrame
        Columns split, row (in the split) and target.
    settings : danq.config.Attribution
        Its method and steps.

    Returns
    -------
    danq.data.attributions.Attributions
        A row for each of `rows`, in their order.
    """
    n = len(rows)
    shape = (n, 4, data.window)
    one_hot = np.empty(shape, dtype=np.uint8)
    hypothetical = np.empty(shape, dtype=np.float32)
    probability = np.empty(n, dtype=np.float32)
    error = np.full(n, np.nan, dtype=np.float32)
    network = model.network
    groups = rows.groupby(["split", "row"], sort=False).indices
    windows = Bar(groups.items(), "attribute", unit="window")
    for (split, row), members in windows:
        window = _window(data, split, row).to(model.device)
        targets = rows["target"].iloc[members].tolist()
        one_hot[members] = window.cpu().numpy()
        probability[members] = _probabilities(model, window)[targets]
        if settings.method == "mutagenesis":
            hypothetical[members] = mutagenesis(network, window, targets)
        else:
            gradients = integrated_gradients(network, window, targets, settings.steps)
            hypothetical[members] = gradients.scores
            error[members] = gradients.completeness_error
    table = _table(data, rows)
    table["probability"] = probability
    table["completeness_error"] = error
    facts = _facts(model, data, settings)
    return Attributions(facts, table, one_hot, hypothetical)


def _window(data: Dataset, split: str, row: int) -> torch.Tensor:
    """Return one window as one-hot, float32 (4, L), on the CPU."""
    windows = data.one_hot(split, np.array([row]))
    return torch.from_numpy(windows[0])


def _probabilities(model: TrainedModel, window: torch.Tensor) -> torch.Tensor:
    """Return the probabilities of a window, strands averaged, float32 (T,), on the CPU."""
    strands = strand_probabilities(model.network, window[None])
    return strands.mean(dim=0)[0].cpu()


def _facts(model: TrainedModel, data: Dataset, settings: Attribution) -> dict[str, Any]:
    """Return the attributes that say how the file was made."""
    steps = settings.steps if settings.method == "gradients" else 0
    facts = {"method": settings.method, "steps": steps, "dataset": data.checksum}
    for key in ("window", "bin_size", "assembly", "coordinates"):
        facts[key] = data.attributes[key]
    facts["model"] = model.facts["model"]
    facts["seed"] = str(model.facts["seed"])
    return facts


def _table(data: Dataset, rows: pd.DataFrame) -> pd.DataFrame:
    """Return split, target, name, chrom, start, end and label of rows (split, row, target)."""
    table = rows[["split", "target"]].assign(chrom="", start=0, label=0)
    table["name"] = [data.names[target] for target in rows["target"]]
    names = np.array(list(data.chromosomes))
    for split, members in rows.groupby("split", sort=False):
        positions = data.positions(split)
        index = members.index
        row = members["row"].to_numpy(int)
        target = members["target"].to_numpy(int)
        table.loc[index, "chrom"] = names[positions.chrom[row]]
        table.loc[index, "start"] = positions.start[row]
        table.loc[index, "label"] = _labels(data, split, row, target)
    table["end"] = table["start"] + data.window
    return table


def _labels(
    data: Dataset, split: str, rows: NDArray[np.int64], targets: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Return the label of each row (of a split) for its target."""
    packed = data.packed_labels(split)[rows]
    labels = np.unpackbits(packed, axis=1, count=len(data.names))
    return labels[np.arange(len(rows)), targets]
