import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.genome import sequence

DNA = st.text("ACGTN", min_size=1, max_size=70)


@given(DNA)
def test_letters_to_codes_and_back(letters):
    assert sequence.decode(sequence.encode(letters)) == letters
    assert (sequence.encode(letters.lower()) == sequence.encode(letters)).all()


@given(st.text("RYSWKMBDHVryswkmbdhv", min_size=1))
def test_iupac_codes_are_unknown(letters):
    assert sequence.one_hot(sequence.encode(letters)).sum() == 0


@given(DNA)
def test_reverse_complement_is_what_biopython_says_and_flips_the_one_hot(letters):
    from Bio.Seq import Seq

    codes = sequence.encode(letters)
    assert sequence.decode(sequence.reverse_complement(codes)) == str(Seq(letters).reverse_complement())
    flipped = sequence.one_hot(codes)[::-1, ::-1]
    assert (sequence.one_hot(sequence.reverse_complement(codes)) == flipped).all()


def test_one_hot_by_hand():
    expected = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert sequence.one_hot(sequence.encode("acGTn")).tolist() == expected


@given(st.lists(DNA, min_size=1, max_size=4), st.integers(1, 70))
def test_packing_round_trip(texts, length):
    codes = np.stack([sequence.encode(text.ljust(length, "A")[:length]) for text in texts])
    packed = sequence.pack(codes)
    assert packed.shape == (len(texts), -(-length // 8), 4)
    assert (sequence.unpack(packed, length) == sequence.one_hot(codes)).all()


@given(DNA, st.integers(1, 40))
def test_packing_is_numpys_packbits_of_the_one_hot(letters, length):
    codes = sequence.encode(letters)
    assert (sequence.pack(codes) == np.packbits(sequence.one_hot(codes), axis=0)).all()
    assert (sequence.unpack_codes(sequence.pack(codes)[None], len(codes))[0] == codes).all()


@given(st.lists(DNA, min_size=1, max_size=3), st.data())
def test_the_other_strand_of_packed_windows(texts, data):
    length = data.draw(st.integers(1, min(map(len, texts))))
    codes = np.stack([sequence.encode(text[:length]) for text in texts])
    turned = sequence.reverse_complement_packed(sequence.pack(codes), length)
    assert (turned == sequence.pack(sequence.reverse_complement(codes))).all()
    assert (sequence.reverse_complement_packed(turned, length) == sequence.pack(codes)).all()


@given(st.lists(st.text("ACGTN", max_size=30), max_size=6))
def test_a_sequence_packed_in_pieces_is_the_whole_one_packed(pieces):
    packer = sequence.Packer()
    for piece in pieces:
        packer.add(sequence.encode(piece))
    codes = sequence.encode("".join(pieces))
    assert packer.length == len(codes) and (packer.finish() == sequence.pack(codes)).all()


@given(st.text("ACGTN", min_size=1, max_size=200), st.data())
def test_every_window_of_a_packed_genome_has_the_letters_of_its_place(letters, data):
    codes = sequence.encode(letters)
    genome = sequence.Genome({"c": sequence.pack(codes)}, {"c": len(codes)}, {"c": sequence.find_unknown(codes, 0)})
    window = data.draw(st.integers(1, len(letters)))
    # Every start there is: multiples of 8, which are slices, and the others, which are not.
    starts = np.arange(len(letters) - window + 1)
    expected = np.lib.stride_tricks.sliding_window_view(codes, window)
    assert (genome.windows("c", starts, window) == sequence.pack(expected)).all()
    assert (genome.unknown_letters("c", starts, window) == (expected > 3).sum(axis=1)).all()
    assert (genome.gc("c", starts, window) == ((expected == 1) | (expected == 2)).sum(axis=1)).all()
    assert (genome.codes("c") == codes).all()


@pytest.mark.parametrize("start", [-1, 7])
def test_a_window_that_leaves_its_chromosome_is_our_own_fault(start):
    genome = sequence.Genome({"c": sequence.pack(np.zeros(10, np.uint8))}, {"c": 10}, {"c": np.empty((0, 2), np.int64)})
    with pytest.raises(ValueError, match="a window leaves c"):
        genome.windows("c", np.array([0, start]), 4)
