import gzip
import re

import numpy as np
import pytest

from danq.errors import DanqError
from danq.motif.meme import (
    Motif,
    export_motifs,
    information,
    jaspar,
    known_motifs,
    read_meme,
    write_meme,
)

HEAD = "MEME version 4\n\nALPHABET= ACGT\n\n"
ROWS = "0.1 0.2 0.3 0.4\n1 0 0 0\n"
MATRIX = f"letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 0\n{ROWS}"

# The parts of MEME's own text output that surround a motif's matrix.
FULL = f"""{"*" * 80}
MEME - Motif discovery tool
{"*" * 80}
MEME version 5.5.5 (Release date: Thu Sep 14 08:48:04 2023 +1000)

ALPHABET "DNA" DNA-LIKE
A "Adenine" CC0000 ~ T "Thymine" 008000
C "Cytosine" 0000CC ~ G "Guanine" FFB300
END ALPHABET

MOTIF CA MEME-1\twidth =   2  sites =  20  llr = 99  E-value = 1.0e-009
\tMotif CA MEME-1 position-specific scoring matrix
log-odds matrix: alength= 4 w= 2 n= 999 bayes= 8.6 E= 1.0e-009
   -83     52     26     21
   200  -1000  -1000  -1000
\tMotif CA MEME-1 position-specific probability matrix
letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 1.0e-009
 0.100000  0.200000  0.300000  0.400000
 1.000000  0.000000  0.000000  0.000000
{"-" * 80}
"""


@pytest.fixture
def refused(tmp_path):
    """Give a function that reads a text, and checks the line and the words of the refusal."""

    def check(text, line, words):
        path = tmp_path / "motifs.meme"
        path.write_text(text)
        where = f"{path}:{line}: " if line else f"{path}: "
        with pytest.raises(DanqError, match=f"^{re.escape(where)}.*{re.escape(words)}") as caught:
            read_meme(path)
        assert "\n" not in str(caught.value)

    return check


def test_round_trip(tmp_path):
    rng = np.random.default_rng(0)
    motifs = [
        Motif(f"filter{i}", alias, rng.dirichlet([0.3] * 4, size=i + 1), 100 * i)
        for i, alias in enumerate(["", "CTCF", "Ahr::Arnt"])
    ]
    write_meme(tmp_path / "new" / "motifs.meme", motifs)
    for motif, back in zip(motifs, read_meme(tmp_path / "new" / "motifs.meme"), strict=True):
        assert (back.name, back.alias, back.n_sites) == (motif.name, motif.alias, motif.n_sites)
        np.testing.assert_allclose(back.matrix, motif.matrix, atol=2e-6)
        np.testing.assert_allclose(back.matrix.sum(axis=1), 1)


def test_gzip_windows_line_ends_and_missing_facts(tmp_path):
    text = f"{HEAD}MOTIF a\nletter-probability matrix: w= 2\n{ROWS}\nURL http://example.org\n"
    (tmp_path / "a.meme.gz").write_bytes(gzip.compress(text.replace("\n", "\r\n").encode()))
    (motif,) = read_meme(tmp_path / "a.meme.gz")
    assert (motif.name, motif.alias, motif.n_sites, motif.matrix.shape) == ("a", "", 0, (2, 4))


def test_full_output_of_meme(tmp_path):
    (tmp_path / "meme.txt").write_text(FULL)
    (motif,) = read_meme(tmp_path / "meme.txt")
    assert (motif.name, motif.n_sites) == ("CA", 20)
    assert motif.matrix.tolist() == [[0.1, 0.2, 0.3, 0.4], [1, 0, 0, 0]]


PAIRS = ["", "alength= 4", "w= 2", "nsites= 20 E= 0", "alength= 4 nsites= 7", "alength=4 w=2"]


@pytest.mark.parametrize("pairs", PAIRS)
@pytest.mark.parametrize("after", ["\n", "", "\nURL http://example.org\n", "\n# DREME\n", "***\n"])
def test_what_the_format_leaves_optional_may_be_left_out(tmp_path, pairs, after):
    rows = "0.1 0.2 0.3 0.4\n1 0 0 0\n"
    motifs = [f"MOTIF {name}\nletter-probability matrix: {pairs}\n{rows}{after}" for name in "ab"]
    path = tmp_path / "motifs.meme"
    path.write_text(f"\ufeff{HEAD}{''.join(motifs)}", encoding="utf-8")
    read = read_meme(path)
    assert [motif.name for motif in read] == ["a", "b"]
    for motif in read:
        assert motif.matrix.tolist() == [[0.1, 0.2, 0.3, 0.4], [1, 0, 0, 0]]


