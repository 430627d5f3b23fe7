"""Rows to windows: what is scored as it is, exchanged, put in, or refused with its reason."""

import numpy as np
import pytest

from danq.config import Variants
from danq.genome.alleles import allele_windows, extend, trim
from danq.genome.sequence import UNKNOWN, decode, encode
from danq.genome.variants import Row
from danq.network.variant_blocks import Preparer, blocks
from tests.genome.test_tiles import genome_of
from tests.network.tiled_toy import bases

TEXT = bases(600)
WINDOW = 100


def preparer(**settings):
    return Preparer(genome_of({"chr1": encode(TEXT)}), {"1": "chr1"}, Variants(**settings), WINDOW)


def row(ref, alt, pos=300, chrom="chr1"):
    return Row(1, 1, chrom, pos, "", ref, alt)


REF = TEXT[299]
OTHERS = [base for base in "ACGT" if base != REF]


def test_a_row_that_fits_is_scored_by_any_name_of_its_chromosome():
    for chrom in ("chr1", "1"):
        found = preparer().prepare(row(REF, OTHERS[0], chrom=chrom))
        assert found.status == "scored" and not found.is_mismatch
        ref, alt = found.windows.ref, found.windows.alt
        assert decode(ref) in TEXT and len(ref) == len(alt) == WINDOW
        (place,) = np.flatnonzero(ref != alt)
        assert decode(alt[[place]]) == OTHERS[0]


def test_another_reference_is_refused_exchanged_or_put_in():
    wrong = row(OTHERS[0], REF)
    problem = f"REF is {OTHERS[0]!r}, and the genome has {REF!r} there"
    refused = preparer().prepare(wrong)
    assert (refused.status, refused.windows, refused.is_mismatch) == (problem, None, True)
    right = preparer().prepare(row(REF, OTHERS[0])).windows
    swapped = preparer(ref_mismatch="swap").prepare(wrong)
    assert swapped.status == "swapped" and swapped.is_mismatch
    assert swapped.windows.ref.tolist() == right.ref.tolist()
    assert swapped.windows.alt.tolist() == right.alt.tolist()
    neither = preparer(ref_mismatch="swap").prepare(row(OTHERS[0], OTHERS[1]))
    assert neither.status == f"{problem}, which is not ALT either" and neither.windows is None
    kept = preparer(ref_mismatch="keep").prepare(wrong)
    assert kept.status == "kept"
    assert kept.windows.ref.tolist() == right.alt.tolist()
    assert kept.windows.alt.tolist() == right.ref.tolist()


def test_the_ends_of_a_chromosome_are_unknown_and_too_many_of_them_refused():
    first = row(TEXT[0], "ACGT"[(encode(TEXT[0])[0] + 1) % 4], pos=1)
    found = preparer(min_known=0.4).prepare(first)
    assert found.status == "scored" and (found.windows.ref == UNKNOWN).sum() in (49, 50)
    assert found.windows.n_outside == (found.windows.ref == UNKNOWN).sum()
    refused = preparer(min_known=0.6).prepare(first)
    assert refused.windows is None
    assert refused.status in (
        "only 50% of the window around it is known",
        "only 51% of the window around it is known",
    )


def test_a_repeat_that_is_longer_than_the_window_does_not_stop_a_change_of_it():
    genome = genome_of({"chr1": np.zeros(600, dtype=np.uint8)})
    found = Preparer(genome, {}, Variants(), WINDOW).prepare(row("AA", "A"))
    assert found.status == "scored" and len(found.windows.alt) == WINDOW


def test_pieces_of_a_chromosome_give_the_windows_of_the_whole(monkeypatch):
    """Whatever the order of rows, and at both ends."""
    rng = np.random.default_rng(0)
    rows = []
    for pos in [1, 2, 3, 599, 600, *rng.integers(1, 600, 60).tolist()]:
        ref = TEXT[pos - 1 : pos - 1 + int(rng.integers(1, 12))]
        rows.append(row(ref, bases(int(rng.integers(1, 12)), seed=pos), pos=int(pos)))
    whole = preparer(min_known=0)
    expected = [whole.prepare(entry) for entry in rows]
    monkeypatch.setattr("danq.network.variant_blocks._PIECE", 1)
    pieces = preparer(min_known=0)
    for entry, wanted in zip(rows, expected, strict=True):
        found = pieces.prepare(entry)
        assert found.status == wanted.status and found.place == wanted.place
        if wanted.windows is not None:
            placed = extend(
                trim(entry.pos - 1, encode(entry.ref), encode(entry.alt)), encode(TEXT), WINDOW
            )
            by_hand = allele_windows(placed, encode(TEXT), WINDOW)
            for one, two, three in zip(found.windows, wanted.windows, by_hand, strict=True):
                assert np.array_equal(one, two) and np.array_equal(one, three)


@pytest.mark.parametrize("size", [1, 2, 10])
def test_blocks_keep_the_order(size):
    rows = [row(TEXT[pos - 1], "N", pos=pos) for pos in (5, 9, 1, 300, 7)]
    found = list(blocks(rows, preparer(), size))
    assert [entry.row for block in found for entry in block] == rows
    assert {len(block) for block in found[:-1]} <= {size}
