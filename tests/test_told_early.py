"""What is wrong in a configuration is told before any job runs; text is taken as typed."""

import json
import os

import pytest

from tests.test_workflow import ROOT, messages, snakemake

pytestmark = pytest.mark.workflow

TOY = ROOT / "tests" / "toy.yaml"


def plan(folder, *files, config=(), **options):
    """Plan a run with configuration files and words of --config; return the finished process."""
    given = ["--configfile", *files] if files else []
    words = ["--config", *config] if config else []
    return snakemake(folder, "-n", *given, *words, **options)


def refused(process, message):
    """Assert that a plan ends in one line of danq."""
    output = process.stdout + process.stderr
    assert process.returncode == 2, output
    (line,) = messages(process)
    assert message in line, output
    assert "Traceback" not in output


# --- text is taken as typed ---


@pytest.mark.parametrize("run", ["2024_05_01", "012", "1.10", "2024-05-01", "0x10", "on", "1e3"])
def test_a_run_is_called_as_typed(tmp_path, run):
    (tmp_path / "own.yaml").write_text(f"run: {run}\n")
    for process in (plan(tmp_path, "own.yaml"), plan(tmp_path, config=[f"run={run}"])):
        assert f" results/{run}/report.html" in process.stdout + process.stderr


TEXTS = """
extract:
  valid: [1_0]
  test: [012, 1.10:0-2000]
  chromosomes: [1_0, 012, 1.10, 2:30]
  groups: [0x1F]
assembly: 2024_05
where: {1_1: 0b1}
filters: {target: 1_000}
attribution: {targets: [01]}
"""


def own_run(folder):
    """Write a genome and a table of targets whose every name YAML takes for another."""
    (folder / "012").write_text(">1_0\nACGT\n")
    (folder / "1.10").write_text(
        "name\tfile\tgroup\t1_1\n01\t2_1\t0x1F\t0b1\n1_000\t2_1\t0x1F\t0b1\n"
    )
    (folder / "2_1").write_text("1_0\t1\t2\n")


def test_every_text_knob_is_taken_as_typed_from_files(tmp_path):
    own_run(tmp_path)
    sources = "genome: 012\ntargets: 1.10\nblacklist: 2_1\nunmappable: [2_1]\nrun: 1_0\n"
    (tmp_path / "own.yaml").write_text(TEXTS + sources)
    process = plan(tmp_path, "own.yaml")
    output = process.stdout + process.stderr
    assert process.returncode == 0, output
    for flags in (
        "--valid 1_0 --test 012 1.10:0-2000 --chromosomes 1_0 012 1.10 2:30",
        "--groups 0x1F",
        "--assembly 2024_05",
        "--where 1_1=0b1",
        "--blacklist 2_1 --unmappable 2_1",
        "--genome 012 --targets 1.10",
        "--target 1_000",
        "--targets 01 ",
    ):
        assert flags in printed(tmp_path, "own.yaml"), flags


def printed(folder, *files):
    """Return the commands of a run, its blanks and line breaks single blanks."""
    process = snakemake(folder, "-n", "--printshellcmds", "--configfile", *files)
    return " ".join((process.stdout + process.stderr).split()).replace("'", "")


def test_every_text_knob_is_taken_as_typed_from_the_command_line(tmp_path):
    own_run(tmp_path)
    (tmp_path / "own.yaml").write_text(TEXTS)
    words = ["genome=012", "targets=1.10", "blacklist=2_1", "run=1_0", "assembly=1e3", "threads=02"]
    process = snakemake(
        tmp_path, "-n", "--printshellcmds", "--configfile", "own.yaml", "--config", *words
    )
    output = " ".join((process.stdout + process.stderr).split())
    assert process.returncode == 0, output
    for flags in ("--genome 012 --targets 1.10 --blacklist 2_1", "--assembly 1e3", "--threads 2 "):
        assert flags in output
    assert "results/1_0/report.html" in output


# --- files that are no configuration ---


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("run: x\nseeds: [1\n", "config.yaml:3: is not YAML: expected ',' or ']'"),
        ("run: x\n\tseeds: 1\n", "config.yaml:2: is not YAML: found character '\\t'"),
        ("run: !!python/name:os.system x\n", "config.yaml:1: holds the tag '!!python/name:os.sys"),
        ("run: !mine x\n", "config.yaml:1: holds the tag '!mine', which asks for a type that no"),
        (b"run: \xff\n", "config.yaml:1: is not UTF-8 text; save it as such"),
        ("- run\n", "config.yaml:1: holds no keys and values"),
        ("", "config.yaml: holds no keys and values"),
        ("pathvars: [results]\n", "pathvars has one key, results"),
    ],
)
def test_a_config_yaml_that_is_none_is_refused_with_its_line(tmp_path, content, message):
    content = content if isinstance(content, bytes) else content.encode()
    refused(snakemake(tmp_path, "-n", config_yaml=content), message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seeds: !!set {1, 2}\n", "own.yaml:1: holds the tag '!!set'"),
        ("run: !!binary aGk=\n", "own.yaml:1: holds the tag '!!binary'"),
        ("seeds: &s [*s]\n", "own.yaml:1: holds more than 100,000 values"),
    ],
)
def test_what_snakemake_lets_pass_is_refused_with_its_line(tmp_path, content, message):
    (tmp_path / "own.yaml").write_text(content)
    refused(plan(tmp_path, "own.yaml"), message)


# --- where results go ---


@pytest.mark.parametrize(
    "folder", ["../up", "/tmp/elsewhere", "a$(touch x)", "a`touch x`", "a b;c"]
)
def test_results_stay_below_the_working_folder(tmp_path, folder):
    (tmp_path / "own.yaml").write_text(json.dumps({"pathvars": {"results": folder}}))
    refused(plan(tmp_path, "own.yaml"), "is not the name of a folder below the working folder")
    assert set(os.listdir(tmp_path)) <= {".snakemake", "config.yaml", "own.yaml"}


def test_a_workflow_of_ones_own_has_no_shell_syntax_in_its_results(tmp_path):
    module = (
        f"module danq:\n    snakefile: '{ROOT}/workflow/Snakefile'\n    config: config['danq']\n"
        "    pathvars:\n        results='a$(touch x)'\n"
        "use rule * from danq as danq_*\n"
    )
    extract = {"valid": ["chr1"], "test": ["chr2"]}
    (tmp_path / "own.yaml").write_text(json.dumps({"danq": {"run": "x", "extract": extract}}))
    (tmp_path / "own.smk").write_text(module)
    process = plan(tmp_path, "own.yaml", snakefile="own.smk")
    refused(process, "the name holds one of $ ` \\ or a line break")