def test_a_matrix_without_width_is_no_less_strict(refused):
    start = f"{HEAD}MOTIF a\nletter-probability matrix:\n"
    refused(f"{start}1 0 0 0\n1 0 0\n", 8, "expected 4 probabilities that sum to 1 (row 2 of a)")
    refused(f"{start}1 0 0 0\nnan 0 0 0\n", 8, "expected 4 probabilities")
    refused(f"{start}1 0 0 0\nA row\n", 8, "expected 4 probabilities")
    refused(f"{start}1 0 0 0\n\n0 1 0 0\n", 9, "row 2 of motif a, whose rows have ended")
    refused(f"{start}\n1 0 0 0\n", 8, "row 1 of motif a, whose rows have ended")
    refused(start, 5, "motif a has no complete matrix")
    refused(f"{start}\nMOTIF b\n{MATRIX}", 5, "motif a has no complete matrix")


STREME = f"""\
{"*" * 80}
STREME - Sensitive, Thorough, Rapid, Enriched Motif Elicitation
{"*" * 80}
MEME version 5.5.5 (Release date: Thu Sep 14 08:48:04 2023 +1000)
{"*" * 80}

ALPHABET= ACGT

strands: + -

Background letter frequencies
A 0.25 C 0.25 G 0.25 T 0.25

MOTIF 1-CA STREME-1
letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 1.0e-004
 0.100000 0.200000 0.300000 0.400000
 1.000000 0.000000 0.000000 0.000000
{"*" * 80}
Stopped because 3 consecutive motifs exceeded the p-value threshold (0.05)
{"*" * 80}
"""
DREME = """\
# DREME 5.0.5
# command:   dreme -p peaks.fa
#      from: peaks.fa (today)

MEME version 5.0.5

ALPHABET "DNA" DNA-LIKE
A "Adenine" CC0000 ~ T "Thymine" 008000
C "Cytosine" 0000CC ~ G "Guanine" FFB300
N "Any base" = ACGT
END ALPHABET

strands: + -

Background letter frequencies (from dataset):
A 0.25 C 0.25 G 0.25 T 0.25

MOTIF CA DREME-1

#             Word    RC Word        Pos        Neg    P-value    E-value
# BEST          CA         TG         80         10   1.1e-038   4.4e-034

letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 4.4e-034
0.100000 0.200000 0.300000 0.400000
1.000000 0.000000 0.000000 0.000000


Time 10 secs.
"""


@pytest.mark.parametrize(("text", "name"), [(STREME, "1-CA"), (DREME, "CA")])
def test_streme_and_dreme_write_this_format(tmp_path, text, name):
    """The layouts are those of the MEME suite's manual: no file of these programs is here."""
    (tmp_path / "motifs.txt").write_text(text)
    (motif,) = read_meme(tmp_path / "motifs.txt")
    assert (motif.name, motif.n_sites) == (name, 20)
    assert motif.matrix.tolist() == [[0.1, 0.2, 0.3, 0.4], [1, 0, 0, 0]]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (">MA1.1 X\nA [1 2]\n", "convert motifs with the MEME suite's jaspar2meme"),
        (">ACGT\tx\t6.0\n0.7\t0.1\t0.1\t0.1\n", "HOMER's motifs: convert them"),
        ("AC M1\nXX\n", "convert it with the MEME suite's transfac2meme"),
        ('<?xml version="1.0"?>\n', "give MEME's text output (meme.txt), not a page or XML"),
    ],
)
def test_other_formats_of_motifs_are_named(refused, text, what):
    refused(text, 1, what)


def test_not_meme(refused):
    refused(">chr1\nACGT\n", 1, "begins with 'MEME version', not '>chr1'")
    refused("", None, "holds no motif")
    refused(HEAD, None, "holds no motif")


def test_not_dna(refused):
    refused("MEME version 4\nALPHABET= ACDEFGHIKLMNPQRSTVWY\n", 2, "not DNA")
    refused(
        f"{HEAD}MOTIF a\nletter-probability matrix: alength= 20 w= 2\n", 6, "alength= must be 4"
    )


@pytest.mark.parametrize("after", ["", f"MOTIF b\n{MATRIX}"])
def test_motif_without_matrix(refused, after):
    refused(f"{HEAD}MOTIF a\n\n{after}", 5, "motif a has no complete matrix")


def test_matrix_without_motif(refused):
    refused(HEAD + MATRIX, 5, "without a MOTIF line")
    refused(f"{HEAD}MOTIF a\n{MATRIX}{MATRIX}", 9, "without a MOTIF line")


def test_name(refused):
    refused(f"{HEAD}MOTIF\n{MATRIX}", 5, "without a name")
    refused(f"{HEAD}MOTIF a\n{MATRIX}\nMOTIF a\n{MATRIX}", 10, "'a' is used twice")


@pytest.mark.parametrize("width", ["0", "-1", "1.5", "two"])
def test_impossible_width(refused, width):
    refused(f"{HEAD}MOTIF a\n{MATRIX.replace('w= 2', f'w= {width}')}", 6, "w= the number of rows")


