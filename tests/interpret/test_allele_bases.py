"""Bases around a variant: cut out of the chromosome with either allele."""

import numpy as np
import pytest

from danq.config import Variants
from danq.genome.haplotypes import Carried, Neighbourhood
from danq.genome.sequence import Genome, decode, encode, find_unknown, pack
from danq.genome.variants import Row
from danq.interpret.allele_bases import FLANK, drawn_bases, effects_of
from danq.network.variant_blocks import Preparer
from danq.network.variant_haplotypes import prepare_haplotypes
from tests.network.tiled_toy import WINDOW, bases, load_model

TEXT = bases(500)


def genome_of(text):
    indices = encode(text)
    return Genome({"chr1": pack(indices)}, {"chr1": len(text)}, {"chr1": find_unknown(indices, 0)})


def prepare(row, text=TEXT):
    preparer = Preparer(genome_of(text), {}, Variants(min_known=0), WINDOW)
    return preparer.prepare(row).windows


@pytest.mark.parametrize("seed", range(80))
def test_both_sequences_are_those_of_the_chromosome_with_either_allele(seed):
    rng = np.random.default_rng(seed)
    text = bases(500, seed) if seed % 2 else "ACAC" * 100 + bases(100, seed)
    first = int(rng.integers(0, 500))
    ref = text[first : first + int(rng.integers(1, 8))]
    alt = "".join(rng.choice([*"ACGT"], int(rng.integers(1, 8))))
    if ref == alt:
        alt = f"{alt}G"
    row = Row(1, 1, "chr1", first + 1, "", ref, alt)
    windows = prepare(row, text)
    drawn = drawn_bases(row, windows, len(text))
    if drawn is None:  # an allele in a long repeat fills the window
        assert len(windows.ref[windows.ref_allele]) > WINDOW - 2 * FLANK
        return
    mutated = text[:first] + alt + text[first + len(ref) :]
    ref_text = decode(windows.ref[drawn.ref])
    alt_text = decode(windows.alt[drawn.alt])
    assert text[drawn.start :].startswith(ref_text)
    assert mutated[drawn.start :].startswith(alt_text)
    assert drawn.start + drawn.offset == first
    n_behind = len(ref_text) - drawn.offset - len(ref)
    assert n_behind == len(alt_text) - drawn.offset - len(alt)
    assert drawn.offset <= FLANK and n_behind <= FLANK
    if seed % 2 and 100 < first < 390:
        assert (drawn.offset, n_behind) == (FLANK, FLANK)


def test_of_a_haplotype_alt_has_the_neighbours_too():
    alts = {260: "G" if TEXT[259] != "G" else "T", 290: f"{TEXT[289]}ACC"}
    entries = []
    for pos, alt in alts.items():
        row = Row(pos, 1, "chr1", pos, "", TEXT[pos - 1], alt)
        entries.append(Carried(row, frozenset([1]), "", None))
    preparer = Preparer(genome_of(TEXT), {}, Variants(min_known=0), WINDOW)
    for entry, other in (entries, entries[::-1]):
        (found,) = prepare_haplotypes(Neighbourhood(entry, [other]), preparer)
        drawn = drawn_bases(entry.row, found.windows, len(TEXT))
        assert drawn is not None and drawn.start + drawn.offset == entry.row.pos - 1
        text = decode(found.windows.alt[drawn.alt])
        first = TEXT[:259] + alts[260] + TEXT[260:289] + alts[290] + TEXT[290:]
        assert text in first and decode(found.windows.ref[drawn.ref]) in TEXT


def test_an_allele_that_does_not_lie_in_its_window_is_not_drawn():
    row = Row(1, 1, "chr1", 200, "", TEXT[199:203], "A")
    windows = prepare(row)
    assert drawn_bases(row, windows, 500) is not None
    assert drawn_bases(row._replace(pos=20), windows, 500) is None
    assert drawn_bases(row._replace(ref="NNNN"), windows, 500) is None


def test_effects_are_numbers_of_json(tmp_path):
    model = load_model(tmp_path / "m.ckpt")
    sequence = encode(bases(WINDOW))
    sequence[52] = 4
    effects = effects_of([model], sequence, slice(50, 55), 1)
    assert [type(effect) for effect in effects] == [float] * 5
    assert str(effects[2]) == "0.0" and np.count_nonzero(effects) == 4
