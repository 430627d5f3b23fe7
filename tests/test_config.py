import argparse
import shlex
from pathlib import Path

import pytest
import yaml

from danq import cli, config
from danq.errors import DanqError

ROOT = Path(__file__).parent.parent
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())


IN_FOLDS = {"folds": 4, "extract": {**DEFAULT["extract"], "valid": [], "test": []}}

IMPORTED = {
    "deepsea": {"train": "a", "valid": "b", "test": "c"},
    "weights": {"danq": "w.hdf5"},
    "models": ["danq"],
    "seeds": [0],
}

SHIPPED = [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml"))]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_configuration_is_valid(path):
    changes = yaml.safe_load(path.read_text())
    assert set(changes) <= set(DEFAULT)
    merged = DEFAULT | changes
    for name, value in DEFAULT.items():
        if isinstance(value, dict):
            merged[name] = value | changes.get(name, {})
    assert config.load(merged).run == changes["run"]


def test_a_run_without_a_genome_predicts_sequences():
    bundle = dict.fromkeys(["train", "valid", "test"], "a.mat")
    changes = {"deepsea": bundle, "predict": {"fasta": "mine.fa", "step": 50}}
    settings = config.load(DEFAULT | changes)
    assert settings.predict.fasta == ["mine.fa"] and not settings.predict.needs_genome
    assert config.load(DEFAULT).predict is None


def test_the_default_configuration_writes_out_every_knob():
    assert set(DEFAULT) == set(config.Config.model_fields)
    sections = ("simulate", "extract", "train", "filters", "ablation", "probe", "attribution")
    for name in sections:
        section = config.Config.model_fields[name].annotation
        assert set(DEFAULT[name]) == set(section.model_fields)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 3}, "config: unknown key 'epochs'; known keys: "),
        ({"train": {"epchs": 3}}, "unknown key 'train.epchs'; did you mean epochs?"),
        ({"run": "../x"}, "run: '../x' cannot be the name of a folder; use letters A to Z, digits"),
        ({"run": "a\n"}, "run: 'a\\n' cannot be the name of a folder; use letters"),
        ({"run": None}, "run is missing; add it"),
        (
            {"train": {"epochs": True}},
            "train: epochs is True; quote texts such as on, off, yes and no",
        ),
        ({"seeds": [False, 1]}, "config: seeds is [False, 1]; quote"),
        ({"folds": 4, "learning_curve": [0.5, 1]}, "a learning_curve takes shares of one training"),
        ({"folds": 4}, "config: extract.valid is given, and so are folds, which choose the vali"),
        ({"final": True}, "final trains for as long as folds say; give folds, or leave it out"),
        ({"folds": 2}, "folds: there must be 3 to 100 folds, not 2"),
        ({"folds": [["a"], ["b"]]}, "folds: there must be 3 to 100 folds, not 2"),
        ({"folds": "five"}, "folds: a number of folds, or a list of lists, is wanted, not 'five'"),
        (
            {"folds": [["a"], [], ["c"]]},
            "folds: fold 1 is not a list of chromosomes, as [chr1, chr4]",
        ),
        ({"folds": ["a", "b", "c"]}, "folds: fold 0 is not a list of chromosomes, as [chr1, chr4]"),
        ({"folds": [["a"], ["b"], [3]]}, "folds: fold 2: '3' is not a chromosome or region"),
        ({"folds": [["a"], ["b"], ["-c"]]}, "folds: '-c' begins with -, as an option does"),
        ({"folds": True}, "config: folds is True; quote texts"),
        ({"extract": {**DEFAULT["extract"], "test": []}}, "extract.test names no chromosome; give"),
        (
            {**IN_FOLDS, "learning_curve": [0.5, 1]},
            "a learning_curve takes shares of one training split, and with folds there is one",
        ),
        (
            {**IN_FOLDS, "deepsea": {"train": "a", "valid": "b", "test": "c"}},
            "folds divide a genome by its chromosomes, and the windows of the published bundle",
        ),
        ({"learning_curve": [0, 0.5]}, "config: learning_curve has a share that is not above 0"),
        ({"learning_curve": [0.5, 1.5]}, "config: learning_curve has a share that is not above 0"),
        ({"learning_curve": [0.5, 0.25]}, "config: learning_curve has a share twice, or out of"),
        ({"learning_curve": [0.5, 0.5]}, "config: learning_curve has a share twice, or out of"),
        ({"learning_curve": [1]}, "config: learning_curve needs a share below 1: 1 is the run"),
        ({"learning_curve": ["half"]}, "learning_curve.0: Input should be a number, not 'half'"),
        ({"predict": {}}, "config: predict: nothing to predict; give genome: true, chromosomes"),
        ({"predict": {"genome": "hg38.fa"}}, "predict.genome: Input should be true or false, not"),
        (
            {"predict": {"genome": True, "chromosomes": ["chr1"]}},
            "predict: genome: true is every chromosome; leave it out, or chromosomes",
        ),
        ({"predict": {"fasta": ["a.fa"], "loci": ["chr1:0-9"]}}, "predict: loci are drawn of"),
        (
            {"predict": {"bed": ["a.bed"], "step": 150}},
            "config: predict: step (150) must be a divisor",
        ),
        ({"predict": {"genome": True, "fdr": 1}}, "predict.fdr: Input should be less than 1"),
        ({"predict": {"beds": ["a.bed"]}}, "unknown key 'predict.beds'; did you mean bed?"),
        (
            {
                "predict": {"genome": True},
                "deepsea": dict.fromkeys(["train", "valid", "test"], "a"),
            },
            "config: predict: the published bundle has no genome; give a genome and targets",
        ),
        ({"seeds": [2**31]}, "seeds.0: Input should be less than 2147483648"),
        (
            {"extract": {**DEFAULT["extract"], "valid": ["-chr3"]}},
            "extract.valid.0: '-chr3' begins with -, as an option does; rename it",
        ),
        (
            {"train": {"models": {"deepse": {"lr": 1}}}},
            "train.models.deepse: Input should be 'mlp', ",
        ),
        ({"train": {"models": {"deepse": {"lr": 1}}}}, "; did you mean deepsea?"),
        (
            {"train": {"models": {"danq": {"lrr": 1}}}},
            "unknown key 'train.models.danq.lrr'; did you mean lr?",
        ),
        ({"train": {"models": {"danq": {"lr": -1}}}}, "train.models.danq.lr: Input should be gre"),
        (
            {"train": {"models": {"danq": {"device": "cpu"}}}},
            "train.models.danq: device is the same for all models; give train.device",
        ),
        (
            {"train": {"devices": 2, "models": {"danq": {"stem": "exponential"}}}},
            "train: models.danq: stem exponential normalises over the batch",
        ),
        (
            {"models": ["mlp"], "train": {"models": {"mlp": {"head": "pool"}}}},
            "mlp reads fixed positions, which no head can pool",
        ),
        ({"variants": {"label": "HIT"}}, "variants: label is of variants in files; give files"),
        (
            {"variants": {"files": ["a.vcf"], "match": "distance"}},
            "variants: match chooses among labelled variants; give label, too",
        ),
        ({"tune": {"trails": 3}}, "unknown key 'tune.trails'; did you mean trials?"),
        ({"tune": {"trials": 0}}, "tune.trials: Input should be greater than or equal to 1"),
        (
            {"tune": {}, "train": {"models": {"deepsea": {"filter_scale": 2}}}},
            "give train.filter_scale instead of that of deepsea, or run without tune",
        ),
        ({"tune": {}, "train": {"dropout": 1.8}}, "tune: dropout of deepsea: Input should be less"),
        ({"models": ["danq", "lstm"]}, "models.1: Input should be 'mlp', 'blstm', 'deepsea', "),
        (
            {"models": ["blstm"], "train": {"initialise_from": "known"}},
            "train.initialise_from known puts motifs into filters, and blstm has",
        ),
        (
            {"models": ["mlp"], "train": {"head": "pool"}},
            "mlp reads fixed positions, which no head can pool",
        ),
        (
            {"train": {"device": "cuda:1", "devices": 2}},
            "train: device names one GPU, devices several",
        ),
        (
            {"train": {"recipe": "published", "initialise_from": "enriched"}},
            "train: initialise_from enriched is not for the published recipe",
        ),
        (
            {"train": {"stem": "exponential", "devices": 2}},
            "train: stem exponential normalises over the batch",
        ),
        ({"seeds": [0, 0]}, "seeds has an entry twice"),
        ({"genome": "x.fa"}, "genome and targets go together"),
        (
            {
                "genome": "x.fa",
                "targets": "t.tsv",
                "deepsea": {"train": "a", "valid": "b", "test": "c"},
            },
            "deepsea and genome are two sources of data: give one",
        ),
        ({"deepsea": {"train": "a", "vald": "b", "test": "c"}}, "deepsea.valid is missing; add it"),
        (
            {"deepsea": {"train": "a", "valid": "b", "test": "c", "nams": "d"}},
            "unknown key 'deepsea.nams'; did you mean names?",
        ),
        ({"md5": {"train.mat": "0" * 32}}, "sha256 and md5 are of the files of a run on a genome"),
        ({"sha256": {"g.fa": "abc"}}, "sha256.g.fa: 'abc' is not a checksum: SHA-256 has 64 hex"),
        ({"weights": {"danq": "w.hdf5"}}, "weights are of the published targets; give deepsea"),
        (IMPORTED | {"models": ["deepsea"]}, "weights of danq, which is not among models; add it"),
        (IMPORTED | {"seeds": [0, 1]}, "weights are one training each; give seeds: [0]"),
        (
            IMPORTED | {"models": ["beluga"], "weights": {"beluga": "b.pth"}},
            "weights of beluga read 2,000 bp, and the published windows have 1,000; leave it out",
        ),
        (IMPORTED | {"tune": {"trials": 3}}, "weights are imported as they are; leave tune and"),
        (IMPORTED | {"weights": {"dang": "w.hdf5"}}, "did you mean danq?"),
        ({"baselines": ["scan", "scan"]}, "baselines has an entry twice"),
        (
            {"extract": {**DEFAULT["extract"], "window": 501}},
            "extract: window (501) must be bin_size (200)",
        ),
        ({"train": {"lr": float("nan")}}, "train.lr: Input should be a finite number"),
        ({"assembly": "hg38 $(touch x)"}, "assembly: 'hg38 $(touch x)' holds '$', which a"),
        ({"where": {"panel": "core\\ x"}}, "where.panel: 'core\\\\ x' holds '\\\\', which a"),
        (
            {"extract": {**DEFAULT["extract"], "valid": ["`touch x`"]}},
            "extract.valid.0: '`touch x`' holds '`', which a shell or Snakemake would",
        ),
        (
            {"train": {"device": "gpu; rm -rf x"}},
            "train.device: 'gpu; rm -rf x' is not a device; give auto, cpu",
        ),
    ],
)
def test_mistakes_are_one_line(change, message):
    with pytest.raises(DanqError) as caught:
        config.load(DEFAULT | change)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_model_may_have_knobs_of_its_own():
    own = {"deepsea": {"lr": 0.002, "epochs": None}, "blstm": {"dropout": 0.3}}
    loaded = config.load(DEFAULT | {"train": {"lr": 0.004, "epochs": 5, "models": own}})
    general = config.Train(lr=0.004, epochs=5)
    assert loaded.train_of("danq") == general
    assert loaded.train_of("deepsea") == general.model_copy(update={"lr": 0.002})
    again = config.load(yaml.safe_load(config.to_yaml(loaded)))
    assert again == loaded and again.train_of("blstm") == loaded.train_of("blstm")


