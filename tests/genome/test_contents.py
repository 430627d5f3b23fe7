import json
import os
import shutil
import time
from hashlib import sha256

import pytest

from danq.genome import contents
from danq.genome.contents import (
    Watch,
    changed,
    current_checksums,
    recorded_checksums,
    recorded_lengths,
)
from tests.conftest import refuse


@pytest.fixture
def folder(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(f"first {name}\n")
    return tmp_path


def replace(path, text, how):
    """Give a file another content of the same size and time, in one of the ways that keep both."""
    before = path.stat()
    if how == "in place":
        path.write_text(text)
    elif how == "copied over":
        shutil.copyfile(path, path.with_name("other"))
        path.with_name("other").write_text(text)
        shutil.copystat(path, path.with_name("other"))
        os.replace(path.with_name("other"), path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def true_checksums(*paths):
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.mark.parametrize("how", ["in place", "copied over"])
def test_a_file_that_keeps_its_size_and_time_is_read_again(folder, monkeypatch, how):
    monkeypatch.setattr(contents, "_TICK", 0.0)
    paths = [folder / "a", folder / "b"]
    memory = folder / "memory" / "checksums.json"
    before = current_checksums(paths, memory)
    assert before == true_checksums(*paths)
    time.sleep(0.05)  # the clock of a file system ticks a few times in that
    replace(folder / "a", "other a\n", how)
    now = current_checksums(paths, memory)
    assert now == true_checksums(*paths) and changed(before, now) == [str(folder / "a")]


def test_what_has_not_changed_is_not_read_again(folder, monkeypatch):
    monkeypatch.setattr(contents, "_TICK", 0.0)
    paths = [folder / "a", folder / "b"]
    before = current_checksums(paths, folder / "memory")
    read = []
    monkeypatch.setattr(contents, "sha256", lambda path: read.append(path) or "x")
    assert current_checksums(paths, folder / "memory") == before and not read
    os.utime(folder / "b")
    current_checksums(paths, folder / "memory")
    assert read == [str(folder / "b")]


def test_a_file_that_has_just_been_written_is_not_trusted(folder):
    current_checksums([folder / "a"], folder / "memory")
    assert not (folder / "memory").exists()


@pytest.mark.parametrize("memory", ["", "[1]", "{", '{"x": 1}', "\xff"])
def test_a_damaged_memory_costs_time_and_nothing_else(folder, memory):
    (folder / "memory").write_text(memory, encoding="latin-1")
    assert current_checksums([folder / "a"], folder / "memory") == true_checksums(folder / "a")
    entry = {"signature": list(contents.signature(folder / "a")), "sha256": 5}
    (folder / "memory").write_text(json.dumps({os.path.realpath(folder / "a"): entry}))
    assert current_checksums([folder / "a"], folder / "memory") == true_checksums(folder / "a")


def test_a_missing_file_is_left_to_others(folder):
    assert current_checksums([folder / "nowhere"], folder / "memory") == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"peaks": 1}', "\x00"])
def test_a_record_of_another_kind_is_refused(folder, text):
    (folder / "inputs.json").write_text(text)
    what = "is not what danq check writes; remove it, and check the files again"
    refuse(f"{folder / 'inputs.json'}: {what}", recorded_checksums, folder / "inputs.json")


def test_lengths_are_those_of_the_genome_that_was_read_and_of_no_other(folder):
    record = folder / "inputs.json"
    assert recorded_lengths(record, {}) is None, "nothing was checked"
    findings = {"peaks": [], "genome": {"path": "a", "sha256": "1"}}
    record.write_text(json.dumps(findings))
    assert recorded_lengths(record, {"a": "1"}) is None, "written by an older danq"
    record.write_text(json.dumps({**findings, "chromosomes": {"chr1": 9, "chr2": 5}}))
    for same in ({"a": "1"}, {}):  # as it was, and not downloaded again
        assert recorded_lengths(record, same) == {"chr1": 9, "chr2": 5}
    assert recorded_lengths(record, {"a": "2"}) is None


def test_a_file_that_changes_while_it_is_read_is_noticed(folder):
    watch = Watch([folder / "a", folder / "b"])
    assert watch.errors() == []
    time.sleep(0.05)
    replace(folder / "b", "other b\n", "in place")
    (error,) = watch.errors()
    what = "changed while it was read; start again when it is complete"
    assert str(error) == f"{folder / 'b'}: {what}"
