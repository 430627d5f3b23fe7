"""How the run was made: software, inputs, trainings, configuration, and its methods in words."""

import json

import danq
from danq.report.bibtex import BIBTEX
from danq.report.findings.jobs import MACHINE, input_files, machines, software
from danq.report.findings.shortfalls import reached
from danq.report.methods_text import CITATION, methods_paragraphs, motif_paragraph
from danq.report.page import Column, Details, Fold, Section, Table, table_of
from danq.report.run import Run, configuration
from danq.report.sections.pieces import place_columns
from danq.report.words import duration, number, plain, title


def methods(run: Run, settings: str) -> Section:
    """Say how a run was made.

    Parameters
    ----------
    run : Run
        A finished run.
    settings : str
        Its resolved configuration (YAML); empty when unknown.

    Returns
    -------
    Section
    """
    paragraphs = [*methods_paragraphs(run), motif_paragraph(run)]
    texts = {
        "Methods, as text for a paper": "\n\n".join(filter(None, paragraphs)),
        "How to cite": CITATION.format(version=danq.__version__),
        "BibTeX": BIBTEX.format(version=danq.__version__),
        "Configuration": settings,
        "Commands": "\n".join(run.commands),
        "Training options": _options(run),
        "Peak files": _peak_files(run),
    }
    details = [Details(title, text) for title, text in texts.items() if text]
    made = [machines_table(run), steps_table(run), versions_table(run), sources_table(run)]
    return Section(
        "methods",
        "How it was made",
        cautions=[f"Edited by hand since danq wrote it: {path}." for path in run.accepted],
        tables=[shortfalls_table(run, settings)],
        folds=[Fold("Machines, time, software and input files", tables=made)],
        details=details,
    )


def shortfalls_table(run: Run, settings: str) -> Table:
    """Return what the configuration asked for and the data did not have.

    Parameters
    ----------
    run : Run
        A finished run.
    settings : str
        Its resolved configuration (YAML); empty when unknown.

    Returns
    -------
    Table
        Without a row where everything was reached.
    """
    columns = [
        Column("what", "what", words=True),
        Column("asked", "asked for", _count),
        Column("reached", "there", _count),
    ]
    note = "Fewer than the configuration asked for: the data have no more."
    return table_of("Not reached", reached(run, configuration(settings)), columns, note)


def _count(value: int) -> str:
    return f"{value:,}"


def _options(run: Run) -> str:
    lines = []
    for training in run.trained:
        if "options" in training.facts:
            options = json.dumps(training.facts["options"], ensure_ascii=False)
            lines.append(f"{training.model} {training.label}: {options}")
    return "\n".join(lines)


def _peak_files(run: Run) -> str:
    lines = []
    for file in run.files():
        if file.role == "peaks":
            lines.append(f"{file.checksum}  {file.path}")
    return "\n".join(lines)


def machines_table(run: Run) -> Table:
    """Return on what each model of a run was trained, and how long it took."""
    words = ("device", "hardware", "precision")
    columns = [Column("model", "model", title, words=True), *place_columns(run.trained)]
    for name in MACHINE:
        columns.append(Column(name, name, plain, words=name in words))
    columns.append(Column("seconds", "time", _duration))
    return table_of("Models and machines", machines(run.trained), columns)


def _duration(seconds: object) -> str:
    return duration(seconds) if isinstance(seconds, int | float) else "NA"


def steps_table(run: Run) -> Table:
    """Return what each job of a run took, and what it had requested."""
    columns = [
        Column("step", "step", _step, words=True),
        Column("seconds", "seconds", _tenths),
        Column("cpu_seconds", "CPU seconds", _tenths),
        Column("memory", "highest memory (MB)", _tenths),
        Column("requested_seconds", "time limit (seconds)", _rounded),
        Column("requested_memory", "memory requested (MB)", _rounded),
        Column("cpus", "CPUs", _rounded),
        Column("gpus", "GPUs", _rounded),
    ]
    note = (
        "For each job, as measured by Snakemake; jobs run side by side. To the right, what is "
        "requested from a cluster; on a single machine these are not limits."
    )
    return table_of("Time and memory", run.steps, columns, note)


def _step(name: str) -> str:
    return name.replace("_", " ")


def _tenths(value: float) -> str:
    return number(value, 1)


def _rounded(value: float) -> str:
    return number(value, 0)


def versions_table(run: Run) -> Table:
    """Return the versions of the software that made a run."""
    columns = [Column("name", "name", words=True), Column("version", "version", words=True)]
    return table_of("Software", software(run), columns)


def sources_table(run: Run) -> Table:
    """Return the input files of a run, but for peaks."""
    columns = [
        Column("role", "input", words=True),
        Column("path", "path", words=True),
        Column("checksum", "SHA-256", words=True),
    ]
    return table_of("Input files", input_files(run), columns)
