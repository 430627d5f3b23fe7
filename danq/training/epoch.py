"""The epochs of a training: steps, validation, and a row of the history for each."""

import time
from typing import Any

from danq.config import choice_lines
from danq.data.dataset import Dataset
from danq.errors import STOPPED, StoppedError
from danq.network.augment import shift_line
from danq.network.checkpoint import Resume
from danq.progress import Bar
from danq.training.interruption import Progress, Stop, refuse_infinite, save_state
from danq.training.learner import Learner, StepResult, step_seed
from danq.training.options import Options
from danq.training.record import Row, log
from danq.training.validate import SHARE, Scores, Validated, Validation
from danq.training.warm_start import start_line
from danq.training.watch import Watch, conclude_unvalidated

SAVE_EVERY = 300
"""Seconds between two states saved within an epoch."""

LOOK_EVERY = 16
"""Steps between two reads of a result from a GPU: each read makes the host wait for it."""


class Epochs:
    """Runs the epochs of a training, each with a validation at its end, but of a final one.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file, whose validation split is predicted; stays open as long as the network
        trains.
    stop : danq.training.interruption.Stop
        Notes signals that ask to stop.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`, whose scan a network should outdo.
    memory : float
        ``train.memory``: GB of which a validation may take a quarter.
    final : str, optional
        What the log says of a training without validation.

    Raises
    ------
    DanqError
        No target of the validation split has windows of both labels.
    """

    def __init__(
        self, dataset: Dataset, stop: Stop, motifs: str, memory: float, final: str | None = None
    ) -> None:
        self.dataset = dataset
        self.final = final
        self.validation: Validation | None = None
        self.watch: Watch | None = None
        if final is None:
            self.validation = Validation(dataset, SHARE * memory * 1e9)
            self.watch = Watch(self.validation, motifs)
        self.margin = dataset.margin
        self.stop = stop

    def announce(self, options: Options) -> None:
        """Say in the log what was chosen for a training, and what its validation reads."""
        name = f"{options.model} seed {options.seed}"
        for line in choice_lines(options.choices):
            log(f"{name}: {line}")
        if options.start is not None:
            log(f"{name}: {start_line(options.start, self.dataset)}")
        if options.settings.freeze:
            log(f"{name}: frozen: {', '.join(options.settings.freeze)}")
        entering = shift_line(options.settings.shift or 0, self.margin)
        if entering is not None:
            log(f"{name}: {entering}")
        if self.final is not None:
            log(f"{name}: {self.final}")
        if self.validation is not None:
            self.validation.announce(name)

    def facts(self, learner: Learner, progress: Progress) -> dict[str, Any]:
        """Say what was validated, and check the training that has ended.

        Parameters
        ----------
        learner : danq.training.learner.Learner
            The network, which gets the weights that are kept.
        progress : danq.training.interruption.Progress
            At its end.

        Returns
        -------
        dict
            ``start``, where there is a checkpoint to begin with; ``validation``, where there is
            one; and ``health``.
        """
        facts: dict[str, Any] = {}
        start = learner.options.start
        if start is not None:
            facts["start"] = start.facts(self.dataset.source.get("splits"))
        if self.validation is None or self.watch is None:
            facts["health"] = conclude_unvalidated(learner, progress, self.dataset)
            return facts
        facts["validation"] = self.validation.facts()
        facts["health"] = self.watch.conclude(learner, progress)
        return facts

    def run(self, learner: Learner, progress: Progress, resume: Resume) -> None:
        """Train to the end of the epoch, validate, keep the best weights, and save the state.

        Parameters
        ----------
        learner : danq.training.learner.Learner
            The network in training.
        progress : danq.training.interruption.Progress
            Its history grows by one row.
        resume : danq.network.checkpoint.Resume
            Where the state is kept.

        Raises
        ------
        UntrainableError
            The loss, a weight or a prediction is not finite.
        StoppedError
            A signal arrived; the state is saved.
        """
        started = time.monotonic()
        first_step = progress.step
        try:
            _train(learner, progress, resume, self.stop)
            train_seconds = time.monotonic() - started
            loading_share = learner.clock.share("load", train_seconds)
            validated = self._validate(learner, progress)
        except StoppedError:
            save_state(learner, progress, resume, time.monotonic() - started)
            learner.fabric.barrier()  # a process that exits earlier would end the others
            raise
        row = _row(learner, progress, None if validated is None else validated.scores)
        row["samples_per_s"] = _speed(learner, first_step, train_seconds)
        row["loading_share"] = round(loading_share, 4)
        row["seconds"] = round(progress.seconds + time.monotonic() - started, 2)
        weights = learner.network.state_dict()
        criterion = None if validated is None else learner.options.recipe.criterion
        row = progress.add(row, weights, criterion)
        if learner.leads:
            log(_message(learner, row))
        if validated is not None and self.watch is not None:
            self.watch.look(learner, progress, validated)
        progress.begin_epoch()
        save_state(learner, progress, resume, 0.0)

    def _validate(self, learner: Learner, progress: Progress) -> Validated | None:
        """Validate the epoch; None without a validation split."""
        if self.validation is None:
            return None
        name = learner.options.epoch_name(progress.epoch + 1)
        return self.validation.score(learner, name, self.stop)


