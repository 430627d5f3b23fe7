"""The lines of a VCF: of a text file, or of a BCF, which is the same in binary form.

BCF is converted to text by bcftools, which comes with pysam, in a process of its own: htslib writes
to standard error by itself, and a damaged file may stop it.
"""

import importlib.util
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.reading import LONGEST_LINE, read_lines, refuse_no_file

_BCF = b"BCF\x02"
"""First bytes of the content of a BCF (https://samtools.github.io/hts-specs/VCFv4.5.pdf, 6.2)."""

_VIEW = (
    "import sys; from pysam import bcftools; "
    "bcftools.view('--no-version', sys.argv[1], catch_stdout=False)"
)


def has_pysam() -> bool:
    """Say whether pysam is installed, which reads BCF and makes indices of VCF."""
    return importlib.util.find_spec("pysam") is not None


def is_bcf(path: PathLike) -> bool:
    """Say whether a file is a BCF, by its first bytes.

    Raises
    ------
    DanqError
        There is no such file.
    """
    refuse_no_file(path)
    with open(path, "rb") as raw:
        head = raw.read(len(_BCF))
        if head.startswith(b"\x1f\x8b"):
            raw.seek(0)
            head = _unpacked_head(raw.read(1 << 16))
    return head == _BCF


def _unpacked_head(packed: bytes) -> bytes:
    """Return the first bytes of the content of a gzip file; none of one that is damaged."""
    try:
        return zlib.decompressobj(wbits=31).decompress(packed, len(_BCF))
    except zlib.error:
        return b""


def is_vcf(path: PathLike) -> bool:
    """Say whether a file says of itself that it is a VCF, as text or as BCF.

    Raises
    ------
    DanqError
        The file cannot be read.
    """
    if is_bcf(path):
        return True
    for _, line in read_lines(path):
        return line.removeprefix(b"\xef\xbb\xbf").startswith(b"##fileformat=VCF")
    return False


def variant_lines(path: PathLike) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a VCF, header and all.

    Parameters
    ----------
    path : str or path-like
        VCF, plain, gzip or BGZF; or BCF, whose lines are those that bcftools writes of it.

    Yields
    ------
    tuple of (int, bytes)
        Line number from 1, and the line without its end.

    Raises
    ------
    DanqError
        A file that cannot be read, or that is damaged; or a BCF where pysam is not installed.
    """
    if is_bcf(path):
        yield from _bcf_lines(path)
    else:
        yield from read_lines(path)


def _bcf_lines(path: PathLike) -> Iterator[tuple[int, bytes]]:
    if not has_pysam():
        what = "a BCF is read by pysam, which is not installed"
        raise DanqError(f'{what}; pip install "danq[variants]", or give a VCF', path)
    words = [sys.executable, "-c", _VIEW, str(path)]
    number = 0
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        assert process.stdout is not None
        try:
            while line := process.stdout.readline(LONGEST_LINE):
                number += 1
                yield number, line.rstrip(b"\r\n")
            process.wait()
        finally:
            process.kill()  # where not all lines were asked for
        errors.seek(0)
        said = errors.read()
    if process.returncode != 0:
        what = f"the BCF is damaged after line {number} of its text ({_reason(said)})"
        raise DanqError(f"{what}; get it again", path)


def _reason(said: bytes) -> str:
    """Return what htslib says of a file, of all that was written to standard error."""
    *_, last = said.decode("utf-8", "replace").rstrip().splitlines() or [""]
    _, _, reason = last.partition("stderr=")
    return shown(reason.split("\\n")[0] or last)
