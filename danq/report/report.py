"""One self-contained page from the tables of a run, to say what the recurrent layer adds.

The report is made in three steps, each of which knows only the one before::

    read      run.py, run_*.py                 what the stages left in a run's folder
    find      findings/                        what that says, as small tables and counts
    render    words.py, sentences.py, methods_text.py, figures.py, logos.py, curve_data.py
              sections/                        a chapter each, of the pieces in page.py

This module has the order of the chapters.
"""

from danq.files import PathLike
from danq.report.curve_data import run_curves
from danq.report.page import Section, write_page
from danq.report.run import Run, configured_motifs, read_run
from danq.report.run_tables import read_text
from danq.report.sections.answer import answer
from danq.report.sections.comparison import comparison
from danq.report.sections.data import data
from danq.report.sections.filters import filters
from danq.report.sections.loci import loci
from danq.report.sections.methods import methods
from danq.report.sections.probe import probe
from danq.report.sections.training import training
from danq.report.sentences import summary


def report(folder: PathLike, output: PathLike, *, config: PathLike | None = None) -> None:
    """Write the report of a run as one HTML file that needs no network.

    Parameters
    ----------
    folder : path
        ``results/<run>``, as `danq.report.run.read_run` reads it.
    output : path
        The page to make. The same inputs give the same bytes.
    config : path, optional
        The resolved configuration (YAML), shown as it is. Its ``motifs``, the known motifs that
        filters were compared with, are drawn below the filters that they name.

    Raises
    ------
    DanqError
        A table is missing, or lacks a column, or holds text where a number belongs.
    """
    run = read_run(folder)
    settings = "" if config is None else read_text(config)
    chapters = sections(run, settings)
    write_page(output, run.name, summary(run), chapters, run_curves(run))


def sections(run: Run, settings: str) -> list[Section]:
    """Return the chapters of the report, from top to bottom.

    Parameters
    ----------
    run : Run
        A finished run.
    settings : str
        Its resolved configuration (YAML); empty when unknown.

    Returns
    -------
    list of Section
        Without the chapters for which the run has nothing.
    """
    known = configured_motifs(settings)
    return [
        answer(run),
        data(run),
        comparison(run),
        *probe(run),
        *loci(run),
        training(run),
        filters(run, known),
        methods(run, settings),
    ]
