"""Files of version 5 as MATLAB may write them and SciPy does not, and damaged ones."""

import struct
import zlib

import numpy as np
import pytest

from danq.data.deepsea import import_deepsea
from danq.errors import DanqError
from tests.data.test_deepsea import KINDS, check, matlab_arrays, refused, small_bundle


def element(order, kind, raw):
    """Write a data element of MATLAB's level 5 format: small, or padded to 8 bytes."""
    if len(raw) <= 4:
        return struct.pack(order + "I", len(raw) << 16 | kind) + raw.ljust(4, b"\0")
    return struct.pack(order + "II", kind, len(raw)) + raw + b"\0" * (-len(raw) % 8)


def array_element(order, name, values, array_class=9, kind=2, flags=0):
    """Write an array.

    Its class (9: uint8, 6: double) and the type of its data (2: uint8, 9: double) may differ.
    """
    body = (
        element(order, 6, struct.pack(order + "II", flags | array_class, 0))
        + element(order, 5, struct.pack(f"{order}{values.ndim}i", *values.shape))
        + element(order, 1, name.encode())
        + element(order, kind, values.astype(order + {2: "u1", 9: "f8"}[kind]).tobytes("F"))
    )
    return element(order, 14, body)


def write_mat5(path, order, elements):
    version = struct.pack(order + "H", 0x0100) + (b"IM" if order == "<" else b"MI")
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + version + b"".join(elements))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compressed", [False, True])
def test_both_byte_orders_other_variables_and_numbers_that_are_doubles(tmp_path, order, compressed):
    rows, paths = small_bundle(tmp_path)
    x, y = matlab_arrays(*rows["train"])
    elements = [
        array_element(order, "other", np.ones((1, 3), dtype=np.uint8)),
        array_element(order, "traindata", y, 6),
        array_element(order, "trainxdata", x, 6, 9),
    ]
    if compressed:
        elements = [
            struct.pack(order + "II", 15, len(raw)) + raw for raw in map(zlib.compress, elements)
        ]
    write_mat5(paths[0], order, elements)
    import_deepsea(*paths, tmp_path / "dataset.h5")
    check(tmp_path / "dataset.h5", rows)


@pytest.mark.parametrize("kind", KINDS[2:])
def test_damaged_bytes_are_refused_or_harmless(tmp_path, kind):
    rows, paths = small_bundle(tmp_path, ("v5", "v5", kind))
    content = paths[2].read_bytes()
    for position in range(124, min(len(content), 420), 2):
        paths[2].write_bytes(
            content[:position] + bytes([content[position] ^ 255]) + content[position + 1 :]
        )
        try:
            import_deepsea(*paths, tmp_path / "dataset.h5")
        except DanqError as error:
            assert "\n" not in str(error) and str(paths[2]) in str(error)
        else:
            check(tmp_path / "dataset.h5", rows)


def test_arrays_of_another_kind_are_refused(tmp_path):
    _, paths = small_bundle(tmp_path)
    for flags, array_class in ((0x0800, 9), (0, 5), (0, 4)):  # complex, sparse, text
        write_mat5(
            paths[0],
            "<",
            [
                array_element("<", name, np.ones((2, 2)), array_class, flags=flags)
                for name in ("trainxdata", "traindata")
            ],
        )
        refused(tmp_path, paths, "its trainxdata is not a full array of real numbers")
