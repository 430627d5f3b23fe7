"""DNA as letters, codes and one-hot: base order, reverse complement, and the genome behind a FASTA file."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import pyfaidx

from danq.inputs import copy_fasta

ALPHABET = "ACGT"
"""Channel order of every one-hot array. Its reverse is its complement: flipping both axes complements."""

_CODES = np.full(256, 4, dtype=np.uint8)
for _code, _letter in enumerate(ALPHABET):
    _CODES[[ord(_letter), ord(_letter.lower())]] = _code

_ONE_HOT = np.vstack([np.eye(4, dtype=np.uint8), np.zeros((1, 4), dtype=np.uint8)])


def encode(letters):
    """Return the code of each letter.

    Parameters
    ----------
    letters : str or bytes
        DNA; lower case counts as upper case.

    Returns
    -------
    numpy.ndarray, shape (L,), uint8
        0 to 3 in the order of `ALPHABET`; 4 for N and every other letter.

    Examples
    --------
    >>> encode("ACGTn").tolist()
    [0, 1, 2, 3, 4]
    """
    raw = letters.encode("ascii") if isinstance(letters, str) else letters
    return _CODES[np.frombuffer(raw, dtype=np.uint8)]


def decode(codes):
    """Return codes (uint8, 0 to 4) as letters (str), 4 as N."""
    return np.frombuffer(b"ACGTN", dtype=np.uint8)[codes].tobytes().decode("ascii")


def one_hot(codes):
    """Return codes of shape (..., L) as one-hot of shape (..., L, 4), uint8; code 4 gives four zeros."""
    return _ONE_HOT[codes]


def reverse_complement(codes):
    """Return the codes (..., L) of the other strand, read in its own direction.

    Examples
    --------
    >>> decode(reverse_complement(encode("AACGN")))
    'NCGTT'
    """
    flipped = codes[..., ::-1]
    return np.where(flipped < 4, 3 - flipped, flipped)


class Genome:
    """The chromosomes of a checked FASTA file.

    Attributes
    ----------
    lengths : dict of str to int
        Length of each chromosome (bp), in the order of the file.
    """

    def __init__(self, fasta):
        self._fasta = fasta
        self.lengths = {name: len(fasta[name]) for name in fasta.keys()}

    def codes(self, chrom):
        """Return the codes of a whole chromosome, shape (length,), uint8."""
        codes = encode(self._fasta[chrom][:].seq)
        if len(codes) != self.lengths[chrom]:
            raise AssertionError(f"{chrom}: {len(codes)} letters read, {self.lengths[chrom]} indexed")
        return codes


@contextlib.contextmanager
def open_genome(path):
    """Open a genome FASTA: plain, ordinary gzip or BGZF.

    The file is read once from end to end and checked on the way; pyfaidx then works on a plain copy with an index
    of its own, in a temporary folder: an index left beside the file by something else may be stale, and pyfaidx
    would believe it.

    Parameters
    ----------
    path : str or path-like
        The FASTA file.

    Yields
    ------
    Genome

    Raises
    ------
    DanqError
        As `danq.inputs.copy_fasta`.
    """
    with tempfile.TemporaryDirectory(prefix="danq-") as folder:
        plain = Path(folder) / "genome.fa"
        copy_fasta(path, plain)
        with pyfaidx.Fasta(str(plain), rebuild=True) as fasta:
            yield Genome(fasta)
