"""variants.h5: scores of many variants in a small file, whose arrays are read as they are used.

Blocks wait on the disk until all are there, as the file is laid out by their number.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.data.artefact import Array, Format, open_artefact, read_attributes, set_attributes
from danq.data.hdf5 import PatientFile, allocate, decode_texts, encode_texts, reserve_space
from danq.data.variant_files import ROW_COLUMNS, Scored, by_target
from danq.data.variant_spool import Spool
from danq.errors import DamagedError
from danq.files import PathLike, atomic
from danq.genome.tables import find_target
from danq.genome.variants import Row
from danq.records import HEAD, Input, Made, seal

_TEXT = Array("S", ("variants",))
_NUMBER = Array("i8", ("variants",))
_ALLELE = Array("i4", ("variants",))
_SCORE = Array("f4|f2", ("variants", "targets"))
_IF_KNOWN = _SCORE._replace(optional=True)

FORMAT = Format(
    name="danq-variants",
    version=1,
    content="scored variants",
    command="danq variants",
    attributes={"background": str, "folds": str},
    arrays={
        "targets": Array("S", ("targets",)),
        "line": _NUMBER,
        "allele": _ALLELE,
        "chrom": _TEXT,
        "pos": _NUMBER,
        "id": _TEXT,
        "ref": _TEXT,
        "alt": _TEXT,
        "status": _TEXT,
        "fold": _TEXT._replace(optional=True),
        "probability_ref": _SCORE,
        "probability_alt": _SCORE,
        "log_odds_change": _SCORE,
        "spread": _IF_KNOWN,
        "e_value": _IF_KNOWN,
        "p_value": _IF_KNOWN,
        "q_value": _IF_KNOWN,
    },
)

SCORES = {
    "probability_ref": "ref",
    "probability_alt": "alt",
    "log_odds_change": "change",
    "spread": "spread",
    "e_value": "e_value",
    "p_value": "p_value",
    "q_value": "q_value",
}
"""Arrays of numbers, and the fields of `danq.data.variant_files.Scored` that they hold."""

_OF_ROW = {
    "line": "number",
    "allele": "allele",
    "chrom": "chrom",
    "pos": "pos",
    "id": "name",
    "ref": "ref",
    "alt": "alt",
}
"""Arrays of a row, and the fields of `danq.genome.variants.Row` that they hold."""

_ROWS = 1 << 14  # read at once


class StoredVariants(NamedTuple):
    """The content of variants.h5; numbers stay on the disk until they are used.

    Attributes
    ----------
    rows : pandas.DataFrame
        line, allele, `ROW_COLUMNS`, and fold where it is known; positions are 1-based.
    targets : list of str
        Names of the columns.
    scores : dict of str to numpy.ndarray, shape (n, T), float32 or float16
        By the names of `SCORES`, as far as they were made.
    facts : dict of str to str, int or float
        What E-values compare with, which fold scores what, format and version.
    """

    rows: pd.DataFrame
    targets: list[str]
    scores: dict[str, NDArray[np.floating]]
    facts: dict[str, Any]


class GrowingStore:
    """A variants.h5 that is being written.

    Parameters
    ----------
    spool : danq.data.variant_spool.Spool or None
        Where blocks wait; None: they are thrown away.
    dtype : numpy.dtype
        Of the scores: float32 or float16.

    Attributes
    ----------
    n : int
        Variants so far.
    """

    def __init__(self, spool: Spool | None, dtype: np.dtype[Any]) -> None:
        self.n = 0
        self._spool = spool
        self._dtype = dtype
        self._types: dict[str, np.dtype[Any]] = {}

    def append(self, scored: Scored) -> None:
        """Add further variants."""
        if self._spool is None:
            return
        for name, values in _arrays_of(scored, self._dtype).items():
            widest = np.promote_types(self._types.get(name, values.dtype), values.dtype)
            self._types[name] = widest
        kept = {}
        for field in SCORES.values():
            values = getattr(scored, field)
            if values is not None:
                kept[field] = values.astype(self._dtype)
        self._spool.append((scored._replace(by_model=None, **kept), []))
        self.n += len(scored.rows)

    def write(self, path: PathLike, targets: Sequence[str], facts: Mapping[str, Any]) -> None:
        """Write all of them.

        Parameters
        ----------
        path : path
            The file, which becomes whole but for its seal.
        targets : sequence of str
            Names of the targets.
        facts : mapping of str to str
            Attributes.
        """
        assert self._spool is not None
        with (
            open(path, "r+b", buffering=0) as raw,
            PatientFile(raw) as patient,
            h5py.File(patient, "w", driver="fileobj", libver="latest", userblock_size=HEAD) as file,
        ):
            set_attributes(file, FORMAT, facts)
            file["targets"] = encode_texts(targets)
            offsets = {}
            for name, dtype in self._types.items():
                width = (len(targets),) if name in SCORES else ()
                offsets[name] = allocate(file, name, (self.n, *width), dtype)
        with open(path, "r+b") as content:
            reserve_space(content, path)
            self._fill(content, offsets)

    def _fill(self, content: IO[bytes], offsets: Mapping[str, int]) -> None:
        """Write the rows of every array behind one another."""
        assert self._spool is not None
        ends = dict(offsets)
        for scored, _ in self._spool.blocks():
            for name, values in _arrays_of(scored, self._dtype).items():
                rows = np.ascontiguousarray(values, dtype=self._types[name])
                content.seek(ends[name])
                content.write(rows.tobytes())
                ends[name] += rows.nbytes


def _arrays_of(scored: Scored, dtype: np.dtype[Any]) -> dict[str, NDArray[Any]]:
    """Return the arrays of some variants, as `FORMAT` calls them."""
    rows = scored.rows
    arrays: dict[str, NDArray[Any]] = {}
    for name, field in _OF_ROW.items():
        values = [getattr(row, field) for row in rows]
        kind = FORMAT.arrays[name].dtype
        arrays[name] = _texts(values) if kind == "S" else np.array(values, dtype=kind)
    arrays["status"] = _texts(scored.status)
    if scored.folds is not None:
        arrays["fold"] = _texts(scored.folds)
    for name, field in SCORES.items():
        values = getattr(scored, field)
        if values is not None:
            arrays[name] = values.astype(dtype)
    return arrays


def _texts(values: Sequence[str]) -> NDArray[np.bytes_]:
    """Return texts as bytes of a fixed length, of at least one."""
    encoded = encode_texts(list(values))
    return encoded.astype(f"S{max(1, encoded.dtype.itemsize)}")


@contextlib.contextmanager
def growing_store(
    path: PathLike | None,
    float16: bool,
    targets: Sequence[str],
    facts: Mapping[str, str],
    inputs: Sequence[Input],
) -> Iterator[GrowingStore]:
    """Write variants.h5 part by part, atomically.

    Parameters
    ----------
    path : path or None
        The file to make; None: what is given is thrown away.
    float16 : bool
        Whether scores are kept in 16 bits, instead of 32.
    targets : sequence of str
        Names of the targets.
    facts : mapping of str to str
        Its attributes, as far as they are known.
    inputs : sequence of danq.records.Input
        What it is made from.

    Yields
    ------
    GrowingStore
    """
    dtype = np.dtype(np.float16 if float16 else np.float32)
    if path is None:
        yield GrowingStore(None, dtype)
        return
    with atomic(path) as temporary, contextlib.closing(Spool(temporary.parent)) as spool:
        growing = GrowingStore(spool, dtype)
        yield growing
        growing.write(temporary, targets, facts)
        seal(temporary, Made("variants", inputs))


def read_stored(path: PathLike) -> StoredVariants:
    """Read variants.h5.

    Parameters
    ----------
    path : str or path-like
        A file of ``danq variants --h5``.

    Returns
    -------
    StoredVariants

    Raises
    ------
    DanqError
        Not such a file, or an incomplete or damaged one.
    """
    with open_artefact(path, FORMAT) as file:
        columns = {"line": file["line"][:], "allele": file["allele"][:]}
        for name in ROW_COLUMNS:
            columns[name] = _column(file[name])
        if "fold" in file:
            columns["fold"] = _column(file["fold"])
        scores = {name: _mapped(path, file[name]) for name in SCORES if name in file}
        targets = decode_texts(file["targets"][:]).tolist()
        facts = read_attributes(file, FORMAT)
    for name, values in scores.items():
        _refuse_odd_scores(path, name, values)
    return StoredVariants(pd.DataFrame(columns), targets, scores, facts)


def _column(stored: h5py.Dataset) -> NDArray[Any]:
    """Return texts as Python's, numbers as they are."""
    values = stored[:]
    return decode_texts(values).astype(object) if values.dtype.kind == "S" else values


