"""Predictions explained base by base: which bases of a window a trained model's logit of a target rests on.

What is explained is the logit, averaged over both strands, ``F(x) = (logit(x) + logit(reverse complement of x)) / 2``:
attributions of the reverse complement are then the reverse complement of the attributions. Both methods give each
base b at each place i a hypothetical score, what it would contribute if it stood there, which is 0 in the mean over
bases (Majdandzic et al. 2023, https://doi.org/10.1186/s13059-023-02956-3, on why it should be). The score of a base
is that of the base that does stand there.

mutagenesis
    F with b at i, less the mean of F over the other three bases there. So the score of a base is the reference less
    the mean of its three substitutions: in-silico saturation mutagenesis (Alipanahi et al. 2015,
    https://doi.org/10.1038/nbt.3300; Zhou and Troyanskaya 2015, https://doi.org/10.1038/nmeth.3547).
gradients
    Integrated gradients (Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365). The baseline is 0.25 of every
    base: it needs no seed and no average over draws, it is the same for all windows and models, and is its own
    reverse complement, none of which holds for shuffled sequences. The scores of a window add up to F(x) less F of the
    baseline, but for an error of the numerical integral, which is reported: the completeness error.

An N stays an N and has the score 0. DeepLIFT is not offered: it has no rule for the products of gates in an LSTM and
takes them as linear (Shrikumar et al. 2017, https://proceedings.mlr.press/v70/shrikumar17a.html, treats only layers
that are linear or of one variable).
"""

import re
import sys

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from danq.config import Attribution
from danq.data.attributions import Attributions, write_attributions
from danq.data.dataset import open_dataset
from danq.errors import DanqError, shown
from danq.genome.bins import SPLITS
from danq.genome.peaks import unknown_chromosome
from danq.genome.tables import find_target
from danq.interpret.tracks import refuse_tracks, write_tracks
from danq.network.models import strand_probabilities, takes_any_length
from danq.network.predict import BATCH, open_model, refuse_other_data, refuse_short_windows

BASELINE = 0.25
"""Of every base, where integrated gradients begin."""

INCOMPLETE = 0.05
"""A larger completeness error is announced."""


def attribute(
    checkpoint,
    dataset,
    output,
    *,
    settings,
    device,
    threads,
    bigwig=None,
    bed=None,
    figure=None,
    npz=None,
):
    """Explain predictions of a trained model base by base.

    Parameters
    ----------
    checkpoint, dataset : path
        A trained model, and a dataset.h5 as ``danq predict`` would take for it.
    output : path
        The attributions to make, see `danq.data.attributions`.
    settings : danq.config.Attribution
    device : str
        auto, cpu or cuda.
    threads : int
        CPU threads.
    bigwig, bed, figure : path, optional
        Made as well, see `danq.interpret.tracks`.
    npz : sequence of two paths, optional
        Made as well: one-hot and hypothetical scores as TF-MoDISco reads them.

    Raises
    ------
    DanqError
        A file is unfit or not that of the model's training, a target is unknown, a region holds no bin, or a package of
        ``danq[interpret]`` is missing.
    """
    if settings.method == "gradients":
        _captum()  # missing, it is told before anything long begins
    model, facts, place = open_model(checkpoint, device, threads)
    with open_dataset(dataset) as data:
        refuse_other_data(
            data.facts(), facts["dataset"], dataset, any_length=takes_any_length(model)
        )
        refuse_short_windows(model, data.window, dataset)
        chosen = choose_targets(settings.targets, data.names)
        refuse_tracks(data, chosen, dataset, bigwig=bigwig, bed=bed, figure=figure)
        rows = (
            windows_in(data, settings.regions, chosen, dataset)
            if settings.regions
            else best_windows(model, data, chosen, settings.windows, place)
        )
        if rows.empty:
            raise DanqError(
                "no test window has a label of these targets; choose others, or give --regions",
                dataset,
            )
        found = _explain(model, data, rows, settings.method, settings.steps, place)
        found.facts.update({"model": facts["facts"]["model"], "seed": str(facts["facts"]["seed"])})
        chromosomes = data.chromosomes
    _tell_incomplete(found, output)
    write_attributions(output, found)
    write_tracks(found, chromosomes, bigwig=bigwig, bed=bed, figure=figure, npz=npz)


