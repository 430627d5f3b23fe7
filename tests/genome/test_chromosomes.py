import pytest

from danq.genome.chromosomes import Chromosomes, unknown_chromosome


def test_names_and_aliases_lead_to_the_index():
    chromosomes = Chromosomes({"chr1": 10, "chr2": 20}, {"1": "chr1", "chr1": "chr2", "9": "chr9"})
    indices = [chromosomes.index(name) for name in (b"chr1", b"1", b"chr2", b"9", b"")]
    assert indices == [0, 0, 1, -1, -1]


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("1", "put 'chr' before the names, or use a genome without it"),
        ("CHR1", "write 'chr1', as the genome does"),
        ("chr9", "use files of one assembly, or give a table of aliases"),
    ],
)
def test_the_message_says_how_the_genome_spells_it(name, fix):
    names = [f"chr{number}" for number in range(1, 8)]
    what = f"{name!r} is not in the genome, which has 'chr1', 'chr2', 'chr3', 'chr4', 'chr5', ..."
    assert unknown_chromosome(name, names) == f"{what}; {fix}"


def test_other_names_are_advised_only_where_they_can_be_given():
    told = unknown_chromosome("chr9", ["chr1"], takes_aliases=False)
    assert told.endswith("; use files of one assembly")
