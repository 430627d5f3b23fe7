"""Where the time of a step goes, without making the host wait for a GPU."""

import contextlib
import time
from collections.abc import Iterator

import torch


class Clock:
    """Adds up the time of named parts of the work.

    Parameters
    ----------
    device : torch.device
        Where the work is done. A GPU only queues its work: marks are then queued with it, and read
        when a total is asked for. On an Apple GPU the host's time is counted, that of queueing.

    Examples
    --------
    >>> clock = Clock(torch.device("cpu"))
    >>> with clock("load"):
    ...     time.sleep(0.01)
    >>> clock.seconds()["load"] >= 0.01
    True
    """

    def __init__(self, device: torch.device) -> None:
        self.on_gpu = device.type == "cuda"
        self._spans: list[tuple[str, _Mark, _Mark]] = []

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time one part of the work: a context manager that counts its block under `name`."""
        start = _Mark(self.on_gpu)
        yield
        end = _Mark(self.on_gpu)
        self._spans.append((name, start, end))

    def seconds(self) -> dict[str, float]:
        """Return the seconds by part since the clock was made or last read, and start again."""
        if self.on_gpu:
            torch.cuda.synchronize()
        totals: dict[str, float] = {}
        for name, start, end in self._spans:
            totals[name] = totals.get(name, 0.0) + start.seconds_until(end)
        self._spans = []
        return totals

    def share(self, name: str, total: float) -> float:
        """Return the share of a period that one part took, and start again.

        Parameters
        ----------
        name : str
            The part.
        total : float
            Length of the period (s).

        Returns
        -------
        float
            0 to 1; 0 for a period of no length.
        """
        seconds = self.seconds().get(name, 0.0)
        if total == 0:
            return 0.0
        return seconds / total


class _Mark:
    """A moment: the host's time, or an event in the queue of a GPU."""

    def __init__(self, on_gpu: bool) -> None:
        self.event: torch.cuda.Event | None = None
        if on_gpu:
            self.event = torch.cuda.Event(enable_timing=True)
            self.event.record()
        self.time = time.perf_counter()

    def seconds_until(self, end: "_Mark") -> float:
        if self.event is None or end.event is None:
            return end.time - self.time
        return self.event.elapsed_time(end.event) / 1000
