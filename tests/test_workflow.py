"""The whole workflow on a toy genome, as a user would run it."""

import gzip
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import yaml

from danq import read_run
from danq.config import Simulate
from danq.data.bins import read_bins
from danq.data.dataset import open_dataset
from danq.data.predictions import read_predictions
from danq.files import read_table
from danq.motif.meme import jaspar, write_meme
from danq.simulation.grammar import MOTIFS
from danq.simulation.variants import simulate_variants
from tests.conftest import (
    SPLITS,
    YEAST,
    needs_yeast,
    self_describing,
    write_bed,
    write_fasta,
)
from tests.data.test_deepsea import small_bundle
from tests.network.weights_files import keras_file

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.workflow


def snakemake(folder, *arguments, snakefile=ROOT / "Snakefile", config_yaml=None):
    """Run Snakemake in a folder, with the default config.yaml or another one's bytes."""
    default = (ROOT / "config.yaml").read_bytes()
    (folder / "config.yaml").write_bytes(default if config_yaml is None else config_yaml)
    command = [
        Path(sys.executable).with_name("snakemake"),
        "-s",
        snakefile,
        "--cores",
        "2",
        *arguments,
    ]
    # Unset: the tests must not depend on an activated environment.
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    return subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        check=False,
    )


def toy(folder, *arguments):
    return snakemake(folder, "--configfile", ROOT / "tests" / "toy.yaml", *arguments)


