"""Search a small space of configurations with Optuna: what else one model could have had on one dataset.

The space, around the given configuration:

- ``lr``: a third to three times the given one (or the recipe's own), evenly by its logarithm;
- ``dropout``: 0 to 1.5 times the published rates;
- ``scale``: half the given one, itself, or twice it;
- ``shift``: 0 to 40 bp.

All other knobs of `danq train` stay as given. The first trial is the given configuration itself, so the best is never
worse. A trial's value is the best validation AUPRC of its epochs, by whatever its recipe chooses the weights; the test
split takes no part. Trials are drawn by TPE (Bergstra et al. 2011,
https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization), and cut short where their best epoch so
far is below the median of what earlier ones had after the same number of epochs.

The search lives in ``<folder>/study.log``, each training in a folder named after its configuration. One process at a
time works on it. What was cut off is taken up again: the trial with the same parameters, its training from its last
saved state. What a trial is drawn from is the seed, its number and the results before it. So the same seed tries the
same parameters where trainings repeat to the bit.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml

from danq.config import Train, Tune
from danq.errors import DanqError, UntrainableError
from danq.files import read_table, sha256, write_table, write_text
from danq.network.recipes import choose_recipe
from danq.training.train import train

SEARCHED = ("lr", "dropout", "scale", "shift")
PRUNE_AFTER = 4  # complete trials before any is cut short
PRUNE_FROM = 3  # the first epoch after which a trial is cut short


def tune(dataset, folder, table, output, *, trials, **options):
    """Search for a better configuration of a model; go on if the same search was cut off.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    folder : path
        Made: the search and its trainings. Every training leaves its history, the best one its checkpoint too.
    table, output : path
        Made: one row per trial (TSV), and the best configuration as section ``train`` of config.yaml.
    trials : int
        How many trials there are at the end, those of earlier calls included: complete, cut short or failed.
    **options
        As for `Search`.

    Raises
    ------
    DanqError
        Optuna is missing, the folder holds another search, no trial was completed, or as `danq.training.train.train`; but
        a loss that is no longer finite only makes its trial fail.
    StoppedError
        SIGTERM, SIGINT or SIGUSR1 arrived while training; the state is saved.
    """
    search = Search(dataset, folder, **options)
    _tell(f"searching {search.told_space()}; trial 1 is the given configuration")
    while len(search.finished()) < trials:
        search.run_trial()
        _tell(_told(search.rows(), trials))
    rows = search.rows()
    write_table(table, pd.DataFrame(rows))
    best = next((row for row in rows if row["best"] == "yes"), None)
    if best is None:
        raise DanqError(
            "no trial was completed; the reasons are in this table; lower --lr, and name another --folder",
            table,
        )
    write_text(output, search.to_yaml(best))
    _tell(
        f"best: trial {best['trial']}, validation AUPRC {best['value']:.4f}; its weights: "
        f"{search.folder / best['folder'] / 'model.ckpt'}"
    )


def load_optuna():
    """Return the module optuna, its own log ablated.

    Raises
    ------
    DanqError
        It is not installed.
    """
    try:
        import optuna  # an extra, and slow to load
    except ImportError:
        raise DanqError(
            "danq tune needs Optuna; install it with: pip install 'danq[tune]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


class Search:
    """A study of Optuna, and the trainings that are its trials.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    folder : path
        Where the study and its trainings lie.
    model, seed, threads, motifs
        As for `danq.training.train.train`; the seed is that of the search, too.
    **knobs
        Every field of `danq.config.Train`; those in `SEARCHED` are what the space is laid around.

    Raises
    ------
    DanqError
        Optuna is missing, or the folder holds another search, or a damaged one.
    """

    def __init__(self, dataset, folder, *, threads, **options):
        self.optuna = load_optuna()
        self.states = self.optuna.trial.TrialState
        self.dataset, self.folder, self.threads = dataset, Path(folder), threads
        if options["lr"] is None:
            options["lr"] = choose_recipe(options["recipe"], options["model"]).lr
        self.options = options
        self.identity = {"dataset": sha256(dataset), **options}
        self.space = self._space(options["lr"], options["scale"])
        self.study = self._open(self.folder / "study.log")
        self._take_up()
        self._tidy()

    def _space(self, lr, scale):
        """Return Optuna's distribution of each searched knob, around the given values of two."""
        kinds = self.optuna.distributions
        return {
            "lr": kinds.FloatDistribution(lr * Tune.LR[0], lr * Tune.LR[1], log=True),
            "dropout": kinds.FloatDistribution(*Tune.DROPOUT),
            "scale": kinds.CategoricalDistribution([scale * times for times in Tune.SCALE]),
            "shift": kinds.IntDistribution(*Tune.SHIFT),
        }

    def told_space(self):
        """Return the space in words."""
        lr, scales = (
            self.space["lr"],
            ", ".join(f"{scale:g}" for scale in self.space["scale"].choices),
        )
        return (
            f"lr {lr.low:.3g} to {lr.high:.3g} (by its logarithm), dropout {Tune.DROPOUT[0]:g} to "
            f"{Tune.DROPOUT[1]:g}, scale {scales}, shift {Tune.SHIFT[0]} to {Tune.SHIFT[1]} bp"
        )

    def _open(self, path):
        """Return the study in a file, made if there is none."""
        storages = self.optuna.storages
        path.parent.mkdir(parents=True, exist_ok=True)
        _drop_part(path)
        # Optuna's default lock, a symbolic link, would outlive a killed process for ever where the path is relative.
        lock = storages.journal.JournalFileOpenLock(str(path))
        pruner = self.optuna.pruners.MedianPruner(
            n_startup_trials=PRUNE_AFTER, n_warmup_steps=PRUNE_FROM
        )
        try:
            storage = storages.JournalStorage(storages.journal.JournalFileBackend(str(path), lock))
            study = self.optuna.create_study(
                storage=storage,
                study_name="danq tune",
                direction="maximize",
                pruner=pruner,
                load_if_exists=True,
            )
        except (
            ValueError,
            KeyError,
            TypeError,
        ) as error:  # what Optuna raises depends on where a line is cut
            raise DanqError(
                "not a whole search of danq tune; remove it to start anew", path
            ) from error
        self._refuse_another(study, path)
        return study

    def _refuse_another(self, study, path):
        """Refuse a study of another configuration, dataset or seed; note down those of a new one."""
        before = study.user_attrs.get("identity")
        if before is None:
            study.set_user_attr("identity", self.identity)
        elif changed := [
            key for key in self.identity | before if self.identity.get(key) != before.get(key)
        ]:
            told = ", ".join(
                f"{key} ({_short(before.get(key))}, now {_short(self.identity.get(key))})"
                for key in changed
            )
            raise DanqError(
                f"holds a search with another {told}; give the former, or name another --folder",
                path,
            )

    def _take_up(self):
        """Queue what was running when the process was killed; its old record counts as a failure."""
        for old in self.study.get_trials(states=[self.states.RUNNING]):
            self.study.tell(old.number, state=self.states.FAIL)
            # One that has its reason had failed already. One without all its parameters will be drawn anew.
            if "reason" not in old.user_attrs and len(old.params) == len(SEARCHED):
                self.study.enqueue_trial(old.params)

    def finished(self):
        """Return the trials that count, as Optuna's FrozenTrial: all but those that are, or were, cut off."""
        return [
            trial
            for trial in self.study.get_trials()
            if "reason" in trial.user_attrs
            or trial.state in (self.states.COMPLETE, self.states.PRUNED)
        ]

    def _best(self, finished):
        """Return the number of the complete trial with the highest value, or None."""
        complete = {
            trial.number: trial.value for trial in finished if trial.state == self.states.COMPLETE
        }
        return max(complete, key=complete.get, default=None)

    def run_trial(self):
        """Draw one trial, train it, and note down how it went."""
        trial = self._ask()
        epochs = _Epochs(trial, self.place(trial.params), self.optuna.TrialPruned)
        state, reason = self._train(trial.params, epochs)
        trial.set_user_attr("seconds", round(sum(row["seconds"] for row in epochs.rows), 1))
        if reason is not None:
            trial.set_user_attr("reason", reason)
        value = (
            max(row["valid_auprc"] for row in epochs.rows)
            if state == self.states.COMPLETE
            else None
        )
        self.study.tell(trial, value, state)
        self._tidy()

    def _ask(self):
        """Return the next trial: what waits, else the given configuration, else what TPE draws."""
        done = len(self.finished())
        # A sampler that lived longer would begin its draws again after an interruption.
        seed = np.random.SeedSequence([self.options["seed"], done]).generate_state(1)[0]
        self.study.sampler = self.optuna.samplers.TPESampler(seed=int(seed))
        if not done and not self.study.get_trials(states=[self.states.WAITING]):
            self.study.enqueue_trial({name: self.options[name] for name in SEARCHED})
        return self.study.ask(self.space)

    def _train(self, params, epochs):
        """Train one trial; return its state, and the reason where it failed."""
        place = self.place(params)
        checkpoint, history, facts = (
            place / name for name in ("model.ckpt", "history.tsv", "train.json")
        )
        try:
            # Both are there where the process was killed after the training, before its result was noted.
            if not (checkpoint.exists() and facts.exists()):
                train(
                    self.dataset,
                    checkpoint,
                    history,
                    facts,
                    after_epoch=epochs,
                    threads=self.threads,
                    **(self.options | params),
                )
        except self.optuna.TrialPruned:
            return self.states.PRUNED, None
        except torch.OutOfMemoryError:
            return self.states.FAIL, "out of memory; a smaller scale or batch_size takes less"
        except UntrainableError as error:
            return self.states.FAIL, str(error)
        epochs.report(_read_rows(history))
        return self.states.COMPLETE, None

    def place(self, params):
        """Return the folder of a training, named after all that it depends on."""
        text = json.dumps(self.identity | params, sort_keys=True)
        return self.folder / hashlib.sha256(text.encode()).hexdigest()[:16]

    def _tidy(self):
        """Remove checkpoints and states of finished trials, but for the best one's checkpoint."""
        finished = self.finished()
        best = self._best(finished)
        for trial in finished:
            (self.place(trial.params) / "model.ckpt.resume").unlink(missing_ok=True)
            if trial.number != best:
                (self.place(trial.params) / "model.ckpt").unlink(missing_ok=True)

    def rows(self):
        """Return one row per finished trial (list of dict), in their order."""
        finished = self.finished()
        best, rows = self._best(finished), []
        names = {
            self.states.COMPLETE: "complete",
            self.states.PRUNED: "pruned",
            self.states.FAIL: "failed",
        }
        for number, trial in enumerate(finished, 1):
            areas = trial.intermediate_values.values()  # of each epoch
            rows.append(
                {
                    "trial": number,
                    "state": names[trial.state],
                    "value": float("nan") if trial.state == self.states.FAIL else max(areas),
                    "epochs": len(areas),
                    **{name: trial.params[name] for name in SEARCHED},
                    "seconds": trial.user_attrs["seconds"],
                    "best": "yes" if trial.number == best else "no",
                    "folder": self.place(trial.params).name,
                    "reason": trial.user_attrs.get("reason"),
                }
            )
        return rows

    def to_yaml(self, best):
        """Return a configuration as YAML text: the section ``train`` of config.yaml, less what has its default.

        Parameters
        ----------
        best : dict
            The best of `rows`.
        """
        given, options = self.rows()[0], self.options | {name: best[name] for name in SEARCHED}
        had = f"{given['value']:.4f}" if given["state"] == "complete" else "none: it failed"
        section = {
            name: options[name]
            for name, field in Train.model_fields.items()
            if name in SEARCHED or options[name] != field.default
        }
        return (
            f"# {options['model']}: the best of {len(self.finished())} trials of danq tune\n"
            f"# validation AUPRC: {best['value']:.4f}; of the given configuration: {had}\n"
            + yaml.safe_dump({"train": section}, sort_keys=False)
        )


