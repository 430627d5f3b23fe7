"""Whether every fold of a genome can be trained and tested."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from danq.data.choice import Choice, choose
from danq.data.counts import listed
from danq.data.folds import Fold, divide
from danq.data.inputs import Files
from danq.data.one_sided import TARGETS, refuse_empty_splits
from danq.data.shortfalls import Shortfall
from danq.errors import DanqError, DanqErrors, shown, warn
from danq.genome.bins import SPLITS


class CheckedFolds(NamedTuple):
    """A genome in folds, each of which can be trained and tested.

    Attributes
    ----------
    files : danq.data.inputs.Files
        The user's files, without the targets that were dropped.
    sets : list of list of str
        What each fold tests.
    choices : list of danq.data.choice.Choice
        The bins of each.
    """

    files: Files
    sets: list[list[str]]
    choices: list[Choice]

    def lines(self) -> list[str]:
        """Return what each fold has, as lines of a log."""
        lines = []
        for number, choice in enumerate(self.choices):
            fold = Fold(self.sets, number)
            splits = f"test {', '.join(fold.test)}; validation {', '.join(fold.valid)}"
            lines.append(f"fold {number}: {splits}; windows: {listed(choice.windows())}")
        return lines

    def findings(self) -> dict[str, Any]:
        """Return the sets, and the windows of each fold, plain values."""
        windows = [choice.windows() for choice in self.choices]
        return {"folds": self.sets, "windows": windows, **self.choices[0].facts()}


def check_folds(files: Files, folds: Sequence[str]) -> CheckedFolds:
    """Divide a genome into folds, and refuse or drop targets that some fold cannot learn.

    A target without a positive window in what a fold tests is compared in the other folds; it is
    warned of.

    Parameters
    ----------
    files : danq.data.inputs.Files
        The user's files, read.
    folds : sequence of str
        As `danq.data.folds.divide` takes them.

    Returns
    -------
    CheckedFolds

    Raises
    ------
    DanqErrors
        Every split without a window; or, a line each, the targets that a fold cannot learn.
    DanqError
        As `danq.data.folds.divide`; or no target is left.
    """
    sets = divide(files, folds)
    dropped: list[dict[str, str]] = []
    while True:
        choices = _choose(files, sets)
        reasons = _unlearnable(files, choices)
        if not reasons:
            break
        if not files.settings.drop_empty:
            raise DanqErrors(_refusals(files, reasons))
        for target, reason in reasons.items():
            dropped.append({**_named(files, target), "reason": reason})
            warn(f"{files.targets[target].file}: {reason}; it is left out")
        files = files.without(set(reasons))
        if not files.targets:
            raise DanqError("no target has positive windows in every training; change the folds")
    _warn_of_untested(files, choices)
    if dropped:
        n = len(files.targets)
        left = Shortfall(TARGETS, n + len(dropped), n)
        choices[0] = choices[0]._replace(shortfalls=[left, *choices[0].shortfalls])
        files = files._replace(source={**files.source, "dropped_targets": dropped})
    return CheckedFolds(files, sets, choices)


def _choose(files: Files, sets: list[list[str]]) -> list[Choice]:
    """Choose the bins of each fold."""
    choices = []
    for number in range(len(sets)):
        of_fold = Fold(sets, number).of(files)
        choice = choose(of_fold, files.settings, warns=number == 0)
        refuse_empty_splits(choice, number)
        choices.append(choice)
    return choices


def _unlearnable(files: Files, choices: list[Choice]) -> dict[int, str]:
    """Return what is wrong with the targets that some fold cannot learn, by their indices."""
    train = SPLITS.index("train")
    reasons: dict[int, str] = {}
    for number, choice in enumerate(choices):
        positives = choice.positives[train]
        n_windows = choice.windows()["train"]
        for kind, missing in (("positive", positives == 0), ("negative", positives == n_windows)):
            for target in np.flatnonzero(missing).tolist():
                name = shown(files.targets[target].name)
                what = f"target {name} has no {kind} training window in fold {number}"
                reasons.setdefault(target, what)
    return reasons


def _refusals(files: Files, reasons: dict[int, str]) -> list[DanqError]:
    """Return an error for each target that cannot be learnt."""
    fix = "remove it, change the folds, or have such targets left out with extract.drop_empty"
    return [DanqError(f"{what}; {fix}", files.targets[at].file) for at, what in reasons.items()]


def _named(files: Files, target: int) -> dict[str, str]:
    return {"name": files.targets[target].name, "file": files.targets[target].file}


def _warn_of_untested(files: Files, choices: list[Choice]) -> None:
    """Warn of targets that some fold cannot measure."""
    test = SPLITS.index("test")
    positives = np.stack([choice.positives[test] for choice in choices])
    n_windows = np.array([[choice.windows()["test"]] for choice in choices])
    untested = (positives == 0) | (positives == n_windows)
    for target in np.flatnonzero(untested.any(axis=0)).tolist():
        folds = ", ".join(map(str, np.flatnonzero(untested[:, target])))
        name = shown(files.targets[target].name)
        what = f"target {name} has windows of one kind only in the test set of fold {folds}"
        warn(f"{files.targets[target].file}: {what}; it is compared in the others")