def jobs(process):
    """Return rule -> number of jobs, from Snakemake's own table."""
    lines = process.stdout.splitlines() + process.stderr.splitlines()
    table = [line.split() for line in lines]
    return {
        words[0]: int(words[1])
        for words in table
        if len(words) == 2 and words[1].isdigit() and not words[0].endswith(":")
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the working folder of a finished toy run."""
    folder = tmp_path_factory.mktemp("work with a blank")
    process = toy(folder)
    assert process.returncode == 0, process.stdout + process.stderr
    assert jobs(process)["total"] == 42
    (folder / "log.txt").write_text(process.stderr)
    return folder


def test_every_artefact_is_there(finished):
    results = finished / "results" / "toy"
    for name in (
        "inputs.json",
        "windows.fa.gz",
        "windows.tsv",
        "targets.tsv",
        "dataset.h5",
        "dataset.json",
        "dataset.svg",
        "metrics.tsv",
        "comparison.tsv",
        "curves.tsv.gz",
        "reliability.tsv",
        "config.yaml",
        "report.html",
        "results.json",
    ):
        assert (results / name).stat().st_size > 0, name
    for model in ("deepsea", "danq", "danq_conv", "mlp"):
        for name in (
            "model.ckpt",
            "history.tsv",
            "train.json",
            "predictions.h5",
            "grammar.tsv",
            "attributions.h5",
        ):
            assert (results / model / "seed0" / name).stat().st_size > 0, (model, name)
        for name in ("motifs.meme", "matches.tsv"):
            assert (results / model / "seed0" / name).exists() == (model != "mlp")
        for name in ("table.tsv.gz", "summary.tsv.gz", "refused.tsv", "explained.json.gz"):
            assert (results / "variants" / "simulated" / model / name).stat().st_size > 0, name
        assert read_predictions(results / model / "seed0" / "predictions.h5")[0] == model
    assert not list(results.rglob("*.tmp*")) and not list(results.rglob("*.resume"))


def test_every_predictor_is_measured_and_every_contrast_made(finished):
    metrics = read_table(finished / "results" / "toy" / "metrics.tsv")
    assert set(metrics["model"]) == {
        "deepsea",
        "danq",
        "danq_conv",
        "mlp",
        "kmer",
        "motif",
        "boosting",
        "oracle_rule",
        "oracle_parts",
    }
    assert "decoy_auroc" in metrics
    rule = metrics[metrics["model"] == "oracle_rule"]["auprc"].mean()
    assert rule > 0.9 and rule > metrics[metrics["model"] == "oracle_parts"]["auprc"].mean()
    comparison = read_table(finished / "results" / "toy" / "comparison.tsv")
    assert set(comparison["pair"]) == {
        "danq - deepsea",
        "danq - danq_conv",
        "danq_conv - deepsea",
        "deepsea - mlp",
    }


def test_variants_of_the_test_chromosome_are_scored_and_their_effects_told(finished):
    results = finished / "results" / "toy"
    truth = read_table(results / "simulated" / "variants.tsv")
    assert set(truth["chrom"]) == {"chr4"} and len(truth) > 10
    metrics = read_table(results / "variants" / "simulated" / "metrics.tsv")
    assert set(metrics["model"]) >= {"danq", "danq_conv", "oracle_rule", "oracle_parts"}
    assert metrics.loc[metrics["model"] == "oracle_rule", "auroc"].dropna().eq(1).all()
    pairs = read_table(results / "variants" / "simulated" / "comparison.tsv")
    assert "danq - danq_conv" in set(pairs["pair"])


def test_every_usable_bin_of_the_test_split_is_a_window(finished):
    lines = (finished / "results" / "toy" / "windows.tsv").read_text().splitlines()
    # 60,000 bp are 300 bins; the windows of the first and of the last leave the chromosome.
    assert sum("\ttest\t" in line for line in lines) == 298
    inputs = json.loads((finished / "results" / "toy" / "inputs.json").read_text())
    assert inputs["dropped"]["unlabelled"] == 0


def verdict(folder):
    """Return the last lines of a run: whether its networks learnt, verdict, where its report is."""
    results = folder / "results" / "toy"
    head = json.loads((results / "results.json").read_text())
    return f"{head['learnt']}\n{head['verdict']}\nThe report: {results / 'report.html'}\n"


def test_a_run_ends_with_its_report_and_what_the_networks_learnt(finished):
    log = (finished / "log.txt").read_text()
    assert log.count(verdict(finished)) == 1
    last_step = re.search(r"(\d+) of \1 steps \(100%\) done", log)
    assert log.index(verdict(finished)) > last_step.start()
    assert re.search(r"^Time of the jobs: .*train \d.* \(\d jobs\)", log, re.MULTILINE)
    assert "beat" in verdict(finished) and "on at least two thirds of the targets: " in log


def test_a_training_is_told_that_a_scan_does_better(finished):
    facts = json.loads((finished / "results" / "toy" / "mlp" / "seed0" / "train.json").read_text())
    whats = [check["what"] for check in facts["health"] if not check["passed"]]
    assert any("where a scan with that motif has" in what for what in whats)
    log = (finished / "results" / "toy" / "logs" / "train_mlp_seed0.log").read_text()
    assert all(f"mlp seed 0 has ended: {what}; try" in log for what in whats)


@pytest.mark.parametrize(
    ("options", "says"), [([], True), (["--quiet"], True), (["--quiet", "all"], False)]
)
def test_the_last_line_keeps_to_how_quiet_a_run_is(finished, options, says):
    (finished / "results" / "toy" / "report.html").unlink()
    planned = toy(finished, "-n")
    assert planned.returncode == 0 and "The report:" not in planned.stdout + planned.stderr
    process = toy(finished, *options)
    assert process.returncode == 0, process.stderr
    assert (verdict(finished) in process.stderr) == says


def test_a_run_that_fails_ends_with_what_danq_said(tmp_path):
    (tmp_path / "genome.fa").write_text(">chr1\nACGT\nAC\nACGT\n>chr2\nAC\n>chr3\nAC\n")
    (tmp_path / "a.bed").write_text("chr1\t1\t5\n")
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\n")
    own = {"run": "bad", "genome": "genome.fa", "targets": "targets.tsv"}
    own["extract"] = {"valid": ["chr2"], "test": ["chr3"]}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own))
    process = snakemake(tmp_path, "--configfile", "own.yaml")
    assert process.returncode == 1
    end = process.stderr[process.stderr.rindex("What went wrong:") :]
    said = "results/bad/logs/check.log: danq: genome.fa:4: lines of different lengths"
    assert end.splitlines()[1].startswith(said)
    assert "Error in rule" not in end


def test_another_target_says_nothing_of_the_report(finished):
    (finished / "results" / "toy" / "dataset.svg").unlink()
    target = "results/toy/dataset.svg"  # before --configfile, which would take it
    process = snakemake(finished, target, "--configfile", ROOT / "tests" / "toy.yaml")
    assert process.returncode == 0 and "The report:" not in process.stdout + process.stderr


def test_a_second_run_has_nothing_to_do(finished):
    toy(finished)
    process = toy(finished)
    assert process.returncode == 0 and "Nothing to be done" in process.stdout + process.stderr
    assert "The report:" not in process.stdout + process.stderr


def test_a_changed_learning_rate_reruns_training_and_what_follows(finished):
    changed = (ROOT / "tests" / "toy.yaml").read_text().replace("epochs: 2", "epochs: 2, lr: 0.005")
    (finished / "changed.yaml").write_text(changed)
    planned = jobs(snakemake(finished, "--configfile", "changed.yaml", "-n"))
    assert planned == {
        "train": 4,
        "predict": 4,
        "motifs": 3,
        "probe": 4,
        "ablate": 3,
        "attribute": 4,
        "score_variants": 4,
        "evaluate": 1,
        "evaluate_variants": 1,
        "settings": 1,
        "report": 1,
        "default": 1,
        "total": 31,
    }


def test_every_model_is_tuned_before_it_is_trained(finished, tmp_path):
    folder = tmp_path / "tuned"
    shutil.copytree(finished, folder)
    changes = {
        "models": ["danq", "mlp"],
        "tune": {"trials": 2, "windows": 300},
        "train": {"models": {"mlp": {"lr": 0.002}}},
    }
    (folder / "tuned.yaml").write_text(json.dumps(changes))
    options = ["--configfile", ROOT / "tests" / "toy.yaml", "tuned.yaml"]
    process = snakemake(folder, *options)
    assert process.returncode == 0, process.stderr
    made = jobs(process)
    assert (made["tune"], made["train"], made.get("extract", 0)) == (2, 2, 0)
    run = read_run(folder / "results" / "toy")
    assert {tuning.model for tuning in run.tunings} == {"danq", "mlp"}
    for tuning, training in zip(run.tunings, run.trained, strict=True):
        options_of_training = training.facts["options"]
        best = {name: options_of_training[name] for name in tuning.best()}
        assert best == tuning.best() and len(tuning.trials) == 2
    first = {tuning.model: tuning.trials.loc[0, "lr"] for tuning in run.tunings}
    assert first == {"danq": 0.004, "mlp": 0.002}
    assert "Each network had 2 trials" in (folder / "results" / "toy" / "report.html").read_text()
    again = snakemake(folder, *options)
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr
    # A job that was cut off has lost its outputs, but not the trials of its search.
    forced = snakemake(folder, "--forcerun", "tune", "--until", "tune", *options)
    assert forced.returncode == 0 and "tune: trial 1 of 2" not in forced.stderr


def test_tuning_without_optuna_is_refused_before_anything_runs(tmp_path, monkeypatch):
    hides = tmp_path / "hides"
    hides.mkdir()
    (hides / "sitecustomize.py").write_text("import sys\nsys.modules['optuna'] = None\n")
    monkeypatch.setenv("PYTHONPATH", str(hides), prepend=os.pathsep)
    process = toy(tmp_path, "--config", "tune={trials: 2}")
    message = "danq: tune: Optuna is not installed; pip install 'danq[tune]', or run without"
    assert process.returncode == 2 and message in process.stderr
    assert not (tmp_path / "results").exists()


def test_a_search_is_not_repeated_for_another_machine(finished, tmp_path):
    folder = tmp_path / "tuned"
    shutil.copytree(finished, folder)
    files = ["--configfile", ROOT / "tests" / "toy.yaml", "tuned.yaml"]
    (folder / "tuned.yaml").write_text(json.dumps({"models": ["mlp"], "tune": {"trials": 1}}))
    made = snakemake(folder, *files)
    assert made.returncode == 0, made.stderr
    for change in MACHINE:
        (folder / "changed.yaml").write_text(json.dumps(change))
        planned = jobs(snakemake(folder, "-n", *files, "changed.yaml"))
        assert planned == {"settings": 1, "report": 1, "default": 1, "total": 3}


def test_a_knob_of_one_model_reruns_its_training_alone(finished):
    lines = (ROOT / "tests" / "toy.yaml").read_text()
    own = "models: {danq: {initialise_from: targets}}"
    changed = lines.replace("epochs: 2", f"epochs: 2, {own}")
    (finished / "changed.yaml").write_text(changed)
    planned = jobs(snakemake(finished, "--configfile", "changed.yaml", "-n"))
    assert (planned["train"], planned["predict"]) == (1, 1)


def test_a_model_that_begins_with_a_checkpoint_is_trained_again_alone(finished):
    start = finished / "before" / "model.ckpt"
    start.parent.mkdir(exist_ok=True)
    shutil.copy(finished / "results" / "toy" / "danq" / "seed0" / "model.ckpt", start)
    lines = (ROOT / "tests" / "toy.yaml").read_text()
    own = "models: {danq: {start: before/model.ckpt, freeze: [stem]}}"
    (finished / "changed.yaml").write_text(lines.replace("epochs: 2", f"epochs: 2, {own}"))
    planned = jobs(snakemake(finished, "--configfile", "changed.yaml", "-n"))
    assert (planned["train"], planned["predict"]) == (1, 1)
    assert "extract" not in planned and "check" not in planned
    start.unlink()
    refused = snakemake(finished, "--configfile", "changed.yaml", "-n")
    assert "before/model.ckpt: there is no such file; check the path" in refused.stderr


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (
            {"motifs": "known.meme"},
            {"baseline": 2, "predict": 0, "train": 0, "motifs": 3},
        ),
        ({"seeds": [0, 1]}, {"baseline": 0, "train": 4, "predict": 4, "extract": 0}),
    ],
)
def test_a_changed_knob_reruns_what_depends_on_it(finished, change, rules):
    lines = (ROOT / "tests" / "toy.yaml").read_text().splitlines()
    unchanged = [line for line in lines if line.split(":")[0] not in change]
    write_meme(finished / "known.meme", jaspar("JASPAR2024", names=list(MOTIFS.values())))
    (finished / "changed.yaml").write_text("\n".join([*unchanged, json.dumps(change)[1:-1]]) + "\n")
    planned = jobs(snakemake(finished, "--configfile", "changed.yaml", "-n"))
    assert {rule: planned.get(rule, 0) for rule in rules} == rules


MACHINE = [
    {"threads": 2},
    {"train": {"device": "auto"}},
    {"train": {"device": "cuda"}},
    {"train": {"memory": 0.5}},
    {"threads": 3, "train": {"memory": 2, "device": "cuda:0"}},
]


def test_where_and_how_fast_a_run_is_made_makes_nothing_again(finished):
    """Only the configuration that the report shows is another."""
    toy(finished)
    files = [ROOT / "tests" / "toy.yaml", "changed.yaml"]
    for change in MACHINE:
        (finished / "changed.yaml").write_text(json.dumps(change))
        process = snakemake(finished, "-n", "--configfile", *files)
        planned = jobs(process)
        assert planned == {"settings": 1, "report": 1, "default": 1, "total": 3}, process.stdout
    commands = snakemake(finished, "-n", "--forceall", "--printshellcmds", "--configfile", *files)
    for option in ("--threads 3", "--device cuda:0", "--memory 2.0"):
        assert option in commands.stdout + commands.stderr


def test_what_each_job_requested_is_shown_beside_what_it_took(finished):
    steps = read_run(finished / "results" / "toy").steps.set_index("step")
    requested = steps[["requested_seconds", "requested_memory", "cpus"]]
    assert len(steps) > 10 and (requested > 0).all(axis=None)
    measured = steps[steps["memory"].notna()]
    assert (measured["memory"] < measured["requested_memory"]).all()
    assert "memory requested (MB)" in (finished / "results" / "toy" / "report.html").read_text()


def test_snakemakes_own_report_has_the_tables_and_the_page(finished):
    process = toy(finished, "--report", "archive.zip")
    assert process.returncode == 0, process.stdout + process.stderr
    with zipfile.ZipFile(finished / "archive.zip") as archive:
        names = {name.rsplit("/", 1)[-1] for name in archive.namelist()}
        assert {
            "report.html",
            "metrics.tsv",
            "comparison.tsv",
            "dataset.svg",
            "history.tsv",
        } <= names
        page = archive.read("archive/report.html").decode()
    assert "models in pairs" in page and "Training of danq from seed 0" in page


@pytest.mark.parametrize("name", ["motifs", "comparison", "model", "variants"])
def test_the_notebooks_run_on_the_finished_run(finished, monkeypatch, name):
    nbclient = pytest.importorskip("nbclient")
    import nbformat

    monkeypatch.setenv("DANQ_RUN", str(finished / "results" / "toy"))
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "outputs are not kept in git"
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    drawn = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert drawn


def test_a_learning_curve_trains_on_shares_and_nothing_twice(finished):
    toy(finished)
    without = (finished / "results" / "toy" / "report.html").read_text()
    assert "Learning curve" not in without
    shares = ["--config", "learning_curve=[0.5,1]"]
    planned = jobs(toy(finished, *shares, "-n"))
    assert planned == {
        "subset": 1,
        "train_share": 4,
        "predict_share": 4,
        "evaluate_share": 1,
        "learning_curve": 1,
        "settings": 1,
        "report": 1,
        "default": 1,
        "total": 14,
    }
    process = toy(finished, *shares)
    assert process.returncode == 0, process.stdout + process.stderr
    curve = read_table(finished / "results" / "toy" / "learning_curve.tsv")
    assert set(curve["share"]) == {0.5, 1.0} and curve["n_windows"].nunique() == 2
    assert "Learning curve" in (finished / "results" / "toy" / "report.html").read_text()
    again = toy(finished, *shares)
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr
    assert toy(finished).returncode == 0, "without it, the report is made again"
    page = (finished / "results" / "toy" / "report.html").read_text()
    assert "Learning curve" in page, "it is still of these trainings"


def write_labelled_variants(made, path):
    """Simulate variants, and write them with the label HIT: whether any target's label moves."""
    simulate = Simulate(chromosomes=4, chromosome_length=60_000)
    table = made.with_suffix(".tsv")
    simulate_variants(made.with_suffix(".vcf"), table, settings=simulate, on=["chr3", "chr4"])
    truth = read_table(table)
    moved = truth.filter(like="effect_").ne(0).any(axis=1).astype(int)
    lines = ["##fileformat=VCFv4.2", "#CHROM POS ID REF ALT QUAL FILTER INFO".replace(" ", "\t")]
    for row, hit in zip(truth.itertuples(), moved, strict=True):
        place = (row.chrom, str(row.pos), row.id, row.ref, row.alt)
        lines.append("\t".join([*place, ".", ".", f"HIT={hit}"]))
    path.write_text("\n".join(lines) + "\n")


def test_predictions_of_genome_regions_and_sequences_are_made_once_and_shown(finished, tmp_path):
    folder = tmp_path / "predicted"
    shutil.copytree(finished, folder)
    (folder / "my regions.bed").write_text("chr4\t1000\t9000\tmine\nchr4\t1500\t2500\tyours\n")
    write_fasta(folder / "seqs.fa", {"one": "ACGTTGCA" * 100})
    inputs = {"chromosomes": ["chr4"], "bed": "my regions.bed", "fasta": "seqs.fa", "fdr": 0.9}
    write_labelled_variants(folder / "simulated", folder / "mine.vcf")
    scored = {"files": "mine.vcf", "label": "HIT", "explain": 0}
    changes = {"models": ["danq", "mlp"], "seeds": [0], "predict": inputs, "variants": scored}
    (folder / "predict.yaml").write_text(json.dumps(changes))
    options = ["--configfile", ROOT / "tests" / "toy.yaml", "predict.yaml"]
    process = snakemake(folder, *options)
    assert process.returncode == 0, process.stderr
    made = jobs(process)
    assert (made["predict_valid"], made["thresholds"], made["thresholds_of_model"]) == (2, 2, 2)
    assert (made["predict_input"], made["hub"], made.get("train", 0)) == (6, 1, 0)
    assert made["evaluate_variants"] == 2  # of the simulated ones by two models, and of the file
    results = folder / "results" / "toy"
    for model in ("danq", "mlp"):
        assert len(read_table(results / model / "thresholds.tsv")) == 7
        own = results / model / "seed0" / "thresholds.tsv"
        assert own.read_bytes() == (results / model / "thresholds.tsv").read_bytes()
        for name in ("genome", "my_regions", "seqs"):
            bins = read_bins(results / "predicted" / name / model / "bins.h5")
            assert len(bins.header.targets) == 7 and len(bins.rows.probabilities)
            tracks = results / "predicted" / name / model / "tracks"
            assert len(list(tracks.glob("*.bw"))) == 7
    run = read_run(results)
    assert set(run.tracks["input"]) == {"genome", "my_regions", "NA"}, "of the genome alone"
    page = (results / "report.html").read_text()
    assert "Predictions over peaks" in page and "chr4:" in page
    again = snakemake(folder, *options)
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr
    assert not list(results.rglob("*.partial*"))
    labelled = read_table(results / "variants" / "mine" / "metrics.tsv")
    assert set(labelled["label"]) == {"binary"} and labelled["auroc"].between(0, 1).all()
    write_fasta(folder / "seqs.fa", {"one": "ACGTTGCC" * 100})
    planned = jobs(snakemake(folder, "-n", *options))
    assert planned == {"predict_input": 2, "default": 1, "total": 3}
    plain = toy(folder, "--config", "models=[danq,mlp]")
    assert plain.returncode == 0
    page = (results / "report.html").read_text()
    assert "Predictions over peaks" not in page, "the configuration no longer asks for them"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{bed: none.bed}", "none.bed: there is no such file; check the path"),
        ("{bed: [a.bed, b/a.bed]}", "b/a.bed: predict.bed: another input, or a folder of the run"),
        ("{genome: true, loci: [chr4]}", "predict.loci: 'chr4' is not a region; give one as"),
        ("{genome: true, steps: 50}", "unknown key 'predict.steps'; did you mean step?"),
        ("{genome: true, step: 70}", "predict: step (70) must be a divisor of extract.bin_size"),
    ],
)
def test_predictions_that_cannot_be_made_are_refused_before_anything_runs(
    tmp_path, section, message
):
    (tmp_path / "b").mkdir()
    for path in ("a.bed", "b/a.bed"):
        (tmp_path / path).write_text("chr4\t1\t2\n")
    process = toy(tmp_path, "--config", f"predict={section}")
    assert process.returncode == 2 and message in "".join(messages(process))
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("library", ["pyBigWig", "pybigtools"])
def test_tracks_without_their_libraries_are_refused_before_anything_runs(
    tmp_path, monkeypatch, library
):
    hides = tmp_path / "hides"
    hides.mkdir()
    (hides / "sitecustomize.py").write_text(f"import sys\nsys.modules['{library}'] = None\n")
    monkeypatch.setenv("PYTHONPATH", str(hides), prepend=os.pathsep)
    process = toy(tmp_path, "--config", "predict={genome: true}")
    assert process.returncode == 2 and f"needs {library}, which is not" in process.stderr
    assert not (tmp_path / "results").exists()


