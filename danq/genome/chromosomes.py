"""The chromosomes of a genome, and the names that other files give them."""

from collections.abc import Iterable, Mapping

import numpy as np

from danq.errors import shown


class Chromosomes:
    """The chromosomes of a genome, and the names that peak files may give them.

    Parameters
    ----------
    lengths : mapping of str to int
        Length of each chromosome (bp).
    aliases : mapping of str to str, optional
        Other names, each with the genome's own name; those of chromosomes that the genome lacks
        are skipped.

    Attributes
    ----------
    names : list of str
        The genome's own names.
    lengths : numpy.ndarray, shape (C,), int64
        Length of each chromosome (bp).
    aliases : dict of str to str
        As given.
    """

    def __init__(self, lengths: Mapping[str, int], aliases: Mapping[str, str] | None = None):
        self.names = list(lengths)
        self.lengths = np.array(list(lengths.values()), dtype=np.int64)
        self.aliases = dict(aliases or {})
        self._twins = {_plain(name): name for name in self.names}
        indices = {name: index for index, name in enumerate(self.names)}
        self._indices = {}
        for alias, name in self.aliases.items():
            if name in indices:
                self._indices[alias.encode()] = indices[name]
        for name, index in indices.items():
            self._indices[name.encode()] = index

    def index(self, name: bytes) -> int:
        """Return the index of a chromosome by its name or alias (UTF-8), or -1."""
        return self._indices.get(name, -1)

    def twin(self, name: str) -> str | None:
        """Return the chromosome that a name which the genome lacks spells otherwise, or None.

        Examples
        --------
        >>> chromosomes = Chromosomes({"chr1": 1000, "chrX": 500})
        >>> chromosomes.twin("1"), chromosomes.twin("CHRX"), chromosomes.twin("chrM")
        ('chr1', 'chrX', None)
        """
        return self._twins.get(_plain(name))


def _plain(name: str) -> str:
    """Return what two spellings of a chromosome's name share: no chr, and lower case."""
    return name.lower().removeprefix("chr")


def unknown_chromosome(chrom: str, names: Iterable[str], *, takes_aliases: bool = True) -> str:
    """Return the message for a chromosome that the genome lacks: names it has, and the likely fix.

    Parameters
    ----------
    chrom : str
        The name that the genome lacks.
    names : iterable of str
        Chromosomes of the genome.
    takes_aliases : bool
        Whether other names can be given where this one was read.

    Returns
    -------
    str
        A message without file and line.

    Examples
    --------
    >>> what, fix = unknown_chromosome("chr1", ["1", "2"]).split("; ")
    >>> what
    "'chr1' is not in the genome, which has '1', '2'"
    >>> fix
    "remove 'chr' from the names, or use a genome that has it"
    """
    names = list(names)
    listed = ", ".join(map(shown, names[:5]))
    if len(names) > 5:
        listed += ", ..."
    fix = "use files of one assembly"
    if takes_aliases:
        fix += ", or give a table of aliases"
    if chrom.removeprefix("chr") in names:
        fix = "remove 'chr' from the names, or use a genome that has it"
    elif "chr" + chrom in names:
        fix = "put 'chr' before the names, or use a genome without it"
    else:
        twins = [name for name in names if _plain(name) == _plain(chrom)]
        if twins:
            fix = f"write {shown(twins[0])}, as the genome does"
    return f"{shown(chrom)} is not in the genome, which has {listed}; {fix}"
