"""The errors that a user can cause, and fix."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class DanqError(Exception):
    """Bad input. The message is one line: where, what is wrong, and what to do about it.

    Parameters
    ----------
    what : str
        What is wrong, and after a semicolon what to do.
    path : str or path-like, optional
        The file at fault.
    line : int, optional
        The line at fault, counted from 1.

    Examples
    --------
    >>> print(DanqError("end 20 is beyond chr1 (10 bp); check the assembly", path="a.bed", line=3))
    a.bed:3: end 20 is beyond chr1 (10 bp); check the assembly
    """

    def __init__(
        self, what: str, path: str | os.PathLike[str] | None = None, line: int | None = None
    ) -> None:
        where = _location(path, line)
        super().__init__(one_line(where + what))


def one_line(text: str) -> str:
    r"""Return text as it can stand in a line of a log: what cannot be printed is escaped.

    Line breaks, tabs, the escapes of terminals, and what turns the direction of writing.

    Examples
    --------
    >>> one_line("a.bed\n2026 all well\x1b[2J")
    'a.bed\\n2026 all well\\x1b[2J'
    """
    if text.isprintable():
        return text
    pieces = [piece if piece.isprintable() else repr(piece)[1:-1] for piece in text]
    return "".join(pieces)


def warn(text: str) -> None:
    """Print a warning as one line of standard error.

    Examples
    --------
    >>> warn("target 'x' has no positive window; change the splits")
    """
    print(one_line(f"warning: {text}"), file=sys.stderr)


def _location(path: str | os.PathLike[str] | None, line: int | None) -> str:
    """Return ``file:line: `` as far as it is known."""
    if path is None:
        return ""
    if line is None:
        return f"{path}: "
    return f"{path}:{line}: "


class DanqErrors(DanqError):
    """Several things wrong at once, one line each.

    Parameters
    ----------
    errors : list of DanqError or str
        What is wrong, in the order in which it is printed.
    """

    def __init__(self, errors: Iterable[DanqError | str]) -> None:
        lines = []
        for error in errors:
            if isinstance(error, DanqErrors):
                lines += str(error).splitlines()
            else:
                lines.append(one_line(str(error)))
        Exception.__init__(self, "\n".join(lines))


def shown(text: str, limit: int = 60) -> str:
    r"""Return a user's text made safe for a message: control characters escaped, long text cut.

    Parameters
    ----------
    text : str
        Any text, as of a file or an option.
    limit : int
        How many characters are shown at most.

    Returns
    -------
    str
        The text between quotes.

    Examples
    --------
    >>> shown("chr1\x1b[2J")
    "'chr1\\x1b[2J'"
    """
    if len(text) > limit:
        text = text[:limit] + "..."
    return repr(text)


def checked(
    function: Callable[_Parameters, _Result],
    *arguments: _Parameters.args,
    **options: _Parameters.kwargs,
) -> _Result:
    """Call a function on a user's input; print its mistakes, one line each, and exit with status 2.

    Parameters
    ----------
    function : callable
        What is called.
    *arguments, **options
        What it takes.

    Returns
    -------
    value
        What it returns.
    """
    try:
        return function(*arguments, **options)
    except (DanqError, OSError) as error:
        text = str(error) if isinstance(error, DanqError) else one_line(str(error))
        for line in text.splitlines():
            print(f"danq: {line}", file=sys.stderr)
        sys.exit(2)


class DamagedError(DanqError):
    """A file that can be read, but is damaged or incomplete."""


class UntrainableError(DanqError):
    """A configuration with which a model cannot be trained; another one may do."""


class StoppedError(Exception):
    """A signal asked to stop; the state is saved, and the same command goes on from there."""


STOPPED = "stopped by a signal; the same command goes on from here"

EXIT_STOPPED = 75
"""Exit status after a signal: try again later (EX_TEMPFAIL of sysexits.h)."""
