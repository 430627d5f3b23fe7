"""How fast danq trains.

Compared with a plain PyTorch loop, with the machine's limits, and with what might make it faster.

    python benchmarks/train.py [--models danq deepsea] [--device cuda] [--precision float32
    bfloat16] [--json FILE]

Needs PyTorch and NumPy only, and no data: windows and labels are random, of the real size, packed
as `danq.network.batches` holds them. All is measured in one run, in rounds in which the contestants
take turns; the median, the lowest and the highest round are printed. On a GPU a rate is per second;
on a CPU per CPU second, since other programs may share the machine.

limits
    The fastest matrix product of several sizes, in the same numbers, and the fastest copy. On a CPU
    the product is also asked for as a convolution of width 1, which another library computes. A
    step's share of the fastest is computed with multiply-adds counted from the layers: training has
    1.139 GFLOP a window for `danq`, 3.277 for `deepsea`. No network reaches the limit; the share
    says how much could be won at most.
steps
    danq's own step, as `danq.training.learner.Learner` makes it: rows gathered and expanded on the
    device, random strands, autocast, the loss and the fused AdamW of `danq.network.recipes.AUTO`.
    Left out is what a step has around it: Fabric, the progress bar, saving. Beside it `plain`: the
    same network as one would write it down first. Unpacked one-hot in memory,
    `torch.utils.data.DataLoader`, PyTorch's convolutions and pools as they come, the ReLU before
    the first pool, a random float32 for each value that may drop out, float32 with TF32 as PyTorch
    sets it, `torch.optim.AdamW` as it comes, ``loss.item()`` in every step, batches of 100. It does
    less (no strands). The ratio says what danq's way of doing the same brings.
variants, graphs
    Changes to danq's step, each against the step as it is, so that one run tells which pays. A name
    is made of words: ``relu_first`` puts the ReLU before the pool, ``channels_last`` makes
    convolutions 2-D and channels-last, ``padded`` does so with the first and pads its 4 bases to 8,
    ``unfold`` makes the first one a matrix product, ``compile`` and ``autotune`` compile the
    network, ``graph`` replays forward and backward as one CUDA graph, ``graph_step`` the optimiser
    too (its momentum then stays: the scheduler changes it). ``channels_last``, ``padded`` and
    ``unfold`` are for GPUs: on a CPU danq's convolutions lie channels last by themselves. Printed
    besides: by how much the logits differ from danq's at most, in float32.
quality
    What short numbers cost: training on planted words, in each precision for as many windows; AUROC
    on other windows.
"""

import argparse
import contextlib
import functools
import gc
import json
import os
import platform
import statistics
import sys
import time
import types
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from danq.catalog import MODELS
from danq.network import models
from danq.network.batches import Batches, Loader
from danq.network.layers import Dropout
from danq.network.models import build
from danq.network.recipes import AUTO
from danq.training.clock import Clock

PLAIN_BATCH = 100
LR, WEIGHT_DECAY = 0.002, 0.01
CHANGES = ("relu_first", "channels_last", "padded", "unfold")  # of the network
WORDS = ("eager", *CHANGES, "compile", "autotune", "graph", "graph_step")
VARIANTS = ["eager", "relu_first", "channels_last", "padded", "unfold", "compile", "unfold+compile"]
GRAPHS = [
    "eager",
    "graph",
    "graph_step",
    "channels_last+graph_step",
    "unfold+graph_step",
    "compile+graph_step",
]
PARTS = (
    "limits",
    "steps",
    "variants",
    "quality",
    "graphs",
)  # a capture that failed may harm what comes after it
WAYS = ("mm", "convolution")  # on a CPU by different libraries; the second is one of width 1
PUBLISHED = {
    "danq": 1139,
    "deepsea": 3277,
}  # MFLOP of training a window of 1,000 bp for 919 targets
PLAIN_TF32 = (
    torch.get_float32_matmul_precision(),
    torch.backends.cudnn.allow_tf32,
)  # before anything is set


# What is measured on.


class Store:
    """What `danq.network.batches` needs of a dataset: packed windows and labels, by split."""

    def __init__(self, window, n_targets, splits):
        self.window, self.names, self.splits = window, range(n_targets), splits

    def length(self, split):
        """Return the number of windows."""
        return len(self.splits[split][0])

    def packed_sequences(self, split, part=slice(None)):
        """Return packed windows."""
        return self.splits[split][0][part]

    def packed_labels(self, split, part=slice(None)):
        """Return packed labels."""
        return self.splits[split][1][part]


def pack(indices):
    """Return bases 0 to 3 (N, L) as packed one-hot (N, ceil(L/8), 4)."""
    return np.stack([np.packbits(indices == base, axis=1) for base in range(4)], axis=2)


