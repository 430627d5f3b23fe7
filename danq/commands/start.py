"""Subcommands that start a run."""

from typing import Any

from danq.options import Step, function_of


def _add_init(steps: Any) -> None:
    summary = "fill a folder with what a run starts from: Snakefile, config.yaml, targets.tsv"
    step = Step(steps, "init", function_of("start", "init"), summary)
    step.option("folder", metavar="FOLDER", help="a new folder")


def _add_run(steps: Any) -> None:
    summary = "run the workflow of this folder, as `snakemake --cores all` does"
    step = Step(steps, "run", function_of("start", "run"), summary)
    step.option("-n", "--dry-run", action="store_true", help="only say what would run")
    step.option("--cores", default="all", metavar="N", help="how many to use")
    step.option(
        "--configfile",
        nargs="+",
        metavar="FILE",
        default=[],
        help="configurations over config.yaml, the later over the earlier",
    )
    step.option(
        "--profile",
        metavar="NAME",
        help="how jobs are run: slurm, kubernetes or cluster-generic, or a folder with a profile",
    )
    step.option(
        "options",
        nargs="*",
        metavar="OPTION",
        help="after --: any other options of Snakemake, as -- --keep-going --until train",
    )


COMMANDS = (_add_init, _add_run)
"""What adds each of them to the parser, in the order of the help."""
