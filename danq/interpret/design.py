"""A window redesigned base by base: the greedy way to a higher, or a lower, prediction.

Every substitution is tried, the best is made, and so on, as Taskiran et al. 2024
(https://doi.org/10.1038/s41586-023-06936-2) designed enhancers. What comes out is what a model takes for better:
nothing holds it near the sequences that the model was trained on.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from danq.errors import DanqError
from danq.genome.sequence import ALPHABET
from danq.interpret.attribute import mutagenesis, strand_logits

DIRECTIONS = {"raise": 1, "lower": -1}

LEAST = 1e-6
"""A smaller change of the logit (of float32) is none."""


class Design(NamedTuple):
    """A window and what became of it.

    Attributes
    ----------
    windows : torch.Tensor, shape (S + 1, 4, L), float32, on the CPU
        One-hot: the window as it was, and after each of S changes.
    changes : pandas.DataFrame
        A row per change: place (bp from the window's start, 0-based), old and new (bases), change (of the logit).
    logits : numpy.ndarray, shape (S + 1,), float32
        Of the target in each of `windows`, averaged over both strands.
    """

    windows: torch.Tensor
    changes: pd.DataFrame
    logits: np.ndarray


def redesign(model, window, target, steps, direction):
    """Change a window base by base, each time by the substitution that moves the logit of a target most.

    Parameters
    ----------
    model : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T), in evaluation mode.
    window : torch.Tensor, shape (4, L), float32
        One-hot, on the model's device; an N is left alone.
    target : int
    steps : int
        Changes to make; fewer where none is left that helps. A place may change more than once.
    direction : {"raise", "lower"}

    Returns
    -------
    Design
        What is moved is the logit averaged over both strands, as in `danq.interpret.attribute`. Greedy: a pair of changes that
        help only together is not found.

    Raises
    ------
    DanqError
        The direction is neither of the two.
    """
    if direction not in DIRECTIONS:
        raise DanqError(f"direction {direction!r}; choose from {', '.join(DIRECTIONS)}")
    windows, changes = [window], []
    for _ in range(steps):
        gains = DIRECTIONS[direction] * _differences(model, windows[-1], target)
        base, place = np.unravel_index(gains.argmax(), gains.shape)
        if gains[base, place] < LEAST:
            break
        old = int(windows[-1][:, place].argmax())
        windows.append(windows[-1].clone())
        windows[-1][[old, base], place] = torch.tensor([0.0, 1.0], device=window.device)
        changes.append((int(place), ALPHABET[old], ALPHABET[base]))
    found = torch.stack(windows)
    with torch.inference_mode():
        logits = strand_logits(model, found)[:, target].cpu().numpy()
    table = pd.DataFrame(changes, columns=["place", "old", "new"])
    return Design(found.cpu(), table.assign(change=np.diff(logits)), logits)


def _differences(model, window, target):
    """Return what each substitution does to the logit, float32 (4, L): 0 for the base itself, and at an N."""
    scores = mutagenesis(model, window, [target])[0]
    # The inverse of 4/3 (F - mean F), as `danq.data.attributions.Attributions.differences`.
    return (0.75 * (scores - (scores * window.cpu()).sum(dim=0))).numpy()
