"""What jobs request from a cluster, how they are submitted, and names that a shell would run."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from danq import config
from danq.catalog import BASELINES
from tests.conftest import SPLITS, self_describing, write_bed, write_fasta
from tests.test_workflow import ROOT, jobs, messages, snakemake

TOY = yaml.safe_load((ROOT / "tests" / "toy.yaml").read_text())
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())
pytestmark = pytest.mark.workflow
plugins = pytest.mark.skipif(
    not all(
        map(
            importlib.util.find_spec,
            ("snakemake_executor_plugin_slurm", "snakemake_executor_plugin_cluster_generic"),
        )
    ),
    reason="needs pip install 'danq[cluster]'",
)


def resources(gpu=0, **changes):
    """Run resources.smk, which is plain Python, with a configuration; return its names."""
    names = {
        "os": os,
        "gpu": gpu,
        "table": changes.pop("table", []),
        "settings": config.load(
            {"run": "x", "extract": DEFAULT["extract"] | {"window": 1000}} | changes
        ),
    }
    exec(
        compile(
            (ROOT / "workflow" / "rules" / "resources.smk").read_text(), "resources.smk", "exec"
        ),
        names,
    )
    return names


def sized(path, size):
    """Make a file of a size without its bytes."""
    with open(path, "wb") as out:
        out.truncate(size)
    return str(path)


class Words(dict):
    """Wildcards: by attribute and by get."""

    __getattr__ = dict.__getitem__


DEEPSEA = {"deepsea": {"train": "a", "valid": "b", "test": "c"}}


# --- what is requested ---


def test_a_training_asks_for_time_by_arithmetic(tmp_path):
    # A million windows of 1,000 bp with 919 targets: 4 * 125 + 115 bytes each.
    dataset = sized(tmp_path / "dataset.h5", 615 * 10**6)
    names = resources(**DEEPSEA, threads=4, train={"epochs": 2, "scale": 0.2})
    minutes = names["minutes"]("train")
    # danq: six times 201 million multiply-adds, 20 GFLOP/s a thread; three times that, and ten
    # minutes.
    arithmetic = 10 + 3 * 2 * 1e6 * 1.2e9 * 0.2 / (4 * 20e9) / 60
    assert minutes(Words(model="danq"), [dataset], 1) == pytest.approx(arithmetic, abs=1)
    assert minutes(Words(model="danq_residual"), [dataset], 2) == pytest.approx(
        2 * arithmetic, abs=1
    )
    assert minutes(Words(model="danq"), [dataset], 6) == 24 * 60, (
        "the next job goes on where this one saved its state"
    )


@pytest.mark.parametrize(
    "step", ["extract", "windows", "describe", "predict", "evaluate", "report", "baseline"]
)
def test_more_data_ask_for_more_and_another_attempt_for_twice_as_much(tmp_path, step):
    names = resources(**DEEPSEA)
    wildcards = Words(model="danq", baseline="kmer")
    files = []
    for size in (10**6, 10**10):
        folder = tmp_path / str(size)
        folder.mkdir()
        files.append(sized(folder / "dataset.h5", size))
    requests = [names["minutes"](step)]
    if step != "predict":  # which writes as it goes
        requests.append(names["memory"](step))
    for request in requests:
        small, large = (request(wildcards, [file], 1) for file in files)
        assert isinstance(small, int) and 0 < small < large
        assert request(wildcards, files[1:], 2) == pytest.approx(2 * large, abs=1)
    assert names["memory"](step)(wildcards, files[:1], 1) >= 1000, "Snakemake itself takes 200 MB"


def test_a_gpu_and_more_workers_ask_for_less_time(tmp_path):
    dataset = sized(tmp_path / "dataset.h5", 615 * 10**6)
    times = [
        resources(gpu, **DEEPSEA, train={"epochs": 1, "devices": devices, "scale": 0.01})[
            "minutes"
        ]("train")(Words(model="deepsea"), [dataset], 1)
        for gpu, devices in ((0, 1), (0, 4), (1, 1))
    ]
    assert times == sorted(times, reverse=True) and len(set(times)) == 3


def test_every_rule_that_is_submitted_asks_for_memory_and_time():
    text = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    rules = re.findall(r"^ *rule (\w+):\n(.*?)(?=^ *rule |\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(rules) > 10
    names = resources()
    memory = names["MEMORY"]
    assert set(memory) == set(names["MINUTES"])
    for name, body in rules:
        if "localrule: True" not in body:
            assert f'memory("{name}")' in body and f'minutes("{name}")' in body, name
            assert name in memory or name == "baseline"
    assert set(BASELINES) <= set(memory)
    assert "retries:" not in text, "a rule's own retries run inside the same allocation"


# --- signals ---


def test_a_signal_to_all_processes_of_a_job_saves_the_training(tmp_path):
    # What Slurm does at a time limit and at a preemption: every process of the job gets SIGTERM.
    # Whatever the training still has to do then, here a slow reader of its log, is waited for:
    # Slurm kills what Snakemake leaves behind.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tee").write_text(
        f'#!/bin/sh\n{shutil.which("tee")} "$@"\n'
        'case "$*" in *train*) sleep 4; touch waited-for;; esac\n'
    )
    (tmp_path / "bin" / "tee").chmod(0o755)
    (tmp_path / "run.yaml").write_text(
        json.dumps(TOY | {"train": TOY["train"] | {"epochs": 999, "patience": 999}})
    )
    shutil.copy(ROOT / "config.yaml", tmp_path)
    command = [
        Path(sys.executable).with_name("snakemake"),
        "results/toy/danq/seed0/model.ckpt",
        "-s",
        ROOT / "Snakefile",
        "--cores",
        "1",
        "--configfile",
        "run.yaml",
    ]
    log = tmp_path / "results" / "toy" / "logs" / "train_danq_seed0.log"
    with open(tmp_path / "out", "w") as out:
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        )
        while process.poll() is None and not (log.exists() and "epoch 1/999" in log.read_text()):
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(timeout=60) == 1, (tmp_path / "out").read_text()
        assert (tmp_path / "waited-for").exists()
    assert (
        "SIGTERM: saving" in log.read_text()
        and "the same command goes on from here" in log.read_text()
    )
    assert (tmp_path / "results" / "toy" / "danq" / "seed0" / "model.ckpt.resume").exists()
    assert not (tmp_path / "results" / "toy" / "danq" / "seed0" / "model.ckpt").exists()


# --- profiles ---


def listed(process):
    """Return rule -> the text of its resources, from a dry run."""
    text = process.stdout + process.stderr
    assert process.returncode == 0, text
    return dict(re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", text, re.MULTILINE))


@pytest.fixture
def snakefile(tmp_path):
    """Return a copy of the workflow without messages: a plan then shows what jobs request."""
    shutil.copy(ROOT / "Snakefile", tmp_path)
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    for path in tmp_path.rglob("*.smk"):
        text = path.read_text()
        path.write_text(re.sub(r'^ *message:\n *".*"\n', "", text, flags=re.MULTILINE))
    return tmp_path / "Snakefile"


@plugins
@pytest.mark.parametrize("name", ["slurm", "cluster-generic"])
def test_a_profile_is_read_and_requests_everything(tmp_path, snakefile, name):
    training = TOY["train"] | {"device": "cuda", "devices": 2}
    (tmp_path / "run.yaml").write_text(json.dumps(TOY | {"train": training}))
    profile = ROOT / "profiles" / name
    options = ["--configfile", "run.yaml", "--workflow-profile", profile]
    requests = listed(snakemake(tmp_path, "-n", *options, snakefile=snakefile))
    steps = {"simulate", "extract", "train", "predict", "motifs", "baseline", "evaluate", "report"}
    assert steps <= set(requests)
    for step, request in requests.items():
        assert "mem_mb=" in request and "runtime=" in request, step
    assert "gpu=2" in requests["train"] and "gpu=1" in requests["predict"]
    assert "gpu" not in requests["extract"]
    assert ("slurm_extra=--signal=TERM@120" in requests["train"]) == (name == "slurm")


def test_profiles_retry_and_keep_nothing_that_is_the_users_own():
    profiles = {
        path.parent.name: yaml.safe_load(path.read_text())
        for path in ROOT.glob("profiles/*/profile.yaml")
    }
    assert {"default", "slurm", "cluster-generic", "kubernetes"} <= set(profiles)
    for name in set(profiles) - {"default"}:
        assert profiles[name]["retries"] == 2 and profiles[name]["rerun-incomplete"] is True, name
        assert "gpu" not in profiles[name].get("resources", {}), (
            "a limit here would serialise the whole cluster"
        )
    assert set(profiles["default"]) == {"resources", "rerun-incomplete", "benchmark-extended"}


@pytest.mark.parametrize(
    ("command", "answer", "job", "words"),
    [
        ("sbatch", "17", "17", ["-c", "2", "--mem", "900", "-t", "61", "--gpus=1"]),
        (
            "bsub",
            "Job <18> is submitted to queue <normal>.",
            "18",
            ["-n", "2", "-M", "900", "-W", "61", "-gpu", "num=1"],
        ),
        ("qconf", "19", "19", ["-pe", "smp", "2", "-l", "h_rt=3660,h_vmem=450M", "gpu=1"]),
        (
            "pbsnodes",
            "20.server",
            "20.server",
            ["select=1:ncpus=2:mem=900mb:ngpus=1", "walltime=1:01:00"],
        ),
    ],
)
def test_a_job_is_submitted_in_the_schedulers_own_words(tmp_path, command, answer, job, words):
    for name in {command, {"qconf": "qsub", "pbsnodes": "qsub"}.get(command, command)}:
        fake = tmp_path / "bin" / name
        fake.parent.mkdir(exist_ok=True)
        fake.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {shlex.quote(str(tmp_path / 'words'))}\n"
            f"echo {shlex.quote(answer)}\n"
        )
        fake.chmod(0o755)
    properties = {
        "rule": "train; touch x",
        "threads": 2,
        "resources": {"mem_mb": 900, "runtime": 61, "gpu": 1},
    }
    (tmp_path / "job.sh").write_text(
        f"#!/bin/sh\n# properties = {json.dumps(properties)}\nexit 0\n"
    )
    submit = ROOT / "profiles" / "cluster-generic" / "submit.py"
    process = subprocess.run(
        [sys.executable, submit, tmp_path / "job.sh"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": str(tmp_path / "bin")},
        check=True,
    )
    assert process.stdout == f"{job}\n"
    submitted = (tmp_path / "words").read_text().splitlines()
    assert set(words) <= set(submitted) and "danq.train__touch_x" in submitted


# --- names ---


def hostile(folder, *, targets, file):
    """Write a run on a small genome with targets of these names and peaks in this file."""
    write_fasta(folder / "genome.fa", {f"chr{i}": self_describing(i, 6_000) for i in (1, 2, 3)})
    write_bed(
        folder / file,
        [(f"chr{i}", start, start + 300) for i in (1, 2, 3) for start in (1_000, 2_000, 4_000)],
    )
    (folder / "targets.tsv").write_text(
        "name\tfile\n" + "".join(f"{name}\t{file}\n" for name in targets)
    )
    (folder / "run.yaml").write_text(
        json.dumps(
            {
                "run": "names",
                "genome": "genome.fa",
                "targets": "targets.tsv",
                "extract": {"window": 400, **SPLITS},
            }
        )
    )


HOSTILE = [
    "A $(touch pwned)",
    "B; touch pwned",
    "C' `touch pwned`",
    'D " && touch pwned',
    "E {wildcards.x} %j",
]


def fake_slurm(folder):
    """Put commands of Slurm on a path; they take no job, and record the arguments of sbatch."""
    record = shlex.quote(str(folder / "arguments"))
    fakes = {
        "sbatch": f"printf '%s\\n' \"$@\" > {record}; echo no >&2; exit 1",
        "sinfo": "echo 'cpu*'",
        "scontrol": "echo 'MinJobAge = 600 sec'",
        "squeue": "exit 0",
        "sacctmgr": "exit 1",
        "sacct": "exit 1",
        "sshare": "exit 1",
    }
    (folder / "bin").mkdir()
    for name, body in fakes.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / "bin" / name).chmod(0o755)
    return str(folder / "bin")


@plugins
def test_no_name_reaches_a_shell_as_a_command(tmp_path, monkeypatch):
    folder = tmp_path / 'it\'s; a "folder" & more'
    folder.mkdir()
    hostile(folder, targets=HOSTILE, file='it\'s; "a" & (b) #c.bed')
    process = snakemake(folder, "results/names/dataset.h5", "--configfile", "run.yaml")
    assert process.returncode == 0, process.stdout + process.stderr
    shutil.rmtree(folder / "results")
    monkeypatch.setenv("PATH", fake_slurm(tmp_path), prepend=os.pathsep)
    process = snakemake(
        folder,
        "results/names/dataset.h5",
        "--configfile",
        "run.yaml",
        "--workflow-profile",
        ROOT / "profiles" / "slurm",
        "--retries",
        "0",
        "--slurm-init-seconds-before-status-checks",
        "1",
    )
    assert process.returncode != 0
    arguments = (tmp_path / "arguments").read_text()
    assert "\n--comment\nrule_check\n" in arguments and "\n--mem\n20" in arguments
    assert "--wrap=" in arguments
    assert "touch" not in arguments, "target names stay in their file"
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"genome": "$(touch pwned).fa"},
            "'$(touch pwned).fa': the name holds one of $ ` \\ or a line break",
        ),
        ({"blacklist": ["a`touch pwned`.bed"]}, "'a`touch pwned`.bed': the name holds one of"),
        ({"aliases": "a\nb.txt"}, "'a\\nb.txt': the name holds one of"),
    ],
)
def test_a_name_with_shell_syntax_is_refused(tmp_path, change, message):
    hostile(tmp_path, targets=["A"], file="a.bed")
    run = json.loads((tmp_path / "run.yaml").read_text()) | change
    (tmp_path / "run.yaml").write_text(json.dumps(run))
    process = snakemake(tmp_path, "-n", "--configfile", "run.yaml")
    assert process.returncode == 2 and message in "\n".join(messages(process)), (
        process.stdout + process.stderr
    )
    assert not list(tmp_path.rglob("pwned"))


# --- size, modules, Snakemake's own report ---


def test_thousands_of_jobs_are_planned(tmp_path):
    models, seeds = ["deepsea", "danq", "danq_conv"], range(150)
    (tmp_path / "run.yaml").write_text(
        json.dumps({"run": "big", "models": models, "seeds": list(seeds)})
    )
    planned = jobs(snakemake(tmp_path, "-n", "-q", "rules", "--configfile", "run.yaml"))
    assert all(planned[rule] == 450 for rule in ("train", "predict", "motifs", "probe"))
    assert planned["total"] > 1_800 and planned["evaluate"] == planned["report"] == 1


def test_another_workflow_takes_danq_as_a_module(tmp_path):
    (tmp_path / "Snakefile").write_text(f"""
