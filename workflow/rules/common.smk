# The checked configuration, and the few names that the rules share.
import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import sys
import time

from danq.genome import sources
from danq.catalog import BASELINES, MODELS
from danq.config import MACHINE, flags, load
from danq.data.deepsea import read_names
from danq.data.plan import PlannedTarget, refuse_pathvars, refuse_unknown_names
from danq.errors import DanqError, DanqErrors, checked, shown
from danq.finish import failures, times_by_step, times_line
from danq.genome.contents import changed, current_checksums, recorded_checksums
from danq.genome.tables import read_targets
from danq.genome.yaml_keys import find_key, refuse_double_keys
from danq.genome.yaml_text import as_typed, merged, read_mapping, with_command_line
from danq.motif.meme import motif_files
from danq.simulation import grammar
from snakemake.logging import logger
from snakemake_interface_executor_plugins.settings import SharedFSUsage

started = time.time()

# In the order in which they are merged: config.yaml, then those of the command line.
given_files = list(workflow.config_settings.configfiles)
config_files = [*workflow.configfiles[len(given_files) :], *given_files]


def locate(keys):
    """Return file and line in which the value under `keys` was given, or --config."""
    if keys and keys[0] in workflow.config_settings.config:
        return "--config", None
    return find_key(config_files, keys)


def config_as_typed():
    """Return the configuration with every value as it was typed: Snakemake reads a run called 012 as a number."""
    texts = merged([checked(read_mapping, path) for path in config_files])
    typed = as_typed(config, texts)
    for section in texts.values():  # of a workflow that takes this one as a module
        typed = as_typed(typed, section)
    words = workflow.config_settings.config_args or []
    return with_command_line(typed, workflow.config_settings.config, words)


def option(name, values):
    """Return an option with its values, quoted for the shell; empty text where there are none."""
    return shlex.join([name, *values]) if values else ""


def machine(*knobs):
    """Return what gives a job the options that say where it runs and how fast, and change no result.

    Snakemake calls it with the inputs, and what depends on `input` makes no job run again.
    """
    values = {"threads": settings.threads, **settings.train.model_dump(include=set(MACHINE))}
    words = [word for knob in knobs for word in (f"--{knob}", str(values[knob]))]
    return lambda wildcards, input: shlex.join(words)


def refuse_shell_syntax(paths):
    """Refuse names in which a shell finds commands: Slurm's plugin puts the paths of a job between double quotes."""
    for path in map(str, paths):
        if set("$`\\\n") & set(path):
            what = "the name holds one of $ ` \\ or a line break, which a shell may take for its own; rename it"
            raise DanqError(what, shown(path, 200))


def refuse_bad_paths(paths):
    """Refuse files that are missing, and names that Snakemake would take for patterns; all of them at once."""
    refuse_shell_syntax(paths)
    errors = []
    for path in paths:
        try:
            refuse_bad_path(path)
        except DanqError as error:
            errors.append(error)
    if errors:
        raise DanqErrors(errors)


def refuse_bad_path(path):
    """Refuse a file that is missing, or a name that Snakemake would take for a pattern."""
    if set("{}<>") & set(path):
        raise DanqError("the name holds one of {}<>, which Snakemake takes for a pattern; rename it", path)
    if sources.is_url(path):
        sources.refuse_other_schemes(path)
    elif not os.path.isfile(path):
        raise DanqError("there is no such file; check the path", path)


def refuse_modisco(attributed, n_targets):
    """Refuse to run TF-MoDISco where it is not installed, or has nothing to read."""
    if not attributed:
        raise DanqError(f"attribution.modisco: there are {n_targets} targets; name some in attribution.targets")
    if not shutil.which("modisco") and not workflow.deployment_settings.deployment_method:
        raise DanqError(
            "attribution.modisco: the program modisco is not on the PATH; pip install modisco-lite, or run with --sdm conda"
        )


