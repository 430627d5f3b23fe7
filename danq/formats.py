"""What a file is, by its first bytes: formats that are often given in place of text."""

HEAD = 512
"""Bytes at the beginning of a file that tell its format."""

BOM = b"\xef\xbb\xbf"
"""The byte-order mark of UTF-8, which some programs put before a text."""

_GZIP_OR = "unpack it, or compress it with gzip"
_SAVE = "save the file as UTF-8"

# First bytes, what begins with them, and what to do.
# https://en.wikipedia.org/wiki/List_of_file_signatures, and the formats' own descriptions:
# UCSC's bigBed, bigWig and 2bit (https://genome.ucsc.edu/FAQ/FAQformat.html; Kent et al. 2010,
# https://doi.org/10.1093/bioinformatics/btq351), BAM and CRAM (https://samtools.github.io/hts-specs/).
_FORMATS = (
    (b"BZh", "a bzip2 file", _GZIP_OR),
    (b"\xfd7zXZ\x00", "an xz file", _GZIP_OR),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _GZIP_OR),
    (b"\x1f\x9d", "a file of compress (.Z)", _GZIP_OR),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _GZIP_OR),
    (b"PK\x03\x04", "a zip archive, or an Excel file", "unpack it, or save the sheet as text"),
    (b"PK\x05\x06", "an empty zip archive", "give the file itself"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "save the sheet as text, separated by tabs"),
    (b"\xeb\xf2\x89\x87", "a bigBed file", "convert it with UCSC's bigBedToBed"),
    (b"\x87\x89\xf2\xeb", "a bigBed file", "convert it with UCSC's bigBedToBed"),
    (b"\x26\xfc\x8f\x88", "a bigWig file: a signal, not peaks", "give the peaks called from it"),
    (b"\x88\x8f\xfc\x26", "a bigWig file: a signal, not peaks", "give the peaks called from it"),
    (b"\x43\x27\x41\x1a", "a 2bit file", "convert it with UCSC's twoBitToFa"),
    (b"\x1a\x41\x27\x43", "a 2bit file", "convert it with UCSC's twoBitToFa"),
    (b"BAM\x01", "a BAM file: reads, not text", "give what was made from it"),
    (b"CRAM", "a CRAM file: reads, not text", "give what was made from it"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, not text", "give the right file"),
    (b"SQLite format 3\x00", "an SQLite file, not text", "give the right file"),
    (b"%PDF-", "a PDF, not text", "give the right file"),
    (b"\x89PNG", "a picture, not text", "give the right file"),
    (b"\x1f\x8b", "packed twice with gzip", "unpack it once"),
    (b"\xff\xfe", "UTF-16 text", _SAVE),
    (b"\xfe\xff", "UTF-16 text", _SAVE),
    (
        b"version https://git-lfs.github.com/",
        "a pointer of Git LFS, not the file",
        "fetch it (git lfs pull)",
    ),
)


def other_format(head: bytes) -> str | None:
    """Return what is wrong with a file that is not text, and what to do; None for other files.

    Parameters
    ----------
    head : bytes
        The first bytes of a file; of a gzip file those of its content.

    Returns
    -------
    str or None

    Examples
    --------
    >>> other_format(b"BZh91AY")
    'is a bzip2 file; unpack it, or compress it with gzip'
    >>> other_format(b"chr1") is None
    True
    """
    for magic, what, fix in _FORMATS:
        if head.startswith(magic):
            return f"is {what}; {fix}"
    return None
