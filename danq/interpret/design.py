"""A window redesigned base by base: the greedy way to a higher, or a lower, prediction.

Every substitution is tried and the best is made, again and again, as Taskiran et al. 2024
(https://doi.org/10.1038/s41586-023-06936-2) designed enhancers. The result is better by
the model alone: nothing keeps it near the sequences that the model was trained on.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from danq.errors import DanqError
from danq.genome.sequence import ALPHABET
from danq.interpret.contributions import mean_logits, mutagenesis

DIRECTIONS = {"raise": 1, "lower": -1}
"""Ways in which a logit can change, and their sign."""

LEAST = 1e-6
"""A smaller gain of the logit (float32) counts as none."""


class Design(NamedTuple):
    """A window and what became of it.

    Attributes
    ----------
    windows : torch.Tensor, shape (S + 1, 4, L), float32, on the CPU
        One-hot: the window as it was, and after each of S changes.
    changes : pandas.DataFrame
        A row per change: position (bp from the window's start, 0-based), old and new (bases),
        change (of the logit).
    logits : numpy.ndarray, shape (S + 1,), float32
        Of the target in each of `windows`, averaged over both strands.
    """

    windows: torch.Tensor
    changes: pd.DataFrame
    logits: NDArray[np.float32]


class _Substitution(NamedTuple):
    """One base in place of another: channel of the new base, position, and gain of the logit."""

    base: int
    position: int
    gain: np.float32


def redesign(
    network: nn.Module, window: torch.Tensor, target: int, steps: int, direction: str
) -> Design:
    """Change a window base by base, each time by the substitution that changes a logit most.

    Parameters
    ----------
    network : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T), in evaluation mode.
    window : torch.Tensor, shape (4, L), float32
        One-hot, on the network's device; an N is left alone.
    target : int
        Whose logit is to change: the average over both strands, as in
        `danq.interpret.contributions`.
    steps : int
        Changes to make; fewer where none is left that helps. A position may change more than once.
    direction : {"raise", "lower"}
        Which way the logit is to go.

    Returns
    -------
    Design
        The window after each change. The search is greedy: it does not find a pair of changes that
        help only together.

    Raises
    ------
    DanqError
        The direction is neither of the two.
    """
    if direction not in DIRECTIONS:
        raise DanqError(f"direction {direction!r}; choose from {', '.join(DIRECTIONS)}")
    windows = [window]
    changes = []
    for _ in range(steps):
        current = windows[-1]
        best = _best_substitution(network, current, target, DIRECTIONS[direction])
        if best.gain < LEAST:
            break
        old = int(current[:, best.position].argmax())
        windows.append(_substituted(current, old, best))
        change = (best.position, ALPHABET[old], ALPHABET[best.base])
        changes.append(change)
    return _design(network, torch.stack(windows), target, changes)


def _best_substitution(
    network: nn.Module, window: torch.Tensor, target: int, sign: int
) -> _Substitution:
    """Return the substitution that changes a logit most, in the direction of a sign."""
    gains = sign * _differences(network, window, target)
    base, position = np.unravel_index(gains.argmax(), gains.shape)
    return _Substitution(int(base), int(position), gains[base, position])


def _differences(network: nn.Module, window: torch.Tensor, target: int) -> NDArray[np.float32]:
    """Return what each substitution adds to a logit, (4, L): 0 for the base itself, and at an N."""
    hypothetical = mutagenesis(network, window, [target])[0]
    scores = (hypothetical * window.cpu()).sum(dim=0)
    # The inverse of 4/3 (F - mean F), as `danq.data.attributions.Attributions.differences`.
    return (0.75 * (hypothetical - scores)).numpy()


def _substituted(window: torch.Tensor, old: int, new: _Substitution) -> torch.Tensor:
    """Return a copy of a window in which one base (channel `old`) is substituted."""
    mutant = window.clone()
    mutant[old, new.position] = 0
    mutant[new.base, new.position] = 1
    return mutant


def _design(
    network: nn.Module, windows: torch.Tensor, target: int, changes: list[tuple[int, str, str]]
) -> Design:
    """Predict the windows of a design, and list its changes with what each did."""
    with torch.inference_mode():
        predicted = mean_logits(network, windows)[:, target]
    logits = predicted.cpu().numpy()
    table = pd.DataFrame(changes, columns=["position", "old", "new"])
    table["change"] = np.diff(logits)
    return Design(windows.cpu(), table, logits)
