"""What each scheduler calls things.

How a job is submitted, how its state is read, how it is cancelled.
"""

import re
import shutil
import subprocess
import sys

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


# Name: a command that only it has; words to submit; commands that tell a state, with the words for
# success and for a job that waits or runs; the command that cancels.
SCHEDULERS = {
    "slurm": (
        "sbatch",
        slurm,
        [["scontrol", "show", "job"]],
        "JobState=COMPLETED",
        "JobState=(PENDING|RUNNING|CONFIGURING|COMPLETING|SUSPENDED)",
        "scancel",
    ),
    "lsf": (
        "bsub",
        lsf,
        [["bjobs", "-noheader", "-o", "stat"]],
        "DONE",
        "PEND|RUN|SUSP|WAIT",
        "bkill",
    ),
    "sge": (
        "qconf",
        sge,
        [["qstat", "-j"], ["qacct", "-j"]],
        r"exit_status +0\b",
        "job_number",
        "qdel",
    ),
    "pbs": (
        "pbsnodes",
        pbs,
        [["qstat", "-x", "-f"]],
        r"Exit_status = 0\b",
        "job_state = [QRHWTES]",
        "qdel",
    ),
}


def here():
    """Return the entry of the scheduler of this machine."""
    for command, *rest in SCHEDULERS.values():
        if shutil.which(command):
            return rest
    sys.exit("no sbatch, bsub, qconf or pbsnodes is on PATH: load your scheduler's module first")


def state(job):
    """Return running, success or failed.

    A job that the scheduler does not know (yet, or any more) is running.
    """
    _, questions, success, running, _ = here()
    for question in questions:
        told = subprocess.run([*question, job], capture_output=True, text=True, check=False)
        if told.returncode == 0 and told.stdout.strip():
            if re.search(success, told.stdout):
                return "success"
            return "running" if re.search(running, told.stdout) else "failed"
    return "running"
