import pytest

from danq.genome.aliases import own_names, read_aliases
from tests.conftest import refuse

NAMES = {  # of two chromosomes, by who gives them
    "ucsc": ["chr1", "chr2"],
    "ensembl": ["1", "2"],
    "genbank": ["CM000663.2", "CM000664.2"],
    "refseq": ["NC_000001.11", "NC_000002.12"],
}
# UCSC's downloads: a row per sequence, all its names, one it lacks left empty.
BY_SEQUENCE = "".join(
    [
        "# ucsc\tensembl\tgenbank\trefseq\n",
        *("\t".join(names) + "\n" for names in zip(*NAMES.values(), strict=True)),
        "chrUn_9\t\tKI9\t\n",
    ]
)
# UCSC's database: a row per alias, with the chromosome and where the alias is from.
BY_ALIAS = "".join(
    [
        *(
            f"{alias}\t{ucsc}\t{source}\n"
            for source in ("ensembl", "genbank", "refseq")
            for alias, ucsc in zip(NAMES[source], NAMES["ucsc"], strict=True)
        ),
        "KI9\tchrUn_9\tgenbank,refseq\n",
    ]
)
# NCBI's assembly report.
REPORT = "# Assembly name:  GRCh38.p14\n# Sequence-Name\tSequence-Role\n" + "".join(
    f"{ensembl}\tassembled-molecule\t{ensembl}\tChromosome\t{genbank}\t=\t{refseq}\t"
    f"Primary Assembly\t1000\t{ucsc}\n"
    for ucsc, ensembl, genbank, refseq in zip(*NAMES.values(), strict=True)
)
REPORT += "HSCHR1_U\tunlocalized-scaffold\t1\tChromosome\tKI7.1\t<>\tna\tx\t9\tna\n"


@pytest.mark.parametrize("text", [BY_SEQUENCE, BY_ALIAS, REPORT], ids=["rows", "database", "ncbi"])
@pytest.mark.parametrize("source", NAMES)
def test_every_form_leads_to_the_genomes_names_whosever_they_are(tmp_path, text, source):
    path = tmp_path / "chromAlias.txt"
    path.write_text(text)
    expected = {}
    for other, names in NAMES.items():
        if other != source:
            expected |= dict(zip(names, NAMES[source], strict=True))
    assert read_aliases(path, NAMES[source]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chr1\t1\tI\nchr2\t\tII\n", {"1": "chr1", "I": "chr1", "II": "chr2"}),
        ("# a\tb\tUCSC database: x\nchr1\tNC_1\nchrUn_9\tNC_9\n", {"NC_1": "chr1"}),
        ("1\tchr1\n", {"1": "chr1"}),
        ("chr1\tchr1\tx\n", {"x": "chr1"}),
    ],
)
def test_tables_of_ones_own(tmp_path, text, expected):
    (tmp_path / "aliases.tsv").write_text(text)
    assert read_aliases(tmp_path / "aliases.tsv", ["chr1", "chr2"]) == expected


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("chr1\tI\nchr2\tI\n", ":2", "'I' stands for two chromosomes; remove it from one of them"),
        ("chr1\tchr2\n", ":1", "'chr2' stands for two chromosomes; remove it from one of them"),
        (
            "1\tchr1\tensembl\n1\tchr2\tensembl\n",
            ":2",
            "'1' stands for two chromosomes; remove it from one of them",
        ),
        (
            "chrI\t1\n",
            "",
            "names no chromosome of the genome, which has 'chr1', 'chr2'; give the table of its "
            "assembly",
        ),
    ],
)
def test_aliases_that_cannot_be_are_refused(tmp_path, text, where, what):
    path = tmp_path / "aliases.tsv"
    path.write_text(text)
    refuse(f"{path}{where}: {what}", read_aliases, path, ["chr1", "chr2"])


def test_a_name_of_the_genomes_own_is_no_alias():
    lengths = {"chr1": 10, "1": 5, "a:1-2": 9}
    aliases = {"1": "chr1", "x": "chr1", "a": "chr1", "HLA-A*01:01": "chr1"}
    texts = ["1", "x", "x:2-5", "a:1-2", "HLA-A*01:01:3-9", "y", "x:5"]
    expected = ["1", "chr1", "chr1:2-5", "a:1-2", "chr1:3-9", "y", "x:5"]
    assert own_names(texts, lengths, aliases) == expected
