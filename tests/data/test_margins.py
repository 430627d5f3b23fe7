import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.config import Extract
from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.data.margins import cut_margins
from danq.data.schema import MARGINS, MARGINS_CHECKSUM
from danq.errors import DanqError, DanqErrors
from danq.genome.bins import SPLITS
from danq.genome.fasta import read_genome
from danq.genome.sequence import Genome, decode, pack, unpack_indices
from danq.report.describe import describe
from tests.conftest import LENGTHS, WINDOW
from tests.data.small_dataset import change, content, small, with_margins

MARGIN = 16


def surroundings(bases, start, window, margin, held_out):
    """Return the margins of a window base by base: N beyond the chromosome and in regions."""
    text = ""
    places = [*range(start - margin, start), *range(start + window, start + window + margin)]
    for place in places:
        hidden = any(first <= place < last for first, last in held_out)
        inside = 0 <= place < len(bases)
        text += bases[place] if inside and not hidden else "N"
    return text


@given(
    st.integers(0, 2**32),
    st.sampled_from([0, 8, 16, 24]),
    st.integers(60, 120),
    st.lists(st.tuples(st.integers(0, 120), st.integers(1, 40)), max_size=3),
)
def test_margins_equal_a_base_by_base_reference(seed, margin, length, regions):
    indices = np.random.default_rng(seed).integers(0, 5, length).astype(np.uint8)
    genome = Genome({"c": pack(indices)}, {"c": length}, {"c": np.empty((0, 2), np.int64)})
    held_out = [(start, start + size) for start, size in regions]
    starts = np.arange(length - 20 + 1)
    packed = cut_margins(genome, "c", starts, window=20, margin=margin, held_out=held_out)
    assert packed.shape == (len(starts), margin // 4, 4)
    for start, row in zip(starts.tolist(), packed, strict=True):
        expected = surroundings(decode(indices), start, 20, margin, held_out)
        assert decode(unpack_indices(row[None], 2 * margin)[0]) == expected


@pytest.mark.parametrize("stride", [20, 200])
def test_no_base_of_a_margin_lies_in_a_held_out_region(toy, run_extract, tmp_path, stride):
    regions = {"valid": ["chr1:5000-7001", "chr2"], "test": ["chr1:12003-13000", "chr3"]}
    run_extract(toy, tmp_path, stride=stride, margin=MARGIN, **regions)
    genome, _ = read_genome(toy / "genome.fa")
    bases = decode(genome.base_indices("chr1"))
    held_out = [(5000, 7001), (12003, 13000)]
    with open_dataset(tmp_path / "dataset.h5") as data:
        assert data.margin == MARGIN
        starts = data.positions("train").start.tolist()
        margins = unpack_indices(data.packed_margins(), 2 * MARGIN)
    texts = [decode(row) for row in margins]
    expected = [surroundings(bases, start, WINDOW, MARGIN, held_out) for start in starts]
    assert texts == expected
    borders = [start for start, text in zip(starts, texts, strict=True) if "N" in text]
    reached = [surroundings(bases, start, WINDOW, MARGIN, []) for start in borders]
    if stride == 20:  # some windows end beside a region: there the genome does have bases
        assert any("N" not in text for text in reached)
    assert len(borders) < len(starts)


def test_a_file_without_margins_is_the_same_but_for_them(toy, run_extract, tmp_path):
    files = {}
    for margin in (0, MARGIN):
        folder = tmp_path / str(margin)
        folder.mkdir()
        files[margin] = run_extract(toy, folder, margin=margin)
    for name in ("windows.tsv", "windows.fa.gz", "targets.tsv"):
        assert (files[0] / name).read_bytes() == (files[MARGIN] / name).read_bytes()
    with (
        open_dataset(files[0] / "dataset.h5") as without,
        open_dataset(files[MARGIN] / "dataset.h5") as own,
    ):
        assert without.margin == 0
        assert without.attributes == own.attributes
        for split in SPLITS:
            assert without.split_checksum(split) == own.split_checksum(split)
        # A training learns from margins: it must not go on with a file that has others.
        assert without.checksum != own.checksum
    described = describe(files[MARGIN] / "dataset.h5")
    plain = describe(files[0] / "dataset.h5")
    assert described["facts"]["margin"] == MARGIN and plain["facts"]["margin"] == 0
    bytes_of = {split: plain["splits"][split]["bytes_per_window"] for split in SPLITS}
    bytes_of["train"] += MARGIN
    for split in SPLITS:
        assert described["splits"][split]["bytes_per_window"] == bytes_of[split]


def test_a_dataset_is_copied_with_its_margins(toy, run_extract, tmp_path):
    path = run_extract(toy, tmp_path, margin=8) / "dataset.h5"
    rows = {"train": slice(3, 20), "valid": slice(0, 2), "test": slice(1, 4)}
    with open_dataset(path) as data:
        counts = np.diag([17, 2, 3])
        with create_dataset(
            tmp_path / "part.h5",
            window=data.window,
            bin_size=data.bin_size,
            targets=[(name, "g", "") for name in data.names],
            chromosomes=LENGTHS,
            rows=counts,
            margin=data.margin,
        ) as writer:
            for split in SPLITS:
                writer.append(split, *data.packed_windows(split, rows[split]))
        with open_dataset(tmp_path / "part.h5") as part:
            assert part.margin == 8
            assert (part.packed_margins() == data.packed_margins(rows["train"])).all()
            assert (part.labels("test") == data.labels("test", rows["test"])).all()


def full_content(path):
    with open_dataset(path) as data:
        margins = data.packed_margins().tolist()
    return content(path), margins


def test_every_changed_byte_of_margins_is_refused_or_harmless(tmp_path):
    intact, damaged = with_margins(tmp_path / "d.h5"), tmp_path / "damaged.h5"
    raw, expected = intact.read_bytes(), full_content(intact)
    with h5py.File(intact) as file:
        offset = file[MARGINS].id.get_offset()
        size = file[MARGINS].nbytes + 64  # the checksum lies behind
    refused = 0
    for position in [*range(0, len(raw), 17), *range(offset, offset + size)]:
        damaged.write_bytes(raw[:position] + bytes([raw[position] ^ 0x41]) + raw[position + 1 :])
        try:
            assert full_content(damaged) == expected, position
        except DanqError as error:
            assert str(error).startswith(f"{damaged}: ")
            refused += position >= offset
    assert refused >= size


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (np.zeros((5, 3, 4), np.uint8), r"train/margins has the shape \(5, 3, 4\)"),
        (np.zeros((4, 2, 4), np.uint8), r"train/margins has the shape \(4, 2, 4\)"),
        (np.zeros(5, np.uint8), r"train/margins has the shape \(5,\)"),
        (np.zeros((5, 2, 4), np.int64), "train/margins has the type int64"),
        (np.zeros((5, 2, 4), np.uint8), "the bytes of train/margins are not those"),
    ],
)
def test_margins_that_are_not_as_specified_are_refused(tmp_path, values, what):
    def how(file):
        del file[MARGINS]
        file[MARGINS] = values

    path = change(with_margins(tmp_path / "d.h5"), how)
    with pytest.raises(DanqError, match=what), open_dataset(path):
        pass


