"""Motifs as probability matrices: the MEME format, and JASPAR's bundled collections.

The reader is our own and strict: a motif without a matrix, a wrong width, or a row that is not a
probability distribution is refused with its line, where common readers silently return a wrong
matrix.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from danq.errors import DanqError, shown
from danq.files import PathLike, write_text
from danq.reading import read_lines
from danq.records import verified_if_recorded

TAXA = ("vertebrates", "fungi", "plants", "insects", "nematodes", "urochordates")
"""JASPAR's taxonomic groups."""

PSEUDOCOUNT = 0.01
"""Added to every probability of a motif before logarithms are taken."""

_BASES = "ACGT"  # of the columns of a matrix
_JASPAR = re.compile(r"(JASPAR\d{4}):(\w+)")


@dataclass(frozen=True)
class Motif:
    """A sequence motif.

    Attributes
    ----------
    name : str
        Identifier, unique in its file (``MA0139.2``, ``filter7``).
    alias : str
        Its common name (``CTCF``); may be empty.
    matrix : numpy.ndarray, shape (width, 4), float64
        Probability of A, C, G, T at each position; rows sum to 1.
    n_sites : int
        Number of sites behind the matrix; 0 when unknown.
    family : str
        Structural family of the factor (``C2H2 zinc finger factors``); empty when unknown.
    """

    name: str
    alias: str
    matrix: NDArray[np.float64]
    n_sites: int = 0
    family: str = ""

    def reverse_complement(self) -> "Motif":
        """Return the motif as read on the other strand."""
        return replace(self, matrix=reverse_complement(self.matrix))


def reverse_complement(matrix: NDArray[Any]) -> NDArray[Any]:
    """Return the matrix of a motif as read on the other strand.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (width, 4)
        Probabilities, weights or one-hot of A, C, G, T.

    Returns
    -------
    numpy.ndarray, shape (width, 4)
        A view: positions and bases in reverse, as the reverse of ACGT is its complement.

    Examples
    --------
    >>> reverse_complement(np.array([[1, 2, 3, 4], [5, 6, 7, 8]])).tolist()
    [[8, 7, 6, 5], [4, 3, 2, 1]]
    """
    return matrix[::-1, ::-1]


def information(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the information content of each position against a uniform background.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (width, 4)
        Probabilities of A, C, G, T.

    Returns
    -------
    numpy.ndarray, shape (width,), bits, 0 to 2
        ``2 + sum p log2 p`` (Schneider and Stephens 1990, https://doi.org/10.1093/nar/18.20.6097).

    Examples
    --------
    >>> information(np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]])).tolist()
    [2.0, 1.0, 0.0]
    """
    zeros = np.zeros(matrix.shape)
    logs = np.log2(matrix, where=matrix > 0, out=zeros)
    return 2 + (matrix * logs).sum(axis=1)


def log_odds(matrix: NDArray[np.float64], background: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds of a motif's bases against a background.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (width, 4)
        Probabilities of A, C, G, T; `PSEUDOCOUNT` is added to each.
    background : numpy.ndarray, shape (4,)
        Their probabilities in the background.

    Returns
    -------
    numpy.ndarray, shape (width, 4), bits
        Positive where a base is more likely in the motif.
    """
    smoothed = (matrix + PSEUDOCOUNT) / (1 + 4 * PSEUDOCOUNT)
    return np.log2(smoothed / background)


# --- known motifs ---


def known_motifs(source: PathLike) -> list[Motif]:
    """Load known motifs from a MEME file or from JASPAR.

    Parameters
    ----------
    source : str or path-like
        ``JASPAR<year>:<taxon>`` (``JASPAR2024:vertebrates``), or the path of a MEME file.

    Returns
    -------
    list of Motif
        In the order of the file; those of JASPAR sorted by name.

    Raises
    ------
    DanqError
        No such release or taxon, or the file is not a valid MEME file.
    """
    collection = _JASPAR.fullmatch(str(source))
    if collection is None:
        return read_meme(source)
    release, taxon = collection.groups()
    return jaspar(release, taxon)


