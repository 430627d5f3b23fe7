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


@pytest.mark.parametrize(
    ("variables", "sizes", "leads"),
    [
        ({}, (1, 1), True),
        ({}, (2, 1), True),
        ({"LOCAL_RANK": "0"}, (2, 1), True),
        ({"LOCAL_RANK": "1"}, (2, 1), False),
        # One of several independent trainings that srun started: each leads itself.
        ({"SLURM_NTASKS": "4", "SLURM_PROCID": "3"}, (1, 1), True),
        ({"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}, (2, 2), True),
        ({"SLURM_NTASKS": "4", "SLURM_PROCID": "3"}, (2, 2), False),
        ({"SLURM_NTASKS": "1", "SLURM_PROCID": "0", "LOCAL_RANK": "1"}, (2, 1), False),
        ({"TORCHELASTIC_RUN_ID": "x", "RANK": "0", "LOCAL_RANK": "0"}, (2, 2), True),
        ({"TORCHELASTIC_RUN_ID": "x", "RANK": "2", "LOCAL_RANK": "0"}, (2, 2), False),
        ({"NODE_RANK": "0"}, (1, 2), True),
        ({"NODE_RANK": "1"}, (1, 2), False),
        ({"NODE_RANK": "0", "LOCAL_RANK": "1"}, (2, 2), False),
    ],
)
def test_one_of_the_processes_that_share_a_training_leads(variables, sizes, leads, monkeypatch):
    names = ("LOCAL_RANK", "RANK", "NODE_RANK", "SLURM_PROCID", "SLURM_NTASKS")
    for name in (*names, "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert devices.leads_processes(*sizes) == leads