def _train(learner: Learner, progress: Progress, resume: Resume, stop: Stop) -> None:
    """Go from the present step to the end of the epoch."""
    options = learner.options
    learner.train_mode()
    schedule = learner.loader.schedule(options.seed, progress.epoch)
    started = time.monotonic()
    saved = started
    with _progress_bar(learner, progress, len(schedule)) as bar:
        while progress.step < learner.steps:
            batch = _batch(progress.step, options.batch_size, len(schedule))
            seed = step_seed(options.seed, progress.epoch, progress.step)
            loss_sum = learner.learn(schedule, batch, seed)
            result = learner.sum_over_processes(loss_sum, stop.signal_name is not None)
            progress.loss_sum += result.loss_sum
            progress.step += 1
            _show(bar, progress, batch)
            if _has_to_stop(learner, progress.step, result, stop):
                raise StoppedError(STOPPED)
            if time.monotonic() - saved > SAVE_EVERY:
                save_state(learner, progress, resume, time.monotonic() - started)
                saved = time.monotonic()
    refuse_infinite(learner, progress)


def _batch(step: int, size: int, n: int) -> range:
    """Return which windows of a schedule of `n` a step learns from."""
    start = step * size
    return range(start, min(start + size, n))


def _progress_bar(learner: Learner, progress: Progress, n: int) -> Bar:
    done = min(progress.step * learner.options.batch_size, n)
    return Bar(
        total=n,
        initial=done,
        desc=learner.options.epoch_name(progress.epoch + 1),
        unit="window",
        disable=not learner.leads,
    )


def _show(bar: Bar, progress: Progress, batch: range) -> None:
    """Move the progress bar on, and now and then show the mean loss of the epoch so far."""
    bar.update(len(batch))
    if progress.step % LOOK_EVERY == 0 and not bar.disable:
        loss = progress.loss_sum.item() / batch.stop
        bar.set_postfix(loss=f"{loss:.4f}", refresh=False)


def _has_to_stop(learner: Learner, step: int, result: StepResult, stop: Stop) -> bool:
    """Say whether to stop: all processes stop at the same step, whichever received the signal."""
    if learner.fabric.world_size == 1:
        return stop.signal_name is not None
    if learner.device.type != "cpu" and step % LOOK_EVERY != 0:
        return False
    return bool(result.n_stopping.item())


def _row(learner: Learner, progress: Progress, scores: Scores | None) -> Row:
    """Return what the epoch reached, as the first columns of the history."""
    validated = {} if scores is None else scores._asdict()
    train_loss = progress.loss_sum.item() / learner.loader.epoch_size
    return {
        "epoch": progress.epoch + 1,
        "train_loss": train_loss,
        **validated,
        "lr": learner.optimizer.param_groups[0]["lr"],
    }


def _speed(learner: Learner, first_step: int, seconds: float) -> float:
    """Return the windows per second of the steps of this process; nan where it took none."""
    windows = learner.loader.epoch_size - first_step * learner.options.batch_size
    if windows <= 0:
        return float("nan")
    return round(windows / seconds, 1)


def _message(learner: Learner, row: Row) -> str:
    """Say in a line how an epoch went."""
    options = learner.options
    name = f"{options.model} seed {options.seed}: epoch {row['epoch']}/{options.epochs}"
    reached = f"loss {row['train_loss']:.4f}"
    if "valid_loss" in row:
        reached += f"  valid loss {row['valid_loss']:.4f}  valid AUPRC {row['valid_auprc']:.4f}"
    speed = f"{row['samples_per_s']:.0f} samples/s, {row['loading_share']:.1%} of it loading"
    return f"{name}  {reached}  {speed}"
