"""Scored variants in their own VCF: it is written again, with the scores in INFO, and indexed."""

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pandas as pd
from Bio import bgzf

import danq
from danq.data.variant_files import Refused, Scored
from danq.errors import DanqError
from danq.files import PathLike, atomic
from danq.genome.variant_text import has_pysam, variant_lines
from danq.genome.variants import VcfLine, vcf_lines

INFO = {
    "DANQ_CHANGE": ("Float", "Largest change of log-odds over targets, of ALT less REF"),
    "DANQ_TARGET": ("String", "Its target; a percent sign and two digits stand for other bytes"),
    "DANQ_E": ("Float", "Share of background variants with as large a change for that target"),
    "DANQ_P": ("Float", "Share of shuffled flanks with as large a change for that target"),
    "DANQ_Q": ("Float", "False discovery rate of DANQ_P, over all variants"),
    "DANQ_STATUS": ("String", "scored, swapped or kept; otherwise why there is no score"),
    "DANQ_FOLD": ("String", "Fold whose models scored it; all: the mean of all folds"),
}
"""INFO fields, one value for each alternative allele."""

_UNUSUAL = {"DANQ_E": "e_value", "DANQ_P": "p_value", "DANQ_Q": "q_value"}

PACKED = (".gz", ".bgz")
"""How names of VCFs end that are written as BGZF, with an index."""

LARGEST_TBI = 1 << 29
"""Positions up to which a .tbi index goes (https://samtools.github.io/hts-specs/tabix.pdf)."""

Values = Mapping[tuple[int, int], Mapping[str, str]]
"""INFO fields by line number and number of the allele."""


def refuse_other_names(path: PathLike) -> None:
    """Refuse names of other formats than VCF.

    Raises
    ------
    DanqError
        It ends in .bcf.
    """
    if str(path).endswith(".bcf"):
        what = "danq writes VCF, and not BCF; name it .vcf.gz, and convert it with bcftools view"
        raise DanqError(what, path)


@contextlib.contextmanager
def growing_vcf(
    source: PathLike | None, path: PathLike | None, notes: Mapping[str, str]
) -> Iterator["GrowingVcf"]:
    """Write a VCF again part by part, atomically; BGZF and an index if its name ends in .gz.

    Parameters
    ----------
    source : path or None
        The VCF or BCF that is scored.
    path : path or None
        The file to make; None: what is given is thrown away.
    notes : mapping of str to str
        What is added to the description of fields of `INFO`.

    Yields
    ------
    GrowingVcf
    """
    if path is None or source is None:
        yield GrowingVcf(iter(()), None)
        return
    with atomic(path) as temporary:
        packed = str(path).endswith(PACKED)
        opened: Any = bgzf.open(str(temporary), "wb") if packed else open(temporary, "wb")
        with opened as file:
            write_header(source, file, notes)
            growing = GrowingVcf(vcf_lines(source), file)
            yield growing
            growing.finish()
        if packed:
            _index(temporary, Path(path), growing)


class GrowingVcf:
    """A VCF that is being written.

    Parameters
    ----------
    lines : iterator of danq.genome.variants.VcfLine
        Its lines, without their scores.
    file : binary file or None
        Where it goes.

    Attributes
    ----------
    is_sorted : bool
        Whether the lines so far are sorted as an index needs it.
    largest : int
        Largest position so far (bp, 1-based).
    """

    def __init__(self, lines: Iterator[VcfLine], file: IO[bytes] | None) -> None:
        self.is_sorted = True
        self.largest = 0
        self._lines = lines
        self._file = file
        self._next = next(lines, None)
        self._values: dict[tuple[int, int], Mapping[str, str]] = {}
        self._place = ("", 0)
        self._chroms: set[str] = set()

    def append(self, values: Values, until: int) -> None:
        """Write the lines that have all of their scores.

        Parameters
        ----------
        values : mapping of (int, int) to mapping of str to str
            Further INFO fields by line number and number of the allele.
        until : int
            The first line that may have more.
        """
        if self._file is None:
            return
        self._values.update(values)
        while self._next is not None and self._next.number < until:
            self._write(self._next)
            self._next = next(self._lines, None)
        behind = {key: fields for key, fields in self._values.items() if key[0] >= until}
        self._values = behind

    def finish(self) -> None:
        """Write the lines that are left."""
        self.append({}, sys.maxsize)

    def _write(self, line: VcfLine) -> None:
        fields = list(line.fields)
        fields[7] = _with_info(fields[7], line.number, fields[4], self._values)
        text = "\t".join(fields) + "\n"
        assert self._file is not None
        self._file.write(text.encode())
        self._note_place(fields[0], int(fields[1]))

    def _note_place(self, chrom: str, pos: int) -> None:
        last, before = self._place
        self.largest = max(self.largest, pos)
        if chrom == last:
            self.is_sorted &= pos >= before
        else:
            self.is_sorted &= chrom not in self._chroms
            self._chroms.add(chrom)
        self._place = (chrom, pos)


