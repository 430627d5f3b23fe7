"""Files of scored variants: by target, by variant, in the VCF itself."""

import gzip

import numpy as np
import pytest
from Bio import bgzf

from danq.data.variant_files import (
    INFO,
    Refused,
    Scored,
    by_target,
    by_variant,
    growing_table,
    info_text,
    info_values,
    refused_table,
    refused_values,
    summary_lines,
    write_vcf,
)
from danq.files import read_table
from danq.genome.variants import Row

TARGETS = ["a", "b; c", "d"]
HEAD = '##fileformat=VCFv4.3\n##INFO=<ID=DP,Number=1,Type=Integer,Description="x">\n'
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"


def scored(n=4, e=True):
    rng = np.random.default_rng(0)
    rows = [Row(4 + k, 1 + k % 2, "chr1", 10 + k, "rs" * (k % 2), "A", "C") for k in range(n)]
    ref, alt = rng.random((2, n, 3))
    change = np.log(alt / (1 - alt)) - np.log(ref / (1 - ref))
    return Scored(rows, ["scored"] * n, ref, alt, change, None, rng.random((n, 3)) if e else None)


def test_every_target_of_every_variant_in_order():
    given = scored()
    table = by_target(given, TARGETS, None)
    assert table["target"].tolist() == TARGETS * 4
    assert table["pos"].tolist() == np.repeat([10, 11, 12, 13], 3).tolist()
    assert table["id"].tolist()[:6] == ["."] * 3 + ["rs"] * 3
    assert table["log_odds_change"].tolist() == given.change.ravel().tolist()
    assert table["difference"].tolist() == (given.alt - given.ref).ravel().tolist()
    assert table["e_value"].tolist() == given.e_value.ravel().tolist() and "spread" not in table
    assert "e_value" not in by_target(scored(e=False), TARGETS, None)


@pytest.mark.parametrize("top", [1, 2, 3, 9])
def test_only_the_targets_of_the_largest_changes(top):
    given = scored()
    table = by_target(given, TARGETS, top)
    sizes = np.sort(np.abs(given.change), axis=1)[:, ::-1][:, :top]
    found = table["log_odds_change"].abs().to_numpy().reshape(4, -1)
    if top < 3:
        assert (found == sizes).all()
    else:
        assert table["target"].tolist() == TARGETS * 4


def test_a_variant_has_its_largest_change():
    given = scored()
    table = by_variant(given, TARGETS)
    best = np.abs(given.change).argmax(axis=1)
    assert table["target"].tolist() == [TARGETS[place] for place in best]
    assert table["log_odds_change"].tolist() == [given.change[k, b] for k, b in enumerate(best)]
    assert table["e_value"].tolist() == [given.e_value[k, b] for k, b in enumerate(best)]
    assert table["sum_of_changes"].to_numpy() == pytest.approx(np.abs(given.change).sum(axis=1))


@pytest.mark.parametrize("name", ["t.tsv", "t.tsv.gz"])
def test_a_table_grows_and_has_one_header(name, tmp_path):
    table = by_variant(scored(), TARGETS)
    with growing_table(tmp_path / name) as file:
        file.append(table.head(1))
        file.append(table.head(0))
        file.append(table.tail(3))
    opener = gzip.open if name.endswith("gz") else open
    with opener(tmp_path / name, "rt") as text:
        lines = text.read().splitlines()
    assert len(lines) == 5 and lines[0].split("\t") == list(table)
    with growing_table(None) as nothing:
        nothing.append(table)


def test_a_table_that_breaks_off_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), growing_table(tmp_path / "t.tsv") as file:
        file.append(by_variant(scored(), TARGETS))
        raise KeyError
    assert list(tmp_path.iterdir()) == []


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


def test_what_was_refused_is_listed_and_counted(tmp_path):
    row = Row(7, 2, "chr1", 5, "", "A", "<X>")
    table = refused_table([Refused(row, "why")])
    assert table.iloc[0].tolist() == [7, 2, "chr1", 5, ".", "A", "<X>", "why"]
    many = [Refused(row, f"reason {number % 12}; advice") for number in range(30)]
    lines = summary_lines(1234, many)
    assert lines[0] == "1,234 alternative alleles scored"
    assert "3 refused: reason 0" in lines and lines[-1].startswith("and 2 further reasons")
    with growing_table(tmp_path / "r.tsv") as file:
        file.append(refused_table([]))
    assert len(read_table(tmp_path / "r.tsv")) == 0