def test_margins_of_two_bases_at_a_place_are_named(tmp_path):
    packed = np.zeros((5, 2, 4), np.uint8)
    packed[3, 0] = [128, 128, 0, 1]
    message = "train/margins has more than one base at a position, 1 times"
    with pytest.raises(DanqErrors, match=message):
        describe(with_margins(tmp_path / "d.h5", packed))


def test_margins_without_their_checksum_are_refused(tmp_path):
    path = change(with_margins(tmp_path / "d.h5"), lambda file: file.__delitem__(MARGINS_CHECKSUM))
    with pytest.raises(DanqError, match="lacks train/margins_checksum"), open_dataset(path):
        pass


def test_margins_that_were_not_written_are_our_own_fault(tmp_path):
    with (
        pytest.raises(AssertionError, match="train/margins: 0 of 5 rows written"),
        open_dataset(small(tmp_path / "d.h5")) as data,
        create_dataset(
            tmp_path / "e.h5",
            window=data.window,
            bin_size=data.bin_size,
            targets=[("a", "g", "")] * len(data.names),
            chromosomes=data.chromosomes,
            rows=np.array([[3, 2], [4, 0], [0, 5]]),
            margin=8,
        ) as writer,
    ):
        for split in SPLITS:
            writer.append(split, *data.packed_windows(split))


@pytest.mark.parametrize("margin", [-8, 4, 12])
def test_a_margin_is_whole_bytes(margin):
    with pytest.raises(ValueError, match="margin"):
        Extract(valid=["chr2"], test=["chr3"], margin=margin)
