"""Train a model: one way for every model, recipe and device.

A training that was cut off goes on to the very same weights (on a CPU, with the same number of
threads).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from danq.config import Train
from danq.data.dataset import open_dataset
from danq.files import PathLike, refuse_overwriting
from danq.training.epoch import Epochs
from danq.training.interruption import Stop, open_resume, restore_state
from danq.training.learner import claim, set_up
from danq.training.record import Curves, Record, Row, training_facts

if TYPE_CHECKING:
    from danq.training.final import FinalPlan


def train(
    dataset: PathLike,
    checkpoint: PathLike,
    history: PathLike,
    facts: PathLike,
    *,
    model: str,
    seed: int,
    settings: Train,
    motifs: str,
    threads: int,
    after_epoch: Callable[[list[Row]], None] | None = None,
    final: "FinalPlan | None" = None,
) -> None:
    """Train one model; go on if the same training was cut off.

    Parameters
    ----------
    dataset : str or path-like
        dataset.h5.
    checkpoint, history, facts : str or path-like
        Files to make: the weights of the best epoch with all that rebuilds the model, one row per
        epoch, and how it went (JSON). While training, ``<checkpoint>.resume`` holds the state from
        which it goes on, and ``<checkpoint>.lock`` keeps a second training out. TensorBoard, where
        it is installed, finds the curves in the folder ``<checkpoint>.tensorboard``.
    model : str
        A key of `danq.catalog.MODELS`.
    seed : int
        Seed of weights, dropout, order and strands.
    settings : danq.config.Train
        Every other knob.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`: for filters that are initialised from them,
        and for a scan that says whether the network does better.
    threads : int
        CPU threads.
    after_epoch : callable, optional
        Called with the rows of the history (list of dict) after each epoch, and before the first
        one where a training goes on: the last call may not have come. May raise.
    final : danq.training.final.FinalPlan, optional
        Train on every window of a dataset of all folds, without validation, with its settings, and
        keep the weights of its last epoch.

    Raises
    ------
    DanqError
        The device is not there, the loss is no longer finite, the validation split has no target
        with both labels, a training of another configuration was cut off here, or another process
        works on these outputs.
    StoppedError
        SIGTERM, SIGINT or SIGUSR1 arrived; the state is saved.
    """
    record = Record(checkpoint, history, facts)
    kept = (f"{checkpoint}.resume", f"{checkpoint}.lock")
    refuse_overwriting(kept, (dataset, motifs, history, facts), "or another output")
    with (
        claim(checkpoint, settings, (history, facts)),
        Stop() as stop,
        open_dataset(dataset) as data,
    ):
        said = None if final is None else final.line
        epochs = Epochs(data, stop, motifs, settings.memory, said)
        learner = set_up(
            data,
            settings,
            model=model,
            seed=seed,
            motifs=motifs,
            threads=threads,
            final=final is not None,
        )
        options = learner.options
        last_epoch = None if final is None else final.epochs
        resume = open_resume(checkpoint, learner, data, threads, last_epoch)
        progress = restore_state(learner, resume)
        if learner.leads:
            epochs.announce(options)
        if after_epoch is not None and progress.history:
            after_epoch(progress.history)
        curves = Curves(f"{checkpoint}.tensorboard", progress.epoch + 1, learner.leads)
        while not progress.finished(last_epoch or options.epochs, options.patience):
            epochs.run(learner, progress, resume)
            curves.add(progress.history[-1])
            if after_epoch is not None:
                after_epoch(progress.history)
        if learner.leads:
            summary = training_facts(learner, progress.history, data.window, resume.all_threads)
            summary |= epochs.facts(learner, progress)
            summary |= _facts_of_final(final)
            inputs = [data.as_input(), *options.inputs()]
            record.write(progress.best, progress.history, summary, data.facts(), inputs)
            resume.remove()


def _facts_of_final(final: "FinalPlan | None") -> dict[str, Any]:
    """Return what train.json says of a final model; of another training nothing."""
    return {} if final is None else {"final": final.facts()}
