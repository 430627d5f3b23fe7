"""Options of the command line: knobs of the configuration, input files, output files.

A `Step` is a subcommand while it is declared. Its knobs come from a section of `danq.config`, where
their names, defaults and bounds are declared once.
"""

import argparse
import importlib
import os
import re
import textwrap
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from danq.config import Config, Section
from danq.errors import DanqError, shown
from danq.reading import refuse_no_file
from danq.wording import nearest, plain_message

SPLITS = ("train", "valid", "test")

LARGEST = 2**31 - 1
"""The largest seed or number of threads."""


EXAMPLE = "Example: "
"""How an epilog begins that is a command."""


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows a default only where there is one, and an example as a command that can be pasted."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if not text.startswith(EXAMPLE):
            return super()._fill_text(text, width, indent)
        command = text.removeprefix(EXAMPLE)
        lines = textwrap.wrap(command, width - 6, break_long_words=False, break_on_hyphens=False)
        return "example:\n  " + " \\\n    ".join(lines)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, "", []):
            return action.help
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """A parser that names the choice most like a wrong one."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            hint = nearest(str(value), map(str, action.choices or []))
            raise argparse.ArgumentError(action, f"{error.message}{hint}") from None


class Step:
    """One subcommand while it is declared.

    Parameters
    ----------
    steps : argparse subparsers
        What `argparse.ArgumentParser.add_subparsers` returned.
    name, summary : str
        What it is called, and what it does.
    run : callable
        Called with the options as keywords, and with ``settings``, a checked section, where the
        step has one.
    section : type of danq.config.Section, optional
        Its fields become options.
    leave_out : tuple of str
        Fields of the section that do not become options.
    """

    def __init__(
        self,
        steps: Any,
        name: str,
        run: Callable[..., None],
        summary: str,
        section: type[Section] | None = None,
        leave_out: Sequence[str] = (),
    ) -> None:
        description = f"{summary[0].upper()}{summary[1:]}."
        self.parser: argparse.ArgumentParser = steps.add_parser(
            name, help=summary, description=description, formatter_class=HelpFormatter
        )
        self.parser.set_defaults(run=run, section=section, outputs=(), holds_outputs=False)
        fields = section.model_fields if section else {}
        for field_name, field in fields.items():
            if field_name not in leave_out:
                self._knob(field_name, field)

    def _knob(self, name: str, field: FieldInfo) -> None:
        """Add the option of one knob."""
        extra = _kind_of(field)
        if field.is_required():
            extra["required"] = True
        else:
            extra["default"] = field.default
        self.parser.add_argument(flag(name), help=field.description, **extra)

    def holds_its_outputs(self) -> None:
        """Say that the function locks its output files by itself."""
        self.parser.set_defaults(holds_outputs=True)

    def option(self, *names: str, **extra: Any) -> None:
        """Add an option as `argparse.ArgumentParser.add_argument` takes it."""
        self.parser.add_argument(*names, **extra)

    def input(self, name: str, help: str, *, required: bool = True, **extra: Any) -> None:
        """Add the option of an input file.

        Parameters
        ----------
        name : str
            The option without its dashes; an underscore becomes a dash.
        help : str
            What the file holds.
        required : bool
            Whether the option must be given.
        **extra
            As `argparse.ArgumentParser.add_argument` takes them.
        """
        self.parser.add_argument(flag(name), required=required, help=help, metavar="FILE", **extra)

    def inputs(self, name: str, help: str) -> None:
        """Add the option of any number of files that are read, none by default.

        Parameters
        ----------
        name, help : str
            Name of the option without its hyphens, and what the files are.
        """
        self.input(name, help, required=False, nargs="*", default=[])

    def pairs(self, option: str, metavar: str, help: str) -> None:
        """Add an option of any number of NAME=VALUE words, none by default.

        Parameters
        ----------
        option, metavar, help : str
            As `argparse.ArgumentParser.add_argument` takes them; see `name_value_pairs`.
        """
        self.option(option, nargs="*", metavar=metavar, default=[], help=help)

    def output(self, name: str, help: str, *, required: bool = True, **extra: Any) -> None:
        """Add the option of an output file: it may not have the name of an input file.

        Parameters
        ----------
        name, help, required, **extra
            As `input` takes them.
        """
        self.input(name, f"output: {help}", required=required, **extra)
        outputs = self.parser.get_default("outputs")
        self.parser.set_defaults(outputs=(*outputs, name))

    def folder(self, name: str, help: str) -> None:
        """Add the option of a folder that files are written into.

        Parameters
        ----------
        name, help : str
            Name of the option without its hyphens, and what the files are.
        """
        self.option(flag(name), metavar="FOLDER", help=f"output: {help}")

    def checkpoint_and_dataset(self, dataset_help: str = "dataset.h5") -> None:
        """Add what every step on a trained model reads."""
        self.input("checkpoint", "of danq train")
        self.input("dataset", dataset_help)

    def device(self) -> None:
        """Add the option of the device."""
        self.option("--device", default="auto", help="auto, cpu, cuda or mps")

    def threads(self) -> None:
        """Add the option of the number of threads."""
        reader = whole_number(1)
        self.option("--threads", type=reader, default=os.cpu_count(), help="CPU threads")

    def split(self, help: str) -> None:
        """Add the option of a split."""
        self.option("--split", default="test", choices=SPLITS, help=help)

    def known_motifs(self) -> None:
        """Add the option of the known motifs."""
        field = Config.model_fields["motifs"]
        self.option("--motifs", default=field.default, help=field.description)


def function_of(module: str, function: str) -> Callable[..., None]:
    """Return a call of a function of one of our modules, which is imported only then.

    Parameters
    ----------
    module : str
        Its name within danq: ``data.extract``.
    function : str
        The function's name.

    Returns
    -------
    callable
        Takes keywords, as the function does.
    """

    def run(**options: Any) -> None:
        imported = importlib.import_module(f"danq.{module}")
        getattr(imported, function)(**options)

    return run


def flag(name: str) -> str:
    """Return the option of a name: ``--max-n`` for max_n."""
    return "--" + name.replace("_", "-")


def _kind_of(field: FieldInfo) -> dict[str, Any]:
    """Return how argparse reads a knob."""
    kind: Any = field.annotation
    # A value, or none given; with a Literal, Python's union is the older one of typing.
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) is typing.Literal:
        return {"type": str, "choices": typing.get_args(kind)}
    if isinstance(kind, types.GenericAlias):
        return {"type": str, "nargs": "+"}
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if kind is int:
        return {"type": _whole}
    if kind is float:
        return {"type": _number}
    return {"type": kind}


def _whole(text: str) -> int:
    """Return a whole number; its bounds are checked later."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _number(text: str) -> float:
    """Return a number; its bounds are checked later."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def whole_number(lowest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `lowest` to `LARGEST`."""

    def number(text: str) -> int:
        if not text.isdecimal() or not lowest <= int(text) <= LARGEST:
            what = f"{text!r} is not a whole number from {lowest} to {LARGEST}"
            raise argparse.ArgumentTypeError(what)
        return int(text)

    return number


