"""Every knob once: name, type, default, bounds, help.

A section belongs to a subcommand: its fields become that subcommand's options, and the workflow
turns the section of `config.yaml` into one string of flags. Nothing here knows PyTorch, files or
Snakemake.
"""

import json
import shlex
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, Literal, NamedTuple, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from danq.catalog import BASELINES, MODELS
from danq.errors import DanqError, shown
from danq.wording import checksum, device_name, nearest, plain_message, run_name, safe_text

Name = Annotated[str, AfterValidator(run_name)]
Word = Annotated[str, AfterValidator(safe_text)]
"""A text that becomes part of a command line."""
Checksum = Annotated[str, AfterValidator(checksum)]
Device = Annotated[str, AfterValidator(device_name)]


def _listed(value: Any) -> Any:
    """Take one path, a list of them, or nothing, as a list."""
    if value in (None, ""):
        return []
    return [value] if isinstance(value, str) else value


Paths = Annotated[list[str], BeforeValidator(_listed)]


def _known_model(name: str) -> str:
    if name not in MODELS:
        choices = ", ".join(repr(model) for model in MODELS)
        raise ValueError(f"Input should be {choices}, not {shown(name)}{nearest(name, MODELS)}")
    return name


ModelName = Annotated[str, AfterValidator(_known_model)]


def _known_baseline(name: str) -> str:
    """Take a baseline that a run can be given; oracles come with a simulated genome."""
    known = [baseline.name for baseline in BASELINES.values() if not baseline.oracle]
    if name not in known:
        choices = ", ".join(repr(baseline) for baseline in known)
        raise ValueError(f"Input should be {choices}, not {shown(name)}{nearest(name, known)}")
    return name


BaselineName = Annotated[str, AfterValidator(_known_baseline)]

FEWEST_FOLDS = 3
"""Folds of a genome, at least: one for testing, one for validation, and one to train on."""

MOST_FOLDS = 100
"""Folds of a genome, at most."""


def _checked_folds(value: Any) -> Any:
    """Take a number of folds, or a list of the chromosomes and regions of each."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, int | list):
        raise ValueError(f"a number of folds, or a list of lists, is wanted, not {shown(value)}")
    number = value if isinstance(value, int) else len(value)
    if not FEWEST_FOLDS <= number <= MOST_FOLDS:
        raise ValueError(f"there must be {FEWEST_FOLDS} to {MOST_FOLDS} folds, not {number}")
    for fold, regions in enumerate(value if isinstance(value, list) else []):
        _refuse_bad_fold(fold, regions)
    return value


def _refuse_bad_fold(fold: int, regions: Any) -> None:
    """Refuse what is not a list of chromosomes and regions."""
    if not isinstance(regions, list) or not regions:
        raise ValueError(f"fold {fold} is not a list of chromosomes, as [chr1, chr4]")
    for text in regions:
        if not isinstance(text, str) or not text:
            raise ValueError(f"fold {fold}: {shown(str(text))} is not a chromosome or region")
        safe_text(text)


FoldSets = Annotated[int | list[list[str]] | None, BeforeValidator(_checked_folds)]
FIGURES = {
    "scatter": "AUPRC of a pair of models, a point per target",
    "effects": "their difference against the number of positives",
    "curves": "precision-recall curves of a target; without --target, of all targets",
    "prevalence": "prevalence of the targets",
    "learning_curve": "AUPRC, and differences in it, against the number of training windows",
    "reliability": "calibration of the networks",
    "validation": "validation AUPRC over epochs",
    "loss": "loss over epochs",
    "rates": "trials of the search for knobs: validation AUPRC against the learning rate",
    "interactions": "what each model makes of a pair of motifs, by their distance",
}
"""What `danq plot` draws of a finished run."""


class Section(BaseModel):
    """A frozen group of knobs that refuses a key it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_booleans(cls, values: Any) -> Any:
        """Refuse truth values where none is wanted: YAML reads on, off, yes and no as such."""
        if not isinstance(values, dict):
            return values
        for name, value in values.items():
            field = cls.model_fields.get(name)
            if field is not None and field.annotation in (bool, bool | None):
                continue
            parts = value if isinstance(value, list) else [value]
            if any(isinstance(part, bool) for part in parts):
                raise ValueError(f"{name} is {value}; quote texts such as on, off, yes and no")
        return values


SectionT = typing.TypeVar("SectionT", bound=Section)


class Chosen(NamedTuple):
    """A value that a rule chose, because the configuration leaves it out.

    Attributes
    ----------
    value : int, float, str or bool
        Of the knob.
    reason : str
        Why, as the end of a sentence: "as ...", "for ...", "since ...".
    """

    value: Any
    reason: str


class Filled(NamedTuple, Generic[SectionT]):
    """A section in which no knob is left out that a rule can choose.

    Attributes
    ----------
    settings : Section
        As configured, with the chosen values.
    choices : dict of str to Chosen
        These values, by knob.
    """

    settings: SectionT
    choices: dict[str, Chosen]


def fill(settings: SectionT, rules: Mapping[str, Chosen]) -> Filled[SectionT]:
    """Fill in the knobs that the configuration leaves out.

    Parameters
    ----------
    settings : Section
        As configured; a knob that is None was left out.
    rules : dict of str to Chosen
        What the rules choose for each knob that they know.

    Returns
    -------
    Filled

    Examples
    --------
    >>> rules = {"lr": Chosen(0.002, "for all"), "epochs": Chosen(8, "for all")}
    >>> filled = fill(Train(epochs=3), rules)
    >>> filled.settings.epochs, filled.settings.lr, list(filled.choices)
    (3, 0.002, ['lr'])
    """
    choices = {name: chosen for name, chosen in rules.items() if getattr(settings, name) is None}
    values = {name: chosen.value for name, chosen in choices.items()}
    return Filled(settings.model_copy(update=values), choices)