def _tell_incomplete(found, output):
    short = (found.table["completeness_error"] > INCOMPLETE).sum()
    if short:
        print(
            f"{output}: in {short} of {len(found.table)} rows the scores miss their sum by more than "
            f"{100 * INCOMPLETE:g} %; give more --steps, or use mutagenesis",
            file=sys.stderr,
        )


# --- which windows, which targets ---


def choose_targets(words, names):
    """Return the targets that words name.

    Parameters
    ----------
    words : list of str
        Names, or indices; a name of several targets is refused. Empty: all, where there are no more than
        `danq.config.Attribution.MOST`.
    names : list of str
        Of all targets.

    Returns
    -------
    list of int
        Indices, each once, in the order of the words.

    Raises
    ------
    DanqError
        No target is called that, or several are; or none is named, and there are many.
    """
    if not words and len(names) > Attribution.MOST:
        raise DanqError(f"there are {len(names)} targets; name those to explain with --targets")
    return (
        list(dict.fromkeys(find_target(word, names) for word in words))
        if words
        else list(range(len(names)))
    )


def best_windows(model, data, targets, n, place):
    """Choose the labelled test windows of each target that a model predicts best; says which targets have none.

    Parameters
    ----------
    model : torch.nn.Module
        In evaluation mode, on `place`.
    data : danq.data.dataset.Dataset
    targets : list of int
    n : int
        Windows for each target, at most.
    place : torch.device

    Returns
    -------
    pandas.DataFrame
        Columns split, row (in the split) and target, the targets in their order, the best window first; of windows
        predicted alike, the first in the file.
    """
    parts = [pd.DataFrame(columns=["split", "row", "target"])]
    labels = data.labels_of("test", targets)
    rows = np.flatnonzero(labels.any(axis=1))
    probabilities = _probabilities(model, data, "test", rows, targets, place)
    for target, own, predicted in zip(targets, labels[rows].T, probabilities.T, strict=True):
        if not own.any():
            print(
                f"target {shown(data.names[target])} (index {target}): no test window has its label; left out",
                file=sys.stderr,
            )
        # In whole digits of float32, so that the last ones do not choose.
        best = np.argsort(-np.where(own, predicted.round(6), -1), kind="stable")[
            : min(n, own.sum())
        ]
        parts.append(pd.DataFrame({"split": "test", "row": rows[best], "target": target}))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def _probabilities(model, data, split, rows, targets, place):
    """Return probabilities (n, len(targets)), strands averaged, of some rows of a split (int array)."""
    found = []
    for part in filter(len, np.split(rows, range(BATCH, len(rows), BATCH))):
        X = torch.from_numpy(data.one_hot(split, part)).to(place)
        found.append(strand_probabilities(model, X)[..., targets].mean(dim=0))
    return torch.cat([torch.empty(0, len(targets), device=place), *found]).cpu().numpy()


