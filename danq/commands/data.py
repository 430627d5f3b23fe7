"""Subcommands of the data: from genome and peaks to dataset.h5."""

import json
import os
from typing import Any

from danq import config
from danq.errors import DanqError
from danq.options import (
    SPLITS,
    Step,
    function_of,
    name_value_pairs,
    whole_number,
)


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
    summary = (
        "make a table of targets from a folder of BED files, ENCODE's metadata.tsv, or the names "
        "of DeepSEA's outputs"
    )
    step = Step(steps, "targets", _make_targets, summary)
    step.option(
        "--folder",
        metavar="FOLDER",
        help="BED, narrowPeak or broadPeak files; subfolders are groups",
    )
    step.input("encode", "metadata.tsv of ENCODE's batch download", required=False)
    step.input(
        "deepsea",
        "predictor.names of DeepSEA: the table says what each output is, and names no file",
        required=False,
    )
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
        help="with --encode: keep the files of this biosample, such as K562",
    )
    step.output("output", "targets.tsv")


def _make_targets(
    folder: str | None,
    encode: str | None,
    deepsea: str | None,
    output: str,
    group: str,
    assembly: str,
    output_type: list[str] | None,
    biosample: str | None,
) -> None:
    from danq.data.deepsea_targets import targets_from_names
    from danq.genome.encode_metadata import targets_from_encode
    from danq.genome.targets import targets_from_folder

    given = [path for path in (folder, encode, deepsea) if path is not None]
    if len(given) != 1:
        raise DanqError("give one of --folder, --encode and --deepsea")
    if folder is not None:
        targets_from_folder(folder, output, group=group)
    elif encode is not None:
        targets_from_encode(
            encode, output, assembly=assembly, output_types=output_type, biosample=biosample
        )
    elif deepsea is not None:
        targets_from_names(deepsea, output)


def _add_simulate(steps: Any) -> None:
    summary = "make a genome with planted motifs, its peaks, and the truth beside them"
    step = Step(
        steps, "simulate", function_of("simulation.genome", "simulate"), summary, config.Simulate
    )
    step.option("--output", required=True, metavar="FOLDER", help="folder to fill")


def _add_fetch(steps: Any) -> None:
    summary = "keep a downloaded file if it has the expected checksum, and is not a web page"
    step = Step(steps, "fetch", function_of("genome.sources", "fetch"), summary)
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
        help="the whole configuration of a run: its models, its regions, what it predicts and the "
        "variants that it scores are checked, too",
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
    step.output("output", "what the files hold, if they have no mistake (JSON)")


def _check(
    output: str,
    configuration: str | None,
    folds: list[str],
    settings: config.Extract,
    **files: Any,
) -> None:
    from danq.data.check import check

    _refuse_splits(settings, "--folds" if folds else None)
    chosen: dict[str, Any] = {}
    if configuration is not None:
        from danq.training.plan import refuse_untrainable

        whole = config.load(_mapping(configuration))
        refuse_untrainable(whole)
        targets = [*whole.attribution.targets, *filter(None, [whole.filters.target])]
        chosen = {"regions": whole.attribution.regions, "chosen_targets": targets}
        chosen["predictions"] = whole.predict
        chosen["variants"] = whole.variants
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
    summary = "make dataset.h5 from labelled windows of your own, without a genome"
    step = Step(steps, "encode", function_of("data.encode", "encode"), summary)
    step.input("fasta", "the windows' bases, all of one length")
    step.input(
        "windows",
        "a table: name, split (train, valid, test), and a column of 0/1 for each target",
    )
    step.output("output", "dataset.h5")


def _add_import_deepsea(steps: Any) -> None:
    summary = "make dataset.h5 from the published DeepSEA training bundle"
    step = Step(steps, "import-deepsea", function_of("data.deepsea", "import_deepsea"), summary)
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
    step = Step(steps, "windows", function_of("data.windows", "windows"), summary)
    step.input("dataset", "dataset.h5 of danq extract")
    step.input("genome", "the genome FASTA that it was made from")
    step.output("table", "one row per window (TSV)")
    step.output("fasta", "the windows' bases (BGZF FASTA)")


def _add_subset(steps: Any) -> None:
    summary = "make a dataset.h5 whose training split is a share of another's, by blocks of 50 kb"
    step = Step(steps, "subset", function_of("data.subset", "subset"), summary)
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


COMMANDS = (
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
)
"""What adds each of them to the parser, in the order of the help."""
