"""The command line: each subcommand turns its options into one function call.

A user's mistake becomes one line on standard error and exit status 2. The module of a subcommand is
imported only when it runs: `danq --help` answers at once.
"""

import argparse
import contextlib
import importlib
import io
import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import danq
from danq import config
from danq.catalog import BASELINES, MODELS
from danq.errors import EXIT_STOPPED, DanqError, StoppedError, one_line
from danq.files import hold_outputs
from danq.options import (
    SPLITS,
    Parser,
    Step,
    name_value_pairs,
    named_files,
    refuse_overwriting,
    refuse_pipes,
    refuse_unprintable,
    split_settings,
    whole_number,
)

DESCRIPTION = (
    "From a genome and peaks to two trained networks, their motifs, and a report of what the "
    "recurrent layer adds. Each subcommand is one step; `snakemake --cores all` runs them all."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Parameters
    ----------
    argv : list of str, optional
        Arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        0; 2 after a mistake in the input, which one line on standard error explains; 75 after a
        signal, when the same command goes on; 130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error does by itself
    try:
        refuse_unprintable(words)
    except DanqError as error:
        return _fail(str(error))
    options = vars(build_parser().parse_args(words))
    if not sys.stderr.isatty():
        # Logs begin with the command that made them; the report collects it from there.
        print("$ danq", shlex.join(words), file=sys.stderr, flush=True)
    try:
        _run(options)
        sys.stdout.flush()
    except DanqError as error:
        return _fail(str(error))
    except StoppedError as error:
        _fail(str(error))
        return EXIT_STOPPED
    except BrokenPipeError:  # `danq describe ... | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        _close_unwritable_output()
        return _fail(_system_message(error))
    except KeyboardInterrupt:
        print("danq: interrupted", file=sys.stderr)
        return 130
    return 0


def _run(options: dict[str, Any]) -> None:
    """Check the options of a step and call its function."""
    run = options.pop("run")
    section = options.pop("section")
    outputs = options.pop("outputs")
    options.pop("command")
    refuse_overwriting(options, outputs)
    refuse_pipes(options, outputs)
    # A training may have several processes, and holds its outputs itself.
    held = [] if run is _train else named_files(options, outputs)
    settings, arguments = split_settings(section, options)
    if settings is not None:
        arguments["settings"] = settings
    with hold_outputs(held):
        run(**arguments)


def _fail(message: str) -> int:
    """Print a message, each of its lines under the program's name; return the exit status."""
    with contextlib.suppress(OSError):  # the status still says it
        for line in message.splitlines():
            print(f"danq: {line}", file=sys.stderr, flush=True)
    return 2


def _close_unwritable_output() -> None:
    """Let standard output end nowhere where it cannot be written, as on a full disk.

    Python would try again at its end.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _system_message(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    what = error.strerror or error
    return one_line(f"{where}{what}; check the path, the rights and the free space")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = Parser(prog="danq", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"danq {danq.__version__}")
    steps = parser.add_subparsers(dest="command", required=True, metavar="STEP")
    for add_step in _STEPS:
        add_step(steps)
    return parser


def _call(module: str, function: str) -> Callable[..., None]:
    """Return a call of a function of one of our modules, which is imported only then."""

    def run(**options: Any) -> None:
        imported = importlib.import_module(f"danq.{module}")
        getattr(imported, function)(**options)

    return run


# --- the data ---


def _add_settings(steps: Any) -> None:
    step = Step(steps, "settings", _write_settings, "write the complete configuration of a run")
    step.option("--json", help="the configuration as JSON")
    step.inputs(
        "configfile",
        "the configuration as YAML files, the later over the earlier: mistakes are told with their "
        "lines, which Snakemake does not say of what is not YAML",
    )
    step.output("output", "config.yaml with every value")


def _write_settings(json: str | None, configfile: list[str], output: str) -> None:
    from danq.files import write_text
    from danq.genome.yaml_keys import load_files
    from danq.records import Made, record_text

    if json is not None and not configfile:  # as a step of a run
        settings = config.load(_mapping(json))
        record_text(output, config.to_yaml(settings), Made("settings"))
    elif json is None and configfile:
        write_text(output, config.to_yaml(load_files(configfile)))
    else:
        raise DanqError("give either --json or --configfile")


def _mapping(text: str) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        raise DanqError("not a JSON object; give the configuration as one") from None


def _add_targets(steps: Any) -> None:
    summary = "make a table of targets from a folder of BED files, or from ENCODE's metadata.tsv"
    step = Step(steps, "targets", _make_targets, summary)
    step.option(
        "--folder",
        metavar="FOLDER",
        help="BED, narrowPeak or broadPeak files; subfolders are groups",
    )
    step.input("encode", "metadata.tsv of ENCODE's batch download", required=False)
    step.option(
        "--group",
        default="all",
        help="with --folder: group of the files that lie in no subfolder",
    )
    step.option("--assembly", default="GRCh38", help="with --encode: keep files of this assembly")
    step.option(
        "--output-type",
        nargs="+",
        metavar="TYPE",
        help="with --encode: kinds of peaks to keep; by default the best of each experiment",
    )
    step.option(
        "--biosample",
        metavar="NAME",
        help="with --encode: keep the files of this biosample, as K562",
    )
    step.output("output", "targets.tsv")


def _make_targets(
    folder: str | None,
    encode: str | None,
    output: str,
    group: str,
    assembly: str,
    output_type: list[str] | None,
    biosample: str | None,
) -> None:
    from danq.genome.encode_metadata import targets_from_encode
    from danq.genome.targets import targets_from_folder

    if folder is not None and encode is None:
        targets_from_folder(folder, output, group=group)
    elif encode is not None and folder is None:
        targets_from_encode(
            encode, output, assembly=assembly, output_types=output_type, biosample=biosample
        )
    else:
        raise DanqError("give either --folder or --encode")


def _add_simulate(steps: Any) -> None:
    summary = "make a genome with planted motifs, its peaks, and the truth beside them"
    step = Step(steps, "simulate", _call("simulation.genome", "simulate"), summary, config.Simulate)
    step.option("--output", required=True, metavar="FOLDER", help="folder to fill")


def _add_fetch(steps: Any) -> None:
    summary = "keep a downloaded file if it has the expected checksum, and is no web page"
    step = Step(steps, "fetch", _call("genome.sources", "fetch"), summary)
    step.input("file", "the file as downloaded")
    step.option("--url", required=True, help="where it came from")
    step.option("--sha256", default="", help="checksum that it must have, if known")
    step.option("--md5", default="", help="the same, by MD5")
    step.output("output", "the same file, verified")


def _add_check(steps: Any) -> None:
    summary = "check all input files, and report all their mistakes at once"
    step = Step(steps, "check", _check, summary, config.Extract)
    _add_source_files(step)
    step.option(
        "--configuration",
        metavar="JSON",
        help="the whole configuration of a run: its models and regions are checked, too",
    )
    step.option(
        "--folds",
        nargs="+",
        metavar="FOLD",
        default=[],
        help="in place of --valid and --test, a number of folds, among which whole chromosomes are "
        "shared out by their labelled bins; or the chromosomes and regions of each, as "
        "chr1,chr4 chr2 chr3",
    )
    step.output("output", "what the files hold, if nothing is wrong with them (JSON)")


def _check(
    output: str,
    configuration: str | None,
    folds: list[str],
    settings: config.Extract,
    **files: Any,
) -> None:
    from danq.data.check import check

    _refuse_splits(settings, "--folds" if folds else None)
    chosen: dict[str, list[str]] = {}
    if configuration is not None:
        from danq.training.plan import refuse_untrainable

        whole = config.load(_mapping(configuration))
        refuse_untrainable(whole)
        targets = [*whole.attribution.targets, *filter(None, [whole.filters.target])]
        chosen = {"regions": whole.attribution.regions, "chosen_targets": targets}
    check(_sources(files), output, settings=settings, folds=folds, **chosen)


def _refuse_splits(settings: config.Extract, folds: str | None) -> None:
    """Refuse splits beside folds, and neither of them; `folds` is the option that was given."""
    for name in ("valid", "test"):
        given = bool(getattr(settings, name))
        if given and folds is not None:
            raise DanqError(f"{folds} says what --{name} is; leave that out")
        if not given and folds is None:
            raise DanqError(f"--{name} names no chromosome; give some, or folds (see --help)")


def _add_extract(steps: Any) -> None:
    summary = "cut labelled windows out of a genome, into dataset.h5"
    step = Step(steps, "extract", _extract, summary, config.Extract)
    _add_source_files(step)
    step.input(
        "checked",
        "what danq check wrote: a file that is no longer the same is refused",
        required=False,
    )
    step.option("--assembly", default="unknown", help="name of the genome's assembly")
    step.option(
        "--fold",
        help="in place of --valid and --test, a fold of --checked, by its number from 0; all: "
        "every window in every split, to join predictions of the folds",
    )
    step.output("output", "dataset.h5")
    step.output("table", "the targets with their counts (TSV)")


def _extract(fold: str | None, settings: config.Extract, **options: Any) -> None:
    from danq.data.extract import extract

    _refuse_splits(settings, None if fold is None else "--fold")
    if fold is not None:
        from danq.data.folds import read_fold

        options["fold"] = read_fold(options["checked"], fold)
    made = {name: options.pop(name) for name in _EXTRACTED if name in options}
    extract(_sources(options), settings=settings, **made)


_EXTRACTED = ("output", "table", "assembly", "fold")
"""Arguments of an extraction beside the user's files."""


def _add_source_files(step: Step) -> None:
    """Add the options that name the user's files, and those that choose and check among them."""
    step.input("genome", "genome FASTA: plain, gzip or BGZF")
    step.input(
        "targets",
        "targets.tsv: columns name, file (peaks; relative to this table), group, jaspar, sha256, "
        "md5, widen (bp)",
    )
    step.inputs("blacklist", "BED of regions; bins that share a base with them are left out")
    step.inputs(
        "unmappable", "BED of regions; bins of which more than half lies in them are left out"
    )
    step.input(
        "aliases",
        "table of chromosome names: the genome's, then others (UCSC's chromAlias.txt)",
        required=False,
    )
    step.option(
        "--downloads",
        metavar="FOLDER",
        help="folder of the files that targets.tsv names by URL",
    )
    step.pairs("--where", "COLUMN=VALUE", "keep the targets whose column has that value")
    for kind in ("sha256", "md5"):
        what = "checksum that a file must have, beside those in targets.tsv"
        step.pairs(f"--{kind}", "FILE=CHECKSUM", what)


def _sources(files: dict[str, Any]) -> Any:
    """Return the user's files as `danq.genome.sources.Sources`."""
    from danq.genome.sources import Sources

    checksums: dict[str, dict[str, str]] = {}
    for kind in ("sha256", "md5"):
        pairs = name_value_pairs(files.pop(kind), f"--{kind}", last=True)
        for file, checksum in pairs.items():
            checksums.setdefault(file, {})[kind] = checksum
    where = name_value_pairs(files.pop("where"), "--where")
    return Sources(**files, where=where, checksums=checksums)


def _add_encode(steps: Any) -> None:
    summary = "turn your own labelled windows into dataset.h5, without a genome"
    step = Step(steps, "encode", _call("data.encode", "encode"), summary)
    step.input("fasta", "the windows' bases, all of one length")
    step.input(
        "windows",
        "a table: name, split (train, valid, test), and a column of 0/1 for each target",
    )
    step.output("output", "dataset.h5")


def _add_import_deepsea(steps: Any) -> None:
    summary = "turn the published DeepSEA training bundle into dataset.h5"
    step = Step(steps, "import-deepsea", _call("data.deepsea", "import_deepsea"), summary)
    for split in SPLITS:
        step.option(split, metavar=f"{split}.mat", help="of the bundle: MATLAB v7.3 or v5")
    step.input("names", "predictor.names: one target per line", required=False)
    step.output("output", "dataset.h5")


def _add_describe(steps: Any) -> None:
    summary = "verify a dataset.h5 byte by byte, and say what is in it; or all files of a run"
    step = Step(steps, "describe", _describe, summary)
    step.option("dataset", metavar="PATH", help="the file dataset.h5, or the folder results/<run>")
    step.output("json", "what is in the dataset, as JSON", required=False)
    step.output("figure", "the same drawn (SVG or PNG)", required=False)
    step.option(
        "--accept",
        nargs="+",
        metavar="FILE",
        default=[],
        help="with a run: files of it that you edited; the report will say so",
    )


def _describe(dataset: str, json: str | None, figure: str | None, accept: list[str]) -> None:
    if not os.path.isdir(dataset):
        if accept:
            raise DanqError("--accept needs the folder of a run, results/<run>", dataset)
        from danq.report.describe import describe

        describe(dataset, json=json, figure=figure)
        return
    if json is not None or figure is not None:
        raise DanqError("is a folder; --json and --figure need a dataset.h5", dataset)
    from danq.report.describe_run import describe_run

    describe_run(dataset, accepted=accept)


def _add_windows(steps: Any) -> None:
    summary = (
        "write the windows of a dataset as text, their bases cut from the genome a second time"
    )
    step = Step(steps, "windows", _call("data.windows", "windows"), summary)
    step.input("dataset", "dataset.h5 of danq extract")
    step.input("genome", "the genome FASTA that it was made from")
    step.output("table", "one row per window (TSV)")
    step.output("fasta", "the windows' bases (BGZF FASTA)")


def _add_subset(steps: Any) -> None:
    summary = "make a dataset.h5 whose training split is a share of another's, by blocks of 50 kb"
    step = Step(steps, "subset", _call("data.subset", "subset"), summary)
    step.input("dataset", "dataset.h5")
    step.option(
        "--share",
        required=True,
        type=float,
        help="share of its training windows, above 0, at most 1",
    )
    step.option(
        "--seed",
        type=whole_number(0),
        default=0,
        help="seed of the order of blocks; shares of one seed are nested",
    )
    step.output("output", "dataset.h5; its validation and test windows are the same")


# --- training and prediction ---


def _add_train(steps: Any) -> None:
    summary = "train one model; an interrupted training resumes"
    step = Step(steps, "train", _train, summary, config.Train)
    step.option(
        "--profile",
        action="store_true",
        help="take a few steps and print where their time goes; writes no file",
    )
    step.input(
        "knobs",
        "what danq tune --output wrote: its knobs take the place of the options",
        required=False,
    )
    step.input(
        "as_folds",
        "train.json of this model and seed in each fold: their knobs take the place of the "
        "options, and the model is trained on every window of the dataset of all folds, without "
        "validation, for as many steps as their best epochs say",
        required=False,
        nargs="+",
        default=[],
    )
    _add_training(step, "seed of weights, dropout, order and strands")
    step.output("checkpoint", "weights of the best epoch, and all that rebuilds the model")
    step.output("history", "one row per epoch (TSV)")
    step.output("facts", "how the training went (JSON)")


def _train(
    profile: bool,
    knobs: str | None,
    as_folds: list[str],
    checkpoint: str,
    history: str,
    facts: str,
    settings: config.Train,
    **options: Any,
) -> None:
    if knobs is not None:
        from danq.training.knobs import with_knobs

        settings = with_knobs(settings, knobs)
    if as_folds:
        from danq.training.final import plan_final

        if knobs is not None or profile:
            raise DanqError("--as-folds has the knobs of the folds; leave out --knobs, --profile")
        options["final"] = plan_final(
            as_folds, settings, model=options["model"], seed=options["seed"]
        )
        settings = options["final"].settings
    if profile:
        from danq.training.profiling import profile_training

        profile_training(settings=settings, **options)
    else:
        from danq.training.train import train

        train(checkpoint=checkpoint, history=history, facts=facts, settings=settings, **options)


def _add_tune(steps: Any) -> None:
    summary = (
        "search lr, dropout and weight_decay around the given ones, by a training's best "
        "validation AUPRC; every model's trials cost the same; an interrupted search resumes"
    )
    step = Step(steps, "tune", _call("training.tune", "tune"), summary, config.Tune)
    _add_training(step, "seed of the search, and of each training")
    step.option(
        "--folder",
        required=True,
        metavar="FOLDER",
        help="output: the state of the search, from which it resumes, and the trainings; the best "
        "one keeps its model.ckpt",
    )
    step.option(
        "--beside-others",
        action="store_true",
        help="the folder may hold searches of other knobs or data, which are refused otherwise: "
        "each has a subfolder of its own",
    )
    step.output("table", "one row per trial (TSV)")
    step.output("output", "the best configuration, as section train of config.yaml")
    step.output("facts", "the space, what a trial cost, and what was best (JSON)")


def _add_training(step: Step, seed_help: str) -> None:
    """Add what every training takes beside its knobs."""
    step.input("dataset", "dataset.h5; its test split takes no part")
    step.option("--model", required=True, choices=MODELS, help="what to train")
    step.option("--seed", type=whole_number(0), default=0, help=seed_help)
    step.threads()
    step.known_motifs()


def _add_predict(steps: Any) -> None:
    summary = "predict a dataset, sequences, regions or a genome with trained models"
    action = _call("network.predict", "predict")
    step = Step(steps, "predict", action, summary, config.Predict)
    step.input("checkpoint", "of danq train; several are averaged", nargs="+")
    step.input("dataset", "dataset.h5, of which a split is predicted", required=False)
    step.option("--split", choices=SPLITS, help="of the dataset; none given: test")
    step.output("output", "predictions of the dataset (HDF5)", required=False)
    step.input("fasta", "sequences of any length", required=False)
    step.input("genome", "a genome (FASTA), all of it or the regions of --bed", required=False)
    step.input("bed", "regions of the genome, of any length", required=False)
    step.output("table", "a row for each bin (TSV, or .tsv.gz)", required=False)
    step.output("h5", "the same in HDF5", required=False)
    step.folder("bigwig", "one bigWig for each target")
    step.folder("peaks", "one narrowPeak file for each target")
    step.input(
        "thresholds",
        "of danq thresholds, for peaks; none given: thresholds.tsv beside the checkpoint",
        required=False,
    )
    step.output("skipped", "what could not be predicted, and why (TSV)", required=False)
    step.option(
        "--average-folds",
        action="store_true",
        help="with checkpoints of several folds and a genome: average all of them everywhere; else "
        "each place is predicted by those that were not trained on it",
    )
    step.device()
    step.threads()


def _add_simulate_variants(steps: Any) -> None:
    summary = "write variants of a simulated genome, and what each does to every label"
    action = _call("simulation.variants", "simulate_variants")
    step = Step(steps, "simulate-variants", action, summary, config.Simulate)
    step.option(
        "--on",
        nargs="+",
        metavar="CHROM",
        required=True,
        help="chromosomes where they lie, such as those of the test split",
    )
    step.output("vcf", "the variants (VCF)")
    step.output("table", "the same with their effects (TSV)")


def _add_variants(steps: Any) -> None:
    summary = "score variants: what a change of the sequence changes in the predictions"
    action = _call("network.variants", "variants")
    step = Step(steps, "variants", action, summary, config.Variants)
    step.input("checkpoint", "of danq train; several are averaged", nargs="+")
    step.input("genome", "the genome (FASTA)")
    step.input(
        "input",
        "VCF, or a table with columns chrom, pos (1-based), ref, alt and perhaps id",
        required=False,
    )
    step.option(
        "--variant",
        nargs="+",
        metavar="CHROM:POS:REF:ALT",
        default=[],
        help="variants as words, in place of a file; each row is scored by itself: neighbouring "
        "variants of a haplotype are not combined",
    )
    step.input("aliases", "other names of chromosomes", required=False)
    step.input(
        "background",
        "variants that effects are compared with, such as common ones (VCF or table); none given: "
        "random single-base changes of the genome",
        required=False,
    )
    step.output("table", "a row for each variant and target (TSV, or .tsv.gz)", required=False)
    step.output("summary", "a row for each variant (TSV, or .tsv.gz)", required=False)
    step.output("vcf", "the VCF of --input, scores in INFO (VCF, or .vcf.gz)", required=False)
    step.output("refused", "every row that was not scored, and why (TSV)", required=False)
    step.device()
    step.threads()


def _add_contrast(steps: Any) -> None:
    summary = "show where a model expects one target more than another"
    step = Step(steps, "contrast", _call("data.contrast", "contrast"), summary)
    step.input("bins", "bins.h5 of danq predict --h5")
    step.option(
        "--targets",
        nargs=2,
        metavar=("A", "B"),
        required=True,
        help="names, or places from 0: the log-odds of A less those of B",
    )
    step.option("--rows", type=whole_number(1), default=10_000, help="rows of the table, at most")
    step.output("table", "where they differ most (TSV)", required=False)
    step.output("bigwig", "the difference as a track", required=False)


def _add_thresholds(steps: Any) -> None:
    summary = "choose from which probability on a bin is a peak, on the validation split"
    step = Step(steps, "thresholds", _call("evaluation.thresholds", "thresholds"), summary)
    step.input("dataset", "dataset.h5")
    step.input("predictions", "of danq predict --split valid; several are averaged", nargs="+")
    step.option(
        "--fdr",
        type=float,
        help="largest share of called bins that may be negative, such as 0.1; none given: the "
        "threshold of the best F1",
    )
    step.output("output", "a threshold for each target (TSV)")


def _add_hub(steps: Any) -> None:
    summary = "write a UCSC track hub and an IGV session: predictions beside the run's own peaks"
    step = Step(steps, "hub", _hub, summary)
    step.option(
        "--tracks",
        required=True,
        nargs="+",
        metavar="FOLDER",
        help="of danq predict --bigwig, each called <input>/<model>/tracks",
    )
    step.input("genome", "genome FASTA: plain, gzip or BGZF")
    step.input("targets", "targets.tsv with the peaks")
    step.input("aliases", "table of chromosome names", required=False)
    step.option(
        "--downloads", metavar="FOLDER", help="folder of the files that targets.tsv names by URL"
    )
    step.pairs("--where", "COLUMN=VALUE", "keep the targets whose column has that value")
    step.option("--name", default="danq", help="name of the run")
    step.option(
        "--assembly",
        default="unknown",
        help="UCSC's name of the genome's assembly, as hg38; of another, the hub brings the bases",
    )
    step.option(
        "--email", default="user@example.org", help="whom UCSC's server tells of a broken hub"
    )
    step.option(
        "--locus", metavar="REGION", help="where browsers open, as chr1:1000-9000; none given: 0"
    )
    step.option("--output", required=True, metavar="FOLDER", help="output: folder to fill")


def _hub(
    genome: str,
    targets: str,
    aliases: str | None,
    downloads: str | None,
    where: list[str],
    **options: Any,
) -> None:
    from danq.genome.sources import Sources
    from danq.report.hub import hub

    conditions = name_value_pairs(where, "--where")
    sources = Sources(genome, targets, aliases=aliases, where=conditions, downloads=downloads)
    hub(sources=sources, **options)


def _add_import_predictions(steps: Any) -> None:
    summary = "turn predictions in DeepSEA's own layout into predictions.h5"
    action = _call("data.deepsea_predictions", "import_predictions")
    step = Step(steps, "import-predictions", action, summary)
    step.input(
        "pred",
        "HDF5 with a dataset `pred`: forward rows, then reverse-complement rows, or one for each",
    )
    step.input("dataset", "dataset.h5 with the windows that were predicted")
    step.option("--model", required=True, help="name of the model")
    step.split("what was predicted")
    step.output("output", "predictions.h5")


def _add_export_predictions(steps: Any) -> None:
    summary = "write predictions.h5 in DeepSEA's own layout"
    action = _call("data.deepsea_predictions", "export_predictions")
    step = Step(steps, "export-predictions", action, summary)
    step.input("predictions", "of danq predict")
    step.output("output", "HDF5 with a dataset `pred`")


def _add_baseline(steps: Any) -> None:
    summary = "predict the test split with a baseline, or with the simulated truth"
    action = _call("evaluation.baselines", "predict_baseline")
    step = Step(steps, "baseline", action, summary)
    step.option(
        "--kind",
        required=True,
        choices=BASELINES,
        help=(
            "kmer: regression on the k-mers of bin and flanks; scan: best site of the target's own "
            "motif; motif: regression on the sites of that motif; boosting: of trees, on the sites "
            "of all known motifs; or an oracle of a simulated run"
        ),
    )
    step.input("dataset", "dataset.h5")
    step.known_motifs()
    step.input("elements", "elements.tsv.gz of danq simulate", required=False)
    step.threads()
    step.output("output", "scores (HDF5)")


def _add_join_folds(steps: Any) -> None:
    summary = "make one file of the predictions of each fold's test windows"
    step = Step(steps, "join-folds", _call("data.join", "join_folds"), summary)
    step.input("dataset", "dataset.h5 of all folds (danq extract --fold all)")
    step.input("folds", "dataset.h5 of each fold, in their order", nargs="+")
    step.input("predictions", "of the test split of each, in the same order", nargs="+")
    step.output("output", "predictions.h5 of the whole genome, each window by its own fold")


def _add_evaluate(steps: Any) -> None:
    summary = "measure every predictor on the test split, and compare the models in pairs"
    step = Step(steps, "evaluate", _call("evaluation.evaluate", "evaluate"), summary)
    step.input("dataset", "dataset.h5")
    step.input("predictions", "files of danq predict and danq baseline", nargs="+")
    step.input(
        "elements",
        "elements.tsv.gz of danq simulate: adds AUROC against decoys",
        required=False,
    )
    step.threads()
    step.output("metrics", "one row per model, seed and target (TSV)")
    step.output("comparison", "one row per pair of models and target, and their means (TSV)")
    step.output("curves", "the precision-recall curve of each model and target (TSV)")
    step.output("reliability", "mean probability against share of positives, by model (TSV)")


def _add_learning_curve(steps: Any) -> None:
    summary = "make one table of the evaluations of trainings on shares of the training windows"
    action = _call("evaluation.learning_curve", "learning_curve")
    step = Step(steps, "learning-curve", action, summary)
    step.input("datasets", "shares of danq subset, and last the whole dataset.h5", nargs="+")
    step.input("metrics", "metrics.tsv of danq evaluate for each, in the same order", nargs="+")
    step.input("comparisons", "comparison.tsv for each", nargs="+")
    step.output("output", "one row per share and model, or pair of models (TSV)")


# --- what a model has learnt ---


def _add_motifs(steps: Any) -> None:
    summary = "read motifs out of a trained model's filters and name them"
    step = Step(steps, "motifs", _motifs, summary, config.Motifs)
    step.checkpoint_and_dataset()
    step.known_motifs()
    step.output("meme", "one motif per filter (MEME)")
    step.output("matches", "the known motifs most like each (TSV)")
    step.output(
        "clusters",
        "one motif for all filters that are copies of one another (MEME)",
        required=False,
    )
    step.output(
        "sites",
        "where the filters fire (BED, compressed where the name ends in .gz)",
        required=False,
    )


def _motifs(motifs: str, **options: Any) -> None:
    from danq.interpret.motifs import motifs as read_motifs

    read_motifs(database=motifs, **options)


def _add_annotate(steps: Any) -> None:
    summary = "name the motifs of any MEME file by their known relatives"
    step = Step(steps, "annotate", _annotate, summary, config.Naming)
    step.option("queries", metavar="motifs.meme", help="the motifs to name")
    step.known_motifs()
    step.output(
        "output",
        "the known motifs most like each (TSV); by default NAME.matches.tsv here, after NAME.meme",
        required=False,
    )
    step.output("meme", "the motifs, trimmed, with the names found (MEME)", required=False)


def _annotate(
    queries: str, motifs: str, output: str | None, meme: str | None, settings: config.Naming
) -> None:
    from danq.motif.annotate import annotate

    if output is not None:
        annotate(queries, motifs, output, settings=settings, meme=meme)
        return
    output = f"{Path(queries.removesuffix('.gz')).stem}.matches.tsv"
    files = {"queries": queries, "output": output, "motifs": motifs, "meme": meme}
    refuse_overwriting(files, ("output", "meme"))
    with hold_outputs([output]):
        annotate(queries, motifs, output, settings=settings, meme=meme)


def _add_export_motifs(steps: Any) -> None:
    summary = "write the motifs of a MEME file in another format"
    step = Step(steps, "export-motifs", _call("motif.meme", "export_motifs"), summary)
    step.option("motifs", metavar="motifs.meme", help="the motifs")
    step.option(
        "--format", required=True, choices=("jaspar", "transfac"), help="of the file to make"
    )
    step.output("output", "the motifs, as counts")


def _add_ablate(steps: Any) -> None:
    summary = "ablate each first-layer filter, and measure which targets lose"
    step = Step(steps, "ablate", _call("interpret.ablate", "ablate"), summary, config.Ablation)
    step.checkpoint_and_dataset()
    step.device()
    step.threads()
    step.output("output", "what each target loses by each filter (TSV)")


def _add_probe(steps: Any) -> None:
    summary = "show what a trained model does with pairs of motifs as their distance grows"
    step = Step(steps, "probe", _call("interpret.probe", "probe"), summary, config.Probe)
    step.checkpoint_and_dataset()
    step.known_motifs()
    step.device()
    step.threads()
    step.output("output", "interactions by pair, arrangement, distance and target (TSV)")


def _add_attribute(steps: Any) -> None:
    step = Step(
        steps,
        "attribute",
        _call("interpret.attribute", "attribute"),
        "explain predictions of a trained model base by base",
        config.Attribution,
        leave_out=("modisco",),
    )
    step.checkpoint_and_dataset()
    step.device()
    step.threads()
    step.output("output", "scores of every base and substitution (HDF5)")
    step.output("bigwig", "the scores of one target as a track", required=False)
    step.output("bed", "stretches of high score (BED6+3)", required=False)
    step.output("figure", "the first rows drawn (SVG, PNG or PDF)", required=False)
    step.output(
        "npz",
        "bases and hypothetical scores, two files as modisco motifs -s and -a read them",
        required=False,
        nargs=2,
    )


# --- a finished run ---


def _add_compare(steps: Any) -> None:
    summary = "compare two tables of scores per target, for instance published ones"
    step = Step(steps, "compare", _call("report.compare", "compare"), summary)
    for side in ("a", "b"):
        step.option(
            side,
            metavar=f"{side}.tsv",
            help="a table (TSV or CSV) with a column name, or a first one without a heading, and "
            "columns of scores; group is optional; the metrics.tsv of a run will do",
        )
    step.option(
        "--models",
        nargs=2,
        metavar=("A", "B"),
        help="names of the two; where a table has a column model, also which of its rows to take",
    )
    step.option(
        "--metrics",
        nargs="+",
        metavar="COLUMN",
        default=[],
        help="columns to compare, as auprc, or as 'PR AUC=auprc' where the second table calls it "
        "otherwise; none given: those of auroc, auprc and auprc_trapezoid that both tables have",
    )
    step.option(
        "--key",
        nargs="+",
        metavar="COLUMN",
        default=[],
        help="columns that name a target together, as name cell; none given: the column of names, "
        "and target where names repeat and both tables have it",
    )
    step.option(
        "--in-order",
        action="store_true",
        help="match rows of one key by their order, which must be the same in both tables",
    )
    step.output("table", "one row per metric and target (TSV)", required=False)
    step.output("output", "the comparison as one HTML page")


def _add_plot(steps: Any) -> None:
    step = Step(steps, "plot", _plot, "draw one figure of a finished run")
    kinds = "; ".join(f"{kind}: {what}" for kind, what in config.FIGURES.items())
    step.option("--folder", required=True, metavar="FOLDER", help="the run: results/<run>")
    step.option("--figure", required=True, choices=config.FIGURES, metavar="KIND", help=kinds)
    step.option(
        "--pair",
        nargs="+",
        metavar="NAME",
        default=[],
        help="with scatter and effects: two models; with interactions: a pair of motifs, as "
        "SRF+REST; none given: the first",
    )
    step.option("--target", help="with curves and interactions: name or index of a target")
    step.output("table", "the numbers that are drawn (TSV)", required=False)
    step.output("output", "the figure (SVG, PNG or PDF)")


def _plot(figure: str, **options: Any) -> None:
    from danq.report.plot import plot

    plot(kind=figure, **options)


def _add_report(steps: Any) -> None:
    summary = "write the report of a finished run as one HTML file"
    step = Step(steps, "report", _call("report.report", "report"), summary)
    step.option("--folder", required=True, metavar="FOLDER", help="the run: results/<run>")
    step.input("config", "the run's configuration (YAML), shown in the report", required=False)
    step.output("results", "the headline's numbers (JSON)", required=False)
    step.output("output", "report.html")


_STEPS: tuple[Callable[[Any], None], ...] = (
    _add_settings,
    _add_targets,
    _add_simulate,
    _add_fetch,
    _add_check,
    _add_extract,
    _add_encode,
    _add_import_deepsea,
    _add_describe,
    _add_windows,
    _add_subset,
    _add_train,
    _add_tune,
    _add_predict,
    _add_simulate_variants,
    _add_variants,
    _add_contrast,
    _add_thresholds,
    _add_hub,
    _add_import_predictions,
    _add_export_predictions,
    _add_baseline,
    _add_join_folds,
    _add_evaluate,
    _add_learning_curve,
    _add_motifs,
    _add_annotate,
    _add_export_motifs,
    _add_ablate,
    _add_probe,
    _add_attribute,
    _add_compare,
    _add_plot,
    _add_report,
)
