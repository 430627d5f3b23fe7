"""The kinds of rule in the simulated genome, drawn and in words.

What each means is `danq.simulation.grammar`'s to say; distances are between near edges, but between
centres for the helix.
"""

from collections.abc import Sequence
from typing import NamedTuple

from danq.plotting.rule_svg import Gap, Site

Parts = Sequence[Site | Gap]


class Rule(NamedTuple):
    """A kind of rule.

    Attributes
    ----------
    asks : str
        What a model must know to follow it.
    positive, decoy : str
        When a bin is positive, and when it has the same sites and is not.
    positive_parts, decoy_parts : sequence of Site or Gap
        An example of each, to be drawn.
    """

    asks: str
    positive: str
    decoy: str
    positive_parts: Parts
    decoy_parts: Parts


_LEFT = Site("left half", 0)
_RIGHT = Site("right half", 1)
_ELF4 = Site("ELF4", 0)
_ONECUT3 = Site("ONECUT3", 0, "+")
_HNF4A = Site("HNF4A", 1, "+")
_SRF = Site("SRF", 0)
_REST = Site("REST", 4)
_TFE3 = Site("TFE3", 0)
_TP53 = Site("TP53", 1)
_CTCF = Site("CTCF", 4)
_GFI1 = Site("GFI1", 0)
_ZIC1 = Site("ZIC1", 1)

RULES = {
    "single": Rule(
        "a whole motif",
        "both halves of the site stand in their order",
        "the halves are swapped",
        (_LEFT, _RIGHT),
        (_RIGHT, _LEFT),
    ),
    "count": Rule(
        "how many sites there are",
        "three sites or more within 200 bp",
        "one or two",
        (_ELF4, Gap(), _ELF4, Gap(), _ELF4),
        (_ELF4, Gap(), _ELF4),
    ),
    "order": Rule(
        "which site comes first, and on which strand",
        "ONECUT3 before HNF4A on one strand, 40 to 160 bp apart",
        "HNF4A first, or on different strands",
        (_ONECUT3, Gap("40–160 bp"), _HNF4A),
        (_HNF4A, Gap("40–160 bp"), _ONECUT3),
    ),
    "inhibitor": Rule(
        "what must be absent",
        "SRF with no REST within 200 bp",
        "REST within 200 bp",
        (_SRF, Gap("200 bp free")),
        (_SRF, Gap("≤ 200 bp"), _REST),
    ),
    "insulator": Rule(
        "what stands between two sites",
        "TFE3 and TP53, 70 to 200 bp apart, with no CTCF between them",
        "CTCF between them",
        (_TFE3, Gap("70–200 bp", 80), _TP53),
        (_TFE3, Gap(), _CTCF, Gap(), _TP53),
    ),
    "helix": Rule(
        "the distance in turns of the double helix (10.5 bp)",
        "GFI1 and ZIC1 a whole number of turns apart: on the same side of the helix",
        "half a turn more: on opposite sides",
        (_GFI1, Gap("n turns"), _ZIC1),
        (_GFI1, Gap("n + ½ turns"), _ZIC1),
    ),
}
"""By the group of their targets, see `danq.simulation.grammar`."""
