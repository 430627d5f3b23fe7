# Which variants the run scores: those of the configuration's section `variants`, and those of a simulated genome.
from danq.data.variant_inputs import SIMULATED, refuse_unscorable, variant_inputs

checked(refuse_bad_paths, [*settings.variants.files, *filter(None, [settings.variants.background])])
scored_files = checked(variant_inputs, settings.variants)
scored_vcfs = [name for name, entry in scored_files.items() if entry.is_vcf]
MOST_TARGETS_OF_TABLE = 20  # of a run with more, the largest changes of each variant are written


def simulated_chromosomes():
    """Return where simulated variants lie: on the test chromosomes; of a genome in folds, on the last two."""
    names = list(lengths_of_simulation())
    if settings.folds:
        return names[-2:]
    return [name for name in settings.extract.test if name in names]


variant_chromosomes = simulated_chromosomes() if simulated and settings.variants.simulated else []
variants_of_run = [*([SIMULATED] if variant_chromosomes else []), *scored_files]
labelled = [name for name in variants_of_run if name == SIMULATED or settings.variants.label]


def refuse_variants():
    """Refuse, before anything runs, variants that could not be scored."""
    for target in settings.variants.targets if table else []:
        find_target(target, [row.name for row in table])
    known = None if aliases else lengths_before_any_job()
    refuse_unscorable(settings.variants, known)


if settings.variants.files and workflow.is_main_process:
    checked(refuse_variants)


def any_of(names):
    """Return a pattern of names; of none, one that nothing has."""
    return "|".join(map(re.escape, names)) or "none of them"


def checkpoints_of(wildcards):
    """Return all trainings of a model: danq variants averages seeds, and knows which fold scores what."""
    return expand(
        "{folder}/{model}/seed{seed}/model.ckpt",
        folder=folds or ["<results>"],
        model=wildcards.model,
        seed=settings.seeds,
    )


def file_of_variants(wildcards):
    """Return the file that is scored."""
    name = wildcards.variants
    return "<results>/simulated/variants.vcf" if name == SIMULATED else scored_files[name].path


def background_of_variants(wildcards):
    """Return the file of variants that effects are compared with, if there is one."""
    given = settings.variants.background
    return [given] if given and wildcards.variants != SIMULATED else []


def contents_of_variants(wildcards):
    """Return the checksums of the user's own files."""
    background = background_of_variants(wildcards)
    own = [*user_files, *settings.variants.files, *background, *known_motifs]
    motifs = known_motifs if settings.variants.explain else []
    files = [file_of_variants(wildcards), *background, genome, *aliases, *targets_table, *peaks, *motifs]
    return contents([path for path in files if path in own])


def flags_of_variants(wildcards):
    """Return the knobs of the scores; all targets of simulated variants have labels, so all of them are written."""
    wanted = settings.variants
    not_here = ["simulated", "files", "background", "label", "match"]
    if not wanted.explain:
        not_here.append("explain")
    if wildcards.variants == SIMULATED:
        return flags(wanted, [*not_here, "targets", "top"])
    if wanted.top is None and n_targets > MOST_TARGETS_OF_TABLE:
        wanted = wanted.model_copy(update={"top": MOST_TARGETS_OF_TABLE})
    return flags(wanted, not_here)


def explained_variants(path):
    """Return the options of explanations, where there are to be some."""
    return shlex.join(["--explained", path, "--motifs", settings.motifs]) if path else ""


def labels_of_variants(wildcards, input):
    """Return the options that say what is known of variants."""
    if wildcards.labelled == SIMULATED:
        return option("--truth", [input.labels])
    label = settings.variants.label
    return shlex.join(["--input", input.labels, "--label", label, "--match", settings.variants.match])


def contents_of_labels(wildcards):
    """Return the checksum of the user's file with labels."""
    name = wildcards.labelled
    return contents([] if name == SIMULATED else [scored_files[name].path])
