"""Kill trainings at many points, let them go on, and compare the weights bit for bit.

Every model is trained once undisturbed on a small random dataset while its points are counted:
before, within and after each step, each write of a state, each temporary file, flush and rename,
each validation and each final file. Then it is killed (SIGKILL, in a child process) at points
spread over all of them, once each, goes on in a second process, and has to end with the same
weights and the same history, but for times.

    python benchmarks/kill.py [--points 60] [--models danq deepsea ...]
"""

import argparse
import contextlib
import os
import pathlib
import signal
import sys
import tempfile

import numpy as np
import pandas as pd
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from danq import config
from danq.catalog import MODELS
from danq.data.dataset_writer import create_dataset
from danq.genome.sequence import pack
from danq.training import epoch, record
from danq.training.learner import Learner
from danq.training.train import train
from danq.training.validate import Validation

TIMES = ["seconds", "samples_per_s", "loading_share"]
POINTS = (
    (Learner, "learn"),
    (torch.optim.AdamW, "step"),
    (Validation, "score"),
    (epoch, "save_state"),
    (os, "replace"),
    (os, "fsync"),
    (pathlib.Path, "write_bytes"),
    (pathlib.Path, "touch"),
    (record, "write_checkpoint"),
    (record, "record_table"),
    (record, "record_text"),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=60, help="kill points of each model")
    parser.add_argument(
        "--models", nargs="+", default=sorted(MODELS), choices=sorted(MODELS), help="which models"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    epoch.SAVE_EVERY = 0  # a state at every step
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        make_dataset(folder / "dataset.h5")
        failed = [model for model in options.models if not survives(folder, model, options.points)]
    sys.exit(f"differ: {', '.join(failed)}" if failed else 0)


def make_dataset(path):
    """Write 96 training and 40 other windows of random bases and labels."""
    rng = np.random.default_rng(1)
    rows = {"train": 96, "valid": 20, "test": 20}
    targets = [("a", "g", ""), ("b", "g", "")]
    with create_dataset(
        path,
        window=400,
        bin_size=200,
        targets=targets,
        chromosomes={"c": 10**6},
        rows=np.array([[n] for n in rows.values()]),
        source={},
    ) as writer:
        for split, n in rows.items():
            labels = np.packbits(rng.integers(0, 2, (n, 2)), axis=1)
            writer.append(
                split,
                pack(rng.integers(0, 4, (n, 400), dtype=np.uint8)),
                labels,
                np.arange(n) * 400,
            )


def survives(folder, model, n_points):
    """Return whether all trainings of a model that were killed ended as the undisturbed one."""
    total = count_points(folder, model)
    points = np.unique(np.linspace(1, total, n_points).round().astype(int))
    same = 0
    for point in points.tolist():
        output = folder / f"{model}-{point}"
        if not in_child(train_until, folder, output, model, point):
            print(f"{model}: was not killed at point {point}")
        in_child(run, folder, output, model)
        same += equal(folder / f"{model}-undisturbed", output)
    print(
        f"{model:22} {len(points)} kill points of {total}: {same} end with the same bits",
        flush=True,
    )
    return same == len(points)


def run(folder, output, model):
    """Train a model, or go on."""
    settings = config.Train(
        scale=0.02, epochs=2, batch_size=16, shift=3, device="cpu", precision="float32"
    )
    with open(os.devnull, "w") as quiet, contextlib.redirect_stderr(quiet):
        train(
            folder / "dataset.h5",
            output / "m.ckpt",
            output / "h.tsv",
            output / "f.json",
            model=model,
            seed=1,
            settings=settings,
            motifs="",
            threads=1,
        )


def count_points(folder, model):
    """Train undisturbed, and count the points."""
    undisturbed = folder / f"{model}-undisturbed"
    undisturbed.mkdir()
    in_child(write_count, folder, undisturbed, model)
    return int((undisturbed / "points").read_text())


def write_count(folder, output, model):
    """Train, and write the number of points."""
    n_points = counted(run, folder, output, model)
    (output / "points").write_text(str(n_points))


def train_until(folder, output, model, point):
    """Train, and be killed at a point."""
    counted(run, folder, output, model, kill_at=point)


def counted(action, *arguments, kill_at=None):
    """Do something; return how many points it passed. The process is killed at point `kill_at`."""
    passed = 0

    def note():
        nonlocal passed
        passed += 1
        if passed == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrapped(function):
        def call(*given, **named):
            note()
            result = function(*given, **named)
            note()
            return result

        return call

    with contextlib.ExitStack() as stack:
        for owner, name in POINTS:
            original = getattr(owner, name)
            setattr(owner, name, wrapped(original))
            stack.callback(setattr, owner, name, original)
        action(*arguments)
    return passed


def in_child(action, *arguments):
    """Do something in a child process; return whether it was killed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            action(*arguments)
            status = 0
        finally:
            os._exit(status)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def equal(a, b):
    """Return whether two trainings ended with the same weights and history."""
    weights = [torch.load(output / "m.ckpt", weights_only=True)["weights"] for output in (a, b)]
    histories = [pd.read_csv(output / "h.tsv", sep="\t").drop(columns=TIMES) for output in (a, b)]
    same = all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    return same and histories[0].equals(histories[1])


if __name__ == "__main__":
    main()
