"""The command line: each subcommand turns its options into one function call.

A user's mistake becomes one line on standard error and exit status 2. The module of a subcommand is
imported only when it runs: `danq --help` answers at once.
"""

import argparse
import contextlib
import io
import os
import shlex
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import danq
from danq.commands import data, learnt, results, start, training, use
from danq.commands.examples import EXAMPLES, GROUPS
from danq.errors import EXIT_STOPPED, DanqError, StoppedError, one_line
from danq.files import hold_outputs
from danq.options import (
    EXAMPLE,
    Parser,
    named_files,
    refuse_overwriting,
    refuse_pipes,
    refuse_unprintable,
    split_settings,
)

WIDTH = 100
"""Columns of the help."""

DESCRIPTION = (
    "From a genome and peaks to two trained networks, their motifs, and a report of what the "
    "recurrent layer adds. Each subcommand is one step; `snakemake --cores all` runs them all."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Parameters
    ----------
    argv : list of str, optional
        Arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        0; 2 after a mistake in the input, which one line on standard error explains; 75 after a
        signal, when the same command goes on; 130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error does by itself
    try:
        refuse_unprintable(words)
    except DanqError as error:
        return _fail(str(error))
    options = vars(build_parser().parse_args(words))
    if not sys.stderr.isatty():
        # Logs begin with the command that made them; the report collects it from there.
        print("$ danq", shlex.join(words), file=sys.stderr, flush=True)
    try:
        _run(options)
        sys.stdout.flush()
    except DanqError as error:
        return _fail(str(error))
    except StoppedError as error:
        _fail(str(error))
        return EXIT_STOPPED
    except BrokenPipeError:  # `danq describe ... | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        _close_unwritable_output()
        return _fail(_system_message(error))
    except KeyboardInterrupt:
        print("danq: interrupted", file=sys.stderr)
        return 130
    return 0


def _run(options: dict[str, Any]) -> None:
    """Check the options of a step and call its function."""
    run = options.pop("run")
    section = options.pop("section")
    outputs = options.pop("outputs")
    options.pop("command")
    refuse_overwriting(options, outputs)
    refuse_pipes(options, outputs)
    # A training may have several processes, and holds its outputs by itself.
    held = [] if options.pop("holds_outputs") else named_files(options, outputs)
    settings, arguments = split_settings(section, options)
    if settings is not None:
        arguments["settings"] = settings
    with hold_outputs(held):
        run(**arguments)


def _fail(message: str) -> int:
    """Print a message, each of its lines under the program's name; return the exit status."""
    with contextlib.suppress(OSError):  # the status still says it
        for line in message.splitlines():
            print(f"danq: {line}", file=sys.stderr, flush=True)
    return 2


def _close_unwritable_output() -> None:
    """Let standard output end nowhere where it cannot be written, as on a full disk.

    Python would try again at its end.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _system_message(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    what = error.strerror or error
    return one_line(f"{where}{what}; check the path, the rights and the free space")


class GroupedParser(Parser):
    """The parser of the whole command line, whose help shows the subcommands in groups."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.summaries: dict[str, str] = {}

    def format_help(self) -> str:
        """Return the help: usage, description, groups of subcommands."""
        parts = [self.format_usage(), textwrap.fill(DESCRIPTION, WIDTH)]
        for title, names in GROUPS.items():
            lines = [self._line(name) for name in names]
            parts.append("\n".join([f"{title}:", *lines]))
        parts.append("danq STEP --help says what a step reads and makes, with an example.")
        return "\n\n".join(part.rstrip() for part in parts) + "\n"

    def _line(self, name: str) -> str:
        """Return the name of a subcommand, and what it does."""
        summary = self.summaries[name].removesuffix(".")
        text = f"  {name:<19} {summary}"
        return textwrap.fill(text, WIDTH, subsequent_indent=" " * 22)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = GroupedParser(prog="danq", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"danq {danq.__version__}")
    steps = parser.add_subparsers(
        dest="command", required=True, metavar="STEP", parser_class=Parser
    )
    for part in PARTS:
        for add_command in part.COMMANDS:
            add_command(steps)
    for name, step in steps.choices.items():
        step.epilog = EXAMPLE + EXAMPLES[name]
        parser.summaries[name] = step.description or ""
    return parser


PARTS = (start, data, training, results, use, learnt)
"""Modules of subcommands."""
