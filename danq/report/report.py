"""One self-contained page from the tables of a run, to say what the recurrent layer adds.

The report is made in three steps, each of which knows only the one before::

    read      run.py, run_*.py                 what the stages left in a run's folder
    find      findings/                        what that says, as small tables and counts
    render    words.py, sentences.py, methods_text.py, figures.py, logos.py, curve_data.py
              sections/                        a chapter each, of the pieces in page.py
"""

from danq.files import PathLike, refuse_overwriting
from danq.report.curve_data import run_curves
from danq.report.headline import headline, write_results
from danq.report.page import write_page
from danq.report.run import configured_files, read_run, read_settings, run_files
from danq.report.sections.chapters import chapters


def report(
    folder: PathLike,
    output: PathLike,
    *,
    config: PathLike | None = None,
    results: PathLike | None = None,
) -> None:
    """Write the report of a run as one HTML file that needs no network.

    Its last lines of output say whether the networks have learnt, which is how often each beats the
    strongest baseline, and what the run can say of the recurrent layer, with what is missing.

    Parameters
    ----------
    folder : path
        ``results/<run>``, as `danq.report.run.read_run` reads it.
    output : path
        The page to write. The same inputs give the same bytes.
    config : path, optional
        The resolved configuration (YAML), shown as it is. Its ``motifs``, the known motifs that
        filters were compared with, are drawn below the filters that they name.
    results : path, optional
        The headline's numbers and those lines, to be written as JSON.

    Raises
    ------
    DanqError
        A table is missing, or lacks a column, or holds text where a number belongs; or the output
        is a file of the run.
    """
    settings = "" if config is None else read_settings(config)
    outputs = [output] if results is None else [output, results]
    refuse_overwriting(outputs, run_files(folder), f"a file of the run {folder}")
    refuse_overwriting(outputs, configured_files(settings), f"named in {config}")
    run = read_run(folder)
    head = headline(run)
    write_page(output, run.name, head.summary, chapters(run, settings), run_curves(run))
    if results is not None:
        write_results(results, head)
    print(head.learnt)
    print(head.verdict)
