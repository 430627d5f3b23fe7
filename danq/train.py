"""The training loop, early stopping, checkpoints, and resuming.

One recipe for every model: AdamW (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101) under a one-cycle
learning rate (Smith and Topin 2019, https://arxiv.org/abs/1708.07120), binary cross-entropy over all targets, random
strands. The weights of the epoch with the highest mean validation AUPRC are kept.
"""

import hashlib
import io
import json
import platform
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch
from torch.nn import functional
from tqdm import tqdm

import danq
from danq.batches import Batches, augment
from danq.dataset import open_dataset
from danq.errors import DanqError
from danq.evaluate import auprc, auroc
from danq.files import atomic, sha256, write_table, write_text
from danq.models import build, count_parameters, strand_average

FORMAT = "danq-checkpoint"
VERSION = 1
WARM_UP = 0.25  # share of the steps in which the learning rate rises
MIN_STEPS = 5  # fewer leave the schedule no step to rise in
EVALUATION_BATCH = 512


def train(dataset, checkpoint, history, facts, *, model, seed, threads, scale, dropout, epochs, batch_size, lr,
          weight_decay, shift, patience, precision, device):
    """Train one model; resume if an earlier, same training was cut off.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    checkpoint, history, facts : path
        Made: the weights of the best epoch with all that rebuilds the model, one row per epoch, and how it went
        (JSON). While training, ``<checkpoint>.resume`` holds the state of the last whole epoch.
    model : str
        A key of `danq.models.MODELS`.
    seed : int
        Seed of weights, dropout, order and strands. On a CPU, the same seed and number of threads give the same bits.
    threads : int
        CPU threads.
    scale, dropout, epochs, batch_size, lr, weight_decay, shift, patience, precision, device
        See `danq.config.Train`.

    Raises
    ------
    DanqError
        The device is not there, the loss is no longer finite, or the validation split has no target with both labels.
    """
    options = {"model": model, "seed": seed, "threads": threads, "scale": scale, "dropout": dropout, "epochs": epochs,
               "batch_size": batch_size, "lr": lr, "weight_decay": weight_decay, "shift": shift, "patience": patience,
               "precision": precision, "device": device}
    torch.set_num_threads(threads)
    place = choose_device(device)
    with open_dataset(dataset) as opened:
        loop = _Loop(opened, options, place, choose_precision(precision, place))
    resume = _Resume(f"{checkpoint}.resume", options | {"place": str(place), "dtype": str(loop.dtype)}, dataset)
    resume.load_into(loop)
    while not loop.finished():
        loop.run_epoch()
        resume.save(loop)
    _write_checkpoint(checkpoint, loop)
    write_table(history, pd.DataFrame(loop.history))
    write_text(facts, json.dumps(loop.facts(), indent=1) + "\n")
    resume.remove()


