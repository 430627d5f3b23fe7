"""The file that holds what the bases of windows contribute to predictions.

A row is one window explained for one target::

    /split, chrom, name         text (R,)              split of the window, chromosome, name of the target
    /start, end, target         int64 (R,)             place (bp, 0-based half-open), index of the target
    /probability                float32 (R,)           predicted, strands averaged
    /label                      uint8 (R,)
    /one_hot                    uint8 (R, 4, L)        bases in the order of the alphabet; N is four zeros
    /hypothetical               float32 (R, 4, L)      what each base would contribute if it stood there (logit)
    /scores                     float32 (R, L)         what the base that stands there contributes; 0 at an N
    /completeness_error         float32 (R,)           with gradients, else nan: see `danq.interpret.attribute`

with attributes of the root: format, format_version, model, seed, method, steps, dataset (the checksum of dataset.h5),
window, bin_size, alphabet, assembly, coordinates, created_by. Nothing here knows torch.
"""

import io
from dataclasses import dataclass

import h5py
import numpy as np
import pandas as pd

import danq
from danq.errors import DanqError
from danq.files import atomic
from danq.genome.sequence import ALPHABET

FORMAT = "danq-attributions"
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


@dataclass(frozen=True)
class Attributions:
    """What the bases of some windows contribute to the predictions of one trained model.

    Attributes
    ----------
    facts : dict
        Attributes of the file: model, seed, method, steps, dataset, window, bin_size, assembly, coordinates, ...
    table : pandas.DataFrame
        One row per window and target: split, chrom, start, end (bp, 0-based half-open), target, name, probability,
        label, completeness_error.
    one_hot : numpy.ndarray, shape (R, 4, L), uint8
    hypothetical : numpy.ndarray, shape (R, 4, L), float32
        What each base would contribute if it stood there (logit).
    """

    facts: dict
    table: pd.DataFrame
    one_hot: np.ndarray
    hypothetical: np.ndarray

    @property
    def scores(self):
        """What the bases that stand there contribute (logit), float32 (R, L); 0 at an N."""
        return (self.one_hot * self.hypothetical).sum(axis=1)

    def differences(self):
        """Return what each substitution does to the logit, float32 (R, 4, L): 0 for the base itself, and at an N.

        Of mutagenesis only; the inverse of ``4/3 (F - mean F)``, see `danq.interpret.attribute.mutagenesis`.
        """
        return 0.75 * (self.hypothetical - self.scores[:, None])


def write_attributions(path, found):
    """Write an `Attributions`, atomically; what its facts lack of format, alphabet and version is added."""
    # Made in memory, then written at once: HDF5 itself cannot stop cleanly on a full disk.
    image = io.BytesIO()
    with h5py.File(image, "w", libver="latest") as file:
        file.attrs.update(
            found.facts
            | {
                "format": FORMAT,
                "format_version": 1,
                "alphabet": ALPHABET,
                "created_by": f"danq {danq.__version__}",
            }
        )
        for name, kind in COLUMNS.items():
            values = found.table[name]
            file[name] = (
                np.char.encode(values.to_numpy(str), "utf-8")
                if kind == "S"
                else values.to_numpy(kind)
            )
        file["one_hot"] = np.asarray(found.one_hot, dtype=np.uint8)
        file["hypothetical"] = np.asarray(found.hypothetical, dtype=np.float32)
        file["scores"] = np.asarray(found.scores, dtype=np.float32)
    with atomic(path) as part:
        part.write_bytes(image.getbuffer())


def read_attributions(path, best=False):
    """Read a file of ``danq attribute``.

    Parameters
    ----------
    path : path
    best : bool
        True: of each target only the row with the highest probability, for a look at a large file.

    Returns
    -------
    Attributions

    Raises
    ------
    DanqError
        Not a whole file of attributions.
    """
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise DanqError("not a file of attributions; make it with danq attribute", path)
            facts = {
                key: getattr(value, "item", lambda own=value: own)()
                for key, value in file.attrs.items()
            }
            columns = {
                name: np.char.decode(file[name][:], "utf-8") if kind == "S" else file[name][:]
                for name, kind in COLUMNS.items()
            }
            table = pd.DataFrame(columns)
            rows = np.sort(table.groupby("target")["probability"].idxmax()) if best else slice(None)
            return Attributions(
                facts,
                table.loc[rows].reset_index(drop=True),
                *(file[name][rows] for name in ("one_hot", "hypothetical")),
            )
    except KeyError as error:
        raise DanqError(
            f"lacks a part ({error}); make it again with danq attribute", path
        ) from error
    except OSError as error:
        raise DanqError(
            f"not a whole HDF5 file ({error}); make it again with danq attribute", path
        ) from error


def zoom(scores, width=80, margin=10):
    """Return where the stretch of a window lies that has the highest total score.

    Parameters
    ----------
    scores : array_like, shape (L,)
        Of the bases of one window.
    width : int
        Length of the stretch (bp); that of the window if it is shorter.
    margin : int
        Towards either end, so many bases count less and less: what matters does not stand at the edge.

    Returns
    -------
    tuple of (int, int)
        Start and end within the window (bp, 0-based half-open).

    Examples
    --------
    >>> zoom([0, 0, 1, 3, 0, 2], width=3, margin=1)
    (3, 6)
    >>> zoom([0, 0, 0, 0, 9, 0, 0, 0], width=5, margin=3)
    (2, 7)
    """
    width = min(width, len(scores))
    ramp = np.arange(1, width + 1)
    totals = np.convolve(scores, np.minimum(np.minimum(ramp, ramp[::-1]), margin) / margin, "valid")
    # Rounded, so that the last digits of a sum do not choose among equal stretches: the first of them it is.
    start = int(np.argmax(totals.round(6)))
    return start, start + width
