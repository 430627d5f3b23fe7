"""The published DeepSEA data and predictions, to and from danq's own files.

The training bundle (Zhou and Troyanskaya 2015, https://doi.org/10.1038/nmeth.3547; `deepsea_train_bundle.v0.9`) is
three MATLAB files, each with ``{split}xdata``, the one-hot of N windows, and ``{split}data``, their labels. Channels
are in the order A, G, C, T; the second half of the rows holds the reverse complements of the first. In MATLAB's order
the sizes are N x 4 x L and N x T, so that both formats, v7.3 (HDF5) and v5, keep N bytes for each position and channel
one after the other. Files are therefore read position by position and packed at once to one bit per position.

v5 is read by hand, as a stream: whole arrays would not fit into memory. The format: MathWorks, "MAT-File Format",
chapter "Level 5 MAT-Files", https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
"""

import contextlib
import io
import itertools
import math
import os
import struct
import zlib

import h5py
import numpy as np
from tqdm import tqdm

from danq.data.dataset import open_dataset
from danq.data.dataset_writer import create_dataset
from danq.data.hdf5 import allocate
from danq.data.predictions import read_predictions, write_predictions
from danq.errors import DanqError, shown
from danq.files import atomic, checksums, read_lines
from danq.genome.bins import SPLITS
from danq.genome.sequence import reverse_complement_packed

GROUPS = (("DNase", 125), ("TF", 690), ("histone", 104))
"""The groups of the 919 published targets, in their order, and their sizes."""

BIN_SIZE = 200
"""What one row's labels describe (bp)."""

_ORDER = [0, 2, 1, 3]  # where A, C, G, T stand in A, G, C, T
_BLOCK = 4096  # rows checked and written at once
_SLAB = 1 << 29  # bytes of packed rows held at once
_TILE = 1 << 26  # bytes read at once from HDF5, unless its chunks are larger
_INPUT = 1 << 18  # compressed bytes read at once
_LONGEST = 1 << 16  # bytes of a name or of dimensions: more is damage

# Types of data elements, table 1-1 of the format; the codes of arrays and of compressed elements are 14 and 15.
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_MATRIX, _COMPRESSED = 14, 15
_NUMERIC = range(6, 16)  # classes of arrays, table 1-3: double, single, and the whole numbers
_NAMED = 15  # classes above have no dimensions or name where arrays have them
_COMPLEX = 0x0800


def import_deepsea(train, valid, test, output, *, names=None):
    """Make a dataset.h5 of the published DeepSEA training bundle.

    Only the first half of each file is kept, after every row of the second was found to be the reverse complement of
    its partner, with the same labels. Places are those of the rows: row i of a split starts at i times 200 on a
    chromosome named after the split.

    Parameters
    ----------
    train, valid, test : str or path-like
        MATLAB files, v7.3 or v5, told apart by content: ``{split}xdata``, N x 4 x L, channels A, G, C, T, zeros for N,
        and ``{split}data``, N x T; both 0 or 1, N even. L (bp) and T are those of the files.
    output : str or path-like
        The dataset.h5 to make.
    names : str or path-like, optional
        ``predictor.names`` of DeepSEA: one ``cell|target|treatment`` per line, one line per target, in their order.
        Without it, targets are named ``target 0``, ``target 1``, ...

    Raises
    ------
    DanqError
        A file that is missing, not MATLAB's, cut off or damaged, lacks a variable or has another size than its partner;
        values other than 0 and 1; two bases at one position; a second half that is not the reverse complement of the
        first; names that do not fit.

    Notes
    -----
    919 targets get the groups of `GROUPS`, any other number the group ``all``. Memory stays below 1 GB for the
    published sizes (4,400,000, 8,000 and 455,024 rows of 1,000 bp).
    """
    _refuse_overwriting(output, train, valid, test)
    with contextlib.ExitStack() as stack:
        files = {
            split: stack.enter_context(_open(path, split))
            for split, path in zip(SPLITS, (train, valid, test), strict=True)
        }
        first = files[SPLITS[0]]
        for file in files.values():
            if (file.window, file.n_targets) != (first.window, first.n_targets):
                raise DanqError(
                    f"has windows of {file.window} bp and {file.n_targets} targets, {first.path} has "
                    f"{first.window} and {first.n_targets}; give three files of one bundle",
                    file.path,
                )
        n = [file.n_windows for file in files.values()]
        targets = _targets(first.n_targets, names)
        with create_dataset(
            output,
            window=first.window,
            bin_size=BIN_SIZE,
            targets=targets,
            rows=np.diag(n),
            chromosomes={split: file.length for split, file in files.items()},
            assembly="hg19",
            coordinates="rows",
            source=_source(files, names),
        ) as writer:
            for split, file in files.items():
                _copy(file, split, writer)


