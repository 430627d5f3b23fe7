import re
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq import cli
from danq.config import Extract, flags, load
from danq.errors import DanqError
from danq.genome.tables import find_target, read_regions
from danq.wording import checksum, device_name, nearest, run_name, safe_text

# Of a reference sequence, https://samtools.github.io/hts-specs/SAMv1.pdf, section 1.2.1.
SAM_FIRST = "".join(map(chr, range(33, 127))).translate(str.maketrans("", "", "\"'()*,<=>[\\]`{}"))
SAM_REST = SAM_FIRST + "*="
CONTIG = st.builds(
    lambda first, rest: first + rest,
    st.sampled_from(SAM_FIRST.replace("-", "").replace("$", "")),
    st.text(SAM_REST.replace("$", ""), max_size=12),
)
CONTIGS = ["HLA-A*01:01:01:01", "gi|568336023|gb|CM000663.2|", "lcl|chr1A", "chr1#1", "a@b", "x;y"]
TARGETS = [
    "K562|CTCF|None",
    "MCF-7|ESR1|10 nM 17\u03b2-estradiol for 45 minutes",
    "A549|NR3C1|100 nM dexamethasone; 0.02% ethanol",
    "GM12878|RELA|TNF-alpha (25 ng/mL)",
    "HepG2|H3K4me3|5'-azacytidine",
    'K562|"eGFP-ZNF24"|None',
    "K562|FOS|a & b, c > d?",
]


def allowed(valid):
    return load({"run": "x", "extract": {"valid": valid, "test": ["chr2"]}}).extract


@pytest.mark.parametrize("name", CONTIGS)
def test_contigs_that_sam_allows_can_be_split(name):
    lengths = {name: 100, "chr2": 50}
    settings = allowed([name, f"{name}:5-9"])
    regions = [tuple(region) for region in read_regions(settings.valid, lengths)]
    assert regions == [(name, 0, 100), (name, 5, 9)]


@given(CONTIG)
def test_every_name_of_sam_reaches_a_step_as_it_is(name):
    """But for `$` anywhere and `-` in front, of which the message says so."""
    words = flags(allowed([name]))
    options = vars(cli.build_parser().parse_args(["check", *shlex.split(words), *FILES]))
    assert options["valid"] == [name]


FILES = ["--genome", "g", "--targets", "t", "--output", "o"]


@pytest.mark.parametrize("name", TARGETS)
def test_targets_of_encode_can_be_named_in_every_knob(name):
    given = {
        "run": "x",
        "extract": {"valid": ["chr1"], "test": ["chr2"], "groups": [name]},
        "where": {"name": name},
        "attribution": {"targets": [name]},
        "assembly": name,
    }
    settings = load(given)
    assert settings.attribution.targets == [name] and find_target(name, TARGETS) >= 0
    words = flags(settings.attribution)
    # As Slurm's plugin does: in double quotes once more, with these escaped.
    inner = f"printf '%s\\\\n' {words}".replace('"', '\\\\"')
    wrapped = 'sh -c "' + inner.replace("\\\\", "\\") + '"'
    answer = subprocess.run(["sh", "-c", wrapped], capture_output=True, text=True, check=True)
    assert name in answer.stdout.split("\n")


@pytest.mark.parametrize("text", ["$x", "a`b", "a\\b", "{x}", "a}", "a\nb", "a\x1bb", "a\u2028b"])
def test_what_a_program_would_read_is_refused_with_the_character(text):
    with pytest.raises(ValueError, match=r"holds .*, which a shell or Snakemake would read"):
        safe_text(text)


@pytest.mark.parametrize("text", ["-x", " x", "x ", "\u00a0x"])
def test_texts_that_begin_or_end_as_none_should_are_refused(text):
    with pytest.raises(ValueError, match="begins"):
        safe_text(text)


@pytest.mark.parametrize("check", [safe_text, run_name, checksum, device_name])
@pytest.mark.parametrize("text", ["{x}", "-$x\n", "\x1b[2J"])
def test_no_message_holds_a_regular_expression_or_a_control_character(check, text):
    with pytest.raises(ValueError, match=r"; ") as caught:
        check(text)
    assert not re.search(r"\[A-Z|\^|\]\*|\{[0-9]", str(caught.value))
    assert str(caught.value).isprintable()


WRONG = [
    ({"seeds": ["one"]}, "seeds.0: Input should be a whole number, not 'one'"),
    ({"threads": 1.5}, "threads: Input should be a whole number, not '1.5'"),
    ({"seeds": 3}, "seeds: Input should be a list, not '3'"),
    ({"train": []}, "train: Input should be keys with values, not '[]'"),
    ({"extract": "x"}, "extract: Input should be keys with values, not 'x'"),
    ({"train": {"lr": "fast"}}, "train.lr: Input should be a number, not 'fast'"),
    ({"attribution": {"modisco": "maybe"}}, "attribution.modisco: Input should be true or false"),
    ({"models": ["DanQ"]}, "not 'DanQ'; did you mean danq?"),
    ({"baselines": ["K-mer"]}, "not 'K-mer'; did you mean kmer?"),
    ({"train": {"recipe": "Auto"}}, "Input should be 'auto' or 'published', not 'Auto'; did you m"),
    ({"train": {"device": "GPU0"}}, "is not a device; give auto, cpu, cuda, cuda:1 or mps"),
    ({"train": {"Epochs": 3}}, "unknown key 'train.Epochs'; did you mean epochs?"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_a_wrong_value_is_said_without_types_and_with_the_nearest(change, message):
    base = {"run": "x", "extract": {"valid": ["chr1"], "test": ["chr2"]}}
    with pytest.raises(DanqError) as caught:
        load({**base, **change})
    assert message in str(caught.value)
    for word in ("instance", "dictionary", "valid integer", "parse", "pattern", "str ", "<class"):
        assert word not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "--model", "DanQ"], "did you mean danq?"),
        (["Train"], "did you mean train?"),
        (["train", "--recipe", "Published"], "did you mean published?"),
        (["train", "--epochs", "many"], "'many' is not a whole number"),
        (["train", "--lr", "fast"], "'fast' is not a number"),
    ],
)
def test_the_command_line_says_it_as_well(capsys, words, message):
    with pytest.raises(SystemExit):
        cli.main(words)
    error = capsys.readouterr().err
    assert message in error and "invalid int" not in error and "invalid float" not in error


def test_the_nearest_is_found_in_any_case():
    assert nearest("DEEPSEA", ["danq", "deepsea"]) == "; did you mean deepsea?"
    assert nearest("ctcf", ["CTCF", "REST"]) == "; did you mean CTCF?"
    assert nearest("?", ["danq"]) == ""


def test_bin_sizes_keep_their_bounds():
    with pytest.raises(ValueError, match="stride"):
        Extract(valid=["a"], test=["b"], stride=7)
