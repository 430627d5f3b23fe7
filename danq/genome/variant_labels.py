"""What is known of variants: a label of each, from INFO or a column; and controls beside them."""

import bisect
import itertools
import math
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.fields import read_fields
from danq.genome.variant_text import is_vcf, variant_lines
from danq.genome.variants import is_table_header, read_variants, vcf_lines

Kind = Literal["effect", "binary", "number"]
"""What labels are: effects on each target, -1, 0 or 1; 0 or 1; any numbers."""

LOOKED_AT = 1000
"""First rows of a VCF in which a field is looked for that its header does not declare."""

_UNKNOWN = ("", ".", "NA", "nan")


class VariantLabels(NamedTuple):
    """What is known of n variants.

    Attributes
    ----------
    kind : {"effect", "binary", "number"}
        See `Kind`.
    places : pandas.DataFrame
        A row for each variant: chrom, pos (1-based), ref, alt.
    names, groups : list of str
        Of what there is a label: targets and their groups; or only the label's name.
    values : numpy.ndarray, shape (n, T), float64
        The labels.
    """

    kind: Kind
    places: pd.DataFrame
    names: list[str]
    groups: list[str]
    values: NDArray[np.float64]


def read_labels(path: PathLike, field: str) -> VariantLabels:
    """Read the labels of variants from a VCF or a table.

    Parameters
    ----------
    path : str or path-like
        The file.
    field : str
        A field of INFO, one value for each line or for each ALT, or a flag; or a column.

    Returns
    -------
    VariantLabels
        Of the variants whose label is known, each once.

    Raises
    ------
    DanqError
        There is no such field; a label is not a number; all are the same.
    """
    texts = _vcf_texts(path, field) if is_vcf(path) else _column_texts(path, field)
    rows = []
    values = []
    for row in read_variants(path):
        by_allele = texts.get(row.number, [""])
        text = by_allele[min(row.allele, len(by_allele)) - 1]
        if text not in _UNKNOWN:
            rows.append((row.chrom, row.pos, row.ref, row.alt))
            values.append(_number(text, field, path, row.number))
    if len(set(values)) < 2:
        what = f"{shown(field)} is {f'{values[0]:g}' if values else 'known'} of "
        what += "all variants" if values else "no variant"
        raise DanqError(f"{what}; a label tells variants apart: give another field", path)
    places = pd.DataFrame(rows, columns=["chrom", "pos", "ref", "alt"])
    is_new = ~places.duplicated().to_numpy()
    kind: Kind = "binary" if set(values) == {0, 1} else "number"
    labels = np.array(values)[is_new, None]
    return VariantLabels(kind, places[is_new].reset_index(drop=True), [field], [""], labels)


def refuse_no_label(path: PathLike, field: str) -> None:
    """Refuse a file without the field of a label, as far as its first rows tell.

    Parameters
    ----------
    path : str or path-like
        VCF, BCF or table.
    field : str
        A field of INFO, or a column.

    Raises
    ------
    DanqError
        A VCF whose header does not declare the field, and none of whose first rows has it; a table
        without that column.
    """
    if not is_vcf(path):
        next(iter(_column_texts(path, field)), None)
        return
    declared = f"##INFO=<ID={field},".encode()
    for _, raw in variant_lines(path):
        if raw.startswith(declared):
            return
        if not raw.startswith(b"##"):
            break
    for line in itertools.islice(vcf_lines(path), LOOKED_AT):
        if any(entry.partition("=")[0] == field for entry in line.fields[7].split(";")):
            return
    raise _no_field(path, field)


def _no_field(path: PathLike, field: str) -> DanqError:
    what = f"no variant has {shown(field)} in INFO"
    return DanqError(f"{what}; correct the name of the label", path)


def _number(text: str, field: str, path: PathLike, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        what = f"{field} is {shown(text)}, which is not a number"
        raise DanqError(f"{what}; write 0 and 1, or how strong the effect is", path, line)
    return value


def _vcf_texts(path: PathLike, field: str) -> dict[int, list[str]]:
    """Return the values of a field of INFO by line."""
    absent = ["0"] if _is_flag(path, field) else [""]
    texts = {}
    n_given = 0
    for line in vcf_lines(path):
        given = absent
        for entry in line.fields[7].split(";"):
            name, equals, value = entry.partition("=")
            if name == field:
                given = value.split(",") if equals else ["1"]
                n_given += 1
        texts[line.number] = given
    if not n_given:
        raise _no_field(path, field)
    return texts


def _is_flag(path: PathLike, field: str) -> bool:
    """Say whether the header of a VCF declares a field as a flag."""
    pattern = re.compile(rf"##INFO=<ID={re.escape(field)},.*Type=Flag")
    for _, raw in variant_lines(path):
        if not raw.startswith(b"#"):
            return False
        if pattern.match(raw.decode("utf-8", "replace")):
            return True
    return False


def _column_texts(path: PathLike, field: str) -> dict[int, list[str]]:
    """Return the values of a column by line."""
    place = None
    texts = {}
    for fields in read_fields(path, is_header=is_table_header):
        if place is None:
            if field not in fields.texts:
                what = f"has no column {shown(field)}"
                raise DanqError(f"{what}; correct the name of the label", path, fields.line)
            place = fields.texts.index(field)
        else:
            texts[fields.line] = fields.texts[place : place + 1]
    return texts


# --- controls ---


def matched(
    chroms: Sequence[str], positions: NDArray[np.integer], labels: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Choose a control for each labelled variant: the nearest one that is left.

    Controls from anywhere differ from labelled variants in all that varies along a genome, and
    flatter every model.

    Parameters
    ----------
    chroms : sequence of str, length n
        Chromosomes.
    positions : numpy.ndarray, shape (n,)
        Places on them (bp).
    labels : numpy.ndarray, shape (n,), bool
        Which variants are labelled; the others are controls.

    Returns
    -------
    numpy.ndarray, shape (n,), bool
        Labelled variants that have a control on their chromosome, and these controls.

    Examples
    --------
    >>> labels = np.array([True, False, False, True])
    >>> matched(["1", "1", "1", "2"], np.array([50, 90, 55, 7]), labels).tolist()
    [True, False, True, False]
    """
    names = np.asarray(chroms, dtype=object)
    kept = np.zeros(len(labels), dtype=bool)
    for name in dict.fromkeys(names[labels]):
        controls = np.flatnonzero((names == name) & ~labels)
        controls = controls[np.argsort(positions[controls], kind="stable")]
        labelled = np.flatnonzero((names == name) & labels)
        labelled = labelled[np.argsort(positions[labelled], kind="stable")]
        left = controls.tolist()
        places = positions[controls].tolist()
        for row in labelled.tolist():
            if left:
                nearest = _nearest(places, int(positions[row]))
                kept[[row, left.pop(nearest)]] = True
                places.pop(nearest)
    return kept


def _nearest(places: list[int], wanted: int) -> int:
    """Return the index of the nearest of ascending places, of two the left one."""
    right = bisect.bisect_left(places, wanted)
    sides = [index for index in (right - 1, right) if 0 <= index < len(places)]
    return min(sides, key=lambda index: abs(places[index] - wanted))
