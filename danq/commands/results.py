"""Subcommands of results: evaluation, comparison, report."""

from typing import Any

from danq import config
from danq.options import (
    Step,
    function_of,
)


def _add_join_folds(steps: Any) -> None:
    summary = "make one file of the predictions of each fold's test windows"
    step = Step(steps, "join-folds", function_of("data.join", "join_folds"), summary)
    step.input("dataset", "dataset.h5 of all folds (danq extract --fold all)")
    step.input("folds", "dataset.h5 of each fold, in their order", nargs="+")
    step.input("predictions", "of the test split of each, in the same order", nargs="+")
    step.output("output", "predictions.h5 of the whole genome, each window by its own fold")


def _add_evaluate(steps: Any) -> None:
    summary = "measure every predictor on the test split, and compare the models in pairs"
    step = Step(steps, "evaluate", function_of("evaluation.evaluate", "evaluate"), summary)
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


def _add_evaluate_variants(steps: Any) -> None:
    summary = "measure on labelled variants what models predict, and compare them in pairs"
    action = function_of("evaluation.variants", "evaluate_variants")
    step = Step(steps, "evaluate-variants", action, summary)
    step.input(
        "scores",
        "of danq variants, one for each model, in a folder of its name: those of --table with "
        "--truth, else those of --summary",
        nargs="+",
    )
    step.input(
        "truth",
        "of danq simulate-variants: what each variant does to each target",
        required=False,
    )
    step.input("input", "the VCF or table that was scored, with a label", required=False)
    step.option(
        "--label",
        metavar="FIELD",
        help="its field of INFO, or its column: 0 and 1, or how strong the effect is, with its "
        "sign; default: only the agreement of models",
    )
    step.option(
        "--match",
        choices=("none", "distance"),
        default="none",
        help="distance: each variant with label 1 is compared with the nearest one with label 0 "
        "that is left, as controls from anywhere flatter every model",
    )
    step.output("metrics", "one row per model, seed and target (TSV)", required=False)
    step.output("comparison", "one row per pair of models, metric and target", required=False)
    step.output("agreement", "rank correlations of models, and of seeds (TSV)", required=False)


def _add_learning_curve(steps: Any) -> None:
    summary = "make one table of the evaluations of trainings on shares of the training windows"
    action = function_of("evaluation.learning_curve", "learning_curve")
    step = Step(steps, "learning-curve", action, summary)
    step.input("datasets", "shares of danq subset, and last the whole dataset.h5", nargs="+")
    step.input("metrics", "metrics.tsv of danq evaluate for each, in the same order", nargs="+")
    step.input("comparisons", "comparison.tsv for each", nargs="+")
    step.output("output", "one row per share and model, or pair of models (TSV)")


def _add_compare(steps: Any) -> None:
    summary = "compare two tables of scores per target, for instance published ones"
    step = Step(steps, "compare", function_of("report.compare", "compare"), summary)
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
        "otherwise; default: those of auroc, auprc and auprc_trapezoid that both tables have",
    )
    step.option(
        "--key",
        nargs="+",
        metavar="COLUMN",
        default=[],
        help="columns that name a target together, as name cell; default: the column of names, "
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
        "SRF+REST; default: the first",
    )
    step.option(
        "--target",
        help="with curves and interactions: name or index of a target; default: curves of all",
    )
    step.output("table", "the numbers that are drawn (TSV)", required=False)
    step.output("output", "the figure (SVG, PNG or PDF)")


def _plot(figure: str, **options: Any) -> None:
    from danq.report.plot import plot

    plot(kind=figure, **options)


def _add_report(steps: Any) -> None:
    summary = "write the report of a finished run as one HTML file"
    step = Step(steps, "report", function_of("report.report", "report"), summary)
    step.option("--folder", required=True, metavar="FOLDER", help="the run: results/<run>")
    step.input("config", "the run's configuration (YAML), shown in the report", required=False)
    step.output("results", "the headline's numbers (JSON)", required=False)
    step.output("output", "report.html")


COMMANDS = (
    _add_join_folds,
    _add_evaluate,
    _add_evaluate_variants,
    _add_learning_curve,
    _add_compare,
    _add_plot,
    _add_report,
)
"""What adds each of them to the parser, in the order of the help."""
