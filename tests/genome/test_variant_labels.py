"""Labels of variants, from INFO and columns; controls by distance."""

import numpy as np
import pytest

from danq.errors import DanqError
from danq.genome.variant_labels import matched, read_labels

HEAD = "##fileformat=VCFv4.2\n{}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
FLAG = '##INFO=<ID=EQTL,Number=0,Type=Flag,Description="x">\n'


def vcf(path, *rows, declared=""):
    lines = [f"chr1\t{pos}\t.\tA\t{alt}\t.\t.\t{info}\n" for pos, alt, info in rows]
    path.write_text(HEAD.format(declared) + "".join(lines))
    return path


def test_a_value_for_the_line_or_for_each_allele(tmp_path):
    rows = [(5, "C,G", "DP=3;BETA=0.5,-2"), (7, "T", "BETA=1e-1"), (9, "C,T", "BETA=3")]
    rows += [(11, "C", "BETA=."), (12, "C", "DP=1"), (7, "T", "BETA=8")]
    labels = read_labels(vcf(tmp_path / "a.vcf", *rows), "BETA")
    assert labels.kind == "number" and labels.names == ["BETA"]
    assert labels.values[:, 0].tolist() == [0.5, -2, 0.1, 3, 3]
    assert labels.places["pos"].tolist() == [5, 5, 7, 9, 9]
    assert labels.places["alt"].tolist() == ["C", "G", "T", "C", "T"]


def test_a_flag_that_is_declared_is_0_elsewhere(tmp_path):
    rows = [(5, "C", "EQTL"), (7, "T", "."), (9, "C", "DP=2;EQTL")]
    labels = read_labels(vcf(tmp_path / "a.vcf", *rows, declared=FLAG), "EQTL")
    assert labels.kind == "binary" and labels.values[:, 0].tolist() == [1, 0, 1]
    with pytest.raises(DanqError, match="'EQTL' is 1 of all variants"):
        read_labels(vcf(tmp_path / "b.vcf", *rows), "EQTL")


def test_a_column_of_a_table(tmp_path):
    text = "chrom\tpos\tref\talt\tcausal\n1\t5\tA\tC\t1\n1\t8\tA\tC\t0\n2\t8\tA\tC\tNA\n"
    (tmp_path / "t.tsv").write_text(text)
    labels = read_labels(tmp_path / "t.tsv", "causal")
    assert labels.kind == "binary" and labels.values[:, 0].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("info", "field", "message"),
    [
        ("X=1", "Y", "no variant has 'Y' in INFO; correct the name of the label"),
        ("X=yes", "X", "X is 'yes', which is not a number; write 0 and 1"),
        ("X=inf", "X", "X is 'inf', which is not a number"),
        ("X=.", "X", "'X' is known of no variant"),
    ],
)
def test_what_is_no_label_is_refused(tmp_path, info, field, message):
    with pytest.raises(DanqError, match=message):
        read_labels(vcf(tmp_path / "a.vcf", (5, "C", info), (6, "C", info)), field)


def test_a_missing_column_is_refused(tmp_path):
    (tmp_path / "t.tsv").write_text("chrom\tpos\tref\talt\n1\t5\tA\tC\n")
    with pytest.raises(DanqError, match="has no column 'causal'"):
        read_labels(tmp_path / "t.tsv", "causal")


def test_each_labelled_variant_has_the_nearest_control_that_is_left():
    rng = np.random.default_rng(0)
    n = 300
    chroms = rng.choice(["a", "b"], n).tolist()
    positions = rng.integers(0, 10_000, n)
    labels = rng.random(n) < 0.2
    kept = matched(chroms, positions, labels)
    assert (kept & labels).sum() == (kept & ~labels).sum() == labels.sum()
    for name in "ab":
        of_name = np.array(chroms) == name
        assert (kept & labels & of_name).sum() == (kept & ~labels & of_name).sum()
        # The first labelled one of a chromosome has the nearest of all.
        first = positions[labels & of_name].min()
        distances = np.abs(positions[~labels & of_name] - first)
        assert np.abs(positions[kept & ~labels & of_name] - first).min() == distances.min()


def test_without_a_control_on_its_chromosome_a_variant_is_left_out():
    labels = np.array([True, True, True, False])
    kept = matched(["1", "1", "2", "1"], np.array([10, 20, 30, 19]), labels)
    assert kept.tolist() == [True, False, False, True]
