"""What is wrong in a configuration is told before any job runs; text is taken as typed."""

import json
import os

import pytest

from danq.config import Config
from tests.test_workflow import ROOT, messages, snakemake

pytestmark = pytest.mark.workflow

TOY = ROOT / "tests" / "toy.yaml"


def plan(folder, *files, config=(), **options):
    """Plan a run with configuration files and words of --config; return the finished process."""
    given = ["--configfile", *files] if files else []
    words = ["--config", *config] if config else []
    return snakemake(folder, "-n", *given, *words, **options)


def refused(process, message):
    """Assert that a plan ends in one line of danq."""
    output = process.stdout + process.stderr
    assert process.returncode == 2, output
    (line,) = messages(process)
    assert message in line, output
    assert "Traceback" not in output


# --- text is taken as typed ---


@pytest.mark.parametrize("run", ["2024_05_01", "012", "1.10", "2024-05-01", "0x10", "on", "1e3"])
def test_a_run_is_called_as_typed(tmp_path, run):
    (tmp_path / "own.yaml").write_text(f"run: {run}\n")
    for process in (plan(tmp_path, "own.yaml"), plan(tmp_path, config=[f"run={run}"])):
        assert f" results/{run}/report.html" in process.stdout + process.stderr


TEXTS = """
extract:
  valid: [1_0]
  test: [012, 1.10:0-2000]
  chromosomes: [1_0, 012, 1.10, 2:30]
  groups: [0x1F]
assembly: 2024_05
where: {1_1: 0b1}
filters: {target: 1_000}
attribution: {targets: [01]}
"""


def own_run(folder):
    """Write a genome and a table of targets whose every name YAML takes for another."""
    (folder / "012").write_text(">1_0\nACGT\n")
    (folder / "1.10").write_text(
        "name\tfile\tgroup\t1_1\n01\t2_1\t0x1F\t0b1\n1_000\t2_1\t0x1F\t0b1\n"
    )
    (folder / "2_1").write_text("1_0\t1\t2\n")


def test_every_text_knob_is_taken_as_typed_from_files(tmp_path):
    own_run(tmp_path)
    sources = "genome: 012\ntargets: 1.10\nblacklist: 2_1\nunmappable: [2_1]\nrun: 1_0\n"
    (tmp_path / "own.yaml").write_text(TEXTS + sources)
    process = plan(tmp_path, "own.yaml")
    output = process.stdout + process.stderr
    assert process.returncode == 0, output
    for flags in (
        "--valid 1_0 --test 012 1.10:0-2000 --chromosomes 1_0 012 1.10 2:30",
        "--groups 0x1F",
        "--assembly 2024_05",
        "--where 1_1=0b1",
        "--blacklist 2_1 --unmappable 2_1",
        "--genome 012 --targets 1.10",
        "--target 1_000",
        "--targets 01 ",
    ):
        assert flags in printed(tmp_path, "own.yaml"), flags


def printed(folder, *files):
    """Return the commands of a run, its blanks and line breaks single blanks."""
    process = snakemake(folder, "-n", "--printshellcmds", "--configfile", *files)
    return " ".join((process.stdout + process.stderr).split()).replace("'", "")


def test_a_workflow_of_ones_own_takes_text_as_typed(tmp_path):
    write_module(tmp_path, "")
    sections = "danq: {run: x, extract: {valid: [1_0], test: [012]}}\n"
    (tmp_path / "own.yaml").write_text(f"run: 10\nextract: {{valid: [8]}}\n{sections}")
    process = plan(tmp_path, "own.yaml", snakefile="own.smk")
    # The simulated genome has no such chromosomes: that they are told shows how they were read.
    told = "\n".join(messages(process))
    assert process.returncode == 2
    assert "extract.valid: region '1_0': " in told and "extract.test: region '012': " in told


def write_module(folder, settings):
    """Write a workflow that takes danq as a module."""
    lines = [
        "module danq:",
        f"    snakefile: '{ROOT}/workflow/Snakefile'",
        "    config: config['danq']",
        settings,
        "use rule * from danq as danq_*",
    ]
    (folder / "own.smk").write_text("\n".join(lines) + "\n")