def refuse_tuning():
    """Refuse to search for knobs where Optuna is not installed."""
    if not importlib.util.find_spec("optuna") and not workflow.deployment_settings.deployment_method:
        raise DanqError("tune: Optuna is not installed; pip install 'danq[tune]', or run without the section tune")


def local_path(source):
    """Return the path of a source: itself, or where a URL is downloaded to."""
    return sources.local_path(source, downloads)


checked(refuse_shell_syntax, [os.getcwd(), workflow.basedir, *config_files])
checked(refuse_double_keys, config_files)
typed_config = config_as_typed()
checked(refuse_pathvars, typed_config.get("pathvars"))
settings = checked(load, {key: value for key, value in typed_config.items() if key != "pathvars"}, locate)

if settings.tune:
    checked(refuse_tuning)


pathvars:
    results=f"results/{settings.run}",


checked(refuse_shell_syntax, [workflow.pathvars.apply("<results>")])  # a workflow of one's own may have set it


# A step requests a GPU where the device is cuda or mps, or auto on a machine with one (on a cluster give cuda: the login
# node may have none). On one machine a GPU then serves one job at a time, as a Mac has one; on a cluster the scheduler
# assigns them.
is_apple = (platform.system(), platform.machine()) == ("Darwin", "arm64")
has_gpu = is_apple or any(map(shutil.which, ["nvidia-smi", "rocm-smi"]))
gpu = int(settings.train.device.startswith(("cuda", "mps")) or (settings.train.device == "auto" and has_gpu))


resource_scopes:
    gpu="local",


# So that `.venv/bin/snakemake` works without activating the environment.
os.environ.update(PATH=os.pathsep.join([os.path.dirname(sys.executable), *os.get_exec_path()]))
# Keep freed memory and use large pages: about 15 % faster training with glibc, no effect elsewhere.
os.environ.setdefault(
    "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184"
)

downloads = "resources"  # shared by all runs: what was downloaded once is not downloaded again
simulated = settings.genome is None and settings.deepsea is None
targets = settings.targets or "<results>/simulated/targets.tsv"
elements = ["<results>/simulated/elements.tsv.gz"] if simulated else []
known_motifs = checked(motif_files, settings.motifs)

# Every file that a user gives: the reference (genome, chromosome names, regions), the table of targets, its peaks.
reference_sources = [settings.genome, settings.aliases, *settings.blacklist, *settings.unmappable]
reference_sources = [source for source in reference_sources if source]
targets_table = [settings.targets] if settings.targets else []
table = checked(read_targets, settings.targets, settings.where) if settings.targets else []
sources_of_peaks = [target.file for target in table]
bundle = [path for path in settings.deepsea.model_dump().values() if path] if settings.deepsea else []
weights_files = list(settings.weights.values())
checked(
    refuse_bad_paths, [*reference_sources, *bundle, *weights_files, *targets_table, *sources_of_peaks, *known_motifs]
)

genome = local_path(settings.genome) if settings.genome else "<results>/simulated/genome.fa.gz"
blacklist = [local_path(source) for source in settings.blacklist]
unmappable = [local_path(source) for source in settings.unmappable]
aliases = [local_path(settings.aliases)] if settings.aliases else []
starts = {model: settings.train_of(model).start for model in settings.models}
start_files = list(dict.fromkeys(path for path in starts.values() if path))
checked(refuse_bad_paths, start_files)
peaks = list(dict.fromkeys(local_path(source) for source in sources_of_peaks))


def planned_targets():
    """Return what is known of the run's targets, none of a bundle without names."""
    if settings.deepsea:
        names = read_names(settings.deepsea.names) if settings.deepsea.names else []
        return [PlannedTarget(name, "", "") for name in names]
    if simulated:
        return [PlannedTarget(target.name, target.group, grammar.MOTIFS[target.name]) for target in grammar.TARGETS]
    return [PlannedTarget(target.name, target.group, target.jaspar) for target in table]


