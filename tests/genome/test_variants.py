"""Variants as they are written: what is read, what is refused by row, and what as a file."""

import gzip

import pytest

from danq.errors import DanqError
from danq.genome.variants import Row, mismatch, parse_variants, read_variants, refusal
from tests.conftest import refuse

HEAD = "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
LENGTHS = {"chr1": 1000, "2": 500}


def vcf(path, *lines, head=HEAD):
    path.write_text(head + "".join(f"{line}\n" for line in lines))
    return path


def test_every_alternative_allele_of_a_vcf_is_a_row(tmp_path):
    lines = ["chr1\t5\trs1\ta\tG,TT\t.\t.\t.", "2\t9\t.\tAC\tA\t3\tPASS\tDP=1"]
    expected = [
        Row(4, 1, "chr1", 5, "rs1", "A", "G"),
        Row(4, 2, "chr1", 5, "rs1", "A", "TT"),
        Row(5, 1, "2", 9, "", "AC", "A"),
    ]
    path = vcf(tmp_path / "a.vcf", *lines)
    assert list(read_variants(path)) == expected
    text = path.read_text()
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert list(read_variants(path)) == expected
    (tmp_path / "a.vcf.gz").write_bytes(gzip.compress(text.encode()))
    assert list(read_variants(tmp_path / "a.vcf.gz")) == expected
    with_samples = text.replace("INFO\n", "INFO\tFORMAT\tS\n").replace(".\n", ".\tGT\t0|1\n", 1)
    path.write_text(with_samples.replace("DP=1\n", "DP=1\tGT\t1|1\n"))
    assert list(read_variants(path)) == expected


def test_a_table_has_its_columns_in_any_order(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text(
        "# mine\nALT\tchrom\tpos\tref\tx\tid\nG\tchr1\t5\ta\t0\trs1\nT\t2\t9\tC\t1\t.\n"
    )
    assert list(read_variants(path)) == [
        Row(3, 1, "chr1", 5, "rs1", "A", "G"),
        Row(4, 1, "2", 9, "", "C", "T"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("##fileformat=VCFv3.3\n", 1, "is not the first line of a VCF 4"),
        ("##fileformat=VCFv4.2\nchr1\t5\n", 2, "no line #CHROM before this one"),
        ("##fileformat=VCFv4.2\n#CHROM POS\n", 2, "the header is not #CHROM POS ID REF ALT"),
        (HEAD + "chr1\t5\t.\tA\tG\n", 4, "5 columns, where the header has 8"),
        (HEAD + "chr1 5 . A G . . .\n", 4, "1 columns, where the header has 8"),
        (HEAD + "chr1\t-5\t.\tA\tG\t.\t.\t.\n", 4, "'-5' is not a position"),
        (HEAD + "chr1\t1e3\t.\tA\tG\t.\t.\t.\n", 4, "'1e3' is not a position"),
        (HEAD + "chr1\t1_0\t.\tA\tG\t.\t.\t.\n", 4, "'1_0' is not a position"),
        (HEAD + "chr1\t5\t.\t\tG\t.\t.\t.\n", 4, "an empty allele"),
        (HEAD + "\t5\t.\tA\tG\t.\t.\t.\n", 4, "no chromosome"),
        ("chrom\tpos\tref\nchr1\t5\tA\n", 1, "neither a VCF nor a table with a column alt"),
        ("chrom\tpos\tref\talt\nchr1\t5\tA\n", 2, "3 columns, where the header has 4"),
        ("chrom\tpos\tref\talt\nchr1\tx\tA\tC\n", 2, "'x' is not a position"),
    ],
)
def test_what_is_no_list_of_variants_is_refused_with_its_line(tmp_path, text, line, message):
    path = tmp_path / "a.vcf"
    path.write_text(text)
    with pytest.raises(DanqError) as caught:
        list(read_variants(path))
    assert str(caught.value).startswith(f"{path}:{line}: ") and message in str(caught.value)


def test_a_vcf_without_a_header_line_is_refused(tmp_path):
    path = tmp_path / "a.vcf"
    path.write_text("##fileformat=VCFv4.2\n")
    with pytest.raises(DanqError, match="a VCF without a line #CHROM; complete its header"):
        list(read_variants(path))


@pytest.mark.parametrize(
    "word", ["chr1:5:A", "chr1:x:A:G", "", "chr1-5-A-G", "chr1:99999999999:A:G"]
)
def test_what_is_no_variant_is_refused(word):
    refuse(f"{word!r} is not a variant; write it as chr1:123:A:G", parse_variants, [word])


def test_a_chromosome_of_a_word_may_hold_colons():
    assert parse_variants(["HLA-A*01:01:5:a:g"])[0][2:] == ("HLA-A*01:01", 5, "", "A", "G")


def row(ref, alt, pos=10, chrom="chr1"):
    return Row(1, 1, chrom, pos, "", ref, alt)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (row("A", "<DEL>"), "ALT '<DEL>': a symbolic allele"),
        (row("A", "*"), "ALT '*': an allele that an upstream deletion spans"),
        (row("A", "."), "ALT '.': a missing allele"),
        (row("A", "A[CHR2:5["), "ALT 'A[CHR2:5[': a breakend"),
        (row("A", ".C"), "ALT '.C': a breakend"),
        (row("A", "N"), "ALT 'N': unknown bases"),
        (row("R", "A"), "REF 'R': unknown bases"),
        (row("A", "A C"), "ALT 'A C': not a DNA allele"),
        (row("A", "A" * 102), "ALT of 102 bp is longer than 100; raise --longest"),
        (row("A", "A"), "REF and ALT are the same"),
        (row("A", "C", pos=0), "lies beyond 'chr1' (1000 bp); is this its genome?"),
        (row("AC", "A", pos=1000), "lies beyond 'chr1' (1000 bp); is this its genome?"),
    ],
)
def test_what_cannot_be_scored_has_a_reason(given, reason):
    assert refusal(given, LENGTHS, {}, 100) == reason


def test_chromosomes_are_known_by_their_names_and_aliases():
    assert refusal(row("A", "C", chrom="chr2"), LENGTHS, {"chr2": "2"}, 100) is None
    problem = refusal(row("A", "C", chrom="chr2"), LENGTHS, {}, 100)
    assert problem.startswith("'chr2' is not in the genome, which has 'chr1', '2'; remove 'chr'")
    assert refusal(row("A", "C" * 100), LENGTHS, {}, 100) is None


def test_the_reference_is_compared_with_the_genome():
    assert mismatch(row("AC", "A"), "AC") is None
    assert mismatch(row("AC", "A"), "AG") == "REF is 'AC', and the genome has 'AG' there"