def choose_device(name):
    """Return the torch.device called `name`; "auto" is a GPU if there is one.

    Raises
    ------
    DanqError
        There is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    known = ["cpu", "cuda", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if name not in known or (name.startswith("cuda") and not torch.cuda.is_available()):
        raise DanqError(f"device {name} is not here: PyTorch sees {torch.cuda.device_count()} GPUs; use auto or cpu")
    return torch.device(name)


def choose_precision(name, device):
    """Return the torch.dtype to compute in; "auto" is bfloat16 where the hardware has it, else float32."""
    if name == "auto":
        native = torch.cuda.is_bf16_supported if device.type == "cuda" else torch.cpu._is_avx512_bf16_supported
        name = "bfloat16" if native() else "float32"
    return getattr(torch, name)


class _Loop:
    """All that changes while a model trains: weights, optimiser, schedule, epoch, best weights, history."""

    def __init__(self, dataset, options, device, dtype):
        self.options, self.device, self.dtype = options, device, dtype
        self.data_facts = dataset.facts()
        self.train, self.valid = Batches(dataset, "train", device), Batches(dataset, "valid", device)
        self.valid_labels = dataset.labels("valid")
        torch.manual_seed(options["seed"])
        self.model = build(options["model"], dataset.window, len(dataset.names), options["scale"],
                           options["dropout"]).to(device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), options["lr"], fused=True,
                                           weight_decay=options["weight_decay"])
        self.steps = -(-len(self.train) // options["batch_size"])
        total = max(self.steps * options["epochs"], MIN_STEPS)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, options["lr"], total_steps=total,
                                                            pct_start=WARM_UP)
        self.history, self.best = [], None

    def finished(self):
        """Say whether all epochs are done, or the last `patience` of them brought nothing better."""
        best = max(range(len(self.history)), key=lambda i: self.history[i]["valid_auprc"], default=0)
        return len(self.history) == self.options["epochs"] or len(self.history) - 1 - best >= self.options["patience"]

    def run_epoch(self):
        """Train for one epoch, validate, and keep the weights if they are the best so far."""
        started = time.monotonic()
        loss = self._train_epoch()
        seconds = time.monotonic() - started
        row = {"epoch": len(self.history) + 1, "train_loss": loss, **self._validate(),
               "lr": self.schedule.get_last_lr()[0], "samples_per_s": round(len(self.train) / seconds, 1)}
        better = all(row["valid_auprc"] > earlier["valid_auprc"] for earlier in self.history)
        if better:
            self.best = {key: value.detach().cpu().clone() for key, value in self.model.state_dict().items()}
            self.history = [earlier | {"best": "no"} for earlier in self.history]
        self.history.append(row | {"seconds": round(time.monotonic() - started, 2), "best": "yes" if better else "no"})
        print("{model} seed {seed}: epoch {epoch}/{epochs}  loss {train_loss:.4f}  valid loss {valid_loss:.4f}  "
              "valid AUPRC {valid_auprc:.4f}  {samples_per_s:.0f} samples/s".format(**(self.options | row)),
              file=sys.stderr, flush=True)

    def _train_epoch(self):
        """Pass once over the training windows; return the mean loss."""
        self.model.train()
        epoch = len(self.history)
        # Order and strands are a function of seed and epoch alone, whatever came before.
        chance = torch.Generator().manual_seed(self.options["seed"] * 100_003 + epoch)
        order = torch.randperm(len(self.train), generator=chance)
        total = torch.zeros((), device=self.device)
        name = "{model} seed {seed} epoch {0}/{epochs}".format(epoch + 1, **self.options)
        with tqdm(total=len(order), desc=name, unit="window", leave=False, disable=None) as bar:
            for rows in order.split(self.options["batch_size"]):
                loss = self._step(rows.to(self.device), chance)
                total += loss * len(rows)
                bar.update(len(rows))
                if not bar.disable:
                    bar.set_postfix(loss=f"{total.item() / bar.n:.4f}", refresh=False)
        mean = total.item() / len(order)
        if not np.isfinite(mean):
            raise DanqError(f"{name}: the loss is no longer finite; lower train.lr")
        return mean

    def _step(self, rows, chance):
        X = augment(self.train.sequences_of(rows), self.options["shift"], chance)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.model(X)
        loss = functional.binary_cross_entropy_with_logits(logits.float(), self.train.labels_of(rows))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        return loss.detach()

    def _validate(self):
        probabilities = predict_batches(self.model, self.valid, self.device, self.dtype)
        if not np.isfinite(probabilities).all():
            raise DanqError("{model} seed {seed}: the predictions are no longer finite; lower train.lr".format(
                **self.options))
        loss = functional.binary_cross_entropy(torch.from_numpy(probabilities),
                                               torch.from_numpy(self.valid_labels).float()).item()
        areas = auprc(self.valid_labels, probabilities), auroc(self.valid_labels, probabilities)
        if np.isnan(areas[0]).all():
            raise DanqError("no target has both a positive and a negative window in the validation split; change it")
        return {"valid_loss": loss, "valid_auprc": float(np.nanmean(areas[0])),
                "valid_auroc": float(np.nanmean(areas[1]))}

    def facts(self):
        """Return how the training went, as plain values."""
        versions = {"danq": danq.__version__, "python": platform.python_version(), "torch": str(torch.__version__),
                    "numpy": np.__version__, "h5py": h5py.__version__}
        cpu = platform.processor() or platform.machine()  # Linux often knows only the latter
        hardware = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else cpu
        return {"model": self.options["model"], "seed": self.options["seed"], "scale": self.options["scale"],
                "parameters": count_parameters(self.model), "epochs": len(self.history),
                "best_epoch": next(row["epoch"] for row in self.history if row["best"] == "yes"),
                "device": str(self.device), "hardware": hardware, "precision": str(self.dtype).removeprefix("torch."),
                "threads": self.options["threads"], "seconds": round(sum(row["seconds"] for row in self.history), 1),
                "versions": versions, "options": self.options}


def predict_batches(model, batches, device, dtype):
    """Return probabilities of a whole split, float32 (N, T), the two strands averaged.

    Parameters
    ----------
    model : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T); left in evaluation mode.
    batches : danq.batches.Batches
        The split.
    device : torch.device
    dtype : torch.dtype
        Precision of the computation.
    """
    model.eval()
    found = []
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        for start in tqdm(range(0, len(batches), EVALUATION_BATCH), "predict", unit="batch", leave=False, disable=None):
            X = batches.sequences_of(slice(start, start + EVALUATION_BATCH))
            found.append(strand_average(model, X).cpu())
    return torch.cat(found).numpy()


def _write_checkpoint(path, loop):
    _save(path, {"format": FORMAT, "version": VERSION, "weights": loop.best, "facts": loop.facts(),
                 "dataset": loop.data_facts})


def load_checkpoint(path):
    """Rebuild a trained model from its checkpoint alone.

    Parameters
    ----------
    path : str or path-like
        A checkpoint of `train`.

    Returns
    -------
    model : torch.nn.Module
        In evaluation mode, on the CPU.
    facts : dict
        ``facts`` (how it was trained) and ``dataset`` (window, alphabet, target names, ...).

    Raises
    ------
    DanqError
        Not a whole checkpoint of ours, or weights that are not finite or do not fit the model.
    """
    saved = _load(path)
    if not isinstance(saved, dict) or (saved.get("format"), saved.get("version")) != (FORMAT, VERSION):
        raise DanqError(f"not a checkpoint of version {VERSION}; train the model again with danq train", path)
    data, facts = saved["dataset"], saved["facts"]
    model = build(facts["model"], data["window"], len(data["names"]), facts["scale"], facts["options"]["dropout"])
    try:
        model.load_state_dict(saved["weights"])
    except RuntimeError as error:
        raise DanqError("its weights do not fit its model; train the model again", path) from error
    if not all(torch.isfinite(value).all() for value in model.state_dict().values()):
        raise DanqError("its weights are not all finite; train the model again", path)
    return model.eval(), {"facts": facts, "dataset": data}


def _save(path, content):
    """Write with torch.save, atomically, and so that a full disk is an OSError."""
    image = io.BytesIO()
    torch.save(content, image)
    with atomic(path) as part:
        part.write_bytes(image.getbuffer())


def _load(path):
    """Read a file of torch.save, tensors and plain values only: nothing in it is ever run."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch itself does not look at the checksums
                raise zipfile.BadZipFile
        return torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, PermissionError) as error:
        raise DanqError(f"cannot be read ({error.strerror}); check the path", path) from error
    except Exception as error:  # torch raises half a dozen types for a damaged file
        raise DanqError("not a whole checkpoint; train the model again with danq train", path) from error