def windows_in(data, regions, targets, path):
    """Choose the windows, of any split, whose bin overlaps a region.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
    regions : list of str
        As ``chr1:100-300`` (bp, 0-based half-open).
    targets : list of int
        Each window is explained for all of them.
    path : path
        The dataset, for messages.

    Returns
    -------
    pandas.DataFrame
        Columns split, row and target; a window that several regions meet comes once.

    Raises
    ------
    DanqError
        A region is none of this genome, or overlaps no bin; the windows have no place in a genome.
    """
    if data.attributes["coordinates"] != "genome":
        raise DanqError("its windows have no place in a genome; leave out --regions", path)
    places, names, found = (
        {split: data.places(split) for split in SPLITS},
        list(data.chromosomes),
        [],
    )
    for text in regions:
        chrom, start, end = _region(text, data.chromosomes)
        own = []
        for split, (chroms, starts) in places.items():
            bins = np.where(
                chroms == names.index(chrom), starts + (data.window - data.bin_size) // 2, end
            )
            own += [
                (split, row)
                for row in np.flatnonzero((bins < end) & (bins + data.bin_size > start)).tolist()
            ]
        if not own:
            raise DanqError(
                f"--regions {text}: no window of the dataset has its {data.bin_size}-bp bin there"
                f"{_nearest(data, places, chrom, start, end)}",
                path,
            )
        found += own
    rows = [(*place, target) for place in dict.fromkeys(found) for target in targets]
    return pd.DataFrame(rows, columns=["split", "row", "target"])


def _region(text, chromosomes):
    match = re.fullmatch(r"(.+):([0-9]{1,18})-([0-9]{1,18})", text)
    if not match:
        raise DanqError(
            f"--regions {shown(text)} is not a region; give it as chr1:100-300 (0-based half-open)"
        )
    chrom, start, end = match[1], int(match[2]), int(match[3])
    if chrom not in chromosomes:
        raise DanqError(f"--regions {shown(text)}: {unknown_chromosome(chrom, list(chromosomes))}")
    if not start < end <= chromosomes[chrom]:
        raise DanqError(
            f"--regions {text} is empty or leaves {shown(chrom)} (0-{chromosomes[chrom]} bp); fix it"
        )
    return chrom, start, end


def _nearest(data, places, chrom, start, end):
    """Say where the nearest bin lies."""
    windows = np.concatenate(
        [
            starts[chroms == list(data.chromosomes).index(chrom)]
            for chroms, starts in places.values()
        ]
    )
    if not len(windows):
        return f"; it has no window on {shown(chrom)}"
    bins = windows + (data.window - data.bin_size) // 2
    apart = np.maximum(bins - end, start - (bins + data.bin_size))  # of neither does any overlap
    near = int(bins[apart.argmin()])
    return f"; the nearest is {chrom}:{near}-{near + data.bin_size}"


# --- the two methods ---


def strand_logits(model, X):
    """Return logits (N, T), averaged over the two strands, of one-hot windows X (N, 4, L)."""
    return (model(X) + model(X.flip(1, 2))) / 2


def mutagenesis(model, window, targets):
    """Put every other base at every place of a window.

    Parameters
    ----------
    model : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T), in evaluation mode.
    window : torch.Tensor, shape (4, L), float32
        One-hot, on the model's device; N is four zeros, and is left alone.
    targets : list of int

    Returns
    -------
    torch.Tensor, shape (len(targets), 4, L), float32, on the CPU
        The logit with a base at a place, less the mean over the three others: ``4/3 (F - mean F)``.
    """
    bases, places = ((window == 0) & window.any(dim=0)).nonzero(as_tuple=True)
    with torch.inference_mode():
        found = window.new_zeros(len(targets), *window.shape)
        reference = strand_logits(model, window[None])[:, targets]
        for part in torch.arange(len(bases), device=window.device).split(BATCH):
            X, rows = window.repeat(len(part), 1, 1), torch.arange(len(part), device=window.device)
            X[rows, :, places[part]] = 0
            X[rows, bases[part], places[part]] = 1
            found[:, bases[part], places[part]] = (
                strand_logits(model, X)[:, targets] - reference
            ).T
        return (4 / 3 * (found - found.mean(dim=1, keepdim=True))).cpu()


