"""First filters that begin as known motifs, as DanQ-JASPAR's did."""

import numpy as np
import torch

from danq.errors import DanqError, UntrainableError, shown
from danq.motif.meme import log_odds

MARGIN = 3  # bp that a published motif keeps from either end of its filter
UNIFORM = 0.25  # what is taken off a motif's probabilities


def choose_motifs(start, known, jaspar):
    """Choose the motifs that filters begin as.

    Parameters
    ----------
    start : {"targets", "known"}
        Each target's own motif, or all that are known.
    known : list of danq.motif.meme.Motif
    jaspar : list of str
        Identifier of each target's own motif, or empty.

    Returns
    -------
    list of danq.motif.meme.Motif

    Raises
    ------
    DanqError
        No target names a motif, or names one that is not known.
    """
    if start == "known":
        return known
    by_name = {motif.name: motif for motif in known}
    wanted = list(dict.fromkeys(name for name in jaspar if name))
    missing = [name for name in wanted if name not in by_name]
    if missing or not wanted:
        what = (
            f"the motif {shown(missing[0])} of a target is not among the known motifs"
            if missing
            else ("no target names its own motif")
        )
        raise DanqError(
            f"initialise_from targets: {what}; fix column jaspar of targets.tsv, or give the right --motifs"
        )
    return [by_name[name] for name in wanted]


@torch.no_grad()
def start_from_motifs(conv, motifs, generator, background=None):
    """Let the first filters begin as motifs; the others, and what a motif does not cover, keep their random weights.

    With a background, a motif stands in the middle of its filter as log-odds (bits), with a bias of 0. Without, as in
    DanQ-JASPAR (Quang and Xie 2016, https://doi.org/10.1093/nar/gkw226): its probabilities less 0.25, at a random place
    at least 3 bp from the filter's ends where it is long enough, with a bias uniform in (-1, 0). Both strands of every
    motif where they take at most half of the filters, else the forward one of each.

    Parameters
    ----------
    conv : torch.nn.Conv1d
        F filters over 4 channels, of width w.
    motifs : list of danq.motif.meme.Motif
        A motif wider than the filter is cut to its most informative columns.
    generator : torch.Generator
    background : numpy.ndarray, shape (4,), optional
        Probability of A, C, G, T where there is no motif.

    Returns
    -------
    list of str, length F
        The name of the motif that each filter began as, with "-" behind it for the reverse strand; empty for a random
        one.

    Raises
    ------
    DanqError
        More motifs than filters.
    """
    matrices = [(motif.name, motif.matrix) for motif in motifs]
    if 4 * len(motifs) <= conv.out_channels:
        matrices += [(motif.name + "-", motif.matrix[::-1, ::-1]) for motif in motifs]
    if len(matrices) > conv.out_channels:
        raise UntrainableError(
            f"{len(motifs)} known motifs do not fit {conv.out_channels} filters; give fewer motifs "
            "(a MEME file), start from targets, or use a larger train.scale"
        )
    for number, (_, matrix) in enumerate(matrices):
        part = _fitting(matrix, conv.kernel_size[0])
        weights = part - UNIFORM if background is None else log_odds(part, background)
        first = _first(conv.kernel_size[0] - len(part), generator if background is None else None)
        conv.weight[number, :, first : first + len(part)] = torch.from_numpy(weights.T).to(
            conv.weight
        )
        conv.bias[number] = 0.0 if background is not None else -torch.rand((), generator=generator)
    return [name for name, _ in matrices] + [""] * (conv.out_channels - len(matrices))


def _first(slack, generator):
    """Return where in a filter a motif begins that is `slack` bp shorter: the middle, or a random place."""
    if generator is None:
        return slack // 2
    margin = MARGIN if slack >= 2 * MARGIN else 0
    return margin + int(torch.randint(slack - 2 * margin + 1, (), generator=generator))


def _fitting(matrix, width):
    """Cut a matrix (w, 4) to the `width` neighbouring columns that are furthest from uniform."""
    held = ((matrix - UNIFORM) ** 2).sum(axis=1)
    first = int(np.convolve(held, np.ones(min(width, len(matrix))), "valid").argmax())
    return matrix[first : first + width].copy()