FOLDS = {
    "run": "folds",
    "folds": 3,
    "final": True,
    "models": ["danq", "danq_conv"],
    "baselines": ["kmer"],
    "predict": {"genome": True},
    "simulate": {"chromosomes": 3, "chromosome_length": 30_000},
    "extract": {"valid": [], "test": []},
    "train": {"epochs": 1, "epoch_size": 64, "initialise_from": "random"},
}


def test_in_folds_every_window_is_tested_once_and_the_report_compares_over_the_genome(tmp_path):
    (tmp_path / "folds.yaml").write_text(json.dumps(FOLDS))
    options = ["--configfile", ROOT / "tests" / "toy.yaml", "folds.yaml"]
    process = snakemake(tmp_path, *options)
    assert process.returncode == 0, process.stdout + process.stderr
    made = jobs(process)
    # Two networks, and k-mers and two oracles, in each of three folds; the first one is explained.
    assert (made["extract_all"], made["extract_fold"], made.get("extract", 0)) == (1, 3, 0)
    assert (made["train_fold"], made["predict_fold"], made["join_predictions"]) == (6, 6, 2)
    assert (made["baseline_fold"], made["join_baseline"], made["evaluate"]) == (9, 3, 1)
    assert (made["motifs_fold"], made["attribute_fold"], made["probe_fold"]) == (2, 2, 2)
    assert made["train_final"] == 2
    results = tmp_path / "results" / "folds"
    final = json.loads((results / "final" / "danq" / "seed0" / "train.json").read_text())
    assert final["final"] == {"folds": 3, "best_epochs": [1, 1, 1]}
    run = read_run(results)
    assert (run.n_folds, len(run.trained), len(run.final)) == (3, 6, 2)
    assert "Final models" in (results / "report.html").read_text()
    joined = read_predictions(results / "danq" / "seed0" / "predictions.h5")
    with open_dataset(results / "dataset.h5") as data:
        places = data.positions("test")
        assert joined.windows == data.split_checksum("test")
        assert len(joined.scores) == data.length("test") == 3 * 148
    for fold in range(3):
        folder = results / f"fold{fold}"
        part = read_predictions(folder / "danq" / "seed0" / "predictions.h5")
        with open_dataset(folder / "dataset.h5") as data:
            chrom = data.positions("test").chrom
            here = np.isin(places.chrom, chrom)
            assert (joined.scores[here] == part.scores).all()
            assert not set(chrom.tolist()) & set(data.positions("train").chrom.tolist())
    assert (made["predict_input_by_fold"], made.get("predict_valid", 0)) == (2, 0)
    bins = read_bins(results / "predicted" / "genome" / "danq" / "bins.h5")
    assert "danq seed 0 fold 2: " in bins.header.facts["models"]
    # The genome is predicted out of fold, too: its rows are the bins of the test windows.
    flank = (400 - 200) // 2
    assert (bins.rows.places["sequence"] == places.chrom).all()
    assert (bins.rows.places["start"] == places.start + flank).all()
    assert np.allclose(bins.rows.probabilities, joined.scores, atol=1e-5)
    comparison = read_table(results / "comparison.tsv")
    assert (comparison["covers"].dropna() == "windows, seeds and folds").all()
    assert {"fold_sd", "n_folds", "difference_fold2"} <= set(comparison.columns)
    again = snakemake(tmp_path, *options)
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr


