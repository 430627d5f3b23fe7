"""The command line: options to one function call; a user's mistake to one line and exit status 2.

Each subcommand is one function of one module, imported only when it runs: `danq --help` answers at once. Options that
are knobs come from `danq.config`, where their names, defaults and bounds are declared once.
"""

import argparse
import contextlib
import importlib
import json
import os
import shlex
import sys
import types
import typing
from pathlib import Path

from pydantic import ValidationError

import danq
from danq import config
from danq.catalog import MODELS
from danq.errors import EXIT_STOPPED, DanqError, StoppedError


def main(argv=None):
    """Run one subcommand.

    Parameters
    ----------
    argv : list of str, optional
        Arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        0, or 2 after a mistake in the input, told in one line on standard error.
    """
    arguments = vars(_parser().parse_args(argv))
    if not sys.stderr.isatty():
        # Logs begin with the command that made them; the report collects it from there.
        print(
            "$ danq",
            shlex.join(sys.argv[1:] if argv is None else argv),
            file=sys.stderr,
            flush=True,
        )
    run, section, made = arguments.pop("run"), arguments.pop("section"), arguments.pop("made", ())
    arguments.pop("command")
    try:
        _refuse_overwriting(arguments, made)
        run(**_checked(section, arguments))
    except DanqError as error:
        return _tell(error)
    except StoppedError as error:
        _tell(error)
        return EXIT_STOPPED
    except BrokenPipeError:  # `danq describe ... | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _tell(
            f"{where}{error.strerror or error}; check the path, the rights and the free space"
        )
    except KeyboardInterrupt:
        print("danq: interrupted", file=sys.stderr)
        return 130
    return 0


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows a default only where there is one."""

    def _get_help_string(self, action):
        return action.help if action.default in (None, []) else super()._get_help_string(action)


def _tell(message):
    with contextlib.suppress(BrokenPipeError):  # the status still tells
        for line in str(message).splitlines():
            print(f"danq: {line}", file=sys.stderr, flush=True)
    return 2


def _refuse_overwriting(arguments, made):
    """Refuse to make a file under the name of one that is read, or of another that is made."""
    seen = {}
    for option, value in arguments.items():
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, str) and (option in made or os.path.isfile(path)):
                if option in made and os.path.isdir(path):
                    raise DanqError(f"--{option} is a folder; name a file to make", path)
                other = seen.get(os.path.realpath(path))
                if other is not None and {other, option} & set(made):
                    both = (
                        f"--{other} and --{option}".replace("_", "-")
                        if other != option
                        else f"--{option} twice"
                    )
                    raise DanqError(
                        f"is {'both ' if other != option else ''}{both}; name another file to make",
                        path,
                    )
                seen[os.path.realpath(path)] = option


def _checked(section, arguments):
    """Check the knobs of a section against its bounds."""
    if section is not None:
        names = set(section.model_fields) & set(arguments)
        try:
            section.model_validate({name: arguments[name] for name in names})
        except ValidationError as error:
            first = error.errors()[0]
            option = "--" + str(first["loc"][0]).replace("_", "-") if first["loc"] else "options"
            raise DanqError(
                f"{option}: {first['msg'].removeprefix('Value error, ')}; see --help"
            ) from None
    return arguments


def _parser():
    parser = argparse.ArgumentParser(
        prog="danq",
        description="From a genome and peaks to two trained networks, their motifs, and a report of what "
        "the recurrent layer adds. Each subcommand is one step; `snakemake --cores all` runs them all.",
    )
    parser.add_argument("--version", action="version", version=f"danq {danq.__version__}")
    steps = parser.add_subparsers(dest="command", required=True, metavar="STEP")
    for add in (
        _settings,
        _targets,
        _simulate,
        _fetch,
        _check,
        _extract,
        _encode,
        _import_deepsea,
        _describe,
        _windows,
        _train,
        _tune,
        _predict,
        _import_predictions,
        _export_predictions,
        _baseline,
        _evaluate,
        _motifs,
        _annotate,
        _export_motifs,
        _ablate,
        _probe,
        _attribute,
        _compare,
        _plot,
        _report,
    ):
        add(steps)
    return parser


def _step(steps, name, run, help, section=None, leave_out=()):
    """Add a subcommand, with an option for each knob of its section."""
    step = steps.add_parser(
        name, help=help, description=help[0].upper() + help[1:] + ".", formatter_class=_Help
    )
    step.set_defaults(run=run, section=section)
    for field_name, field in (section.model_fields if section else {}).items():
        if field_name not in leave_out:
            _knob(step, field_name, field)
    return step


def _knob(step, name, field):
    """Add the option of one knob."""
    kind, extra = field.annotation, {}
    if isinstance(kind, types.UnionType):  # a number, or none given
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) is typing.Literal:
        kind, extra = str, {"choices": typing.get_args(kind)}
    elif isinstance(kind, types.GenericAlias):
        kind, extra = str, {"nargs": "+"}
    elif kind is bool:
        kind, extra = None, {"action": argparse.BooleanOptionalAction}
    needed = {"required": True} if field.is_required() else {"default": field.default}
    typed = {"type": kind} if kind else {}
    step.add_argument(
        "--" + name.replace("_", "-"), help=field.description, **typed, **needed, **extra
    )


def _call(module, function):
    """Return what runs a function of one of our modules, which is loaded only then."""

    def run(**options):
        getattr(importlib.import_module(f"danq.{module}"), function)(**options)

    return run


def _file(step, *names, help, required=True, **extra):
    for name in names:
        step.add_argument(f"--{name}", required=required, help=help, metavar="FILE", **extra)
    if help.startswith("made"):
        step.set_defaults(made=(*(step.get_default("made") or ()), *names))


def _settings(steps):
    def run(output, **options):
        from danq.files import write_text

        write_text(output, config.to_yaml(config.load(_mapping(options["json"]))))

    step = _step(steps, "settings", run, "write down the resolved configuration of a run")
    step.add_argument("--json", required=True, help="the configuration as JSON")
    _file(step, "output", help="made: config.yaml with every value")


def _mapping(text):
    """Read a JSON object."""
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        raise DanqError("--json: not a JSON object; give the configuration as one") from None


def _simulate(steps):
    step = _step(
        steps,
        "simulate",
        _call("simulation.simulate", "simulate"),
        "make a genome with planted motifs, its peaks, and the truth beside them",
        config.Simulate,
    )
    step.add_argument("--output", required=True, metavar="FOLDER", help="folder to fill")


def _targets(steps):
    def run(folder, encode, output, group, assembly, output_type, biosample):
        from danq.genome import targets

        if (folder is None) == (encode is None):
            raise DanqError("give either --folder or --encode")
        if folder is not None:
            targets.targets_from_folder(folder, output, group=group)
        else:
            targets.targets_from_encode(
                encode, output, assembly=assembly, output_types=output_type, biosample=biosample
            )

    step = _step(
        steps,
        "targets",
        run,
        "make a table of targets from a folder of BED files, or from ENCODE's metadata.tsv",
    )
    step.add_argument(
        "--folder",
        metavar="FOLDER",
        help="BED, narrowPeak or broadPeak files; subfolders are groups",
    )
    _file(step, "encode", help="metadata.tsv of ENCODE's batch download", required=False)
    step.add_argument(
        "--group", default="all", help="with --folder: group of the files that lie in no subfolder"
    )
    step.add_argument(
        "--assembly", default="GRCh38", help="with --encode: keep files of this assembly"
    )
    step.add_argument(
        "--output-type",
        nargs="+",
        metavar="TYPE",
        help="with --encode: kinds of peaks to keep; by default the best of each experiment",
    )
    step.add_argument(
        "--biosample",
        metavar="NAME",
        help="with --encode: keep the files of this biosample, as K562",
    )
    _file(step, "output", help="made: targets.tsv")


def _fetch(steps):
    step = _step(
        steps,
        "fetch",
        _call("genome.sources", "fetch"),
        "take in a downloaded file, if it is the one that was meant",
    )
    _file(step, "file", help="what arrived")
    step.add_argument("--url", required=True, help="where it came from")
    step.add_argument("--sha256", default="", help="checksum that it must have, if known")
    step.add_argument("--md5", default="", help="the same, by MD5")
    _file(step, "output", help="made: the file, whole")


def _check(steps):
    def run(**options):
        from danq.data.check import check

        check(**_sources(options))

    step = _step(
        steps,
        "check",
        run,
        "look at all input files, and say everything that is wrong with them at once",
        config.Extract,
    )
    _source_files(step)
    _file(step, "output", help="made when nothing is wrong: what was found (JSON)")


def _extract(steps):
    def run(**options):
        from danq.data.extract import extract

        extract(**_sources(options))

    step = _step(
        steps,
        "extract",
        run,
        "cut labelled windows out of a genome, into dataset.h5",
        config.Extract,
    )
    _source_files(step)
    step.add_argument("--assembly", default="unknown", help="name of the genome's assembly")
    _file(step, "output", help="made: dataset.h5")
    _file(step, "table", help="made: the targets with their counts (TSV)")


def _source_files(step):
    """Add the options that name the user's files."""
    _file(step, "genome", help="genome FASTA: plain, gzip or BGZF")
    _file(
        step,
        "targets",
        help="targets.tsv: columns name, file (peaks; relative to this table), group, jaspar, "
        "sha256, md5, widen (bp)",
    )
    _file(
        step,
        "blacklist",
        help="BED of regions; bins that share a base with them are left out",
        required=False,
        nargs="*",
        default=[],
    )
    _file(
        step,
        "unmappable",
        help="BED of regions; bins of which more than half lies in them are left out",
        required=False,
        nargs="*",
        default=[],
    )
    _file(
        step,
        "aliases",
        help="table of chromosome names: the genome's, then others (UCSC's chromAlias.txt)",
        required=False,
    )
    step.add_argument(
        "--where",
        nargs="*",
        metavar="COLUMN=VALUE",
        default=[],
        help="keep the targets whose column has that value",
    )
    step.add_argument(
        "--downloads", metavar="FOLDER", help="folder of the files that targets.tsv names by URL"
    )
    for kind in ("sha256", "md5"):
        step.add_argument(
            f"--{kind}",
            nargs="*",
            metavar="FILE=DIGEST",
            default=[],
            help="checksum that a file must have, beside those in targets.tsv",
        )