def test_every_text_knob_is_taken_as_typed_from_the_command_line(tmp_path):
    own_run(tmp_path)
    (tmp_path / "own.yaml").write_text(TEXTS)
    words = ["genome=012", "targets=1.10", "blacklist=2_1", "run=1_0", "assembly=1e3", "threads=02"]
    process = snakemake(
        tmp_path, "-n", "--printshellcmds", "--configfile", "own.yaml", "--config", *words
    )
    output = " ".join((process.stdout + process.stderr).split())
    assert process.returncode == 0, output
    for flags in ("--genome 012 --targets 1.10 --blacklist 2_1", "--assembly 1e3", "--threads 2 "):
        assert flags in output
    assert "results/1_0/report.html" in output


# --- files that are no configuration ---


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("run: x\nseeds: [1\n", "config.yaml:3: is not YAML: expected ',' or ']'"),
        ("run: x\n\tseeds: 1\n", "config.yaml:2: is not YAML: found character '\\t'"),
        ("run: !!python/name:os.system x\n", "config.yaml:1: holds the tag '!!python/name:os.sys"),
        ("run: !mine x\n", "config.yaml:1: holds the tag '!mine', which asks for a type that no"),
        (b"run: \xff\n", "config.yaml:1: is not UTF-8 text; save it as such"),
        ("- run\n", "config.yaml:1: holds no keys and values"),
        ("", "config.yaml: holds no keys and values"),
        ("pathvars: [results]\n", "pathvars has one key, results"),
    ],
)
def test_a_config_yaml_that_is_none_is_refused_with_its_line(tmp_path, content, message):
    content = content if isinstance(content, bytes) else content.encode()
    refused(snakemake(tmp_path, "-n", config_yaml=content), message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seeds: !!set {1, 2}\n", "own.yaml:1: holds the tag '!!set'"),
        ("run: !!binary aGk=\n", "own.yaml:1: holds the tag '!!binary'"),
        ("seeds: &s [*s]\n", "own.yaml:1: holds more than 100,000 values"),
    ],
)
def test_what_snakemake_lets_pass_is_refused_with_its_line(tmp_path, content, message):
    (tmp_path / "own.yaml").write_text(content)
    refused(plan(tmp_path, "own.yaml"), message)


# --- where results go ---


@pytest.mark.parametrize(
    "folder", ["../up", "/tmp/elsewhere", "a$(touch x)", "a`touch x`", "a b;c"]
)
def test_results_stay_below_the_working_folder(tmp_path, folder):
    (tmp_path / "own.yaml").write_text(json.dumps({"pathvars": {"results": folder}}))
    refused(plan(tmp_path, "own.yaml"), "is not the name of a folder below the working folder")
    assert set(os.listdir(tmp_path)) <= {".snakemake", "config.yaml", "own.yaml"}


def test_a_workflow_of_ones_own_has_no_shell_syntax_in_its_results(tmp_path):
    write_module(tmp_path, "    pathvars:\n        results='a$(touch x)'")
    extract = {"valid": ["chr1"], "test": ["chr2"]}
    (tmp_path / "own.yaml").write_text(json.dumps({"danq": {"run": "x", "extract": extract}}))
    process = plan(tmp_path, "own.yaml", snakefile="own.smk")
    refused(process, "the name holds one of $ ` \\ or a line break")


# --- every knob that names something ---


def named_knobs(schema, definitions, prefix=""):
    """Yield the dotted name of every knob that is text: those that are no number and no choice."""
    for name, field in schema["properties"].items():
        sections = [definitions[ref] for ref in references(field)]
        if sections:
            for section in sections:
                if "properties" in section:
                    yield from named_knobs(section, definitions, f"{prefix}{name}.")
        elif "string" in kinds(field):
            yield prefix + name


def references(field):
    """Return the names of the sections in a knob's schema."""
    found = [part.get("$ref", "").rpartition("/")[2] for part in [field, *field.get("anyOf", [])]]
    return [name for name in found if name]


def kinds(field):
    """Return the types in a knob's schema, without those of choices."""
    waiting = [field]
    found = set()
    while waiting:
        part = waiting.pop()
        if "enum" not in part:
            found.add(part.get("type"))
        waiting += part.get("anyOf", [])
        waiting += [part[key] for key in ("items", "additionalProperties") if part.get(key)]
        waiting += part.get("patternProperties", {}).values()
    return found


