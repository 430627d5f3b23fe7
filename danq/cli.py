"""The command line: options to one function call; a user's mistake to one line and exit status 2.

Each subcommand is one function of one module, imported only when it runs: `danq --help` answers at once. Options that
are knobs come from `danq.config`, where their names, defaults and bounds are declared once.
"""

import argparse
import json
import os
import shlex
import sys
import types
import typing

from pydantic import ValidationError

import danq
from danq import config
from danq.errors import DanqError


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
        print("$ danq", shlex.join(sys.argv[1:] if argv is None else argv), file=sys.stderr, flush=True)
    run, section = arguments.pop("run"), arguments.pop("section")
    arguments.pop("command")
    try:
        run(**_checked(section, arguments))
    except DanqError as error:
        return _tell(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _tell(f"{where}{error.strerror or error}; check the path, the rights and the free space")
    except KeyboardInterrupt:
        print("danq: interrupted", file=sys.stderr)
        return 130
    return 0


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows a default only where there is one."""

    def _get_help_string(self, action):
        return action.help if action.default in (None, []) else super()._get_help_string(action)


def _tell(message):
    print(f"danq: {message}", file=sys.stderr, flush=True)
    return 2


def _checked(section, arguments):
    """Check the knobs of a section against its bounds."""
    if section is not None:
        names = set(section.model_fields) & set(arguments)
        try:
            section.model_validate({name: arguments[name] for name in names})
        except ValidationError as error:
            first = error.errors()[0]
            option = "--" + str(first["loc"][0]).replace("_", "-") if first["loc"] else "options"
            raise DanqError(f"{option}: {first['msg'].removeprefix('Value error, ')}; see --help") from None
    return arguments


def _parser():
    parser = argparse.ArgumentParser(
        prog="danq", description="From a genome and peaks to two trained networks, their motifs, and a report of what "
        "the recurrent layer adds. Each subcommand is one step; `snakemake --cores all` runs them all.")
    parser.add_argument("--version", action="version", version=f"danq {danq.__version__}")
    steps = parser.add_subparsers(dest="command", required=True, metavar="STEP")
    for add in (_settings, _simulate, _extract, _encode, _train, _predict, _baseline, _evaluate, _motifs, _report):
        add(steps)
    return parser


def _step(steps, name, run, help, section=None, leave_out=()):
    """Add a subcommand, with an option for each knob of its section."""
    step = steps.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".",
                            formatter_class=_Help)
    step.set_defaults(run=run, section=section)
    for field_name, field in (section.model_fields if section else {}).items():
        if field_name not in leave_out:
            _knob(step, field_name, field)
    return step


def _knob(step, name, field):
    """Add the option of one knob."""
    kind, extra = field.annotation, {}
    if typing.get_origin(kind) is typing.Literal:
        kind, extra = str, {"choices": typing.get_args(kind)}
    elif isinstance(kind, types.GenericAlias):
        kind, extra = str, {"nargs": "+"}
    needed = {"required": True} if field.is_required() else {"default": field.default}
    step.add_argument("--" + name.replace("_", "-"), type=kind, help=field.description, **needed, **extra)


def _file(step, *names, help, required=True, **extra):
    for name in names:
        step.add_argument(f"--{name}", required=required, help=help, metavar="FILE", **extra)


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
    def run(**options):
        from danq.simulate import simulate
        simulate(**options)

    step = _step(steps, "simulate", run, "make a genome with planted motifs, its peaks, and the truth beside them",
                 config.Simulate)
    step.add_argument("--output", required=True, metavar="FOLDER", help="folder to fill")


def _extract(steps):
    def run(**options):
        from danq.extract import extract
        options["where"] = _pairs(options["where"])
        extract(**options)

    step = _step(steps, "extract", run, "cut labelled windows out of a genome", config.Extract)
    _file(step, "genome", help="genome FASTA: plain, gzip or BGZF")
    _file(step, "targets", help="targets.tsv: columns name, file (peaks; relative to this table), group, jaspar")
    _file(step, "blacklist", help="BED of regions to leave out", required=False)
    step.add_argument("--where", nargs="*", metavar="COLUMN=VALUE", default=[],
                      help="keep the targets whose column has that value")
    step.add_argument("--assembly", default="unknown", help="name of the genome's assembly")
    _file(step, "windows", help="made: one row per window (TSV)")
    _file(step, "fasta", help="made: the windows' letters (BGZF FASTA)")
    _file(step, "table", help="made: the targets with their counts (TSV)")


def _pairs(words):
    """Turn COLUMN=VALUE words into a dict."""
    for word in words:
        if "=" not in word:
            raise DanqError(f"--where {word}: expected COLUMN=VALUE")
    pairs = dict(word.split("=", 1) for word in words)
    if len(pairs) < len(words):
        raise DanqError("--where names a column twice; give one value for each column")
    return pairs


def _encode(steps):
    def run(**options):
        from danq.dataset import encode
        encode(**options)

    step = _step(steps, "encode", run, "turn labelled windows into dataset.h5")
    _file(step, "fasta", help="the windows' letters: of danq extract, or your own, all of one length")
    _file(step, "windows", help="windows.tsv of danq extract; or your own table: name, split (train, valid, test), and "
          "a column of 0/1 for each target")
    _file(step, "targets", help="targets.tsv of danq extract (not for your own table)", required=False)
    _file(step, "output", help="made: dataset.h5")


def _train(steps):
    def run(**options):
        from danq.train import train
        train(**options)

    step = _step(steps, "train", run, "train one model; a training that was cut off resumes", config.Train)
    _file(step, "dataset", help="dataset.h5")
    step.add_argument("--model", required=True, choices=typing.get_args(config.ModelName), help="what to train")
    step.add_argument("--seed", type=_whole(0), default=0, help="seed of weights, dropout, order and strands")
    _threads(step)
    _file(step, "checkpoint", help="made: weights of the best epoch, and all that rebuilds the model")
    _file(step, "history", help="made: one row per epoch (TSV)")
    _file(step, "facts", help="made: how the training went (JSON)")


def _threads(step):
    step.add_argument("--threads", type=_whole(1), default=os.cpu_count(), help="CPU threads")


def _whole(lowest):
    """Return a reader of whole numbers from `lowest` to the largest that seeds and threads may be."""
    def number(text):
        if not text.isdecimal() or not lowest <= int(text) < 2**31:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {lowest} to {2**31 - 1}")
        return int(text)
    return number


def _predict(steps):
    def run(**options):
        from danq.predict import predict
        predict(**options)

    step = _step(steps, "predict", run, "predict a split with a trained model, both strands averaged")
    _file(step, "checkpoint", help="of danq train")
    _file(step, "dataset", help="dataset.h5, with the targets the model was trained on")
    step.add_argument("--split", default="test", choices=("train", "valid", "test"), help="what to predict")
    step.add_argument("--device", default="auto", help="auto, cpu or cuda")
    _threads(step)
    _file(step, "output", help="made: probabilities (HDF5)")


def _baseline(steps):
    def run(kind, dataset, output, motifs, elements):
        from danq import baselines
        if kind == "kmer":
            baselines.kmer_baseline(dataset, output)
        elif kind == "scan":
            baselines.scan_baseline(dataset, motifs, output)
        elif elements is None:
            raise DanqError(f"{kind} needs the truth of a simulated run; give --elements")
        else:
            baselines.oracle_baseline(dataset, elements, output, kind=kind)

    step = _step(steps, "baseline", run, "predict the test split with a baseline, or with the simulated truth")
    step.add_argument("--kind", required=True, choices=("kmer", "scan", "oracle_rule", "oracle_parts"),
                      help="k-mer regression, scan with the target's own motif, or an oracle of a simulated run")
    _file(step, "dataset", help="dataset.h5")
    _known(step)
    _file(step, "elements", help="elements.tsv.gz of danq simulate", required=False)
    _file(step, "output", help="made: scores (HDF5)")


def _known(step):
    step.add_argument("--motifs", default=config.Config.model_fields["motifs"].default,
                      help=config.Config.model_fields["motifs"].description)


def _evaluate(steps):
    def run(**options):
        from danq.evaluate import evaluate
        evaluate(**options)

    step = _step(steps, "evaluate", run, "measure every predictor on the test split, and compare the models in pairs")
    _file(step, "dataset", help="dataset.h5")
    _file(step, "predictions", help="files of danq predict and danq baseline", nargs="+")
    _file(step, "elements", help="elements.tsv.gz of danq simulate: adds AUROC against decoys", required=False)
    _file(step, "metrics", help="made: one row per model, seed and target (TSV)")
    _file(step, "comparison", help="made: one row per pair of models and target (TSV)")


def _motifs(steps):
    def run(motifs, **options):
        from danq.motifs import motifs as read_motifs
        read_motifs(database=motifs, **options)

    step = _step(steps, "motifs", run, "read motifs out of first-layer filters and name them", config.Motifs)
    _file(step, "checkpoint", help="of danq train")
    _file(step, "dataset", help="dataset.h5")
    _known(step)
    _file(step, "meme", help="made: one motif per filter (MEME)")
    _file(step, "matches", help="made: the known motifs like each (TSV)")


def _report(steps):
    def run(**options):
        from danq.report import report
        report(**options)

    step = _step(steps, "report", run, "write the report of a finished run as one HTML file")
    step.add_argument("--folder", required=True, metavar="FOLDER", help="the run: results/<run>")
    _file(step, "config", help="the run's configuration (YAML), shown in the report", required=False)
    _file(step, "output", help="made: report.html")
