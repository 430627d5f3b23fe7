"""The order of the chapters of the report, each of which is a module of its own."""

from danq.report.page import Section
from danq.report.run import (
    Run,
    configured_loci,
    configured_motifs,
    configured_variant_sets,
)
from danq.report.sections.answer import answer
from danq.report.sections.comparison import comparison
from danq.report.sections.data import data
from danq.report.sections.filters import filters
from danq.report.sections.loci import loci
from danq.report.sections.methods import methods
from danq.report.sections.probe import probe
from danq.report.sections.regions import regions
from danq.report.sections.training import training
from danq.report.sections.variants import variants


def chapters(run: Run, settings: str) -> list[Section]:
    """Return the chapters of the report, from top to bottom.

    Parameters
    ----------
    run : danq.report.run.Run
        A finished run.
    settings : str
        Its resolved configuration (YAML); empty when unknown.

    Returns
    -------
    list of danq.report.page.Section
        Without the chapters for which the run has nothing.
    """
    known = configured_motifs(settings)
    return [
        answer(run),
        data(run),
        comparison(run),
        *variants(run, configured_variant_sets(settings), known),
        *probe(run),
        *regions(run, configured_loci(settings)),
        *loci(run),
        training(run),
        filters(run, known),
        methods(run, settings),
    ]
