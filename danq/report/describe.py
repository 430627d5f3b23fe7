"""What is in a dataset.h5, as text, JSON and a figure; or everything that is wrong with it."""

import os
from collections.abc import Iterable, Mapping
from json import dumps
from typing import Any

from danq.data.dataset import Dataset
from danq.data.hdf5 import open_hdf5
from danq.data.verify import problems
from danq.errors import DanqError, DanqErrors, warn
from danq.files import PathLike
from danq.genome.bins import SPLITS
from danq.plotting.drawing import refuse_format, save_figure
from danq.records import Made, record_text
from danq.report.dataset_contents import count_contents, description
from danq.report.dataset_text import copy_warnings, printable, summary

_LONGEST = 1000  # characters of a problem, or of a name in a figure


def describe(
    dataset: PathLike, *, json: PathLike | None = None, figure: PathLike | None = None
) -> dict[str, Any]:
    """Check a dataset, print what is in it, and write that down.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    json : path, optional
        JSON to write: the same numbers, and more of them (see below).
    figure : path, optional
        Figure to write: windows by chromosome, prevalence of the targets, labels of the windows;
        SVG, PNG or PDF, by its suffix.

    Returns
    -------
    dict
        What `json` holds:

        facts : dict
            The attributes of the file under their own names, and ``targets``, ``groups``,
            ``windows``, ``chromosomes`` (numbers of them), ``genome_length`` (bp, of all
            chromosomes), ``margin`` (bp on either side of a training window, 0 for none), ``bytes``
            (of the file). Chromosomes and their length are None where the
            file's coordinates are not those of a genome.
        splits : dict of split to dict
            ``windows``; ``share`` of all windows; ``bytes_per_window``; ``labelled`` (windows with
            any label); ``labels_per_window`` (mean); ``gc`` (share of G and C among the known
            bases, or None); ``unknown_bases`` (bases N); ``windows_by_labels`` (list: windows with
            0, 1, ... labels).
        groups : list of dict
            ``name``, ``targets``, ``splits``: dict of split to ``positives`` (sum over the
            targets), ``prevalence`` (``mean``, ``min``, ``max`` over the targets) and
            ``without_positive`` (targets).
        targets : list of dict
            ``index``, ``name``, ``group``, ``jaspar``, ``positives`` and ``prevalence`` (dict of
            split to number).
        chromosomes : list of dict
            Those with a window: ``name``, ``length`` (bp), ``windows`` (dict of split to number);
            empty where the coordinates are not those of a genome.
        audit : list of dict
            The rows of `danq.data.audit.audit`; ``overlapping`` is None where it is undefined.
            None of a dataset of all folds, each split of which has all windows.
        copies : dict
            What `danq.data.copies.find_copies` found: ``windows``, list of dict with ``split``,
            ``against``, ``windows``, ``similar``; ``chromosomes``, list of dict with ``split``,
            ``against``, ``chromosome``, ``shared``, ``bases``. The same holds for them.
        source : dict
            How the file was made, as its maker wrote it.

    Raises
    ------
    DanqErrors
        Everything that is wrong with the file, a line each; nothing is written.
    DanqError
        The file cannot be opened; the figure has another suffix; or an output is the dataset
        itself.
    """
    _refuse_outputs(dataset, json, figure)
    with open_hdf5(dataset) as file:
        _refuse(problems(file), dataset)
        data = Dataset(file)
        contents = {split: count_contents(data, split) for split in SPLITS}
        described = description(file, data, contents)
        made = Made("describe", [data.as_input()])
    if json is not None:
        record_text(json, dumps(described, indent=1) + "\n", made)
    if figure is not None:
        _write_figure(figure, described)
    print(summary(dataset, described))
    for warning in copy_warnings(described):
        warn(warning)
    return described


def _refuse_outputs(dataset: PathLike, json: PathLike | None, figure: PathLike | None) -> None:
    """Refuse a figure of another format, and outputs that would overwrite the dataset."""
    if figure is not None:
        refuse_format(figure)
    for path in (json, figure):
        if path is not None and _is_same_file(path, dataset):
            raise DanqError("is the dataset itself; choose another output file", path)


def _is_same_file(a: PathLike, b: PathLike) -> bool:
    both_exist = os.path.exists(a) and os.path.exists(b)
    return both_exist and os.path.samefile(a, b)


def _refuse(problems: Iterable[str], path: PathLike) -> None:
    """Raise all problems at once, if there are any."""
    errors = []
    for problem in problems:
        what = f"{printable(problem, _LONGEST)}; make it again"
        errors.append(DanqError(what, path))
    if errors:
        raise DanqErrors(errors)


# --- the figure ---


def _write_figure(path: PathLike, described: Mapping[str, Any]) -> None:
    """Draw the numbers of a description."""
    from danq.plotting.dataplots import overview  # with matplotlib, slow to load

    chromosomes = described["chromosomes"] or [_all_windows(described["splits"])]
    names = [printable(chromosome["name"], _LONGEST) for chromosome in chromosomes]
    targets = described["targets"]
    groups = [printable(target["group"], _LONGEST) for target in targets]
    windows = []
    positives = []
    for split in SPLITS:
        windows.append([chromosome["windows"][split] for chromosome in chromosomes])
        positives.append([target["positives"][split] for target in targets])
    histograms = _histograms(described["splits"])
    drawing = overview(names, windows, positives, groups, histograms, splits=SPLITS)
    save_figure(drawing, path)


def _all_windows(splits: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return all windows as those of one chromosome, where there is none."""
    windows = {split: facts["windows"] for split, facts in splits.items()}
    return {"name": "all", "windows": windows}


def _histograms(splits: Mapping[str, Mapping[str, Any]]) -> list[list[int]]:
    """Return the windows with 0, 1, ... labels of each split, all of one length."""
    counts = [facts["windows_by_labels"] for facts in splits.values()]
    longest = max(len(row) for row in counts)
    return [row + [0] * (longest - len(row)) for row in counts]
