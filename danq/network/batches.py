"""Batches from packed windows, expanded on the device where the model computes; the order of an epoch.

An epoch is planned ahead: which window comes when, from which strand, moved how far. The plan is a function of seed and
epoch alone, so that any step of it can be made again. What does not fit into memory is read in groups of shuffled
blocks, the next group while the present one is used; the plan then keeps to the groups.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from danq.errors import DanqError

BLOCK = 4096
"""Neighbouring windows that are read together where the set is larger than memory."""


class Batches:
    """Packed windows of one split in the memory of one device.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.
    split : str
        train, valid or test.
    device : torch.device
        Where the windows live and batches are made.
    parts : sequence of slice
        The rows to hold, one part after the other.
    """

    def __init__(self, dataset, split, device, parts=(slice(None),)):
        self.window, self.n_targets = dataset.window, len(dataset.names)
        sequences = _joined([dataset.packed_sequences(split, part) for part in parts])
        labels = _joined([dataset.packed_labels(split, part) for part in parts])
        self.sequences = torch.from_numpy(sequences).to(device)  # (N, ceil(L/8), 4)
        self.labels = torch.from_numpy(labels).to(device)  # (N, ceil(T/8))
        # numpy.packbits puts the first value into the highest bit. A byte becomes eight bytes by one look into a table
        # of words: on a CPU ten times as fast as looking up eight numbers.
        bits = torch.arange(256).unsqueeze(1) >> torch.arange(7, -1, -1) & 1  # (256, 8)
        self.words = bits.to(torch.uint8).view(torch.int64).flatten().to(device)  # (256,)

    def __len__(self):
        return len(self.sequences)

    def sequences_of(self, rows):
        """Return one-hot windows, float32 (n, 4, L), for `rows` (int tensor or slice)."""
        return self._expand(self.sequences[rows].transpose(1, 2))[:, :, : self.window]

    def labels_of(self, rows):
        """Return labels, float32 (n, T), for `rows` (int tensor or slice)."""
        return self._expand(self.labels[rows])[:, : self.n_targets]

    def _expand(self, packed):
        """Return packed bits (..., m), uint8, as numbers (..., 8 m), float32."""
        words = self.words.index_select(0, packed.reshape(-1).int())
        return words.view(torch.uint8).view(*packed.shape[:-1], -1).float()


def _joined(arrays):
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


@dataclass(frozen=True)
class Plan:
    """What an epoch shows, in its order.

    Attributes
    ----------
    rows : torch.Tensor, shape (M,), int64
        Rows of the training split; on the CPU, the others on the device where batches are made.
    places : torch.Tensor, shape (M,), int64
        The same as rows of what is held of their group.
    flips : torch.Tensor, shape (M,), bool
        True where the reverse complement is shown.
    moves : torch.Tensor, shape (M,), int64
        How far each window is moved (bp), 0 to twice the largest shift; the middle is no move.
    groups : list of (tuple of int, int)
        Which blocks are held together, and where in the order the group ends.
    """

    rows: torch.Tensor
    places: torch.Tensor
    flips: torch.Tensor
    moves: torch.Tensor
    groups: list

    def __len__(self):
        return len(self.rows)


class Loader:
    """The training windows: plans of epochs, and their batches.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file; stays open as long as batches are made.
    device : torch.device
        Where batches are made.
    memory : float
        Bytes that the packed windows may take. A larger set is read in groups of blocks, two at a time in memory.
    shift : int
        Largest move of a window either way (bp).
    negatives : float or None
        Windows without a label that an epoch shows, per labelled one, drawn anew for each; None for all.
    balance : bool
        True: as many labelled windows as there are, drawn with replacement, one of a rare target more often; False:
        each once.
    both_strands : bool
        True: an epoch shows each window once from either strand; False: once, from a random one.
    epoch_size : int or None
        Windows of an epoch; None for all.
    """

    def __init__(
        self,
        dataset,
        device,
        memory,
        *,
        shift=0,
        negatives=None,
        balance=False,
        both_strands=False,
        epoch_size=None,
    ):
        self.dataset, self.device, self.shift = dataset, device, shift
        self.n, self.both_strands = dataset.length("train"), both_strands
        row = 4 * -(-dataset.window // 8) + -(-len(dataset.names) // 8)
        self.block = self.n if self.n * row <= memory else min(BLOCK, self.n)
        self.blocks_held = max(1, int(memory / 2 // (row * self.block)))
        self.balance, self.drawn, shown = balance, 0, self.n
        if balance or negatives is not None:
            self.weights = _weights(dataset, balance)
            labelled = int((self.weights > 0).sum())
            if labelled == 0:
                raise DanqError(
                    "no training window has a label, and train.negatives and train.balance count by them; "
                    "leave both out"
                )
            others = self.n - labelled
            self.drawn = others if negatives is None else min(round(negatives * labelled), others)
            shown = labelled + self.drawn
        self.all = shown == self.n and not balance
        self.epoch_size = min(shown * (2 if both_strands else 1), epoch_size or 2 * self.n)
        self.reader, self.held, self.coming = ThreadPoolExecutor(1), {}, {}

    def plan(self, seed, epoch):
        """Return the Plan of an epoch (from 0)."""
        chance = torch.Generator().manual_seed(seed * 100_003 + epoch)
        shown = torch.ones(self.n, dtype=torch.long) if self.all else self._draw(chance)
        n_blocks = -(-self.n // self.block)
        order = torch.randperm(n_blocks, generator=chance).tolist()
        parts, places, groups = [], [], []
        for first in range(0, n_blocks, self.blocks_held):
            blocks = tuple(sorted(order[first : first + self.blocks_held]))
            rows = torch.cat(
                [
                    torch.repeat_interleave(self._rows(block), shown[self._rows(block)])
                    for block in blocks
                ]
            )
            rows = torch.cat([rows, rows + self.n]) if self.both_strands else rows
            parts.append(rows[torch.randperm(len(rows), generator=chance)])
            starts = (
                torch.searchsorted(torch.tensor(blocks), parts[-1] % self.n // self.block)
                * self.block
            )
            places.append(starts + parts[-1] % self.n % self.block)
            groups.append((blocks, sum(map(len, parts))))
        rows = torch.cat(parts)[: self.epoch_size]
        random = torch.rand(len(rows), generator=chance) < 0.5
        moves = torch.randint(0, 2 * self.shift + 1, (len(rows),), generator=chance)
        flips = rows >= self.n if self.both_strands else random
        # Whole to the device: a batch then costs no copy, for which the host would wait.
        return Plan(
            rows % self.n,
            *(part.to(self.device) for part in (torch.cat(places)[: len(rows)], flips, moves)),
            groups,
        )

    def _draw(self, chance):
        """Return how often an epoch shows each window: labelled ones, and a new draw of the others."""
        labelled = self.weights > 0
        shown, others = labelled.long(), (~labelled).nonzero().flatten()
        if self.drawn < len(others):
            others = others[torch.randperm(len(others), generator=chance)[: self.drawn]]
        shown[others] = 1
        if self.balance:
            # By the inverse of the distribution: torch.multinomial takes no more than 2**24 windows.
            sums = self.weights[labelled].cumsum(0)
            places = torch.rand(len(sums), generator=chance, dtype=torch.float64) * sums[-1]
            drawn = torch.searchsorted(sums, places, right=True).clamp(max=len(sums) - 1)
            shown[labelled] = torch.bincount(drawn, minlength=len(sums))
        return shown

    def _rows(self, block):
        return torch.arange(block * self.block, min((block + 1) * self.block, self.n))

    def batch(self, plan, first, last):
        """Return one-hot windows (n, 4, L) and labels (n, T), float32, of places `first` to `last` of a plan."""
        pieces, start = [], 0
        for number, (_, end) in enumerate(plan.groups):
            if max(first, start) < min(last, end):
                pieces.append(self._piece(plan, number, slice(max(first, start), min(last, end))))
            start = end
        X, y = pieces[0] if len(pieces) == 1 else map(torch.cat, zip(*pieces, strict=True))
        return augment(X, plan.flips[first:last], plan.moves[first:last], self.shift), y

    def _piece(self, plan, number, part):
        """Return windows and labels of a part of a plan (slice) that lies in one group."""
        group = plan.groups[number][0]
        if group not in self.held:
            coming = self.coming.pop(group, None)
            loaded = coming.result() if coming else self._load(group)
            self.held, self.coming = {group: loaded}, {}
            if number + 1 < len(plan.groups):
                following = plan.groups[number + 1][0]
                self.coming[following] = self.reader.submit(self._load, following)
        places, held = plan.places[part], self.held[group]
        return held.sequences_of(places), held.labels_of(places)

    def _load(self, group):
        """Read a group of blocks."""
        parts = [
            slice(block * self.block, min((block + 1) * self.block, self.n)) for block in group
        ]
        return Batches(self.dataset, "train", self.device, parts)


def _weights(dataset, balance):
    """Return the weight of each training window, float64 (N,): 0 without a label, else 1.

    With `balance` it is that of its rarest target: how many times as many windows the most frequent target has.
    """
    n, weights = dataset.length("train"), []
    counts = np.maximum(dataset.positives("train"), 1) if balance else None
    for start in range(0, n, BLOCK):
        packed = dataset.packed_labels("train", slice(start, start + BLOCK))
        if balance:
            weights.append(
                (np.unpackbits(packed, axis=1, count=len(counts)) * (counts.max() / counts)).max(
                    axis=1
                )
            )
        else:
            weights.append(packed.any(axis=1).astype(np.float64))
    return torch.from_numpy(np.concatenate(weights))


def augment(X, flips, moves, shift):
    """Show windows from either strand, and moved.

    Parameters
    ----------
    X : torch.Tensor, shape (n, 4, L)
        One-hot windows.
    flips : torch.Tensor, shape (n,), bool
        Where to show the reverse complement.
    moves : torch.Tensor, shape (n,), int64
        0 to twice `shift`; `shift` is no move. The bases that enter at an end are unknown (zeros).
    shift : int
        Largest move either way (bp).

    Returns
    -------
    torch.Tensor, shape (n, 4, L)
    """
    X = torch.where(flips.view(-1, 1, 1), X.flip(1, 2), X)
    if shift == 0:
        return X
    source = torch.arange(X.shape[2], device=X.device).view(1, 1, -1) + moves.view(-1, 1, 1)
    padded = torch.nn.functional.pad(X, (shift, shift))
    return padded.gather(2, source.expand(-1, 4, -1))