def _refuse_overwriting(output, *inputs):
    for path in inputs:
        if os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
            raise DanqError("is also to be the output; name another file to make", path)


def _source(files, names):
    """Return how the dataset is made, as plain values."""
    paths = {split: file.path for split, file in files.items()} | (
        {"names": names} if names else {}
    )
    return {
        "import": "DeepSEA training bundle",
        "files": {key: {"path": str(path), **checksums(path)} for key, path in paths.items()},
        "counts": {
            split: {"rows": 2 * file.n_windows, "windows": file.n_windows}
            for split, file in files.items()
        },
    }


def _targets(n_targets, names):
    """Return name, group and (unknown) motif of each target."""
    texts = (
        _read_names(names, n_targets)
        if names
        else [f"target {index}" for index in range(n_targets)]
    )
    published = [group for group, size in GROUPS for _ in range(size)]
    groups = published if n_targets == len(published) else ["all"] * n_targets
    return [(text, group, "") for text, group in zip(texts, groups, strict=True)]


def _read_names(path, n_targets):
    """Return the names of the targets (list of str), as they stand in the file: they need not be unique."""
    found = []
    for number, line in read_lines(path):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DanqError("is not UTF-8 text; save it as UTF-8", path, number) from error
        if (
            len(text.split("|")) != 3
            or not all(text.split("|"))
            or any(ord(base) < 32 for base in text)
        ):
            raise DanqError(
                f"{shown(text)} is not cell|target|treatment; give DeepSEA's predictor.names",
                path,
                number,
            )
        found.append(text)
    if len(found) != n_targets:
        raise DanqError(
            f"has {len(found)} names, the files have {n_targets} targets; give one line per target",
            path,
        )
    return found


def _copy(file, split, writer):
    """Check the rows of a file and write its first half."""
    row = 0
    total = file.sequences.n_bytes + file.labels.n_bytes
    with tqdm(total=total, desc=split, unit="B", unit_scale=True, disable=None) as bar:
        for planes in file.slabs(bar):
            for start in range(0, planes[0].shape[-1], _BLOCK):
                sequences, others = (
                    _as_rows(part[:, _ORDER, start : start + _BLOCK]) for part in planes[:2]
                )
                labels, other_labels = (
                    _as_rows(part[..., start : start + _BLOCK])[..., 0] for part in planes[2:]
                )
                _check_rows(file, row, sequences, others, labels, other_labels)
                writer.append(split, sequences, labels, (row + np.arange(len(labels))) * BIN_SIZE)
                row += len(labels)


def _as_rows(planes):
    """Return packed planes (B, C, n) as rows (n, B, C)."""
    return np.ascontiguousarray(planes.transpose(2, 0, 1))


def _check_rows(file, row, sequences, others, labels, other_labels):
    """Refuse rows, the first of them `row`, with two bases at one position or a partner that is not their mirror."""
    a, c, g, t = np.moveaxis(sequences, -1, 0)
    twice = (a & c) | ((a | c) & g) | ((a | c | g) & t)
    if twice.any():
        raise DanqError(
            f"row {row + _first(twice)} (from 0) of {file.sequences.name} has two bases at one position; "
            "give the one-hot of the published file",
            file.path,
        )
    for name, left, right, what in (
        (
            file.sequences.name,
            reverse_complement_packed(sequences, file.window),
            others,
            "the reverse complement",
        ),
        (file.labels.name, labels, other_labels, "a copy"),
    ):
        if not np.array_equal(left, right):
            index = row + _first(left != right)
            raise DanqError(
                f"row {index + file.n_windows} (from 0) of {name} is not {what} of row {index}; give a "
                "file whose second half mirrors its first, as in the published bundle",
                file.path,
            )


def _first(wrong):
    """Return the first index along the first axis with a true value."""
    return int(wrong.reshape(len(wrong), -1).any(axis=1).argmax())


