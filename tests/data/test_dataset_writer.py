import contextlib
import errno
import os
import resource
import signal

import numpy as np
import pytest

from danq.data.dataset_writer import create_dataset, warn_of_formulas
from danq.errors import DanqError
from danq.genome.bins import SPLITS
from tests.data.small_dataset import content, small


def test_rows_that_were_not_written_are_our_own_fault(tmp_path):
    with (
        pytest.raises(AssertionError, match="train/sequences: 0 of 5 rows written"),
        create_dataset(
            tmp_path / "d.h5",
            window=20,
            bin_size=4,
            targets=[("a", "g", "")],
            chromosomes={"a": 100, "b": 300},
            rows=np.array([[3, 2], [4, 0], [0, 5]]),
        ),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_split_without_windows_is_refused(tmp_path):
    with pytest.raises(DanqError, match="no window in the valid split"):
        small(tmp_path / "d.h5", rows=np.array([[3, 2], [0, 0], [0, 5]]))


def test_storage_is_what_the_format_promises(tmp_path):
    n = 3_000
    with create_dataset(
        tmp_path / "d.h5",
        window=1000,
        bin_size=200,
        targets=[("t", "g", "")] * 919,
        chromosomes={"a": 3_000_000},
        rows=np.array([[n], [1], [1]]),
    ) as writer:
        for split, size in zip(SPLITS, (n, 1, 1), strict=True):
            writer.append(
                split,
                np.zeros((size, 125, 4), np.uint8),
                np.zeros((size, 115), np.uint8),
                np.arange(size),
            )
    assert (tmp_path / "d.h5").stat().st_size / (n + 2) < 620 + 20_000 / n


# --- faults: a full disk, a write that fails, a kill, at every write ---


class Struck:
    """A file that counts its writes with others, and fails at one of them."""

    def __init__(self, raw, strike):
        self.raw, self.strike = raw, strike

    def __getattr__(self, name):
        return getattr(self.raw, name)

    def write(self, data):
        self.strike()
        return self.raw.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.raw.close()


@contextlib.contextmanager
def fault(at, kind):
    """Let the write, flush, reservation or renaming number `at` fail.

    Yields a list with the number of those to come.
    """
    left = [at]

    def strike():
        left[0] -= 1
        if left[0] == 0 and kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if left[0] == 0:
            number = errno.ENOSPC if kind == "full" else errno.EIO
            raise OSError(number, os.strerror(number))

    def opened(path, mode="r", **options):
        raw = open(path, mode, **options)
        return Struck(raw, strike) if "+" in mode else raw

    def counted(call):
        def wrapped(*arguments):
            strike()
            return call(*arguments)

        return wrapped

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("danq.data.dataset_writer.open", opened, raising=False)
        for name in ("fsync", "replace", "posix_fallocate"):
            patched.setattr(os, name, counted(getattr(os, name)))
        yield left


@pytest.mark.parametrize("kind", ["full", "io", "kill"])
def test_no_fault_at_any_write_leaves_half_a_file(tmp_path, kind):
    with fault(10**6, kind) as left:
        before = small(tmp_path / "d.h5").read_bytes()
    n_writes = 10**6 - left[0]
    assert (
        n_writes > 25
    )  # HDF5's own writes, each dataset, the checksums, the mark, flushes and renaming
    for at in range(1, n_writes + 1):
        if kind == "kill":
            child = os.fork()
            if child == 0:
                with fault(at, kind):
                    small(tmp_path / "d.h5", source={"x": 2})
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        else:
            with (
                fault(at, kind),
                pytest.raises((OSError, DanqError), match=r"No space left|Input/output"),
            ):
                small(tmp_path / "d.h5", source={"x": 2})
            assert [path.name for path in tmp_path.iterdir()] == ["d.h5"], at
        # The file is there, whole: that of before, or at the very last (a flush after the renaming)
        # the new one.
        if (tmp_path / "d.h5").read_bytes() != before:
            assert at == n_writes and "'x': 2" in content(tmp_path / "d.h5")
    # What kills left behind is not in the way, and is cleared away.
    small(tmp_path / "d.h5", source={"x": 3})
    assert "'x': 3" in content(tmp_path / "d.h5") and [
        path.name for path in tmp_path.iterdir()
    ] == ["d.h5"]


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_that_cannot_reserve_space_is_written_to(tmp_path, monkeypatch, number):
    def refuse_to_reserve(*arguments):
        raise OSError(number, os.strerror(number))

    expected = content(small(tmp_path / "a.h5"))
    monkeypatch.setattr(os, "posix_fallocate", refuse_to_reserve)
    assert content(small(tmp_path / "b.h5")) == expected


def test_a_set_that_does_not_fit_on_the_disk_is_not_begun(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(
            "danq.data.dataset_writer.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})
        )
        with pytest.raises(
            DanqError, match=r"d\.h5: needs about 0 MB, and 0 MB are free; make room"
        ):
            small(tmp_path / "d.h5")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            small(tmp_path / "d.h5")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.glob(".d.h5*")) and not (tmp_path / "d.h5").exists()


def test_a_name_that_a_spreadsheet_takes_for_a_formula_is_told(capsys):
    warn_of_formulas(["CTCF", "1=1", "a@b", ""])
    assert capsys.readouterr().err == ""
    warn_of_formulas(["CTCF", "=1+1", "@SUM(A1)", "-x", "+y"])
    (line,) = capsys.readouterr().err.splitlines()
    what = "warning: target '=1+1' begins like a formula of a spreadsheet, as do 3 more; rename it"
    assert line.startswith(what)