class _Epochs:
    """Takes down each epoch of a trial, and cuts the trial short where the pruner says so."""

    def __init__(self, trial, place, pruned):
        self.trial, self.history, self.pruned, self.reported = (
            trial,
            place / "history.tsv",
            pruned,
            set(),
        )
        self.rows = []

    def __call__(self, rows):
        write_table(self.history, pd.DataFrame(rows))
        self.report(rows)
        if self.trial.should_prune():
            raise self.pruned

    def report(self, rows):
        """Tell the study of the epochs so far (list of dict)."""
        self.rows = rows
        for row in rows:
            if row["epoch"] not in self.reported:
                self.trial.report(row["valid_auprc"], row["epoch"])
                self.reported.add(row["epoch"])


def _read_rows(history):
    """Read the epochs of a history.tsv (list of dict)."""
    return read_table(history).to_dict("records")


def _drop_part(path):
    """Drop a last line without its end, as a full disk leaves it: Optuna would write the next one behind it."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if text and not text.endswith("\n"):
        write_text(path, text[: text.rfind("\n") + 1])


def _told(rows, trials):
    """Return the last of the finished trials (list of dict) in words; there will be `trials` in all."""
    last, best = rows[-1], [row["value"] for row in rows if row["best"] == "yes"]
    how = last["reason"] or f"validation AUPRC {last['value']:.4f}"
    so_far = f"best so far {best[0]:.4f}" if best else "none complete so far"
    return (
        "trial {trial} of {0}: lr {lr:.3g}, dropout {dropout:.3g}, scale {scale:g}, shift {shift}: {state} after "
        "{epochs} epochs, {1}; {2}"
    ).format(trials, how, so_far, **last)


def _short(value):
    text = str(value)
    return text if len(text) <= 40 else text[:12] + "..."


def _tell(text):
    print(f"tune: {text}", file=sys.stderr, flush=True)
