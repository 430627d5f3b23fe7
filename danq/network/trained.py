"""A trained network, ready to predict: what a notebook and every later stage begin with."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.sequence import encode, one_hot
from danq.network import strands
from danq.network.checkpoint import load_checkpoint
from danq.network.devices import choose_device, set_tf32
from danq.network.models import Network, takes_any_length
from danq.network.motif_layers import Layer, motif_layers
from danq.network.strands import BATCH

Sequences: TypeAlias = str | Sequence[str] | NDArray[Any] | torch.Tensor
"""DNA as text, as a list of texts, or one-hot (N, 4, L)."""

BASES = frozenset("ACGTNacgtn")
"""Characters of a sequence given as text; an N is four zeros."""


def load(
    checkpoint: PathLike, *, device: str = "auto", threads: int | None = None
) -> "TrainedModel":
    """Load a trained model to predict with, in float32.

    Parameters
    ----------
    checkpoint : str or path-like
        A model.ckpt of ``danq train``.
    device : str
        auto, cpu or cuda.
    threads : int, optional
        CPU threads; PyTorch's choice where it is left out.

    Returns
    -------
    TrainedModel

    Raises
    ------
    DanqError
        Not a whole checkpoint of ours, or no such device.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    set_tf32(False)
    network, facts, data_facts = load_checkpoint(checkpoint)
    return TrainedModel(network, facts, data_facts, choose_device(device))


