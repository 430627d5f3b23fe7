"""bins.h5: what models predict for rows of sequences, with their places.

The file is made in order, a block of rows after the other, under the name of the output with
``.partial`` behind it. A run that is interrupted goes on behind the last whole block.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

import danq
from danq.data.hdf5 import (
    Format,
    PatientFile,
    allocate,
    decode_texts,
    encode_texts,
    open_artefact,
    reserve_space,
)
from danq.errors import DamagedError
from danq.files import PathLike, write_text

FORMAT = Format("danq-bins", 1, "predicted bins", "danq predict")

COORDINATES = {"sequence": np.int32, "start": np.int64, "end": np.int64, "region": np.int32}
"""Arrays of a row's place, and their types."""


class Header(NamedTuple):
    """What rows are about.

    Attributes
    ----------
    sequences : dict of str to int
        Length of each sequence (bp), in the order of the input.
    targets : list of str
        Names of the columns.
    regions : list of str
        Names of the regions; a row's ``region`` is a place in it, or -1.
    facts : dict of str to str, int or float
        How they were made: models, window, step, ...
    """

    sequences: dict[str, int]
    targets: list[str]
    regions: list[str]
    facts: dict[str, Any]


class Block(NamedTuple):
    """Some rows.

    Attributes
    ----------
    places : dict of str to numpy.ndarray, shape (n,)
        The arrays of `COORDINATES`: number of the sequence; start and end (bp, 0-based half-open);
        number of the region.
    probabilities : numpy.ndarray, shape (n, T)
        Of every target, models averaged.
    spread : numpy.ndarray, shape (n, T), or None
        Standard deviation over models.
    """

    places: Mapping[str, NDArray[np.integer]]
    probabilities: NDArray[np.floating]
    spread: NDArray[np.floating] | None


class Bins(NamedTuple):
    """The content of bins.h5; arrays stay on the disk until they are used.

    Attributes
    ----------
    header : Header
        What the rows are about.
    rows : Block
        All of them.
    """

    header: Header
    rows: Block


class BinsWriter:
    """Writes bins.h5 block by block, or goes on where a former process stopped.

    Parameters
    ----------
    path : str or path-like
        The file that is to be made.
    header : Header
        What the rows are about.
    n_rows : int
        How many there will be.
    dtype : numpy.dtype
        Of the probabilities: float32 or float16.
    has_spread : bool
        Whether rows have a spread.
    identity : dict of str to plain values
        All that the rows depend on: a partial file of other ones is not used.

    Attributes
    ----------
    n_done : int
        Rows that are there already.

    Raises
    ------
    DanqError
        The disk is too full.
    """

    def __init__(
        self,
        path: PathLike,
        header: Header,
        n_rows: int,
        dtype: np.dtype[Any],
        has_spread: bool,
        identity: Mapping[str, Any],
    ) -> None:
        self.path = Path(path)
        self.partial = Path(f"{path}.partial")
        self.state = Path(f"{path}.partial.json")
        self.header = header
        self.n_rows = n_rows
        self._types = dict(COORDINATES) | {"probabilities": dtype}
        if has_spread:
            self._types["spread"] = dtype
        self._identity = json.loads(json.dumps({**identity, "rows": n_rows}))
        state = self._read_state()
        self._offsets: dict[str, int] = state["offsets"] if state else self._create()
        self.n_done: int = state["done"] if state else 0

    def _read_state(self) -> dict[str, Any] | None:
        """Return how far a former process came; None where there was none, or of other rows."""
        try:
            state = json.loads(self.state.read_text())
        except (OSError, ValueError):
            return None
        if not self.partial.exists() or state.get("identity") != self._identity:
            return None
        return state

    def _create(self) -> dict[str, int]:
        """Make the file in its full size, without rows; return where its arrays begin (bytes)."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.state.unlink(missing_ok=True)  # first: it is of the file that is overwritten
        self.partial.write_bytes(b"")
        offsets = {}
        with (
            open(self.partial, "r+b", buffering=0) as raw,
            PatientFile(raw) as patient,
            h5py.File(patient, "w", driver="fileobj", libver="latest") as file,
        ):
            self._write_header(file)
            for name, dtype in self._types.items():
                shape = (self.n_rows, *self._width(name))
                offsets[name] = allocate(file, name, shape, np.dtype(dtype))
        with open(self.partial, "r+b") as content:
            reserve_space(content, self.path)
        return offsets

    def _width(self, name: str) -> tuple[int, ...]:
        return () if name in COORDINATES else (len(self.header.targets),)

    def _write_header(self, file: h5py.File) -> None:
        file.attrs["format"] = FORMAT.name
        file.attrs["format_version"] = FORMAT.version
        file.attrs.update(self.header.facts)
        file.attrs["created_by"] = f"danq {danq.__version__}"
        file["sequence_names"] = encode_texts(list(self.header.sequences))
        file["sequence_lengths"] = np.array([*self.header.sequences.values()], dtype=np.int64)
        file["targets"] = encode_texts(self.header.targets)
        file["region_names"] = encode_texts(self.header.regions or [""])

    def append(self, block: Block) -> None:
        """Write the next rows, and note that they are there.

        Parameters
        ----------
        block : Block
            Rows behind those that are there.
        """
        arrays: dict[str, NDArray[Any]] = {**block.places, "probabilities": block.probabilities}
        if block.spread is not None:
            arrays["spread"] = block.spread
        n = len(block.probabilities)
        with open(self.partial, "r+b") as file:
            for name, dtype in self._types.items():
                rows = np.ascontiguousarray(arrays[name], dtype=dtype)
                width = rows[:1].nbytes if n else 0
                file.seek(self._offsets[name] + self.n_done * width)
                file.write(rows.data)
            file.flush()
            os.fsync(file.fileno())
        self.n_done += n
        state = {"identity": self._identity, "done": self.n_done, "offsets": self._offsets}
        write_text(self.state, json.dumps(state))

    def finish(self) -> Path:
        """Return the partial file, which is whole now.

        Raises
        ------
        AssertionError
            Rows are missing.
        """
        if self.n_done != self.n_rows:
            raise AssertionError(f"{self.n_done} of {self.n_rows} rows written")
        return self.partial

    def keep(self) -> None:
        """Give the file its name."""
        os.replace(self.partial, self.path)
        self.state.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the file, when all that was asked for is made of it."""
        self.partial.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)


