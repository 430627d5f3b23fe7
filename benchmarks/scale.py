"""Memory and time of the phases of `danq extract`, `danq train` and `danq predict`.

Runs one step in this process, in full, and prints for each of its phases the seconds by the wall,
the CPU seconds, and the largest memory while it ran (VmHWM, reset before each phase; Linux). Pages
of files that the system may take back do not count.

    python benchmarks/make_data.py --output bench --genome-length 500000000 --chromosomes 10 \
        --targets 5000 --peaks 11150000
    python benchmarks/scale.py extract --data bench --output bench/out --train-bins all
    python benchmarks/scale.py train --data bench --output bench/out --steps 300
    python benchmarks/scale.py predict --data bench --output bench/out
    python benchmarks/scale.py loader --windows 15000000 --targets 5000

`loader` needs no data: it makes the batches of an epoch, and measures a validation, of a set of any
size that repeats 65,536 random windows, a quarter of them labelled for a tenth of the targets. It
shows what training holds for each window and label, without a file or a network.

Further options are danq's own. `--steps` ends each epoch after so many steps.
"""

import argparse
import contextlib
import importlib
import sys
import time
from pathlib import Path

PHASES = {
    "extract": [
        "danq.data.inputs._provenance",
        "danq.data.inputs.read_genome",
        "danq.data.inputs._label",
        "danq.data.extract.choose",
        "danq.data.extract.refuse_one_sided",
        "danq.data.extract._write_windows",
    ],
    "train": [
        "danq.data.dataset.problems",
        "danq.training.train.Epochs",
        "danq.training.learner.describe_training_set",
        "danq.training.learner._open_loader",
        "danq.training.learner.choose_filters",
        "danq.training.filters._sample_rows",
        "danq.training.filters.find_enriched",
        "danq.network.batches.Loader.schedule",
        "danq.network.batches.Loader._load",
        "danq.training.epoch._train",
        "danq.training.validate.Validation._predict",
        "danq.training.validate.Validation._losses",
        "danq.training.validate.measure",
        "danq.training.watch.Watch.look",
        "danq.training.epoch.save_state",
        "danq.training.record.Record.write",
    ],
    "predict": ["danq.data.dataset.problems", "danq.network.predict.load"],
    "loader": [
        "danq.data.dataset.Dataset.label_counts",
        "danq.network.batches._weights",
        "danq.network.batches.Loader.schedule",
        "danq.network.batches.Loader._load",
        "danq.training.filters._sample_rows",
        "danq.training.validate.Validation",
        "danq.training.validate.mean_loss",
        "danq.training.validate.measure",
    ],
}
"""Functions that are timed, by step; one that a version of danq lacks is left out."""


def main():
    """Read the command line and run the step."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=list(PHASES))
    parser.add_argument("--data", type=Path, help="what make_data.py wrote")
    parser.add_argument("--output", type=Path, help="folder for danq's files")
    parser.add_argument("--windows", type=int, default=15_000_000, help="of loader: for training")
    parser.add_argument("--valid", type=int, default=750_000, help="of loader: for validation")
    parser.add_argument("--targets", type=int, default=5_000, help="of loader")
    parser.add_argument("--memory", type=float, default=8.0, help="of loader: train.memory (GB)")
    parser.add_argument("--steps", type=int, help="steps of an epoch, at most")
    arguments, arguments.options = parser.parse_known_args()
    clock = Phases()
    clock.watch(PHASES[arguments.step])
    if arguments.steps is not None:
        limit_steps(arguments.steps)
    with clock.phase(f"{arguments.step}, all of it"):
        if arguments.step == "loader":
            load_and_validate(arguments)
        else:
            arguments.output.mkdir(parents=True, exist_ok=True)
            run(command(arguments))
    clock.report()


def command(arguments):
    """Return danq's command line."""
    out = arguments.output
    if arguments.step == "extract":
        files = [
            "--genome",
            arguments.data / "genome.fa",
            "--targets",
            arguments.data / "targets.tsv",
        ]
        files += ["--output", out / "dataset.h5", "--table", out / "targets.tsv"]
        splits = ["--valid", "chr2", "--test", "chr3"]
        return [arguments.step, *files, *splits, *arguments.options]
    files = ["--dataset", out / "dataset.h5", "--checkpoint", out / "model.ckpt", "--threads", "1"]
    if arguments.step == "train":
        files += ["--history", out / "history.tsv", "--facts", out / "train.json"]
        return ["train", "--model", "danq", "--seed", "0", *files, *arguments.options]
    return ["predict", *files, "--split", "test", "--output", out / "p.h5", *arguments.options]


def run(words):
    """Run danq in this process."""
    from danq.cli import main as danq

    danq([str(word) for word in words])


