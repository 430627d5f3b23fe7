"""Where a training step goes: parts of the step, and the operators that take longest."""

import time

import torch
from torch.profiler import ProfilerActivity, profile

from danq.data.dataset import open_dataset
from danq.training.stop import Stop
from danq.training.train import Loop

WARM_UP, STEPS, SHOWN = 5, 20, 15
LONG = 1000  # epochs: the schedule must not end before the profile does


def profile_training(dataset, **options):
    """Take a few training steps, and print where their time goes. Makes no file.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    **options
        As for `danq.training.train.Loop`.
    """
    with Stop() as stop, open_dataset(dataset) as opened:
        loop = Loop(opened, **(options | {"epochs": LONG}))
        loop.model.train()
        plan, size = loop.loader.plan(loop.options["seed"], 0), loop.options["batch_size"]
        size = min(size, len(plan))
        _steps(loop, plan, size, WARM_UP, stop)
        loop.clock.seconds()
        seconds = _steps(loop, plan, size, STEPS, stop)
        parts = loop.clock.seconds()
        kinds = [ProfilerActivity.CPU] + (
            [ProfilerActivity.CUDA] if loop.device.type == "cuda" else []
        )
        with profile(activities=kinds) as profiler:
            _steps(loop, plan, size, STEPS, stop)
    _tell(loop, size, seconds, parts, profiler.key_averages())


def _steps(loop, plan, size, n, stop):
    """Take `n` steps of `size` windows; return the seconds that they took."""
    if loop.device.type == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(n):
        first = loop.step % max(1, len(plan) // size) * size
        loop.learn(plan, first, first + size, stop)
        loop.step += 1
        stop.check()
    if loop.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def _tell(loop, size, seconds, parts, operators):
    """Print the parts of a step and the operators that take longest, in ms a step."""
    options = loop.options
    print(
        f"{options['model']} on {loop.device} in {options['precision']}, {torch.get_num_threads()} threads, batches "
        f"of {size}: {STEPS * size / seconds:.0f} windows/s, {seconds / STEPS * 1000:.2f} ms a step"
    )
    for name, spent in {**parts, "rest": seconds - sum(parts.values())}.items():
        print(f"  {name:<10}{spent / STEPS * 1000:9.2f} ms {spent / seconds:7.1%}")
    kind = "self_device_time_total" if loop.device.type == "cuda" else "self_cpu_time_total"
    total = sum(getattr(operator, kind) for operator in operators) or 1
    print("operators, longest first (own time; while they are watched all takes longer)")
    for operator in sorted(operators, key=lambda one: -getattr(one, kind))[:SHOWN]:
        spent = getattr(operator, kind)
        calls = operator.count // STEPS
        print(
            f"  {spent / STEPS / 1000:9.2f} ms {spent / total:7.1%} {calls:6d} calls  {operator.key}"
        )