OWN = {"genome": "genome.fa", "targets": "targets.tsv", "baselines": []}
BUNDLE = {"train": "genome.fa", "valid": "genome.fa", "test": "genome.fa"}
SUM = 64 * "0"

WRONG = {
    "run": ({"run": "../up"}, "run: "),
    "genome": ({**OWN, "genome": "none.fa"}, "none.fa: there is no such file"),
    "targets": ({**OWN, "targets": "none.tsv"}, "none.tsv: cannot be read"),
    "blacklist": ({**OWN, "blacklist": "none.bed"}, "none.bed: there is no such file"),
    "unmappable": ({**OWN, "unmappable": ["none.bed"]}, "none.bed: there is no such file"),
    "aliases": ({**OWN, "aliases": "none.txt"}, "none.txt: there is no such file"),
    "sha256": ({**OWN, "sha256": {"none.fa": SUM}}, "sha256: 'none.fa' is not a file of this run"),
    "md5": ({**OWN, "md5": {"none.fa": SUM[:32]}}, "md5: 'none.fa' is not a file of this run"),
    "deepsea.train": ({"deepsea": {**BUNDLE, "train": "none"}}, "none: there is no such file"),
    "deepsea.valid": ({"deepsea": {**BUNDLE, "valid": "none"}}, "none: there is no such file"),
    "deepsea.test": ({"deepsea": {**BUNDLE, "test": "none"}}, "none: there is no such file"),
    "deepsea.names": ({"deepsea": {**BUNDLE, "names": "none"}}, "none: there is no such file"),
    "motifs": ({"motifs": "none.meme"}, "motifs: 'none.meme' is neither a file nor JASPAR"),
    "assembly": ({"assembly": "hg38$(ls)"}, "assembly: "),
    "where": ({**OWN, "where": {"panel": "core"}}, "targets.tsv:1: no column 'panel' among"),
    "models": ({"models": ["danqq"]}, "models.0: "),
    "baselines": ({"baselines": ["kmers"]}, "baselines.0: "),
    "extract.valid": ({"extract": {"valid": ["chr99"]}}, "extract.valid: region 'chr99'"),
    "extract.test": ({"extract": {"test": ["chr4:0-70000"]}}, "extract.test: region 'chr4:0-7"),
    "extract.chromosomes": ({"extract": {"chromosomes": ["X"]}}, "extract.chromosomes: region"),
    "folds": (
        {"folds": [["chr1"], ["chr99"], ["chr2"]], "extract": {"valid": [], "test": []}},
        "folds: region 'chr99'",
    ),
    "extract.groups": ({"extract": {"groups": ["TF"]}}, "extract.groups: no target of the group"),
    "train.start": ({"train": {"start": "none.ckpt"}}, "none.ckpt: there is no such file"),
    "weights": (
        {"deepsea": BUNDLE, "weights": {"danq": "none.hdf5"}, "models": ["danq"]},
        "none.hdf5: there is no such file",
    ),
    "train.device": ({"train": {"device": "gpu"}}, "train.device: "),
    "filters.target": ({"filters": {"target": "SFR"}}, "filters.target: no target is called"),
    "probe.pairs": ({"probe": {"pairs": ["SRF+CTFC"]}}, "probe.pairs: no known motif is called"),
    "attribution.targets": ({"attribution": {"targets": ["99"]}}, "attribution.targets: no target"),
    "attribution.regions": (
        {"attribution": {"regions": ["chr9:1-2"]}},
        "attribution.regions: region 'chr9:1-2'",
    ),
    "predict.chromosomes": (
        {"predict": {"chromosomes": ["chr99"]}},
        "predict.chromosomes: 'chr99' is not in the genome",
    ),
    "predict.bed": ({"predict": {"bed": ["none.bed"]}}, "none.bed"),
    "predict.fasta": ({"predict": {"fasta": ["none.fa"]}}, "none.fa"),
    "predict.loci": ({"predict": {"genome": True, "loci": ["chr1:x"]}}, "predict.loci"),
    "predict.targets": (
        {**OWN, "predict": {"genome": True, "targets": ["Z"]}},
        "no target is called 'Z'",
    ),
    "variants.files": ({**OWN, "variants": {"files": "none.vcf"}}, "none.vcf: there is no such"),
    "variants.background": (
        {**OWN, "variants": {"files": "v.tsv", "background": "none.vcf"}},
        "none.vcf: there is no such",
    ),
    "variants.label": (
        {**OWN, "variants": {"files": "v.tsv", "label": "HTI"}},
        "v.tsv:1: has no column 'HTI'; correct the name of the label",
    ),
    "variants.sample": (
        {**OWN, "variants": {"files": "v.tsv", "haplotypes": True, "sample": "NA1"}},
        "v.tsv: its samples are none; name one of them with --sample",
    ),
    "variants.targets": (
        {**OWN, "variants": {"files": "v.tsv", "targets": ["Z"]}},
        "no target is called 'Z'",
    ),
}
"""Every knob that names something, with a wrong name."""


