"""Where the time of a step goes, without making the host wait for a GPU."""

import contextlib
import time

import torch


class Clock:
    """Adds up the time of named parts.

    Parameters
    ----------
    device : torch.device
        On a GPU, where work is only queued, marks are queued with it and read when a total is asked for.

    Examples
    --------
    >>> clock = Clock(torch.device("cpu"))
    >>> with clock("load"):
    ...     time.sleep(0.01)
    >>> clock.seconds()["load"] >= 0.01
    True
    """

    def __init__(self, device):
        self.gpu, self.marks = device.type == "cuda", []

    @contextlib.contextmanager
    def __call__(self, name):
        """Time a part, as a context."""
        begin = self._now()
        yield
        self.marks.append((name, begin, self._now()))

    def _now(self):
        if not self.gpu:
            return time.perf_counter()
        mark = torch.cuda.Event(enable_timing=True)
        mark.record()
        return mark

    def seconds(self):
        """Return the seconds of each part since the clock was made, or last read, and begin anew (dict)."""
        if self.gpu:
            torch.cuda.synchronize()
        spent = {}
        for name, begin, end in self.marks:
            spent[name] = spent.get(name, 0.0) + (
                begin.elapsed_time(end) / 1000 if self.gpu else end - begin
            )
        self.marks = []
        return spent

    def share(self, name, total):
        """Return what share of `total` seconds a part took, and begin anew."""
        return self.seconds().get(name, 0.0) / total if total else 0.0
