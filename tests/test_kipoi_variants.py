"""Kipoi's own test vectors of DeepSEA: differences that its weights gave for variants of hg38.

They are not part of danq. Whoever has them sets DANQ_KIPOI to a folder with deepsea_predict.pth
(https://zenodo.org/records/1466993), out.DeepSEA.predict.tsv (tests/data/general of
https://github.com/kipoi/kipoi-veff2) and hg38_chr22.fa (UCSC's chr22, plain).
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyfaidx import Fasta

from danq.network.import_weights import import_weights
from danq.network.trained import load

FOLDER = os.environ.get("DANQ_KIPOI")
PLACES = (499, 500)  # of a variant in its window, from 0: by kipoiseq's rounding, one of the two


def windows_of(genome, row, place):
    """Return the bases around a variant, as they are and with its ALT."""
    start = row.POS - 1 - place
    bases = genome[row.CHROM][start : start + 1000].seq.upper()
    return bases, bases[:place] + row.ALT + bases[place + 1 :]


@pytest.mark.skipif(not FOLDER, reason="DANQ_KIPOI names no folder with Kipoi's files")
def test_single_base_changes_have_kipois_differences(tmp_path):
    folder = Path(FOLDER)
    import_weights(folder / "deepsea_predict.pth", tmp_path / "deepsea.ckpt")
    model = load(tmp_path / "deepsea.ckpt", device="cpu")
    assert model.facts["imported"]["known_as"] == "Kipoi's DeepSEA/predict"
    table = pd.read_csv(folder / "out.DeepSEA.predict.tsv", sep="\t", keep_default_na=False)
    table = table.rename(columns={"#CHROM": "CHROM"})
    # REF is not checked there, and an empty one scored: only ALT is put into the genome's bases.
    rows = [row for row in table.itertuples() if len(row.REF) == len(row.ALT) == 1]
    assert rows
    for kind, predict in (("diff", model.predict), ("logit", model.logits)):
        columns = [name for name in table if name.endswith(f"/{kind}")]
        assert len(columns) == 919
        expected = table.loc[[row.Index for row in rows], columns].to_numpy(float)
        errors = []
        for place in PLACES:
            with Fasta(str(folder / "hg38_chr22.fa")) as genome:
                pairs = [windows_of(genome, row, place) for row in rows]
            ref, alt = (predict([pair[n] for pair in pairs]).to_numpy(float) for n in (0, 1))
            errors.append(np.abs(alt - ref - expected).max())
        assert min(errors) < 1e-4, (kind, errors)