def _sources(options):
    """Turn words of the form A=B into dicts."""
    checksums = {}
    for kind in ("sha256", "md5"):
        for file, checksum in _pairs(options.pop(kind), f"--{kind}", str.rsplit).items():
            checksums.setdefault(file, {})[kind] = checksum
    return options | {"where": _pairs(options["where"], "--where"), "checksums": checksums}


def _pairs(words, option, split=str.split):
    """Turn NAME=VALUE words into a dict; `split` says whether the first or the last = parts them."""
    for word in words:
        if "=" not in word:
            raise DanqError(f"{option} {word}: expected NAME=VALUE")
    pairs = dict(split(word, "=", 1) for word in words)
    if len(pairs) < len(words):
        raise DanqError(f"{option} names something twice; give one value for each")
    return pairs


def _encode(steps):
    step = _step(
        steps,
        "encode",
        _call("data.encode", "encode"),
        "turn your own labelled windows into dataset.h5, without a genome",
    )
    _file(step, "fasta", help="the windows' bases, all of one length")
    _file(
        step,
        "windows",
        help="a table: name, split (train, valid, test), and a column of 0/1 for each target",
    )
    _file(step, "output", help="made: dataset.h5")


def _import_deepsea(steps):
    step = _step(
        steps,
        "import-deepsea",
        _call("data.deepsea", "import_deepsea"),
        "turn the published DeepSEA training bundle into dataset.h5",
    )
    for split in ("train", "valid", "test"):
        step.add_argument(split, metavar=f"{split}.mat", help="of the bundle: MATLAB v7.3 or v5")
    _file(step, "names", help="predictor.names: the name of a target a line", required=False)
    _file(step, "output", help="made: dataset.h5")


