"""What a configuration asks for, checked before anything runs."""

import re
from typing import Any

from danq.errors import DanqError, shown

_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]*")


def refuse_pathvars(pathvars: Any) -> None:
    """Refuse path variables of Snakemake but the folder of results, below the working folder.

    Parameters
    ----------
    pathvars : value
        What the configuration has under that key: None, or ``{"results": folder}``.

    Raises
    ------
    DanqError
        Another variable, or a folder that lies elsewhere, or whose name a shell may take for its
        own.
    """
    if pathvars is None:
        return
    if not isinstance(pathvars, dict) or set(pathvars) - {"results"}:
        what = "pathvars has one key, results: the folder of the run's results; leave out others"
        raise DanqError(what)
    folder = pathvars.get("results")
    parts = folder.split("/") if isinstance(folder, str) else [""]
    if not all(map(_FOLDER.fullmatch, parts)):
        what = (
            f"pathvars.results: {shown(str(folder))} is not the name of a folder below the working "
            "folder, of letters, digits, blanks and ._-; change it, or name another working folder "
            "with snakemake --directory"
        )
        raise DanqError(what)