configfile: "project.yaml"

module danq:
    snakefile: {str(ROOT / "workflow" / "Snakefile")!r}
    config: config["danq"]

use rule * from danq as danq_*

rule ours:
    default_target: True
    input:
        "results/toy/report.html",
""")
    (tmp_path / "project.yaml").write_text(json.dumps({"danq": TOY}))

    def run(*arguments):
        command = [Path(sys.executable).with_name("snakemake"), "--cores", "2", *arguments]
        process = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert process.returncode == 0, process.stdout + process.stderr
        return jobs(process)

    planned = run("-n", "-q", "rules")
    assert planned["danq_train"] == 4 and planned["danq_report"] == planned["ours"] == 1
    assert run("results/toy/dataset.h5") == {
        "danq_simulate": 1,
        "danq_check": 1,
        "danq_extract": 1,
        "total": 3,
    }
    assert (tmp_path / "results" / "toy" / "dataset.h5").exists()


# --- a real Slurm ---


def slurm_answers():
    try:
        return (
            subprocess.run(["sinfo", "-h"], capture_output=True, timeout=5, check=False).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


@plugins
@pytest.mark.skipif(not slurm_answers(), reason="needs a Slurm cluster")
def test_slurm_runs_the_steps(tmp_path):
    (tmp_path / "run.yaml").write_text(json.dumps(TOY))
    process = snakemake(
        tmp_path,
        "results/toy/dataset.json",
        "--configfile",
        "run.yaml",
        "--workflow-profile",
        ROOT / "profiles" / "slurm",
        "--slurm-init-seconds-before-status-checks",
        "3",
    )
    text = process.stdout + process.stderr
    assert process.returncode == 0 and text.count("has been submitted with SLURM jobid") == 4, text
    assert list((tmp_path / "slurm_logs" / "rule_extract").glob("*.log"))