def motif_files(source: str) -> list[str]:
    """Return the files that a source of known motifs needs: none for JASPAR, else the MEME file.

    Parameters
    ----------
    source : str
        As for `known_motifs`.

    Returns
    -------
    list of str
        No path, or one.

    Raises
    ------
    DanqError
        The source is neither ``JASPAR<year>:<taxon>`` nor a file.
    """
    collection = _JASPAR.fullmatch(source)
    if collection and collection[2] in TAXA:
        return []
    if not Path(source).is_file():
        taxa = ", ".join(TAXA)
        choices = f"neither a file nor JASPAR<year>:<taxon>, taxon one of {taxa}"
        raise DanqError(f"motifs: {shown(source)} is {choices}; fix it")
    return [source]


def jaspar(
    release: str, taxon: str | None = None, names: Sequence[str] | None = None
) -> list[Motif]:
    """Return CORE motifs from the copy of JASPAR that pyjaspar carries (no network).

    Parameters
    ----------
    release : str
        ``JASPAR2024``, for instance (https://doi.org/10.1093/nar/gkad1059).
    taxon : str, optional
        Taxonomic group: vertebrates, fungi, plants, insects, nematodes, urochordates.
    names : list of str, optional
        Matrix identifiers, in place of a whole taxon.

    Returns
    -------
    list of Motif
        In the order of `names`, or for a taxon sorted by name.

    Raises
    ------
    DanqError
        The release or the taxon is not in the bundled database.
    """
    from pyjaspar import jaspar_releases, jaspardb  # slow to load

    if release not in jaspar_releases:
        releases = ", ".join(jaspar_releases)
        raise DanqError(f"{release} is not bundled with pyjaspar; choose from {releases}")
    database = jaspardb(release=release)
    if names is not None:
        records = [database.fetch_motif_by_id(name) for name in names]
    elif taxon in TAXA:
        records = database.fetch_motifs(collection="CORE", tax_group=[taxon])
        records = sorted(records, key=lambda record: record.matrix_id)
    else:
        taxa = ", ".join(TAXA)
        raise DanqError(f"{release} has no taxon {shown(str(taxon))}; choose from {taxa}")
    return [_from_record(record) for record in records]


def _from_record(record: Any) -> Motif:
    """Return the Motif of a pyjaspar record, which holds counts."""
    columns = [record.counts[base] for base in _BASES]
    counts = np.array(columns, dtype=np.float64).T
    totals = counts.sum(axis=1, keepdims=True)
    n_sites = round(float(totals.max()))
    # Dimers may list two families, and some records list an empty one.
    families = dict.fromkeys(filter(None, record.tf_family or []))
    return Motif(record.matrix_id, record.name, counts / totals, n_sites, " / ".join(families))


# --- writing ---


def one_word(alias: str) -> str:
    """Return an alias without white space, which would end it in a MEME file or a table."""
    return "_".join(alias.split())


_MEME_HEAD = """\
MEME version 4

ALPHABET= ACGT

strands: + -

Background letter frequencies
A 0.25 C 0.25 G 0.25 T 0.25
"""


def write_meme(path: PathLike, motifs: Sequence[Motif]) -> None:
    """Write motifs in MEME format, version 4, atomically.

    Parameters
    ----------
    path : str or path-like
        The file to make (https://meme-suite.org/meme/doc/meme-format.html).
    motifs : list of Motif
        Their names and aliases must hold no white space.
    """
    entries = [_meme_entry(motif) for motif in motifs]
    write_text(path, _MEME_HEAD + "".join(entries))


def _meme_entry(motif: Motif) -> str:
    """Return the lines of one motif in a MEME file."""
    lines = [
        "",
        f"MOTIF {motif.name} {motif.alias}",
        f"letter-probability matrix: alength= 4 w= {len(motif.matrix)} "
        f"nsites= {motif.n_sites} E= 0",
    ]
    for row in motif.matrix:
        values = [f"{value:.6f}" for value in row]
        lines.append(" ".join(values))
    return "\n".join(lines) + "\n"


def export_motifs(
    motifs: PathLike, output: PathLike, format: Literal["jaspar", "transfac"]
) -> None:
    """Write the motifs of a MEME file in another format, through Biopython.

    Parameters
    ----------
    motifs : str or path-like
        MEME file.
    output : str or path-like
        The file to make.
    format : {"jaspar", "transfac"}
        https://jaspar.elixir.no/docs/ and
        http://gene-regulation.com/pub/databases/transfac/doc/matrix1SM.html: both hold counts, here
        the probabilities times the number of sites, or 100 where that is not known.

    Raises
    ------
    DanqError
        The MEME file is not valid.
    """
    from Bio import motifs as bio

    verified_if_recorded(motifs)  # motifs of a run; others have no record
    records = [_biopython_motif(motif, format) for motif in read_meme(motifs)]
    write_text(output, bio.write(records, format))


