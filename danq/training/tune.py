"""Search a small space of configurations of one model with Optuna.

The space, the same for every model:

- ``lr``: a quarter to four times the given one (or the recipe's own), evenly by its logarithm;
- ``dropout``: 0 to 1.5 times the published rates;
- ``weight_decay``: 0.0001 to 0.3, evenly by its logarithm;
- ``scale``: only where scales are named.

All other knobs of `danq train` stay as given, but for the epochs: every model's trials cost the
same multiply-adds, at every scale, see `danq.training.budget`. The first trial is the given
configuration itself (with ``first_lr`` where that is given), so that the best is never worse. A
trial's value is the best validation AUPRC of its epochs, whatever column its recipe chooses the
weights by; the test split is not used. Trials are drawn at random at first, every model's at the
same points, then by TPE (Bergstra et al. 2011,
https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization), and cut short where
their best epoch so far is below the median of what earlier ones had after the same number of
epochs.

The search lives in ``study.log``, each training in a folder beside it, named after its knobs.
One process at a time works on it. A trial that was cut off is run again with the same parameters,
its training from its last saved state. A trial is drawn from the seed, its number and the results
before it. So the same seed tries the same parameters where trainings repeat to the bit.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch

from danq.config import Train, Tune
from danq.data.dataset import open_dataset
from danq.errors import DanqError, UntrainableError
from danq.files import (
    PathLike,
    locked,
    read_table,
    refuse_overwriting,
    sha256,
    write_table,
)
from danq.records import Made, record_table, record_text, verified
from danq.training.budget import plan
from danq.training.record import Row, log
from danq.training.study import (
    Study,
    describe_space,
    distributions,
    load_optuna,
    refuse_outside,
)
from danq.training.train import train
from danq.training.trials import (
    TrialResult,
    best_of,
    results_of,
    summarise_trials,
    trials_to_yaml,
)


def tune(
    dataset: PathLike,
    folder: PathLike,
    table: PathLike,
    output: PathLike,
    facts: PathLike,
    *,
    model: str,
    seed: int,
    settings: Tune,
    motifs: str,
    threads: int,
    beside_others: bool = False,
) -> None:
    """Search for a better configuration of a model; go on if the same search was cut off.

    Parameters
    ----------
    dataset : str or path-like
        dataset.h5.
    folder : str or path-like
        Folder to make: the search and its trainings. Every training leaves its history, the best
        one its checkpoint too.
    table, output, facts : str or path-like
        Files to make: one row per trial (TSV), the best configuration as section ``train`` of
        config.yaml, and what a report says of the search (JSON).
    model : str
        A key of `danq.catalog.MODELS`.
    seed : int
        Of the search, and of each training.
    settings : danq.config.Tune
        Its ``trials`` are how many there are at the end, those of earlier calls included: complete,
        cut short or failed.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`, for filters that are initialised from them.
    threads : int
        CPU threads.
    beside_others : bool
        Whether the folder may hold other searches: each then has a subfolder of its own.

    Raises
    ------
    DanqError
        Optuna is missing, the folder holds another search, ``first_lr`` is not among the rates that
        are tried, no trial was completed, or as
        `danq.training.train.train`; but a loss that is no longer finite only makes its trial fail.
    StoppedError
        SIGTERM, SIGINT or SIGUSR1 arrived while training; the state is saved.
    """
    search = Search(
        dataset,
        folder,
        model=model,
        seed=seed,
        settings=settings,
        motifs=motifs,
        threads=threads,
        beside_others=beside_others,
    )
    with search.opened():
        refuse_overwriting((table, output, facts), search.files(), "a file of this search")
        _log(f"searching {describe_space(search.space)}; trial 1 is the given configuration")
        _log(search.describe_budget())
        while search.n_finished() < settings.trials:
            search.run_trial()
            _log(_trial_message(search.results(), settings.trials))
    results = search.results()
    record_table(table, pd.DataFrame(results, columns=TrialResult._fields), search.made)
    best = best_of(results)
    if best is None:
        what = "no trial was completed; the reasons are in this table"
        raise DanqError(f"{what}; lower --lr, and name another --folder", table)
    record_text(output, trials_to_yaml(model, results, best), search.made)
    summary = json.dumps(search.facts(results, best), indent=1)
    record_text(facts, summary + "\n", search.made)
    weights = search.folder / best.folder / "model.ckpt"
    _log(f"best: trial {best.trial}, validation AUPRC {best.value:.4f}; its weights: {weights}")


class _Outcome(NamedTuple):
    """How the training of a trial ended: Optuna's state, and the reason where it failed."""

    state: Any
    reason: str | None = None


class Search:
    """A study of Optuna, and the trainings that are its trials.

    Parameters
    ----------
    dataset : str or path-like
        dataset.h5.
    folder : str or path-like
        Where the study and its trainings lie.
    model, seed, settings, motifs, threads, beside_others
        As for `tune`.

    Raises
    ------
    DanqError
        Optuna is missing, or ``first_lr`` is not among the rates that are tried.
    """

    def __init__(
        self,
        dataset: PathLike,
        folder: PathLike,
        *,
        model: str,
        seed: int,
        settings: Tune,
        motifs: str,
        threads: int,
        beside_others: bool = False,
    ) -> None:
        optuna = load_optuna()
        self.dataset = dataset
        self.folder = Path(folder)
        self.model = model
        self.seed = seed
        self.motifs = motifs
        self.threads = threads
        with open_dataset(dataset) as data:
            self.plan = plan(settings, data, model)
            self.training_windows = data.split_checksum("train")
            self.made = Made("tune", [data.as_input()])
        self.budget = self.plan.given
        self.knobs = self.budget.knobs
        self.space = distributions(optuna, self.knobs, settings.scales)
        self.first = {**self.knobs, "lr": settings.first_lr or self.knobs["lr"]}
        refuse_outside(self.space, self.first)
        self.identity = {
            "dataset": sha256(dataset),
            "model": model,
            "seed": seed,
            "motifs": motifs,
            "scales": self._shown_at(settings.scales),
            "first_lr": settings.first_lr,
            **self.knobs,
            "start": self._start_checksum(),
        }
        if beside_others:
            self.folder /= _checksum(self.identity)
        self.study: Study
        self.states = optuna.trial.TrialState
        self.pruned: type[Exception] = optuna.TrialPruned
        self._optuna = optuna

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Open the study, and hold the folder for this process as long as the block runs.

        Yields
        ------
        None

        Raises
        ------
        DanqError
            The folder holds another search, or a damaged one, or another process works in it.
        """
        what = "another danq tune works in this folder; wait until it ends, or name another"
        with locked(self.folder / ".lock", f"{self.folder}: {what}"):
            path = self.folder / "study.log"
            self.study = Study(path, self._optuna, self.space, self.identity)
            self._tidy()
            yield

    def files(self) -> list[Path]:
        """Return its study, and the files of trainings that lie below its folder."""
        files = [self.folder / "study.log", self.folder / ".lock"]
        for name in ("study.log", "model.ckpt*", "history.tsv", "train.json"):
            files += self.folder.rglob(name)
        return files

    def n_finished(self) -> int:
        """Return how many trials are over, those of earlier calls included."""
        return len(self.study.finished())

    def run_trial(self) -> None:
        """Draw one trial, train it, and note down how it went."""
        trial = self.study.ask(self.seed, self.first)
        epochs = _EpochReporter(trial, self.training_folder(trial.params), self.pruned)
        outcome = self._train(trial.params, epochs)
        seconds = sum(row["seconds"] for row in epochs.rows)
        trial.set_user_attr("seconds", round(seconds, 1))
        if outcome.reason is not None:
            trial.set_user_attr("reason", outcome.reason)
        value = None
        if outcome.state == self.states.COMPLETE:
            value = max(row["valid_auprc"] for row in epochs.rows)
        self.study.tell(trial, value, outcome.state)
        self._tidy()

    def _train(self, params: dict[str, Any], epochs: "_EpochReporter") -> _Outcome:
        """Train one trial, and report its epochs to the study."""
        folder = self.training_folder(params)
        checkpoint = folder / "model.ckpt"
        facts = folder / "train.json"
        history = folder / "history.tsv"
        try:
            # Both are there where the process was killed after the training, before its result was
            # noted.
            if checkpoint.exists() and facts.exists():
                epochs(_read_history(history))
            else:
                train(
                    self.dataset,
                    checkpoint,
                    history,
                    facts,
                    model=self.model,
                    seed=self.seed,
                    settings=Train(**self.knobs_of(params)),
                    motifs=self.motifs,
                    threads=self.threads,
                    after_epoch=epochs,
                )
        except self.pruned:
            return _Outcome(self.states.PRUNED)
        except torch.OutOfMemoryError:
            reason = "out of memory; a smaller scale or batch_size takes less"
            return _Outcome(self.states.FAIL, reason)
        except UntrainableError as error:
            return _Outcome(self.states.FAIL, str(error))
        return _Outcome(self.states.COMPLETE)

    def _start_checksum(self) -> str | None:
        """Return the checksum of the checkpoint that every trial begins with, if there is one."""
        path = self.knobs["start"]
        return None if path is None else sha256(path)

    def _shown_at(self, scales: list[float]) -> list[list[float]]:
        """Return each scale and the windows that its trials show."""
        return [[scale, self.plan.by_scale[scale].windows] for scale in scales]

    def knobs_of(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return every knob of a training, from the searched ones of its trial.

        Its scale decides how many windows it shows, so that every trial costs the same.
        """
        scale = params.get("scale", self.knobs["scale"])
        return {**self.plan.by_scale[scale].knobs, **params}

    def training_folder(self, params: dict[str, Any]) -> Path:
        """Return the folder of a training, named after all that it depends on.

        Parameters
        ----------
        params : dict
            The searched knobs of the trial.

        Returns
        -------
        pathlib.Path
        """
        return self.folder / _checksum(self.identity | params)

    def _tidy(self) -> None:
        """Remove states and checkpoints of finished trials, but for the best one's checkpoint."""
        trials = self.study.finished()
        best = self.study.best(trials)
        for trial in trials:
            folder = self.training_folder(trial.params)
            (folder / "model.ckpt.resume").unlink(missing_ok=True)
            if trial.number != best:
                (folder / "model.ckpt").unlink(missing_ok=True)

    def results(self) -> list[TrialResult]:
        """Return how each finished trial went, in their order."""
        return results_of(self.study, self.knobs, self.training_folder)

    def facts(self, results: list[TrialResult], best: TrialResult) -> dict[str, Any]:
        """Return what a report says of the search.

        Parameters
        ----------
        results : list of TrialResult
            As `results` returns them.
        best : TrialResult
            The best of them.

        Returns
        -------
        dict of str to plain values
        """
        return {
            "model": self.model,
            "seed": self.seed,
            "training_windows": self.training_windows,
            "windows": self.budget.windows,
            "multiply_adds": self.budget.multiply_adds,
            **summarise_trials(results, best, self.space),
        }

    def describe_budget(self) -> str:
        """Say what a trial shows, and what that costs."""
        epochs = self.knobs["epochs"]
        size = self.knobs["epoch_size"]
        others = [
            f"{budget.windows:,} at scale {scale:g}"
            for scale, budget in self.plan.by_scale.items()
            if scale != self.knobs["scale"]
        ]
        elsewhere = f" ({', '.join(others)})" if others else ""
        return (
            f"a trial shows {self.budget.windows:,} windows{elsewhere} in {epochs} epochs of "
            f"{size:,}: {self.budget.multiply_adds:.3g} multiply-adds, as every model's trial"
        )


class _EpochReporter:
    """Tells the study of each epoch of a trial, and cuts the trial short where the pruner says so.

    Attributes
    ----------
    rows : list of dict
        The epochs of the trial so far; those behind a cut are no part of it.
    """

    def __init__(self, trial: Any, folder: Path, pruned: type[Exception]) -> None:
        self.trial = trial
        self.history = folder / "history.tsv"
        self.pruned = pruned
        self.rows: list[Row] = []

    def __call__(self, rows: list[Row]) -> None:
        """Take the history after an epoch; raise where the trial is to be cut short."""
        is_pruned = self._report(rows[len(self.rows) :])
        write_table(self.history, pd.DataFrame(self.rows))
        if is_pruned:
            raise self.pruned

    def _report(self, rows: list[Row]) -> bool:
        """Tell the study of epochs; stop, and return True, after the one that it cuts.

        There are several where the process was killed before it had told of them all: the pruner
        has to see each, to cut where it would have cut without the interruption.
        """
        for row in rows:
            self.rows.append(row)
            self.trial.report(row["valid_auprc"], row["epoch"])
            if self.trial.should_prune():
                return True
        return False


def _checksum(values: dict[str, Any]) -> str:
    """Return a name for a set of values."""
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read_history(path: Path) -> list[Row]:
    """Read the epochs of the history.tsv of a training that ended."""
    verified(path)
    return read_table(path).to_dict("records")


def _trial_message(results: list[TrialResult], trials: int) -> str:
    """Say how the last finished trial went; there will be `trials` in all."""
    last = results[-1]
    outcome = last.reason or f"validation AUPRC {last.value:.4f}"
    best = best_of(results)
    so_far = "none complete so far"
    if best is not None:
        so_far = f"best so far {best.value:.4f}"
    knobs = f"lr {last.lr:.3g}, dropout {last.dropout:.3g}, weight_decay {last.weight_decay:.3g}"
    return (
        f"trial {last.trial} of {trials}: {knobs}, scale {last.scale:g}: "
        f"{last.state} after {last.epochs} epochs, {outcome}; {so_far}"
    )


def _log(text: str) -> None:
    log(f"tune: {text}")
