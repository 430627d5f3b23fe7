"""Genotypes: which copies carry an allele, what is refused, and which alleles are near."""

import pytest

from danq.errors import DanqError
from danq.genome.haplotypes import neighbourhoods, read_carried

HEAD = "##fileformat=VCFv4.4\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tx\ty\n"


def write(path, *rows, head=HEAD):
    """Write rows of position, ALT, and the genotypes of both samples."""
    lines = []
    for pos, alt, form, x, y in rows:
        lines.append(f"chr1\t{pos}\t.\tA\t{alt}\t.\t.\t.\t{form}\t{x}\t{y}\n")
    path.write_text(head + "".join(lines))
    return path


@pytest.mark.parametrize(
    ("form", "text", "copies", "phase_set", "problem"),
    [
        ("GT", "0|1", {2}, "", None),
        ("GT", "1|0", {1}, "", None),
        ("GT", "1|1", {1, 2}, "*", None),
        ("GT", "1/1", {1, 2}, "*", None),
        ("GT", "1", {1}, "*", None),
        ("GT", "|0|1", {2}, "", None),
        ("DP:GT:PS", "3:1|0:77", {1}, "77", None),
        ("GT:PS", "1|0:.", {1}, "", None),
        ("GT", "0/1", {2}, "", "the genotype '0/1' is not phased"),
        ("GT", "0|0", set(), "", "the genotype '0|0' does not carry it"),
        ("GT", "2|0", set(), "", "the genotype '2|0' does not carry it"),
        ("GT", ".|.", set(), "", "the genotype '.|.' is not known"),
        ("GT", ".", set(), "", "the genotype '.' is not known"),
        ("DP", "3", set(), "", "the genotype '.' is not known"),
        ("GT", "0|1|1", {2, 3}, "", None),
    ],
)
def test_copies_of_a_genotype(form, text, copies, phase_set, problem, tmp_path):
    path = write(tmp_path / "a.vcf", (5, "C,G", form, "0|0", text))
    first, second = read_carried(path, "y")
    assert (set(first.copies), first.phase_set, first.problem) == (copies, phase_set, problem)
    assert second.row.allele == 2
    assert set(second.copies) == ({1} if text == "2|0" else set())


@pytest.mark.parametrize("sample", [None, "z"])
def test_a_sample_must_be_named(sample, tmp_path):
    path = write(tmp_path / "a.vcf", (5, "C", "GT", "0|1", "0|1"))
    with pytest.raises(DanqError, match="its samples are 'x', 'y'; name one of them with --sample"):
        list(read_carried(path, sample))
    alone = HEAD.replace("\tx\ty", "\tx")
    path.write_text(alone + "chr1\t5\t.\tA\tC\t.\t.\t.\tGT\t0|1\n")
    assert len(list(read_carried(path, None))) == 1


@pytest.mark.parametrize("reach", [0, 3, 10, 1000])
def test_near_is_what_lies_within_reach(reach, tmp_path):
    places = [1, 3, 3, 9, 14, 14, 40, 41, 200]
    path = write(tmp_path / "a.vcf", *[(pos, "C", "GT", "0|1", "0|1") for pos in places])
    text = path.read_text()
    rest = text.split("y\n")[1].replace("chr1", "chr2")
    path.write_text(text + rest)
    found = list(neighbourhoods(read_carried(path, "x"), reach, path))
    rows = [entry.carried.row for entry in found]
    assert [row.number for row in rows] == list(range(3, 3 + 18))
    for entry in found:
        row = entry.carried.row
        expected = []
        for other in rows:
            is_near = abs(other.pos - row.pos) <= reach and other.chrom == row.chrom
            if is_near and other.number != row.number:
                expected.append(other)
        assert [other.row for other in entry.near] == expected


def test_what_is_not_sorted_is_refused(tmp_path):
    path = write(tmp_path / "a.vcf", (5, "C", "GT", "0|1", "0|1"), (4, "C", "GT", "0|1", "0|1"))
    message = "a.vcf:4: variants of a haplotype must be sorted by position; sort the file"
    with pytest.raises(DanqError, match=message):
        list(neighbourhoods(read_carried(path, "x"), 3, path))