def test_every_knob_that_names_something_is_here():
    schema = Config.model_json_schema()
    assert set(named_knobs(schema, schema["$defs"])) == set(WRONG)


@pytest.fixture
def own_files(tmp_path):
    """Return a folder with a genome, two targets with motifs, and a motif file."""
    (tmp_path / "genome.fa").write_text(">chr1\nACGT\n")
    (tmp_path / "a.bed").write_text("chr1\t1\t2\n")
    rows = ["name\tfile\tgroup\tjaspar", "A\ta.bed\tTF\tMA0139.2", "A\ta.bed\tTF\t."]
    (tmp_path / "targets.tsv").write_text("\n".join(rows) + "\n")
    (tmp_path / "v.tsv").write_text("chrom\tpos\tref\talt\tHIT\nchr1\t2\tC\tA\t1\n")
    return tmp_path


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_name_is_told_before_anything_runs(own_files, name):
    change, message = WRONG[name]
    (own_files / "own.yaml").write_text(json.dumps(change))
    refused(plan(own_files, TOY, "own.yaml"), message)


@pytest.mark.parametrize(
    ("change", "rows", "message"),
    [
        (
            {},
            ["A\ta.bed\tMA0139.2", "B\ta.bed\tMA0139.1"],
            "targets.tsv:3: no known motif has the identifier 'MA0139.1' (did you mean MA0139.2?);",
        ),
        (
            {},
            ["A\ta.bed\tREST"],
            "targets.tsv:2: no known motif has the identifier 'REST' (did you mean MA0138.3?);",
        ),
        (
            {"motifs": "JASPAR2023:vertebrates"},
            ["A\ta.bed\t."],
            "own.yaml:1: motifs: JASPAR2023 is not bundled with pyjaspar; choose from JASPAR2026,",
        ),
        (
            {"motifs": "JASPAR2024:animals"},
            ["A\ta.bed\t."],
            "motifs: 'JASPAR2024:animals' is neither a file nor JASPAR<year>:<taxon>, taxon one of",
        ),
        (
            {"motifs": "broken.meme"},
            ["A\ta.bed\t."],
            "own.yaml:1: motifs: broken.meme:",
        ),
        (
            {"models": ["danq"], "train": {"initialise_from": "targets"}},
            ["A\ta.bed\t."],
            "own.yaml:1: train.initialise_from: filters of danq cannot begin as motifs of targets",
        ),
        (
            {"train": {"models": {"danq": {"initialise_from": "targets"}}}},
            ["A\ta.bed\t."],
            "own.yaml:1: train.models.danq.initialise_from: filters of danq cannot begin as motifs",
        ),
        (
            {"attribution": {"targets": ["A"]}},
            ["A\ta.bed\t.", "A\ta.bed\t."],
            "own.yaml:1: attribution.targets: 2 targets are called 'A'; give the index of one: 0",
        ),
        (
            {"attribution": {"regions": ["chr1"]}},
            ["A\ta.bed\t."],
            "own.yaml:1: attribution.regions: 'chr1' is not a region; give it as chr1:100-300",
        ),
        (
            {"probe": {"pairs": ["srf+REST"]}, "extract": {"window": 34, "bin_size": 10}},
            ["A\ta.bed\t."],
            "own.yaml:1: probe.pairs: 'srf+REST': 16 + 20 bp do not fit windows of 34 bp",
        ),
        (
            {"extract": {"window": 12, "bin_size": 10}},
            ["A\ta.bed\tMA0139.2"],
            "targets.tsv:2: the motif 'MA0139.2' (15 bp) is longer than a window; lengthen",
        ),
    ],
)
def test_what_only_a_later_step_would_notice_is_told_at_once(own_files, change, rows, message):
    (own_files / "targets.tsv").write_text("\n".join(["name\tfile\tjaspar", *rows]) + "\n")
    (own_files / "broken.meme").write_text(
        "MEME version 4\n\nMOTIF a\nletter-probability matrix: w=2\n"
    )
    extract = {"stride": None, **change.get("extract", {})}
    (own_files / "own.yaml").write_text(json.dumps({**OWN, **change, "extract": extract}))
    refused(plan(own_files, TOY, "own.yaml"), message)


