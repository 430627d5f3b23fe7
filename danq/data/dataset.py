"""The HDF5 file between the data and the models: its schema, its writer, its reader. docs/dataset.md specifies it.

One file, one-hot and bit-packed, in the layout that Selene's ``H5DataLoader(unpackbits=True)`` reads::

    /{split}/sequences          uint8 (N, ceil(L/8), 4)   numpy.packbits of the (L, 4) one-hot along L; N = zeros
    /{split}/targets            uint8 (N, ceil(T/8))      numpy.packbits of the T labels
    /{split}/sequences_length   scalar int64              L (bp)
    /{split}/targets_length     scalar int64              T
    /{split}/start              uint32 or int64 (N,)      where the window begins (bp, 0-based)
    /{split}/chromosome_rows    int64 (C + 1,)            rows i to i + 1 (exclusive) lie on chromosome i
    /chromosomes/name, length   text (C,), int64 (C,)     length in bp
    /targets/name, group, jaspar   text (T,)              names are free text: the index is the key
    /source                     uint8 (n,)                how it was made, as JSON
    /checksums                    text (D,)                 SHA-256 of the bytes of each dataset, in the order of `PARTS`
    /complete                   text (1,)                 SHA-256 of the checksums and attributes; written last
    attributes of the root      format, format_version, window, bin_size, alphabet, assembly, coordinates, created_by

for split in train, valid, test. Forward strand only; contiguous and uncompressed, so that a batch is read in place.

HDF5 lays the file out, empty; the data are then written into it by plain writes, so that a full disk is an ordinary
error (HDF5 itself crashes), and the checksums are those of what was written. The mark `complete` is the last write.
"""

import contextlib
import hashlib
import json
import os
import shutil

import h5py
import numpy as np

import danq
from danq.errors import DanqError
from danq.files import atomic
from danq.genome.bins import SPLITS
from danq.genome.sequence import ALPHABET, unpack, unpack_indices

FORMAT = "danq-dataset"
VERSION = 2
COORDINATES = ("genome", "rows")
"""What chromosomes and starts mean: places in a genome, or only the order of the rows, `bin_size` apart."""

ATTRIBUTES = {
    "format": str,
    "format_version": int,
    "window": int,
    "bin_size": int,
    "alphabet": str,
    "assembly": str,
    "coordinates": str,
    "created_by": str,
}
"""Attributes of the root, and their types."""

PARTS = (
    *(
        f"{split}/{name}"
        for split in SPLITS
        for name in (
            "sequences",
            "targets",
            "sequences_length",
            "targets_length",
            "start",
            "chromosome_rows",
        )
    ),
    "chromosomes/name",
    "chromosomes/length",
    "targets/name",
    "targets/group",
    "targets/jaspar",
    "source",
)
"""All datasets but the checksums, in their order."""

_BLOCK = 4096
_READ = 1 << 24  # bytes checked at once


