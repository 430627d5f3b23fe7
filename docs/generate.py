"""Pages of the documentation that follow from the code: commands, knobs, names, notebooks.

Sphinx calls `write_pages` before it reads its sources (conf.py); the pages lie in docs/generated/,
which git ignores.
"""

import argparse
import json
import os
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import annotated_types
import yaml
from pydantic.fields import FieldInfo

from danq.catalog import BASELINES, METRICS, MODELS
from danq.cli import PARTS, build_parser
from danq.config import Config, Section

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
GENERATED = DOCS / "generated"

MOVED = {
    "changelog": ROOT / "CHANGELOG.md",
    "contributing": ROOT / "CONTRIBUTING.md",
    "measurements": ROOT / "benchmarks" / "README.md",
}
"""Pages that are kept elsewhere in the repository, by their name on the site."""

HOMES = {source: name for name, source in MOVED.items()} | {
    notebook: f"notebook-{notebook.stem}" for notebook in (ROOT / "notebooks").glob("*.ipynb")
}
"""The page of each of these files, and of each notebook."""

LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")
"""The path of a relative link in Markdown."""


def write_pages(folder: Path = GENERATED) -> list[Path]:
    """Write every generated page; return their paths.

    Parameters
    ----------
    folder : path
        Made if it is not there. A page that has not changed keeps its time, so that Sphinx does
        not read it again.
    """
    folder.mkdir(exist_ok=True)
    pages = {"commands": commands_page(), "knobs": knobs_page(), "names": names_page()}
    for name, source in MOVED.items():
        pages[name] = moved(source.read_text(encoding="utf-8"), source.parent, folder)
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text = notebook_page(notebook)
        pages[f"notebook-{notebook.stem}"] = moved(text, notebook.parent, folder)
    paths = []
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of every subcommand, in the order of the help."""
    parser = build_parser()
    [steps] = [
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    ]
    return dict(steps.choices)


def commands_page() -> str:
    """Return the page of all subcommands with all their options."""
    lines = [
        "# Every command",
        "",
        "Made from the code, as `danq COMMAND --help` is. A run calls most of them by itself "
        "(`snakemake`); each can be called by hand. Exit status: 0; 2 after a mistake in the "
        "input, which is explained in a line; 75 after a signal, when the same command goes on; "
        "130 after Ctrl-C.",
        "",
    ]
    parsers = commands()
    by_part = {part: len(part.COMMANDS) for part in PARTS}
    names = iter(parsers)
    for part, number in by_part.items():
        title = (part.__doc__ or "").split(":")[0].splitlines()[0].removeprefix("Subcommands ")
        lines += [f"## Commands {title.rstrip('.')}", ""]
        for name in [next(names) for _ in range(number)]:
            lines += _command(name, parsers[name])
    return "\n".join(lines)


def _command(name: str, parser: argparse.ArgumentParser) -> list[str]:
    """Return the lines of one subcommand."""
    lines = [f"### danq {name}", "", _text(parser.description or ""), ""]
    lines += ["| option | value | default | what |", "|---|---|---|---|"]
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction):
            option = ", ".join(f"`{word}`" for word in action.option_strings) or f"`{action.dest}`"
            cells = [option, _value_of(action), _default_of(action), _text(action.help or "")]
            lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _value_of(action: argparse.Action) -> str:
    """Return what an option takes."""
    if action.choices:
        return ", ".join(f"`{choice}`" for choice in action.choices)
    if isinstance(action, argparse.BooleanOptionalAction) or action.nargs == 0:
        return ""
    name = action.metavar or action.dest.upper()
    several = {"+": " ...", "*": " ..."}.get(str(action.nargs), "")
    return f"`{name if isinstance(name, str) else ' '.join(name)}{several}`"


def _default_of(action: argparse.Action) -> str:
    """Return the default of an option."""
    if action.required:
        return "required"
    if action.dest == "threads":
        return "all CPUs"
    if action.default in (None, "", [], argparse.SUPPRESS):
        return ""
    return f"`{action.default}`"


def knobs_page() -> str:
    """Return the page of every key of a configuration."""
    lines = [
        "# Every knob",
        "",
        "Made from the code (`danq/config.py`). Snakemake reads `config.yaml` first: where it "
        "differs from the default of the code, its value is named, too. A knob without a value is "
        "chosen by a rule, and log and report say what was chosen, and why "
        "([Training](../training.md#what-the-automatic-recipe-chooses)).",
        "",
    ]
    given = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for keys, section in sections():
        values = given
        for key in keys:
            values = (values or {}).get(key) or {}
        title = f"`{'.'.join(keys)}`" if keys else "At the top"
        lines += [f"## {title}", "", _text((section.__doc__ or "").splitlines()[0]), ""]
        for name, field in section.model_fields.items():
            if _section_in(field.annotation) is None:
                knob = ".".join((*keys, name))
                lines += _knob(knob, field, _shown(values.get(name)))
    return "\n".join(lines)


def _knob(knob: str, field: FieldInfo, in_run: str) -> list[str]:
    """Return the lines of one knob; `in_run` is its value in config.yaml."""
    default = "required" if field.is_required() else _default(field)
    facts = [_kind(field)]
    if default:
        facts.append(default if default == "required" else f"default {default}")
    if in_run not in ("", default):
        facts.append(f"in `config.yaml` {in_run}")
    text = _text(field.description or "")
    return [f"`{knob}`", f": {text}.", f"  *Takes:* {'; '.join(facts)}.", ""]


def names_page() -> str:
    """Return the page of the models, baselines and metrics that a configuration can name."""
    lines = [
        "# Every model, baseline and metric",
        "",
        "Made from the code (`danq/catalog.py`).",
        "",
    ]
    lines += [
        "## Models",
        "",
        "*GFLOP*: training on one window of 1,000 bp at the published widths.",
    ]
    lines += ["", "| name | what | GFLOP | twin of |", "|---|---|---|---|"]
    for model in MODELS.values():
        twin = f"`{model.twin_of}`" if model.twin_of else ""
        lines.append(f"| `{model.name}` | {_text(model.description)} | {model.gflop:g} | {twin} |")
    lines += ["", "Why each is what it is: [the models](../models.md).", ""]
    lines += ["## Baselines", "", "| name | what | a run can name it |", "|---|---|---|"]
    for baseline in BASELINES.values():
        given = "no: comes with a simulated genome" if baseline.oracle else "yes"
        lines.append(f"| `{baseline.name}` | {_text(baseline.description)} | {given} |")
    lines += ["", "## Metrics", "", "| column | what | better |", "|---|---|---|"]
    for metric in METRICS.values():
        lines.append(f"| `{metric.name}` | {_text(metric.title)} | {metric.better} |")
    return "\n".join([*lines, ""])


def sections(
    section: type[Section] = Config, keys: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], type[Section]]]:
    """Yield every section of a configuration, with the keys that lead to it."""
    yield keys, section
    for name, field in section.model_fields.items():
        inner = _section_in(field.annotation)
        if inner is not None:
            yield from sections(inner, (*keys, name))


def _section_in(annotation: Any) -> type[Section] | None:
    """Return the section that an annotation such as ``Tuning | None`` names, if any."""
    for kind in (annotation, *typing.get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Section):
            # Knobs of single models are those of all, under models.<model>.
            return None if typing.get_origin(annotation) is dict else kind
    return None


def _kind(field: FieldInfo) -> str:
    """Return the type and the bounds of a knob."""
    kind: Any = field.annotation
    kinds = [kind]
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        kinds = [part for part in typing.get_args(kind) if part is not types.NoneType]
    words = " or ".join(_kind_word(part) for part in kinds)
    return ", ".join([words, *_bounds(field)])


def _kind_word(kind: Any) -> str:
    """Return what a type is called in a configuration."""
    if typing.get_origin(kind) is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in typing.get_args(kind))
    of_origin = {list: "list", dict: "pairs"}
    names = {int: "whole number", float: "number", bool: "true or false", str: "text"}
    return of_origin.get(typing.get_origin(kind)) or names.get(kind, "text")


def _bounds(field: FieldInfo) -> list[str]:
    """Return the bounds of a number in words."""
    bounds = []
    for rule in field.metadata:
        match rule:
            case annotated_types.Ge(ge):
                bounds.append(f"at least {ge}")
            case annotated_types.Gt(gt):
                bounds.append(f"above {gt}")
            case annotated_types.Le(le):
                bounds.append(f"at most {le}")
            case annotated_types.Lt(lt):
                bounds.append(f"below {lt}")
            case annotated_types.MultipleOf(multiple_of):
                bounds.append(f"a multiple of {multiple_of}")
    return bounds


def _default(field: FieldInfo) -> str:
    """Return the default of a knob that need not be given."""
    return _shown(field.get_default(call_default_factory=True))


def _shown(value: Any) -> str:
    """Return a value as YAML writes it; nothing for an empty one."""
    if value in (None, "", [], {}) and value is not False and value != 0:
        return ""
    return f"`{json.dumps(value)}`" if not isinstance(value, str) else f"`{value}`"


def _text(text: str) -> str:
    """Return a help text for a cell of a table in Markdown."""
    escaped = re.sub(r"([|<>*_\[\]{}])", r"\\\1", " ".join(text.split()))
    with_options = re.sub(r"(?<![\w-])(--[a-z][a-z0-9-]*)", r"`\1`", escaped)
    return with_options.replace("%%", "%")


def notebook_page(path: Path) -> str:
    """Return a notebook as Markdown: its text, and its code without outputs."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    blocks = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            code = "\n".join(line for line in source.splitlines() if not line.startswith("%"))
            blocks.append(f"```python\n{code.strip()}\n```")
        else:
            blocks.append(source)
    where = f"This page is the source of `notebooks/{path.name}`; run it with "
    where += "`make notebooks` after a run."
    return "\n\n".join([blocks[0], where, *blocks[1:]]) + "\n"


def moved(text: str, source: Path, target: Path) -> str:
    """Let the relative links of a page in one folder hold in another one.

    Parameters
    ----------
    text : str
        Markdown.
    source, target : path
        The folder that its links start from, and the one from which they shall start.
    """

    def relinked(match: re.Match[str]) -> str:
        file = Path(os.path.normpath(source / match[1]))
        return os.path.relpath(file, target)

    return LINK.sub(relinked, text)


def site_links(text: str, folder: Path) -> str:
    """Let links to files that are pages of the site lead there.

    Parameters
    ----------
    text : str
        Markdown whose relative links start from `folder`.
    folder : path
        Where the page lies.
    """

    def relinked(match: re.Match[str]) -> str:
        home = HOMES.get(Path(os.path.normpath(folder / match[1])))
        if home is None:
            return match[1]
        return os.path.relpath(GENERATED / f"{home}.md", folder)

    return LINK.sub(relinked, text)
