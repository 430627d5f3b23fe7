"""Which variants a run scores: files by name, checked before anything is trained."""

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from danq.config import ScoredVariants
from danq.errors import DanqError, DanqErrors, shown
from danq.files import PathLike
from danq.genome.haplotypes import sample_column
from danq.genome.sources import is_url
from danq.genome.variant_labels import read_labels, refuse_no_label
from danq.genome.variant_text import is_vcf
from danq.genome.variants import read_variants

SIMULATED = "simulated"
"""Name of the variants of a simulated genome."""

FIRST = 1000
"""Rows that are read before any job runs."""

_ENDINGS = (".gz", ".bgz", ".vcf", ".bcf", ".tsv", ".txt")


class VariantInput(NamedTuple):
    """A file of variants.

    Attributes
    ----------
    path : str
        Where it is.
    is_vcf : bool
        Whether it is a VCF or a BCF, and not a table.
    """

    path: str
    is_vcf: bool


def variant_name(path: PathLike) -> str:
    """Return what a file of variants is called: its name without endings, and fit for a folder.

    Examples
    --------
    >>> variant_name("data/my eQTL.vcf.gz"), variant_name("v1.2.tsv")
    ('my_eQTL', 'v1.2')
    """
    name = Path(path).name
    while name.lower().endswith(_ENDINGS):
        name = name[: name.rindex(".")]
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name).strip("._-") or "variants"


def variant_inputs(settings: ScoredVariants) -> dict[str, VariantInput]:
    """Return the files of a configuration, by name, in its order.

    Parameters
    ----------
    settings : danq.config.ScoredVariants
        The section ``variants``.

    Returns
    -------
    dict of str to VariantInput

    Raises
    ------
    DanqError
        A URL, two files of one name, or a file that cannot be read.
    """
    inputs: dict[str, VariantInput] = {}
    for path in settings.files:
        if is_url(path):
            raise DanqError("variants.files takes files; download it, and give its path", path)
        name = variant_name(path)
        if name.lower() in {used.lower() for used in (*inputs, SIMULATED)}:
            what = f"variants.files: other variants are called {shown(name)}"
            raise DanqError(f"{what}; rename the file", path)
        inputs[name] = VariantInput(path, is_vcf(path))
    return inputs


def refuse_unscorable(
    settings: ScoredVariants,
    lengths: Mapping[str, int] | None = None,
    aliases: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
) -> None:
    """Refuse files of the section ``variants`` that could not be scored, all at once.

    Parameters
    ----------
    settings : danq.config.ScoredVariants
        The section.
    lengths : mapping of str to int, optional
        Length of each chromosome of the genome (bp), where they are known.
    aliases : mapping of str to str, optional
        Other names of chromosomes.
    whole : bool
        Whether the files are read to their end; else their first rows are.

    Raises
    ------
    DanqErrors
        A line for each file that is none of variants, has no variant of this genome, no label, or
        not the sample whose haplotypes are asked for.
    """
    errors = []
    for path in [*settings.files, *filter(None, [settings.background])]:
        try:
            _refuse_foreign(path, lengths, aliases or {}, None if whole else FIRST)
            if settings.label and path in settings.files:
                if whole:
                    read_labels(path, settings.label)
                else:
                    refuse_no_label(path, settings.label)
            if settings.haplotypes and path in settings.files:
                sample_column(path, settings.sample)
        except DanqError as error:
            errors.append(error)
    if errors:
        raise DanqErrors(errors)


def _refuse_foreign(
    path: PathLike, lengths: Mapping[str, int] | None, aliases: Mapping[str, str], n: int | None
) -> None:
    """Refuse a file that is none of variants, or none of whose rows is on the genome."""
    names = set()
    for row in itertools.islice(read_variants(path), n):
        names.add(row.chrom)
    if not names:
        raise DanqError("has no variant; give a file with some", path)
    if lengths is not None and not any(aliases.get(name, name) in lengths for name in names):
        what = f"none of its chromosomes ({shown(min(names))}, ...) is in the genome"
        raise DanqError(f"{what}; give other names in aliases, or the genome of these", path)
