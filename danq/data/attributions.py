"""The file of attributions: what the bases of windows contribute to predictions.

A row is one window explained for one target::

    /split, chrom, name      text (R,)            split, chromosome, name of the target
    /start, end, target      int64 (R,)           interval (bp, 0-based half-open), target's index
    /probability             float32 (R,)         predicted, strands averaged
    /label                   uint8 (R,)
    /one_hot                 uint8 (R, 4, L)      in the order of the alphabet; N is four zeros
    /hypothetical            float32 (R, 4, L)    what each base would contribute there (logit)
    /scores                  float32 (R, L)       what the actual base contributes; 0 at an N
    /completeness_error      float32 (R,)         of gradients; nan of mutagenesis

with attributes of the root: format, format_version, model, seed, method, steps, dataset (the
checksum of dataset.h5), window, bin_size, alphabet, assembly, coordinates, created_by. This module
needs no torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import h5py
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from danq.data.artefact import (
    Array,
    Format,
    open_artefact,
    read_attributes,
    write_artefact,
)
from danq.data.hdf5 import decode_texts, encode_texts
from danq.files import PathLike
from danq.genome.sequence import ALPHABET
from danq.records import Input

COLUMNS = {
    "split": "S",
    "chrom": "S",
    "start": "i8",
    "end": "i8",
    "target": "i8",
    "name": "S",
    "probability": "f4",
    "label": "u1",
    "completeness_error": "f4",
}
"""Columns of the table of rows, and their types in the file."""


FORMAT = Format(
    name="danq-attributions",
    version=2,
    content="attributions",
    command="danq attribute",
    attributes={
        "model": str,
        "seed": str,
        "method": str,
        "steps": int,
        "dataset": str,
        "window": int,
        "bin_size": int,
        "alphabet": str,
        "assembly": str,
        "coordinates": str,
    },
    arrays={
        **{name: Array(kind, ("rows",)) for name, kind in COLUMNS.items()},
        "one_hot": Array("u1", ("rows", 4, "window")),
        "hypothetical": Array("f4", ("rows", 4, "window")),
        "scores": Array("f4", ("rows", "window")),
    },
)


@dataclass(frozen=True)
class Attributions:
    """Contributions of the bases of some windows to the predictions of one trained model.

    Attributes
    ----------
    facts : dict
        Attributes of the file: model, seed, method, steps, dataset, window, bin_size, assembly,
        coordinates, ...
    table : pandas.DataFrame
        One row per window and target: split, chrom, start, end (bp, 0-based half-open), target,
        name, probability, label, completeness_error.
    one_hot : numpy.ndarray, shape (R, 4, L), uint8
        The bases of the windows.
    hypothetical : numpy.ndarray, shape (R, 4, L), float32
        What each base would contribute at its position (logit).
    """

    facts: dict[str, Any]
    table: pd.DataFrame
    one_hot: NDArray[np.uint8]
    hypothetical: NDArray[np.float32]

    @property
    def scores(self) -> NDArray[np.float32]:
        """Contributions of the actual bases (logit), float32 (R, L); 0 at an N."""
        return (self.one_hot * self.hypothetical).sum(axis=1)

    def differences(self) -> NDArray[np.float32]:
        """Return the change of the logit by each substitution, float32 (R, 4, L).

        It is 0 for the actual base, and at an N. For mutagenesis only: the inverse of
        ``4/3 (F - mean F)``, see `danq.interpret.contributions.mutagenesis`.
        """
        return 0.75 * (self.hypothetical - self.scores[:, None])


class Stretch(NamedTuple):
    """A part of a window.

    Attributes
    ----------
    start, end : int
        The stretch, within the window (bp, 0-based half-open).
    """

    start: int
    end: int


def write_attributions(
    path: PathLike, attributions: Attributions, inputs: Sequence[Input] = ()
) -> None:
    """Write attributions, atomically.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    attributions : Attributions
        Their content; the format, its version, the alphabet and danq's version are added to the
        facts.
    inputs : sequence of danq.records.Input
        What they were made from.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, kind in COLUMNS.items():
        values = attributions.table[name]
        arrays[name] = encode_texts(values) if kind == "S" else values.to_numpy(kind)
    arrays["one_hot"] = np.asarray(attributions.one_hot, dtype=np.uint8)
    arrays["hypothetical"] = np.asarray(attributions.hypothetical, dtype=np.float32)
    arrays["scores"] = np.asarray(attributions.scores, dtype=np.float32)
    facts = attributions.facts | {"alphabet": ALPHABET}
    write_artefact(path, FORMAT, facts, arrays, inputs)


def read_attributions(path: PathLike, first: bool = False) -> Attributions:
    """Read a file of ``danq attribute``.

    Parameters
    ----------
    path : str or path-like
        The file.
    first : bool
        Read only the first row of each target, to look into a large file: by default this is a
        window that all models share.

    Returns
    -------
    Attributions
        The content of the file; with `first`, of the chosen rows.

    Raises
    ------
    DanqError
        Not a file of attributions, or an incomplete, damaged or edited one.
    """
    with open_artefact(path, FORMAT) as file:
        table = _read_table(file)
        rows = _first_rows(table) if first else slice(None)
        chosen = table.loc[rows].reset_index(drop=True)
        one_hot = file["one_hot"][rows]
        hypothetical = file["hypothetical"][rows]
        return Attributions(read_attributes(file, FORMAT), chosen, one_hot, hypothetical)


def _read_table(file: h5py.File) -> pd.DataFrame:
    columns = {}
    for name, kind in COLUMNS.items():
        values = file[name][:]
        columns[name] = decode_texts(values) if kind == "S" else values
    return pd.DataFrame(columns)


def _first_rows(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return the first row of each target, ascending."""
    return np.flatnonzero(~table["target"].duplicated())


def zoom(scores: ArrayLike, width: int = 80, margin: int = 10) -> Stretch:
    """Return the stretch of a window with the highest total score.

    Parameters
    ----------
    scores : array_like, shape (L,)
        Scores of the bases of one window.
    width : int
        Length of the stretch (bp); that of the window if it is shorter.
    margin : int
        Bases at either end of the stretch that count less and less towards it, so that what matters
        does not lie at its edge.

    Returns
    -------
    Stretch
        Start and end within the window (bp, 0-based half-open).

    Examples
    --------
    >>> zoom([0, 0, 1, 3, 0, 2], width=3, margin=1)
    Stretch(start=3, end=6)
    >>> zoom([0, 0, 0, 0, 9, 0, 0, 0], width=5, margin=3)
    Stretch(start=2, end=7)
    """
    values = np.asarray(scores)
    width = min(width, len(values))
    ramp = np.arange(1, width + 1)
    from_nearer_end = np.minimum(ramp, ramp[::-1])
    weights = np.minimum(from_nearer_end, margin) / margin
    totals = np.convolve(values, weights, "valid")
    # Rounded, so that of equal stretches the first is taken, whatever the last digits of the sums.
    start = int(np.argmax(totals.round(6)))
    return Stretch(start, start + width)
