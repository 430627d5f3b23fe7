"""What a run of the workflow says at its end: how long its steps took, or what went wrong."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from danq.files import PathLike, read_table

LOGS = re.compile(r"^ *log: (.+) \(check log file\(s\) for error details\)$", re.MULTILINE)
"""How Snakemake's log names the logs of a job that failed."""


class Step(NamedTuple):
    """One rule of the workflow.

    Attributes
    ----------
    name : str
        Of the rule.
    jobs : int
        How many of it ran.
    seconds : float
        Their times added up; jobs that ran side by side count each.
    """

    name: str
    jobs: int
    seconds: float


def times_by_step(folder: PathLike, since: float) -> list[Step]:
    """Return how long the steps of a run took, the longest first.

    Parameters
    ----------
    folder : path
        ``results/<run>/benchmarks``: what Snakemake measured, a file for each job.
    since : float
        Only jobs that ended after this time (seconds since 1970).

    Returns
    -------
    list of Step
        Empty where nothing was measured.
    """
    seconds: Counter[str] = Counter()
    jobs: Counter[str] = Counter()
    for path in sorted(Path(folder).glob("*.tsv")):
        if path.stat().st_mtime < since:
            continue
        measured = read_table(path)
        if "rule_name" in measured:  # with benchmark-extended, as danq's profiles have it
            name = str(measured.loc[0, "rule_name"])
            seconds[name] += measured.loc[0, "s"]
            jobs[name] += 1
    return [Step(name, jobs[name], total) for name, total in seconds.most_common()]


def times_line(steps: Iterable[Step]) -> str:
    """Return the steps in one line.

    Examples
    --------
    >>> times_line([Step("train", 9, 550.2), Step("report", 1, 4.4)])
    'train 9 min 10 s (9 jobs), report 4 s'
    """
    texts = []
    for step in steps:
        minutes, seconds = divmod(round(step.seconds), 60)
        text = f"{step.name} {minutes} min {seconds} s" if minutes else f"{step.name} {seconds} s"
        if step.jobs > 1:
            text += f" ({step.jobs} jobs)"
        texts.append(text)
    return ", ".join(texts)


def failures(snakemake_logs: Iterable[PathLike]) -> list[str]:
    """Return what danq itself said of the jobs that failed.

    Parameters
    ----------
    snakemake_logs : iterable of path
        Snakemake's own logs of the run.

    Returns
    -------
    list of str
        The last lines of each log that begin with ``danq:``, each after the path of its log.
    """
    failed: dict[str, None] = {}  # in their order, each once
    for snakemake_log in snakemake_logs:
        text = Path(snakemake_log).read_text(encoding="utf-8", errors="replace")
        failed |= dict.fromkeys(LOGS.findall(text))
    return [f"{log}: {line}" for log in failed for line in _last_words(Path(log))]


def _last_words(log: Path) -> list[str]:
    """Return the lines of danq's error at the end of a log."""
    if not log.is_file():
        return []
    said: list[str] = []
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in reversed(lines):
        if not line.startswith("danq: "):
            break
        said.insert(0, line)
    return said