def choice_lines(choices: Mapping[str, Chosen]) -> list[str]:
    """Say what was chosen: a line for each reason, with all knobs that have it.

    Parameters
    ----------
    choices : dict of str to Chosen
        The choices, by knob.

    Returns
    -------
    list of str

    Examples
    --------
    >>> reason = "for 12 targets"
    >>> choice_lines({"lr": Chosen(0.1, reason), "head": Chosen("dense", reason)})
    ['lr 0.1, head dense: for 12 targets']
    """
    by_reason: dict[str, list[str]] = {}
    for name, chosen in choices.items():
        value = json.dumps(chosen.value).strip('"')
        by_reason.setdefault(chosen.reason, []).append(f"{name} {value}")
    return [f"{', '.join(knobs)}: {reason}" for reason, knobs in by_reason.items()]


class Simulate(Section):
    """Make a genome with a planted motif grammar, its peaks, and the truth beside them."""

    chromosomes: int = Field(21, ge=3, le=1000, description="number of chromosomes")
    chromosome_length: int = Field(500_000, ge=20_000, description="length of each chromosome (bp)")
    seed: int = Field(0, ge=0, description="seed of everything random in the genome")


class Extract(Section):
    """Cut labelled windows out of a genome: every bin, its label for each target, and its split."""

    bin_size: int = Field(200, ge=1, le=10_000, description="length of a labelled bin (bp)")
    window: int = Field(
        1000, ge=8, description="length of a model's input, centred on the bin (bp)"
    )
    stride: int | None = Field(
        None,
        ge=1,
        description=(
            "from one training bin to the next (bp), a divisor of bin_size: bin_size means side by "
            "side, less gives a small genome more, overlapping windows; default: by the number of "
            "bases for training"
        ),
    )
    valid: list[Word] = Field(
        [], description="validation split: chromosomes, or regions such as chr7:1000-9000"
    )
    test: list[Word] = Field(
        [], description="test split: chromosomes, or regions such as chr7:1000-9000"
    )
    chromosomes: list[Word] = Field(
        [], description="chromosomes to take windows from; default: all"
    )
    train_bins: Literal["labelled", "sampled", "all"] | None = Field(
        None,
        description=(
            "training bins: those with a label, these and sampled negatives, or all usable ones; "
            "default: all, or sampled if all would be too many"
        ),
    )
    held_out_bins: Literal["labelled", "all"] = Field(
        "all",
        description=(
            "validation and test bins: all usable ones, or only those with a label, as published"
        ),
    )
    groups: list[Word] = Field(
        [],
        description=(
            "groups of targets whose labels make a bin labelled (TF, as published); "
            "default: any label does"
        ),
    )
    negatives: float = Field(
        1.0,
        ge=0,
        description="with train_bins=sampled: bins free of every target's peaks, per labelled bin",
    )
    match_gc: bool = Field(
        False, description="with train_bins=sampled: draw them with the GC content of the labelled"
    )
    max_n: float = Field(
        0.1, ge=0, le=1, description="drop windows with a larger share of bases other than ACGT"
    )
    margin: int = Field(
        16,
        ge=0,
        le=1000,
        multiple_of=8,
        description=(
            "bases kept before and behind each training window (bp, a multiple of 8), which enter "
            "when a window is shifted; 0: none, and unknown bases enter"
        ),
    )
    drop_empty: bool = Field(
        False,
        description=(
            "leave out, and report, targets without a positive window in a split, or without a "
            "negative one for training; otherwise they are refused"
        ),
    )
    seed: int = Field(0, ge=0, description="seed of the sampled negatives")

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        if self.window < self.bin_size or (self.window - self.bin_size) % 2:
            raise ValueError(
                f"window ({self.window}) must be bin_size ({self.bin_size}) plus two equal flanks"
            )
        if self.stride and self.bin_size % self.stride:
            raise ValueError(
                f"stride ({self.stride}) must be a divisor of bin_size ({self.bin_size})"
            )
        return self