def lengths_of_simulation():
    """Return the length of each chromosome of the simulated genome (bp)."""
    names = [f"chr{number}" for number in range(1, settings.simulate.chromosomes + 1)]
    return dict.fromkeys(names, settings.simulate.chromosome_length)


def refuse_wrong_plan():
    """Refuse what the configuration names and nothing has, as far as it can be known before a job runs."""
    refuse_unknown_names(
        settings,
        planned_targets(),
        locate,
        table=settings.targets,
        lengths=lengths_of_simulation() if simulated else None,
        installs=bool(workflow.deployment_settings.deployment_method),
    )


def refuse_unused_checksums():
    """Refuse a checksum of a file that the run does not read."""
    files = [*reference_sources, *targets_table, *sources_of_peaks, *weights_files]
    known = {os.path.realpath(local_path(source)) for source in files}
    for kind in ("sha256", "md5"):
        for source in getattr(settings, kind):
            if os.path.realpath(local_path(source)) not in known:
                path, line = locate((kind, source))
                raise DanqError(f"{kind}: {shown(source)} is not a file of this run; correct the path", path, line)


if workflow.is_main_process:
    checked(refuse_wrong_plan)
    checked(refuse_unused_checksums)


def configured_checksums(source):
    """Return the checksums of a source in the configuration, by kind; empty text for one that is not given."""
    return {"sha256": settings.sha256.get(source, ""), "md5": settings.md5.get(source, "")}


# Every download: its path below `downloads`, its URL, and the checksums that it must have.
checksums = {source: configured_checksums(source) for source in [*reference_sources, *weights_files]}
checksums |= {target.file: target.checksums for target in table}
urls = {os.path.relpath(local_path(source), downloads): source for source in checksums if sources.is_url(source)}

# A file may be replaced, and keep its time and size: so the checksum of its content is a parameter of what is made from it.
user_files = [path for path in [*reference_sources, *targets_table, *sources_of_peaks] if not sources.is_url(path)]
checksum_memory = ".snakemake/danq-checksums.json"


def contents(paths):
    """Return the checksums of files; they are read again only where one may have changed."""
    return checked(current_checksums, paths, checksum_memory)


def notice_changes(record):
    """Say which input files are no longer what `danq check` read; refuse a fetched or simulated file that has changed."""
    before = recorded_checksums(record)
    for path in changed(before, current_checksums(before, checksum_memory)):
        if path in user_files:
            what = f"its content has changed since {record} was made; everything made from it is made again"
            logger.info(f"danq: {path}: {what}")
        elif os.path.getmtime(path) <= os.path.getmtime(record):  # else Snakemake sees it
            what = f"its content has changed since {record} was made; remove it, so that it is made or fetched again"
            raise DanqError(what, path)


record_of_inputs = workflow.pathvars.apply("<results>/inputs.json")
if workflow.is_main_process and os.path.exists(record_of_inputs):
    checked(notice_changes, record_of_inputs)


def refuse_other_contents():
    """Refuse a file that is here and has another SHA-256 than the configuration or the table of targets says."""
    required = {
        local_path(source): {"sha256": kinds["sha256"]} for source, kinds in checksums.items() if kinds["sha256"]
    }
    actual = checked(current_checksums, required, checksum_memory)
    for path, checksum in actual.items():
        sources.refuse_other(path, required[path], {"sha256": checksum})


checked(refuse_other_contents)


def checksum_flags(kind):
    """Return the checksums of the configuration that are of a kind as a flag, by the local paths of their files."""
    by_source = getattr(settings, kind)
    return option(f"--{kind}", [f"{local_path(source)}={checksum}" for source, checksum in by_source.items()])


def fetch_flags(url):
    """Return the checksums that a download must have as flags."""
    return " ".join(f"--{kind} {checksum}" for kind, checksum in checksums[url].items() if checksum)


