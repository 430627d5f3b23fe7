"""Files of variants that a run scores, checked before anything is trained."""

import pytest

from danq.config import ScoredVariants
from danq.data.variant_inputs import refuse_unscorable, variant_inputs
from danq.errors import DanqError, DanqErrors

HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder with a VCF and a table."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.vcf").write_text(
        f"{HEAD}chr1\t5\t.\tA\tC\t.\t.\tX=1\nchr1\t6\t.\tA\tC\t.\t.\t.\n"
    )
    (tmp_path / "t.tsv").write_text("chrom\tpos\tref\talt\tX\n1\t5\tA\tC\t0\n1\t6\tA\tC\tmuch\n")
    return tmp_path


def test_files_are_called_by_their_names(folder):
    inputs = variant_inputs(ScoredVariants(files=["a b.vcf", "t.tsv"]))
    assert list(inputs) == ["a_b", "t"]
    assert [entry.is_vcf for entry in inputs.values()] == [True, False]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["t.tsv", "sub/T.tsv"], "other variants are called 'T'; rename the file"),
        (["simulated.vcf"], "other variants are called 'simulated'"),
        (["https://x.org/a.vcf"], "variants.files takes files; download it"),
        (["none.vcf"], "none.vcf"),
    ],
)
def test_files_that_cannot_be_told_apart_are_refused(folder, files, message):
    with pytest.raises(DanqError, match=message):
        variant_inputs(ScoredVariants(files=files))


def refused(settings, *arguments, **options):
    with pytest.raises(DanqErrors) as error:
        refuse_unscorable(settings, *arguments, **options)
    return str(error.value)


def test_all_that_is_wrong_is_told_together(folder):
    settings = ScoredVariants(files=["a b.vcf", "t.tsv"], label="Y")
    told = refused(settings)
    assert "no variant has 'Y' in INFO" in told and "has no column 'Y'" in told
    assert "none of its chromosomes ('1', ...) is in" in refused(settings, {"chr1": 9})


def test_names_of_chromosomes_may_be_others(folder):
    settings = ScoredVariants(files=["t.tsv"])
    refuse_unscorable(settings, {"chr1": 9}, {"1": "chr1"})


def test_the_whole_file_is_read_where_there_is_time(folder):
    settings = ScoredVariants(files=["t.tsv"], label="X")
    refuse_unscorable(settings)
    assert "t.tsv:3: X is 'much', which is not a number" in refused(settings, whole=True)


def test_a_file_without_variants_is_refused(folder):
    (folder / "empty.vcf").write_text(HEAD)
    assert "has no variant; give a file with some" in refused(ScoredVariants(files=["empty.vcf"]))
