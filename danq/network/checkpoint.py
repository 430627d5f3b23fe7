"""What a training leaves: the checkpoint that rebuilds a model, and the state from which a training goes on.

Both are files of torch.save that hold tensors and plain values only, written whole or not at all, and read without
running anything in them.
"""

import io
import json
import sys
import zipfile
from pathlib import Path

import torch

import danq
from danq.errors import DamagedError, DanqError
from danq.files import atomic
from danq.network.layers import Dropout
from danq.network.models import build
from danq.network.recipes import choose_recipe

FORMAT = "danq-checkpoint"
VERSION = 2


def write_checkpoint(path, weights, facts, data_facts):
    """Write a trained model.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    weights : dict of str to torch.Tensor
        The model's `state_dict`.
    facts : dict
        How it was trained; ``facts["options"]`` holds what `danq.network.models.build` needs.
    data_facts : dict
        `danq.data.dataset.Dataset.facts` of the training data.
    """
    _save(
        path,
        {
            "format": FORMAT,
            "version": VERSION,
            "weights": weights,
            "facts": facts,
            "dataset": data_facts,
        },
    )


def load_checkpoint(path):
    """Rebuild a trained model from its checkpoint alone.

    Parameters
    ----------
    path : str or path-like
        A checkpoint of `danq.training.train.train`.

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
    if not isinstance(saved, dict) or (saved.get("format"), saved.get("version")) != (
        FORMAT,
        VERSION,
    ):
        raise DanqError(
            f"not a checkpoint of version {VERSION}; train the model again with danq train", path
        )
    data, options = saved["dataset"], saved["facts"]["options"]
    model = build_from(options, data["window"], len(data["names"]))
    try:
        model.load_state_dict(saved["weights"])
    except RuntimeError as error:
        raise DanqError("its weights do not fit its model; train the model again", path) from error
    if not all(torch.isfinite(value).all() for value in model.state_dict().values()):
        raise DanqError("its weights are not all finite; train the model again", path)
    return model.eval(), {"facts": saved["facts"], "dataset": data}


def build_from(options, window, n_targets):
    """Build the model that the options (dict) of a training describe."""
    numbers = {key: options[key] for key in ("scale", "dropout", "head", "gates", "filter_scale")}
    model = build(options["model"], window, n_targets, **numbers)
    for part in model.modules():
        if isinstance(part, Dropout):
            part.inverted = choose_recipe(options["recipe"], options["model"]).inverted_dropout
    return model


class Resume:
    """The state of a training that was cut off, beside its checkpoint.

    Parameters
    ----------
    path : str or path-like
        The file.
    options : dict
        All that the result depends on, plain values by name. A state of others is refused.
    threads : int
        CPU threads; another number is announced, not refused.
    """

    def __init__(self, path, options, threads):
        self.path, self.threads, self.all_threads = Path(path), threads, [threads]
        self.options = options | {"danq": danq.__version__, "torch": str(torch.__version__)}

    def load(self):
        """Return the saved state (dict), or None where there is none.

        Raises
        ------
        DanqError
            The state is of another configuration, dataset or version: names what differs.
        """
        if not self.path.exists():
            return None
        try:
            saved = _load(self.path)
            before, threads, state = saved["options"], saved["threads"], saved["state"]
        except (DamagedError, KeyError, TypeError):
            print(f"{self.path}: damaged; starting anew", file=sys.stderr)
            return None
        changed = [key for key in self.options | before if self.options.get(key) != before.get(key)]
        if changed:
            told = ", ".join(
                f"{key} ({_short(before.get(key))}, now {_short(self.options.get(key))})"
                for key in changed
            )
            raise DanqError(
                f"holds a training that was cut off, with another {told}; go on with the former, or remove "
                "this file to start anew",
                self.path,
            )
        if threads[-1] != self.threads:
            print(
                f"{self.path}: began with {threads[-1]} threads, goes on with {self.threads}: the last digits may "
                "differ from those of an undisturbed training",
                file=sys.stderr,
            )
            threads = [*threads, self.threads]
        self.all_threads = threads
        return state

    def save(self, state):
        """Write the state (dict of tensors and plain values), whole or not at all."""
        _save(self.path, {"options": self.options, "threads": self.all_threads, "state": state})

    def remove(self):
        """Forget the state of a finished training."""
        self.path.unlink(missing_ok=True)


def _short(value):
    text = json.dumps(value)
    return text if len(text) <= 20 else text[:12] + '..."'


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
    except OSError as error:
        raise DanqError(
            f"cannot be read ({error.strerror}); check the path and the disk", path
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # torch raises half a dozen types for a damaged file
        raise DamagedError(
            "not a whole checkpoint; train the model again with danq train", path
        ) from error
