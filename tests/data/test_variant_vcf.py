"""The VCF that was scored, written again: all of its own stays, and other tools read it."""

import gzip

import pysam
import pytest
from Bio import bgzf
from pysam import bcftools

from danq.data.variant_files import Refused, by_variant
from danq.data.variant_vcf import (
    INFO,
    growing_vcf,
    info_text,
    info_values,
    refuse_other_names,
    refused_values,
)
from danq.errors import DanqError
from danq.genome.variants import Row
from tests.data.test_variant_files import TARGETS, scored

HEAD = '##fileformat=VCFv4.3\n##INFO=<ID=DP,Number=1,Type=Integer,Description="x">\n'
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"


def write_vcf(source, path, values):
    with growing_vcf(source, path, {"DANQ_E": 'in "a"'}) as file:
        file.append(values, 10**9)


@pytest.mark.parametrize("name", ["o.vcf", "o.vcf.gz"])
def test_a_vcf_keeps_all_of_its_own(name, tmp_path):
    lines = [
        "chr1\t10\trs1\tA\tC,G\t5\tPASS\tDP=3;DANQ_E=1\tGT\t0|1",
        "chr1\t11\t.\tA\t<DEL>\t.\t.\t.\tGT\t.",
        "chr2\t5\t.\tA\tC\t.\tq10\t.\tGT\t1",
    ]
    (tmp_path / "a.vcf").write_text(HEAD + COLUMNS + "".join(f"{line}\n" for line in lines))
    given = scored(2)
    given = given._replace(rows=[given.rows[0]._replace(number=4, allele=2), given.rows[1]])
    given = given._replace(rows=[given.rows[0], given.rows[1]._replace(number=6, allele=1)])
    values = info_values(given, by_variant(given, TARGETS))
    refused = [Refused(Row(5, 1, "chr1", 11, "", "A", "<DEL>"), "a symbolic allele; what to do")]
    write_vcf(tmp_path / "a.vcf", tmp_path / name, values | refused_values(refused))
    if name.endswith("gz"):
        with open(tmp_path / name, "rb") as raw:
            assert list(bgzf.BgzfBlocks(raw))  # BGZF, and not ordinary gzip
    opener = gzip.open if name.endswith("gz") else open
    with opener(str(tmp_path / name), "rt") as file:
        found = file.read().splitlines()
    head = [line for line in found if line.startswith("##")]
    assert head[:2] == HEAD.splitlines() and len(head) == 2 + len(INFO)
    assert any("for that target (in 'a')" in line for line in head)
    body = [line.split("\t") for line in found if not line.startswith("#")]
    for before, after in zip(lines, body, strict=True):
        fields = before.split("\t")
        assert fields[:7] + fields[8:] == after[:7] + after[8:]
    info = [dict(part.split("=") for part in fields[7].split(";")) for fields in body]
    assert info[0]["DP"] == "3" and info[0]["DANQ_STATUS"] == ".,scored"
    assert info[0]["DANQ_CHANGE"].startswith(".,") and info[0]["DANQ_E"].startswith(".,")
    assert info[1] == {"DANQ_STATUS": "a%20symbolic%20allele"}
    assert float(info[2]["DANQ_CHANGE"]) == pytest.approx(
        by_variant(given, TARGETS)["log_odds_change"][1], rel=1e-5
    )
    # Scored again: the fields are there once.
    write_vcf(tmp_path / name, tmp_path / "again.vcf", {})
    again = (tmp_path / "again.vcf").read_text()
    assert again.count("ID=DANQ_CHANGE") == 1 and "\tDP=3\t" in again


def test_info_texts_hold_nothing_that_parts_a_vcf():
    text = info_text("a;b=c,d e\t%ä")
    assert not set(text) & set(";=, \t") and text == "a%3Bb%3Dc%2Cd%20e%09%25%C3%A4"


def chromosomes(places):
    """Return the text of a VCF with a line at each of some places."""
    lines = [f"{chrom}\t{pos}\tr{pos}\tA\tC\t.\t.\tDP=1\tGT\t0|1\n" for chrom, pos in places]
    contigs = "##contig=<ID=chr1>\n##contig=<ID=chr2>\n"
    gt = '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n'
    return HEAD + contigs + gt + COLUMNS + "".join(lines)


