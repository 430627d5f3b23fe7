"""Stopping when a signal asks for it, at a place where the state can be saved."""

import signal
import sys

from danq.errors import StoppedError


class Stop:
    """Notes signals that ask to stop (SIGTERM, SIGINT, SIGUSR1), as a context; a second one ends the process."""

    SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)

    def __init__(self):
        self.asked = None

    def __enter__(self):
        self.before = {number: signal.signal(number, self._note) for number in self.SIGNALS}
        return self

    def _note(self, number, frame):
        self.asked = signal.Signals(number).name
        self.__exit__()
        print(f"{self.asked}: saving the state of the training", file=sys.stderr, flush=True)

    def __exit__(self, *exception):
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def check(self):
        """Raise StoppedError if a signal asked for it."""
        if self.asked:
            raise StoppedError("stopped by a signal; the same command goes on from here")