def _describe(steps):
    step = _step(
        steps,
        "describe",
        _call("report.describe", "describe"),
        "verify a dataset.h5 byte by byte, and say what is in it",
    )
    step.add_argument("dataset", metavar="dataset.h5", help="the file")
    _file(step, "json", help="made: the same as JSON", required=False)
    _file(step, "figure", help="made: the same drawn (SVG or PNG)", required=False)


def _windows(steps):
    step = _step(
        steps,
        "windows",
        _call("data.windows", "windows"),
        "write down the windows of a dataset, their bases cut from the genome anew",
    )
    _file(step, "dataset", help="dataset.h5 of danq extract")
    _file(step, "genome", help="the genome FASTA that it was made of")
    _file(step, "table", help="made: one row per window (TSV)")
    _file(step, "fasta", help="made: the windows' bases (BGZF FASTA)")


def _import_predictions(steps):
    step = _step(
        steps,
        "import-predictions",
        _call("data.deepsea", "import_predictions"),
        "turn predictions in DeepSEA's own layout into predictions.h5",
    )
    _file(
        step,
        "pred",
        help="HDF5 with a dataset `pred`: forward rows, then reverse-complement rows, or one for each",
    )
    _file(step, "dataset", help="dataset.h5 with the windows that were predicted")
    step.add_argument("--model", required=True, help="what to call the model")
    step.add_argument(
        "--split", default="test", choices=("train", "valid", "test"), help="what was predicted"
    )
    _file(step, "output", help="made: predictions.h5")


