"""Find a known motif by what a user calls it."""

import re
from collections.abc import Sequence

from danq.errors import DanqError, shown
from danq.motif.meme import Motif


def find_motif(known: Sequence[Motif], name: str) -> Motif:
    """Find a motif by its identifier or, if none has it, by its factor.

    Parameters
    ----------
    known : sequence of danq.motif.meme.Motif
        Where to look.
    name : str
        Identifier or factor; upper and lower case are the same.

    Returns
    -------
    danq.motif.meme.Motif
        The only one of that name.

    Raises
    ------
    DanqError
        No motif is called that, or several are: lists them.
    """
    word = name.lower()
    matches = [motif for motif in known if motif.name.lower() == word]
    if not matches:
        matches = [motif for motif in known if motif.alias.lower() == word]
    if not matches:
        advice = "give the identifier or factor of one of --motifs"
        raise DanqError(f"no known motif is called {shown(name)}{_meant(known, name)}; {advice}")
    if len(matches) > 1:
        names = ", ".join(motif.name for motif in matches)
        count = len(matches)
        what = f"{count} known motifs are called {shown(name)}: {names}"
        raise DanqError(f"{what}; give the identifier of one")
    return matches[0]


def refuse_unknown(known: Sequence[Motif], name: str) -> None:
    """Refuse what is not the identifier of a known motif, letter by letter.

    Parameters
    ----------
    known : sequence of danq.motif.meme.Motif
        Where to look.
    name : str
        As in the column jaspar of a table of targets.

    Raises
    ------
    DanqError
        No motif has that identifier; the message names those that may be meant.
    """
    if all(motif.name != name for motif in known):
        what = f"no known motif has the identifier {shown(name)}{_meant(known, name)}"
        raise DanqError(f"{what}; correct it, or give the motifs that have it")


def _meant(known: Sequence[Motif], name: str) -> str:
    """Say which motifs may be meant: another version, another spelling, or those of the factor."""
    word = name.lower()
    base = re.sub(r"\.[0-9]+$", "", word)
    likely = []
    for motif in known:
        same_base = re.sub(r"\.[0-9]+$", "", motif.name.lower()) == base
        if same_base or motif.alias.lower() == word:
            likely.append(motif.name)
    if not likely:
        return ""
    return f" (did you mean {' or '.join(likely[:3])}?)"