def _biopython_motif(motif: Motif, format: str) -> Any:
    """Return a motif as Biopython has it in that format."""
    from Bio.motifs import jaspar, transfac

    values = motif.matrix * (motif.n_sites or 100)
    columns = values.T.round(2).tolist()
    counts = dict(zip(_BASES, columns, strict=True))
    alias = motif.alias or motif.name
    if format == "jaspar":
        return jaspar.Motif(motif.name, alias, counts=counts)
    record = transfac.Motif(alphabet=_BASES, counts=counts)
    record.update(ID=motif.name, NA=alias)
    return record


# --- reading ---


def read_meme(path: PathLike) -> list[Motif]:
    """Read a file in minimal or full MEME format.

    Parameters
    ----------
    path : str or path-like
        The file, plain or gzip; what MEME, STREME and DREME write as text is of that format. The
        pairs ``alength=``, ``w=`` and ``nsites=`` of a matrix may be left out, as
        https://meme-suite.org/meme/doc/meme-format.html says: an empty line then ends it.

    Returns
    -------
    list of Motif
        In the order of the file; rows are scaled to sum to exactly 1.

    Raises
    ------
    DanqError
        Not a MEME file of DNA motifs, a motif without exactly one matrix, a width that differs from
        the number of rows, a row that is not four probabilities summing to 1 (within 0.01), or a
        name used twice.
    """
    reader = _MemeReader(path)
    for number, line in read_lines(path):
        text = line.decode("utf-8", "replace")
        reader.read_line(number, text.strip())
    return reader.finish()


@dataclass
class _Draft:
    """A motif while it is read: `width` is None where the file does not say it."""

    name: str
    alias: str
    line: int
    has_matrix: bool = False
    width: int | None = None
    n_sites: int = 0
    rows: list[NDArray[np.float64]] = field(default_factory=list)
    is_ended: bool = False  # by a line that is no row, where the width is not said

    @property
    def is_complete(self) -> bool:
        """Whether it has all rows of its matrix, as far as is known."""
        if self.width is None:
            return bool(self.rows)
        return len(self.rows) == self.width

    @property
    def wants_rows(self) -> bool:
        """Whether the next line must be a row, or end the matrix."""
        if self.width is None:
            return not self.is_ended
        return not self.is_complete


def _conversion(line: str) -> str:
    """Return what to do with a file that is not a MEME text, by its first line."""
    if line.startswith("<"):
        return "give MEME's text output (meme.txt), not a page or XML"
    if line.startswith(">") and "\t" in line:
        return "HOMER's motifs: convert them to MEME format"
    if line.startswith(">"):
        return "JASPAR's format, or FASTA: convert motifs with the MEME suite's jaspar2meme"
    if re.match(r"(AC|ID|XX|VV|DE)\b", line):
        return "TRANSFAC's format: convert it with the MEME suite's transfac2meme"
    return "give a file in MEME format"


