"""Stopping when a signal asks for it, at a place where the state can be saved."""

import contextlib
import os
import signal

from danq.errors import STOPPED, StoppedError


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
        with contextlib.suppress(OSError):  # who reads the log may have been stopped before us
            os.write(2, f"{self.asked}: saving the state of the training\n".encode())

    def __exit__(self, *exception):
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def check(self):
        """Raise StoppedError if a signal asked for it."""
        if self.asked:
            raise StoppedError(STOPPED)
