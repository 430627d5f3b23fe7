"""Names that assemblies give to sequence which, in large part, repeats their chromosomes."""

import re
from collections.abc import Iterable, Sequence

from danq.errors import shown

# Alternate loci, haplotypes, fix patches, and what could not be placed: of UCSC
# (https://genome.ucsc.edu/FAQ/FAQdownloads.html, "What do the chromosome names mean?"), of Ensembl
# (CHR_HSCHR1_1_CTG3: patches and haplotypes), and HLA alleles of analysis sets.
_COPIES = re.compile(
    r".*_(alt|fix|random|hap\d*|decoy)(\.\d+)?|(chr)?Un(_.*)?|CHR_.*|HLA-.*", re.IGNORECASE
)
_SHOWN = 5
_LISTED = 40


def named_as_copies(names: Iterable[str]) -> list[str]:
    """Return the names that say that a contig may repeat another one.

    Examples
    --------
    >>> named_as_copies(["chr1", "chr1_KI270762v1_alt", "chr6_cox_hap2", "chrUn_GL000220v1"])
    ['chr1_KI270762v1_alt', 'chr6_cox_hap2', 'chrUn_GL000220v1']
    """
    return [name for name in names if _COPIES.fullmatch(name)]


def copies_warning(names: Sequence[str]) -> str:
    """Say of a genome's contigs which may repeat others, and what to do; nothing of others.

    Parameters
    ----------
    names : sequence of str
        Those that windows are taken from.

    Returns
    -------
    str
    """
    copies = named_as_copies(names)
    kept = [name for name in names if name not in copies]
    if not copies or not kept:
        return ""
    examples = ", ".join(map(shown, copies[:_SHOWN]))
    more = ", ..." if len(copies) > _SHOWN else ""
    named = "contig is named" if len(copies) == 1 else "contigs are named"
    what = f"{len(copies)} {named} as copies of others ({examples}{more})"
    risk = "a model may be trained on what it is tested on"
    return f"{what}: {risk}; {leave_out(kept)}"


def leave_out(kept: Sequence[str]) -> str:
    """Say how to leave contigs out, by the names of the others.

    Parameters
    ----------
    kept : sequence of str
        Contigs that stay.

    Returns
    -------
    str
    """
    advice = "leave them out by naming the others, extract.chromosomes"
    if len(kept) > _LISTED:
        return advice
    names = ", ".join(shown(name)[1:-1] for name in kept)
    return f"{advice}: [{names}]"
