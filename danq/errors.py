"""The errors that a user can cause, and fix."""


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

    def __init__(self, what, path=None, line=None):
        where = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(where + what)


class DanqErrors(DanqError):
    """Several things wrong at once, one line each.

    Parameters
    ----------
    errors : list of DanqError or str
        What is wrong, in the order in which it is told.
    """

    def __init__(self, errors):
        super().__init__("\n".join(map(str, errors)))


def shown(text, limit=60):
    r"""Return foreign text fit for a message: control characters escaped, long text cut.

    Examples
    --------
    >>> shown("chr1\x1b[2J")
    "'chr1\\x1b[2J'"
    """
    text = text if len(text) <= limit else text[:limit] + "..."
    return repr(text)


class DamagedError(DanqError):
    """A file that can be read, but is not whole."""


class UntrainableError(DanqError):
    """A configuration with which a model cannot be trained; another one may do."""


class StoppedError(Exception):
    """A signal asked to stop; what was done so far is saved, and the same command goes on from there."""


STOPPED = "stopped by a signal; the same command goes on from here"

EXIT_STOPPED = 75
"""Exit status after a signal: try again later (EX_TEMPFAIL of sysexits.h)."""
