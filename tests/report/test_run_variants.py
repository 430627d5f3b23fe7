"""The variants of a run, read back."""

import numpy as np
import pandas as pd
import pytest

from danq.report import run_variants
from danq.report.run_variants import configured_variants, read_variant_sets
from tests.report.variants_toy import N, write_variants


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_variants(tmp_path_factory.mktemp("run"), ("danq", "danq_conv"))


def test_the_strongest_variants_of_any_model_come_first(folder, monkeypatch):
    monkeypatch.setattr(run_variants, "MOST_ROWS", 30)
    (found,) = read_variant_sets(folder, ["deepsea", "danq", "danq_conv"])
    assert found.models == ["danq", "danq_conv"] and found.n == N and len(found.strongest) == 30
    sizes = found.strongest[["change_danq", "change_danq_conv"]].abs().max(axis=1)
    assert sizes.is_monotonic_decreasing
    every = pd.read_csv(folder / "variants/simulated/danq/summary.tsv.gz", sep="\t")
    conv = pd.read_csv(folder / "variants/simulated/danq_conv/summary.tsv.gz", sep="\t")
    both = np.maximum(every["log_odds_change"].abs(), conv["log_odds_change"].abs())
    assert sizes.to_numpy() == pytest.approx(np.sort(both)[::-1][:30])
    first = found.strongest.iloc[0]
    largest = max((every, conv), key=lambda table: table["log_odds_change"].abs().max())
    row = largest.loc[largest["log_odds_change"].abs().idxmax()]
    assert (first["pos"], first["target"]) == (row["pos"], row["target"])
    assert len(found.sampled) == N and found.explained == {}


def test_a_run_without_variants_has_none(tmp_path):
    assert read_variant_sets(tmp_path, ["danq"]) == []
    (tmp_path / "variants" / "mine" / "other").mkdir(parents=True)
    assert read_variant_sets(tmp_path, ["danq"]) == []


def test_variants_without_labels_have_no_measures(folder, tmp_path):
    for model in ("danq", "danq_conv"):
        own = tmp_path / "variants" / "mine" / model
        own.mkdir(parents=True)
        text = (folder / "variants" / "simulated" / model / "summary.tsv.gz").read_bytes()
        (own / "summary.tsv.gz").write_bytes(text)
    (found,) = read_variant_sets(tmp_path, ["danq", "danq_conv"])
    assert found.metrics is None and found.comparison is None and found.agreement is None


@pytest.mark.parametrize(
    ("section", "names"),
    [
        (None, None),
        ({}, ["simulated"]),
        ({"files": ["x/my eQTL.vcf.gz"]}, ["simulated", "my_eQTL"]),
        ({"simulated": False, "files": []}, []),
    ],
)
def test_what_the_configuration_names(section, names):
    assert configured_variants(section) == names