def _export_predictions(steps):
    step = _step(
        steps,
        "export-predictions",
        _call("data.deepsea", "export_predictions"),
        "write predictions.h5 in DeepSEA's own layout",
    )
    _file(step, "predictions", help="of danq predict")
    _file(step, "output", help="made: HDF5 with a dataset `pred`")


def _train(steps):
    def run(profile, **options):
        if not profile:
            return _call("training.train", "train")(**options)
        from danq.training.profiling import profile_training

        profile_training(**{key: value for key, value in options.items() if key not in _TRAINED})

    step = _step(
        steps, "train", run, "train one model; a training that was cut off resumes", config.Train
    )
    step.add_argument(
        "--profile",
        action="store_true",
        help="take a few steps and print where their time goes; makes no file",
    )
    _training(step, "seed of weights, dropout, order and strands")
    _file(
        step, "checkpoint", help="made: weights of the best epoch, and all that rebuilds the model"
    )
    _file(step, "history", help="made: one row per epoch (TSV)")
    _file(step, "facts", help="made: how the training went (JSON)")


_TRAINED = ("checkpoint", "history", "facts")


def _tune(steps):
    step = _step(
        steps,
        "tune",
        _call("training.tune", "tune"),
        "search lr, dropout, scale and shift around the given ones, by a training's best validation AUPRC; a "
        "search that was cut off resumes",
        config.Tune,
    )
    _training(step, "seed of the search, and of each training")
    step.add_argument(
        "--folder",
        required=True,
        metavar="FOLDER",
        help="made: the search, from which it goes on, and "
        "the trainings; the best keeps its model.ckpt",
    )
    _file(step, "table", help="made: one row per trial (TSV)")
    _file(step, "output", help="made: the best configuration, as section train of config.yaml")


def _training(step, seed):
    """Add what every training is told beside its knobs."""
    _file(step, "dataset", help="dataset.h5; its test split takes no part")
    step.add_argument(
        "--model", required=True, choices=MODELS, help="what to train"
    )
    step.add_argument("--seed", type=_whole(0), default=0, help=seed)
    _threads(step)
    _known(step)


def _threads(step):
    step.add_argument("--threads", type=_whole(1), default=os.cpu_count(), help="CPU threads")


def _whole(lowest):
    """Return a reader of whole numbers from `lowest` to the largest that seeds and threads may be."""

    def number(text):
        if not text.isdecimal() or not lowest <= int(text) < 2**31:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {lowest} to {2**31 - 1}"
            )
        return int(text)

    return number


def _predict(steps):
    step = _step(
        steps,
        "predict",
        _call("network.predict", "predict"),
        "predict a split with a trained model, both strands averaged",
    )
    _file(step, "checkpoint", help="of danq train")
    _file(step, "dataset", help="dataset.h5, with the targets the model was trained on")
    step.add_argument(
        "--split", default="test", choices=("train", "valid", "test"), help="what to predict"
    )
    step.add_argument("--device", default="auto", help="auto, cpu or cuda")
    _threads(step)
    _file(step, "output", help="made: probabilities (HDF5)")


