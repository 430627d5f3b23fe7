"""Health of a training: what tells whether a network has learnt as it should, with thresholds.

Each check has a value, a threshold, and what to do where it fails. Those that can fail early, the
signs that a network does not learn, are made after each epoch (`danq.training.watch`) and said in
the log; all are made at the end, of the best epoch, and kept in the facts of the training.
docs/training.md says where the thresholds come from.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from danq.catalog import MODELS
from danq.evaluation.convergence import RISE, last_gain, still_improving
from danq.network.rectified import STEM, RectifiedLayer
from danq.training.generalisation import Gap
from danq.training.options import Options
from danq.training.record import Row

GUESSING_AFTER = 1 / 4
"""Share of the planned epochs after which a network should do better than guessing."""

BELOW_SCAN_AFTER = 1 / 2
"""Share of the planned epochs after which it should do better than a scan with known motifs."""

SILENT_FILTERS = 1 / 4
"""More first filters than this share may not be silent."""

SILENT_UNITS = 3 / 4
"""More units of any later layer than this share may not be silent."""

LARGEST_GAP = 1 / 2
"""Of the AUPRC on training windows, no more than this share may be missing on validation ones."""

STEPS = "steps"
"""Name of the check of the steps that a training took."""

FEWEST_STEPS = 1_500
"""Steps that a training should take, at least."""


@dataclass(frozen=True)
class Measurement:
    """What tells whether a network learns, after an epoch: plain values.

    Attributes
    ----------
    auprc, prevalence : float
        Means over the targets whose validation AUPRC is defined: AUPRC, and share of positive
        windows, which is the AUPRC of guessing.
    layers : list of (str, int, int)
        Its layers that end in a ReLU: `danq.network.rectified.RectifiedLayer`.
    scanned : int
        Targets whose own known motif was scanned for.
    auprc_of_scanned, auprc_of_scan : float
        Means over these: of the network and of the scan, on the same windows; nan without any.
    areas : list of float
        Validation AUPRC of each target, nan where it is undefined.
    """

    auprc: float
    prevalence: float
    layers: list[tuple[str, int, int]] = field(default_factory=list)
    scanned: int = 0
    auprc_of_scanned: float = np.nan
    auprc_of_scan: float = np.nan
    areas: list[float] = field(default_factory=list)

    @property
    def first_filters(self) -> RectifiedLayer | None:
        """The first filters, where they end in a ReLU."""
        found = [layer for layer in self._rectified() if layer.part == STEM]
        return found[0] if found else None

    @property
    def later_layers(self) -> list[RectifiedLayer]:
        """The other layers that end in a ReLU."""
        return [layer for layer in self._rectified() if layer.part != STEM]

    def _rectified(self) -> list[RectifiedLayer]:
        return [RectifiedLayer(*layer) for layer in self.layers]

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name."""
        return asdict(self)


class Check(NamedTuple):
    """One thing that tells whether a training is healthy.

    Attributes
    ----------
    name : str
        Which: guessing, below_scan, silent_filters, silent_units, gap, still_improving, or steps.
    value : float or None
        What was measured; None where it is unknown.
    threshold : float
        With what it is compared.
    passed : bool
        Whether all is well.
    what : str
        What was seen, in words.
    advice : str
        What to try where it failed; else empty.
    """

    name: str
    value: float | None
    threshold: float
    passed: bool
    what: str
    advice: str = ""


class End(NamedTuple):
    """What is known at the end of a training.

    Attributes
    ----------
    measured : Measurement
        Of the best epoch.
    gap : danq.training.generalisation.Gap or None
        Of its weights.
    history : sequence of dict
        A row per epoch: valid_auprc, and best (yes, no).
    steps : int
        Steps that were taken.
    """

    measured: Measurement
    gap: Gap | None
    history: Sequence[Row]
    steps: int


def find_signs(measured: Measurement, shown: float) -> list[Check]:
    """Find the signs that a network does not learn.

    Parameters
    ----------
    measured : Measurement
        After some epoch.
    shown : float
        The share of the planned epochs that are over, 0 to 1: early on, a low score is no sign.

    Returns
    -------
    list of Check
        Those that failed; none for a network that learns.
    """
    after = {"guessing": GUESSING_AFTER, "below_scan": BELOW_SCAN_AFTER}
    checks = learning_checks(measured)
    return [check for check in checks if not check.passed and shown >= after.get(check.name, 0)]


def learning_checks(measured: Measurement) -> list[Check]:
    """Check whether a network learns.

    Parameters
    ----------
    measured : Measurement
        After some epoch.

    Returns
    -------
    list of Check
        Without those for which there is nothing: no known motif, or no layer that ends in a ReLU.
    """
    checks = [_guessing(measured)]
    if measured.scanned:
        checks.append(_below_scan(measured))
    if measured.first_filters is not None:
        checks.append(_silent_filters(measured.first_filters))
    if measured.later_layers:
        checks.append(_silent_units(measured.later_layers))
    return checks


def final_checks(end: End, options: Options) -> list[Check]:
    """Check a training that has ended.

    Parameters
    ----------
    end : End
        What is known of it.
    options : danq.training.options.Options
        Of the training, which say what may help.

    Returns
    -------
    list of Check
    """
    checks = learning_checks(end.measured)
    if end.gap is not None:
        checks.append(_gap(end.gap))
    checks += [_still_improving(end.history), _steps(end.steps)]
    return [with_advice(check, options) for check in checks]