class Train(Section):
    """Train one model on dataset.h5 and write a checkpoint, from which the model can be rebuilt."""

    recipe: Literal["auto", "published"] = Field(
        "auto",
        description=(
            "auto: one recipe for all models; knobs that are left out are chosen by the training "
            "data; published: each paper's own optimiser, initial weights, constraints and loss; "
            "knobs that are left out are as published"
        ),
    )
    scale: float | None = Field(
        None,
        gt=0,
        le=4,
        description=(
            "multiplies every published layer width (1 = as published); default: the recipe's"
        ),
    )
    filter_scale: float | None = Field(
        None,
        gt=0,
        le=16,
        description=(
            "multiplies the number of first filters further, without the layers after them; "
            "default: the recipe's"
        ),
    )
    dropout: float | None = Field(
        None,
        ge=0,
        le=1.9,
        description=(
            "multiplies every published dropout rate (1 = as published); default: the recipe's"
        ),
    )
    head: Literal["dense", "pool"] | None = Field(
        None,
        description=(
            "dense: the published flatten and fully connected layer; pool: logits at every "
            "position, a smooth maximum of them, which accepts windows of other lengths later; "
            "default: the recipe's"
        ),
    )
    stem: Literal["relu", "exponential"] | None = Field(
        None,
        description=(
            "activation of the first filters. relu: as published; exponential: batch "
            "normalisation after the pool, then an exponential, with which random filters find "
            "motifs sooner; default: the recipe's"
        ),
    )
    filter_width: int | None = Field(
        None,
        ge=6,
        le=60,
        description=(
            "width of the first filters (bp): 8, as in DeepSEA, is too short for long motifs; "
            "default: as published"
        ),
    )
    gates: Literal["sigmoid", "hard_sigmoid"] = Field(
        "sigmoid", description="gates of the LSTMs; hard_sigmoid: as in DanQ (slower)"
    )
    initialise_from: Literal["random", "enriched", "targets", "known", "checkpoint"] | None = Field(
        None,
        description=(
            "first filters from random numbers, from motifs that are enriched in the training "
            "windows of the targets, from the targets' own known motifs, or from all known motifs; "
            "motifs on both strands if that takes at most half of the filters; checkpoint: from "
            "start; default: checkpoint if start is given, else the recipe's"
        ),
    )
    start: str | None = Field(
        None,
        description=(
            "checkpoint of danq train or danq import-weights, whose weights this training begins "
            "with; knobs that shape the network and are left out are taken from it; default: "
            "begin without a checkpoint"
        ),
    )
    start_up_to: Literal["stem", "body", "head"] = Field(
        "body",
        description=(
            "what is taken from start. stem: the first filters only, also of another model; body: "
            "all but the output layer, which has a row for each target and begins anew; head: all "
            "weights, if the targets are the same"
        ),
    )
    freeze: list[Literal["stem", "body", "head"]] = Field(
        [],
        description=(
            "parts that are not trained: stem, the first filters; body, all layers between these "
            "and the output layer; head, the output layer. Freezing stem and body leaves a "
            "regression on the features of a trained network; default: all are trained"
        ),
    )
    epochs: int | None = Field(
        None,
        ge=1,
        description="number of epochs, each followed by a validation; default: the recipe's",
    )
    epoch_size: int | None = Field(
        None,
        ge=1,
        description="largest number of windows in an epoch; default: the recipe's",
    )
    batch_size: int | None = Field(
        None, ge=1, description="windows per step; default: the recipe's"
    )
    lr: float | None = Field(None, gt=0, description="highest learning rate; default: the recipe's")
    weight_decay: float | None = Field(
        None, ge=0, description="weight decay; default: the recipe's"
    )
    patience: int | None = Field(
        None,
        ge=1,
        description=(
            "stop after this many epochs without a better validation; default: the recipe's"
        ),
    )
    shift: int | None = Field(
        None,
        ge=0,
        description=(
            "shift each training window by up to this many bp either way; default: the recipe's"
        ),
    )
    negatives: float | None = Field(
        None,
        ge=0,
        description=(
            "windows without a label that an epoch shows per labelled one, drawn again for each "
            "epoch (all of them, if there are fewer); default: the recipe's"
        ),
    )
    balance: bool | None = Field(
        None,
        description=(
            "draw the labelled windows of an epoch with replacement, those of rare targets more "
            "often, so that these are not learnt last; default: the recipe's"
        ),
    )
    precision: Literal["auto", "float32", "tf32", "bfloat16"] = Field(
        "auto",
        description=(
            "auto: bfloat16 if the hardware supports it, else float32; tf32: float32 with "
            "products of lower precision on a GPU's tensor cores"
        ),
    )
    device: Device = Field(
        "auto",
        description="auto: a GPU if there is one; cuda: NVIDIA's, mps: Apple's",
    )
    devices: int = Field(
        1, ge=1, description="GPUs, or CPU processes, of a node that share each batch"
    )
    nodes: int = Field(
        1, ge=1, description="machines that share each batch (as Slurm or torchrun starts them)"
    )
    memory: float = Field(
        8.0,
        gt=0,
        description=(
            "GB that the packed training windows may take in each process (on the GPU, if it is "
            "one); a larger set is read in shuffled blocks"
        ),
    )

    @model_validator(mode="after")
    def _check_devices(self) -> Self:
        if self.start is not None and self.initialise_from not in (None, "checkpoint"):
            raise ValueError(
                f"start gives the first filters, and initialise_from {self.initialise_from} gives "
                "others; leave one of them out"
            )
        if set(self.freeze) >= {"stem", "body", "head"}:
            raise ValueError("freeze leaves nothing to train; leave out head, or more")
        if self.recipe == "published" and self.initialise_from == "enriched":
            raise ValueError(
                "initialise_from enriched is not for the published recipe, whose bound on weights "
                "would keep such filters below 0; give recipe auto"
            )
        if self.stem == "exponential" and self.devices * self.nodes > 1:
            raise ValueError(
                "stem exponential normalises over the batch, which several devices would share; "
                "give stem relu, or one device"
            )
        if self.device.startswith("cuda:") and self.devices * self.nodes > 1:
            raise ValueError("device names one GPU, devices several; give device cuda")
        if self.device == "mps" and self.devices * self.nodes > 1:
            raise ValueError("device mps is one GPU; leave devices and nodes at 1")
        return self


def _description(section: type[Section], name: str) -> str | None:
    """Return what a knob of another section does."""
    return section.model_fields[name].description


SHARED = ("recipe", "precision", "device", "devices", "nodes", "memory")
"""Knobs of a training that all models of a run have in common."""


MACHINE = ("device", "memory")
"""Knobs of a training that say where it runs and how it reads: they do not change its result."""


