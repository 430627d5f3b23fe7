"""Watches the health of a network while it trains, and sums it up at the end.

The process that leads looks after each validation, and changes nothing of the training: no weight,
no random draw.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from danq.data.dataset import Dataset
from danq.evaluation.fitting import evenly_spaced
from danq.network.rectified import rectified_layers
from danq.training.generalisation import Gap, measure_gap
from danq.training.health import (
    Check,
    End,
    Measurement,
    advice,
    final_checks,
    find_signs,
    unvalidated_checks,
)
from danq.training.interruption import Progress
from danq.training.known_scan import Scan, scan_validation
from danq.training.learner import Learner
from danq.training.record import log
from danq.training.validate import Validated, Validation

WATCHED_WINDOWS = 256
"""Validation windows on which filters and units may fire; evenly spaced ones."""


def conclude_unvalidated(
    learner: Learner, progress: Progress, dataset: Dataset
) -> list[dict[str, Any]]:
    """Check a training without validation that has ended, say which checks failed, and return all.

    Parameters
    ----------
    learner : danq.training.learner.Learner
        The network, which gets the weights that are kept.
    progress : danq.training.interruption.Progress
        At its end.
    dataset : danq.data.dataset.Dataset
        The open file: on some of its training windows filters and units may fire.

    Returns
    -------
    list of dict
        The values of each `danq.training.health.Check` by name.
    """
    learner.share_dropout(None)
    learner.network.load_state_dict(progress.best)
    learner.network.eval()
    rows = evenly_spaced(dataset.length("train"), WATCHED_WINDOWS)
    sample = torch.from_numpy(dataset.one_hot("train", rows))
    layers = rectified_layers(learner.network, sample)
    checks = unvalidated_checks(layers, learner.steps * progress.epoch, learner.options)
    return _told(checks, learner)


def _told(checks: Sequence[Check], learner: Learner) -> list[dict[str, Any]]:
    """Say which checks of a training failed; return all as plain values."""
    options = learner.options
    for check in checks:
        if not check.passed:
            log(f"{options.model} seed {options.seed} has ended: {check.what}; {check.advice}")
    return [check._asdict() for check in checks]


class Watch:
    """Looks at a network after each epoch, and says each sign of not learning once.

    That is when it appears; what holds at the end is said then.

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
            progress.measured = measured.to_dict()
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
        danq.training.health.Measurement
        """
        areas = validated.auprc
        defined = np.isfinite(areas)
        values: dict[str, Any] = {"areas": areas.tolist()}
        values["auprc"] = float(areas[defined].mean())
        values["prevalence"] = float(self.validation.labels[:, defined].mean())
        layers = rectified_layers(learner.network, self._sample)
        values["layers"] = [tuple(layer) for layer in layers]
        if self._scan is not None:
            scanned = self._scan.areas(self.validation.labels, validated.probabilities)
            values["scanned"] = len(scanned)
            values["auprc_of_scanned"] = float(scanned.mean())
            values["auprc_of_scan"] = float(self._scan.auprc.mean())
        return Measurement(**values)

    def conclude(self, learner: Learner, progress: Progress) -> list[dict[str, Any]]:
        """Check the training that has ended, say which checks failed, and return all.

        Parameters
        ----------
        learner : danq.training.learner.Learner
            The network, which gets the weights of the best epoch.
        progress : danq.training.interruption.Progress
            At its end.

        Returns
        -------
        list of dict
            The values of each `danq.training.health.Check` by name.
        """
        if progress.measured is None:
            return []
        options = learner.options
        measured = Measurement(**progress.measured)
        gap = self._gap(learner, progress, measured)
        steps = learner.steps * progress.epoch
        checks = final_checks(End(measured, gap, progress.history, steps), options)
        return _told(checks, learner)

    def _gap(self, learner: Learner, progress: Progress, measured: Measurement) -> Gap | None:
        """Compare the best weights on training windows with what they did on validation ones."""
        learner.share_dropout(None)
        learner.network.load_state_dict(progress.best)
        prevalence = self.validation.labels.mean(axis=0)
        areas = np.array(measured.areas)
        return measure_gap(learner.network, self.validation.dataset, areas, prevalence)

    @cached_property
    def _sample(self) -> torch.Tensor:
        """One-hot validation windows on which filters and units may fire, (n, 4, L)."""
        validated = np.array(self.validation.rows)
        rows = validated[evenly_spaced(len(validated), WATCHED_WINDOWS)]
        return torch.from_numpy(self.validation.dataset.one_hot("valid", rows))

    @cached_property
    def _scan(self) -> Scan | None:
        validation = self.validation
        return scan_validation(validation.dataset, validation.labels, self.motifs, validation.rows)
