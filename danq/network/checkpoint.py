"""What a training leaves: the checkpoint of a model, and the state from which a training goes on.

Both are files of torch.save that hold tensors and plain values only, written whole or not at all,
and read without running anything in them.
"""

import io
import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

import danq
from danq.config import differences
from danq.errors import DamagedError, DanqError
from danq.files import PathLike, atomic
from danq.network.facts import KNOBS, refuse_wrong_facts
from danq.network.layers import Dropout
from danq.network.models import Network, build
from danq.network.recipes import choose_recipe

FORMAT = "danq-checkpoint"
VERSION = 5


class Checkpoint(NamedTuple):
    """A trained model, with how it was trained and on what data.

    Attributes
    ----------
    network : danq.network.models.Network
        In evaluation mode, on the CPU.
    facts : dict
        How it was trained.
    data_facts : dict
        `danq.data.dataset.Dataset.facts` of the training data: window, alphabet, target names, ...
    """

    network: Network
    facts: dict[str, Any]
    data_facts: dict[str, Any]


def write_checkpoint(
    path: PathLike,
    weights: Mapping[str, torch.Tensor],
    facts: Mapping[str, Any],
    data_facts: Mapping[str, Any],
) -> None:
    """Write a trained model, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    weights : dict of str to torch.Tensor
        The model's `state_dict`.
    facts : dict
        How it was trained; ``facts["options"]`` holds what `build_from` needs.
    data_facts : dict
        `danq.data.dataset.Dataset.facts` of the training data.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "weights": weights,
        "facts": facts,
        "dataset": data_facts,
    }
    _save(path, content)


def load_checkpoint(path: PathLike) -> Checkpoint:
    """Rebuild a trained model from its checkpoint alone.

    Parameters
    ----------
    path : str or path-like
        A checkpoint of `danq.training.train.train`.

    Returns
    -------
    Checkpoint

    Raises
    ------
    DanqError
        The file cannot be read, is not a whole checkpoint of danq or is one of another version; or
        its weights are not finite or do not fit the model.
    """
    saved = _load(path)
    _refuse_other_version(saved, path)
    _refuse_other_content(saved, path)
    facts = saved["facts"]
    data_facts = saved["dataset"]
    refuse_wrong_facts(facts, data_facts, path)
    n_targets = len(data_facts["names"])
    try:
        sizes = facts.get("sizes")
        network = build_from(facts["options"], data_facts["window"], n_targets, sizes)
    except DanqError as error:
        raise DanqError(f"its facts are wrong: {error}", path) from None
    try:
        network.load_state_dict(saved["weights"])
    except RuntimeError as error:
        raise DanqError("its weights do not fit its model; train the model again", path) from error
    if not all(torch.isfinite(values).all() for values in network.state_dict().values()):
        raise DanqError("its weights are not all finite; train the model again", path)
    return Checkpoint(network.eval(), facts, data_facts)


def _refuse_other_version(saved: object, path: PathLike) -> None:
    """Refuse what is not a checkpoint of the present version."""
    version = None
    if isinstance(saved, dict) and saved.get("format") == FORMAT:
        version = saved.get("version")
    if version != VERSION:
        what = f"not a checkpoint of version {VERSION}"
        raise DanqError(f"{what}; train the model again with danq train", path)


_CONTENT = {"format", "version", "weights", "facts", "dataset"}


def _refuse_other_content(saved: Mapping[str, Any], path: PathLike) -> None:
    """Refuse a checkpoint with other parts, or whose weights are not tensors by name."""
    advice = "train the model again with danq train"
    if set(saved) != _CONTENT:
        raise DanqError(f"has other parts than a checkpoint; {advice}", path)
    weights = saved["weights"]
    is_named = isinstance(weights, dict) and all(isinstance(name, str) for name in weights)
    if not is_named or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise DanqError(f"its weights are not tensors by name; {advice}", path)


def build_from(
    options: Mapping[str, Any],
    window: int,
    n_targets: int,
    sizes: Mapping[str, int] | None = None,
) -> Network:
    """Build the model that the options of a training describe.

    Parameters
    ----------
    options : dict
        ``model``, ``recipe``, and `KNOBS`.
    window : int
        Length of the input (bp).
    n_targets : int
        Number of outputs.
    sizes : dict of str to int, optional
        Sizes in place of the published ones: those of weights that came from elsewhere.

    Returns
    -------
    danq.network.models.Network
        The model, with PyTorch's initial weights.

    Raises
    ------
    DanqError
        As `danq.network.models.build`.
    """
    knobs = {name: options[name] for name in KNOBS}
    network = build(options["model"], window, n_targets, sizes=sizes, **knobs)
    recipe = choose_recipe(options["recipe"], options["model"])
    for layer in network.modules():
        if isinstance(layer, Dropout):
            layer.inverted = recipe.inverted_dropout
    return network


class Resume:
    """The state of a training that was cut off, beside its checkpoint.

    Parameters
    ----------
    path : str or path-like
        The file.
    options : dict
        All that the result depends on, plain values by name. A state of other options is refused.
    threads : int
        CPU threads; another number is announced, not refused.

    Attributes
    ----------
    all_threads : list of int
        The numbers of threads with which the training ran, one after the other.
    """

    def __init__(self, path: PathLike, options: Mapping[str, Any], threads: int) -> None:
        self.path = Path(path)
        self.threads = threads
        self.all_threads = [threads]
        versions = {
            "checkpoint_version": VERSION,
            "danq": danq.__version__,
            "torch": str(torch.__version__),
        }
        self.options = {**options, **versions}

    def load(self) -> dict[str, Any] | None:
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
            options = saved["options"]
            all_threads = saved["threads"]
            state = saved["state"]
            if not _is_sound(options, all_threads, state):
                raise TypeError
        except (DamagedError, KeyError, TypeError):
            print(f"{self.path}: damaged; starting anew", file=sys.stderr)
            return None
        self._refuse_other_options(options)
        if all_threads[-1] != self.threads:
            self._announce_threads(all_threads[-1])
            all_threads = [*all_threads, self.threads]
        self.all_threads = all_threads
        return state

    def _refuse_other_options(self, options: Mapping[str, Any]) -> None:
        """Refuse to go on from a state of other options."""
        changes = differences(options, self.options)
        if changes:
            what = f"holds an interrupted training with another {changes}"
            advice = "go on with the former, or remove this file to start anew"
            raise DanqError(f"{what}; {advice}", self.path)

    def _announce_threads(self, before: int) -> None:
        """Say that the training goes on with another number of threads than before."""
        change = f"began with {before} threads, goes on with {self.threads}"
        effect = "the last digits may differ from those of an uninterrupted training"
        print(f"{self.path}: {change}: {effect}", file=sys.stderr)

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the state (dict of tensors and plain values), whole or not at all."""
        content = {"options": self.options, "threads": self.all_threads, "state": state}
        _save(self.path, content)

    def remove(self) -> None:
        """Remove the file, when the training is finished."""
        self.path.unlink(missing_ok=True)


def _is_sound(options: object, threads: object, state: object) -> bool:
    """Say whether the parts of a saved training have their types."""
    counts = threads if isinstance(threads, list) else []
    is_counted = bool(counts) and all(type(count) is int and count > 0 for count in counts)
    return isinstance(options, dict) and isinstance(state, dict) and is_counted


def _save(path: PathLike, content: Mapping[str, Any]) -> None:
    """Write with torch.save, atomically; in memory first, so that a full disk is an OSError."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with atomic(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _load(path: PathLike) -> Any:
    """Read a file of torch.save, tensors and plain values only: nothing in it is ever run."""
    if not isinstance(path, str | os.PathLike):
        raise DanqError(f"{path!r} is not a path; give the model.ckpt of a training")
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch itself does not check the checksums
                raise zipfile.BadZipFile
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise DanqError(f"{what}; check the path and the disk", path) from error
    except MemoryError:
        raise
    except Exception as error:  # torch raises half a dozen types for a damaged file
        what = "not a whole checkpoint"
        advice = "give the model.ckpt of a training, or train the model again with danq train"
        raise DamagedError(f"{what}; {advice}", path) from error
