"""Targets that cannot be learnt or measured: refused, or dropped and reported.

Those without a positive window in a split, and those whose training windows are all positive.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from danq.config import Extract
from danq.data.choice import Choice, choose
from danq.data.inputs import Files
from danq.data.shortfalls import Shortfall
from danq.errors import DanqError, DanqErrors, shown, warn
from danq.genome.bins import SPLITS

TARGETS = "targets with positive windows in every split, and negative training windows"


class Usable(NamedTuple):
    """The user's files with the targets that every split can show, and the chosen bins.

    Attributes
    ----------
    files : danq.data.inputs.Files
        Without the targets that were dropped; its `source` names these under ``dropped_targets``.
    choice : danq.data.choice.Choice
        The chosen bins.
    """

    files: Files
    choice: Choice


class _OneSided(NamedTuple):
    """A target whose windows are all of one kind in some splits; the other kind is missing."""

    target: int
    kind: str
    splits: list[str]

    @property
    def is_fatal(self) -> bool:
        """Whether it is refused: not where only held-out negatives are missing."""
        return self.kind == "positive" or "train" in self.splits

    def what(self, files: Files) -> str:
        """Say what is missing."""
        name = shown(files.targets[self.target].name)
        where = " and ".join(self.splits)
        plural = "s" if len(self.splits) > 1 else ""
        return f"target {name} has no {self.kind} window in the {where} split{plural}"


def choose_usable(files: Files, settings: Extract) -> Usable:
    """Choose the bins that become windows, and the targets that have both kinds of them.

    A target without a positive window in a split cannot be learnt, or not be measured. One without
    a negative training window cannot be learnt either; without held-out ones, it is warned of.

    Parameters
    ----------
    files : danq.data.inputs.Files
        The user's files, read.
    settings : danq.config.Extract
        Which bins to keep; with ``drop_empty`` such targets are left out, else they are refused.

    Returns
    -------
    Usable

    Raises
    ------
    DanqErrors
        Every split without a window; or, a line each, the targets that lack windows.
    DanqError
        As `danq.data.choice.choose`; or no target is left.
    """
    dropped: list[dict[str, str]] = []
    while True:
        choice = choose(files, settings)
        refuse_empty_splits(choice)
        every = _one_sided(files, choice)
        found = [problem for problem in every if problem.is_fatal]
        if not found:
            break
        if not settings.drop_empty:
            raise DanqErrors(_refusals(files, found))
        dropped += _say_dropped(files, found)
        files = files.without({problem.target for problem in found})
        if not files.targets:
            what = "no target has positive windows in every split"
            raise DanqError(f"{what}; change extract.valid or extract.test")
    _warn_of_positives_alone(files, every)
    if not dropped:
        return Usable(files, choice)
    n = len(files.targets)
    left = Shortfall(TARGETS, n + len(dropped), n)
    files = files._replace(source={**files.source, "dropped_targets": dropped})
    return Usable(files, choice._replace(shortfalls=[left, *choice.shortfalls]))


def refuse_lost_targets(files: Files, words: Sequence[str]) -> None:
    """Refuse targets that are to be shown later, and were dropped; and indices, which are others.

    Parameters
    ----------
    files : danq.data.inputs.Files
        Of `choose_usable`.
    words : sequence of str
        Names or indices of targets.

    Raises
    ------
    DanqErrors
        A line for each.
    """
    if not files.source.get("dropped_targets"):
        return
    names = [target.name for target in files.targets]
    errors = []
    for word in words:
        if word not in names:
            what = f"{shown(word)} names no target that is left, of {len(names)}"
            errors.append(f"{what}: some were left out, and indices begin anew; name another")
    if errors:
        raise DanqErrors(errors)


def refuse_empty_splits(choice: Choice, fold: int | None = None) -> None:
    """Refuse splits without a window.

    Parameters
    ----------
    choice : danq.data.choice.Choice
        The chosen bins.
    fold : int, optional
        Number of the fold that they are of.

    Raises
    ------
    DanqErrors
        A line for each split without a window.
    """
    empty = [split for split, number in choice.windows().items() if number == 0]
    fix = "change extract.valid or extract.test"
    where = ""
    if fold is not None:
        fix = "change the folds"
        where = f"fold {fold}: "
    if empty:
        what = "split has no usable window"
        raise DanqErrors([f"{where}the {split} {what}; {fix}" for split in empty])


def _one_sided(files: Files, choice: Choice) -> list[_OneSided]:
    """Return what is missing, target by target."""
    totals = np.array(list(choice.windows().values()))
    missing = {"positive": choice.positives == 0}
    missing["negative"] = choice.positives == totals[:, None]
    found = []
    for target in range(len(files.targets)):
        for kind, table in missing.items():
            splits = [split for split, empty in zip(SPLITS, table[:, target], strict=True) if empty]
            if splits:
                found.append(_OneSided(target, kind, splits))
    return found


def _warn_of_positives_alone(files: Files, found: list[_OneSided]) -> None:
    """Warn of targets that have positive windows only in a held-out split."""
    for problem in found:
        file = files.targets[problem.target].file
        warn(f"{file}: {problem.what(files)}; its metrics there will be NA")


def _refusals(files: Files, found: list[_OneSided]) -> list[DanqError]:
    """Return an error for each thing that is missing."""
    fix = (
        "remove it, change the splits or extract.train_bins, or have such targets left out with "
        "extract.drop_empty"
    )
    errors = []
    for problem in found:
        learnt = "train" not in problem.splits
        effect = "its metrics there would be NA" if learnt else "it cannot be learnt"
        what = f"{problem.what(files)}: {effect}; {fix}"
        errors.append(DanqError(what, files.targets[problem.target].file))
    return errors


def _say_dropped(files: Files, found: list[_OneSided]) -> list[dict[str, str]]:
    """Say which targets are dropped; return them for the record, each once, with its reason."""
    reasons: dict[int, str] = {}
    for problem in found:
        reasons.setdefault(problem.target, problem.what(files))
    records = []
    for index, what in reasons.items():
        target = files.targets[index]
        warn(f"{target.file}: {what}; it is left out")
        records.append({"name": target.name, "file": target.file, "reason": what})
    return records