def test_a_search_starts_at_a_model_s_own_knobs_around_those_of_all():
    own = {"deepsea": {"lr": 0.002, "dropout": 0.3}}
    tune = {"trials": 5, "windows": 1000, "scales": [0.1]}
    train = {"lr": 0.004, "devices": 2, "models": own}
    loaded = config.load(DEFAULT | {"tune": tune, "train": train})
    deepsea = loaded.tune_of("deepsea")
    danq = loaded.tune_of("danq")
    assert (deepsea.lr, deepsea.first_lr, deepsea.dropout) == (0.004, 0.002, 0.3)
    assert (danq.lr, danq.first_lr, danq.dropout) == (0.004, None, None)
    for settings in (deepsea, danq):
        assert (settings.trials, settings.windows, settings.scales) == (5, 1000, [0.1])
        assert settings.devices == 1
    assert config.load(DEFAULT | {"tune": {}}).tune_of("danq").trials == 12
    assert config.load(DEFAULT).tune is None


def test_an_empty_source_is_no_source():
    loaded = config.load(
        DEFAULT | {"blacklist": "", "genome": "g.fa", "targets": "t.tsv", "aliases": ""}
    )
    assert loaded.blacklist == [] and loaded.aliases is None


def test_one_file_is_a_list_of_one():
    sources = {"genome": "g.fa", "targets": "t.tsv"}
    assert config.load(DEFAULT | sources | {"blacklist": "a.bed"}).blacklist == ["a.bed"]
    assert config.load(DEFAULT | sources | {"blacklist": ["a.bed", "b.bed"]}).blacklist == [
        "a.bed",
        "b.bed",
    ]


