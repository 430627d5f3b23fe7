"""Batches from packed windows, expanded on the device of the model; the order of an epoch.

The order of an epoch is drawn ahead: which window comes when, from which strand, shifted how far.
It is a function of seed and epoch alone, so that any step of it can be made again. A set that does
not fit into memory is read in groups of shuffled blocks, the next group while the present one is
used; the order then keeps to the groups.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from danq.data.schema import margin_bytes
from danq.errors import DanqError
from danq.genome.sequence import packed_bytes, row_bytes
from danq.network.augment import augment

if TYPE_CHECKING:
    from danq.data.dataset import Dataset

BLOCK = 4096
"""Neighbouring windows that are read together where the set is larger than memory."""

Blocks: TypeAlias = tuple[int, ...]
"""Numbers of the blocks of a group, ascending."""

SEEDS = 100_003
"""Epochs of a training before their seeds meet those of the next training."""


class Batches:
    """Packed windows of one split in the memory of one device.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.
    split : str
        train, valid or test.
    device : torch.device
        The device where the windows live and batches are made.
    blocks : sequence of slice
        Rows of the split to hold, one block after the other; all by default.
    flank : int
        Bases on either side that `wide_sequences_of` adds to each window (bp): those of the margins
        of the dataset, as far as it has them, else unknown ones.
    """

    def __init__(
        self,
        dataset: "Dataset",
        split: str,
        device: torch.device,
        blocks: Sequence[slice] = (slice(None),),
        flank: int = 0,
    ) -> None:
        self.window = dataset.window
        self.flank = flank
        self.n_targets = len(dataset.names)
        n_rows = dataset.length(split)
        sequences = _joined(partial(dataset.packed_sequences, split), blocks, n_rows)
        labels = _joined(partial(dataset.packed_labels, split), blocks, n_rows)
        self.sequences = torch.from_numpy(sequences).to(device)  # (N, ceil(L/8), 4)
        self.labels = torch.from_numpy(labels).to(device)  # (N, ceil(T/8))
        self.margins: torch.Tensor | None = None  # (N, 2 margin/8, 4)
        if margins_shown(dataset, flank) > 0:
            margins = _joined(dataset.packed_margins, blocks, n_rows)
            self.margins = torch.from_numpy(margins).to(device)
        self.words = _bytes_as_words().to(device)  # (256,)

    def __len__(self) -> int:
        return len(self.sequences)

    def sequences_of(self, rows: torch.Tensor | slice) -> torch.Tensor:
        """Return one-hot windows, float32 (n, 4, L), for `rows` (int tensor or slice)."""
        return self._sequence_bits(rows).float()

    def wide_sequences_of(self, rows: torch.Tensor | slice) -> torch.Tensor:
        """Return one-hot windows with their flanks, uint8 (n, 4, L + 2 flank), for `rows`."""
        windows = self._sequence_bits(rows)
        if self.flank == 0:
            return windows
        if self.margins is None:
            return torch.nn.functional.pad(windows, (self.flank, self.flank))
        packed = self.margins[rows].transpose(1, 2)
        before, behind = self._bits(packed).chunk(2, dim=2)  # (n, 4, margin) each
        margin = before.shape[2]
        kept = min(margin, self.flank)
        beyond = self.flank - kept
        wide = torch.cat([before[:, :, margin - kept :], windows, behind[:, :, :kept]], dim=2)
        return torch.nn.functional.pad(wide, (beyond, beyond)) if beyond else wide

    def labels_of(self, rows: torch.Tensor | slice) -> torch.Tensor:
        """Return labels, float32 (n, T), for `rows` (int tensor or slice)."""
        return self._bits(self.labels[rows])[:, : self.n_targets].float()

    def _sequence_bits(self, rows: torch.Tensor | slice) -> torch.Tensor:
        """Return one-hot windows, uint8 (n, 4, L), for `rows`."""
        packed = self.sequences[rows].transpose(1, 2)  # (n, 4, ceil(L/8))
        return self._bits(packed)[:, :, : self.window]

    def _bits(self, packed: torch.Tensor) -> torch.Tensor:
        """Return packed bits (..., m), uint8, one by one (..., 8 m), uint8."""
        words = self.words.index_select(0, packed.reshape(-1).int())
        return words.view(torch.uint8).view(*packed.shape[:-1], -1)


def margins_shown(dataset: "Dataset", flank: int) -> int:
    """Return how many bases of the margins shifted windows can show (bp).

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.
    flank : int
        Largest shift (bp).

    Returns
    -------
    int
        0 where the dataset has no margins, or nothing is shifted.
    """
    return min(flank, dataset.margin)


def _bytes_as_words() -> torch.Tensor:
    """Return the bits of every byte as eight bytes in one word, int64 (256,).

    numpy.packbits puts the first value into the highest bit. A byte becomes eight bytes by one look
    into this table: on a CPU ten times as fast as looking up eight numbers.
    """
    shifts = torch.arange(7, -1, -1)
    bits = torch.arange(256).unsqueeze(1) >> shifts & 1  # (256, 8)
    return bits.to(torch.uint8).view(torch.int64).flatten()


def _joined(
    read: Callable[[slice], NDArray[np.uint8]], blocks: Sequence[slice], n_rows: int
) -> NDArray[np.uint8]:
    """Return what `read` returns of blocks of `n_rows` rows, as one array.

    Each block is copied into its place at once: all of them beside their copy would take twice the
    memory.
    """
    if len(blocks) == 1:
        return read(blocks[0])
    sizes = [len(range(*block.indices(n_rows))) for block in blocks]
    ends = np.cumsum(sizes)
    first = read(blocks[0])
    joined = np.empty((ends[-1], *first.shape[1:]), dtype=np.uint8)
    joined[: ends[0]] = first
    for block, start, end in zip(blocks[1:], ends[:-1], ends[1:], strict=True):
        joined[start:end] = read(block)
    return joined


class Group(NamedTuple):
    """Blocks of windows that are in memory together.

    Attributes
    ----------
    blocks : tuple of int
        Numbers of the blocks, ascending.
    end : int
        Position in the order of the epoch where the windows of the group end (exclusive).
    """

    blocks: Blocks
    end: int


@dataclass(frozen=True)
class EpochSchedule:
    """Which windows an epoch shows, in its order.

    Attributes
    ----------
    rows : torch.Tensor, shape (M,), int64
        Rows of the training split; on the CPU, the tensors below on the device of the batches.
    group_rows : torch.Tensor, shape (M,), int64
        The same windows as rows of their group.
    reverse_complemented : torch.Tensor, shape (M,), bool
        True where the reverse complement is shown.
    shifts : torch.Tensor, shape (M,), int64
        How far each window is shifted (bp), 0 to twice the largest shift; the middle is no shift.
    groups : list of Group
        Which blocks are in memory together, one group after the other; the last one may reach
        beyond the windows that are shown.
    """

    rows: torch.Tensor
    group_rows: torch.Tensor
    reverse_complemented: torch.Tensor
    shifts: torch.Tensor
    groups: list[Group]

    def __len__(self) -> int:
        return len(self.rows)


class Batch(NamedTuple):
    """What a model learns from at one step.

    Attributes
    ----------
    X : torch.Tensor, shape (n, 4, L), float32
        One-hot windows.
    y : torch.Tensor, shape (n, T), float32
        Labels.
    """

    X: torch.Tensor
    y: torch.Tensor


class Loader:
    """The training windows: schedules of epochs, and their batches.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file; stays open as long as batches are made.
    device : torch.device
        The device where batches are made.
    memory : float
        Bytes that the packed windows may take. A larger set is read in groups of blocks, two at a
        time in memory.
    shift : int
        Largest shift of a window either way (bp).
    negatives : float or None
        Windows without a label that an epoch shows, per labelled one, drawn anew for each; None for
        all.
    balance : bool
        True: as many labelled windows as there are, drawn with replacement, one of a rare target
        more often; False: each once.
    both_strands : bool
        True: an epoch shows each window once from either strand; False: once, from a random one.
    epoch_size : int or None
        Windows of an epoch, at most; None for all.

    Attributes
    ----------
    epoch_size : int
        Windows of an epoch.

    Raises
    ------
    DanqError
        Negatives or balance are asked for, and no training window has a label.
    """

    def __init__(
        self,
        dataset: "Dataset",
        device: torch.device,
        memory: float,
        *,
        shift: int = 0,
        negatives: float | None = None,
        balance: bool = False,
        both_strands: bool = False,
        epoch_size: int | None = None,
    ) -> None:
        self.dataset = dataset
        self.device = device
        self.shift = shift
        self.both_strands = both_strands
        self.n_windows = dataset.length("train")
        self._choose_blocks(memory)
        self.draw: _Draw | None = None
        n_shown = self.n_windows
        if balance or negatives is not None:
            self.draw = _make_draw(dataset, negatives, balance)
            n_shown = self.draw.n_shown
        if both_strands:
            n_shown = 2 * n_shown
        self.epoch_size = n_shown if epoch_size is None else min(n_shown, epoch_size)
        self.reader = ThreadPoolExecutor(1)
        self.in_memory: dict[Blocks, Batches] = {}
        self.being_read: dict[Blocks, Future[Batches]] = {}

    def _row_bytes(self) -> int:
        """Return the bytes of a window in memory, with its labels, and its margins if shown."""
        n_bytes = row_bytes(self.dataset.window, len(self.dataset.names))
        if margins_shown(self.dataset, self.shift) > 0:
            n_bytes += 4 * margin_bytes(self.dataset.margin)
        return n_bytes

    def _choose_blocks(self, memory: float) -> None:
        """Choose the windows of a block, and the blocks of a group: one block where all fit."""
        window_bytes = self._row_bytes()
        if self.n_windows * window_bytes <= memory:
            self.block_size = self.n_windows
        else:
            self.block_size = min(BLOCK, self.n_windows)
        fitting = int(memory / 2 // (window_bytes * self.block_size))
        self.blocks_per_group = max(1, fitting)

    def schedule(self, seed: int, epoch: int) -> EpochSchedule:
        """Draw the order of an epoch.

        Parameters
        ----------
        seed : int
            Seed of the training.
        epoch : int
            Number of the epoch, from 0.

        Returns
        -------
        EpochSchedule
            The same for the same seed and epoch.
        """
        generator = torch.Generator().manual_seed(seed * SEEDS + epoch)
        times_shown = self._times_shown(generator)
        order = self._order(times_shown, generator)
        rows = order.rows[: self.epoch_size]
        group_rows = order.group_rows[: self.epoch_size]
        n_shifts = 2 * self.shift + 1
        reverse_complemented = torch.rand(len(rows), generator=generator) < 0.5
        shifts = torch.randint(n_shifts, (len(rows),), generator=generator)
        if self.both_strands:  # rows from n on are the reverse complements; none is random
            reverse_complemented = rows >= self.n_windows
        # All of it goes to the device at once: no batch needs a copy for which the host would wait.
        return EpochSchedule(
            rows % self.n_windows,
            group_rows.to(self.device),
            reverse_complemented.to(self.device),
            shifts.to(self.device),
            _reached(order.groups, self.epoch_size),
        )

    def _times_shown(self, generator: torch.Generator) -> torch.Tensor:
        """Return how often an epoch shows each window, int64 (N,)."""
        if self.draw is None:
            return torch.ones(self.n_windows, dtype=torch.long)
        return self.draw.times_shown(generator)

    def _order(self, times_shown: torch.Tensor, generator: torch.Generator) -> "_Order":
        """Draw the order of blocks, and that of windows within a group of blocks."""
        n_blocks = -(-self.n_windows // self.block_size)
        shuffled = torch.randperm(n_blocks, generator=generator).tolist()
        rows = []
        group_rows = []
        groups = []
        end = 0
        for start in range(0, n_blocks, self.blocks_per_group):
            group = shuffled[start : start + self.blocks_per_group]
            blocks = tuple(sorted(group))
            ordered = self._group_order(blocks, times_shown, generator)
            rows.append(ordered)
            group_rows.append(self._group_rows(blocks, ordered % self.n_windows))
            end += len(ordered)
            groups.append(Group(blocks, end))
        return _Order(torch.cat(rows), torch.cat(group_rows), groups)

    def _group_order(
        self, blocks: Blocks, times_shown: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """Draw the order of the windows of a group; rows from n on are reverse complements."""
        repeated = []
        for block in blocks:
            rows = self._rows(block)
            repeated.append(torch.repeat_interleave(rows, times_shown[rows]))
        rows = torch.cat(repeated)
        if self.both_strands:
            rows = torch.cat([rows, rows + self.n_windows])
        shuffled = torch.randperm(len(rows), generator=generator)
        return rows[shuffled]

    def _group_rows(self, blocks: Blocks, rows: torch.Tensor) -> torch.Tensor:
        """Return rows of the split as rows of a group of blocks."""
        block_numbers = torch.searchsorted(torch.tensor(blocks), rows // self.block_size)
        return block_numbers * self.block_size + rows % self.block_size

    def _rows(self, block: int) -> torch.Tensor:
        """Return the rows of a block."""
        span = self._span(block)
        return torch.arange(span.start, span.stop)

    def _span(self, block: int) -> slice:
        """Return the rows of a block, as a slice."""
        start = block * self.block_size
        return slice(start, min(start + self.block_size, self.n_windows))

    def batch(self, schedule: EpochSchedule, first: int, last: int) -> Batch:
        """Make the batch of positions `first` to `last` (exclusive) of a schedule.

        Parameters
        ----------
        schedule : EpochSchedule
            Made by this loader.
        first, last : int
            Positions in the order of the epoch.

        Returns
        -------
        Batch
            On the loader's device, ``last - first`` windows.
        """
        pieces = []
        start = 0
        for number, group in enumerate(schedule.groups):
            piece = slice(max(first, start), min(last, group.end))
            if piece.start < piece.stop:
                pieces.append(self._piece(schedule, number, piece))
            start = group.end
        if len(pieces) == 1:
            X, y = pieces[0]
        else:
            X = torch.cat([piece.X for piece in pieces])
            y = torch.cat([piece.y for piece in pieces])
        reverse_complemented = schedule.reverse_complemented[first:last]
        shifts = schedule.shifts[first:last]
        return Batch(augment(X, reverse_complemented, shifts, self.dataset.window).float(), y)

    def _piece(self, schedule: EpochSchedule, number: int, positions: slice) -> Batch:
        """Return the windows at positions of a schedule that lie in one group, with flanks."""
        blocks = schedule.groups[number].blocks
        if blocks not in self.in_memory:
            self._read(schedule, number)
        windows = self.in_memory[blocks]
        rows = schedule.group_rows[positions]
        return Batch(windows.wide_sequences_of(rows), windows.labels_of(rows))

    def _read(self, schedule: EpochSchedule, number: int) -> None:
        """Bring a group into memory, and begin to read the next one."""
        blocks = schedule.groups[number].blocks
        being_read = self.being_read.pop(blocks, None)
        if being_read is None:
            self.in_memory = {}  # no more than two groups at a time
            windows = self._load(blocks)
        else:
            windows = being_read.result()
        self.in_memory = {blocks: windows}
        self.being_read = {}
        if number + 1 < len(schedule.groups):
            following = schedule.groups[number + 1].blocks
            self.being_read[following] = self.reader.submit(self._load, following)

    def _load(self, blocks: Blocks) -> Batches:
        """Read a group of blocks."""
        spans = [self._span(block) for block in blocks]
        return Batches(self.dataset, "train", self.device, spans, self.shift)


class _Order(NamedTuple):
    """The windows of an epoch in their order, before it is cut to its size."""

    rows: torch.Tensor
    group_rows: torch.Tensor
    groups: list[Group]


def _reached(groups: list[Group], n: int) -> list[Group]:
    """Return the groups that the first `n` windows of an order reach."""
    starts = [0, *(group.end for group in groups[:-1])]
    return [group for group, start in zip(groups, starts, strict=True) if start < n]


class _Draw(NamedTuple):
    """How the windows of each epoch are drawn.

    Attributes
    ----------
    weights : torch.Tensor, shape (N,), float64
        Of each window, see `_weights`; 0 without a label.
    n_unlabelled : int
        Windows without a label to draw.
    balance : bool
        Whether labelled windows are drawn by their weights; else each comes once.
    """

    weights: torch.Tensor
    n_unlabelled: int
    balance: bool

    @property
    def n_shown(self) -> int:
        """Windows of an epoch."""
        return int((self.weights > 0).sum()) + self.n_unlabelled

    def times_shown(self, generator: torch.Generator) -> torch.Tensor:
        """Draw how often an epoch shows each window, int64 (N,)."""
        labelled = self.weights > 0
        times = labelled.long()
        unlabelled = (~labelled).nonzero().flatten()
        if self.n_unlabelled < len(unlabelled):
            shuffled = torch.randperm(len(unlabelled), generator=generator)
            unlabelled = unlabelled[shuffled[: self.n_unlabelled]]
        times[unlabelled] = 1
        if self.balance:
            times[labelled] = _draw_by_weight(self.weights[labelled], generator)
        return times


def _make_draw(dataset: "Dataset", negatives: float | None, balance: bool) -> _Draw:
    """Return how the training windows of each epoch are drawn, or refuse a split without labels."""
    weights = _weights(dataset, balance)
    n_labelled = int((weights > 0).sum())
    if n_labelled == 0:
        what = "no training window has a label, so that there is nothing to learn"
        raise DanqError(f"{what}; change the splits, or the peaks")
    n_unlabelled = len(weights) - n_labelled
    if negatives is not None:
        n_unlabelled = min(round(negatives * n_labelled), n_unlabelled)
    return _Draw(weights, n_unlabelled, balance)


def _draw_by_weight(weights: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw as many windows as there are weights, with replacement; return how often each came."""
    # By the inverse of the distribution: torch.multinomial takes no more than 2**24 windows.
    sums = weights.cumsum(0)
    n = len(sums)
    random = torch.rand(n, generator=generator, dtype=torch.float64)
    drawn = torch.searchsorted(sums, random * sums[-1], right=True)
    return torch.bincount(drawn.clamp(max=n - 1), minlength=n)


