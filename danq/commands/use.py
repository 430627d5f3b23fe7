"""Subcommands that use a trained model."""

from typing import Any

from danq import config
from danq.commands.explaining import add_explaining, scored_variants
from danq.options import (
    SPLITS,
    Step,
    function_of,
    name_value_pairs,
    whole_number,
)

IMPORTED = ("deepsea", "beluga", "basset", "danq", "danq_forward", "danq_jaspar")
"""Models of which published weights can be imported."""


def _add_predict(steps: Any) -> None:
    summary = "predict a dataset, sequences, regions or a genome with trained models"
    action = function_of("network.predict", "predict")
    step = Step(steps, "predict", action, summary, config.Predict)
    step.input("checkpoint", "of danq train; several are averaged", nargs="+")
    step.input("dataset", "dataset.h5, of which a split is predicted", required=False)
    step.option("--split", choices=SPLITS, help="of the dataset; default: test")
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
        "of danq thresholds, for peaks; default: thresholds.tsv beside the checkpoint",
        required=False,
    )
    step.output("skipped", "what could not be predicted, and why (TSV)", required=False)
    _add_average_folds(step)
    step.device()
    step.threads()


def _add_simulate_variants(steps: Any) -> None:
    summary = "write variants of a simulated genome, and what each does to every label"
    action = function_of("simulation.variants", "simulate_variants")
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
    summary = "score variants: how a change of the sequence changes the predictions"
    step = Step(steps, "variants", scored_variants, summary, config.Variants)
    step.input("checkpoint", "of danq train; several are averaged", nargs="+")
    step.input("genome", "the genome (FASTA)")
    step.input(
        "input",
        "VCF, BCF, or a table with columns chrom, pos (1-based), ref, alt and perhaps id",
        required=False,
    )
    step.option(
        "--variant",
        nargs="+",
        metavar="CHROM:POS:REF:ALT",
        default=[],
        help="variants as words, in place of a file; each row is scored by itself: neighbouring "
        "variants of a haplotype are combined only by --haplotypes",
    )
    step.input("aliases", "other names of chromosomes", required=False)
    step.input(
        "background",
        "variants that effects are compared with, such as common ones (VCF or table); default: "
        "random single-base changes of the genome",
        required=False,
    )
    step.input(
        "peaks",
        "targets.tsv, or a BED: random changes lie in peaks as often as the variants do; of "
        "targets.tsv, --explained says how far the nearest peak of the target is",
        required=False,
    )
    _add_variant_outputs(step)
    _add_average_folds(step)
    add_explaining(step)
    step.device()
    step.threads()


def _add_variant_outputs(step: Step) -> None:
    step.output("table", "a row for each variant and target (TSV, or .tsv.gz)", required=False)
    step.output("summary", "a row for each variant (TSV, or .tsv.gz)", required=False)
    step.output(
        "vcf", "the VCF of --input, scores in INFO (VCF, or .vcf.gz with an index)", required=False
    )
    step.output("h5", "all scores of many variants (HDF5)", required=False)
    step.output("refused", "every row that was not scored, and why (TSV)", required=False)


def _add_saturate(steps: Any) -> None:
    summary = "score every single-base change of some regions"
    action = function_of("network.saturate", "saturate")
    step = Step(steps, "saturate", action, summary, config.Saturation)
    step.input("checkpoint", "of danq train; several are averaged", nargs="+")
    step.input("genome", "the genome (FASTA)")
    step.output("table", "a row for each change and target (TSV, or .tsv.gz)", required=False)
    step.output("bigwig", "the size of the largest change at each base", required=False)
    step.output(
        "figure",
        "the bases as high as they matter, and a heat map of all changes (SVG, PNG or PDF)",
        required=False,
    )
    _add_average_folds(step)
    step.device()
    step.threads()


def _add_average_folds(step: Step) -> None:
    step.option(
        "--average-folds",
        action="store_true",
        help="with checkpoints of several folds and a genome: average all of them everywhere; else "
        "each place is predicted by those that were not trained on it",
    )


def _add_contrast(steps: Any) -> None:
    summary = "show where a model predicts one target more than another"
    step = Step(steps, "contrast", function_of("data.contrast", "contrast"), summary)
    step.input("bins", "bins.h5 of danq predict --h5")
    step.option(
        "--targets",
        nargs=2,
        metavar=("A", "B"),
        required=True,
        help="two targets, by name or 0-based index: the log-odds of A less those of B",
    )
    step.option("--rows", type=whole_number(1), default=10_000, help="largest number of rows")
    step.output("table", "where they differ most (TSV)", required=False)
    step.output("bigwig", "the difference as a track", required=False)