def _baseline(steps):
    def run(kind, dataset, output, motifs, elements):
        from danq.evaluation import baselines

        if kind == "kmer":
            baselines.kmer_baseline(dataset, output)
        elif kind == "scan":
            baselines.scan_baseline(dataset, motifs, output)
        elif elements is None:
            raise DanqError(f"{kind} needs the truth of a simulated run; give --elements")
        else:
            baselines.oracle_baseline(dataset, elements, output, kind=kind)

    step = _step(
        steps,
        "baseline",
        run,
        "predict the test split with a baseline, or with the simulated truth",
    )
    step.add_argument(
        "--kind",
        required=True,
        choices=("kmer", "scan", "oracle_rule", "oracle_parts"),
        help="k-mer regression, scan with the target's own motif, or an oracle of a simulated run",
    )
    _file(step, "dataset", help="dataset.h5")
    _known(step)
    _file(step, "elements", help="elements.tsv.gz of danq simulate", required=False)
    _file(step, "output", help="made: scores (HDF5)")


def _known(step):
    step.add_argument(
        "--motifs",
        default=config.Config.model_fields["motifs"].default,
        help=config.Config.model_fields["motifs"].description,
    )


def _evaluate(steps):
    step = _step(
        steps,
        "evaluate",
        _call("evaluation.evaluate", "evaluate"),
        "measure every predictor on the test split, and compare the models in pairs",
    )
    _file(step, "dataset", help="dataset.h5")
    _file(step, "predictions", help="files of danq predict and danq baseline", nargs="+")
    _file(
        step,
        "elements",
        help="elements.tsv.gz of danq simulate: adds AUROC against decoys",
        required=False,
    )
    _threads(step)
    _file(step, "metrics", help="made: one row per model, seed and target (TSV)")
    _file(
        step,
        "comparison",
        help="made: one row per pair of models and target, and their means (TSV)",
    )
    _file(step, "curves", help="made: the precision-recall curve of each model and target (TSV)")
    _file(
        step,
        "reliability",
        help="made: mean probability against share of positives, by model (TSV)",
    )


def _motifs(steps):
    def run(motifs, **options):
        from danq.interpret.motifs import motifs as read_motifs

        read_motifs(database=motifs, **options)

    step = _step(
        steps,
        "motifs",
        run,
        "read motifs out of a trained model's filters and name them",
        config.Motifs,
    )
    _file(step, "checkpoint", help="of danq train")
    _file(step, "dataset", help="dataset.h5")
    _known(step)
    _file(step, "meme", help="made: one motif per filter (MEME)")
    _file(step, "matches", help="made: the known motifs like each (TSV)")
    _file(
        step,
        "clusters",
        help="made: one motif for all filters that are copies of one another (MEME)",
        required=False,
    )
    _file(
        step,
        "sites",
        help="made: where the filters fire (BED, compressed where the name ends in .gz)",
        required=False,
    )


def _annotate(steps):
    def run(motifs, queries, output, **options):
        from danq.motif.annotate import annotate

        output = output or f"{Path(queries.removesuffix('.gz')).stem}.matches.tsv"
        _refuse_overwriting(
            {"queries": queries, "output": output, "meme": options["meme"]}, ("output", "meme")
        )
        annotate(queries, motifs, output, **options)

    step = _step(
        steps,
        "annotate",
        run,
        "name the motifs of any MEME file by their known relatives",
        config.Naming,
    )
    step.add_argument("queries", metavar="motifs.meme", help="the motifs to name")
    _known(step)
    _file(
        step,
        "output",
        help="made: the known motifs like each (TSV); by default NAME.matches.tsv here, after "
        "NAME.meme",
        required=False,
    )
    _file(
        step, "meme", help="made: the motifs, trimmed, with the names found (MEME)", required=False
    )


def _export_motifs(steps):
    step = _step(
        steps,
        "export-motifs",
        _call("motif.meme", "export_motifs"),
        "write the motifs of a MEME file in another format",
    )
    step.add_argument("motifs", metavar="motifs.meme", help="the motifs")
    step.add_argument(
        "--format", required=True, choices=("jaspar", "transfac"), help="of the file to make"
    )
    _file(step, "output", help="made: the motifs, as counts")