def unvalidated_checks(
    layers: Sequence[RectifiedLayer], steps: int, options: Options
) -> list[Check]:
    """Check a training without a validation: only what needs none.

    Parameters
    ----------
    layers : sequence of danq.network.rectified.RectifiedLayer
        The layers that end in a ReLU, and what is silent in them on training windows.
    steps : int
        Steps that were taken.
    options : danq.training.options.Options
        Of the training.

    Returns
    -------
    list of Check
        Silent filters and units, and steps.
    """
    first = [layer for layer in layers if layer.part == STEM]
    later = [layer for layer in layers if layer.part != STEM]
    checks = [_silent_filters(layer, "training") for layer in first]
    if later:
        checks.append(_silent_units(later))
    checks.append(_steps(steps))
    return [with_advice(check, options) for check in checks]


def guessing_limit(prevalence: float) -> float:
    """Return the mean AUPRC below which a network does little better than guessing.

    Twice the prevalence; where that is high, a tenth of the way from it to 1.

    Examples
    --------
    >>> guessing_limit(0.02), guessing_limit(0.5)
    (0.04, 0.55)
    """
    return prevalence + min(prevalence, (1 - prevalence) / 10)


def _guessing(measured: Measurement) -> Check:
    limit = guessing_limit(measured.prevalence)
    passed = not measured.auprc < limit
    than = "more than" if passed else "hardly more than"
    what = (
        f"mean validation AUPRC is {measured.auprc:.3f}, {than} guessing gives "
        f"({measured.prevalence:.3f}, the mean share of positive windows)"
    )
    return Check("guessing", measured.auprc, limit, passed, what)


def _below_scan(measured: Measurement) -> Check:
    targets = "target" if measured.scanned == 1 else "targets"
    what = (
        f"mean validation AUPRC is {measured.auprc_of_scanned:.3f} on {measured.scanned} {targets} "
        f"with a known motif, where a scan with that motif has {measured.auprc_of_scan:.3f}"
    )
    passed = not measured.auprc_of_scanned < measured.auprc_of_scan
    return Check("below_scan", measured.auprc_of_scanned, measured.auprc_of_scan, passed, what)


def _silent_filters(layer: RectifiedLayer, split: str = "validation") -> Check:
    share = layer.silent / layer.units
    what = (
        f"{layer.silent} of {layer.units} first filters respond to none of the {split} "
        "windows that were sampled"
    )
    return Check("silent_filters", share, SILENT_FILTERS, share <= SILENT_FILTERS, what)


def _silent_units(layers: Sequence[RectifiedLayer]) -> Check:
    worst = max(layer.silent / layer.units for layer in layers)
    counts = [f"{layer.silent} of {layer.units} ({layer.part})" for layer in layers]
    what = f"units of later layers that fire on none of these windows: {', '.join(counts)}"
    return Check("silent_units", worst, SILENT_UNITS, worst <= SILENT_UNITS, what)


def _gap(gap: Gap) -> Check:
    targets = "target" if gap.targets == 1 else "targets"
    what = (
        f"mean AUPRC of {gap.targets} {targets} is {gap.train:.3f} on training windows, "
        f"{gap.valid:.3f} on validation windows, at equal shares of positives"
    )
    return Check("gap", gap.share, LARGEST_GAP, gap.share <= LARGEST_GAP, what)


def _still_improving(history: Sequence[Row]) -> Check:
    areas = [row["valid_auprc"] for row in history]
    improving = still_improving(areas, history[-1]["best"] == "yes")
    gain = last_gain(areas)
    known = bool(np.isfinite(gain))
    what = "validation AUPRC is known of a single epoch"
    if known:
        best = ", its best" if history[-1]["best"] == "yes" else ""
        what = f"validation AUPRC changed by {gain:+.1%} in the last epoch{best}"
    value = gain if known else None
    return Check("still_improving", value, RISE, not improving, what)


def _steps(steps: int) -> Check:
    passed = steps >= FEWEST_STEPS
    return Check(STEPS, steps, FEWEST_STEPS, passed, f"the training took {steps:,} steps")


_TRIES = {
    "guessing": ("longer", "lr", "negatives", "enriched"),
    "below_scan": ("longer", "enriched", "targets"),
    "silent_filters": ("lr", "enriched"),
    "silent_units": ("lr", "narrower"),
    "gap": ("overlap", "dropout", "weight_decay", "narrower"),
    "still_improving": ("longer",),
    "steps": ("longer", "smaller batches"),
}
"""What to try, by check; see `advice`."""


def with_advice(check: Check, options: Options) -> Check:
    """Add to a check that failed what to try.

    Parameters
    ----------
    check : Check
        Any.
    options : danq.training.options.Options
        Of the training.

    Returns
    -------
    Check
    """
    if check.passed:
        return check
    return check._replace(advice=advice(check.name, options))


def advice(name: str, options: Options) -> str:
    """Say what to try where a check fails, without what a training already has.

    Parameters
    ----------
    name : str
        Of the check.
    options : danq.training.options.Options
        Of the training.

    Returns
    -------
    str
        As ``try more epochs or a larger epoch_size, or an lr below 0.004``.
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
        "overlap": "more training chromosomes, or a smaller extract.stride",
        "dropout": f"a dropout above {settings.dropout:g}",
        "weight_decay": f"a weight_decay above {options.weight_decay:g}",
        "narrower": f"a scale below {settings.scale:g}",
        "smaller batches": f"a batch_size below {options.batch_size}",
    }
    tries = [words[key] for key in _TRIES[name] if words[key]]
    return "try " + ", or ".join(tries)
