"""Files of scored variants: by target, by variant, in the VCF itself."""

import gzip
from collections import Counter

import numpy as np
import pytest

from danq.data.variant_files import (
    Refused,
    Scored,
    by_target,
    by_variant,
    growing_table,
    reason_kind,
    refused_table,
    summary_lines,
)
from danq.files import read_table
from danq.genome.variants import Row

TARGETS = ["a", "b; c", "d"]


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


def test_what_was_refused_is_listed_and_counted(tmp_path):
    row = Row(7, 2, "chr1", 5, "", "A", "<X>")
    table = refused_table([Refused(row, "why")])
    assert table.iloc[0].tolist() == [7, 2, "chr1", 5, ".", "A", "<X>", "why"]
    many = [Refused(row, f"reason {number % 12}; advice") for number in range(30)]
    lines = summary_lines(1234, Counter(reason_kind(reason) for _, reason in many))
    assert lines[0] == "1,234 alternative alleles scored"
    assert "3 refused: reason 0" in lines and lines[-1].startswith("and 2 further reasons")
    with growing_table(tmp_path / "r.tsv") as file:
        file.append(refused_table([]))
    assert len(read_table(tmp_path / "r.tsv")) == 0
