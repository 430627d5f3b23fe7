import errno
import fcntl
import os
import subprocess
import sys

import pandas as pd
import pytest

from danq.errors import DanqError
from danq.files import (
    atomic,
    hold_outputs,
    locked,
    read_table,
    refuse_overwriting,
    write_table,
    write_text,
)
from tests.conftest import refuse


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and [file.name for file in path.parent.iterdir()] == ["b.txt"]


def test_the_error_of_a_full_disk_names_the_file(tmp_path):
    with pytest.raises(OSError) as caught, atomic(tmp_path / "x"):
        raise OSError(28, "No space left on device")
    assert caught.value.filename == str(tmp_path / "x") and not list(tmp_path.iterdir())


def test_a_folder_is_refused_before_anything_is_computed(tmp_path):
    with pytest.raises(IsADirectoryError), atomic(tmp_path):
        raise AssertionError("the block must not run")


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "out").symlink_to(tmp_path / "precious")
    write_text(tmp_path / "out", "new")
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "out").read_text() == "new"


def test_tables_keep_any_name_and_say_na_where_nothing_is_defined(tmp_path):
    frame = pd.DataFrame(
        {"name": ['a "b"', "NA", "<i>", "007"], "group": ["x"] * 4, "value": [1.5, None, 2.0, 3.0]}
    )
    write_table(tmp_path / "t.tsv", frame)
    assert (tmp_path / "t.tsv").read_text().splitlines()[2] == "NA\tx\tNA"
    assert read_table(tmp_path / "t.tsv").equals(frame)


def test_what_another_process_writes_is_left_alone(tmp_path):
    with atomic(tmp_path / "a.txt") as first:
        first.write_text("first")
        with atomic(tmp_path / "a.txt") as second:
            second.write_text("second")
            assert first.exists()
    assert (tmp_path / "a.txt").read_text() == "first" and len(list(tmp_path.iterdir())) == 1


def test_an_output_may_not_be_an_input_behind_a_link(tmp_path):
    (tmp_path / "peaks").mkdir()
    write_text(tmp_path / "peaks" / "a.bed", "x")
    (tmp_path / "link").symlink_to(tmp_path / "peaks")
    output = tmp_path / "link" / "a.bed"
    message = f"{output}: is also an input, named in t.tsv; choose another output file"
    inputs = [tmp_path / "b.bed", tmp_path / "peaks" / "a.bed"]
    outputs = [tmp_path / "new", output]
    refuse(message, refuse_overwriting, outputs, inputs, "named in t.tsv")
    refuse_overwriting([tmp_path / "new"], inputs, "named in t.tsv")


@pytest.fixture
def owner(tmp_path):
    """Return another process that holds the lock tmp_path/a/x.lock until it is killed."""
    code = (
        "import sys\nfrom danq.files import locked\n"
        "with locked(sys.argv[1], ''):\n    print(flush=True)\n    sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a" / "x.lock")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        process.stdout.readline()
        yield process
        process.kill()


def refused_lock(path):
    with locked(path, "somebody is here"):
        raise AssertionError("the block must not run")


def test_a_lock_keeps_another_process_out_until_its_owner_dies(tmp_path, owner):
    path = tmp_path / "a" / "x.lock"
    for _ in range(2):  # to be refused changes nothing
        refuse("somebody is here", refused_lock, path)
    owner.kill()
    owner.wait()
    assert path.exists()
    with locked(path, ""):
        refuse("somebody is here", refused_lock, path)
    assert not path.exists()


def test_a_lock_is_removed_when_its_block_raises(tmp_path, owner):
    owner.communicate()
    assert owner.returncode == 0 and not (tmp_path / "a" / "x.lock").exists()
    with pytest.raises(RuntimeError), locked(tmp_path / "x.lock", ""):
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_lock_that_its_owner_removed_meanwhile_is_made_again(tmp_path, monkeypatch):
    path = tmp_path / "x.lock"
    flock = fcntl.flock
    calls = []

    def late(handle, kind):
        if not calls:
            path.unlink()
        calls.append(kind)
        flock(handle, kind)

    monkeypatch.setattr(fcntl, "flock", late)
    with locked(path, ""):
        assert path.exists() and len(calls) == 2
        refuse("somebody is here", refused_lock, path)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_no_lock_can_be_taken_the_block_runs_without(tmp_path, monkeypatch, number):
    def flock(handle, kind):
        raise OSError(number, "not here")

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(tmp_path / "x.lock", ""), locked(tmp_path / "x.lock", ""):
        pass
    assert not list(tmp_path.iterdir())


def test_any_other_error_of_a_lock_is_raised(tmp_path, monkeypatch):
    def flock(handle, kind):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="broken"), locked(tmp_path / "x.lock", ""):
        raise AssertionError("the block must not run")


def test_a_folder_made_for_a_lock_goes_where_nothing_was_written(tmp_path):
    with locked(tmp_path / "new" / "a.lock", "taken"):
        assert (tmp_path / "new" / "a.lock").exists()
    assert not (tmp_path / "new").exists()
    with locked(tmp_path / "used" / "a.lock", "taken"):
        (tmp_path / "used" / "model.ckpt").write_text("x")
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["model.ckpt"]
    (tmp_path / "old").mkdir()
    with locked(tmp_path / "old" / "a.lock", "taken"):
        pass
    assert (tmp_path / "old").exists()


def test_a_folder_that_goes_before_its_lock_is_opened_is_made_again(tmp_path, monkeypatch):
    path = tmp_path / "new" / "a.lock"
    open_file = os.open
    attempts = []

    def open_late(name, *arguments):
        attempts.append(name)
        if len(attempts) == 1:
            path.parent.rmdir()  # as the last owner does
        return open_file(name, *arguments)

    monkeypatch.setattr(os, "open", open_late)
    with locked(path, "taken"):
        assert path.exists() and len(attempts) == 2


def test_a_lock_that_leads_nowhere_is_an_error_not_a_hang(tmp_path):
    (tmp_path / "a.lock").symlink_to(tmp_path / "missing" / "b")
    with pytest.raises(FileNotFoundError), locked(tmp_path / "a.lock", "taken"):
        pass


def held(*paths):
    with hold_outputs(paths):
        raise AssertionError("the block must not run")


def test_files_are_held_while_they_are_made(tmp_path):
    first = tmp_path / "new" / "a.tsv"
    second = tmp_path / "b.tsv"
    message = "another danq makes this file now; wait until it ends, or name another output"
    with hold_outputs([first, second]):
        same = tmp_path / "new" / ".." / "b.tsv"
        refuse(f"{same}: {message}", held, tmp_path / "c.tsv", same)
        refuse(f"{first}: {message}", held, first)
    with hold_outputs([first, second]):
        pass
    assert list(tmp_path.iterdir()) == []


def test_files_of_a_killed_process_are_held_no_longer(tmp_path):
    code = (
        "import sys\nfrom danq.files import hold_outputs\n"
        "with hold_outputs(sys.argv[1:]):\n    print(flush=True)\n    sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.tsv")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        process.stdout.readline()
        with pytest.raises(DanqError, match="another danq makes this file now"):
            held(tmp_path / "a.tsv")
        process.kill()
    with hold_outputs([tmp_path / "a.tsv"]):
        pass
    assert list(tmp_path.iterdir()) == []
