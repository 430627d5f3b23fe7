"""Figures of explained variants: the bases of REF and of ALT, one below the other."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danq.data.explained import ExplainedVariant, Explanations
from danq.errors import shown
from danq.genome.sequence import encode, one_hot
from danq.plotting.drawing import save_figure
from danq.plotting.style import INK, shortened

_LONGEST_NAME = 80  # characters of a file's name
_NAMED = 4  # motifs in a title


def draw_explanations(folder: Path, explanations: Explanations) -> None:
    """Draw each variant into a file of its own: ``01_chr1_1265154_C_T.svg``.

    Parameters
    ----------
    folder : pathlib.Path
        Where to put them; made if it is not there.
    explanations : danq.data.explained.Explanations
        The variants.
    """
    for rank, variant in enumerate(explanations.variants, 1):
        alleles = f"{variant.ref}_{variant.alt}"
        words = f"{rank:02d}_{variant.chrom}_{variant.pos}_{alleles}"
        name = re.sub(r"[^A-Za-z0-9._-]", "_", words)
        figure = draw_variant(variant)
        save_figure(figure, folder / f"{name[:_LONGEST_NAME]}.svg")


def draw_variant(variant: ExplainedVariant) -> Any:
    """Draw the bases around a variant, as high as they matter, with REF above and ALT below.

    Parameters
    ----------
    variant : danq.data.explained.ExplainedVariant
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure
        The alleles are shaded. Each is said to have the motifs that the other one has not.
    """
    from matplotlib.figure import Figure  # slow to load

    n_ref = len(variant.ref_sequence)
    longest = max(n_ref, len(variant.alt_sequence))
    size = (0.11 * longest + 1.2, 3.8)
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    upper, lower = figure.subplots(2, 1, sharex=True, sharey=True)
    ref = _heights(variant.ref_sequence, variant.ref_effects)
    alt = _heights(variant.alt_sequence, variant.alt_effects)
    _draw_allele(upper, variant, ref, variant.ref)
    _draw_allele(lower, variant, alt, variant.alt)
    left = variant.start - 0.5
    upper.set_xlim(left, left + longest)
    upper.set_title(_title("REF", variant, "lost"), fontsize=9, loc="left", parse_math=False)
    lower.set_title(_title("ALT", variant, "gained"), fontsize=9, loc="left", parse_math=False)
    if len(variant.ref) != len(variant.alt):
        # Behind an insertion or a deletion, the bases of ALT have no place on the chromosome.
        upper.tick_params(labelbottom=True)
        lower.tick_params(labelbottom=False)
    lower.set_xlabel(f"{variant.chrom} (bp)", parse_math=False)
    figure.suptitle(heading(variant), fontsize=10, parse_math=False)
    return figure


def _title(side: str, variant: ExplainedVariant, change: str) -> str:
    """Say which allele it is, and which motifs the other one has not."""
    allele = variant.ref if side == "REF" else variant.alt
    changed = [motif.name for motif in variant.motifs if motif.change == change]
    names = list(dict.fromkeys(changed))[:_NAMED]
    text = f"{side} {_short(allele)}"
    if not names:
        return text
    return f"{text}, {change}: {', '.join(names)}"


def heading(variant: ExplainedVariant) -> str:
    """Say which variant it is, and what it changes."""
    ref = _short(variant.ref)
    alt = _short(variant.alt)
    place = f"{variant.chrom}:{variant.pos:,} {ref}>{alt}"
    target = shown(variant.target)[1:-1]
    change = f"log-odds {variant.change:+.2f}"
    chances = f"probability {variant.p_ref:.3f} to {variant.p_alt:.3f}"
    return f"{place}, {target}: {change} ({chances})"


def _short(allele: str) -> str:
    return shortened(allele, 12)


def _heights(sequence: str, effects: list[float]) -> NDArray[np.float64]:
    """Return the height of each base, (width, 4): 0 for those that are not there."""
    there = one_hot(encode(sequence))
    column = np.array(effects)[:, None]
    return there * column


def _draw_allele(
    ax: Any, variant: ExplainedVariant, heights: NDArray[np.float64], allele: str
) -> None:
    from danq.plotting import logos

    first = variant.start + variant.offset
    shaded = (first, first + len(allele))
    logos.score_logo(ax, heights, variant.start, shaded)
    ax.set_ylabel("log-odds", color=INK)
    ax.set_xlabel("")
