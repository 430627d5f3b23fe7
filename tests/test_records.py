"""Records: what a file was made from, and what is refused because its record tells otherwise."""

import json
import os
import shutil

import pytest

from danq.errors import DanqError
from danq.records import (
    FOLDER,
    HEAD,
    Input,
    Made,
    accept,
    file_input,
    read_head,
    record_path,
    recorded,
    seal,
    sealed,
    verified,
    verified_if_recorded,
)
from tests.conftest import refuse

MADE = Made("evaluate", [Input("dataset", "dataset.h5", "ab" * 32)])
ACCEPT = "or, if it is as you want it, accept it with danq describe RUN --accept FILE"


def write(path, text="model\tauprc\ndanq\t0.5\n", made=MADE):
    with recorded(path, made) as temporary:
        temporary.write_text(text)
    return path


@pytest.fixture
def table(tmp_path):
    return write(tmp_path / "metrics.tsv")


def test_a_record_says_what_a_file_was_made_from(table):
    record = verified(table)
    assert (record.step, record.size, record.accepted) == ("evaluate", 21, False)
    assert record.checksums("dataset") == ["ab" * 32] and record.checksums("other") == []
    assert sorted(os.listdir(table.parent)) == [FOLDER, "metrics.tsv"]


def test_every_byte_of_a_file_and_of_its_record_is_looked_at(table):
    for path in (table, record_path(table)):
        content = path.read_bytes()
        for place in range(len(content)):
            for flip in (0x01, 0x20):
                changed = bytearray(content)
                changed[place] ^= flip
                path.write_bytes(changed)
                with pytest.raises(DanqError, match=r"make it again|make its file again"):
                    verified(table)
        path.write_bytes(content)
        verified(table)


@pytest.mark.parametrize("size", [0, 1, 10, 20])
def test_cut_and_longer_files_are_refused(table, size):
    content = table.read_bytes()
    message = f"{table}: is not the file that danq evaluate wrote: damaged, or edited; make it "
    for changed in (content[:size], content + content[-size:]):
        table.write_bytes(changed)
        refuse(f"{message}again, {ACCEPT}", verified, table) if changed != content else None


def test_a_file_without_a_record_is_refused(table):
    record_path(table).unlink()
    what = "has no record of what made it (.made/metrics.tsv.json); make it again"
    refuse(f"{table}: {what}, {ACCEPT}", verified, table)
    verified_if_recorded(table)  # it may be a user's own
    table.unlink()
    refuse(f"{table}: cannot be read (No such file or directory); check the path", verified, table)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"{}", b"[]", b"null", b"\xff", b"[" * 10**5, b'{"format_version": 1}'],
)
def test_odd_records_are_refused(table, content):
    record_path(table).write_bytes(content)
    with pytest.raises(DanqError, match="make its file again"):
        verified(table)


def test_records_of_another_version_or_with_more_in_them_are_refused(table):
    facts = json.loads(record_path(table).read_text())
    for changes in ({"format_version": 9}, {"more": 1}, {"size": "21"}, {"sha256": "x"}):
        record_path(table).write_text(json.dumps({**facts, **changes}, indent=1) + "\n")
        with pytest.raises(DanqError, match="make its file again"):
            verified(table)


def test_a_record_of_another_file_is_refused(table, tmp_path):
    other = write(tmp_path / "other.tsv", "model\tauprc\ndanq\t0.6\n")
    shutil.copy(record_path(other), record_path(table))
    with pytest.raises(DanqError, match="is not the file that danq evaluate wrote"):
        verified(table)


def test_a_record_without_its_file_does_no_harm(table):
    table.unlink()
    write(table, "a\nb\n")
    assert verified(table).size == 4


def test_a_link_is_followed_to_the_record(table, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "m.tsv"
    link.symlink_to(table)
    assert verified(link) == verified(table)


def test_what_is_interrupted_is_not_believed(table):
    """Killed between the file and its record: the new file has the old one's record."""
    record = record_path(table).read_bytes()
    write(table, "model\tauprc\ndanq\t0.9\n")
    record_path(table).write_bytes(record)
    with pytest.raises(DanqError, match="is not the file that danq evaluate wrote"):
        verified(table)


def test_a_failed_writer_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), recorded(tmp_path / "a.tsv", MADE):
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_a_failed_writer_leaves_the_former_file_and_its_record(table):
    with pytest.raises(ZeroDivisionError), recorded(table, MADE) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert verified(table).size == 21
    assert os.listdir(table.parent / FOLDER) == ["metrics.tsv.json"]


def test_a_disk_that_is_full_for_the_record_leaves_the_former_file(table, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write(table, "new\n")
    assert verified(table).size == 21


def test_an_edited_file_can_be_accepted(table):
    table.write_text("edited\n")
    assert accept(table).accepted and verified(table).accepted
    assert verified(table).checksums("dataset") == ["ab" * 32]
    assert verified(table).step == "evaluate"
    table.write_text("edited again\n")
    with pytest.raises(DanqError, match="is not the file"):
        verified(table)


def test_a_file_of_a_former_danq_can_be_accepted(tmp_path):
    (tmp_path / "a.tsv").write_text("x\n")
    accept(tmp_path / "a.tsv")
    record = verified(tmp_path / "a.tsv")
    assert (record.step, record.inputs, record.accepted) == ("unknown", [], True)


def test_odd_paths_of_inputs_are_kept_as_far_as_they_can_be(tmp_path):
    where = os.fsdecode(b"\xff" * 600 + b"/a.h5")
    write(tmp_path / "a.tsv", made=Made("train", [Input("dataset", where, "0" * 64)]))
    assert verified(tmp_path / "a.tsv").inputs[0].path.endswith("/a.h5")


def test_a_file_is_an_input_by_its_checksum(table):
    assert file_input("metrics", table).checksum == verified(table).sha256


# --- at the head of a file ---


@pytest.fixture
def scores(tmp_path):
    path = tmp_path / "scores"
    path.write_bytes(bytes(HEAD) + b"scores")
    seal(path, MADE)
    return path


def test_a_sealed_file_says_what_it_was_made_from(scores):
    record = sealed(scores, "do")
    assert record == read_head(scores, "do") and record.checksums("dataset") == ["ab" * 32]
    assert scores.read_bytes()[HEAD:] == b"scores"


def test_every_byte_of_a_sealed_file_is_looked_at(scores):
    content = scores.read_bytes()
    for place in [*range(600), *range(600, len(content), 50), *range(HEAD - 2, len(content))]:
        changed = bytearray(content)
        changed[place] ^= 0x20
        scores.write_bytes(changed)
        with pytest.raises(DanqError, match=r"; do$"):
            sealed(scores, "do")
    scores.write_bytes(content + b"\n")
    with pytest.raises(DanqError, match="is not the file that danq evaluate wrote"):
        sealed(scores, "do")
