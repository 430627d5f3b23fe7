"""What danq makes of a GPU: whether its numbers are right, and how near it comes to the limits.

    python benchmarks/gpu.py --minutes 8 [--json gpu.json]
    python benchmarks/gpu.py --device cpu --quick             # does it run? toy sizes, no figures

Needs a machine with a GPU and what danq itself needs; no data: windows and labels are random, of
the published size (1,000 bp, 919 targets). The time is shared among the parts. One that fails says
why and the others go on; one for which no time is left says so.

check
    Logits of the published networks on the CPU and on the device, in float32 with TF32 off, and in
    bfloat16; the largest difference, and whether it is within the tolerance.
limits
    The fastest matrix product in bfloat16 and in float32, and the fastest copy. What they mean for
    a network: the windows per second of a training whose multiply-adds (counted by
    `danq.network.cost`) all ran at that speed, and the time in which AdamW can move its numbers.
    No training reaches the first; the share says how much could be won at most.
train
    ``danq`` is danq's own step: `danq.training.learner.Learner`, with packed windows, random
    strands and Fabric. ``plain`` is a loop that one would write by hand for speed: the same network
    and batch, one-hot windows unpacked in the device's memory, autocast, the fused AdamW, no
    DataLoader and no strands. Each is run as it is (``eager``), compiled (``compiled``), compiled
    with CUDA graphs (``reduce-overhead``), and the plain one as one captured CUDA graph
    (``graph``). Rates are medians of rounds, with the lowest and the highest; "loading" is the
    share of the time in which the device makes batches. Labels are rare, and nothing is learnt.

The status is 1 where a check found wrong numbers.
"""

import argparse
import gc
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import danq
from danq.config import Train
from danq.data.dataset import Dataset, open_dataset
from danq.data.dataset_writer import create_dataset
from danq.genome.sequence import packed_bytes
from danq.network.cost import count_multiply_adds, count_parameters
from danq.network.devices import set_tf32, synchronize
from danq.network.models import Network, build
from danq.training.clock import Clock
from danq.training.learner import set_up, step_seed

MODELS = ("danq", "deepsea")
TOLERANCES = {"float32": 1e-4, "bfloat16": 0.2}
"""Of logits, as a share of how far one is from its target's mean over windows, at most.

On a CPU bfloat16, with 8 bits of mantissa, differed by 0.03 to 0.04 (8 windows of full size),
float32 from float64 by less than 1e-5.
"""

LEAST = 5.0  # seconds that a part needs to be worth its start
MOST = 15.0  # seconds that a part measures at most
ROUND = 0.5  # seconds of a round, about
ROUNDS = 3  # of a measurement, at least
WARM_UP = 5  # steps before any is timed
LR = 1e-3


class Size(NamedTuple):
    """How large everything is."""

    window: int
    n_targets: int
    n_windows: int
    batch: int
    scale: float
    checked: int  # windows of the check
    products: tuple[int, ...]  # sizes of the square matrices
    copied: int  # float32 numbers of a copy


FULL = Size(1000, 919, 65_536, 1024, 1.0, 64, (4096, 8192, 16384), 2**28)
TOY = Size(200, 9, 64, 8, 0.03, 4, (64, 128), 2**12)


class Way(NamedTuple):
    """A way to train."""

    loop: str  # danq or plain
    mode: str  # eager, compiled, reduce-overhead or graph
    precision: str


WAYS = (
    Way("danq", "eager", "bfloat16"),
    Way("plain", "eager", "bfloat16"),
    Way("danq", "eager", "float32"),
    Way("danq", "compiled", "bfloat16"),
    Way("plain", "compiled", "bfloat16"),
    Way("danq", "reduce-overhead", "bfloat16"),
    Way("plain", "reduce-overhead", "bfloat16"),
    Way("plain", "graph", "bfloat16"),
)
ONLY_CUDA = ("reduce-overhead", "graph")


@dataclass
class Bench:
    """The device, the sizes, the time that is left, and what came out."""

    device: torch.device
    size: Size
    deadline: float
    quick: bool
    rows: list[dict[str, Any]] = field(default_factory=list)
    not_measured: list[dict[str, str]] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)

    def report(self, text: str, **row: Any) -> None:
        """Print a line, and keep its numbers."""
        print(text, flush=True)
        self.rows.append(row)

    def leave_out(self, part: str, reason: str) -> None:
        """Print that a part has no result, and keep why."""
        print(f"{part:44} no result: {reason}", flush=True)
        self.not_measured.append({"part": part, "reason": reason})

    def network(self, model: str) -> Network:
        """Build a published network on the CPU, the same weights every time."""
        torch.manual_seed(0)
        return build(model, self.size.window, self.size.n_targets, self.size.scale)


