"""Where files come from: paths or URLs, and whether what arrived is what was meant.

Snakemake brings what a URL names; nothing is believed until its checksum, where one is given, and its first bytes fit.
"""

import hashlib
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from danq.errors import DanqError, shown
from danq.files import PathLike, atomic, checksums

_SAFE = re.compile(r"[^A-Za-z0-9._-]")


class Sources(NamedTuple):
    """The user's files.

    Attributes
    ----------
    genome : path
        Genome FASTA: plain, gzip or BGZF.
    targets : path
        `targets.tsv`, see `danq.genome.tables.read_targets`.
    blacklist, unmappable : sequence of path
        BED files; a bin that shares a base with the first, or has more than half of its bases in the second, is left
        out.
    aliases : path, optional
        Table of other chromosome names, see `danq.genome.tables.read_aliases`.
    where : mapping of str to str
        Which rows of `targets` to take: those whose column has that value.
    downloads : path, optional
        Folder of the files that `targets` names by URL.
    checksums : mapping of str to mapping
        Checksums that files must have (path to kind to checksum), beside those in `targets`.
    """

    genome: PathLike
    targets: PathLike
    blacklist: Sequence[PathLike] = ()
    unmappable: Sequence[PathLike] = ()
    aliases: PathLike | None = None
    where: Mapping[str, str] = MappingProxyType({})
    downloads: PathLike | None = None
    checksums: Mapping[str, Mapping[str, str]] = MappingProxyType({})


def is_url(text):
    """Say whether a text is the http or https address of a file."""
    return re.match(r"https?://", text, re.IGNORECASE) is not None


def refuse_other_schemes(text, path=None, line=None):
    """Refuse addresses that are not http or https, and those with a query, of which downloads may share a name."""
    if re.match(r"[a-z][a-z0-9+.-]+://", text, re.IGNORECASE) and not is_url(text):
        raise DanqError(
            f"{shown(text, 200)}: only http:// and https:// can be fetched; give such an address, or "
            "download the file and give its path",
            path,
            line,
        )
    try:
        named = not is_url(text) or bool(_name(text) and not set("?#") & set(text))
    except ValueError:  # no address at all
        named = False
    if not named:
        raise DanqError(
            f"{shown(text, 200)} does not end in the name of a file; give the file's own address",
            path,
            line,
        )


def _name(url):
    return _SAFE.sub("_", urlsplit(url).path.rsplit("/", 1)[-1])[-100:]


def local(text, downloads):
    """Return the path of a file: itself, or for a URL its place in the folder `downloads`.

    Parameters
    ----------
    text : str
        Path or URL.
    downloads : str or path-like or None
        Folder of fetched files; None when there is none.

    Returns
    -------
    str

    Raises
    ------
    DanqError
        A URL, and no folder.

    Examples
    --------
    >>> local("peaks/a.bed", "resources")
    'peaks/a.bed'
    >>> local("https://example.org/peaks/a.bed.gz", "resources")
    'resources/a7ceecdc70/a.bed.gz'
    """
    if not is_url(text):
        return text
    if downloads is None:
        raise DanqError(
            f"{shown(text, 200)} is an address; let the workflow fetch it, or download it and give its "
            "path"
        )
    return str(Path(downloads) / hashlib.sha256(text.encode()).hexdigest()[:10] / _name(text))


def verified(path, expected, source=None):
    """Return the SHA-256 checksum of a file; refuse it when it is not the file that is meant.

    Parameters
    ----------
    path : str or path-like
        The file.
    expected : dict of str to str
        Checksums that it must have, by kind (sha256, md5); an empty text is not looked at.
    source : str, optional
        What the message calls the file, if not its path.

    Raises
    ------
    DanqError
        Unreadable, or of another checksum.
    """
    expected = {kind: checksum.lower() for kind, checksum in expected.items() if checksum}
    found = checksums(path, {"sha256", *expected})
    for kind, checksum in expected.items():
        if found[kind] != checksum:
            raise DanqError(
                f"its {kind} is {found[kind]}, not the expected {checksum}: the file has changed or has not "
                "arrived whole; get it again, or correct the checksum",
                source or path,
            )
    return found["sha256"]


def fetch(file, output, *, url, sha256="", md5=""):
    """Take in a downloaded file, if it is what was meant.

    Parameters
    ----------
    file : path
        What arrived.
    output : path
        Where it goes, whole or not at all.
    url : str
        Where it came from.
    sha256, md5 : str
        Checksums that it must have; empty for unknown ones.

    Raises
    ------
    DanqError
        An empty file, a web page, a file whose name promises gzip and whose bytes do not keep it, or another checksum.
    """
    with open(file, "rb") as handle:
        head = handle.read(512)
    if not head:
        raise DanqError("arrived empty; try again, or check the address", url)
    if not (sha256 or md5):
        _refuse_other_content(head, url)
    checksum = verified(file, {"sha256": sha256, "md5": md5}, url)
    if not (sha256 or md5):
        print(
            f"warning: {url} has no known checksum; its sha256 is {checksum}: write that down to notice when it changes",
            file=sys.stderr,
        )
    with atomic(output) as part:
        shutil.copyfile(file, part)


def _refuse_other_content(head, url):
    if head.lstrip()[:1] == b"<":
        raise DanqError(
            "what arrived is a web page (a login, or an error), not the file; check the address in a "
            "browser",
            url,
        )
    if _name(url).endswith((".gz", ".bgz")) and not head.startswith(b"\x1f\x8b"):
        raise DanqError(
            "what arrived is not a gzip file, though its name says so; check the address in a browser",
            url,
        )
