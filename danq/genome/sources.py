"""The user's files: paths or URLs, and whether a download is the expected file.

Snakemake fetches what a URL names. A file is used only after its checksum, or in a download without
a known one its first bytes, were found to be right.
"""

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from danq.errors import DanqError, shown, warn
from danq.files import PathLike, atomic, checksums

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST_NAME = 100


class Sources(NamedTuple):
    """The user's files.

    Attributes
    ----------
    genome : path
        Genome FASTA: plain, gzip or BGZF.
    targets : path
        `targets.tsv`, see `danq.genome.tables.read_targets`.
    blacklist, unmappable : sequence of path
        BED files; a bin that shares a base with the first, or has more than half of its bases in
        the second, is left out.
    aliases : path, optional
        Table of other chromosome names, see `danq.genome.tables.read_aliases`.
    where : mapping of str to str
        Which rows of `targets` to take: those whose column has that value.
    downloads : path, optional
        Folder of the files that `targets` names by URL.
    checksums : mapping of str to mapping
        Checksums that files must have (path to kind to checksum), beside those in `targets`.
    checked : path, optional
        What `danq check` wrote about these files, which must still be the same.
    """

    genome: PathLike
    targets: PathLike
    blacklist: Sequence[PathLike] = ()
    unmappable: Sequence[PathLike] = ()
    aliases: PathLike | None = None
    where: Mapping[str, str] = MappingProxyType({})
    downloads: PathLike | None = None
    checksums: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    checked: PathLike | None = None


def is_url(text: str) -> bool:
    """Return whether a text is the http or https address of a file."""
    return re.match(r"https?://", text, re.IGNORECASE) is not None


def refuse_other_schemes(text: str, path: PathLike | None = None, line: int | None = None) -> None:
    """Refuse addresses that cannot be fetched.

    These are addresses that are not http or https, and those with a query, whose downloads could
    share one file name.

    Parameters
    ----------
    text : str
        Path or URL.
    path : str or path-like, optional
        The file that names it, for the message.
    line : int, optional
        The line that names it, for the message.

    Raises
    ------
    DanqError
        The address cannot be fetched.
    """
    has_scheme = re.match(r"[a-z][a-z0-9+.-]+://", text, re.IGNORECASE)
    if has_scheme and not is_url(text):
        what = (
            f"{shown(text, 200)}: only http:// and https:// can be fetched; give such an address, "
            "or download the file and give its path"
        )
        raise DanqError(what, path, line)
    if is_url(text) and not _names_a_file(text):
        what = f"{shown(text, 200)} does not end in the name of a file; give the file's own address"
        raise DanqError(what, path, line)


def _names_a_file(url: str) -> bool:
    """Return whether a URL ends in the name of a file, without a query."""
    try:
        name = _file_name(url)
    except ValueError:  # no address at all
        return False
    return bool(name) and not set("?#") & set(url)


def _file_name(url: str) -> str:
    """Return a safe name for the file that a URL ends in."""
    name = urlsplit(url).path.rsplit("/", 1)[-1]
    return _UNSAFE.sub("_", name)[-_LONGEST_NAME:]


def local_path(text: str, downloads: PathLike | None) -> str:
    """Return the path of a file: itself, or for a URL where it lies in the folder `downloads`.

    Parameters
    ----------
    text : str
        Path or URL.
    downloads : str or path-like or None
        Folder of fetched files; None when there is none.

    Returns
    -------
    str
        A path; of a URL always the same one.

    Raises
    ------
    DanqError
        The text is a URL, and there is no folder.

    Examples
    --------
    >>> local_path("peaks/a.bed", "resources")
    'peaks/a.bed'
    >>> local_path("https://example.org/peaks/a.bed.gz", "resources")
    'resources/a7ceecdc70/a.bed.gz'
    """
    if not is_url(text):
        return text
    if downloads is None:
        what = (
            f"{shown(text, 200)} is an address; let the workflow fetch it, or download it and "
            "give its path"
        )
        raise DanqError(what)
    folder = hashlib.sha256(text.encode()).hexdigest()[:10]
    return str(Path(downloads) / folder / _file_name(text))


def verify(path: PathLike, expected: Mapping[str, str], source: str | None = None) -> str:
    """Return the SHA-256 checksum of a file; refuse a file that is not the expected one.

    Parameters
    ----------
    path : str or path-like
        The file.
    expected : mapping of str to str
        Checksums that it must have, by kind (sha256, md5); empty ones are ignored.
    source : str, optional
        What the message calls the file, if not its path.

    Returns
    -------
    str
        The checksum, as hexadecimal text.

    Raises
    ------
    DanqError
        The file is unreadable, or has another checksum.
    """
    required = {kind: checksum for kind, checksum in expected.items() if checksum}
    actual = checksums(path, {"sha256", *required})
    refuse_other(source or path, required, actual)
    return actual["sha256"]


def refuse_other(path: PathLike, required: Mapping[str, str], actual: Mapping[str, str]) -> None:
    """Refuse a file whose checksums are not the expected ones.

    Parameters
    ----------
    path : str or path-like
        The file, for the message.
    required, actual : mapping of str to str
        Checksums by kind, those that it must have and those that it has.

    Raises
    ------
    DanqError
        The first that differs.
    """
    for kind, checksum in required.items():
        if actual[kind] != checksum.lower():
            what = (
                f"its {kind} is {actual[kind]}, not the expected {checksum.lower()}: the file has "
                "changed or is incomplete; get it again, or correct the checksum"
            )
            raise DanqError(what, path)


def fetch(file: PathLike, output: PathLike, *, url: str, sha256: str = "", md5: str = "") -> None:
    """Copy a downloaded file to its destination, if it is the expected one.

    Parameters
    ----------
    file : path
        The download.
    output : path
        Where to copy it, atomically.
    url : str
        Where it came from.
    sha256, md5 : str
        Checksums that it must have; empty for unknown ones.

    Raises
    ------
    DanqError
        An empty file, or another checksum; when no checksum is given, a web page, or a file that is
        named .gz or .bgz and is not gzip.
    """
    with open(file, "rb") as handle:
        head = handle.read(512)
    if not head:
        raise DanqError("arrived empty; try again, or check the address", url)
    has_checksum = bool(sha256 or md5)
    if not has_checksum:
        _refuse_other_content(head, url)
    checksum = verify(file, {"sha256": sha256, "md5": md5}, url)
    if not has_checksum:
        warning = f"{url} has no known checksum; its sha256 is {checksum}"
        warn(f"{warning}: note it down to notice a change")
    with atomic(output) as temporary:
        shutil.copyfile(file, temporary)


def _refuse_other_content(head: bytes, url: str) -> None:
    """Refuse a web page, and a file that is not gzip though its address says so."""
    if head.lstrip()[:1] == b"<":
        what = (
            "what arrived is a web page (a login, or an error), not the file; check the address in "
            "a browser"
        )
        raise DanqError(what, url)
    if _file_name(url).endswith((".gz", ".bgz")) and not head.startswith(b"\x1f\x8b"):
        what = (
            "what arrived is not a gzip file, though its name says so; check the address in a "
            "browser"
        )
        raise DanqError(what, url)