class SplitOptions(NamedTuple):
    """The options of a step, parted into knobs and others.

    Attributes
    ----------
    settings : danq.config.Section or None
        The knobs as a section, checked against its bounds; None for a step without a section.
    arguments : dict of str to value
        The options that are not knobs.
    """

    settings: Section | None
    arguments: dict[str, Any]


def split_settings(section: type[Section] | None, options: dict[str, Any]) -> SplitOptions:
    """Take the knobs of a section out of the options of a step.

    Parameters
    ----------
    section : type of danq.config.Section or None
        The section of the step, if it has one.
    options : dict of str to value
        All options of the step.

    Returns
    -------
    SplitOptions

    Raises
    ------
    DanqError
        A value out of bounds.
    """
    if section is None:
        return SplitOptions(None, options)
    knobs = {}
    arguments = {}
    for name, value in options.items():
        if name in section.model_fields:
            knobs[name] = value
        else:
            arguments[name] = value
    try:
        return SplitOptions(section.model_validate(knobs), arguments)
    except ValidationError as error:
        problem = error.errors()[0]
        where = flag(str(problem["loc"][0])) if problem["loc"] else "options"
        raise DanqError(f"{where}: {plain_message(problem)}; see --help") from None


def refuse_overwriting(options: Mapping[str, Any], outputs: Sequence[str]) -> None:
    """Refuse an output file that is also an input file, or another output file.

    Parameters
    ----------
    options : dict of str to value
        The options of a step; every value that is the path of an existing file counts as an input.
    outputs : tuple of str
        Which of them name output files.

    Raises
    ------
    DanqError
        Two options name one file, and at least one of them is an output; or an output is a folder,
        a device or a pipe.
    """
    options_by_file: dict[str, str] = {}
    for option, path in _paths(options, outputs):
        if option in outputs and os.path.isdir(path):
            raise DanqError(f"{flag(option)} is a folder; name a file to make", path)
        if option in outputs and os.path.exists(path) and not os.path.isfile(path):
            what = f"{flag(option)} is a device or a pipe, which would be replaced"
            raise DanqError(f"{what}; name a file to make", path)
        file = os.path.realpath(path)
        earlier = options_by_file.get(file)
        if earlier is not None and (earlier in outputs or option in outputs):
            raise DanqError(f"is {_both(earlier, option)}; name another file to make", path)
        options_by_file[file] = option