class Part(NamedTuple):
    """Something to measure; `run` takes the seconds that it may use."""

    name: str
    run: Callable[[float], None]


# --- the parts, one after the other ---


def main() -> None:
    options = parse()
    size = TOY if options.quick else FULL
    started = time.monotonic()
    deadline = started + 60 * options.minutes
    bench = Bench(torch.device(options.device), size, deadline, options.quick)
    torch.set_num_threads(options.threads)
    report_machine(bench)
    with random_dataset(size) as data:
        run_all(bench, parts(bench, data))
    report_ratios(bench)
    if options.json is not None:
        content = {
            "rows": bench.rows,
            "not_measured": bench.not_measured,
            "seconds": round(time.monotonic() - started, 1),
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n")
    if any(row.get("verdict") == "WRONG" for row in bench.rows):
        sys.exit(1)


def parse() -> argparse.Namespace:
    """Return the options, or refuse a machine without a GPU in one line."""
    parser = argparse.ArgumentParser(
        usage="python benchmarks/gpu.py [options]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=8.0, help="for all parts together")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true", help="toy sizes: does it run?")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU")
    parser.add_argument("--json", type=Path, help="file for all figures")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit(
            "gpu.py: PyTorch sees no GPU here; give --device cpu --quick to see whether it runs"
        )
    if options.device == "cpu" and not options.quick:
        sys.exit("gpu.py: the published sizes are for a GPU; give --quick on a CPU")
    return options


def parts(bench: Bench, data: Dataset) -> list[Part]:
    """Return what is measured, in the order in which a failure harms least."""
    result = []
    for model in MODELS:
        result.append(Part(f"check {model}", bound(check, bench, model)))
    result.append(Part("limits", bound(measure_limits, bench)))
    for way in WAYS:
        for model in MODELS:
            name = f"train {model} {way.loop} {way.mode} {way.precision}"
            result.append(Part(name, bound(train, bench, data, model, way)))
    return result


def bound(function: Callable[..., None], *arguments: Any) -> Callable[[float], None]:
    """Return a function of the seconds alone."""

    def run(seconds: float) -> None:
        function(*arguments, seconds)

    return run


def run_all(bench: Bench, every: list[Part]) -> None:
    """Run the parts, each with its share of the time that is left; a failure ends only its own."""
    for number, part in enumerate(every):
        remaining = bench.deadline - time.monotonic()
        share = remaining / (len(every) - number)
        if remaining < LEAST:
            bench.leave_out(part.name, "no time was left; give more --minutes")
            continue
        try:
            part.run(min(MOST, share))
        except Unavailable as error:
            bench.leave_out(part.name, str(error))
        except Exception as error:  # whatever it is, the other parts can still be measured
            lines = str(error).strip().splitlines() or [""]
            bench.leave_out(part.name, f"{type(error).__name__}: {lines[0][:200]}")
        free(bench)


class Unavailable(Exception):
    """A part cannot run on this machine."""


def free(bench: Bench) -> None:
    """Give the memory of a finished part back."""
    if "torch._dynamo" in sys.modules:
        torch._dynamo.reset()  # else its networks count towards the limit of compilations
    gc.collect()
    if bench.device.type == "cuda":
        torch.cuda.set_stream(torch.cuda.default_stream())  # a failed capture leaves its own
        torch.cuda.empty_cache()


def report_machine(bench: Bench) -> None:
    """Print what is measured on."""
    name = platform.processor() or platform.machine()
    if bench.device.type == "cuda":
        name = torch.cuda.get_device_name(bench.device)
    facts = {
        "device": name,
        "danq": danq.__version__,
        "torch": str(torch.__version__),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
    }
    sizes = bench.size._asdict()
    text = "\n".join(f"{key}: {value}" for key, value in (facts | sizes).items())
    bench.report(text, part="machine", quick=bench.quick, **facts, size=sizes)


# --- random data ---


@contextmanager
def random_dataset(size: Size) -> Iterator[Dataset]:
    """Open a dataset of random windows, each label with a chance of 1/32."""
    rng = np.random.default_rng(0)
    targets = [(f"target{number}", "g", "") for number in range(size.n_targets)]
    n = size.n_windows
    rows = [[n, 0, 0], [0, 1, 0], [0, 0, 1]]
    lengths = {"a": n * size.window, "b": size.window, "c": size.window}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dataset.h5"
        with create_dataset(
            path, window=size.window, bin_size=8, targets=targets, chromosomes=lengths, rows=rows
        ) as writer:
            for split, count in (("train", n), ("valid", 1), ("test", 1)):
                starts = np.arange(count) * size.window
                sequences = random_sequences(rng, count, size.window)
                writer.append(split, sequences, random_labels(rng, count, size.n_targets), starts)
        with open_dataset(path) as data:
            yield data


def random_sequences(rng: np.random.Generator, n: int, window: int) -> np.ndarray:
    """Return packed one-hot windows (n, ceil(window / 8), 4)."""
    bases = rng.integers(0, 4, (n, window), dtype=np.uint8)
    channels = [np.packbits(bases == base, axis=1) for base in range(4)]
    return np.stack(channels, axis=2)


def random_labels(rng: np.random.Generator, n: int, n_targets: int) -> np.ndarray:
    """Return packed labels (n, ceil(n_targets / 8)), each with a chance of 1/32."""
    shape = (n, packed_bytes(n_targets))
    bits = rng.integers(0, 256, shape, dtype=np.uint8)
    for _ in range(4):
        bits &= rng.integers(0, 256, shape, dtype=np.uint8)
    bits[:, -1] &= 256 - (1 << -n_targets % 8)  # no label beyond the last target
    return bits


# --- check ---


def check(bench: Bench, model: str, seconds: float) -> None:
    """Compare the logits of the device with those of the CPU."""
    generator = torch.Generator().manual_seed(1)
    bases = torch.randint(4, (bench.size.checked, bench.size.window), generator=generator)
    X = functional.one_hot(bases, 4).transpose(1, 2).float().contiguous()
    set_tf32(False)
    network = bench.network(model).eval()
    with torch.no_grad():
        expected = network(X)
        network.to(bench.device)
        for precision, tolerance in TOLERANCES.items():
            with autocast(bench.device, precision):
                logits = network(X.to(bench.device)).float().cpu()
            spread = float((expected - expected.mean(dim=0)).abs().max())
            difference = float((logits - expected).abs().max()) / spread
            verdict = "ok" if difference <= tolerance else "WRONG"
            bench.report(
                f"check {model:10} {precision:9} logits differ by {difference:.1e} of their "
                f"spread, at most {tolerance:.0e} allowed: {verdict}",
                part="check",
                model=model,
                precision=precision,
                difference=difference,
                tolerance=tolerance,
                verdict=verdict,
            )


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which a forward pass computes."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


# --- limits ---


def measure_limits(bench: Bench, seconds: float) -> None:
    """Measure matrix products and copies, and say what they mean for the networks."""
    share = seconds / (len(TOLERANCES) * len(bench.size.products) + 1)
    for precision in TOLERANCES:
        rates = [product_rate(bench, precision, n, share) for n in bench.size.products]
        bench.limits[precision] = max(rates)
        text = f"limit {precision:15} {max(rates) / 1e12:10.3f} TFLOP/s in a matrix product"
        bench.report(text, part="limits", precision=precision, flop_per_s=max(rates))
    rate = copy_rate(bench, share)
    bench.report(
        f"limit copy            {rate / 1e9:10.2f} GB/s, read and written together",
        part="limits",
        copy_bytes_per_s=rate,
    )
    for model in MODELS:
        report_bounds(bench, model, rate)


def product_rate(bench: Bench, precision: str, n: int, seconds: float) -> float:
    """Return FLOP per second of a square matrix product, in the fastest round."""
    set_tf32(False)
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
    A = torch.randn(n, n, device=bench.device).to(kind)
    B = torch.randn(n, n, device=bench.device).to(kind)
    product = torch.empty_like(A)

    def multiply() -> None:
        torch.mm(A, B, out=product)

    return 2 * n**3 * max(rates_of(bench, multiply, seconds))


def copy_rate(bench: Bench, seconds: float) -> float:
    """Return bytes per second of a copy, those read and those written, in the fastest round."""
    source = torch.ones(bench.size.copied, device=bench.device)
    target = torch.empty_like(source)

    def copy() -> None:
        target.copy_(source)

    return 2 * 4 * source.numel() * max(rates_of(bench, copy, seconds))


def report_bounds(bench: Bench, model: str, copy_bytes_per_s: float) -> None:
    """Print what the limits mean for the training of a network."""
    network = bench.network(model)
    flop = training_flop(network, bench.size.window)
    n_parameters = count_parameters(network)
    bound_by_products = bench.limits["bfloat16"] / flop
    # AdamW reads weight, gradient and two means, and writes all but the gradient: 4 bytes each.
    update = 7 * 4 * n_parameters / copy_bytes_per_s
    bench.report(
        f"limit {model:15} {bound_by_products:10,.0f} windows/s ({flop / 1e9:.3f} GFLOP each); "
        f"AdamW moves its {n_parameters:,} parameters in {1000 * update:.2f} ms",
        part="bounds",
        model=model,
        flop_per_window=flop,
        parameters=n_parameters,
        windows_per_s=bound_by_products,
        update_seconds=update,
    )


def training_flop(network: Network, window: int) -> int:
    """Return the FLOP of training on a window: two per multiply-add, three passes.

    Forward, the gradient of the weights, and that of the inputs, which the first layer needs not.
    """
    multiply_adds = count_multiply_adds(network, window)
    first = 0
    if network.stem is not None:
        first = count_multiply_adds(network.stem, window)
    return 2 * (3 * multiply_adds - first)


# --- train ---


class Trainer(Protocol):
    """Something that trains: each call learns from a batch."""

    clock: Clock

    def __call__(self) -> None:
        """Take a step."""


class DanqLoop:
    """danq's own step, with all that `danq.training.train.train` does in one."""

    def __init__(self, bench: Bench, data: Dataset, model: str, way: Way) -> None:
        knobs = {
            "scale": bench.size.scale,
            "filter_scale": 1.0,
            "dropout": 1.0,
            "head": "dense",
            "initialise_from": "random",
            "epochs": 1000,  # the learning rate's schedule must not end before the measurement
            "batch_size": bench.size.batch,
            "lr": LR,
            "weight_decay": 0.01,
            "patience": 1000,
            "shift": 0,
            "balance": False,
            "precision": way.precision,
            "device": bench.device.type,
        }
        settings = Train(**knobs)
        threads = torch.get_num_threads()
        self.learner = set_up(data, settings, model=model, seed=0, motifs="", threads=threads)
        self.clock = self.learner.clock
        self.learner.model.train()
        compile_network(bench, self.learner.network, way.mode)
        self.schedule = self.learner.loader.schedule(0, 0)
        self.total = torch.zeros((), device=bench.device)
        self.step = 0

    def __call__(self) -> None:
        """Take a step."""
        size = self.learner.options.batch_size
        start = self.step % (len(self.schedule) // size) * size
        torch.compiler.cudagraph_mark_step_begin()
        loss_sum = self.learner.learn(
            self.schedule, range(start, start + size), step_seed(0, 0, self.step)
        )
        self.total += self.learner.sum_over_processes(loss_sum, False).loss_sum
        self.step += 1


class PlainLoop:
    """A loop written by hand: windows unpacked on the device, autocast, the fused AdamW."""

    def __init__(self, bench: Bench, data: Dataset, model: str, way: Way) -> None:
        set_tf32(False)
        self.bench = bench
        self.way = way
        self.clock = Clock(bench.device)
        n = data.length("train")
        self.X = unpacked(data.packed_sequences("train"), data.window).transpose(1, 2)
        self.X = self.X.contiguous().to(bench.device)  # (N, 4, L), a byte a number
        self.y = unpacked(data.packed_labels("train"), len(data.names)).to(bench.device)
        self.order = torch.randperm(n).to(bench.device)
        self.network = bench.network(model).to(bench.device).train()
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), LR, fused=True, capturable=way.mode == "graph"
        )
        compile_network(bench, self.network, way.mode)
        self.total = torch.zeros((), device=bench.device)
        self.step = 0

    def __call__(self) -> None:
        """Take a step."""
        batch = self.bench.size.batch
        start = self.step % (len(self.order) // batch) * batch
        torch.compiler.cudagraph_mark_step_begin()
        with self.clock("load"):
            rows = self.order[start : start + batch]
            X = self.X[rows].float()
            y = self.y[rows].float()
        self.total += self.learn(X, y)
        self.step += 1

    def learn(self, X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Update the weights; return the loss."""
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(self.bench.device, self.way.precision):
            logits = self.network(X)
        loss = functional.binary_cross_entropy_with_logits(logits.float(), y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


class GraphLoop(PlainLoop):
    """The plain loop, its step captured once and replayed.

    https://docs.pytorch.org/docs/stable/notes/cuda.html#whole-network-capture
    """

    graph: torch.cuda.CUDAGraph | None = None

    def learn(self, X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Replay the step; return the loss."""
        if self.graph is None:
            self._capture(X, y)
        self.static_X.copy_(X)
        self.static_y.copy_(y)
        assert self.graph is not None
        self.graph.replay()
        return self.static_loss

    def _capture(self, X: torch.Tensor, y: torch.Tensor) -> None:
        """Warm up on a side stream, then capture a step on it."""
        self.static_X = X.clone()  # a replay reads these addresses
        self.static_y = y.clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                super().learn(self.static_X, self.static_y)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.static_loss = super().learn(self.static_X, self.static_y)
        self.graph = graph


def unpacked(packed: np.ndarray, n: int) -> torch.Tensor:
    """Return packed bits as bytes, uint8, (rows, n, ...)."""
    return torch.from_numpy(np.unpackbits(packed, axis=1, count=n))


def compile_network(bench: Bench, network: nn.Module, mode: str) -> None:
    """Compile a network in place, where the mode says so."""
    if mode == "compiled":
        # Toy sizes are to run where there is no C++ compiler.
        network.compile(backend="aot_eager" if bench.quick else "inductor")
    elif mode == "reduce-overhead":
        network.compile(mode=mode)


def train(bench: Bench, data: Dataset, model: str, way: Way, seconds: float) -> None:
    """Train in one way, and print how fast it is, beside the limit."""
    if way.mode in ONLY_CUDA and bench.device.type != "cuda":
        raise Unavailable("CUDA graphs need a GPU of NVIDIA's")
    trainer = make_trainer(bench, data, model, way)
    for _ in range(WARM_UP):
        trainer()
    trainer.clock.seconds()
    started = time.perf_counter()
    batch = bench.size.batch
    rates = [batch * rate for rate in rates_of(bench, trainer, seconds)]
    elapsed = time.perf_counter() - started
    report_training(bench, model, way, rates, trainer.clock.share("load", elapsed))


def make_trainer(bench: Bench, data: Dataset, model: str, way: Way) -> Trainer:
    """Return what trains in one way."""
    if way.loop == "danq":
        return DanqLoop(bench, data, model, way)
    if way.mode == "graph":
        return GraphLoop(bench, data, model, way)
    return PlainLoop(bench, data, model, way)


def report_training(bench: Bench, model: str, way: Way, rates: list[float], loading: float) -> None:
    """Print the line of a way to train."""
    rate = statistics.median(rates)
    flop = training_flop(bench.network(model), bench.size.window)
    of_limit = None
    share = "limit unknown"
    if way.precision in bench.limits:
        of_limit = rate * flop / bench.limits[way.precision]
        share = f"{of_limit:6.1%} of the limit"
    bench.report(
        f"train {model:10} {way.loop:6} {way.mode:16} {way.precision:9} {rate:12,.0f} windows/s "
        f"({min(rates):,.0f} to {max(rates):,.0f})  {share}  loading {loading:.1%}",
        part="train",
        model=model,
        **way._asdict(),
        batch=bench.size.batch,
        windows_per_s=rate,
        lowest=min(rates),
        highest=max(rates),
        rounds=len(rates),
        of_limit=of_limit,
        loading=loading,
    )


def report_ratios(bench: Bench) -> None:
    """Print danq's rate as a multiple of the plain loop's, where both were measured alike."""
    rates = {}
    for row in bench.rows:
        if row["part"] == "train":
            key = (row["model"], row["mode"], row["precision"])
            rates[(*key, row["loop"])] = row["windows_per_s"]
    for *key, loop in list(rates):
        plain = rates.get((*key, "plain"))
        if loop == "danq" and plain is not None:
            ratio = rates[(*key, "danq")] / plain
            text = f"ratio {' '.join(key):45} danq has {ratio:.2f} times the rate of the plain loop"
            names = dict(zip(("model", "mode", "precision"), key, strict=True))
            bench.report(text, part="ratios", **names, times_plain=ratio)


# --- how it is timed ---


def rates_of(bench: Bench, act: Callable[[], None], seconds: float) -> list[float]:
    """Return how often a second something can be done, in each of several rounds."""
    deadline = time.perf_counter() + seconds
    once = seconds_of(bench, act, 1)
    repeats = max(1, round(min(ROUND, seconds / ROUNDS) / once))
    if bench.quick:
        repeats = 1
        deadline = 0.0
    rates = []
    while len(rates) < ROUNDS or time.perf_counter() < deadline:
        rates.append(repeats / seconds_of(bench, act, repeats))
    return rates


def seconds_of(bench: Bench, act: Callable[[], None], repeats: int) -> float:
    """Return the seconds of something done several times, the device's work included."""
    synchronize(bench.device)
    started = time.perf_counter()
    for _ in range(repeats):
        act()
    synchronize(bench.device)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
