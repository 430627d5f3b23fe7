"""What each base of a window contributes to a logit: mutagenesis and integrated gradients.

What is explained is the logit, averaged over both strands,
``F(x) = (logit(x) + logit(reverse complement of x)) / 2``: the contributions of the reverse
complement are then the reverse complement of the contributions. Both methods give each base b at
each position i a hypothetical score: what it would contribute if it were there. Its mean over
the four bases is 0 (Majdandzic et al. 2023, https://doi.org/10.1186/s13059-023-02956-3, explain
why it should be). The score of a position is that of the base that is there.

mutagenesis
    F with b at i, less the mean of F over the other three bases there. So the score of a position
    is the reference less the mean of its three substitutions: in-silico saturation mutagenesis
    (Alipanahi et al. 2015, https://doi.org/10.1038/nbt.3300; Zhou and Troyanskaya 2015,
    https://doi.org/10.1038/nmeth.3547).
gradients
    Integrated gradients (Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365). The baseline
    is 0.25 of every base: it needs no seed and no average over draws, it is the same for all
    windows and models, and it is its own reverse complement, none of which holds for shuffled
    sequences. The scores of a window add up to F(x) less F of the baseline, but for the error of
    the numerical integral, which is reported: the completeness error.

An N stays an N and has the score 0. DeepLIFT is not offered: it has no rule for the products of
gates in an LSTM and takes them as linear (Shrikumar et al. 2017,
https://proceedings.mlr.press/v70/shrikumar17a.html, treats only layers that are linear or of one
variable).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from danq.errors import DanqError
from danq.network.strands import BATCH, strand_logits

BASELINE = 0.25
"""Value of every base in the baseline of integrated gradients."""

_NO_CAPTUM = (
    "gradients need captum, which is not installed; "
    'pip install "danq[interpret]", or use method mutagenesis'
)


class Gradients(NamedTuple):
    """The integrated gradients of one window.

    Attributes
    ----------
    scores : torch.Tensor, shape (n targets, 4, L), float32, on the CPU
        Mean gradients along the path, less their mean over bases.
    completeness_error : torch.Tensor, shape (n targets,), float32, on the CPU
        What the sum of the scores misses of F(window) - F(baseline), as a share of it.
    """

    scores: torch.Tensor
    completeness_error: torch.Tensor


def mean_logits(network: nn.Module, X: torch.Tensor) -> torch.Tensor:
    """Return logits averaged over the two strands.

    Parameters
    ----------
    network : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T), in evaluation mode.
    X : torch.Tensor, shape (N, 4, L), float32
        One-hot windows.

    Returns
    -------
    torch.Tensor, shape (N, T)
        Of each window and target.
    """
    forward, reverse = strand_logits(network, X)
    return (forward + reverse) / 2


def mutagenesis(network: nn.Module, window: torch.Tensor, targets: Sequence[int]) -> torch.Tensor:
    """Put every other base at every position of a window.

    Parameters
    ----------
    network : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T), in evaluation mode.
    window : torch.Tensor, shape (4, L), float32
        One-hot, on the network's device; N is four zeros, and is left alone.
    targets : sequence of int
        Whose logits are explained.

    Returns
    -------
    torch.Tensor, shape (len(targets), 4, L), float32, on the CPU
        The logit with a base at a position, less the mean over the three others:
        ``4/3 (F - mean F)``.
    """
    with torch.inference_mode():
        effects = _substitution_effects(network, window, targets)
        centred = effects - effects.mean(dim=1, keepdim=True)
        scores = 4 / 3 * centred
    return scores.cpu()


def _substitution_effects(
    network: nn.Module, window: torch.Tensor, targets: Sequence[int]
) -> torch.Tensor:
    """Return what each substitution adds to the logits: 0 for the base itself, and at an N."""
    known = window.any(dim=0)
    absent = (window == 0) & known
    bases, positions = absent.nonzero(as_tuple=True)
    effects = window.new_zeros(len(targets), *window.shape)
    columns = torch.tensor(targets, device=window.device)  # a list would be copied there every time
    reference = mean_logits(network, window[None])[:, columns]
    batches = zip(bases.split(BATCH), positions.split(BATCH), strict=True)
    for base, position in batches:
        logits = mean_logits(network, _mutants(window, base, position))
        change = logits[:, columns] - reference
        effects[:, base, position] = change.T
    return effects


def _mutants(window: torch.Tensor, bases: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Return copies of a window (n, 4, L), each with one base put at one position."""
    n = len(bases)
    mutants = window.repeat(n, 1, 1)
    rows = torch.arange(n, device=window.device)
    mutants[rows, :, positions] = 0
    mutants[rows, bases, positions] = 1
    return mutants


def integrated_gradients(
    network: nn.Module, window: torch.Tensor, targets: Sequence[int], steps: int
) -> Gradients:
    """Integrate the gradients of a window's logits along the straight path from the baseline.

    Parameters
    ----------
    network : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T), in evaluation mode.
    window : torch.Tensor, shape (4, L), float32
        One-hot, on the network's device; N is four zeros, and stays so along the path.
    targets : sequence of int
        Whose logits are explained.
    steps : int
        Points at which gradients are taken (Gauss-Legendre).

    Returns
    -------
    Gradients
        Scores, and what they miss of their sum.

    Raises
    ------
    DanqError
        captum is not installed.
    """
    known = window.any(dim=0)
    baseline = BASELINE * known.expand_as(window)
    gradients = []
    # cuDNN refuses the backward pass of an LSTM in evaluation mode, and training mode would switch
    # dropout on.
    with torch.backends.cudnn.flags(enabled=False):
        for target in targets:
            gradients.append(_path_gradients(network, window, baseline, target, steps))
    means = torch.cat(gradients).detach().float()
    scores = (means - means.mean(dim=1, keepdim=True)) * known
    difference = _logit_difference(network, window, baseline, targets)
    missed = (scores * window).sum(dim=(1, 2)) - difference
    error = missed.abs() / difference.abs()
    return Gradients(scores.cpu(), error.cpu())


def _path_gradients(
    network: nn.Module, window: torch.Tensor, baseline: torch.Tensor, target: int, steps: int
) -> torch.Tensor:
    """Return the mean gradient of one logit along the path, shape (1, 4, L)."""

    def logit(X: torch.Tensor) -> torch.Tensor:
        return mean_logits(network, X)[:, target]

    method = load_captum()(logit, multiply_by_inputs=False)
    return method.attribute(window[None], baseline[None], n_steps=steps, internal_batch_size=BATCH)


def _logit_difference(
    network: nn.Module, window: torch.Tensor, baseline: torch.Tensor, targets: Sequence[int]
) -> torch.Tensor:
    """Return F(window) - F(baseline) of some targets."""
    with torch.no_grad():
        logits = mean_logits(network, torch.stack([window, baseline]))
    ends = logits[:, torch.tensor(targets, device=logits.device)]
    return ends[0] - ends[1]


def load_captum() -> Any:
    """Return captum's `IntegratedGradients`; a DanqError says how to install a missing captum."""
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise DanqError(_NO_CAPTUM) from error
    return IntegratedGradients