# --- the files of the bundle ---


class _File:
    """One file of the bundle: two arrays that fit each other."""

    def __init__(self, path, sequences, labels):
        self.path, self.sequences, self.labels = path, sequences, labels
        shapes = sequences.shape, labels.shape
        if (
            tuple(map(len, shapes)) != (3, 2)
            or shapes[0][1] != 4
            or shapes[0][2] != shapes[1][1]
            or 0 in shapes[0] + shapes[1]
            or shapes[0][2] % 2
        ):
            sizes = (
                f"{part.name} is {' x '.join(map(str, part.shape[::-1]))}"
                for part in (sequences, labels)
            )
            raise DanqError(
                f"{' and '.join(sizes)} (in MATLAB's order), not rows x 4 x window and rows x targets with "
                "an even number of rows; give the published file",
                path,
            )
        self.window, self.n_targets, self.n_windows = shapes[0][0], shapes[1][0], shapes[0][2] // 2
        self.length = (self.n_windows - 1) * BIN_SIZE + max(BIN_SIZE, self.window)

    def slabs(self, bar):
        """Yield packed planes (B, C, n), uint8: sequences and their partners, labels and their partners."""
        # Half a byte per base and a bit per label, twice.
        step = self.sequences.step(self.window + self.n_targets // 4 + 1)
        for start in range(0, self.n_windows, step):
            stop = min(start + step, self.n_windows)
            yield *self.sequences.halves(start, stop, bar), *self.labels.halves(start, stop, bar)


@contextlib.contextmanager
def _open(path, split):
    """Open a file of the bundle, of either format."""
    names = f"{split}xdata", f"{split}data"
    with contextlib.ExitStack() as stack:
        with _reading(path):
            file = stack.enter_context(open(path, "rb"))
            if h5py.is_hdf5(path):
                found = _hdf5_arrays(stack.enter_context(h5py.File(path, "r")), names, path)
            else:
                found = _mat5_arrays(file, names, path)
        for name in names:
            if name not in found:
                raise DanqError(
                    f"lacks the variable {name}; give the {split}.mat of the bundle", path
                )
            if found[name] is None:
                raise DanqError(
                    f"its {name} is not a full array of real numbers; give the published file", path
                )
        yield _File(path, *(found[name] for name in names))


@contextlib.contextmanager
def _reading(path):
    """Say in one line that a file could not be read."""
    try:
        yield
    except (EOFError, zlib.error, struct.error) as error:
        raise DanqError("is cut off or damaged; download it again", path) from error
    except (
        OSError,
        KeyError,
        RuntimeError,
        ValueError,
    ) as error:  # h5py's errors of damage have no strerror
        reason = getattr(error, "strerror", None)
        what = (
            f"cannot be read ({reason}); check the path"
            if reason
            else (f"is cut off or damaged ({str(error).splitlines()[0]}); download it again")
        )
        raise DanqError(what, path) from error


def _pack(tile, packed):
    """Pack planes (k, C, n) of 0 and 1 into (ceil(k/8), C, n), eight to a byte, as ``numpy.packbits`` does."""
    for start in range(0, len(tile), 8):
        byte = packed[start // 8]
        for plane in tile[
            start : start + 8
        ]:  # whole planes at once: they lie in memory one after the other
            byte <<= 1
            byte |= plane
        byte <<= -len(tile[start : start + 8]) % 8


def _bits(tile, row, name, path):
    """Return planes (k, C, n) of any numbers as uint8; refuse what is not 0 or 1. The first row is `row`."""
    if tile.dtype == np.uint8 and tile.max() <= 1:
        return tile
    wrong = (tile != 0) & (tile != 1)
    if wrong.any():
        at = _first(wrong.transpose(2, 0, 1))
        value = tile[..., at][wrong[..., at]][0]
        raise DanqError(
            f"row {row + at} (from 0) of {name} holds {value}, not 0 or 1; give the published file",
            path,
        )
    return tile.astype(np.uint8)


# --- MATLAB v7.3 ---


def _hdf5_arrays(file, names, path):
    """Return the arrays of these names; None for what is no array of numbers."""
    found = {}
    for name in names:
        if name in file:
            numbers = (
                isinstance(file[name], h5py.Dataset)
                and file[name].dtype.kind in "biuf"
                and file[name].shape
            )
            if numbers:
                _refuse_missing_chunks(file[name], name, path)
            found[name] = _Hdf5Array(file[name], name, path) if numbers else None
    return found


def _refuse_missing_chunks(dataset, name, path):
    """Refuse an array of which chunks were never written: HDF5 would give zeros for them, and no error."""
    if dataset.chunks:
        whole = math.prod(
            -(-size // chunk) for size, chunk in zip(dataset.shape, dataset.chunks, strict=True)
        )
        if dataset.id.get_num_chunks() != whole:
            raise DanqError(
                f"its {name} has {dataset.id.get_num_chunks()} of {whole} parts; it is damaged or was not "
                "written to its end: download it again",
                path,
            )


class _Hdf5Array:
    """An array of a v7.3 file, shape (L, 4, N) or (T, N), read by blocks of rows."""

    def __init__(self, dataset, name, path):
        self._dataset, self.name, self._path = dataset, name, path
        self.shape, self.n_bytes = dataset.shape, dataset.size * dataset.dtype.itemsize
        self._chunk = (1,) * len(self.shape) if dataset.chunks is None else dataset.chunks

    def step(self, width):
        """Return how many rows of `width` bytes to hold at once: whole chunks, where they fit."""
        fitting = max(1, _SLAB // width)
        return fitting // self._chunk[-1] * self._chunk[-1] or fitting

    def halves(self, start, stop, bar):
        """Return rows from `start` to `stop` of both halves, packed, uint8 (B, C, n) each."""
        return [self._packed(half + start, half + stop, bar) for half in (0, self.shape[-1] // 2)]

    def _packed(self, start, stop, bar):
        depth, rows = self._tile(stop - start)
        packed = np.zeros(
            (-(-self.shape[0] // 8), math.prod(self.shape[1:-1]), stop - start), dtype=np.uint8
        )
        # Borders at multiples of the chunks: those between two tiles would be unpacked twice.
        borders = [start, *range((start // rows + 1) * rows, stop, rows), stop]
        for plane in range(0, self.shape[0], depth):
            for left, right in itertools.pairwise(borders):
                with _reading(self._path):
                    tile = self._dataset[plane : plane + depth, ..., left:right]
                tile = _bits(tile.reshape(len(tile), -1, right - left), left, self.name, self._path)
                _pack(tile, packed[plane // 8 :, :, left - start : right - start])
                bar.update(tile.size * self._dataset.dtype.itemsize)
        return packed

    def _tile(self, n):
        """Return planes and rows to read at once: whole bytes, and whole chunks while they fit; at most `n` rows."""
        depth = min(math.lcm(8, self._chunk[0]), -(-self.shape[0] // 8) * 8)
        size = depth * math.prod(self.shape[1:-1]) * self._dataset.dtype.itemsize
        chunks = max(1, _TILE // size // self._chunk[-1])
        return depth, max(1, min(n, chunks * self._chunk[-1], 4 * _TILE // size))


# --- MATLAB v5 ---


class _Mat5Array:
    """An array of a v5 file, shape (L, 4, N) or (T, N); a stream, so that it can be read only once."""

    def __init__(self, stream, dtype, shape, name, path):
        self._stream, self._dtype, self.shape, self.name, self._path = (
            stream,
            dtype,
            shape,
            name,
            path,
        )
        self.n_bytes = math.prod(shape) * dtype.itemsize

    def step(self, width):
        """Return how many rows to hold at once: all, whatever their width."""
        return self.shape[-1]

    def halves(self, start, stop, bar):
        """Return both halves, packed, uint8 (B, C, n) each; `start` and `stop` must span a whole half."""
        if (start, stop) != (0, self.shape[-1] // 2):
            raise AssertionError(f"{self.name}: rows {start} to {stop} of a stream")
        rest = self.shape[1:]
        packed = np.zeros((-(-self.shape[0] // 8), math.prod(rest[:-1]), rest[-1]), dtype=np.uint8)
        for plane in range(0, self.shape[0], 8):
            depth = min(8, self.shape[0] - plane)
            with _reading(self._path):
                raw = _exactly(self._stream, depth * math.prod(rest) * self._dtype.itemsize)
            tile = np.frombuffer(raw, self._dtype).reshape(depth, -1, rest[-1])
            _pack(_bits(tile, 0, self.name, self._path), packed[plane // 8 :])
            bar.update(len(raw))
        with _reading(self._path):
            self._stream.read(8)  # the padding, and the checksum of a compressed array
        return packed[..., :stop], packed[..., stop:]


class _Section:
    """A part of an open file, with a position of its own."""

    def __init__(self, file, start, size):
        self._file, self._position, self._end = file, start, start + size

    def read(self, n):
        """Return the next `n` bytes, fewer at the end."""
        self._file.seek(self._position)
        raw = self._file.read(min(n, self._end - self._position))
        self._position += len(raw)
        return raw


class _Inflated:
    """What a zlib stream unpacks to, never more than asked for."""

    def __init__(self, section):
        self._section, self._zlib = section, zlib.decompressobj()

    def read(self, n):
        """Return the next `n` bytes, fewer at the end; a stream that is cut off raises EOFError."""
        parts = []
        while n > 0 and not self._zlib.eof:
            raw = self._zlib.unconsumed_tail or self._section.read(_INPUT)
            part = self._zlib.decompress(raw, n)
            if not raw and not part:
                raise EOFError
            parts.append(part)
            n -= len(part)
        return b"".join(parts)


def _exactly(stream, n):
    raw = stream.read(n)
    if len(raw) < n:
        raise EOFError
    return raw


def _mat5_arrays(file, names, path):
    """Return the arrays of these names; None for what is no full array of real numbers."""
    head, size, found = file.read(128), os.fstat(file.fileno()).st_size, {}
    order = {b"IM": "<", b"MI": ">"}.get(head[126:])
    if order is None or struct.unpack(order + "H", head[124:126]) != (0x0100,):
        raise DanqError(
            "is no MATLAB file of version 5 or 7.3; give the .mat file of the bundle", path
        )
    place = len(head)
    while place < size:
        kind, length, _ = _tag(_Section(file, place, size - place), order)
        body = _Section(file, place + 8, length)
        place += 8 + length
        if place > size:
            raise EOFError
        if kind == _COMPRESSED:
            body = _Inflated(body)
            kind = _tag(body, order)[0]
        if kind == _MATRIX:
            name, array = _matrix(body, order, path)
            if name in names:
                found[name] = array
    return found


def _matrix(stream, order, path):
    """Return name and array (None if it is none of full real numbers) of the miMATRIX element that begins here."""
    flags = struct.unpack(order + "I", _element(stream, order)[:4])[0]
    if flags & 255 > _NAMED:
        return None, None
    raw = _element(stream, order)
    shape = struct.unpack(f"{order}{len(raw) // 4}i", raw)[::-1]
    name = _element(stream, order).decode("latin-1")
    if flags & 255 not in _NUMERIC or flags & _COMPLEX or min(shape) < 1:
        return name, None
    kind, length, small = _tag(stream, order)
    if kind not in _TYPES or math.prod(shape) * np.dtype(_TYPES[kind]).itemsize != length:
        raise EOFError
    return name, _Mat5Array(
        io.BytesIO(small) if small else stream, np.dtype(order + _TYPES[kind]), shape, name, path
    )


def _element(stream, order):
    """Return the data of a short element, and pass its padding to 8 bytes."""
    _, length, small = _tag(stream, order)
    if small is not None:
        return small
    if length > _LONGEST:
        raise EOFError
    return _exactly(stream, length + -length % 8)[:length]


def _tag(stream, order):
    """Return type, length and, for a small element, which stands in its own tag, data (else None) of an element."""
    raw = _exactly(stream, 8)
    kind, length = struct.unpack(order + "II", raw)
    if kind >> 16 == 0:
        return kind, length, None
    if kind >> 16 > 4:
        raise EOFError
    return kind & 0xFFFF, kind >> 16, raw[4 : 4 + (kind >> 16)]


# --- predictions ---


def read_deepsea_predictions(path, n):
    """Read predictions as DeepSEA and DanQ write them.

    Parameters
    ----------
    path : str or path-like
        HDF5 with the dataset ``pred``, probabilities, (2n, T): n windows, then their reverse complements in the same
        order; or (n, T), where strands have been averaged.
    n : int
        Number of windows.

    Returns
    -------
    numpy.ndarray, shape (n, T), float32
        Probabilities; of 2n rows the means of both strands, as DeepSEA's own ``3_h5ToOutput.py`` takes them.

    Raises
    ------
    DanqError
        Not a whole HDF5 file, no ``pred``, another number of rows, or values that are no probabilities.
    """
    with _reading(path), open(path, "rb"), h5py.File(path, "r") as file:
        pred = file.get("pred")
        if not isinstance(pred, h5py.Dataset) or pred.ndim != 2 or pred.dtype.kind != "f":
            raise DanqError(
                "has no dataset pred of windows x targets, floating point; give a prediction file of "
                "DeepSEA",
                path,
            )
        if n < 1 or len(pred) not in (n, 2 * n):
            raise DanqError(
                f"has {len(pred)} rows, not {n} windows or {2 * n} with both strands; predict the same "
                "windows",
                path,
            )
        scores = np.empty((n, pred.shape[1]), dtype=np.float32)
        for start in range(0, n, _BLOCK):
            stop = min(start + _BLOCK, n)
            strands = [
                _probabilities(pred[first + start : first + stop], first + start, path)
                for first in range(0, len(pred), n)
            ]
            scores[start:stop] = np.mean(strands, axis=0, dtype=np.float64)
    return scores


def _probabilities(values, row, path):
    """Return values (n, T); refuse what is no probability, in rows of which the first is `row`."""
    wrong = ~((values >= 0) & (values <= 1))  # so that nan is wrong
    if wrong.any():
        at = _first(wrong)
        raise DanqError(
            f"row {row + at} (from 0) holds {values[at][wrong[at]][0]}, not a probability between 0 and 1; "
            "give the probabilities of a network",
            path,
        )
    return values


def import_predictions(pred, dataset, output, *, model, split="test"):
    """Make danq's predictions of predictions that DeepSEA or DanQ have written.

    Parameters
    ----------
    pred : str or path-like
        As in `read_deepsea_predictions`.
    dataset : str or path-like
        dataset.h5 with the windows that were predicted, in the same order, see `import_deepsea`.
    output : str or path-like
        The predictions to make, see `danq.data.predictions`; without a seed ("NA"), as those of a baseline.
    model : str
        Name under which they are evaluated.
    split : str
        train, valid or test.

    Raises
    ------
    DanqError
        As `read_deepsea_predictions`; targets that are not as many as the dataset's; an unusable name.
    """
    if not model.strip() or not model.isprintable():
        raise DanqError(f"model: {shown(model)} is no name; give one line of text")
    with open_dataset(dataset) as opened:
        n, n_targets, windows = (
            opened.length(split),
            len(opened.names),
            opened.split_checksum(split),
        )
    scores = read_deepsea_predictions(pred, n)
    if scores.shape[1] != n_targets:
        raise DanqError(
            f"has {scores.shape[1]} targets, {dataset} has {n_targets}; give predictions of its targets",
            pred,
        )
    write_predictions(output, scores, model, "NA", split, windows)


def export_predictions(predictions, output):
    """Write danq's predictions in the layout of DeepSEA.

    DeepSEA's own files hold 2n rows, n windows and then their reverse complements, and its scripts average the two
    halves. Here strands have been averaged already; both halves are written, and are the same, so that those scripts,
    and `read_deepsea_predictions`, get exactly the numbers that danq has.

    Parameters
    ----------
    predictions : str or path-like
        Predictions of danq, see `danq.data.predictions`.
    output : str or path-like
        The HDF5 file to make: dataset ``pred``, float64 (2n, T).

    Raises
    ------
    DanqError
        Not a file of predictions, or scores that are no probabilities.
    """
    scores = read_predictions(predictions)[-1]
    _probabilities(scores, 0, predictions)
    with atomic(output) as part:
        place = _lay_out(part, (2 * len(scores), scores.shape[1]))
        # HDF5 cannot stop cleanly on a full disk, and the whole is too large to be made in memory: plain writes.
        with open(part, "r+b") as file:
            file.seek(place)
            for _ in range(2):
                for start in range(0, len(scores), _BLOCK):
                    file.write(scores[start : start + _BLOCK].astype("<f8").tobytes())


def _lay_out(path, shape):
    """Let HDF5 lay out a file with an empty dataset ``pred``; return where its data begin (bytes)."""
    with h5py.File(
        path, "w", libver="earliest"
    ) as file:  # DeepSEA's Lua and Python 2 read old HDF5 only
        return allocate(file, "pred", shape, np.dtype("<f8"))