def read_bins(path: PathLike) -> Bins:
    """Read bins.h5.

    Parameters
    ----------
    path : str or path-like
        A file of `danq predict --h5`.

    Returns
    -------
    Bins

    Raises
    ------
    DanqError
        Not such a file, or an incomplete or damaged one.
    """
    with open_artefact(path, FORMAT) as file:
        names = decode_texts(file["sequence_names"][:]).tolist()
        lengths = file["sequence_lengths"][:].tolist()
        targets = decode_texts(file["targets"][:]).tolist()
        regions = decode_texts(file["region_names"][:]).tolist()
        header = Header(
            dict(zip(names, lengths, strict=True)),
            targets,
            [] if regions == [""] else regions,
            _facts(file),
        )
        arrays = {name: _mapped(path, file[name]) for name in (*COORDINATES, "probabilities")}
        spread = _mapped(path, file["spread"]) if "spread" in file else None
        probabilities = arrays.pop("probabilities")
    _refuse_odd_shapes(path, header, arrays, probabilities, spread)
    return Bins(header, Block(arrays, probabilities, spread))


def _facts(file: h5py.File) -> dict[str, Any]:
    return {name: value for name, value in file.attrs.items() if name not in ("format",)}


def _mapped(path: PathLike, stored: h5py.Dataset) -> NDArray[Any]:
    """Return an array of the file, memory-mapped."""
    offset = stored.id.get_offset()
    if stored.dtype.kind not in "if" or (offset is None and stored.size):
        raise DamagedError("an array of another kind; make it again with danq predict", path)
    if not stored.size:
        return np.empty(stored.shape, dtype=stored.dtype)
    if offset + stored.nbytes > os.path.getsize(path):
        raise DamagedError("is cut off; make it again with danq predict", path)
    return np.memmap(path, stored.dtype, "r", offset, stored.shape)


def _refuse_odd_shapes(
    path: PathLike,
    header: Header,
    places: Mapping[str, NDArray[Any]],
    probabilities: NDArray[Any],
    spread: NDArray[Any] | None,
) -> None:
    """Refuse arrays that do not belong together."""
    n = len(probabilities)
    shapes = {array.shape for array in places.values()}
    expected = (n, len(header.targets))
    tables = [probabilities] if spread is None else [probabilities, spread]
    if shapes != {(n,)} or any(table.shape != expected for table in tables):
        raise DamagedError("its arrays do not fit; make it again with danq predict", path)
    sequence = places["sequence"]
    if n and not (0 <= sequence.min() and sequence.max() < len(header.sequences)):
        raise DamagedError("names no sequence for a row; make it again with danq predict", path)
