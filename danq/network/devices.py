"""Where a model computes, and in which precision.

On one CPU or GPU, or in several processes that share each batch.
"""

import fcntl
import functools
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, TextIO

import torch

from danq.errors import DanqError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

FALLBACK = "PYTORCH_ENABLE_MPS_FALLBACK"
"""The variable by which PyTorch computes on the CPU what it lacks on an Apple GPU; it is read while
PyTorch is loaded, so `danq/__init__.py` sets it
(https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/mps/MPSFallback.mm)."""

WAIT = 20  # seconds between two looks for a free GPU
_locks: list[TextIO] = []  # open files: the locks of this process's GPUs, until it ends


def hold_gpus(n: int) -> None:
    """Take `n` of this machine's NVIDIA GPUs for this process alone; wait while others hold them.

    Snakemake counts GPUs but assigns none: two trainings at once would both take the first. Call it
    before PyTorch looks for GPUs: the choice reaches PyTorch by the variable CUDA_VISIBLE_DEVICES.
    Where that is set, Slurm or the user has chosen already, and nothing is done; nor where the
    machine has fewer than `n` GPUs.
    """
    if _locks or _is_chosen():
        return
    names = _gpu_names()
    if not 0 < n <= len(names):
        return
    while not _hold(names, n):
        time.sleep(WAIT)


def _is_chosen() -> bool:
    """Say whether someone has chosen the GPUs of this process."""
    ours = "LOCAL_RANK" in os.environ  # one of our own processes
    return ours or "CUDA_VISIBLE_DEVICES" in os.environ


def _gpu_names() -> list[str]:
    """Return the names of this machine's NVIDIA GPUs, without asking PyTorch."""
    if shutil.which("nvidia-smi") is None:
        return []
    listing = subprocess.run(
        ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    )
    return listing.stdout.split() if listing.returncode == 0 else []


def _hold(names: list[str], n: int) -> bool:
    """Lock `n` of these GPUs and choose them, or release all; return whether enough were free."""
    locks = {}
    for name in names:
        lock = _lock(name)
        if lock is not None:
            locks[name] = lock
    chosen = list(locks)[:n] if len(locks) >= n else []
    for name, lock in locks.items():
        if name in chosen:
            _locks.append(lock)
        else:
            lock.close()
    if not chosen:
        busy = len(names) - len(locks)
        message = f"waiting for {n} of {len(names)} GPUs; other trainings hold {busy}"
        print(message, file=sys.stderr, flush=True)
        return False
    if n < len(names):
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(chosen)
    return True