def test_folds_beside_a_split_are_refused(tmp_path):
    (tmp_path / "bad.yaml").write_text("folds: 4\n")
    process = snakemake(tmp_path, "--configfile", "bad.yaml")
    assert process.returncode == 2
    (message,) = messages(process)
    assert "extract.valid is given, and so are folds" in message


def test_the_linter_has_nothing_to_say(tmp_path):
    process = snakemake(tmp_path, "--lint")
    assert process.returncode == 0 and "Congratulations" in process.stderr + process.stdout


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ("train: {epchs: 3}\n", "bad.yaml:1: unknown key 'train.epchs'; did you mean epochs?"),
        ("run: ../up\n", "bad.yaml:1: run: '../up' cannot be the name of a folder"),
        (
            "genome: g.fa\ntargets: none.tsv\n",
            "none.tsv: cannot be read (No such file or directory)",
        ),
        ("blacklist: none.bed\n", "none.bed: there is no such file; check the path"),
        (
            "train: {lr: 1}\ntrain: {epochs: 2}\n",
            "bad.yaml:2: the key 'train' is given twice; remove one",
        ),
        (
            "motifs: JASPAR_mine.meme\n",
            "motifs: 'JASPAR_mine.meme' is neither a file nor JASPAR<year>:<taxon>",
        ),
    ],
)
def test_a_wrong_configuration_is_one_line_before_any_job(tmp_path, config, line):
    (tmp_path / "bad.yaml").write_text(config)
    process = snakemake(tmp_path, "--configfile", "bad.yaml")
    output = process.stdout + process.stderr
    assert process.returncode == 2, output
    (message,) = messages(process)
    assert line in message, output
    assert "Traceback" not in process.stderr and not (tmp_path / "results").exists()


