"""The HDF5 file between the data and the models: its schema, its writer, its reader.

One file, one-hot and bit-packed, in the layout that Selene's ``H5DataLoader(unpackbits=True)`` reads::

    /{split}/sequences          uint8 (N, ceil(L/8), 4)   numpy.packbits of the (L, 4) one-hot along L; N = zeros
    /{split}/targets            uint8 (N, ceil(T/8))      numpy.packbits of the T labels
    /{split}/sequences_length   scalar int                L (bp)
    /{split}/targets_length     scalar int                T
    /{split}/chrom, start       text (N,), int64 (N,)     where the window begins (bp, 0-based)
    attribute sha256 of /{split}                          of its sequences, targets and starts, in this order
    /targets/name, group, jaspar   text (T,)              names are free text: the index is the key
    attributes of the root      format, format-version, window, bin_size, alphabet, assembly, source, created-by

for split in train, valid, test. Forward strand only; contiguous and uncompressed, so that a batch is read in place.
"""

import contextlib
import hashlib
import itertools
import json
import os
import shutil

import h5py
import numpy as np
from tqdm import tqdm

import danq
from danq import inputs
from danq.bins import SPLITS
from danq.errors import DanqError, shown
from danq.files import atomic, read_lines
from danq.sequence import ALPHABET, one_hot
from danq.sequence import encode as encode_letters

FORMAT = "danq-dataset"
VERSION = 1
_BLOCK = 4096
_TEXT = h5py.string_dtype("utf-8")


def pack(codes):
    """Return codes (N, L) as packed one-hot, shape (N, ceil(L/8), 4), uint8.

    Examples
    --------
    >>> pack(np.array([[0, 0, 3, 4]], dtype=np.uint8)).tolist()
    [[[192, 0, 0, 32]]]
    """
    return np.packbits(one_hot(codes), axis=1)


def unpack(packed, length):
    """Return packed one-hot (N, ceil(L/8), 4) as one-hot (N, L, 4), uint8, with L = `length` (bp)."""
    return np.unpackbits(packed, axis=1, count=length)


class Dataset:
    """An open dataset.h5, checked.

    Attributes
    ----------
    window, bin_size : int
        Lengths (bp).
    names, groups, jaspar : list of str
        One entry per target; `jaspar` is the identifier of its own known motif, or empty.
    attributes : dict
        All attributes of the root, as plain Python values.
    """

    def __init__(self, file):
        self._file = file
        self.attributes = {key: value.item() if hasattr(value, "item") else value for key, value in file.attrs.items()}
        self.window = self.attributes["window"]
        self.bin_size = self.attributes["bin_size"]
        self.names, self.groups, self.jaspar = (file[f"targets/{key}"].asstr()[:].tolist()
                                                for key in ("name", "group", "jaspar"))

    def length(self, split):
        """Return the number of windows of a split."""
        return len(self._file[split]["sequences"])

    def packed_sequences(self, split):
        """Return the packed one-hot of a split, uint8 (N, ceil(L/8), 4), as read."""
        return self._file[split]["sequences"][:]

    def packed_labels(self, split):
        """Return the packed labels of a split, uint8 (N, ceil(T/8)), as read."""
        return self._file[split]["targets"][:]

    def labels(self, split):
        """Return the labels of a split, uint8 (N, T)."""
        return np.unpackbits(self.packed_labels(split), axis=1, count=len(self.names))

    def one_hot(self, split, rows):
        """Return windows as float32 (n, 4, L); `rows` (int array) are positions in the split, in any order."""
        distinct, place = np.unique(rows, return_inverse=True)  # h5py wants ascending rows, each once
        bits = unpack(self._file[split]["sequences"][distinct], self.window)[place]
        return bits.transpose(0, 2, 1).astype(np.float32)

    def codes(self, split):
        """Return the letter codes of a split, uint8 (N, L): 0 to 3 in the order of the alphabet, 4 for N."""
        packed, codes = self._file[split]["sequences"], np.empty((self.length(split), self.window), dtype=np.uint8)
        for start in range(0, len(codes), _BLOCK):
            bits = unpack(packed[start:start + _BLOCK], self.window)
            codes[start:start + _BLOCK] = np.where(bits.any(axis=2), bits.argmax(axis=2), 4)
        return codes

    def places(self, split):
        """Return chromosome (list of str, N) and start (int64 (N,), bp) of each window of a split."""
        return self._file[split]["chrom"].asstr()[:].tolist(), self._file[split]["start"][:]

    def facts(self):
        """Return what a checkpoint keeps of the data, as plain values."""
        keys = ("format-version", "window", "bin_size", "alphabet", "assembly")
        return {key: self.attributes[key] for key in keys} | {
            "names": self.names, "groups": self.groups, "training windows": self.digest("train")}

    def digest(self, split):
        """Return the SHA-256 digest of a split: windows of the same letters, labels and starts have the same."""
        return str(self._file[split].attrs["sha256"])


