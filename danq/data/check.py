"""Checks all of the user's files before anything long begins."""

import json
from typing import Any

from danq.config import Extract, choice_lines
from danq.data.choice import choose, refuse_one_sided
from danq.data.counts import listed, total_counts
from danq.data.inputs import Files, read_files
from danq.files import PathLike, write_text
from danq.genome.sources import Sources


def check(sources: Sources, output: PathLike, *, settings: Extract) -> None:
    """Read every file as `danq.data.extract.extract` will, and report all errors at once.

    Parameters
    ----------
    sources : danq.genome.sources.Sources
        The user's files.
    output : str or path-like
        Made when nothing is wrong: what was counted in the files (JSON).
    settings : danq.config.Extract
        As for `danq.data.extract.extract`.

    Raises
    ------
    DanqErrors
        Everything that is wrong in the files, a line each.
    DanqError
        No bin can be used, a chromosome or group that is not there, or an output that is one of the
        files.
    """
    files = read_files(sources, settings, outputs=(output,))
    choice = choose(files, files.settings)
    refuse_one_sided(files, choice)
    findings = {"windows": choice.windows(), "dropped": choice.dropped, **files.source}
    _print_findings(files, findings)
    write_text(output, json.dumps(findings, indent=1) + "\n")


def _print_findings(files: Files, findings: dict[str, Any]) -> None:
    """Print what the files hold, in a few lines."""
    lengths = files.genome.lengths
    total_length = sum(lengths.values())
    n_peaks = sum(files.n_peaks)
    print(f"genome: {len(lengths)} chromosomes, {total_length:,} bp")
    print(f"targets: {len(files.targets)}, with {n_peaks:,} peaks")
    for line in choice_lines(files.choices):
        print(f"chosen: {line}")
    print("windows:", listed(findings["windows"]))
    dropped = {reason: number for reason, number in findings["dropped"].items() if number}
    print("bins left out:", listed(dropped) or "none")
    for what, total in total_counts(findings).items():
        print(f"{what}: {total.number:,}")
