"""All files of scored variants at once, while blocks of variants come in."""

import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from danq.data import variant_files as files
from danq.data.variant_store import GrowingStore, growing_store
from danq.data.variant_vcf import GrowingVcf, growing_vcf, info_values, refused_values
from danq.files import PathLike
from danq.records import Input


class Outputs(NamedTuple):
    """What to make; None for what is not asked for.

    Attributes
    ----------
    table, summary, vcf, refused, h5 : path or None
        A row for each variant and target; a row for each variant; the VCF with scores in INFO; what
        was refused; all scores of all variants in HDF5.
    """

    table: PathLike | None
    summary: PathLike | None
    vcf: PathLike | None
    refused: PathLike | None
    h5: PathLike | None = None

    @property
    def has_scores(self) -> bool:
        """Whether any of them holds scores."""
        return any(path is not None for path in (self.table, self.summary, self.vcf, self.h5))

    @property
    def folder(self) -> Path:
        """The folder of the first of them, or that of temporary files."""
        paths = [Path(path) for path in self if path is not None]
        return paths[0].parent if paths else Path(tempfile.gettempdir())


class About(NamedTuple):
    """What the scores are about.

    Attributes
    ----------
    source : path or None
        The VCF that is scored; None of variants from elsewhere.
    targets : list of str
        Names of the targets.
    top : int or None
        Targets of a variant in the table by target, at most.
    background : str
        What E-values compare with, in words; empty where there are none.
    folds : str
        The chromosomes that the models of each fold score, in words; empty without folds.
    float16 : bool
        Whether scores in HDF5 have 16 bits, instead of 32.
    inputs : sequence of danq.records.Input
        What HDF5 records of what the scores are made from.
    """

    source: PathLike | None
    targets: Sequence[str]
    top: int | None
    background: str = ""
    folds: str = ""
    float16: bool = False
    inputs: Sequence[Input] = ()

    def notes(self) -> dict[str, str]:
        """Return what the header of a VCF says beside the descriptions of its fields."""
        texts = {"DANQ_E": self.background, "DANQ_FOLD": self.folds}
        return {name: text for name, text in texts.items() if text}

    def facts(self) -> dict[str, str]:
        """Return the attributes of HDF5."""
        texts = {"background": self.background, "folds": self.folds}
        return {name: text for name, text in texts.items() if text}


class GrowingOutputs(NamedTuple):
    """The files that are being written.

    Attributes
    ----------
    about : About
        What the scores are about.
    table, summary, refused : danq.data.variant_files.GrowingTable
        See `Outputs`.
    vcf : danq.data.variant_vcf.GrowingVcf
        See `Outputs`.
    store : danq.data.variant_store.GrowingStore
        See `Outputs`.
    scored : list of int
        Number of scored alleles in each block so far.
    reasons : collections.Counter of str
        Number of refused alleles so far, by the kind of their reason.
    """

    about: About
    table: files.GrowingTable
    summary: files.GrowingTable
    refused: files.GrowingTable
    vcf: GrowingVcf
    store: GrowingStore
    scored: list[int]
    reasons: Counter[str]

    def append(self, scored: files.Scored, refused: Sequence[files.Refused]) -> None:
        """Write further alleles: those with scores, and the others between them.

        Parameters
        ----------
        scored : danq.data.variant_files.Scored
            The scores.
        refused : sequence of danq.data.variant_files.Refused
            Those without.
        """
        summary = files.by_variant(scored, self.about.targets)
        self.summary.append(summary)
        if self.table.file is not None:
            self.table.append(files.by_target(scored, self.about.targets, self.about.top))
        self.store.append(scored)
        self.refused.append(files.refused_table(refused))
        numbers = [row.number for row in scored.rows] + [row.number for row, _ in refused]
        values = info_values(scored, summary) | refused_values(refused)
        self.vcf.append(values, max(numbers, default=0))
        self.scored.append(len(scored.rows))
        self.reasons.update(files.reason_kind(reason) for _, reason in refused)


@contextlib.contextmanager
def growing_outputs(outputs: Outputs, about: About) -> Iterator[GrowingOutputs]:
    """Write all that is asked for part by part, atomically.

    Parameters
    ----------
    outputs : Outputs
        The files to make.
    about : About
        What the scores are about.

    Yields
    ------
    GrowingOutputs
    """
    with (
        files.growing_table(outputs.table) as table,
        files.growing_table(outputs.summary) as summary,
        files.growing_table(outputs.refused) as refused,
        growing_vcf(about.source, outputs.vcf, about.notes()) as vcf,
        growing_store(
            outputs.h5, about.float16, about.targets, about.facts(), about.inputs
        ) as store,
    ):
        yield GrowingOutputs(about, table, summary, refused, vcf, store, [], Counter())
