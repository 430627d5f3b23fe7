"""Knobs of a training that a search chose: a file of `danq tune`, read by `danq train`."""

from typing import Any

from pydantic import ValidationError

from danq.config import Train
from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.yaml_keys import find_key, refuse_double_keys
from danq.genome.yaml_text import read_mapping
from danq.records import verified_if_recorded
from danq.training.study import SEARCHED

SECTION = "train"
"""The section that holds them."""


def with_knobs(settings: Train, path: PathLike) -> Train:
    """Return the options of a training with the knobs of a file in place of theirs.

    Parameters
    ----------
    settings : danq.config.Train
        As given on the command line.
    path : str or path-like
        A YAML file with a section ``train``, as `danq tune` writes it.

    Returns
    -------
    danq.config.Train

    Raises
    ------
    DanqError
        The file is no such file, or has a knob that is not tuned, or a value out of bounds.
    """
    knobs = _read_section(path)
    for name in knobs:
        if name not in SEARCHED:
            known = ", ".join(SEARCHED)
            what = f"{shown(str(name))} is not a knob of a search: {known}; give it as an option"
            raise DanqError(what, path, _line_of(path, str(name)))
    try:
        return Train.model_validate({**settings.model_dump(), **knobs})
    except ValidationError as error:
        problem = error.errors()[0]
        message = problem["msg"].removeprefix("Value error, ")
        name = ".".join(str(part) for part in problem["loc"])
        what = f"{name}: {message}; write what danq tune wrote"
        raise DanqError(what.removeprefix(": "), path, _line_of(path, name)) from None


def _read_section(path: PathLike) -> dict[str, Any]:
    """Return the section of the file, or refuse another file."""
    verified_if_recorded(path)
    content = read_mapping(path)
    refuse_double_keys([path])
    section = content.get(SECTION)
    if not isinstance(section, dict) or len(content) > 1:
        what = f"no YAML file with a section {SECTION}; give a file that danq tune --output wrote"
        raise DanqError(what, path)
    return section


def _line_of(path: PathLike, name: str) -> int | None:
    return find_key([path], [SECTION, name]).line
