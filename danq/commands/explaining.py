"""Options that explain variants."""

from typing import Any

from danq.errors import DanqError
from danq.options import Step

_ONLY_EXPLAINING = ("motifs", "matches")


def add_explaining(step: Step) -> None:
    """Add the options that explain variants.

    The argument is the step of danq variants while it is declared.
    """
    step.output(
        "explained",
        "why the variants of the largest changes do what they do: bases, motifs, filters, peaks "
        "(JSON, or .json.gz)",
        required=False,
    )
    step.folder("figures", "the bases of REF and ALT, one below the other, of each of them")
    step.known_motifs()
    step.inputs("matches", "for --explained: names of the filters of each model, of danq motifs")
    step.option(
        "--downloads", metavar="FOLDER", help="folder of the files that --peaks names by URL"
    )


def scored_variants(explained: str | None, figures: str | None, **options: Any) -> None:
    """Score variants, and explain those of the largest changes where that is asked for.

    Parameters
    ----------
    explained, figures : str or None
        File and folder of explanations.
    **options
        As `danq.interpret.explain_variants.explained_variants` takes them.

    Raises
    ------
    DanqError
        Names of filters, and nothing to explain.
    """
    if explained is not None or figures is not None:
        from danq.interpret.explain_variants import explained_variants

        explained_variants(explained=explained, figures=figures, **options)
        return
    from danq.network.variants import variants

    if options["matches"]:
        what = "--matches is for what is explained"
        raise DanqError(f"{what}; give --explained or --figures, or leave it out")
    for name in _ONLY_EXPLAINING:
        options.pop(name)
    variants(**options)