def integrated_gradients(model, window, targets, steps):
    """Integrate the gradients of a window's logits on the way from the baseline.

    Parameters
    ----------
    model, window, targets
        As `mutagenesis`.
    steps : int
        Points at which gradients are taken (Gauss-Legendre).

    Returns
    -------
    tuple of (torch.Tensor, torch.Tensor), float32, on the CPU
        Mean gradients less their mean over bases, shape (len(targets), 4, L). And completeness errors, shape
        (len(targets),): what the sum of the base scores misses of F(window) - F(baseline), as a share of it.
    """
    explain, known = _captum(), window.any(dim=0)
    baseline = BASELINE * known.expand_as(window)  # an N stays one all the way
    with torch.no_grad():
        ends = strand_logits(model, torch.stack([window, baseline]))[:, targets]
    gradients = []
    # cuDNN refuses the backward pass of an LSTM in evaluation mode, and training mode would switch dropout on.
    with torch.backends.cudnn.flags(enabled=False):
        for target in targets:
            method = explain(
                lambda X, target=target: strand_logits(model, X)[:, target],
                multiply_by_inputs=False,
            )
            gradients.append(
                method.attribute(
                    window[None], baseline[None], n_steps=steps, internal_batch_size=BATCH
                )
            )
    found = torch.cat(gradients).detach().float()
    found = (found - found.mean(dim=1, keepdim=True)) * known
    difference = ends[0] - ends[1]
    error = ((found * window).sum(dim=(1, 2)) - difference).abs() / difference.abs()
    return found.cpu(), error.cpu()


def _captum():
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise DanqError(
            'gradients need captum, which is not installed; pip install "danq[interpret]", or use method '
            "mutagenesis"
        ) from error
    return IntegratedGradients


def _explain(model, data, rows, method, steps, place):
    """Explain rows (split, row, target): each window once for all its targets. Returns Attributions."""
    shape = len(rows), 4, data.window
    one_hot, hypothetical = np.empty(shape, dtype=np.uint8), np.empty(shape, dtype=np.float32)
    probability, error = (
        np.empty(len(rows), dtype=np.float32),
        np.full(len(rows), np.nan, dtype=np.float32),
    )
    groups = rows.groupby(["split", "row"], sort=False).indices
    for (split, row), own in tqdm(
        groups.items(), "attribute", unit="window", leave=False, disable=None
    ):
        window = torch.from_numpy(data.one_hot(split, np.array([row]))[0]).to(place)
        targets = rows["target"].iloc[own].tolist()
        one_hot[own] = window.cpu().numpy()
        probability[own] = strand_probabilities(model, window[None]).mean(dim=0)[0, targets].cpu()
        if method == "mutagenesis":
            hypothetical[own] = mutagenesis(model, window, targets)
        else:
            hypothetical[own], error[own] = integrated_gradients(model, window, targets, steps)
    table = _places(data, rows).assign(probability=probability, completeness_error=error)
    facts = {
        "method": method,
        "steps": steps if method == "gradients" else 0,
        "dataset": data.checksum,
    } | {key: data.attributes[key] for key in ("window", "bin_size", "assembly", "coordinates")}
    return Attributions(facts, table, one_hot, hypothetical)


def _places(data, rows):
    """Return split, chrom, start, end, target, name and label of rows (split, row, target)."""
    table = rows[["split", "target"]].assign(chrom="", start=0, label=0)
    names = np.array(list(data.chromosomes))
    for split in rows["split"].unique():
        own = (rows["split"] == split).to_numpy()
        at, targets = (
            rows["row"][own].astype(int).to_numpy(),
            rows["target"][own].astype(int).to_numpy(),
        )
        chroms, starts = data.places(split)
        table.loc[own, "chrom"], table.loc[own, "start"] = names[chroms[at]], starts[at]
        labels = np.unpackbits(data.packed_labels(split)[at], axis=1, count=len(data.names))
        table.loc[own, "label"] = labels[np.arange(len(at)), targets]
    return table.assign(
        end=table["start"] + data.window, name=[data.names[target] for target in rows["target"]]
    )
