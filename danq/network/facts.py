"""The facts of a checkpoint, as a schema: what a file says that cannot be so is refused."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from danq.config import Train
from danq.errors import DanqError, shown
from danq.files import PathLike

KNOBS = ("scale", "dropout", "head", "gates", "filter_scale", "stem", "filter_width")
"""Knobs of `danq.config.Train` that `danq.network.models.build` takes."""

_MAY_BE_NONE = ("filter_width",)
_MOST = 100_000_000  # windows, targets, threads, ...: far above any real one

Count = Annotated[int, Field(ge=0, le=_MOST)]


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ChosenFact(_Facts):
    """A knob that the configuration left out, as it was chosen."""

    value: Any
    reason: str


class FinalFact(_Facts):
    """That a model was trained on everything, and the folds that say for how long."""

    folds: Count
    best_epochs: list[Count]


class ImportedFact(_Facts):
    """Where weights came from that danq did not train: what `danq import-weights` says.

    Attributes
    ----------
    file : str
        Name of the file, without its folder.
    md5, sha256 : str
        Its checksums.
    format : str
        What it was recognised as.
    known_as : str
        Whose published file has this checksum; empty for any other.
    alphabet : str
        Order of the bases in its first convolution.
    reverse : str or None
        What the backward half of its recurrent layer read: the ``sequence`` from its end, or the
        ``batch``; None without such a layer.
    note : str
        What its users must know; empty where there is nothing.
    """

    file: str
    md5: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    format: str
    known_as: str = ""
    alphabet: Literal["ACGT", "AGCT"]
    reverse: Literal["sequence", "batch"] | None = None
    note: str = ""


class StartFact(_Facts):
    """The checkpoint that a training began with.

    ``up_to`` is the last part that was taken, ``targets`` how many it had, and ``seen`` lists
    held-out regions that its own training may have learnt from (None: not known).
    """

    path: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    up_to: Literal["stem", "body", "head"]
    model: str
    seed: Annotated[int, Field(ge=0)]
    targets: Count
    assembly: str
    seen: list[str] | None


class TrainingFacts(_Facts):
    """How a model was trained: what `danq.training.record.training_facts` says.

    The model, its seed and its options must be there; the rest is for readers only, but for
    `sizes`, those of imported weights where they are not the published ones.
    """

    model: str
    seed: Annotated[int, Field(ge=0)]
    options: dict[str, Any]
    scale: float = 1.0
    parameters: Annotated[int, Field(ge=0)] = 0
    multiply_adds: Annotated[int, Field(ge=0)] = 0
    reach: Count = 0
    layers: list[dict[str, str | int]] = []
    epochs: Count = 0
    best_epoch: Count = 0
    device: str = ""
    hardware: str = ""
    precision: str = ""
    seconds: float = 0.0
    filters_initialised_from: list[str] = []
    versions: dict[str, str] = {}
    chosen: dict[str, ChosenFact] = {}
    threads: list[Count] = []
    validation: dict[str, Any] = {}
    final: FinalFact | None = None
    sizes: dict[str, Annotated[int, Field(ge=1, le=_MOST)]] = {}
    imported: ImportedFact | None = None
    start: StartFact | None = None
    health: list[dict[str, Any]] = []

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        """Refuse options that no training can have."""
        options = dict(self.options)
        if options.pop("model", None) != self.model:
            raise ValueError("options.model is not the model")
        if options.pop("seed", self.seed) != self.seed:
            raise ValueError("options.seed is not the seed")
        if not isinstance(options.pop("motifs", ""), str):
            raise ValueError("options.motifs is not a checksum")
        if not isinstance(options.pop("start_sha256", ""), str):
            raise ValueError("options.start_sha256 is not a checksum")
        for name in ("recipe", *KNOBS):
            if name not in options:
                raise ValueError(f"options.{name} is missing")
            if options[name] is None and name not in _MAY_BE_NONE:
                raise ValueError(f"options.{name} has no value")
        Train.model_validate(options)
        return self


class FoldFact(_Facts):
    """Which fold of a genome the data are."""

    number: Count
    of: Count


class DataFacts(_Facts):
    """On what data a model was trained: what `danq.data.dataset.Dataset.facts` says.

    Of imported weights `training_windows` is None: danq never saw them.
    """

    format_version: int
    window: Annotated[int, Field(ge=1, le=_MOST)]
    bin_size: Annotated[int, Field(ge=1, le=_MOST)]
    alphabet: Literal["ACGT"]
    assembly: str
    names: Annotated[list[str], Field(min_length=1)]
    groups: list[str]
    training_windows: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None
    splits: Any
    fold: FoldFact | None = None

    @model_validator(mode="after")
    def _check_groups(self) -> Self:
        """Refuse another number of groups than of names."""
        if len(self.groups) != len(self.names):
            raise ValueError(f"{len(self.groups)} groups for {len(self.names)} targets")
        return self


def refuse_wrong_facts(facts: object, data_facts: object, path: PathLike) -> None:
    """Refuse facts that are not those of a checkpoint.

    Parameters
    ----------
    facts, data_facts : object
        What a checkpoint holds as its facts and those of its data.
    path : str or path-like
        The checkpoint, for the message.

    Raises
    ------
    DanqError
        A fact is missing, unknown, of another type, or out of bounds.
    """
    schemas: Mapping[type[BaseModel], object] = {TrainingFacts: facts, DataFacts: data_facts}
    for schema, content in schemas.items():
        try:
            schema.model_validate(content)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in problem["loc"])
            message = problem["msg"].removeprefix("Value error, ").splitlines()[0]
            what = f"{where}: {message}" if where else message
            advice = "train the model again with danq train"
            raise DanqError(f"its facts are wrong ({shown(what, 300)}); {advice}", path) from None
        except RecursionError:
            raise DanqError("its facts are too deep; train the model again", path) from None
    _refuse_unknown_windows(facts, data_facts, path)


def _refuse_unknown_windows(facts: Any, data_facts: Any, path: PathLike) -> None:
    """Refuse a checkpoint of danq's own training that does not say on which windows."""
    if data_facts["training_windows"] is None and facts.get("imported") is None:
        what = "its facts are wrong (training_windows: unknown, and nothing was imported)"
        raise DanqError(f"{what}; train the model again with danq train", path)
