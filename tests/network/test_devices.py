import os
import subprocess
import sys
import tempfile

import pytest
import torch

from danq import config
from danq.errors import DanqError
from danq.network import devices
from tests.conftest import refuse

CPU = torch.device("cpu")
MPS = torch.device("mps")


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


# --- Apple's GPUs ---


@pytest.fixture
def machine(monkeypatch):
    """Return a function that pretends which GPUs this machine has."""

    def pretend(cuda=0, mps=False, built=True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.backends.mps, "is_built", lambda: built)

    devices._announce_mps.cache_clear()
    return pretend


@pytest.mark.parametrize(
    ("gpus", "chosen"),
    [
        ({}, "cpu"),
        ({"mps": True}, "mps"),
        ({"cuda": 2}, "cuda"),
        ({"cuda": 1, "mps": True}, "cuda"),
    ],
)
def test_auto_is_the_fastest_kind_of_device(machine, gpus, chosen):
    machine(**gpus)
    assert devices.choose_device("auto") == torch.device(chosen)


def test_an_apple_gpu_is_announced_once_with_what_becomes_of_missing_operations(
    machine, monkeypatch, capsys
):
    machine(mps=True)
    monkeypatch.setenv("PYTORCH_ENABLE_MPS_FALLBACK", "1")
    for name in ("mps", "auto", "cpu"):
        devices.choose_device(name)
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "operations that PyTorch lacks there are computed on the CPU" in message


@pytest.mark.parametrize("value", [None, "0"])
def test_where_pytorch_does_not_fall_back_the_line_says_how_it_would(
    machine, monkeypatch, capsys, value
):
    machine(mps=True)
    monkeypatch.delenv("PYTORCH_ENABLE_MPS_FALLBACK", raising=False)
    if value:
        monkeypatch.setenv("PYTORCH_ENABLE_MPS_FALLBACK", value)
    devices.choose_device("mps")
    message = "set PYTORCH_ENABLE_MPS_FALLBACK=1 before Python starts"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("platform", "loaded", "value"),
    [("darwin", False, "1"), ("darwin", True, None), ("linux", False, None)],
)
def test_danq_asks_for_the_fallback_before_it_loads_pytorch(platform, loaded, value):
    code = (
        "import os, sys\n"
        f"sys.platform = {platform!r}\n"
        f"sys.modules.update({{'torch': None}} if {loaded} else {{}})\n"
        "import danq\n"
        "print(os.environ.get('PYTORCH_ENABLE_MPS_FALLBACK'))"
    )
    environment = {
        name: text for name, text in os.environ.items() if name != "PYTORCH_ENABLE_MPS_FALLBACK"
    }
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert result.stdout.strip() == str(value)


def test_a_missing_apple_gpu_is_refused_with_the_reason(machine):
    machine(built=False)
    reason = "this PyTorch is built without it"
    advice = "on a Mac with an Apple chip install PyTorch for arm64, elsewhere use auto or cpu"
    refuse(f"there is no device mps: {reason}; {advice}", devices.choose_device, "mps")
    machine(built=True)
    reason = "PyTorch finds no Apple GPU that it can use"
    refuse(
        f"there is no device mps: {reason}; update macOS, or use auto or cpu",
        devices.choose_device,
        "mps",
    )
    machine(mps=True)
    refuse(
        "there is no device cuda: PyTorch sees 0 GPUs; use auto or cpu",
        devices.choose_device,
        "cuda",
    )


def test_precisions_of_an_apple_gpu(machine):
    assert devices.choose_precision("auto", MPS) == "float32"
    assert devices.choose_precision("float32", MPS) == "float32"
    for name in ("bfloat16", "tf32"):
        with pytest.raises(DanqError, match=rf"precision {name} .*; use float32 or auto$"):
            devices.choose_precision(name, MPS)


def test_pytorch_has_no_rule_for_bfloat16_in_an_lstm_of_an_apple_gpu():
    """If it gets one, `choose_precision` may allow bfloat16 there."""
    has_kernel = torch._C._dispatch_has_kernel_for_dispatch_key
    assert has_kernel("aten::_thnn_fused_lstm_cell", "AutocastCUDA")
    assert not has_kernel("aten::_lstm_mps", "AutocastMPS")
    assert not has_kernel("aten::lstm.input", "AutocastMPS")


def test_precision_tf32_is_nvidias(machine):
    advice = "use float32, bfloat16 or auto on a CPU"
    refuse(f"precision tf32 needs an NVIDIA GPU; {advice}", devices.choose_precision, "tf32", CPU)
    assert devices.choose_precision("tf32", torch.device("cuda")) == "tf32"


@pytest.mark.parametrize(("n", "nodes"), [(2, 1), (1, 2)])
def test_batches_are_not_shared_between_apple_gpus(n, nodes):
    what = f"devices is {n} and nodes {nodes}, but on device mps there is one GPU"
    advice = "leave both at 1, or share batches between CPU processes (cpu)"
    refuse(f"{what}; {advice}", devices.open_fabric, MPS, "float32", n, nodes)
    with pytest.raises(ValueError, match="device mps is one GPU; leave devices and nodes at 1"):
        config.Train(device="mps", devices=n, nodes=nodes)


def test_float64_of_a_cpu_stays_where_it_is():
    X = torch.ones(2)
    assert devices.as_float64(X).dtype == torch.float64
    devices.synchronize(CPU)
