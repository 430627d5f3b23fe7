"""Texts of a configuration: which characters they may have, and what is wrong with one in words."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from danq.errors import shown

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
"""What a run may be called: it becomes a folder.

pydantic's `$` is the very end of the text: a name that ends in a newline does not match.
"""

# Quoted texts reach a shell as they are, but for these: Slurm's plugin puts a job's words between
# double quotes once more, and Snakemake takes what is in braces for a pattern.
_TAKEN = "$`\\{}"
# What pydantic calls things, and what we do.
_PLAIN = {
    "int_parsing": "Input should be a whole number",
    "int_type": "Input should be a whole number",
    "int_from_float": "Input should be a whole number",
    "float_parsing": "Input should be a number",
    "float_type": "Input should be a number",
    "bool_parsing": "Input should be true or false",
    "bool_type": "Input should be true or false",
    "list_type": "Input should be a list",
    "dict_type": "Input should be keys with values",
    "model_type": "Input should be keys with values",
    "string_type": "Input should be a text",
}


def run_name(text: str) -> str:
    """Return the name of a run; refuse what cannot be a folder's name everywhere."""
    if not re.fullmatch(NAME, text) or text.endswith("\n"):
        what = f"{shown(text)} cannot be the name of a folder"
        allowed = "letters A to Z, digits and . _ -, with a letter or digit first, 100 at most"
        raise ValueError(f"{what}; use {allowed}")
    return text


def safe_text(text: str) -> str:
    """Return a text that becomes a word of a command line; refuse what a program takes for its own.

    Names of contigs as SAM allows them, and of targets as ENCODE has them, may be given.
    """
    if text.startswith("-"):
        raise ValueError(f"{shown(text)} begins with -, as an option does; rename it")
    if text != text.strip():
        raise ValueError(f"{shown(text)} begins or ends with a blank; remove it")
    for character in text:
        if character in _TAKEN or not character.isprintable():
            what = f"{shown(text)} holds {shown(character)}, which a shell or Snakemake would read"
            raise ValueError(f"{what}; all printable characters but {' '.join(_TAKEN)} can be used")
    return text


def checksum(text: str) -> str:
    """Return a checksum; refuse what can be none."""
    if not re.fullmatch("[0-9a-fA-F]{32}|[0-9a-fA-F]{64}", text):
        what = "is not a checksum: SHA-256 has 64 hexadecimal digits, MD5 32"
        raise ValueError(f"{shown(text, 80)} {what}; copy it again")
    return text


def device_name(text: str) -> str:
    """Return the name of a device; refuse what PyTorch does not call one."""
    if not re.fullmatch("auto|cpu|mps|cuda(:[0-9]+)?", text):
        hint = nearest(text, ["auto", "cpu", "mps", "cuda"])
        raise ValueError(
            f"{shown(text)} is not a device; give auto, cpu, cuda, cuda:1 or mps{hint}"
        )
    return text


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return ``; did you mean X?`` with the choice most like a word, in whatever case; or nothing.

    Parameters
    ----------
    word : str
        As given.
    choices : iterable of str
        What may be given.

    Returns
    -------
    str

    Examples
    --------
    >>> nearest("DanQ", ["deepsea", "danq"]), nearest("x", ["deepsea"])
    ('; did you mean danq?', '')
    """
    by_case = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(word.casefold(), by_case, 1)
    return f"; did you mean {by_case[found[0]]}?" if found else ""


def plain_message(problem: Mapping[str, Any]) -> str:
    """Return what pydantic says of a value, without its words for types.

    Parameters
    ----------
    problem : mapping
        One of ``ValidationError.errors()``.

    Returns
    -------
    str
        Without the value, which the problem of one of our own rules names already.
    """
    kind = problem["type"]
    message = problem["msg"].removeprefix("Value error, ")
    if kind == "literal_error":
        choices = re.findall("'([^']*)'", problem["ctx"]["expected"])
        return message + nearest(str(problem["input"]), choices)
    return _PLAIN.get(kind, message)
