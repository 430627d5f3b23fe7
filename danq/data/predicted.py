"""What a run predicts beside its test split: inputs by name, and the folder of each model."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from danq.config import Predictions
from danq.data.bin_tracks import TABLE
from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.sources import is_url
from danq.reading import read_lines

GENOME = "genome"
"""Name of the input that is the run's genome."""

HUB = "hub"
"""The folder beside the inputs with what genome browsers open."""

TRACKS = "tracks"
"""The folder of a model's bigWigs."""

PEAKS = "peaks"
"""The folder of a model's peaks, and of the run's own in `HUB`."""

_ENDINGS = (".gz", ".bgz", ".bed", ".narrowpeak", ".broadpeak", ".fasta", ".fa", ".fna")


class PredictedInput(NamedTuple):
    """An input of the configuration's section ``predict``.

    Attributes
    ----------
    kind : str
        genome, bed or fasta.
    path : str
        Its file; empty for the genome of the run.
    """

    kind: str
    path: str

    @property
    def on_genome(self) -> bool:
        """Whether it lies on the run's genome."""
        return self.kind != "fasta"


def input_name(path: PathLike) -> str:
    """Return what an input is called: its file's name without endings, and fit for a URL.

    Examples
    --------
    >>> input_name("data/my regions.bed.gz"), input_name("GENES.fa"), input_name("v1.2.bed")
    ('my_regions', 'GENES', 'v1.2')
    """
    name = Path(path).name
    while name.lower().endswith(_ENDINGS):
        name = name[: name.rindex(".")]
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name).strip("._-") or "input"


def predicted_inputs(settings: Predictions | None) -> dict[str, PredictedInput]:
    """Return the inputs of a configuration, by name, in its order.

    Parameters
    ----------
    settings : danq.config.Predictions or None
        The section ``predict``; None: no inputs.

    Returns
    -------
    dict of str to PredictedInput

    Raises
    ------
    DanqError
        Two inputs of one name, a name that is taken, or a URL.
    """
    if settings is None:
        return {}
    inputs = {}
    if settings.covers_genome:
        inputs[GENOME] = PredictedInput("genome", "")
    for kind in ("bed", "fasta"):
        for path in getattr(settings, kind):
            name = _new_name(kind, path, inputs)
            inputs[name] = PredictedInput(kind, path)
    return inputs


def _new_name(kind: str, path: str, inputs: dict[str, PredictedInput]) -> str:
    """Return the name of a file that no other input has, whatever case a disk tells apart."""
    if is_url(path):
        raise DanqError(f"predict.{kind} takes files; download it, and give its path", path)
    name = input_name(path)
    taken = {used.lower() for used in (*inputs, GENOME, HUB)}
    if name.lower() in taken:
        what = f"predict.{kind}: another input, or a folder of the run, is called {shown(name)}"
        raise DanqError(f"{what}; rename the file", path)
    return name


class TrackFolder(NamedTuple):
    """A folder of bigWigs: what a model predicts for an input.

    Attributes
    ----------
    input, model : str
        Their names, from the folder's path.
    files : list of pathlib.Path
        A bigWig for each target.
    targets : list of str
        Names of the targets, in the same order.
    """

    input: str
    model: str
    files: list[Path]
    targets: list[str]


def read_track_folder(folder: PathLike) -> TrackFolder:
    """Read which bigWigs are in a folder of ``danq predict --bigwig``.

    Parameters
    ----------
    folder : str or path-like
        ``<input>/<model>/tracks``.

    Returns
    -------
    TrackFolder

    Raises
    ------
    DanqError
        It has no table of its files, or a file is missing.
    """
    folder = Path(folder)
    rows = _read_rows(folder / TABLE)
    rows = [row for row in rows if row["content"] == "probability"]
    files = [folder / row["file"] for row in rows]
    for file in files:
        if not file.exists():
            raise DanqError("there is no such file; make it again with danq predict --bigwig", file)
    parents = Path(os.path.abspath(folder)).parents
    return TrackFolder(parents[1].name, parents[0].name, files, [row["target"] for row in rows])


def _read_rows(path: Path) -> list[dict[str, str]]:
    """Read a table of files as texts: a target may be called NA, or 012."""
    lines = [line.decode("utf-8", "replace").split("\t") for _, line in read_lines(path)]
    header = lines[0] if lines else []
    for column in ("file", "target", "content"):
        if column not in header:
            what = f"has no column {column}"
            raise DanqError(f"{what}; make it again with danq predict --bigwig", path)
    return [dict(zip(header, cells, strict=False)) for cells in lines[1:]]


def matching(targets: Sequence[str], names: Sequence[str]) -> list[int | None]:
    """Find targets among all names of a run, of which several may be the same.

    Parameters
    ----------
    targets : sequence of str
        Names to find; of the same ones, the first is the first of that name, and so on.
    names : sequence of str
        All names.

    Returns
    -------
    list of int or None
        Index of each in `names`; None for one that is not there.

    Examples
    --------
    >>> matching(["b", "a", "a", "c"], ["a", "a", "b"])
    [2, 0, 1, None]
    """
    waiting: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        waiting.setdefault(name, []).append(index)
    found: list[int | None] = []
    for target in targets:
        places = waiting.get(target, [])
        found.append(places.pop(0) if places else None)
    return found