def limit_steps(most):
    """End each epoch after so many steps; everything else is as in a whole training."""
    learner = importlib.import_module("danq.training.learner")
    whole = learner.steps_of_epoch
    learner.steps_of_epoch = lambda loader, options: min(most, whole(loader, options))


def load_and_validate(arguments):
    """Make batches, and measure a validation, of a set that is not there."""
    import numpy as np
    import torch

    from danq.network.batches import Loader
    from danq.training import filters, validate

    rng = np.random.default_rng(0)
    data = repeated(rng, arguments)
    memory = arguments.memory * 1e9
    data.label_counts("train")
    loader = Loader(
        data, torch.device("cpu"), memory, negatives=3, balance=True, epoch_size=125_000
    )
    for epoch in range(2):
        schedule = loader.schedule(0, epoch)
        for first in range(0, 64 * 100, 64):
            loader.batch(schedule, first, first + 64)
    loader.in_memory = {}
    filters._sample_rows(data, rng)
    validation = validate.Validation(data, validate.SHARE * memory)
    shape = (2, *validation.labels.shape)
    print(f"validation: {validation.facts()}")
    probabilities = rng.random(shape, dtype=np.float32)
    validation._losses(probabilities)
    validate.measure(validation.labels, probabilities.mean(axis=0), names=["auprc", "auroc"])


def repeated(rng, arguments):
    """Return a dataset that repeats some random windows."""
    import numpy as np

    from danq.data.dataset import Dataset

    n = 65_536
    labels = rng.random((n, arguments.targets), dtype=np.float32) < 0.1
    labels[np.arange(n) % 32 >= 8] = False
    packed = {
        "labels": np.packbits(labels, axis=1),
        "sequences": rng.integers(0, 256, (n, 125, 4), dtype=np.uint8),
    }
    lengths = {"train": arguments.windows, "valid": arguments.valid}

    def rows_of(column):
        def read(split, rows):
            first, last, step = rows.indices(lengths[split])
            if last - first == n and first % n == 0 and step == 1:
                return packed[column].copy()
            return packed[column][np.arange(first, last, step) % n]

        return read

    data = Dataset.__new__(Dataset)
    data.window, data.bin_size, data._label_counts = 1000, 200, {}
    data.margin = 0
    data.names = [f"t{index}" for index in range(arguments.targets)]
    data.length = lengths.__getitem__
    data.packed_labels = rows_of("labels")
    data.packed_sequences = rows_of("sequences")
    return data


class Phases:
    """Times and memory of phases, which may lie inside each other."""

    def __init__(self):
        self.open = []
        self.rows = []

    def watch(self, names):
        """Time functions, by their full names."""
        for name in names:
            owner, attribute = resolve(name)
            function = getattr(owner, attribute, None)
            if function is not None:
                setattr(owner, attribute, self.timed(function, name.removeprefix("danq.")))

    def timed(self, function, name):
        """Return a function that does the same as a phase."""

        def call(*arguments, **options):
            with self.phase(name):
                result = function(*arguments, **options)
                return iter(list(result)) if name.endswith("problems") else result

        return call

    @contextlib.contextmanager
    def phase(self, name):
        """Time what happens inside."""
        self.note_peak()
        row = {"name": name, "depth": len(self.open), "peak": 0.0}
        self.rows.append(row)
        self.open.append(row)
        before = memory("VmRSS")
        wall, cpu = time.monotonic(), time.process_time()
        try:
            yield
        finally:
            row["wall"] = time.monotonic() - wall
            row["cpu"] = time.process_time() - cpu
            self.note_peak()
            row["more"] = memory("VmRSS") - before
            self.open.pop()
            print(line(row), file=sys.stderr, flush=True)

    def note_peak(self):
        """Add the peak so far to the open phases, and begin a new one."""
        peak = memory("VmHWM")
        for row in self.open:
            row["peak"] = max(row["peak"], peak)
        Path("/proc/self/clear_refs").write_text("5")

    def report(self):
        """Print all phases."""
        print("phase\twall_s\tcpu_s\tpeak_GB\tmore_GB")
        for row in self.rows:
            print(line(row))


def line(row):
    """Return a phase as a row of the table."""
    name = "  " * row["depth"] + row["name"]
    return f"{name}\t{row['wall']:.1f}\t{row['cpu']:.1f}\t{row['peak']:.2f}\t{row['more']:.2f}"


def resolve(name):
    """Return the module or class that has a function, and the function's name there."""
    path, _, attribute = name.rpartition(".")
    try:
        return importlib.import_module(path), attribute
    except ModuleNotFoundError:
        module, _, owner = path.rpartition(".")
        return getattr(importlib.import_module(module), owner), attribute


def memory(field):
    """Return a size of this process from /proc (GB)."""
    for entry in Path("/proc/self/status").read_text().splitlines():
        if entry.startswith(field + ":"):
            return int(entry.split()[1]) * 1024 / 1e9
    raise KeyError(field)


if __name__ == "__main__":
    main()
