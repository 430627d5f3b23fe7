"""Every model, baseline and metric, declared once.

What the command line offers, what is trained, compared, priced and named in the report follows from
these entries. Nothing here knows PyTorch: an entry names the class in `danq.network.models`, or the
function in `danq.evaluation.metrics`, that does the work.
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Model:
    """A network that can be trained.

    Attributes
    ----------
    name : str
        What the configuration and the folders of a run call it.
    title, description : str
        What the report calls it, and what it is.
    network : str
        Its class in `danq.network.models`.
    sizes : dict of str to int
        Arguments of that class that differ from its defaults.
    recurrent : bool
        Whether it has a recurrent layer.
    receptive_field : {"local", "window"}
        What one position of its last feature map depends on: a neighbourhood, or the whole window.
    has_filters : bool
        Whether it has a first convolution whose filters can be read, or initialised, as motifs.
    takes_pool_head : bool
        Whether it can have a head that pools over positions.
    published_recipe : {"deepsea", "danq", "danq_jaspar"}
        Whose optimiser, schedule and constraints ``recipe: published`` gives it.
    gflop : float
        Cost of training on one window of 1,000 bp at the published widths (GFLOP): six times the
        multiply-adds, two for the forward pass and four for the backward pass.
    published_window : int
        Bases that it reads as published (bp).
    twin_of : str or None
        The model whose LSTM it replaces at equal cost, by another recurrence or without one.
    contrast : str
        In what the twin and that model differ, as a sentence of the report.
    compared_with : tuple of str
        The models that it is compared with where both were trained, as the first of the pair.
    """

    name: str
    title: str
    description: str
    network: str
    gflop: float
    sizes: dict[str, int] = field(default_factory=dict)
    recurrent: bool = False
    receptive_field: Literal["local", "window"] = "local"
    has_filters: bool = True
    takes_pool_head: bool = True
    published_recipe: Literal["deepsea", "danq", "danq_jaspar"] = "danq"
    published_window: int = 1_000
    twin_of: str | None = None
    contrast: str = ""
    compared_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class Baseline:
    """A predictor that is not a network: what networks should beat, or the ceiling of a simulation.

    Attributes
    ----------
    name, title, description : str
        As of a `Model`.
    oracle : bool
        Whether it knows the truth of a simulated genome.
    needs_motifs : bool
        Whether it knows motifs.
    """

    name: str
    title: str
    description: str
    oracle: bool = False
    needs_motifs: bool = False


@dataclass(frozen=True)
class Metric:
    """A measure of how good the scores of one target are.

    Attributes
    ----------
    name : str
        Its column in metrics.tsv, and its function in `danq.evaluation.metrics`.
    title : str
        What the report calls it.
    better : {"higher", "lower"}
        Which values are good.
    """

    name: str
    title: str
    better: Literal["higher", "lower"]


LARGE = {"filters": 1024, "units": 512, "filter_width": 30, "pool": 15}
"""What DanQ-JASPAR has in place of DanQ's sizes; 525 filters are initialised from JASPAR."""

_CONTRASTS = {
    "conv": (
        "{twin} is {model} with a convolution instead of its recurrent layer, at the same "
        "cost. The two differ in recurrence and in receptive field: that of the convolution is "
        "a neighbourhood."
    ),
    "residual": (
        "{twin} has a convolution there and a branch of dilated convolutions whose receptive field "
        "is the whole window, as is the recurrent layer's, at the same cost: the two differ in "
        "recurrence, not in reach."
    ),
    "attention": (
        "{twin} has a convolution there and attention over the whole window, at the same cost: the "
        "two differ in recurrence, not in reach."
    ),
    "mingru": (
        "{twin} has a linear recurrence there, whose gates do not see its state, at the same cost: "
        "the two differ in what a recurrence can compute, not in reach."
    ),
}
"""In what a twin and its model differ, by what stands in the recurrent layer's place."""


def _contrast(kind: str, model: str, twin: str) -> str:
    return _CONTRASTS[kind].format(model=model, twin=twin)