@contextlib.contextmanager
def open_dataset(path):
    """Open a dataset.h5 for reading.

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
        Not a whole HDF5 file, not ours, of another version, or shapes that do not fit each other.
    """
    try:
        file = h5py.File(path, "r")
    except (FileNotFoundError, PermissionError) as error:
        raise DanqError(f"cannot be read ({error.strerror}); check the path", path) from error
    except OSError as error:
        raise DanqError(f"not a whole HDF5 file ({error}); make it again with danq encode", path) from error
    with file:
        try:
            _check(file, path)
            dataset = Dataset(file)
        except (KeyError, TypeError, ValueError) as error:
            raise DanqError(f"lacks a part ({error}); make it again with danq encode", path) from error
        yield dataset


def _check(file, path):
    found = file.attrs.get("format"), file.attrs.get("format-version"), file.attrs.get("alphabet")
    if found != (FORMAT, VERSION, ALPHABET):
        raise DanqError(f"its format, version and alphabet are {found}, not {(FORMAT, VERSION, ALPHABET)}; make it "
                        "with danq encode", path)
    window, n_targets = int(file.attrs["window"]), len(file["targets/name"])
    for split in SPLITS:
        n = len(file[split]["sequences"])
        shapes = tuple(file[split][name].shape for name in ("sequences", "targets", "chrom", "start"))
        fitting = ((n, -(-window // 8), 4), (n, -(-n_targets // 8)), (n,), (n,))
        if shapes != fitting or "sha256" not in file[split].attrs:
            raise DanqError(f"/{split} is not whole, or its shapes {shapes} do not fit window {window} and {n_targets} "
                            "targets; make the file again with danq encode", path)


def encode(fasta, windows, output, targets=None):
    """Turn labelled windows into dataset.h5.

    Parameters
    ----------
    fasta : path
        The windows' letters, all of one length, named as in `windows`.
    windows : path
        Either the ``windows.tsv`` of danq extract (then `targets` is its table), or a table of the user's own windows:
        columns ``name`` and ``split`` (train, valid, test), and one column of 0/1 for each target.
    output : path
        The dataset to make.
    targets : path, optional
        The ``targets.tsv`` of danq extract.

    Raises
    ------
    DanqError
        Windows of different lengths, a record without a row or a row without a record, a label that is neither 0 nor
        1, an unknown split, or a split without windows.
    """
    table = _read_windows(windows, targets)
    with atomic(output) as part:
        blocks = _blocks(fasta, table)
        first = next(blocks)
        window = len(first[0][1])
        _refuse_full_disk(part, output, 100_000 + len(table.rows) * (window // 2 + len(table.targets) // 8 + 100))
        with h5py.File(part, "w", libver="latest") as file:
            writer = _Writer(file, table, window)
            for block in itertools.chain([first], blocks):
                writer.append(block)
            writer.finish()


def _refuse_full_disk(part, path, needed):
    """Refuse to begin a file of `needed` bytes that does not fit: HDF5 crashes on a full disk."""
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise DanqError(f"needs about {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free; make room", path)
    if hasattr(os, "posix_fallocate"):  # not on macOS; sees quotas and limits, too
        try:
            with open(part, "wb") as handle:
                os.posix_fallocate(handle.fileno(), 0, needed)
        except OSError as error:
            raise DanqError(f"needs about {needed / 1e6:.0f} MB ({error.strerror}); make room", path) from error


class _Table:
    """Rows of a window table: split code, label indices, place; found by the window's name."""

    def __init__(self, path, targets, facts):
        self.path, self.targets, self.facts, self.rows = path, targets, facts, {}

    def add(self, number, name, split, labels, place):
        if split not in SPLITS:
            raise DanqError(f"split {shown(split)}; choose from {', '.join(SPLITS)}", self.path, number)
        if name in self.rows:
            raise DanqError(f"the window {shown(name)} is here twice; remove one row", self.path, number)
        self.rows[name] = (SPLITS.index(split), labels, place)

    def count(self, code):
        n = sum(row[0] == code for row in self.rows.values())
        if n == 0:
            raise DanqError(f"no window in the {SPLITS[code]} split; each of {', '.join(SPLITS)} needs some", self.path)
        return n


def _read_windows(path, targets):
    """Read either kind of window table."""
    first = next((line for _, line in read_lines(path)), b"")
    if not first.startswith(b'#{"format": "danq-windows"'):
        return _read_own(path)
    try:
        facts = json.loads(first[1:])
    except ValueError:
        raise DanqError("the first line is not whole JSON; make the file again with danq extract", path, 1) from None
    if targets is None:
        raise DanqError("windows of danq extract need their targets.tsv; give it with --targets", path)
    rows = [row for _, row in inputs.read_rows(targets, ["name", "group", "jaspar"])]
    if [row["name"] for row in rows] != facts["targets"]:
        raise DanqError(f"its targets are not those of {path}; give the table that danq extract made with it", targets)
    table = _Table(path, [(row["name"], row["group"], row["jaspar"].strip(".")) for row in rows], facts)
    for number, row in inputs.read_rows(path, ["chrom", "start", "end", "split", "labels"]):
        words = [] if row["labels"] == "." else row["labels"].split(",")
        if not all(word.isdecimal() and int(word) < len(rows) for word in words):
            raise DanqError(f"labels {shown(row['labels'])}, of {len(rows)} targets; make it again with danq extract",
                            path, number)
        labels = [int(word) for word in words]
        name = f"{row['chrom']}:{row['start']}-{row['end']}"
        table.add(number, name, row["split"], labels, (row["chrom"], int(row["start"])))
    return table


def _read_own(path):
    """Read a user's table of windows: name, split, and a 0/1 column per target."""
    table = None
    for number, row in inputs.read_rows(path, ["name", "split"]):
        names = [column for column in row if column not in ("name", "split")]
        if not all(names) or not names:
            raise DanqError("it needs a column of 0/1 per target beside name and split, each with a name; add them",
                            path, number)
        wrong = next((column for column in names if row[column] not in ("0", "1")), None)
        if wrong is not None:
            raise DanqError(f"label {shown(row[wrong])} in column {shown(wrong)}; it must be 0 or 1", path, number)
        table = table or _Table(path, [(name, "all", "") for name in names], {})
        labels = [index for index, name in enumerate(names) if row[name] == "1"]
        table.add(number, row["name"], row["split"], labels, (row["name"], 0))
    if table is None:
        raise DanqError("holds no window; add a row for each", path)
    return table


def _blocks(fasta, table):
    """Yield blocks of ``(row, codes)``, one per FASTA record, until every row of the table has had its record."""
    block, length, seen = [], None, 0
    for name, number, letters in tqdm(inputs.read_fasta(fasta), "encode", total=len(table.rows), unit="window",
                                      disable=None):
        if name not in table.rows:
            raise DanqError(f"{shown(name)} has no row in {table.path}; add it or remove the record", fasta, number)
        length = length or len(letters)
        if len(letters) != length or len(letters) != table.facts.get("window", length):
            raise DanqError(f"{shown(name)} has {len(letters)} bp, the windows before it {length}; make all windows of "
                            "one length", fasta, number)
        block.append((table.rows[name], encode_letters(letters)))
        seen += 1
        if len(block) == _BLOCK:
            yield block
            block = []
    if seen < len(table.rows):
        raise DanqError(f"{len(table.rows) - seen} of its windows have no record in {fasta}; use files made together",
                        table.path)
    if block:
        yield block


class _Writer:
    """Fills the datasets of the three splits, block after block."""

    def __init__(self, file, table, window):
        self.file, self.n_targets, self.filled = file, len(table.targets), [0, 0, 0]
        self._describe(table, window)
        for code, split in enumerate(SPLITS):
            n, group = table.count(code), file.create_group(split)
            group.create_dataset("sequences", (n, -(-window // 8), 4), np.uint8)
            group.create_dataset("targets", (n, -(-self.n_targets // 8)), np.uint8)
            group.create_dataset("chrom", (n,), _TEXT)
            group.create_dataset("start", (n,), np.int64)
            group["sequences_length"], group["targets_length"] = window, self.n_targets

    def _describe(self, table, window):
        source = table.facts.get("source") or {"windows": {"path": str(table.path)}}
        self.file.attrs.update({
            "format": FORMAT, "format-version": VERSION, "window": window, "alphabet": ALPHABET,
            "bin_size": table.facts.get("bin_size", window), "assembly": table.facts.get("assembly", "unknown"),
            "source": json.dumps(source), "created-by": f"danq {danq.__version__}"})
        for key, texts in zip(("name", "group", "jaspar"), zip(*table.targets, strict=True), strict=True):
            self.file.create_dataset(f"targets/{key}", data=list(texts), dtype=_TEXT)

    def append(self, block):
        """Write a block of ``((code, labels, place), codes)``."""
        for code, split in enumerate(SPLITS):
            own = [(row, codes) for row, codes in block if row[0] == code]
            if own:
                here = slice(self.filled[code], self.filled[code] + len(own))
                labels = np.zeros((len(own), self.n_targets), dtype=np.uint8)
                for position, (row, _) in enumerate(own):
                    labels[position, row[1]] = 1
                group = self.file[split]
                group["sequences"][here] = pack(np.stack([codes for _, codes in own]))
                group["targets"][here] = np.packbits(labels, axis=1)
                group["chrom"][here] = [row[2][0] for row, _ in own]
                group["start"][here] = [row[2][1] for row, _ in own]
                self.filled[code] = here.stop

    def finish(self):
        """Check that every row was written, and say so in digests."""
        for code, split in enumerate(SPLITS):
            if self.filled[code] != len(self.file[split]["start"]):
                raise AssertionError(f"{split}: {self.filled[code]} rows written")
            digest = hashlib.sha256()
            for name in ("sequences", "targets", "start"):
                for start in range(0, self.filled[code], _BLOCK):
                    digest.update(self.file[split][name][start:start + _BLOCK].tobytes())
            self.file[split].attrs["sha256"] = digest.hexdigest()