def test_a_failed_step_leaves_no_output(tmp_path):
    (tmp_path / "genome.fa").write_text(">chr1\nACGT\n>chr1\nACGT\n")
    (tmp_path / "a.bed").write_text("chr1\t1\t2\n")
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\n")
    process = snakemake(
        tmp_path, "--config", "genome=genome.fa", "targets=targets.tsv", "run=broken"
    )
    assert (
        process.returncode != 0
        and "genome.fa:3: the name 'chr1' is used again" in process.stdout + process.stderr
    )
    names = {path.name for path in (tmp_path / "results" / "broken").iterdir()} - {".made"}
    assert sorted(names) in (
        ["config.yaml", "logs"],
        ["logs"],
        ["benchmarks", "config.yaml", "logs"],
        ["benchmarks", "logs"],
    )


@needs_yeast
def test_the_yeast_run_is_planned_from_sources_on_the_command_line(tmp_path):
    process = snakemake(
        tmp_path,
        "-n",
        "--configfile",
        ROOT / "configs" / "yeast.yaml",
        "--config",
        f"genome={YEAST}/sacCer3.fa.gz",
        f"targets={YEAST}/targets.tsv",
        f"blacklist={YEAST}/blacklist.bed",
        f"motifs={YEAST}/motifs/JASPAR2024_CORE_fungi_non-redundant.meme",
    )
    assert process.returncode == 0, process.stdout + process.stderr
    assert jobs(process)["train"] == 9 and "simulate" not in jobs(process)


