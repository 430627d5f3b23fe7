"""Data that the tests of this room share."""

import numpy as np
import pytest

from danq.motif.meme import Motif, write_meme


@pytest.fixture
def with_motif(toy, run_extract, tmp_path):
    """Return dataset.h5 whose first target names a motif, and the file that holds it."""
    peaks = f"A\t{toy / 'a.bed'}\tM1\nB\t{toy / 'b.bed'}\t.\n"
    (tmp_path / "targets.tsv").write_text(f"name\tfile\tjaspar\n{peaks}")
    matrix = np.random.default_rng(1).dirichlet([0.3] * 4, 8)
    write_meme(tmp_path / "known.meme", [Motif("M1", "X", matrix)])
    folder = run_extract(toy, tmp_path / "data", targets=tmp_path / "targets.tsv")
    return folder / "dataset.h5", str(tmp_path / "known.meme")
