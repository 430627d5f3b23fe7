"""Keys of the user's YAML files: their lines, and keys that are given twice."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

import yaml

from danq.config import Config, load
from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.yaml_text import entries, line_of, merged, read_mapping, read_nodes


class KeyLocation(NamedTuple):
    """Where a configuration gives a key.

    Attributes
    ----------
    file : str
        Path of the file.
    line : int or None
        Line number, from 1; None when the key is not there.
    """

    file: str
    line: int | None


def find_key(paths: Sequence[PathLike], keys: Sequence[str]) -> KeyLocation:
    """Find where a configuration gives a value.

    Parameters
    ----------
    paths : sequence of path
        YAML files, the later ones overriding the earlier.
    keys : sequence of str
        Keys that lead to the value, from the outermost.

    Returns
    -------
    KeyLocation
        File and line of the innermost key that is there; the last file, without a line, when none
        is.
    """
    location = KeyLocation("config", None)
    if paths:
        location = KeyLocation(str(paths[-1]), None)
    deepest = 0
    for path in paths:
        node = read_nodes(path)
        for depth, key in enumerate(keys, 1):
            entry = _entry(node, key)
            if entry is None:
                break
            key_node, node = entry
            if depth >= deepest:
                location = KeyLocation(str(path), line_of(key_node))
                deepest = depth
    return location


def load_files(paths: Sequence[PathLike]) -> Config:
    """Read and check a configuration, as Snakemake and the workflow do.

    Parameters
    ----------
    paths : sequence of path
        YAML files, the later ones overriding the earlier, key by key.

    Returns
    -------
    danq.config.Config

    Raises
    ------
    DanqError
        A file is not YAML, gives a key twice, or has a key or value that is not allowed; with the
        line.
    """
    refuse_double_keys(paths)
    content = merged([read_mapping(path) for path in paths])
    content.pop("pathvars", None)
    return load(content, partial(find_key, paths))


def refuse_double_keys(paths: Iterable[PathLike]) -> None:
    """Refuse a key that a YAML file gives twice, of which YAML readers silently take the last.

    Parameters
    ----------
    paths : iterable of path
        YAML files.

    Raises
    ------
    DanqError
        A key is given twice, or the file is not YAML; the message has the line.
    """
    for path in paths:
        nodes = [read_nodes(path)]
        while nodes:
            seen = set()
            for key, value in entries(nodes.pop()):
                if key.value in seen:
                    what = f"the key {shown(str(key.value))} is given twice; remove one"
                    raise DanqError(what, path, line_of(key))
                seen.add(key.value)
                nodes.append(value)


def _entry(node: yaml.Node | None, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the entry of a mapping with a key, or None."""
    for entry in entries(node):
        if entry[0].value == key:
            return entry
    return None
