"""The training loop: one for every model, recipe and device.

What a step does is a function of data, seed and the step's number: order, strands, moves and dropout follow from these.
So a training that was cut off goes on to the very same weights (on a CPU, with the same number of threads), and several
processes that share each batch do what one would, up to the order of sums.
"""

import contextlib
import hashlib
import json
import platform
import sys
import time

import h5py
import lightning_fabric
import numpy as np
import pandas as pd
import torch
from torch.nn import functional
from tqdm import tqdm

import danq
from danq.data.dataset import open_dataset
from danq.errors import STOPPED, DanqError, StoppedError, UntrainableError
from danq.evaluation.metrics import measure
from danq.files import write_table, write_text
from danq.motif.meme import known_motifs
from danq.network.batches import Loader
from danq.network.checkpoint import Resume, build_from, write_checkpoint
from danq.network.devices import choose_device, choose_precision, hold_gpus, open_fabric
from danq.network.initialise import choose_motifs, start_from_motifs
from danq.network.layers import Dropout
from danq.network.models import count_multiply_adds, count_parameters
from danq.network.predict import predict_rows
from danq.network.recipes import CLIP, choose_recipe
from danq.training.clock import Clock
from danq.training.stop import Stop

SAVE_EVERY = 300  # seconds between two states saved within an epoch
LOOK_EVERY = 16  # steps on a GPU between two looks at whether to stop: a look makes the host wait for the GPU
SEEDS = 1_000_003  # steps of an epoch that have seeds of their own


def train(dataset, checkpoint, history, facts, *, after_epoch=None, **options):
    """Train one model; go on if the same training was cut off.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    checkpoint, history, facts : path
        Made: the weights of the best epoch with all that rebuilds the model, one row per epoch, and how it went
        (JSON). While training, ``<checkpoint>.resume`` holds the state from which it goes on. TensorBoard, where it is
        installed, finds the curves in the folder ``<checkpoint>.tensorboard``.
    after_epoch : callable, optional
        Called with the rows of the history (list of dict) after each epoch; may raise.
    **options
        As for `Loop`.

    Raises
    ------
    DanqError
        The device is not there, the loss is no longer finite, the validation split has no target with both labels, or a
        training of another configuration was cut off here.
    StoppedError
        SIGTERM, SIGINT or SIGUSR1 arrived; the state is saved.
    """
    if options["device"] in ("auto", "cuda"):
        hold_gpus(options["devices"])
    with Stop() as stop, open_dataset(dataset) as opened:
        loop = Loop(opened, **options)
        resume = Resume(
            f"{checkpoint}.resume", loop.options | {"dataset": opened.checksum}, options["threads"]
        )
        loop.restore(resume.load())
        board = _Board(f"{checkpoint}.tensorboard", loop)
        while not loop.finished():
            loop.run_epoch(stop, resume)
            board.add(loop.history[-1])
            if after_epoch is not None:
                after_epoch(loop.history)
        if loop.leads:
            told = loop.facts() | {"threads": resume.all_threads}
            write_checkpoint(checkpoint, loop.best, told, loop.data_facts)
            write_table(history, pd.DataFrame(loop.history))
            write_text(facts, json.dumps(told, indent=1) + "\n")
            resume.remove()


