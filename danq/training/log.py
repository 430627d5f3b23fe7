"""Lines of the log of a training: standard error, which may have nobody left to read it."""

import contextlib
import sys


def log(line: str) -> None:
    """Write a line of text to standard error at once, whether or not anyone still reads it.

    Examples
    --------
    >>> log("danq seed 0: resuming at step 3 of 40")
    """
    with contextlib.suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)