def random_store(n, window, n_targets):
    """Return random windows, each label with a chance of 1/32."""
    rng = np.random.default_rng(0)
    indices = rng.integers(0, 4, (n, window), dtype=np.uint8)
    bits = rng.integers(0, 256, (n, -(-n_targets // 8)), dtype=np.uint8)
    for _ in range(4):
        bits &= rng.integers(0, 256, bits.shape, dtype=np.uint8)
    return Store(window, n_targets, {"train": (pack(indices), bits)})


def planted_store(n, n_test, window, n_targets, length=12, share=0.25, wrong=0.1):
    """Return windows with the word of each of their targets on either strand, partly redrawn."""
    rng = np.random.default_rng(1)
    indices = rng.integers(0, 4, (n + n_test, window), dtype=np.uint8)
    labels = rng.random((n + n_test, n_targets)) < share
    for target in range(n_targets):
        word, rows = rng.integers(0, 4, length, dtype=np.uint8), np.flatnonzero(labels[:, target])
        copies = np.where(rng.random((len(rows), 1)) < 0.5, word, 3 - word[::-1])
        noise = rng.integers(0, 4, copies.shape, dtype=np.uint8)
        copies = np.where(rng.random(copies.shape) < wrong, noise, copies)
        positions = rng.integers(0, window - length + 1, (len(rows), 1)) + np.arange(length)
        indices[rows[:, None], positions] = copies
    packed, bits = pack(indices), np.packbits(labels, axis=1)
    return Store(
        window, n_targets, {"train": (packed[:n], bits[:n]), "test": (packed[n:], bits[n:])}
    )


@dataclass
class Bench:
    """The device, the data, how long to measure, and the results."""

    device: torch.device
    store: Store
    scale: float
    batches: list
    steps: int | None
    seconds: float
    rounds: int
    workers: int
    rows: list = field(default_factory=list)
    limits: dict = field(default_factory=dict)

    def __post_init__(self):
        self.gpu = self.device.type == "cuda"
        self.loader = Loader(self.store, self.device, memory=1e12)
        self.loader.batch(self.loader.schedule(0, 0), 0, 1)  # now it holds the windows
        (self.packed,) = self.loader.in_memory.values()

    @functools.cached_property
    def unpacked(self):
        """The same windows for the plain loop."""
        return Unpacked(self.store)

    def model(self, name):
        """Build a network for the data."""
        return build(name, self.store.window, len(self.store.names), self.scale)

    def synchronize(self):
        """Wait for the GPU."""
        if self.gpu:
            torch.cuda.synchronize()

    def report(self, text, **row):
        """Print a line, and record its numbers."""
        print(text, flush=True)
        self.rows.append(row)


class Unpacked(torch.utils.data.Dataset):
    """One-hot windows and labels in memory, a byte a number."""

    def __init__(self, store):
        sequences, labels = store.splits["train"]
        bits = np.unpackbits(sequences, axis=1, count=store.window)
        self.X = torch.from_numpy(np.ascontiguousarray(bits.transpose(0, 2, 1)))  # (N, 4, L)
        self.y = torch.from_numpy(np.unpackbits(labels, axis=1, count=len(store.names)))

    def __len__(self):
        return len(self.X)

    def __getitem__(self, row):
        return self.X[row].float(), self.y[row].float()


# The step of danq, its variants, and the plain loop.


def use(precision):
    """Set what PyTorch may do with float32 numbers on a GPU."""
    plain_products, plain_convolutions = PLAIN_TF32
    products = (
        plain_products if precision == "plain" else "high" if precision == "tf32" else "highest"
    )
    torch.set_float32_matmul_precision(products)
    torch.backends.cudnn.allow_tf32 = (
        plain_convolutions if precision == "plain" else precision == "tf32"
    )


class Step:
    """danq's own training step, changed as the words of a variant say."""

    def __init__(self, bench, name, precision, batch, words=(), seed=0, steps=10**6):
        use(precision)
        torch.manual_seed(seed)
        self.bench, self.precision, self.batch, self.words, self.seed = (
            bench,
            precision,
            batch,
            words,
            seed,
        )
        self.bare = adapt(bench.model(name), words).to(bench.device).train()
        self.model = compiled(self.bare, words)
        self.optimizer = self._optimizer()
        self.lr_scheduler = AUTO.lr_scheduler(self.optimizer, LR, steps)
        self.marks, self.number = Clock(bench.device), 0
        self.total = torch.zeros((), device=bench.device)
        self.start_epoch(0)

    def _optimizer(self):
        return AUTO.optimizer(self.bare, LR, WEIGHT_DECAY)

    def start_epoch(self, epoch):
        """Take another order of the windows."""
        self.schedule = self.bench.loader.schedule(self.seed, epoch)

    def __call__(self):
        """Learn from the next batch; return how many windows it had."""
        torch.manual_seed(self.seed * 100_003 + self.number)
        first = self.number % (len(self.schedule) // self.batch) * self.batch
        with self.marks("load"):
            X, y = self.bench.loader.batch(self.schedule, first, first + self.batch)
        AUTO.constrain(self.bare)
        loss = self.learn(X, y)
        self.lr_scheduler.step()
        self.total += torch.stack([loss * self.batch, torch.zeros_like(loss)])[0]
        self.number += 1
        return self.batch

    def loss(self, X, y):
        """Return the loss of a batch."""
        with autocast(self.bench.device, self.precision):
            logits = self.model(X)
        return AUTO.loss(self.bare, logits.float(), y, len(X))

    def learn(self, X, y):
        """Update the weights; return the loss, cut off from what led to it."""
        loss = self.loss(X, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


class GraphStep(Step):
    """The same as one CUDA graph.

    See https://docs.pytorch.org/docs/stable/notes/cuda.html#whole-network-capture.
    """

    graph = None

    def _optimizer(self):
        if "graph_step" not in self.words:
            return super()._optimizer()
        rate = torch.tensor(
            LR, device=self.bench.device
        )  # the scheduler fills it: a number would be frozen
        return torch.optim.AdamW(
            self.bare.parameters(),
            rate,
            weight_decay=WEIGHT_DECAY,
            fused=True,
            capturable=True,
        )

    def learn(self, X, y):
        """Update the weights by a replay; return the loss."""
        if self.graph is None:
            self._capture(X, y)
        self.X.copy_(X)
        self.y.copy_(y)
        self.graph.replay()
        if "graph_step" not in self.words:
            self.optimizer.step()
        return self.static_loss

    def _capture(self, X, y):
        """Warm up on a side stream, and capture on it."""
        self.X, self.y = X.clone(), y.clone()  # a replay reads these addresses
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                super().learn(self.X, self.y)
        torch.cuda.current_stream().wait_stream(side)
        self.optimizer.zero_grad(
            set_to_none=True
        )  # so that the gradients come to lie in the memory of the graph
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=side):
            loss = self.loss(self.X, self.y)
            loss.backward()
            if "graph_step" in self.words:
                self.optimizer.step()
        self.static_loss, self.graph = loss.detach(), graph


class PlainLoop:
    """A step of the plain loop."""

    precision, batch = "plain", PLAIN_BATCH

    def __init__(self, bench, name):
        use(self.precision)
        torch.manual_seed(0)
        self.bench, self.marks = bench, Clock(bench.device)
        self.model = adapt(bench.model(name), ["relu_first"]).to(bench.device).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=LR)
        self.criterion, self.total = nn.BCEWithLogitsLoss(), 0.0
        loader = torch.utils.data.DataLoader(
            bench.unpacked,
            self.batch,
            shuffle=True,
            num_workers=bench.workers,
            pin_memory=bench.gpu and bench.workers > 0,
        )
        self.batches = forever(loader)

    def __call__(self):
        """Learn from the next batch; return how many windows it had."""
        with self.marks("load"):
            X, y = (part.to(self.bench.device) for part in next(self.batches))
        self.optimizer.zero_grad()
        with plain_operators():
            loss = self.criterion(self.model(X), y)
        loss.backward()
        self.optimizer.step()
        self.total += loss.item() * len(X)
        return len(X)


@contextlib.contextmanager
def plain_operators():
    """Let danq's networks compute on a CPU what they compute elsewhere."""

    def responses(conv, X, flanks=(0, 0)):
        return conv(functional.pad(X, flanks))

    def filter_maxima(conv, X, pool):
        return functional.max_pool1d(conv(X), pool)

    def step_maxima(Y, pool):
        return functional.max_pool1d(Y.permute(1, 2, 0), pool).transpose(1, 2)

    def drop(self, X):
        return X * (torch.rand(X.shape) >= self.rate) / (1 - self.rate)

    layers = {"responses": responses, "filter_maxima": filter_maxima, "step_maxima": step_maxima}
    with (
        mock.patch.multiple(models, **layers),
        mock.patch.object(Dropout, "_drop_on_cpu", drop),
    ):
        yield


def forever(loader):
    """Yield batches, epoch after epoch."""
    while True:
        yield from loader


def autocast(device, precision):
    """Return the context in which a forward pass computes."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def compiled(model, words):
    """Return a model, compiled if a word says so."""
    if "autotune" in words:
        return torch.compile(model, mode="max-autotune-no-cudagraphs")
    return torch.compile(model) if "compile" in words else model


def adapt(model, words):
    """Change a model on the CPU as the words say; what it computes stays the same."""
    stem = getattr(model, "stem", None)
    if "relu_first" in words and stem is not None:
        stem.forward = types.MethodType(relu_first, stem)
    if "unfold" in words and stem is not None:
        stem.conv = UnfoldedConv(stem.conv)
    if "padded" in words and stem is not None:
        stem.conv = ChannelsLastConv(stem.conv, multiple=8)
    if "channels_last" in words:
        for parent in list(model.modules()):
            for key, layer in list(parent.named_children()):
                if isinstance(layer, nn.Conv1d):
                    setattr(parent, key, ChannelsLastConv(layer))
    return model


def relu_first(self, X):
    """Do what `danq.network.layers.Stem.forward` does, the activation before the pool."""
    return functional.max_pool1d(self.rectifier(self.conv(X)), self.pool)


class ChannelsLastConv(nn.Module):
    """A Conv1d as a Conv2d of height 1 in channels-last memory, channels padded to a multiple."""

    def __init__(self, conv, multiple=1):
        super().__init__()
        self.kernel_size, self.bias, self.extra = (
            conv.kernel_size,
            conv.bias,
            -conv.in_channels % multiple,
        )
        self.geometry = {
            "stride": (1, *conv.stride),
            "padding": (0, *conv.padding),
            "dilation": (1, *conv.dilation),
        }
        weight = functional.pad(conv.weight.detach(), (0, 0, 0, self.extra)).unsqueeze(2)
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last))

    def forward(self, X):  # (N, C, L)
        """Return the feature map (N, F, positions)."""
        X = functional.pad(X, (0, 0, 0, self.extra)) if self.extra else X
        X = X.unsqueeze(2).contiguous(memory_format=torch.channels_last)  # (N, C, 1, L)
        return functional.conv2d(X, self.weight, self.bias, **self.geometry).squeeze(2)


class UnfoldedConv(nn.Module):
    """A first Conv1d as one matrix product with the windows' overlapping pieces."""

    def __init__(self, conv):
        super().__init__()
        self.kernel_size, self.bias = conv.kernel_size, conv.bias
        self.weight = nn.Parameter(conv.weight.detach().flatten(1))  # (F, 4 k)

    def forward(self, X):  # (N, 4, L)
        """Return the feature map (N, F, positions)."""
        if torch.is_autocast_enabled(X.device.type):
            X = X.to(
                torch.get_autocast_dtype(X.device.type)
            )  # before the copy, which is k times larger
        pieces = X.unfold(2, *self.kernel_size, 1).transpose(1, 2).flatten(2)  # (N, positions, 4 k)
        return functional.linear(pieces, self.weight, self.bias).transpose(1, 2)


# How it is measured.


@dataclass(frozen=True)
class Round:
    """What a contestant did in one round."""

    windows: int
    wall: float
    cpu: float
    loading: float

    def rate(self, gpu):
        """Return windows a second: of the wall with a GPU, of the CPU without."""
        return self.windows / (self.wall if gpu else self.cpu)


def race(bench, makers):
    """Let contestants take turns.

    Return {name: ([Round], first loss)}. One that fails says why, and drops out.
    """
    if "torch._dynamo" in sys.modules:
        torch._dynamo.reset()  # else networks of before count towards the limit of compilations
    runners = {
        name: attempt(name, functools.partial(prepared, bench, make))
        for name, make in makers.items()
    }
    runners = {name: runner for name, runner in runners.items() if runner}
    results = {name: [] for name in runners}
    for _ in range(bench.rounds):
        for name in list(results):
            turn = attempt(name, functools.partial(measure, bench, *runners[name][:2]))
            results[name].append(turn) if turn else results.pop(name)
    return {name: (rounds, runners[name][2]) for name, rounds in results.items()}


def attempt(name, act):
    """Return what an action returns; None, and a line, if it fails."""
    try:
        return act()
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        print(f"  {name} failed: {type(error).__name__}: {reason[:150]}", flush=True)
        if torch.cuda.is_available():
            torch.cuda.set_stream(
                torch.cuda.default_stream()
            )  # a capture that failed leaves its own
        return None


def prepared(bench, make):
    """Make a contestant and warm it up.

    Return it, how many steps make a round, and its mean loss so far.
    """
    runner = make()
    windows = sum(runner() for _ in range(10 if bench.gpu else 1))
    turn = measure(bench, runner, 3 if bench.gpu else 1)
    steps = bench.steps or min(
        max(round(bench.seconds / turn.wall * turn.windows / runner.batch), 3), 1000
    )
    return runner, steps, float(runner.total) / (windows + turn.windows)


def measure(bench, runner, steps):
    """Take steps, and time them together."""
    use(runner.precision)
    bench.synchronize()
    runner.marks.seconds()
    wall, cpu = time.perf_counter(), time.process_time()
    windows = sum(runner() for _ in range(steps))
    bench.synchronize()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Round(windows, wall, cpu, runner.marks.seconds().get("load", 0.0))


def spread(values):
    """Return the median, the lowest and the highest."""
    return statistics.median(values), min(values), max(values)


@functools.cache
def training_flop(name, window, n_targets, scale):
    """Return FLOP of training on a window, twice the multiply-adds, counted from shapes."""
    flop = []

    def count(layer, inputs, output):
        weights = [
            value.numel() for key, value in layer.named_parameters() if key.startswith("weight")
        ]
        first = [
            value.numel() for key, value in layer.named_parameters() if key.startswith("weight_ih")
        ] or weights
        positions = (
            output.shape[-1] if isinstance(layer, nn.Conv1d) else inputs[0].shape[:-1].numel()
        )
        # Forward, gradient of the weights, gradient of the input: the last is not wanted where the
        # input is the data.
        flop.append(
            2 * positions * (3 * sum(weights) - (0 if inputs[0].requires_grad else sum(first)))
        )

    with torch.device("meta"):
        model = build(name, window, n_targets, scale)
        for layer in model.modules():
            if isinstance(layer, nn.Conv1d | nn.Linear | nn.LSTM):
                layer.register_forward_hook(count)
        model(torch.empty(1, 4, window))
    return sum(flop)


def check_counts():
    """Refuse to go on with a count that is not that of the published networks."""
    for name, expected in PUBLISHED.items():
        flop = training_flop(name, 1000, 919, 1.0)
        if round(flop / 1e6) != expected:
            raise SystemExit(f"{name}: counted {flop / 1e6:.0f} MFLOP a window, not {expected}")


# The parts of the run.


def run_limits(bench, precisions):
    """Measure matrix products in each precision, and copies."""
    for precision in precisions:
        rates = {
            f"{way} of {size}": product_rate(bench, precision, size, way)
            for way in WAYS[: 1 if bench.gpu else 2]
            for size in ((4096, 8192, 16384) if bench.gpu else (512, 1024, 2048))
        }
        best = max(rates, key=rates.get)
        bench.limits[precision] = rates[best]
        bench.report(
            f"limit   {precision:9} {rates[best] / 1e9:12,.1f} GFLOP/s  {best}; as mm at most "
            f"{max(rate for key, rate in rates.items() if key.startswith('mm')) / 1e9:,.1f}",
            part="limits",
            precision=precision,
            flop_per_s=rates[best],
            ways=rates,
        )
    rate = copy_rate(bench)
    bench.report(
        f"limit   copy      {rate / 1e9:12,.1f} GB/s     read and written together",
        part="limits",
        copy=rate,
    )


def product_rate(bench, precision, size, way):
    """Return FLOP per second (CPU second on a CPU) of a square matrix product, the best round."""
    use(precision)
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
    A, B = (torch.randn(size, size, device=bench.device).to(kind) for _ in range(2))
    if way == "mm":
        act = functools.partial(torch.mm, A, B, out=torch.empty_like(A))
    else:
        act = functools.partial(functional.conv1d, A.view(-1, size, 64), B.unsqueeze(2))
    return 2 * size**3 / best_seconds(bench, act, 10 if bench.gpu else max(1, (2048 // size) ** 2))


def copy_rate(bench):
    """Return bytes per second of a copy, those read and those written counted."""
    source = torch.ones(2**28 if bench.gpu else 2**25, device=bench.device)
    target = torch.empty_like(source)
    return 2 * 4 * source.numel() / best_seconds(bench, lambda: target.copy_(source), 10)


def best_seconds(bench, act, repeats):
    """Return the seconds of an action, repeated in each round, in the fastest round."""
    act()
    seconds = []
    for _ in range(bench.rounds):
        bench.synchronize()
        begin = time.perf_counter() if bench.gpu else time.process_time()
        for _ in range(repeats):
            act()
        bench.synchronize()
        seconds.append(
            ((time.perf_counter() if bench.gpu else time.process_time()) - begin) / repeats
        )
    return min(seconds)


def run_steps(bench, name, precisions):
    """Let danq's step, in each precision and batch size, and the plain loop take turns."""
    makers = {
        f"danq {precision} {batch}": functools.partial(Step, bench, name, precision, batch)
        for precision in precisions
        for batch in bench.batches
    }
    results = race(bench, {"plain": functools.partial(PlainLoop, bench, name)} | makers)
    free(bench)
    print_header(bench, "steps", "plain")
    for key, (rounds, loss) in results.items():
        what, precision, batch = (
            key.split() if key != "plain" else ("plain", "float32", PLAIN_BATCH)
        )
        report_rounds(
            bench,
            {
                "part": "steps",
                "model": name,
                "precision": precision,
                "batch": int(batch),
                "what": what,
                "loss": loss,
            },
            rounds,
            results.get("plain"),
        )


def run_variants(bench, name, precision, variants, part):
    """Let variants of danq's step take turns, for each batch size."""
    for batch in bench.batches:
        results = race(
            bench,
            {
                variant: functools.partial(make_variant, bench, name, precision, batch, variant)
                for variant in variants
            },
        )
        free(bench)
        print_header(bench, part, "eager")
        for variant, (rounds, loss) in results.items():
            differs = attempt(
                "comparison", functools.partial(difference, bench, name, variant.split("+"))
            )
            report_rounds(
                bench,
                {
                    "part": part,
                    "model": name,
                    "precision": precision,
                    "batch": batch,
                    "what": variant,
                    "loss": loss,
                    "differs": differs,
                },
                rounds,
                results.get("eager"),
            )


def free(bench):
    """Give the memory of past contestants back."""
    gc.collect()
    if bench.gpu:
        torch.cuda.empty_cache()


def make_variant(bench, name, precision, batch, variant):
    """Make the contestant that a variant's words describe."""
    words = variant.split("+")
    return (GraphStep if {"graph", "graph_step"} & set(words) else Step)(
        bench, name, precision, batch, words
    )


@torch.no_grad()
def difference(bench, name, words):
    """Return by how much the logits of a changed network differ from danq's at most, in float32."""
    if not set(words) & set(CHANGES):
        return 0.0
    use("float32")
    logits = []
    for changes in (), words:
        torch.manual_seed(0)
        model = adapt(bench.model(name), changes).to(bench.device).eval()
        logits.append(model(bench.loader.batch(bench.loader.schedule(0, 0), 0, 8)[0]))
    return float((logits[0] - logits[1]).abs().max())


def print_header(bench, part, base):
    """Print what the columns of `report_rounds` are."""
    unit = "windows/s" if bench.gpu else "windows/CPU s"
    differ = "" if part == "steps" else "  differ"
    print(
        f"\n{part:20}{'precision':10}{'batch':>5}  {'what':30}{unit:>14}  "
        f"{'lowest to highest':>23}{'by the wall':>12}{'CPU ms':>8}{'loading':>9}"
        f"{'GFLOP/s':>11}{'of limit':>9}"
        f"  {f'times {base}':23}{'loss':>7}{differ}",
        flush=True,
    )


def report_rounds(bench, row, rounds, base):
    """Print a contestant's line.

    `row` says what it is, `base` is what the others are compared with.
    """
    rates = [turn.rate(bench.gpu) for turn in rounds]
    rate, low, high = spread(rates)
    flop = rate * training_flop(
        row["model"], bench.store.window, len(bench.store.names), bench.scale
    )
    pairs = zip(rates, base[0], strict=True) if base else ()
    times = spread(
        [rate_of_round / base_round.rate(bench.gpu) for rate_of_round, base_round in pairs]
        or [float("nan")]
    )
    row |= {
        "rate": rate,
        "rates": rates,
        "times": times,
        "flop_per_s": flop,
        "of_limit": flop / bench.limits.get(row["precision"], float("nan")),
        "wall_rate": statistics.median(turn.windows / turn.wall for turn in rounds),
        "cpu_ms": statistics.median(1000 * turn.cpu / turn.windows for turn in rounds),
        "loading": statistics.median(turn.loading / turn.wall for turn in rounds),
    }
    differ = "" if row.get("differs") is None else f"{row['differs']:8.0e}"
    bench.report(
        "{model:20}{precision:10}{batch:5}  {what:30}{rate:14,.1f}  "
        "{0:>23}{wall_rate:12,.1f}{cpu_ms:8.3f}"
        "{loading:9.1%}{1:11,.1f}{of_limit:9.3f}  {2:23}{loss:7.4f}{3}".format(
            f"{low:,.1f} to {high:,.1f}",
            flop / 1e9,
            "{:.2f} ({:.2f} to {:.2f})".format(*times),
            differ,
            **row,
        ),
        **row,
    )


def run_quality(bench, options):
    """Train for as many windows in each precision, and score windows that were not shown."""
    n_test = max(2000, options.windows // 20)
    store = planted_store(options.windows, n_test, options.window, options.quality_targets)
    bench = replace(bench, store=store)
    for name in options.models:
        for precision in options.precision:
            results = [
                learn_words(bench, name, precision, seed, options) for seed in range(options.seeds)
            ]
            areas, losses = zip(*results, strict=True)
            bench.report(
                f"quality  {name:10} {precision:9} AUROC {np.mean(areas):.4f} ({min(areas):.4f} to"
                f" {max(areas):.4f}), loss {np.mean(losses):.4f}  after "
                f"{options.quality_windows:,} windows in batches of {options.quality_batch}, "
                f"{options.seeds} seeds",
                part="quality",
                model=name,
                precision=precision,
                auroc=areas,
                losses=losses,
            )


def learn_words(bench, name, precision, seed, options):
    """Train on planted words; return the AUROC and the loss of test windows."""
    steps = options.quality_windows // options.quality_batch
    runner = Step(bench, name, precision, options.quality_batch, (), seed, steps)
    for step in range(steps):
        epoch, position = divmod(step, len(runner.schedule) // runner.batch)
        if epoch and position == 0:
            runner.start_epoch(epoch)
        runner()
    return score(bench, runner)


@torch.no_grad()
def score(bench, runner):
    """Return the mean AUROC and the loss of the test windows."""
    batches, logits_of_batches = Batches(bench.store, "test", bench.device), []
    use(runner.precision)
    runner.bare.eval()
    for start in range(0, len(batches), 512):
        with autocast(bench.device, runner.precision):
            logits_of_batches.append(
                runner.bare(batches.sequences_of(slice(start, start + 512))).float()
            )
    logits, labels = torch.cat(logits_of_batches), batches.labels_of(slice(None))
    loss = functional.binary_cross_entropy_with_logits(logits, labels).item()
    columns = zip(labels.T.cpu().numpy(), logits.T.cpu().numpy(), strict=True)
    return float(np.mean([auroc(*pair) for pair in columns])), loss


def auroc(labels, scores):
    """Return the area under the ROC curve from ranks, those of ties being their mean."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = labels > 0
    n = positive.sum()
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(labels) - n))


# The command line.


def main():
    """Measure what is asked for, and print it."""
    options = parse()
    torch.set_num_threads(options.threads)
    check_counts()
    bench = Bench(
        torch.device(options.device),
        random_store(options.windows, options.window, options.targets),
        options.scale,
        options.batch,
        options.steps,
        options.seconds,
        options.rounds,
        options.workers,
    )
    report_machine(bench, options)
    for part in options.parts:
        for act in actions(bench, part, options):
            act()
            if options.json:
                options.json.write_text(json.dumps(bench.rows, indent=1) + "\n")


def actions(bench, part, options):
    """Return what a part of the run does, one thing after the other."""
    precision = "bfloat16" if "bfloat16" in options.precision else options.precision[0]
    if part == "limits":
        return [functools.partial(run_limits, bench, options.precision)]
    if part == "steps":
        return [
            functools.partial(run_steps, bench, name, options.precision) for name in options.models
        ]
    if part == "quality":
        return [functools.partial(run_quality, bench, options)]
    variants = options.graphs if part == "graphs" else options.variants
    return [
        functools.partial(run_variants, bench, name, precision, variants, part)
        for name in options.models
    ]


def parse():
    """Return the options, what depends on the device filled in."""
    parser = argparse.ArgumentParser(
        usage="python benchmarks/train.py [options]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_setting(parser)
    add_parts(parser)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch sees no GPU here; give --device cpu")
    return refuse(parser, complete(options))


def add_setting(parser):
    """Add the options that say on what and how long to measure."""
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["danq", "deepsea"])
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--precision",
        nargs="+",
        choices=("float32", "tf32", "bfloat16"),
        help="default: all that the device computes in",
    )
    parser.add_argument("--batch", nargs="+", type=int, help="default: 128; on a GPU 100 and 1024")
    parser.add_argument("--window", type=int, default=1000, help="bp")
    parser.add_argument("--targets", type=int, default=919)
    parser.add_argument("--scale", type=float, default=1.0, help="of the networks' widths")
    parser.add_argument("--windows", type=int, help="in memory; default: 20,000; on a GPU 200,000")
    parser.add_argument(
        "--steps", type=int, help="of a round; default: as many as --seconds allow, at least 3"
    )
    parser.add_argument("--seconds", type=float, help="of a round; default: 10; on a GPU 0.5")
    parser.add_argument("--rounds", type=int, help="default: 3; on a GPU 5")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU")
    parser.add_argument(
        "--workers", type=int, default=0, help="of the plain DataLoader (0 is PyTorch's default)"
    )


def add_parts(parser):
    """Add the options that say what to measure."""
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        help="default: limits steps; on a GPU variants graphs too",
    )
    parser.add_argument(
        "--variants", nargs="+", type=variant, help=f"default on a GPU: {' '.join(VARIANTS)}"
    )
    parser.add_argument(
        "--graphs", nargs="+", type=variant, default=GRAPHS, help=f"default: {' '.join(GRAPHS)}"
    )
    parser.add_argument("--compile", action="store_true", help="compiled variants on a CPU too")
    parser.add_argument(
        "--autotune", action="store_true", help="compile with max-autotune-no-cudagraphs too (slow)"
    )
    parser.add_argument("--quality", action="store_true", help="the part quality too")
    parser.add_argument(
        "--quality-windows", type=int, help="shown; default: 20,000; on a GPU 400,000"
    )
    parser.add_argument("--quality-batch", type=int, default=128)
    parser.add_argument("--quality-targets", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=3, help="of the part quality")
    parser.add_argument("--json", type=Path, help="file for all figures")


def variant(name):
    """Return a variant's name if it is made of known words."""
    if unknown := set(name.split("+")) - set(WORDS):
        raise argparse.ArgumentTypeError(
            f"no such word: {', '.join(unknown)}; there are {', '.join(WORDS)}"
        )
    return name


def complete(options):
    """Fill in what depends on the device."""
    if options.device == "auto":
        options.device = "cuda" if torch.cuda.is_available() else "cpu"
    gpu = options.device == "cuda"
    short = torch.cuda.is_bf16_supported() if gpu else torch.cpu._is_avx512_bf16_supported()
    known = ["float32", *["tf32"] * gpu, *["bfloat16"] * short]
    parts = ["limits", "steps"] + (
        ["variants", "graphs"]
        if gpu
        else ["variants"]
        if options.variants or options.compile or options.autotune
        else []
    )
    defaults = {
        "precision": known,
        "batch": [100, 1024] if gpu else [128],
        "windows": 200_000 if gpu else 20_000,
        "seconds": 0.5 if gpu else 10.0,
        "rounds": 5 if gpu else 3,
        "parts": parts,
        "quality_windows": 400_000 if gpu else 20_000,
    }
    for key, value in defaults.items():
        if getattr(options, key) is None:
            setattr(options, key, value)
    options.variants = options.variants or (
        VARIANTS if gpu else ["eager", *["compile"] * options.compile]
    )
    options.variants = with_eager(options.variants + ["autotune"] * options.autotune)
    options.graphs = with_eager(options.graphs)
    options.parts = [
        part for part in PARTS if part in options.parts or (part == "quality" and options.quality)
    ]
    return options


def with_eager(variants):
    """Put danq's step as it is first: the others are compared with it."""
    return ["eager", *(variant for variant in variants if variant != "eager")]


def refuse(parser, options):
    """Refuse what cannot be."""
    words = (
        {word for name in options.variants for word in name.split("+")}
        if "variants" in options.parts
        else set()
    )
    graphs = "graphs" in options.parts or words & {"graph", "graph_step"}
    if options.device != "cuda" and words & {"channels_last", "padded", "unfold"}:
        parser.error("channels_last, padded and unfold are of GPUs; leave them out")
    if options.device != "cuda" and ("tf32" in options.precision or graphs):
        parser.error("tf32 and CUDA graphs are of GPUs; leave them out, or give --device cuda")
    if options.windows < max(*options.batch, PLAIN_BATCH):
        parser.error("--windows must be at least the largest batch")
    return options


def report_machine(bench, options):
    """Print what is measured on, and how."""
    machine = {
        "device": torch.cuda.get_device_name() if bench.gpu else processor(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "tf32 of the plain loop": (
            f"products {PLAIN_TF32[0]}, convolutions and LSTM {PLAIN_TF32[1]}"
        ),
        "allocator": os.environ.get("GLIBC_TUNABLES") or "as it comes (README.md: GLIBC_TUNABLES)",
    }
    given = {key: value for key, value in vars(options).items() if key != "json"}
    bench.report(
        "\n".join(f"{key}: {value}" for key, value in machine.items()),
        part="machine",
        **machine,
        options=given,
    )
    print(
        f"windows: {options.windows:,} of {options.window:,} bp, {options.targets} targets; scale "
        f"{options.scale:g}; precisions: {' '.join(options.precision)} (TF32 on in tf32 only)",
        flush=True,
    )


def processor():
    """Return the name of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )


if __name__ == "__main__":
    main()
