"""What the workflow recorded of its jobs: the commands, their time and memory."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from danq.files import read_table
from danq.reading import read_lines

STEPS = (
    "simulate",
    "check",
    "extract",
    "import-deepsea",
    "describe",
    "windows",
    "subset",
    "tune",
    "train",
    "predict",
    "thresholds",
    "hub",
    "baseline",
    "join-folds",
    "evaluate",
    "learning-curve",
    "motifs",
    "ablate",
    "probe",
    "attribute",
)
"""Subcommands in the order in which a run needs them."""

COLUMNS = (
    "step",
    "seconds",
    "cpu_seconds",
    "memory",
    "requested_seconds",
    "requested_memory",
    "cpus",
    "gpus",
)
"""Columns of the table of jobs."""


def read_commands(logs: Path) -> list[str]:
    """Return the commands with which the logs in a folder begin, in the order of `STEPS`.

    The list is the same in whatever order the jobs ran.
    """
    heads = [_first_line(path) for path in sorted(logs.glob("*.log"))]
    commands = []
    for step in STEPS:
        prompt = f"$ danq {step} "
        for head in heads:
            if head.startswith(prompt):
                commands.append(head.removeprefix("$ "))
    return commands


def _first_line(path: Path) -> str:
    _, line = next(read_lines(path), (1, b""))
    return line.decode("utf-8", "replace")


def read_steps(benchmarks: Path) -> pd.DataFrame:
    """Return what each job of a run took, from the folder of Snakemake's benchmark files.

    The columns are `COLUMNS`: times in seconds, memory in MB, and what the job had requested; nan
    where it is not known (https://snakemake.readthedocs.io, section Benchmark rules).
    """
    rows = []
    for path in sorted(benchmarks.glob("*.tsv"), key=_step_order):
        benchmark = _benchmark(path)
        rows.append({"step": path.stem, **_job(benchmark)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _benchmark(path: Path) -> Mapping[str, Any]:
    """Return the row of a benchmark file; nothing of one that is cut off or damaged.

    Snakemake writes these files: there is no record to compare them with.
    """
    try:
        return read_table(path).iloc[0].to_dict()
    except (ValueError, IndexError):
        return {}


def _step_order(path: Path) -> tuple[int, str]:
    step = path.stem.split("_")[0]
    rank = STEPS.index(step) if step in STEPS else len(STEPS)
    return rank, path.stem


def _job(benchmark: Mapping[str, Any]) -> dict[str, float]:
    """Return what one job took and had requested, from the row of its benchmark file."""
    return {
        "seconds": _measured(benchmark, "s"),
        "cpu_seconds": _measured(benchmark, "cpu_time"),
        "memory": _measured(benchmark, "max_rss"),
        "requested_seconds": 60 * _requested(benchmark, "runtime"),
        "requested_memory": _requested(benchmark, "mem_mb"),
        "cpus": _measured(benchmark, "threads"),
        "gpus": _requested(benchmark, "gpu"),
    }


def _measured(benchmark: Mapping[str, Any], column: str) -> float:
    """Return a number; a job that ends before Snakemake measures it has "-"."""
    value = pd.Series([benchmark.get(column)])
    return pd.to_numeric(value, errors="coerce").iloc[0]


def _requested(benchmark: Mapping[str, Any], resource: str) -> float:
    """Return a resource from the text of a dict, as Snakemake writes it; nan without it."""
    resources = str(benchmark.get("resources"))
    match = re.search(rf"'{resource}': (\d+)", resources)
    return float(match.group(1)) if match else np.nan