def values_of(n, first=7):
    fields = [{"DANQ_CHANGE": f"{k / 4}", "DANQ_STATUS": "scored"} for k in range(n)]
    return {(first + k, 1): each for k, each in enumerate(fields)}


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_blocks_make_no_difference(size, tmp_path):
    text = chromosomes([("chr1", pos) for pos in range(5, 45)])
    (tmp_path / "a.vcf").write_text(text.replace("\tA\tC\t", "\tA\tC,G\t"))
    values = {}
    for (line, _), fields in values_of(40).items():
        values[line, 1] = fields
        values[line, 2] = fields | {"DANQ_CHANGE": "9"}
    write_vcf(tmp_path / "a.vcf", tmp_path / "whole.vcf", values)
    keys = list(values)
    with growing_vcf(tmp_path / "a.vcf", tmp_path / "parts.vcf", {}) as file:
        for start in range(0, 80, size):
            part = keys[start : start + size]
            file.append({key: values[key] for key in part}, part[-1][0])
    whole = (tmp_path / "whole.vcf").read_text().splitlines()
    parts = (tmp_path / "parts.vcf").read_text().splitlines()
    assert [line for line in whole if "ID=DANQ_E" not in line] == [
        line for line in parts if "ID=DANQ_E" not in line
    ]
    assert parts[-1].split("\t")[7] == "DP=1;DANQ_CHANGE=9.75,9;DANQ_STATUS=scored,scored"


def test_a_packed_vcf_is_indexed_and_bcftools_reads_the_same(tmp_path):
    places = [("chr1", 5), ("chr1", 9), ("chr2", 3), ("chr2", 2000)]
    (tmp_path / "a.vcf").write_text(chromosomes(places))
    write_vcf(tmp_path / "a.vcf", tmp_path / "o.vcf.gz", values_of(4))
    with pysam.TabixFile(str(tmp_path / "o.vcf.gz")) as file:
        rows = [row.split("\t") for row in file.fetch("chr2", 1000, 3000)]
    assert [row[2] for row in rows] == ["r2000"]
    words = ["-f", "%CHROM %POS %ID %DANQ_CHANGE %DANQ_STATUS[ %GT]\\n"]
    found = bcftools.query(*words, str(tmp_path / "o.vcf.gz")).splitlines()
    assert found[1] == "chr1 9 r9 0.25 scored 0|1" and len(found) == 4


def test_what_is_not_sorted_is_not_indexed(tmp_path, capsys):
    name = tmp_path / "o.vcf.gz"
    for places in ([("chr1", 9), ("chr1", 5)], [("chr1", 9), ("chr2", 1), ("chr1", 10)]):
        (tmp_path / "a.vcf").write_text(chromosomes([("chr1", 1)]))
        write_vcf(tmp_path / "a.vcf", name, {})
        assert (tmp_path / "o.vcf.gz.tbi").exists()
        (tmp_path / "a.vcf").write_text(chromosomes(places))
        write_vcf(tmp_path / "a.vcf", name, {})
        assert "has no index: its variants are not sorted by position" in capsys.readouterr().err
        assert not (tmp_path / "o.vcf.gz.tbi").exists()  # nor is there that of the old file


def test_a_long_chromosome_has_the_other_kind_of_index(tmp_path):
    (tmp_path / "a.vcf").write_text(chromosomes([("chr1", 5), ("chr1", 700_000_000)]))
    write_vcf(tmp_path / "a.vcf", tmp_path / "o.vcf.gz", {})
    assert not (tmp_path / "o.vcf.gz.tbi").exists()
    with pysam.TabixFile(str(tmp_path / "o.vcf.gz"), index=str(tmp_path / "o.vcf.gz.csi")) as file:
        assert len(list(file.fetch("chr1", 600_000_000, 800_000_000))) == 1


def test_without_pysam_a_vcf_is_written_and_not_indexed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("danq.data.variant_vcf.has_pysam", lambda: False)
    (tmp_path / "a.vcf").write_text(chromosomes([("chr1", 5)]))
    write_vcf(tmp_path / "a.vcf", tmp_path / "o.vcf.gz", {})
    assert 'pip install "danq[variants]"' in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.vcf", "o.vcf.gz"]


def test_the_scores_of_a_bcf_are_written_as_vcf(tmp_path):
    (tmp_path / "a.vcf").write_text(chromosomes([("chr1", 5), ("chr2", 7)]))
    words = ["-Ob", "--no-version", "-o", str(tmp_path / "a.bcf"), str(tmp_path / "a.vcf")]
    bcftools.view(*words, catch_stdout=False)
    write_vcf(tmp_path / "a.bcf", tmp_path / "o.vcf", values_of(2, first=8))
    body = (tmp_path / "o.vcf").read_text().splitlines()[-2:]
    assert body[1].split("\t")[7] == "DP=1;DANQ_CHANGE=0.25;DANQ_STATUS=scored"


def test_a_name_of_another_format_is_refused():
    with pytest.raises(DanqError, match="danq writes VCF, and not BCF"):
        refuse_other_names("o.bcf")
    refuse_other_names("o.vcf.gz")
