"""Known motifs that a change of the sequence makes or breaks."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from danq.motif.meme import Motif, log_odds
from danq.motif.score_distribution import ScoreDistribution, score_distribution, whole_steps

SITE_P = 1e-4
"""A site counts if one as good is no likelier at one place of random bases: the threshold of FIMO
(Grant et al. 2011, https://doi.org/10.1093/bioinformatics/btr064)."""

FOLD = 10
"""How many times likelier by chance the site of the other allele must be."""

_UNKNOWN = 4  # the index of a base other than A, C, G, T

MOST = 10
"""Motifs of a variant that are named, at most: known motifs come in families."""


class Allele(NamedTuple):
    """An allele among the bases around it.

    Attributes
    ----------
    bases : numpy.ndarray, shape (L,), uint8
        Base indices.
    place : slice
        Where the allele lies; may be empty.
    """

    bases: NDArray[np.uint8]
    place: slice


class Site(NamedTuple):
    """The best site of a motif over an allele.

    Attributes
    ----------
    start : int
        Of the site, among the bases of the allele (bp, 0-based).
    strand : {"+", "-"}
        Which strand the site is on.
    log_odds : float
        Bits.
    steps : int
        The same, rounded (`danq.motif.score_distribution.whole_steps`).
    """

    start: int
    strand: Literal["+", "-"]
    log_odds: float
    steps: int


class ChangedSite(NamedTuple):
    """A motif whose best site over one allele is better than over the other.

    Attributes
    ----------
    motif : danq.motif.meme.Motif
        The motif.
    ref, alt : Site
        Its best sites.
    ref_p, alt_p : float
        Probability of a site as good at one place of random bases.
    """

    motif: Motif
    ref: Site
    alt: Site
    ref_p: float
    alt_p: float

    @property
    def is_gained(self) -> bool:
        """Whether ALT has the better site."""
        return self.alt.steps > self.ref.steps

    @property
    def better(self) -> Site:
        """The better of the two sites."""
        return self.alt if self.is_gained else self.ref


class Scorer:
    """Finds the best site of a motif over an allele, and says how likely one as good is.

    Parameters
    ----------
    motif : danq.motif.meme.Motif
        The motif.
    background : numpy.ndarray, shape (4,)
        Probabilities of the bases elsewhere, the same on both strands.
    """

    def __init__(self, motif: Motif, background: NDArray[np.float64]) -> None:
        self.motif = motif
        self.background = background
        odds = log_odds(motif.matrix, background)
        # An unknown base counts as the worst one.
        worst = odds.min(axis=1, keepdims=True)
        forward = np.concatenate([odds, worst], axis=1)
        backward = np.concatenate([odds[::-1, ::-1], worst[::-1]], axis=1)
        self._odds = np.stack([forward, backward])
        self._steps = whole_steps(self._odds)

    @cached_property
    def distribution(self) -> ScoreDistribution:
        """How likely each score is."""
        return score_distribution(self._steps[0, :, :_UNKNOWN], self.background)

    def best(self, allele: Allele) -> Site | None:
        """Return the best site that overlaps an allele; None where none fits.

        A site overlaps an empty allele, as that of a deletion, if it has bases on either side. Of
        equally good ones it is the first, and that on the forward strand.
        """
        width = len(self.motif.matrix)
        first = max(0, allele.place.start - width + 1)
        end = min(len(allele.bases) - width + 1, allele.place.stop)
        if first >= end:
            return None
        stretch = allele.bases[first : end + width - 1]
        sites = sliding_window_view(np.minimum(stretch, _UNKNOWN), width)
        columns = np.arange(width)
        scores = self._steps[:, columns, sites].sum(axis=2)
        best = scores.argmax()
        strand, place = np.unravel_index(best, scores.shape)
        odds = self._odds[strand, columns, sites[place]]
        return Site(
            start=first + int(place),
            strand="+" if strand == 0 else "-",
            log_odds=float(odds.sum()),
            steps=int(scores[strand, place]),
        )


def changed_sites(scorers: Iterable[Scorer], ref: Allele, alt: Allele) -> list[ChangedSite]:
    """Return the motifs that one allele has, and the other has not, or less well.

    Parameters
    ----------
    scorers : iterable of Scorer
        Of the motifs to look for.
    ref, alt : Allele
        The alleles, each with bases around it.

    Returns
    -------
    list of ChangedSite
        Those of which the better site is no likelier than `SITE_P`, and the other one at least
        `FOLD` times as likely; the surest site first, at most `MOST`.
    """
    found = []
    for scorer in scorers:
        sites = (scorer.best(ref), scorer.best(alt))
        change = _changed(scorer, *sites)
        if change is not None:
            found.append(change)
    found.sort(key=_lower_p)
    return found[:MOST]


def _changed(scorer: Scorer, ref: Site | None, alt: Site | None) -> ChangedSite | None:
    """Return what changes of a motif, if it is enough."""
    if ref is None or alt is None or ref.steps == alt.steps or max(ref.steps, alt.steps) <= 0:
        return None
    ref_p = scorer.distribution.p(ref.steps)
    alt_p = scorer.distribution.p(alt.steps)
    lower, higher = sorted((ref_p, alt_p))
    if lower > SITE_P or higher < FOLD * lower:
        return None
    return ChangedSite(scorer.motif, ref, alt, ref_p, alt_p)


def _lower_p(change: ChangedSite) -> float:
    return min(change.ref_p, change.alt_p)


def scorers_of(motifs: Sequence[Motif], background: NDArray[np.float64]) -> list[Scorer]:
    """Return what finds the sites of each of some motifs.

    Parameters
    ----------
    motifs : sequence of danq.motif.meme.Motif
        The motifs.
    background : numpy.ndarray, shape (4,)
        Probabilities of the bases elsewhere.

    Returns
    -------
    list of Scorer
    """
    return [Scorer(motif, background) for motif in motifs]