class Dataset:
    """An open dataset.h5, checked.

    Attributes
    ----------
    window, bin_size : int
        Lengths (bp).
    names, groups, jaspar : list of str
        One entry per target; `jaspar` is the identifier of its own known motif, or empty.
    chromosomes : dict of str to int
        Length of each chromosome (bp).
    attributes : dict
        All attributes of the root, as plain Python values.
    source : dict
        How the file was made.
    checksum : str
        Checksum of all that the file holds.
    """

    def __init__(self, file):
        self._file = file
        self.attributes = {key: _attribute(file, key) for key in ATTRIBUTES}
        self.window = self.attributes["window"]
        self.bin_size = self.attributes["bin_size"]
        self.names, self.groups, self.jaspar = (
            _texts(file[f"targets/{key}"]) for key in ("name", "group", "jaspar")
        )
        self.chromosomes = dict(
            zip(
                _texts(file["chromosomes/name"]),
                file["chromosomes/length"][:].tolist(),
                strict=True,
            )
        )
        self.source = json.loads(file["source"][:].tobytes())
        self.checksum = _texts(file["complete"])[0]
        self._checksums = dict(zip(PARTS, _texts(file["checksums"]), strict=True))

    def length(self, split):
        """Return the number of windows of a split."""
        return len(self._file[split]["sequences"])

    def packed_sequences(self, split, rows=slice(None)):
        """Return the packed one-hot of a split, uint8 (N, ceil(L/8), 4), as read; `rows` is a slice."""
        return self._file[split]["sequences"][rows]

    def packed_labels(self, split, rows=slice(None)):
        """Return the packed labels of a split, uint8 (N, ceil(T/8)), as read; `rows` is a slice."""
        return self._file[split]["targets"][rows]

    def labels(self, split):
        """Return the labels of a split, uint8 (N, T)."""
        return np.unpackbits(self.packed_labels(split), axis=1, count=len(self.names))

    def labels_of(self, split, targets):
        """Return the labels of some targets (list of int), uint8 (N, n), without unpacking the others."""
        targets = np.asarray(targets, dtype=np.int64)
        return self.packed_labels(split)[:, targets // 8] >> (7 - targets % 8).astype(np.uint8) & 1

    def positives(self, split):
        """Count the positive windows of each target in a split (int64, (T,)), a block of windows at a time."""
        counts = np.zeros(len(self.names), dtype=np.int64)
        for start in range(0, self.length(split), _BLOCK):
            packed = self.packed_labels(split, slice(start, start + _BLOCK))
            counts += np.unpackbits(packed, axis=1, count=len(self.names)).sum(
                axis=0, dtype=np.int64
            )
        return counts

    def background(self, split):
        """Return the share of A, C, G and T among the known bases of a split (float64, (4,))."""
        counts = np.zeros(4)
        for start in range(0, self.length(split), _BLOCK):
            packed = self.packed_sequences(split, slice(start, start + _BLOCK))
            counts += np.bitwise_count(packed).sum(axis=(0, 1), dtype=np.int64)
        return counts / counts.sum()

    def one_hot(self, split, rows):
        """Return windows as float32 (n, 4, L); `rows` (int array) are positions in the split, in any order."""
        distinct, place = np.unique(
            rows, return_inverse=True
        )  # h5py wants ascending rows, each once
        bits = unpack(self._file[split]["sequences"][distinct], self.window)[place]
        return bits.transpose(0, 2, 1).astype(np.float32)

    def base_indices(self, split):
        """Return the base indices of a split, uint8 (N, L): 0 to 3 in the order of the alphabet, 4 for N."""
        indices = np.empty((self.length(split), self.window), dtype=np.uint8)
        for start in range(0, len(indices), _BLOCK):
            rows = slice(start, start + _BLOCK)
            indices[rows] = unpack_indices(self.packed_sequences(split, rows), self.window)
        return indices

    def places(self, split):
        """Return chromosome (its number, int64 (N,)) and start (int64 (N,), bp) of each window of a split."""
        rows = self._file[split]["chromosome_rows"][:]
        return (
            np.repeat(np.arange(len(self.chromosomes)), np.diff(rows)),
            self._file[split]["start"][:].astype(np.int64),
        )

    def facts(self):
        """Return what a checkpoint keeps of the data, as plain values."""
        keys = ("format_version", "window", "bin_size", "alphabet", "assembly")
        return {key: self.attributes[key] for key in keys} | {
            "names": self.names,
            "groups": self.groups,
            "training_windows": self.split_checksum("train"),
            "splits": self.source.get("splits"),
        }

    def split_checksum(self, split):
        """Return a SHA-256 checksum of a split: windows of the same bases, labels and starts have the same."""
        own = [self._checksums[f"{split}/{name}"] for name in ("sequences", "targets", "start")]
        return hashlib.sha256("".join(own).encode()).hexdigest()


@contextlib.contextmanager
def open_dataset(path):
    """Open a dataset.h5 for reading, every byte of it checked.

    Parameters
    ----------
    path : str or path-like
        The file.

    Yields
    ------
    Dataset

    Raises
    ------
    DanqError
        Not a whole HDF5 file, not ours, of another version, not finished, shapes that do not fit each other, data
        that lie outside the file, or bytes that are not those that were written.
    """
    with open_unchecked(path) as file:
        for problem in problems(file):
            raise DanqError(f"{problem}; make it again", path)
        yield Dataset(file)


@contextlib.contextmanager
def open_unchecked(path):
    """Open any HDF5 file for reading; a missing, damaged or other file is a DanqError."""
    try:
        file = h5py.File(path, "r")
    except (FileNotFoundError, PermissionError) as error:
        raise DanqError(
            f"cannot be read ({os.strerror(error.errno)}); check the path", path
        ) from error
    except OSError as error:
        raise DanqError(f"not a whole HDF5 file ({error}); make it again", path) from error
    with file:
        yield file


def problems(file):
    """Say what is wrong with a dataset, against docs/dataset.md.

    Parameters
    ----------
    file : h5py.File
        The open file.

    Yields
    ------
    str
        What is wrong, one problem after the other. Later checks rest on earlier ones: after attributes or parts that
        are missing, the search ends.
    """
    try:
        for check in (
            _attribute_problems,
            _part_problems,
            _shape_problems,
            _checksum_problems,
            _text_problems,
            _value_problems,
        ):
            found = False
            for problem in check(file):
                found = True
                yield problem
            if found:
                return
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, OverflowError) as error:
        yield f"is damaged ({str(error).splitlines()[0]})"