def say_where_the_report_is(made):
    """Print what the report says first, and its path, where it is among the rules that were made; and what took how long."""
    page = workflow.pathvars.apply("<results>/report.html")
    results = workflow.pathvars.apply("<results>/results.json")
    steps = times_by_step(workflow.pathvars.apply("<results>/benchmarks"), started)
    if steps:
        logger.info(f"Time of the jobs: {times_line(steps)}")
    if "report" in made and os.path.exists(page) and os.path.exists(results):
        with open(results, encoding="utf-8") as file:
            head = json.load(file)
        logger.info(f"{head['learnt']}\n{head['verdict']}\nThe report: {os.path.abspath(page)}")


def say_what_failed(snakemake_logs):
    """Print danq's own words on the jobs that failed once more, below all else."""
    lines = failures(snakemake_logs)
    if lines:
        logger.error("\n".join(["What went wrong:", *lines]))


oracles = [name for name, baseline in BASELINES.items() if baseline.oracle]
baselines = settings.baselines + (oracles if simulated else [])
with_filters = [model for model in settings.models if MODELS[model].has_filters]
trained = [f"<results>/{model}/seed{seed}" for model in settings.models for seed in settings.seeds]
imported = [f"<results>/{model}/seed{seed}" for model in settings.weights for seed in settings.seeds]

# With folds, every model is trained once in each; what is explained is of the first one.
folds = [f"<results>/fold{number}" for number in range(settings.n_folds)]
explained = folds[0] if folds else "<results>"
trainings = [folder.replace("<results>", fold) for fold in folds or [explained] for folder in trained]
final_trainings = [folder.replace("<results>", "<results>/final") for folder in trained if settings.final]
explained_trainings = [folder.replace("<results>", explained) for folder in trained]


shares_files = SharedFSUsage.INPUT_OUTPUT in workflow.storage_settings.shared_fs_usage


def modisco_inputs_of(folder):
    """Return what TF-MoDISco reads of a training in a folder."""
    names = ("one_hot", "hypothetical")
    return [f"{folder}/{{model}}/seed{{seed}}/modisco/{name}.npz" for name in names]


def files_of_import(model):
    """Return the user's files that a model is imported from; what a URL names has a checksum, if any."""
    files = [settings.weights[model], settings.deepsea.names]
    return [path for path in files if path and not sources.is_url(path)]


def initial_motifs(wildcards):
    """Return the known motifs that a model's filters begin as, if they do, as the configuration names them."""
    initial = settings.train_of(wildcards.model).initialise_from
    return [settings.motifs, *contents(known_motifs).values()] if initial in ("targets", "known") else []


def start_of_training(wildcards):
    """Return the checkpoint that the trainings of a model begin with, if there is one."""
    path = starts[wildcards.model]
    return [path] if path else []


def start_contents(wildcards):
    """Return the checksum of that checkpoint."""
    return contents(start_of_training(wildcards))


def motifs_of_training(wildcards):
    """Return the files of the known motifs for the training of a model.

    Where no filter begins as one they serve a line in the log: others are no reason to train again. They are an input
    then only where a job has no other way to a file.
    """
    if initial_motifs(wildcards):
        return known_motifs
    return [] if shares_files else [ancient(path) for path in known_motifs]


def motifs_of_baseline(wildcards):
    """Return the option of the known motifs for a baseline that needs them."""
    return option("--motifs", [settings.motifs] if BASELINES[wildcards.baseline].needs_motifs else [])


def contents_of_baseline(wildcards):
    """Return the checksums of the known motifs that a baseline reads."""
    return contents(known_motifs if BASELINES[wildcards.baseline].needs_motifs else [])


wildcard_constraints:
    model="|".join(settings.models),
    seed=r"\d+",
    baseline="|".join(baselines or ["none"]),
    download="|".join(map(re.escape, urls)) or "none",
