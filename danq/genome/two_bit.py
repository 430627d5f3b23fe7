"""A genome as a .2bit file, which the UCSC Genome Browser and IGV read at random."""

import struct

import numpy as np
from numpy.typing import NDArray

from danq.errors import DanqError
from danq.files import PathLike, atomic
from danq.genome.sequence import Genome, unpack_indices

_SIGNATURE = 0x1A412743
_CODES = np.array([2, 1, 3, 0, 0], dtype=np.uint8)  # of A, C, G, T and unknown
_LONGEST_NAME = 255  # bytes
_LARGEST = 1 << 32  # bytes: offsets have 32 bits


def write_two_bit(path: PathLike, genome: Genome) -> None:
    """Write a genome in UCSC's format .2bit, version 0, without lower case.

    https://genome.ucsc.edu/FAQ/FAQformat.html#format7

    Parameters
    ----------
    path : str or path-like
        The file to make.
    genome : danq.genome.sequence.Genome
        Its bases; runs of unknown ones become N.

    Raises
    ------
    DanqError
        A chromosome's name is too long for the format, or the genome too large.
    """
    names = [name.encode() for name in genome.lengths]
    for name in names:
        if len(name) > _LONGEST_NAME:
            raise DanqError(f"{name[:20]!r}...: a .2bit file has names of at most 255 bytes")
    offsets = _offsets(genome, names)
    if offsets[-1] >= _LARGEST:
        raise DanqError("the genome is too large for a .2bit file; give the name of its assembly")
    with atomic(path) as temporary, open(temporary, "wb") as file:
        file.write(struct.pack("<IIII", _SIGNATURE, 0, len(names), 0))
        for name, offset in zip(names, offsets[:-1], strict=True):
            file.write(struct.pack("<B", len(name)))
            file.write(name)
            file.write(struct.pack("<I", offset))
        for chrom in genome.lengths:
            file.write(_record(genome, chrom))


def _offsets(genome: Genome, names: list[bytes]) -> list[int]:
    """Return where each chromosome's record begins in the file, and where the last one ends."""
    offset = 16 + sum(len(name) + 5 for name in names)
    offsets = [offset]
    for chrom, length in genome.lengths.items():
        runs = 8 * len(genome.unknown[chrom])
        bases = -(-length // 4)
        offset += 16 + runs + bases
        offsets.append(offset)
    return offsets


def _record(genome: Genome, chrom: str) -> bytes:
    """Return a chromosome as the format wants it: length, runs of N, no lower case, bases."""
    length = genome.lengths[chrom]
    unknown = genome.unknown[chrom]
    starts = unknown[:, 0]
    sizes = unknown[:, 1] - starts
    head = struct.pack("<II", length, len(unknown))
    runs = starts.astype("<u4").tobytes() + sizes.astype("<u4").tobytes()
    no_lower_case = struct.pack("<II", 0, 0)
    return head + runs + no_lower_case + _two_bits(genome, chrom).tobytes()


def _two_bits(genome: Genome, chrom: str) -> NDArray[np.uint8]:
    """Return the bases of a chromosome, four to a byte, the first in the highest bits."""
    length = genome.lengths[chrom]
    packed = genome.packed[chrom]
    indices = unpack_indices(packed[None], length)[0]
    codes = np.zeros(-(-length // 4) * 4, dtype=np.uint8)
    codes[:length] = _CODES[indices]
    places = np.array([64, 16, 4, 1], dtype=np.uint8)
    return (codes.reshape(-1, 4) * places).sum(axis=1, dtype=np.uint8)
