"""Lines of VCF and BCF: the same text, whichever form a file has; a damaged one is refused."""

import gzip

import pytest
from pysam import bcftools

from danq.errors import DanqError
from danq.genome import variant_text
from danq.genome.variant_text import is_bcf, is_vcf, variant_lines
from danq.genome.variants import read_variants

TEXT = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=1000>
##INFO=<ID=DP,Number=1,Type=Integer,Description="x">
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1
chr1\t10\trs1\tA\tC,G\t5\tPASS\tDP=3\tGT\t0|1
chr1\t11\t.\tAT\t<DEL>\t.\t.\t.\tGT\t1/1
chr1\t900\t.\ta\tg\t.\t.\t.\tGT\t./.
"""


@pytest.fixture
def vcf(tmp_path):
    (tmp_path / "a.vcf").write_text(TEXT)
    return tmp_path / "a.vcf"


def convert(vcf, kind):
    path = vcf.with_suffix(f".{kind}.bcf")
    words = [f"-O{kind}", "--no-version", "-o", str(path), str(vcf)]
    bcftools.view(*words, catch_stdout=False)
    return path


@pytest.mark.parametrize("kind", ["b", "u"])
@pytest.mark.parametrize("indexed", [False, True])
def test_a_bcf_has_the_lines_of_its_vcf(vcf, kind, indexed):
    bcf = convert(vcf, kind)
    if indexed and kind == "b":
        bcftools.index(str(bcf))
    assert is_bcf(bcf) and is_vcf(bcf) and is_vcf(vcf) and not is_bcf(vcf)
    lines = [line.decode() for _, line in variant_lines(bcf)]
    assert [line for line in lines if "ID=PASS" not in line] == TEXT.splitlines()
    assert [number for number, _ in variant_lines(bcf)] == list(range(1, len(lines) + 1))
    by_text, by_bcf = ([row[1:] for row in read_variants(path)] for path in (vcf, bcf))
    assert by_text == by_bcf and len(by_text) == 4


def test_lines_may_be_left_unread(vcf):
    lines = variant_lines(convert(vcf, "b"))
    assert next(lines)[1].startswith(b"##fileformat")
    lines.close()


def test_every_cut_of_a_bcf_is_refused(vcf):
    whole = convert(vcf, "b").read_bytes()
    body = gzip.decompress(whole)
    cut = vcf.with_name("cut.bcf")
    for content in (whole[:-28], whole[: len(whole) // 2], body[:-1], body[:200], body[:7]):
        cut.write_bytes(content)
        with pytest.raises(DanqError, match=r"damaged|cut off|not"):
            list(read_variants(cut))


def test_a_bcf_without_pysam_says_what_to_install(vcf, monkeypatch):
    bcf = convert(vcf, "b")
    monkeypatch.setattr(variant_text, "has_pysam", lambda: False)
    with pytest.raises(DanqError, match=r'not installed; pip install "danq\[variants\]", or'):
        list(variant_lines(bcf))
    assert len(list(variant_lines(vcf))) == 8