# Control characters, line and paragraph separators, and what turns the direction of writing.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def refuse_unprintable(words: Sequence[str]) -> None:
    """Refuse words of a command line that would be several lines of a log, or other commands there.

    Parameters
    ----------
    words : list of str
        All of them. White space is allowed in a JSON object.

    Raises
    ------
    DanqError
        A word holds a line break, an escape of terminals, or another control character.
    """
    for word in words:
        text = " ".join(word.split()) if word.lstrip().startswith("{") else word
        if _UNPRINTABLE.search(text):
            what = f"{shown(word, 200)} holds a line break or another control character"
            raise DanqError(f"{what}; rename the file, or leave it out")


def refuse_pipes(options: Mapping[str, Any], outputs: Sequence[str]) -> None:
    """Refuse an input that is a pipe, a socket or a device: danq reads a file more than once.

    Parameters
    ----------
    options : dict of str to value
        The options of a step; every value that is the path of something counts as an input.
    outputs : tuple of str
        Which of them name output files.

    Raises
    ------
    DanqError
        An option names such a thing.
    """
    for option, value in options.items():
        for path in [] if option in outputs else _texts(value):
            if os.path.exists(path) and not os.path.isdir(path):
                refuse_no_file(path)


def named_files(options: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return the paths that some options name; none where an option is not given.

    Parameters
    ----------
    options : dict of str to value
        The options of a step.
    names : iterable of str
        Some of them; each has a path, a list of paths, or None.

    Returns
    -------
    list of str
    """
    return [text for name in names for text in _texts(options[name])]


def _paths(options: Mapping[str, Any], outputs: Sequence[str]) -> list[tuple[str, str]]:
    """Return option and path of every input and output file."""
    paths = []
    for option, value in options.items():
        files = [text for text in _texts(value) if option in outputs or os.path.isfile(text)]
        paths += [(option, file) for file in files]
    return paths


def _texts(value: Any) -> list[str]:
    """Return the texts that an option holds."""
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]


def _both(earlier: str, option: str) -> str:
    if earlier == option:
        return f"{flag(option)} twice"
    return f"both {flag(earlier)} and {flag(option)}"


def name_value_pairs(words: Sequence[str], option: str, *, last: bool = False) -> dict[str, str]:
    """Turn NAME=VALUE words into a dict.

    Parameters
    ----------
    words : list of str
        As given on the command line.
    option : str
        The option that they are values of, for the message.
    last : bool
        True: split a word at its last =; False: at its first.

    Returns
    -------
    dict of str to str

    Raises
    ------
    DanqError
        A word without =, or a name given twice.
    """
    pairs: dict[str, str] = {}
    for word in words:
        if "=" not in word:
            raise DanqError(f"{option} {word}: expected NAME=VALUE")
        name, value = word.rsplit("=", 1) if last else word.split("=", 1)
        if name in pairs:
            raise DanqError(f"{option} names something twice; give one value for each")
        pairs[name] = value
    return pairs
