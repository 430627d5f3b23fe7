"""What is looked at in an HDF5 file before any of its data are read.

HDF5 lets a dataset lie in another file, lead there by a link, or hold pointers into a heap: danq
writes none of that, and follows none of it.
"""

import math
import os

import h5py

MOST = 1100
"""Bytes that deflate makes of one at most, a little above 1,032 (https://zlib.net/zlib_tech.html)."""

_KINDS: dict[type, str] = {str: "S", int: "i", float: "f"}
_WORDS: dict[type, str] = {str: "fixed-length text", int: "a whole number", float: "a number"}


def attribute_problem(file: h5py.File, key: str, kind: type) -> str | None:
    """Return what is wrong with the type of an attribute, or None.

    Parameters
    ----------
    file : h5py.File
        The open file.
    key : str
        An attribute of its root.
    kind : {str, int, float}
        What it must be: one value. Text must have a fixed length: HDF5 keeps other text in a heap
        without a checksum, and damage there can hang it.

    Returns
    -------
    str or None
    """
    attribute = file.attrs.get_id(key)
    if attribute.shape == () and attribute.dtype.kind == _KINDS[kind]:
        return None
    return f"its attribute {key} is not {_WORDS[kind]}"


def link_problem(file: h5py.File, name: str) -> str | None:
    """Return what is wrong with the path to a dataset, or None.

    Every step must be a hard link: other links may lead to other files.

    Parameters
    ----------
    file : h5py.File
        The open file.
    name : str
        The dataset: train/sequences.

    Returns
    -------
    str or None
    """
    node = file
    for step in name.split("/"):
        if not isinstance(node, h5py.Group) or step not in node:
            return f"lacks {name}"
        if not isinstance(node.get(step, getlink=True), h5py.HardLink):
            return f"{name} is a link that leads elsewhere"
        node = node[step]
    return None if isinstance(node, h5py.Dataset) else f"{name} is not a dataset"


def storage_problem(dataset: h5py.Dataset, name: str) -> str | None:
    """Return what is wrong with where and how a dataset is stored, or None.

    Parameters
    ----------
    dataset : h5py.Dataset
        A dataset, of whatever type and size; none of its data are read.
    name : str
        What messages call it.

    Returns
    -------
    str or None
    """
    offset = dataset.id.get_offset()
    stored = dataset.id.get_storage_size()
    elsewhere = dataset.chunks or dataset.external or dataset.is_virtual
    if elsewhere or (offset is None and dataset.size):
        return f"{name} is not stored contiguously in this file"
    if dataset.dtype.hasobject:
        return f"{name} is of a type of variable length"
    needed = math.prod(dataset.shape) * dataset.dtype.itemsize
    if needed != stored or (offset or 0) + stored > os.path.getsize(dataset.file.filename):
        return f"{name} reaches beyond the end of the file"
    return None


def foreign_problem(file: h5py.File, name: str) -> str | None:
    """Return why an array of another program's file is not read, or None.

    Parameters
    ----------
    file : h5py.File
        The open file; it may hold anything.
    name : str
        What is in it, in its root: a dataset, or something else, which is no problem here.

    Returns
    -------
    str or None
        It is a link, lies in another file, or claims more than `MOST` bytes for each that the file
        has: nobody packs numbers as tightly.
    """
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        return f"{name} is a link that leads elsewhere"
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset):
        return None
    if dataset.external or dataset.is_virtual:
        return f"{name} is stored in another file"
    claimed = math.prod(dataset.shape or ()) * dataset.dtype.itemsize
    size = os.path.getsize(file.filename)
    if claimed > MOST * size:
        return f"{name} claims {claimed:,} bytes in a file of {size:,}"
    return None
