import bz2
import gzip
import io
import lzma
import zipfile

import h5py
import pytest

from danq.formats import other_format
from danq.genome.aliases import read_aliases
from danq.genome.chromosomes import Chromosomes
from danq.genome.fasta import read_genome
from danq.genome.peaks import read_peaks
from danq.genome.tables import read_targets
from danq.motif.meme import read_meme
from tests.conftest import refuse

TEXT = b"chr1\t1\t2\n" * 100
READERS = {
    "peaks": lambda path: list(read_peaks([path], Chromosomes({"chr1": 10}))),
    "genome": read_genome,
    "targets": read_targets,
    "aliases": lambda path: read_aliases(path, ["chr1"]),
    "motifs": read_meme,
}


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("peaks.bed", TEXT)
    return buffer.getvalue()


def hdf5():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["x"] = 1
    return buffer.getvalue()


# Made by the formats' own programs where there are any here.
FILES = {
    "bzip2": (bz2.compress(TEXT), "is a bzip2 file; unpack it, or compress it with gzip"),
    "xz": (lzma.compress(TEXT), "is an xz file; unpack it, or compress it with gzip"),
    "zip": (zipped(), "is a zip archive, or an Excel file; unpack it, or save the sheet as text"),
    "hdf5": (hdf5(), "is an HDF5 file, not text; give the right file"),
    "twice": (gzip.compress(gzip.compress(TEXT)), "is packed twice with gzip; unpack it once"),
    "utf16": (TEXT.decode().encode("utf-16"), "is UTF-16 text; save the file as UTF-8"),
    "bam": (
        gzip.compress(b"BAM\x01" + bytes(99)),
        "is a BAM file: reads, not text; give what was made from it",
    ),
    "bigbed": (
        0x8789F2EB.to_bytes(4, "little") + bytes(99),
        "is a bigBed file; convert it with UCSC's bigBedToBed",
    ),
    "bigwig": (
        0x888FFC26.to_bytes(4, "big") + bytes(99),
        "is a bigWig file: a signal, not peaks; give the peaks called from it",
    ),
    "2bit": (
        0x1A412743.to_bytes(4, "little") + bytes(99),
        "is a 2bit file; convert it with UCSC's twoBitToFa",
    ),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
        "is a pointer of Git LFS, not the file; fetch it (git lfs pull)",
    ),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize(("content", "what"), FILES.values(), ids=FILES)
def test_a_file_of_another_format_is_named(tmp_path, reader, content, what):
    path = tmp_path / "file"
    path.write_bytes(content)
    refuse(f"{path}: {what}", reader, path)


@pytest.mark.parametrize(
    "text", [b"chr1\t1\t2\n", b">chr1\nACGT\n", b"MEME version 4\n", b"name\tfile\n", b"", b"\n"]
)
def test_text_is_no_other_format(text):
    assert other_format(text) is None
