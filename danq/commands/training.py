"""Subcommands of training."""

from typing import Any

from danq import config
from danq.catalog import BASELINES, MODELS
from danq.errors import DanqError
from danq.options import (
    Step,
    function_of,
    whole_number,
)


def _add_train(steps: Any) -> None:
    summary = "train one model; an interrupted training resumes"
    step = Step(steps, "train", _train, summary, config.Train)
    step.holds_its_outputs()
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
    step = Step(steps, "tune", function_of("training.tune", "tune"), summary, config.Tune)
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
    step.input("dataset", "dataset.h5; its test split is not used")
    step.option("--model", required=True, choices=MODELS, help="model to train")
    step.option("--seed", type=whole_number(0), default=0, help=seed_help)
    step.threads()
    step.known_motifs()


def _add_baseline(steps: Any) -> None:
    summary = "predict the test split with a baseline, or with the simulated truth"
    action = function_of("evaluation.baselines", "predict_baseline")
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


COMMANDS = (
    _add_train,
    _add_tune,
    _add_baseline,
)
"""What adds each of them to the parser, in the order of the help."""
