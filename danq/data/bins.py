"""bins.h5: what models predict for rows of sequences, with their places.

The file is made in order, a block of rows after the other, under the name of the output with
``.partial`` behind it. A run that is interrupted goes on behind the last whole block.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from danq.data.artefact import Array, Format, open_artefact, read_attributes, set_attributes
from danq.data.hdf5 import PatientFile, allocate, decode_texts, encode_texts, reserve_space
from danq.errors import DamagedError
from danq.files import PathLike, write_text
from danq.records import HEAD, Input, Made, seal

FORMAT = Format(
    name="danq-bins",
    version=1,
    content="predicted bins",
    command="danq predict",
    attributes={"models": str, "window": int, "bin_size": int, "step": int, "min_known": float},
    arrays={
        "sequence_names": Array("S", ("sequences",)),
        "sequence_lengths": Array("i8", ("sequences",)),
        "targets": Array("S", ("targets",)),
        "region_names": Array("S", ("regions",)),
        "sequence": Array("i4", ("rows",)),
        "start": Array("i8", ("rows",)),
        "end": Array("i8", ("rows",)),
        "region": Array("i4", ("rows",)),
        "probabilities": Array("f4|f2", ("rows", "targets")),
        "spread": Array("f4|f2", ("rows", "targets"), optional=True),
    },
)

COORDINATES = ("sequence", "start", "end", "region")
"""Arrays of a row's place."""


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
        self._types = {name: np.dtype(FORMAT.arrays[name].dtype) for name in COORDINATES}
        self._types["probabilities"] = dtype
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
            h5py.File(patient, "w", driver="fileobj", libver="latest", userblock_size=HEAD) as file,
        ):
            self._write_header(file)
            for name, dtype in self._types.items():
                shape = (self.n_rows, *self._width(name))
                offsets[name] = allocate(file, name, shape, dtype)
        with open(self.partial, "r+b") as content:
            reserve_space(content, self.path)
        return offsets

    def _width(self, name: str) -> tuple[int, ...]:
        return () if name in COORDINATES else (len(self.header.targets),)

    def _write_header(self, file: h5py.File) -> None:
        set_attributes(file, FORMAT, self.header.facts)
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

    def finish(self, inputs: Sequence[Input] = ()) -> Path:
        """Seal the partial file, which is whole now, and return it.

        Parameters
        ----------
        inputs : sequence of danq.records.Input
            What the rows were made from.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        AssertionError
            Rows are missing.
        """
        if self.n_done != self.n_rows:
            raise AssertionError(f"{self.n_done} of {self.n_rows} rows written")
        seal(self.partial, Made("predict", inputs))
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
        regions = decode_texts(file["region_names"][:]).tolist()
        header = Header(
            sequences=dict(zip(names, lengths, strict=True)),
            targets=decode_texts(file["targets"][:]).tolist(),
            regions=[] if regions == [""] else regions,
            facts=read_attributes(file, FORMAT),
        )
        places = {name: _mapped(path, file[name]) for name in COORDINATES}
        spread = _mapped(path, file["spread"]) if "spread" in file else None
        rows = Block(places, _mapped(path, file["probabilities"]), spread)
    _refuse_odd_sequences(path, header, rows)
    return Bins(header, rows)


def _mapped(path: PathLike, stored: h5py.Dataset) -> NDArray[Any]:
    """Return an array of the file, memory-mapped."""
    if not stored.size:
        return np.empty(stored.shape, dtype=stored.dtype)
    return np.memmap(path, stored.dtype, "r", stored.id.get_offset(), stored.shape)


def _refuse_odd_sequences(path: PathLike, header: Header, rows: Block) -> None:
    """Refuse rows of sequences that the file does not name."""
    sequence = rows.places["sequence"]
    if len(sequence) and not (0 <= sequence.min() and sequence.max() < len(header.sequences)):
        raise DamagedError("names no sequence for a row; make it again with danq predict", path)