class _Resume:
    """The state of the last whole epoch, beside the checkpoint, for a training that was cut off."""

    def __init__(self, path, options, dataset):
        self.path = Path(path)
        told = json.dumps({"options": options, "dataset": sha256(dataset), "version": danq.__version__})
        self.fingerprint = hashlib.sha256(told.encode()).hexdigest()

    def load_into(self, loop):
        """Take up where the same training stopped; a state of another configuration or dataset is passed over."""
        if not self.path.exists():
            return
        try:
            saved = _load(self.path)
        except DanqError:
            saved = {}
        if saved.get("fingerprint") != self.fingerprint:
            print(f"{self.path}: damaged, or of another configuration, dataset or device; starting anew",
                  file=sys.stderr)
            return
        loop.model.load_state_dict(saved["weights"])
        loop.optimizer.load_state_dict(saved["optimizer"])
        loop.schedule.load_state_dict(saved["schedule"])
        loop.history, loop.best = saved["history"], saved["best"]
        torch.set_rng_state(saved["chance"])
        if loop.device.type == "cuda":
            torch.cuda.set_rng_state(saved["chance_gpu"], loop.device)
        print(f"{self.path}: resuming after epoch {len(loop.history)}", file=sys.stderr)

    def save(self, loop):
        """Write the state, atomically."""
        gpu = torch.cuda.get_rng_state(loop.device) if loop.device.type == "cuda" else None
        _save(self.path, {"fingerprint": self.fingerprint, "weights": loop.model.state_dict(), "best": loop.best,
                          "optimizer": loop.optimizer.state_dict(), "schedule": loop.schedule.state_dict(),
                          "history": loop.history, "chance": torch.get_rng_state(), "chance_gpu": gpu})

    def remove(self):
        """Forget the state of a finished training."""
        self.path.unlink(missing_ok=True)