def _lock(name: str) -> TextIO | None:
    """Return the open, locked file that stands for a GPU, or None when another process has it."""
    path = os.path.join(tempfile.gettempdir(), f"danq-{name}.lock")
    try:
        file = open(path)  # one that another user made can be locked, too
    except FileNotFoundError:
        file = open(path, "a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def choose_device(name: str) -> torch.device:
    """Return the torch.device called `name`; "auto" is the fastest kind that there is.

    An Apple GPU is announced in a line of standard error, once in a process.

    Raises
    ------
    DanqError
        There is no such device.
    """
    if name == "auto":
        name = _fastest()
    if name not in _device_names():
        raise _no_device(name)
    if name == "mps":
        _announce_mps()
    return torch.device(name)


def _fastest() -> str:
    """Return the kind of device that "auto" stands for: a GPU if there is one."""
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"


def _device_names() -> list[str]:
    """Return the names of the devices of this machine."""
    names = ["cpu"]
    if torch.backends.mps.is_available():
        names.append("mps")
    if torch.cuda.is_available():
        names.append("cuda")
        names += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return names


def _no_device(name: str) -> DanqError:
    """Return the error that a device is not there."""
    if name != "mps":
        n_gpus = torch.cuda.device_count()
        what = f"there is no device {name}: PyTorch sees {n_gpus} GPUs"
        return DanqError(f"{what}; use auto or cpu")
    if torch.backends.mps.is_built():
        reason = "PyTorch finds no Apple GPU that it can use"
        advice = "update macOS, or use auto or cpu"
    else:
        reason = "this PyTorch is built without it"
        advice = "on a Mac with an Apple chip install PyTorch for arm64, elsewhere use auto or cpu"
    return DanqError(f"there is no device mps: {reason}; {advice}")


@functools.cache
def _announce_mps() -> None:
    """Say, once in a process, what becomes of operations that PyTorch lacks on an Apple GPU."""
    if os.environ.get(FALLBACK, "0") != "0":
        fate = "are computed on the CPU, and PyTorch names each once"
    else:
        fate = f"end danq; set {FALLBACK}=1 before Python starts to compute them on the CPU"
    message = f"device mps: Apple's GPU; operations that PyTorch lacks there {fate}"
    print(message, file=sys.stderr, flush=True)


def choose_precision(name: str, device: torch.device) -> str:
    """Return the precision to compute in.

    Parameters
    ----------
    name : {"auto", "float32", "tf32", "bfloat16"}
        "auto" is bfloat16 where the hardware computes in it, else float32; float32 on an Apple GPU.
    device : torch.device
        Where to compute.

    Returns
    -------
    {"float32", "tf32", "bfloat16"}

    Raises
    ------
    DanqError
        tf32 without an NVIDIA GPU, or bfloat16 on an Apple GPU.
    """
    if name == "auto":
        return "bfloat16" if _has_bfloat16(device) else "float32"
    if name == "tf32" and device.type != "cuda":
        what = "precision tf32 needs an NVIDIA GPU"
        raise DanqError(f"{what}; use {_precisions(device)}")
    if name == "bfloat16" and device.type == "mps":
        # PyTorch casts the inputs of its LSTM for NVIDIA's GPUs and for CPUs only: autocast has no
        # rule for `aten::_lstm_mps`, which would get weights and inputs of two types.
        what = "precision bfloat16 does not exist on device mps"
        raise DanqError(f"{what}; use {_precisions(device)}")
    return name


def _precisions(device: torch.device) -> str:
    """Return the precisions that a device other than an NVIDIA GPU has, as advice."""
    if device.type == "mps":
        return "float32 or auto"
    return "float32, bfloat16 or auto on a CPU"


def _has_bfloat16(device: torch.device) -> bool:
    """Say whether the hardware computes in bfloat16, and PyTorch on it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type == "mps":
        return False
    return torch.cpu._is_avx512_bf16_supported()


def as_float64(X: torch.Tensor) -> torch.Tensor:
    """Return X in float64; on the CPU where X is on an Apple GPU, which has no such numbers."""
    if X.device.type == "mps":
        X = X.cpu()
    return X.double()


def synchronize(device: torch.device) -> None:
    """Wait until a device has done all that it was given; `device` is where the work was queued."""
    torch.get_device_module(device).synchronize()


def open_fabric(device: torch.device, precision: str, devices: int, nodes: int) -> "Fabric":
    """Start the processes that share a training, and set the precision in which they compute.

    Parameters
    ----------
    device : torch.device
        Kind of device, or one GPU.
    precision : {"float32", "tf32", "bfloat16"}
        With float32 and bfloat16, products of float32 numbers keep all their digits.
    devices, nodes : int
        Processes on each machine, and number of machines.

    Returns
    -------
    lightning_fabric.Fabric
        Launched: where there are several processes, this one is one of them.

    Raises
    ------
    DanqError
        There are fewer GPUs, the processes do not start, or another number of them was started.
    """
    _refuse_missing_devices(device, devices, nodes)
    set_tf32(precision == "tf32")
    if devices > 1 and nodes == 1:
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")  # a host name may not resolve
    try:
        fabric = _make_fabric(device, precision, devices, nodes)
        fabric.launch()
    except (RuntimeError, ValueError) as error:  # as when Slurm's tasks do not match
        reason = str(error).splitlines()[0]
        raise DanqError(f"devices {devices} and nodes {nodes}: {reason}") from error
    if fabric.world_size != devices * nodes:
        what = f"devices {devices} and nodes {nodes} need {devices * nodes} processes"
        started = f"but {fabric.world_size} were started"
        advice = "give srun --ntasks-per-node the number of devices"
        raise DanqError(f"{what}, {started}; {advice}")
    return fabric


def _refuse_missing_devices(device: torch.device, devices: int, nodes: int) -> None:
    """Refuse more GPUs than there are, and other machines where nothing started the processes."""
    if device.type == "mps" and devices * nodes > 1:
        what = f"devices is {devices} and nodes {nodes}, but on device mps there is one GPU"
        raise DanqError(f"{what}; leave both at 1, or share batches between CPU processes (cpu)")
    n_gpus = torch.cuda.device_count()
    if device.type == "cuda" and devices > n_gpus:
        what = f"devices is {devices}, but PyTorch sees {n_gpus} GPUs"
        raise DanqError(f"{what}; give no more")
    launchers = {"SLURM_NTASKS", "TORCHELASTIC_RUN_ID", "NODE_RANK"}
    if nodes > 1 and not launchers & set(os.environ):
        what = f"nodes is {nodes}, but nothing started the processes on the others"
        raise DanqError(f"{what}; use srun or torchrun")


def _make_fabric(device: torch.device, precision: str, devices: int, nodes: int) -> "Fabric":
    """Return Lightning's Fabric, not launched."""
    from lightning_fabric import Fabric  # slow to load
    from lightning_fabric.plugins.environments import LightningEnvironment

    # Only its warnings: our own log says where and in which precision a training runs.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    several = devices * nodes > 1
    environment = None
    if not several or _starts_processes(nodes):
        environment = LightningEnvironment()
    return Fabric(
        accelerator=device.type,
        devices=devices if device.index is None else [device.index],
        num_nodes=nodes,
        strategy="ddp" if several else "auto",
        precision="bf16-mixed" if precision == "bfloat16" else "32-true",
        plugins=environment,
    )


def leads_processes(devices: int, nodes: int) -> bool:
    """Say whether this process leads those that share a training, before `open_fabric` starts them.

    Parameters
    ----------
    devices, nodes : int
        Processes on each machine, and number of machines.

    Returns
    -------
    bool
        True for the only process of a training.
    """
    if devices * nodes == 1:
        return True
    if "TORCHELASTIC_RUN_ID" in os.environ:
        names = ["RANK"]
    elif _starts_processes(nodes):
        names = ["LOCAL_RANK"]  # Lightning sets it in the processes that it starts
    else:
        names = ["SLURM_PROCID", "NODE_RANK", "LOCAL_RANK"]
    ranks = {os.environ.get(name, "0") for name in names}
    return ranks == {"0"}


def _starts_processes(nodes: int) -> bool:
    """Say whether danq has to start the processes itself.

    Slurm, and Snakemake on it, may have started one process of a node: the others are then ours.
    """
    if nodes > 1 or "TORCHELASTIC_RUN_ID" in os.environ:
        return False
    return os.environ.get("SLURM_NTASKS", "1") == "1"


def set_tf32(on: bool) -> None:
    """Allow TF32 (10 bits of mantissa) in a GPU's float32 products and convolutions, or forbid it.

    PyTorch's defaults for products and convolutions differ.
    """
    torch.set_float32_matmul_precision("high" if on else "highest")
    torch.backends.cudnn.allow_tf32 = on
