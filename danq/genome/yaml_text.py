"""The user's YAML files read as text, every value as it was typed.

YAML takes much text for numbers: a run called ``2024_05_01`` becomes 20240501, ``012`` becomes 10,
``1.10`` becomes 1.1 and ``2:30`` becomes 150 (https://yaml.org/type/int.html,
https://yaml.org/type/float.html). So does Snakemake with what is given by ``--config``.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.reading import read_bytes

MOST_VALUES = 100_000
"""Values of a file after its references are unfolded; real ones have some hundred."""

_PROGRAM = "__use_yte__"  # https://yte-template-engine.github.io

_TAG = "tag:yaml.org,2002:"
# Of these are the values that stand in a file without a tag.
_KINDS = ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
_KNOWN_TAGS = frozenset(_TAG + kind for kind in _KINDS)


def read_nodes(path: PathLike) -> yaml.Node | None:
    """Read a YAML (or JSON) file as a tree of nodes with line numbers.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    yaml.Node or None
        Its root; None for a file without a value.

    Raises
    ------
    DanqError
        The file is not YAML, holds a tag that asks for another type than text, numbers, lists and
        keys, or references that unfold without end; with the line.
    """
    text = _read_text(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        what = f"is not YAML: {error.problem or error.context}; correct it"
        raise DanqError(what, path, line) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"holds the control character {chr(error.character)!r}; remove it"
        raise DanqError(what, path, line) from None
    except RecursionError:
        raise DanqError("is nested too deeply; flatten it", path) from None
    _refuse_strange_nodes(root, path)
    return root


def _read_text(path: PathLike) -> str:
    """Return the text of a file; tabs of JSON, which YAML does not allow, become blanks."""
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DanqError("is not UTF-8 text; save it as such", path, line) from None
    if "\t" in text and _is_json(text):
        return text.replace("\t", " ")
    return text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_strange_nodes(root: yaml.Node | None, path: PathLike) -> None:
    """Refuse tags of other types, keys that are no text, and references that unfold to too much."""
    waiting = [root] if root else []
    seen = 0
    while waiting:
        node = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            what = f"holds more than {MOST_VALUES:,} values, its references (*) unfolded"
            raise DanqError(f"{what}; write less", path, line_of(node))
        if node.tag not in _KNOWN_TAGS:
            tag = node.tag.replace(_TAG, "!!")
            what = f"holds the tag {shown(tag)}, which asks for a type that no knob has"
            raise DanqError(f"{what}; remove it", path, line_of(node))
        for key, value in entries(node):
            if not isinstance(key, yaml.ScalarNode):
                raise DanqError("a list or a mapping is a key; name one", path, line_of(key))
            waiting += [key, value]
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value


def line_of(node: yaml.Node) -> int:
    """Return the line of a node, from 1."""
    return node.start_mark.line + 1


def entries(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    """Return the keys and values of a node, none when it is not a mapping."""
    if isinstance(node, yaml.MappingNode):
        return node.value
    return []


def read_mapping(path: PathLike) -> dict[str, Any]:
    """Read a YAML (or JSON) file of keys and values, every value as it was typed.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    dict of str to value
        Texts, None (null, ~ or nothing), and lists and dicts of these.

    Raises
    ------
    DanqError
        As `read_nodes`; or the file does not hold keys and values, or is a template, which
        Snakemake would run.
    """
    root = read_nodes(path)
    if not isinstance(root, yaml.MappingNode):
        line = line_of(root) if root else None
        raise DanqError("holds no keys and values, as run: name; write some", path, line)
    for key, _ in entries(root):
        if key.value == _PROGRAM:
            what = f"the key {_PROGRAM} makes Snakemake run what the file holds; remove it"
            raise DanqError(what, path, line_of(key))
    return _value(root)


def _value(node: yaml.Node) -> Any:
    """Return what a node holds: texts, None, lists and dicts."""
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(part) for part in node.value]
    return None if node.tag == f"{_TAG}null" else node.value


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    """Return the entries of a node; those of a reference after << come first, as defaults."""
    defaults: dict[str, Any] = {}
    own = {}
    for key, value in node.value:
        if key.tag == f"{_TAG}merge":
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for source in reversed(sources):
                defaults |= _value(source)
        else:
            own[key.value] = _value(value)
    return defaults | own


def merged(mappings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge mappings as Snakemake merges configurations: key by key, the later over the earlier.

    Parameters
    ----------
    mappings : iterable of mapping
        As `read_mapping` returns them.

    Returns
    -------
    dict of str to value

    Examples
    --------
    >>> merged([{"run": "a", "train": {"lr": "1"}}, {"train": {"epochs": "2"}}])
    {'run': 'a', 'train': {'lr': '1', 'epochs': '2'}}
    """
    result: dict[str, Any] = {}
    for mapping in mappings:
        for key, value in mapping.items():
            old = result.get(key)
            if isinstance(old, dict) and isinstance(value, dict):
                value = merged([old, value])
            result[key] = value
    return result


def as_typed(value: Any, texts: Any) -> Any:
    """Return a value that YAML has read, with every number, date or truth value as it was typed.

    Parameters
    ----------
    value : value
        What a reader of YAML has made of it.
    texts : value
        The same by `read_mapping`. What is not there, or of another value, stays as it is.

    Returns
    -------
    value

    Examples
    --------
    >>> as_typed({"run": 20240501, "seeds": [8, 9]}, {"run": "2024_05_01", "seeds": ["010", "9"]})
    {'run': '2024_05_01', 'seeds': ['010', '9']}
    """
    if isinstance(value, Mapping):
        return _mapping_as_typed(value, texts if isinstance(texts, Mapping) else {})
    if isinstance(value, list):
        same = isinstance(texts, list) and len(texts) == len(value)
        parts = texts if same else [None] * len(value)
        return [as_typed(*pair) for pair in zip(value, parts, strict=True)]
    return texts if _reads_as(texts, value) else value


def _mapping_as_typed(value: Mapping[Any, Any], texts: Mapping[str, Any]) -> dict[Any, Any]:
    """Return the entries of a mapping as they were typed, keys too."""
    typed = {}
    for key, part in value.items():
        candidates = (text for text in texts if _reads_as(text, key))
        typed_key = key if isinstance(key, str) else next(candidates, key)
        typed[typed_key] = as_typed(part, texts.get(typed_key))
    return typed


def _reads_as(text: Any, value: Any) -> bool:
    """Say whether YAML makes a value that is neither text nor None of a text."""
    if value is None or isinstance(value, str) or not isinstance(text, str):
        return False
    try:
        return repr(yaml.safe_load(text)) == repr(value)
    except (yaml.YAMLError, ValueError):
        return False


def with_command_line(
    config: Mapping[str, Any], given: Mapping[str, Any], words: Iterable[str]
) -> dict[str, Any]:
    """Return a configuration with what a command line gave as it was typed.

    Parameters
    ----------
    config : mapping of str to value
        The configuration.
    given : mapping of str to value
        What Snakemake has made of ``--config KEY=VALUE``: numbers, truth values, texts and more.
    words : iterable of str
        These words.

    Returns
    -------
    dict of str to value

    Examples
    --------
    >>> with_command_line({"run": 12, "seeds": [1]}, {"run": 12}, ["run=012"])
    {'run': '012', 'seeds': [1]}
    """
    typed = dict(config)
    for word in words:
        key, _, text = word.partition("=")
        value = given.get(key)
        is_read = isinstance(value, int | float)
        if is_read and repr(config.get(key)) == repr(value):
            typed[key] = text
    return typed