def test_width_too_large(refused):
    wide = MATRIX.replace("w= 2", "w= 3")
    refused(f"{HEAD}MOTIF a\n{wide}", 5, "motif a has no complete matrix")
    refused(f"{HEAD}MOTIF a\n{wide}MOTIF b\n{MATRIX}", 5, "motif a has no complete matrix")
    refused(f"{HEAD}MOTIF a\n{wide}\nMOTIF b\n{MATRIX}", 9, "row 3 of 3 of a")


def test_width_too_small(refused):
    refused(f"{HEAD}MOTIF a\n{MATRIX.replace('w= 2', 'w= 1')}", 8, "w= 1")


@pytest.mark.parametrize("n_sites", ["many", "nan", "inf", "-5"])
def test_number_of_sites(refused, n_sites):
    refused(f"{HEAD}MOTIF a\n{MATRIX.replace('nsites= 20', f'nsites= {n_sites}')}", 6, "nsites")


def test_truncated(refused):
    text = f"{HEAD}MOTIF a\n{MATRIX}"
    refused(text[: text.index("1 0 0 0")], 5, "motif a has no complete matrix")
    refused(text[:-3], 8, "row 2 of 2 of a")


@pytest.mark.parametrize(
    "row",
    [
        "0.1 0.2 0.3 0.5",  # sums to 1.1
        "0 0 0 0",
        "-0.1 0.2 0.4 0.5",
        "0.2 0.2 0.2 0.2 0.2",  # five bases
        "0.5 0.25 0.25",
        "nan 0.3 0.3 0.4",
        "inf 0 0 0",
        "0.1 0.2 O.3 0.4",
    ],
)
def test_row_is_no_distribution(refused, row):
    refused(
        f"{HEAD}MOTIF a\n{MATRIX.replace('1 0 0 0', row)}",
        8,
        "expected 4 probabilities that sum to 1 (row 2 of 2",
    )


def test_missing_file(tmp_path):
    with pytest.raises(DanqError, match="cannot be read"):
        known_motifs(tmp_path / "missing.meme")


def test_the_other_strand_of_a_motif():
    motif = Motif("a", "A", np.array([[1.0, 0, 0, 0], [0, 0.7, 0.3, 0]]), 20, "family")
    reverse = motif.reverse_complement()
    assert reverse.matrix.tolist() == [[0, 0.3, 0.7, 0], [0, 0, 0, 1]]
    assert (reverse.name, reverse.alias, reverse.n_sites, reverse.family) == (
        "a",
        "A",
        20,
        "family",
    )


def test_jaspar():
    (motif,) = jaspar("JASPAR2024", names=["MA0139.2"])
    assert (motif.name, motif.alias) == ("MA0139.2", "CTCF")
    assert motif.n_sites > 100
    np.testing.assert_allclose(motif.matrix.sum(axis=1), 1)
    assert information(motif.matrix).max() > 1.9


def test_jaspar_refusals():
    with pytest.raises(DanqError, match="JASPAR1999 is not bundled"):
        known_motifs("JASPAR1999:vertebrates")
    with pytest.raises(DanqError, match="no taxon 'mammals'; choose from vertebrates"):
        known_motifs("JASPAR2024:mammals")


@pytest.mark.parametrize("format", ["jaspar", "transfac"])
def test_exports_are_read_back_by_biopython(tmp_path, format):
    from Bio import motifs as bio

    rng = np.random.default_rng(0)
    counts = rng.multinomial(40, [0.1, 0.2, 0.3, 0.4], size=9)
    write_meme(
        tmp_path / "a.meme",
        [Motif("filter0", "NKX2-5(var.2)", counts / 40, 40), Motif("a|b:c;d", "", counts[:4] / 40)],
    )
    export_motifs(tmp_path / "a.meme", tmp_path / "out.txt", format)
    with open(tmp_path / "out.txt") as file:
        first, second = bio.parse(file, format)
    for motif, expected in ((first, counts), (second, counts[:4] * 2.5)):
        matrix = np.array([motif.counts[base] for base in "ACGT"]).T
        np.testing.assert_allclose(matrix, expected, atol=0.01)
    names = [
        (record.matrix_id, record.name) if format == "jaspar" else (record["ID"], record["NA"])
        for record in (first, second)
    ]
    assert names == [("filter0", "NKX2-5(var.2)"), ("a|b:c;d", "a|b:c;d")]


def test_biopython_reads_what_is_written(tmp_path):
    from Bio import motifs as bio

    matrix = np.array([[0.1, 0.2, 0.3, 0.4], [1, 0, 0, 0], [0.25] * 4])
    write_meme(
        tmp_path / "a.meme",
        [Motif("filter0", "CTCF", matrix, 20), Motif("a|b:c;d", "", matrix[:2], 7)],
    )
    with open(tmp_path / "a.meme") as file:
        first, second = bio.parse(file, "minimal")
    assert (first.name, second.name) == ("filter0", "a|b:c;d") and first.num_occurrences == 20
    np.testing.assert_allclose(np.array([first.pwm[base] for base in "ACGT"]).T, matrix, atol=1e-6)