def test_all_that_is_wrong_is_told_together(own_files):
    wrong = ("filters.target", "probe.pairs", "attribution.targets", "attribution.regions")
    change = {}
    for name in wrong:
        change |= {key: {**change.get(key, {}), **value} for key, value in WRONG[name][0].items()}
    (own_files / "own.yaml").write_text(json.dumps(change))
    process = plan(own_files, TOY, "own.yaml")
    lines = messages(process)
    assert process.returncode == 2 and len(lines) == len(wrong)
    for name in wrong:
        assert any(WRONG[name][1] in line for line in lines)


def test_variants_of_another_genome_are_told_before_anything_runs(tmp_path):
    (tmp_path / "mine.tsv").write_text("chrom\tpos\tref\talt\n7\t5\tA\tC\n")
    (tmp_path / "own.yaml").write_text("variants: {files: [mine.tsv]}\n")
    message = "mine.tsv: none of its chromosomes ('7', ...) is in the genome; give other names"
    refused(plan(tmp_path, TOY, "own.yaml"), message)


def test_what_a_simulated_run_cannot_predict_is_told_with_its_line(own_files):
    (own_files / "far.bed").write_text("chr4\t0\t9\nchr4\t0\t999999999\n")
    (own_files / "protein.fa").write_text(">p\nMKVLE\n")
    wanted = {"bed": "far.bed", "fasta": "protein.fa", "chromosomes": ["chr4"]}
    (own_files / "own.yaml").write_text(json.dumps({"predict": wanted}))
    process = plan(own_files, TOY, "own.yaml")
    assert process.returncode == 2
    told = messages(process)
    assert len(told) == 2
    assert "far.bed:2: end 999999999 is beyond 'chr4'" in told[0] and "protein.fa:2: " in told[1]


def test_sequences_that_a_run_on_the_bundle_cannot_predict_are_told_at_once(own_files):
    (own_files / "rna.fa").write_text(">r\nACGU\n")
    change = {"deepsea": BUNDLE, "predict": {"fasta": "rna.fa"}}
    (own_files / "own.yaml").write_text(json.dumps(change))
    refused(plan(own_files, TOY, "own.yaml"), "rna.fa:2: ")


def test_gradients_without_captum_are_refused_before_anything_runs(own_files, monkeypatch):
    hides = own_files / "hides"
    hides.mkdir()
    hide = "import importlib.util as u\nfind = u.find_spec\n"
    hide += "u.find_spec = lambda name, *more: None if name == 'captum' else find(name, *more)\n"
    (hides / "sitecustomize.py").write_text(hide)
    monkeypatch.setenv("PYTHONPATH", str(hides), prepend=os.pathsep)
    (own_files / "own.yaml").write_text("attribution: {method: gradients}\n")
    message = "own.yaml:1: attribution.method: gradients need captum; pip install"
    refused(plan(own_files, TOY, "own.yaml"), message)


def test_the_bundle_knows_its_targets_and_no_places(own_files):
    (own_files / "names").write_text("8988T|DNase|None\nAoSMC|DNase|None\n")
    change = {"deepsea": {**BUNDLE, "names": "names"}, "attribution": {"targets": ["8988"]}}
    (own_files / "own.yaml").write_text(json.dumps(change))
    refused(plan(own_files, TOY, "own.yaml"), "attribution.targets: no target is called '8988'")
    change["attribution"] = {"regions": ["chr1:0-200"]}
    (own_files / "own.yaml").write_text(json.dumps(change))
    refused(plan(own_files, TOY, "own.yaml"), "the windows of the published bundle have no place")
