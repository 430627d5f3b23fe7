"""Variants as they are written: what is read, what is refused by row, and what as a file."""

import gzip

import pytest
from pysam import bcftools

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


# What is wrong, the line, and whether the file, the row or nothing is refused; by sections of
# https://samtools.github.io/hts-specs/VCFv4.5.pdf.
BROKEN = [
    ("1.1 Latin-1 text", b"chr1\t5\tr\xe9s\tA\tC\t.\t.\t.", "file"),
    ("1.1 a zero byte in an allele", b"chr1\t5\t.\tA\tC\x00\t.\t.\t.", "row"),
    ("1.1 blanks for tabs", b"chr1 5 . A C . . .", "file"),
    ("1.1 a blank after the position", b"chr1\t5 \t.\tA\tC\t.\t.\t.", "file"),
    ("1.1 a tab too many", b"chr1\t5\t.\tA\tC\t.\t.\t.\t", "file"),
    ("1.1 two tabs for one", b"chr1\t\t5\t.\tA\tC\t.\t.\t.", "file"),
    ("1.1 a column too few", b"chr1\t5\t.\tA\tC\t.\t.", "file"),
    ("1.3 a position in words", b"chr1\tfive\t.\tA\tC\t.\t.\t.", "file"),
    ("1.3 a position with a fraction", b"chr1\t5.0\t.\tA\tC\t.\t.\t.", "file"),
    ("1.3 a position with an exponent", b"chr1\t1e2\t.\tA\tC\t.\t.\t.", "file"),
    ("1.3 a position with a sign", b"chr1\t+5\t.\tA\tC\t.\t.\t.", "file"),
    ("1.3 a position below 0", b"chr1\t-1\t.\tA\tC\t.\t.\t.", "file"),
    ("1.3 a position beyond 64 bits", b"chr1\t99999999999999999999\t.\tA\tC\t.\t.\t.", "file"),
    ("1.3 other digits of Unicode", "chr1\t\u0665\t.\tA\tC\t.\t.\t.".encode(), "file"),
    ("1.6.1 no chromosome", b"\t5\t.\tA\tC\t.\t.\t.", "file"),
    ("1.6.1 a blank chromosome", b" \t5\t.\tA\tC\t.\t.\t.", "file"),
    ("1.6.1 a chromosome in angle brackets", b"<chr1>\t5\t.\tA\tC\t.\t.\t.", "row"),
    ("1.6.1 a chromosome with a blank", b"chr 1\t5\t.\tA\tC\t.\t.\t.", "row"),
    ("1.6.1 no position", b"chr1\t\t.\tA\tC\t.\t.\t.", "file"),
    ("1.6.1 a point for the position", b"chr1\t.\t.\tA\tC\t.\t.\t.", "file"),
    ("1.6.1 position 0, a telomere", b"chr1\t0\t.\tN\tC\t.\t.\t.", "row"),
    ("1.6.1 a position beyond the chromosome", b"chr1\t1001\t.\tA\tC\t.\t.\t.", "row"),
    ("1.6.1 REF beyond the chromosome", b"chr1\t1000\t.\tAC\tA\t.\t.\t.", "row"),
    ("1.6.1 no REF", b"chr1\t5\t.\t\tC\t.\t.\t.", "file"),
    ("1.6.1 a point for REF", b"chr1\t5\t.\t.\tC\t.\t.\t.", "row"),
    ("1.6.1 a hyphen for REF", b"chr1\t5\t.\t-\tC\t.\t.\t.", "row"),
    ("1.6.1 two REFs", b"chr1\t5\t.\tA,C\tT\t.\t.\t.", "row"),
    ("1.6.1 an ambiguous REF", b"chr1\t5\t.\tR\tC\t.\t.\t.", "row"),
    ("1.6.1 a symbolic REF", b"chr1\t5\t.\t<DEL>\tC\t.\t.\t.", "row"),
    ("1.6.1 RNA", b"chr1\t5\t.\tU\tC\t.\t.\t.", "row"),
    ("1.6.1 a protein", b"chr1\t5\t.\tA\tMet\t.\t.\t.", "row"),
    ("1.6.1 no ALT", b"chr1\t5\t.\tA\t\t.\t.\t.", "file"),
    ("1.6.1 a point for ALT", b"chr1\t5\t.\tA\t.\t.\t.\t.", "row"),
    ("1.6.1 a hyphen for ALT", b"chr1\t5\t.\tA\t-\t.\t.\t.", "row"),
    ("1.6.1 a digit for ALT", b"chr1\t5\t.\tA\t0\t.\t.\t.", "row"),
    ("1.6.1 ALT as REF", b"chr1\t5\t.\tA\ta\t.\t.\t.", "row"),
    ("1.6.1 a slash between ALTs", b"chr1\t5\t.\tA\tC/G\t.\t.\t.", "row"),
    ("1.6.1 a semicolon between ALTs", b"chr1\t5\t.\tA\tC;G\t.\t.\t.", "row"),
    ("1.6.1 an ambiguous ALT", b"chr1\t5\t.\tA\tY\t.\t.\t.", "row"),
    ("1.6.1 N in ALT", b"chr1\t5\t.\tA\tAN\t.\t.\t.", "row"),
    ("1.6.1 an overlapping deletion", b"chr1\t5\t.\tA\t*\t.\t.\t.", "row"),
    ("1.6.1 the unspecified allele", b"chr1\t5\t.\tA\t<*>\t.\t.\t.", "row"),
    ("1.6.1 the unspecified allele of GATK", b"chr1\t5\t.\tA\t<NON_REF>\t.\t.\t.", "row"),
    ("1.4.5 a symbolic allele", b"chr1\t5\t.\tA\t<DUP:TANDEM>\t.\t.\t.", "row"),
    ("1.4.5 a symbolic allele cut off", b"chr1\t5\t.\tA\t<DEL\t.\t.\t.", "row"),
    ("1.4.5 text behind a symbolic allele", b"chr1\t5\t.\tA\t<INS>C\t.\t.\t.", "row"),
    ("5.4 a breakend", b"chr1\t5\t.\tA\tA]chr2:7]\t.\t.\t.", "row"),
    ("5.4 a breakend that is cut off", b"chr1\t5\t.\tA\t[chr2:7\t.\t.\t.", "row"),
    ("5.4 a single breakend", b"chr1\t5\t.\tA\tA.\t.\t.\t.", "row"),
    ("an allele longer than is scored", b"chr1\t5\t.\tA\tA" + b"C" * 100 + b"\t.\t.\t.", "row"),
    # What is wrong in columns that no score is made of.
    ("1.6.1 an ID twice", b"chr1\t5\trs1;rs1\tA\tC\t.\t.\t.", "nothing"),
    ("1.6.1 an ID with a blank", b"chr1\t5\trs 1\tA\tC\t.\t.\t.", "nothing"),
    ("1.6.1 no ID at all", b"chr1\t5\t\tA\tC\t.\t.\t.", "nothing"),
    ("1.6.1 a quality in words", b"chr1\t5\t.\tA\tC\thigh\t.\t.", "nothing"),
    ("1.6.1 a filter of 0", b"chr1\t5\t.\tA\tC\t.\t0\t.", "nothing"),
    ("1.6.1 a filter that is not declared", b"chr1\t5\t.\tA\tC\t.\tq10;s50\t.", "nothing"),
    ("1.6.1 INFO with blanks", b"chr1\t5\t.\tA\tC\t.\t.\tDP = 3", "nothing"),
    ("1.6.1 INFO with a key twice", b"chr1\t5\t.\tA\tC\t.\t.\tDP=3;DP=4", "nothing"),
    ("1.6.1 INFO with too few values", b"chr1\t5\t.\tA\tC\t.\t.\tAF=", "nothing"),
    ("1.6.1 an empty INFO", b"chr1\t5\t.\tA\tC\t.\t.\t", "nothing"),
    ("1.6.1 lower case", b"chr1\t5\t.\ta\tc\t.\t.\t.", "nothing"),
]


