import gzip
import itertools
import os
import socket
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq import reading
from danq.errors import DanqError
from danq.files import checksums
from danq.genome.aliases import read_aliases
from danq.genome.chromosomes import Chromosomes
from danq.genome.fasta import open_fasta, read_genome
from danq.genome.peaks import read_peaks
from danq.genome.tables import read_targets
from danq.motif.meme import read_meme
from danq.reading import read_bytes, read_lines, read_pieces
from tests.conftest import refuse

BOM = b"\xef\xbb\xbf"


def opened(path):
    with open_fasta(path):
        pass


READERS = {
    "lines": lambda path: list(read_lines(path)),
    "bytes": read_bytes,
    "pieces": lambda path: list(read_pieces(path, 100)),
    "checksums": checksums,
    "peaks": lambda path: list(read_peaks([path], Chromosomes({"chr1": 10}))),
    "genome": read_genome,
    "opened": opened,
    "targets": read_targets,
    "aliases": lambda path: read_aliases(path, ["chr1"]),
    "motifs": read_meme,
}
ALL = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)


@given(
    st.text("ab\r\n", max_size=60).map(str.encode),
    st.booleans(),
    st.booleans(),
    st.integers(1, 20),
)
def test_lines_pieces_and_bytes_are_the_file(tmp_path_factory, text, marked, packed, size):
    path = tmp_path_factory.mktemp("reading") / "file"
    content = BOM * marked + text
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "_BLOCK", size)
        lines = list(read_lines(path))
        assert read_bytes(path) == text
    expected = text.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert lines == [(n, line.rstrip(b"\r\n")) for n, line in enumerate(expected, 1)]
    pieces = list(read_pieces(path, size))
    assert b"".join(pieces) == text + b"\n" * (text != b"" and not text.endswith(b"\n"))
    for piece, following in itertools.pairwise(pieces):
        assert not (piece.endswith(b"\r") and following.startswith(b"\n"))
    for piece in pieces[:-1]:  # of whole lines, or a part of a line that is longer than a piece
        assert piece.endswith(b"\n") or (b"\n" not in piece and len(piece) >= size - 1)


@ALL
def test_a_pipe_is_refused_and_waited_for_by_none(tmp_path, reader):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    what = "is a pipe or a device, which danq cannot read twice; write it to a file, and give that"
    refuse(f"{path}: {what}", reader, path)


@ALL
def test_the_output_of_a_command_is_refused(reader):
    read_end, write_end = os.pipe()  # what <(zcat genome.fa.gz) gives
    threading.Thread(target=lambda: os.close(write_end)).start()
    with os.fdopen(read_end), pytest.raises(DanqError, match="is a pipe or a device"):
        reader(Path(f"/dev/fd/{read_end}"))


@ALL
def test_folders_sockets_and_devices_are_refused(tmp_path, monkeypatch, reader):
    refuse(f"{tmp_path}: is a folder, not a file; name the file in it", reader, tmp_path)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener, pytest.raises(DanqError, match="is a pipe or"):
        listener.bind("socket")
        reader("socket")
    with pytest.raises(DanqError, match="is a pipe or a device"):
        reader("/dev/zero")


@pytest.mark.parametrize(
    ("name", "unit"),
    [("peaks", b"chr1\t1\t2\n"), ("genome", b"A" * 60 + b"\n"), ("motifs", b"#" * 99 + b"\n")],
)
def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch, name, unit):
    monkeypatch.setattr(reading, "UNLIMITED", 1 << 20)
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b">chr1\n" if name == "genome" else b"")
        file.write(unit * (20_000_000 // len(unit)))
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    with pytest.raises(DanqError, match="unpacks to more than 100 times its size"):
        READERS[name](path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000


@pytest.mark.parametrize("name", ["lines", "bytes", "peaks", "targets", "aliases", "motifs"])
def test_an_endless_line_is_not_read_to_its_end(tmp_path, monkeypatch, name):
    monkeypatch.setattr(reading, "LONGEST_LINE", 1 << 20)
    path = tmp_path / "file"
    with open(path, "wb") as file:
        file.truncate(30_000_000)  # of zeros, none of which takes a place on the disk
    tracemalloc.start()
    with pytest.raises(DanqError, match="a line of more than 16,777,216 bytes; is this the right"):
        READERS[name](path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000


def test_a_chromosome_on_one_line_costs_no_more_than_a_wrapped_one(tmp_path):
    bases = b"ACGTTGCA" * 1_250_000
    peaks = []
    for width in (80, len(bases)):
        path = tmp_path / str(width)
        with open(path, "wb") as file:
            file.write(b">chr1\n")
            for start in range(0, len(bases), width):
                file.write(bases[start : start + width] + b"\n")
        tracemalloc.start()
        genome = read_genome(path).genome
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert genome.lengths == {"chr1": len(bases)}
    assert peaks[1] < 1.1 * peaks[0] + 2_000_000