_MODELS = (
    Model(
        name="mlp",
        title="MLP",
        description="fully connected layers over the bases",
        network="Mlp",
        gflop=0.03,
        receptive_field="window",
        has_filters=False,
        takes_pool_head=False,
    ),
    Model(
        name="blstm",
        title="BLSTM",
        description="a bidirectional LSTM over the bases, no convolution",
        network="Blstm",
        gflop=5.3,
        recurrent=True,
        receptive_field="window",
        has_filters=False,
        compared_with=("mlp",),
    ),
    Model(
        name="deepsea",
        title="DeepSEA",
        description="three convolutions",
        network="DeepSEA",
        gflop=3.3,
        published_recipe="deepsea",
        compared_with=("mlp",),
    ),
    Model(
        name="beluga",
        title="Beluga",
        description="six convolutions",
        network="Beluga",
        gflop=11.2,
        published_recipe="deepsea",  # its own is not known to the last step
        compared_with=("deepsea", "danq"),
        published_window=2_000,
    ),
    Model(
        name="basset",
        title="Basset",
        description="three convolutions, two fully connected layers",
        network="Basset",
        gflop=1.5,
        takes_pool_head=False,
        published_recipe="deepsea",  # as of Beluga
        compared_with=("deepsea", "danq"),
        published_window=600,
    ),
    Model(
        name="danq",
        title="DanQ",
        description="a convolution, then a bidirectional LSTM",
        network="DanQ",
        gflop=1.2,
        recurrent=True,
        receptive_field="window",
        compared_with=(
            "deepsea",
            "danq_conv",
            "danq_residual",
            "danq_attention",
            "danq_mingru",
            "danq_forward",
            "blstm",
        ),
    ),
    Model(
        name="danq_forward",
        title="DanQ-forward",
        description="DanQ with two LSTMs that both read forward",
        network="DanQForward",
        gflop=1.2,
        recurrent=True,
        receptive_field="window",
    ),
    Model(
        name="danq_conv",
        title="DanQ-conv",
        description="DanQ with a convolution of the same cost instead of its LSTM",
        network="DanQConv",
        gflop=1.2,
        twin_of="danq",
        contrast=_contrast("conv", "DanQ", "DanQ-conv"),
        compared_with=("deepsea",),
    ),
    Model(
        name="danq_residual",
        title="DanQ-residual",
        description="DanQ with a convolution there, and dilated ones over the whole window",
        network="DanQResidual",
        gflop=1.2,
        receptive_field="window",
        twin_of="danq",
        contrast=_contrast("residual", "DanQ", "DanQ-residual"),
        compared_with=("danq_conv",),
    ),
    Model(
        name="danq_attention",
        title="DanQ-attention",
        description="DanQ with a convolution there, and attention over the whole window",
        network="DanQAttention",
        gflop=1.2,
        receptive_field="window",
        twin_of="danq",
        contrast=_contrast("attention", "DanQ", "DanQ-attention"),
        compared_with=("danq_conv", "danq_residual"),
    ),
    Model(
        name="danq_mingru",
        title="DanQ-minGRU",
        description="DanQ with a linear recurrence there",
        network="DanQMinGRU",
        gflop=1.2,
        recurrent=True,
        receptive_field="window",
        twin_of="danq",
        contrast=_contrast("mingru", "DanQ", "DanQ-minGRU"),
        compared_with=("danq_conv", "danq_residual"),
    ),
    Model(
        name="danq_jaspar",
        title="DanQ-JASPAR",
        description="the larger DanQ, with 1,024 filters",
        network="DanQ",
        sizes=LARGE,
        gflop=3.5,
        recurrent=True,
        receptive_field="window",
        published_recipe="danq_jaspar",
        compared_with=(
            "danq",
            "danq_jaspar_conv",
            "danq_jaspar_residual",
            "danq_jaspar_attention",
            "danq_jaspar_mingru",
        ),
    ),
    Model(
        name="danq_jaspar_conv",
        title="DanQ-JASPAR-conv",
        description="the larger DanQ with a convolution of the same cost instead of its LSTM",
        network="DanQConv",
        sizes=LARGE,
        gflop=3.5,
        published_recipe="danq_jaspar",
        twin_of="danq_jaspar",
        contrast=_contrast("conv", "DanQ-JASPAR", "DanQ-JASPAR-conv"),
    ),
    Model(
        name="danq_jaspar_residual",
        title="DanQ-JASPAR-residual",
        description="the larger DanQ with a convolution there, and dilated ones over the window",
        network="DanQResidual",
        sizes=LARGE,
        gflop=3.5,
        receptive_field="window",
        published_recipe="danq_jaspar",
        twin_of="danq_jaspar",
        contrast=_contrast("residual", "DanQ-JASPAR", "DanQ-JASPAR-residual"),
    ),
    Model(
        name="danq_jaspar_attention",
        title="DanQ-JASPAR-attention",
        description="the larger DanQ with a convolution there, and attention over the whole window",
        network="DanQAttention",
        sizes=LARGE,
        gflop=3.5,
        receptive_field="window",
        published_recipe="danq_jaspar",
        twin_of="danq_jaspar",
        contrast=_contrast("attention", "DanQ-JASPAR", "DanQ-JASPAR-attention"),
    ),
    Model(
        name="danq_jaspar_mingru",
        title="DanQ-JASPAR-minGRU",
        description="the larger DanQ with a linear recurrence there",
        network="DanQMinGRU",
        sizes=LARGE,
        gflop=3.5,
        recurrent=True,
        receptive_field="window",
        published_recipe="danq_jaspar",
        twin_of="danq_jaspar",
        contrast=_contrast("mingru", "DanQ-JASPAR", "DanQ-JASPAR-minGRU"),
    ),
)