@pytest.mark.parametrize(("kind", "line", "refused"), BROKEN, ids=[entry[0] for entry in BROKEN])
def test_what_is_broken_is_refused_or_read_right(kind, line, refused, tmp_path):
    path = tmp_path / "a.vcf"
    path.write_bytes(HEAD.encode() + line + b"\n")
    if refused == "file":
        with pytest.raises(DanqError) as caught:
            list(read_variants(path))
        assert str(caught.value).startswith(f"{path}:4: ") and ";" in str(caught.value)
        return
    (found,) = read_variants(path)
    problem = refusal(found, LENGTHS, {}, 100)
    if refused == "row":
        assert problem is not None and found.number == 4
    else:
        assert problem is None and found[2:4] == ("chr1", 5) and found[5:] == ("A", "C")


@pytest.mark.parametrize(
    ("alts", "expected"),
    [
        ("C,,G", ["C", None, "G"]),
        ("C,", ["C", None]),
        (",C", [None, "C"]),
        ("C,C", ["C", "C"]),
        ("<DEL>,C", [None, "C"]),
        ("*,C,.", [None, "C", None]),
    ],
)
def test_one_of_several_alleles_is_refused_by_itself(alts, expected, tmp_path):
    rows = list(read_variants(vcf(tmp_path / "a.vcf", f"chr1\t5\t.\tA\t{alts}\t.\t.\t.")))
    assert [row.allele for row in rows] == list(range(1, len(expected) + 1))
    usable = [row.alt if refusal(row, LENGTHS, {}, 100) is None else None for row in rows]
    assert usable == expected


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("", "holds neither a VCF nor a table"),
        ("\n\n", "holds neither a VCF nor a table"),
        ("##fileformat=VCFv4.3\n##fileformat=VCFv4.3\n", "without a line #CHROM"),
        ("##fileformat=VCF4.3\n", "not the first line of a VCF 4"),
        ("##fileformat=VCFv4.3 \tx\n", "not the first line of a VCF 4"),
        ("##fileformat=VCFv5.0\n", "not the first line of a VCF 4"),
        ("##fileformat=VCFv4.3\n##INFO=<ID=DP\nchr1\t5\n", "no line #CHROM before this one"),
        ("##fileformat=VCFv4.3\n#chrom\tpos\tid\tref\talt\n", "no line #CHROM before this one"),
        (HEAD.replace("REF\tALT", "ALT\tREF"), "the header is not #CHROM POS ID REF ALT"),
        (HEAD.replace("\tINFO", ""), "the header is not #CHROM POS ID REF ALT"),
        (HEAD.replace("\t", " "), "the header is not #CHROM POS ID REF ALT"),
    ],
)
def test_a_broken_header_is_refused(head, message, tmp_path):
    path = tmp_path / "a.vcf"
    path.write_text(head)
    with pytest.raises(DanqError, match=message):
        list(read_variants(path))


