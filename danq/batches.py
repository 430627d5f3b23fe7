"""Batches from packed windows, expanded on the device where the model computes."""

import torch


class Batches:
    """The packed windows of one split in the memory of one device.

    Parameters
    ----------
    dataset : danq.dataset.Dataset
        The open file.
    split : str
        train, valid or test.
    device : torch.device
        Where the windows live and batches are made.
    """

    def __init__(self, dataset, split, device):
        self.window, self.n_targets = dataset.window, len(dataset.names)
        self.sequences = torch.from_numpy(dataset.packed_sequences(split)).to(device)   # (N, ceil(L/8), 4)
        self.labels = torch.from_numpy(dataset.packed_labels(split)).to(device)         # (N, ceil(T/8))
        # numpy.packbits puts the first value into the highest bit. A byte becomes eight bytes by one look into a table
        # of words: on a CPU ten times as fast as looking up eight numbers.
        bits = torch.arange(256).unsqueeze(1) >> torch.arange(7, -1, -1) & 1            # (256, 8)
        self.words = bits.to(torch.uint8).view(torch.int64).flatten().to(device)        # (256,)

    def __len__(self):
        return len(self.sequences)

    def sequences_of(self, rows):
        """Return one-hot windows, float32 (n, 4, L), for `rows` (int tensor or slice)."""
        return self._expand(self.sequences[rows].transpose(1, 2))[:, :, :self.window]

    def labels_of(self, rows):
        """Return labels, float32 (n, T), for `rows` (int tensor or slice)."""
        return self._expand(self.labels[rows])[:, :self.n_targets]

    def _expand(self, packed):
        """Return packed bits (..., m), uint8, as numbers (..., 8 m), float32."""
        words = self.words.index_select(0, packed.reshape(-1).int())
        return words.view(torch.uint8).view(*packed.shape[:-1], -1).float()


def augment(X, shift, generator):
    """Show each window from a random strand, moved by up to `shift` bp.

    Parameters
    ----------
    X : torch.Tensor, shape (n, 4, L)
        One-hot windows.
    shift : int
        Largest move either way (bp); the letters that enter at an end are unknown (zeros).
    generator : torch.Generator
        Source of chance, on the CPU.

    Returns
    -------
    torch.Tensor, shape (n, 4, L)
    """
    flip = torch.rand(len(X), generator=generator) < 0.5
    X = torch.where(flip.to(X.device).view(-1, 1, 1), X.flip(1, 2), X)
    if shift == 0:
        return X
    moves = torch.randint(0, 2 * shift + 1, (len(X), 1, 1), generator=generator).to(X.device)
    source = torch.arange(X.shape[2], device=X.device).view(1, 1, -1) + moves
    padded = torch.nn.functional.pad(X, (shift, shift))
    return padded.gather(2, source.expand(-1, 4, -1))