class ModelKnobs(Train):
    """Knobs of one model's trainings, instead of those of all; others are the same for all."""

    @model_validator(mode="after")
    def _refuse_shared(self) -> Self:
        for name in SHARED:
            if name in self.model_fields_set:
                raise ValueError(f"{name} is the same for all models; give train.{name}")
        return self

    @model_serializer(mode="wrap")
    def _only_given(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        given = self.given
        return {name: value for name, value in whole(self).items() if name in given}

    @property
    def given(self) -> dict[str, Any]:
        """The knobs that are given, by name."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in values.items() if value is not None}


class Trainings(Train):
    """How every model of a run is trained, and how some are trained otherwise."""

    models: dict[ModelName, ModelKnobs] = Field(
        default_factory=dict,
        description="knobs of single models, such as {deepsea: {lr: 0.002}}",
    )

    def of(self, model: str) -> Train:
        """Return the knobs of the trainings of one model."""
        knobs = self.model_dump(exclude={"models"})
        if model in self.models:
            knobs |= self.models[model].given
        return Train.model_validate(knobs)

    @model_validator(mode="after")
    def _check_each(self) -> Self:
        for model in self.models:
            try:
                self.of(model)
            except ValidationError as error:
                message = error.errors()[0]["msg"].removeprefix("Value error, ")
                raise ValueError(f"models.{model}: {message}") from None
        return self


class Predict(Section):
    """What is predicted of sequences, regions or a genome."""

    chromosomes: list[str] = Field(
        [], description="which chromosomes of the genome; default: all of them"
    )
    targets: list[str] = Field(
        [], description="targets to write, by name or 0-based index; default: all of them"
    )
    step: int | None = Field(
        None,
        ge=1,
        description=(
            "length of a row (bp): the model's bin, or a divisor of it; then the bins that cover "
            "a row are averaged; default: the bin"
        ),
    )
    min_known: float = Field(
        0.5, ge=0, le=1, description="smallest share of a window that must be A, C, G or T"
    )
    float16: bool = Field(False, description="keep probabilities in 16 bits, which halves --h5")


class Variants(Section):
    """How variants are scored."""

    targets: list[str] = Field(
        [], description="targets, by name or 0-based index; default: all of them"
    )
    longest: int = Field(100, ge=1, description="largest length of an allele (bp)")
    ref_mismatch: Literal["skip", "swap", "keep"] = Field(
        "skip",
        description=(
            "a row whose REF differs from the genome: skip: refused; swap: alleles exchanged, if "
            "the genome has ALT; keep: REF put in"
        ),
    )
    min_known: float = Field(
        0.5, ge=0, le=1, description="smallest share of a window that must be A, C, G or T"
    )
    background_size: int = Field(
        1000,
        ge=0,
        description=(
            "random single-base changes that effects are compared with, if no --background is "
            "given; 0: none"
        ),
    )
    top: int | None = Field(
        None, ge=1, description="largest number of targets of a variant in --table; default: all"
    )
    float16: bool = Field(False, description="keep scores in 16 bits, which halves --h5")
    shuffles: int = Field(
        0,
        ge=0,
        le=10_000,
        description=(
            "times that each variant is scored again, in flanks with shuffled dinucleotides, for p "
            "and q; 0: never"
        ),
    )
    haplotypes: bool = Field(
        False,
        description=(
            "put all variants of one haplotype of a sample, by the phased genotypes of the VCF, "
            "into the window together; otherwise each row is scored separately"
        ),
    )
    sample: str | None = Field(
        None, description="sample whose haplotypes are used; default: the only one of the VCF"
    )
    seed: int = Field(
        0, ge=0, lt=2**31, description="seed of the random background and of shuffled flanks"
    )
    explain: int = Field(
        10, ge=1, description="variants with the largest changes that --explained explains"
    )


class Saturation(Section):
    """Every single-base change of some regions."""

    regions: list[Word] = Field(
        min_length=1, description="regions such as chr1:100-300 (0-based half-open), or chromosomes"
    )
    targets: list[str] = Field(
        [], description="targets, by name or 0-based index; default: all of them"
    )
    min_known: float = Field(
        0.5, ge=0, le=1, description="smallest share of a window that must be known bases"
    )


class ScoredVariants(Variants):
    """Which variants every model of a run scores."""

    simulated: bool = Field(
        True,
        description=(
            "if the genome is simulated: draw variants of the test chromosomes whose effect is "
            "known, and score them"
        ),
    )
    files: Paths = Field([], description="VCF, BCF or tables of variants of the genome")
    background: str | None = Field(
        None,
        description=(
            "variants that effects are compared with, such as common ones; default: random "
            "single-base changes"
        ),
    )
    label: Word | None = Field(
        None,
        description=(
            "field of INFO, or column, that models are compared with: 0 and 1, or the size of the "
            "effect with its sign"
        ),
    )
    explain: int = Field(
        3,
        ge=0,
        description="variants with the largest changes that the report explains; 0: none",
    )
    match: Literal["none", "distance"] = Field(
        "none",
        description=(
            "distance: each variant with label 1 is compared with the nearest one with label 0, "
            "because controls from anywhere make every model look better"
        ),
    )

    @model_validator(mode="after")
    def _check_files(self) -> Self:
        given = {"label": self.label, "background": self.background}
        for name, value in given.items():
            if value and not self.files:
                raise ValueError(f"{name} is of variants in files; give files, too")
        if self.match != "none" and not self.label:
            raise ValueError("match chooses among labelled variants; give label, too")
        return self


class Predictions(Predict):
    """What every model of a run predicts, beside the test split."""

    genome: bool = Field(False, description="predict the run's whole genome")
    bed: Paths = Field([], description="BED files of regions of the genome to predict")
    fasta: Paths = Field([], description="FASTA files of sequences to predict")
    fdr: float | None = Field(
        None,
        gt=0,
        lt=1,
        description=(
            "largest share of called bins of the validation split that may be negative, such as "
            "0.1; default: thresholds of the best F1"
        ),
    )
    loci: list[Word] = Field(
        [],
        description=(
            "regions that the report draws, such as chr1:1000-9000 (0-based half-open); default: "
            "where the test split has peaks of the most targets"
        ),
    )

    @property
    def covers_genome(self) -> bool:
        """Whether the genome, or chromosomes of it, are predicted."""
        return self.genome or bool(self.chromosomes)

    @property
    def needs_genome(self) -> bool:
        """Whether anything is predicted that a run without a genome lacks."""
        return self.covers_genome or bool(self.bed or self.loci)

    @model_validator(mode="after")
    def _check_inputs(self) -> Self:
        if self.genome and self.chromosomes:
            raise ValueError("genome: true is every chromosome; leave it out, or chromosomes")
        if not (self.covers_genome or self.bed or self.fasta):
            raise ValueError("nothing to predict; give genome: true, chromosomes, bed or fasta")
        if self.loci and not (self.covers_genome or self.bed):
            raise ValueError("loci are drawn of predictions of the genome; give genome or bed, too")
        return self


class Tune(Train):
    """Search lr, dropout and weight_decay, and scale where told; other knobs stay as given."""

    FIRST_TRIAL: typing.ClassVar = {"lr", "dropout", "weight_decay"}
    LR: typing.ClassVar = (1 / 4, 4.0)  # times the given one
    DROPOUT: typing.ClassVar = (0.0, 1.5)
    WEIGHT_DECAY: typing.ClassVar = (1e-4, 0.3)

    lr: float | None = Field(
        None,
        gt=0,
        description=(
            "highest learning rate: a quarter to four times it is tried, on a log scale; default: "
            "the recipe's"
        ),
    )
    first_lr: float | None = Field(
        None,
        gt=0,
        description=(
            "learning rate of trial 1, if it differs from the one around which rates are tried; "
            "default: that one"
        ),
    )
    dropout: float | None = Field(
        None,
        ge=DROPOUT[0],
        le=DROPOUT[1],
        description=(
            "multiplies every published dropout rate: 0 to 1.5 is tried; default: the recipe's "
            "first"
        ),
    )
    weight_decay: float | None = Field(
        None,
        ge=0,
        description=(
            "weight decay: 0.0001 to 0.3 is tried, on a log scale, unless the given one lies "
            "outside; default: the recipe's first"
        ),
    )
    scales: list[Annotated[float, Field(gt=0, le=4)]] = Field(
        [],
        description=(
            "scales to try as well, such as 0.1 0.2 0.4, the given one first; default: scale "
            "is not tried"
        ),
    )
    windows: int | None = Field(
        None,
        ge=1,
        description=(
            "training windows that a trial of danq shows in total, at the given scale; a model or "
            "scale with more multiply-adds a window shows fewer, so that every model's trials "
            "cost the same; default: as many as the recipe shows"
        ),
    )
    trials: int = Field(
        12,
        ge=1,
        description=(
            "number of trials, those of earlier calls of the same command included; the first is "
            "the given configuration"
        ),
    )

    @model_validator(mode="after")
    def _check_single_device(self) -> Self:
        if self.devices * self.nodes > 1:
            raise ValueError("a search trains on one device; leave devices and nodes at 1")
        if self.start is not None and self.scales:
            raise ValueError("scales: start has weights of one scale; leave scales out, or start")
        return self


class Tuning(Section):
    """Search for the best knobs of every model, with equal chances, before it is trained."""

    trials: int = Field(12, ge=1, description=_description(Tune, "trials"))
    windows: int | None = Field(None, ge=1, description=_description(Tune, "windows"))
    scales: list[Annotated[float, Field(gt=0, le=4)]] = Field(
        [], description=_description(Tune, "scales")
    )
    seed: int = Field(0, ge=0, lt=2**31, description="seed of the search, and of its trainings")


class Matching(Section):
    """How motifs are compared with known ones."""

    distance: Literal["pearson", "euclidean"] = Field(
        "pearson",
        description=(
            "distance between columns; with euclidean, flat columns are similar, so long, weak "
            "motifs match each other"
        ),
    )
    q_value: float = Field(
        0.05, gt=0, le=1, description="a motif is named when its best match has a lower q-value"
    )
    shuffles: int = Field(
        1, ge=0, le=100, description="column-shuffled copies of each motif, for the empirical FDR"
    )
    seed: int = Field(0, ge=0, description="seed of shuffles and draws")


class Naming(Matching):
    """Name motifs by their known relatives."""

    trim_bits: float = Field(
        0.25, ge=0, le=2, description="trim flanking columns with less information (bits)"
    )
    min_bits: float = Field(
        8.0, ge=0, description="name only motifs whose best 8 columns hold at least this (bits)"
    )


class Motifs(Matching):
    """Read motifs out of filters, and name them by their known relatives."""

    recipe: Literal["modern", "published"] = Field(
        "modern",
        description=(
            "modern: sites above half of the maximum, trimmed, and only motifs with 8 bits named; "
            "published: every window's best site, if above 0, untrimmed"
        ),
    )
    windows: int = Field(
        3000, ge=10, description="windows with a label in which filters look for sites"
    )
    split: Literal["train", "valid", "test"] = Field("train", description="split of these windows")
    target: str | None = Field(
        None, description="target of the label (name or index); default: any"
    )
    activation: float | None = Field(
        None,
        ge=0,
        lt=1,
        description=(
            "a site's activation is above this share of the maximum; default: the recipe's"
        ),
    )
    trim_bits: float | None = Field(
        None,
        ge=0,
        le=2,
        description="trim flanking columns with less information (bits); default: the recipe's",
    )
    min_bits: float | None = Field(
        None,
        ge=0,
        description=(
            "name only motifs whose best 8 columns hold at least this (bits); default: the recipe's"
        ),
    )


class Ablation(Section):
    """Ablate one filter after the other, and measure which targets lose."""

    windows: int = Field(
        50, ge=1, description="positive windows of each target in which filters are ablated"
    )
    split: Literal["train", "valid", "test"] = Field("valid", description="split of these windows")
    seed: int = Field(0, ge=0, description="seed of the choice of windows")


class Probe(Section):
    """Show what a trained model does with pairs of motifs as their distance grows."""

    pairs: list[Word] = Field(
        [],
        description=(
            "pairs of known motifs, by identifier or factor, such as SRF+REST; default: those of "
            "the simulated grammar, or of the targets' own motifs"
        ),
    )
    backgrounds: int = Field(32, ge=2, description="random windows into which each pair is put")
    step: int = Field(
        15,
        ge=1,
        description=(
            "from one distance to the next (bp); near a multiple of 10.5 all distances would show "
            "one face of the double helix"
        ),
    )
    largest: int = Field(
        250, ge=0, description="largest distance (bp), or less if the window is too short"
    )
    seed: int = Field(0, ge=0, description="seed of the windows and of the sites")

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        for pair in self.pairs:
            if pair.count("+") != 1:
                raise ValueError(f"{pair} is not a pair; give two motifs as SRF+REST")
        return self


class Attribution(Section):
    """Explain predictions of a trained model base by base."""

    MOST: typing.ClassVar = 20  # targets that are all explained when none is named

    method: Literal["mutagenesis", "gradients"] = Field(
        "mutagenesis",
        description=(
            "mutagenesis: every other base at every position; gradients: integrated gradients, in "
            "about a tenth of the time for one target"
        ),
    )
    targets: list[Word] = Field(
        [],
        description=f"targets to explain, by name or index; default: all, if there are "
        f"no more than {MOST}",
    )
    windows: int = Field(
        1,
        ge=1,
        description="labelled test windows of each target to explain: one that is the same for all "
        "models, then the best-predicted",
    )
    regions: list[Word] = Field(
        [], description="explain instead the windows whose bin overlaps these, such as chr1:100-300"
    )
    steps: int = Field(
        50, ge=2, le=10_000, description="with gradients: points at which they are computed"
    )
    modisco: bool = Field(
        False, description="find motifs in the attributions with TF-MoDISco, where it is installed"
    )


class DeepSea(Section):
    """The published training bundle, instead of a genome and peaks."""

    train: str = Field(description="train.mat")
    valid: str = Field(description="valid.mat")
    test: str = Field(description="test.mat")
    names: str | None = Field(None, description="predictor.names: one target per line")


class Config(Section):
    """The whole of `config.yaml`."""

    run: Name = Field(description="name of the run; results go to results/<run>/")
    genome: str | None = Field(
        None, description="genome FASTA: plain, gzip or BGZF; path or URL; empty = simulate one"
    )
    targets: str | None = Field(
        None, description="table: name, group, file (peaks; paths relative to it, or URLs)"
    )
    blacklist: Paths = Field([], description="BED files of regions to leave out; paths or URLs")
    unmappable: Paths = Field(
        [], description="BED files; bins that lie in them by more than half are left out"
    )
    aliases: str | None = Field(
        None, description="table of other chromosome names, such as UCSC's chromAlias.txt"
    )
    sha256: dict[str, Checksum] = Field(
        default_factory=dict, description="checksums of genome, ..., by path or URL"
    )
    md5: dict[str, Checksum] = Field(default_factory=dict, description="the same, by MD5")
    deepsea: DeepSea | None = Field(
        None, description="the published training bundle, instead of a genome and peaks"
    )
    weights: dict[ModelName, str] = Field(
        default_factory=dict,
        exclude_if=lambda weights: not weights,
        description=(
            "published weights of models, such as {deepsea: deepsea_predict.pth}, by path or URL: "
            "they are imported, not trained; with deepsea"
        ),
    )
    motifs: str = Field(
        "JASPAR2024:vertebrates", description="known motifs: a MEME file, or JASPAR<year>:<taxon>"
    )
    assembly: Word = Field(
        "unknown", description="name of the genome's assembly, kept in dataset.h5"
    )
    where: dict[Word, Word] = Field(
        default_factory=dict, description="keep the targets whose column has that value"
    )
    models: list[ModelName] = Field(
        ["deepsea", "danq", "danq_conv"], min_length=1, description="models to train"
    )
    seeds: list[Annotated[int, Field(ge=0, lt=2**31)]] = Field(
        [0], min_length=1, description="training seeds"
    )
    learning_curve: list[float] = Field(
        [],
        description=(
            "shares of the training windows, such as 0.125, 0.25, 0.5 and 1; every model is "
            "trained on each, for its AUPRC by the number of windows; default: no curve"
        ),
    )
    folds: FoldSets = Field(
        None,
        exclude_if=lambda folds: folds is None,
        description=(
            "train and test in folds of the genome: a number, to distribute whole chromosomes, "
            "or a list of chromosomes and regions for each; default: one split, as in extract"
        ),
    )
    final: bool = Field(
        False,
        exclude_if=lambda final: not final,
        description=(
            "with folds: train each model and seed once more, on everything, without validation"
        ),
    )
    threads: int = Field(1, ge=1, description="CPU threads of one training")
    baselines: list[BaselineName] = Field(
        ["kmer", "motif", "boosting"], description="what the networks must beat"
    )
    simulate: Simulate = Simulate()
    extract: Extract
    train: Trainings = Trainings()
    tune: Tuning | None = Field(
        None, description="search for the knobs of every model; default: no search"
    )
    predict: Predictions | None = Field(
        None,
        description=(
            "predict a genome, regions or sequences with every model, its seeds averaged, and show "
            "them in genome browsers; default: only the test split"
        ),
    )
    variants: ScoredVariants = ScoredVariants()
    filters: Motifs = Motifs()
    ablation: Ablation = Ablation()
    probe: Probe = Probe()
    attribution: Attribution = Attribution()

    @model_validator(mode="after")
    def _check_sources(self) -> Self:
        if (self.genome is None) != (self.targets is None):
            raise ValueError(
                "genome and targets go together: give both, or neither to simulate them"
            )
        if (self.sha256 or self.md5) and not self.genome and not self.weights:
            raise ValueError(
                "sha256 and md5 are of the files of a run on a genome, and of weights; without "
                "these they are unused"
            )
        if self.deepsea and self.genome:
            raise ValueError("deepsea and genome are two sources of data: give one")
        return self

    @model_validator(mode="after")
    def _check_weights(self) -> Self:
        if not self.weights:
            return self
        if self.deepsea is None:
            raise ValueError("weights are of the published targets; give deepsea, too")
        others = sorted(set(self.weights) - set(self.models))
        if others:
            raise ValueError(f"weights of {others[0]}, which is not among models; add it there")
        for name in self.weights:
            window = MODELS[name].published_window
            if window != MODELS["deepsea"].published_window:
                raise ValueError(
                    f"weights of {name} read {window:,} bp, and the published windows have 1,000; "
                    "leave it out here, and give its checkpoint to danq predict or danq variants"
                )
        if self.tune or self.learning_curve:
            raise ValueError("weights are imported as they are; leave tune and learning_curve out")
        if self.seeds != [0]:
            raise ValueError("weights are one training each; give seeds: [0]")
        return self

    @property
    def n_folds(self) -> int:
        """Number of folds; 0 without any."""
        if isinstance(self.folds, list):
            return len(self.folds)
        return self.folds or 0

    @model_validator(mode="after")
    def _check_folds(self) -> Self:
        if self.final and not self.folds:
            raise ValueError("final trains for as long as folds say; give folds, or leave it out")
        if self.folds and self.deepsea:
            raise ValueError(
                "folds divide a genome by its chromosomes, and the windows of the published bundle "
                "(deepsea) have none, only splits of their own; leave folds out, or give a genome "
                "and targets instead of deepsea"
            )
        if self.folds and self.learning_curve:
            raise ValueError(
                "a learning_curve takes shares of one training split, and with folds there is one "
                "in each; run them one after the other: a run with folds, and under another name "
                "one without, which has the learning_curve, extract.valid and extract.test"
            )
        return self

    @model_validator(mode="after")
    def _check_splits(self) -> Self:
        for name in ("valid", "test"):
            regions = getattr(self.extract, name)
            if self.folds and regions:
                raise ValueError(
                    f"extract.{name} is given, and so are folds, which choose the validation and "
                    "test chromosomes of each; leave them out, as extract: {valid: [], test: []}"
                )
            if not self.folds and not regions:
                raise ValueError(f"extract.{name} names no chromosome; give some, or folds")
        return self

    def train_of(self, model: str) -> Train:
        """Return the knobs of the trainings of one model, before any search."""
        return self.train.of(model)

    def tune_of(self, model: str) -> Tune:
        """Return the knobs of the search for one model; the configuration has a section `tune`.

        Its space lies around the knobs that all models share, and its first trial has the model's
        own. A trial takes one device.
        """
        own = self.train_of(model)
        knobs = {**own.model_dump(), "lr": self.train.lr, "devices": 1, "nodes": 1}
        if own.lr != self.train.lr:
            knobs["first_lr"] = own.lr
        budget = (self.tune or Tuning()).model_dump(exclude={"seed"})
        return Tune.model_validate(knobs | budget)

    @model_validator(mode="after")
    def _check_first_trials(self) -> Self:
        for name, own in self.train.models.items() if self.tune else []:
            others = sorted(own.given.keys() - Tune.FIRST_TRIAL - {"start"})
            if others:
                raise ValueError(
                    f"tune: a model of its own {others[0]} would not be tuned like the others; "
                    f"give train.{others[0]} instead of that of {name}, or run without tune"
                )
        return self

    @model_validator(mode="after")
    def _check_tuning(self) -> Self:
        for name in self.models if self.tune else []:
            try:
                self.tune_of(name)
            except ValidationError as error:
                problem = error.errors()[0]
                knob = ".".join(str(part) for part in problem["loc"])
                message = problem["msg"].removeprefix("Value error, ")
                raise ValueError(f"tune: {knob} of {name}: {message}") from None
        return self

    @model_validator(mode="after")
    def _check_predictions(self) -> Self:
        if self.predict is None:
            return self
        if self.deepsea and self.predict.needs_genome:
            raise ValueError(
                "predict: the published bundle has no genome; give a genome and targets instead of "
                "deepsea, or only predict.fasta"
            )
        step = self.predict.step
        if step and not self.deepsea and self.extract.bin_size % step:
            raise ValueError(
                f"predict: step ({step}) must be a divisor of extract.bin_size "
                f"({self.extract.bin_size})"
            )
        return self

    @model_validator(mode="after")
    def _check_variants(self) -> Self:
        if self.deepsea and self.variants.files:
            raise ValueError(
                "variants: the published bundle has no genome; give a genome and targets instead "
                "of deepsea, or score them with danq variants"
            )
        return self

    @model_validator(mode="after")
    def _check_models(self) -> Self:
        for name in self.models:
            model = MODELS[name]
            train = self.train_of(name)
            initial = train.initialise_from
            if initial == "checkpoint" and train.start is None:
                raise ValueError(
                    f"train.initialise_from checkpoint, and no checkpoint for {name}; give it in "
                    "train.start, or leave initialise_from out"
                )
            if initial not in (None, "random", "checkpoint") and not model.has_filters:
                raise ValueError(
                    f"train.initialise_from {initial} puts motifs into filters, and {name} has "
                    "none; leave the model out, or give random"
                )
            if train.head == "pool" and not model.takes_pool_head:
                raise ValueError(
                    f"{name} reads fixed positions, which no head can pool; leave it out, or use "
                    "train.head dense"
                )
        return self

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        shares = self.learning_curve
        if not all(0 < share <= 1 for share in shares):
            raise ValueError("learning_curve has a share that is not above 0, and at most 1")
        if shares != sorted(set(shares)):
            raise ValueError("learning_curve has a share twice, or out of order; let them ascend")
        if shares == [1]:
            raise ValueError("learning_curve needs a share below 1: 1 is the run itself")
        return self

    @model_validator(mode="after")
    def _refuse_double_entries(self) -> Self:
        for name in ("models", "seeds", "baselines"):
            entries = getattr(self, name)
            if len(set(entries)) < len(entries):
                raise ValueError(f"{name} has an entry twice")
        return self


Location = tuple[str | None, int | None]
"""Where a value was given: file (or how else), and line."""


def _in_config(keys: tuple[str, ...]) -> Location:
    return "config", None


def load(
    mapping: Mapping[str, object], locate: Callable[[tuple[str, ...]], Location] = _in_config
) -> Config:
    """Validate a mapping read from `config.yaml`.

    Parameters
    ----------
    mapping : dict
        What the YAML file and ``--config`` gave. An empty text counts as not given.
    locate : callable, optional
        Takes the keys that lead to a value (tuple of str) and returns ``(path, line)``.

    Returns
    -------
    Config

    Raises
    ------
    DanqError
        The first unknown key, with its nearest neighbour, or the first value out of bounds.
    """
    given = {key: value for key, value in mapping.items() if value not in ("", None)}
    try:
        return Config.model_validate(given)
    except ValidationError as error:
        problem = error.errors()[0]
        keys = tuple(str(part) for part in problem["loc"] if part != "[key]")
        path, line = locate(keys)
        raise DanqError(_explain(keys, problem), path, line) from None


def _explain(keys: tuple[str, ...], problem: Mapping[str, Any]) -> str:
    """Return in one line what is wrong with the value under `keys`, as pydantic reports it."""
    name = ".".join(keys) or "config"
    if problem["type"] == "extra_forbidden":
        return f"unknown key {shown(name)}; {_nearest_key(keys)}"
    if problem["type"] == "missing":
        return f"{name} is missing; add it"
    value = shown(str(problem["input"]))
    if problem["type"] == "string_type":
        return f"{name}: {value} is not text; put it between quotes, as it is to be read"
    message = plain_message(problem)
    if problem["type"] == "value_error":
        return f"{name}: {message}"
    message, _, hint = message.partition("; ")
    return f"{name}: {message}, not {value}" + (f"; {hint}" if hint else "")


def _nearest_key(keys: tuple[str, ...]) -> str:
    """Name the known key that is most like the last of `keys`, or all of that section."""
    known = list(_section(keys[:-1]).model_fields)
    hint = nearest(keys[-1], known).removeprefix("; ")
    return hint or f"known keys: {', '.join(known)}"


def _section(keys: tuple[str, ...]) -> type[Section]:
    """Return the section class that holds the key under `keys`."""
    section: type[Section] = Config
    for key in keys:
        if key in section.model_fields:  # else a key of a dict of sections, as train.models
            section = _section_in(section.model_fields[key].annotation)
    return section


def _section_in(annotation: Any) -> type[Section]:
    """Return the section class in an annotation such as ``DeepSea | None``."""
    for kind in (annotation, *typing.get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind
    return Section


def flags(section: Section, leave_out: Sequence[str] = ()) -> str:
    """Return a section as one string of command-line flags, quoted for the shell.

    Parameters
    ----------
    section : Section
    leave_out : list of str
        Knobs that do not become flags.

    Returns
    -------
    str

    Examples
    --------
    >>> flags(Simulate(seed=3))
    '--chromosomes 21 --chromosome-length 500000 --seed 3'
    """
    words: list[str] = []
    for name, value in section.model_dump().items():
        if name not in leave_out:
            words += _flag(name.replace("_", "-"), value)
    return shlex.join(words)


def _flag(option: str, value: Any) -> list[str]:
    """Return the words of one option; none for an empty value."""
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    if value is None or value == []:
        return []
    values = value if isinstance(value, list) else [value]
    return [f"--{option}", *map(str, values)]


def differences(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """Name the options in which two sets differ.

    Parameters
    ----------
    before, now : dict of str to plain values
        Options by name. An option that one set lacks counts as None there.

    Returns
    -------
    str
        ``name (old, now new)`` for each, with commas between; empty where nothing differs.

    Examples
    --------
    >>> differences({"lr": 0.1, "seed": 1}, {"lr": 0.2, "seed": 1})
    'lr (0.1, now 0.2)'
    """
    changes = []
    for name in {**now, **before}:
        old = before.get(name)
        new = now.get(name)
        if old != new:
            changes.append(f"{name} ({_short(old)}, now {_short(new)})")
    return ", ".join(changes)


def _short(value: object) -> str:
    """Return a value as JSON, cut where it is long."""
    text = json.dumps(value)
    return text if len(text) <= 20 else text[:12] + '..."'


def to_yaml(settings: Config) -> str:
    """Return a whole Config as YAML text, every default written out."""
    return yaml.safe_dump(settings.model_dump(), sort_keys=False, allow_unicode=True)