def _ablate(steps):
    step = _step(
        steps,
        "ablate",
        _call("interpret.ablate", "ablate"),
        "ablate each first-layer filter, and see which targets lose",
        config.Ablation,
    )
    _file(step, "checkpoint", help="of danq train")
    _file(step, "dataset", help="dataset.h5")
    step.add_argument("--device", default="auto", help="auto, cpu or cuda")
    _threads(step)
    _file(step, "output", help="made: what each target loses by each filter (TSV)")


def _probe(steps):
    def run(motifs, **options):
        from danq.interpret.probe import probe

        probe(database=motifs, **options)

    step = _step(
        steps,
        "probe",
        run,
        "show what a trained model does with pairs of motifs as their distance grows",
        config.Probe,
    )
    _file(step, "checkpoint", help="of danq train")
    _file(step, "dataset", help="dataset.h5")
    _known(step)
    step.add_argument("--device", default="auto", help="auto, cpu or cuda")
    _threads(step)
    _file(step, "output", help="made: interactions by pair, arrangement, distance and target (TSV)")


def _attribute(steps):
    step = _step(
        steps,
        "attribute",
        _call("interpret.attribute", "attribute"),
        "explain predictions of a trained model base by base",
        config.Attribution,
        leave_out=("modisco",),
    )
    _file(step, "checkpoint", help="of danq train")
    _file(step, "dataset", help="dataset.h5")
    step.add_argument("--device", default="auto", help="auto, cpu or cuda")
    _threads(step)
    _file(step, "output", help="made: scores of every base and base (HDF5)")
    _file(step, "bigwig", help="made: the scores of one target as a track", required=False)
    _file(step, "bed", help="made: stretches of high score (BED6+3)", required=False)
    _file(step, "figure", help="made: the first rows drawn (SVG, PNG or PDF)", required=False)
    _file(
        step,
        "npz",
        help="made: bases and hypothetical scores, two files as modisco motifs -s and -a read them",
        required=False,
        nargs=2,
    )


def _compare(steps):
    step = _step(
        steps,
        "compare",
        _call("report.compare", "compare"),
        "compare two tables of scores per target, for instance published ones",
    )
    for side in ("a", "b"):
        step.add_argument(
            side,
            metavar=f"{side}.tsv",
            help="a table (TSV or CSV) with a column name and columns of "
            "scores; group is optional; the metrics.tsv of a run will do",
        )
    step.add_argument(
        "--models",
        nargs=2,
        metavar=("A", "B"),
        help="what to call the two; where a table has a column "
        "model, also which of its rows to take",
    )
    step.add_argument(
        "--metrics",
        nargs="+",
        metavar="COLUMN",
        default=[],
        help="columns to compare; none given: "
        "those of auroc, auprc and auprc_trapezoid that both tables have",
    )
    _file(step, "table", help="made: one row per metric and target (TSV)", required=False)
    _file(step, "output", help="made: the comparison as one HTML page")


def _plot(steps):
    def run(figure, **options):
        from danq.report.figures import plot

        plot(kind=figure, **options)

    step = _step(steps, "plot", run, "draw one figure of a finished run")
    step.add_argument("--folder", required=True, metavar="FOLDER", help="the run: results/<run>")
    step.add_argument(
        "--figure",
        required=True,
        choices=config.FIGURES,
        metavar="KIND",
        help="; ".join(f"{kind}: {shown}" for kind, shown in config.FIGURES.items()),
    )
    step.add_argument(
        "--pair",
        nargs="+",
        metavar="NAME",
        default=[],
        help="with scatter and effects: two models; "
        "with interactions: a pair of motifs, as SRF+REST; none given: the first",
    )
    step.add_argument("--target", help="with curves and interactions: name or index of a target")
    _file(step, "table", help="made: the numbers that are drawn (TSV)", required=False)
    _file(step, "output", help="made: the figure (SVG, PNG or PDF)")


def _report(steps):
    step = _step(
        steps,
        "report",
        _call("report.report", "report"),
        "write the report of a finished run as one HTML file",
    )
    step.add_argument("--folder", required=True, metavar="FOLDER", help="the run: results/<run>")
    _file(
        step, "config", help="the run's configuration (YAML), shown in the report", required=False
    )
    _file(step, "output", help="made: report.html")
