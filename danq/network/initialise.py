"""First filters that are initialised from motifs: known ones, as DanQ-JASPAR's, or enriched."""

from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from danq.errors import DanqError, UntrainableError, shown
from danq.motif.meme import Motif, log_odds

MARGIN = 3  # bp that a published motif keeps from either end of its filter
UNIFORM = 0.25  # subtracted from a motif's probabilities
SHARE_OF_LOG_ODDS = 0.25  # of an enriched motif
ENRICHED_BIAS = -1.5  # of a filter that is initialised from one


def choose_motifs(source: str, known: list[Motif], jaspar: list[str]) -> list[Motif]:
    """Choose the motifs that filters are initialised from.

    Parameters
    ----------
    source : {"targets", "known"}
        Each target's own motif, or all that are known.
    known : list of danq.motif.meme.Motif
        The known motifs.
    jaspar : list of str
        Identifier of each target's own motif, or empty.

    Returns
    -------
    list of danq.motif.meme.Motif
        Those of targets in the order of the targets, each once.

    Raises
    ------
    DanqError
        No target names a motif, or names one that is not known.
    """
    if source == "known":
        return known
    by_name = {motif.name: motif for motif in known}
    names = [name for name in dict.fromkeys(jaspar) if name]
    if not names:
        raise _no_own_motif("no target names its own motif")
    for name in names:
        if name not in by_name:
            what = f"the motif {shown(name)} of a target is not among the known motifs"
            raise _no_own_motif(what)
    return [by_name[name] for name in names]


def _no_own_motif(what: str) -> DanqError:
    """Return the error that targets have no known motifs of their own."""
    advice = "fix column jaspar of targets.tsv, or give the right --motifs"
    return DanqError(f"initialise_from targets: {what}; {advice}")


@torch.no_grad()
def initialise_from_motifs(
    conv: nn.Conv1d,
    motifs: list[Motif],
    generator: torch.Generator,
    background: NDArray[np.float64] | None = None,
) -> list[str]:
    """Initialise the first filters from motifs, in place.

    The other filters, and what a motif does not cover, keep their random weights. With a
    background, a motif is put into the middle of its filter as log-odds (bits), with a bias of 0.
    Without, as in DanQ-JASPAR (Quang and Xie 2016, https://doi.org/10.1093/nar/gkw226): its
    probabilities less 0.25, at a random position at least 3 bp from the filter's ends where it is
    long enough, with a bias uniform in (-1, 0). Both strands of every motif where they take at most
    half of the filters, else the forward one of each.

    Parameters
    ----------
    conv : torch.nn.Conv1d
        F filters over 4 channels, of width w.
    motifs : list of danq.motif.meme.Motif
        A motif wider than the filter is cut to its most informative columns.
    generator : torch.Generator
        Draws positions and biases, without a background.
    background : numpy.ndarray, shape (4,), optional
        Probability of A, C, G, T where there is no motif.

    Returns
    -------
    list of str, length F
        The name of the motif that each filter is initialised from, with "-" behind it for the
        reverse complement; empty for a random one.

    Raises
    ------
    UntrainableError
        More motifs than filters.
    """
    patterns = _patterns(motifs, conv.out_channels)
    width = conv.kernel_size[0]
    biases = cast(torch.Tensor, conv.bias)
    for number, pattern in enumerate(patterns):
        matrix = _most_informative(pattern.matrix, width)
        slack = width - len(matrix)
        if background is None:
            weights = matrix - UNIFORM
            start = _random_start(slack, generator)
            bias = -torch.rand((), generator=generator)
        else:
            weights = log_odds(matrix, background)
            start = slack // 2
            bias = torch.zeros(())
        columns = conv.weight[number, :, start : start + len(matrix)]
        columns.copy_(torch.from_numpy(weights.T))
        biases[number] = bias
    names = [pattern.name for pattern in patterns]
    return names + [""] * (conv.out_channels - len(patterns))


@torch.no_grad()
def initialise_from_enriched(
    conv: nn.Conv1d, motifs: list[Motif], background: NDArray[np.float64]
) -> list[str]:
    """Add motifs that are enriched in the training windows to the first filters, in place.

    A filter becomes a quarter of a motif's log-odds (bits) and its own random weights, with a bias
    of -1.5, so that it responds to good sites and can still become another motif. These numbers are
    from trials in docs/notes/trials.md.

    Parameters
    ----------
    conv : torch.nn.Conv1d
        F filters over 4 channels, of width w.
    motifs : list of danq.motif.meme.Motif
        At most F / 4, of width w: each takes two filters, one for either strand, and the other
        half of the filters stays random.
    background : numpy.ndarray, shape (4,)
        Probability of A, C, G, T where there is no motif.

    Returns
    -------
    list of str, length F
        As `initialise_from_motifs` returns it.
    """
    patterns = _patterns(motifs, conv.out_channels)
    biases = cast(torch.Tensor, conv.bias)
    for number, pattern in enumerate(patterns):
        weights = SHARE_OF_LOG_ODDS * log_odds(pattern.matrix, background)
        conv.weight[number] += torch.from_numpy(weights.T).to(conv.weight.dtype)
        biases[number] = ENRICHED_BIAS
    names = [pattern.name for pattern in patterns]
    return names + [""] * (conv.out_channels - len(patterns))


class _Pattern(NamedTuple):
    """What a filter is initialised from: probabilities of the bases, shape (w, 4)."""

    name: str
    matrix: NDArray[np.float64]


def _patterns(motifs: list[Motif], n_filters: int) -> list[_Pattern]:
    """Return the motifs, and their reverse complements where there is room, or refuse them."""
    patterns = [_Pattern(motif.name, motif.matrix) for motif in motifs]
    if 4 * len(motifs) <= n_filters:
        for motif in motifs:
            reverse = motif.reverse_complement()
            patterns.append(_Pattern(f"{motif.name}-", reverse.matrix))
    if len(patterns) > n_filters:
        what = f"{len(motifs)} known motifs do not fit {n_filters} filters"
        advice = (
            "give fewer motifs (a MEME file), initialise from targets, or use a larger train.scale"
        )
        raise UntrainableError(f"{what}; {advice}")
    return patterns


def _random_start(slack: int, generator: torch.Generator) -> int:
    """Draw where in a filter a motif begins that is `slack` bp shorter."""
    margin = MARGIN if slack >= 2 * MARGIN else 0
    starts = slack - 2 * margin + 1
    return margin + int(torch.randint(starts, (), generator=generator))


def _most_informative(matrix: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Cut a matrix (w, 4) to the `width` neighbouring columns that are furthest from uniform."""
    distance = ((matrix - UNIFORM) ** 2).sum(axis=1)
    box = np.ones(min(width, len(matrix)))
    start = int(np.convolve(distance, box, "valid").argmax())
    return matrix[start : start + width].copy()
