"""The file of explained variants: why a model expects something else of the other allele.

JSON, compressed where the name ends in .gz::

    {"format": "danq variant explanations", "version": 1, "model": "danq", "checkpoints": [...],
     "variants": [{"chrom": "chr1", "pos": 1265154, ...}, ...]}

Each variant has the bases around either allele, how much each of them matters to the target that
changes most, motifs and filters that are there on one allele only, and the nearest peak. This
module needs no torch.
"""

import gzip
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.reading import read_bytes
from danq.records import Input, Made, recorded, verified_if_recorded

FORMAT: Literal["danq variant explanations"] = "danq variant explanations"
VERSION: Literal[1] = 1

Bases = Annotated[str, Field(pattern="^[ACGTN]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Place = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class MotifChange(_Strict):
    """A known motif that one allele has, and the other has not, or less well.

    Attributes
    ----------
    motif, name : str
        Its identifier, and its factor.
    strand : {"+", "-"}
        Of the better of the two sites.
    start : int
        Where that site begins: from the first drawn base of its own allele (bp); below 0 where it
        begins before it.
    ref_log_odds, alt_log_odds : float
        Of the best site over each allele (bits).
    ref_p, alt_p : float
        How likely a site as good as that is, at one place of random bases.
    change : {"gained", "lost"}
        Gained: ALT has the better site.
    """

    motif: str
    name: str
    strand: Literal["+", "-"]
    start: int
    ref_log_odds: float
    alt_log_odds: float
    ref_p: Share
    alt_p: Share
    change: Literal["gained", "lost"]


class FilterChange(_Strict):
    """A filter of the first layer that fires over one allele only.

    Attributes
    ----------
    filter, name : str
        As ``filter7``, and the factor that it is named after; may be empty.
    ref, alt : float
        Its highest activation over each allele, as a share of its maximum.
    change : {"gained", "lost"}
        Gained: it fires over ALT.
    """

    filter: str
    name: str
    ref: float
    alt: float
    change: Literal["gained", "lost"]


class ExplainedVariant(_Strict):
    """A variant, and what it changes for the target that it changes most.

    Attributes
    ----------
    chrom, ref, alt, id : str
        As they are written.
    pos : int
        Position of the first base of `ref` (1-based).
    target, target_index : str, int
        The target, and its place among those of the model.
    change : float
        Of its log-odds, of ALT less REF (natural logarithm).
    p_ref, p_alt : float
        Its probability with either allele.
    start : int
        Where the first drawn base lies on the chromosome (bp, 0-based).
    ref_sequence, alt_sequence : str
        The bases around either allele.
    offset : int
        Where the alleles begin in both.
    ref_effects, alt_effects : list of float
        How much each base adds to the log-odds, beside the mean of the three others in its place.
    motifs : list of MotifChange
        The surest site first.
    filters : list of FilterChange
        Model by model, the largest change first.
    in_peak : bool or None
        Whether the variant lies in a peak of the target; None where its peaks are not known.
    nearest_peak : int or None
        Distance to the nearest one (bp): 0 inside, 1 beside it; None where there is none on the
        chromosome, or where peaks are not known.
    """

    chrom: str
    pos: Annotated[int, Field(ge=1)]
    ref: Bases
    alt: Bases
    id: str
    target: str
    target_index: Place
    change: float
    p_ref: Share
    p_alt: Share
    start: Place
    ref_sequence: Bases
    alt_sequence: Bases
    offset: Place
    ref_effects: list[float]
    alt_effects: list[float]
    motifs: list[MotifChange] = []
    filters: list[FilterChange] = []
    in_peak: bool | None = None
    nearest_peak: Place | None = None

    @model_validator(mode="after")
    def _check_sequences(self) -> Self:
        """Refuse alleles that are not where they should be, and effects of other bases."""
        sides = (
            ("ref", self.ref, self.ref_sequence, self.ref_effects),
            ("alt", self.alt, self.alt_sequence, self.alt_effects),
        )
        for side, allele, sequence, effects in sides:
            if len(sequence) != len(effects):
                raise ValueError(f"{side}_effects are not as many as the bases")
            if not sequence.startswith(allele, self.offset):
                raise ValueError(f"{side}_sequence does not hold the allele at its offset")
        if self.start + self.offset != self.pos - 1:
            raise ValueError("start and offset are not those of pos")
        return self


class Explanations(_Strict):
    """The whole file.

    Attributes
    ----------
    model : str
        Name of the model.
    checkpoints : list of str
        The trained models that are averaged, as they were given.
    variants : list of ExplainedVariant
        The largest change first.
    """

    format: Literal["danq variant explanations"] = FORMAT
    version: Literal[1] = VERSION
    model: str
    checkpoints: list[str]
    variants: list[ExplainedVariant]


def write_explained(
    path: PathLike, explanations: Explanations, inputs: Sequence[Input] = ()
) -> None:
    """Write explained variants, atomically, with a record of what they were made from.

    Parameters
    ----------
    path : str or path-like
        The file to make; compressed where it ends in .gz.
    explanations : Explanations
        Its content.
    inputs : sequence of danq.records.Input
        What they were made from.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    content = explanations.model_dump_json(indent=1).encode() + b"\n"
    if str(path).endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    with recorded(path, Made("variants", inputs)) as temporary:
        temporary.write_bytes(content)


def read_explained(path: PathLike) -> Explanations:
    """Read the variants that ``danq variants --explained`` wrote.

    Parameters
    ----------
    path : str or path-like
        The file, plain or gzip.

    Returns
    -------
    Explanations

    Raises
    ------
    DanqError
        Not such a file, or a damaged or edited one.
    """
    verified_if_recorded(path)
    content = read_bytes(path)
    try:
        return Explanations.model_validate_json(content)
    except ValidationError as error:
        what = f"is not a file of danq variants --explained: {_fault(error)}"
        raise DanqError(f"{what}; make it again", path) from None


def _fault(error: ValidationError) -> str:
    """Say in a few words what is wrong, and where."""
    fault: Any = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    message = shown(fault["msg"], 200)[1:-1]
    return f"{where}: {message}" if where else message