def _mapped(path: PathLike, stored: h5py.Dataset) -> NDArray[Any]:
    """Return an array of the file, memory-mapped."""
    if not stored.size:
        return np.empty(stored.shape, dtype=stored.dtype)
    return np.memmap(path, stored.dtype, "r", stored.id.get_offset(), stored.shape)


def _refuse_odd_scores(path: PathLike, name: str, values: NDArray[np.floating]) -> None:
    """Refuse numbers that no score is."""
    lowest = -np.inf if name == "log_odds_change" else 0
    highest = np.inf if name in ("log_odds_change", "spread") else 1
    for start in range(0, len(values), _ROWS):
        part = values[start : start + _ROWS]
        if not ((part >= lowest) & (part <= highest)).all():
            raise DamagedError(f"{name} has impossible values; make it again", path)


def variants_table(path: PathLike, targets: Sequence[str] = ()) -> pd.DataFrame:
    """Read variants.h5 as the table that ``danq variants --table`` writes.

    Parameters
    ----------
    path : str or path-like
        A file of ``danq variants --h5``.
    targets : sequence of str
        Names, or places from 0; empty: all.

    Returns
    -------
    pandas.DataFrame
        A row for each variant and target.

    Raises
    ------
    DanqError
        Not such a file, a damaged one, or no such target.
    """
    stored = read_stored(path)
    places = [find_target(word, stored.targets) for word in targets]
    columns = places or list(range(len(stored.targets)))
    fields: dict[str, Any] = {"spread": None, "e_value": None}
    for name, values in stored.scores.items():
        fields[SCORES[name]] = np.asarray(values[:, columns], dtype=np.float64)
    rows = []
    for values in stored.rows[list(_OF_ROW)].itertuples(index=False):
        rows.append(Row(*values))
    folds = stored.rows["fold"].tolist() if "fold" in stored.rows else None
    scored = Scored(rows=rows, status=stored.rows["status"].tolist(), folds=folds, **fields)
    return by_target(scored, [stored.targets[column] for column in columns], None)