# --- files from addresses ---


class Site(http.server.BaseHTTPRequestHandler):
    """Serves the files of the class; some of them as a bad server would."""

    files: ClassVar[dict] = {}

    def do_HEAD(self):
        self.answer(self.path != "/missing/a.bed")

    def do_GET(self):
        self.answer(self.path not in ("/missing/a.bed", "/failing/a.bed"))

    def answer(self, good):
        name = self.path.rsplit("/", 1)[-1]
        body = self.files.get(name, b"") if good else b"<html>404: no such file</html>"
        body = {
            "/wrong": body.replace(b"chr1", b"chr2"),
            "/short": body[:-9],
            "/login": b"<!DOCTYPE html>",
        }.get(self.path.rsplit("/", 1)[0], body)
        self.send_response(200 if good else 404)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:-9] if self.path.startswith("/cut/") else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def site(tmp_path):
    """Return the address of a server with genome, peaks and blacklist, and a configuration."""
    bases = {f"chr{i}": self_describing(i, 6_000) for i in (1, 2, 3)}
    Site.files["genome.fa.gz"] = gzip.compress(
        "".join(f">{name}\n{text}\n" for name, text in bases.items()).encode()
    )
    write_bed(
        tmp_path / "a",
        [(name, start, start + 300) for name in bases for start in range(1_000, 5_000, 1_000)],
    )
    Site.files["a.bed"] = (tmp_path / "a").read_bytes()
    Site.files["black.bed"] = b"chr1\t3000\t3100\n"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def configure(folder, site, peaks, checksum="."):
    """Write a configuration that takes everything from a site."""
    (folder / "targets.tsv").write_text(f"name\tfile\tsha256\nA\t{peaks}\t{checksum}\n")
    genome = f"{site}/good/genome.fa.gz"
    (folder / "run.yaml").write_text(
        json.dumps(
            {
                "run": "fetched",
                "genome": genome,
                "targets": "targets.tsv",
                "blacklist": f"{site}/good/black.bed",
                "sha256": {genome: sha256(Site.files["genome.fa.gz"]).hexdigest()},
                "extract": {"window": 400, "stride": 200, **SPLITS},
            }
        )
    )
    return ("--configfile", "run.yaml")