_BASELINES = (
    Baseline("kmer", "k-mer", "logistic regression on the k-mers of the bin and of its flanks"),
    Baseline(
        "scan",
        "motif scan",
        "scan with the target's own known motif; only for targets that have one",
        needs_motifs=True,
    ),
    Baseline(
        "motif",
        "own motif",
        "logistic regression on the sites of the target's own known motif; only for targets that "
        "have one",
        needs_motifs=True,
    ),
    Baseline(
        "boosting",
        "boosting",
        "gradient boosting on the sites of all known motifs",
        needs_motifs=True,
    ),
    Baseline(
        "oracle_rule",
        "oracle: rule",
        "knows the planted sites and the whole rule: the ceiling",
        oracle=True,
    ),
    Baseline(
        "oracle_parts",
        "oracle: parts",
        "knows the planted sites, ignores the rule",
        oracle=True,
    ),
)

_METRICS = (
    Metric("auroc", "AUROC", "higher"),
    Metric("auprc", "AUPRC", "higher"),
    Metric("auprc_trapezoid", "AUPRC, trapezoid", "higher"),
    Metric("lift", "lift", "higher"),
    Metric("recall_at_fdr50", "recall at 50 % FDR", "higher"),
    Metric("brier", "Brier score", "lower"),
    Metric("ece", "calibration error", "lower"),
)

MODELS = {model.name: model for model in _MODELS}
"""Every model by its name, in the order in which they are listed."""

BASELINES = {baseline.name: baseline for baseline in _BASELINES}
"""Every baseline and oracle by its name."""

METRICS = {metric.name: metric for metric in _METRICS}
"""Every metric by its name, in the order of the columns of metrics.tsv."""


def predictor(name: str) -> Model | Baseline | None:
    """Return the entry of a model or baseline; None for a name that has none."""
    return MODELS.get(name) or BASELINES.get(name)


def comparisons() -> list[tuple[str, str]]:
    """Return every pair of models that is compared where both were trained, as (a, b)."""
    pairs = []
    for model in MODELS.values():
        pairs += [(model.name, name) for name in model.compared_with]
    return pairs


def twins(name: str) -> list[Model]:
    """Return the models that replace the LSTM of `name` at equal cost."""
    return [model for model in MODELS.values() if model.twin_of == name]


def question_pairs() -> list[tuple[str, str]]:
    """Return the pairs that ask what an LSTM adds, as (with, without), the twins first.

    Examples
    --------
    >>> question_pairs()[:3]
    [('danq', 'danq_conv'), ('danq', 'danq_residual'), ('danq', 'danq_attention')]
    """
    pairs: list[tuple[str, str]] = []
    for model in MODELS.values():
        controls = [twin.name for twin in twins(model.name)]
        if controls:
            for name in model.compared_with:
                if not MODELS[name].recurrent and name not in controls:
                    controls.append(name)
            pairs += [(model.name, control) for control in controls]
    return pairs
