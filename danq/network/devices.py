"""Where a model computes, and in which numbers: one CPU or GPU, or several processes that share each batch."""

import fcntl
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time

import torch

from danq.errors import DanqError

WAIT = 20  # seconds between two looks for a free GPU
_held = []  # open files: the locks of this process's GPUs, until it ends


def hold_gpus(n):
    """Take `n` of this machine's NVIDIA GPUs for this process alone, and wait while other trainings hold them.

    Snakemake counts GPUs and gives none: two trainings at once would both take the first. To be called before PyTorch
    looks for GPUs, since it is told of the choice by the variable CUDA_VISIBLE_DEVICES. Where that is set, someone has
    chosen (Slurm, or the user), and nothing is done; nor where there are fewer than `n`.

    Parameters
    ----------
    n : int
        How many.
    """
    chosen_already = {"CUDA_VISIBLE_DEVICES", "LOCAL_RANK"} & set(
        os.environ
    )  # the latter: one of our own processes
    if _held or chosen_already or not shutil.which("nvidia-smi"):
        return
    told = subprocess.run(
        ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    )
    names = told.stdout.split() if told.returncode == 0 else []
    while 0 < n <= len(names) and not _held:
        locks = {name: lock for name in names if (lock := _lock(name))}
        chosen = list(locks)[:n] if len(locks) >= n else []
        _held.extend(locks.pop(name) for name in chosen)
        for lock in locks.values():
            lock.close()
        if chosen and n < len(names):
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(chosen)
        elif not chosen:
            print(
                f"waiting for {n} of {len(names)} GPUs; other trainings hold {len(names) - len(locks)}",
                file=sys.stderr,
                flush=True,
            )
            time.sleep(WAIT)


def _lock(name):
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


def choose_device(name):
    """Return the torch.device called `name`; "auto" is a GPU if there is one.

    Raises
    ------
    DanqError
        There is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    known = ["cpu", "cuda", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if name not in known or (name.startswith("cuda") and not torch.cuda.is_available()):
        raise DanqError(
            f"device {name} is not here: PyTorch sees {torch.cuda.device_count()} GPUs; use auto or cpu"
        )
    return torch.device(name)


def choose_precision(name, device):
    """Return float32, tf32 or bfloat16; "auto" is bfloat16 where the hardware computes in it, else float32.

    Raises
    ------
    DanqError
        tf32 without a GPU.
    """
    if name == "auto":
        native = (
            torch.cuda.is_bf16_supported
            if device.type == "cuda"
            else torch.cpu._is_avx512_bf16_supported
        )
        return "bfloat16" if native() else "float32"
    if name == "tf32" and device.type != "cuda":
        raise DanqError("precision tf32 is of GPUs; use float32, bfloat16 or auto on a CPU")
    return name


def open_fabric(device, precision, devices, nodes):
    """Start the processes that share a training, and say in which numbers they compute.

    Parameters
    ----------
    device : torch.device
        Kind of device, or one GPU.
    precision : {"float32", "tf32", "bfloat16"}
        With float32 and bfloat16, products of float32 numbers keep all their digits.
    devices, nodes : int
        Processes of each machine, and machines.

    Returns
    -------
    lightning_fabric.Fabric
        Launched: where there are several processes, this one is one of them.

    Raises
    ------
    DanqError
        There are fewer GPUs, or another number of processes was started.
    """
    from lightning_fabric import Fabric  # slow to load
    from lightning_fabric.plugins.environments import LightningEnvironment

    # Only what it warns of: our own log says where and in which numbers a training runs.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    if device.type == "cuda" and devices > torch.cuda.device_count():
        raise DanqError(
            f"devices is {devices}, but PyTorch sees {torch.cuda.device_count()} GPUs; give no more"
        )
    if nodes > 1 and not {"SLURM_NTASKS", "TORCHELASTIC_RUN_ID", "NODE_RANK"} & set(os.environ):
        raise DanqError(
            f"nodes is {nodes}, but nothing started the processes on the others; use srun or torchrun"
        )
    set_tf32(precision == "tf32")
    several = devices * nodes > 1
    # Slurm, and Snakemake on it, may have started one process of a node: the others are then ours to start.
    ours = (
        nodes == 1
        and os.environ.get("SLURM_NTASKS", "1") == "1"
        and "TORCHELASTIC_RUN_ID" not in os.environ
    )
    one = [device.index] if device.index is not None else devices
    if several and nodes == 1 and "MASTER_ADDR" not in os.environ:
        os.environ["MASTER_ADDR"] = "127.0.0.1"  # a host name may not resolve
    try:
        fabric = Fabric(
            accelerator=device.type,
            devices=one,
            num_nodes=nodes,
            strategy="ddp" if several else "auto",
            precision="bf16-mixed" if precision == "bfloat16" else "32-true",
            plugins=LightningEnvironment() if ours or not several else None,
        )
        fabric.launch()
    except (RuntimeError, ValueError) as error:  # what it says of Slurm's tasks
        raise DanqError(
            f"devices {devices} and nodes {nodes}: {str(error).splitlines()[0]}"
        ) from error
    if fabric.world_size != devices * nodes:
        raise DanqError(
            f"devices {devices} on nodes {nodes} need as many processes, but {fabric.world_size} were "
            "started; give srun --ntasks-per-node the number of devices"
        )
    return fabric


def set_tf32(on):
    """Say whether a GPU's float32 products and convolutions may be short; PyTorch's defaults for the two differ."""
    torch.set_float32_matmul_precision("high" if on else "highest")
    torch.backends.cudnn.allow_tf32 = on
