"""Where a training step goes: parts of the step, and the operators that take longest."""

import time
from typing import Any, NamedTuple

import torch
from torch.profiler import ProfilerActivity, profile

from danq.config import Train
from danq.data.dataset import open_dataset
from danq.files import PathLike
from danq.network.batches import EpochSchedule
from danq.network.devices import synchronize
from danq.training.interruption import Stop
from danq.training.learner import Learner, set_up, step_seed

WARM_UP = 5
"""Steps before any is timed."""

STEPS = 20
"""Steps that are timed, and then as many under PyTorch's profiler."""

OPERATORS = 15
"""The longest operators that are printed."""

LONG = 1000
"""Epochs of the learning rate's schedule, which must not end before the profile does."""


class _Profile(NamedTuple):
    """What the steps of a profile took.

    Attributes
    ----------
    batch_size : int
        Windows of a step.
    seconds : float
        Of all timed steps.
    parts : dict of str to float
        Seconds by part of the timed steps.
    operators : list
        Averages by operator of the profiled steps, as PyTorch's profiler gives them.
    """

    batch_size: int
    seconds: float
    parts: dict[str, float]
    operators: list[Any]


def profile_training(
    dataset: PathLike, *, model: str, seed: int, settings: Train, motifs: str, threads: int
) -> None:
    """Take a few training steps, and print where their time goes. Makes no file.

    Parameters
    ----------
    dataset : str or path-like
        dataset.h5.
    model, seed, settings, motifs, threads
        As for `danq.training.train.train`.

    Raises
    ------
    DanqError
        As `danq.training.train.train`.
    StoppedError
        SIGTERM, SIGINT or SIGUSR1 arrived.
    """
    settings = settings.model_copy(update={"epochs": LONG})
    with Stop() as stop, open_dataset(dataset) as data:
        learner = set_up(data, settings, model=model, seed=seed, motifs=motifs, threads=threads)
        learner.train_mode()
        result = _profile(_Steps(learner, stop))
    _print_profile(learner, result)


class _Steps:
    """Takes steps of full batches, from the windows of one epoch over and over."""

    def __init__(self, learner: Learner, stop: Stop) -> None:
        self.learner = learner
        self.stop = stop
        self.schedule: EpochSchedule = learner.loader.schedule(learner.options.seed, 0)
        self.batch_size = min(learner.options.batch_size, len(self.schedule))
        self.step = 0

    def take(self, n: int) -> float:
        """Take `n` steps; return the seconds that they took."""
        self._wait_for_device()
        started = time.perf_counter()
        for _ in range(n):
            self._take_one()
            self.stop.check()
        self._wait_for_device()
        return time.perf_counter() - started

    def _take_one(self) -> None:
        full_batches = max(1, len(self.schedule) // self.batch_size)
        start = self.step % full_batches * self.batch_size
        batch = range(start, start + self.batch_size)
        seed = step_seed(self.learner.options.seed, 0, self.step)
        loss_sum = self.learner.learn(self.schedule, batch, seed)
        self.learner.sum_over_processes(loss_sum, self.stop.signal_name is not None)
        self.step += 1

    def _wait_for_device(self) -> None:
        synchronize(self.learner.device)


def _profile(steps: _Steps) -> _Profile:
    """Time some steps, then run as many under PyTorch's profiler."""
    clock = steps.learner.clock
    steps.take(WARM_UP)
    clock.seconds()  # those of the first steps do not count
    seconds = steps.take(STEPS)
    parts = clock.seconds()
    activities = [ProfilerActivity.CPU]
    if steps.learner.device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as profiler:
        steps.take(STEPS)
    operators = list(profiler.key_averages())
    return _Profile(steps.batch_size, seconds, parts, operators)


def _print_profile(learner: Learner, result: _Profile) -> None:
    """Print the parts of a step and the operators that take longest, in ms a step."""
    options = learner.options
    machine = f"{learner.device} in {options.precision}, {torch.get_num_threads()} threads"
    speed = STEPS * result.batch_size / result.seconds
    step = result.seconds / STEPS * 1000
    print(
        f"{options.model} on {machine}, batches of {result.batch_size}: "
        f"{speed:.0f} windows/s, {step:.2f} ms a step"
    )
    remainder = result.seconds - sum(result.parts.values())
    parts = {**result.parts, "rest": remainder}
    for name, seconds in parts.items():
        share = seconds / result.seconds
        print(f"  {name:<10}{seconds / STEPS * 1000:9.2f} ms {share:7.1%}")
    _print_operators(result.operators, learner.device)


def _print_operators(operators: list[Any], device: torch.device) -> None:
    """Print the operators of the profiled steps that took longest."""
    column = "self_cpu_time_total"  # microseconds
    if device.type == "cuda":
        column = "self_device_time_total"
    times = [getattr(operator, column) for operator in operators]
    total = sum(times) or 1
    longest = sorted(zip(times, operators, strict=True), key=_time_of, reverse=True)
    print("operators, longest first (own time; the profiler slows everything down)")
    for time_spent, operator in longest[:OPERATORS]:
        milliseconds = time_spent / STEPS / 1000
        share = time_spent / total
        calls = operator.count // STEPS
        print(f"  {milliseconds:9.2f} ms {share:7.1%} {calls:6d} calls  {operator.key}")


def _time_of(entry: tuple[float, Any]) -> float:
    return entry[0]
