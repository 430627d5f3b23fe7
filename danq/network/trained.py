"""A trained network, ready to predict: where notebooks and the later steps of a run start."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import torch

from danq.data.dataset import Dataset
from danq.data.stretches import (
    sequences_of_fasta,
    sequences_of_records,
    sequences_of_regions,
    sequences_of_texts,
)
from danq.errors import DanqError
from danq.files import PathLike
from danq.genome.tiles import make_tiling
from danq.network import strands
from danq.network.checkpoint import load_checkpoint
from danq.network.devices import as_float64, choose_device, set_tf32
from danq.network.models import Network, takes_any_length
from danq.network.motif_layers import Layer, motif_layers
from danq.network.sequence_forms import (
    Sequences,
    as_texts,
    encode_by_name,
    is_file,
    one_hot_of,
)
from danq.network.strands import BATCH
from danq.network.tiled import predict_frame
from danq.network.variant_frames import region_frame, variant_frame, window_frame
from danq.records import Input, file_input

if TYPE_CHECKING:
    import pandas as pd


_UNKNOWN_OF_IMPORTED = {"format_version", "assembly", "groups", "training_windows", "splits"}
"""Facts of the training data of imported weights: danq knows window, bin, bases and targets."""


def load(
    checkpoint: PathLike, *, device: str | torch.device = "auto", threads: int | None = None
) -> "TrainedModel":
    """Load a trained model to predict with, in float32.

    Parameters
    ----------
    checkpoint : str or path-like
        A model.ckpt of ``danq train``.
    device : str or torch.device
        auto, cpu, cuda or mps.
    threads : int, optional
        CPU threads; PyTorch's own number by default.

    Returns
    -------
    TrainedModel

    Raises
    ------
    DanqError
        The file is missing or not a whole checkpoint of danq, there is no such device, or no such
        number of threads.
    """
    if threads is not None:
        _set_threads(threads)
    set_tf32(False)
    network, facts, data_facts = load_checkpoint(checkpoint)
    trained = TrainedModel(network, facts, data_facts, choose_device(str(device)))
    trained.source = file_input("checkpoint", checkpoint)
    return trained


def _set_threads(threads: int) -> None:
    """Set the number of CPU threads, or refuse what is no such number."""
    if not isinstance(threads, int) or threads < 1:
        raise DanqError(f"threads is {threads!r}; give a whole number of at least 1")
    torch.set_num_threads(threads)


class TrainedModel:
    """A trained network, with how it was trained and on what data.

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
    source : danq.records.Input or None
        The checkpoint that it was loaded from.
    """

    source: Input | None = None

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

    def inputs(self, data: Dataset) -> list[Input]:
        """Return what is made with this model from a dataset is made from: both of them."""
        own = [] if self.source is None else [self.source]
        return [*own, data.as_input()]

    def __repr__(self) -> str:
        name = f"{self.facts.get('model')} seed {self.facts.get('seed')}"
        task = f"{self.window:,} bp to {len(self.targets)} targets"
        return f"<TrainedModel {name}: {task}, on {self.device}>"

    def predict(
        self,
        sequences: "Sequences | Mapping[str, str] | PathLike",
        *,
        genome: PathLike | None = None,
        step: int | None = None,
        min_known: float = 0.5,
    ) -> "pd.DataFrame":
        """Predict sequences, the two strands averaged.

        Windows, given as text or one-hot, have a row each. Sequences of any length, given with
        their names or as files, have a row for each bin that a window fits around, or for each step
        of it (`danq.genome.tiles`).

        Parameters
        ----------
        sequences : str, list of str, one-hot (N, 4, L), dict of str to str, or path
            Windows: DNA of the length of the training, or of any one length for a head that pools;
            channels in the order A, C, G, T; in text, lower case counts as upper case, and N as
            unknown. Sequences of any length: texts by name, or a FASTA file. With `genome`: regions
            of it, as texts ``chrom:start-end`` (bp, 0-based half-open), or a BED file.
        genome : path, optional
            FASTA of the genome that `sequences` are regions of.
        step : int, optional
            Length of a row (bp), a divisor of the bin, which it is by default.
        min_known : float
            Least share of a window that must be A, C, G or T.

        Returns
        -------
        pandas.DataFrame, shape (N, T), float32
            Probabilities, a column per target. Rows are numbered for windows; otherwise their index
            is sequence, start and end (bp, 0-based half-open).

        Raises
        ------
        DanqError
            No sequence, one of another length or with characters that are not bases, an array that
            is not one-hot, or a region that the genome does not have.
        """
        named = self._named(sequences, genome, step, min_known)
        if named is not None:
            return named

        def mean_probability(X: torch.Tensor) -> torch.Tensor:
            return strands.strand_probabilities(self.network, X).mean(dim=0)

        windows = cast("Sequences", sequences)
        return self._by_batch(mean_probability, windows)

    def _named(
        self, sequences: Any, genome: PathLike | None, step: int | None, min_known: float
    ) -> "pd.DataFrame | None":
        """Predict sequences that come with names; None for windows."""
        tiling = make_tiling(self.window, self.data_facts["bin_size"], step, min_known)
        if genome is not None and is_file(sequences):
            found = sequences_of_regions(genome, sequences, tiling)
        elif genome is not None:
            found = sequences_of_texts(genome, as_texts(sequences), tiling)
        elif isinstance(sequences, Mapping):
            found = sequences_of_records(encode_by_name(sequences), tiling)
        elif is_file(sequences):
            found = sequences_of_fasta(sequences, tiling)
        else:
            return None
        return predict_frame(self, found, tiling)

    def logits(self, sequences: Sequences) -> "pd.DataFrame":
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
        return self._by_batch(self.log_odds, sequences)

    def variants(
        self,
        variants: "str | Sequence[str] | PathLike",
        genome: "Mapping[str, str] | PathLike",
        *,
        min_known: float = 0.5,
    ) -> "pd.DataFrame":
        """Score variants as ``danq variants`` does: what each changes in what is predicted.

        Parameters
        ----------
        variants : str, list of str, or path
            As ``chrom:pos:ref:alt`` (1-based), or a VCF or a table of them.
        genome : dict of str to str, or path
            Sequences by name, or a FASTA file. What lies beyond their ends is unknown.
        min_known : float
            Least share of a window that must be A, C, G or T.

        Returns
        -------
        pandas.DataFrame
            A row for each variant and target, as of ``danq variants --table``. What cannot be
            scored is left out, with a warning.

        Raises
        ------
        DanqError
            No such variant or genome, or one that cannot be read.
        """
        return variant_frame(self, self.window, variants, genome, min_known)

    def saturate(
        self,
        sequence: str,
        *,
        genome: "Mapping[str, str] | PathLike | None" = None,
        min_known: float = 0.5,
    ) -> "pd.DataFrame":
        """Return what each single-base change of a window changes in what is predicted.

        Parameters
        ----------
        sequence : str
            DNA of the length of the training. With `genome`: a region of it, as
            ``chrom:start-end`` (bp, 0-based half-open), as of ``danq saturate``: each change is
            then in the middle of a window of its own.
        genome : dict of str to str, or path, optional
            Sequences by name, or a FASTA file.
        min_known : float
            With `genome`: least share of a window that must be A, C, G or T.

        Returns
        -------
        pandas.DataFrame
            Changes of log-odds, a column for each target; the index is position (bp, 0-based), ref
            and alt. Unknown bases are left out.

        Raises
        ------
        DanqError
            A sequence of another length or with characters that are not bases, or a region that the
            genome does not have.
        """
        if genome is not None:
            return region_frame(self, self.window, sequence, genome, min_known)
        self._refuse_lengths([len(sequence)])
        return window_frame(self, sequence)

    def _by_batch(
        self, function: Callable[[torch.Tensor], torch.Tensor], sequences: Sequences
    ) -> "pd.DataFrame":
        """Apply a function to one-hot sequences, a batch at a time on the device."""
        import pandas as pd  # slow to load, and most steps ask for no table

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

    def log_odds(self, X: torch.Tensor) -> torch.Tensor:
        """Return the log-odds of the mean probability of the two strands.

        Parameters
        ----------
        X : torch.Tensor, shape (N, 4, L), float32
            One-hot sequences on `device`.

        Returns
        -------
        torch.Tensor, shape (N, T), float64
        """
        logits = as_float64(self.strand_logits(X))
        return strands.strand_log_odds(logits)

    def predict_rows(
        self,
        dataset: Dataset,
        split: str,
        rows: range,
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

        Returns
        -------
        torch.Tensor, float32, shape (2, len(rows), T), on the CPU
            Probabilities of either strand.
        """
        return strands.predict_rows(self.network, dataset, split, rows, self.device)

    def predict_batches(
        self, dataset: Dataset, split: str, rows: range
    ) -> Iterator[strands.Predicted]:
        """Predict windows of a split batch by batch, see `danq.network.strands.predict_batches`.

        Parameters
        ----------
        dataset : danq.data.dataset.Dataset
            The open file.
        split : str
            train, valid or test.
        rows : range
            Rows of the split, ascending.

        Returns
        -------
        iterator of danq.network.strands.Predicted
            Batches in the order of the rows, on the CPU.
        """
        return strands.predict_batches(self.network, dataset, split, rows, self.device)

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
            if name not in free and facts.get(name) != value:
                what = f"{name.replace('_', ' ')}: not what the model was trained on"
                raise DanqError(f"{what}; use the dataset of that training", dataset.path)
        self._refuse_short_windows(dataset.window, dataset.path)

    def _free_facts(self, facts: dict[str, Any]) -> set[str]:
        """Return the names of the facts of a dataset that may differ from those of the training."""
        if self.data_facts.get("training_windows", "") is None:
            return _UNKNOWN_OF_IMPORTED
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
        except torch.OutOfMemoryError:  # is a RuntimeError, and says nothing of the window
            raise
        except RuntimeError as error:
            what = f"windows of {window} bp do not fit this model"
            raise DanqError(f"{what}; use those that it was trained on", path) from error

    def _as_one_hot(self, sequences: Sequences) -> torch.Tensor:
        """Return sequences as one-hot, float32 (N, 4, L), or refuse them."""
        return one_hot_of(sequences, self._refuse_lengths)

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