def _add_thresholds(steps: Any) -> None:
    summary = "choose the probability above which a bin is called a peak, on the validation split"
    step = Step(steps, "thresholds", function_of("evaluation.thresholds", "thresholds"), summary)
    step.input("dataset", "dataset.h5")
    step.input("predictions", "of danq predict --split valid; several are averaged", nargs="+")
    step.option(
        "--fdr",
        type=float,
        help="largest share of called bins that may be negative, such as 0.1; default: the "
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
        help="UCSC's name of the genome's assembly, such as hg38; for one that UCSC lacks, the hub "
        "holds the bases",
    )
    step.option(
        "--email",
        default="user@example.org",
        help="address for UCSC's server to report a broken hub to",
    )
    step.option(
        "--locus", metavar="REGION", help="where browsers open, such as chr1:1000-9000; default: 0"
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


def _add_import_weights(steps: Any) -> None:
    summary = "make a checkpoint of published weights: DanQ, DeepSEA, Beluga, Basset"
    action = function_of("network.import_weights", "import_weights")
    step = Step(steps, "import-weights", action, summary)
    step.option(
        "file",
        metavar="FILE",
        help="DanQ's or DanQ-JASPAR's HDF5 of Keras 0.2, Kipoi's DeepSEA, Beluga or Basset, or "
        "a state dict of Selene's DeepSEA or DanQ; recognised by its content",
    )
    step.input(
        "names", "predictor.names; for Beluga and Basset any name in each line", required=False
    )
    step.option(
        "--reverse",
        choices=("sequence", "batch"),
        help="what the backward half of DanQ's recurrent layer read from its end, which Keras' "
        "file does not say; default: the batch, as the layer of 2015 did (model danq_forward)",
    )
    step.option(
        "--model",
        choices=IMPORTED,
        help="refuse the weights of any other model; says --reverse, too",
    )
    step.option(
        "--window",
        type=whole_number(1),
        help="length of the sequences (bp); default: as published",
    )
    step.option(
        "--alphabet",
        choices=("ACGT", "AGCT"),
        help="order of the bases in the weights; default: that of the format",
    )
    step.option("--assembly", default="hg19", help="genome that the model was trained on")
    for kind in ("sha256", "md5"):
        step.option(f"--{kind}", default="", help="checksum that the file must have")
    step.output("facts", "what the checkpoint says of itself (JSON)", required=False)
    step.output("output", "the checkpoint")


def _add_import_predictions(steps: Any) -> None:
    summary = "turn predictions in DeepSEA's own layout into predictions.h5"
    action = function_of("data.deepsea_predictions", "import_predictions")
    step = Step(steps, "import-predictions", action, summary)
    step.input(
        "pred",
        "HDF5 with a dataset `pred`: forward rows, then reverse-complement rows, or one for each",
    )
    step.input("dataset", "dataset.h5 with the windows that were predicted")
    step.option("--model", required=True, help="name of the model")
    step.split("split that was predicted")
    step.output("output", "predictions.h5")


def _add_export_predictions(steps: Any) -> None:
    summary = "write predictions.h5 in DeepSEA's own layout"
    action = function_of("data.deepsea_predictions", "export_predictions")
    step = Step(steps, "export-predictions", action, summary)
    step.input("predictions", "of danq predict")
    step.output("output", "HDF5 with a dataset `pred`")


def _add_export_weights(steps: Any) -> None:
    summary = "write a trained model as plain PyTorch files that need no danq, for Selene and ONNX"
    action = function_of("network.export_weights", "export_weights")
    step = Step(steps, "export-weights", action, summary)
    step.option("checkpoint", metavar="model.ckpt", help="of danq train or danq import-weights")
    step.option(
        "--output",
        required=True,
        metavar="FOLDER",
        help="output: model.py, weights.pt, targets.txt, selene_model.py, README.md",
    )
    step.option("--onnx", action="store_true", help="write model.onnx, too; needs danq[onnx]")


COMMANDS = (
    _add_predict,
    _add_simulate_variants,
    _add_variants,
    _add_saturate,
    _add_contrast,
    _add_thresholds,
    _add_hub,
    _add_import_weights,
    _add_export_weights,
    _add_import_predictions,
    _add_export_predictions,
)
"""What adds each of them to the parser, in the order of the help."""