class _MemeReader:
    """Reads line by line; `draft` is the motif whose MOTIF line came last."""

    # What the text output of MEME, STREME and DREME has before the version.
    _BANNER = re.compile(r"\*+|#.*|[A-Z]+ - .*")
    # What may follow a matrix whose width is not said, but for an empty line.
    _END = re.compile(r"[*-]+|#.*|URL\s.*")
    _FOUR_NUMBERS = re.compile(r"[-+.\deE]+(\s+[-+.\deE]+){3}")

    def __init__(self, path: PathLike) -> None:
        self.path = path
        self.motifs: list[Motif] = []
        self.names: set[str] = set()
        self.started = False
        self.draft: _Draft | None = None

    def read_line(self, number: int, line: str) -> None:
        """Read the line of that number, stripped of white space."""
        if not self.started:
            self._start(number, line)
        elif line.startswith("MOTIF"):
            self._close()
            self._open(number, line.split())
        elif line.startswith("letter-probability matrix"):
            self._begin_matrix(number, line)
        elif line.startswith("ALPHABET") and not re.search(r"ACGT|DNA", line):
            self._fail("the alphabet is not DNA; give a file of DNA motifs", number)
        elif self.draft is not None and self.draft.has_matrix:
            self._read_matrix_line(self.draft, number, line)

    def finish(self) -> list[Motif]:
        """Return the motifs."""
        self._close()
        if not self.motifs:
            raise DanqError("holds no motif; give a file in MEME format", self.path)
        return self.motifs

    def _fail(self, what: str, line: int) -> NoReturn:
        raise DanqError(what, self.path, line)

    def _start(self, number: int, line: str) -> None:
        """Look for the version, which begins a file."""
        if not line or self._BANNER.fullmatch(line):
            return
        if not line.startswith("MEME version"):
            what = f"a MEME file begins with 'MEME version', not {shown(line)}"
            self._fail(f"{what}; {_conversion(line)}", number)
        self.started = True

    def _open(self, number: int, words: list[str]) -> None:
        """Begin a motif."""
        if len(words) < 2:
            self._fail("MOTIF without a name; name it", number)
        name = words[1]
        if name in self.names:
            self._fail(f"the motif name {shown(name)} is used twice; rename one", number)
        self.names.add(name)
        self.draft = _Draft(name, " ".join(words[2:]), number)

    def _begin_matrix(self, number: int, line: str) -> None:
        """Begin the matrix of the motif whose MOTIF line came last."""
        if self.draft is None or self.draft.has_matrix:
            self._fail("a matrix without a MOTIF line of its own; add the line", number)
        facts = dict(re.findall(r"(\w+)\s*=\s*([^\s=]+)", line))
        if facts.get("alength", "4") != "4" or not re.fullmatch(r"[1-9]\d*", facts.get("w", "1")):
            what = "alength= must be 4, and w= the number of rows, where they are given"
            self._fail(f"{what}; fix it", number)
        self.draft.has_matrix = True
        if "w" in facts:
            self.draft.width = int(facts["w"])
        self.draft.n_sites = self._site_count(number, facts.get("nsites", "0"))

    def _site_count(self, number: int, word: str) -> int:
        """Return the number of sites that follows ``nsites=``."""
        try:
            count = round(float(word))
        except (ValueError, OverflowError):
            count = -1
        if count < 0:
            self._fail(f"nsites= {shown(word)} is not a number of sites; fix it", number)
        return count

    def _read_matrix_line(self, draft: _Draft, number: int, line: str) -> None:
        """Read a row of the matrix; once it is complete, any line but a further row."""
        is_end = draft.width is None and (line == "" or self._END.fullmatch(line))
        if draft.wants_rows and is_end:
            draft.is_ended = True
        elif draft.wants_rows:
            draft.rows.append(self._row(draft, number, line))
        elif self._FOUR_NUMBERS.fullmatch(line):
            known = "whose rows have ended" if draft.width is None else f"of width w= {draft.width}"
            what = f"row {len(draft.rows) + 1} of motif {draft.name}, {known}"
            self._fail(f"{what}; fix the matrix or its w=", number)

    def _row(self, draft: _Draft, number: int, line: str) -> NDArray[np.float64]:
        """Return the probabilities on a line, which must be a row of the matrix."""
        try:
            values = np.array([float(word) for word in line.split()])
        except ValueError:
            values = np.zeros(0)
        four = values.shape == (4,)
        if not four or not (values >= 0).all() or abs(values.sum() - 1) > 0.01:
            total = "" if draft.width is None else f" of {draft.width}"
            row = f"row {len(draft.rows) + 1}{total} of {draft.name}"
            what = f"expected 4 probabilities that sum to 1 ({row}), not {shown(line)}"
            self._fail(f"{what}; fix the matrix or its w=", number)
        return values / values.sum()

    def _close(self) -> None:
        """Take in the motif whose MOTIF line came last, if any; its matrix must be complete."""
        draft = self.draft
        if draft is None:
            return
        if not draft.is_complete:
            what = f"motif {draft.name} has no complete matrix; complete or remove it"
            self._fail(what, draft.line)
        matrix = np.array(draft.rows)
        self.motifs.append(Motif(draft.name, draft.alias, matrix, draft.n_sites))