def _weights(dataset: "Dataset", balance: bool) -> torch.Tensor:
    """Return the weight of each training window, float64 (N,): 0 without a label, else 1.

    With `balance` it is that of its rarest target: how many times as many windows the most frequent
    target has.
    """
    byte_weights = None
    if balance:
        counts = np.maximum(dataset.positives("train"), 1)
        byte_weights = _byte_weights(counts.max() / counts)
    weights = []
    for start in range(0, dataset.length("train"), BLOCK):
        packed = dataset.packed_labels("train", slice(start, start + BLOCK))
        labelled = np.flatnonzero(packed.any(axis=1))
        block = np.zeros(len(packed))
        block[labelled] = 1
        if byte_weights is not None:
            block[labelled] = _heaviest(packed[labelled], byte_weights)
        weights.append(block)
    return torch.from_numpy(np.concatenate(weights))


def _byte_weights(rarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of each byte of packed labels by its value, float64 (ceil(T/8), 256).

    That of its heaviest target: eight labels are looked up at once, and never unpacked.
    """
    n_bytes = packed_bytes(len(rarity))
    padded = np.zeros((n_bytes, 1, 8))
    padded.flat[: len(rarity)] = rarity
    values = np.arange(256, dtype=np.uint8).reshape(-1, 1)
    bits = np.unpackbits(values, axis=1)  # (256, 8)
    by_label = padded * bits
    return by_label.max(axis=2)


def _heaviest(packed: NDArray[np.uint8], byte_weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest weight among the bytes of each window, float64 (n,)."""
    places = np.arange(len(byte_weights))
    return byte_weights[places, packed].max(axis=1)
