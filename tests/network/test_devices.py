import os
import subprocess
import sys
import tempfile

import pytest

from danq.network import devices


@pytest.fixture
def two_gpus(tmp_path, monkeypatch):
    """Pretend that this machine has two free GPUs; return the folder of the locks."""
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho GPU-aa\necho GPU-bb\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "_locks", [])
    monkeypatch.setattr(devices, "WAIT", 0.01)
    yield tmp_path
    for lock in devices._locks:
        lock.close()


def elsewhere(folder, name):
    """Hold a GPU in another process; ends when its input is closed."""
    lock = str(folder / f"danq-{name}.lock")
    code = (
        f"import fcntl, sys; f = open({lock!r}, 'a'); fcntl.flock(f, 2); "
        "print(flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.stdout.readline()
    return process


def test_a_gpu_that_another_training_holds_is_not_taken(two_gpus):
    with elsewhere(two_gpus, "GPU-aa") as other:
        devices.hold_gpus(1)
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-bb"
        other.stdin.close()


def test_a_training_waits_until_enough_gpus_are_free(two_gpus, monkeypatch, capsys):
    with elsewhere(two_gpus, "GPU-bb") as other:

        def wait(seconds):
            assert not devices._locks, "what is not enough is let go"
            other.stdin.close()
            other.wait()

        monkeypatch.setattr(devices.time, "sleep", wait)
        devices.hold_gpus(2)
    assert len(devices._locks) == 2
    assert capsys.readouterr().err == "waiting for 2 of 2 GPUs; other trainings hold 1\n"


@pytest.mark.parametrize(
    ("variable", "n"), [("CUDA_VISIBLE_DEVICES", 1), ("LOCAL_RANK", 1), (None, 3)]
)
def test_gpus_that_were_chosen_are_left_alone_and_too_many_are_not_taken(
    two_gpus, monkeypatch, variable, n
):
    if variable:
        monkeypatch.setenv(variable, "1")
    devices.hold_gpus(n)
    assert devices._locks == []
