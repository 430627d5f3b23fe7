"""Progress of long work: a bar on a terminal, a line a minute in a log."""

import sys
from typing import Any

from tqdm import tqdm

LOG_EVERY = 60.0
"""Seconds between two lines in a log."""


class Bar(tqdm):
    """A bar of tqdm that leaves no line behind; lines of text where there is no terminal.

    Takes what `tqdm.tqdm` takes (https://tqdm.github.io/docs/tqdm/). In a log, work that is done
    within a minute says nothing.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self.in_log = not sys.stderr.isatty()
        if self.in_log:
            options |= {"mininterval": LOG_EVERY, "maxinterval": LOG_EVERY, "ncols": 0}
        super().__init__(*args, **{"leave": False, **options})

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Show the present state.

        Parameters
        ----------
        msg : str, optional
            What to show in its place; empty text clears the bar.
        pos : int, optional
            Lines below the first bar.
        """
        if not self.in_log:
            super().display(msg, pos)
        elif msg is None and self.n > self.initial and not self.disable:
            print(str(self).strip(), file=sys.stderr, flush=True)