class TrainedModel:
    """A trained network with what is known of it.

    Parameters
    ----------
    network : danq.network.models.Network
        From one-hot (N, 4, L) to logits (N, T).
    facts : dict
        How it was trained.
    data_facts : dict
        `danq.data.dataset.Dataset.facts` of the training data.
    device : torch.device
        Where to compute.

    Attributes
    ----------
    network : danq.network.models.Network
        In evaluation mode, float32, on `device`.
    facts, data_facts, device
        As given.
    targets : list of str
        Names of the targets, one per column of what is predicted.
    window : int
        Length of the sequences of the training (bp).
    """

    def __init__(
        self,
        network: Network,
        facts: dict[str, Any],
        data_facts: dict[str, Any],
        device: torch.device,
    ) -> None:
        self.network = network.to(device).eval()
        self.facts = facts
        self.data_facts = data_facts
        self.device = device
        self.targets: list[str] = data_facts["names"]
        self.window: int = data_facts["window"]

    def predict(self, sequences: Sequences) -> pd.DataFrame:
        """Predict sequences, the two strands averaged.

        Parameters
        ----------
        sequences : str, list of str, or one-hot array or tensor of shape (N, 4, L)
            DNA of the length of the training, or of any one length for a head that pools; channels
            in the order A, C, G, T. In text, lower case counts as upper case, and N as unknown.

        Returns
        -------
        pandas.DataFrame, shape (N, T), float32
            Probabilities, a column per target.

        Raises
        ------
        DanqError
            A sequence of another length, or with characters that are not bases.
        """

        def mean_probability(X: torch.Tensor) -> torch.Tensor:
            return strands.strand_probabilities(self.network, X).mean(dim=0)

        return self._by_batch(mean_probability, sequences)

    def logits(self, sequences: Sequences) -> pd.DataFrame:
        """Return the log-odds of what `predict` returns, without its rounding near 0 and 1.

        Parameters
        ----------
        sequences : str, list of str, or one-hot array or tensor of shape (N, 4, L)
            As for `predict`.

        Returns
        -------
        pandas.DataFrame, shape (N, T), float64
            Log-odds of the mean probability of the two strands, a column per target.

        Raises
        ------
        DanqError
            As `predict`.
        """

        def log_odds(X: torch.Tensor) -> torch.Tensor:
            return strands.strand_log_odds(self.strand_logits(X).double())

        return self._by_batch(log_odds, sequences)

    def _by_batch(
        self, function: Callable[[torch.Tensor], torch.Tensor], sequences: Sequences
    ) -> pd.DataFrame:
        """Return what a function makes of sequences, a batch at a time on the device."""
        X = self._as_one_hot(sequences)
        rows = []
        with torch.inference_mode():
            for batch in X.split(BATCH):
                values = function(batch.to(self.device))
                rows.append(values.cpu())
        return pd.DataFrame(torch.cat(rows).numpy(), columns=self.targets)

    def strand_logits(self, X: torch.Tensor) -> torch.Tensor:
        """Return the logits of either strand, with a gradient where PyTorch keeps one.

        Parameters
        ----------
        X : torch.Tensor, shape (N, 4, L), float32
            One-hot sequences on `device`.

        Returns
        -------
        torch.Tensor, shape (2, N, T)
            Of the sequences as they are, and of their reverse complements.
        """
        return strands.strand_logits(self.network, X)

    def predict_rows(
        self,
        dataset: Dataset,
        split: str,
        rows: range,
        stop: Callable[[], None] = strands.never_stop,
    ) -> torch.Tensor:
        """Predict neighbouring windows of a split, read from the file as they are needed.

        Parameters
        ----------
        dataset : danq.data.dataset.Dataset
            The open file.
        split : str
            train, valid or test.
        rows : range
            Rows of the split.
        stop : callable, optional
            Called before each batch; may raise.

        Returns
        -------
        torch.Tensor, float32, shape (2, len(rows), T), on the CPU
            Probabilities of either strand.
        """
        return strands.predict_rows(self.network, dataset, split, rows, self.device, stop)

    def motif_layers(self) -> list[Layer]:
        """Return the layers whose filters can be read as motifs; empty where there are none."""
        return motif_layers(self.network)

    def refuse_other_data(self, dataset: Dataset) -> None:
        """Refuse a dataset that is not the one of the training, or whose windows are too short.

        A head that pools reads windows of any length. Windows of another length are another
        dataset, whose training windows cannot be the same: how the genome was split must be, so
        that no model predicts where it was trained.

        Parameters
        ----------
        dataset : danq.data.dataset.Dataset
            The open file.

        Raises
        ------
        DanqError
            Names what differs.
        """
        facts = dataset.facts()
        free = self._free_facts(facts)
        for name, value in self.data_facts.items():
            if name not in free and facts[name] != value:
                what = f"{name.replace('_', ' ')}: not what the model was trained on"
                raise DanqError(f"{what}; use the dataset of that training", dataset.path)
        self._refuse_short_windows(dataset.window, dataset.path)

    def _free_facts(self, facts: dict[str, Any]) -> set[str]:
        """Return the names of the facts of a dataset that may differ from those of the training."""
        if not takes_any_length(self.network) or facts["window"] == self.window:
            return {"splits"}  # follows from the windows themselves
        if facts["splits"] is None:
            return {"window", "training_windows", "bin_size"}
        return {"window", "training_windows"}

    def _refuse_short_windows(self, window: int, path: PathLike | None) -> None:
        """Refuse windows (bp) that are too short for the layers of the network."""
        try:
            with torch.no_grad():
                self.network(torch.zeros(1, 4, window, device=self.device))
        except RuntimeError as error:
            what = f"windows of {window} bp do not fit this model"
            raise DanqError(f"{what}; use those that it was trained on", path) from error

    def _as_one_hot(self, sequences: Sequences) -> torch.Tensor:
        """Return sequences as one-hot, float32 (N, 4, L), or refuse them."""
        if isinstance(sequences, str):
            sequences = [sequences]
        if isinstance(sequences, np.ndarray | torch.Tensor):
            X = torch.as_tensor(sequences)
            _refuse_other_shape(X)
            self._refuse_lengths([X.shape[2]] * len(X))
            return X.float()
        self._refuse_lengths([len(text) for text in sequences])
        return _encode_texts(sequences)

    def _refuse_lengths(self, lengths: list[int]) -> None:
        """Refuse sequences of lengths (bp) that the network does not read."""
        if not lengths:
            raise DanqError("there is no sequence to predict; give one or more")
        if takes_any_length(self.network):
            self._refuse_short_windows(lengths[0], None)
            expected = lengths[0]
            reason = f"the first has {expected:,}"
        else:
            expected = self.window
            reason = f"this model reads {expected:,}"
        for number, length in enumerate(lengths, 1):
            if length != expected:
                raise DanqError(f"sequence {number} has {length:,} bp; {reason}")


def _refuse_other_shape(X: torch.Tensor) -> None:
    """Refuse what has not the shape of one-hot DNA, (N, 4, L)."""
    if X.ndim != 3 or X.shape[1] != 4:
        what = f"an array of shape {tuple(X.shape)} is not one-hot DNA"
        raise DanqError(f"{what}; give sequences, 4 channels (A, C, G, T), bases")


def _encode_texts(texts: Sequence[str]) -> torch.Tensor:
    """Return DNA as one-hot, float32 (N, 4, L), or refuse characters that are not bases."""
    encoded = []
    for number, text in enumerate(texts, 1):
        strange = set(text) - BASES
        if strange:
            what = f"sequence {number} holds {shown(min(strange))}"
            raise DanqError(f"{what}; give A, C, G, T, and N for an unknown base")
        encoded.append(one_hot(encode(text)))
    channels_first = np.stack(encoded).transpose(0, 2, 1)
    return torch.from_numpy(channels_first.astype(np.float32))
