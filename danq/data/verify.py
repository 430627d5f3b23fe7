"""Checks a dataset.h5 against docs/dataset.md, every byte of it."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator

import h5py
import numpy as np

from danq.data.bits import BasesCheck, LabelsCheck
from danq.data.hdf5_checks import attribute_problem, link_problem, storage_problem
from danq.data.schema import (
    ATTRIBUTES,
    COORDINATES,
    FORMAT,
    MARGINS,
    MARGINS_CHECKSUM,
    MARKS,
    PARTS,
    VERSION,
    complete_checksum,
    read_attribute,
    read_texts,
)
from danq.genome.bins import SPLITS
from danq.genome.sequence import ALPHABET, packed_bytes

_READ = 1 << 24  # bytes checked at once

# What h5py raises when it meets damage.
_DAMAGE = (OSError, KeyError, TypeError, ValueError, RuntimeError, OverflowError)


def problems(file: h5py.File) -> Iterator[str]:
    """Find what is wrong with a dataset.

    Parameters
    ----------
    file : h5py.File
        The open file.

    Yields
    ------
    str
        A problem, as a message. Later checks depend on earlier ones: the search ends after the
        first check that finds something.
    """
    checks: list[Callable[[h5py.File], Iterator[str]]] = [
        _attribute_problems,
        _part_problems,
        _shape_problems,
        _checksum_problems,
        _text_problems,
        _value_problems,
    ]
    try:
        for check in checks:
            sound = True
            for problem in check(file):
                sound = False
                yield problem
            if not sound:
                return
    except _DAMAGE as error:
        yield f"is damaged ({str(error).splitlines()[0]})"


def _attribute_problems(file: h5py.File) -> Iterator[str]:
    for key in ATTRIBUTES:
        if key not in file.attrs:
            yield f"lacks the attribute {key}: not a dataset of this format (see docs/dataset.md)"
            return
        problem = attribute_problem(file, key, ATTRIBUTES[key])
        if problem is not None:
            yield problem
            return
    values = tuple(read_attribute(file, key) for key in ("format", "format_version", "alphabet"))
    expected = (FORMAT, VERSION, ALPHABET)
    if values != expected:
        what = f"its format, version and alphabet are {values}, not {expected}"
        yield f"{what} (see docs/dataset.md)"
    elif read_attribute(file, "coordinates") not in COORDINATES:
        yield f"its attribute coordinates is not one of {', '.join(COORDINATES)}"


def _names(file: h5py.File) -> list[str]:
    """Return the datasets that a file must have, margins included where it has any."""
    names = [*PARTS, *MARKS]
    folder, name = MARGINS.split("/")
    # Links that lead elsewhere are not followed before they are refused.
    is_hard = isinstance(file.get(folder, getlink=True), h5py.HardLink)
    if is_hard and name in file[folder]:
        names += [MARGINS, MARGINS_CHECKSUM]
    return names


def _part_problems(file: h5py.File) -> Iterator[str]:
    """Find parts that are missing, not datasets of this file, or not stored as they must be."""
    for name in _names(file):
        problem = link_problem(file, name) or storage_problem(file[name], name)
        if problem is not None:
            yield problem


def _shape_problems(file: h5py.File) -> Iterator[str]:
    for name, shape in _wanted_shapes(file).items():
        if file[name].shape != shape:
            yield f"{name} has the shape {file[name].shape}, not {shape}"
    for name in _names(file):
        dtype = file[name].dtype
        if not _fits(name, dtype):
            yield f"{name} has the type {dtype}, not that of docs/dataset.md"


def _wanted_shapes(file: h5py.File) -> dict[str, tuple[int, ...]]:
    """Return the shapes that follow from the window, the names, and the rows of the sequences."""
    window = int(file.attrs["window"])
    n_targets = len(file["targets/name"])
    n_chromosomes = len(file["chromosomes/name"])
    shapes: dict[str, tuple[int, ...]] = {
        "targets/group": (n_targets,),
        "targets/jaspar": (n_targets,),
        "chromosomes/length": (n_chromosomes,),
        "checksums": (len(PARTS),),
        "complete": (1,),
    }
    for split in SPLITS:
        n = len(file[split]["sequences"])
        shapes[f"{split}/sequences"] = (n, packed_bytes(window), 4)
        shapes[f"{split}/targets"] = (n, packed_bytes(n_targets))
        shapes[f"{split}/start"] = (n,)
        shapes[f"{split}/chromosome_rows"] = (n_chromosomes + 1,)
        shapes[f"{split}/sequences_length"] = ()
        shapes[f"{split}/targets_length"] = ()
    if MARGINS in file:
        # Two margins of whole bytes: an even number of bytes, at least one each.
        n_bytes = max(1, file[MARGINS].size // (8 * len(file["train/sequences"])))
        shapes[MARGINS] = (len(file["train/sequences"]), 2 * n_bytes, 4)
        shapes[MARGINS_CHECKSUM] = (1,)
    return shapes


def _fits(name: str, dtype: np.dtype) -> bool:
    """Return whether a dataset may have that type."""
    column = name.split("/")[-1]
    if column in ("name", "group", "jaspar", "margins_checksum", *MARKS):
        return dtype.kind == "S"
    if column in ("sequences", "targets", "margins", "source"):
        return dtype == np.uint8
    if column == "start":
        return dtype in (np.uint32, np.int64)
    return dtype == np.int64


def _checksum_problems(file: h5py.File) -> Iterator[str]:
    """Read every byte and compare its checksum with the one that was written."""
    complete = read_texts(file["complete"])[0]
    if not complete:
        yield "was not finished (its mark `complete` is empty)"
        return
    checksums = read_texts(file["checksums"])
    written = dict(zip(PARTS, checksums, strict=True))
    if MARGINS in file:
        written[MARGINS] = read_texts(file[MARGINS_CHECKSUM])[0]
    checks = _bit_checks(file)
    for name, checksum in written.items():
        check = checks.get(name)
        if _checksum(file[name], check) != checksum:
            yield f"the bytes of {name} are not those that were written: the file is damaged"
        elif check is not None:
            yield from check.problems()
    attributes = {key: read_attribute(file, key) for key in ATTRIBUTES}
    if complete_checksum(attributes, checksums) != complete:
        yield "its attributes or checksums are not those that were written: the file is damaged"


def _bit_checks(file: h5py.File) -> dict[str, BasesCheck | LabelsCheck]:
    """Return what looks at the bits of each dataset that is packed, by its name."""
    window = int(file.attrs["window"])
    n_targets = len(file["targets/name"])
    checks: dict[str, BasesCheck | LabelsCheck] = {}
    for split in SPLITS:
        bases = f"{split}/sequences"
        labels = f"{split}/targets"
        checks[bases] = BasesCheck(bases, window)
        checks[labels] = LabelsCheck(labels, n_targets)
    checks[MARGINS] = BasesCheck(MARGINS, 8)  # whole bytes: no bit of them is unused
    return checks


def _checksum(dataset: h5py.Dataset, check: BasesCheck | LabelsCheck | None = None) -> str:
    """Return the SHA-256 checksum of the bytes of a dataset, read in blocks.

    Each block is shown to `check` as well.
    """
    checksum = hashlib.sha256()
    if dataset.ndim == 0:
        checksum.update(dataset[()].tobytes())
        return checksum.hexdigest()
    row_size = dataset.dtype.itemsize * math.prod(dataset.shape[1:])
    step = max(1, _READ // max(1, row_size))
    for start in range(0, len(dataset), step):
        block = np.ascontiguousarray(dataset[start : start + step])
        checksum.update(block.data)
        if check is not None:
            check.look(block)
    return checksum.hexdigest()


def _text_problems(file: h5py.File) -> Iterator[str]:
    """Find text, and a bin size, that docs/dataset.md does not allow, in an undamaged file."""
    for name in ("chromosomes/name", "targets/name", "targets/group", "targets/jaspar"):
        try:
            texts = read_texts(file[name])
        except UnicodeDecodeError as error:
            yield f"{name} is not UTF-8 text ({error})"
            continue
        if name == "chromosomes/name" and len(set(texts)) < len(texts):
            yield f"{name} names a chromosome twice"
    try:
        source = json.loads(file["source"][:].tobytes())
        if not isinstance(source, dict):
            yield "source is not an object of JSON"
    except (ValueError, RecursionError) as error:
        yield f"source is not JSON ({error})"
    bin_size = file.attrs["bin_size"]
    if bin_size < 1:
        yield f"its attribute bin_size is {bin_size}"


def _value_problems(file: h5py.File) -> Iterator[str]:
    """Find impossible numbers in an undamaged file, as a faulty program may write them."""
    window = int(file.attrs["window"])
    n_targets = len(file["targets/name"])
    last_starts = file["chromosomes/length"][:] - window
    for split in SPLITS:
        group = file[split]
        n = len(group["sequences"])
        rows = group["chromosome_rows"][:]
        if n == 0:
            yield f"the {split} split has no window"
        sequences_length = int(group["sequences_length"][()])
        targets_length = int(group["targets_length"][()])
        if (sequences_length, targets_length) != (window, n_targets):
            yield f"the lengths of the {split} split are not those of the file"
        if rows[0] != 0 or rows[-1] != n or (np.diff(rows) < 0).any():
            yield f"{split}/chromosome_rows does not divide the rows"
            return
        start = group["start"][:].astype(np.int64)
        last_start = np.repeat(last_starts, np.diff(rows))
        if (start < 0).any() or (start > last_start).any():
            yield f"a window of the {split} split leaves its chromosome"