def _index(temporary: Path, path: Path, written: GrowingVcf) -> None:
    """Make the index of a BGZF file, which will be called `path`, and remove an older one."""
    kind = "tbi" if written.largest <= LARGEST_TBI else "csi"
    for older in ("tbi", "csi"):
        Path(f"{path}.{older}").unlink(missing_ok=True)
    reason = None
    if not has_pysam():
        reason = 'pysam is not installed; pip install "danq[variants]", or index it with tabix'
    elif not written.is_sorted:
        reason = "its variants are not sorted by position; sort it with bcftools sort"
    if reason is not None:
        print(f"variants: {path} has no index: {reason}", file=sys.stderr)
        return
    import pysam

    with atomic(f"{path}.{kind}") as index:
        pysam.tabix_index(
            str(temporary),
            preset="vcf",
            force=True,
            keep_original=True,
            csi=kind == "csi",
            index=str(index),
        )


def write_header(source: PathLike, file: IO[bytes], notes: Mapping[str, str]) -> None:
    """Write the header of a VCF, with the new fields declared before its last line.

    Parameters
    ----------
    source : path
        The VCF or BCF.
    file : binary file
        Where it goes.
    notes : mapping of str to str
        What is added to the description of fields of `INFO`.
    """
    for _, raw in variant_lines(source):
        text = raw.decode("utf-8").removeprefix("\ufeff")
        if text.startswith("#CHROM"):
            for name, (kind, description) in INFO.items():
                described = _described(description, notes.get(name, ""))
                what = f"ID={name},Number=A,Type={kind},Description={described}"
                source_of = f'Source="danq",Version="{danq.__version__}"'
                file.write(f"##INFO=<{what},{source_of}>\n".encode())
            file.write(f"{text}\n".encode())
            return
        if text and not text.startswith(tuple(f"##INFO=<ID={name}," for name in INFO)):
            file.write(f"{text}\n".encode())


def _described(description: str, note: str) -> str:
    """Return a description as a header has it: between quotes, and none inside."""
    text = f"{description} ({note})" if note else description
    return '"' + text.replace("\\", "/").replace('"', "'") + '"'


def _with_info(info: str, number: int, alts: str, values: Values) -> str:
    """Return an INFO column with the scores of the line's alleles."""
    parts = []
    for part in info.split(";"):
        if part not in ("", ".") and part.split("=")[0] not in INFO:
            parts.append(part)
    n_alleles = alts.count(",") + 1
    for name in INFO:
        texts = []
        for allele in range(1, n_alleles + 1):
            texts.append(values.get((number, allele), {}).get(name, "."))
        if set(texts) != {"."}:
            parts.append(f"{name}={','.join(texts)}")
    return ";".join(parts) or "."


def info_values(scored: Scored, summary: pd.DataFrame) -> dict[tuple[int, int], dict[str, str]]:
    """Return the INFO fields of scored alleles, by line and number of the allele.

    Parameters
    ----------
    scored : Scored
        The scores.
    summary : pandas.DataFrame
        As `by_variant` returns it.

    Returns
    -------
    dict of (int, int) to dict of str to str
    """
    values: dict[tuple[int, int], dict[str, str]] = {}
    for row, facts in zip(scored.rows, summary.to_dict("records"), strict=True):
        fields = {
            "DANQ_CHANGE": f"{facts['log_odds_change']:.6g}",
            "DANQ_TARGET": info_text(str(facts["target"])),
            "DANQ_STATUS": info_text(facts["status"]),
        }
        for name, column in _UNUSUAL.items():
            if column in facts:
                fields[name] = f"{facts[column]:.6g}"
        if "fold" in facts:
            fields["DANQ_FOLD"] = facts["fold"]
        before = values.get((row.number, row.allele))  # of another haplotype
        if before is None or abs(float(before["DANQ_CHANGE"])) < abs(facts["log_odds_change"]):
            values[row.number, row.allele] = fields
    return values


def refused_values(refused: Sequence[Refused]) -> dict[tuple[int, int], dict[str, str]]:
    """Return the INFO fields of alleles that were not scored, by line and number."""
    values = {}
    for row, reason in refused:
        what = reason.split(";")[0]
        values[row.number, row.allele] = {"DANQ_STATUS": info_text(what)}
    return values


def info_text(text: str) -> str:
    """Return a text as an INFO value may hold it, by the escapes of VCF 4.3.

    Examples
    --------
    >>> info_text("H3K27ac; 50 %")
    'H3K27ac%3B%2050%20%25'
    """
    kept = []
    for character in text:
        is_safe = character.isalnum() or character in "_-.:/()'+<>[]*@#!?|&^~"
        kept.append(character if is_safe and character.isascii() else _escaped(character))
    return "".join(kept)


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8"))
