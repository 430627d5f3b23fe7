# The checked configuration, and the few names that the rules share.
import os
import re
import shlex
import shutil
import sys

from danq.genome import sources
from danq.catalog import BASELINES, MODELS
from danq.config import flags, load
from danq.errors import DanqError, DanqErrors, shown
from danq.genome.tables import read_targets
from danq.genome.yaml_keys import find_key, refuse_double_keys
from danq.motif.meme import motif_files


def checked(check, *arguments):
    """Run a check of the user's input; on a mistake say it in one line and leave with status 2."""
    try:
        return check(*arguments)
    except (DanqError, OSError) as error:
        for line in str(error).splitlines():
            print(f"danq: {line}", file=sys.stderr)
        sys.exit(2)


def locate(keys):
    """Say where the value under `keys` was given: on the command line, or in which line of which file."""
    given = workflow.config_settings
    if keys and keys[0] in given.config:
        return "--config", None
    return find_key([*workflow.configfiles, *given.configfiles], keys)


def refuse_shell(paths):
    """Refuse names in which a shell finds commands: Slurm's plugin puts the paths of a job between double quotes."""
    for path in paths:
        if set("$`\\\n") & set(str(path)):
            what = "the name holds one of $ ` \\ or a line break, which a shell may take for its own; rename it"
            raise DanqError(what, shown(str(path), 200))


def plain(paths):
    """Refuse files that are not there, and names that Snakemake would take for patterns; all of them at once."""
    refuse_shell(paths)
    errors = []
    for path in paths:
        if set("{}<>") & set(path):
            errors.append(DanqError("the name holds one of {}<>, which Snakemake takes for a pattern; rename it", path))
        elif sources.is_url(path):
            checked(sources.refuse_other_schemes, path)
        elif not os.path.isfile(path):
            errors.append(DanqError("there is no such file; check the path", path))
    if errors:
        raise DanqErrors(errors)


def refuse_modisco(attributed, n_targets):
    """Refuse a wish for TF-MoDISco where it is not installed, or has nothing to read."""
    if not attributed:
        raise DanqError(f"attribution.modisco: there are {n_targets} targets; name some in attribution.targets")
    if not shutil.which("modisco") and not workflow.deployment_settings.deployment_method:
        raise DanqError(
            "attribution.modisco: there is no program modisco here; pip install modisco-lite where PATH finds it, or "
            "run with --sdm conda"
        )


def here(text):
    """Return the path of a source: itself, or where a URL is fetched to."""
    return sources.local_path(text, downloads)


checked(refuse_shell, [os.getcwd(), workflow.basedir, *workflow.configfiles, *workflow.config_settings.configfiles])
checked(refuse_double_keys, [*workflow.configfiles, *workflow.config_settings.configfiles])
settings = checked(load, {key: value for key, value in config.items() if key != "pathvars"}, locate)


pathvars:
    results=f"results/{settings.run}",


# A step asks for a GPU where device says cuda, or says auto and this machine has one (on a cluster say cuda: the login
# node may have none). On one machine a GPU then serves one job at a time; on a cluster the scheduler gives them out.
has_gpu = any(map(shutil.which, ["nvidia-smi", "rocm-smi"]))
gpu = int(settings.train.device.startswith("cuda") or (settings.train.device == "auto" and has_gpu))


resource_scopes:
    gpu="local",


# `.venv/bin/snakemake` works without activating the environment.
os.environ.update(PATH=os.pathsep.join([os.path.dirname(sys.executable), *os.get_exec_path()]))
# Keep freed memory and use large pages: about 15 % faster training with glibc, no effect elsewhere.
os.environ.setdefault(
    "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184"
)

downloads = "resources"  # shared by all runs: what was fetched once is not fetched again
simulated = settings.genome is None and settings.deepsea is None
targets = settings.targets or "<results>/simulated/targets.tsv"
elements = ["<results>/simulated/elements.tsv.gz"] if simulated else []
known_motifs = checked(motif_files, settings.motifs)

# Every file that a user names, by role; the peaks are named in the table of targets.
named = [settings.genome, settings.aliases, *settings.blacklist, *settings.unmappable]
named = [source for source in named if source]
bundle = [file for file in (settings.deepsea or {}) and settings.deepsea.model_dump().values() if file]
table = checked(read_targets, settings.targets, settings.where) if settings.targets else []
checked(plain, [*named, *bundle, *filter(None, [settings.targets]), *[target.file for target in table], *known_motifs])
genome = here(settings.genome) if settings.genome else "<results>/simulated/genome.fa.gz"
blacklist, unmappable = map(here, settings.blacklist), map(here, settings.unmappable)
blacklist, unmappable = list(blacklist), list(unmappable)
aliases = [here(settings.aliases)] if settings.aliases else []
peaks = list(dict.fromkeys(here(target.file) for target in table))

# What is fetched: place -> URL and the checksums that it must have.
known = {source: {"sha256": settings.sha256.get(source, ""), "md5": settings.md5.get(source, "")} for source in named}
known |= {target.file: target.checksums for target in table}
urls = {os.path.relpath(here(url), downloads): (url, known[url]) for url in known if sources.is_url(url)}
# A file replaced by an older one looks up to date by its time; its size tells most of these.
local_files = [
    file
    for file in [*named, *filter(None, [settings.targets]), *[target.file for target in table]]
    if not sources.is_url(file)
]
sizes = {path: os.path.getsize(path) for path in local_files}


def checksum_flags():
    """Return the checksums given in the configuration as flags, by the paths where the files lie."""
    words = []
    for kind, given in (("--sha256", settings.sha256), ("--md5", settings.md5)):
        if given:
            words += [kind, *(f"{here(source)}={checksum}" for source, checksum in given.items())]
    return shlex.join(words)


with_filters = [model for model in settings.models if MODELS[model].has_filters]
trained = [f"<results>/{model}/seed{seed}" for model in settings.models for seed in settings.seeds]
baselines = settings.baselines + ([name for name, entry in BASELINES.items() if entry.oracle] if simulated else [])


wildcard_constraints:
    model="|".join(settings.models),
    seed=r"\d+",
    baseline="|".join(baselines or ["none"]),
    download="|".join(map(re.escape, urls)) or "none",
