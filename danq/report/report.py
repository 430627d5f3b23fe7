"""One self-contained page from the tables of a run, to say what the recurrent layer adds.

The report is made in three steps, each of which knows only the one before::

    read      run.py, run_*.py                 what the stages left in a run's folder
    find      findings/                        what that says, as small tables and counts
    render    words.py, sentences.py, methods_text.py, figures.py, logos.py, curve_data.py
              sections/                        a chapter each, of the pieces in page.py
"""

from danq.files import PathLike, refuse_overwriting
from danq.report.curve_data import run_curves
from danq.report.page import write_page
from danq.report.run import configured_database, read_run, read_settings, run_files
from danq.report.sections.chapters import chapters
from danq.report.sentences import summary


def report(folder: PathLike, output: PathLike, *, config: PathLike | None = None) -> None:
    """Write the report of a run as one HTML file that needs no network.

    Parameters
    ----------
    folder : path
        ``results/<run>``, as `danq.report.run.read_run` reads it.
    output : path
        The page to write. The same inputs give the same bytes.
    config : path, optional
        The resolved configuration (YAML), shown as it is. Its ``motifs``, the known motifs that
        filters were compared with, are drawn below the filters that they name.

    Raises
    ------
    DanqError
        A table is missing, or lacks a column, or holds text where a number belongs; or the output
        is a file of the run.
    """
    settings = "" if config is None else read_settings(config)
    refuse_overwriting([output], run_files(folder), f"a file of the run {folder}")
    database = configured_database(settings)
    if isinstance(database, str):
        refuse_overwriting([output], [database], f"named in {config}")
    run = read_run(folder)
    write_page(output, run.name, summary(run), chapters(run, settings), run_curves(run))
