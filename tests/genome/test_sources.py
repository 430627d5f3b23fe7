import hashlib

import pytest

from danq.errors import DanqError
from danq.files import checksums
from danq.genome import sources
from tests.conftest import refuse

URL = "https://example.org/peaks/ctcf.bed.gz"
GZIP = bytes.fromhex("1f8b0800000000000003") + b"anything"


def test_sources_need_no_more_than_a_genome_and_targets():
    files = sources.Sources("genome.fa", "targets.tsv")
    assert files.blacklist == files.unmappable == ()
    assert files.aliases is files.downloads is None
    assert files.where == files.checksums == {}


def test_a_path_stays_and_a_url_has_one_place(tmp_path):
    assert sources.local_path("a/b.bed", None) == "a/b.bed"
    path = sources.local_path(URL, tmp_path)
    assert path == str(tmp_path / hashlib.sha256(URL.encode()).hexdigest()[:10] / "ctcf.bed.gz")
    assert sources.local_path(URL.replace("peaks", "other"), tmp_path) != path
    with pytest.raises(DanqError, match="is an address; let the workflow fetch it"):
        sources.local_path(URL, None)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a;rm -rf x/$(touch PWNED)",
        "http://example.org/`id`",
        "https://example.org/..%2F..%2Fup",
        "https://example.org/" + "x" * 300,
    ],
)
def test_no_address_makes_an_unsafe_name(tmp_path, url):
    name = sources.local_path(url, tmp_path).removeprefix(f"{tmp_path}/").split("/")
    assert len(name) == 2 and set(name[1]) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
    )
    assert len(name[1]) <= 100 and name[1] not in ("", ".", "..")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("ftp://example.org/a.bed", "only http:// and https:// can be fetched"),
        ("file:///etc/passwd", "only http:// and https:// can be fetched"),
        ("https://example.org/a.bed?key=1", "does not end in the name of a file"),
        ("https://example.org/", "does not end in the name of a file"),
        ("http://[x/a.bed", "does not end in the name of a file"),
    ],
)
def test_other_addresses_are_refused(text, what):
    with pytest.raises(DanqError, match=f"targets.tsv:3: .*{what}"):
        sources.refuse_other_schemes(text, "targets.tsv", 3)
    sources.refuse_other_schemes("a/b:c.bed")
    sources.refuse_other_schemes(URL)


def test_checksums_are_those_of_hashlib(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 1_000_000)
    actual = checksums(tmp_path / "a", ("sha256", "md5"))
    assert actual == {
        "sha256": hashlib.sha256(b"abc" * 1_000_000).hexdigest(),
        "md5": hashlib.md5(b"abc" * 1_000_000).hexdigest(),
    }


def test_another_file_than_the_one_meant_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    # The checksums of "abc" are those of RFC 1321 and FIPS 180-2.
    md5 = "900150983cd24fb0d6963f7d28e17f72"
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sources.verify(tmp_path / "a", {"md5": md5.upper(), "sha256": ""}) == sha256
    for kind, good in (("md5", md5), ("sha256", sha256)):
        refuse(
            f"{tmp_path / 'a'}: its {kind} is {good}, not the expected {'0' * len(good)}: the "
            "file has changed or "
            "is incomplete; get it again, or correct the checksum",
            sources.verify,
            tmp_path / "a",
            {kind: "0" * len(good)},
        )


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "arrived empty; try again, or check the address"),
        (
            b"<!DOCTYPE html><title>Log in</title>",
            "what arrived is a web page (a login, or an error), not the file; check "
            "the address in a browser",
        ),
        (
            b"  <?xml version='1.0'?><Error/>",
            "what arrived is a web page (a login, or an error), not the file; check the "
            "address in a browser",
        ),
        (
            b"chr1\t1\t2\n",
            "what arrived is not a gzip file, though its name says so; check the address in a "
            "browser",
        ),
    ],
)
def test_what_is_not_the_file_is_not_taken_in(tmp_path, body, what):
    (tmp_path / "arrived").write_bytes(body)
    refuse(
        f"{URL}: {what}",
        sources.fetch,
        tmp_path / "arrived",
        tmp_path / "out" / "a.bed.gz",
        url=URL,
    )
    assert not (tmp_path / "out").exists()


def test_a_file_without_a_known_checksum_is_taken_in_with_a_warning(tmp_path, capsys):
    (tmp_path / "arrived").write_bytes(GZIP)
    sources.fetch(tmp_path / "arrived", tmp_path / "out" / "a.bed.gz", url=URL)
    assert (tmp_path / "out" / "a.bed.gz").read_bytes() == GZIP
    message = capsys.readouterr().err
    assert URL in message and hashlib.sha256(GZIP).hexdigest() in message
    sources.fetch(
        tmp_path / "arrived",
        tmp_path / "out" / "b.bed.gz",
        url=URL,
        sha256=hashlib.sha256(GZIP).hexdigest(),
    )
    assert capsys.readouterr().err == ""
    with pytest.raises(DanqError, match="its md5 is"):
        sources.fetch(tmp_path / "arrived", tmp_path / "out" / "c.bed.gz", url=URL, md5="0" * 32)
    assert not (tmp_path / "out" / "c.bed.gz").exists()
