"""Figures of explained variants."""

import re

from danq.data.explained import ExplainedVariant, Explanations, MotifChange
from danq.interpret.explained_figures import draw_explanations, draw_variant, heading

MOTIF = MotifChange(
    motif="MA1",
    name="CTCF",
    strand="+",
    start=-2,
    ref_log_odds=9.0,
    alt_log_odds=1.0,
    ref_p=1e-6,
    alt_p=0.1,
    change="lost",
)


def variant(**facts):
    known = {
        "chrom": "chr/1",
        "pos": 1003,
        "ref": "CA",
        "alt": "C",
        "id": "",
        "target": "a $x$",
        "target_index": 0,
        "change": -1.25,
        "p_ref": 0.5,
        "p_alt": 0.25,
        "start": 1000,
        "ref_sequence": "GGCATN",
        "alt_sequence": "GGCTN",
        "offset": 2,
        "ref_effects": [0.1, -0.2, 0.3, 0.4, 0.5, 0.0],
        "alt_effects": [0.1, -0.2, 0.3, 0.4, 0.0],
        "motifs": [MOTIF],
    }
    return ExplainedVariant.model_validate(known | facts)


def test_ref_is_above_alt_on_one_scale():
    figure = draw_variant(variant())
    upper, lower = figure.axes
    assert upper.get_title(loc="left") == "REF CA, lost: CTCF"
    assert lower.get_title(loc="left") == "ALT C"
    assert upper.get_ylim() == lower.get_ylim() and upper.get_xlim() == (999.5, 1005.5)
    assert lower.get_xlabel() == "chr/1 (bp)"


def test_each_variant_has_a_file_that_is_the_same_each_time(tmp_path):
    alleles = {"ref": "CA" + "T" * 90, "ref_sequence": "GGCA" + "T" * 90 + "G"}
    long = variant(**alleles, ref_effects=[0.0] * 95)
    explanations = Explanations(model="danq", checkpoints=[], variants=[variant(), long])
    for folder in ("a", "b"):
        draw_explanations(tmp_path / folder, explanations)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names[0] == "01_chr_1_1003_CA_C.svg" and len(names) == 2
    assert all(len(name) <= 84 for name in names)
    for name in names:
        content = (tmp_path / "a" / name).read_bytes()
        assert content == (tmp_path / "b" / name).read_bytes() and re.match(rb"<\?xml", content)


def test_the_heading_says_what_changes():
    text = "chr/1:1,003 CA>C, a $x$: log-odds -1.25 (probability 0.500 to 0.250)"
    assert heading(variant()) == text