def messages(process):
    """Return the messages of danq in the output of a process."""
    lines = (process.stdout + process.stderr).splitlines()
    return [line for line in lines if line.startswith("danq: ")]


def test_files_are_fetched_and_checked_once(tmp_path, site):
    run = configure(tmp_path, site, f"{site}/good/a.bed", sha256(Site.files["a.bed"]).hexdigest())
    process = snakemake(tmp_path, "results/fetched/dataset.h5", *run)
    assert process.returncode == 0, process.stdout + process.stderr
    assert jobs(process) == {"fetch": 3, "check": 1, "extract": 1, "total": 5}
    fetched = {path.name: path.read_bytes() for path in (tmp_path / "resources").glob("*/*")}
    assert fetched == Site.files
    assert (
        f"{site}/good/black.bed has no known checksum; its sha256 is"
        in process.stdout + process.stderr
    )
    with open_dataset(tmp_path / "results" / "fetched" / "dataset.h5") as dataset:
        assert dataset.source["peaks"][0]["source"] == f"{site}/good/a.bed"
        assert dataset.source["dropped"]["blacklist"] == 1
    second = snakemake(tmp_path, "results/fetched/dataset.h5", *run)
    assert second.returncode == 0 and "Nothing to be done" in second.stdout + second.stderr


@pytest.fixture
def extracted(tmp_path):
    """Return the folder of a run on local files, its options, and its dataset.h5, once made."""
    bases = {f"chr{i}": self_describing(i, 6_000) for i in (1, 2, 3)}
    write_fasta(tmp_path / "genome.fa", bases)
    peaks = [(name, start, start + 300) for name in bases for start in range(1_000, 5_000, 1_000)]
    write_bed(tmp_path / "a.bed", peaks)
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\n")
    extract = {"window": 400, "stride": 200, **SPLITS}
    run = {"run": "local", "genome": "genome.fa", "targets": "targets.tsv", "extract": extract}
    (tmp_path / "run.yaml").write_text(json.dumps(run))
    options = ("results/local/dataset.h5", "--configfile", "run.yaml")
    process = snakemake(tmp_path, *options)
    assert process.returncode == 0, process.stdout + process.stderr
    return tmp_path, options