TEXTS = [
    ("run", "2024_05_01"),
    ("assembly", "012"),
    ("genome", "1.10"),
    ("targets", "1.10"),
    ("motifs", "8"),
    ("aliases", "8"),
    ("blacklist", ["1_0"]),
    ("unmappable", ["1_0"]),
    ("where", {"panel": "0x10"}),
    ("extract", {**DEFAULT["extract"], "valid": ["1_0"], "groups": ["12"], "chromosomes": ["8"]}),
    ("filters", {"target": "012"}),
    ("attribution", {"targets": ["012"], "regions": ["1.10"]}),
]
"""Every knob that is text, with a text that YAML takes for a number."""


@pytest.mark.parametrize(("name", "value"), TEXTS)
def test_a_number_is_no_text(name, value):
    """What was typed is not known then: 012, 1_2 and 12 are three chromosomes."""
    rest = DEFAULT | {"genome": "g.fa", "targets": "t.tsv"}
    loaded = config.load(rest | {name: value}).model_dump()[name]
    kept = {key: loaded[key] for key in value} if isinstance(value, dict) else loaded
    assert kept == value
    numbers = yaml.safe_load(yaml.safe_dump({name: value}).replace("'", ""))
    with pytest.raises(DanqError, match=r"is not text; put it between quotes, as it is to be read"):
        config.load(rest | numbers)


