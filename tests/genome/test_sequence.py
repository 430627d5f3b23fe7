import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.genome import sequence

DNA = st.text("ACGTN", min_size=1, max_size=70)


@given(DNA)
def test_bases_to_indices_and_back(bases):
    assert sequence.decode(sequence.encode(bases)) == bases
    assert (sequence.encode(bases.lower()) == sequence.encode(bases)).all()


@given(st.text("RYSWKMBDHVryswkmbdhv", min_size=1))
def test_iupac_codes_are_unknown(bases):
    assert sequence.one_hot(sequence.encode(bases)).sum() == 0


@given(DNA)
def test_reverse_complement_is_what_biopython_says_and_reverses_the_one_hot(bases):
    from Bio.Seq import Seq

    indices = sequence.encode(bases)
    assert sequence.decode(sequence.reverse_complement(indices)) == str(
        Seq(bases).reverse_complement()
    )
    reversed_one_hot = sequence.one_hot(indices)[::-1, ::-1]
    assert (sequence.one_hot(sequence.reverse_complement(indices)) == reversed_one_hot).all()


def test_one_hot_by_hand():
    expected = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert sequence.one_hot(sequence.encode("acGTn")).tolist() == expected


@given(st.lists(DNA, min_size=1, max_size=4), st.integers(1, 70))
def test_packing_round_trip(texts, length):
    indices = np.stack([sequence.encode(text.ljust(length, "A")[:length]) for text in texts])
    packed = sequence.pack(indices)
    assert packed.shape == (len(texts), -(-length // 8), 4)
    assert (sequence.unpack(packed, length) == sequence.one_hot(indices)).all()


@given(DNA, st.integers(1, 40))
def test_packing_is_numpys_packbits_of_the_one_hot(bases, length):
    indices = sequence.encode(bases)
    assert (sequence.pack(indices) == np.packbits(sequence.one_hot(indices), axis=0)).all()
    assert (sequence.unpack_indices(sequence.pack(indices)[None], len(indices))[0] == indices).all()


@given(st.lists(DNA, min_size=1, max_size=3), st.data())
def test_the_other_strand_of_packed_windows(texts, data):
    length = data.draw(st.integers(1, min(map(len, texts))))
    indices = np.stack([sequence.encode(text[:length]) for text in texts])
    other_strand = sequence.reverse_complement_packed(sequence.pack(indices), length)
    assert (other_strand == sequence.pack(sequence.reverse_complement(indices))).all()
    assert (
        sequence.reverse_complement_packed(other_strand, length) == sequence.pack(indices)
    ).all()


@given(st.lists(st.text("ACGTN", max_size=30), max_size=6))
def test_a_sequence_packed_in_pieces_is_the_whole_one_packed(pieces):
    packer = sequence.Packer()
    for piece in pieces:
        packer.add(sequence.encode(piece))
    indices = sequence.encode("".join(pieces))
    assert packer.length == len(indices) and (packer.finish() == sequence.pack(indices)).all()


@given(st.text("ACGTN", min_size=1, max_size=200), st.data())
def test_every_window_of_a_packed_genome_has_the_bases_of_its_position(bases, data):
    indices = sequence.encode(bases)
    genome = sequence.Genome(
        {"c": sequence.pack(indices)}, {"c": len(indices)}, {"c": sequence.find_unknown(indices, 0)}
    )
    window = data.draw(st.integers(1, len(bases)))
    # Every start there is: multiples of 8, which are slices, and the others, which are not.
    starts = np.arange(len(bases) - window + 1)
    expected = np.lib.stride_tricks.sliding_window_view(indices, window)
    assert (genome.windows("c", starts, window) == sequence.pack(expected)).all()
    assert (genome.unknown_bases("c", starts, window) == (expected > 3).sum(axis=1)).all()
    assert (genome.gc("c", starts, window) == ((expected == 1) | (expected == 2)).sum(axis=1)).all()
    assert (genome.base_indices("c") == indices).all()


@pytest.mark.parametrize("start", [-1, 7])
def test_a_window_that_leaves_its_chromosome_is_our_own_fault(start):
    genome = sequence.Genome(
        {"c": sequence.pack(np.zeros(10, np.uint8))}, {"c": 10}, {"c": np.empty((0, 2), np.int64)}
    )
    with pytest.raises(ValueError, match="a window leaves c"):
        genome.windows("c", np.array([0, start]), 4)


@given(st.integers(0, 100))
def test_packed_bytes_are_those_of_packbits(n):
    assert sequence.packed_bytes(n) == len(np.packbits(np.zeros(n, np.uint8)))


@given(st.lists(st.text("ACGTN", min_size=9, max_size=9), min_size=1, max_size=4))
def test_base_indices_invert_the_one_hot_along_any_axis(texts):
    indices = np.stack([sequence.encode(text) for text in texts])
    one_hot = sequence.one_hot(indices)
    last = sequence.base_indices(one_hot, axis=-1)
    middle = sequence.base_indices(one_hot.transpose(0, 2, 1).astype(np.float32), axis=1)
    assert last.dtype == middle.dtype == np.uint8
    assert (last == indices).all() and (middle == indices).all()


def test_packed_windows_unpack_to_the_indices_of_their_one_hot():
    packed = np.random.default_rng(0).integers(0, 256, (30, 5, 4)).astype(np.uint8)
    packed[:10] &= packed[10:20] & packed[20:]  # many positions without a base, others with several
    for length in (33, 40):
        expected = sequence.base_indices(sequence.unpack(packed, length), axis=2)
        np.testing.assert_array_equal(sequence.unpack_indices(packed, length), expected)
    assert sequence.unpack_indices(packed[:0], 33).shape == (0, 33)
