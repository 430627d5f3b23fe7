"""Stopping when a signal asks for it, where the state can be saved."""

import contextlib
import os
import signal
from types import FrameType
from typing import Any

from danq.errors import STOPPED, StoppedError


class Stop:
    """Note a signal that asks to stop, as a context manager.

    The first of SIGTERM, SIGINT and SIGUSR1 is noted in `asked`; a second one ends the process, as
    it would have done without the context.

    Attributes
    ----------
    asked : str or None
        Name of the signal that arrived, as ``SIGTERM``.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)

    def __init__(self) -> None:
        self.asked: str | None = None
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Stop":
        for number in self.SIGNALS:
            self._handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        """Handle a first signal: note it, and leave a second one to the handlers of before."""
        self.asked = signal.Signals(number).name
        self.__exit__()
        message = f"{self.asked}: saving the state of the training\n"
        with contextlib.suppress(OSError):  # whoever reads the log may have been stopped before us
            os.write(2, message.encode())

    def check(self) -> None:
        """Raise StoppedError where a signal has asked to stop.

        Raises
        ------
        StoppedError
            A signal arrived.
        """
        if self.asked is not None:
            raise StoppedError(STOPPED)