class Loop:
    """All that changes while a model trains: weights, optimiser, schedule, step, best weights, history.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.
    model : str
        A key of `danq.network.models.MODELS`.
    seed : int
        Seed of weights, dropout, order and strands.
    threads : int
        CPU threads.
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`, for filters that start from them.
    **knobs
        Every field of `danq.config.Train`.
    """

    def __init__(self, dataset, *, model, seed, threads, motifs, **knobs):
        self.recipe = choose_recipe(knobs["recipe"], model)
        self.options = options = {"model": model, "seed": seed} | knobs
        for key in ("epochs", "batch_size", "lr", "weight_decay", "patience"):
            options[key] = getattr(self.recipe, key) if options[key] is None else options[key]
        device = choose_device(options["device"])
        options |= {
            "device": str(device),
            "precision": choose_precision(options["precision"], device),
        }
        self.fabric = open_fabric(
            device, options["precision"], options["devices"], options["nodes"]
        )
        torch.set_num_threads(threads)  # after the launch, which sets a number of its own
        self.device, self.leads, self.world = (
            self.fabric.device,
            self.fabric.is_global_zero,
            self.fabric.world_size,
        )
        self.dataset, self.data_facts = dataset, dataset.facts()
        self.valid_labels = dataset.labels("valid")
        if not (self.valid_labels.any(axis=0) & ~self.valid_labels.all(axis=0)).any():
            raise DanqError(
                "no target has both a positive and a negative window in the validation split; change it"
            )
        self.loader = Loader(
            dataset,
            self.device,
            options["memory"] * 1e9,
            shift=options["shift"],
            negatives=options["negatives"],
            balance=options["balance"],
            both_strands=self.recipe.both_strands,
            epoch_size=self.recipe.epoch_size,
        )
        self._build(motifs)
        self.clock = Clock(self.device)
        self.step, self.total, self.spent = 0, torch.zeros((), device=self.device), 0.0
        self.history, self.best = [], None

    def _build(self, motifs):
        """Make the model with its first weights, the optimiser and the schedule."""
        options = self.options
        torch.manual_seed(options["seed"])
        self.bare = build_from(options, self.dataset.window, len(self.dataset.names))
        self.recipe.initialise(self.bare)
        self.initialised_from = []
        if options["initialise_from"] != "random":
            if self.bare.first is None:
                raise DanqError(
                    f"{options['model']} has no filters that could start from motifs; use initialise_from random"
                )
            chosen = choose_motifs(
                options["initialise_from"], known_motifs(motifs), self.dataset.jaspar
            )
            options["motifs"] = hashlib.sha256(
                repr([(one.name, one.matrix.tolist()) for one in chosen]).encode()
            ).hexdigest()
            background = (
                None if options["recipe"] == "published" else self.dataset.background("train")
            )
            self.initialised_from = start_from_motifs(
                self.bare.first, chosen, torch.Generator().manual_seed(options["seed"]), background
            )
        self.drops = [part for part in self.bare.modules() if isinstance(part, Dropout)]
        self.bare.to(self.device)
        optimizer = self.recipe.optimizer(self.bare, options["lr"], options["weight_decay"])
        self.steps = -(-self.loader.epoch_size // options["batch_size"])
        self.schedule = self.recipe.schedule(
            optimizer, options["lr"], self.steps * options["epochs"]
        )
        self.model, self.optimizer = self.fabric.setup(self.bare, optimizer)

    def finished(self):
        """Say whether all epochs are done, or the last `patience` of them brought nothing better."""
        since = len(self.history) - max(
            (row["epoch"] for row in self.history if row["best"] == "yes"), default=0
        )
        return len(self.history) == self.options["epochs"] or since >= self.options["patience"]

    def run_epoch(self, stop, resume):
        """Train to the end of the epoch, validate, keep the weights if they are the best so far, save the state."""
        started, begun = time.monotonic(), self.step
        try:
            self._train(stop, resume)
            trained = time.monotonic()
            loading = self.clock.share("load", trained - started)
            found = self._validate(stop)
        except StoppedError:
            self._save(resume, time.monotonic() - started)
            self.fabric.barrier()  # a process that left earlier would take the others with it
            raise
        windows = max(0, self.loader.epoch_size - begun * self.options["batch_size"])
        row = {
            "epoch": len(self.history) + 1,
            "train_loss": self.total.item() / self.loader.epoch_size,
            **found,
            "lr": self.optimizer.param_groups[0]["lr"],
            "samples_per_s": round(windows / (trained - started), 1) if windows else float("nan"),
            "loading_share": round(loading, 4),
            "seconds": round(self.spent + time.monotonic() - started, 2),
        }
        self._keep(row)
        self.step, self.total, self.spent = 0, torch.zeros_like(self.total), 0.0
        self._save(resume, 0.0)

    def _keep(self, row):
        """Add a row to the history, and keep the weights if it is the best."""
        key = self.recipe.criterion
        sign = -1 if key == "valid_loss" else 1
        better = all(sign * row[key] > sign * earlier[key] for earlier in self.history)
        if better:
            self.best = {
                key: value.detach().cpu().clone() for key, value in self.bare.state_dict().items()
            }
            self.history = [earlier | {"best": "no"} for earlier in self.history]
        self.history.append(row | {"best": "yes" if better else "no"})
        if self.leads:
            tell(
                "{model} seed {seed}: epoch {epoch}/{epochs}  loss {train_loss:.4f}  valid loss {valid_loss:.4f}  "
                "valid AUPRC {valid_auprc:.4f}  {samples_per_s:.0f} samples/s, {0:.1%} of it loading".format(
                    row["loading_share"], **(self.options | row)
                )
            )

    def _train(self, stop, resume):
        """Go from the present step to the end of the epoch."""
        self.model.train()
        epoch, size = len(self.history), self.options["batch_size"]
        plan = self.loader.plan(self.options["seed"], epoch)
        saved = started = time.monotonic()
        with tqdm(
            total=len(plan),
            initial=min(self.step * size, len(plan)),
            desc=self.name,
            unit="window",
            leave=False,
            disable=None if self.leads else True,
        ) as bar:
            while self.step < self.steps:
                first, last = self.step * size, min((self.step + 1) * size, len(plan))
                asked = self.learn(plan, first, last, stop)
                self.step += 1
                bar.update(last - first)
                if self.step % LOOK_EVERY == 0 and not bar.disable:
                    bar.set_postfix(loss=f"{self.total.item() / last:.4f}", refresh=False)
                if self._to_stop(stop, asked):
                    raise StoppedError(STOPPED)
                if time.monotonic() - saved > SAVE_EVERY:
                    self._save(resume, time.monotonic() - started)
                    saved = time.monotonic()
        self._refuse_infinite()

    def _to_stop(self, stop, asked):
        """Say whether to stop: of several processes all do so at the same step, whichever was asked."""
        if self.world == 1:
            return stop.asked is not None
        return (self.device.type == "cpu" or self.step % LOOK_EVERY == 0) and bool(asked.item())

    @property
    def name(self):
        """What a message calls the present epoch."""
        return "{model} seed {seed} epoch {0}/{epochs}".format(
            len(self.history) + 1, **self.options
        )

    def learn(self, plan, first, last, stop):
        """Learn from places `first` to `last` of a plan; return whether any process was asked to stop (tensor)."""
        n, rank = last - first, self.fabric.global_rank
        torch.manual_seed(
            ((self.options["seed"] * SEEDS + len(self.history)) * SEEDS + self.step) % 2**63
        )
        # A process without a window of its own takes one that does not count.
        mine = range(n)[n * rank // self.world : n * (rank + 1) // self.world] or range(1)
        weight = min(len(mine), n * (rank + 1) // self.world - n * rank // self.world) / n
        for drop in self.drops if self.world > 1 else ():
            drop.share = (mine.start, mine.stop, n)
        with self.clock("load"):
            X, y = self.loader.batch(plan, first + mine.start, first + mine.stop)
        self.recipe.constrain(self.bare)
        with self.clock("forward"):
            logits = self.model(X)
            loss = self.recipe.loss(self.bare, logits.float(), y, n) * weight
        self.optimizer.zero_grad(set_to_none=True)
        with self.clock("backward"):
            self.fabric.backward(
                loss * self.world
            )  # the mean over processes is taken of the gradients
        with self.clock("update"):
            self.optimizer.step()
            if self.schedule is not None:
                self.schedule.step()
        told = torch.stack(
            [loss.detach() * n, torch.full_like(loss, float(stop.asked is not None))]
        )
        told = self.fabric.all_reduce(told, reduce_op="sum") if self.world > 1 else told
        self.total += told[0]
        return told[1]

    def _validate(self, stop):
        """Return the validation's part of a row."""
        for drop in self.drops:
            drop.share = None
        probabilities = self._predict_valid(stop)
        if not np.isfinite(probabilities).all():
            raise UntrainableError(
                f"{self.name}: the predictions are no longer finite; lower train.lr"
            )
        labels = torch.from_numpy(self.valid_labels).float()
        clipped = torch.from_numpy(probabilities).clamp(CLIP, 1 - CLIP)
        losses = [functional.binary_cross_entropy(strand, labels).item() for strand in clipped]
        mean = probabilities.mean(axis=0)
        found = measure(self.valid_labels, mean)
        areas = found["auprc"], found["auroc"]
        return {
            "valid_loss": float(np.mean(losses[: self.recipe.loss_strands])),
            "valid_auprc": float(np.nanmean(areas[0])),
            "valid_auroc": float(np.nanmean(areas[1])),
        }

    def _predict_valid(self, stop):
        """Return probabilities from either strand, float32 (2, N, T); each process predicts a share of the windows."""
        n, rank = len(self.valid_labels), self.fabric.global_rank
        share = -(-n // self.world)
        rows = range(n)[rank * share : (rank + 1) * share]
        # Several processes finish their validation first: one that stopped alone would leave the others waiting.
        check = stop.check if self.world == 1 else lambda: None
        found = predict_rows(self.model, self.dataset, "valid", rows, self.device, check)
        if self.world > 1:
            padded = functional.pad(found.transpose(0, 1), (0, 0, 0, 0, 0, share - len(rows)))
            found = (
                self.fabric.all_gather(padded.contiguous().to(self.device))
                .cpu()
                .flatten(0, 1)[:n]
                .transpose(0, 1)
            )
        return found.numpy()

    def _refuse_infinite(self):
        """Refuse to go on from weights, or a loss, that are not numbers."""
        if not np.isfinite(self.total.item()) or not all(
            part.isfinite().all() for part in self.bare.parameters()
        ):
            raise UntrainableError(f"{self.name}: the loss is no longer finite; lower train.lr")

    def _save(self, resume, spent):
        """Save the state, unless it is not worth going on from."""
        self._refuse_infinite()
        if self.leads:
            optimizer, schedule = (
                self.optimizer.state_dict(),
                self.schedule and self.schedule.state_dict(),
            )
            resume.save(
                {
                    "weights": self.bare.state_dict(),
                    "optimizer": optimizer,
                    "schedule": schedule,
                    "step": self.step,
                    "total": self.total,
                    "spent": self.spent + spent,
                    "history": self.history,
                    "best": self.best,
                }
            )

    def restore(self, saved):
        """Take up where the same training stopped; `saved` is None at the beginning."""
        if saved is None:
            return
        self.bare.load_state_dict(saved["weights"])
        self.optimizer.load_state_dict(saved["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(saved["schedule"])
        self.step, self.total, self.spent = (
            saved["step"],
            saved["total"].to(self.device),
            saved["spent"],
        )
        self.history, self.best = saved["history"], saved["best"]
        if self.leads:
            tell(f"{self.name}: resuming at step {self.step} of {self.steps}")

    def facts(self):
        """Return how the training went, as plain values."""
        versions = {
            "danq": danq.__version__,
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "lightning-fabric": lightning_fabric.__version__,
            "numpy": np.__version__,
            "h5py": h5py.__version__,
        }
        cpu = platform.processor() or platform.machine()  # Linux often knows only the latter
        hardware = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else cpu
        return {
            "model": self.options["model"],
            "seed": self.options["seed"],
            "scale": self.options["scale"],
            "parameters": count_parameters(self.bare),
            "multiply_adds": count_multiply_adds(self.bare, self.dataset.window),
            "epochs": len(self.history),
            "best_epoch": next(row["epoch"] for row in self.history if row["best"] == "yes"),
            "device": str(self.device),
            "hardware": hardware,
            "precision": self.options["precision"],
            "seconds": round(sum(row["seconds"] for row in self.history), 1),
            "filters_initialised_from": self.initialised_from,
            "versions": versions,
            "options": self.options,
        }


def tell(line):
    """Write a line to the log, whether or not anyone still reads it."""
    with contextlib.suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)


class _Board:
    """The curves for TensorBoard, where that is installed."""

    def __init__(self, folder, loop):
        self.writer = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        if loop.leads:
            # What a training that was cut off wrote after its last state is hidden.
            self.writer = SummaryWriter(folder, purge_step=len(loop.history) + 1)

    def add(self, row):
        """Add a row of the history."""
        for key, value in row.items() if self.writer else ():
            if isinstance(value, float):
                self.writer.add_scalar(key, value, row["epoch"])
        if self.writer:
            self.writer.flush()
