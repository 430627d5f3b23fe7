"""bins.h5: written block by block, found again after an interruption, and checked when read."""

import h5py
import numpy as np
import pytest

from danq.data.bins import BinsWriter, Block, Header, read_bins
from danq.errors import DanqError
from danq.records import Made, seal

FACTS = {"models": "m", "window": 100, "bin_size": 20, "step": 20, "min_known": 0.5}
HEADER = Header({"chr1": 1000, "chr2": 500}, ["a", "b", "ä %"], ["r1"], FACTS)
F32, F16 = np.dtype(np.float32), np.dtype(np.float16)


def block_of(first, n, spread):
    rng = np.random.default_rng(first)
    start = 20 * np.arange(first, first + n)
    places = {
        "sequence": np.zeros(n, dtype=np.int32),
        "start": start,
        "end": start + 20,
        "region": np.full(n, -1, dtype=np.int32),
    }
    values = rng.random((n, 3)).astype(np.float32)
    return Block(places, values, values / 2 if spread else None)


def write(path, dtype=F32, spread=True, identity=None, parts=(3, 0, 4)):
    writer = BinsWriter(path, HEADER, sum(parts), dtype, spread, identity or {"x": [1]})
    first = 0
    for n in parts:
        if first >= writer.n_done:
            writer.append(block_of(first, n, spread))
        first += n
    writer.finish()
    writer.keep()


@pytest.mark.parametrize("spread", [True, False])
@pytest.mark.parametrize("dtype", [F32, F16])
def test_what_was_written_is_read(tmp_path, dtype, spread):
    write(tmp_path / "b.h5", dtype, spread)
    assert [path.name for path in tmp_path.iterdir()] == ["b.h5"]
    bins = read_bins(tmp_path / "b.h5")
    assert bins.header[:3] == HEADER[:3]
    assert bins.header.facts.items() >= FACTS.items()
    first, second = block_of(0, 3, spread), block_of(3, 4, spread)
    for name, values in bins.rows.places.items():
        expected = np.concatenate([first.places[name], second.places[name]])
        assert values.tolist() == expected.tolist()
    expected = np.concatenate([first.probabilities, second.probabilities]).astype(dtype)
    assert (bins.rows.probabilities == expected).all() and bins.rows.probabilities.dtype == dtype
    assert (bins.rows.spread is not None) == spread
    with h5py.File(tmp_path / "b.h5") as file:
        assert file["probabilities"].shape == (7, 3)


def test_no_rows_are_a_file_too(tmp_path):
    write(tmp_path / "b.h5", parts=())
    assert len(read_bins(tmp_path / "b.h5").rows.probabilities) == 0


def test_an_interrupted_file_is_continued_to_the_same_bytes(tmp_path):
    write(tmp_path / "whole.h5")
    writer = BinsWriter(tmp_path / "b.h5", HEADER, 7, F32, True, {"x": [1]})
    writer.append(block_of(0, 3, True))
    del writer  # the process is killed
    again = BinsWriter(tmp_path / "b.h5", HEADER, 7, F32, True, {"x": [1]})
    assert again.n_done == 3
    with pytest.raises(AssertionError, match="3 of 7 rows written"):
        again.finish()
    write(tmp_path / "b.h5")
    assert (tmp_path / "b.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_a_partial_file_of_other_rows_is_begun_anew(tmp_path):
    writer = BinsWriter(tmp_path / "b.h5", HEADER, 7, F32, True, {"x": [1]})
    writer.append(block_of(0, 3, True))
    assert BinsWriter(tmp_path / "b.h5", HEADER, 7, F32, True, {"x": [2]}).n_done == 0
    (tmp_path / "b.h5.partial.json").write_text("{")
    assert BinsWriter(tmp_path / "b.h5", HEADER, 7, F32, True, {"x": [1]}).n_done == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-5]),
        lambda path: path.write_bytes(b"x"),
        lambda path: _edit(path, lambda file: file.attrs.modify("format_version", 9)),
        lambda path: _edit(path, lambda file: file.create_dataset("x", data=1)),
        lambda path: _edit(path, lambda file: file.__delitem__("end")),
        lambda path: _replace(path, "start", np.arange(6)),
        lambda path: _replace(path, "sequence", np.full(7, 2, dtype=np.int32)),
        lambda path: _replace(path, "targets", np.array([b"a", b"b"])),
    ],
)
def test_what_is_no_whole_file_is_refused_in_one_line(tmp_path, damage):
    path = tmp_path / "b.h5"
    write(path)
    damage(path)
    with pytest.raises(DanqError, match=r"b\.h5: ") as caught:
        read_bins(path)
    assert "\n" not in str(caught.value)


def _edit(path, change):
    with h5py.File(path, "r+") as file:
        change(file)
    seal(path, Made("predict"))


def _replace(path, name, values):
    def change(file):
        del file[name]
        file[name] = values

    _edit(path, change)
