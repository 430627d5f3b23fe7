"""Baselines and oracles: what is known without a network, or of a simulated genome.

=============== ===============================================================================
kmer            logistic regression on the k-mers of the bin and its flanks, strands merged
scan            best match of the target's own known motif in the bin, either strand
motif           logistic regression on the sites of that motif: best, second, sum, flanks, place
boosting        gradient boosting on the sites of all known motifs: best, sum, place
oracle_rule     simulated runs: share of the bin that the planted rule marks (a ceiling)
oracle_parts    simulated runs: the same for all elements with the right parts, whether the rule
                holds or not
=============== ===============================================================================
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset, open_dataset
from danq.data.folds import refuse_all_folds
from danq.data.predictions import mean_of_known, write_predictions
from danq.errors import DanqError
from danq.evaluation.boosting import fit_boosting
from danq.evaluation.kmers import fit_kmers
from danq.evaluation.metrics import measure
from danq.evaluation.motif_scan import scan_split, target_motifs
from danq.evaluation.oracles import oracle_scores
from danq.evaluation.own_motif import fit_own_motifs
from danq.files import PathLike
from danq.records import file_input

_NO_SEED = "NA"
_STEP = "baseline"

Predict = Callable[[str], NDArray[np.float32]]
"""Takes a split, and returns the scores (N, T) of its windows."""


def predict_baseline(
    kind: str,
    dataset: PathLike,
    output: PathLike,
    *,
    motifs: PathLike = "",
    elements: PathLike | None = None,
    threads: int = 1,
) -> None:
    """Fit a baseline on the training split, and predict the test split.

    Its AUPRC on the validation split, target by target, is written beside the scores: what says
    which baseline is the strongest, without a look at the test split.

    Parameters
    ----------
    kind : str
        A baseline of `danq.catalog.BASELINES`.
    dataset : path
        dataset.h5.
    output : path
        The predictions to write: probabilities (log-odds in bits of `scan`), nan for targets that
        the baseline cannot know.
    motifs : path
        For those that need motifs: as `danq.motif.meme.known_motifs`.
    elements : path, optional
        For oracles: ``elements.tsv.gz`` of danq simulate.
    threads : int
        CPU threads; they change no result.

    Raises
    ------
    DanqError
        An oracle without `elements`; a target names a motif that is not among `motifs`, or is
        longer than a window.
    """
    with open_dataset(dataset) as data:
        windows = data.split_checksum("test")
        inputs = [data.as_input()]
        if kind.startswith("oracle"):
            if elements is None:
                raise DanqError(f"{kind} needs the truth of a simulated run; give --elements")
            scores = oracle_scores(data, elements, kind)
            inputs.append(file_input("elements", elements))
            write_predictions(
                output, scores, kind, _NO_SEED, "test", windows, inputs=inputs, step=_STEP
            )
            return
        refuse_all_folds(data, "to fit a baseline on")
        predict = _fitted(kind, data, motifs, threads)
        test = predict("test")
        areas = measure(data.labels("valid"), predict("valid"), threads, ["auprc"])
    auprc = areas["auprc"]
    write_predictions(output, test, kind, _NO_SEED, "test", windows, auprc, inputs, _STEP)
    n_known = np.count_nonzero(~np.isnan(auprc))
    if n_known:
        mean = mean_of_known(auprc)
        print(f"{kind}: mean validation AUPRC {mean:.3f} of {n_known} targets")


def _fitted(kind: str, data: Dataset, motifs: PathLike, threads: int) -> Predict:
    """Return the fitted baseline of this kind."""
    if kind == "kmer":
        fitted = fit_kmers(data, threads)
    elif kind == "boosting":
        fitted = fit_boosting(data, motifs, threads)
    else:
        matrices = target_motifs(data, motifs)
        if kind == "scan":
            return partial(scan_split, data, matrices=matrices)
        fitted = fit_own_motifs(data, matrices, threads)
    return partial(fitted.predict, data)