def _attribute_problems(file):
    for key, kind in ATTRIBUTES.items():
        if key not in file.attrs:
            yield f"lacks the attribute {key}: not a dataset of this format (see docs/dataset.md)"
        elif file.attrs.get_id(key).shape != () or file.attrs.get_id(key).dtype.kind != (
            "S" if kind is str else "i"
        ):
            yield f"its attribute {key} is not {'fixed-length text' if kind is str else 'a whole number'}"
        else:
            continue
        return
    found = tuple(_attribute(file, key) for key in ("format", "format_version", "alphabet"))
    if found != (FORMAT, VERSION, ALPHABET):
        yield f"its format, version and alphabet are {found}, not {(FORMAT, VERSION, ALPHABET)} (see docs/dataset.md)"
    elif _attribute(file, "coordinates") not in COORDINATES:
        yield f"its attribute coordinates is not one of {', '.join(COORDINATES)}"


def _attribute(file, key):
    """Return an attribute of the root as a plain value."""
    value = file.attrs[key]
    return value.decode("utf-8") if ATTRIBUTES[key] is str else int(value)


def _part_problems(file):
    """Find parts that are missing, are no datasets of this file, or do not lie in it as they should."""
    size = os.path.getsize(file.filename)
    for name in [*PARTS, "checksums", "complete"]:
        problem = _link_problem(file, name)
        if problem is None:
            dataset = file[name]
            offset = dataset.id.get_offset()
            if (dataset.chunks, dataset.external, dataset.is_virtual) != (
                None,
                None,
                False,
            ) or offset is None:
                problem = f"{name} is not stored contiguously in this file"
            elif offset + dataset.id.get_storage_size() > size:
                problem = f"{name} reaches beyond the end of the file"
        if problem:
            yield problem


def _link_problem(file, name):
    """Say what is wrong with the way to a dataset: every step must be a hard link (others may lead to other files)."""
    node = file
    for step in name.split("/"):
        link = (
            node.get(step, getlink=True) if isinstance(node, h5py.Group) and step in node else None
        )
        if link is None:
            return f"lacks {name}"
        if not isinstance(link, h5py.HardLink):
            return f"{name} is a link that leads elsewhere"
        node = node[step]
    return None if isinstance(node, h5py.Dataset) else f"{name} is not a dataset"


