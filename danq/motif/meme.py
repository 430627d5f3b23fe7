"""Motifs as probability matrices: the MEME format, and JASPAR's bundled collections.

The reader is our own and strict: a motif without a matrix, a width that does not fit, a row that is no
probability distribution are refused by line, where common readers give a wrong matrix without a word.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danq.errors import DanqError, shown
from danq.files import read_lines, write_text

TAXA = ("vertebrates", "fungi", "plants", "insects", "nematodes", "urochordates")
"""JASPAR's taxonomic groups."""

PSEUDOCOUNT = 0.01
"""Added to every probability of a motif before logarithms are taken."""

_JASPAR = re.compile(r"(JASPAR\d{4}):(\w+)")


@dataclass(frozen=True)
class Motif:
    """A sequence motif.

    Attributes
    ----------
    name : str
        Identifier, unique in its file (``MA0139.2``, ``filter7``).
    alias : str
        What people call it (``CTCF``); may be empty.
    matrix : numpy.ndarray, shape (width, 4), float64
        Probability of A, C, G, T at each position; rows sum to 1.
    n_sites : int
        Number of sites behind the matrix; 0 when unknown.
    family : str
        Structural family of the factor (``C2H2 zinc finger factors``); empty when unknown.
    """

    name: str
    alias: str
    matrix: np.ndarray
    n_sites: int = 0
    family: str = ""


def information(matrix):
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
    logs = np.log2(matrix, where=matrix > 0, out=np.zeros(matrix.shape))
    return 2 + (matrix * logs).sum(axis=1)


def log_odds(matrix, background):
    """Return a motif (width, 4) as log2 of its probabilities over `background` (4,), in bits."""
    smoothed = (matrix + PSEUDOCOUNT) / (1 + 4 * PSEUDOCOUNT)
    return np.log2(smoothed / background)


def known_motifs(source):
    """Load known motifs from a MEME file or from JASPAR.

    Parameters
    ----------
    source : str
        ``JASPAR<year>:<taxon>`` (``JASPAR2024:vertebrates``), or the path of a MEME file.

    Returns
    -------
    list of Motif

    Raises
    ------
    DanqError
        No such release or taxon, or the file is not a whole MEME file.
    """
    collection = _JASPAR.fullmatch(str(source))
    return jaspar(*collection.groups()) if collection else read_meme(source)


def motif_files(source):
    """Return the files behind a source of known motifs: none for JASPAR, else the one that it names.

    Parameters
    ----------
    source : str
        As for `known_motifs`.

    Returns
    -------
    list of str

    Raises
    ------
    DanqError
        It is neither ``JASPAR<year>:<taxon>`` nor a file.
    """
    collection = _JASPAR.fullmatch(source)
    if collection and collection[2] in TAXA:
        return []
    if not Path(source).is_file():
        raise DanqError(
            f"motifs: {shown(source)} is neither a file nor JASPAR<year>:<taxon>, taxon one of "
            f"{', '.join(TAXA)}; fix it"
        )
    return [source]