@pytest.mark.parametrize(
    ("name", "old", "new"), [("genome.fa", "A", "C"), ("a.bed", "1300", "1350")]
)
def test_an_input_that_changes_but_keeps_its_size_and_time_is_read_again(extracted, name, old, new):
    folder, options = extracted
    assert "Nothing to be done" in snakemake(folder, *options).stderr
    before = (folder / name).stat()
    text = (folder / name).read_text()
    (folder / name).write_text(text[:8] + text[8:].replace(old, new, 1))
    os.utime(folder / name, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (folder / name).stat().st_size == before.st_size
    process = snakemake(folder, *options)
    assert jobs(process) == {"check": 1, "extract": 1, "total": 2}
    record = "results/local/inputs.json"
    what = (
        f"{name}: its content has changed since {record} was made; everything made from it is made"
    )
    assert what in process.stderr
    with open_dataset(folder / "results" / "local" / "dataset.h5") as dataset:
        file = dataset.source["genome"] if name == "genome.fa" else dataset.source["peaks"][0]
    assert file["sha256"] == sha256((folder / name).read_bytes()).hexdigest()
    again = snakemake(folder, *options)
    assert "Nothing to be done" in again.stderr and "has changed" not in again.stderr


def test_a_fetched_file_that_changes_is_refused(tmp_path, site):
    run = configure(tmp_path, site, f"{site}/good/a.bed")
    assert snakemake(tmp_path, "results/fetched/inputs.json", *run).returncode == 0
    (path,) = (tmp_path / "resources").glob("*/a.bed")
    before = path.stat()
    path.write_text(path.read_text().replace("1300", "1350"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    process = snakemake(tmp_path, "results/fetched/dataset.h5", *run)
    name = path.relative_to(tmp_path)
    what = "its content has changed since results/fetched/inputs.json was made; remove it"
    assert process.returncode == 2 and f"danq: {name}: {what}" in process.stderr
    path.unlink()
    assert snakemake(tmp_path, "results/fetched/dataset.h5", *run).returncode == 0


def test_a_checksum_that_is_given_later_is_checked_at_once_and_makes_nothing_again(extracted):
    folder, options = extracted
    settings = json.loads((folder / "run.yaml").read_text())
    checksum = sha256((folder / "genome.fa").read_bytes()).hexdigest()
    for sums in ({"genome.fa": checksum}, {"genome.fa": checksum.upper()}):
        (folder / "run.yaml").write_text(json.dumps({**settings, "sha256": sums}))
        assert "Nothing to be done" in snakemake(folder, *options).stderr
    wrong = {**settings, "sha256": {"genome.fa": 64 * "0"}}
    (folder / "run.yaml").write_text(json.dumps(wrong))
    process = snakemake(folder, "-n", *options)
    (message,) = messages(process)
    expected = (
        f"danq: genome.fa: its sha256 is {checksum}, not the expected {64 * '0'}: the file has"
    )
    assert process.returncode == 2 and message.startswith(expected)


@pytest.mark.parametrize(
    ("kind", "pinned", "message"),
    [
        ("wrong", True, "the file has changed or is incomplete"),
        ("short", True, "the file has changed or is incomplete"),
        ("cut", False, "IncompleteRead"),
        ("missing", False, "Missing input files"),
        ("failing", False, "what arrived is a web page"),
        ("login", True, "the file has changed or is incomplete"),
        ("login", False, "what arrived is a web page"),
    ],
)
def test_what_does_not_arrive_as_meant_is_refused(tmp_path, site, kind, pinned, message):
    checksum = sha256(Site.files["a.bed"]).hexdigest() if pinned else "."
    run = configure(tmp_path, site, f"{site}/{kind}/a.bed", checksum)
    process = snakemake(tmp_path, "results/fetched/dataset.h5", *run)
    assert process.returncode != 0 and message in process.stdout + process.stderr
    assert not list((tmp_path / "resources").glob("*/a.bed")) and not list(
        tmp_path.rglob("dataset.h5")
    )
    assert "Traceback" not in "".join(messages(process))


def test_the_published_bundle_is_trained_on(tmp_path):
    small_bundle(tmp_path, ("v7.3", "v5", "v5 compressed"), n=80, window=400, n_targets=4)
    (tmp_path / "run.yaml").write_text(
        json.dumps(
            {
                "run": "bundle",
                "deepsea": {split: f"{split}.mat" for split in ("train", "valid", "test")},
                "baselines": [],
                "models": ["danq"],
                "seeds": [0],
                "train": {"scale": 0.03, "epochs": 1, "device": "cpu", "precision": "float32"},
                "filters": {"windows": 50, "min_bits": 2.0},
            }
        )
    )
    process = snakemake(tmp_path, "--configfile", "run.yaml")
    assert process.returncode == 0, process.stdout + process.stderr
    assert jobs(process)["import_deepsea"] == 1 and jobs(process)["total"] == 11
    assert (tmp_path / "results" / "bundle" / "report.html").exists()
    with open_dataset(tmp_path / "results" / "bundle" / "dataset.h5") as dataset:
        assert [dataset.length(split) for split in ("train", "valid", "test")] == [80, 81, 82]


def test_published_weights_are_imported_and_evaluated(tmp_path):
    small_bundle(tmp_path, n=60, window=1000, n_targets=3)
    keras_file(tmp_path / "danq.hdf5", features=2 * 5 * 75)
    settings = {
        "run": "published",
        "deepsea": {split: f"{split}.mat" for split in ("train", "valid", "test")},
        "weights": {"danq": "danq.hdf5"},
        "sha256": {"danq.hdf5": sha256((tmp_path / "danq.hdf5").read_bytes()).hexdigest()},
        "baselines": [],
        "models": ["danq"],
        "seeds": [0],
        "filters": {"windows": 50, "min_bits": 2.0},
    }
    (tmp_path / "run.yaml").write_text(json.dumps(settings))
    process = snakemake(tmp_path, "--configfile", "run.yaml")
    assert process.returncode == 0, process.stdout + process.stderr
    made = jobs(process)
    assert made["import_weights"] == 1 and "train" not in made
    results = tmp_path / "results" / "published"
    assert "imported from danq.hdf5" in (results / "report.html").read_text()
    assert set(read_table(results / "metrics.tsv")["model"]) == {"danq"}
    again = snakemake(tmp_path, "--configfile", "run.yaml", "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr
    settings["sha256"] = {"danq.hdf5": "0" * 64}
    (tmp_path / "run.yaml").write_text(json.dumps(settings))
    refused = snakemake(tmp_path, "--configfile", "run.yaml", "--dry-run")
    assert "danq.hdf5: its sha256 is" in refused.stdout + refused.stderr


def test_every_rule_on_a_file_of_the_users_knows_its_content():
    reads = re.compile(r"known_motifs|motifs_of_training|settings\.deepsea\.|peaks=peaks|targets=t")
    knows = re.compile(r"contents(_of_baseline|\(| *=)|initial_motifs|--checked")
    readers = {}
    heirs = {}
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        blocks = re.split(r"^ *(?:use )?rule (?=\w+)", path.read_text(), flags=re.MULTILINE)
        for block in blocks[1:]:
            if reads.search(block):
                name, *words = block.replace(":", " ").split()
                if words[0] == "as":  # its parameters are those of the rule that it uses
                    heirs[words[1]] = name
                else:
                    readers[name] = bool(knows.search(block))
    assert all(readers.values()), readers
    assert set(heirs.values()) <= set(readers), heirs
    assert {"check", "extract", "import_deepsea", "train", "motifs", "probe"} <= set(readers)
    assert {"train_fold", "train_final", "motifs_fold"} <= set(heirs)