@pytest.mark.parametrize(
    ("command", "section"),
    [
        ("simulate", config.Simulate),
        ("extract", config.Extract),
        ("train", config.Train),
        ("tune", config.Tune),
        ("motifs", config.Motifs),
    ],
)
def test_a_section_becomes_flags_and_comes_back(command, section):
    needed = {"valid": ["chr 1", "chr2:1-9"], "test": ["chr3"]} if section is config.Extract else {}
    settings = section(**needed)
    steps = next(
        action
        for action in cli.build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    parser = steps.choices[command]
    for action in parser._actions:
        action.required = False
    options = vars(parser.parse_args(shlex.split(config.flags(settings))))
    assert section(**{name: options[name] for name in section.model_fields}) == settings


def test_texts_come_back_from_yaml():
    changes = dict(TEXTS) | {"run": "012", "assembly": "1e3"}
    settings = config.load(DEFAULT | changes)
    assert config.load(yaml.safe_load(config.to_yaml(settings))) == settings


def test_yaml_round_trip():
    settings = config.load(DEFAULT)
    assert config.load(yaml.safe_load(config.to_yaml(settings))) == settings


def test_folds_are_a_number_or_a_list_and_without_them_nothing_says_so():
    sets = [["chr1", "chr4"], ["chr2:0-1000"], ["chr3"]]
    assert config.load({**DEFAULT, **IN_FOLDS, "folds": "5"}).n_folds == 5
    in_sets = config.load({**DEFAULT, **IN_FOLDS, "folds": sets})
    assert (in_sets.folds, in_sets.n_folds) == (sets, 3)
    assert config.load(yaml.safe_load(config.to_yaml(in_sets))) == in_sets
    plain = config.load(DEFAULT)
    assert plain.n_folds == 0
    assert "final" not in config.to_yaml(plain) + plain.model_dump_json()
    assert "folds" not in config.to_yaml(plain) + plain.model_dump_json()
