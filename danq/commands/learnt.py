"""Subcommands of what a model has learnt."""

from pathlib import Path
from typing import Any

from danq import config
from danq.files import hold_outputs
from danq.options import (
    Step,
    function_of,
    refuse_overwriting,
)


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
    step = Step(steps, "export-motifs", function_of("motif.meme", "export_motifs"), summary)
    step.option("motifs", metavar="motifs.meme", help="the motifs")
    step.option(
        "--format", required=True, choices=("jaspar", "transfac"), help="of the file to make"
    )
    step.output("output", "the motifs, as counts")


def _add_ablate(steps: Any) -> None:
    summary = "ablate each first-layer filter, and measure the effect on every target"
    step = Step(
        steps, "ablate", function_of("interpret.ablate", "ablate"), summary, config.Ablation
    )
    step.checkpoint_and_dataset()
    step.device()
    step.threads()
    step.output("output", "effect of each filter on each target (TSV)")


def _add_probe(steps: Any) -> None:
    summary = "show what a trained model does with pairs of motifs as their distance grows"
    step = Step(steps, "probe", function_of("interpret.probe", "probe"), summary, config.Probe)
    step.checkpoint_and_dataset()
    step.known_motifs()
    step.device()
    step.threads()
    step.output("output", "interactions by pair, arrangement, distance and target (TSV)")


def _add_attribute(steps: Any) -> None:
    step = Step(
        steps,
        "attribute",
        function_of("interpret.attribute", "attribute"),
        "explain predictions of a trained model base by base",
        config.Attribution,
        leave_out=("modisco",),
    )
    step.checkpoint_and_dataset()
    step.device()
    step.threads()
    step.output("output", "scores of every base and substitution (HDF5)")
    step.output("bigwig", "the scores of one target as a track", required=False)
    step.output("bed", "regions of high score (BED6+3)", required=False)
    step.output("figure", "the first rows drawn (SVG, PNG or PDF)", required=False)
    step.output(
        "npz",
        "bases and hypothetical scores, two files as modisco motifs -s and -a read them",
        required=False,
        nargs=2,
    )


COMMANDS = (
    _add_motifs,
    _add_annotate,
    _add_export_motifs,
    _add_ablate,
    _add_probe,
    _add_attribute,
)
"""What adds each of them to the parser, in the order of the help."""
