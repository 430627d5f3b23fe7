"""The windows of a dataset as files for reading: a table, and their bases as FASTA.

The bases are not those of the dataset written out: they are cut from the genome a second time, by pyfaidx, and have
to agree with the dataset base by base. Two readers that share no code would have to make the same mistake.
"""

import numpy as np
from Bio import bgzf
from tqdm import tqdm

from danq.data.dataset import open_dataset
from danq.errors import DanqError, shown
from danq.files import atomic
from danq.genome.bins import SPLITS
from danq.genome.fasta import open_fasta
from danq.genome.sequence import decode, unpack_indices

_BLOCK = 4096
_UNKNOWN = str.maketrans("RYSWKMBDHV", "N" * 10)


def windows(dataset, genome, table, fasta):
    """Write down the windows of a dataset.

    Parameters
    ----------
    dataset : path
        dataset.h5, made of `genome`.
    genome : path
        The genome FASTA.
    table : path
        Made: one row per window (`chrom start end split labels`, labels as comma-separated target indices, ``.`` for
        none), split by split.
    fasta : path
        Made: the windows' bases (BGZF FASTA, named ``chrom:start-end``), in the same order; upper case, N for every
        base other than ACGT.

    Raises
    ------
    DanqError
        The dataset was not made of this genome: a window is not there, or has other bases.
    """
    with (
        open_dataset(dataset) as data,
        open_fasta(genome) as bases,
        atomic(table) as table_part,
        atomic(fasta) as fasta_part,
    ):
        if data.attributes["coordinates"] != "genome":
            raise DanqError(
                "its windows have no place in a genome; nothing can be cut out for it", dataset
            )
        with (
            open(table_part, "w", encoding="utf-8") as rows,
            bgzf.BgzfWriter(str(fasta_part), compresslevel=1) as out,
        ):
            rows.write("chrom\tstart\tend\tsplit\tlabels\n")
            for split in SPLITS:
                _write_split(data, split, bases, genome, rows, out)


def _write_split(data, split, bases, genome, rows, out):
    """Write the windows of a split, block by block."""
    names = list(data.chromosomes)
    chroms, starts = data.places(split)
    for first in tqdm(
        range(0, len(starts), _BLOCK), f"windows {split}", unit="block", disable=None
    ):
        block = slice(first, first + _BLOCK)
        indices = unpack_indices(data.packed_sequences(split, block), data.window)
        labels = np.unpackbits(data.packed_labels(split, block), axis=1, count=len(data.names))
        for chrom, start, own, row in zip(
            chroms[block].tolist(), starts[block].tolist(), indices, labels, strict=True
        ):
            place = f"{names[chrom]}\t{start}\t{start + data.window}"
            found = bases.fetch(names[chrom], start, start + data.window).translate(_UNKNOWN)
            if found != decode(own):
                raise DanqError(
                    f"{shown(names[chrom])}:{start}-{start + data.window} has other bases here than in "
                    "the dataset; use the genome that the dataset was made of",
                    genome,
                )
            rows.write(f"{place}\t{split}\t{','.join(map(str, np.flatnonzero(row))) or '.'}\n")
            out.write(f">{names[chrom]}:{start}-{start + data.window}\n{found}\n")