def jaspar(release, taxon=None, names=None):
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
    list of Motif, sorted by name when a taxon is asked for, in the given order otherwise

    Raises
    ------
    DanqError
        The release or the taxon is not in the bundled database.
    """
    from pyjaspar import jaspar_releases, jaspardb

    if release not in jaspar_releases:
        raise DanqError(
            f"{release} is not bundled with pyjaspar; choose from {', '.join(jaspar_releases)}"
        )
    if taxon not in TAXA and names is None:
        raise DanqError(f"{release} has no taxon {shown(taxon)}; choose from {', '.join(TAXA)}")
    database = jaspardb(release=release)
    if names is None:
        found = sorted(
            database.fetch_motifs(collection="CORE", tax_group=[taxon]),
            key=lambda motif: motif.matrix_id,
        )
    else:
        found = [database.fetch_motif_by_id(name) for name in names]
    return [_from_counts(motif) for motif in found]


def _from_counts(motif):
    counts = np.array([motif.counts[base] for base in "ACGT"], dtype=np.float64).T
    totals = counts.sum(axis=1, keepdims=True)
    # A dimer of two families has both, and some an empty one.
    family = " / ".join(dict.fromkeys(filter(None, motif.tf_family or [])))
    return Motif(motif.matrix_id, motif.name, counts / totals, round(float(totals.max())), family)


def one_word(alias):
    """Return an alias without white space, which would end it in a MEME file or a table."""
    return "_".join(alias.split())


def write_meme(path, motifs):
    """Write motifs in MEME format (version 4, https://meme-suite.org/meme/doc/meme-format.html), atomically.

    Parameters
    ----------
    path : str or path-like
        The file to make.
    motifs : list of Motif
        Their names and aliases must hold no white space.
    """
    parts = [
        "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\n"
        "A 0.25 C 0.25 G 0.25 T 0.25\n"
    ]
    for motif in motifs:
        rows = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in motif.matrix)
        parts.append(
            f"\nMOTIF {motif.name} {motif.alias}\nletter-probability matrix: alength= 4 "
            f"w= {len(motif.matrix)} nsites= {motif.n_sites} E= 0\n{rows}\n"
        )
    write_text(path, "".join(parts))


def export_motifs(motifs, output, format):
    """Write the motifs of a MEME file in another format, through Biopython.

    Parameters
    ----------
    motifs : str or path-like
        MEME file.
    output : str or path-like
        The file to make.
    format : {"jaspar", "transfac"}
        https://jaspar.elixir.no/docs/ and http://gene-regulation.com/pub/databases/transfac/doc/matrix1SM.html: both
        hold counts, here the probabilities times the number of sites, or 100 where that is not known.

    Raises
    ------
    DanqError
        The motifs are unfit.
    """
    from Bio import motifs as bio
    from Bio.motifs import jaspar, transfac

    written = []
    for motif in read_meme(motifs):
        counts = dict(
            zip("ACGT", (motif.matrix * (motif.n_sites or 100)).T.round(2).tolist(), strict=True)
        )
        if format == "jaspar":
            written.append(jaspar.Motif(motif.name, motif.alias or motif.name, counts=counts))
        else:
            written.append(transfac.Motif(alphabet="ACGT", counts=counts))
            written[-1].update(ID=motif.name, NA=motif.alias or motif.name)
    write_text(output, bio.write(written, format))


def read_meme(path):
    """Read a file in minimal or full MEME format.

    Parameters
    ----------
    path : str or path-like
        The file, plain or gzip.

    Returns
    -------
    list of Motif

    Raises
    ------
    DanqError
        Not a MEME file of DNA motifs, a motif without exactly one matrix, a width that differs from the number
        of rows, a row that is not four probabilities summing to 1 (within 0.01), or a name used twice.
    """
    reader = _MemeReader(path)
    for number, line in read_lines(path):
        reader.take(number, line.decode("utf-8", "replace").strip())
    return reader.finish()


class _MemeReader:
    """Reads line by line: `rows` is None outside a matrix, and the list being filled inside one."""

    def __init__(self, path):
        self.path, self.motifs, self.names = path, [], set()
        self.started, self.open, self.rows, self.width, self.n_sites = False, None, None, None, 0

    def fail(self, what, line):
        raise DanqError(what, self.path, line)

    def take(self, number, line):
        if not self.started:
            # The banner of MEME's own text output comes before its version.
            if line and not re.fullmatch(r"\*+|MEME - .*", line):
                self.started = line.startswith("MEME version") or self.fail(
                    f"a MEME file begins with 'MEME version', not {shown(line)}; give a file in MEME format",
                    number,
                )
        elif line.startswith("MOTIF"):
            self.close(number)
            self.begin(number, line.split())
        elif line.startswith("letter-probability matrix"):
            self.begin_matrix(number, line)
        elif self.rows is not None and len(self.rows) < self.width:
            self.rows.append(self.row(number, line))
        elif self.rows is not None and re.fullmatch(r"[-+.\deE]+(\s+[-+.\deE]+){3}", line):
            self.fail(
                f"row {self.width + 1} of motif {self.open[0]}, of width w= {self.width}; fix the width",
                number,
            )
        elif line.startswith("ALPHABET") and not re.search(r"ACGT|DNA", line):
            self.fail("the alphabet is not DNA; give a file of DNA motifs", number)

    def begin(self, number, words):
        if len(words) < 2:
            self.fail("MOTIF without a name; name it", number)
        if words[1] in self.names:
            self.fail(f"the motif name {shown(words[1])} is used twice; rename one", number)
        self.names.add(words[1])
        self.open = (words[1], " ".join(words[2:]), number)

    def begin_matrix(self, number, line):
        if self.open is None or self.rows is not None:
            self.fail("a matrix without a MOTIF line of its own; add the line", number)
        facts = dict(re.findall(r"(\w+)\s*=\s*([^\s=]+)", line))
        if facts.get("alength", "4") != "4" or not re.fullmatch(r"[1-9]\d*", facts.get("w", "")):
            self.fail("a matrix line needs alength= 4 and w= the number of rows; fix it", number)
        self.rows, self.width = [], int(facts["w"])
        try:
            self.n_sites = round(float(facts.get("nsites", 0)))
            if self.n_sites < 0:
                raise ValueError
        except (ValueError, OverflowError):
            self.fail(f"nsites= {shown(facts['nsites'])} is not a number of sites; fix it", number)

    def row(self, number, line):
        try:
            values = np.array([float(word) for word in line.split()])
        except ValueError:
            values = np.zeros(0)
        if values.shape != (4,) or not (values >= 0).all() or abs(values.sum() - 1) > 0.01:
            self.fail(
                f"expected 4 probabilities that sum to 1 (row {len(self.rows) + 1} of {self.width} of "
                f"{self.open[0]}), not {shown(line)}; fix the matrix or its w=",
                number,
            )
        return values / values.sum()

    def close(self, number):
        if self.open is None:
            return
        name, alias, line = self.open
        if self.rows is None or len(self.rows) < self.width:
            self.fail(f"motif {name} has no whole matrix; complete or remove it", line)
        self.motifs.append(Motif(name, alias, np.array(self.rows), self.n_sites))
        self.open = self.rows = None

    def finish(self):
        self.close(None)
        if not self.motifs:
            raise DanqError("holds no motif; give a file in MEME format", self.path)
        return self.motifs
