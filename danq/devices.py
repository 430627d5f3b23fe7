"""Where a model computes, and in which numbers: one CPU or GPU, or several processes that share each batch."""

import logging
import os

import torch

from danq.errors import DanqError


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
        raise DanqError(f"device {name} is not here: PyTorch sees {torch.cuda.device_count()} GPUs; use auto or cpu")
    return torch.device(name)


def choose_precision(name, device):
    """Return float32, tf32 or bfloat16; "auto" is bfloat16 where the hardware computes in it, else float32.

    Raises
    ------
    DanqError
        tf32 without a GPU.
    """
    if name == "auto":
        native = torch.cuda.is_bf16_supported if device.type == "cuda" else torch.cpu._is_avx512_bf16_supported
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
        raise DanqError(f"devices is {devices}, but PyTorch sees {torch.cuda.device_count()} GPUs; give no more")
    if nodes > 1 and not {"SLURM_NTASKS", "TORCHELASTIC_RUN_ID", "NODE_RANK"} & set(os.environ):
        raise DanqError(f"nodes is {nodes}, but nothing started the processes on the others; use srun or torchrun")
    set_tf32(precision == "tf32")
    several = devices * nodes > 1
    one = [device.index] if device.index is not None else devices
    if several and nodes == 1 and "MASTER_ADDR" not in os.environ:
        os.environ["MASTER_ADDR"] = "127.0.0.1"  # a host name may not resolve
    try:
        # A process alone is none of those that Slurm or torchrun may have started around it.
        fabric = Fabric(accelerator=device.type, devices=one, num_nodes=nodes, strategy="ddp" if several else "auto",
                        precision="bf16-mixed" if precision == "bfloat16" else "32-true",
                        plugins=None if several else LightningEnvironment())
        fabric.launch()
    except (RuntimeError, ValueError) as error:  # what it says of Slurm's tasks
        raise DanqError(f"devices {devices} and nodes {nodes}: {str(error).splitlines()[0]}") from error
    if fabric.world_size != devices * nodes:
        raise DanqError(f"devices {devices} on nodes {nodes} need as many processes, but {fabric.world_size} were "
                        "started; give srun --ntasks-per-node the number of devices")
    return fabric


def set_tf32(on):
    """Say whether a GPU's float32 products and convolutions may be short; PyTorch's defaults for the two differ."""
    torch.set_float32_matmul_precision("high" if on else "highest")
    torch.backends.cudnn.allow_tf32 = on
