"""The commands of each scheduler: how a job is submitted, asked for its state, and cancelled."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

QUEUE = []  # words that name queue and account, as ["-q", "long", "-P", "lab123"]
LOGS = "cluster_logs"


def sge(name, threads, mb, minutes, gpus):
    """Return the words of SGE's qsub; h_vmem is of one thread."""
    return [
        "qsub",
        "-terse",
        "-cwd",
        "-V",
        "-S",
        "/bin/sh",
        "-j",
        "y",
        "-o",
        LOGS,
        "-N",
        name,
        "-pe",
        "smp",
        threads,
        "-l",
        f"h_rt={minutes * 60},h_vmem={-(-mb // threads)}M",
        *(["-l", f"gpu={gpus}"] if gpus else []),
    ]


def lsf(name, threads, mb, minutes, gpus):
    """Return the words of LSF's bsub; memory in MB, as where LSF_UNIT_FOR_LIMITS is MB."""
    return [
        "bsub",
        "-J",
        name,
        "-n",
        threads,
        "-R",
        f"span[hosts=1] rusage[mem={mb}]",
        "-M",
        mb,
        "-W",
        minutes,
        "-o",
        f"{LOGS}/%J.log",
        *(["-gpu", f"num={gpus}"] if gpus else []),
    ]


def pbs(name, threads, mb, minutes, gpus):
    """Return the words of qsub of PBS Professional or OpenPBS."""
    return [
        "qsub",
        "-N",
        name,
        "-V",
        "-j",
        "oe",
        "-o",
        LOGS,
        "-l",
        f"select=1:ncpus={threads}:mem={mb}mb" + (f":ngpus={gpus}" if gpus else ""),
        "-l",
        f"walltime={minutes // 60}:{minutes % 60:02}:00",
    ]


def slurm(name, threads, mb, minutes, gpus):
    """Return the words of Slurm's sbatch.

    A stand-in, to try this profile; profiles/slurm does more.
    """
    return [
        "sbatch",
        "--parsable",
        "-J",
        name,
        "-c",
        threads,
        "--mem",
        mb,
        "-t",
        minutes,
        "-o",
        f"{LOGS}/%j.log",
        *([f"--gpus={gpus}"] if gpus else []),
    ]


class Scheduler(NamedTuple):
    """The commands of a scheduler.

    Attributes
    ----------
    program : str
        A command that only this scheduler has.
    submit : callable
        Returns the words that submit a job script.
    queries : list of list of str
        Commands that print the state of a job, given its number; the first that answers counts.
    success, running : str
        Regular expressions: what they print of a job that succeeded; of one that waits or runs.
    cancel : str
        The command that cancels jobs.
    """

    program: str
    submit: Callable
    queries: list
    success: str
    running: str
    cancel: str


SCHEDULERS = (
    Scheduler(
        program="sbatch",
        submit=slurm,
        queries=[["scontrol", "show", "job"]],
        success="JobState=COMPLETED",
        running="JobState=(PENDING|RUNNING|CONFIGURING|COMPLETING|SUSPENDED)",
        cancel="scancel",
    ),
    Scheduler(
        program="bsub",
        submit=lsf,
        queries=[["bjobs", "-noheader", "-o", "stat"]],
        success="DONE",
        running="PEND|RUN|SUSP|WAIT",
        cancel="bkill",
    ),
    Scheduler(
        program="qconf",
        submit=sge,
        queries=[["qstat", "-j"], ["qacct", "-j"]],
        success=r"exit_status +0\b",
        running="job_number",
        cancel="qdel",
    ),
    Scheduler(
        program="pbsnodes",
        submit=pbs,
        queries=[["qstat", "-x", "-f"]],
        success=r"Exit_status = 0\b",
        running="job_state = [QRHWTES]",
        cancel="qdel",
    ),
)


def installed_scheduler():
    """Return the scheduler of this machine."""
    for scheduler in SCHEDULERS:
        if shutil.which(scheduler.program):
            return scheduler
    sys.exit("no sbatch, bsub, qconf or pbsnodes is on PATH: load your scheduler's module first")


def state(job):
    """Return running, success or failed.

    A job that the scheduler does not know (yet, or any more) is running.
    """
    scheduler = installed_scheduler()
    for query in scheduler.queries:
        answer = subprocess.run([*query, job], capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip():
            return _state_in(answer.stdout, scheduler)
    return "running"


def _state_in(text, scheduler):
    if re.search(scheduler.success, text):
        return "success"
    if re.search(scheduler.running, text):
        return "running"
    return "failed"
