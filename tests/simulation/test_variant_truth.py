"""What simulated variants do, read back."""

import numpy as np
import pytest

from danq.config import Simulate
from danq.errors import DanqError
from danq.simulation.variant_truth import read_variant_truth
from danq.simulation.variants import simulate_variants

SETTINGS = Simulate(chromosomes=3, chromosome_length=60_000)


def test_effects_and_oracles(tmp_path):
    table = tmp_path / "v.tsv"
    simulate_variants(tmp_path / "v.vcf", table, settings=SETTINGS, on=["chr2", "chr3"])
    truth = read_variant_truth(table)
    labels = truth.labels
    assert labels.kind == "effect" and set(np.unique(labels.values)) <= {-1, 0, 1}
    assert labels.names[0] == "CTCF" and labels.groups[0] == "single"
    assert not labels.places.duplicated().any()
    oracles = truth.oracles()
    assert (oracles["oracle_rule"] == labels.values).all()
    parts = oracles["oracle_parts"]
    broken = np.isin(truth.kinds, ["break", "delete"])
    assert not parts[~broken].any()
    # A broken CTCF site is one for CTCF, whether or not its label moves.
    assert (parts[broken & (truth.factors == "CTCF"), 0] == -1).all()
    assert not parts[truth.factors != "CTCF", 0].any()
    # What it misses is what no broken site explains.
    missed = (labels.values != 0) & (parts == 0)
    assert not (missed & broken[:, None]).any()


def test_another_table_is_refused(tmp_path):
    (tmp_path / "t.tsv").write_text("chrom\tpos\nchr1\t5\n")
    with pytest.raises(DanqError, match="is not a table of simulated variants; make it again"):
        read_variant_truth(tmp_path / "t.tsv")
    with pytest.raises(DanqError, match="is not a table of simulated variants"):
        read_variant_truth(tmp_path / "none.tsv")