@pytest.mark.parametrize("version", ["4.0", "4.1", "4.2", "4.3", "4.4", "4.5"])
def test_bcftools_reads_the_same(version, tmp_path):
    head = (
        f"##fileformat=VCFv{version}\n##contig=<ID=chr1,length=1000>\n"
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
    )
    lines = [
        "chr1\t900\t.\tA\tC\t.\t.\t.\tGT\t0|1",
        "chr1\t5\trs1\ta\tG,TT\t.\t.\t.\tGT\t1/2",
        "chr1\t5\trs1\tA\tG,<DEL>,*\t3\tPASS\t.\tGT\t.",
        "chr1\t900\t.\tA\tC\t.\t.\t.\tGT\t0|1",
    ]
    path = vcf(tmp_path / "a.vcf", *lines, head=head)
    words = ["-f", "%CHROM %POS %ID %REF %ALT\\n", str(path)]
    by_bcftools = []
    for line in bcftools.query(*words).splitlines():
        chrom, pos, name, ref, alts = line.split(" ")
        for alt in alts.split(","):
            by_bcftools.append((chrom, int(pos), name.strip("."), ref.upper(), alt.upper()))
    assert [row[2:] for row in read_variants(path)] == by_bcftools
    assert len(by_bcftools) == 7


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
        (row("A", ""), "ALT '': an empty allele; write both alleles with the base before them"),
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
