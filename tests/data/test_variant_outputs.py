"""All files of scored variants at once: block by block as in one go, and nothing where it fails."""

import numpy as np
import pytest

from danq.data.variant_files import Refused
from danq.data.variant_outputs import About, Outputs, growing_outputs
from danq.files import read_table
from tests.data.test_variant_files import TARGETS, scored

HEAD = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def part(given, rows):
    arrays = {name: getattr(given, name)[rows] for name in ("ref", "alt", "change", "e_value")}
    return given._replace(rows=given.rows[rows], status=given.status[rows], **arrays)


@pytest.fixture
def source(tmp_path):
    lines = [f"chr1\t{10 + k}\t.\tA\tC\t.\t.\t.\n" for k in range(8)]
    (tmp_path / "a.vcf").write_text(HEAD + "".join(lines))
    return tmp_path / "a.vcf"


def outputs_in(folder):
    names = ("t.tsv", "s.tsv", "o.vcf", "r.tsv")
    return Outputs(*(folder / name for name in names))


def make(outputs, source, blocks):
    about = About(source, TARGETS, 2, "some words")
    with growing_outputs(outputs, about) as growing:
        for scores, refused in blocks:
            growing.append(scores, refused)
    return growing


def test_blocks_make_no_difference(source, tmp_path):
    given = scored(6)
    given = given._replace(rows=[row._replace(number=3 + k) for k, row in enumerate(given.rows)])
    refused = [Refused(given.rows[0]._replace(number=9 + k), f"why {k}; so") for k in range(2)]
    whole = make(outputs_in(tmp_path / "whole"), source, [(given, refused)])
    blocks = [(part(given, slice(0, 4)), []), (part(given, slice(4, 6)), refused[:1])]
    blocks += [(part(given, slice(6, 6)), refused[1:])]
    parts = make(outputs_in(tmp_path / "parts"), source, blocks)
    for path in (tmp_path / "whole").iterdir():
        assert path.read_text() == (tmp_path / "parts" / path.name).read_text()
    assert sum(whole.scored) == sum(parts.scored) == 6
    assert whole.reasons == parts.reasons == {"why 0": 1, "why 1": 1}
    table = read_table(tmp_path / "whole" / "t.tsv")
    assert len(table) == 12 and np.isfinite(table["e_value"]).all()
    assert "for that target (some words)" in (tmp_path / "whole" / "o.vcf").read_text()
    assert len(read_table(tmp_path / "whole" / "r.tsv")) == 2


def test_what_breaks_off_leaves_nothing(source, tmp_path):
    folder = tmp_path / "out"
    about = About(source, TARGETS, None)
    with pytest.raises(KeyError), growing_outputs(outputs_in(folder), about) as growing:
        growing.append(scored(4), [])
        raise KeyError
    assert list(folder.iterdir()) == []


def test_nothing_is_made_that_is_not_asked_for(source, tmp_path):
    outputs = Outputs(None, tmp_path / "s.tsv", None, None)
    assert outputs.has_scores and not Outputs(None, None, None, tmp_path / "r").has_scores
    make(outputs, source, [(scored(4), [])])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.vcf", "s.tsv"]
