"""Whole-genome prediction: bins a CPU second beside two loops, and memory by the number of windows.

    python benchmarks/predict.py            # about five minutes on one core
    python benchmarks/predict.py --memory   # 1, 10 and 100 times as many windows, a process each

The loops predict the same windows with the same network, one thread, both strands, batches of
256: what a program does that cuts windows out of text and encodes each, and the forward passes
alone on windows that are encoded already (the limit). All three must give the same probabilities
before their times are compared.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from danq.cli import main as danq
from danq.data.bins import read_bins
from danq.network.checkpoint import write_checkpoint
from danq.network.models import build
from danq.network.trained import load

WINDOW = 1000
BIN = 200
TARGETS = 16
BATCH = 256
OPTIONS = {
    "dropout": 1.0,
    "head": "dense",
    "gates": "sigmoid",
    "stem": "relu",
    "filter_width": None,
    "filter_scale": 1.0,
    "recipe": "auto",
}


def write_model(path, name, scale):
    """Write an untrained network; how well it predicts does not change its time."""
    data_facts = {
        "format_version": 2,
        "window": WINDOW,
        "bin_size": BIN,
        "alphabet": "ACGT",
        "assembly": "random",
        "names": [f"t{number}" for number in range(TARGETS)],
        "groups": ["TF"] * TARGETS,
        "training_windows": "0" * 64,
        "splits": None,
    }
    torch.manual_seed(0)
    network = build(name, WINDOW, TARGETS, scale=scale)
    facts = {"model": name, "seed": 0, "options": {**OPTIONS, "model": name, "scale": scale}}
    write_checkpoint(path, network.state_dict(), facts, data_facts)


def write_genome(path, length):
    """Write a random chromosome."""
    indices = np.random.default_rng(0).integers(0, 4, length)
    text = np.frombuffer(b"ACGT", dtype=np.uint8)[indices].tobytes().decode()
    lines = [text[start : start + 60] for start in range(0, length, 60)]
    path.write_text(">chr1\n" + "\n".join(lines) + "\n")
    return text


def bin_starts(length):
    """Return the bins of a chromosome whose windows fit."""
    flank = (WINDOW - BIN) // 2
    return range(flank, length - WINDOW + flank + 1, BIN)


def forward(model, X):
    """Return the mean probability of both strands."""
    with torch.inference_mode():
        first = torch.sigmoid(model.network(X))
        second = torch.sigmoid(model.network(X.flip(1, 2)))
    return ((first + second) / 2).numpy()


def by_text(model, text):
    """Cut windows out of text and encode them one by one."""
    code = {"A": 0, "C": 1, "G": 2, "T": 3}
    flank = (WINDOW - BIN) // 2
    starts = list(bin_starts(len(text)))
    found = []
    for first in range(0, len(starts), BATCH):
        batch = []
        for start in starts[first : first + BATCH]:
            window = text[start - flank : start - flank + WINDOW]
            one_hot = np.zeros((4, WINDOW), dtype=np.float32)
            one_hot[[code[base] for base in window], np.arange(WINDOW)] = 1
            batch.append(one_hot)
        found.append(forward(model, torch.from_numpy(np.stack(batch))))
    return np.concatenate(found)


def encoded_windows(text):
    """Return all windows, one-hot, uint8 (n, 4, WINDOW): a view of the whole chromosome."""
    bases = np.frombuffer(text.encode(), dtype=np.uint8)
    one_hot = np.stack([bases == ord(base) for base in "ACGT"]).astype(np.uint8)
    flank = (WINDOW - BIN) // 2
    starts = np.array(bin_starts(len(text))) - flank
    views = np.lib.stride_tricks.sliding_window_view(one_hot, WINDOW, axis=1)
    return np.ascontiguousarray(views[:, starts].transpose(1, 0, 2))


def forward_passes_alone(model, windows):
    """Predict windows that are encoded already."""
    found = []
    for first in range(0, len(windows), BATCH):
        found.append(forward(model, torch.from_numpy(windows[first : first + BATCH]).float()))
    return np.concatenate(found)


def timed(function, *arguments):
    """Return what a function returns, and its CPU seconds."""
    start = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - start


def by_danq(folder):
    """Run danq predict --genome, the whole command but Python's start."""
    arguments = ["--checkpoint", folder / "model.ckpt", "--genome", folder / "genome.fa"]
    options = ["--h5", folder / "bins.h5", "--device", "cpu", "--threads", "1"]
    status = danq(["predict", *map(str, arguments), *map(str, options)])
    assert status == 0
    return read_bins(folder / "bins.h5").rows.probabilities


def compare(name, scale, length, repeats):
    """Print bins a CPU second of the three ways, and danq's as ratios."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_model(folder / "model.ckpt", name, scale)
        text = write_genome(folder / "genome.fa", length)
        model = load(folder / "model.ckpt", device="cpu", threads=1)
        windows = encoded_windows(text)
        best = {}
        for _ in range(repeats):
            for what, function, arguments in (
                ("danq predict", by_danq, (folder,)),
                ("windows cut out of text", by_text, (model, text)),
                ("forward passes alone", forward_passes_alone, (model, windows)),
            ):
                found, seconds = timed(function, *arguments)
                expected = best.get("forward passes alone", (found, 0))[0]
                np.testing.assert_allclose(found, expected, atol=1e-6)
                if what not in best or seconds < best[what][1]:
                    best[what] = (found, seconds)
    ours = best["danq predict"][1]
    for what, (_, seconds) in best.items():
        rate = len(windows) / seconds
        ratio = f"danq predict takes {ours / seconds:.2f} of its time"
        print(f"{name}, scale {scale}: {what}: {rate:,.0f} bins/s; {ratio}")


MEASURE = """
import sys
from danq.cli import main
assert main(sys.argv[1:]) == 0
print(*[line for line in open("/proc/self/status") if line.startswith("VmHWM")])
"""


def memory(length):
    """Print the largest memory of one prediction, in a process of its own (Linux)."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_model(folder / "model.ckpt", "danq_conv", 0.05)
        write_genome(folder / "genome.fa", length)
        command = [sys.executable, "-c", MEASURE, "predict", "--checkpoint", folder / "model.ckpt"]
        options = ["--genome", folder / "genome.fa", "--h5", folder / "bins.h5", "--threads", "1"]
        words = [*map(str, command), *map(str, options)]
        answer = subprocess.run(words, capture_output=True, text=True, check=True)
    kilobytes = int(answer.stdout.split()[1])
    windows = len(bin_starts(length))
    print(f"{windows:,} windows of {length / 1e6:g} Mb: {kilobytes / 1024:.0f} MB at most")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--length", type=int, help="bases of the genome")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.memory:
        for length in (300_000, 3_000_000, 30_000_000):
            memory(length)
    else:
        for name in ("danq", "deepsea"):
            compare(name, 0.2, arguments.length or 1_000_000, arguments.repeats)


if __name__ == "__main__":
    main()