def _shape_problems(file):
    window, n_targets = int(file.attrs["window"]), len(file["targets/name"])
    n_chromosomes = len(file["chromosomes/name"])
    wanted = {
        "targets/group": (n_targets,),
        "targets/jaspar": (n_targets,),
        "chromosomes/length": (n_chromosomes,),
        "checksums": (len(PARTS),),
        "complete": (1,),
    }
    for split in SPLITS:
        n = len(file[split]["sequences"])
        wanted |= {
            f"{split}/sequences": (n, -(-window // 8), 4),
            f"{split}/targets": (n, -(-n_targets // 8)),
            f"{split}/start": (n,),
            f"{split}/chromosome_rows": (n_chromosomes + 1,),
            f"{split}/sequences_length": (),
            f"{split}/targets_length": (),
        }
    for name, shape in wanted.items():
        if file[name].shape != shape:
            yield f"{name} has the shape {file[name].shape}, not {shape}"
    for name in [*PARTS, "checksums", "complete"]:
        if not _fits(name, file[name].dtype):
            yield f"{name} has the type {file[name].dtype}, not that of docs/dataset.md"


def _fits(name, dtype):
    """Say whether a dataset may have that type."""
    last = name.split("/")[-1]
    if last in ("name", "group", "jaspar", "checksums", "complete"):
        return dtype.kind == "S"
    if last in ("sequences", "targets", "source"):
        return dtype == np.uint8
    return dtype in ((np.uint32, np.int64) if last == "start" else (np.int64,))


def _checksum_problems(file):
    """Read every byte and compare its checksum with the one that was written."""
    if not _texts(file["complete"])[0]:
        yield "was not finished (its mark `complete` is empty)"
        return
    checksums = _texts(file["checksums"])
    for name, checksum in zip(PARTS, checksums, strict=True):
        if _checksum(file[name]) != checksum:
            yield f"the bytes of {name} are not those that were written: the file is damaged"
    if (
        _root_checksum({key: _attribute(file, key) for key in ATTRIBUTES}, checksums)
        != _texts(file["complete"])[0]
    ):
        yield "its attributes or checksums are not those that were written: the file is damaged"


def _checksum(dataset):
    """Return the SHA-256 checksum of the bytes of a dataset, read in blocks."""
    checksum = hashlib.sha256()
    if dataset.ndim == 0:
        checksum.update(dataset[()].tobytes())
    else:
        step = max(1, _READ // max(1, dataset.dtype.itemsize * int(np.prod(dataset.shape[1:]))))
        for start in range(0, len(dataset), step):
            checksum.update(np.ascontiguousarray(dataset[start : start + step]))
    return checksum.hexdigest()


def _root_checksum(attributes, checksums):
    """Return the SHA-256 checksum of attributes and checksums."""
    facts = [[key, attributes[key]] for key in ATTRIBUTES]
    return hashlib.sha256(json.dumps([facts, checksums]).encode()).hexdigest()


def _value_problems(file):
    """Find numbers that cannot be: they were written as they are, by a program that is not ours or has a fault."""
    window, lengths = int(file.attrs["window"]), file["chromosomes/length"][:]
    for split in SPLITS:
        n, rows = len(file[split]["sequences"]), file[split]["chromosome_rows"][:]
        if n == 0:
            yield f"the {split} split has no window"
        if (int(file[split]["sequences_length"][()]), int(file[split]["targets_length"][()])) != (
            window,
            len(file["targets/name"]),
        ):
            yield f"the lengths of the {split} split are not those of the file"
        if rows[0] != 0 or rows[-1] != n or (np.diff(rows) < 0).any():
            yield f"{split}/chromosome_rows does not divide the rows"
            return
        start = file[split]["start"][:].astype(np.int64)
        if (start < 0).any() or (start > np.repeat(lengths - window, np.diff(rows))).any():
            yield f"a window of the {split} split leaves its chromosome"


def _text_problems(file):
    """Find text and numbers that docs/dataset.md does not allow, in a file that is whole otherwise."""
    for name in ("chromosomes/name", "targets/name", "targets/group", "targets/jaspar"):
        try:
            found = [value.decode("utf-8") for value in file[name][:].tolist()]
        except UnicodeDecodeError as error:
            yield f"{name} is not UTF-8 text ({error})"
            continue
        if name == "chromosomes/name" and len(set(found)) < len(found):
            yield f"{name} names a chromosome twice"
    try:
        if not isinstance(json.loads(file["source"][:].tobytes()), dict):
            yield "source is not an object of JSON"
    except (ValueError, RecursionError) as error:
        yield f"source is not JSON ({error})"
    if file.attrs["bin_size"] < 1:
        yield f"its attribute bin_size is {file.attrs['bin_size']}"


def _texts(dataset):
    """Return fixed-length UTF-8 text as a list of str."""
    return [bytes(value).decode("utf-8") for value in dataset[:]]


def total_counts(source):
    """Add up what was counted in the input files.

    Parameters
    ----------
    source : dict
        How a dataset was made; its ``counts``, if there are any, are dicts of what to number, by file.

    Returns
    -------
    dict of str to tuple of (int, int)
        The number, and in how many files, of each that is not 0.
    """
    counts, totals = source.get("counts"), {}
    for own in counts.values() if isinstance(counts, dict) else ():
        for what, n in own.items() if isinstance(own, dict) else ():
            if isinstance(n, int) and n:
                total, files = totals.get(what, (0, 0))
                totals[what] = total + n, files + 1
    return totals


@contextlib.contextmanager
def create_dataset(
    path,
    *,
    window,
    bin_size,
    targets,
    chromosomes,
    rows,
    assembly="unknown",
    coordinates="genome",
    source=None,
):
    """Make a dataset.h5; it appears under its name only when it is whole.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    window, bin_size : int
        Lengths (bp).
    targets : list of tuple of (str, str, str)
        Name, group and own known motif (a JASPAR identifier, or empty) of each target.
    chromosomes : dict of str to int
        Length of each chromosome (bp), in the order of the rows.
    rows : numpy.ndarray, shape (3, C), int
        Windows on each chromosome in each split; the rows of a split come chromosome by chromosome.
    assembly : str
        Name of the genome's assembly.
    coordinates : {"genome", "rows"}
        What the places mean, see `COORDINATES`.
    source : dict, optional
        How it was made; whatever JSON holds.

    Yields
    ------
    Writer

    Raises
    ------
    DanqError
        A split without a window, or no room on the disk.
    AssertionError
        The block ended before all rows were written.
    """
    for split, total in zip(SPLITS, np.sum(rows, axis=1), strict=True):
        if total == 0:
            raise DanqError(
                f"no window in the {split} split; each of {', '.join(SPLITS)} needs some"
            )
    attributes = {
        "format": FORMAT,
        "format_version": VERSION,
        "window": window,
        "bin_size": bin_size,
        "alphabet": ALPHABET,
        "assembly": assembly or "unknown",
        "coordinates": coordinates,
        "created_by": f"danq {danq.__version__}",
    }
    parts = _small_parts(window, targets, chromosomes, rows, source or {}) | _big_parts(
        window, len(targets), max(chromosomes.values()), np.sum(rows, axis=1)
    )
    with atomic(path) as temporary:
        _refuse_full_disk(temporary, path, sum(map(_n_bytes, parts.values())) + 100_000)
        offsets = _lay_out(temporary, attributes, parts)
        with open(temporary, "r+b", buffering=0) as file:
            _reserve(file, path)
            writer = Writer(
                file,
                offsets,
                {name: part for name, part in parts.items() if isinstance(part, tuple)},
            )
            for name, values in parts.items():
                if not isinstance(values, tuple):
                    writer.put(name, values)
            yield writer
            writer.finish(attributes)


def _small_parts(window, targets, chromosomes, rows, source):
    """Return the parts that are known before the windows, as arrays."""
    parts = {}
    for split, own in zip(SPLITS, np.asarray(rows, dtype=np.int64), strict=True):
        parts[f"{split}/sequences_length"] = np.array(window, dtype=np.int64)
        parts[f"{split}/targets_length"] = np.array(len(targets), dtype=np.int64)
        parts[f"{split}/chromosome_rows"] = np.concatenate([[0], np.cumsum(own)])
    parts["chromosomes/name"] = _as_texts(chromosomes)
    parts["chromosomes/length"] = np.array(list(chromosomes.values()), dtype=np.int64)
    for place, key in enumerate(("name", "group", "jaspar")):
        parts[f"targets/{key}"] = _as_texts([target[place] for target in targets])
    parts["source"] = np.frombuffer(json.dumps(source).encode(), dtype=np.uint8)
    return parts


def _big_parts(window, n_targets, longest, totals):
    """Return the parts that windows fill, as shape and type."""
    start = np.dtype(np.uint32 if longest < 1 << 32 else np.int64)
    parts = {}
    for split, n in zip(SPLITS, map(int, totals), strict=True):
        parts[f"{split}/sequences"] = (n, -(-window // 8), 4), np.dtype(np.uint8)
        parts[f"{split}/targets"] = (n, -(-n_targets // 8)), np.dtype(np.uint8)
        parts[f"{split}/start"] = (n,), start
    return parts


def _as_texts(values):
    """Return texts as fixed-length UTF-8: what HDF5 keeps in one place, and a checksum can cover."""
    raw = [value.encode() for value in values]
    return np.array(raw, dtype=f"S{max(1, *map(len, raw))}" if raw else "S1")


def _n_bytes(part):
    shape, dtype = part if isinstance(part, tuple) else (part.shape, part.dtype)
    return int(np.prod(shape)) * dtype.itemsize


def _refuse_full_disk(temporary, path, needed):
    """Refuse to begin a file of `needed` bytes that does not fit."""
    free = shutil.disk_usage(temporary.parent).free
    if needed > free:
        raise DanqError(
            f"needs about {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free; make room", path
        )


def _lay_out(temporary, attributes, parts):
    """Let HDF5 lay out the file, without its data; return where each dataset begins (bytes)."""
    offsets = {}
    with (
        open(temporary, "r+b", buffering=0) as raw,
        _Patient(raw) as patient,
        h5py.File(patient, "w", driver="fileobj", libver="latest") as file,
    ):
        for key, value in attributes.items():
            # Text of fixed length: HDF5 keeps other text in a heap without a checksum, and damage there can hang it.
            raw = value.encode() if isinstance(value, str) else value
            file.attrs.create(
                key,
                raw,
                dtype=h5py.string_dtype("utf-8", len(raw)) if isinstance(value, str) else "i8",
            )
        for name in [*PARTS, "checksums", "complete"]:
            part = parts.get(name, ((len(PARTS) if name == "checksums" else 1,), np.dtype("S64")))
            shape, dtype = part if isinstance(part, tuple) else (part.shape, part.dtype)
            offsets[name] = allocate(file, name, shape, dtype)
    return offsets


class _Patient:
    """A file that HDF5 never sees fail: an error is kept, and raised when HDF5 is done. It crashes on a full disk."""

    def __init__(self, raw):
        self._raw, self._error = raw, None
        self.read, self.seek, self.tell = (
            raw.read,
            raw.seek,
            raw.tell,
        )  # h5py knows a file by its read and seek

    def _try(self, call, *arguments):
        if self._error is None:
            try:
                return call(*arguments)
            except OSError as error:
                self._error = error
        return None

    def write(self, data):
        """Write all of `data`."""
        view = memoryview(data).cast("B")
        while view and (n := self._try(self._raw.write, view)):
            view = view[n:]
        return len(data)

    def readinto(self, buffer):
        """Fill a buffer."""
        return self._try(self._raw.readinto, buffer) or 0

    def truncate(self, size):
        """Set the size of the file."""
        self._try(self._raw.truncate, size)
        return size

    def flush(self):
        """Do nothing: nothing is kept back."""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self._error is not None:
            raise self._error


def allocate(file, name, shape, dtype):
    """Make an empty contiguous dataset whose place in the file is fixed at once; return that place."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    properties.set_obj_track_times(False)  # the same data are the same bytes
    kind = h5py.string_dtype("utf-8", dtype.itemsize) if dtype.kind == "S" else dtype
    space = h5py.h5s.create_simple(shape) if shape else h5py.h5s.create(h5py.h5s.SCALAR)
    group, _, last = name.rpartition("/")
    dataset = h5py.h5d.create(
        file.require_group(group or "/").id,
        last.encode(),
        h5py.h5t.py_create(kind, logical=True),
        space,
        properties,
    )
    return dataset.get_offset()


def _reserve(file, path):
    """Take the space on the disk now, where the system can (not on macOS): no later write can lack it."""
    if hasattr(os, "posix_fallocate"):
        needed = os.path.getsize(file.name)
        try:
            os.posix_fallocate(file.fileno(), 0, needed)
        except OSError as error:
            raise DanqError(
                f"needs about {needed / 1e6:.0f} MB ({error.strerror}); make room", path
            ) from error


class Writer:
    """Fills the datasets of the three splits, block after block."""

    def __init__(self, file, offsets, big):
        self._file, self._offsets, self._big = file, offsets, big
        self._written = dict.fromkeys(big, 0)
        self._checksums = {name: hashlib.sha256() for name in PARTS}

    def append(self, split, sequences, labels, starts):
        """Write the next windows of a split.

        Parameters
        ----------
        split : str
            train, valid or test.
        sequences : numpy.ndarray, shape (n, ceil(L/8), 4), uint8
            Packed one-hot.
        labels : numpy.ndarray, shape (n, ceil(T/8)), uint8
            Packed labels.
        starts : numpy.ndarray, shape (n,), int
            Where the windows begin (bp, 0-based).
        """
        for part, values in (("sequences", sequences), ("targets", labels), ("start", starts)):
            name = f"{split}/{part}"
            shape, dtype = self._big[name]
            if (
                values.shape != (len(starts), *shape[1:])
                or self._written[name] + len(starts) > shape[0]
            ):
                raise AssertionError(f"{name}: {values.shape} does not fit {shape}")
            self.put(name, np.ascontiguousarray(values, dtype=dtype), self._written[name])
            self._written[name] += len(starts)

    def put(self, name, values, row=0):
        """Write an array into a dataset, from a row on, and add it to the checksum."""
        if values.size:
            raw = memoryview(np.ascontiguousarray(values).reshape(-1)).cast("B")
            self._checksums[name].update(raw)
            self._write(
                raw,
                self._offsets[name]
                + row * (values.nbytes // max(1, len(values)) if values.ndim else 0),
            )

    def _write(self, raw, offset):
        self._file.seek(offset)
        while raw:
            raw = raw[self._file.write(raw) :]

    def finish(self, attributes):
        """Check that every row was written; write the checksums, and last the mark that all is there."""
        for name, (shape, _) in self._big.items():
            if self._written[name] != shape[0]:
                raise AssertionError(f"{name}: {self._written[name]} of {shape[0]} rows written")
        checksums = [self._checksums[name].hexdigest() for name in PARTS]
        self._write("".join(checksums).encode(), self._offsets["checksums"])
        os.fsync(self._file.fileno())
        self._write(_root_checksum(attributes, checksums).encode(), self._offsets["complete"])
