# The checked configuration, and the few names that the rules share.
import os
import shlex
import shutil
import sys

from danq.config import flags, load
from danq.errors import DanqError
from danq.inputs import find_key, read_targets, refuse_double_keys
from danq.meme import motif_files


def checked(check, *arguments):
    """Run a check of the user's input; on a mistake say it in one line and leave with status 2."""
    try:
        return check(*arguments)
    except (DanqError, OSError) as error:
        print(f"danq: {error}", file=sys.stderr)
        sys.exit(2)


def locate(keys):
    """Say where the value under `keys` was given: on the command line, or in which line of which file."""
    given = workflow.config_settings
    if keys and keys[0] in given.config:
        return "--config", None
    return find_key([*workflow.configfiles, *given.configfiles], keys)


def plain(paths):
    """Refuse files that are not there, and names that Snakemake would take for patterns."""
    for path in paths:
        if not os.path.isfile(path):
            raise DanqError("there is no such file; check the path", path)
        if set("{}<>") & set(path):
            raise DanqError("the name holds one of {}<>, which Snakemake takes for a pattern; rename the file", path)
    return paths


checked(refuse_double_keys, [*workflow.configfiles, *workflow.config_settings.configfiles])
settings = checked(load, {key: value for key, value in config.items() if key != "pathvars"}, locate)


pathvars:
    results=f"results/{settings.run}",


# A training asks for a GPU where this machine has one (a cluster's profile says so with set-resources). On one machine
# the GPU then serves one training at a time; on a cluster the scheduler gives out GPUs.
gpu = int(settings.train.device != "cpu" and any(map(shutil.which, ["nvidia-smi", "rocm-smi"])))


resource_scopes:
    gpu="local",


# `.venv/bin/snakemake` works without activating the environment.
os.environ.update(PATH=os.pathsep.join([os.path.dirname(sys.executable), *os.get_exec_path()]))
# Keep freed memory and use large pages: about 15 % faster training with glibc, no effect elsewhere.
os.environ.setdefault(
    "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184"
)

simulated = settings.genome is None
genome = settings.genome or "<results>/simulated/genome.fa.gz"
targets = settings.targets or "<results>/simulated/targets.tsv"
elements = ["<results>/simulated/elements.tsv.gz"] if simulated else []
peaks = [] if simulated else [target.file for target in checked(read_targets, targets, settings.where)]
known_motifs = checked(motif_files, settings.motifs)
sources = [path for path in (settings.genome, settings.targets, settings.blacklist) if path] + peaks
checked(plain, sources + known_motifs)
# A file replaced by an older one looks up to date by its time; its size tells most of these.
sizes = {path: os.path.getsize(path) for path in sources}
trained = [f"<results>/{model}/seed{seed}" for model in settings.models for seed in settings.seeds]
baselines = ["kmer", "scan"] + (["oracle_rule", "oracle_parts"] if simulated else [])


wildcard_constraints:
    model="|".join(settings.models),
    seed=r"\d+",
    baseline="|".join(baselines),
