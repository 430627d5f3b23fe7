# What the configuration's section `predict` asks for: inputs by name, checked, and their options.
from danq.data.bigwig import load_pybigwig
from danq.data.peak_tracks import load_pybigtools
from danq.data.predicted import predicted_inputs
from danq.data.predicted_check import refuse_unpredictable
from danq.genome.contents import recorded_lengths
from danq.genome.tables import find_target, parse_region

# Each input is predicted with all seeds of a model at once, which are averaged.
inputs = checked(predicted_inputs, settings.predict)
input_files = [entry.path for entry in inputs.values() if entry.path]
checked(refuse_bad_paths, input_files)
on_genome = [name for name, entry in inputs.items() if entry.on_genome]
predicting = settings.models if inputs else []
predicted = expand("<results>/predicted/{name}/{model}", name=inputs, model=predicting)
hub_files = ["hub.txt", "genomes.txt", "trackDb.txt", "igv_session.xml", "tracks.tsv"]


def refuse_predictions(wanted):
    """Refuse, before anything runs, what no prediction could be made of."""
    if not workflow.deployment_settings.deployment_method:
        load_pybigwig()
        load_pybigtools()
    for target in wanted.targets if table else []:
        find_target(target, [row.name for row in table])
    for locus in wanted.loci:
        if parse_region(locus) is None:
            raise DanqError(f"predict.loci: {shown(locus)} is not a region; give one as chr1:1000-9000")
    lengths = lengths_before_any_job()
    if lengths is not None:  # else rule check reads the genome
        refuse_unpredictable(wanted, lengths, settings.extract.bin_size)


def lengths_before_any_job():
    """Return the length of each chromosome of the run's genome (bp); none of a bundle; None: not known yet."""
    if settings.deepsea:
        return {}
    return lengths_of_simulation() if simulated else recorded_lengths(record_of_inputs, contents([genome]))


if settings.predict and workflow.is_main_process:
    checked(refuse_predictions, settings.predict)


def files_of_input(wildcards):
    """Return the files of an input: the genome, and regions of it; or sequences."""
    entry = inputs[wildcards.predicted]
    files = {"genome": genome} if entry.on_genome else {}
    return files | ({entry.kind: entry.path} if entry.path else {})


def options_of_input(wildcards, input):
    """Return the files of an input as options, where they are: <results> is filled in there."""
    return " ".join(option(f"--{kind}", [input[kind]]) for kind in files_of_input(wildcards))


def flags_of_input(wildcards):
    """Return the knobs of the predictions of an input; chromosomes are of the genome as a whole."""
    entry = inputs[wildcards.predicted]
    not_here = () if entry.kind == "genome" else ("chromosomes",)
    return flags(settings.predict, ("genome", "bed", "fasta", "fdr", "loci", *not_here))


def contents_of_input(wildcards):
    """Return the checksums of the user's own files of an input."""
    files = files_of_input(wildcards).values()
    return contents([path for path in files if path in [*user_files, *input_files]])


def fdr_of_thresholds(wildcards):
    """Return the option of the false discovery rate at which peaks are called, if there is one."""
    return option("--fdr", [str(settings.predict.fdr)] if settings.predict.fdr else [])
