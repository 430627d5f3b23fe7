"""variants.h5: what comes out is what went in, block by block or at once; damage is refused."""

import numpy as np
import pytest

import danq
from danq.data.artefact import open_artefact
from danq.data.variant_files import by_target
from danq.data.variant_store import FORMAT, growing_store, read_stored, variants_table
from danq.errors import DanqError
from danq.records import file_input
from tests.data.test_variant_files import TARGETS, scored


def part(given, rows):
    arrays = {name: getattr(given, name)[rows] for name in ("ref", "alt", "change", "e_value")}
    return given._replace(rows=given.rows[rows], status=given.status[rows], **arrays)


def write(path, blocks, float16=False):
    with growing_store(path, float16, TARGETS, {"background": "some words"}, []) as store:
        for block in blocks:
            store.append(block)
    return path


def test_the_table_is_that_of_the_scores(tmp_path):
    given = scored(6)
    path = write(tmp_path / "v.h5", [given])
    expected = by_target(given, TARGETS, None)
    found = danq.variants_table(path)
    assert found.columns.tolist() == expected.columns.tolist()
    for name in expected:
        if expected[name].dtype.kind == "f":
            np.testing.assert_allclose(found[name], expected[name], atol=1e-6)
        else:
            assert found[name].tolist() == expected[name].tolist()
    one = variants_table(path, ["b; c"])
    assert one.equals(found[found["target"] == "b; c"].reset_index(drop=True))
    with pytest.raises(DanqError, match="'z'"):
        variants_table(path, ["z"])
    stored = read_stored(path)
    assert stored.facts["background"] == "some words" and "p_value" not in stored.scores


def test_blocks_make_no_difference(tmp_path):
    given = scored(7)
    long = given.rows[6]._replace(ref="ACGT" * 20, name="ä" * 9, chrom="chromosome")
    given = given._replace(rows=[*given.rows[:6], long], folds=list("1122a33"))
    blocks = []
    for rows in (slice(0, 2), slice(2, 2), slice(2, 7)):
        blocks.append(part(given, rows)._replace(folds=given.folds[rows]))
    whole = write(tmp_path / "a.h5", [given])
    parts = write(tmp_path / "b.h5", blocks)
    assert read_stored(whole).rows.equals(read_stored(parts).rows)
    assert variants_table(whole).equals(variants_table(parts))
    assert read_stored(parts).rows["ref"].iloc[6] == "ACGT" * 20


def test_16_bits_are_half_as_many(tmp_path):
    given = scored(5)
    stored = read_stored(write(tmp_path / "v.h5", [given], float16=True))
    assert {values.dtype for values in stored.scores.values()} == {np.dtype(np.float16)}
    np.testing.assert_allclose(stored.scores["probability_ref"], given.ref, atol=1e-3)


def test_no_variants_are_a_file_too(tmp_path):
    path = write(tmp_path / "v.h5", [part(scored(2), slice(0, 0))])
    assert len(variants_table(path)) == 0
    with growing_store(None, False, TARGETS, {}, []) as nothing:
        nothing.append(scored(2))
    assert nothing.n == 0


def test_its_record_names_what_it_was_made_from(tmp_path):
    (tmp_path / "a.vcf").write_text("x")
    inputs = [file_input("variants", tmp_path / "a.vcf")]
    with growing_store(tmp_path / "v.h5", False, TARGETS, {}, inputs) as store:
        store.append(scored(2))
    assert b'"variants"' in (tmp_path / "v.h5").read_bytes()[:2000]


@pytest.mark.parametrize("place", [0.3, 0.6, 0.95])
def test_damage_is_refused(place, tmp_path):
    path = write(tmp_path / "v.h5", [scored(40)])
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 4
    path.write_bytes(content)
    with pytest.raises(DanqError, match="make it again"):
        read_stored(path)


def test_impossible_scores_are_refused(tmp_path):
    given = scored(3)
    path = write(tmp_path / "v.h5", [given._replace(e_value=given.e_value + 1)])
    with pytest.raises(DanqError, match="e_value has impossible values"):
        read_stored(path)
    with open_artefact(path, FORMAT) as file:
        assert file["e_value"][:].min() > 1


def test_what_breaks_off_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), growing_store(tmp_path / "v.h5", False, TARGETS, {}, []) as store:
        store.append(scored(2))
        raise KeyError
    assert list(tmp_path.iterdir()) == []
