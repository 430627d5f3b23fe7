"""Signs that a network does not learn: said while it trains, and kept in the facts of its training.

They are looked for after each validation by the process that leads, and change nothing of the
training: no weight, no random draw.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from danq.catalog import MODELS
from danq.data.dataset import Dataset
from danq.errors import DanqError
from danq.evaluation.baselines import evenly_spaced, scan_scores, target_motifs
from danq.evaluation.metrics import measure
from danq.network.batches import reverse_complement
from danq.network.motif_layers import Layer, motif_layers
from danq.training.interruption import Progress
from danq.training.learner import Learner
from danq.training.options import Options
from danq.training.record import log
from danq.training.validate import Validated, Validation

GUESSING_AFTER = 1 / 4
"""Share of the planned epochs after which a network should do better than guessing."""

BELOW_SCAN_AFTER = 1 / 2
"""Share of the planned epochs after which it should do better than a scan with known motifs."""

SILENT_SHARE = 1 / 4
"""More first filters than this share may not be silent."""

SCANNED_TARGETS = 20
"""Targets whose known motif is scanned for, at most; of more, evenly spaced ones."""

SCANNED_WINDOWS = 10_000
"""Validation windows that are scanned, at most; of more, evenly spaced ones."""

FILTERED_WINDOWS = 256
"""Validation windows to which filters may respond; evenly spaced ones."""

_BATCH = 32  # windows that filters respond to at once


class Measurement(NamedTuple):
    """What tells whether a network learns, after an epoch.

    Attributes
    ----------
    auprc, prevalence : float
        Means over the targets whose validation AUPRC is defined: AUPRC, and share of positive
        windows, which is the AUPRC of guessing.
    filters, silent : int
        First filters that end in a ReLU, and those of them that respond to nothing.
    scanned : int
        Targets whose own known motif was scanned for.
    auprc_of_scanned, auprc_of_scan : float
        Means over these: of the network and of the scan, on the same windows; nan without any.
    """

    auprc: float
    prevalence: float
    filters: int = 0
    silent: int = 0
    scanned: int = 0
    auprc_of_scanned: float = np.nan
    auprc_of_scan: float = np.nan


class Sign(NamedTuple):
    """A sign that a network does not learn.

    Attributes
    ----------
    name : {"guessing", "silent_filters", "below_scan"}
        Which.
    what : str
        What was seen, in words.
    number, reference : float
        What was seen, and with what it is compared: the AUPRC of guessing, the number of filters,
        the AUPRC of the scan.
    """

    name: str
    what: str
    number: float
    reference: float


def find_signs(measured: Measurement, shown: float) -> list[Sign]:
    """Find the signs that a network does not learn.

    Parameters
    ----------
    measured : Measurement
        After some epoch.
    shown : float
        The share of the planned epochs that are over, 0 to 1: early on, a low score is no sign.

    Returns
    -------
    list of Sign
        Empty for a network that learns.
    """
    signs = []
    if shown >= GUESSING_AFTER and measured.auprc < guessing_limit(measured.prevalence):
        signs.append(_guessing(measured))
    if measured.silent > SILENT_SHARE * measured.filters:
        signs.append(_silent_filters(measured))
    if shown >= BELOW_SCAN_AFTER and measured.auprc_of_scanned < measured.auprc_of_scan:
        signs.append(_below_scan(measured))
    return signs


def guessing_limit(prevalence: float) -> float:
    """Return the mean AUPRC below which a network does little better than guessing.

    Twice the prevalence; where that is high, a tenth of the way from it to 1.

    Examples
    --------
    >>> guessing_limit(0.02), guessing_limit(0.5)
    (0.04, 0.55)
    """
    return prevalence + min(prevalence, (1 - prevalence) / 10)


def _guessing(measured: Measurement) -> Sign:
    what = (
        f"mean validation AUPRC is {measured.auprc:.3f}, hardly more than guessing gives "
        f"({measured.prevalence:.3f}, the mean share of positive windows)"
    )
    return Sign("guessing", what, measured.auprc, measured.prevalence)


def _silent_filters(measured: Measurement) -> Sign:
    what = (
        f"{measured.silent} of {measured.filters} first filters respond to none of the validation "
        "windows that were sampled"
    )
    return Sign("silent_filters", what, measured.silent, measured.filters)


def _below_scan(measured: Measurement) -> Sign:
    targets = "target" if measured.scanned == 1 else "targets"
    what = (
        f"mean validation AUPRC is {measured.auprc_of_scanned:.3f} on {measured.scanned} {targets} "
        f"with a known motif, where a scan with that motif has {measured.auprc_of_scan:.3f}"
    )
    return Sign("below_scan", what, measured.auprc_of_scanned, measured.auprc_of_scan)


_TRIES = {
    "guessing": ("longer", "lr", "negatives", "enriched"),
    "silent_filters": ("lr", "enriched"),
    "below_scan": ("longer", "enriched", "targets"),
}
"""What to try, by sign; see `advice`."""


def advice(name: str, options: Options) -> str:
    """Say what to try against a sign, without what a training already has.

    Parameters
    ----------
    name : str
        Of the sign.
    options : danq.training.options.Options
        Of the training.

    Returns
    -------
    str
        As ``try more epochs or a larger epoch_size, or a lower lr``.
    """
    settings = options.settings
    few_negatives = settings.negatives is not None and settings.negatives <= 1
    random = settings.initialise_from == "random" and MODELS[options.model].has_filters
    enriched = settings.initialise_from == "enriched"
    words = {
        "longer": "more epochs or a larger epoch_size",
        "lr": f"an lr below {options.lr:g}",
        "negatives": "" if few_negatives else "negatives: 1",
        "enriched": "initialise_from: enriched" if random else "",
        "targets": "initialise_from: targets" if random or enriched else "",
    }
    tries = [words[key] for key in _TRIES[name] if words[key]]
    return "try " + ", or ".join(tries)


class Watch:
    """Looks for signs after each epoch, and says each once: when it appears, and at the end.

    Parameters
    ----------
    validation : danq.training.validate.Validation
        The validation split; its file stays open as long as the network trains.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`. Where they cannot be read, or no target
        names one of them, no scan is made.
    """

    def __init__(self, validation: Validation, motifs: str) -> None:
        self.validation = validation
        self.motifs = motifs

    def look(self, learner: Learner, progress: Progress, validated: Validated) -> None:
        """Look at the epoch that has just ended.

        Parameters
        ----------
        learner : danq.training.learner.Learner
            The network in training.
        progress : danq.training.interruption.Progress
            Its history has a row of this epoch. What was measured in the best epoch is kept there,
            and what was said.
        validated : danq.training.validate.Validated
            The validation of this epoch.
        """
        if not learner.leads:
            return
        measured = self.measure(learner, validated)
        if progress.history[-1]["best"] == "yes":
            progress.measured = measured._asdict()
        options = learner.options
        for sign in find_signs(measured, progress.epoch / options.epochs):
            if sign.name not in progress.said:
                progress.said.append(sign.name)
                name = options.epoch_name(progress.epoch)
                log(f"{name}: {sign.what}; {advice(sign.name, options)}")

    def measure(self, learner: Learner, validated: Validated) -> Measurement:
        """Measure what tells whether a network learns.

        Parameters
        ----------
        learner : danq.training.learner.Learner
            The network in training.
        validated : danq.training.validate.Validated
            Its validation.

        Returns
        -------
        Measurement
        """
        defined = np.isfinite(validated.auprc)
        prevalence = self.validation.labels[:, defined].mean()
        measured = Measurement(float(validated.auprc[defined].mean()), float(prevalence))
        measured = measured._replace(**self._filters(learner))
        if self._scan is None:
            return measured
        areas = self._scan.areas(self.validation.labels, validated.probabilities)
        mean_of_scan = float(self._scan.auprc.mean())
        return measured._replace(
            scanned=len(areas), auprc_of_scanned=float(areas.mean()), auprc_of_scan=mean_of_scan
        )

    def _filters(self, learner: Learner) -> dict[str, int]:
        """Count the first filters that a ReLU follows, and the silent ones of them."""
        layers = motif_layers(learner.network)
        if not layers or learner.options.settings.stem == "exponential":
            return {"filters": 0, "silent": 0}
        silent = count_silent(layers[0], self._sample)
        return {"filters": layers[0].n_filters, "silent": silent}

    def conclude(self, options: Options, progress: Progress) -> list[dict[str, Any]]:
        """Say which signs the network still has that a training has made, and return them.

        Parameters
        ----------
        options : danq.training.options.Options
            Of the training.
        progress : danq.training.interruption.Progress
            At its end.

        Returns
        -------
        list of dict
            Each sign as plain values: ``name``, ``what``, ``number`` and ``reference`` of `Sign`,
            and ``advice``.
        """
        if progress.measured is None:
            return []
        found = []
        name = f"{options.model} seed {options.seed} has ended"
        for sign in find_signs(Measurement(**progress.measured), 1.0):
            to_try = advice(sign.name, options)
            log(f"{name}: {sign.what}; {to_try}")
            found.append({**sign._asdict(), "advice": to_try})
        return found

    @cached_property
    def _sample(self) -> torch.Tensor:
        """One-hot validation windows that filters may respond to, (n, 4, L)."""
        validated = np.array(self.validation.rows)
        rows = validated[evenly_spaced(len(validated), FILTERED_WINDOWS)]
        return torch.from_numpy(self.validation.dataset.one_hot("valid", rows))

    @cached_property
    def _scan(self) -> "Scan | None":
        validation = self.validation
        return scan_validation(validation.dataset, validation.labels, self.motifs, validation.rows)


@torch.no_grad()
def count_silent(layer: Layer, X: torch.Tensor) -> int:
    """Count the filters that respond to no window, on neither strand.

    Parameters
    ----------
    layer : danq.network.motif_layers.Layer
        Its responses come before their ReLU: what is not above 0 is cut off.
    X : torch.Tensor, shape (N, 4, L)
        One-hot windows.

    Returns
    -------
    int
    """
    highest = torch.full((layer.n_filters,), -torch.inf)
    for windows in X.split(_BATCH):
        batch = windows.to(layer.device)
        for strand in (batch, reverse_complement(batch)):
            responses = layer.activations(strand).amax(dim=(0, 2))
            highest = torch.maximum(highest, responses.float().cpu())
    return int((highest <= 0).sum())


class Scan(NamedTuple):
    """How well a scan with known motifs does on a part of the validation split.

    Attributes
    ----------
    targets : numpy.ndarray, shape (n,), int64
        The targets whose own motif was scanned for.
    rows : numpy.ndarray, shape (m,), int64
        The windows, among those that are validated.
    auprc : numpy.ndarray, shape (n,), float64
        Of the scan.
    """

    targets: NDArray[np.int64]
    rows: NDArray[np.int64]
    auprc: NDArray[np.float64]

    def areas(self, labels: NDArray[np.uint8], scores: NDArray) -> NDArray[np.float64]:
        """Return the AUPRC of other scores on the same targets and windows.

        Parameters
        ----------
        labels, scores : numpy.ndarray, shape (N, T)
            Of all windows that are validated.

        Returns
        -------
        numpy.ndarray, shape (n,), float64
        """
        part = np.ix_(self.rows, self.targets)
        return measure(labels[part], scores[part], names=["auprc"])["auprc"]


def scan_validation(
    dataset: Dataset, labels: NDArray[np.uint8], motifs: str, validated: range
) -> Scan | None:
    """Scan validation windows with the targets' own known motifs.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.
    labels : numpy.ndarray, shape (N, T), uint8
        Of the windows that are validated.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`.
    validated : range
        The rows of these N windows in the validation split.

    Returns
    -------
    Scan or None
        None where the motifs cannot be read, or no target with both labels names one.
    """
    if not any(dataset.jaspar):
        return None
    try:
        known = target_motifs(dataset, motifs)
    except (DanqError, OSError):
        return None
    rows = evenly_spaced(len(labels), SCANNED_WINDOWS)
    chosen = _choose_targets(known, labels[rows])
    if not chosen:
        return None
    scores = scan_scores(dataset, "valid", chosen, np.array(validated)[rows])
    targets = np.array(list(chosen))
    table = np.column_stack(list(scores.values()))
    part = np.ix_(rows, targets)
    auprc = measure(labels[part], table, names=["auprc"])["auprc"]
    return Scan(targets, rows, auprc)


def _choose_targets(
    motifs: Mapping[int, NDArray[np.float64]], labels: NDArray[np.uint8]
) -> dict[int, NDArray[np.float64]]:
    """Return the motifs of at most `SCANNED_TARGETS` targets that have both labels."""
    n_positive = labels.sum(axis=0, dtype=np.int64)
    targets = [target for target in motifs if 0 < n_positive[target] < len(labels)]
    chosen = [targets[i] for i in evenly_spaced(len(targets), SCANNED_TARGETS)]
    return {target: motifs[target] for target in chosen}
