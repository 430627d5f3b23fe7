"""Logos stand over the known motif as Tomtom aligned them."""

import re

import numpy as np
import pandas as pd
import pytest

from danq.motif.annotate import match_table
from danq.motif.meme import Motif
from danq.report.logos import align, logo


@pytest.mark.parametrize("reverse", [False, True])
def test_logos_align_as_tomtom_did(reverse):
    rng = np.random.default_rng(1)
    known = [Motif(f"MA{k:04}.1", f"F{k}", rng.dirichlet([0.2] * 4, size=12)) for k in range(60)]
    part = known[7].matrix[3:12]
    query = Motif("filter0", "", part[::-1, ::-1] if reverse else part, 100)
    row = match_table(
        [query], known, min_bits=0, distance="pearson", q_value=0.05, shuffles=0, rng=rng
    ).iloc[0]
    assert row["match"] == "MA0007.1" and row["strand"] == "+-"[reverse]
    assert align(row["offset"], 9, 12, reverse).filter_lead == 3
    drawn = logo(query, row, known[7])
    assert drawn.link == "https://jaspar.elixir.no/matrix/MA0007.1/"
    # The bases of the filter's fourth to twelfth column are those of the known motif, one above
    # the other.
    bases = [
        re.findall(r"#base-(.).*? ([\d.]+) ([\d.]+)\)", str(svg))
        for svg in (drawn.svg, drawn.known)
    ]
    assert bases[0] == [base for base in bases[1] if float(base[1]) > 30]


@pytest.mark.parametrize("named", ["yes", "no"])
def test_a_logo_says_as_which_word_its_filter_began(named):
    motif = Motif("filter0", "", np.full((4, 4), 0.25), 10)
    row = pd.Series({"named": named, "strand": "+", "q": 0.01, "empirical_fdr": 0.0})
    row = pd.concat([row, pd.Series({"family": "NA", "match": "MA1", "factor": "ABF1"})])
    began = "began as CGTNNNNNNTGA, enriched in Abf1"
    assert began in logo(motif, row, None, word="Abf1:CGTNNNNNNTGA").facts
    assert not any("began" in fact for fact in logo(motif, row, None).facts)
