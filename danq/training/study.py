"""A search as a study of Optuna: the space it draws from, and the file of its trials.

The file survives a killed process: the search goes on from it.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from danq.config import Tune, differences
from danq.errors import DanqError
from danq.files import write_text

SEARCHED = ("lr", "dropout", "scale", "weight_decay")
"""The knobs that may be searched."""

START_UP = 10
"""Trials that are drawn at random, before TPE learns from the results (Optuna's default).

They depend on the seed and on their numbers alone: every model's search tries the same points.
"""

EDGE = 0.05
"""Share of a range beside either end in which a value counts as lying at the edge."""

PRUNE_AFTER = 4
"""Complete trials before any is cut short."""

PRUNE_FROM = 3
"""The first epoch after which a trial is cut short."""


def load_optuna() -> Any:
    """Return the module optuna, its own log switched off.

    Raises
    ------
    DanqError
        It is not installed.
    """
    try:
        import optuna  # an extra, and slow to load
    except ImportError:
        what = "danq tune needs Optuna; install it with: pip install 'danq[tune]'"
        raise DanqError(what) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def distributions(
    optuna: Any, given: Mapping[str, float], scales: Sequence[float]
) -> dict[str, Any]:
    """Return what each searched knob is drawn from.

    Parameters
    ----------
    optuna : module
        As `load_optuna` returns it.
    given : dict of str to float
        The given configuration. Learning rates are tried around its ``lr``. A ``weight_decay`` that
        lies outside of its range, as the published 0 does, is not searched.
    scales : list of float
        Scales that are tried beside the given one; none: it is not searched.

    Returns
    -------
    dict of str to optuna.distributions.BaseDistribution
        By names of `SEARCHED`.
    """
    kinds = optuna.distributions
    lowest, highest = Tune.LR
    lr = given["lr"]
    space = {
        "lr": kinds.FloatDistribution(lr * lowest, lr * highest, log=True),
        "dropout": kinds.FloatDistribution(*Tune.DROPOUT),
    }
    if scales:
        choices = sorted({given["scale"], *scales})
        space["scale"] = kinds.CategoricalDistribution(choices)
    # The last one: where it is missing, as in published recipes, the others are drawn as elsewhere.
    lightest, heaviest = Tune.WEIGHT_DECAY
    if lightest <= given["weight_decay"] <= heaviest:
        space["weight_decay"] = kinds.FloatDistribution(lightest, heaviest, log=True)
    return space


def refuse_outside(space: Mapping[str, Any], values: Mapping[str, float]) -> None:
    """Refuse a first trial that lies outside of the space.

    Parameters
    ----------
    space : dict
        As `distributions` returns it.
    values : dict of str to float
        A configuration.

    Raises
    ------
    DanqError
        A value lies outside of its range.
    """
    for name, (low, high) in ranges(space).items():
        if not low <= values[name] <= high:
            tried = f"{low:.3g} to {high:.3g}"
            what = f"{name} {values[name]:g} of trial 1 is not among those that are tried, {tried}"
            raise DanqError(f"{what}; give it, or the one around which they lie, nearer to it")


def describe_space(space: Mapping[str, Any]) -> str:
    """Return a space, as `distributions` returns it, in words."""
    parts = []
    for name, drawn_from in space.items():
        if name == "scale":
            values = ", ".join(f"{scale:g}" for scale in drawn_from.choices)
        else:
            values = f"{drawn_from.low:.3g} to {drawn_from.high:.3g}"
            if drawn_from.log:
                values += " (by its logarithm)"
        parts.append(f"{name} {values}")
    return ", ".join(parts)


def ranges(space: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the lowest and the highest value of each knob that is drawn from a range."""
    limits = {}
    for name, drawn_from in space.items():
        if name != "scale":
            limits[name] = [drawn_from.low, drawn_from.high]
    return limits


def at_the_edge(space: Mapping[str, Any], values: Mapping[str, float]) -> list[str]:
    """Name the knobs whose value lies within `EDGE` of an end of its range.

    Parameters
    ----------
    space : dict
        As `distributions` returns it.
    values : dict of str to float
        A configuration.

    Returns
    -------
    list of str
        The logarithm counts where values are drawn by it.
    """
    names = []
    for name, (low, high) in ranges(space).items():
        place = (values[name] - low) / (high - low)
        if space[name].log:
            place = math.log(values[name] / low) / math.log(high / low)
        if min(place, 1 - place) <= EDGE:
            names.append(name)
    return names


class Study:
    """The trials of a search, kept in a file.

    Parameters
    ----------
    path : pathlib.Path
        The file; made if it is not there. A trial that ran when the process was killed waits to be
        run again; its record counts as a failure.
    optuna : module
        See `load_optuna`.
    space : dict
        As `distributions` returns it.
    identity : dict of str to plain values
        All that the search depends on. A file of another search is refused.

    Raises
    ------
    DanqError
        The file holds another search, or a damaged one.
    """

    def __init__(
        self, path: Path, optuna: Any, space: dict[str, Any], identity: Mapping[str, object]
    ) -> None:
        self.optuna = optuna
        self.states = optuna.trial.TrialState
        self.space = space
        self._study = self._open(path)
        self._refuse_another(identity, path)
        self._requeue()

    def _open(self, path: Path) -> Any:
        """Return Optuna's study in a file, made if there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        _drop_unfinished_line(path)
        storages = self.optuna.storages
        # Optuna's default lock, a symbolic link, would outlive a killed process for ever where the
        # path is relative.
        lock = storages.journal.JournalFileOpenLock(str(path))
        pruner = self.optuna.pruners.MedianPruner(
            n_startup_trials=PRUNE_AFTER, n_warmup_steps=PRUNE_FROM
        )
        try:
            backend = storages.journal.JournalFileBackend(str(path), lock)
            return self.optuna.create_study(
                storage=storages.JournalStorage(backend),
                study_name="danq tune",
                direction="maximize",
                pruner=pruner,
                load_if_exists=True,
            )
        except (ValueError, KeyError, TypeError) as error:  # depends on where a line is cut
            what = "not a whole search of danq tune; remove it to start anew"
            raise DanqError(what, path) from error

    def _refuse_another(self, identity: Mapping[str, object], path: Path) -> None:
        """Refuse a search of another configuration, dataset or seed; note those of a new one."""
        before = self._study.user_attrs.get("identity")
        if before is None:
            self._study.set_user_attr("identity", dict(identity))
            return
        changes = differences(before, identity)
        if changes:
            what = f"holds a search with another {changes}"
            raise DanqError(f"{what}; give the former, or name another --folder", path)

    def _requeue(self) -> None:
        """Let what ran when the process was killed wait to be run again."""
        for trial in self._study.get_trials(states=[self.states.RUNNING]):
            self._study.tell(trial.number, state=self.states.FAIL)
            # A trial with a reason had failed already. One without all its parameters will be drawn
            # again.
            if "reason" not in trial.user_attrs and len(trial.params) == len(self.space):
                self._study.enqueue_trial(trial.params)

    def ask(self, seed: int, given: Mapping[str, object]) -> Any:
        """Start the next trial.

        Parameters
        ----------
        seed : int
            Of the search.
        given : dict of str to plain values
            The configuration that is tried first; what is not searched does not matter.

        Returns
        -------
        optuna.trial.Trial
            One that waits, else the given configuration, else what TPE draws.
        """
        n_finished = len(self.finished())
        # A new sampler for each trial: one for all trials would start its draws again after an
        # interruption.
        sequence = np.random.SeedSequence([seed, n_finished])
        sampler_seed = int(sequence.generate_state(1)[0])
        samplers = self.optuna.samplers
        self._study.sampler = samplers.TPESampler(n_startup_trials=START_UP, seed=sampler_seed)
        waiting = self._study.get_trials(states=[self.states.WAITING])
        if n_finished == 0 and not waiting:
            first = {name: given[name] for name in self.space}
            self._study.enqueue_trial(first)
        return self._study.ask(self.space)

    def tell(self, trial: Any, value: float | None, state: Any) -> None:
        """Note how a trial ended.

        Parameters
        ----------
        trial : optuna.trial.Trial
            As `ask` returned it.
        value : float or None
            Of a complete one.
        state : optuna.trial.TrialState
            Complete, pruned or failed.
        """
        self._study.tell(trial, value, state)

    def finished(self) -> list[Any]:
        """Return the trials that count (optuna.trial.FrozenTrial): all but those cut off."""
        ended = (self.states.COMPLETE, self.states.PRUNED)
        trials = []
        for trial in self._study.get_trials():
            if trial.state in ended or "reason" in trial.user_attrs:
                trials.append(trial)
        return trials

    def best(self, trials: Sequence[Any]) -> int | None:
        """Return the number of the complete trial with the highest value, the first of equal ones.

        Parameters
        ----------
        trials : list of optuna.trial.FrozenTrial
            As `finished` returns them.

        Returns
        -------
        int or None
            None where none is complete.
        """
        best = None
        for trial in trials:
            is_complete = trial.state == self.states.COMPLETE
            if is_complete and (best is None or trial.value > best.value):
                best = trial
        return None if best is None else best.number


def _drop_unfinished_line(path: Path) -> None:
    """Drop a last line without its end, as a full disk leaves it.

    Optuna would write the next one behind it.
    """
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        end = text.rfind("\n") + 1
        write_text(path, text[:end])
